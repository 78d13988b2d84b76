import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.render.axes import Axis, padded, padded_decades

reasonable = st.floats(-1e9, 1e9)


@settings(max_examples=50, deadline=None)
@given(a=reasonable, b=reasonable, about=st.integers(2, 12))
def test_ticks_any_range_are_on_the_axis_increasing_and_labelled_apart(a, b, about):
    axis = Axis(*padded([a, b]), 0.0, 800.0)
    ticks = axis.ticks(about)
    assert len(ticks) <= 3 * about
    values = [value for value, _ in ticks]
    assert values == sorted(values)
    assert all(-0.1 <= axis.pixel(value) <= 800.1 for value in values)
    assert len({label for _, label in ticks}) == len(ticks)


def test_ticks_are_round_numbers():
    assert [label for _, label in Axis(12.3, 17.5, 0, 800).ticks(8)] == ["13", "14", "15", "16", "17"]
    assert [label for _, label in Axis(-0.1, 0.13, 0, 800).ticks(5)] == ["-0.10", "-0.05", "0.00", "0.05", "0.10"]
    decades = Axis(0.05, 130.0, 0, 800, logarithmic=True).ticks(8)
    assert [label for _, label in decades] == ["0.1", "1", "10", "100"]


def test_logarithmic_axis_draws_decades_evenly():
    axis = Axis(0.1, 100.0, 0.0, 300.0, logarithmic=True)
    assert [round(axis.pixel(value), 6) for value in (0.1, 1.0, 10.0, 100.0)] == [0.0, 100.0, 200.0, 300.0]
    assert axis.pixel(0.0) == -300.0
    assert axis.pixel(-5.0) == -300.0


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [-3.0]])
def test_padded_a_single_value_still_has_room(values):
    low, high = padded(values)
    assert low < min(values) <= max(values) < high


def test_padded_decades_a_single_value_still_has_room():
    low, high = padded_decades([2.0])
    assert 0 < low < 2.0 < high
