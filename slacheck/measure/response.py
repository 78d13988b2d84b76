r"""Frequency response between two signals, by averaged cross spectra (Welch 1967).

With :math:`S_{xx}, S_{yy}, S_{xy}` averaged over tapered windows:

.. math:: H_1 = S_{xy} / S_{xx}, \quad H_2 = S_{yy} / S_{yx}, \quad \gamma^2 = |S_{xy}|^2 / (S_{xx} S_{yy})

Noise on the output leaves H_1 unbiased, noise on the input H_2; with noise on both that is not
correlated the truth lies between, ``|H_1| <= |H| <= |H_2|`` (Bendat and Piersol, Random Data, 6 and 9).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from slacheck.measure.frames import Frames
from slacheck.measure.spectrum import detrended, side_lobes, taper
from slacheck.measure.tapers import BANDWIDTH_BINS, HALF_LOBE, TaperName, independent_windows, lobe_variance
from slacheck.measure.windows import ON_GRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Block, Samples

BESIDE = 25
"""Bins to either side of one that its local noise floor is the median of."""
EXCITED = 10.0
"""Power of an excited bin over its local noise floor: 10 dB (requirements.md R09)."""
LINE_REACH = 0.75
"""Bins from the top of a line to the line itself, at most: half a bin, and what noise 10 dB below it may add."""
SIDE_LOBES = 0.5
"""Part of an amplitude that side lobes may be, at most, where a bin is judged."""
_FARTHEST = 1.5
"""Bins from a bin to the middle of what it reads, at most: beyond that a line is out of the main lobe."""
_PLACED = 0.01
"""Bins by which a line without noise may be misplaced."""
_NARROW = 1.7
"""What a resonance three bins wide at half power needs; of narrower ones the coherence falls, and H2 shows the top."""
_TREND = 0.25
"""The least-squares line takes at most this over m^3 of a line of m periods, differently from input and output."""


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """How windows are cut: length [s], part that the next one shares [1], taper."""

    length: float
    overlap: float
    taper: TaperName


@dataclass(frozen=True, slots=True)
class RecorderErrors:
    """What a recorder does to a signal: steps of its converter, rms error of interpolating uneven samples. [SI]"""

    step: float = 0.0
    interpolation: float = 0.0


_EXACT = RecorderErrors()


@dataclass(frozen=True, slots=True)
class CrossSpectra:
    """Averages over all windows, a value for each bin.

    Parameters
    ----------
    frequencies : ndarray, shape (bins,)
        [Hz]
    input_power, output_power : ndarray, shape (bins,)
        S_xx, S_yy as the mean square of a line there. [SI^2]
    real, imaginary : ndarray, shape (bins,)
        S_xy in the same measure.
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
    taper: TaperName


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
        self._frames = Frames(self.interval, self.samples, self.settings.length * (1.0 - self.settings.overlap))
        self._taper = taper(self.settings.taper, self.samples)
        self._sums = np.zeros((4, self.samples // 2 + 1))

    def update(self, block: Block) -> None:
        """Take the next block of both signals."""
        self._measure(self._frames.push(block))

    def reading(self) -> CrossSpectra:
        """Averages so far; without a window all are zero."""
        self._measure(self._frames.finish())
        count, settings = max(1, self._count), self.settings
        mean = self._sums * (2.0 / (count * float(np.sum(self._taper)) ** 2))
        return CrossSpectra(
            np.arange(mean.shape[1]) / (self.samples * self.interval),
            *(mean[0], mean[1], mean[2], mean[3]),
            *(self._count, self._frames.possible(), independent_windows(count, settings.overlap, settings.taper)),
            *(self.samples, settings.taper),
        )

    def _measure(self, groups: Iterable[tuple[list[float], Samples]]) -> None:
        for _, windows in groups:
            for pair in windows:  # one after the other, so that sums do not depend on how windows are grouped
                x, y = scipy.fft.rfft(detrended(pair, "linear") * self._taper, axis=1)
                self._sums[0] += x.real**2 + x.imag**2
                self._sums[1] += y.real**2 + y.imag**2
                self._sums[2] += x.real * y.real + x.imag * y.imag
                self._sums[3] += x.real * y.imag - x.imag * y.real
                self._count += 1


@dataclass(frozen=True, slots=True)
class Bins:
    """What was measured in some bins; all arrays of shape (n,).

    Parameters
    ----------
    excited : ndarray of bool
        Whether the input stands out of its local noise floor and is the top of a line.
    places, doubts : ndarray
        Where the reading of a bin belongs, and how far from there it may. [Hz]
    coherence : ndarray
        gamma^2.
    first, second : ndarray
        |H_1| and |H_2|, infinite where there is no cross power. [SI of the ratio]
    through : ndarray
        ``sqrt(S_yy / S_xx)``: no more can come out of the input, whatever the coherence. [SI of the ratio]
    input_noise : ndarray
        Local noise floor over power, of the input. [1]
    smoothing : ndarray
        What averaging over the main lobe may have taken from or added to H. [SI of the ratio]
    input_error, output_error : ndarray
        Part of the amplitude of each signal that may be side lobes of other lines, or errors of the recorder. [1]
    independent : float
        n_d
    """

    frequencies: Samples
    excited: NDArray[np.bool_]
    places: Samples
    doubts: Samples
    coherence: Samples
    first: Samples
    second: Samples
    through: Samples
    input_noise: Samples
    smoothing: Samples
    input_error: Samples
    output_error: Samples
    independent: float


def bins_of(
    spectra: CrossSpectra,
    low: float,
    high: float,
    recorders: tuple[RecorderErrors, RecorderErrors] = (_EXACT, _EXACT),
    *,
    lines: bool = True,
) -> Bins:
    """What the bins from `low` to `high` [Hz] with any input say.

    Parameters
    ----------
    recorders : (RecorderErrors, RecorderErrors)
        Of input and output.
    lines : bool
        Whether only tops of lines are meant, which are narrower than a bin; else every bin.
    """
    frequencies, x, y = spectra.frequencies, spectra.input_power, spectra.output_power
    here = (frequencies >= low * (1 - 1e-9)) & (frequencies <= high * (1 + 1e-9)) & (x > 0.0)
    here[: HALF_LOBE[spectra.taper]] = False  # the main lobe of what trend is left
    cross = spectra.real**2 + spectra.imaginary**2
    floor = local_floor(x)
    tops = _tops(x)
    excited = tops & (x >= EXCITED * floor)
    some = here & (cross > 0.0)
    coherence, second = np.zeros(x.size), np.full(x.size, math.inf)
    coherence[some] = np.minimum(1.0, cross[some] / (x[some] * y[some]))
    second[some] = y[some] / np.sqrt(cross[some])
    outputs = _tops(y) & (y >= EXCITED * local_floor(y))
    input_error = _amplitude_error(spectra, x, excited, recorders[0])
    output_error = _amplitude_error(spectra, y, outputs, recorders[1])
    noise = np.ones(x.size)
    noise[here] = np.minimum(1.0, floor[here] / x[here])
    moved, doubt = _line_offsets(spectra, noise, input_error) if lines else _bin_offsets(spectra)
    return Bins(
        frequencies[here],
        excited[here],
        frequencies[here] + moved[here] * frequencies[1],
        doubt[here] * frequencies[1],
        coherence[here],
        np.sqrt(cross[here]) / x[here],
        second[here],
        np.sqrt(y[here] / x[here]),
        noise[here],
        _smoothing(spectra)[here],
        input_error[here],
        output_error[here],
        spectra.independent,
    )


def _line_offsets(spectra: CrossSpectra, noise: Samples, error: Samples) -> tuple[Samples, Samples]:
    """How far a line is from the bin that is its top, and the doubt about that, shape (bins,) each. [bins]

    With the Hann taper a line d bins off reads ``(1 + d) / (2 - d)`` times as much in the next bin as in its
    top. Noise and side lobes move that by no more than their part of the amplitude in either. Of other tapers
    and in all that noise this wide: `LINE_REACH`.
    """
    amplitude, moved = np.sqrt(spectra.input_power), np.zeros(noise.size)
    if spectra.taper != "hann":
        return moved, np.full(noise.size, LINE_REACH)
    below, top, above = amplitude[:-2], amplitude[1:-1], amplitude[2:]
    larger, some = np.maximum(below, above), amplitude[1:-1] > 0.0
    ratio = larger[some] / top[some]
    offset = np.clip((2.0 * ratio - 1.0) / (1.0 + ratio), 0.0, 0.5)
    moved[1:-1][some] = np.where(above[some] >= below[some], offset, -offset)
    doubt: Samples = np.minimum(LINE_REACH, _PLACED + 2.0 * np.sqrt(noise) + 2.0 * error)
    return moved, doubt


def _bin_offsets(spectra: CrossSpectra) -> tuple[Samples, Samples]:
    """How far the middle of the input's power is from the bin that reads it, and the doubt, shape (bins,) each. [bins]

    In the skirt of a line a bin reads the response at the line. The middle is off by the lobe's variance times the
    slope of the power over the power; three times that where the slope is seen through the lobe itself (Hann: right
    to 0.05 bins for a line up to one bin away); no more than 1.5 bins, and doubtful by half of it.
    """
    x, moved = spectra.input_power, np.zeros(spectra.input_power.size)
    some = x[1:-1] > 0.0
    slope = (x[2:][some] - x[:-2][some]) / (2.0 * x[1:-1][some])
    moved[1:-1][some] = np.clip(3.0 * lobe_variance(spectra.taper) * slope, -_FARTHEST, _FARTHEST)
    return moved, np.abs(moved) / 2.0


def _tops(power: Samples) -> NDArray[np.bool_]:
    """Bins no smaller than their neighbours."""
    top = np.zeros(power.shape, dtype=bool)
    top[1:-1] = (power[1:-1] >= power[:-2]) & (power[1:-1] >= power[2:])
    return top


def local_floor(power: Samples) -> Samples:
    """Median of the bins around each one, shape as `power`; lines that fill less than half of them hardly move it."""
    width = min(2 * BESIDE + 1, power.size)
    rows = np.lib.stride_tricks.sliding_window_view(power, width)
    centres = np.arange(0, rows.shape[0], BESIDE // 5)
    medians = np.concatenate([np.median(rows[centres[i : i + 4096]], axis=1) for i in range(0, centres.size, 4096)])
    floor: Samples = np.interp(np.arange(power.size), centres + width // 2, medians)
    return floor


# ---------------------------------------------------------------- random error


def random_error(coherence: float, independent: float) -> float:
    """Relative standard deviation of a magnitude, ``sqrt(1 - gamma^2) / (|gamma| sqrt(2 n_d))`` (requirements.md R09).

    Examples
    --------
    >>> round(random_error(0.9, 16), 4)
    0.0589
    """
    return math.sqrt((1.0 - coherence) / (coherence * 2.0 * independent))


def chance_coherence(independent: float, probability: float) -> float:
    """Coherence that unrelated signals exceed with this probability, ``1 - P^(1/(n_d - 1))``.

    Examples
    --------
    >>> round(chance_coherence(16, 0.05), 4)
    0.181
    """
    return 1.0 - math.pow(probability, 1.0 / (independent - 1.0))


def confidence_radius(coherence: Samples, independent: float, probability: float) -> Samples:
    r"""Relative radius of the circle about an estimate of H that misses the truth with this probability.

    .. math:: r^2 = \frac{1 - \gamma^2}{\gamma^2} \left(P^{-1/(n_d - 1)} - 1\right)

    Exact for Gaussian noise on one of the signals and any number of windows: the F distribution with 2 and
    2 (n_d - 1) degrees of freedom has this closed form (Bendat and Piersol 9.2; Goodman 1957).
    """
    spread = math.pow(probability, -1.0 / (independent - 1.0)) - 1.0
    radius: Samples = np.sqrt((1.0 - coherence) / coherence * spread)
    return radius


# ---------------------------------------------------------------- systematic errors


def _smoothing(spectra: CrossSpectra) -> Samples:
    """Bound of the bias by averaging H over the main lobe, weighted by the input's power, shape (bins,).

    Averaging over three more bins (1, 2, 1), of variance 1/2, changes H by what the lobe's own
    variance has changed it already, in proportion; of a resonance three bins wide, `_NARROW` times that.
    """
    real, imaginary, x = spectra.real, spectra.imaginary, spectra.input_power
    weight = _three(x)
    alive = (x > 0.0) & (weight > 0.0)
    change = np.zeros(x.size)
    first, second = (_three(part)[alive] / weight[alive] - part[alive] / x[alive] for part in (real, imaginary))
    change[alive] = np.sqrt(first * first + second * second)
    return 2.0 * _NARROW * lobe_variance(spectra.taper) * change


def _three(values: Samples) -> Samples:
    padded = np.concatenate((values[:1], values, values[-1:]))
    mean: Samples = (padded[:-2] + 2.0 * padded[1:-1] + padded[2:]) / 4.0
    return mean


def _amplitude_error(
    spectra: CrossSpectra, power: Samples, lines: NDArray[np.bool_], recorder: RecorderErrors
) -> Samples:
    """Part of each bin's amplitude that may not be its own, shape (bins,). [1]

    Side lobes of other lines, whose amplitudes add. Side lobes of all other bins, whose powers add: of the
    power l^2 and m^2 that they leave on input and output, H1 is wrong by l^2 + l m. Steps of the recorder, as far
    as noise does not blur them; interpolation, as white noise; what the trend takes with it.
    """
    samples, name = spectra.samples, spectra.taper
    width = BANDWIDTH_BINS[name]
    added = _spilled(np.where(lines, np.sqrt(power), 0.0), samples, name, 1)
    added += undithered(recorder.step, float(np.sum(local_floor(power))) / width)
    added += recorder.interpolation * math.sqrt(2.0 * width / samples)
    spilled = 1.5 / width * _spilled(power, samples, name, 2)
    share, some = np.full(power.size, math.inf), power > 0.0
    share[some] = added[some] / np.sqrt(power[some]) + spilled[some] / power[some]
    periods = np.maximum(1.0, np.arange(power.size))
    return share + _TREND / (periods * periods * periods)


def undithered(step: float, noise: float) -> float:
    """Largest rms error that steps of a converter leave in a line under noise of some variance. [SI]

    Half a step without noise; the mean over Gaussian noise of deviation s keeps ``exp(-2 pi^2 s^2 / step^2)`` of it
    (Widrow). Rounding itself makes noise of step^2 / 12, which blurs nothing.

    Parameters
    ----------
    step : float
        [SI]
    noise : float
        [SI^2]
    """
    if step <= 0.0:
        return 0.0
    own = max(0.0, noise - step * step / 12.0) / (step * step)
    return step / 2.0 * math.exp(-2.0 * math.pi**2 * own)


def _spilled(values: Samples, samples: int, name: TaperName, exponent: int) -> Samples:
    """Bound of what side lobes of all bins, and their images at negative frequencies, bring to each; shape as given.

    `values` are amplitudes (exponent 1) or powers (2).
    """
    whole = np.concatenate((values, values[1 : (samples + 1) // 2][::-1]))
    distance = np.minimum(np.arange(samples), samples - np.arange(samples))
    beyond = distance > HALF_LOBE[name]
    kernel = np.zeros(samples)
    kernel[beyond] = side_lobes(distance[beyond] - 0.5, name) ** exponent
    transforms = scipy.fft.rfft(whole) * scipy.fft.rfft(kernel)
    spilled: Samples = np.maximum(0.0, scipy.fft.irfft(transforms, samples)[: values.size])
    return spilled
