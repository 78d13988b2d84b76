"""Unused energy: closed forms, and the same reading however the record was cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure.energy import UnusedEnergy
from tests.measure.streams import cuts, feed, segments


def test_unused_energy_of_a_square_load_under_a_floor_is_30_kilowatt_on_average():
    load = np.where(np.arange(20000) % 20 < 10, 40e3, 132e3)  # R22, vector SC4
    reading = feed(UnusedEnergy(100e3), segments(load, 0.1, []))
    assert reading.time == pytest.approx(2000.0)
    assert reading.positive_part / reading.time == pytest.approx(30e3, rel=1e-12)
    assert reading.difference / reading.time == pytest.approx(100e3 - 86e3, rel=1e-12)
    assert reading.magnitude / reading.time == pytest.approx(86e3, rel=1e-12)


def test_unused_energy_of_no_sample_is_nothing():
    reading = UnusedEnergy(1.0).reading()
    assert (reading.samples, reading.time, reading.difference) == (0, 0.0, 0.0)


@pytest.mark.property
@settings(max_examples=25, deadline=None)
@given(cuts(9999), st.sampled_from([[], [(100, 4500)], [(0, 3), (4096, 4097), (9000, 9999)]]))
def test_unused_energy_does_not_depend_on_where_blocks_are_cut(where, gaps):
    power = np.random.default_rng(7).normal(40e6, 9e6, 10000)
    whole = feed(UnusedEnergy(45e6), segments(power, 0.02, gaps))
    assert feed(UnusedEnergy(45e6), segments(power, 0.02, gaps, where)) == whole
