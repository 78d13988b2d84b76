"""A stream of samples cut into rows as long as a window, the same wherever its blocks were cut.

Every sliding measurement of this package works on *rows*: a segment's samples, from its first one
on, in lines of `length` samples. A window of `length` samples that ends in one row is the tail of
the row before and the head of this one, so tails and heads accumulated once serve all windows
(van Herk 1992; Gil and Werman 1993): a constant number of operations per sample for any length,
and no sum ever has more terms than the window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Block, Place, Samples


BATCH = 1 << 16
"""Samples that are worked on at a time, so that they stay in cache; a longer window is one row."""
ON_GRID = 1e-3
"""A window within this part of a sample interval of a whole number of intervals counts as whole."""


@dataclass(slots=True)
class Timeline:
    """Where a stream of blocks stands: which segment, and how far into it.

    Parameters
    ----------
    interval : float
        Sample interval. [s]
    """

    interval: float
    segment: int | None = None
    origin: float = 0.0
    """Time of the segment's first sample. [s]"""
    start: int = 0
    """Index of that sample on the record's grid."""
    first: int | None = None
    """Index on the record's grid of the first sample of all."""
    last: int = -1
    """The same of the last sample seen."""

    def enter(self, block: Block) -> bool:
        """Take note of a block; whether it opens a new segment."""
        opens = block.segment != self.segment
        if opens:
            self.segment, self.origin, self.start = block.segment, block.first_time, block.start
        if self.first is None:
            self.first = block.start
        self.last = block.start + block.samples.shape[1] - 1
        return opens

    def begin(self, place: Place) -> None:
        """Stand in a segment behind samples that are not seen."""
        self.segment, self.origin, self.start, self.first = place.segment, place.origin, place.start, place.start
        self.last = place.start + place.unseen - 1

    def time(self, index: int) -> float:
        """Time of sample `index` of the segment. [s]"""
        return self.origin + index * self.interval

    def time_at(self, index: int) -> float:
        """Time of the sample with this index on the record's grid, in the segment. [s]"""
        return self.time(index - self.start)

    @property
    def last_time(self) -> float:
        """Time of the last sample seen. [s]"""
        return self.time_at(self.last)

    @property
    def span(self) -> int:
        """Samples that a record without gaps would have had from the first to the last."""
        return 0 if self.first is None else self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a segment, with the row before them in front.

    Parameters
    ----------
    values : ndarray, shape (rows + 1, length)
        Row 0 is the one before; before the segment's first row it repeats the first sample. The last row is filled
        up with its last sample.
    start : int
        Index in the segment of the first sample of `values[1]`.
    count : int
        Samples of `values[1:]` that are real.
    """

    values: Samples
    start: int
    count: int


@dataclass(slots=True)
class RowCutter:
    """Cuts one segment after another into `Rows` of `length` samples."""

    length: int
    _pending: list[Samples] = field(default_factory=list)
    _size: int = 0
    _start: int = 0
    _before: Samples | None = None

    @property
    def memory(self) -> int:
        """Samples after which nothing is left of what came before: a batch, and the row before it."""
        return 3 * self._batch

    def enter(self, unseen: int) -> int:
        """Begin behind so many samples of the segment; the index of the first sample that comes out, made up or not."""
        self._size = unseen % self._batch
        self._start = unseen - self._size
        self._pending, self._before = [np.zeros(self._size)], np.zeros(self.length)
        return self._start

    def push(self, samples: Samples) -> Iterator[Rows]:
        """Take the next samples of the segment, shape (n,)."""
        while samples.size:
            taken = samples[: self._batch - self._size]
            samples = samples[taken.size :]
            self._pending.append(taken)
            self._size += taken.size
            if self._size == self._batch:
                yield self._emit()

    def close(self) -> Iterator[Rows]:
        """End the segment; what is left comes out."""
        if self._size:
            yield self._emit()
        self._before, self._start = None, 0

    @property
    def _batch(self) -> int:
        """Samples that come out together."""
        return self.length * max(1, BATCH // self.length)

    def _emit(self) -> Rows:
        pending, count = self._pending, self._size
        before = np.full(self.length, pending[0][0]) if self._before is None else self._before
        filling = np.full(-count % self.length, pending[-1][-1])
        values = np.concatenate((before, *pending, filling)).reshape(-1, self.length)
        rows = Rows(values, self._start, count)
        self._before = values[-1].copy()
        self._start += count
        self._pending, self._size = [], 0
        return rows


def sliding(operation: np.ufunc, rows: Samples) -> Samples:
    """`operation` over the `length` samples that end at each sample of `rows[1:]`.

    Parameters
    ----------
    operation : ufunc
        np.add, np.maximum or np.minimum.
    rows : ndarray, shape (m + 1, length)
        As in `Rows.values`.

    Returns
    -------
    ndarray, shape (m, length)
    """
    return across(operation, rows[:-1], rows[1:])


def across(operation: np.ufunc, before: Samples, rows: Samples) -> Samples:
    """`sliding` over some rows, each with the one that it follows; shapes (m, length)."""
    heads: Samples = operation.accumulate(rows, axis=1)
    tails = operation.accumulate(before[:, ::-1], axis=1)[:, ::-1]
    operation(heads[:, :-1], tails[:, 1:], out=heads[:, :-1])
    return heads


def whole_windows(window: float, interval: float) -> tuple[tuple[int, float], ...]:
    """Whole numbers of sample intervals that stand for a window, with their weights.

    One pair where the window is a whole number of intervals (within a thousandth of one), else
    the numbers below and above it, weighted by how near they are. At least one interval.

    Examples
    --------
    >>> whole_windows(1.0, 0.25)
    ((4, 1.0),)
    >>> whole_windows(1.0, 0.4)
    ((2, 0.5), (3, 0.5))
    """
    exact = window / interval
    nearest = round(exact)
    if nearest < 1 or abs(exact - nearest) <= ON_GRID:
        return ((max(1, nearest), 1.0),)
    below = max(1, math.floor(exact))
    if below > exact:
        return ((below, 1.0),)
    above_weight = exact - below
    return (below, 1.0 - above_weight), (below + 1, above_weight)


@dataclass(slots=True)
class TrailingMean:
    """Mean over the last `window` seconds, at the rate of its input.

    Sample i stands for the time since the sample before it, so the oldest sample counts with the
    part of its interval that lies in the window, and the window has exactly its length. The
    first output is where the window is full.

    Parameters
    ----------
    window : float
        One sample interval or less changes nothing. [s]
    interval : float
        [s]
    """

    window: float
    interval: float
    lead: int = field(init=False)
    """Samples at the start of a segment that have no full window behind them."""
    _whole: int = field(init=False)
    _part: float = field(init=False)
    _cutter: RowCutter = field(init=False)

    def __post_init__(self) -> None:
        """Split the window into whole samples and a part of one."""
        exact = max(1.0, self.window / self.interval)
        nearest = round(exact)
        self._whole = nearest if abs(exact - nearest) <= ON_GRID else math.floor(exact)
        self._part = 0.0 if self._whole == nearest and abs(exact - nearest) <= ON_GRID else exact - self._whole
        self.lead = self._whole - 1 + (self._part > 0.0)
        self._cutter = RowCutter(self._whole)

    @property
    def samples(self) -> float:
        """Samples that the mean is of; white noise falls by its square root."""
        return self._whole + self._part

    @property
    def memory(self) -> int:
        """Samples before a mean from which on nothing earlier changes a bit of it."""
        return 0 if self.lead == 0 else self._cutter.memory

    def enter(self, unseen: int) -> int:
        """Begin behind so many samples of the segment; the index of the first mean that comes out."""
        return unseen if self.lead == 0 else max(0, self._cutter.enter(unseen) - self.lead)

    def push(self, samples: Samples) -> Iterator[Samples]:
        """Means that the next samples of the segment complete."""
        if self.lead == 0:
            yield samples
            return
        for rows in self._cutter.push(samples):
            yield self._means(rows)

    def close(self) -> Iterator[Samples]:
        """End the segment."""
        for rows in self._cutter.close():
            yield self._means(rows)

    def _means(self, rows: Rows) -> Samples:
        reference = rows.values[0, 0]
        centred = rows.values - reference
        total = sliding(np.add, centred)
        if self._part > 0.0:
            total += self._part * centred[:-1]
        means: Samples = (total / self.samples + reference).ravel()
        return means[max(0, self.lead - rows.start) : rows.count]
