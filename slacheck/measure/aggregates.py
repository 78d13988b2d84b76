"""Aggregates of a record, block after block of its clock, and how many of them lie inside a band.

Memory does not grow with the record: of each bound only a histogram of the distances to it is
kept, whose bins are 2^-12 of the distance wide. What lies on either side of a bound is counted
exactly; of a bound that is moved afterwards, by an uncertainty, to within one bin.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from slacheck.measure.quantile import Histogram
from slacheck.measure.windows import BATCH, ON_GRID, Timeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Block, Place, Samples

Band = tuple[float | None, float | None]
"""Lower and upper bound, inclusive; None is open. [SI]"""
Starts: TypeAlias = "NDArray[np.int64] | range"
ON_BOUND = 1e-13
"""A value within this part of a bound is on it: what rounding does to the mean of equal samples is less."""
_ON_CELL = 1e-6
"""Borders of aggregates this near after a sample are at it. [samples]"""


@dataclass(slots=True)
class Distances:
    """How far values lie inside and outside one bound."""

    _inside: Histogram = field(default_factory=Histogram)
    _outside: Histogram = field(default_factory=Histogram)
    count: int = 0

    def update(self, distances: Samples, least: float) -> None:
        """Count more values by their distance, positive inside, shape (n,), n > 0; `least` is the smallest."""
        self._inside.update(distances)
        if least < 0.0:
            self._outside.update(-distances[distances < 0.0])
        self.count += distances.size

    def merge(self, earlier: Distances) -> None:
        """Count what was counted before."""
        self._inside.merge(earlier._inside)
        self._outside.merge(earlier._outside)
        self.count += earlier.count

    @property
    def outside(self) -> int:
        """Values beyond the bound, exactly; those on it are inside."""
        return self._outside.count

    def surely_outside(self, shift: float) -> int:
        """Values beyond the bound by more than `shift` >= 0, those of the bin that it cuts left out."""
        return self.outside if shift == 0.0 else _above(self._outside, shift)

    def possibly_outside(self, shift: float) -> int:
        """Values not inside by `shift` >= 0 or more, those of the bin that it cuts included."""
        return self.outside if shift == 0.0 else self.count - _above(self._inside, shift)


def _above(counts: Histogram, threshold: float) -> int:
    """How many numbers are in bins that lie wholly above the threshold."""
    ranks = range(1, counts.count + 1)
    return counts.count - bisect_right(ranks, threshold, key=lambda rank: counts.bracket(rank)[0])


@dataclass(slots=True)
class BandCount:
    """Counts the values inside one band and keeps the one that is furthest out.

    Parameters
    ----------
    band : (float or None, float or None)
        [SI]
    low, high : Distances or None
        To the lower and the upper bound.
    excess : float or None
        How far the worst value lies outside, negative inside; None before the first one. [SI]
    value : float
        The worst value. [SI]
    time : float
        Where its aggregate begins. [s]
    """

    band: Band
    low: Distances | None = field(init=False)
    high: Distances | None = field(init=False)
    excess: float | None = None
    value: float = 0.0
    time: float = 0.0

    def __post_init__(self) -> None:
        """Distances to the bounds there are."""
        self.low = None if self.band[0] is None else Distances()
        self.high = None if self.band[1] is None else Distances()

    def update(self, values: Samples, starts: tuple[Timeline, Starts]) -> None:
        """Take values of aggregates, shape (n,), n > 0, that begin at these samples of the timeline's segment."""
        found: list[tuple[float, int]] = []
        if self.band[0] is not None and self.low is not None:
            found.append(_counted(self.low, values - self.band[0], self.band[0]))
        if self.band[1] is not None and self.high is not None:
            found.append(_counted(self.high, self.band[1] - values, self.band[1]))
        inwards, worst = min(found)
        if self.excess is None or -inwards > self.excess:
            self.excess, self.value = -inwards, float(values[worst])
            self.time = starts[0].time(int(starts[1][worst]))

    def merge(self, earlier: BandCount) -> None:
        """Take over what was counted before; of equal values the first is the worst."""
        if self.low is not None and earlier.low is not None:
            self.low.merge(earlier.low)
        if self.high is not None and earlier.high is not None:
            self.high.merge(earlier.high)
        if earlier.excess is not None and (self.excess is None or earlier.excess >= self.excess):
            self.excess, self.value, self.time = earlier.excess, earlier.value, earlier.time

    @property
    def outside(self) -> int:
        """Values outside the band."""
        return sum(distances.outside for distances in (self.low, self.high) if distances is not None)


def _counted(distances: Distances, inwards: Samples, bound: float) -> tuple[float, int]:
    """The least of some distances from a bound, and the first place that has it; all are counted."""
    least, on_bound = int(np.argmin(inwards)), ON_BOUND * abs(bound)
    if inwards[least] <= on_bound:
        inwards[np.abs(inwards) <= on_bound] = 0.0
        least = int(np.argmin(inwards))
    distances.update(inwards, float(inwards[least]))
    return float(inwards[least]), least


@dataclass(frozen=True, slots=True)
class AggregateReading:
    """What the aggregates of a record show.

    Parameters
    ----------
    bands : tuple of BandCount
        In the order asked for.
    valid : int
        Aggregates that have all their samples.
    samples : float
        Samples in an aggregate, on average.
    first, last : int
        Index on the record's grid of the first sample of aggregate 0, and of the last sample seen (-1: none).
    """

    bands: tuple[BandCount, ...]
    valid: int
    samples: float
    first: int
    last: int

    def whole(self, samples: int) -> int:
        """Aggregates that `samples` samples without gaps would have filled."""
        return max(0, math.floor((samples + _ON_CELL) / self.samples))


@dataclass(slots=True)
class AggregateMeter:
    r"""Aggregates of one signal: over samples k L <= t < (k + 1) L, k = 0, 1, ... from its first sample on.

    .. math:: \text{mean: } \frac{1}{n} \sum_i x_i \qquad \text{rms: } \sqrt{\frac{1}{n} \sum_i x_i^2}

    An aggregate that lacks a sample is left out. `length` None makes every sample its own
    aggregate. An aggregate longer than 65536 samples is summed in equal parts, so that memory
    does not grow with it.

    Parameters
    ----------
    interval : float
        [s]
    length : float or None
        L. Within a thousandth of a sample interval of a whole number of intervals it is taken as whole. [s]
    method : {"rms", "mean", "none"}
        "none" goes with `length` None.
    bands : tuple of (float or None, float or None)
        [SI]
    lead : float
        A derived signal has no values for this long at most; aggregates are counted from its first one. [s]
    """

    interval: float
    length: float | None
    method: Literal["rms", "mean", "none"]
    bands: tuple[Band, ...]
    lead: float = 0.0
    valid: int = 0
    _samples: float = field(init=False)
    _parts: int = field(init=False)
    """Parts that an aggregate is summed in."""
    _timeline: Timeline = field(init=False)
    _counts: tuple[BandCount, ...] = field(init=False)
    _first: int | None = None
    _held: Samples = field(default_factory=lambda: np.empty(0))
    """Samples, or squares of them, that no part has taken yet."""
    _next: int = 0
    """Number of the next part, from the record's first aggregate."""
    _sums: list[float] = field(default_factory=list)
    """Parts of an aggregate that is not complete."""

    def __post_init__(self) -> None:
        """Samples in an aggregate, and in how many parts they are summed."""
        exact = 1.0 if self.length is None else max(1.0, self.length / self.interval)
        self._samples = float(round(exact)) if abs(exact - round(exact)) <= ON_GRID else exact
        self._parts = math.ceil(self._samples / BATCH)
        self._timeline = Timeline(self.interval)
        self._counts = tuple(BandCount(band) for band in self.bands)

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        if self._first is None:
            self._first = self._first_of(block.start)
        if self._timeline.enter(block):
            self._open(block.start - self._first)
        row = block.samples[0]
        if self._samples == 1.0:
            begin = block.start - self._timeline.start
            self._count(np.abs(row) if self.method == "rms" else row, range(begin, begin + row.size))
            return
        self._held = np.concatenate((self._held, row * row if self.method == "rms" else row))
        self._take(block.start + row.size - self._first)

    def reading(self) -> AggregateReading:
        """Counts of all bands."""
        return AggregateReading(self._counts, self.valid, self._samples, self._first or 0, self._timeline.last)

    @property
    def memory(self) -> int:
        """As of `contract.Divisible`, as all of these."""
        return 2 * math.ceil(self._samples)

    def enter(self, place: Place) -> None:
        """Begin behind samples that are not seen."""
        self._timeline.begin(place)
        self._first = self._first_of(place.start)
        self._open(place.start + place.unseen - self._first)

    def forget(self) -> None:
        """What was found so far belongs to the piece before."""
        self.valid, self._counts = 0, tuple(BandCount(band) for band in self.bands)

    def merge(self, earlier: AggregateMeter) -> None:
        """Take over what was found before."""
        self.valid += earlier.valid
        for count, before in zip(self._counts, earlier._counts, strict=True):
            count.merge(before)

    def _first_of(self, start: int) -> int:
        """First sample of aggregate 0 in a record that begins at this index."""
        return min(start, math.ceil(self.lead / self.interval - _ON_CELL))

    def _edges(self, numbers: Samples) -> np.ndarray:
        """First samples of parts, from the first of aggregate 0."""
        if self._samples.is_integer():  # parts of a whole aggregate are whole numbers, exactly
            whole = numbers.astype(np.int64) * int(self._samples)
            return np.asarray(-(-whole // self._parts))
        exact = numbers * (self._samples / self._parts)
        return np.ceil(exact - _ON_CELL).astype(np.int64)

    def _edge(self, number: int) -> int:
        return int(self._edges(np.array([float(number)]))[0])

    def _open(self, position: int) -> None:
        """A segment begins at this sample: the first part that begins in it, and nothing held before that."""
        self._held, self._sums = np.empty(0), []
        self._next = max(0, math.floor(position * self._parts / self._samples) - 1)
        while self._edge(self._next) < position:
            self._next += 1

    def _take(self, end: int) -> None:
        """Sum every part that ends before sample `end`; what is held ends there."""
        count = max(0, math.floor((end - self._edge(self._next)) * self._parts / self._samples) + 2)
        edges = self._edges(np.arange(self._next, self._next + count + 1, dtype=np.float64))
        edges = edges[: int(np.searchsorted(edges, end, "right"))]
        begin = end - self._held.size
        if edges.size > 1:
            self._aggregate(edges, _sums(self._held, edges - begin))
            self._next += edges.size - 1
        unused = min(max(0, self._edge(self._next) - begin), self._held.size)
        self._held = self._held[unused:].copy()

    def _aggregate(self, edges: np.ndarray, sums: Samples) -> None:
        starts, stops, totals = edges[:-1], edges[1:], sums
        if self._parts > 1:
            found = list(self._joined(edges, sums))
            starts, stops = (np.array([each[i] for each in found], dtype=np.int64) for i in (0, 1))
            totals = np.array([each[2] for each in found], dtype=np.float64)
        if totals.size == 0:
            return
        means = totals / (stops - starts)
        values: Samples = np.sqrt(means) if self.method == "rms" else means
        self._count(values, starts - (self._timeline.start - (self._first or 0)))

    def _count(self, values: Samples, starts: Starts) -> None:
        self.valid += values.size
        for count in self._counts:
            count.update(values, (self._timeline, starts))

    def _joined(self, edges: np.ndarray, sums: Samples) -> Iterator[tuple[int, int, float]]:
        """First sample, end and sum of each aggregate that these parts complete."""
        for i, part in enumerate(sums.tolist()):
            number = self._next + i
            if number % self._parts == 0:
                self._sums = []
            self._sums.append(part)
            if number % self._parts == self._parts - 1 and len(self._sums) == self._parts:
                yield self._edge(number + 1 - self._parts), int(edges[i + 1]), math.fsum(self._sums)


def _sums(samples: Samples, edges: np.ndarray) -> Samples:
    """Sum between neighbouring edges, each by itself, whatever stands beside it."""
    totals = np.empty(edges.size - 1)
    lengths = np.diff(edges)
    for length in np.unique(lengths).tolist():
        chosen = np.flatnonzero(lengths == length)
        rows = np.lib.stride_tricks.sliding_window_view(samples, length)
        at_once = max(1, BATCH // length)
        for i in range(0, chosen.size, at_once):
            some = chosen[i : i + at_once]
            totals[some] = np.sum(rows[edges[some]], axis=1)
    return totals
