"""Text tables: names above rows of numbers, in the dialects that instruments and spreadsheets write.

The beginning of the file shows the dialect (`csv_dialect`); the body is read by it, strictly and in
pieces, with Python's own `float`, so that every number is the one the text says. A cell that is
neither a number nor a code for no value makes its column unusable, with line and column, and
leaves the others alone; a row with too few or too many cells makes the file unusable.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from slacheck.capture.readers.csv_blocks import LONGEST_LINE, ROWS_COMPARED, WORTH_IT, Block, beside, blocks, too_long
from slacheck.capture.readers.csv_cells import Cells, Lines, NumberStamps, TextStamps
from slacheck.capture.readers.csv_dialect import Dialect, is_missing, sniff
from slacheck.capture.readers.recording import Column, ReadHint, Recording, time_column
from slacheck.capture.readers.source import Source
from slacheck.capture.readers.stamp_text import StampError, StampForm
from slacheck.capture.readers.store import ROWS, ColumnStore, StoredColumn

if TYPE_CHECKING:
    from slacheck.contract import Samples

Quick: TypeAlias = "Callable[[Block], Samples | None]"
_HEAD_LINES = 400
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}


def read(source: Source, hint: ReadHint) -> Recording:
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


def _may_be_cut(lines: list[str], dialect: Dialect) -> bool:
    """Whether the last cell of the last line looks shorter than those above it, as after a broken transfer.

    A number is whole if it has a decimal sign and an exponent wherever one above has them, and at
    least as many digits (after the sign, if there is one) as the shortest above; text is whole if
    it stands above too.
    """
    *above, last = (line.rstrip("\n").rpartition(dialect.delimiter)[2].strip() for line in lines[-ROWS_COMPARED:])
    numbers = [cell for cell in above if dialect.number.fullmatch(cell)]
    if dialect.number.fullmatch(last) is None or not numbers:
        return last not in above
    sign = "," if dialect.comma else "."
    for mark in (sign, "e"):
        if mark not in last.lower() and any(mark in cell.lower() for cell in numbers):
            return True
    return _digits(last, sign) < min(_digits(cell, sign) for cell in numbers)


def _digits(cell: str, sign: str) -> int:
    """Characters after the decimal sign, or all where there is none."""
    whole, found, fraction = cell.partition(sign)
    return len(fraction) if found else len(whole)


@dataclass(slots=True)
class _Table:
    """One attempt to read a file in one encoding."""

    source: Source
    encoding: str
    hint: ReadHint

    def read(self) -> Recording:
        dialect = sniff(list(islice(self._text(), _HEAD_LINES)), self.source.place)
        self._refuse_duplicates(dialect)
        time = time_column(dialect.names, self.hint)
        stamps = None if time is None else self._stamps(dialect, time)
        wanted = [index for index, name in enumerate(dialect.names) if name and index != time]
        columns = [Cells(dialect.names[index], index, dialect, self.source.place) for index in wanted]
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
            for line in iter(partial(text.readline, LONGEST_LINE), ""):
                if len(line) == LONGEST_LINE and not line.endswith("\n"):
                    raise too_long(self.source)
                yield line
        finally:
            text.detach()

    def _batches(self, quick: Quick) -> Iterator[tuple[Callable[[], list[str]], Samples | None]]:
        """The file from its beginning: what gives its next lines, and what `quick` makes of them."""
        if self.encoding == "utf-16":
            text = self._text()
            while lines := list(islice(text, ROWS)):
                yield partial(list, lines), None
            return
        for block, numbers in beside(quick, blocks(self.source, self.encoding)):
            yield block.lines, numbers

    def _pieces(self, dialect: Dialect, quick: Quick) -> Iterator[Lines | Samples]:
        """The body in pieces, without blank lines at its end; numbers where the quick way gives them."""
        line, blank, above = 1, 0, dialect.body - 1
        for following_lines, numbers in self._batches(quick):
            if numbers is not None and not blank and not above:
                line += numbers.shape[1]
                yield numbers
                continue
            lines = following_lines()
            skipped = min(above, len(lines))
            above, line, lines = above - skipped, line + skipped, lines[skipped:]
            following = len(lines)
            while lines and not lines[-1].strip("\n \t"):
                lines.pop()
            if lines and blank:
                message = "a blank line stands between the rows"
                raise self.source.error(message, line - blank)
            blank = blank + following if not lines else following - len(lines)
            if lines:
                yield Lines(lines, line, dialect, self.source.place)
            line += following

    def _stamps(self, dialect: Dialect, time: int) -> NumberStamps | TextStamps:
        first = dialect.first[time]
        if dialect.number.fullmatch(first) or is_missing(first):
            return NumberStamps(time, dialect, None if first.strip("+-0.,") else Decimal(0))
        pieces = (piece for piece in self._pieces(dialect, lambda block: None) if isinstance(piece, Lines))
        cells = (row[time].strip() for piece in pieces for row in piece.rows if len(row) > time)
        try:
            return TextStamps(time, StampForm(first, cells))
        except StampError as error:
            raise self.source.error(f"column {dialect.names[time]!r}: {error}", dialect.body) from None

    def _fill(
        self, dialect: Dialect, store: ColumnStore, columns: list[Cells], stamps: NumberStamps | TextStamps | None
    ) -> str | None:
        """All rows into the store; gives a note if the last line may be cut off."""
        cut = None
        quick = partial(self._quick, dialect, columns, stamps)
        for piece in self._pieces(dialect, quick):
            if not isinstance(piece, Lines):
                store.append(piece)
                continue
            cells = piece.columns()
            block = np.empty((len(columns) + (stamps is not None), piece.count), dtype=np.int64)
            for row, column in enumerate(columns):
                block[row] = column.floats(cells[column.index], piece).view(np.int64)
            if stamps is not None:
                block[-1] = stamps.words(cells[stamps.index], piece)
            if not piece.lines[-1].endswith("\n") and _may_be_cut(piece.lines, dialect):
                cut = (
                    f"line {piece.first_line + piece.count - 1}, the last, has no line end and may be cut off: left out"
                )
                block = block[:, :-1]
            store.append(block)
        return cut

    def _quick(
        self, dialect: Dialect, columns: list[Cells], stamps: NumberStamps | TextStamps | None, block: Block
    ) -> Samples | None:
        """Numbers of a block for the store, NaN in columns that are known to hold something else."""
        if self.source.size < WORTH_IT or not (stamps is None or stamps.plain):
            return None
        known = [row for row, column in enumerate(columns) if column.fault is None]
        times = [] if stamps is None else [stamps.index]
        found = block.numbers(dialect, [*(columns[row].index for row in known), *times])
        if found is None or len(known) == len(columns):
            return found
        every = np.full((len(columns) + len(times), found.shape[1]), np.nan)
        every[[*known, *([len(columns)] if times else [])]] = found
        return every

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
        columns: list[Cells],
        found: tuple[NumberStamps | TextStamps | None, list[str]],
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
