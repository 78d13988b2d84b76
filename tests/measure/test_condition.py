"""Longest unbroken time within bounds."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block
from slacheck.measure.condition import LongestRun


def read(segments, low=None, high=None, cuts=()):
    """Reading over segments (first index, samples) at 1 ms, each cut at `cuts`."""
    meter = LongestRun(low, high)
    for number, (start, samples) in enumerate(segments):
        samples = np.asarray(samples, dtype=float)
        edges = [0, *sorted({c for c in cuts if 0 < c < samples.size}), samples.size]
        for a, b in itertools.pairwise(edges):
            meter.update(Block(samples[np.newaxis, a:b], number, start + a, (start + a) * 1e-3, 1e-3))
    return meter.reading()


def test_longest_run_of_several_is_reported_with_its_start():
    assert read([(0, [1, 5, 5, 1, 5, 5, 5, 1])], low=4.0) == pytest.approx((0.003, 0.004))


def test_bounds_are_inside():
    assert read([(0, [0.9, 0.9, 1.1, 1.11])], low=0.9, high=1.1) == pytest.approx((0.003, 0.0))


def test_never_within_bounds_is_zero():
    assert read([(0, [1, 2, 3])], low=4.0)[0] == 0.0


def test_no_samples_is_zero():
    assert read([], low=4.0) == (0.0, 0.0)


def test_gap_breaks_a_run():
    assert read([(0, [5] * 10), (20, [5] * 12)], low=4.0) == pytest.approx((0.012, 0.020))


def test_whole_record_within_bounds_lasts_as_long_as_the_record():
    assert read([(0, np.ones(1000))], high=1.0)[0] == pytest.approx(1.0)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.integers(0, 3), min_size=1, max_size=60), cuts=st.lists(st.integers(1, 59)))
def test_reading_equals_a_plain_count_and_ignores_cuts(values, cuts):
    runs = [
        (len(list(group)), start)
        for inside, group in itertools.groupby(range(len(values)), key=lambda i: 1 <= values[i] <= 2)
        if inside
        for group in [list(group)]
        for start in [group[0]]
    ]
    length, start = max(runs, key=lambda run: run[0], default=(0, 0))
    found = read([(0, values)], low=1.0, high=2.0, cuts=cuts)
    assert found == read([(0, values)], low=1.0, high=2.0)
    assert found == pytest.approx((length * 1e-3, start * 1e-3))
