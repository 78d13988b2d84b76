"""A submission document to what it binds: its spec, its captures, its claims and waivers.

Loading reads the document and the spec, and looks whether the captures exist; it reads none of
them. Paths stay relative to the document's folder, so that a submission can be moved, packed and
recomputed elsewhere: absolute paths are refused, and so is a capture outside the folder.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slacheck.document import Document, in_order, read_document, validate
from slacheck.errors import Diagnostic, SpecError
from slacheck.spec.load import resolve
from slacheck.spec.model import Spec
from slacheck.spec.plugins import installed_kinds
from slacheck.submission.model import CaptureEntry, SubmissionModel, WaiverEntry
from slacheck.submission.problems import kind_of, path_problems, reference_problems, unportable
from slacheck.units import Quantity


@dataclass(frozen=True, slots=True)
class BoundCapture:
    """One capture of a submission, not opened.

    Parameters
    ----------
    id : str
        Path relative to the submission's folder, with forward slashes; unique.
    path : Path
        Where the file is.
    test : str, optional
        Test of the spec; None only where the spec has no tests.
    signals : mapping of str to str
        Signal to channel, where the submission says so.
    """

    id: str
    path: Path
    test: str | None
    signals: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """What the supplier claims for one check; `value` as written."""

    requirement: str
    check: str
    value: str
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission, with everything it refers to found."""

    id: str
    supplier: str | None
    spec: Spec
    bindings: tuple[BoundCapture, ...]
    claims: tuple[Claim, ...]
    waivers: tuple[WaiverEntry, ...]
    document: Document
    raw: bytes
    sha256: str

    def where(self, capture: str) -> int:
        """Line on which a capture is bound."""
        index = next(i for i, bound in enumerate(self.bindings) if bound.id == capture)
        return self.document.diagnostic(("captures", index), "").line or 1


def load_submission(path: Path | str, place: str | None = None) -> Submission:
    """Read a submission document and the spec it names.

    Parameters
    ----------
    path : path
        The document.
    place : str, optional
        How messages name it; the spec is then named relative to it.

    Raises
    ------
    SpecError
        With every problem at its place: of the document, of the spec, or of what one says about the other.
    """
    path = Path(path)
    document = read_document(path, place)
    model = validate(document, SubmissionModel)
    problems = list(path_problems(document, model, path.parent))
    spec = _spec(document, model, path.parent, problems)
    problems += reference_problems(document, model, spec)
    if problems:
        raise SpecError(in_order(problems))
    return Submission(
        id=model.submission,
        supplier=model.supplier,
        spec=spec,
        bindings=tuple(_bound(entry, path.parent) for entry in model.captures),
        claims=claims_of(model),
        waivers=model.waivers,
        document=document,
        raw=document.raw,
        sha256=hashlib.sha256(document.raw).hexdigest(),
    )


def claims_of(model: SubmissionModel) -> tuple[Claim, ...]:
    """The claims of a submission document."""
    return tuple(Claim(claim.requirement, claim.check, claim.value.text, claim.value) for claim in model.claims)


def _bound(entry: CaptureEntry, folder: Path) -> BoundCapture:
    name = posixpath.normpath(entry.file)
    return BoundCapture(name, folder / name, entry.test, entry.signals)


def _spec(document: Document, model: SubmissionModel, folder: Path, problems: list[Diagnostic]) -> Spec:
    """The spec; without it nothing that refers to it can be judged, so its problems end the list."""
    fault = unportable(model.spec)
    if fault is not None:
        problems.append(document.diagnostic(("spec",), *fault))
    elif kind_of(folder / model.spec) != "file":
        problems.append(document.diagnostic(("spec",), f"there is no file {model.spec!r} beside this document"))
    else:
        place = str(Path(document.place).parent / model.spec)
        try:
            return resolve(read_document(folder / model.spec, place), installed_kinds())
        except SpecError as error:
            raise SpecError([*in_order(problems), *error.problems]) from None
    raise SpecError(in_order(problems))
