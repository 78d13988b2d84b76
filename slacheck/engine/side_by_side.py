"""Things done side by side in threads: reading and arithmetic let go of the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Threads:
    """Some threads, or none: then all is done one after the other where it is asked for."""

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        self._pool = pool

    def each(self, do: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """`do` of each item, in the order of the items.

        Raises
        ------
        Exception
            Of the first item, in their order, that raised one; items that have not begun are left out.
        """
        if self._pool is None or len(items) <= 1:
            return [do(item) for item in items]
        futures = [self._pool.submit(do, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def ahead(self, do: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """`do` of one item after the other; the next is begun while the last is worked on."""
        if self._pool is None or len(items) <= 1:
            yield from map(do, items)
            return
        begun = self._pool.submit(do, items[0])
        for item in items[1:]:
            done = begun.result()
            begun = self._pool.submit(do, item)
            yield done
        yield begun.result()


@contextmanager
def threads(jobs: int) -> Iterator[Threads]:
    """So many threads, for as long as the block lasts; one job is no thread of its own."""
    if jobs <= 1:
        yield Threads(None)
        return
    pool = ThreadPoolExecutor(jobs)
    try:
        yield Threads(pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def side_by_side(do: Callable[[T], R], items: Sequence[T], jobs: int) -> list[R]:
    """`do` of each item, up to `jobs` at a time, in the order of the items; raises as `Threads.each`."""
    with threads(min(jobs, len(items))) as some:
        return some.each(do, items)
