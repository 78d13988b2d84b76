"""Modes of ringdowns: vectors DA1 to DA3, SciPy's fit, and how well they are said to be known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import curve_fit

from slacheck.measure.ringdown import (
    Mode,
    Ringdown,
    fit_modes,
    least_squares,
    nearest,
    pencil_modes,
    refit,
    strongest_frequency,
    thinned,
)

RATE = 30.0
TIMES = np.arange(600) / RATE


def decay(sigma, frequency, amplitude=1.0, phase=0.0, times=TIMES):
    return amplitude * np.exp(sigma * times) * np.cos(2 * math.pi * frequency * times + phase)


def ringdown(samples, interval=1 / RATE, before=None):
    return Ringdown(np.asarray(samples, dtype=float), interval, 0.0, 0.0, before)


def noise(sigma, seed=1, size=TIMES.size):
    return np.random.default_rng(seed).normal(0.0, sigma, size)


@pytest.mark.parametrize(
    ("sigma", "frequency", "ratio"), [(-0.125, 0.4, 0.0496745), (-0.05, 0.7, 0.0113675), (-0.3, 1.0, 0.0476922)]
)
def test_damping_of_a_clean_decay_da1_da2_da3(sigma, frequency, ratio):
    (mode,) = fit_modes(ringdown(decay(sigma, frequency))).modes
    assert mode.damping_ratio == pytest.approx(ratio, abs=1e-6)
    assert mode.frequency == pytest.approx(frequency, abs=1e-9)
    assert mode.amplitude == pytest.approx(1.0, abs=1e-9)


def test_decay_over_ten_cycles_da2():
    (mode,) = fit_modes(ringdown(decay(-0.05, 0.7))).modes
    assert mode.kept(10 / 0.7) == pytest.approx(0.48954, abs=1e-5)
    assert -mode.sigma / mode.frequency == pytest.approx(0.0714286, abs=1e-7)


def test_fit_is_that_of_scipy():
    samples = 3.0 + 0.02 * TIMES + decay(-0.125, 0.4, 1.0, 0.5) + noise(0.05)

    def model(t, c, d, s, w, a, b):
        return c + d * t + np.exp(s * t) * (a * np.cos(w * t) + b * np.sin(w * t))

    best, covariance = curve_fit(model, TIMES, samples, p0=(3, 0, -0.1, 2.5, 1, 0))
    fit = fit_modes(ringdown(samples))
    mode = fit.modes[0]
    assert len(fit.modes) == 1
    assert (fit.level, fit.drift) == pytest.approx(best[:2], rel=1e-5)
    assert (mode.sigma, mode.omega, mode.a, mode.b) == pytest.approx(best[2:], rel=1e-5)
    # at most what the density near the mode adds over that of the whole record, twice
    assert math.sqrt(covariance[3, 3]) / (2 * math.pi) <= mode.deviations[1] <= math.sqrt(covariance[3, 3]) / math.pi


def test_two_modes_are_found_and_put_by_energy():
    samples = decay(-0.125, 0.4) + decay(-0.2, 0.9, 0.5, 1.0) + noise(0.01)
    strong, weak = fit_modes(ringdown(samples)).modes
    assert (strong.frequency, weak.frequency) == pytest.approx((0.4, 0.9), abs=0.003)
    for mode, sigma in ((strong, -0.125), (weak, -0.2)):
        truth = -sigma / math.hypot(sigma, 2 * math.pi * round(mode.frequency, 1))
        assert abs(mode.damping_ratio - truth) <= 3 * mode.deviations[0]


def test_energy_of_a_mode_is_the_integral_of_half_its_squared_envelope():
    t = np.linspace(0, 20, 200_001)
    envelope = 2.0 * np.exp(-0.125 * t)
    assert Mode(-0.125, 2.5, 2.0).energy(20.0) == pytest.approx(np.trapezoid(envelope**2 / 2, t), rel=1e-6)
    assert Mode(0.0, 2.5, 0.0, 2.0).energy(20.0) == pytest.approx(40.0)


def test_noise_has_no_modes():
    found = [len(fit_modes(ringdown(noise(1.0, seed))).modes) for seed in range(20)]
    assert sum(found) == 0


def test_slow_noise_that_was_there_before_is_not_taken_for_modes():
    walk = np.cumsum(noise(0.02, 3, 1200))
    walk -= 0.05 * np.cumsum(walk) / 30
    alone = fit_modes(ringdown(decay(-0.125, 0.4) + walk[600:]))
    told = fit_modes(ringdown(decay(-0.125, 0.4) + walk[600:], before=walk[:600]))
    assert len(told.modes) < len(alone.modes)
    mode = min(told.modes, key=lambda m: abs(m.frequency - 0.4))
    assert abs(mode.damping_ratio - 0.0496745) <= 2 * mode.deviations[0]


@pytest.mark.parametrize("sigma", [0.01, 0.04])
def test_truth_lies_in_the_stated_uncertainty(sigma):
    inside = 0
    for seed in range(40):
        (mode,) = fit_modes(ringdown(decay(-0.125, 0.4, 1.0, seed) + noise(sigma, seed))).modes
        inside += abs(mode.damping_ratio - 0.0496745) <= 2 * mode.deviations[0]
    assert inside >= 35  # 95.4 % of 40 is 38, less two deviations of a count, 2.6


def test_matrix_pencil_agrees_with_the_fit_in_every_order():
    found = ringdown(decay(-0.125, 0.4) + noise(0.02))
    (mode,) = fit_modes(found).modes
    for modes in pencil_modes(found, (4, 6, 8), 2.0):
        other = nearest(mode, modes, found.length)
        assert other is not None
        assert other.damping_ratio == pytest.approx(mode.damping_ratio, rel=0.05)


def test_nearest_mode_must_be_near():
    assert nearest(Mode(-0.1, 2.5), [Mode(-0.1, 4.0)], 20.0) is None
    assert nearest(Mode(-0.1, 2.5), [], 20.0) is None


def test_thinning_leaves_the_poles_where_they_are():
    times = np.arange(0, 20, 1e-3)
    samples = 40.0 + decay(-0.125, 0.4, times=times) + 0.1 * np.sin(2 * math.pi * 50 * times)
    found = thinned(times + 7.0, samples, 1e-3, 2.0)
    assert found.interval == pytest.approx(0.062)
    mode = fit_modes(found).modes[0]  # of the 50 Hz 3e-5 are left
    assert mode.damping_ratio == pytest.approx(0.0496745, abs=2e-5)
    clean = thinned(times, decay(-0.125, 0.4, times=times), 1e-3, 2.0)
    assert fit_modes(clean).modes[0].damping_ratio == pytest.approx(0.0496745, abs=1e-7)


def test_thinned_samples_are_moving_averages():
    samples = noise(1.0, 2, 400)
    found = thinned(np.arange(400) * 0.01, samples, 0.01, 4.0)  # three samples in a group
    kernel = np.convolve(np.convolve([1 / 3] * 3, [1 / 3] * 3), [1 / 3] * 3)
    np.testing.assert_allclose(found.samples + found.mean, np.convolve(samples, kernel, "valid")[::3], atol=1e-12)
    assert found.start == pytest.approx(0.03)


def test_strongest_frequency_lies_in_the_band():
    found = ringdown(decay(-0.1, 0.4) + decay(-0.1, 1.5, 3.0))
    assert strongest_frequency(found, 0.1, 1.0) == pytest.approx(0.4, abs=0.05)
    assert strongest_frequency(found, 0.1, 2.0) == pytest.approx(1.5, abs=0.05)
    assert strongest_frequency(found, 0.41, 0.42) is None


def test_later_part_is_fitted_on_its_own():
    samples = np.where(TIMES < 8, np.cos(2 * math.pi * TIMES), decay(-0.3, 1.0) * math.exp(2.4))
    late = refit(ringdown(samples[240:]), [Mode(-0.1, 2 * math.pi)])
    assert late.modes[0].sigma == pytest.approx(-0.3, abs=1e-6)


def test_least_squares_is_that_of_lapack():
    columns = np.random.default_rng(4).normal(size=(6, 50))
    values = np.random.default_rng(5).normal(size=50)
    solved, rest = least_squares(list(columns), values)
    expected = np.linalg.lstsq(columns.T, values, rcond=None)[0]
    np.testing.assert_allclose(solved, expected, atol=1e-13)
    np.testing.assert_allclose(rest, values - columns.T @ expected, atol=1e-13)


def test_dependent_column_gets_nothing():
    column = np.arange(5.0)
    solved, rest = least_squares([column, 2 * column], 3 * column)
    assert solved == pytest.approx([3.0, 0.0])
    assert np.max(np.abs(rest)) < 1e-12
