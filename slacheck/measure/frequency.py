"""Frequency of the fundamental over a trailing window, as a stream of blocks.

``f(t) = f_0 + (phi(t - L/2) - phi(t - W + L/2)) / (2 pi (W - L))``, phi the phase less that of the
nominal frequency f_0 (`phase`), W the window and L the length of the windows that phases are taken
from: four cycles, or half of W where that is less. A window of 10 s so holds the integer number
of cycles over the elapsed time that IEC 61000-4-30 5.1 asks for, weighted at its ends.

A frequency that changes is averaged with a trapezoid of W: content at f passes as
``|sinc(f (W - L))|`` times the taper's own, less fast, response; a value is late by W / 2.

A step of the amplitude moves the phases that are taken across it, by up to `step_shows` times its
size, and a jump of the phase is no change of the frequency. Values with either are no measurement:
those whose two phases lie where the amplitude steps by more than `LARGEST_STEP`, and those with a jump
of more than `LARGEST_JUMP` between them, are left out (IEC 61000-4-30 flags them).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from slacheck.contract import Block
from slacheck.measure.phase import CYCLES, PhaseTrack, Ticks, phase_noise
from slacheck.measure.swings import REACH, amplitude_steps, phase_jumps
from slacheck.measure.tapers import COSINES, TaperName

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Samples

LARGEST_STEP = 0.1
"""Of the amplitude over four cycles. [ratio]"""
LARGEST_JUMP = math.radians(5.0)
"""Of the phase. [rad]"""
_BESIDE = 2
"""Ticks beside a step from which it still shows in part."""
_CONTEXT = REACH + _BESIDE
"""Ticks on both sides of a phase that say whether it is disturbed."""
CONTEXT_CYCLES = _CONTEXT + 2
"""Nominal cycles on both sides of a window in which samples decide whether it has a value."""
_MOVED = 0.08
"""Half of the mean distance from the middle of a window, in windows: 0.074 for the Hann taper, else less."""
_ORDERS = (0, 2, 3)
"""Harmonics (0: offset) that the taper suppresses least."""


def phase_cycles(nominal: float, window: float) -> float:
    """Cycles of the windows that phases are taken from, for a frequency over `window`."""
    return min(float(CYCLES), nominal * window / 2.0)


@dataclass(slots=True)
class FrequencyTransform:
    """Frequency over ``(t - window, t]`` at ``t = k step``, k whole.

    Where the fundamental is lost (interruption, garbage) or disturbed there is no value: what comes
    out then has a new segment number.

    Parameters
    ----------
    nominal : float
        f_0. [Hz]
    window, step, interval : float
        W, from value to value, of the blocks. [s]
    """

    nominal: float
    window: float
    step: float
    interval: float
    _track: PhaseTrack = field(init=False)
    _ticks: Ticks | None = None
    _whole_start: float = -math.inf
    """Where tick 0 of a run is whose start no interruption disturbs. [s]"""
    _segment: int | None = None
    _next: int = 0
    _segments: int = -1
    _out: tuple[int, int] | None = None
    """Run and index of the last value."""
    _dropped: int = 0
    _dropping: int = 0
    _longest_drop: int = 0
    _quiet_step: float = 0.0
    _farthest: float = 0.0

    def __post_init__(self) -> None:
        """The tracker of phases."""
        self._track = PhaseTrack(self.nominal, self.interval, phase_cycles(self.nominal, self.window))

    def push(self, block: Block) -> list[Block]:
        """Frequencies of the windows that this block completes, a block for each undisturbed run."""
        if self._segment != block.segment:
            self._segment = block.segment
            self._whole_start = block.first_time + (self._track.length - 1) / 2.0 * self.interval
        return [out for ticks in self._track.push(block) for out in self._of_run(ticks)]

    @property
    def lost(self) -> tuple[float, float]:
        """For how long there was no frequency, in all and without a break. [s]"""
        tick = self._track.tick * self.interval
        longest = max(self._track.longest_loss * tick, self._longest_drop * self.step)
        return self._track.lost * tick + self._dropped * self.step, longest

    @property
    def flaw(self) -> float:
        """Bound of the error of one value from harmonics, mirror line and smaller steps of the amplitude. [Hz]"""
        mirror, harmonics = leakage(self._track.cycles, self._track.length, self._farthest / self.nominal)
        # a step also moves what moment a window is about, by up to this part of it, which counts off nominal
        moved = 2.0 * math.pi * self._farthest * _MOVED * self._track.length * self.interval
        of_phase = (step_shows(self._track.cycles) + moved) * self._quiet_step
        of_phase += 2.0 * (mirror + self._track.largest_residual * harmonics)
        return of_phase / (2.0 * math.pi * self._base)

    @property
    def _base(self) -> float:
        """From one phase to the other. [s]"""
        return self.window - self._track.length * self.interval

    def _of_run(self, ticks: Ticks) -> list[Block]:
        if self._ticks is not None and self._ticks.run == ticks.run:
            phases = np.concatenate((self._ticks.phases, ticks.phases))
            amplitudes = np.concatenate((self._ticks.amplitudes, ticks.amplitudes))
            ticks = Ticks(self._ticks.first, ticks.start, ticks.interval, phases, amplitudes, ticks.run)
        half, every = self._track.length * self.interval / 2.0, ticks.interval
        undisturbed = abs(ticks.start - self._whole_start) < self.interval
        earliest = ticks.start + (0 if undisturbed else _CONTEXT) * every
        latest = ticks.start + (ticks.first + ticks.phases.size - 1 - _CONTEXT) * every
        first = max(self._next, math.ceil((earliest + self._base + half) / self.step - 1e-9))
        last = math.floor((latest + half) / self.step + 1e-9)
        stepped, jumps = self._disturbances(ticks)
        self._keep(ticks)
        if last < first or self._base <= 0.0:
            return []
        numbers, self._next = np.arange(first, last + 1), last + 1
        late = ((numbers * self.step - half) - ticks.start) / every - ticks.first
        good = _undisturbed(stepped, jumps, (late - self._base / every, late))
        return self._values(ticks, numbers, half, good)

    def _keep(self, ticks: Ticks) -> None:
        """Hold the ticks that later values need, with those that say whether they are disturbed."""
        needed = math.ceil((self._base + 2.0 * self.step) / ticks.interval) + 3 + 2 * _CONTEXT
        kept = max(0, ticks.phases.size - needed)
        phases, amplitudes = ticks.phases[kept:], ticks.amplitudes[kept:]
        self._ticks = Ticks(ticks.first + kept, ticks.start, ticks.interval, phases, amplitudes, ticks.run)

    def _disturbances(self, ticks: Ticks) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """At which ticks a step of the amplitude shows, and at which a jump of the phase."""
        steps, jumps = amplitude_steps(ticks.amplitudes), np.abs(phase_jumps(ticks.phases)[0]) >= LARGEST_JUMP
        begin, end = np.arange(steps.size) - _BESIDE, np.arange(steps.size) + _BESIDE + 1
        stepped = _counted(steps >= LARGEST_STEP, begin, end) > 0
        quiet = steps[_CONTEXT:-_CONTEXT][~stepped[_CONTEXT:-_CONTEXT]]
        if quiet.size:
            self._quiet_step = max(self._quiet_step, float(np.max(quiet)))
        return stepped, jumps

    def _values(self, ticks: Ticks, numbers: NDArray[np.int64], half: float, good: NDArray[np.bool_]) -> list[Block]:
        """The values of these numbers that are good, a block for each run of them."""
        stamps = ticks.start + (ticks.first + np.arange(ticks.phases.size)) * ticks.interval
        ends = numbers * self.step - half
        late, early = np.interp(ends, stamps, ticks.phases), np.interp(ends - self._base, stamps, ticks.phases)
        frequencies: Samples = self.nominal + (late - early) / (2.0 * math.pi * self._base)
        self._count(good)
        if good.any():
            self._farthest = max(self._farthest, float(np.max(np.abs(frequencies[good] - self.nominal))))
        edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False])).astype(np.int8))).tolist()
        return [
            self._block(frequencies[begin:end], int(numbers[begin]), ticks.run)
            for begin, end in zip(edges[::2], edges[1::2], strict=True)
        ]

    def _block(self, frequencies: Samples, first: int, run: int) -> Block:
        if self._out != (run, first - 1):
            self._segments += 1
        self._out = (run, first + frequencies.size - 1)
        return Block(frequencies.reshape(1, -1).copy(), self._segments, first, first * self.step, self.step)

    def _count(self, good: NDArray[np.bool_]) -> None:
        """Count the values left out, in all and in a row."""
        for one in good.tolist():
            self._dropping = 0 if one else self._dropping + 1
            self._dropped += not one
            self._longest_drop = max(self._longest_drop, self._dropping)


def _undisturbed(
    stepped: NDArray[np.bool_], jumps: NDArray[np.bool_], ends: tuple[NDArray[Any], NDArray[Any]]
) -> NDArray[np.bool_]:
    """Which values neither have a phase across a step nor a jump in between; their ends in ticks."""
    early, late = ends
    begin, end = np.floor(early).astype(np.int64), np.ceil(late).astype(np.int64) + 1
    across = _counted(stepped, begin, begin + 2) + _counted(stepped, end - 2, end) + _counted(jumps, begin, end)
    undisturbed: NDArray[np.bool_] = across == 0
    return undisturbed


def _counted(flags: NDArray[np.bool_], begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many flags stand in each [begin, end)."""
    before = np.concatenate(([0], np.add.accumulate(flags.astype(np.int64))))
    counts: NDArray[np.int64] = before[np.clip(end, 0, flags.size)] - before[np.clip(begin, 0, flags.size)]
    return counts


def step_shows(cycles: float) -> float:
    """Most that a step of the amplitude up to a tenth, of size 1, adds to a phase (by trial over angles). [rad]"""
    return 0.08 if cycles >= CYCLES else 0.25 / cycles


def leakage(cycles: float, samples: int, farthest: float) -> tuple[float, float]:
    """What the taper passes of the mirror line and of harmonics, of their amplitude, up to `farthest` from nominal.

    Parameters
    ----------
    cycles : float
        Nominal cycles in a window.
    samples : int
        In a window.
    farthest : float
        Distance of the frequency from the nominal one. [ratio]
    """
    angles = 2.0 * math.pi * (np.arange(samples) + 0.5) / samples
    terms = COSINES["blackmanharris" if cycles >= CYCLES else "hann"]
    taper = np.sum([(-1) ** k * a * np.cos(k * angles) for k, a in enumerate(terms)], axis=0)
    middle = (np.arange(samples) - (samples - 1) / 2.0) / samples

    def passed(order: float) -> float:
        """Most of a line of this order (-1: the mirror line) over the frequencies, a symmetric taper."""
        bins = cycles * (order * (1.0 + np.linspace(-farthest, farthest, 41)) - 1.0)
        return max(abs(float(np.sum(taper * np.cos(2.0 * math.pi * one * middle)))) for one in bins.tolist())

    whole = float(np.sum(taper))
    return passed(-1.0) / whole, max(passed(float(order)) for order in _ORDERS) / whole


def frequency_uncertainty(relative_noise: float, nominal: float, window: float, interval: float) -> float:
    """Standard uncertainty of one value from white noise of `relative_noise` = s / A on the waveform. [Hz]

    ``u(f) = sqrt(2) u(phi) / (2 pi (W - L))``.
    """
    cycles = phase_cycles(nominal, window)
    samples = max(8, round(cycles / (nominal * interval)))
    name: TaperName = "blackmanharris" if cycles >= CYCLES else "hann"
    base = window - samples * interval
    return math.sqrt(2.0) * phase_noise(relative_noise, samples, name) / (2.0 * math.pi * base)
