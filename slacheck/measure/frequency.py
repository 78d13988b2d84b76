"""Frequency of the fundamental over a trailing window, as a stream of blocks.

``f(t) = f_0 + (phi(t - L/2) - phi(t - W + L/2)) / (2 pi (W - L))``, phi the phase less that of the
nominal frequency f_0 (`phase`), W the window and L the length of the windows that phases are taken
from: four cycles, or half of W where that is less. A window of 10 s so holds the integer number
of cycles over the elapsed time that IEC 61000-4-30 5.1 asks for, weighted at its ends.

A frequency that changes is averaged with a trapezoid of W: content at f passes as
``|sinc(f (W - L))|`` times the taper's own, less fast, response; a value is late by W / 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.contract import Block
from slacheck.measure.phase import CYCLES, PhaseTrack, Ticks, phase_noise
from slacheck.measure.tapers import TaperName

if TYPE_CHECKING:
    from slacheck.contract import Samples


def phase_cycles(nominal: float, window: float) -> float:
    """Cycles of the windows that phases are taken from, for a frequency over `window`."""
    return min(float(CYCLES), nominal * window / 2.0)


@dataclass(slots=True)
class FrequencyTransform:
    """Frequency over ``(t - window, t]`` at ``t = k step``, k whole.

    Where the fundamental is lost (interruption, garbage) there is no value: what comes out then
    has a new segment number.

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
    _next: int = 0
    _segments: int = -1
    _out_run: int | None = None

    def __post_init__(self) -> None:
        """The tracker of phases."""
        self._track = PhaseTrack(self.nominal, self.interval, phase_cycles(self.nominal, self.window))

    def push(self, block: Block) -> list[Block]:
        """Frequencies of the windows that this block completes, a block for each run of the fundamental."""
        return [out for ticks in self._track.push(block) for out in self._of_run(ticks)]

    @property
    def lost(self) -> tuple[float, float]:
        """For how long there was no fundamental, in all and without a break. [s]"""
        tick = self._track.tick * self.interval
        return self._track.lost * tick, self._track.longest_loss * tick

    def _of_run(self, ticks: Ticks) -> list[Block]:
        if self._ticks is not None and self._ticks.run == ticks.run:
            phases = np.concatenate((self._ticks.phases, ticks.phases))
            ticks = Ticks(self._ticks.first, ticks.start, ticks.interval, phases, ticks.amplitudes, ticks.run)
        half = self._track.length * self.interval / 2.0
        base = self.window - 2.0 * half
        stamps = ticks.start + (ticks.first + np.arange(ticks.phases.size)) * ticks.interval
        first = max(self._next, math.ceil((float(stamps[0]) + base + half) / self.step - 1e-9))
        last = math.floor((float(stamps[-1]) + half) / self.step + 1e-9)
        kept = max(0, ticks.phases.size - math.ceil((base + 2.0 * self.step) / ticks.interval) - 3)
        self._ticks = Ticks(
            ticks.first + kept, ticks.start, ticks.interval, ticks.phases[kept:], ticks.amplitudes, ticks.run
        )
        if last < first or base <= 0.0:
            return []
        ends = np.arange(first, last + 1) * self.step - half
        late, early = np.interp(ends, stamps, ticks.phases), np.interp(ends - base, stamps, ticks.phases)
        frequencies: Samples = self.nominal + (late - early) / (2.0 * math.pi * base)
        if self._out_run != ticks.run or first != self._next:
            self._segments += 1
        self._out_run, self._next = ticks.run, last + 1
        return [Block(frequencies.reshape(1, -1), self._segments, first, first * self.step, self.step)]


def frequency_uncertainty(relative_noise: float, nominal: float, window: float, interval: float) -> float:
    """Standard uncertainty of one value from white noise of `relative_noise` = s / A on the waveform. [Hz]

    ``u(f) = sqrt(2) u(phi) / (2 pi (W - L))``.
    """
    cycles = phase_cycles(nominal, window)
    samples = max(8, round(cycles / (nominal * interval)))
    name: TaperName = "blackmanharris" if cycles >= CYCLES else "hann"
    base = window - samples * interval
    return math.sqrt(2.0) * phase_noise(relative_noise, samples, name) / (2.0 * math.pi * base)
