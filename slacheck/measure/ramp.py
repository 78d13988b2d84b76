"""Ramp rates: how fast a signal changes over windows of one length, up and down apart.

The estimators give one number for a ramp and different ones for all else (requirements.md R03):
for a step of size D in a window W, `difference` and `block` read at most D / W, `least_squares`
reads 1.5 D / W.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from slacheck.measure.rolling import Share, WindowStatistic, WindowValues, between_whole_windows
from slacheck.measure.windows import RowCutter, Rows, Timeline, TrailingMean, whole_windows

if TYPE_CHECKING:
    from slacheck.contract import Block, Place, Samples

Estimator = Literal["difference", "least_squares", "block"]


@dataclass(frozen=True, slots=True)
class RampReading:
    """Largest (or a quantile of the) rate upwards and downwards, both as magnitudes. [SI unit/s]"""

    up: WindowStatistic
    down: WindowStatistic


def differences(rows: Samples) -> Samples:
    """x(t) - x(t - W) at each sample of `rows[1:]`, shape (m, W in samples). [unit of x]"""
    change: Samples = rows[1:] - rows[:-1]
    return change


def block_differences(rows: Samples) -> Samples:
    """Mean of each row of `rows[1:]` less that of the row before, shape (m, 1). [unit of x]"""
    reference = rows[0, 0]
    change: Samples = np.diff(np.mean(rows - reference, axis=1))[:, np.newaxis]
    return change


def least_squares_slopes(rows: Samples) -> Samples:
    r"""Slope per sample of the least-squares line through the n samples ending at each one of `rows[1:]`.

    .. math:: b = \frac{\sum_j (j - \bar j) x_j}{\sum_j (j - \bar j)^2}, \qquad \sum_j (j - \bar j)^2 = n (n^2 - 1) / 12

    No sum has more than n terms, and x is taken from the batch's first value, so nothing grows
    with the length of the record.
    """
    n = rows.shape[1]
    x = rows - rows[0, 0]
    place = np.arange(n, dtype=np.float64)
    ahead = place[::-1]  # samples of the row that lie after each one, so how far its window has moved back
    heads = np.add.accumulate(x[1:], axis=1)
    head_moments = np.add.accumulate(x[1:] * place, axis=1)
    tails = np.add.accumulate(x[:-1, ::-1], axis=1)[:, ::-1]
    tail_moments = np.add.accumulate((x[:-1] * place)[:, ::-1], axis=1)[:, ::-1]
    middle = (n - 1) / 2.0
    moments: Samples = head_moments + (ahead - middle) * heads
    moments[:, :-1] += tail_moments[:, 1:] - (place[:-1] + 1.0 + middle) * tails[:, 1:]
    moments /= n * (n * n - 1.0) / 12.0
    return moments


@dataclass(slots=True)
class SlidingRate:
    """Rates over windows of a whole number of sample intervals.

    Parameters
    ----------
    estimator : {"difference", "least_squares", "block"}
    intervals : int
        Length of the window; `least_squares` sees one sample more.
    interval, seconds : float
        Of the samples and of the window. [s]
    """

    estimator: Estimator
    intervals: int
    interval: float
    seconds: float
    up: WindowValues
    down: WindowValues
    _cutter: RowCutter = field(init=False)

    def __post_init__(self) -> None:
        """Rows as long as the lag, the block, or the window of the line."""
        self._cutter = RowCutter(self.intervals + (self.estimator == "least_squares"))

    @property
    def memory(self) -> int:
        """As of `contract.Divisible`."""
        return self._cutter.memory

    def enter(self, unseen: int) -> None:
        """Begin behind so many samples of the segment."""
        self._cutter.enter(unseen)

    def forget(self) -> None:
        """Begin to count anew."""
        self.up, self.down = WindowValues(self.up.share), WindowValues(self.down.share)

    def merge(self, earlier: SlidingRate) -> None:
        """Take over what was found before."""
        self.up.merge(earlier.up)
        self.down.merge(earlier.down)

    def push(self, samples: Samples, timeline: Timeline, lead: int) -> None:
        """Take the next samples; the first one of the segment is sample `lead` of the timeline."""
        self._take(self._cutter.push(samples), timeline, lead)

    def close(self, timeline: Timeline, lead: int) -> None:
        """End the segment."""
        self._take(self._cutter.close(), timeline, lead)

    def possible(self, span: int) -> int:
        """Windows in a record of `span` samples without gaps."""
        count = span // self.intervals - 1 if self.estimator == "block" else span - self.intervals
        return max(0, count)

    def _take(self, batches: Iterator[Rows], timeline: Timeline, lead: int) -> None:
        for rows in batches:
            if self.estimator == "block":
                rates = block_differences(rows.values).ravel() / self.seconds
                rates = rates[: rows.count // self.intervals]
                skipped, stride, offset = int(rows.start == 0), self.intervals, self.intervals - 1
            else:
                rates = self._at_each_sample(rows.values).ravel()[: rows.count]
                skipped, stride, offset = max(0, self.intervals - rows.start), 1, 0
            ends = (timeline, lead + rows.start + skipped * stride + offset, stride)
            self.up.update(rates[skipped:], ends)
            self.down.update(-rates[skipped:], ends)

    def _at_each_sample(self, rows: Samples) -> Samples:
        if self.estimator == "least_squares":
            return least_squares_slopes(rows) * (self.intervals / self.seconds)
        return differences(rows) / self.seconds


@dataclass(slots=True)
class RampMeter:
    """Ramp rates over all windows of `window` seconds of a record.

    A window lies in one segment. Where it is not a whole number of sample intervals, the numbers
    below and above are both measured.

    Parameters
    ----------
    interval, window : float
        [s]
    estimator : {"difference", "least_squares", "block"}
    pre_average : float
        Trailing mean taken first; 0 for none. [s]
    share : (int, int), optional
        Quantile over windows, those in the other direction counting as zero; None is the maximum.
    """

    interval: float
    window: float
    estimator: Estimator = "difference"
    pre_average: float = 0.0
    share: Share | None = None
    _timeline: Timeline = field(init=False)
    _mean: TrailingMean = field(init=False)
    _rates: tuple[tuple[float, SlidingRate], ...] = field(init=False)

    def __post_init__(self) -> None:
        """One set of rates for each whole number of intervals."""
        self._timeline = Timeline(self.interval)
        self._mean = TrailingMean(self.pre_average, self.interval)
        lengths = whole_windows(self.window, self.interval)
        self._rates = tuple((weight, self._rate(n, whole=len(lengths) == 1)) for n, weight in lengths)

    def _rate(self, intervals: int, whole: bool) -> SlidingRate:
        seconds = self.window if whole else intervals * self.interval
        up, down = WindowValues(self.share), WindowValues(self.share)
        return SlidingRate(self.estimator, intervals, self.interval, seconds, up, down)

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
        return self._mean.memory + self._mean.lead + max(part.memory for _, part in self._rates)

    def enter(self, place: Place) -> None:
        """Begin behind samples that are not seen."""
        self._timeline.begin(place)
        unseen = self._mean.enter(place.unseen)
        for _, part in self._rates:
            part.enter(unseen)

    def forget(self) -> None:
        """What was found so far belongs to the piece before."""
        for _, part in self._rates:
            part.forget()

    def merge(self, earlier: RampMeter) -> None:
        """Take over what was found before."""
        for (_, part), (_, before) in zip(self._rates, earlier._rates, strict=True):
            part.merge(before)

    def reading(self) -> RampReading | None:
        """Rates up and down [SI unit/s]; None where no window was complete."""
        self._close()
        span = self._timeline.span - self._mean.lead
        up, down = [], []
        for weight, part in self._rates:
            rising, falling = (side.statistic(part.possible(span)) for side in (part.up, part.down))
            if rising is None or falling is None:
                return None
            up.append((weight, rising))
            down.append((weight, falling))
        return RampReading(between_whole_windows(up), between_whole_windows(down))

    def _push(self, samples: Samples) -> None:
        for _, part in self._rates:
            part.push(samples, self._timeline, self._mean.lead)

    def _close(self) -> None:
        for samples in self._mean.close():
            self._push(samples)
        for _, part in self._rates:
            part.close(self._timeline, self._mean.lead)


def rate_noise(estimator: Estimator, intervals: float, window: float) -> float:
    """Standard deviation of one rate for white noise of unit deviation on the samples.

    `difference` sqrt(2) / W; `block` sqrt(2 / n) / W; `least_squares` sqrt(12 / (n (n^2 - 1))) per sample, n samples
    in W (`intervals` + 1). [1/s]
    """
    if estimator == "difference":
        return float(np.sqrt(2.0)) / window
    if estimator == "block":
        return float(np.sqrt(2.0 / intervals)) / window
    n = intervals + 1.0
    return float(np.sqrt(12.0 / (n * (n * n - 1.0)))) * intervals / window
