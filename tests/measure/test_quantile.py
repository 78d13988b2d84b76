"""Quantiles by nearest rank: exact ranks, histogram brackets, missing values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure.quantile import Histogram, nearest_rank, over_windows


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [
        (1008, (95, 100), 958),
        (1000, (999, 1000), 999),
        (20_000_000, (999, 1000), 19_980_000),
        (1, (1, 2), 1),
        (5, (1, 1), 5),
    ],
)
def test_nearest_rank_is_counted_in_integers(count, share, expected):
    assert nearest_rank(count, share) == expected


@given(
    values=st.lists(st.floats(0, 1e12, allow_subnormal=False), min_size=1, max_size=60),
    cut=st.integers(0, 60),
    share=st.sampled_from([(1, 2), (95, 100), (999, 1000), (1, 1)]),
)
@settings(max_examples=50, deadline=None)
def test_histogram_bracket_holds_the_order_statistic_and_is_narrow(values, cut, share):
    counts = Histogram()
    counts.update(np.array(values[:cut], dtype=float))
    counts.update(np.array(values[cut:], dtype=float))
    rank = nearest_rank(len(values), share)
    low, high = counts.bracket(rank)
    truth = sorted(values)[rank - 1]
    assert low <= truth <= high
    assert high - low <= max(truth, low) * 2.0**-12


def test_histogram_takes_negative_values_as_zero():
    counts = Histogram()
    counts.update(np.array([-1.0, -2.0, 0.0, 8.0]))
    assert counts.bracket(3) == (0.0, 0.0)
    assert counts.bracket(4)[0] == 8.0


@pytest.mark.parametrize("rank", [0, 2])
def test_histogram_without_that_rank_says_so(rank):
    counts = Histogram()
    counts.update(np.array([1.0]))
    with pytest.raises(ValueError, match=f"no value of rank {rank} among 1"):
        counts.bracket(rank)


@pytest.mark.parametrize(
    ("share", "missing", "expected"),
    [
        ((1, 1), 0, (10.0, 10.0)),
        ((1, 2), 0, (5.0, 5.0)),
        ((1, 2), 2, (4.0, 6.0)),
        ((95, 100), 2, (10.0, None)),
        ((1, 2), 40, (0.0, None)),
        (None, 0, (5.5, 5.5)),
        (None, 1, (5.0, None)),
    ],
)
def test_statistic_over_windows_takes_missing_ones_as_lowest_and_highest(share, missing, expected):
    assert over_windows(np.arange(1.0, 11.0), share, missing) == expected
