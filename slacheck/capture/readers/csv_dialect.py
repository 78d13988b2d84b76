"""How a text file writes its table: delimiter, decimal sign, where names, units and numbers stand.

Only the beginning of the file is looked at, and what is found is a note in the evidence. The body
is then read strictly by it (`csv`), so a wrong finding becomes an error with a line, not a number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from slacheck.capture.readers.recording import known_unit, split_unit
from slacheck.errors import CaptureError, Diagnostic

_DELIMITERS = {";": "semicolon", "\t": "tab", "|": "bar", ",": "comma"}
POINT = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
COMMA = re.compile(r"[+-]?(?:\d+(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)
_MISSING = re.compile(r"|-{2,}|over|[+-]?nan|[+-]?inf(?:inity)?|na|n/a|null", re.IGNORECASE)
_STAMP = re.compile(r"\d{1,4}([-/.])(?:\d{1,2}|[A-Za-z]{3})\1\d{1,4}[T ]+\d{1,2}:\d{2}.*", re.ASCII)
_LOOKED_AT = 50
"""Rows at the end of the sample that decide between delimiters."""


class Row(NamedTuple):
    """Cells of one record and the number of its last line."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the beginning of the file shows.

    Parameters
    ----------
    delimiter : str
    comma : bool
        The decimal sign is a comma.
    names, units : tuple
        One for each column; the unit from the name or from the row of units.
    header_line : int
        Line of the names.
    body : int
        First line of numbers.
    first : tuple of str
        Cells of that line.
    preamble : bool
        Lines before the names were skipped.
    """

    delimiter: str
    comma: bool
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    header_line: int
    body: int
    first: tuple[str, ...]
    preamble: bool

    @property
    def number(self) -> re.Pattern[str]:
        """What a number looks like."""
        return COMMA if self.comma else POINT

    def sentence(self, encoding: str) -> str:
        """The finding, for the evidence."""
        decimal = "comma" if self.comma else "point"
        junk = f", {self.header_line - 1} lines before the names skipped" if self.preamble else ""
        return (
            f"read as CSV: {encoding}, {_DELIMITERS[self.delimiter]} delimited, decimal {decimal}, names in line "
            f"{self.header_line}{junk}"
        )


def is_missing(cell: str) -> bool:
    """Whether a stripped cell is blank or a code for no value."""
    return _MISSING.fullmatch(cell) is not None


def split_lines(lines: Sequence[str], delimiter: str, first_line: int) -> list[Row]:
    """Lines to rows; a quoted cell may hold line ends.

    Raises
    ------
    csv.Error
        If quotes are not balanced.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter != "\t")
    return [Row(first_line + reader.line_num - 1, cells) for cells in reader]


def sniff(lines: Sequence[str], place: str) -> Dialect:
    """The dialect of a file that begins with these lines.

    Raises
    ------
    CaptureError
        If there is no table, no row of names, or two readings of the numbers are possible.
    """
    candidates = []
    for delimiter in _DELIMITERS:
        table = _table(lines, delimiter)
        if table is not None and table.header is not None:
            candidates.append(table)
    if not candidates:
        raise _no_table(lines, place)
    best = max(candidates, key=lambda table: (table.score, len(table.rows[table.first].cells)))
    if best.score == 0.0:
        raise _no_table(lines, place)
    return _dialect(best, place)


@dataclass(slots=True)
class _Table:
    """The beginning of the file under one delimiter."""

    delimiter: str
    rows: list[Row]
    first: int
    header: int | None
    comma: bool
    ambiguous: str | None
    score: float


def _table(lines: Sequence[str], delimiter: str) -> _Table | None:
    try:
        rows = [row for row in split_lines(lines, delimiter, 1) if any(cell.strip() for cell in row.cells)]
    except csv.Error:
        return None
    # The last rows may be cut off, or a remark below the table.
    tables = (_table_of(rows, delimiter, len(row.cells)) for row in rows[:-4:-1])
    return next((table for table in tables if table is not None and table.header is not None), None)


def _table_of(rows: list[Row], delimiter: str, width: int) -> _Table | None:
    """The table of rows of `width` cells that ends the sample, if there is one."""
    tail = [row for row in rows[-_LOOKED_AT:] if len(row.cells) == width]
    comma, ambiguous = _decimal([cell.strip() for row in tail for cell in row.cells])
    number = COMMA if comma else POINT
    numeric = [
        index
        for index in range(width)
        if any(number.fullmatch(row.cells[index].strip()) for row in (tail[-1], tail[len(tail) // 2]))
    ]
    first = next((i for i, row in enumerate(rows) if len(row.cells) == width and _is_data(row, numeric, number)), None)
    if first is None or not numeric:
        return None
    header = first - 1 if first and len(rows[first - 1].cells) == width else None
    if header is not None and any('"' in cell for cell in rows[header].cells):
        return None
    cells = [cell.strip() for row in tail[1:] or tail for cell in row.cells]
    good = sum(bool(number.fullmatch(cell) or is_missing(cell) or _STAMP.fullmatch(cell)) for cell in cells)
    return _Table(delimiter, rows, first, header, comma, ambiguous, good / len(cells))


def _is_data(row: Row, numeric: list[int], number: re.Pattern[str]) -> bool:
    """Most of the numeric columns hold a number or no value, at least one a number."""
    cells = [row.cells[index].strip() for index in numeric]
    numbers = sum(number.fullmatch(cell) is not None for cell in cells)
    return numbers > 0 and 2 * (numbers + sum(map(is_missing, cells))) > len(cells)


def _decimal(cells: Sequence[str]) -> tuple[bool, str | None]:
    """Whether the decimal sign is a comma; and a cell that could be read in two ways, if nothing settles it."""
    with_comma = [cell for cell in cells if "," in cell and COMMA.fullmatch(cell)]
    with_point = [cell for cell in cells if "." in cell and POINT.fullmatch(cell)]
    grouped = [cell for cell in with_comma if _THOUSANDS.fullmatch(cell)]
    settled = len(grouped) < len(with_comma)
    if len(with_comma) <= len(with_point) or (with_point and not settled):
        return False, None
    return True, None if settled else grouped[0]


def _dialect(table: _Table, place: str) -> Dialect:
    header = table.header if table.header is not None else 0
    first = table.rows[table.first]
    if table.ambiguous is not None:
        plain = table.ambiguous.replace(",", "")
        raise CaptureError(
            Diagnostic(
                place,
                f"{table.ambiguous!r} can be {table.ambiguous.replace(',', '.', 1)} or {plain}: every number with a "
                f"comma has three digits after it",
                first.line,
                fix="export with a decimal point, or without thousands separators",
            )
        )
    units: list[str | None] = [None] * len(first.cells)
    above = table.rows[header - 1].cells if header else []
    if len(above) == len(first.cells) and _is_units(table.rows[header].cells):
        units = [known_unit(_bare(cell)) for cell in table.rows[header].cells]
        header -= 1
    row = table.rows[header]
    for cell in row.cells:
        if POINT.fullmatch(cell.strip()) or COMMA.fullmatch(cell.strip()):
            message = f"{cell.strip()!r} stands where the name of a column should be, above the first row of numbers"
            raise CaptureError(Diagnostic(place, message, row.line))
    named = [split_unit(" ".join(cell.split())) for cell in row.cells]
    _check_units(place, row, named, units)
    return Dialect(
        delimiter=table.delimiter,
        comma=table.comma,
        names=tuple(name for name, _ in named),
        units=tuple(own or below for (_, own), below in zip(named, units, strict=True)),
        header_line=row.line,
        body=first.line,
        first=tuple(cell.strip() for cell in first.cells),
        preamble=header > 0,
    )


def _bare(cell: str) -> str:
    cell = cell.strip()
    return cell[1:-1] if cell[:1] + cell[-1:] in ("[]", "()") else cell


def _is_units(cells: Sequence[str]) -> bool:
    """Every cell is a unit or blank (or a dash), at least one is a unit."""
    bare = [_bare(cell) for cell in cells]
    known = [known_unit(cell) is not None for cell in bare if cell not in ("", "-")]
    return bool(known) and all(known)


def _check_units(place: str, row: Row, named: Sequence[tuple[str, str | None]], units: Sequence[str | None]) -> None:
    for (name, own), below in zip(named, units, strict=True):
        if own is not None and below is not None and own != below:
            message = f"column {name!r} is in {own!r} by its name and in {below!r} by the row of units"
            raise CaptureError(Diagnostic(place, message, row.line))


def _no_table(lines: Sequence[str], place: str) -> CaptureError:
    if not any(line.strip() for line in lines):
        return CaptureError(Diagnostic(place, "the file is empty"))
    return CaptureError(
        Diagnostic(
            place,
            "no table with a row of names above rows of numbers was found; the delimiter is a comma, semicolon, tab "
            "or bar",
            fix="write for example `t [s],P_pcc [kW]` above the numbers",
        )
    )
