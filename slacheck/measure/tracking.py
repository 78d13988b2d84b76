"""How far a response is from its reference, for how long it stays in a tube, and how late it follows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.windows import BATCH, Timeline, sliding

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

Profile = tuple[tuple[float, float], ...]
"""Reference as (time, value), times increasing; straight lines between, held before and after. [s], [SI]"""

_ON_SAMPLE = 1e-6
"""A lag within this part of a sample interval of a whole number of intervals is whole."""
_ROUNDING = 2.0**-48
"""Part of the largest number at hand that rounding may take from an equality, so that the border is inside."""


def reference_rows(block: Samples, times: Samples, profile: Profile | None) -> Samples:
    """Response and reference, shape (2, n): the rows of the block, or its one row and the profile at its times."""
    if profile is None:
        return block
    moments, values = (np.array(column) for column in zip(*profile, strict=True))
    return np.stack((block[0], np.interp(times, moments, values)))


# ---------------------------------------------------------------- a segment in fixed pieces


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples `start` to `stop` - 1 of a segment, with their neighbours.

    Parameters
    ----------
    values : ndarray, shape (rows, n)
        Samples `first` to `first` + n - 1 of the segment.
    """

    values: Samples
    first: int
    start: int
    stop: int

    def within(self, back: int, ahead: int) -> tuple[int, int]:
        """Those of `start` to `stop` that have `back` samples before and `ahead` samples behind them here."""
        start = max(self.start, self.first + back)
        return start, max(start, min(self.stop, self.first + self.values.shape[1] - ahead))


@dataclass(slots=True)
class PieceCutter:
    """Cuts one segment after another into pieces of fixed length, wherever its blocks were cut.

    Parameters
    ----------
    back, ahead : int
        Neighbours that a piece brings with it, where the segment has them.
    length : int
        Samples of a piece; the last one of a segment may be shorter.
    """

    back: int
    ahead: int
    length: int
    _pending: list[Samples] = field(default_factory=list)
    _first: int = 0
    _count: int = 0
    _next: int = 0

    def push(self, samples: Samples) -> Iterator[Piece]:
        """Pieces that the next samples of the segment complete, shape (rows, n)."""
        self._pending.append(samples.copy())
        self._count += samples.shape[1]
        while self._count >= self._next + self.length + self.ahead:
            yield self._cut(self._next + self.length)

    def close(self) -> Iterator[Piece]:
        """End the segment; what is left comes out."""
        while self._next < self._count:
            yield self._cut(min(self._next + self.length, self._count))
        self._pending, self._first, self._count, self._next = [], 0, 0, 0

    def _cut(self, stop: int) -> Piece:
        held = np.concatenate(self._pending, axis=1)
        piece = Piece(held[:, : stop + self.ahead - self._first], self._first, self._next, stop)
        keep = max(self._first, stop - self.back)
        self._pending = [held[:, keep - self._first :]]
        self._first, self._next = keep, stop
        return piece


def windowed(operation: np.ufunc, samples: Samples, length: int) -> Samples:
    """`operation` over each `length` neighbouring samples, shape (n - length + 1,)."""
    filling = np.full(-samples.size % length, samples[-1])
    rows = np.concatenate((np.full(length, samples[0]), samples, filling)).reshape(-1, length)
    return sliding(operation, rows).ravel()[length - 1 : samples.size]


# ---------------------------------------------------------------- the reference, a time ago


@dataclass(frozen=True, slots=True)
class Lag:
    r"""The reference a fixed time before each sample, on the straight line between the two samples next to it.

    .. math:: r(t_i - \tau) \approx (1 - f) r_{i+w} + f r_{i+w+1}, \qquad -\tau / h = w + f

    The error of the line is at most :math:`\max(f, 1 - f)` of the larger of the two second
    differences next to it: exact for a step between the two samples, several times too much for
    anything smooth. None where f = 0.
    """

    whole: int
    part: float

    @classmethod
    def of(cls, seconds: float, interval: float) -> Lag:
        """Lag of `seconds` (negative: ahead)."""
        exact = -seconds / interval
        nearest = round(exact)
        if abs(exact - nearest) <= _ON_SAMPLE:
            return cls(nearest, 0.0)
        return cls(math.floor(exact), exact - math.floor(exact))

    @property
    def back(self) -> int:
        """Samples needed before one that is judged."""
        return max(0, -self.whole + (self.part > 0.0))

    @property
    def ahead(self) -> int:
        """Samples needed behind it."""
        return max(0, self.whole + 2 * (self.part > 0.0))

    def values(self, samples: Samples, start: int, stop: int) -> Samples:
        """Reference for samples `start` to `stop` - 1 of `samples`."""
        found = samples[start + self.whole : stop + self.whole]
        if self.part > 0.0:
            found = found + self.part * (samples[start + self.whole + 1 : stop + self.whole + 1] - found)
        return found

    def errors(self, samples: Samples, start: int, stop: int) -> Samples | float:
        """Bounds of the errors of `values`."""
        if self.part == 0.0:
            return 0.0
        near = samples[start + self.whole - 1 : stop + self.whole + 2]
        bends = np.abs(near[2:] - 2.0 * near[1:-1] + near[:-2])
        return max(self.part, 1.0 - self.part) * np.maximum(bends[1:], bends[:-1])


# ---------------------------------------------------------------- errors and tube


@dataclass(frozen=True, slots=True)
class TrackingReading:
    """Errors of a response and its time in a tube.

    Parameters
    ----------
    judged, margin : int
        Samples with an error, and samples that have none because a record begins and ends.
    largest, largest_low, largest_high : float
        Largest magnitude of the error, and its bounds from the interpolation of the reference. [SI]
    time : float
        Of the largest error. [s]
    mean_square, mean_square_low, mean_square_high : float
        The same of the squared error. [SI squared]
    tube_judged, tube_margin : int
        As `judged` and `margin`, for the tube.
    inside : int
        Samples in the tube.
    sure, possible : tuple of int
        Samples in the tube made narrower and wider by each rung, interpolation of the reference counted against and
        for them.
    excess_time : float
        Where the response is furthest out of the tube. [s]
    response_peak, reference_peak : float
        Largest magnitudes. [SI]
    excursion, steepest : float
        Largest less smallest value of the reference, and its largest change from sample to sample. [SI]
    """

    judged: int
    margin: int
    largest: float
    largest_low: float
    largest_high: float
    time: float
    mean_square: float
    mean_square_low: float
    mean_square_high: float
    tube_judged: int
    tube_margin: int
    inside: int
    sure: tuple[int, ...]
    possible: tuple[int, ...]
    excess_time: float
    response_peak: float
    reference_peak: float
    excursion: float
    steepest: float


@dataclass(slots=True)
class TrackingMeter:
    r"""Error e(t) = y(t) - r(t - D), and whether y lies in the tube round r.

    .. math:: \min_{|t' - t| \le T} r(t' - D) - v \le y(t) \le \max_{|t' - t| \le T} r(t' - D) + v

    Extremes over the samples in between and over the interpolated ends. Only samples for which
    the reference is known all over the window, without a gap, are judged.

    Parameters
    ----------
    interval : float
        [s]
    delay, time : float
        D and T. [s]
    width : float
        v. [SI]
    rungs : tuple of float
        By how much the tube is moved, rising from 0. [SI]
    profile : Profile, optional
        The reference, where it is not the second signal.
    """

    interval: float
    delay: float
    time: float
    width: float
    rungs: tuple[float, ...]
    profile: Profile | None = None
    _timeline: Timeline = field(init=False)
    _cutter: PieceCutter = field(init=False)
    _lags: tuple[Lag, Lag, Lag] = field(init=False)
    _judged: int = 0
    _largest: list[float] = field(default_factory=lambda: [-1.0, 0.0, 0.0])
    _time: float = 0.0
    _squares: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    _tube_judged: int = 0
    _inside: int = 0
    _sure: np.ndarray = field(init=False)
    _possible: np.ndarray = field(init=False)
    _excess: float = -math.inf
    _excess_time: float = 0.0
    _peaks: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _reference: list[float] = field(default_factory=lambda: [math.inf, -math.inf])
    _steepest: float = 0.0

    def __post_init__(self) -> None:
        """Lags of the tube's old end, of the error, of the tube's young end."""
        seconds = (self.delay + self.time, self.delay, self.delay - self.time)
        old, middle, young = (Lag.of(lag, self.interval) for lag in seconds)
        self._lags = (old, middle, young)
        back, ahead = self._reach()
        self._timeline = Timeline(self.interval)
        self._cutter = PieceCutter(max(back, 1), ahead, max(BATCH, back + ahead))
        self._sure = np.zeros(len(self.rungs), dtype=np.int64)
        self._possible = np.zeros(len(self.rungs), dtype=np.int64)

    def _reach(self) -> tuple[int, int]:
        return max(lag.back for lag in self._lags), max(lag.ahead for lag in self._lags)

    def update(self, block: Block) -> None:
        """Take the next block of the response and its reference (the response alone, with a profile)."""
        if self._timeline.segment not in (None, block.segment):
            self._close()
        self._timeline.enter(block)
        first = block.start - self._timeline.start
        times = self._timeline.origin + np.arange(first, first + block.samples.shape[1]) * self.interval
        for piece in self._cutter.push(reference_rows(block.samples, times, self.profile)):
            self._take(piece)

    def reading(self) -> TrackingReading | None:
        """What was measured; None where no sample has an error."""
        self._close()
        if self._judged == 0:
            return None
        back, ahead = self._reach()
        squares = [total / self._judged for total in self._squares]
        return TrackingReading(
            judged=self._judged,
            margin=self._lags[1].back + self._lags[1].ahead,
            largest=self._largest[0],
            largest_low=self._largest[1],
            largest_high=self._largest[2],
            time=self._time,
            mean_square=squares[0],
            mean_square_low=squares[1],
            mean_square_high=squares[2],
            tube_judged=self._tube_judged,
            tube_margin=back + ahead,
            inside=self._inside,
            sure=tuple(self._sure.tolist()),
            possible=tuple(self._possible.tolist()),
            excess_time=self._excess_time,
            response_peak=self._peaks[0],
            reference_peak=self._peaks[1],
            excursion=self._reference[1] - self._reference[0],
            steepest=self._steepest,
        )

    def _close(self) -> None:
        for piece in self._cutter.close():
            self._take(piece)

    def _take(self, piece: Piece) -> None:
        self._extremes(piece)
        self._errors(piece)
        self._tube(piece)

    def _extremes(self, piece: Piece) -> None:
        own = piece.values[:, piece.start - piece.first : piece.stop - piece.first]
        self._peaks = [max(known, float(np.max(np.abs(row)))) for known, row in zip(self._peaks, own, strict=True)]
        low, high = self._reference
        self._reference = [min(low, float(np.min(own[1]))), max(high, float(np.max(own[1])))]
        joined = piece.values[1, max(0, piece.start - 1 - piece.first) : piece.stop - piece.first]
        if joined.size > 1:
            self._steepest = max(self._steepest, float(np.max(np.abs(np.diff(joined)))))

    def _errors(self, piece: Piece) -> None:
        lag = self._lags[1]
        start, stop = piece.within(lag.back, lag.ahead)
        if start == stop:
            return
        a, b = start - piece.first, stop - piece.first
        sizes = np.abs(piece.values[0, a:b] - lag.values(piece.values[1], a, b))
        bounds = lag.errors(piece.values[1], a, b)
        each = (sizes, np.maximum(sizes - bounds, 0.0), sizes + bounds)
        self._judged += sizes.size
        worst = int(np.argmax(sizes))
        if sizes[worst] > self._largest[0]:
            self._time = self._timeline.time(start + worst)
        self._largest = [max(known, float(np.max(found))) for known, found in zip(self._largest, each, strict=True)]
        self._squares = [known + float(np.sum(found * found)) for known, found in zip(self._squares, each, strict=True)]

    def _tube(self, piece: Piece) -> None:
        start, stop = piece.within(*self._reach())
        if start == stop:
            return
        a, b = start - piece.first, stop - piece.first
        old, _, young = self._lags
        response, reference = piece.values[0, a:b], piece.values[1]
        low, high = self._borders(reference, a, b)
        excess = np.maximum(low - response, response - high)
        excess -= _ROUNDING * np.maximum(np.abs(response), np.maximum(np.abs(low), np.abs(high)))
        bounds = np.maximum(old.errors(reference, a, b), young.errors(reference, a, b))
        self._tube_judged += excess.size
        self._inside += int(np.count_nonzero(excess <= self.width))
        sure, possible = excess + bounds, excess - bounds
        for place, rung in enumerate(self.rungs):
            self._sure[place] += np.count_nonzero(sure <= self.width - rung)
            self._possible[place] += np.count_nonzero(possible <= self.width + rung)
        worst = int(np.argmax(excess))
        if excess[worst] > self._excess:
            self._excess, self._excess_time = float(excess[worst]), self._timeline.time(start + worst)

    def _borders(self, reference: Samples, a: int, b: int) -> tuple[Samples, Samples]:
        """Smallest and largest reference within the window of each sample."""
        old, _, young = self._lags
        ends = (old.values(reference, a, b), young.values(reference, a, b))
        low, high = np.minimum(*ends), np.maximum(*ends)
        first, last = old.whole + (old.part > 0.0), young.whole
        if last >= first:
            between = reference[a + first : b + last]
            length = last - first + 1
            low = np.minimum(low, windowed(np.minimum, between, length))
            high = np.maximum(high, windowed(np.maximum, between, length))
        return low, high


def borders(times: Samples, reference: Samples, moments: Samples, time: float) -> tuple[Samples, Samples]:
    """Smallest and largest reference within `time` of each moment, to be drawn.

    Parameters
    ----------
    times, reference : ndarray, shape (n,), n > 0
        [s], [SI]
    moments : ndarray, shape (m,)
        [s]
    time : float
        [s]
    """
    low = np.minimum(np.interp(moments - time, times, reference), np.interp(moments + time, times, reference))
    high = np.maximum(np.interp(moments - time, times, reference), np.interp(moments + time, times, reference))
    firsts, lasts = np.searchsorted(times, moments - time, "left"), np.searchsorted(times, moments + time, "right")
    for place, (first, last) in enumerate(zip(firsts.tolist(), lasts.tolist(), strict=True)):
        if last > first:
            low[place] = min(low[place], float(np.min(reference[first:last])))
            high[place] = max(high[place], float(np.max(reference[first:last])))
    return low, high


# ---------------------------------------------------------------- delay

_RESOLUTION = 25.0
"""Samples are averaged until about this many lags make up the delay limit."""
_RANGE = 4.0
"""Lags are looked at from minus one to plus so many times the delay limit."""
_PIECE = 2048
_FLAT = 1e-9
"""Coefficients of correlation that are closer are equal, by rounding."""
_PARABOLA = 0.1
"""Most by which the vertex of a parabola misses the peak of a cusp, (3/2 - sqrt 2) = 0.086, rounded up. [lags]"""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Coefficient of correlation of the response with the reference some lags ago.

    Parameters
    ----------
    first : int
        Lag of the first coefficient, negative: the response ahead. [steps]
    step : float
        [s]
    averaged : int
        Samples to a step.
    coefficients : ndarray, shape (lags,)
        0 where one of the two does not change.
    energy : float
        Sum of squares of the response about its mean. [SI squared]
    pairs : int
        Steps that each coefficient rests on.
    """

    first: int
    step: float
    averaged: int
    coefficients: Samples
    energy: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Where the correlation peaks.

    Parameters
    ----------
    value : float
        [s]
    low, high : float or None
        Between them lies every peak that noise cannot tell from this one; None where the lags looked at end first.
    correlation : float
        Coefficient at the peak.
    end : int
        1 or -1 where the largest coefficient is that of the last or first lag, else 0.
    """

    value: float
    low: float | None
    high: float | None
    correlation: float
    end: int


@dataclass(slots=True)
class DelayMeter:
    r"""Correlation of the response with the reference over a range of lags.

    .. math:: \rho_m = \frac{\sum_i (r_{i-m} - \bar r_m)(y_i - \bar y)}
              {\sqrt{\sum_i (r_{i-m} - \bar r_m)^2 \sum_i (y_i - \bar y)^2}}

    Every lag sees the same samples y; means and products are of fixed pieces, joined by the
    pairwise update (Chan, Golub and LeVeque 1983). Both signals are averaged over whole numbers of
    samples first, which delays both alike.

    Parameters
    ----------
    interval : float
        [s]
    limit : float
        Delay that must be resolved. [s]
    profile : Profile, optional
        The reference, where it is not the second signal.
    """

    interval: float
    limit: float
    profile: Profile | None = None
    averaged: int = field(init=False)
    _lags: tuple[int, int] = field(init=False)
    _timeline: Timeline = field(init=False)
    _cutter: PieceCutter = field(init=False)
    _rest: Samples = field(init=False)
    _pairs: int = 0
    _means: Samples = field(init=False)
    _mean: float = 0.0
    _products: Samples = field(init=False)
    _energies: Samples = field(init=False)
    _energy: float = 0.0

    def __post_init__(self) -> None:
        """Choose the step and the lags."""
        self.averaged = max(1, math.floor(self.limit / (_RESOLUTION * self.interval) + _ON_SAMPLE))
        step = self.averaged * self.interval
        most, least = (math.ceil(part * self.limit / step - _ON_SAMPLE) for part in (_RANGE, 1.0))
        self._lags = (least, most)
        self._timeline = Timeline(self.interval)
        self._cutter = PieceCutter(most, least, _PIECE)
        self._rest = np.empty((2, 0))
        self._means, self._products, self._energies = (np.zeros(least + most + 1) for _ in range(3))

    def update(self, block: Block) -> None:
        """Take the next block of the response and its reference (the response alone, with a profile)."""
        if self._timeline.segment not in (None, block.segment):
            self._close()
        self._timeline.enter(block)
        first = block.start - self._timeline.start
        times = self._timeline.origin + np.arange(first, first + block.samples.shape[1]) * self.interval
        rows = np.concatenate((self._rest, reference_rows(block.samples, times, self.profile)), axis=1)
        whole = rows.shape[1] - rows.shape[1] % self.averaged
        self._rest = rows[:, whole:].copy()
        if whole:
            steps = np.ascontiguousarray(rows[:, :whole]).reshape(2, -1, self.averaged)
            for piece in self._cutter.push(np.mean(steps, axis=2)):
                self._take(piece)

    def reading(self) -> Correlation | None:
        """The coefficients; None where no stretch of the record is as long as the lags."""
        self._close()
        if self._pairs == 0:
            return None
        scale = np.sqrt(self._energies) * math.sqrt(self._energy)
        changes = scale > 0.0
        coefficients = np.where(changes, self._products / np.where(changes, scale, 1.0), 0.0)
        step = self.averaged * self.interval
        return Correlation(-self._lags[0], step, self.averaged, coefficients, self._energy, self._pairs)

    def _close(self) -> None:
        for piece in self._cutter.close():
            self._take(piece)
        self._rest = np.empty((2, 0))

    def _take(self, piece: Piece) -> None:
        least, most = self._lags
        start, stop = piece.within(most, least)
        count = stop - start
        if count == 0:
            return
        a, b = start - piece.first, stop - piece.first
        moved = np.lib.stride_tricks.sliding_window_view(piece.values[1, a - most : b + least], count)
        references = np.ascontiguousarray(moved[::-1])  # row k: the reference k - least steps ago
        response = np.ascontiguousarray(piece.values[0, a:b])
        means, mean = np.sum(references, axis=1) / count, float(np.sum(response)) / count
        references -= means[:, np.newaxis]
        response = response - mean
        pairs = self._pairs + count
        apart, away, weight = means - self._means, mean - self._mean, self._pairs * count / pairs
        self._products += np.sum(references * response, axis=1) + weight * away * apart
        self._energies += np.sum(references * references, axis=1) + weight * apart * apart
        self._energy += float(np.sum(response * response)) + weight * away * away
        self._means += apart * (count / pairs)
        self._mean += away * (count / pairs)
        self._pairs = pairs


def delay_of(found: Correlation, deviation: float, independent: float, coverage_factor: float) -> Delay:
    r"""Delay of the largest coefficient, by a parabola through it and its neighbours, and how sure it is.

    A lag m cannot be told from the peak where

    .. math:: 1 - \rho_m / \rho_0 \le 2 k^2 \max\left(\frac{\sigma^2}{E}, \frac{1 - \rho_0^2}{n}\right) / \rho_0^2

    since noise of deviation sigma moves the difference of two coefficients by
    sigma sqrt(2 (1 - rho_m / rho_0) / E), E the response's sum of squares; what else of the response does not
    follow counts as n independent errors. So a slow ramp, and a period shorter than the lags, give
    wide intervals.

    Parameters
    ----------
    found : Correlation
    deviation : float
        White noise of one sample. [SI]
    independent : float
        n.
    coverage_factor : float
        k.
    """
    rho = found.coefficients
    peak, last = int(np.argmax(rho)), rho.size - 1
    top = float(rho[peak])
    end = (peak == last) - (peak == 0)
    if top <= 0.0:
        return Delay((found.first + peak) * found.step, None, None, top, 0)
    offset, bend = (0.0, 0.0) if end else _vertex(rho, peak)
    noise = deviation * deviation / (found.averaged * found.energy)
    rest = max(0.0, 1.0 - top * top) / max(1.0, independent)
    drop = 2.0 * coverage_factor**2 * max(noise, rest) / top + _FLAT
    half = math.sqrt(drop / bend) + _PARABOLA if bend > 0.0 else 1.0 if end else float(last)
    first, final = _indistinct(rho, drop, bend)
    low, high = peak + offset - half, peak + offset + half
    low = min(low, first - 1.0) if first < peak - 1 else low  # its neighbours belong to the parabola
    high = max(high, final + 1.0) if final > peak + 1 else high
    return Delay(
        (found.first + peak + offset) * found.step,
        None if low <= 0.0 else (found.first + low) * found.step,
        None if high >= last else (found.first + high) * found.step,
        min(1.0, top),
        end,
    )


def _vertex(rho: Samples, peak: int) -> tuple[float, float]:
    """Vertex of the parabola through a peak and its neighbours, from the peak [lags], and its fall in one lag."""
    before, top, after = (float(value) for value in rho[peak - 1 : peak + 2])
    bend = (2.0 * top - before - after) / 2.0
    return (0.25 * (after - before) / bend if bend > 0.0 else 0.0), bend


def _indistinct(rho: Samples, drop: float, bend: float) -> tuple[int, int]:
    """First and last lag that cannot be told from the peak; of another peak the top may lie between two lags."""
    top = float(np.max(rho))
    padded = np.concatenate(([-math.inf], rho, [-math.inf]))
    peaks = (rho >= padded[:-2]) & (rho >= padded[2:])
    alike = (rho >= top - drop) | (peaks & (rho >= top - drop - max(0.0, bend)))
    places = np.flatnonzero(alike)
    return int(places[0]), int(places[-1])
