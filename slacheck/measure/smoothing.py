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

_BIAS = 1.6
"""Allowance in units of the noise extreme: what the rule may overlook adds to it."""
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
    times: Samples,
    samples: Samples,
    deviation: float,
    *,
    interval: float,
    coverage_factor: float,
    quantum: float = 0.0,
    spanned: float = 0.0,
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
    spanned : float
        Neighbours up to this far apart count as neighbours, not as the ends of a gap. [s]

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
    2 n / l normal deviates exceeds as rarely as one exceeds k; and while the mean square of those
    about their least-squares line in the window is at most
    :math:`s_l^2 (1 + z_l \sqrt{2 l / L} + z_l^2 l / L)`, the same bound for chi-square [2]_, so
    that ringing that the longer window averages out is seen. The bias of curvature grows with
    :math:`L^2`, that of a kink with L, and what the rule overlooks is of the order of the noise:
    so half the longest window taken is used, which has a quarter to half of that bias, and the
    allowance is 1.6 :math:`z s` (:math:`z s` for a sample on its own). Tests hold it against
    levels, jumps, kinks, cusps and ringing.

    References
    ----------
    .. [1] O. V. Lepski, E. Mammen, V. G. Spokoiny, "Optimal spatial adaptation to inhomogeneous
       smoothness", Annals of Statistics 25 (1997) 929-947.
    .. [2] B. Laurent, P. Massart, "Adaptive estimation of a quadratic functional by model
       selection", Annals of Statistics 28 (2000) 1302-1338, lemma 1, with x = z^2 / 2.
    """
    longest = max(_HELD_TOGETHER * interval, spanned * (1.0 + 1e-9))
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
    if n == 0:
        return samples, samples
    base, times = float(np.mean(samples)), times - float(times[n // 2])
    scales = [_Scale(times, samples - base, np.full(n, deviation), (largest_normal(2.0 * n, k), 1))]
    taken, growing = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
    half = 1
    while 2 * half + 1 <= n // 2 and growing.any():
        window = _Window(times, half)
        line, spread = window.line(times, scales[0].sums)
        for shorter in scales:
            growing &= np.abs(line - shorter.line) <= shorter.bound * shorter.deviation
            growing &= window.is_noise(shorter)
        bound = largest_normal(2.0 * n / window.length, k)
        scales.append(_Scale(times, line, deviation * spread, (bound, window.length)))
        taken[growing] = len(scales) - 1
        half *= 2
    used = np.maximum(taken - 1, 0)[np.newaxis]
    centre = np.take_along_axis(np.stack([scale.line for scale in scales]), used, axis=0)[0]
    spread = np.take_along_axis(np.stack([scale.deviation for scale in scales]), used, axis=0)[0]
    bounds = np.array([scale.bound * (1.0 if scale.length == 1 else _BIAS) for scale in scales])
    return base + centre, bounds[used[0]] * spread


def _summed(values: Samples) -> Samples:
    return np.concatenate(([0.0], np.cumsum(values)))


class _Scale:
    """Local lines over windows of one length at all samples, and running sums of them."""

    def __init__(self, times: Samples, line: Samples, deviation: Samples, extent: tuple[float, int]) -> None:
        self.line, self.deviation, (self.bound, self.length) = line, deviation, extent
        self.sums, self.squares, self.moments = _summed(line), _summed(line * line), _summed(times * line)


class _Window:
    """Windows of 2 half + 1 samples, one for each sample: centred, or as near to it as the ends allow."""

    def __init__(self, times: Samples, half: int) -> None:
        n, self.half, self.length = times.size, half, 2 * half + 1
        self.first = np.clip(np.arange(n) - half, 0, n - self.length)
        self.last, self.middle = self.first + self.length, self.first + half
        sums = _summed(times)
        self.time, self.run = self._mean(sums), self._halves(sums)
        self.time_spread = self._mean(_summed(times * times)) - self.time * self.time

    def _mean(self, sums: Samples) -> Samples:
        return np.asarray((sums[self.last] - sums[self.first]) / self.length)

    def _halves(self, sums: Samples) -> Samples:
        """Mean of the later half less mean of the earlier one."""
        later, earlier = sums[self.last] - sums[self.middle + 1], sums[self.middle] - sums[self.first]
        return np.asarray((later - earlier) / self.half)

    def line(self, times: Samples, sums: Samples) -> tuple[Samples, Samples]:
        """Line through the means of both halves, at each sample, and its deviation for unit noise."""
        off = (times - self.time) / self.run
        return self._mean(sums) + self._halves(sums) * off, np.sqrt(1.0 / self.length + 2.0 * off * off / self.half)

    def is_noise(self, shorter: _Scale) -> Samples:
        """Whether a shorter scale moves about its least-squares line in the window by no more than noise makes it."""
        mean = self._mean(shorter.sums)
        along = self._mean(shorter.moments) - self.time * mean
        about = self._mean(shorter.squares) - mean * mean - along * along / self.time_spread
        free = self.length / shorter.length
        most = 1.0 + shorter.bound * math.sqrt(2.0 / free) + shorter.bound**2 / free
        return np.asarray(about <= most * shorter.deviation * shorter.deviation)
