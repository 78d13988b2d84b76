"""Content of bands in windows on a fixed grid: one spectrum per window, read for every band."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from slacheck.measure.periodograms import WindowGroup, WindowStage
from slacheck.measure.spectrum import (
    BandEdges,
    Removal,
    as_lines,
    noise_density,
    periodograms,
    taper,
)
from slacheck.measure.tapers import BANDWIDTH_BINS, FLATTOP_RIPPLE, HALF_LOBE, TaperName
from slacheck.measure.windows import ON_GRID

if TYPE_CHECKING:
    from slacheck.contract import Block, Place, Samples

Metric = Literal["rms", "line", "energy_fraction"]
BEAT: dict[TaperName, float] = {"rectangular": 0.0, "hann": 5e-4, "blackmanharris": 5e-4, "flattop": 5e-4}
"""Standard deviation of the power that two equal lines, their main lobes just apart, have together, of their sum.

Half the transform of Hann's squared taper at 4.5 bins, for phases at random; the others' falls faster.
`rectangular` is for whole periods, where lines have no such part.
"""


@dataclass(frozen=True, slots=True)
class BandReader:
    """What is read of one band.

    Parameters
    ----------
    metric : {"rms", "line", "energy_fraction"}
        `line` is the rms value of the largest line, with the flat-top taper.
    low, high : float
        Edges. [Hz]
    reference : (float, float), optional
        Edges of the band that `energy_fraction` is a fraction of. [Hz]
    """

    metric: Metric
    low: float
    high: float
    reference: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """A band as it stands, and with both edges moved in and out by half a main lobe of the taper."""

    edges: BandEdges
    inner: BandEdges
    outer: BandEdges
    taper: TaperName

    @classmethod
    def of(cls, edges: BandEdges, name: TaperName) -> Spread:
        """With the main lobe of this taper."""
        return cls(edges, edges.moved(-HALF_LOBE[name]), edges.moved(HALF_LOBE[name]), name)


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """How windows are cut and transformed.

    Parameters
    ----------
    length, step : float
        [s]
    taper : str
        For `rms` and `energy_fraction`; lines always have the flat top.
    remove : {"mean", "linear"}
        Taken off each window first.
    """

    length: float
    step: float
    taper: TaperName = "hann"
    remove: Removal = "linear"


@dataclass(frozen=True, slots=True)
class RippleReading:
    """One number per window and band, with the bounds of its estimator.

    Parameters
    ----------
    windows : int
        That were measured; where not every one is kept, more than there are in the arrays.
    starts : ndarray, shape (windows,)
        Start of each window. [s]
    values, low, high : ndarray, shape (bands, windows)
        [SI unit, or 1 for energy_fraction]
    noise : ndarray, shape (bands, windows)
        Standard deviation that the broadband floor gives the reading. [same]
    scale : ndarray, shape (bands, windows)
        Rms value of the reference band of energy_fraction, else 0. [SI]
    bends : ndarray, shape (windows,)
        Rms second difference of the samples, what linear interpolation over a gap misses. [SI]
    possible : int
        Windows of a record without gaps.
    samples : int
        Samples in a window.
    """

    windows: int
    starts: Samples
    values: Samples
    low: Samples
    high: Samples
    noise: Samples
    scale: Samples
    bends: Samples
    possible: int
    samples: int


_MOST_HELD = 4096
"""Windows that are held before those that cannot decide are let go of."""


@dataclass(slots=True)
class RippleMeter:
    """Band contents of all windows of a record; `frames.Frames` cuts them.

    Parameters
    ----------
    interval : float
        [s]
    settings : WindowSettings
    bands : tuple of BandReader
    every : bool
        Whether all windows are kept, in memory that grows with their number, or only those in which the value, or
        one of its bounds, of a band is the largest for the first time.
    """

    interval: float
    settings: WindowSettings
    bands: tuple[BandReader, ...]
    every: bool = True
    samples: int = field(init=False)
    stage: WindowStage = field(init=False)
    _windows: int = 0
    _held: int = 0
    _starts: list[Samples] = field(default_factory=list)
    _found: list[Samples] = field(default_factory=list)
    _bends: list[Samples] = field(default_factory=list)
    _spread: tuple[tuple[Spread, Spread | None], ...] = field(init=False)
    """Each band, and the one that it is a fraction of."""
    _top: float = field(init=False)
    """Above all bands and their tones' main lobes. [bins]"""

    def __post_init__(self) -> None:
        """Whole samples in a window."""
        self.samples = max(2, math.floor(self.settings.length / self.interval + ON_GRID))
        self.stage = WindowStage(self.interval, self.samples, self.settings.step, self.settings.remove)
        self._spread = tuple(
            (
                self._spread_of((band.low, band.high)),
                None if band.reference is None else self._spread_of(band.reference),
            )
            for band in self.bands
        )
        top = max(max(band.high, *(band.reference or (0.0,))) for band in self.bands)
        self._top = top * self.samples * self.interval + HALF_LOBE[self.settings.taper]

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        for group in self.stage.push(block):
            self.take(group)

    def reading(self) -> RippleReading:
        """What was found; no window gives arrays of length zero."""
        for group in self.stage.finish():
            self.take(group)
        if not self.every and self._windows:
            self._thin()
        found = np.concatenate(self._found, axis=2) if self._found else np.zeros((5, len(self.bands), 0))
        starts, bends = (np.concatenate([np.empty(0), *one]) for one in (self._starts, self._bends))
        each = (found[0], found[1], found[2], found[3], found[4])
        return RippleReading(self._windows, starts, *each, bends, self.stage.possible(), self.samples)

    def take(self, given: WindowGroup) -> None:
        """Take some windows."""
        self._windows += len(given.starts)
        self._held += len(given.starts)
        self._starts.append(np.array(given.starts))
        self._found.append(self._contents(given))
        self._bends.append(_bends(given.windows) if self.samples > 2 else np.zeros(len(given.starts)))
        if not self.every and self._held > _MOST_HELD:
            self._thin()

    @property
    def memory(self) -> int:
        """As of `contract.Divisible`, as all of these."""
        return self.stage.memory

    def enter(self, place: Place) -> None:
        """Begin behind samples that are not seen."""
        self.stage.enter(place)

    def forget(self) -> None:
        """What was found so far belongs to the piece before."""
        self._windows, self._held = 0, 0
        self._starts, self._found, self._bends = [], [], []

    def merge(self, earlier: RippleMeter) -> None:
        """Take over what was found before."""
        self._windows, self._held = self._windows + earlier._windows, self._held + earlier._held
        self._starts, self._found = earlier._starts + self._starts, earlier._found + self._found
        self._bends = earlier._bends + self._bends

    def _thin(self) -> None:
        """Keep the first windows in which something is largest; they stay that among windows that come later."""
        found = np.concatenate(self._found, axis=2)
        kept = np.unique(np.argmax(found[:3], axis=2))
        self._starts, self._bends = ([np.concatenate(one)[kept]] for one in (self._starts, self._bends))
        self._found, self._held = [found[:, :, kept]], kept.size

    def _contents(self, given: WindowGroup) -> Samples:
        """Value, low, high, noise and scale of each band in each window, shape (5, bands, windows)."""
        found = np.zeros((5, len(self.bands), len(given.starts)))
        metrics = {band.metric for band in self.bands}
        lines = as_lines(given.powers("flattop"), given.tapers["flattop"]) if "line" in metrics else None
        spectra = given.powers(self.settings.taper) if metrics - {"line"} else None
        floor = np.empty(0) if spectra is None else noise_density(spectra, self._top)
        for number, (band, (spread, whole)) in enumerate(zip(self.bands, self._spread, strict=True)):
            if band.metric == "line" and lines is not None:
                found[:, number] = line_contents(lines, spread.edges)
            elif band.metric == "rms" and spectra is not None:
                found[:, number] = band_contents(spectra, spread, floor)
            elif spectra is not None and whole is not None:
                found[:, number] = fraction_contents(spectra, (spread, whole), floor)
        return found

    def _spread_of(self, band: tuple[float, float]) -> Spread:
        seconds = self.samples * self.interval
        edges = BandEdges(band[0] * seconds, band[1] * seconds, self.samples // 2 + 1)
        return Spread.of(edges, self.settings.taper)


def _bends(windows: Samples) -> Samples:
    """Rms second difference of each window, shape (m,). [SI]"""
    slopes = windows[:, 1:] - windows[:, :-1]
    bends = slopes[:, 1:] - slopes[:, :-1]
    bends *= bends
    rms: Samples = np.sqrt(np.mean(bends, axis=1))
    return rms


def window_spectrum(samples: Samples, settings: WindowSettings, metric: Metric) -> Samples:
    """Rms value per bin of one window, tapered as for `metric`, shape (n // 2 + 1,). [SI]"""
    weights = taper("flattop" if metric == "line" else settings.taper, samples.size)
    powers = periodograms(samples[np.newaxis], weights, settings.remove)
    if metric == "line":
        powers = as_lines(powers, weights)
    spectrum: Samples = np.sqrt(powers[0])
    return spectrum


def band_contents(spectra: Samples, spread: Spread, floor: Samples) -> Samples:
    """Rms value in a band of each spectrum, its bounds and its noise, shape (5, windows). [SI]

    low: edges moved in by half a main lobe, the broadband floor (at the top of its scatter) and
    what side lobes may bring in taken off. high: edges moved out, side lobes added.
    """
    edges, inner, outer, name = spread.edges, spread.inner, spread.outer, spread.taper
    enbw = BANDWIDTH_BINS[name]
    width = edges.high - edges.low
    noise_power = floor * (width + 3.0 * math.sqrt(enbw * width))
    value = np.sqrt(edges.power(spectra))
    low = np.sqrt(np.maximum(0.0, inner.power(spectra) - noise_power)) - np.sqrt(inner.leakage(spectra, name))
    high = np.sqrt(outer.power(spectra) + outer.escape(spectra, name)) + np.sqrt(outer.leakage(spectra, name))
    noise = np.sqrt(floor * enbw / 2.0)
    return np.stack([value, np.clip(low, 0.0, value), np.maximum(high, value), noise, np.zeros_like(value)])


def line_contents(lines: Samples, edges: BandEdges) -> Samples:
    """Rms value of the largest line in a band of each spectrum, its bounds and its noise, shape (5, windows). [SI]

    low: one bin further in, and 0 where the line does not stand out of the floor, the median of
    the band. high: the largest bin of all, one bin further out, whether the top of a line or the
    skirt of one outside, under which another may hide; and the taper's scalloping.
    """
    value = np.sqrt(edges.largest_line(lines))
    low = np.sqrt(edges.moved(-1.0).largest_line(lines)) / (1.0 + FLATTOP_RIPPLE[1])
    around = edges.moved(1.0)
    first, last = math.ceil(around.low), min(edges.bins, math.floor(around.high) + 1)
    if last <= first:
        return np.zeros((5, lines.shape[0]))
    high = np.sqrt(np.max(lines[:, first:last], axis=1)) / (1.0 + FLATTOP_RIPPLE[0])
    floor = np.median(lines[:, first:last], axis=1) / math.log(2.0)
    stands_out = value**2 > floor * math.log(20.0 * (last - first))
    low = np.where(stands_out, low, 0.0)
    return np.stack([value, low, np.maximum(high, value), np.sqrt(floor / 2.0), np.zeros_like(value)])


def fraction_contents(spectra: Samples, bands: tuple[Spread, Spread], floor: Samples) -> Samples:
    """Power in a band over power in its reference band of each spectrum, with bounds, shape (5, windows). [1]

    Both are read with edges moved against each other by half a main lobe, with and without the
    broadband floor. Nothing in the reference band gives 0, anywhere in [0, 1]. With noise power p
    beside each line, the power P of some lines scatters by sqrt(2 p P), so a fraction f of the
    whole W by sqrt(2 p f (1 - f) / W); the floor's own scatter comes on top. So does what lines beside
    one another add to or take from the power of both in a window that holds no whole beat of them.
    """
    band, whole = (spread.edges for spread in bands)
    (inner, outer), (whole_inner, whole_outer) = (_bounds(spread, spectra) for spread in bands)
    value = _ratio(band.power(spectra), whole.power(spectra), nothing=0.0)
    low, high = value, value
    for part in (0.0, 1.0):
        quiet, whole_quiet = part * floor * (band.high - band.low), part * floor * (whole.high - whole.low)
        low = np.minimum(low, _ratio(inner - quiet, whole_outer - whole_quiet, nothing=0.0))
        high = np.maximum(high, _ratio(outer - quiet, whole_inner - whole_quiet, nothing=1.0))
    total, name = whole.power(spectra), bands[0].taper
    density = floor * BANDWIDTH_BINS[name]  # noise power that is seen beside a line
    scatter = 2.0 * density * total * value * (1.0 - value) + density * floor * (whole.high - whole.low)
    noise = np.hypot(np.sqrt(scatter) / np.where(total > 0.0, total, 1.0), BEAT[name] * value * (1.0 - value))
    return np.stack([value, low, high, noise, np.sqrt(total)])


def _bounds(spread: Spread, spectra: Samples) -> tuple[Samples, Samples]:
    """Least and most power in a band, given that a tone is spread by the taper. [SI^2]"""
    inner, outer, name = spread.inner, spread.outer, spread.taper
    least = inner.power(spectra) - inner.leakage(spectra, name)
    most = outer.power(spectra) + outer.escape(spectra, name) + outer.leakage(spectra, name)
    return np.maximum(0.0, least), most


def _ratio(part: Samples, whole: Samples, nothing: float) -> Samples:
    """`part` / `whole` within [0, 1]; `nothing` where the whole is not positive."""
    known = whole > 0.0
    ratio: Samples = np.where(known, part / np.where(known, whole, 1.0), nothing)
    return np.clip(ratio, 0.0, 1.0)
