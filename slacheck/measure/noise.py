"""How much a record trembles from sample to sample, and how far that can carry its extremes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.quantile import Histogram, nearest_rank

if TYPE_CHECKING:
    from slacheck.contract import Block, Place, Samples

_GAIN = math.sqrt(70.0)
"""Fourth differences (1, -4, 6, -4, 1) of white noise have sqrt(1 + 16 + 36 + 16 + 1) times its deviation."""
_SHARE = (1, 4)
_QUARTILE_OF_ABSOLUTE = 0.31863936396437514
"""A quarter of |z| of a standard normal z lies below this."""
_WELL_SAMPLED = 100.0


_WHOLE, _PERIOD, _STRETCH = 1 << 20, 1 << 16, 1 << 13
"""All of the first 2^20 samples are looked at, later a stretch of 2^13 in each 2^16."""
_GOLDEN = 40503
"""2^16 over the golden ratio: by so much the stretch is further on in its period, each time."""


def noise_strides(samples: float) -> tuple[int, ...]:
    """Strides at which noise is looked for where `samples` samples make up a window: 1, 2, and 4 where there are many.

    At longer strides what is meant to be measured would read as noise.
    """
    return (1, 2, 4) if samples >= _WELL_SAMPLED else (1, 2)


@dataclass(frozen=True, slots=True)
class NoiseReading:
    """Standard deviation of the noise of a signal as it shows at each stride. [SI]"""

    by_stride: dict[int, float]

    def deviation(self, samples: float = 0.0) -> float:
        """The largest at the strides of `noise_strides`. [SI]"""
        return max(self.by_stride[stride] for stride in noise_strides(samples))

    @property
    def largest(self) -> float:
        """At any stride. [SI]"""
        return max(self.by_stride.values())


@dataclass(slots=True)
class NoiseMeter:
    r"""Standard deviation of the noise of a signal, from its fourth differences at some strides s.

    .. math:: \hat\sigma_s = \frac{Q_{1/4} |x_i - 4 x_{i+s} + 6 x_{i+2s} - 4 x_{i+3s} + x_{i+4s}|}
              {0.3186 \sqrt{70}}

    A smooth signal all but cancels in the fourth difference (a sine with fifty samples a period
    leaves 0.1 % of its amplitude at stride 2), and the lower quartile leaves out steps unless they
    fill three quarters of the record. Noise that an anti-alias filter has correlated between
    neighbours shows at the longer strides. Noise slower than that reads too small, and signals as
    fast as that read as noise.

    Of a record of more than 2^20 samples an eighth of the rest is looked at, all over it, and counts
    for the whole: the quartile of a million differences scatters by 0.2 %.

    Parameters
    ----------
    strides : tuple of int
        [samples]
    """

    strides: tuple[int, ...] = (1, 2, 4)
    _segment: int | None = None
    _seen: int = 0
    _tail: Samples = field(default_factory=lambda: np.empty(0))
    _sizes: tuple[Histogram, ...] = field(init=False)
    _reach: int = field(init=False)
    """Samples before one that its differences are of."""

    def __post_init__(self) -> None:
        """One histogram a stride."""
        self._sizes, self._reach = tuple(Histogram() for _ in self.strides), 4 * max(self.strides)

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        if block.segment != self._segment:
            self._segment, self._tail = block.segment, np.empty(0)
        row, known = block.samples[0], self._tail.size
        joined = np.concatenate((self._tail, row[: self._reach]))
        for first, last, times in _looked_at(self._seen, row.size):
            for stride, sizes in zip(self.strides, self._sizes, strict=True):
                back = 4 * stride
                if first < back:  # what ends among the first samples begins in the block before
                    y = joined[max(0, known + first - back) : known + min(last, back)]
                    if y.size > back:
                        sizes.update(_fourth_differences(y, stride), times)
                if last > max(first, back):
                    sizes.update(_fourth_differences(row[max(first, back) - back : last], stride), times)
        self._seen += row.size
        self._tail = np.concatenate((self._tail, row[-self._reach :]))[-self._reach :]

    @property
    def memory(self) -> int:
        """As of `contract.Divisible`, as all of these."""
        return self._reach

    def enter(self, place: Place) -> None:
        """Begin behind samples that are not seen."""
        self._segment, self._seen = place.segment, place.unseen

    def forget(self) -> None:
        """What was found so far belongs to the piece before."""
        self._sizes = tuple(Histogram() for _ in self.strides)

    def merge(self, earlier: NoiseMeter) -> None:
        """Take over what was found before."""
        for sizes, before in zip(self._sizes, earlier._sizes, strict=True):
            sizes.merge(before)

    def reading(self) -> NoiseReading:
        """Standard deviation of the noise, rounded up to the histogram's bin; 0 of too few samples. [SI]"""
        return NoiseReading(dict(zip(self.strides, map(_deviation, self._sizes), strict=True)))


def _deviation(sizes: Histogram) -> float:
    if sizes.count == 0:
        return 0.0
    return sizes.bracket(nearest_rank(sizes.count, _SHARE))[1] / (_GAIN * _QUARTILE_OF_ABSOLUTE)


def _looked_at(seen: int, count: int) -> Iterator[tuple[int, int, int]]:
    """Stretches [first, last) that are looked at of `count` samples after `seen` others, and how often each counts."""
    if seen < _WHOLE:
        yield 0, min(count, _WHOLE - seen), 1
    for period in range(max(seen, _WHOLE) // _PERIOD, (seen + count - 1) // _PERIOD + 1):
        begin = period * _PERIOD + period * _GOLDEN % (_PERIOD - _STRETCH) - seen
        first, last = max(0, begin, _WHOLE - seen), min(count, begin + _STRETCH)
        if first < last:
            yield first, last, _PERIOD // _STRETCH


def _fourth_differences(x: Samples, s: int) -> Samples:
    sizes: Samples = x[4 * s :] + x[: -4 * s]
    term = x[3 * s : -s] + x[s : -3 * s]
    term *= 4.0
    sizes -= term
    sizes += np.multiply(x[2 * s : -2 * s], 6.0, out=term)
    return np.abs(sizes, out=sizes)


def largest_normal(count: float, coverage_factor: float) -> float:
    r"""Bound that the largest of `count` standard normal variables exceeds as rarely as one exceeds k.

    .. math:: P(z > k) / n = P(z > b)

    by the union bound, so for variables that depend on each other too.
    """
    normal = NormalDist()
    return -normal.inv_cdf(normal.cdf(-coverage_factor) / max(1.0, count))


def range_inflation(windows: int, per_window: float, coverage_factor: float) -> float:
    """Most by which white noise of unit deviation raises the largest max - min of many windows.

    The smaller of two union bounds: over the differences of all pairs of samples that share a
    window, and over the samples themselves on both sides.

    Parameters
    ----------
    windows : int
        Windows in the record, one for each sample.
    per_window : float
        Samples in a window.
    coverage_factor : float
    """
    samples = windows + per_window
    pairs = math.sqrt(2.0) * largest_normal(samples * per_window, coverage_factor)
    sides = 2.0 * largest_normal(2.0 * samples, coverage_factor)
    return min(pairs, sides)
