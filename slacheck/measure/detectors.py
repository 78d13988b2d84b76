"""Many spectra of one record put together by a detector: the largest, the mean, a quantile of each bin.

A frame is as long as the resolution asks for: the equivalent noise bandwidth of its taper is the
resolution. Frames overlap (by half, with the flat top by three quarters), so that a burst is seen
near the middle of one. The memory is that of a few spectra, however long the record is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from slacheck.measure.mask import Mask
from slacheck.measure.periodograms import WindowGroup, WindowStage
from slacheck.measure.quantile import nearest_rank
from slacheck.measure.spectrum import as_lines, taper
from slacheck.measure.tapers import BANDWIDTH_BINS, HALF_LOBE, TaperName
from slacheck.measure.tree_sum import TreeSum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Block, Place, Samples

Detector = Literal["max_hold", "p95", "mean"]

P95 = (95, 100)
FINE, COARSE = 1.01, 1.122
"""Ratio of one class of readings to the next: between half and twice the limit, and beyond. [amplitude]"""
_REACH = 1e3
"""Readings beyond this many times the limit, or below that part of it, share a class."""


@dataclass(frozen=True, slots=True)
class FrameSettings:
    """How frames are cut and tapered.

    Parameters
    ----------
    resolution : float
        Equivalent noise bandwidth. [Hz]
    taper : str
    """

    resolution: float
    taper: TaperName

    @property
    def length(self) -> float:
        """Length of a frame, before it is rounded to whole samples. [s]"""
        return BANDWIDTH_BINS[self.taper] / self.resolution

    @property
    def steps(self) -> int:
        """Frames that begin in the length of one."""
        return 4 if self.taper == "flattop" else 2


@dataclass(frozen=True, slots=True)
class Classes:
    """How many frames had a reading in which class, bin by bin.

    Parameters
    ----------
    first : int
        Bin of the spectrum that row 0 stands for.
    limits : ndarray, shape (rows,)
        Limit that the classes of each row are counted from. [SI, rms]
    counts : ndarray of int, shape (rows, classes)
    """

    first: int
    limits: Samples
    counts: NDArray[np.int32]

    def bracket(self, missing: int) -> tuple[Samples, Samples]:
        """Lower and upper bound of the 95 % nearest-rank quantile, shape (rows,) each; infinite where unbounded.

        `missing` frames were not seen: for the lower bound they count as nothing, for the upper one as the largest.
        """
        edges, total = class_edges(), np.cumsum(self.counts, axis=1)
        rank = nearest_rank(int(total[0, -1]) + missing, P95)
        low = np.sum(total < rank - missing, axis=1) if rank > missing else np.zeros(self.limits.size, dtype=np.int64)
        high = np.sum(total < rank, axis=1)
        below = np.concatenate(([0.0], edges))
        above = np.concatenate((edges, [math.inf, math.inf]))
        return below[low] * self.limits, above[high] * self.limits


@lru_cache(maxsize=1)
def class_edges() -> Samples:
    """Edges of the classes of readings, as ratios to the limit; increasing."""
    fine = math.ceil(math.log(2.0) / math.log(FINE))
    coarse = math.ceil(math.log(_REACH / 2.0) / math.log(COARSE))
    above = [FINE**step for step in range(fine + 1)]
    above += [above[-1] * COARSE**step for step in range(1, coarse + 1)]
    return np.array([1.0 / edge for edge in reversed(above[1:])] + above)


@dataclass(frozen=True, slots=True)
class DetectedSpectrum:
    """What the frames of a record have in each bin, as the mean square of a line there. [SI^2]

    Parameters
    ----------
    largest, mean : ndarray, shape (samples // 2 + 1,)
        Over the frames.
    when : ndarray, shape as above
        Start of the first frame with the largest. [s]
    frames, possible : int
        Frames without a gap, and frames of a record without gaps.
    independent : float
        Frames without overlap that would tell as much of a mean.
    samples : int
        In a frame.
    interval : float
        [s]
    classes : Classes, optional
        For a quantile.
    """

    largest: Samples
    mean: Samples
    when: Samples
    frames: int
    possible: int
    independent: float
    samples: int
    interval: float
    settings: FrameSettings
    classes: Classes | None = None

    @property
    def spacing(self) -> float:
        """Distance of the bins. [Hz]"""
        return 1.0 / (self.samples * self.interval)


@dataclass(slots=True)
class DetectorMeter:
    """Largest and mean of the spectra of all frames of a record, and for a quantile their counts.

    Each frame loses its least-squares line first.

    Parameters
    ----------
    interval : float
        [s]
    settings : FrameSettings
    classes_of : Mask, optional
        Count the readings of each bin of this mask in classes relative to its limit. [SI, rms]
    """

    interval: float
    settings: FrameSettings
    classes_of: Mask | None = None
    samples: int = field(init=False)
    stage: WindowStage = field(init=False)
    _weights: Samples = field(init=False)
    _largest: Samples = field(init=False)
    _sum: TreeSum = field(default_factory=TreeSum)
    """Of groups of frames."""
    _when: Samples = field(init=False)
    _classes: Classes | None = field(init=False)
    _count: int = 0

    def __post_init__(self) -> None:
        """Whole samples in a frame, and room for one spectrum of each sort."""
        self.samples = max(4, math.floor(self.settings.length / self.interval + 0.5))
        step = max(1, self.samples // self.settings.steps)
        self.stage = WindowStage(self.interval, self.samples, step * self.interval, "linear")
        self._weights = taper(self.settings.taper, self.samples)
        bins = self.samples // 2 + 1
        self._largest, self._when = np.full(bins, -1.0), np.zeros(bins)
        self._classes = None if self.classes_of is None else self._rows(self.classes_of, bins)

    def _rows(self, mask: Mask, bins: int) -> Classes:
        """Empty counts for the bins of the mask and a main lobe to either side."""
        seconds, lobe = self.samples * self.interval, HALF_LOBE[self.settings.taper] + 1
        first = min(bins - 1, max(0, math.floor(mask.low * seconds) - lobe))
        last = min(bins, math.ceil(mask.high * seconds) + lobe + 1)
        limits = mask.nearest(np.arange(first, last) / seconds)
        return Classes(first, limits, np.zeros((limits.size, class_edges().size + 1), dtype=np.int32))

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        for group in self.stage.push(block):
            self.take(group)

    def reading(self) -> DetectedSpectrum:
        """What was found; without a frame every bin is zero."""
        for group in self.stage.finish():
            self.take(group)
        return DetectedSpectrum(
            np.maximum(self._largest, 0.0),
            self._mean(),
            self._when,
            self._count,
            self.stage.possible(),
            self._independent(),
            self.samples,
            self.interval,
            self.settings,
            self._classes,
        )

    def take(self, given: WindowGroup) -> None:
        """Take a group of frames."""
        spectra = as_lines(given.powers(self.settings.taper), self._weights)
        self._sum.add(np.add.reduce(spectra, axis=0))
        for start, powers in zip(given.starts, spectra, strict=True):
            larger = powers > self._largest
            self._largest[larger] = powers[larger]
            self._when[larger] = start
            if self._classes is not None:
                rows = self._classes.limits.size
                own = np.sqrt(powers[self._classes.first : self._classes.first + rows])
                place = np.searchsorted(class_edges(), own / self._classes.limits, side="right")
                self._classes.counts[np.arange(rows), place] += 1
        self._count += len(given.starts)

    @property
    def memory(self) -> int:
        """As of `contract.Divisible`, as all of these."""
        return self.stage.memory

    def enter(self, place: Place) -> None:
        """Begin behind samples that are not seen."""
        self._sum = TreeSum(self.stage.enter(place))

    def forget(self) -> None:
        """What was found so far belongs to the piece before."""
        self._sum, self._count = TreeSum(self._sum.next), 0
        self._largest.fill(-1.0)
        self._when.fill(0.0)
        if self._classes is not None:
            self._classes.counts.fill(0)

    def merge(self, earlier: DetectorMeter) -> None:
        """Take over what was found before; of equal readings of a bin the first is the largest."""
        self._sum.merge(earlier._sum)
        self._count += earlier._count
        larger = earlier._largest >= self._largest
        self._largest[larger], self._when[larger] = earlier._largest[larger], earlier._when[larger]
        if self._classes is not None and earlier._classes is not None:
            self._classes.counts[:] += earlier._classes.counts

    def _mean(self) -> Samples:
        total = self._sum.total()
        return np.zeros(self._largest.size) if total is None else total / self._count

    def _independent(self) -> float:
        """Frames over the variance that their overlap leaves, ``1 + 2 sum_j (1 - j/m) rho_j^2`` (Welch 1967)."""
        step, count, w = max(1, self.samples // self.settings.steps), max(1, self._count), self._weights
        whole, excess = float(np.sum(w * w)), 0.0
        for lag in range(1, min(count, self.settings.steps + 1)):
            shift = lag * step
            if shift < self.samples:
                excess += 2.0 * (1.0 - lag / count) * (float(np.sum(w[shift:] * w[:-shift])) / whole) ** 2
        return count / (1.0 + excess)
