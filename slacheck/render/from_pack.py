"""Reports from an evidence pack alone: its record members are enough, the captures need not be there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slacheck.document import parse_document
from slacheck.errors import Diagnostic, PackError, SlacheckError
from slacheck.evidence.archive import read_bytes, unzipped
from slacheck.evidence.signatures import NOBODY, Trust
from slacheck.evidence.trace import from_parquet
from slacheck.evidence.verify import Promised, VerifyReport, verify_bytes
from slacheck.evidence.withheld import REDACTION
from slacheck.language import Scalar
from slacheck.render import html, intoto, junit, pdf
from slacheck.render.report import ReportSource
from slacheck.render.signatures import shown, shown_stamps
from slacheck.spec.explain import sentences
from slacheck.spec.load import resolve
from slacheck.spec.plugins import installed_kinds

Members = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Known:
    """What `verify` found, and against which keys and authorities."""

    checked: VerifyReport
    trust: Trust


def rendered(path: Path, ending: str, trust: Trust = NOBODY, promised: Promised | None = None) -> bytes:
    """The report of a pack that verifies.

    Parameters
    ----------
    path : Path
        The pack.
    ending : str
        A key of `RENDERERS`.
    trust : Trust
        Keys that must have signed it, and authorities that must have stamped it; the report says that they have.
    promised : callable, optional
        Reads the documents of the pack again (`retold`).

    Raises
    ------
    PackError
        If it cannot be opened, or is not what was written or not signed as asked: a report must not lend it credit.
    """
    raw = read_bytes(path)
    checked = verify_bytes(raw, trust, promised)
    if not checked.ok:
        problem = Diagnostic(str(path), "; ".join(checked.lines), fix="ask for the pack as it was written")
        raise PackError(problem)
    try:
        return RENDERERS[ending](unzipped(raw), Known(checked, trust))
    except ValueError as error:
        raise PackError(Diagnostic(str(path), f"cannot be rendered: {error}")) from error


def source_of(members: Members, known: Known) -> ReportSource:
    """What the members of a pack say, for a report, and what is known of its signatures.

    Raises
    ------
    ValueError
        If a member is not what its name says.
    """
    return ReportSource(
        results=json.loads(members["results.json"]),
        resolved_spec=_values(parse_document(members["resolved-spec.yaml"], "resolved-spec.yaml").data),
        traces={name: from_parquet(raw) for name, raw in members.items() if name.startswith("traces/")},
        sentences=_sentences(members["resolved-spec.yaml"]),
        manifest=json.loads(members["manifest.json"]),
        signatures=shown(known.checked.signatures),
        stamps=shown_stamps(known.checked.stamps, known.trust.authorities),
        redaction=json.loads(members[REDACTION]) if REDACTION in members else None,
    )


def _sentences(resolved_spec: bytes) -> dict[str, str]:
    """The contract sentences; none where a kind is from a package that is not installed here, or has changed."""
    try:
        return sentences(resolve(parse_document(resolved_spec, "resolved-spec.yaml"), installed_kinds()))
    except SlacheckError:
        return {}


def _html(members: Members, known: Known) -> bytes:
    return html.page(source_of(members, known)).encode()


def _pdf(members: Members, known: Known) -> bytes:
    return pdf.render(source_of(members, known))


def _test_result(members: Members, _: Known) -> bytes:
    return intoto.render(json.loads(members["results.json"]), json.loads(members["manifest.json"]))


def _junit(members: Members, _: Known) -> bytes:
    return junit.render(json.loads(members["results.json"]))


RENDERERS: dict[str, Callable[[Members, Known], bytes]] = {
    ".html": _html,
    ".json": _test_result,
    ".pdf": _pdf,
    ".xml": _junit,
}


def _values(data: Any) -> Any:
    """Plain scalars of the resolved spec as the numbers and truth values that they were written from."""
    if isinstance(data, dict):
        return {key: _values(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_values(value) for value in data]
    if isinstance(data, Scalar) and data.plain:
        try:
            return json.loads(data)
        except ValueError:
            return str(data)
    return data if data is None else str(data)
