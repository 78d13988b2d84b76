"""A frequency response against a mask: the ratio of magnitude to limit that decides, and bounds of it.

Each bin has an interval of its own. The largest ratio lies between the largest lower and the
largest upper end; for the upper one it is enough that the bin which really is the largest is held,
for the lower one no bin may be wrong, so that the probability is shared among all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from slacheck.measure.response import Bins, confidence_radius, local_floor, random_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Samples

Interpolation = Literal["loglog", "linear", "step"]
Estimator = Literal["H1", "H2"]
Points = Sequence[tuple[float, float]]
"""Frequency [Hz] and limit [dB of the ratio in SI units], lowest frequency first."""

_STANDS_OUT = 4.0
"""Power of a resonance over the median of the bins around it, 6 dB."""


def levels_at(frequencies: Samples, points: Points, interpolation: Interpolation) -> Samples:
    """The limit at each frequency within the mask, shape as `frequencies`. [dB]"""
    places, levels = [place for place, _ in points], [level for _, level in points]
    found: Samples
    if interpolation == "step":
        index = np.clip(np.searchsorted(places, frequencies, side="right") - 1, 0, len(places) - 2)
        found = np.asarray(levels)[index]
        return found
    if interpolation == "linear":
        found = np.interp(frequencies, places, levels)
        return found
    logs = np.array([math.log(frequency) for frequency in frequencies.tolist()])
    found = np.interp(logs, [math.log(place) for place in places], levels)
    return found


def ratios(levels: Samples) -> Samples:
    """Amplitudes in dB as ratios, shape as given. [1]"""
    return np.array([math.pow(10.0, level / 20.0) for level in levels.tolist()])


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits laid against bins, shape (n,) each; as ratios. [SI of the ratio]

    Parameters
    ----------
    frequencies : ndarray
        Where a bin's reading belongs. [Hz]
    at : ndarray
        Limit there, or where the mask ends next to it.
    least, most : ndarray
        Of those that it may be judged by, if it stands elsewhere.
    near, inside, sure : ndarray of bool
        Whether it may lie on the mask, whether it does, and whether it does wherever it may stand.
    """

    frequencies: Samples
    at: Samples
    least: Samples
    most: Samples
    near: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    sure: NDArray[np.bool_]


def limits_near(frequencies: Samples, points: Points, interpolation: Interpolation, reach: Samples) -> Limits:
    """Limits within `reach` [Hz], shape as `frequencies`, of each frequency, and how they stand to the mask."""
    low, high = points[0][0] * (1 - 1e-9), points[-1][0] * (1 + 1e-9)
    ends = [np.clip(frequencies + side * reach, points[0][0], points[-1][0]) for side in (-1.0, 0.0, 1.0)]
    levels = np.stack([levels_at(end, points, interpolation) for end in ends])
    least, most = np.min(levels, axis=0), np.max(levels, axis=0)
    for place, level in points[:-1] if interpolation == "step" else points:
        near = np.abs(frequencies - place) < reach
        least[near], most[near] = np.minimum(least[near], level), np.maximum(most[near], level)
    return Limits(
        frequencies,
        *(ratios(levels[1]), ratios(least), ratios(most)),
        (frequencies + reach >= low) & (frequencies - reach <= high),
        (frequencies >= low) & (frequencies <= high),
        (frequencies - reach >= low) & (frequencies + reach <= high),
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """Bins and how they are judged.

    Parameters
    ----------
    chosen : ndarray of bool, shape (bins,)
        Which of the bins are judged.
    candidates : int
        Bins that could have been chosen: the probability of an error is shared among them.
    estimator : {"H1", "H2"}
    input_gain, output_gain : ndarray, shape (bins,)
        Least amplitude gain of each chain. [1]
    line_noise : bool
        Whether noise on the input is no more than its local floor: of lines.
    coverage_factor : float
    """

    bins: Bins
    chosen: NDArray[np.bool_]
    candidates: int
    estimator: Estimator
    input_gain: Samples
    output_gain: Samples
    line_noise: bool
    coverage_factor: float

    def magnitudes(self) -> Samples:
        """By the estimator asked for, shape (bins,). [SI of the ratio]"""
        return self.bins.first if self.estimator == "H1" else self.bins.second

    def bounds(self, many: bool) -> tuple[Samples, Samples]:
        """Least and most magnitude of the chosen bins; of all at once, or of each alone. [SI of the ratio]"""
        bins, chosen = self.bins, self.chosen
        tail = 2.0 * NormalDist().cdf(-self.coverage_factor) / (self.candidates if many else 1)
        radius = confidence_radius(bins.coherence[chosen], bins.independent, tail)
        x, y, smoothing = bins.input_error[chosen], bins.output_error[chosen], bins.smoothing[chosen]
        low = bins.first[chosen] * (1.0 - radius) * (1.0 - y) / (1.0 + x) - smoothing
        high, some = np.full(radius.size, math.inf), (radius < 1.0) & (x < 1.0)
        second = bins.second[chosen][some] / (1.0 - radius[some])
        if self.line_noise:
            noise = np.minimum(0.99, bins.input_noise[chosen][some])
            second = np.minimum(second, bins.first[chosen][some] * (1.0 + radius[some]) / (1.0 - noise))
        high[some] = second * (1.0 + y[some]) / (1.0 - x[some]) + smoothing[some]
        low = np.where(y < 1.0, np.maximum(0.0, low), 0.0)
        return low * self.input_gain[chosen], high / self.output_gain[chosen]


@dataclass(frozen=True, slots=True)
class ResponseReading:
    """What decides.

    Parameters
    ----------
    value, low : float
        Ratio of magnitude to limit, and its lower bound. [1]
    high : float or None
        Upper bound; None where nothing bounds it. [1]
    frequency, magnitude, limit : float
        Of the deciding bin; `value` is the quotient of the latter two. [Hz], [SI of the ratio]
    error : float
        Standard deviation of `value` by noise. [1]
    systematic : float
        Largest part of `value` that smoothing, side lobes and the recorder may account for. [1]
    """

    value: float
    low: float
    high: float | None
    frequency: float
    magnitude: float
    limit: float
    error: float
    systematic: float


def read_largest(judged: Judged, limits: Limits) -> ResponseReading:
    """The largest ratio of the chosen bins on the mask, of which there must be one."""
    low, _ = judged.bounds(many=True)
    _, high = judged.bounds(many=False)
    chosen = judged.chosen
    lows = np.where(limits.sure[chosen], low / limits.most[chosen], 0.0)
    ratio = np.where(limits.inside[chosen], judged.magnitudes()[chosen] / limits.at[chosen], -math.inf)
    return _reading(judged, limits, int(np.argmax(ratio)), (np.max(lows), np.max(high / limits.least[chosen])))


def read_smallest(judged: Judged, limits: Limits) -> ResponseReading:
    """The smallest ratio of the chosen bins on the mask, of which there must be one."""
    low, _ = judged.bounds(many=False)
    _, high = judged.bounds(many=True)
    chosen = judged.chosen
    highs = np.where(limits.sure[chosen], high / limits.least[chosen], math.inf)
    ratio = np.where(limits.inside[chosen], judged.magnitudes()[chosen] / limits.at[chosen], math.inf)
    return _reading(judged, limits, int(np.argmin(ratio)), (np.min(low / limits.most[chosen]), np.min(highs)))


def left_largest(judged: Judged, limits: Limits) -> tuple[float, float] | None:
    """Largest ratio that bins on the mask which are not judged may hide, and where; None if all are judged. [1], [Hz]

    No more than all output power comes from the input. But a resonance narrower than the main lobe fills a
    part of the windows' resolution only, and as much of the coherence: there H2 is its top. Where the output stands
    6 dB out of the bins around, that is what is meant.
    """
    bins, left = judged.bins, limits.inside & ~judged.chosen
    if not left.any():
        return None
    through = bins.through * bins.through
    alone = through >= _STANDS_OUT * local_floor(through)
    most = np.where(alone, bins.second / np.maximum(1e-9, 1.0 - _radius(judged)), bins.through)[left]
    return _extreme(most / limits.at[left], limits.frequencies[left], np.argmax)


def left_smallest(judged: Judged, limits: Limits) -> tuple[float, float] | None:
    """Smallest ratio that bins on the mask which are not judged surely show in what is coherent, and where."""
    bins, left = judged.bins, limits.inside & ~judged.chosen
    if not left.any():
        return None
    most = (bins.first * (1.0 + _radius(judged)))[left]
    return _extreme(most / limits.at[left], limits.frequencies[left], np.argmin)


def _radius(judged: Judged) -> Samples:
    """Of each bin alone, also where there is no coherence."""
    tail = 2.0 * NormalDist().cdf(-judged.coverage_factor)
    return confidence_radius(np.maximum(1e-12, judged.bins.coherence), judged.bins.independent, tail)


def _extreme(ratio: Samples, frequencies: Samples, pick: Callable[[Samples], np.intp]) -> tuple[float, float]:
    place = int(pick(ratio))
    return min(1e300, float(ratio[place])), float(frequencies[place])


def _reading(judged: Judged, limits: Limits, place: int, ends: tuple[float, float]) -> ResponseReading:
    index, bins = int(np.flatnonzero(judged.chosen)[place]), judged.bins
    magnitude, limit = float(judged.magnitudes()[index]), float(limits.at[index])
    coherence = float(bins.coherence[index])
    errors = float(bins.input_error[index] + bins.output_error[index])
    value = magnitude / limit
    return ResponseReading(
        *(value, float(ends[0]), float(ends[1]) if math.isfinite(ends[1]) else None),
        *(float(limits.frequencies[index]), magnitude, limit),
        value * random_error(coherence, bins.independent),
        float(bins.smoothing[index]) / limit + (value * errors if math.isfinite(errors) else 0.0),
    )
