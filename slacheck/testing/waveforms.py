"""Waveforms with known truth: what a measurement of them must read, in closed form.

Builders take the sample times and keyword parameters and return `Known(samples, truth)`: the
samples and the numbers that an exact measurement would give, under the names that the
requirement kinds use. Builders add: `tone(...).samples + noise(...)`. The instrument functions
at the end (quantise, clip, gaps, jitter, moving average) turn what is there into what a
recorder would keep. Random parts take a seed, never a global state.

Units are the caller's: times in seconds, frequencies in Hz, everything else in the unit of the
level that is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
_Response = Callable[[float], float]


class Known(NamedTuple):
    """Samples and what is true of them."""

    samples: Samples
    truth: dict[str, float]


def sample_times(rate: float, duration: float, start: float = 0.0) -> Samples:
    """Even sample times `start + k / rate` for `k = 0 ... round(rate * duration) - 1`. [s]

    Raises
    ------
    ValueError
        If there is not at least one sample.
    """
    count = round(rate * duration)
    if count < 1:
        raise ValueError(f"{duration} s at {rate} Hz is less than one sample")
    return start + np.arange(count) / rate


# ---------------------------------------------------------------- steps


def first_order_step(times: Samples, *, at: float, initial: float, final: float, time_constant: float) -> Known:
    """Exponential approach to a new level.

    Parameters
    ----------
    times : ndarray of float, shape (n,)
        [s]
    at : float
        Moment of the step. [s]
    initial, final : float
        Levels before and long after.
    time_constant : float
        Time to 63.2 % of the step. [s]

    Returns
    -------
    Known
        delay_time (to 10 %), rise_time (10 to 90 %), settling_time (2 % of the step), overshoot (0).

    Notes
    -----
    `y = initial + step (1 - exp(-t / tau))`, so level x of the step is reached at `-tau ln(1 - x)`:
    `rise_time = tau ln 9`, `settling_time = tau ln 50`.
    """
    elapsed = np.maximum(times - at, 0.0)
    samples = initial + (final - initial) * (1.0 - np.exp(-elapsed / time_constant))
    truth = {
        "delay_time": -time_constant * math.log(0.9),
        "rise_time": time_constant * math.log(9.0),
        "settling_time": time_constant * math.log(50.0),
        "overshoot": 0.0,
        "undershoot": 0.0,
        "peak_deviation": abs(final - initial),
    }
    return Known(samples, truth)


def second_order_step(
    times: Samples, *, at: float, initial: float, final: float, natural_frequency: float, damping: float
) -> Known:
    """Underdamped second-order response to a step.

    Parameters
    ----------
    times : ndarray of float, shape (n,)
        [s]
    at : float
        Moment of the step. [s]
    initial, final : float
        Levels before and long after.
    natural_frequency : float
        Undamped, `wn`. [rad/s]
    damping : float
        Ratio `zeta`, between 0 and 1, ends excluded.

    Returns
    -------
    Known
        overshoot (ratio of the step), peak_time, delay_time (to 10 %), rise_time (10 to 90 %),
        settling_time (last exit from 2 % of the step), peak_deviation.

    Raises
    ------
    ValueError
        If `damping` is not inside (0, 1).

    Notes
    -----
    With `wd = wn sqrt(1 - zeta^2)`:
    `r(t) = 1 - exp(-zeta wn t) (cos wd t + zeta wn / wd sin wd t)`,
    `overshoot = exp(-pi zeta / sqrt(1 - zeta^2))`, `peak_time = pi / wd`. The times have no closed
    form and are found by bisection of `r` to 1e-12 of `1 / wn`.
    """
    if not 0.0 < damping < 1.0:
        raise ValueError(f"damping {damping!r} is not between 0 and 1")
    damped = natural_frequency * math.sqrt(1.0 - damping**2)
    decay = damping * natural_frequency
    elapsed = np.maximum(times - at, 0.0)
    ringing = np.cos(damped * elapsed) + decay / damped * np.sin(damped * elapsed)
    samples = initial + (final - initial) * (1.0 - np.exp(-decay * elapsed) * ringing)

    def response(t: float) -> float:
        return 1.0 - math.exp(-decay * t) * (math.cos(damped * t) + decay / damped * math.sin(damped * t))

    peak_time = math.pi / damped
    overshoot = math.exp(-decay * peak_time)
    tenth, ninetieth = (_crossing(response, level, 0.0, peak_time) for level in (0.1, 0.9))
    truth = {
        "overshoot": overshoot,
        "undershoot": 0.0,
        "peak_time": peak_time,
        "delay_time": tenth,
        "rise_time": ninetieth - tenth,
        "settling_time": _last_exit(response, 0.02, peak_time, overshoot),
        "peak_deviation": abs(final - initial) * (1.0 + overshoot),
    }
    return Known(samples, truth)


def _crossing(response: _Response, level: float, low: float, high: float) -> float:
    """Where `response` passes `level` between two moments on either side of it, by bisection."""
    rising = response(high) > response(low)
    for _ in range(80):
        middle = 0.5 * (low + high)
        if (response(middle) < level) == rising:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _last_exit(response: _Response, half_width: float, peak_time: float, overshoot: float) -> float:
    """Last time outside `1 +- half_width`: extremes lie at multiples of the peak time, each the overshoot's power."""
    outside = 0
    while overshoot ** (outside + 1) > half_width:
        outside += 1
    border = 1.0 - half_width if outside % 2 == 0 else 1.0 + half_width
    return _crossing(response, border, outside * peak_time, (outside + 1) * peak_time)


# ---------------------------------------------------------------- deviations and ramps


def exponential_dip(
    times: Samples, *, at: float, level: float, depth: float, time_constant: float, half_width: float
) -> Known:
    """A level that drops at once and recovers exponentially (vector LS1 of requirements R02).

    Parameters
    ----------
    times : ndarray of float, shape (n,)
        [s]
    at : float
        Moment of the drop. [s]
    level : float
        Before and long after.
    depth : float
        How far it drops; negative for a rise.
    time_constant : float
        Of the recovery. [s]
    half_width : float
        Of the band about `level` in which it counts as recovered.

    Returns
    -------
    Known
        dip, rise and recovery_time; a dip that never leaves the band recovers at once.

    Notes
    -----
    `y = level - depth exp(-t / tau)` from `at` on; `recovery_time = tau ln(|depth| / half_width)`.
    """
    elapsed = times - at
    samples = np.where(elapsed < 0.0, level, level - depth * np.exp(-np.maximum(elapsed, 0.0) / time_constant))
    recovery = time_constant * math.log(abs(depth) / half_width) if abs(depth) > half_width else 0.0
    return Known(samples, {"dip": max(depth, 0.0), "rise": max(-depth, 0.0), "recovery_time": recovery})


def piecewise_linear(times: Samples, points: Iterable[tuple[float, float]], *, window: float) -> Known:
    """Straight lines through `points`, level outside them.

    Parameters
    ----------
    times : ndarray of float, shape (n,)
        [s]
    points : iterable of (float, float)
        Time and level, times increasing. [s], [unit]
    window : float
        The differencing window that the truth is stated for. [s]

    Returns
    -------
    Known
        up and down: largest change over `window`, divided by `window`, as magnitudes. [unit/s]

    Notes
    -----
    `P(t) - P(t - W)` is linear between the knots of P(t) and of P(t - W), so its extremes are there.
    """
    knots, levels = (np.array(part, dtype=np.float64) for part in zip(*points, strict=True))
    moments = np.concatenate([knots, knots + window])
    change = np.interp(moments, knots, levels) - np.interp(moments - window, knots, levels)
    truth = {"up": max(0.0, float(change.max())) / window, "down": max(0.0, -float(change.min())) / window}
    return Known(np.interp(times, knots, levels), truth)


def pulse_train(
    times: Samples,
    *,
    low: float,
    high: float,
    frequency: float,
    duty: float = 0.5,
    edge: float = 0.0,
    start: float = 0.0,
) -> Known:
    """Training load: compute and communication phases, with linear edges.

    Parameters
    ----------
    times : ndarray of float, shape (n,)
        [s]
    low, high : float
        Levels of the two phases.
    frequency : float
        Steps of training per second. [Hz]
    duty : float
        Share of the period spent high, counted at half height.
    edge : float
        Duration of each edge; must fit into both phases. [s]
    start : float
        Half height of a rising edge. [s]

    Returns
    -------
    Known
        peak_to_peak, mean, edge_rate (slope of an edge; only with an edge), and the peak amplitudes
        line_1 ... line_5 of the first harmonics.

    Raises
    ------
    ValueError
        If the edge does not fit.

    Notes
    -----
    `A_n = 2 step / (n pi) |sin(n pi D)| |sinc(n f0 tr)|` (requirements R06). Sampling an ideal edge
    (edge 0) aliases: use an edge of some sample intervals where lines matter.
    """
    period = 1.0 / frequency
    if edge > min(duty, 1.0 - duty) * period:
        raise ValueError(f"an edge of {edge} s does not fit a phase of {min(duty, 1.0 - duty) * period} s")
    phase = np.mod(times - start + 0.5 * edge, period)
    if edge > 0.0:
        rise = np.clip(phase / edge, 0.0, 1.0)
        fall = np.clip((phase - duty * period) / edge, 0.0, 1.0)
        shape = rise - fall
    else:
        shape = (phase < duty * period).astype(np.float64)
    step = high - low
    truth = {"peak_to_peak": abs(step), "mean": low + duty * step}
    if edge > 0.0:
        truth["edge_rate"] = abs(step) / edge
    for n in range(1, 6):
        amplitude = 2.0 * abs(step) / (n * math.pi) * abs(math.sin(n * math.pi * duty))
        truth[f"line_{n}"] = amplitude * abs(_sinc(n * frequency * edge))
    return Known(low + step * shape, truth)


def _sinc(x: float) -> float:
    """`sin(pi x) / (pi x)`."""
    return 1.0 if x == 0.0 else math.sin(math.pi * x) / (math.pi * x)


# ---------------------------------------------------------------- tones and noise


def tone(times: Samples, *, amplitude: float, frequency: float, phase: float = 0.0) -> Known:
    """`amplitude sin(2 pi f t + phase)`.

    Returns
    -------
    Known
        line_peak, line_rms and rms. The phase is in radians.
    """
    rms = abs(amplitude) / math.sqrt(2.0)
    samples = amplitude * np.sin(2.0 * math.pi * frequency * times + phase)
    return Known(samples, {"line_peak": abs(amplitude), "line_rms": rms, "rms": rms})


def burst(times: Samples, *, amplitude: float, frequency: float, start: float, duration: float) -> Known:
    """A tone that is there for a time only, beginning at a zero crossing.

    Returns
    -------
    Known
        line_peak; rms over the burst; rms_record, diluted over the whole record (vector BR8).
    """
    inside = (times >= start) & (times < start + duration)
    samples = np.where(inside, amplitude * np.sin(2.0 * math.pi * frequency * (times - start)), 0.0)
    rms = abs(amplitude) / math.sqrt(2.0)
    share = float(np.mean(inside))
    return Known(samples, {"line_peak": abs(amplitude), "rms": rms, "rms_record": rms * math.sqrt(share)})


def noise(times: Samples, *, sigma: float, seed: int) -> Samples:
    """White Gaussian noise of standard deviation `sigma`; the same seed gives the same samples.

    In a band `f1 ... f2` below half the sample rate fs its expected rms is `sigma sqrt(2 (f2 - f1) / fs)`.
    """
    drawn: Samples = np.random.default_rng(seed).standard_normal(times.size)
    return sigma * drawn


# ---------------------------------------------------------------- AC voltage


def ac_dip(
    times: Samples,
    *,
    rms: float,
    frequency: float,
    residual: float,
    start: float,
    duration: float,
    phase: float = 0.0,
) -> Known:
    """A sinusoidal voltage whose amplitude changes at once to `residual` for a time.

    Parameters
    ----------
    times : ndarray of float, shape (n,)
        [s]
    rms : float
        Root mean square outside the event.
    frequency : float
        [Hz]
    residual : float
        Amplitude during the event as a ratio: 0 is an outage, 0.7 a dip, 1.2 a swell.
    start, duration : float
        Of the event. [s]
    phase : float
        Of the sine at `times == 0`. The phase at the event is `2 pi f start + phase`. [rad]

    Returns
    -------
    Known
        residual (ratio), duration, and phase_at_start, modulo 2 pi.
    """
    angle = 2.0 * math.pi * frequency
    inside = (times >= start) & (times < start + duration)
    samples = math.sqrt(2.0) * rms * np.where(inside, residual, 1.0) * np.sin(angle * times + phase)
    begin = math.fmod(angle * start + phase, 2.0 * math.pi)
    return Known(samples, {"residual": residual, "duration": duration, "phase_at_start": begin})


# ---------------------------------------------------------------- the instrument


def quantise(samples: Samples, step: float) -> Samples:
    """Round to whole multiples of `step`, half to even: error at most `step / 2`."""
    rounded: Samples = np.rint(samples / step) * step
    return rounded


def clip(samples: Samples, low: float, high: float) -> Samples:
    """Hold at the ends of the range, as an amplifier at its supply does."""
    return np.clip(samples, low, high)


def moving_average(samples: Samples, count: int) -> Samples:
    """Mean of the last `count` samples (of fewer at the start): the transfer is `sinc(f count dt)` in magnitude."""
    total = np.concatenate([np.zeros(1), np.cumsum(samples)])
    end = np.arange(1, samples.size + 1)
    first = np.maximum(end - count, 0)
    mean: Samples = (total[end] - total[first]) / (end - first)
    return mean


def with_gaps(samples: Samples, gaps: Iterable[tuple[int, int]]) -> Samples:
    """A copy with NaN from index `first` up to, not including, `stop` of each gap."""
    holed = samples.copy()
    for first, stop in gaps:
        holed[first:stop] = np.nan
    return holed


def jitter(times: Samples, *, sigma: float, seed: int) -> Samples:
    """Sample times moved at random by `sigma`, never past half way to a neighbour, so that they stay in order. [s]"""
    reach = 0.49 * float(np.min(np.diff(times)))
    return times + np.clip(noise(times, sigma=sigma, seed=seed), -reach, reach)
