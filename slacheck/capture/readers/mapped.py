"""Files that are mapped, not read: what was looked at is let go of, so that memory does not grow with the record.

Pages of a mapped file count as memory of the process that looked at them until something else needs
the room, and limits on processes and containers count them too.
"""

from __future__ import annotations

import mmap
from typing import Any, BinaryIO

import numpy as np

_SMALL = 1 << 24
"""Bytes of a mapping that need not be let go of."""


class _FileMap(mmap.mmap):
    """A mapping that is made here, of the file itself: what is let go of can always be read again."""


def mapped(
    file: BinaryIO, dtype: Any, shape: tuple[int, ...], *, offset: int = 0, fortran: bool = False, filled: bool = True
) -> np.ndarray[Any, Any]:
    """An array that stays in its file.

    Parameters
    ----------
    file : binary file
        Not empty, and long enough; it may be closed afterwards.
    dtype : data type
        Of the array.
    shape : tuple of int
        Of the array.
    offset : int
        Where the array begins. [bytes]
    fortran : bool
        Whether its first index changes fastest.
    filled : bool
        Whether the array is there already; else what is written into it goes to the file.
    """
    pages = _FileMap(file.fileno(), 0, access=mmap.ACCESS_READ if filled else mmap.ACCESS_WRITE)
    return np.ndarray(shape, dtype, pages, offset, order="F" if fortran else "C")


def is_mapped(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array is any part of a `mapped` one."""
    return _pages(array) is not None


def let_go(array: np.ndarray[Any, Any]) -> None:
    """Give back the pages behind any part of a `mapped` array; they come again when they are looked at.

    An array from elsewhere is left alone: what somebody changed in a private mapping would be lost.
    """
    pages = _pages(array)
    if pages is not None and len(pages) > _SMALL and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)


def _pages(array: np.ndarray[Any, Any]) -> _FileMap | None:
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, _FileMap) else None
