"""A limit over frequency: interpolation, steps, gaps, what lies within reach of a bin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure.mask import Mask

RISING = Mask((((10.0, 0.1), (1000.0, 1.0)),), "loglog")
EDGE = Mask((((20.0, 3.0), (32.0, 3.0), (32.0, 1.0), (60.0, 1.0)),), "linear")
GAP = Mask((((10.0, 1.0), (20.0, 2.0)), ((30.0, 4.0), (40.0, 4.0))), "linear")


def at(mask, *frequencies, reach=0.0):
    return mask.smallest(np.array(frequencies), reach).tolist()


def test_straight_in_logarithms_sm1():
    assert at(RISING, 100.0) == [pytest.approx(0.316228, abs=5e-7)]
    decibels = [20 * math.log10(limit) for limit in at(RISING, 10.0, 31.6227766, 100.0, 1000.0)]
    assert decibels == pytest.approx([-20.0, -15.0, -10.0, 0.0])  # so it is straight in dB over log frequency too


def test_straight_and_steps():
    assert at(Mask((((10.0, 1.0), (20.0, 3.0)),), "linear"), 10.0, 15.0, 20.0) == [1.0, 2.0, 3.0]
    steps = Mask((((10.0, 1.0), (20.0, 3.0), (30.0, 3.0)),), "step")
    assert at(steps, 10.0, 19.9, 20.0, 20.1, 30.0, 30.1) == [1.0, 1.0, 1.0, 3.0, 3.0, math.inf]


def test_smaller_limit_holds_where_two_meet_sm3():
    order = [[2.0, 3.0], [32.0, 3.0]], [[32.0, 100 / 32], [333.0, 100 / 333]]  # 3 % up to n = 32, then 100/n %
    navy = Mask(tuple(tuple((60.0 * n, limit) for n, limit in segment) for segment in order), "loglog")
    assert at(navy, 60.0 * 32, 60.0 * 40) == [3.0, pytest.approx(2.5)]
    assert at(EDGE, 31.9, 32.0, 32.1) == [3.0, 1.0, 1.0]


def test_outside_and_in_a_gap_there_is_no_limit():
    assert at(GAP, 9.0, 20.0, 25.0, 30.0, 41.0) == [math.inf, 2.0, math.inf, 4.0, math.inf]


def test_frequency_a_rounding_error_off_the_edge_is_on_it():
    assert at(RISING, 10.0 * (1 - 1e-12), 1000.0 * (1 + 1e-12)) == pytest.approx([0.1, 1.0])


def test_limits_within_reach():
    assert at(EDGE, 30.0, 31.0, reach=1.5) == [3.0, 1.0]
    assert at(GAP, 9.0, 21.0, 25.0, 29.5, reach=1.0) == [1.0, 2.0, math.inf, 4.0]
    assert EDGE.largest(np.array([33.0, 34.0, 59.5]), 1.5).tolist() == [3.0, 1.0, math.inf]
    assert GAP.largest(np.array([10.5, 12.0, 19.5, 35.0]), 1.0).tolist() == [math.inf, 1.3, math.inf, 4.0]


def test_segments_that_touch_have_no_gap():
    touching = Mask((((10.0, 1.0), (20.0, 1.0)), ((20.0, 2.0), (30.0, 2.0))), "linear")
    assert touching.largest(np.array([19.0, 20.0, 21.0]), 2.0).tolist() == [2.0, 2.0, 2.0]


def test_nearest_limit_outside_of_the_mask():
    assert GAP.nearest(np.array([5.0, 15.0, 24.0, 26.0, 50.0])).tolist() == [1.0, 1.5, 2.0, 4.0, 4.0]


def test_outlines_follow_a_curve_and_an_edge():
    (edge,) = EDGE.outlines()
    assert edge == (20.0, 3.0, 32.0, 3.0, 32.0, 1.0, 60.0, 1.0)
    (curve,) = RISING.outlines()
    places, limits = np.array(curve[::2]), np.array(curve[1::2])
    assert places[0] == 10.0
    assert places[-1] == 1000.0
    np.testing.assert_allclose(limits, 0.1 * np.sqrt(places / 10.0), rtol=1e-12)
    assert len(list(GAP.outlines())) == 2


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["loglog", "linear", "step"]),
    st.lists(st.tuples(st.floats(1.0, 900.0), st.floats(1e-3, 1e3)), min_size=2, max_size=6, unique_by=lambda p: p[0]),
    st.floats(0.0, 50.0),
)
def test_extremes_within_reach_are_those_of_a_fine_grid(interpolation, points, reach):
    mask = Mask((tuple(sorted(points)),), interpolation)
    places = np.linspace(0.0, 1000.0, 41)
    smallest, largest = mask.smallest(places, reach), mask.largest(places, reach)
    for place, low, high in zip(places, smallest, largest, strict=True):
        around = mask.smallest(np.linspace(place - reach, place + reach, 201))
        assert low <= np.min(around) * (1 + 1e-9)
        if np.all(np.isfinite(around)):
            assert high >= np.max(around) * (1 - 1e-9)
        else:
            assert high == math.inf
