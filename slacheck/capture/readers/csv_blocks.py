"""The body of a large text table in blocks of whole lines, and the quick way to read one: pyarrow's parser.

A block goes the quick way only where both ways give the same bits: ASCII, no quotes, every cell a
finite number, every row of one width. pyarrow rounds as Python's `float` does and refuses what it
does not understand; such a block is read cell by cell (`csv_cells`), which also says what is wrong.
"""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from slacheck.capture.readers.csv_dialect import Dialect
from slacheck.capture.readers.source import Source

if TYPE_CHECKING:
    from slacheck.contract import Samples

LONGEST_LINE = 1 << 20
WORTH_IT = 1 << 22
"""Bytes of a file below which loading pyarrow takes longer than reading without it."""
_BYTES = 1 << 19
_FIRST = 1 << 15
"""Of the first block, which holds the names and is never read the quick way."""
_MERGED = 1 << 22
ROWS_COMPARED = 50
"""Rows at the end that show whether the last one is cut off; the last block has so many."""
_AHEAD = 4
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file as they stand in it; the last line of the last block may have no end."""

    raw: bytes
    encoding: str
    source: Source

    def lines(self) -> list[str]:
        """The lines, each ended by a line feed.

        Raises
        ------
        UnicodeError
            If it is not in the encoding.
        CaptureError
            If a line is too long.
        """
        found = io.StringIO(self.raw.decode(self.encoding), newline=None).readlines()
        if len(self.raw) >= LONGEST_LINE and max(map(len, found)) > LONGEST_LINE:
            raise too_long(self.source)
        return found

    def numbers(self, dialect: Dialect, wanted: Sequence[int]) -> Samples | None:
        """Columns of these indices, shape (columns, rows); None if it has to be read cell by cell."""
        raw = self.raw
        plain = raw.isascii() and b'"' not in raw and len(raw) < LONGEST_LINE and raw.endswith(b"\n")
        if not plain or raw.count(b"\r") != raw.count(b"\r\n"):
            return None
        return _parsed(raw, dialect, wanted)


def too_long(source: Source) -> Exception:
    """What is said of a line that no table has."""
    return source.error(f"a line is longer than {LONGEST_LINE} characters; this is not a table")


def blocks(source: Source, encoding: str) -> Iterator[Block]:
    """The file from its beginning; the last block is not a mere rest, if there is more than one."""
    held = None
    for raw in _whole_lines(source):
        if held is not None:
            if max(raw.count(b"\n"), raw.count(b"\r")) < ROWS_COMPARED and len(held) < _MERGED:
                held += raw
                continue
            yield Block(held, encoding, source)
            encoding = "utf-8" if encoding == "utf-8-sig" else encoding  # the mark stands at the beginning only
        held = raw
    if held is not None:
        yield Block(held, encoding, source)


def _whole_lines(source: Source) -> Iterator[bytes]:
    source.file.seek(0)
    rest = b""
    size = _FIRST
    while piece := source.file.read(size):
        piece, size = rest + piece, _BYTES
        cut = piece.rfind(b"\n") + 1 or piece.rfind(b"\r", 0, -1) + 1
        if cut == 0 and len(piece) > 4 * LONGEST_LINE:
            raise too_long(source)
        rest = piece[cut:]
        if cut:
            yield piece[:cut]
    if rest:
        yield rest


def beside(work: Callable[[Block], _Found], found: Iterable[Block]) -> Iterator[tuple[Block, _Found]]:
    """Blocks in order, each with what `work` makes of it in another thread, a few of them in advance."""
    waiting: deque[tuple[Block, Future[_Found]]] = deque()
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as threads:
        for block in found:
            waiting.append((block, threads.submit(work, block)))
            if len(waiting) > _AHEAD:
                first, result = waiting.popleft()
                yield first, result.result()
        for first, result in waiting:
            yield first, result.result()


def _parsed(raw: bytes, dialect: Dialect, wanted: Sequence[int]) -> Samples | None:
    import pyarrow as arrow
    from pyarrow import csv

    names = [str(index) for index in range(len(dialect.names))]
    columns = [names[index] for index in wanted]
    try:
        table = csv.read_csv(
            arrow.py_buffer(raw),
            csv.ReadOptions(use_threads=False, block_size=len(raw) + 1, column_names=names),
            csv.ParseOptions(delimiter=dialect.delimiter, quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types=dict.fromkeys(columns, arrow.float64()),
                include_columns=columns,
                null_values=[],
                decimal_point="," if dialect.comma else ".",
            ),
        )
    except arrow.ArrowInvalid:
        return None
    found = np.empty((len(columns), table.num_rows))
    for row, column in zip(found, table.columns, strict=True):
        # Array.to_numpy would load pandas.
        parts = [np.frombuffer(part.buffers()[1], np.float64, len(part), 8 * part.offset) for part in column.chunks]
        np.concatenate(parts, out=row)
    return found if table.num_rows == raw.count(b"\n") and bool(np.isfinite(found).all()) else None
