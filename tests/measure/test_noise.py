"""Noise of a record, and how far it carries extremes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings

from slacheck.measure.noise import NoiseMeter, largest_normal, range_inflation
from tests.measure.streams import blocks, cuts, feed, segments


def deviation(stream, window=0.0):
    return feed(NoiseMeter(), stream).deviation(window)


@pytest.mark.parametrize("signal", ["flat", "square", "ramp", "sine"])
def test_noise_of_a_moving_signal_is_that_of_its_noise(signal):
    times = np.arange(0.0, 200.0, 0.01)
    clean = {
        "flat": 0.0 * times,
        "square": np.where(times % 2 < 1, 0.0, 1e6),
        "ramp": 1e6 * times,
        "sine": 1e6 * np.sin(2 * math.pi * times),
    }[signal]
    noisy = clean + np.random.default_rng(1).normal(0, 1e3, times.size)
    found = deviation(blocks(noisy, 0.01))
    # the quartile of 20 000 correlated differences scatters by about 3 %, the larger of two estimates is taken, and
    # steps touch 10 of 100 samples, which moves the quartile by 11 %
    assert 0.97e3 < found < 1.2e3


@pytest.mark.parametrize("cutoff", [0.39, 0.25, 0.1])
def test_noise_behind_an_anti_alias_filter_is_not_overlooked(cutoff):
    numerator, denominator = scipy.signal.butter(6, 2 * cutoff)
    noise = scipy.signal.lfilter(numerator, denominator, np.random.default_rng(2).normal(size=50_000))[200:]
    found = deviation(blocks(noise, 1.0), 100.0) / float(np.std(noise))
    assert 0.7 < found < 1.6  # at 0.1 of the sample rate the longest stride sees three quarters of it


def test_noise_of_an_ideal_square_is_zero():
    assert deviation(blocks(np.where(np.arange(1000) % 100 < 50, 0.0, 1e6), 1.0)) == 0.0


def test_noise_of_a_sine_with_fifty_samples_a_period_is_below_a_thousandth():
    samples = np.sin(2 * math.pi * np.arange(5000) / 50)
    # (2 sin(pi / 25))^4 = 3.9e-3, the lower quartile of its sizes 0.38 to 0.43, over 0.3186 sqrt(70)
    assert deviation(blocks(samples, 1.0)) < 1e-3


@pytest.mark.parametrize("count", [1, 4])
def test_noise_of_too_few_samples_is_zero(count):
    assert deviation(blocks(np.arange(count) * 1.0, 1.0)) == 0.0


@given(at=cuts(499))
@settings(max_examples=30, deadline=None)
def test_noise_is_the_same_to_the_bit_wherever_the_record_is_cut(at):
    samples, gaps = np.random.default_rng(3).normal(size=500), [(100, 101), (103, 300)]
    whole, cut = (feed(NoiseMeter(), segments(samples, 1.0, gaps, where)) for where in ((), at))
    assert whole == cut


def test_largest_of_one_normal_is_the_coverage_factor():
    assert largest_normal(1, 2.0) == pytest.approx(2.0)
    assert largest_normal(1_000_000, 2.0) == pytest.approx(5.47, abs=0.01)


def test_range_inflation_bounds_the_range_of_noise():
    noise = np.random.default_rng(5).normal(size=(200, 2000))
    worst = np.max(np.lib.stride_tricks.sliding_window_view(noise, 101, axis=1), axis=2)
    worst -= np.min(np.lib.stride_tricks.sliding_window_view(noise, 101, axis=1), axis=2)
    beyond = np.mean(np.max(worst, axis=1) > range_inflation(1900, 101, 2.0))
    assert beyond <= 0.06  # at most 2.3 %, and 200 trials scatter by 1.1 %
    assert range_inflation(1900, 101, 2.0) < 1.25 * float(np.median(np.max(worst, axis=1)))


def test_noise_of_a_long_record_is_found_from_a_part_of_it_wherever_it_is_cut():
    samples = np.random.default_rng(5).normal(size=(1 << 20) + 300_000)
    samples[1 << 20 :] *= 3.0
    whole = feed(NoiseMeter(), blocks(samples, 1.0))
    assert whole == feed(NoiseMeter(), blocks(samples, 1.0, range(65_521, samples.size, 65_521)))
    assert whole == feed(NoiseMeter(), blocks(samples, 1.0, [1 << 20, (1 << 20) + 1, 1_200_000]))
    assert 1.1 < whole.deviation() < 1.3  # two in nine samples tremble three times as much


def test_noise_that_grows_in_the_long_rest_of_a_record_is_not_overlooked():
    samples = np.random.default_rng(6).normal(size=12 << 20)
    samples[1 << 20 :] *= 3.0
    assert 2.4 < feed(NoiseMeter(), blocks(samples, 1.0)).deviation() < 3.0
