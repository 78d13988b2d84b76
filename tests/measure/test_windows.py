"""Rows, windows that are not a whole number of samples, and the trailing mean."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure import windows
from slacheck.measure.windows import RowCutter, TrailingMean, sliding, whole_windows
from tests.measure.streams import cuts


def rows_of(samples, length, at=()):
    cutter = RowCutter(length)
    edges = [0, *sorted(at), samples.size]
    found = [rows for a, b in itertools.pairwise(edges) for rows in cutter.push(samples[a:b])]
    return found + list(cutter.close())


@pytest.mark.parametrize("operation", [np.add, np.maximum, np.minimum], ids=["sum", "max", "min"])
@pytest.mark.parametrize("length", [1, 2, 7, 50, 90, 1000])
def test_sliding_over_rows_equals_pandas_rolling(operation, length, monkeypatch):
    monkeypatch.setattr(windows, "BATCH", 60)
    samples = np.random.default_rng(3).integers(-1000, 1000, 500).astype(float)  # sums of integers are exact
    found = np.concatenate([sliding(operation, rows.values).ravel()[: rows.count] for rows in rows_of(samples, length)])
    rolling = pd.Series(samples).rolling(length)
    expected = {np.add: rolling.sum, np.maximum: rolling.max, np.minimum: rolling.min}[operation]().to_numpy()
    np.testing.assert_array_equal(found[length - 1 :], expected[length - 1 :])


@given(at=cuts(300), length=st.integers(1, 400))
@settings(max_examples=50, deadline=None)
def test_rows_are_the_same_wherever_the_stream_is_cut(at, length):
    samples = np.arange(300.0)
    whole, cut = rows_of(samples, length), rows_of(samples, length, [c for c in at if c < 300])
    assert [(rows.start, rows.count) for rows in whole] == [(rows.start, rows.count) for rows in cut]
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize(
    ("window", "interval", "expected"),
    [
        (1.0, 0.01, ((100, 1.0),)),
        (0.3, 0.1, ((3, 1.0),)),  # 0.3 / 0.1 is 2.9999999999999996
        (1.0, 0.4, ((2, 0.5), (3, 0.5))),
        (1.0, 3.0, ((1, 1.0),)),  # shorter than a sample interval: the least there is
        (2.0004, 1.0, ((2, 1.0),)),  # within a thousandth of an interval
    ],
)
def test_whole_windows_stand_for_any_window(window, interval, expected):
    found = whole_windows(window, interval)
    assert [n for n, _ in found] == [n for n, _ in expected]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in expected])


def mean_of(samples, window, interval=1.0, at=()):
    mean = TrailingMean(window, interval)
    edges = [0, *sorted(at), samples.size]
    found = [part for a, b in itertools.pairwise(edges) for part in mean.push(samples[a:b])]
    return np.concatenate([*found, *mean.close()]), mean.lead


def test_trailing_mean_of_part_of_a_sample_counts_that_part():
    found, lead = mean_of(np.array([2.0, 4.0, 8.0, 16.0]), 2.5)
    assert lead == 2
    np.testing.assert_allclose(found, [(8 + 4 + 1) / 2.5, (16 + 8 + 2) / 2.5], rtol=1e-15)


def test_trailing_mean_of_one_sample_or_less_changes_nothing():
    samples = np.arange(5.0)
    for window in (0.0, 0.5, 1.0):
        found, lead = mean_of(samples, window)
        assert lead == 0
        np.testing.assert_array_equal(found, samples)


def test_trailing_mean_of_a_flat_record_is_that_level_to_the_bit():
    found, _ = mean_of(np.full(1000, 40e6 / 3), 37.3)
    assert set(found.tolist()) == {40e6 / 3}


@given(at=cuts(199), window=st.floats(0.1, 300.0))
@settings(max_examples=50, deadline=None)
def test_trailing_mean_is_the_same_to_the_bit_wherever_the_stream_is_cut(at, window):
    samples = np.random.default_rng(5).normal(40e6, 1e6, 200)
    np.testing.assert_array_equal(mean_of(samples, window)[0], mean_of(samples, window, at=at)[0])
