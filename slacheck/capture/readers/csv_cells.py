"""Cells of a text table: a piece of its lines, its columns of numbers, its column of time stamps."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import numpy as np

from slacheck.capture.readers.csv_dialect import Dialect, is_missing
from slacheck.capture.readers.recording import MISSING, ReadHint, Recording, Stamps
from slacheck.capture.readers.source import Source
from slacheck.capture.readers.stamp_text import StampError, StampForm, moment
from slacheck.capture.readers.store import StoredColumn
from slacheck.errors import CaptureError, Diagnostic
from slacheck.units import parse_unit

if TYPE_CHECKING:
    from slacheck.contract import Samples

_LONGEST_SHOWN = 200


@dataclass(slots=True)
class Cells:
    """One column while it is read."""

    name: str
    index: int
    dialect: Dialect
    place: str
    missing: Counter[str] = field(default_factory=Counter)
    fault: Diagnostic | None = None

    def floats(self, cells: Sequence[str], lines: Lines) -> Samples:
        """Numbers of the cells, NaN where missing; notes the first cell that is neither, and stops there."""
        if self.fault is None:
            values = _plain_numbers(cells, lines, self.dialect)
            return self._one_by_one(cells, lines) if values is None else values
        return np.full(len(cells), np.nan)

    def _one_by_one(self, cells: Sequence[str], lines: Lines) -> Samples:
        values = np.full(len(cells), np.nan)
        number = self.dialect.number
        for row, cell in enumerate(cells):
            text = cell.strip()
            if number.fullmatch(text):
                values[row] = float(text.replace(",", "."))
                if np.isfinite(values[row]):
                    continue
            elif is_missing(text):
                self.missing[text or "blank"] += 1
                continue
            self.fault = lines.diagnostic(row, self.index, f"column {self.name!r}: {_why(text, self.dialect)}")
            break
        return values


def _plain_numbers(cells: Sequence[str], lines: Lines, dialect: Dialect) -> Samples | None:
    """Cells as numbers, the quick way; None unless every cell is a plain finite number.

    `float` takes more than a number may be here (underscores, digits of other scripts): such pieces go the slow way.
    """
    if not lines.ascii or (lines.underscores and any("_" in cell for cell in cells)):
        return None
    if dialect.comma:
        joined = "\n".join(cells)
        if "." in joined:
            return None
        cells = joined.replace(",", ".").split("\n")
    if len(cells) != lines.count:
        return None
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _why(text: str, dialect: Dialect) -> str:
    """What is wrong with a cell that is not a number."""
    shown = repr(text if len(text) <= 40 else text[:39] + "…")
    body = text.lstrip("+-")
    if dialect.number.fullmatch(text):
        return f"{shown} is too large for a number"
    if body[:2].lower() == "0x":
        return f"{shown} is hexadecimal, which is not read as a number"
    if body.replace(",", "").replace(".", "").replace(" ", "").replace("'", "").isdigit():
        sign = "comma" if dialect.comma else "point"
        return f"{shown} is not a number with a decimal {sign}; thousands separators are not read"
    return f"{shown} is text, not a number"


@dataclass(slots=True)
class Lines:
    """A piece of the body: its lines and the rows they hold."""

    lines: list[str]
    first_line: int
    dialect: Dialect
    place: str
    rows: list[list[str]] = field(default_factory=list)
    ascii: bool = True
    underscores: bool = False

    def __post_init__(self) -> None:
        text = "".join(self.lines)
        self.ascii, self.underscores = text.isascii(), "_" in text
        if '"' not in text:
            delimiter = self.dialect.delimiter
            self.rows = [line.rstrip("\n").split(delimiter) for line in self.lines]
            return
        blanks = self.dialect.delimiter != "\t"
        reader = csv.reader(self.lines, delimiter=self.dialect.delimiter, strict=True, skipinitialspace=blanks)
        try:
            self.rows = [cells or [""] for cells in reader]
        except csv.Error:
            line = self.first_line + max(reader.line_num, 1) - 1
            raise CaptureError(Diagnostic(self.place, "the quotes of this line are not balanced", line)) from None
        if len(self.rows) != len(self.lines):
            message = "a quoted cell of the numbers goes on in the next line"
            raise CaptureError(Diagnostic(self.place, message, self.first_line))

    @property
    def count(self) -> int:
        """Rows."""
        return len(self.rows)

    def columns(self) -> list[tuple[str, ...]]:
        """Cells by column.

        Raises
        ------
        CaptureError
            If a row has more or fewer cells than there are names.
        """
        width = len(self.dialect.names)
        if set(map(len, self.rows)) - {width}:
            row = next(row for row, cells in enumerate(self.rows) if len(cells) != width)
            raise CaptureError(self._ragged(row, self.rows[row], width))
        return list(zip(*self.rows, strict=True)) if self.rows else [()] * width

    def _ragged(self, row: int, cells: list[str], width: int) -> Diagnostic:
        line = self.first_line + row
        if cells in ([""], []):
            return Diagnostic(self.place, "a blank line stands between the rows", line)
        message = f"this row has {len(cells)} cells, the {width} columns need {width}"
        fix = None if self.lines[row].endswith("\n") else "the file ends within this line: it is cut off"
        return Diagnostic(self.place, message, line, fix=fix)

    def diagnostic(self, row: int, index: int, message: str) -> Diagnostic:
        """`message` at a cell."""
        line = self.lines[row].rstrip("\n")
        cell = self.rows[row][index].strip()
        start = _offset(line, self.dialect.delimiter, index)
        shown = line if len(line) <= _LONGEST_SHOWN else None
        return Diagnostic(self.place, message, self.first_line + row, start + 1, shown, max(1, len(cell)))


def _offset(line: str, delimiter: str, index: int) -> int:
    """Where in its line the text of a cell begins."""
    position, quoted = 0, False
    while index and position < len(line):
        quoted ^= line[position] == '"'
        index -= line[position] == delimiter and not quoted
        position += 1
    while position < len(line) and line[position] in ' "' and delimiter != line[position]:
        position += 1
    return position


@dataclass(slots=True)
class NumberStamps:
    """A time column of numbers, stored as the exact difference to the first one. [unit of the column]"""

    index: int
    dialect: Dialect
    origin: Decimal | None = None

    @property
    def plain(self) -> bool:
        """Whether the stamps are the numbers themselves."""
        return self.origin == 0

    def words(self, cells: Sequence[str], lines: Lines) -> np.ndarray:
        """Bits of the stamps of a piece."""
        quick = _plain_numbers(cells, lines, self.dialect) if self.origin == 0 else None
        if quick is not None:
            return quick.view(np.int64)
        values = np.full(len(cells), np.nan)
        number = self.dialect.number
        for row, cell in enumerate(cells):
            text = cell.strip()
            if number.fullmatch(text) is None:
                if is_missing(text):
                    continue
                name = self.dialect.names[self.index]
                message = f"the time column {name!r}: {_why(text, self.dialect)}"
                raise CaptureError(lines.diagnostic(row, self.index, message))
            values[row] = self._since(text.replace(",", "."))
        return values.view(np.int64)

    def _since(self, text: str) -> float:
        if self.origin is None:
            self.origin = Decimal(text)
        try:
            return float(text) if self.origin == 0 else float(Decimal(text) - self.origin)
        except InvalidOperation:
            return float("nan")

    def describe(self, recording: Recording, values: StoredColumn, source: Source, hint: ReadHint) -> None:
        """Give the recording its stamps, if anybody says their unit."""
        unit = recording.time_unit or hint.unit
        if unit is not None and parse_unit(unit).base == "s":
            recording.stamps = Stamps(values, parse_unit(unit).scale, source.place)


@dataclass(slots=True)
class TextStamps:
    """A time column of text, stored as nanoseconds since 1970."""

    index: int
    form: StampForm
    plain = False

    def words(self, cells: Sequence[str], lines: Lines) -> np.ndarray:
        """Stamps of a piece. [ns]"""
        try:
            return np.fromiter(map(self._one, cells), np.int64, len(cells))
        except StampError:
            for row, cell in enumerate(cells):
                try:
                    self._one(cell)
                except StampError as error:
                    raise CaptureError(lines.diagnostic(row, self.index, f"the time column: {error}")) from None
            raise

    def _one(self, cell: str) -> int:
        text = cell.strip()
        return MISSING if is_missing(text) else self.form.nanoseconds(text)

    def describe(self, recording: Recording, values: StoredColumn, source: Source, hint: ReadHint) -> None:
        """Give the recording its stamps, and its start if they have a zone."""
        ticks = values.as_integers()
        recording.absolute = True
        recording.stamps = Stamps(ticks, Decimal("1e-9"), source.place)
        if self.form.zoned:
            recording.start = moment(int(ticks[0:1][0]))
            recording.notes.append(f"time stamps are text ({self.form.name}) with a zone")
        else:
            recording.notes.append(f"time stamps are text ({self.form.name}) without a zone: the start is not known")
