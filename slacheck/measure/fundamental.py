"""The fundamental of a stretch of an AC waveform: amplitude, frequency and phase, fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import rfft

if TYPE_CHECKING:
    from slacheck.contract import Samples


@dataclass(frozen=True, slots=True)
class Sine:
    """``amplitude cos(pace (i - index) + phase)`` at grid index i.

    Parameters
    ----------
    amplitude : float
        [SI]
    pace : float
        Angular frequency times sample interval. [rad/sample]
    phase : float
        [rad]
    index : int
        Grid index that the phase is of.
    """

    amplitude: float
    pace: float
    phase: float
    index: int

    def at(self, index: int, count: int) -> Samples:
        """Samples from grid index `index` on, shape (count,). [SI]"""
        values: Samples = self.amplitude * np.cos(self.pace * (np.arange(count) + (index - self.index)) + self.phase)
        return values


def fit_fundamental(samples: Samples, index: int, pace: float | None) -> Sine | None:
    """The sine that the samples hold.

    Parameters
    ----------
    samples : ndarray of float, shape (n,)
        About five periods; the first is at grid index `index`. [SI]
    pace : float, optional
        First guess [rad/sample]; without it the highest line of the spectrum.

    Returns
    -------
    Sine or None
        None where there is no line above zero frequency.

    Notes
    -----
    The phase of Hann-tapered sums over the two halves differs by (pace - guess) n / 2; a few such
    steps give the frequency (a guess may be off by half a bin of the halves). A Hann taper
    suppresses the mirror line of five periods to 3e-4 of the amplitude.
    """
    half = samples.size // 2
    if half < 4:
        return None
    steps = 2
    if pace is None:
        transform = rfft(samples * _hann(samples.size))
        lines = transform.real * transform.real + transform.imag * transform.imag  # np.abs: other bits elsewhere
        line = 1 + int(np.argmax(lines[1:]))
        pace, steps = 2.0 * math.pi * line / samples.size, 4
        if lines[line] == 0.0:
            return None
    for _ in range(steps):
        first, second = _phasor(samples[:half], pace, 0), _phasor(samples[half : 2 * half], pace, half)
        turned = second * first.conjugate()
        pace += math.atan2(turned.imag, turned.real) / half
        if not 0.0 < pace < math.pi:
            return None
    whole = _phasor(samples, pace, 0)
    return Sine(2.0 * abs(whole), pace, math.atan2(whole.imag, whole.real), index)


def _hann(count: int) -> Samples:
    taper: Samples = 0.5 - 0.5 * np.cos(2.0 * math.pi / count * (np.arange(count) + 0.5))
    return taper


def _phasor(samples: Samples, pace: float, first: int) -> complex:
    """Tapered mean of x exp(-j pace i), samples counted from `first`."""
    tapered = samples * _hann(samples.size)
    angle = pace * np.arange(first, first + samples.size)
    total = samples.size / 2.0
    return complex(float(np.sum(tapered * np.cos(angle))) / total, -float(np.sum(tapered * np.sin(angle))) / total)
