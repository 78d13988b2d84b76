"""Columns on disk: rows go in piece by piece, each column comes out as one array-like.

The file has no name (it is gone when the process is, however that ends) and memory does not grow
with the record.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from slacheck.capture.readers.mapped import is_mapped, let_go, mapped
from slacheck.errors import CaptureError, Diagnostic

if TYPE_CHECKING:
    from slacheck.contract import Samples

ROWS = 4096
"""Rows that stand together in the file; a column's share of them is contiguous."""
_SMALL = 1 << 20
_RATIO = 200
_FLOOR = 1 << 26
_FLOAT = np.dtype(np.float64)


class ColumnStore:
    """Takes blocks of rows, gives columns.

    Parameters
    ----------
    columns : int
        How many columns.
    place : str
        The file being read, for messages.
    """

    def __init__(self, columns: int, place: str) -> None:
        self.count = 0
        self._place = place
        self._buffer = np.zeros((columns, ROWS), dtype=np.int64)
        self._filled = 0
        self._file = tempfile.TemporaryFile(prefix="slacheck-")  # noqa: SIM115  (closed on leaving)

    def __enter__(self) -> ColumnStore:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file; columns that were handed out keep their mapping of it."""
        self._file.close()

    def append(self, block: np.ndarray[Any, Any]) -> None:
        """Take rows.

        Parameters
        ----------
        block : ndarray of float64 or int64, shape (columns, n)
            Bits are kept as they are.
        """
        words = np.ascontiguousarray(block).view(np.int64)
        taken = 0
        while taken < words.shape[1]:
            fits = min(ROWS - self._filled, words.shape[1] - taken)
            self._buffer[:, self._filled : self._filled + fits] = words[:, taken : taken + fits]
            self._filled += fits
            taken += fits
            if self._filled == ROWS:
                self._flush()
        self.count += words.shape[1]

    def _flush(self) -> None:
        try:
            self._file.write(self._buffer.data)
        except OSError as error:
            raise no_room(self._place, error) from None
        self._filled = 0

    def finish(self) -> list[StoredColumn]:
        """The columns, all rows in; the store takes no more."""
        if self._filled:
            self._flush()
        self._file.flush()
        columns = self._buffer.shape[0]
        pieces = -(-self.count // ROWS)
        if columns == 0 or pieces == 0:
            return [StoredColumn(np.empty((0, ROWS), dtype=np.int64), 0)] * columns
        words = mapped(self._file, np.int64, (pieces, columns, ROWS))
        return [StoredColumn(words[:, index, :], self.count) for index in range(columns)]


class StoredColumn:
    """A column of a finished store, float64 unless `as_integers`."""

    def __init__(self, words: np.ndarray[Any, Any], count: int, integers: bool = False) -> None:
        self._words = words
        self._count = count
        self._integers = integers

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: slice, /) -> np.ndarray[Any, Any]:
        start, stop, _ = index.indices(self._count)
        if start >= stop:
            return np.empty(0, dtype=np.int64 if self._integers else np.float64)
        first = start // ROWS
        words = np.ascontiguousarray(self._words[first : -(-stop // ROWS)]).reshape(-1)
        words = words[start - first * ROWS : stop - first * ROWS]
        let_go(self._words)
        return words if self._integers else words.view(np.float64)

    def as_integers(self) -> StoredColumn:
        """The same bits read as int64."""
        return StoredColumn(self._words, self._count, integers=True)


class MappedColumn:
    """A column that stays in the file, mapped: codes, and what gives their values as float64."""

    def __init__(self, codes: np.ndarray[Any, Any], values: Callable[[np.ndarray[Any, Any]], Samples]) -> None:
        self._codes = codes
        self._values = values

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, index: slice, /) -> Samples:
        values = self._values(self._codes[index])
        let_go(self._codes)
        return values


def stays_in_file(values: object) -> bool:
    """Whether values were `mapped` from the recording itself: whoever needs a part of them reads that part alone."""
    array: Any = values._codes if isinstance(values, MappedColumn) else values
    return isinstance(array, np.ndarray) and not array.flags.writeable and is_mapped(array)


def scratch(count: int, place: str, kind: np.dtype[Any] = _FLOAT) -> np.ndarray[Any, Any]:
    """An array to fill: in memory where it is small, else on disk, without a name.

    Raises
    ------
    CaptureError
        If there is no room for it; `place` is the file being read.
    """
    if count <= _SMALL:
        return np.empty(count, dtype=kind)
    with tempfile.TemporaryFile(prefix="slacheck-") as file:
        try:
            if hasattr(os, "posix_fallocate"):  # else a full disk would show only as the pages are written
                os.posix_fallocate(file.fileno(), 0, count * kind.itemsize)
            else:
                file.truncate(count * kind.itemsize)
            return mapped(file, kind, (count,), filled=False)
        except OSError as error:
            raise no_room(place, error) from None


def no_room(place: str, error: OSError) -> CaptureError:
    """What is said where temporary space is used up."""
    return CaptureError(Diagnostic(place, f"no room for the columns: {error.strerror}"))


def check_budget(place: str, needed: int, size: int) -> None:
    """Refuse what a small file claims to hold, before anything is allocated.

    Parameters
    ----------
    needed, size : int
        What the columns take when read, and what the file has. [bytes]

    Raises
    ------
    CaptureError
        If a file of this size should not hold so much, or the disk does not.
    """
    if needed > max(_FLOOR, _RATIO * size):
        raise CaptureError(
            Diagnostic(
                place,
                f"the file of {size} bytes claims to hold {needed} bytes of samples, more than {_RATIO} times its size",
                fix="write it without compression if that is right",
            )
        )
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if needed > free:
        raise CaptureError(
            Diagnostic(
                place,
                f"its columns need {needed} bytes of temporary space, {free} are free",
                fix="set TMPDIR to a larger disk",
            )
        )
