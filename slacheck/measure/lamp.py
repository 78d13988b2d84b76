r"""Response of a lamp and the eye to fluctuations of its voltage: block 3 of IEC 61000-4-15 edition 2.

First-order high-pass at 0.05 Hz, Butterworth low-pass of sixth order at 35 Hz (42 Hz on 60 Hz
mains), and

.. math:: H(s) = \frac{k \omega_1 s}{s^2 + 2 \lambda s + \omega_1^2}
                 \frac{1 + s / \omega_2}{(1 + s / \omega_3) (1 + s / \omega_4)}.

Sensations are scaled so that their largest value P_inst is 1 for a sinusoidal fluctuation at
8.8 Hz of 0.250 % (230 V lamps) or 0.321 % (120 V), after smoothing with 300 ms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Samples

CUTOFF = {50.0: 35.0, 60.0: 42.0}
"""Of the low-pass, by the frequency of the mains. [Hz]"""
SMOOTHING = 0.3
"""[s]"""
_HIGH_PASS, _REFERENCE = 0.05, 8.8
"""[Hz]"""


@dataclass(frozen=True, slots=True)
class Lamp:
    """Response of a lamp and the eye: table 1 of IEC 61000-4-15; `threshold` is dU/U at 8.8 Hz that just shows."""

    k: float
    damping: float
    first: float
    second: float
    third: float
    fourth: float
    threshold: float


LAMPS = {
    230: Lamp(1.74802, 4.05981, 9.15494, 2.27979, 1.22535, 21.9, 0.00250),
    120: Lamp(1.6357, 4.167375, 9.077169, 2.939902, 1.394468, 17.31512, 0.00321),
}
"""By rated voltage [V]; frequencies in Hz."""

_Biquad = tuple[tuple[float, float, float], tuple[float, float, float]]


def analogue(lamp: Lamp) -> tuple[_Biquad, ...]:
    """High-pass, lamp and eye: numerators and denominators from s^2 down."""
    turn = 2.0 * math.pi
    w1, w2, w3, w4 = (turn * value for value in (lamp.first, lamp.second, lamp.third, lamp.fourth))
    return (
        ((0.0, 1.0, 0.0), (0.0, 1.0, turn * _HIGH_PASS)),
        ((0.0, lamp.k * w1, 0.0), (1.0, 2.0 * turn * lamp.damping, w1 * w1)),
        ((0.0, 1.0 / w2, 1.0), (1.0 / (w3 * w4), 1.0 / w3 + 1.0 / w4, 1.0)),
    )


def response(lamp: Lamp, frequency: float, mains: float) -> float:
    """Amplitude of block 3's output for a fluctuation dU/U of this frequency [Hz] and unit size."""
    s = 2j * math.pi * frequency
    value = complex(1.0 / math.sqrt(1.0 + (frequency / CUTOFF[mains]) ** 12))
    for (b2, b1, b0), (a2, a1, a0) in analogue(lamp):
        value *= (b2 * s * s + b1 * s + b0) / (a2 * s * s + a1 * s + a0)
    return abs(value)


def sensation(lamp: Lamp, frequency: float, size: float, mains: float) -> float:
    """Largest P_inst of a sinusoidal fluctuation dU/U of `size` at `frequency` [Hz]."""
    ripple = 1.0 / abs(1.0 + 4j * math.pi * frequency * SMOOTHING)
    return scale(lamp, mains) * (size * response(lamp, frequency, mains)) ** 2 / 2.0 * (1.0 + ripple)


def scale(lamp: Lamp, mains: float) -> float:
    """What the smoothed square of block 3's output is multiplied by, so that the reference gives 1."""
    ripple = 1.0 / abs(1.0 + 4j * math.pi * _REFERENCE * SMOOTHING)
    return 2.0 / ((lamp.threshold * response(lamp, _REFERENCE, mains)) ** 2 * (1.0 + ripple))


def digital(biquads: tuple[_Biquad, ...], rate: float) -> Samples:
    """Bilinear transform at a sample rate [Hz], exact at 8.8 Hz, as second-order sections, shape (n, 6)."""
    c = 2.0 * math.pi * _REFERENCE / math.tan(math.pi * _REFERENCE / rate)
    rows = []
    for biquad in biquads:
        row = [
            part
            for p2, p1, p0 in biquad
            for part in (p2 * c * c + p1 * c + p0, 2.0 * (p0 - p2 * c * c), p2 * c * c - p1 * c + p0)
        ]
        rows.append([value / row[3] for value in row])
    return np.array(rows)


_CONSTANT = 0.713863
"""Pst where P_inst is 1 throughout."""
_PSD_STEPS = 4000


def noise_severity(relative: float, interval: float, lamp: int, mains: float) -> float:
    r"""Pst that white noise of the samples makes alone.

    .. math:: P_{st}^2 = c \, S \int |H(f)|^2 \, 8 \sigma^2 T_s \, df

    for sigma relative to the rms of the voltage: twice the product of noise and voltage is what
    squaring lets through. S is the scale of block 4, and c = 1 a bound: the levels that P_inst of
    white noise exceeds make it 0.73 to 0.79 (that of its mean alone is 0.51).

    Parameters
    ----------
    relative : float
        sigma. [1]
    interval : float
        T_s. [s]
    """
    width = 2.0 * CUTOFF[mains] / _PSD_STEPS
    bins = ((number + 0.5) * width for number in range(_PSD_STEPS))
    gain = math.fsum(response(LAMPS[lamp], frequency, mains) ** 2 for frequency in bins) * width
    return relative * math.sqrt(scale(LAMPS[lamp], mains) * 8.0 * interval * gain)


def offset_severity(relative: float, lamp: int, mains: float) -> float:
    r"""Pst that an offset of the recorder makes alone, relative to the rms of the voltage. [1]

    Squaring makes of it a fluctuation at the frequency of the mains, of ``2 sqrt(2) relative``.
    """
    size = 2.0 * math.sqrt(2.0) * relative
    return _CONSTANT * math.sqrt(sensation(LAMPS[lamp], mains, size, mains))


def steps_severity(relative: float, samples: float, lamp: int, mains: float) -> float:
    r"""Most that the steps of a converter move Pst by, up or down.

    .. math:: r = \frac{q}{\sqrt{12}} \sqrt{\frac{8}{N}} \frac{1}{\sqrt{2} U}

    is the relative standard deviation of a cycle's amplitude where its N samples stand at the same
    phases in every cycle, and those of its four quarters at the same levels: then the errors repeat,
    and no noise averages them out. The amplitude may wander by that at any frequency; the bound is Pst
    of a sinusoidal fluctuation of that rms at 8.8 Hz, where the eye sees most. Among 1800 waveforms of
    steps from 0.03 to 2 % of the amplitude, 99 in 100 moved by less than 0.7 of it.

    Parameters
    ----------
    relative : float
        Step q, relative to the rms U of the voltage. [1]
    samples : float
        N.
    """
    wandering = relative / math.sqrt(12.0) * math.sqrt(8.0 / samples) / math.sqrt(2.0)
    size = 2.0 * math.sqrt(2.0) * wandering
    return _CONSTANT * math.sqrt(sensation(LAMPS[lamp], _REFERENCE, size, mains))
