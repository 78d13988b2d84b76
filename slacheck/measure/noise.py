"""How much a record trembles from sample to sample, and how far that can carry its extremes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.quantile import Histogram, nearest_rank

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

_GAIN = math.sqrt(70.0)
"""Fourth differences (1, -4, 6, -4, 1) of white noise have sqrt(1 + 16 + 36 + 16 + 1) times its deviation."""
_SHARE = (1, 4)
_QUARTILE_OF_ABSOLUTE = 0.31863936396437514
"""A quarter of |z| of a standard normal z lies below this."""
_WELL_SAMPLED = 100.0


def noise_strides(samples: float) -> tuple[int, ...]:
    """Strides at which noise is looked for where `samples` samples make up a window: 1, 2, and 4 where there are many.

    At longer strides what is meant to be measured would read as noise.
    """
    return (1, 2, 4) if samples >= _WELL_SAMPLED else (1, 2)


@dataclass(slots=True)
class NoiseMeter:
    r"""Standard deviation of the noise of a signal, from its fourth differences at some strides s.

    .. math:: \hat\sigma = \max_s \frac{Q_{1/4} |x_i - 4 x_{i+s} + 6 x_{i+2s} - 4 x_{i+3s} + x_{i+4s}|}
              {0.3186 \sqrt{70}}

    A smooth signal all but cancels in the fourth difference (a sine with fifty samples a period
    leaves 0.1 % of its amplitude at stride 2), and the lower quartile leaves out steps unless they
    fill three quarters of the record. Noise that an anti-alias filter has correlated between
    neighbours shows at the longer strides. Noise slower than that reads too small, and signals as
    fast as that read as noise.

    Parameters
    ----------
    strides : tuple of int
        See `noise_strides`.
    """

    strides: tuple[int, ...] = (1, 2)
    _segment: int | None = None
    _tail: Samples = field(default_factory=lambda: np.empty(0))
    _sizes: tuple[Histogram, ...] = field(init=False)

    def __post_init__(self) -> None:
        """One histogram a stride."""
        self._sizes = tuple(Histogram() for _ in self.strides)

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        if block.segment != self._segment:
            self._segment, self._tail = block.segment, np.empty(0)
        x, known = np.concatenate((self._tail, block.samples[0])), self._tail.size
        for stride, sizes in zip(self.strides, self._sizes, strict=True):
            y = x[max(0, known - 4 * stride) :]
            if y.size > 4 * stride:
                sizes.update(_fourth_differences(y, stride))
        self._tail = x[-4 * max(self.strides) :].copy()

    def reading(self) -> float:
        """Standard deviation of the noise, rounded up to the histogram's bin. [SI]"""
        counted = [sizes for sizes in self._sizes if sizes.count]
        quartiles = [sizes.bracket(nearest_rank(sizes.count, _SHARE))[1] for sizes in counted]
        return max(quartiles, default=0.0) / (_GAIN * _QUARTILE_OF_ABSOLUTE)


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
