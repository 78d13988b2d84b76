"""Statistics over all windows of a record, and the range of a signal in a sliding window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.quantile import Histogram, nearest_rank
from slacheck.measure.windows import RowCutter, Rows, Timeline, TrailingMean, across, whole_windows

if TYPE_CHECKING:
    from slacheck.contract import Block, Place, Samples

Share = tuple[int, int]


@dataclass(frozen=True, slots=True)
class WindowStatistic:
    """A statistic over the windows of a record.

    Parameters
    ----------
    value : float
        Zero or more.
    low, high : float or None
        Bracket from the histogram, from windows that are missing and from a window that is not a whole number of
        samples; `high` is None where missing windows leave it open.
    time : float
        End of the window with the largest value. [s]
    largest : float
        The largest value itself.
    windows, possible : int
        Windows measured, and windows that the record would have had without gaps.
    """

    value: float
    low: float
    high: float | None
    time: float
    largest: float
    windows: int
    possible: int


@dataclass(slots=True)
class WindowValues:
    """Takes one value per window, keeps the largest and, if a quantile is wanted, a histogram.

    Parameters
    ----------
    share : (int, int), optional
        Quantile as a fraction of whole numbers; None is the maximum.
    """

    share: Share | None = None
    largest: float | None = None
    time: float = 0.0
    windows: int = 0
    _counts: Histogram = field(default_factory=Histogram)

    def update(self, values: Samples, ends: tuple[Timeline, int, int]) -> None:
        """Take values of windows; window i ends at sample `first + i * stride` of the timeline's segment.

        Parameters
        ----------
        values : ndarray, shape (n,)
        ends : (Timeline, int, int)
            Timeline, first, stride.
        """
        if values.size == 0:
            return
        timeline, first, stride = ends
        self.windows += values.size
        position = int(np.argmax(values))
        self.enter(float(values[position]), timeline, first + position * stride)
        if self.share is not None:
            self._counts.update(values)

    def enter(self, value: float, timeline: Timeline, end: int) -> None:
        """Keep the value of a window that ends at this sample, if it is the largest so far."""
        if self.largest is None or value > self.largest:
            self.largest, self.time = value, timeline.time(end)

    def merge(self, earlier: WindowValues) -> None:
        """Take over what was kept of windows before these; of equal ones the first is the largest."""
        self.windows += earlier.windows
        if earlier.largest is not None and (self.largest is None or earlier.largest >= self.largest):
            self.largest, self.time = earlier.largest, earlier.time
        self._counts.merge(earlier._counts)

    def statistic(self, possible: int) -> WindowStatistic | None:
        """The statistic, negative values as zero; None without a window."""
        if self.largest is None:
            return None
        largest = max(0.0, self.largest)
        possible = max(possible, self.windows)
        if self.share is None:
            return WindowStatistic(largest, largest, largest, self.time, largest, self.windows, possible)
        value = sum(self._counts.bracket(nearest_rank(self.windows, self.share))) / 2.0
        rank = nearest_rank(possible, self.share)
        rank_low = rank - (possible - self.windows)
        low = self._counts.bracket(rank_low)[0] if rank_low >= 1 else 0.0
        high = self._counts.bracket(rank)[1] if rank <= self.windows else None
        return WindowStatistic(value, low, high, self.time, largest, self.windows, possible)


def between_whole_windows(parts: list[tuple[float, WindowStatistic]]) -> WindowStatistic:
    """Statistic for a window between two whole numbers of samples: in proportion, the bracket holding both."""
    if len(parts) == 1:
        return parts[0][1]
    found = [statistic for _, statistic in parts]
    highs = [statistic.high for statistic in found]
    return WindowStatistic(
        value=sum(weight * statistic.value for weight, statistic in parts),
        low=min(statistic.low for statistic in found),
        high=None if None in highs else max(high for high in highs if high is not None),
        time=found[0].time,
        largest=sum(weight * statistic.largest for weight, statistic in parts),
        windows=min(statistic.windows for statistic in found),
        possible=max(statistic.possible for statistic in found),
    )


def _swings(before: Samples, rows: Samples) -> Samples:
    """Range, max - min, over the samples of a row's length that end at each sample of it."""
    swings = across(np.maximum, before, rows)
    swings -= across(np.minimum, before, rows)
    return swings


@dataclass(slots=True)
class SlidingRange:
    """max - min of the `intervals` + 1 samples that end at each sample of a segment."""

    intervals: int
    values: WindowValues
    _cutter: RowCutter = field(init=False)

    def __post_init__(self) -> None:
        """Rows as long as the window."""
        self._cutter = RowCutter(self.intervals + 1)

    @property
    def memory(self) -> int:
        """As of `contract.Divisible`."""
        return self._cutter.memory

    def enter(self, unseen: int) -> None:
        """Begin behind so many samples of the segment."""
        self._cutter.enter(unseen)

    def forget(self) -> None:
        """Begin to count anew."""
        self.values = WindowValues(self.values.share)

    def merge(self, earlier: SlidingRange) -> None:
        """Take over what was found before."""
        self.values.merge(earlier.values)

    def push(self, samples: Samples, timeline: Timeline, lead: int) -> None:
        """Take the next samples; the first one of the segment is sample `lead` of the timeline."""
        self._take(self._cutter.push(samples), timeline, lead)

    def close(self, timeline: Timeline, lead: int) -> None:
        """End the segment."""
        self._take(self._cutter.close(), timeline, lead)

    def _take(self, batches: Iterator[Rows], timeline: Timeline, lead: int) -> None:
        for rows in batches:
            skipped, first = max(0, self.intervals - rows.start), lead + rows.start
            if rows.count <= skipped:
                continue
            if self.values.share is None:
                self.values.windows += rows.count - skipped
                swing, place = self._widest(rows, skipped)
                self.values.enter(swing, timeline, first + place)
            else:
                swings = _swings(rows.values[:-1], rows.values[1:]).ravel()
                self.values.update(swings[skipped : rows.count], (timeline, first + skipped, 1))

    def _widest(self, rows: Rows, skipped: int) -> tuple[float, int]:
        """Largest range of the windows, and the first sample that one with it ends at; of a row only if it may count.

        A window lies in a row and the one before, so their range together is the most that it can have.
        """
        highest, lowest = np.max(rows.values, axis=1), np.min(rows.values, axis=1)
        most = np.maximum(highest[:-1], highest[1:]) - np.minimum(lowest[:-1], lowest[1:])
        chosen = np.flatnonzero(most > (-1.0 if self.values.largest is None else self.values.largest))
        if chosen.size == 0:
            return -1.0, 0
        swings = _swings(rows.values[chosen], rows.values[chosen + 1])
        ends = chosen[:, np.newaxis] * swings.shape[1] + np.arange(swings.shape[1])
        swings[(ends < skipped) | (ends >= rows.count)] = -1.0
        place = int(np.argmax(swings))
        return float(swings.ravel()[place]), int(ends.ravel()[place])

    def possible(self, span: int) -> int:
        """Windows in a record of `span` samples without gaps."""
        return max(0, span - self.intervals)


@dataclass(slots=True)
class RangeMeter:
    """Largest (or a quantile) of max - min over all windows of `window` seconds, both ends included.

    A window lies in one segment. Where it is not a whole number of sample intervals, the numbers
    below and above are both measured.

    Parameters
    ----------
    interval, window : float
        [s]
    pre_average : float
        Trailing mean taken first; 0 for none. [s]
    share : (int, int), optional
        Quantile; None is the maximum.
    """

    interval: float
    window: float
    pre_average: float = 0.0
    share: Share | None = None
    _timeline: Timeline = field(init=False)
    _mean: TrailingMean = field(init=False)
    _ranges: tuple[tuple[float, SlidingRange], ...] = field(init=False)

    def __post_init__(self) -> None:
        """One sliding range for each whole number of intervals."""
        self._timeline = Timeline(self.interval)
        self._mean = TrailingMean(self.pre_average, self.interval)
        self._ranges = tuple(
            (weight, SlidingRange(n, WindowValues(self.share)))
            for n, weight in whole_windows(self.window, self.interval)
        )

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        if self._timeline.segment not in (None, block.segment):
            self._close()
        self._timeline.enter(block)
        for samples in self._mean.push(block.samples[0]):
            self._push(samples)

    @property
    def memory(self) -> int:
        """As of `contract.Divisible`, as all of these."""
        return self._mean.memory + self._mean.lead + max(part.memory for _, part in self._ranges)

    def enter(self, place: Place) -> None:
        """Begin behind samples that are not seen."""
        self._timeline.begin(place)
        unseen = self._mean.enter(place.unseen)
        for _, part in self._ranges:
            part.enter(unseen)

    def forget(self) -> None:
        """What was found so far belongs to the piece before."""
        for _, part in self._ranges:
            part.forget()

    def merge(self, earlier: RangeMeter) -> None:
        """Take over what was found before."""
        for (_, part), (_, before) in zip(self._ranges, earlier._ranges, strict=True):
            part.merge(before)

    def reading(self) -> WindowStatistic | None:
        """The statistic [SI]; None where no window was complete."""
        self._close()
        span = self._timeline.span - self._mean.lead
        found = [(weight, part.values.statistic(part.possible(span))) for weight, part in self._ranges]
        complete = [(weight, statistic) for weight, statistic in found if statistic is not None]
        return between_whole_windows(complete) if len(complete) == len(found) else None

    def _push(self, samples: Samples) -> None:
        for _, part in self._ranges:
            part.push(samples, self._timeline, self._mean.lead)

    def _close(self) -> None:
        for samples in self._mean.close():
            self._push(samples)
        for _, part in self._ranges:
            part.close(self._timeline, self._mean.lead)
