"""Windows of 10 cycles at 50 Hz, 12 at 60 Hz, cut where the fundamental is, and resampled to whole samples.

IEC 61000-4-7 (4.4.1) and IEC 61000-4-30 want every window to hold a whole number of cycles, to
0.03 % of its length. A record sampled at its own pace never does: so the fundamental's phase is
found where a window should end, and what lies between two zero crossings N cycles apart is
interpolated, band-limited, at equal parts of it. The windows of a segment follow one another
without gap or overlap.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from slacheck.measure.phase import PhaseTrack, Ticks
from slacheck.measure.resampling import REACH, resampled

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

LARGEST_SLIP = 3e-4
"""Largest error of synchronisation of a window. [ratio of its length]"""
USUAL = (0.9, 1.1)
"""Rms values of a cycle between these parts of the rated value are neither dip nor swell."""
FARTHEST = 0.15
"""The fundamental is looked for this far from its nominal frequency (42.5 to 57.5 Hz of 50 Hz). [ratio]"""
_EXTENDED = 4
"""Ticks whose first and last give the frequency at which the phase is continued to a segment's end."""


@dataclass(frozen=True, slots=True)
class SynchronisedWindow:
    """One window.

    Parameters
    ----------
    start, end : float
        Zero crossings of the fundamental that bound it. [s]
    follows : bool
        Whether it begins where the one before ended.
    samples : ndarray, shape (signals, n)
        At equal parts of the window, n a multiple of twice its cycles. [SI]
    phasors : tuple of complex
        Fundamental of each row, rms, as a cosine at the window's start. [SI]
    slip : float
        Error of its length, from the advance of the fundamental's phase since the window before, or within the first
        one. [ratio]
    """

    start: float
    end: float
    follows: bool
    samples: Samples
    phasors: tuple[complex, ...]
    slip: float


@dataclass(slots=True)
class WindowCounts:
    """Windows of a record, and which of them were flagged.

    Parameters
    ----------
    windows : int
    seconds : float
        Their length together. [s]
    disturbed, slipped : int
        Those with a cycle outside `USUAL`, and those out of step by more than `LARGEST_SLIP`.
    first_flagged : float, optional
        [s]
    largest_slip : float
        Of those that are not out of step. [ratio]
    slowest, fastest : float
        Frequency of the fundamental. [Hz]
    """

    windows: int = 0
    seconds: float = 0.0
    disturbed: int = 0
    slipped: int = 0
    first_flagged: float | None = None
    largest_slip: float = 0.0
    slowest: float = math.inf
    fastest: float = 0.0


def cycles_of(frequency: float) -> int:
    """Cycles in a window: 10 at 50 Hz, 12 at 60 Hz."""
    return round(frequency / 5.0)


class WindowCutter:
    """Cuts blocks of one or more signals into windows that follow the fundamental of the last row.

    Parameters
    ----------
    interval : float
        [s]
    frequency : float
        Nominal. [Hz]

    Notes
    -----
    The phase is that of `PhaseTrack`, linear from tick to tick. Its first and last tick stand two
    cycles inside the segment; up to the segment's ends the phase is continued at the frequency
    of the three cycles nearest. What harmonics add to the phase they add to every zero crossing alike.
    """

    def __init__(self, interval: float, frequency: float) -> None:
        self.cycles = cycles_of(frequency)
        self.counts = WindowCounts()
        self.step = 0.0
        """Smallest difference between two values of row 0 in the first window: a quantiser's step. [SI]"""
        self._interval, self._frequency = interval, frequency
        per_half_cycle = math.ceil(0.5 / (frequency * interval) * (1.0 - 1e-9))
        self._points = 2 * self.cycles * scipy.fft.next_fast_len(per_half_cycle, real=True)
        turns = np.arange(self._points) * (2.0 * math.pi * self.cycles / self._points)
        self._wave = np.cos(turns), np.sin(turns)
        self._last_half: dict[int, float] = {}
        """Mean square over the last half cycle of the window before, by row."""
        self._track = PhaseTrack(frequency, interval)
        self._segment: int | None = None
        self._origin, self._dropped, self._held = 0.0, 0, np.empty((1, 0))
        self._lose(-1)

    def push(self, block: Block) -> Iterator[SynchronisedWindow]:
        """Windows that this block completes."""
        if block.segment != self._segment:
            yield from self.close()
            self._segment, self._origin = block.segment, block.first_time
            self._held, self._dropped = np.empty((block.samples.shape[0], 0)), 0
            self._lose(-1)
        self._held = np.concatenate((self._held, block.samples), axis=1)
        for ticks in self._track.push(replace(block, samples=block.samples[-1:])):
            if ticks.run != self._run:
                yield from self._windows()
                self._lose(ticks.run)
            self._follow(ticks)
            yield from self._windows()
        self._forget()

    def close(self) -> Iterator[SynchronisedWindow]:
        """Windows that the end of the segment completes."""
        if self._segment is None:
            return
        yield from self._windows()
        reach = self._track.length / 2.0 + self._track.tick + 1.0
        if len(self._turns) >= _EXTENDED and self._seen - self._places[-1] <= reach:
            self._extend(self._seen - 1.0, self._places[-_EXTENDED], self._turns[-_EXTENDED])
            yield from self._windows()
        self._segment = None
        self._lose(-1)

    def flags(self, window: SynchronisedWindow, watched: tuple[int, ...], rated: float | None) -> bool:
        """Whether the window is out of step, or a cycle of a watched row outside `USUAL` of `rated`; counts it."""
        counts = self.counts
        slipped = window.slip > LARGEST_SLIP
        if not window.follows:
            self._last_half = {}
        rms = [value for row in watched for value in self._cycle_rms(row, window.samples[row])]
        disturbed = rated is not None and not USUAL[0] * rated <= min(rms) <= max(rms) <= USUAL[1] * rated
        counts.slipped += slipped
        counts.disturbed += disturbed
        if slipped or disturbed:
            counts.first_flagged = window.start if counts.first_flagged is None else counts.first_flagged
        if not slipped:
            counts.largest_slip = max(counts.largest_slip, window.slip)
        return slipped or disturbed

    def _cycle_rms(self, row: int, samples: Samples) -> list[float]:
        """Rms value over each cycle, one every half cycle, the one that began in the window before included."""
        halves = np.mean((samples * samples).reshape(2 * self.cycles, -1), axis=1)
        before = [self._last_half[row]] if row in self._last_half else []
        self._last_half[row] = float(halves[-1])
        halves = np.concatenate((before, halves))
        rms: list[float] = np.sqrt((halves[1:] + halves[:-1]) / 2.0).tolist()
        return rms

    @property
    def _seen(self) -> int:
        """Samples of the segment so far."""
        return self._dropped + self._held.shape[1]

    def _lose(self, run: int) -> None:
        """Begin a run of the fundamental."""
        self._run, self._begin, self._next = run, math.inf, 0
        self._places: list[float] = []
        self._turns: list[float] = []
        self._before: complex | None = None

    def _follow(self, ticks: Ticks) -> None:
        """Note where ticks stand [samples of the segment] and the fundamental's phase there [turns]."""
        times = ticks.start + (ticks.first + np.arange(ticks.phases.size)) * ticks.interval
        self._places += ((times - self._origin) / self._interval).tolist()
        self._turns += (self._frequency * times + ticks.phases / (2.0 * math.pi)).tolist()

    def _extend(self, place: float, other: float, turns: float) -> None:
        """One more tick at `place`, on the line through the nearest tick and another one."""
        nearest = -1 if place > other else 0
        slope = (self._turns[nearest] - turns) / (self._places[nearest] - other)
        there = self._turns[nearest] + slope * (place - self._places[nearest])
        end = len(self._places) if nearest else 0
        self._places.insert(end, place)
        self._turns.insert(end, there)

    def _windows(self) -> Iterator[SynchronisedWindow]:
        """Windows that the ticks so far complete."""
        if math.isinf(self._begin):
            if len(self._turns) < _EXTENDED:
                return
            if self._places[0] <= self._track.length / 2.0 + 1.0:
                self._extend(0.0, self._places[_EXTENDED - 1], self._turns[_EXTENDED - 1])
            first = max(self._places[0], REACH)
            self._next = math.ceil(float(np.interp(first, self._places, self._turns)) + 0.25)
            self._begin = self._zero(self._next)
        while self._turns[-1] >= self._next + self.cycles - 0.25:
            end = self._zero(self._next + self.cycles)
            if end + REACH + 1.0 > self._seen:
                return
            if abs(self.cycles / ((end - self._begin) * self._interval * self._frequency) - 1.0) <= FARTHEST:
                yield self._window(end)
            else:
                self._before = None
            self._begin, self._next = end, self._next + self.cycles

    def _zero(self, number: int) -> float:
        """Where the upward zero crossing `number` of the fundamental, a cosine, is. [samples of the segment]"""
        return float(np.interp(number - 0.25, self._turns, self._places))

    def _forget(self) -> None:
        """Drop samples and ticks that no later window needs."""
        begin = min(self._begin, self._seen - 2.0 * self._track.length)
        unused = min(max(0, math.floor(begin) - REACH - self._dropped), self._held.shape[1])
        self._held = self._held[:, unused:].copy()
        self._dropped += unused
        kept = max(0, bisect_left(self._places, self._begin) - 1) if math.isfinite(self._begin) else 0
        kept = min(kept, max(0, len(self._places) - _EXTENDED))
        self._places, self._turns = self._places[kept:], self._turns[kept:]

    def _window(self, end: float) -> SynchronisedWindow:
        begin, length = self._begin, end - self._begin
        if self.counts.windows == 0:
            self.step = _smallest_step(
                self._held[0, math.floor(begin) - self._dropped : math.ceil(end) - self._dropped]
            )
        first = math.floor(begin) - REACH
        positions = (begin - first) + np.arange(self._points) * (length / self._points)
        samples = resampled(self._held[:, first - self._dropped :], positions)
        phasors = tuple(self._phasor(row) for row in samples)
        slip = self._slip(samples[-1], phasors[-1])
        window = SynchronisedWindow(
            self._origin + begin * self._interval,
            self._origin + end * self._interval,
            self._before is not None,
            samples,
            phasors,
            slip,
        )
        self._before = phasors[-1]
        self._count(window)
        return window

    def _count(self, window: SynchronisedWindow) -> None:
        length = window.end - window.start
        self.counts.windows += 1
        self.counts.seconds += length
        self.counts.slowest = min(self.counts.slowest, self.cycles / length)
        self.counts.fastest = max(self.counts.fastest, self.cycles / length)

    def _phasor(self, samples: Samples, part: slice = slice(None)) -> complex:
        cosine, sine = self._wave
        return math.sqrt(2.0) * complex(
            float(np.mean(samples[part] * cosine[part])), -float(np.mean(samples[part] * sine[part]))
        )

    def _slip(self, samples: Samples, whole: complex) -> float:
        """Error of the window's length. [ratio]"""
        if self._before is not None:
            turned = whole * self._before.conjugate()
            return abs(math.atan2(turned.imag, turned.real)) / (2.0 * math.pi * self.cycles)
        half = self._points // 2
        early, late = self._phasor(samples, slice(0, half)), self._phasor(samples, slice(half, None))
        turned = late * early.conjugate()
        return abs(math.atan2(turned.imag, turned.real)) / (math.pi * self.cycles)


def _smallest_step(samples: Samples) -> float:
    steps = np.diff(np.sort(samples))
    return float(np.min(steps[steps > 0.0], initial=math.inf)) if np.any(steps > 0.0) else 0.0
