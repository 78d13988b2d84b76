"""What a noisy waveform may truly be: a centre line and an allowance on either side of it.

A fixed smoother either leaves noise on the plateaus or rounds the edges. Here every sample gets
the longest window over which nothing but noise can be seen to change (Lepski's rule): long on a
plateau, short on an edge, one sample at a spike that noise does not explain. There is no
smoothing delay, since windows are centred, and a record without noise is returned as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.noise import largest_normal

if TYPE_CHECKING:
    from slacheck.contract import Samples

_BIAS = 4.0 / 3.0
"""Allowance in units of the noise extreme: what the rule may overlook at the window used adds a third of it."""
_NEGLIGIBLE = 1e-9
"""Noise below this part of the largest sample is the rounding of the numbers themselves."""
_HELD_TOGETHER = 1.75
"""Neighbours further apart than this many nominal intervals have a gap between them."""


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A waveform as a centre line; the noise-free waveform lies within `allowance` of it.

    Parameters
    ----------
    times : ndarray of float, shape (n,)
        Strictly increasing. [s]
    centre : ndarray of float, shape (n,)
        [SI]
    allowance : ndarray of float, shape (n,)
        For all samples at once at the coverage factor asked for. [SI]
    longest_step : float
        Neighbours further apart have a gap between them. [s]
    """

    times: Samples
    centre: Samples
    allowance: Samples
    longest_step: float


def mirrored(waveform: Smoothed, origin: float, sign: float) -> Smoothed:
    """The waveform counted from `origin`, upside down where `sign` is -1."""
    return Smoothed(waveform.times, sign * (waveform.centre - origin), waveform.allowance, waveform.longest_step)


def smooth(
    times: Samples, samples: Samples, deviation: float, *, interval: float, coverage_factor: float, quantum: float = 0.0
) -> Smoothed:
    r"""Smooth a waveform without rounding its edges.

    Parameters
    ----------
    times, samples : ndarray of float, shape (n,)
        Not necessarily even. [s], [SI]
    deviation : float
        Standard deviation of the white noise. [SI]
    interval : float
        Nominal sample interval; windows do not reach over gaps. [s]
    coverage_factor : float
        k of the allowance.
    quantum : float
        Step of the recorder, see `rounding`. [SI]

    Returns
    -------
    Smoothed

    Notes
    -----
    A window of :math:`L = 2h + 1` samples, :math:`h = 1, 2, 4, \dots`, gives a local line with
    standard deviation :math:`s_L = \sigma \sqrt{1/L + 2 d^2 / h}`, where d is the distance of the
    sample from the window's middle in units of the distance between the means of its halves
    (zero inside, at most 1 at the ends of a stretch). It is taken while the lines of all shorter
    windows lie within :math:`z_l s_l` of it, :math:`z_l` being the bound that the largest of the
    2 n / l normal deviates exceeds as rarely as one exceeds k. Curvature grows with
    :math:`L^2`, so half the longest window taken has at most a third of that as bias; the line of
    half the window is the centre, and the allowance is 4/3 :math:`z s`.

    References
    ----------
    .. [1] O. V. Lepski, E. Mammen, V. G. Spokoiny, "Optimal spatial adaptation to inhomogeneous
       smoothness", Annals of Statistics 25 (1997) 929-947.
    """
    longest = _HELD_TOGETHER * interval
    centre, allowance = samples.copy(), np.zeros(samples.size)
    largest = float(np.max(np.abs(samples))) if samples.size else 0.0
    if deviation > _NEGLIGIBLE * largest:
        cuts = np.flatnonzero(np.diff(times) > longest) + 1
        begin = 0
        for end in (*cuts.tolist(), times.size):
            run = slice(begin, end)
            centre[run], allowance[run] = _smooth_run(times[run], samples[run], deviation, coverage_factor)
            begin = end
    return Smoothed(times, centre, allowance + rounding(deviation, quantum), longest)


def rounding(deviation: float, quantum: float) -> float:
    r"""Most by which a recorder's rounding may shift an average. [SI]

    Noise of standard deviation s spreads samples over the steps q of the recorder, and the mean of
    many is then wrong by at most :math:`q / \pi \cdot e^{-2 \pi^2 s^2 / q^2}`, the first term of
    the Fourier series of the rounding error with normal noise. What the record shows is
    :math:`\sqrt{s^2 + q^2 / 12}`. Where that is below 0.4 q, s is not known: then a whole step,
    half of it for the rounding and half for noise that the rounding may hide.
    """
    if deviation < 0.4 * quantum or quantum == 0.0:
        return quantum
    share = (deviation / quantum) ** 2 - 1.0 / 12.0
    return quantum / math.pi * math.exp(-2.0 * math.pi**2 * share)


def _smooth_run(times: Samples, samples: Samples, deviation: float, k: float) -> tuple[Samples, Samples]:
    """Centre and allowance of a stretch without gaps."""
    n = samples.size
    lines, deviations = [samples], [np.full(n, deviation)]
    bounds = [largest_normal(2.0 * n, k)]
    base_time, base = float(times[n // 2]), float(np.mean(samples))
    sums = np.concatenate(([0.0], np.cumsum(samples - base)))
    time_sums = np.concatenate(([0.0], np.cumsum(times - base_time)))
    taken, growing = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
    half = 1
    while 2 * half + 1 <= n // 2 and growing.any():
        line, spread = _local_line(times - base_time, time_sums, sums, half)
        line += base
        for other, wide, bound in zip(lines, deviations, bounds, strict=True):
            growing &= np.abs(line - other) <= bound * wide
        lines.append(line)
        deviations.append(deviation * spread)
        bounds.append(largest_normal(2.0 * n / (2 * half + 1), k))
        taken[growing] = len(lines) - 1
        half *= 2
    used = np.maximum(taken - 1, 0)[np.newaxis]
    centre = np.take_along_axis(np.stack(lines), used, axis=0)[0]
    spread = np.take_along_axis(np.stack(deviations), used, axis=0)[0]
    return centre, _BIAS * np.array(bounds)[used[0]] * spread


def _local_line(times: Samples, time_sums: Samples, sums: Samples, half: int) -> tuple[Samples, Samples]:
    """Line through the means of both halves of a window of 2 half + 1 samples, and its deviation for unit noise."""
    n, length = times.size, 2 * half + 1
    first = np.clip(np.arange(n) - half, 0, n - length)
    middle, last = first + half, first + length
    mean = (sums[last] - sums[first]) / length
    mean_time = (time_sums[last] - time_sums[first]) / length
    rise = (sums[last] - sums[middle + 1] - sums[middle] + sums[first]) / half
    run = (time_sums[last] - time_sums[middle + 1] - time_sums[middle] + time_sums[first]) / half
    off = (times - mean_time) / run
    return mean + rise * off, np.sqrt(1.0 / length + 2.0 * off * off / half)
