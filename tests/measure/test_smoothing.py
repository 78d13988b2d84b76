"""The noise-free line: no delay, no rounded edges, and an allowance that holds."""

import math

import numpy as np
import pytest

from slacheck.measure.levels import white_noise
from slacheck.measure.smoothing import mirrored, rounding, smooth

TIMES = np.arange(8000) * 1e-3
SHAPES = {
    "level": np.zeros(8000),
    "jump": (TIMES >= 4.0).astype(float),
    "ramp": np.interp(TIMES, [3.0, 5.0], [0.0, 1.0]),
    "dip": np.where(TIMES < 4.0, 0.0, -np.exp(-np.maximum(TIMES - 4.0, 0.0) / 0.2)),
    "ringing": np.exp(-TIMES / 2.0) * np.cos(2 * np.pi * 1.5 * TIMES),
}


def line_of(samples, sigma, seed, times=TIMES, k=2.0):
    noisy = samples + sigma * np.random.default_rng(seed).standard_normal(samples.size)
    return smooth(times, noisy, sigma, interval=1e-3, coverage_factor=k), noisy


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sigma", [0.003, 0.03])
def test_allowance_holds_for_all_samples_at_once_in_95_of_100_records(shape, sigma):
    truth = SHAPES[shape]
    held = 0
    for seed in range(60):
        line, _ = line_of(truth, sigma, seed)
        held += bool(np.all(np.abs(line.centre - truth) <= line.allowance))
    assert held >= 57  # 95 %; for a true share of 97.7 % fewer than 57 of 60 has a chance of 4 %


def test_plateau_is_averaged_over_a_long_window_and_an_edge_over_a_short_one():
    line, _ = line_of(SHAPES["jump"], 0.01, 0)
    assert line.allowance[2000] < 0.01 * 0.2
    edge = (TIMES >= 3.999) & (TIMES < 4.001)
    assert np.all(np.abs(line.centre - SHAPES["jump"])[edge] < 0.06)


def test_spike_that_noise_does_not_explain_stays():
    samples = SHAPES["level"].copy()
    samples[4000] = 0.5
    line, noisy = line_of(samples, 0.01, 1)
    assert line.centre[4000] == noisy[4000]


def test_record_without_noise_is_returned_as_it_is():
    line = smooth(TIMES, SHAPES["ringing"], 0.0, interval=1e-3, coverage_factor=2.0)
    assert np.array_equal(line.centre, SHAPES["ringing"])
    assert not line.allowance.any()


def test_windows_do_not_reach_over_a_gap():
    keep = (TIMES < 3.9) | (TIMES >= 4.1)
    samples = SHAPES["jump"][keep]
    line, _ = line_of(samples, 0.01, 2, TIMES[keep])
    assert np.all(np.abs(line.centre - samples) <= line.allowance)
    assert np.max(line.allowance[3850:3950]) < 0.02


def test_uneven_times_follow_a_straight_line():
    times = TIMES + np.random.default_rng(3).uniform(-4e-4, 4e-4, TIMES.size)
    line, _ = line_of(3.0 * times, 0.01, 4, times)
    assert np.all(np.abs(line.centre - 3.0 * times) <= line.allowance)


def test_offset_and_few_samples_are_no_trouble():
    line, _ = line_of(SHAPES["jump"] + 1e6, 0.01, 5)
    plain, _ = line_of(SHAPES["jump"], 0.01, 5)
    assert np.allclose(line.centre - 1e6, plain.centre, atol=1e-8)
    for size in (0, 1, 2, 5):
        assert smooth(TIMES[:size], np.ones(size), 0.1, interval=1e-3, coverage_factor=2.0).centre.size == size


def test_mirrored_twice_is_the_same():
    line, _ = line_of(SHAPES["dip"], 0.01, 6)
    assert np.array_equal(mirrored(mirrored(line, 0.0, -1.0), 0.0, -1.0).centre, line.centre)


def test_rounding_of_a_dithered_mean_is_within_its_bound():
    random = np.random.default_rng(7)
    for sigma in (0.3, 0.4, 0.5):
        noise = sigma * random.standard_normal(400_000)
        shown = math.sqrt(sigma**2 + 1.0 / 12.0)
        for level in (0.1, 0.25, 0.4):
            error = abs(float(np.mean(np.round(level + noise))) - level)
            assert error <= rounding(shown, 1.0) + 5.0 * shown / math.sqrt(noise.size)


def test_rounding_that_hides_the_noise_is_a_whole_step():
    assert rounding(0.0, 0.5) == 0.5
    assert rounding(0.3, 0.0) == 0.0


@pytest.mark.parametrize("shape", ["level", "jump", "dip"])
def test_white_noise_is_found_under_a_signal(shape):
    found = [white_noise(line_of(SHAPES[shape], 0.01, seed)[1]) for seed in range(20)]
    assert np.mean(found) == pytest.approx(0.01 * (1 + 1.6 / math.sqrt(8000)), rel=0.02)
