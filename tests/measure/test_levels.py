"""Levels with their standard error and drift, and the step of a recorder."""

import math

import numpy as np
import pytest

from slacheck.measure.levels import common_step, level_of, quantum, white_noise

TIMES = np.arange(400) * 1e-3


def test_level_of_white_noise_is_within_its_standard_error():
    errors, ratios = [], []
    for seed in range(200):
        level = level_of(TIMES, 5.0 + 0.1 * np.random.default_rng(seed).standard_normal(400), 0.1)
        errors.append(level.value - 5.0)
        ratios.append(abs(level.value - 5.0) <= 2.0 * level.standard_error)
    assert np.std(errors) == pytest.approx(0.1 / 20.0, rel=0.15)
    assert np.mean(ratios) >= 0.95


def test_slow_noise_widens_the_standard_error_beyond_that_of_white_noise():
    slow = np.repeat(np.random.default_rng(1).standard_normal(40), 10)
    assert level_of(TIMES, slow, white_noise(slow)).standard_error > 0.05


def test_drift_is_the_rise_of_the_fitted_line():
    level = level_of(TIMES, 3.0 * TIMES + 7.0, 0.0)
    assert level.drift == pytest.approx(3.0 * 0.399, rel=1e-12)
    assert level.standard_error == pytest.approx(level.drift / math.sqrt(12.0), rel=1e-9)
    assert level.drift_error == 0.0
    assert level.count == 400


def test_drift_that_noise_makes_is_as_large_as_its_error_says():
    drifts = [level_of(TIMES, np.random.default_rng(seed).standard_normal(400), 1.0).drift for seed in range(300)]
    assert np.std(drifts) == pytest.approx(math.sqrt(12.0 / 400.0), rel=0.15)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_few_samples_give_a_level(size):
    level = level_of(TIMES[:size], np.ones(size), 0.0)
    assert (level.value, level.standard_error, level.drift) == (1.0, 0.0, 0.0)


def test_white_noise_needs_nine_samples():
    assert white_noise(np.array([0.0, 1.0] * 4)) == 0.0
    assert white_noise(np.array([0.0, 1.0] * 5)) > 0.0


def test_quantum_is_the_step_of_the_recorder():
    wave = np.sin(np.arange(1000) / 20.0)
    assert quantum(np.round(wave / 0.05) * 0.05) == pytest.approx(0.05)
    assert quantum(np.round(wave * 2047) * (10.0 / 2047)) == pytest.approx(10.0 / 2047)
    assert quantum(wave) < 1e-4


def test_ideal_levels_are_not_taken_for_a_coarse_recorder():
    assert quantum(np.array([0.0, 1.0, 1.0, 0.95, 0.5])) == 0.0


def test_common_step_takes_few_values_for_a_coarse_recorder():
    assert common_step(np.array([0.0, 1.0, 1.0, 3.0, -4.0])) == 1.0
    assert common_step(400.0 + np.array([0.127, -0.103, 0.039, 0.0])) == pytest.approx(0.001)
    assert common_step(np.full(9, 400.0)) is None
    wave = np.sin(np.arange(1000) / 20.0)
    assert common_step(np.round(wave / 0.05) * 0.05) == pytest.approx(0.05)
    assert common_step(wave) < 1e-9
