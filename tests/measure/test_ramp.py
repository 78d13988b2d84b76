"""Ramp rates: requirements.md RR1-RR3 and closed forms, least squares against polyfit, cuts and gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure import windows
from slacheck.measure.ramp import RampMeter, rate_noise
from tests.measure.streams import blocks, cuts, feed, segments

ESTIMATORS = ("difference", "least_squares", "block")


def trapezoid(interval):
    """RR1: 20 to 80 MW in 12 s, flat else."""
    return np.interp(np.arange(0.0, 200.0, interval), [60.0, 72.0], [20e6, 80e6])


@pytest.mark.parametrize("window", [1.0, 5.0, 12.0])
@pytest.mark.parametrize("estimator", ["difference", "least_squares"])
def test_ramp_longer_than_the_window_reads_its_slope_rr1(window, estimator):
    found = feed(RampMeter(0.1, window, estimator), blocks(trapezoid(0.1), 0.1))
    assert found.up.value == pytest.approx(5e6, rel=1e-9)
    assert found.down.value == pytest.approx(0.0, abs=1e-6)


def test_ramp_shorter_than_the_window_reads_by_estimator_rr1():
    found = {name: feed(RampMeter(0.1, 60.0, name), blocks(trapezoid(0.1), 0.1)).up for name in ESTIMATORS}
    assert found["difference"].value == 1e6
    assert found["difference"].time == pytest.approx(72.0)
    assert found["least_squares"].value == pytest.approx(1.4776e6, rel=1e-4)
    assert found["block"].value <= 1e6


def test_step_reads_1_5_times_by_least_squares_rr2():
    samples = np.where(np.arange(0, 40, 1e-3) >= 20.0, 10.0, 0.0)
    assert feed(RampMeter(1e-3, 10.0), blocks(samples, 1e-3)).up.value == 1.0
    found = feed(RampMeter(1e-3, 10.0, "least_squares"), blocks(samples, 1e-3)).up.value
    assert found == pytest.approx(1.5 * 10_000 / 10_001, rel=1e-9)  # n + 1 samples in n intervals


@pytest.mark.parametrize(("window", "expected"), [(0.1, 6.1803), (0.5, 4.0), (1.0, 0.0), (1.5, 1.3333)])
def test_sine_reads_by_window_rr3(window, expected):
    samples = np.sin(2 * math.pi * np.arange(0, 10, 1e-3))
    found = feed(RampMeter(1e-3, window), blocks(samples, 1e-3))
    assert found.up.value == pytest.approx(expected, abs=1e-3)
    assert found.down.value == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("count", [2, 3, 10, 57, 200])
def test_least_squares_equals_polyfit(count, monkeypatch):
    monkeypatch.setattr(windows, "BATCH", 64)
    samples = 40e6 + np.random.default_rng(1).normal(0, 1e3, 300).cumsum()
    found = feed(RampMeter(0.5, (count - 1) * 0.5, "least_squares"), blocks(samples, 0.5))
    place = np.arange(count) * 0.5
    slopes = [np.polyfit(place, samples[i : i + count] - 40e6, 1)[0] for i in range(300 - count + 1)]
    assert found.up.value == pytest.approx(max(0.0, *slopes), rel=1e-9, abs=1e-6)
    assert found.down.value == pytest.approx(-min(0.0, *slopes), rel=1e-9, abs=1e-6)
    assert found.up.windows == len(slopes)


def test_block_means_are_counted_from_the_first_sample():
    samples = np.array([0.0, 2.0, 4.0, 6.0, 1.0, 1.0, 9.0])
    found = feed(RampMeter(1.0, 2.0, "block"), blocks(samples, 1.0))
    assert (found.up.value, found.down.value) == (2.0, 2.0)  # means 1, 5, 1; the last sample fills no block
    assert (found.up.time, found.down.time) == (3.0, 5.0)
    assert (found.up.windows, found.up.possible) == (2, 2)


def test_falling_record_has_no_rate_upwards():
    found = feed(RampMeter(1.0, 3.0), blocks(-np.arange(50.0), 1.0))
    assert (found.up.value, found.down.value) == (0.0, 1.0)


def test_window_between_whole_numbers_reads_a_ramp_exactly_and_brackets_a_step():
    ramp = feed(RampMeter(1.0, 20.5), blocks(np.arange(100.0), 1.0)).up
    assert ramp.low == ramp.high == pytest.approx(1.0)
    step = feed(RampMeter(1.0, 20.5), blocks(np.where(np.arange(100) > 50, 1.0, 0.0), 1.0)).up
    assert (step.low, step.high) == (1 / 21, 1 / 20)
    assert step.low < 1 / 20.5 < step.high


def test_rates_do_not_span_a_gap():
    samples = np.concatenate([np.zeros(50), np.full(50, 9.0)])
    found = feed(RampMeter(1.0, 5.0), segments(samples, 1.0, [(48, 50)]))
    assert (found.up.value, found.down.value) == (0.0, 0.0)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_record_without_a_complete_window_is_none(estimator):
    assert feed(RampMeter(1.0, 5.0, estimator), blocks(np.zeros(5), 1.0)) is None


@given(
    at=cuts(399),
    window=st.floats(0.5, 450.0),
    averaged=st.sampled_from([0.0, 2.5, 30.0]),
    estimator=st.sampled_from(ESTIMATORS),
    share=st.sampled_from([None, (99, 100)]),
)
@settings(max_examples=50, deadline=None)
def test_rates_are_the_same_to_the_bit_wherever_the_record_is_cut(at, window, averaged, estimator, share):
    samples = np.random.default_rng(2).normal(40e6, 1e6, 400)
    gaps = [(100, 103), (250, 251)]
    readings = [
        feed(RampMeter(1.0, window, estimator, averaged, share), segments(samples, 1.0, gaps, where))
        for where in ((), at)
    ]
    assert readings[0] == readings[1]


@given(shift=st.integers(-(10**6), 10**6), estimator=st.sampled_from(ESTIMATORS))
@settings(max_examples=20, deadline=None)
def test_polarity_swaps_up_and_down_and_offset_changes_nothing(shift, estimator):
    samples = np.random.default_rng(4).integers(-1000, 1000, 300).astype(float)
    before = feed(RampMeter(1.0, 16.0, estimator), blocks(samples, 1.0))
    after = feed(RampMeter(1.0, 16.0, estimator), blocks(shift - samples, 1.0))
    assert after.down.value == pytest.approx(before.up.value, rel=1e-12)
    assert after.up.value == pytest.approx(before.down.value, rel=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_rate_noise_is_the_spread_of_the_rate_of_noise(estimator):
    samples = np.random.default_rng(8).normal(size=400_000)
    found = feed(RampMeter(0.01, 1.0, estimator, share=(95, 100)), blocks(samples, 0.01)).up.value
    # the 95 % quantile of rates with the negative ones as zero is 1.645 standard deviations; about 4000 independent
    # windows scatter it by sqrt(0.05 0.95 / 4000) / 0.103 = 3.3 % of one
    assert found == pytest.approx(1.645 * rate_noise(estimator, 100.0, 1.0), rel=0.07)
