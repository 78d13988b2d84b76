"""Limits laid against bins, and the extremes of many intervals."""

import math

import numpy as np
import pytest

from slacheck.measure.response import Bins
from slacheck.measure.response_reading import (
    Judged,
    left_largest,
    left_smallest,
    levels_at,
    limits_near,
    read_largest,
    read_smallest,
)

SLOPE = ((1.0, -10.0), (100.0, -30.0))
FLAT = ((1.0, 0.0), (100.0, 0.0))


@pytest.mark.parametrize(
    ("interpolation", "expected"), [("loglog", -20.0), ("linear", -10 - 20 * 9 / 99), ("step", -10.0)]
)
def test_limit_between_points(interpolation, expected):
    assert levels_at(np.array([10.0]), SLOPE, interpolation)[0] == pytest.approx(expected)


def test_limits_near_a_slope_and_a_corner():
    corner = ((1.0, -40.0), (10.0, 0.0), (100.0, -40.0))
    near = limits_near(np.array([2.0, 9.9, 10.2, 50.0]), corner, "loglog", np.full(4, 0.5))
    levels = levels_at(np.array([1.5, 2.5, 9.4, 10.7]), corner, "loglog")
    assert 20 * np.log10([near.least[0], near.most[0]]) == pytest.approx(levels[:2])
    assert 20 * np.log10(near.most[1:3]) == pytest.approx([0.0, 0.0], abs=1e-12)
    assert 20 * np.log10([near.least[1], near.least[2]]) == pytest.approx(levels[2:])


def test_limits_near_a_step_are_those_of_both_sides():
    steps = ((1.0, 0.0), (10.0, -20.0), (100.0, -20.0))
    near = limits_near(np.array([9.8, 10.2]), steps, "step", np.full(2, 0.5))
    assert near.least == pytest.approx([0.1, 0.1])
    assert near.most == pytest.approx([1.0, 1.0])
    assert near.at == pytest.approx([1.0, 0.1])


def test_what_may_stand_off_the_mask_is_not_sure():
    near = limits_near(np.array([0.6, 1.0, 1.4, 2.0, 100.0, 100.6]), FLAT, "loglog", np.full(6, 0.5))
    assert near.near.tolist() == [True, True, True, True, True, False]
    assert near.inside.tolist() == [False, True, True, True, True, False]
    assert near.sure.tolist() == [False, False, False, True, False, False]


def bins_of(first, coherence, independent=20.0, **more):
    first, coherence = np.asarray(first, float), np.asarray(coherence, float)
    zero = np.zeros(first.size)
    parts = {
        "frequencies": np.arange(2.0, 2.0 + first.size),
        "excited": np.ones(first.size, dtype=bool),
        "places": np.arange(2.0, 2.0 + first.size),
        "doubts": zero,
        "coherence": coherence,
        "first": first,
        "second": first / np.maximum(coherence, 1e-9),
        "through": first / np.sqrt(np.maximum(coherence, 1e-9)),
        "input_noise": zero,
        "smoothing": zero,
        "input_error": zero,
        "output_error": zero,
        "independent": independent,
    }
    return Bins(**{**parts, **more})


def judged(bins, chosen=None, **more):
    one = np.ones(bins.first.size)
    parts = {
        "bins": bins,
        "chosen": bins.excited if chosen is None else np.asarray(chosen),
        "candidates": bins.first.size,
        "estimator": "H1",
        "input_gain": one,
        "output_gain": one,
        "line_noise": True,
        "coverage_factor": 2.0,
    }
    return Judged(**{**parts, **more})


def test_extremes_of_exact_bins():
    one = judged(bins_of([0.5, 0.9, 0.7], [1.0, 1.0, 1.0]))
    limits = limits_near(one.bins.frequencies, FLAT, "loglog", np.zeros(1))
    largest, smallest = read_largest(one, limits), read_smallest(one, limits)
    assert (largest.low, largest.value, largest.high, largest.frequency) == pytest.approx((0.9, 0.9, 0.9, 3.0))
    assert (smallest.low, smallest.value, smallest.high, smallest.frequency) == pytest.approx((0.5, 0.5, 0.5, 2.0))


def test_bin_with_a_large_uncertainty_sets_the_upper_end_only():
    one = judged(bins_of([0.5, 0.9], [0.8, 0.9999]), line_noise=False)
    reading = read_largest(one, limits_near(one.bins.frequencies, FLAT, "loglog", np.zeros(1)))
    assert reading.frequency == 3.0
    assert reading.low == pytest.approx(0.9, rel=0.02)
    quiet = judged(bins_of([0.5, 0.9], [1.0, 0.9999]), line_noise=False)
    assert reading.high >= read_largest(quiet, limits_near(one.bins.frequencies, FLAT, "loglog", np.zeros(1))).high


def test_gains_and_errors_move_each_end_outwards():
    plain = bins_of([0.5], [1.0])
    limits = limits_near(plain.frequencies, FLAT, "loglog", np.zeros(1))
    rough = bins_of([0.5], [1.0], smoothing=np.array([0.01]), input_error=np.array([0.1]), output_error=np.array([0.2]))
    reading = read_largest(judged(rough, input_gain=np.array([0.9]), output_gain=np.array([0.8])), limits)
    assert reading.low == pytest.approx((0.5 * 0.8 / 1.1 - 0.01) * 0.9)
    assert reading.high == pytest.approx((0.5 * 1.2 / 0.9 + 0.01) / 0.8)
    lost = bins_of([0.5], [1.0], input_error=np.array([1.0]), output_error=np.array([math.inf]))
    nothing = read_largest(judged(lost), limits)
    assert (nothing.low, nothing.value, nothing.high) == (0.0, 0.5, None)


def test_noise_on_the_input_reaches_up_to_its_floor_for_lines_and_to_h2_for_all():
    bins = bins_of([0.5], [0.9], independent=1e9, input_noise=np.array([0.04]))
    limits = limits_near(bins.frequencies, FLAT, "loglog", np.zeros(1))
    assert read_largest(judged(bins), limits).high == pytest.approx(0.5 / 0.96, rel=1e-3)
    assert read_largest(judged(bins, line_noise=False), limits).high == pytest.approx(0.5 / 0.9, rel=1e-3)


def test_resonance_among_bins_that_are_left_is_read_at_its_top():
    first, coherence = np.full(60, 0.1), np.ones(60)
    first[30], coherence[30] = 0.5, 0.25  # half of H2 = 2, which is its top
    chosen = coherence > 0.8
    one = judged(bins_of(first, coherence, independent=1e9), chosen)
    ratio, place = left_largest(one, limits_near(one.bins.frequencies, FLAT, "loglog", np.zeros(1)))
    assert (ratio, place) == (pytest.approx(2.0, rel=1e-3), 32.0)


def test_noise_among_bins_that_are_left_counts_with_its_power_alone():
    one = judged(bins_of(np.full(60, 0.1), np.full(60, 0.25)), np.zeros(60, dtype=bool))
    limits = limits_near(one.bins.frequencies, FLAT, "loglog", np.zeros(1))
    assert left_largest(one, limits)[0] == pytest.approx(0.2)
    assert left_smallest(one, limits)[0] > 0.1
    assert left_largest(judged(one.bins), limits) is None
    assert left_smallest(judged(one.bins), limits) is None
