r"""Phase of the fundamental of an AC waveform, followed cycle by cycle.

Every nominal cycle (a *tick*: a whole number of samples) one tapered Fourier sum over `cycles`
nominal cycles gives the phase at the middle of that window,

.. math:: \phi = \arg \sum_k w_k x_k e^{-j 2 \pi f_0 t_k} + 2 \pi f_0 t_m,

which is unwrapped from tick to tick (a frequency within 15 % of f_0 turns by less than half a
turn more or less). With the four-term Blackman-Harris taper over four cycles DC, the mirror line
and all harmonics lie outside the main lobe: within 5 % of f_0 each is suppressed to 1e-3 of its
amplitude or less (at f_0 to 5e-5); 15 % below it the second harmonic to 1.2e-2.

Noise of standard deviation s on an amplitude A, N samples per window, gives a phase of standard
deviation ``s / A sqrt(2 B / N)`` [rad], B = 2.0 bins the taper's noise bandwidth (Rife and
Boorstyn 1974, with a taper).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.tapers import BANDWIDTH_BINS, COSINES, TaperName

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

CYCLES = 4
"""Nominal cycles in a window, with the Blackman-Harris taper; shorter windows have the Hann taper."""
LEAST_SHARE = 0.5
"""Part of the power in a window that the fundamental must have, else there is none (interruption, garbage)."""

_AT_ONCE = 64
"""Windows whose products are held together."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Phases of one unbroken run of a fundamental, one each tick.

    Parameters
    ----------
    first : int
        Number of the first tick in its run.
    start : float
        Time of tick 0 of the run, the middle of its window. [s]
    interval : float
        From tick to tick. [s]
    phases : ndarray of float, shape (n,)
        Unwrapped, less that of the nominal frequency. [rad]
    run : int
        Changes where the fundamental was lost or samples are missing.
    """

    first: int
    start: float
    interval: float
    phases: Samples
    amplitudes: Samples
    run: int


@dataclass(slots=True)
class PhaseTrack:
    """Follows the fundamental of one waveform through a stream of blocks.

    Parameters
    ----------
    nominal : float
        f_0. [Hz]
    interval : float
        Of the blocks. [s]
    cycles : float
        Nominal cycles in a window.
    """

    nominal: float
    interval: float
    cycles: float = CYCLES
    tick: int = field(init=False)
    length: int = field(init=False)
    """Samples from tick to tick, and in a window."""
    _taper: Samples = field(init=False)
    _held: Samples = field(default_factory=lambda: np.empty(0))
    _segment: int | None = None
    _origin: tuple[float, int] = (0.0, 0)
    _done: int = 0
    """Ticks of the segment so far, lost ones included."""
    _run: int = -1
    _in_run: int = 0
    _run_start: float = 0.0
    _last: float | None = None
    _losing: int = 0
    lost: int = 0
    """Ticks without a fundamental."""
    longest_loss: int = 0
    """Of them in a row."""
    largest_residual: float = 0.0
    """Most of what is in a window beside the fundamental, its rms relative to that of the fundamental."""

    def __post_init__(self) -> None:
        """Sizes in samples."""
        self.tick = max(1, round(1.0 / (self.nominal * self.interval)))
        self.length = max(8, round(self.cycles / (self.nominal * self.interval)))
        name: TaperName = "blackmanharris" if self.cycles >= CYCLES else "hann"
        angles = 2.0 * math.pi * (np.arange(self.length) + 0.5) / self.length
        terms = [(-1) ** k * a * np.cos(k * angles) for k, a in enumerate(COSINES[name])]
        self._taper = np.asarray(np.sum(terms, axis=0), dtype=np.float64)

    def push(self, block: Block) -> list[Ticks]:
        """The ticks that this block completes."""
        if self._segment != block.segment:
            self._segment, self._origin = block.segment, (block.first_time, block.start)
            self._held, self._done, self._last = np.empty(0), 0, None
        self._held = np.concatenate((self._held, block.samples[0]))
        count = (self._held.size - self.length) // self.tick + 1
        if count <= 0:
            return []
        rows = np.lib.stride_tricks.sliding_window_view(self._held, self.length)[:: self.tick][:count]
        found = self._unwrapped(*self._sums(rows))
        self._done += count
        self._held = self._held[count * self.tick :].copy()
        return found

    def _sums(self, rows: Samples) -> tuple[Samples, Samples, Samples]:
        """In-phase and quadrature sum of each window, scaled to the amplitude, and its mean square."""
        offsets = (np.arange(self.length) - (self.length - 1) / 2.0) * self.interval
        turns = self.nominal * offsets
        scale = 2.0 / float(np.sum(self._taper))
        cosine = scale * self._taper * np.cos(2.0 * math.pi * turns)
        sine = scale * self._taper * np.sin(2.0 * math.pi * turns)
        power = float(np.sum(self._taper * self._taper))
        real, imaginary, squares = np.empty((3, len(rows)))
        for first in range(0, len(rows), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            np.sum(rows[some] * cosine, axis=1, out=real[some])
            np.sum(rows[some] * sine, axis=1, out=imaginary[some])
            tapered = rows[some] * self._taper
            tapered *= tapered
            np.sum(tapered, axis=1, out=squares[some])
        return real, -imaginary, squares / power

    def _unwrapped(self, real: Samples, imaginary: Samples, squares: Samples) -> list[Ticks]:
        found: list[tuple[int, float, list[float], list[float], int]] = []
        for index, (re, im, square) in enumerate(zip(real.tolist(), imaginary.tolist(), squares.tolist(), strict=True)):
            amplitude = math.hypot(re, im)
            if not amplitude * amplitude / 2.0 >= LEAST_SHARE * square or amplitude == 0.0:
                self._last = None
                self._losing += 1
                self.lost, self.longest_loss = self.lost + 1, max(self.longest_loss, self._losing)
                continue
            self._losing = 0
            residual = math.sqrt(max(0.0, 2.0 * square / (amplitude * amplitude) - 1.0))
            self.largest_residual = max(self.largest_residual, residual)
            number = self._done + index
            middle = self._origin[0] + (number * self.tick + (self.length - 1) / 2.0) * self.interval
            turned = math.atan2(im, re) / (2.0 * math.pi) - self.nominal * middle
            if self._last is None:
                self._run += 1
                self._in_run, self._run_start = 0, middle
                phase = 2.0 * math.pi * (turned - round(turned))
            else:
                step = turned - self._last / (2.0 * math.pi)
                phase = self._last + 2.0 * math.pi * (step - round(step))
            if self._last is None or not found or found[-1][4] != self._run:
                found.append((self._in_run, self._run_start, [], [], self._run))
            found[-1][2].append(phase)
            found[-1][3].append(amplitude)
            self._last = phase
            self._in_run += 1
        every = self.tick * self.interval
        return [Ticks(i, start, every, np.array(p), np.array(a), run) for i, start, p, a, run in found]


def phase_noise(relative_noise: float, samples: int, taper: TaperName = "blackmanharris") -> float:
    """Standard deviation of a tick's phase for white noise of `relative_noise` = s / A. [rad]"""
    return relative_noise * math.sqrt(2.0 * BANDWIDTH_BINS[taper] / samples)
