"""A detected spectrum against a mask: the largest ratio of reading to limit, and bounds of it.

A taper spreads a line over its main lobe, so a bin near a step of the mask may read what stands on
the other side of it. Three sorts of limit are therefore laid against a bin:

* its own, at the bin's frequency, if it is the top of a line (larger than both neighbours);
* the largest within half a main lobe if it is not, for it may be the skirt of a line there;
* the smallest within half a bin for the upper bound, for that is where a line between bins is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy.fft

from slacheck.measure.noise import largest_normal
from slacheck.measure.spectrum import side_lobes
from slacheck.measure.tapers import BANDWIDTH_BINS, FLATTOP_RIPPLE, HALF_LOBE, SCALLOPED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Samples
    from slacheck.measure.detectors import DetectedSpectrum, Detector
    from slacheck.measure.mask import Mask

LineQuantity = Literal["rms", "peak", "density"]

TOP_REACH = 1.5
"""Bins from the top of a line to the line itself, at most: half a bin, and one that noise may move the top by."""
_THIRD_OCTAVE = 2.0 ** (1.0 / 3.0)
_FEWEST_CELLS = 17.0
"""Independent readings that a level of the broadband floor is found from, at least."""
_QUARTILE = -0.6744897501960817
"""A quarter of standard normal variables lies below this."""
_SCATTER = 1.3625
"""Standard deviation of the lower quartile of n standard normal variables, times sqrt(n)."""


@dataclass(frozen=True, slots=True)
class MaskSettings:
    """What is read, and how sure it has to be.

    Parameters
    ----------
    mask : Mask
        [SI of the quantity]
    quantity : {"rms", "peak", "density"}
        Of a line [SI]; or the root of the power density [SI/sqrt(Hz)].
    detector : {"max_hold", "p95", "mean"}
    coverage_factor : float
    error : float
        What interpolation of the record may have added or taken, rms. [SI]
    gain : callable
        Least amplitude gain of the chain up to a frequency in Hz. [1]
    most_floor : float
        Where the broadband floor comes closer than this to the limit, only lines that stand out of it are read. [1]
    """

    mask: Mask
    quantity: LineQuantity
    detector: Detector
    coverage_factor: float = 2.0
    error: float = 0.0
    gain: Callable[[float], float] = lambda frequency: 1.0
    most_floor: float = math.inf


@dataclass(frozen=True, slots=True)
class MaskReading:
    """The largest ratio of reading to limit, and where.

    Parameters
    ----------
    value, low : float
        Ratio and its lower bound. [1]
    high : float or None
        Upper bound; None where missing frames leave it open. [1]
    noise : float
        Standard deviation that the broadband floor gives to `value`. [1]
    frequency, time : float
        Of the deciding bin, and the start of its frame. [Hz], [s]
    reading, limit : float
        At that frequency; their quotient is `value`. [SI of the quantity]
    floor, floor_frequency : float
        Largest ratio of broadband floor to limit, and where. [1], [Hz]
    frequencies, readings : ndarray, shape (n,)
        The spectrum over the mask and a little around it. [Hz], [SI of the quantity]
    """

    value: float
    low: float
    high: float | None
    noise: float
    frequency: float
    time: float
    reading: float
    limit: float
    floor: float
    floor_frequency: float
    frequencies: Samples
    readings: Samples


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of each bin over the mask, shape (n,): line amplitudes, rms. [SI]

    `seen` says that a bin reads more than side lobes account for; `line`, that it stands out of the
    floor; `top`, that it is no smaller than its neighbours; `own`, that it is a line and the largest
    of its main lobe, so that the line is right there.
    """

    value: Samples
    low: Samples
    high: Samples
    noise: Samples
    floor: Samples
    seen: NDArray[np.bool_]
    line: NDArray[np.bool_]
    top: NDArray[np.bool_]
    own: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Limits:
    """Limits laid against each bin, shape (n,); infinite where there is none. [SI of the quantity]

    `at` holds at its frequency, `reading` is what its reading is judged by, `sure` the largest that
    what it reads may be judged by, `near` the smallest.
    """

    at: Samples
    reading: Samples
    sure: Samples
    near: Samples


def read_against(settings: MaskSettings, spectrum: DetectedSpectrum) -> MaskReading | None:
    """Lay a spectrum of one frame or more against a mask; None if no bin of it lies on the mask."""
    around, lobe = spectrum.spacing, HALF_LOBE[spectrum.settings.taper]
    first = max(1, math.floor(settings.mask.low / around) - lobe - 1)
    last = min(spectrum.largest.size, math.ceil(settings.mask.high / around) + lobe + 2)
    places: Samples = np.arange(first, max(first, last), dtype=np.float64) * around
    inside = np.isfinite(settings.mask.smallest(places))
    if not inside.any():
        return None
    found, scale = _found(settings, spectrum, slice(first, last)), _scale(settings.quantity, spectrum)
    limits = _limits(settings, found, places, (around, lobe))
    low, high = _extremes(settings, found, limits, (scale, _gains(settings, spectrum, places)))
    quiet = scale * found.floor / limits.at
    loudest = int(np.argmax(quiet))
    read = inside & found.seen & (found.line | (float(quiet[loudest]) <= settings.most_floor))
    ratios = np.where(read, scale * found.value / limits.reading, -1.0)
    place = int(np.argmax(ratios if read.any() else inside))
    value = max(0.0, float(ratios[place]))
    limit = float((limits.reading if value > 0.0 else limits.at)[place])
    return MaskReading(
        value,
        min(low, value),
        None if high is None else max(high, value),
        scale * float(found.noise[place]) / limit,
        float(places[place]),
        float(spectrum.when[first + place]),
        value * limit,
        limit,
        float(quiet[loudest]),
        float(places[loudest]),
        places,
        scale * found.value,
    )


def _limits(settings: MaskSettings, found: _Found, places: Samples, bins: tuple[float, int]) -> _Limits:
    """The limits of each bin; `bins` are their distance and half a main lobe in them."""
    (around, lobe), mask = bins, settings.mask
    at, near = mask.smallest(places), mask.smallest(places, 0.5 * around)
    skirt = mask.largest(places, (lobe + 0.5) * around)
    if settings.quantity == "density":
        return _Limits(at, at, skirt, near)
    top = np.minimum(skirt, mask.largest(places, TOP_REACH * around))
    return _Limits(at, np.where(found.top, at, skirt), np.where(found.own, top, skirt), near)


def _extremes(
    settings: MaskSettings, found: _Found, limits: _Limits, factors: tuple[float, Samples]
) -> tuple[float, float | None]:
    """Least and most that the largest ratio may be. [1]"""
    scale, gains = factors
    error = settings.error * scale
    low = float(np.max(np.maximum(0.0, scale * found.low - error) / limits.sure))
    near = np.isfinite(limits.near)  # a bin beside the mask has no limit, and may have no bound either
    high = float(np.max((scale * found.high + error)[near] / gains[near] / limits.near[near]))
    return low, high if math.isfinite(high) else None


def _gains(settings: MaskSettings, spectrum: DetectedSpectrum, places: Samples) -> Samples:
    """Least gain of the chain for each bin, block by block. [1]"""
    first = round(float(places[0]) / spectrum.spacing)
    width = BANDWIDTH_BINS[spectrum.settings.taper]
    return _by_block(places, lambda block: settings.gain(float(block[-1])), width, first)


def _scale(quantity: LineQuantity, spectrum: DetectedSpectrum) -> float:
    """From the rms value of a line to the quantity. [1], [1/sqrt(Hz)]"""
    if quantity == "density":
        return 1.0 / math.sqrt(BANDWIDTH_BINS[spectrum.settings.taper] * spectrum.spacing)
    return math.sqrt(2.0) if quantity == "peak" else 1.0


# ---------------------------------------------------------------- bounds of each bin


def _found(settings: MaskSettings, spectrum: DetectedSpectrum, span: slice) -> _Found:
    """Reading and bounds of the bins in `span`."""
    name, noise = spectrum.settings.taper, broadband_floor(spectrum, settings.coverage_factor)
    powers = _detected(settings, spectrum)
    many = spectrum.largest.size * (1 if settings.detector == "mean" else spectrum.frames)
    averaged = spectrum.independent if settings.detector == "mean" else 1.0
    lines = powers[0] > noise * averaged_noise(averaged, largest_normal(many, settings.coverage_factor))
    top, largest = _tops(powers[0], HALF_LOBE[name])
    own = largest & lines
    leak = _leakage(spectrum, np.where(own, np.sqrt(spectrum.largest), 0.0))[span]
    value, low, high = (power[span] for power in powers)
    if settings.quantity == "density":
        low, high = _density_bounds(settings, spectrum, (low, high))
        deviation = np.sqrt(value / spectrum.independent) / 2.0 if settings.detector == "mean" else np.zeros_like(value)
        least, most = 1.0, 1.0
    else:
        count = int(np.sum(own[span]))
        low, high = _line_bounds(settings, spectrum, (low, high), noise[span], count)
        low = np.where(lines[span], low, 0.0)
        deviation = np.sqrt(noise[span] / (2.0 * averaged))
        least, most = SCALLOPED[name], 1.0 + (FLATTOP_RIPPLE[1] if name == "flattop" else 0.0)
    shown = _by_block(np.sqrt(powers[0]), _quartile, BANDWIDTH_BINS[name])
    quiet = np.maximum(np.sqrt(broadband_floor(spectrum)), shown)[span]
    return _Found(
        np.sqrt(value),
        np.maximum(0.0, low / most - leak),
        high / least + leak,
        deviation,
        quiet,
        np.sqrt(value) > leak,
        lines[span],
        top[span],
        own[span],
    )


def _detected(settings: MaskSettings, spectrum: DetectedSpectrum) -> tuple[Samples, Samples, Samples]:
    """What the detector shows in each bin, and its bounds where it counts in classes. [SI^2]"""
    if settings.detector == "mean":
        return (spectrum.mean,) * 3
    value, low, high = (spectrum.largest.copy() for _ in range(3))
    classes = spectrum.classes
    if settings.detector == "p95" and classes is not None:
        rows = slice(classes.first, classes.first + classes.limits.size)
        largest = np.sqrt(spectrum.largest[rows])
        least, most = (np.minimum(bound, largest) for bound in classes.bracket(0))
        value[rows] = np.where(least > 0.0, least * most, most * most)
        seen, unseen = classes.bracket(max(0, spectrum.possible - spectrum.frames))
        low[rows] = np.minimum(seen * seen, value[rows])
        high[rows] = np.where(np.isfinite(unseen), np.minimum(unseen, largest), math.inf) ** 2
        high = np.maximum(high, value)
    return value, low, high


def _line_bounds(
    settings: MaskSettings, spectrum: DetectedSpectrum, powers: tuple[Samples, Samples], noise: Samples, lines: int
) -> tuple[Samples, Samples]:
    """Amplitudes that lines may have under noise of power p beside them; the reading is the largest of many. [SI]

    In one frame an amplitude scatters by sqrt(p/2). The mean power of m frames is p too large
    and scatters by sqrt((2 A^2 p + p^2) / m).
    """
    k, (low, high) = settings.coverage_factor, powers
    if settings.detector == "mean":
        surely, m = largest_normal(max(1, lines), k), spectrum.independent
        low = low - noise - surely * np.sqrt(2.0 * low * noise / m)
        return np.sqrt(np.maximum(0.0, low)), np.sqrt(high + k * np.sqrt((2.0 * high * noise + noise * noise) / m))
    surely, deviation = largest_normal(max(1, lines) * spectrum.frames, k), np.sqrt(noise / 2.0)
    return np.sqrt(low) - surely * deviation, np.sqrt(high) + k * deviation


def _density_bounds(
    settings: MaskSettings, spectrum: DetectedSpectrum, powers: tuple[Samples, Samples]
) -> tuple[Samples, Samples]:
    """Amplitudes that noise may have whose power was averaged; of other detectors the reading is what is asked for."""
    k, (low, high) = settings.coverage_factor, powers
    if settings.detector == "mean":
        low = low / averaged_noise(spectrum.independent, largest_normal(low.size, k))
        high = high / averaged_noise(spectrum.independent, -k)
    return np.sqrt(low), np.sqrt(high)


def _tops(powers: Samples, lobe: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which bins are no smaller than their neighbours, and than all bins within half a main lobe, shape (bins,)."""
    highest, top = powers.copy(), np.ones(powers.size, dtype=bool)
    for shift in range(1, lobe + 1):
        highest[shift:] = np.maximum(highest[shift:], powers[:-shift])
        highest[:-shift] = np.maximum(highest[:-shift], powers[shift:])
        if shift == 1:
            top = powers >= highest
    return top, powers >= highest


def _leakage(spectrum: DetectedSpectrum, lines: Samples) -> Samples:
    """Bound of the amplitude that side lobes of lines bring to each bin, shape (bins,). [SI, rms]

    The sum of their envelopes over all lines and their images at negative frequencies; a bin
    stands for lines half a bin to either side.
    """
    count, name = spectrum.samples, spectrum.settings.taper
    whole = np.concatenate((lines, lines[1 : (count + 1) // 2][::-1]))
    distance = np.minimum(np.arange(count), count - np.arange(count))
    beyond = distance > HALF_LOBE[name]
    kernel = np.zeros(count)
    kernel[beyond] = side_lobes(distance[beyond] - 0.5, name)
    transforms = scipy.fft.rfft(whole) * scipy.fft.rfft(kernel)
    leak: Samples = np.maximum(0.0, scipy.fft.irfft(transforms, count)[: lines.size])
    return leak


# ---------------------------------------------------------------- the broadband floor


def broadband_floor(spectrum: DetectedSpectrum, coverage_factor: float = 0.0) -> Samples:
    """Mean power of broadband noise in each bin, in a line's measure, shape (bins,). [SI^2]

    From the lower quartile of the mean spectrum over a third of an octave, or 17 independent
    readings if that is more, so that lines over three quarters of the bins do not move it; corrected
    for where the quartile of averaged noise lies, or with a coverage factor for the lowest that it
    may well lie.
    """
    width, averages = BANDWIDTH_BINS[spectrum.settings.taper], spectrum.independent

    def level(block: Samples) -> float:
        lowest = _QUARTILE - coverage_factor * _SCATTER * math.sqrt(width / block.size)
        return _quartile(block) / averaged_noise(averages, lowest)

    return _by_block(spectrum.mean, level, width)


def averaged_noise(averages: float, normal: float) -> float:
    """Noise power, averaged, that stands where `normal` does in a standard normal variable; the mean is 1.

    A chi-square variable of ``2 * averages`` degrees of freedom over its mean, by Wilson and
    Hilferty's cube; never less than a millionth.

    Examples
    --------
    >>> round(averaged_noise(1.0, 0.0), 2)  # the median of an exponential variable is ln 2
    0.7
    """
    root = 1.0 - 1.0 / (9.0 * averages) + normal / (3.0 * math.sqrt(averages))
    return max(1e-6, root * root * root) if root > 0.0 else 1e-6


def _quartile(block: Samples) -> float:
    return float(np.sort(block)[block.size // 4])


def _blocks(first: int, last: int, width: float) -> Iterator[slice]:
    """Bins from `first` on in blocks of a third of an octave, and of enough readings `width` bins wide at least."""
    fewest = math.ceil(_FEWEST_CELLS * width)
    while first < last:
        end = max(first + fewest, math.ceil(first * _THIRD_OCTAVE))
        end = last if end + fewest > last else end
        yield slice(first, end)
        first = end


def _by_block(values: Samples, summary: Callable[[Samples], float], width: float, first: int = 0) -> Samples:
    """`summary` of each block of bins, at each of its bins, shape as given; `values` begin at bin `first`."""
    found = np.empty(values.size)
    for block in _blocks(max(1, first), first + values.size, width):
        here = slice(block.start - first, block.stop - first)
        found[here] = summary(values[here])
    if first == 0:
        found[0] = found[1]
    return found
