"""Unbalance of three phases: symmetrical components, the line-to-line formula, NEMA (IEC 61000-4-30 5.7, NEMA MG 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from slacheck.measure.harmonics import bin_powers, broadband_floor
from slacheck.measure.intervals import CycleValue, IntervalMeter, IntervalReading, Length
from slacheck.measure.resampling import BAND
from slacheck.measure.stepped import SteppedMean
from slacheck.measure.synchronised import USUAL, SynchronisedWindow, WindowCounts, WindowCutter
from slacheck.measure.windows import Timeline

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

Ratio = Literal["u2", "u0", "line_line", "nema"]

MISSING_PHASE = 0.1
"""A phase that never reaches this part of the largest one is not there."""
_LARGEST = 1e6
"""What a ratio to nothing reads."""
_ORDERS = 20
"""The broadband floor is looked for up to here."""


def symmetrical(phasors: Sequence[complex]) -> tuple[complex, complex, complex]:
    """Zero, positive and negative sequence of three phasors (Fortescue 1918). [unit of the phasors]"""
    a, b, c = phasors
    turn = complex(-0.5, math.sqrt(0.75))
    back = turn.conjugate()
    return (a + b + c) / 3.0, (a + turn * b + back * c) / 3.0, (a + back * b + turn * c) / 3.0


def line_line(voltages: Samples) -> Samples:
    r"""Negative over positive sequence from three line-to-line rms values, shape (3, n) to (n,). [1]

    .. math:: \beta = \frac{\sum U^4}{(\sum U^2)^2}, \quad
              u_2 = \sqrt{\frac{1 - \sqrt{3 - 6\beta}}{1 + \sqrt{3 - 6\beta}}}

    Three values that make no triangle read 1.
    """
    squares = voltages * voltages
    total = squares[0] + squares[1] + squares[2]
    fourths = squares[0] * squares[0] + squares[1] * squares[1] + squares[2] * squares[2]
    beta = fourths / np.where(total > 0.0, total * total, 1.0)
    root = np.sqrt(np.clip(3.0 - 6.0 * beta, 0.0, 1.0))
    ratio: Samples = np.sqrt((1.0 - root) / (1.0 + root))
    return ratio


def nema(voltages: Samples) -> Samples:
    """Largest distance from the mean of three rms values, over their mean, shape (3, n) to (n,). [1]"""
    mean = _mean_of(voltages)
    farthest = np.max(np.abs(voltages - mean), axis=0)
    ratio: Samples = np.where(mean > 0.0, farthest / np.where(mean > 0.0, mean, 1.0), _LARGEST)
    return ratio


def _mean_of(values: Samples) -> Samples:
    mean: Samples = (values[0] + values[1] + values[2]) / 3.0
    return mean


@dataclass(frozen=True, slots=True)
class UnbalanceReading:
    """What a record shows.

    Parameters
    ----------
    intervals : IntervalReading
        Columns: the square of the ratio [1], what noise adds to it [1], and the mean of the phases, squared [SI^2].
    counts : WindowCounts
    largest : tuple of float
        The most that each phase reached of the largest one beside it. [ratio]
    reversed_share : float
        Part of the windows in which the negative sequence is the larger one.
    """

    intervals: IntervalReading
    counts: WindowCounts
    largest: tuple[float, float, float]
    reversed_share: float


@dataclass(slots=True)
class _Phases:
    """How the three phases stand to one another over a record."""

    largest: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    reversed: int = 0
    count: int = 0

    def take(self, magnitudes: Samples) -> None:
        """More rms values, shape (3, n)."""
        top = np.max(magnitudes, axis=0)
        shares = np.max(magnitudes / np.where(top > 0.0, top, 1.0), axis=1)
        self.largest = [max(known, share) for known, share in zip(self.largest, shares.tolist(), strict=True)]
        self.count += magnitudes.shape[1]

    def reading(self, intervals: IntervalReading, counts: WindowCounts) -> UnbalanceReading:
        """With what was found."""
        share = self.reversed / self.count if self.count else 0.0
        a, b, c = self.largest
        return UnbalanceReading(intervals, counts, (a, b, c), share)


class UnbalanceMeter:
    """Unbalance of three waveforms, from their fundamentals in windows of 10 or 12 cycles.

    The windows follow ``a - (b + c) / 2``, which is there as long as any phase is.

    Parameters
    ----------
    interval, frequency : float
        [s], nominal [Hz]
    ratio : {"u2", "u0", "line_line", "nema"}
    length : Length
    rated : float, optional
        Rms value; windows with a cycle of any phase outside 0.9 to 1.1 of it are flagged. [SI]
    """

    def __init__(self, interval: float, frequency: float, ratio: Ratio, length: Length, rated: float | None) -> None:
        self._cutter = WindowCutter(interval, frequency)
        self._bins = math.floor(BAND * self._cutter.cycles / (frequency * interval)) + 1
        self._ratio: Ratio = ratio
        self._rated = rated
        self._intervals = IntervalMeter(length, 3)
        self._phases = _Phases()

    def update(self, block: Block) -> None:
        """Take the next block of three signals."""
        a, b, c = block.samples
        followed = replace(block, samples=np.stack([a, b, c, a - (b + c) / 2.0]))
        for window in self._cutter.push(followed):
            self._take(window)

    def reading(self) -> UnbalanceReading:
        """All intervals that are complete."""
        for window in self._cutter.close():
            self._take(window)
        return self._phases.reading(self._intervals.reading(), self._cutter.counts)

    def _take(self, window: SynchronisedWindow) -> None:
        phases, cycles = window.phasors[:3], self._cutter.cycles
        zero, positive, negative = (abs(part) for part in symmetrical(phases))
        magnitudes = np.array([[abs(phase)] for phase in phases])
        self._phases.take(magnitudes)
        self._phases.reversed += negative > positive
        floor = sum(broadband_floor(bin_powers(row)[: self._bins], cycles, _ORDERS) for row in window.samples[:3]) / 3.0
        if self._ratio in ("u2", "u0"):
            square = _square_of(negative if self._ratio == "u2" else zero, positive)
            noise = min(_LARGEST, floor / (3.0 * max(positive * positive, floor / _LARGEST, 1e-300)))
        else:
            square = float((line_line if self._ratio == "line_line" else nema)(magnitudes)[0]) ** 2
            noise = 2.0 / 3.0 * floor / max(float(np.mean(magnitudes)) ** 2, 1e-300)
        flagged = self._cutter.flags(window, (0, 1, 2), self._rated)
        numbers = np.array([square, noise, float(np.mean(magnitudes)) ** 2])
        self._intervals.add(CycleValue(window.start, window.end, window.follows, flagged, numbers))


def _square_of(part: float, whole: float) -> float:
    return min(_LARGEST, part / whole) ** 2 if whole > 0.0 else _LARGEST**2


class RmsUnbalanceMeter:
    """Unbalance of three rms values, sample by sample, and its root mean square over times k L to (k + 1) L.

    Parameters
    ----------
    interval : float
        [s]
    ratio : {"line_line", "nema"}
    length : float
        L. [s]
    rated : float, optional
        Samples with a phase outside 0.9 to 1.1 of it are flagged. [SI]
    """

    def __init__(self, interval: float, ratio: Ratio, length: float, rated: float | None) -> None:
        self._of = line_line if ratio == "line_line" else nema
        self._length, self._interval = length, interval
        self._rated = rated
        self._mean = SteppedMean(length, length, interval)
        self._phases = _Phases()
        self._counts = WindowCounts()
        self._timeline = Timeline(interval)
        self._found: list[Samples] = []

    def update(self, block: Block) -> None:
        """Take the next block of three signals."""
        self._phases.take(block.samples)
        ratio = self._of(block.samples)
        flags = np.zeros(ratio.size)
        if self._rated is not None:
            shares = block.samples / self._rated
            flags[np.any((shares < USUAL[0]) | (shares > USUAL[1]), axis=0)] = 1.0
        self._counts.windows += ratio.size
        self._counts.disturbed += int(np.count_nonzero(flags))
        self._timeline.enter(block)
        if self._counts.first_flagged is None and np.any(flags):
            self._counts.first_flagged = self._timeline.time_at(block.start + int(np.argmax(flags)))
        means = self._mean.push(replace(block, samples=np.stack([ratio * ratio, flags, _mean_of(block.samples)])))
        if means is not None:
            starts = (means.start + np.arange(means.samples.shape[1]) - 1.0) * self._length
            self._found.append(np.concatenate((starts[np.newaxis], means.samples)))

    def reading(self) -> UnbalanceReading:
        """All intervals that are complete."""
        found = np.concatenate(self._found, axis=1) if self._found else np.zeros((4, 0))
        clean = found[2] == 0.0
        squares = np.stack([found[1, clean], 0.0 * found[1, clean], found[3, clean] ** 2], axis=1)
        self._counts.seconds = self._counts.windows * self._interval
        counts = np.full(squares.shape[0], max(1.0, self._length / self._interval))
        intervals = IntervalReading(found[0, clean], squares, counts, found[0, ~clean])
        return self._phases.reading(intervals, self._counts)
