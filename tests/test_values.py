"""Measured numbers: what the constructors refuse, and where intervals end."""

import math

import pytest

from slacheck.values import Interval, Measured, at_least, between, symmetric

NOT_NUMBERS = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("bad", NOT_NUMBERS)
def test_interval_refuses_what_is_not_finite(bad):
    for ends in ((bad, 1.0), (0.0, bad)):
        with pytest.raises(ValueError, match="interval end must be finite or None"):
            Interval(*ends)


def test_interval_upside_down_is_refused():
    with pytest.raises(ValueError, match=r"interval is upside down: \[2.0, 1.0\]"):
        Interval(2.0, 1.0)


@pytest.mark.parametrize("ends", [(0.0, 0.0), (None, 1.0), (1.0, None), (None, None), (-1.0, 0.0)])
def test_interval_may_be_a_point_or_unbounded(ends):
    interval = Interval(*ends)
    assert (interval.low, interval.high) == ends


@pytest.mark.parametrize("bad", NOT_NUMBERS)
def test_measured_refuses_what_is_not_finite(bad):
    with pytest.raises(ValueError, match="a measured value must be finite"):
        Measured(bad, "V", Interval(None, None))
    with pytest.raises(ValueError, match="an uncertainty must be finite"):
        Measured(1.0, "V", Interval(None, None), bad)


def test_symmetric_zero_uncertainty_is_a_point():
    assert symmetric(5.0, "V", 0.0).interval == Interval(5.0, 5.0)


def test_symmetric_negative_value_keeps_its_order():
    assert symmetric(-5.0, "V", 1.0).interval == Interval(-6.0, -4.0)


def test_between_moves_ends_out_to_hold_the_value():
    assert between(5.0, "V", 6.0, 4.0).interval == Interval(5.0, 5.0)
    assert between(5.0, "V", None, 4.0).interval == Interval(None, 5.0)
    assert between(5.0, "V", 3.0, None).interval == Interval(3.0, None)


def test_at_least_is_censored_above_and_unbounded():
    found = at_least(5.0, "s")
    assert (found.censored, found.interval) == ("above", Interval(5.0, None))
    assert at_least(5.0, "s", low=4.0).interval == Interval(4.0, None)
    assert at_least(5.0, "s", low=6.0).interval == Interval(5.0, None)
