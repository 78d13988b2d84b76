"""Levels: means over windows that say themselves whether they are stationary and how sure they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Samples

_GAIN = math.sqrt(70.0)
"""Fourth differences (1, -4, 6, -4, 1) of white noise have sqrt(70) times its deviation."""
_MEDIAN_OF_ABSOLUTE = 0.6744897501960817
"""Median of |z| of a standard normal z."""
_FEWEST_CODES = 8
"""Distinct values below which a record is taken as ideal levels, not as quantised."""
_WHOLE = 1e-3
"""A difference within this part of a step of a whole number of steps is one."""
_ROUNDING = 1e-12
"""Differences below this part of the largest value are rounding errors."""
_BLOCKS = 8


@dataclass(frozen=True, slots=True)
class Level:
    """A level: declared, or the mean over a window.

    Parameters
    ----------
    value : float
        [SI]
    standard_error : float
        Of the mean: white and slow noise (scatter of block means about their line), and the drift
        taken as rectangular. 0 where declared. [SI]
    drift : float
        Change of the fitted line from the window's start to its end. [SI]
    drift_error : float
        Standard deviation of `drift` due to white noise. [SI]
    count : int
        Samples in the window, 0 where declared.
    """

    value: float
    standard_error: float = 0.0
    drift: float = 0.0
    drift_error: float = 0.0
    count: int = 0


def level_of(times: Samples, samples: Samples, deviation: float) -> Level:
    """Mean of a window with its standard error and drift.

    Parameters
    ----------
    times, samples : ndarray of float, shape (n,), n > 0
        [s], [SI]
    deviation : float
        Standard deviation of the white noise. [SI]

    Notes
    -----
    The line is fitted by centred least squares; white noise makes its rise over the window wrong
    by sqrt(12) sigma / sqrt(n). The error of the mean is the larger of sigma / sqrt(n) and what
    the scatter of eight block means about the line gives, which sees noise that is correlated
    from sample to sample.
    """
    n = samples.size
    value = float(np.mean(samples))
    centred, offsets = samples - value, times - float(np.mean(times))
    spread = float(np.sum(offsets * offsets))
    slope = float(np.sum(offsets * centred)) / spread if spread > 0.0 else 0.0
    drift = slope * float(times[-1] - times[0])
    error = deviation / math.sqrt(n)
    if n >= 2 * _BLOCKS:
        means = [float(np.mean(block)) for block in np.array_split(centred - slope * offsets, _BLOCKS)]
        scatter = math.sqrt(math.fsum(mean * mean for mean in means) / (_BLOCKS - 2))
        error = max(error, scatter / math.sqrt(_BLOCKS))
    white = math.sqrt(12.0) * deviation / math.sqrt(n)
    return Level(value, math.hypot(error, drift / math.sqrt(12.0)), drift, white, n)


def white_noise(samples: Samples) -> float:
    r"""Standard deviation of the white noise of a waveform, from the median of its fourth differences.

    .. math:: \hat\sigma = \frac{\operatorname{med} |\Delta^4 x|}{0.6745 \sqrt{70}} \left(1 + \frac{1.6}{\sqrt n}\right)

    A smooth waveform all but cancels in the fourth difference and the median ignores steps and
    spikes; the last factor is one standard deviation of the estimate, so that few samples do not
    pass for little noise. 0 for fewer than nine samples. [SI]
    """
    if samples.size < 9:
        return 0.0
    x = samples
    sizes = np.abs((x[4:] + x[:-4]) - 4.0 * (x[3:-1] + x[1:-3]) + 6.0 * x[2:-2])
    estimate = float(np.median(sizes)) / (_GAIN * _MEDIAN_OF_ABSOLUTE)
    return estimate * (1.0 + 1.6 / math.sqrt(samples.size))


def common_step(samples: Samples) -> float | None:
    """Largest step that all differences of values are multiples of, by Euclid; None if there is one value only. [SI]

    Unlike `quantum` it takes few values for those of a coarse recorder, not for ideal levels.
    """
    values = np.unique(samples)
    if values.size < 2:
        return None
    steps, rounding = np.diff(values), _ROUNDING * float(np.max(np.abs(values)))
    step = float(np.min(steps))
    while step > rounding:
        rest = float(np.max(np.abs(steps - np.rint(steps / step) * step)))
        if rest <= max(_WHOLE * step, rounding):
            return step
        step = rest
    return 0.0


def rounding_at_a_frequency(step: float, samples_per_cycle: float) -> float:
    """Standard deviation of what a converter's rounding adds to the rms value of a wave at its own frequency. [SI]

    The rounding error, ``step^2 / 12`` in the mean square, repeats with a wave that repeats, and so
    lies on its harmonics; there are half as many below half the sample rate as samples in a cycle.
    """
    return step / math.sqrt(12.0 * max(1.0, samples_per_cycle / 2.0))


def quantum(samples: Samples) -> float:
    """Step of the recorder: the smallest difference of two values, if all are whole multiples of it; else 0. [SI]"""
    values = np.unique(samples)
    if values.size < _FEWEST_CODES:
        return 0.0
    steps = np.diff(values)
    smallest = float(np.min(steps))
    multiples = steps / smallest
    whole = float(np.max(np.abs(multiples - np.rint(multiples)))) < _WHOLE
    return smallest if whole else 0.0
