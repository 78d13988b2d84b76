"""Power spectra of windows and what they hold in a band.

A spectrum here is one tapered periodogram per window, one-sided, scaled so that the bins add up
to the mean square of the window (Parseval). A tone is spread over the taper's main lobe, so what
lies within half a main lobe of a band's edge cannot be told inside from outside; each band is
therefore read three times, as it stands and with both edges moved in and out by that much.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from slacheck.measure.tapers import COSINES, HALF_LOBE, TaperName

if TYPE_CHECKING:
    from slacheck.contract import Samples

Removal = Literal["mean", "linear"]

_IN_CACHE = 1 << 17
"""Samples."""
_SIDE_BY_SIDE = 4
"""Transforms that the library makes at once where so many are asked for (pocketfft: as many as fit a register)."""
_HANN_REACH = 1000
"""Bins; side lobes of the Hann taper further away carry less than 2e-17 of a tone's power."""
_LOW_SIDE_LOBES = 1e-9
"""Part of a tone's power in all side lobes of the Blackman-Harris and flat-top tapers together."""

_FAR_LOBES: dict[TaperName, tuple[float, float]] = {"blackmanharris": (2.6e-5, 1.7e-4), "flattop": (4e-5, 1e-3)}
"""Highest side lobe of an amplitude, and the envelope at one bin's distance that they fall from as 1/d. [ratio]"""


def taper(name: TaperName, length: int) -> Samples:
    """Periodic taper, shape (length,), peak near one."""
    half_phase = np.arange(length) * (math.pi / length)
    weights = np.zeros(length)
    for order, coefficient in enumerate(COSINES[name]):
        sine = np.sin(order * half_phase)
        weights += coefficient * (-1.0) ** order * (1.0 - 2.0 * sine * sine)
    return weights


def detrended(windows: Samples, remove: Removal) -> Samples:
    """Windows less their mean, or less their least-squares line; shape (m, n) in and out."""
    residual: Samples = windows - np.mean(windows, axis=1, keepdims=True)
    if remove == "linear":
        n = windows.shape[1]
        place = np.arange(n) - (n - 1) / 2.0
        line = residual * place
        slope = np.sum(line, axis=1, keepdims=True) / (n * (n * n - 1.0) / 12.0)
        residual -= np.multiply(slope, place, out=line)
    return residual


def power_spectra(windows: Samples, weights: Samples) -> Samples:
    """One-sided periodograms.

    Parameters
    ----------
    windows : ndarray, shape (m, n)
        Detrended. [SI]
    weights : ndarray, shape (n,)
        Taper.

    Returns
    -------
    ndarray, shape (m, n // 2 + 1)
        Mean square per bin, ``2 |X_k|^2 / (n sum w^2)``; bins are 1 / (n interval) apart. [SI^2]
    """
    import scipy.fft

    n = weights.size
    transform = scipy.fft.rfft(windows * weights, axis=1)
    parts = transform.view(np.float64)  # real and imaginary part in turn
    np.multiply(parts, parts, out=parts)
    powers: Samples = parts[:, ::2] + parts[:, 1::2]
    powers *= 2.0 / (n * float(np.sum(weights * weights)))
    powers[:, 0] /= 2.0
    if n % 2 == 0:
        powers[:, -1] /= 2.0
    return powers


def periodograms(windows: Samples, weights: Samples, remove: Removal) -> Samples:
    """`power_spectra` of windows that are detrended here, a few at a time, so that they stay in cache."""
    count, n = windows.shape
    powers = np.empty((count, n // 2 + 1))
    step = max(1, _IN_CACHE // n)
    step -= step % _SIDE_BY_SIDE if step > _SIDE_BY_SIDE else 0
    for i in range(0, count, step):
        powers[i : i + step] = power_spectra(detrended(windows[i : i + step], remove), weights)
    return powers


def as_lines(powers: Samples, weights: Samples) -> Samples:
    """Powers per bin to the mean square of the tone that each bin would be the top of, ``2 |X_k|^2 / (sum w)^2``.

    Shapes as of `power_spectra`. [SI^2]
    """
    lines: Samples = powers * (weights.size * float(np.sum(weights * weights)) / float(np.sum(weights)) ** 2)
    return lines


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of some bins of a spectrum, the first of which is bin `first`; shape (n,)."""

    first: int
    values: Samples

    def sum_of(self, spectra: Samples) -> Samples:
        """Weighted sum of the bins of each spectrum, shape (m,)."""
        total: Samples = np.sum(spectra[:, self.first : self.first + self.values.size] * self.values, axis=1)
        return total


@dataclass(frozen=True, slots=True)
class BandEdges:
    """A band on the bins of a spectrum: which bins, and how much of each.

    Parameters
    ----------
    low, high : float
        Edges. [bins]
    bins : int
        Bins of the spectrum.
    """

    low: float
    high: float
    bins: int
    _known: dict[str, Weights] = field(default_factory=dict, compare=False, repr=False)
    """Weights that were asked for before."""

    def moved(self, outward: float) -> BandEdges:
        """The band with both edges moved outward (inward if negative); never below bin 0.5, which is DC."""
        low = max(0.5, self.low - outward)
        return BandEdges(low, max(low, self.high + outward), self.bins)

    def power(self, spectra: Samples) -> Samples:
        """Power in the band, edge bins by the part of them that lies inside, shape (m,). [SI^2]"""
        return self._weights("inside", self._inside).sum_of(spectra)

    def _weights(self, name: str, make: Callable[[], Weights]) -> Weights:
        if name not in self._known:
            self._known[name] = make()
        return self._known[name]

    def _inside(self) -> Weights:
        first = min(self.bins, max(0, math.floor(self.low + 0.5)))
        last = max(first, min(self.bins, math.floor(self.high + 0.5) + 1))
        centres = np.arange(first, last, dtype=np.float64)
        inside = np.minimum(centres + 0.5, self.high) - np.maximum(centres - 0.5, self.low)
        return Weights(first, np.clip(inside, 0.0, 1.0))

    def leakage(self, spectra: Samples, name: TaperName) -> Samples:
        """Bound of the power that side lobes of tones outside bring into the band, shape (m,). [SI^2]

        A tone d bins outside has at most 1 / (pi^2 d) of its power in the band with the rectangular taper, and
        1 / (7.5 pi^2 d^5) with Hann's (the squared transforms summed from d on); its image at the negative frequency
        may add to the amplitude.
        """

        def outside() -> Weights:
            centres = self._within_reach(name)
            return _scattered(centres, np.maximum(self.low - centres, centres - self.high), name)

        return self._weights(f"leakage {name}", outside).sum_of(spectra)

    def escape(self, spectra: Samples, name: TaperName) -> Samples:
        """The same for tones inside: what their side lobes take out of the band, shape (m,). [SI^2]"""

        def inside() -> Weights:
            centres = self._within_reach(name)
            return _scattered(centres, np.minimum(centres - self.low, self.high - centres), name)

        return self._weights(f"escape {name}", inside).sum_of(spectra)

    def _within_reach(self, name: TaperName) -> Samples:
        reach = self.bins if name == "rectangular" else _HANN_REACH
        first = min(self.bins, max(1, math.floor(self.low) - reach))
        last = max(first, min(self.bins, math.ceil(self.high) + reach))
        return np.arange(first, last, dtype=np.float64)

    def largest_line(self, lines: Samples) -> Samples:
        """Largest local maximum within the band, shape (m,); 0 where there is none.

        A bin that is larger than both its neighbours is the top of a line; the skirt of a line
        outside the band is not. [SI^2]
        """
        first = min(self.bins - 1, max(1, math.ceil(self.low - 0.5)))
        last = max(first, min(self.bins - 1, math.floor(self.high + 0.5) + 1))
        if last == first:
            return np.zeros(lines.shape[0])
        middle = lines[:, first:last]
        top = (middle >= lines[:, first - 1 : last - 1]) & (middle >= lines[:, first + 1 : last + 1])
        largest: Samples = np.max(np.where(top, middle, 0.0), axis=1)
        return largest


def _scattered(centres: Samples, distance: Samples, name: TaperName) -> Weights:
    """Bound of the part of the power at `centres` that lies more than `distance` bins away, where that is positive."""
    away = np.maximum(distance, HALF_LOBE[name]) - 0.5  # a bin stands for tones half a bin to either side
    if name == "rectangular":
        share = 1.0 / (math.pi**2 * away)
    elif name == "hann":
        share = 1.0 / (7.5 * math.pi**2 * away * away * away * away * away)
    else:
        share = np.full(away.shape, _LOW_SIDE_LOBES)
    image = 1.0 + away / (2.0 * centres + away)
    counted = np.flatnonzero(distance > 0.0)
    if counted.size == 0:
        return Weights(0, np.empty(0))
    first, last = int(counted[0]), int(counted[-1]) + 1
    weights = np.where(distance > 0.0, share * image * image, 0.0)[first:last]
    return Weights(int(centres[first]), weights)


def side_lobes(distance: Samples, name: TaperName) -> Samples:
    """Bound of the part of a line's amplitude that a bin beyond its main lobe reads, shape as `distance`. [1]

    Envelopes of the transform W(d) / W(0): sinc(d) is at most 1 / (pi d), Hann's at most
    1 / (pi d (d^2 - 1)). The other two fall no faster than 1/d far out, since their tapers do not
    end at zero exactly.

    Parameters
    ----------
    distance : ndarray
        More than half a main lobe. [bins]
    """
    if name == "rectangular":
        return 1.0 / (math.pi * distance)
    if name == "hann":
        return 1.0 / (math.pi * distance * (distance * distance - 1.0))
    most, far = _FAR_LOBES[name]
    return np.minimum(most, far / distance)


def noise_density(spectra: Samples, above: float) -> Samples:
    """Power per bin of the broadband floor, from the median of bins between `above` and 0.9 of the top, shape (m,).

    Powers of noise bins are exponentially distributed, so their mean is the median over ln 2;
    lines hardly move it. At most 4096 bins are looked at. Zero where fewer than 16 bins lie
    above. [SI^2]
    """
    bins = spectra.shape[1]
    first, last = max(math.ceil(above) + 1, bins // 2), int(0.9 * bins)
    if last - first < 16:
        return np.zeros(spectra.shape[0])
    step = max(1, (last - first) // 4096)
    looked_at = spectra[:, first:last:step]
    middle = (looked_at.shape[1] - 1) // 2
    density: Samples = np.partition(looked_at, middle, axis=1)[:, middle] / math.log(2.0)
    return density
