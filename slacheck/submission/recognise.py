"""Which document a file is, by its keys, and whether it is valid: what `slacheck lint` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from slacheck.document import Document, read_document, validate
from slacheck.errors import SpecError

if TYPE_CHECKING:
    from slacheck.submission.audit import Note

Role = Literal["spec", "sidecar", "submission", "campaign"]

_KEYS: dict[Role, frozenset[str]] = {
    "campaign": frozenset({"campaign", "entries"}),
    "submission": frozenset({"submission", "captures", "claims", "waivers"}),
    "spec": frozenset({"id", "signals", "tests", "requirements", "decision", "contract"}),
    "sidecar": frozenset({"channels", "time", "instrument", "anti_alias"}),
}
_ENDINGS: dict[str, Role] = {".sla.yaml": "submission", ".meta.yaml": "sidecar"}


def role_of(document: Document) -> Role:
    """What a document is: the role that most of its keys belong to, else by the ending of its name.

    Raises
    ------
    SpecError
        If neither tells.
    """
    keys = document.data.keys() if isinstance(document.data, dict) else frozenset()
    counts = {role: len(known & keys) for role, known in _KEYS.items()}
    best = max(counts, key=lambda role: counts[role])
    if counts[best]:
        return best
    for ending, role in _ENDINGS.items():
        if document.place.endswith(ending):
            return role
    raise SpecError(
        document.diagnostic(
            (),
            "this is not a document of slacheck",
            "a spec has `requirements:`, a submission `submission:`, a campaign `campaign:`, a sidecar `channels:` or "
            "`time:`",
        )
    )


def is_submission(path: Path) -> bool:
    """Whether a file is a submission document; a file that cannot be read is judged by its name."""
    if path.name.endswith(".sla.yaml"):
        return True
    try:
        return role_of(read_document(path)) == "submission"
    except SpecError:
        return False


def lint(path: Path) -> str:
    """Validate one document and everything it refers to; say what it is.

    Raises
    ------
    SpecError
        With every problem at its place.
    """
    document = read_document(path)
    role = role_of(document)
    if role == "sidecar":
        from slacheck.capture.sidecar import Sidecar

        return f"sidecar, {_count(len(validate(document, Sidecar).channels), 'channel')}"
    if role == "campaign":
        from slacheck.submission.campaign import lint_campaign

        return f"campaign, {_count(lint_campaign(path), 'result')}"
    if role == "submission":
        from slacheck.submission.load import load_submission

        return f"submission, {_count(len(load_submission(path).bindings), 'capture')}"
    from slacheck.spec.load import load_spec

    return f"spec, {_count(len(load_spec(path).requirements), 'requirement')}"


def notes(path: Path) -> list[Note]:
    """What a buyer should know of how a valid submission was put together; nothing for other documents."""
    if role_of(read_document(path)) != "submission":
        return []
    from slacheck.submission.audit import audit_documents
    from slacheck.submission.load import load_submission

    return audit_documents(load_submission(path))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
