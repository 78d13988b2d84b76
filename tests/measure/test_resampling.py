"""Band-limited interpolation: its stated error, its ends."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.measure.resampling import BAND, LARGEST_ERROR, REACH, resampled

PLACES = REACH + 0.3 + np.arange(900) * 0.9973


def tone(frequency, times):
    return np.cos(2.0 * math.pi * frequency * times + 0.7)


@pytest.mark.parametrize("frequency", [0.0, 0.001, 0.005, 0.02, 0.1, 0.2, 0.3, 0.35, 1 / 2.56, BAND])
def test_tone_within_the_band_is_met_to_the_stated_error(frequency):
    found = resampled(tone(frequency, np.arange(1000.0))[np.newaxis], PLACES)
    assert np.max(np.abs(found[0] - tone(frequency, PLACES))) < LARGEST_ERROR


def test_constant_is_met_exactly():
    assert np.max(np.abs(resampled(np.full((1, 1000), 3.0), PLACES) - 3.0)) < 1e-14


def test_positions_on_samples_give_the_samples():
    rows = np.random.default_rng(1).normal(size=(3, 100))
    assert np.max(np.abs(resampled(rows, np.arange(20.0, 70.0)) - rows[:, 20:70])) < 1e-14


def test_each_position_is_found_by_itself():
    rows = np.random.default_rng(1).normal(size=(2, 1000))
    found = resampled(rows, PLACES)
    assert np.array_equal(resampled(rows, PLACES[300:700]), found[:, 300:700])


@pytest.mark.parametrize("place", [REACH - 1.5, 100.0 - REACH])
def test_position_too_near_an_end_is_an_error(place):
    with pytest.raises(IndexError, match="less than 16 samples on either side"):
        resampled(np.zeros((1, 100)), np.array([place]))
