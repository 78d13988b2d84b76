"""Captures done side by side in threads: reading, and arithmetic on long arrays, let go of the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(do: Callable[[T], R], items: Sequence[T], jobs: int) -> list[R]:
    """`do` of each item, up to `jobs` at a time, in the order of the items; one job is no thread of its own.

    Raises
    ------
    Exception
        Of the first item, in their order, that raised one; items that have not begun are left out.
    """
    if min(jobs, len(items)) <= 1:
        return [do(item) for item in items]
    with ThreadPoolExecutor(min(jobs, len(items))) as pool:
        futures = [pool.submit(do, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
