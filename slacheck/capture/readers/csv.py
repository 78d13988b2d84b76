"""Text tables: names above rows of numbers, in the dialects that instruments and spreadsheets write.

The beginning of the file shows the dialect (`csv_dialect`); the body is read by it, strictly and in
pieces, with Python's own `float`, so that every number is the one the text says. A cell that is
neither a number nor a code for no value makes its column unusable, with line and column, and
leaves the others alone; a row with too few or too many cells makes the file unusable.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from slacheck.capture.readers.csv_dialect import Dialect, is_missing, sniff
from slacheck.capture.readers.recording import MISSING, Column, Recording, Stamps, TimeHint, time_column
from slacheck.capture.readers.source import Source
from slacheck.capture.readers.stamp_text import StampError, StampForm, moment
from slacheck.capture.readers.store import ROWS, ColumnStore, StoredColumn
from slacheck.errors import CaptureError, Diagnostic
from slacheck.units import parse_unit

if TYPE_CHECKING:
    from slacheck.contract import Samples

_HEAD_LINES = 400
_LONGEST_LINE = 1 << 20
_LONGEST_SHOWN = 200
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}


def read(source: Source, hint: TimeHint) -> Recording:
    """Read a text table.

    Raises
    ------
    CaptureError
        If it is not a table, a row is ragged, or the time column cannot be read.
    """
    source.file.seek(0)
    start = source.file.read(4096)
    if not start:
        raise source.error("the file is empty")
    encodings = [name for mark, name in _BOMS if start.startswith(mark)]
    if not encodings and b"\0" in start:
        raise source.error(
            "it holds NUL bytes, so it is not a text table",
            fix="if it is UTF-16, save it with a byte order mark, or as UTF-8",
        )
    for encoding in encodings[:1] or ["utf-8", "cp1252", "latin-1"]:
        try:
            return _Table(source, encoding, hint).read()
        except UnicodeError:
            continue
    raise source.error(f"it begins as {_NAMES[encodings[0]]} and is not: it is damaged or cut off")


@dataclass(slots=True)
class _Cells:
    """One column while it is read."""

    name: str
    index: int
    dialect: Dialect
    place: str
    missing: Counter[str] = field(default_factory=Counter)
    fault: Diagnostic | None = None

    def floats(self, cells: Sequence[str], lines: _Lines) -> Samples:
        """Numbers of the cells, NaN where missing; notes the first cell that is neither, and stops there."""
        if self.fault is None:
            values = plain_numbers(cells, lines, self.dialect)
            return self._one_by_one(cells, lines) if values is None else values
        return np.full(len(cells), np.nan)

    def _one_by_one(self, cells: Sequence[str], lines: _Lines) -> Samples:
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


def plain_numbers(cells: Sequence[str], lines: _Lines, dialect: Dialect) -> Samples | None:
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
class _Lines:
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
        for row, cells in enumerate(self.rows):
            if len(cells) != width:
                raise CaptureError(self._ragged(row, cells, width))
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
class _Table:
    """One attempt to read a file in one encoding."""

    source: Source
    encoding: str
    hint: TimeHint

    def read(self) -> Recording:
        dialect = sniff(list(islice(self._text(), _HEAD_LINES)), self.source.place)
        self._refuse_duplicates(dialect)
        time = time_column(dialect.names, self.hint)
        stamps = None if time is None else self._stamps(dialect, time)
        wanted = [index for index, name in enumerate(dialect.names) if name and index != time]
        columns = [_Cells(dialect.names[index], index, dialect, self.source.place) for index in wanted]
        with ColumnStore(len(columns) + (time is not None), self.source.place) as store:
            cut = self._fill(dialect, store, columns, stamps)
            if store.count == 0:
                raise self.source.error("there is no complete row of numbers", dialect.body)
            stored = store.finish()
        notes = [dialect.sentence(_NAMES[self.encoding]), *([cut] if cut else [])]
        return self._recording(dialect, stored, columns, (stamps, notes))

    def _text(self) -> Iterator[str]:
        """Lines from the beginning, each ended by a line feed."""
        self.source.file.seek(0)
        text = io.TextIOWrapper(self.source.file, encoding=self.encoding, errors="strict")
        try:
            for line in iter(partial(text.readline, _LONGEST_LINE), ""):
                if len(line) == _LONGEST_LINE and not line.endswith("\n"):
                    raise self.source.error(f"a line is longer than {_LONGEST_LINE} characters; this is not a table")
                yield line
        finally:
            text.detach()

    def _pieces(self, dialect: Dialect) -> Iterator[_Lines]:
        """The body in pieces, without blank lines at its end."""
        body = islice(self._text(), dialect.body - 1, None)
        line, blank = dialect.body, 0
        while lines := list(islice(body, ROWS)):
            following = len(lines)
            while lines and not lines[-1].strip("\n \t"):
                lines.pop()
            if lines and blank:
                message = "a blank line stands between the rows"
                raise self.source.error(message, line - blank)
            blank = blank + following if not lines else following - len(lines)
            if lines:
                yield _Lines(lines, line, dialect, self.source.place)
            line += following

    def _stamps(self, dialect: Dialect, time: int) -> _NumberStamps | _TextStamps:
        first = dialect.first[time]
        if dialect.number.fullmatch(first) or is_missing(first):
            return _NumberStamps(time, dialect)
        cells = (row[time].strip() for piece in self._pieces(dialect) for row in piece.rows if len(row) > time)
        try:
            return _TextStamps(time, StampForm(first, cells))
        except StampError as error:
            raise self.source.error(f"column {dialect.names[time]!r}: {error}", dialect.body) from None

    def _fill(
        self, dialect: Dialect, store: ColumnStore, columns: list[_Cells], stamps: _NumberStamps | _TextStamps | None
    ) -> str | None:
        """All rows into the store; gives a note if the last line may be cut off."""
        cut = None
        for piece in self._pieces(dialect):
            cells = piece.columns()
            block = np.empty((len(columns) + (stamps is not None), piece.count), dtype=np.int64)
            for row, column in enumerate(columns):
                block[row] = column.floats(cells[column.index], piece).view(np.int64)
            if stamps is not None:
                block[-1] = stamps.words(cells[stamps.index], piece)
            if not piece.lines[-1].endswith("\n"):
                cut = (
                    f"line {piece.first_line + piece.count - 1}, the last, has no line end and may be cut off: left out"
                )
                block = block[:, :-1]
            store.append(block)
        return cut

    def _refuse_duplicates(self, dialect: Dialect) -> None:
        seen: dict[str, int] = {}
        for index, name in enumerate(dialect.names):
            if name and name in seen:
                message = f"columns {seen[name] + 1} and {index + 1} have the same name {name!r}"
                raise self.source.error(message, dialect.header_line, fix="give each column its own name")
            seen[name] = index

    def _recording(
        self,
        dialect: Dialect,
        stored: list[StoredColumn],
        columns: list[_Cells],
        found: tuple[_NumberStamps | _TextStamps | None, list[str]],
    ) -> Recording:
        stamps, notes = found
        unnamed = [str(index + 1) for index, name in enumerate(dialect.names) if not name]
        if unnamed:
            notes.append(f"columns without a name, left out: {', '.join(unnamed)}")
        out = [c for c in columns if c.fault is not None]
        if out:
            where = ", ".join(f"{c.name} (line {c.fault.line if c.fault else 0})" for c in out)
            notes.append(f"columns that do not hold numbers only, left out: {where}")
        for column in columns:
            if column.missing and column.fault is None:
                codes = ", ".join(f"{code} {count}" for code, count in sorted(column.missing.items()))
                notes.append(f"{column.name}: {column.missing.total()} without a value ({codes})")
        recording = Recording(
            [
                Column(c.name, None if c.fault else values, dialect.units[c.index], fault=c.fault)
                for c, values in zip(columns, stored, strict=False)
            ],
            len(stored[0]),
            notes=notes,
        )
        if stamps is not None:
            recording.time_name = dialect.names[stamps.index]
            recording.time_unit = dialect.units[stamps.index]
            stamps.describe(recording, stored[-1], self.source, self.hint)
        return recording


@dataclass(slots=True)
class _NumberStamps:
    """A time column of numbers, stored as the exact difference to the first one. [unit of the column]"""

    index: int
    dialect: Dialect
    origin: Decimal | None = None

    def words(self, cells: Sequence[str], lines: _Lines) -> np.ndarray:
        """Bits of the stamps of a piece."""
        quick = plain_numbers(cells, lines, self.dialect) if self.origin == 0 else None
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

    def describe(self, recording: Recording, values: StoredColumn, source: Source, hint: TimeHint) -> None:
        """Give the recording its stamps, if anybody says their unit."""
        unit = recording.time_unit or hint.unit
        if unit is not None and parse_unit(unit).base == "s":
            recording.stamps = Stamps(values, parse_unit(unit).scale, source.place)


@dataclass(slots=True)
class _TextStamps:
    """A time column of text, stored as nanoseconds since 1970."""

    index: int
    form: StampForm

    def words(self, cells: Sequence[str], lines: _Lines) -> np.ndarray:
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

    def describe(self, recording: Recording, values: StoredColumn, source: Source, hint: TimeHint) -> None:
        """Give the recording its stamps, and its start if they have a zone."""
        ticks = values.as_integers()
        recording.absolute = True
        recording.stamps = Stamps(ticks, Decimal("1e-9"), source.place)
        if self.form.zoned:
            recording.start = moment(int(ticks[0:1][0]))
            recording.notes.append(f"time stamps are text ({self.form.name}) with a zone")
        else:
            recording.notes.append(f"time stamps are text ({self.form.name}) without a zone: the start is not known")
