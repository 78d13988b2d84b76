"""Damped oscillations of a ringdown: which there are, how they decay, and how well that is known.

y(t) = c + d t + sum_i exp(sigma_i t) (a_i cos omega_i t + b_i sin omega_i t) is fitted by least
squares, one mode after another, each where it takes most from the residual; all modes are refined
together by Gauss-Newton steps. A mode is kept if it takes more than noise would. The covariance
is that of the linearised fit, with the density of the residual's own spectrum near the mode.

A moving average, and taking every q-th sample, leave the poles of such a sum where they are: so a
record is thinned out without an error, and what an instrument averages does no harm.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.oscillation import window_powers
from slacheck.measure.pencil import pencil_of
from slacheck.measure.spectrum import detrended

if TYPE_CHECKING:
    from slacheck.contract import Samples

_RATE = 8.0
"""Samples kept per period of the highest frequency looked at."""
_PASSES = 3
"""Moving averages over each other before every q-th sample is kept."""
_MOST_MODES = 6
_DECAYS = (2.0, 0.5, 0.0, -0.5, -1.0, -2.0, -4.0, -8.0, -16.0, -32.0)
"""sigma T at which a new mode is looked for."""
_ROUNDS = 40
_HALVINGS = 12
_SETTLED = 1e-10
"""Part of the residual's energy that a step must take, or it was the last."""
_STEEPEST = 60.0
"""Largest |sigma| T."""
_EXACT = 1e-24
"""Part of the energy below which a residual is rounding."""
_DEPENDENT = 1e-10
_LAGS = 48
_NEAR = 4
"""Least bins to either side of a mode whose mean is the noise density."""
_AROUND = 1.6
"""Frequencies within this factor of a mode's, if they are more."""


@dataclass(frozen=True, slots=True)
class Ringdown:
    """Samples of a free decay on an even grid, thinned out.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        Less their mean. [SI]
    interval : float
        [s]
    start : float
        Time of the first one. [s]
    mean : float
        What was taken off. [SI]
    before : ndarray, shape (m,), optional
        Samples from before the event, thinned out alike: what they hold is noise. [SI]
    """

    samples: Samples
    interval: float
    start: float
    mean: float = 0.0
    before: Samples | None = None

    @property
    def length(self) -> float:
        """[s]"""
        return self.samples.size * self.interval


@dataclass(frozen=True, slots=True)
class Mode:
    """One damped oscillation, ``exp(sigma t) (a cos omega t + b sin omega t)``.

    Parameters
    ----------
    sigma, omega : float
        [1/s], [rad/s]
    a, b : float
        At the ringdown's start. [SI]
    deviations : (float, float, float)
        Standard uncertainties of damping ratio, frequency and amplitude, by the residual. [1], [Hz], [SI]
    """

    sigma: float
    omega: float
    a: float = 0.0
    b: float = 0.0
    deviations: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def frequency(self) -> float:
        """Of the damped oscillation. [Hz]"""
        return self.omega / (2.0 * math.pi)

    @property
    def damping_ratio(self) -> float:
        """-sigma / sqrt(sigma^2 + omega^2). [1]"""
        return -self.sigma / math.hypot(self.sigma, self.omega)

    @property
    def amplitude(self) -> float:
        """At the ringdown's start. [SI]"""
        return math.hypot(self.a, self.b)

    def kept(self, duration: float) -> float:
        """Part of the amplitude that is left after some time. [1]"""
        return math.exp(max(-700.0, min(700.0, self.sigma * duration)))

    def energy(self, duration: float) -> float:
        """Integral of half the squared envelope. [SI^2 s]"""
        growth = 2.0 * self.sigma * duration
        mean = 1.0 if abs(growth) < 1e-12 else math.expm1(min(700.0, growth)) / growth
        return self.amplitude**2 / 2.0 * duration * mean


@dataclass(frozen=True, slots=True)
class RingdownFit:
    """The modes of a ringdown.

    Parameters
    ----------
    modes : tuple of Mode
        By falling energy.
    level, drift : float
        c and d; c of the samples less their mean. [SI], [SI/s]
    residual : ndarray, shape (n,)
        [SI]
    """

    modes: tuple[Mode, ...]
    level: float
    drift: float
    residual: Samples

    @property
    def noise(self) -> float:
        """Rms value of the residual. [SI]"""
        return math.sqrt(float(np.mean(self.residual * self.residual)))


# ---------------------------------------------------------------- the samples


def thinned(times: Samples, samples: Samples, interval: float, top: float) -> Ringdown:
    """Even samples at about eight per period of `top`, with what is faster taken off.

    Parameters
    ----------
    times, samples : ndarray, shape (n,)
        Without gaps. [s], [SI]
    interval : float
        [s]
    top : float
        Highest frequency of interest. [Hz]
    """
    start, count = float(times[0]), math.floor((float(times[-1]) - float(times[0])) / interval + 1e-6) + 1
    even = np.interp(start + np.arange(count) * interval, times, samples)
    mean = float(np.mean(even))
    even -= mean
    group = max(1, math.floor(1.0 / (_RATE * top * interval) + 1e-9))
    if group > 1:
        for _ in range(_PASSES):
            if even.size <= group:
                break
            total = np.concatenate(([0.0], np.cumsum(even)))
            even = (total[group:] - total[:-group]) / group
            start += (group - 1) * interval / 2.0
        even = even[::group]
    return Ringdown(np.ascontiguousarray(even), group * interval, start, mean)


def strongest_frequency(ringdown: Ringdown, low: float, high: float) -> float | None:
    """Frequency of the largest bin of a Hann periodogram between two frequencies; None without one. [Hz]"""
    if ringdown.samples.size < 2:
        return None  # a gap follows at once
    powers = window_powers(ringdown.samples)
    frequencies = np.arange(powers.size) / ringdown.length
    inside = (frequencies >= low) & (frequencies <= high)
    if not bool(inside.any()):
        return None
    return float(frequencies[int(np.argmax(np.where(inside, powers, -1.0)))])


# ---------------------------------------------------------------- the fit


def fit_modes(ringdown: Ringdown) -> RingdownFit:
    """As many modes as stand out of the noise, at most six, with the uncertainties of each."""
    modes: tuple[Mode, ...] = ()
    fit = _refined(ringdown, modes)
    energy = _square(ringdown.samples)
    count = ringdown.samples.size
    while len(modes) < _MOST_MODES and 4 * len(modes) + 8 < count and _square(fit.residual) > _EXACT * energy:
        tried = _refined(ringdown, (*fit.modes, _candidate(fit.residual, ringdown)))
        left = max(_square(tried.residual), _EXACT * _EXACT * energy)
        added = tried.modes[-1].frequency
        if count * math.log(_square(fit.residual) / left) < 4.0 * math.log(count) + 10.0:
            break
        if _square(fit.residual) - left < (4.0 * math.log(count) + 10.0) * _noise_before(ringdown, added):
            break
        fit, modes = tried, tried.modes
    return with_deviations(fit, ringdown)


def refit(ringdown: Ringdown, modes: Sequence[Mode]) -> RingdownFit:
    """The same modes fitted to other samples."""
    return with_deviations(_refined(ringdown, tuple(modes)), ringdown)


def _times(ringdown: Ringdown) -> Samples:
    return np.asarray(np.arange(ringdown.samples.size) * ringdown.interval, dtype=np.float64)


def _square(values: Samples) -> float:
    return float(np.sum(values * values))


def _decay(sigma: float, times: Samples) -> Samples:
    """exp(sigma t), by the scalar function, whose bits do not depend on how many are wanted."""
    return np.array([math.exp(sigma * t) for t in times.tolist()])


def _candidate(residual: Samples, ringdown: Ringdown) -> Mode:
    """The mode that takes most energy from a residual, over a grid of decays and frequencies."""
    import scipy.fft

    count, length = residual.size, ringdown.length
    size = 1 << (4 * count - 1).bit_length()
    times = _times(ringdown)
    first, last = max(1, size // (2 * count)), size // 2 - size // 64
    best, found = -1.0, Mode(0.0, math.pi / length)
    for steepness in _DECAYS:
        envelope = _decay(steepness / length, times)
        transform = scipy.fft.rfft(residual * envelope, n=size)
        gain = (transform.real**2 + transform.imag**2)[first:last] / _square(envelope)
        place = int(np.argmax(gain))
        if gain[place] > best:
            omega = 2.0 * math.pi * (first + place) / (size * ringdown.interval)
            best, found = float(gain[place]), Mode(steepness / length, omega)
    return found


def _refined(ringdown: Ringdown, modes: tuple[Mode, ...]) -> RingdownFit:
    """Gauss-Newton on all sigma and omega; amplitudes, level and drift are solved for at each step."""
    times = _times(ringdown)
    fit = _linear(ringdown, times, modes)
    for _ in range(_ROUNDS if modes else 0):
        columns = _jacobian(fit, times)
        step, _ = least_squares(columns, fit.residual)
        before = _square(fit.residual)
        for halving in range(_HALVINGS):
            tried = _linear(ringdown, times, _moved(fit.modes, step, 0.5**halving, ringdown))
            if _square(tried.residual) < before:
                break
        else:
            return fit
        fit = tried
        if before - _square(fit.residual) <= _SETTLED * before:
            break
    return fit


def _moved(modes: Sequence[Mode], step: Sequence[float], part: float, ringdown: Ringdown) -> tuple[Mode, ...]:
    steepest, slowest = _STEEPEST / ringdown.length, math.pi / ringdown.length
    fastest = math.pi / ringdown.interval
    return tuple(
        Mode(
            max(-steepest, min(steepest, mode.sigma + part * step[4 * i])),
            max(slowest, min(fastest, mode.omega + part * step[4 * i + 1])),
        )
        for i, mode in enumerate(modes)
    )


def _shapes(modes: Sequence[Mode], times: Samples) -> list[tuple[Samples, Samples]]:
    found = []
    for mode in modes:
        envelope, phase = _decay(mode.sigma, times), mode.omega * times
        found.append((envelope * np.cos(phase), envelope * np.sin(phase)))
    return found


def _linear(ringdown: Ringdown, times: Samples, modes: Sequence[Mode]) -> RingdownFit:
    """Amplitudes, level and drift for given sigma and omega."""
    columns = [np.ones(times.size), times - float(np.mean(times))]
    columns += [shape for pair in _shapes(modes, times) for shape in pair]
    solved, residual = least_squares(columns, ringdown.samples)
    fitted = tuple(replace(mode, a=solved[2 + 2 * i], b=solved[3 + 2 * i]) for i, mode in enumerate(modes))
    return RingdownFit(fitted, solved[0] - solved[1] * float(np.mean(times)), solved[1], residual)


def _jacobian(fit: RingdownFit, times: Samples) -> list[Samples]:
    """Derivatives of the model by sigma, omega, a, b of each mode, by level and drift."""
    columns: list[Samples] = []
    for mode, (cosine, sine) in zip(fit.modes, _shapes(fit.modes, times), strict=True):
        by_sigma = times * (mode.a * cosine + mode.b * sine)
        by_omega = times * (mode.b * cosine - mode.a * sine)
        columns += [by_sigma, by_omega, cosine, sine]
    return [*columns, np.ones(times.size), times - float(np.mean(times))]


# ---------------------------------------------------------------- least squares


def orthonormal(columns: Sequence[Samples]) -> tuple[list[Samples], list[list[float]]]:
    """Q and R of the columns by modified Gram-Schmidt, each twice; a dependent column is all zero in both."""
    basis: list[Samples] = []
    triangle: list[list[float]] = []
    for column in columns:
        rest, entries, size = column, [0.0] * len(columns), math.sqrt(_square(column))
        for _ in range(2):
            for i, direction in enumerate(basis):
                along = float(np.sum(direction * rest))
                entries[i] += along
                rest = rest - along * direction
        length = math.sqrt(_square(rest))
        if length > _DEPENDENT * size:
            entries[len(basis)] = length
            basis.append(rest / length)
        else:
            basis.append(np.zeros(column.size))
        triangle.append(entries)
    return basis, triangle


def least_squares(columns: Sequence[Samples], values: Samples) -> tuple[list[float], Samples]:
    """Coefficients of the columns that leave the least sum of squares, and what is left.

    Examples
    --------
    >>> solved, _ = least_squares([np.ones(3), np.arange(3.0)], np.array([1.0, 3.0, 5.0]))
    >>> [round(value, 12) for value in solved]
    [1.0, 2.0]
    """
    basis, triangle = orthonormal(columns)
    along, rest = [], values
    for direction in basis:
        along.append(float(np.sum(direction * rest)))
        rest = rest - along[-1] * direction
    return _back(triangle, along), rest


def _back(triangle: list[list[float]], right: Sequence[float]) -> list[float]:
    """Solve R x = right; `triangle[j]` is column j of R. A dependent column gets 0."""
    solved = [0.0] * len(right)
    for row in range(len(right) - 1, -1, -1):
        pivot = triangle[row][row]
        if pivot != 0.0:
            known = math.fsum(triangle[j][row] * solved[j] for j in range(row + 1, len(right)))
            solved[row] = (right[row] - known) / pivot
    return solved


# ---------------------------------------------------------------- how well it is known


def with_deviations(fit: RingdownFit, ringdown: Ringdown) -> RingdownFit:
    """The fit with the standard uncertainties of its modes, by falling energy."""
    times = _times(ringdown)
    _, triangle = orthonormal(_jacobian(fit, times))
    size = len(triangle)
    inverse = [_back(triangle, [1.0 if i == j else 0.0 for i in range(size)]) for j in range(size)]
    modes = []
    for i, mode in enumerate(fit.modes):
        density = _density(fit, mode, ringdown)
        by = _gradients(mode)
        spread = []
        for gradient in by:
            parts = (math.fsum(g * inverse[j][4 * i + k] for k, g in enumerate(gradient)) for j in range(size))
            spread.append(math.sqrt(density * math.fsum(part * part for part in parts)))
        modes.append(replace(mode, deviations=(spread[0], spread[1], spread[2])))
    ordered = sorted(modes, key=lambda mode: -mode.energy(ringdown.length))
    return replace(fit, modes=tuple(ordered))


def _gradients(mode: Mode) -> tuple[tuple[float, ...], ...]:
    """Of damping ratio, frequency and amplitude by sigma, omega, a, b."""
    size = math.hypot(mode.sigma, mode.omega)
    ratio = (-(mode.omega**2) / size**3, mode.sigma * mode.omega / size**3, 0.0, 0.0)
    amplitude = mode.amplitude or 1.0
    return ratio, (0.0, 1.0 / (2.0 * math.pi), 0.0, 0.0), (0.0, 0.0, mode.a / amplitude, mode.b / amplitude)


def _density(fit: RingdownFit, mode: Mode, ringdown: Ringdown) -> float:
    """Variance of white noise with the density of the noise near a mode. [SI^2]

    The largest of three: of the residual near the mode, raised for what the fit took; of all of the
    residual; of what was there before the event, near the mode.
    """
    overall = _square(fit.residual) / max(1, fit.residual.size - 4 * len(fit.modes) - 2)
    near = _density_near(fit.residual, mode.frequency * ringdown.interval, 2.0)
    return max(near, overall, _noise_before(ringdown, mode.frequency))


def _noise_before(ringdown: Ringdown, frequency: float) -> float:
    """Density of the samples before the event near a frequency; 0 where there are too few. [SI^2]"""
    if ringdown.before is None or ringdown.before.size < 4 * _NEAR:
        return 0.0
    level = detrended(ringdown.before[np.newaxis], "linear")[0]
    return _density_near(level, frequency * ringdown.interval, 0.0)


def _density_near(samples: Samples, frequency: float, taken: float) -> float:
    """Variance of white noise with the density that samples have near a frequency. [SI^2]

    Parameters
    ----------
    samples : ndarray, shape (n,)
        [SI]
    frequency : float
        In cycles per sample.
    taken : float
        Bins of power that a fit took there. The mean over few bins is raised by two of its deviations.
    """
    import scipy.fft

    transform = scipy.fft.rfft(samples)
    powers = (transform.real**2 + transform.imag**2) / samples.size
    place = frequency * samples.size
    low = max(1, math.floor(min(place / _AROUND, place - _NEAR)))
    high = min(powers.size - 1, math.ceil(max(place * _AROUND, place + _NEAR)))
    bins = max(1, high - low + 1)
    mean = float(np.sum(powers[low : high + 1])) / max(1.0, bins - taken)
    raised: float = mean * (1.0 + 2.0 / math.sqrt(bins))
    return raised


# ---------------------------------------------------------------- a second opinion


def pencil_modes(ringdown: Ringdown, orders: Sequence[int], top: float) -> list[list[Mode]]:
    """Oscillations up to `top` [Hz] by the matrix pencil, for each order; amplitudes are not found.

    Its windows span up to half of the ringdown, with at least four samples per period of `top`.
    """
    samples = ringdown.samples
    lags = min(_LAGS, samples.size // 3)
    stride = max(1, min(math.floor(0.25 / (top * ringdown.interval) + 1e-9), samples.size // (2 * lags)))
    pencil = pencil_of(samples, lags, stride)
    found = []
    for order in orders:
        per_stride = pencil.poles(min(order, pencil.largest_order))
        poles = [cmath.log(z) / (stride * ringdown.interval) for z in per_stride if z != 0.0]
        found.append([Mode(pole.real, pole.imag) for pole in poles if pole.imag > 0.0])
    return found


def nearest(mode: Mode, others: Sequence[Mode], length: float) -> Mode | None:
    """The mode that is nearest to another one; None if its frequency is off by a bin or a tenth, the larger."""
    best = min(others, key=lambda m: math.hypot(m.sigma - mode.sigma, m.omega - mode.omega), default=None)
    if best is None or abs(best.omega - mode.omega) > max(0.1 * mode.omega, 2.0 * math.pi / length):
        return None
    return best
