"""Lines that stand out of the noise beside them, and for how long: one spectrum per window, in a stream.

A line is looked for in Hann-tapered windows that overlap by half, less their least-squares line. In
noise the power of a bin over its mean is chi-square with two degrees of freedom, so with K bins a
window gives a false alarm with probability P where any exceeds ``-ln(1 - (1 - P)^(1/K))`` times the
floor. The floor itself is measured, from bins beside it; the multiple is larger for that by the
known distribution of their median (ordered-statistic detector, H. Rohling, 1983).

What holds for several windows is found without naming lines: at each bin and window stands the
least of the window's reading and of the largest reading at most one bin away in the window before,
and so on back. A drift of a bin a window is followed; the state is a few numbers for each bin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from slacheck.measure.spectrum import detrended, power_spectra, taper
from slacheck.measure.tapers import BANDWIDTH_BINS
from slacheck.measure.windows import ON_GRID, Timeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Block, Samples

    Counts = NDArray[np.int64]
    Flags = NDArray[np.bool_]

DEVIATIONS = 3.0
"""Standard deviations of the noise between a reading and the ends of its interval."""
_BESIDE = 24
"""Bins to either side whose median is the floor: every other one, so that the taper leaves them independent."""
_CHUNK = 1 << 15
"""Medians that are taken at a time."""
_LOBE = 2
"""Bins to either side of a line that have its power."""
_LOBE_SCATTER = 2.95
"""Standard deviation of the noise power in these five bins, in powers of one: neighbours correlate by 4/9 and 1/36."""
_LEAST_CAUGHT = 0.99
"""Least part of a line's rms value in these five bins: 0.9991 where it drifts by a bin from window to window."""
_EDGE = 4
"""Bins at either end of the spectrum that cannot be looked at."""


@dataclass(frozen=True, slots=True)
class LineSearch:
    """What is looked for.

    Parameters
    ----------
    low, high : float
        Edges of the band. [Hz]
    length : float
        Window. [s]
    false_alarm : float
        Probability that noise alone shows a line in a window. [1]
    persist : int
        Consecutive windows that a line must stand out in.
    least : float
        Rms value from which on a line counts for the duration. [SI]
    """

    low: float
    high: float
    length: float
    false_alarm: float
    persist: int
    least: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """The largest rms value that a line holds for `persist` windows, and where.

    Parameters
    ----------
    value, noise : float
        0 where no line was confirmed; standard deviation of the noise. [SI]
    frequency : float
        Of its bin. [Hz]
    start : float
        Of the last of those windows. [s]
    windows : int
        For how many consecutive windows in all the line stands out.
    """

    value: float = 0.0
    noise: float = 0.0
    frequency: float = 0.0
    start: float = 0.0
    windows: int = 0


@dataclass(frozen=True, slots=True)
class OscillationReading:
    """What was found in a record.

    Parameters
    ----------
    held : Held
        The strongest confirmed line.
    low, high : float
        Between these lies the largest rms value that any line in the band holds, found or not. [SI]
    high_at : (float, float)
        Where `high` stands: frequency of the bin, start of the window. [Hz], [s]
    runs : (int, int, int)
        Longest runs of windows with a line of at least `least`: certainly, by the value, possibly.
    run_at : (float, float)
        Frequency and start of the last window of the middle one. [Hz], [s]
    cut : bool
        Whether a run may go on in a gap, or before or after the record.
    bins : int
        Bins looked at in each window, K.
    windows, possible : int
        Windows measured; windows of a record without gaps.
    samples : int
        Samples in a window.
    """

    held: Held
    low: float
    high: float
    high_at: tuple[float, float]
    runs: tuple[int, int, int]
    run_at: tuple[float, float]
    cut: bool
    bins: int
    windows: int
    possible: int
    samples: int


# ---------------------------------------------------------------- detection in one window


def per_bin(false_alarm: float, bins: int) -> float:
    """Probability in one bin that gives `false_alarm` over `bins` independent ones, 1 - (1 - P)^(1/K). [1]"""
    return -math.expm1(math.log1p(-false_alarm) / bins)


def detection_threshold(false_alarm: float, bins: int) -> float:
    """Power over a known floor from which on a bin is a line: -ln(1 - (1 - P)^(1/K)). [1]

    Examples
    --------
    >>> round(detection_threshold(1e-3, 1000), 3)
    13.815
    """
    return -math.log(per_bin(false_alarm, bins))


@lru_cache(maxsize=1024)
def median_multiple(probability: float, count: int) -> float:
    """Multiple of the lower median of `count` noise bins that another one exceeds with `probability`. [1]

    With the r-th smallest of M exponential variables the probability is
    ``prod_{i<r} (M - i) / (M - i + multiple)``; solved by bisection to one part in 2^40.
    """
    if count < 2:
        return math.inf
    low, high = 0.0, 1e12
    for _ in range(80):
        middle = (low + high) / 2.0
        logs = (math.log1p(middle / (count - i)) for i in range(count // 2))
        low, high = (middle, high) if math.fsum(logs) < -math.log(probability) else (low, middle)
    return high


def floor_beside(powers: Samples) -> tuple[Samples, Counts]:
    """Median power beside each bin, and of how many bins; shapes (n,). [SI^2], [1]

    Of the medians to the left and to the right, the larger, so that noise which falls with
    frequency is not taken for lines. It is never below the median of both sides together, to
    which `median_multiple` belongs.
    """
    floor, counts = np.zeros(powers.size), np.zeros(powers.size, dtype=np.int64)
    for parity in (2, 3):  # bins 0 and 1 hold what is left of level and drift
        own = powers[parity::2]
        left, right = _before(own), _before(own[::-1])[::-1]
        place = np.arange(own.size)
        floor[parity::2] = np.maximum(left, right)
        counts[parity::2] = np.clip(place - 1, 0, _BESIDE) + np.clip(own.size - 2 - place, 0, _BESIDE)
    return floor, counts


def _before(powers: Samples) -> Samples:
    """Median of the up to `_BESIDE` powers before each one, its next neighbour left out; 0 where there is none."""
    medians = [np.zeros(2)]
    medians += [np.median(powers[:count], keepdims=True) for count in range(1, min(_BESIDE, powers.size))]
    if powers.size >= _BESIDE:
        views = sliding_window_view(powers, _BESIDE)
        medians += [np.median(views[first : first + _CHUNK], axis=1) for first in range(0, views.shape[0], _CHUNK)]
    return np.concatenate(medians)[: powers.size]


@dataclass(frozen=True, slots=True)
class WindowLines:
    """What each bin of the band, and one further to either side, says of a line there; shapes (bins + 2,).

    Parameters
    ----------
    detected : ndarray of bool
        The bin is the top of a line.
    value, low, high : ndarray
        Rms value of a line there, and its bounds. [SI]
    noise : ndarray
        Standard deviation of `value`. [SI]
    """

    detected: Flags
    value: Samples
    low: Samples
    high: Samples
    noise: Samples


def window_lines(powers: Samples, band: tuple[int, int], false_alarm: float) -> WindowLines:
    """Lines of one window.

    Parameters
    ----------
    powers : ndarray, shape (n // 2 + 1,)
        Hann periodogram whose bins add up to the mean square. [SI^2]
    band : (int, int)
        First and last bin, `_EDGE` or more from both ends.
    false_alarm : float
        Over all bins of the band. [1]

    Notes
    -----
    A line's power is that of five bins less five times the floor. The rms value then has the
    standard deviation ``sqrt(ENBW S / 2)`` of noise with power S a bin.
    """
    reach = 2 * _BESIDE + _EDGE + 2
    begin = max(0, band[0] - reach)
    powers = powers[begin : band[1] + reach]
    first, last = band[0] - 1 - begin, band[1] + 2 - begin
    beside, counts = floor_beside(powers)
    probability = per_bin(false_alarm, band[1] - band[0] + 1)
    multiples = np.array([median_multiple(probability, count) for count in range(2 * _BESIDE + 1)])
    middle = powers[first:last]
    top = (middle >= powers[first - 1 : last - 1]) & (middle >= powers[first + 1 : last + 1])
    exceeds = middle > np.where(beside > 0.0, beside, np.finfo(float).tiny)[first:last] * multiples[counts[first:last]]
    floor = beside[first:last] / math.log(2.0)
    energy = np.zeros(last - first)
    for shift in range(-_LOBE, _LOBE + 1):
        energy += powers[first + shift : last + shift]
    noise = np.sqrt(BANDWIDTH_BINS["hann"] * floor / 2.0)
    quiet = np.maximum(0.0, energy - (2 * _LOBE + 1) * floor)
    least = np.sqrt(np.maximum(0.0, quiet - DEVIATIONS * _LOBE_SCATTER * floor)) - DEVIATIONS * noise
    return WindowLines(
        top & exceeds,
        np.sqrt(quiet),
        np.maximum(0.0, least),
        (np.sqrt(energy) + DEVIATIONS * noise) / _LEAST_CAUGHT,
        noise,
    )


def window_powers(samples: Samples) -> Samples:
    """Periodogram of one window, shape (n // 2 + 1,), as the meter makes it. [SI^2]"""
    window = detrended(samples[np.newaxis], "linear")
    powers: Samples = power_spectra(window, taper("hann", samples.size))[0]
    return powers


def lines_in(powers: Samples, false_alarm: float) -> tuple[int, ...]:
    """Bins of a whole spectrum that are the tops of lines."""
    band = (_EDGE, powers.size - 1 - _EDGE)
    if band[1] < band[0]:
        return ()
    found = np.flatnonzero(window_lines(powers, band, false_alarm).detected)
    return tuple(int(place) + band[0] - 1 for place in found)


# ---------------------------------------------------------------- over consecutive windows


def _widened(values: Samples) -> Samples:
    """Largest of each value and its two neighbours."""
    wide = values.copy()
    np.maximum(wide[1:], values[:-1], out=wide[1:])
    np.maximum(wide[:-1], values[1:], out=wide[:-1])
    return wide


@dataclass(slots=True)
class _Hold:
    """The largest value that holds for `persist` consecutive windows on a path of at most a bin a window."""

    persist: int
    steps: list[Samples] = field(default_factory=list)
    """Element j: least value on the best path over the last j + 1 windows."""

    def open(self, bins: int, before: float) -> None:
        """Begin anew, with `before` in all windows before the next."""
        self.steps = [np.full(bins, before) for _ in range(self.persist)]

    def update(self, values: Samples) -> Samples:
        """Take the next window; what holds for `persist` windows that end with it."""
        earlier = [_widened(step) for step in self.steps[:-1]]
        self.steps = [values, *(np.minimum(values, step) for step in earlier)]
        return self.steps[-1]


@dataclass(slots=True)
class _Runs:
    """Length of the run of windows with a line, on a path of at most a bin a window."""

    longest: int = 0
    bin: int = 0
    window: int = 0
    now: Samples = field(default_factory=lambda: np.zeros(0))

    def update(self, flags: Flags, window: int) -> None:
        """Take the next window."""
        self.now = np.where(flags, 1.0 + _widened(self.now), 0.0)
        place = int(np.argmax(self.now))
        if self.now[place] > self.longest:
            self.longest, self.bin, self.window = int(self.now[place]), place, window


@dataclass(slots=True)
class OscillationMeter:
    """Lines of a signal that hold for some windows.

    Window k starts ``k * length / 2`` after the record's first sample, to the nearest sample; one
    with a gap in it is left out. What stands beside a gap may hold within it: there the upper
    bounds take a single window for all.

    Parameters
    ----------
    interval : float
        Sample interval. [s]
    search : LineSearch
    """

    interval: float
    search: LineSearch
    samples: int = field(init=False)
    band: tuple[int, int] = field(init=False)
    _weights: Samples = field(init=False)
    _timeline: Timeline = field(init=False)
    _buffer: list[Samples] = field(default_factory=list)
    _origin: int = 0
    _size: int = 0
    _next: int = 0
    _since: int = 0
    """Windows of the run of windows without a gap."""
    _windows: int = 0
    _value: _Hold = field(init=False)
    _low: _Hold = field(init=False)
    _high: _Hold = field(init=False)
    _runs: tuple[_Runs, _Runs, _Runs] = field(default_factory=lambda: (_Runs(), _Runs(), _Runs()))
    _tracks: Samples = field(default_factory=lambda: np.zeros(0))
    """Largest value held so far on the path that ends in each bin. [SI]"""
    _detected: _Runs = field(default_factory=_Runs)
    _held: Held = field(default_factory=Held)
    _bounds: tuple[float, float] = (0.0, 0.0)
    _high_at: tuple[float, float] = (0.0, 0.0)
    _last_high: tuple[float, int, float] = (0.0, 0, 0.0)
    """Upper bound of the last window, its bin, the window's start."""
    _cut: bool = False

    def __post_init__(self) -> None:
        """Whole samples in a window; the bins of the band."""
        search = self.search
        self.samples = max(2, math.floor(search.length / self.interval + ON_GRID))
        seconds, bins = self.samples * self.interval, self.samples // 2 + 1
        first = max(_EDGE, math.ceil(search.low * seconds - ON_GRID))
        self.band = (first, min(bins - 1 - _EDGE, math.floor(search.high * seconds + ON_GRID)))
        self._weights = taper("hann", self.samples)
        self._timeline = Timeline(self.interval)
        self._value, self._low, self._high = (_Hold(search.persist) for _ in range(3))

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        if self._timeline.enter(block):
            self._origin, self._buffer, self._size = block.start, [], 0
            while self._start(self._next) < block.start:
                self._next += 1
                self._interrupt()
        self._buffer.append(block.samples[0].copy())
        self._size += block.samples.shape[1]
        if self._start(self._next) + self.samples <= self._origin + self._size:
            self._measure(np.concatenate(self._buffer))

    def reading(self) -> OscillationReading:
        """What was found; no window gives zeros."""
        possible = 0
        while self._timeline.first is not None and self._start(possible) + self.samples <= self._timeline.last + 1:
            possible += 1
        self._close_runs()
        if self._next < possible and self._since:
            self._take_high(*self._last_high)
        _, middle, _ = self._runs
        return OscillationReading(
            held=self._held,
            low=self._bounds[0],
            high=self._bounds[1],
            high_at=self._high_at,
            runs=(self._runs[0].longest, middle.longest, self._runs[2].longest),
            run_at=(self._frequency(middle.bin), self._time(middle.window)) if middle.longest else (0.0, 0.0),
            cut=self._cut,
            bins=max(0, self.band[1] - self.band[0] + 1),
            windows=self._windows,
            possible=possible,
            samples=self.samples,
        )

    def _start(self, number: int) -> int:
        """Index in the record of the first sample of a window."""
        first = self._timeline.first or 0
        return first + math.floor(number * (self.search.length / 2.0) / self.interval + 0.5)

    def _frequency(self, place: int) -> float:
        return (self.band[0] - 1 + place) / (self.samples * self.interval)

    def _time(self, number: int) -> float:
        """Start of a window. [s]"""
        return self._timeline.origin + (self._start(number) - self._timeline.start) * self.interval

    def _interrupt(self) -> None:
        """A window is missing: what stood out in the last one may go on unseen."""
        self._close_runs()
        if self._since:
            self._take_high(*self._last_high)
        self._since = 0

    def _close_runs(self) -> None:
        if self._since and bool(np.any(self._runs[2].now > 0.0)):
            self._cut = True

    def _measure(self, samples: Samples) -> None:
        """Every window that is whole; what no later one needs is dropped."""
        while (place := self._start(self._next) - self._origin) + self.samples <= samples.size:
            window = detrended(samples[np.newaxis, place : place + self.samples], "linear")
            if self.band[1] >= self.band[0]:
                self._take(window_lines(power_spectra(window, self._weights)[0], self.band, self.search.false_alarm))
            self._windows += 1
            self._since += 1
            self._next += 1
        dropped = max(0, min(place, samples.size))
        self._buffer, self._size = [samples[dropped:].copy()], samples.size - dropped
        self._origin += dropped

    def _take(self, lines: WindowLines) -> None:
        inside = np.ones(lines.value.size, dtype=bool)
        inside[[0, -1]] = False
        surely = inside.copy()
        surely[[1, -2]] = False
        if self._since == 0:
            self._open(lines.value.size)
        found = lines.detected & inside
        held = self._value.update(np.where(found, lines.value, 0.0))
        low = float(np.max(self._low.update(np.where(lines.detected & surely, lines.low, 0.0))))
        high = self._high.update(lines.high)
        self._bounds = (max(self._bounds[0], low), self._bounds[1])
        start, place = self._time(self._next), int(np.argmax(high))
        self._take_high(float(high[place]), place, start)
        place = int(np.argmax(lines.high))
        self._last_high = (float(lines.high[place]), place, start)
        self._follow(found, held, lines, start)
        least = self.search.least
        flags = (
            lines.detected & surely & (lines.low >= least),
            found & (lines.value >= least),
            lines.high >= least,
        )
        for runs, flag in zip(self._runs, flags, strict=True):
            runs.update(flag, self._next)
        self._cut = self._cut or (self._since == 0 and bool(np.any(flags[2])))

    def _open(self, bins: int) -> None:
        """Begin after a gap, in which anything may have been, or at the record's start."""
        self._value.open(bins, 0.0)
        self._low.open(bins, 0.0)
        self._high.open(bins, math.inf if self._next > 0 else 0.0)
        self._tracks = np.zeros(bins)
        for runs in (*self._runs, self._detected):
            runs.now = np.zeros(bins)

    def _take_high(self, high: float, place: int, start: float) -> None:
        if high > self._bounds[1]:
            self._bounds, self._high_at = (self._bounds[0], high), (self._frequency(place), start)

    def _follow(self, found: Flags, held: Samples, lines: WindowLines, start: float) -> None:
        """Keep the strongest line, and for how many windows it stands out."""
        self._detected.update(found, self._next)
        self._tracks = np.where(found, np.maximum(held, _widened(self._tracks)), 0.0)
        place = int(np.argmax(self._tracks))
        value, windows = float(self._tracks[place]), int(self._detected.now[place])
        if value > self._held.value:
            place = int(np.argmax(held))
            self._held = Held(value, float(lines.noise[place]), self._frequency(place), start, windows)
        elif value > 0.0 and value == self._held.value and windows > self._held.windows:
            self._held = Held(value, self._held.noise, self._held.frequency, self._held.start, windows)
