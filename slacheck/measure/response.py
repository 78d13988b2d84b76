r"""Frequency response between two signals, by averaged cross spectra.

Welch 1967; Bendat and Piersol, Random Data, chapters 6 and 9. With :math:`S_{xx}, S_{yy}, S_{xy}`
averaged over tapered windows:

.. math:: H_1 = S_{xy} / S_{xx}, \quad H_2 = S_{yy} / S_{yx}, \quad \gamma^2 = |S_{xy}|^2 / (S_{xx} S_{yy})

Noise on the output leaves H_1 unbiased, noise on the input H_2; with noise on both that is not
correlated the truth lies between, ``|H_1| <= |H| <= |H_2|``. The random error of a magnitude is
``sqrt(1 - gamma^2) / (|gamma| sqrt(2 n_d))`` of it, n_d independent windows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.frames import Frames
from slacheck.measure.spectrum import detrended, taper
from slacheck.measure.tapers import HALF_LOBE, TaperName
from slacheck.measure.windows import ON_GRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Block, Samples

_BESIDE = 25
"""Bins to either side of one that its local noise floor is the median of."""
EXCITED = 10.0
"""Power of an excited bin over its local noise floor: 10 dB (requirements.md R09)."""


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """How windows are cut: length [s], step [s] from one to the next, taper."""

    length: float
    step: float
    taper: TaperName


@dataclass(frozen=True, slots=True)
class CrossSpectra:
    """Averages over all windows, a value for each bin.

    Parameters
    ----------
    frequencies : ndarray, shape (bins,)
        [Hz]
    input_power, output_power, real, imaginary : ndarray, shape (bins,)
        S_xx, S_yy and S_xy, up to one common factor.
    windows, possible : int
        Measured; and those of a record without gaps.
    independent : float
        n_d: windows that would scatter as much if they did not overlap.
    samples : int
        In a window.
    """

    frequencies: Samples
    input_power: Samples
    output_power: Samples
    real: Samples
    imaginary: Samples
    windows: int
    possible: int
    independent: float
    samples: int


@dataclass(slots=True)
class CrossMeter:
    """Cross spectra of a pair of signals, input first."""

    interval: float
    settings: ResponseSettings
    samples: int = field(init=False)
    _frames: Frames = field(init=False)
    _taper: Samples = field(init=False)
    _sums: Samples = field(init=False)
    _count: int = 0

    def __post_init__(self) -> None:
        """Whole samples in a window."""
        self.samples = max(8, math.floor(self.settings.length / self.interval + ON_GRID))
        self._frames = Frames(self.interval, self.samples, self.settings.step)
        self._taper = taper(self.settings.taper, self.samples)
        self._sums = np.zeros((4, self.samples // 2 + 1))

    def update(self, block: Block) -> None:
        """Take the next block of both signals."""
        self._measure(self._frames.push(block))

    def reading(self) -> CrossSpectra:
        """Averages so far; without a window all are zero."""
        self._measure(self._frames.finish())
        mean = self._sums / max(1, self._count)
        frequencies = np.arange(mean.shape[1]) / (self.samples * self.interval)
        effective = independent_windows(self._count, self._taper, self.settings.step / self.interval)
        return CrossSpectra(
            *(frequencies, mean[0], mean[1], mean[2], mean[3]),
            *(self._count, self._frames.possible(), effective, self.samples),
        )

    def _measure(self, groups: Iterable[tuple[list[float], Samples]]) -> None:
        import scipy.fft

        for _, windows in groups:
            for pair in windows:  # one after the other, so that sums do not depend on how windows are grouped
                x, y = scipy.fft.rfft(detrended(pair, "linear") * self._taper, axis=1)
                self._sums[0] += x.real**2 + x.imag**2
                self._sums[1] += y.real**2 + y.imag**2
                self._sums[2] += x.real * y.real + x.imag * y.imag
                self._sums[3] += x.real * y.imag - x.imag * y.real
                self._count += 1


def independent_windows(count: int, weights: Samples, step: float) -> float:
    r"""Independent windows that scatter as much as `count` overlapping ones (Welch 1967).

    .. math:: n_d = n / \left(1 + 2 \sum_{j \ge 1} (1 - j/n) \rho_j^2\right), \quad
        \rho_j = \sum_i w_i w_{i + jS} / \sum_i w_i^2
    """
    total, own = 1.0, float(np.sum(weights * weights))
    for j in range(1, count):
        shift = round(j * step)
        if shift >= weights.size:
            break
        rho = float(np.sum(weights[shift:] * weights[: weights.size - shift])) / own
        total += 2.0 * (1.0 - j / count) * rho * rho
    return count / total


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of a mask's range, with what was measured in each; all arrays of one shape.

    Parameters
    ----------
    excited : ndarray of bool
        Whether the input stands out of its local noise floor and is the top of a line.
    coherence : ndarray
        gamma^2.
    first, second : ndarray
        |H_1| and |H_2|. [SI of the ratio]
    error : ndarray
        Relative standard deviation of a magnitude.
    input_noise : ndarray
        Local noise floor over power, of the input.
    """

    frequencies: Samples
    excited: NDArray[np.bool_]
    coherence: Samples
    first: Samples
    second: Samples
    error: Samples
    input_noise: Samples


def bins_of(spectra: CrossSpectra, low: float, high: float, name: TaperName) -> Bins:
    """What the bins from `low` to `high` [Hz] say; empty where there are none."""
    inside = (spectra.frequencies >= low * (1 - 1e-9)) & (spectra.frequencies <= high * (1 + 1e-9))
    inside[: HALF_LOBE[name]] = False  # the main lobe of what trend is left
    x, y = spectra.input_power, spectra.output_power
    cross = spectra.real**2 + spectra.imaginary**2
    alive = inside & (x > 0.0) & (y > 0.0) & (cross > 0.0)
    floor = local_floor(x)
    top = np.zeros(x.shape, dtype=bool)
    top[1:-1] = (x[1:-1] >= x[:-2]) & (x[1:-1] >= x[2:])
    excited = top & (x >= EXCITED * floor)
    x, y, cross = x[alive], y[alive], cross[alive]
    coherence = np.minimum(1.0, cross / (x * y))
    error = np.sqrt((1.0 - coherence) / (coherence * 2.0 * max(1.0, spectra.independent)))
    first, second = np.sqrt(cross) / x, y / np.sqrt(cross)
    noise = np.minimum(1.0, floor[alive] / x)
    return Bins(spectra.frequencies[alive], excited[alive], coherence, first, second, error, noise)


def local_floor(power: Samples) -> Samples:
    """Median of the bins around each one, shape as `power`; lines that fill less than half of them hardly move it."""
    width = min(2 * _BESIDE + 1, power.size)
    rows = np.lib.stride_tricks.sliding_window_view(power, width)
    step = max(1, _BESIDE // 5)
    centres = np.arange(0, rows.shape[0], step)
    medians = np.concatenate([np.median(rows[centres[i : i + 4096]], axis=1) for i in range(0, centres.size, 4096)])
    floor: Samples = np.interp(np.arange(power.size), centres + width // 2, medians)
    return floor
