"""Harmonics of windows of 10 or 12 cycles: lines, subgroups and groups (IEC 61000-4-7, 3.2 and 5.5).

With C_k the rms value of bin k of a window that holds N cycles, so that bins are f / N apart and
bin N h is harmonic h:

=========  ======================================================  =====================================
method     harmonic h                                              interharmonic between h and h + 1
=========  ======================================================  =====================================
line       ``C_Nh``
subgroup   ``sqrt(C_(Nh-1)^2 + C_Nh^2 + C_(Nh+1)^2)``               ``sqrt(sum C_(Nh+k)^2, k = 2 .. N - 2)``
group      the same from Nh - N/2 to Nh + N/2, these two by half    ``sqrt(sum C_(Nh+k)^2, k = 1 .. N - 1)``
=========  ======================================================  =====================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy.fft

from slacheck.measure.intervals import CycleValue, IntervalMeter, IntervalReading, Length
from slacheck.measure.resampling import BAND
from slacheck.measure.synchronised import SynchronisedWindow, WindowCounts, WindowCutter

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

Method = Literal["line", "subgroup", "group"]

_BESIDE_HARMONICS = 3
"""Bins this far from every harmonic, or further, show the broadband floor."""


def bin_powers(window: Samples) -> Samples:
    """Mean square of each bin of a window, rectangular, one-sided, shape (n // 2 + 1,). [SI^2]

    Parameters
    ----------
    window : ndarray, shape (n,)
        n even. [SI]
    """
    n = float(window.size)
    transform = scipy.fft.rfft(window)
    powers: Samples = transform.real**2
    powers += transform.imag**2
    powers *= 2.0 / (n * n)
    powers[0] /= 2.0
    powers[-1] /= 2.0
    return powers


def harmonic_squares(powers: Samples, cycles: int, orders: int, method: Method) -> Samples:
    """Mean squares of orders 1 to `orders`, shape (orders,); 0 beyond the spectrum's end. [SI^2]"""
    around = _around(powers, cycles, orders)
    middle = cycles // 2
    if method == "line":
        return around[:, middle].copy()
    reach = 1 if method == "subgroup" else middle - 1
    squares: Samples = np.sum(around[:, middle - reach : middle + reach + 1], axis=1)
    if method == "group":
        squares += (around[:, 0] + around[:, -1]) / 2.0
    return squares


def interharmonic_squares(powers: Samples, cycles: int, orders: int, method: Method) -> Samples:
    """Mean squares between each of orders 1 to `orders` and the next, shape (orders,). [SI^2]

    Raises
    ------
    ValueError
        For `line`, which has none.
    """
    if method == "line":
        raise ValueError("interharmonics are groups or subgroups")
    edge = 1 if method == "group" else 2
    bins = _bins(powers, cycles * (orders + 1) + 1)
    squares: Samples = np.sum(bins[cycles:-1].reshape(orders, cycles)[:, edge : cycles - edge + 1], axis=1)
    return squares


def broadband_floor(powers: Samples, cycles: int, orders: int) -> float:
    """Mean square per bin of what is neither harmonic nor beside one: median of such bins over ln 2. [SI^2]

    Powers of noise bins are exponentially distributed; lines hardly move the median. Only whole
    spaces between orders that the spectrum holds are looked at; 0 if there is none.
    """
    orders = min(orders, powers.size // cycles - 1)
    if orders < 1:
        return 0.0
    bins = powers[cycles : cycles * (orders + 1)].reshape(orders, cycles)
    return float(np.median(bins[:, _BESIDE_HARMONICS : cycles - _BESIDE_HARMONICS + 1])) / math.log(2.0)


def bins_of(method: Method, cycles: int) -> int:
    """Bins whose powers a harmonic adds up."""
    return {"line": 1, "subgroup": 3, "group": cycles}[method]


def noise_scatter(squares: Samples, floor: Samples, bins: int, windows: float) -> Samples:
    r"""Standard deviation that noise gives means over `windows` of mean squares that `bins` bins add up to. [SI^2]

    .. math:: \sqrt{(2 S p + b p^2) / m}, \quad S = \max(0, Y - b p)

    for b bins of which one holds the signal S, noise of mean square p in each, and m windows:
    ``|s + n|^2`` with a complex normal n has the variance ``2 |s|^2 p + p^2``.
    """
    signal = np.maximum(0.0, squares - bins * floor)
    return np.asarray(np.sqrt((2.0 * signal + bins * floor) * floor / windows))


def quantised_power(step: float, floor: Samples, cycles: int, orders: float) -> Samples:
    """Mean square per order of the part of a quantiser's error that repeats with the signal. [SI^2]

    Parameters
    ----------
    step : float
        Of the quantiser; its error has the mean square step^2 / 12. [SI]
    floor : ndarray
        Broadband floor, mean square per bin: what noise has dithered away shows there. [SI^2]
    cycles : int
        Cycles in a window, which is the number of bins to an order.
    orders : float
        Orders below half the sample rate, over which it spreads.
    """
    return np.asarray(np.maximum(0.0, step * step / 12.0 - floor * cycles * orders) / orders)


def _bins(powers: Samples, count: int) -> Samples:
    return powers[:count] if powers.size >= count else np.pad(powers, (0, count - powers.size))


def _around(powers: Samples, cycles: int, orders: int) -> Samples:
    """Bins from half way below to half way above each order, shape (orders, cycles + 1)."""
    half = cycles // 2
    bins = _bins(powers, cycles * orders + half + 1)
    return np.lib.stride_tricks.sliding_window_view(bins, cycles + 1)[half::cycles][:orders]


# ---------------------------------------------------------------- over a record


@dataclass(frozen=True, slots=True)
class HarmonicSettings:
    """What is measured of each window.

    Parameters
    ----------
    frequency : float
        Nominal, 50 or 60. [Hz]
    method : {"line", "subgroup", "group"}
    orders : int
        Highest order.
    interharmonics : bool
        Whether what lies between orders is wanted too.
    lengths : tuple of Length
        Intervals that values are aggregated over.
    rated : float, optional
        Rms value; windows with a cycle outside 0.9 to 1.1 of it are flagged. [SI]
    watched : int
        Row that `rated` is of.
    """

    frequency: float
    method: Method
    orders: int
    interharmonics: bool
    lengths: tuple[Length, ...]
    rated: float | None = None
    watched: int = 0


@dataclass(frozen=True, slots=True)
class HarmonicReading:
    """What the windows of a record show.

    Parameters
    ----------
    intervals : mapping
        Length to its intervals; squares have columns: orders 1 to H, then, if wanted, what lies above each, then the
        broadband floor [SI^2] and the square of the error of synchronisation [1].
    orders : int
        H.
    counts : WindowCounts
        How many windows there were, and what was flagged.
    step : float
        Of the quantiser, as the first window shows it. [SI]
    """

    intervals: Mapping[Length, IntervalReading]
    orders: int
    counts: WindowCounts
    step: float


@dataclass(slots=True)
class HarmonicMeter:
    """Harmonics of row 0 in windows that follow the fundamental of the last row, at several aggregations at once."""

    interval: float
    settings: HarmonicSettings
    _cutter: WindowCutter = field(init=False)
    _intervals: dict[Length, IntervalMeter] = field(init=False)

    def __post_init__(self) -> None:
        """Windows, and one collection of values for each length."""
        settings = self.settings
        self._cutter = WindowCutter(self.interval, settings.frequency)
        width = settings.orders * (2 if settings.interharmonics else 1) + 2
        self._intervals = {length: IntervalMeter(length, width) for length in settings.lengths}

    def update(self, block: Block) -> None:
        """Take the next block."""
        for window in self._cutter.push(block):
            self._take(window)

    def reading(self) -> HarmonicReading:
        """All intervals that are complete."""
        for window in self._cutter.close():
            self._take(window)
        found = {length: meter.reading() for length, meter in self._intervals.items()}
        return HarmonicReading(found, self.settings.orders, self._cutter.counts, self._cutter.step)

    def _take(self, window: SynchronisedWindow) -> None:
        settings, cycles = self.settings, self._cutter.cycles
        readable = BAND * (window.end - window.start) / self.interval
        powers = bin_powers(window.samples[0])[: math.floor(readable) + 1]  # above, interpolation may make things up
        parts = [harmonic_squares(powers, cycles, settings.orders, settings.method)]
        if settings.interharmonics:
            parts.append(interharmonic_squares(powers, cycles, settings.orders, settings.method))
        parts.append(np.array([broadband_floor(powers, cycles, settings.orders), window.slip**2]))
        flagged = self._cutter.flags(window, (settings.watched,), settings.rated)
        value = CycleValue(window.start, window.end, window.follows, flagged, np.concatenate(parts))
        for meter in self._intervals.values():
            meter.add(value)
