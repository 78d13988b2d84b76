"""YAML documents with positions: bytes in, plain data out, and every later error finds its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from slacheck.composer import FORBIDDEN, Position, Positions, compose
from slacheck.errors import Diagnostic, SpecError
from slacheck.wording import Fault, faults_of
from slacheck.wording import Path as DataPath

LARGEST = 1 << 20
"""Largest document. [bytes]"""

_LINE_END = re.compile(r"\r\n|\r|\n")
MOST_PROBLEMS = 200
"""No more than these are reported, and looked for, in one document."""
_LONGEST_SHOWN = 200
"""Longer source lines are not repeated under a message. [code points]"""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Document:
    """A document as read.

    Parameters
    ----------
    place : str
        Where it comes from, as the user named it.
    raw : bytes
        The bytes that were read.
    text : str
        The same as text, without a byte order mark.
    data : dict, list, Scalar or None
        Scalars are source text; plain `null`, `~` and nothing at all are None.
    positions : Positions, optional
        None for data that never was a file.
    """

    place: str
    raw: bytes
    text: str
    data: Any
    positions: Positions | None = None

    def diagnostic(self, path: DataPath, message: str, fix: str | None = None, key: bool = False) -> Diagnostic:
        """`message` at the value of `path` (with `key` at its key), or at the nearest parent that exists."""
        if self.positions is None:
            return Diagnostic(self.place, f"{dotted(path)}: {message}" if path else message, fix=fix)
        return self.diagnostic_at(self._position(path, key), message, fix)

    def diagnostic_at(self, position: Position, message: str, fix: str | None = None) -> Diagnostic:
        """`message` at a position, with the text of its line."""
        if position.line > len(self._lines):  # YAML's end of input, one line on
            position = Position(len(self._lines), len(self._lines[-1]) + 1, 1)
        source = self._lines[position.line - 1]
        shown = source if len(source) <= _LONGEST_SHOWN else None
        return Diagnostic(self.place, message, position.line, position.column, shown, position.length, fix)

    @cached_property
    def _lines(self) -> list[str]:
        return _LINE_END.split(self.text)

    def _position(self, path: DataPath, key: bool) -> Position:
        tables = self.positions or Positions()
        if key and path in tables.keys:
            return tables.keys[path]
        for end in range(len(path), -1, -1):
            if path[:end] in tables.values:
                return tables.values[path[:end]]
        return Position(1, 1, 1)

    def where(self, path: DataPath) -> str:
        """`file:line:column` of the value at `path` or its nearest parent."""
        if self.positions is None:
            return self.place
        position = self._position(path, False)
        return f"{self.place}:{position.line}:{position.column}"


def dotted(path: DataPath) -> str:
    """`requirements[0].limits.dip`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def read_document(path: Path, place: str | None = None) -> Document:
    """Read a file.

    Raises
    ------
    SpecError
        If it cannot be read, or is not valid.
    """
    place = str(path) if place is None else place
    try:
        if path.exists() and not path.is_file():
            raise SpecError(Diagnostic(place, "this is not a file"))
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SpecError(Diagnostic(place, f"cannot be read: {reason}")) from None
    return parse_document(raw, place)


def parse_document(raw: bytes, place: str) -> Document:
    """Read a document.

    Raises
    ------
    SpecError
        With every fault found, at its position: not UTF-8, over budget, not YAML, or YAML that two readers could
        take differently.
    """
    if len(raw) > LARGEST:
        raise SpecError(Diagnostic(place, f"larger than {LARGEST >> 20} MiB; a document holds no samples"))
    text = _decode(raw, place)
    data, positions, problems = compose(text)
    document = Document(place, raw, text, data, positions)
    if problems:
        raise refusal([document.diagnostic_at(*problem) for problem in problems])
    return document


def _decode(raw: bytes, place: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SpecError(Diagnostic(place, "the file is UTF-16; save it as UTF-8"))
    try:
        text = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = _LINE_END.split(raw[: error.start].decode().removeprefix("\ufeff"))
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise SpecError(Diagnostic(place, message, len(before), len(before[-1]) + 1)) from None
    problems = []
    for match in FORBIDDEN.finditer(text):
        before = _LINE_END.split(text[: match.start()])
        message = f"the character U+{ord(match.group()):04X} is not allowed in a document"
        problems.append(Diagnostic(place, message, len(before), len(before[-1]) + 1))
        if len(problems) == 10:
            break
    if problems:
        raise SpecError(problems)
    return text


def validate(document: Document, model: type[M], data: Any = ..., path: DataPath = ()) -> M:
    """`data` (default: all of the document), which stands at `path`, as `model`.

    Raises
    ------
    SpecError
        With every fault, at its position, in the order of the file.
    """
    result, problems = attempt(document, model, data, path)
    if problems or result is None:
        raise refusal(problems)
    return result


def attempt(
    document: Document, model: type[M], data: Any = ..., path: DataPath = ()
) -> tuple[M | None, list[Diagnostic]]:
    """As `validate`, but give the faults back, so that those of other parts can be added."""
    data = document.data if data is ... else data
    result, errors = None, list[Any]()
    try:
        result = model.model_validate(data)
    except ValidationError as error:
        errors = list(error.errors(include_url=False))
    faults = faults_of(model, data, errors[:MOST_PROBLEMS])
    return (None if faults else result), in_order(_diagnose(document, path, fault) for fault in faults)


def _diagnose(document: Document, path: DataPath, fault: Fault) -> Diagnostic:
    return document.diagnostic((*path, *fault.path), fault.message, fault.fix, fault.key)


def in_order(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Problems in the order of the file; those without a position first, as they came."""
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def refusal(problems: Sequence[Diagnostic]) -> SpecError:
    """All problems of a document, or as many of them as anyone would read."""
    shown = list(problems[:MOST_PROBLEMS])
    if len(problems) > MOST_PROBLEMS:
        shown.append(Diagnostic(problems[0].place, f"and {len(problems) - MOST_PROBLEMS} more problems"))
    return SpecError(shown)
