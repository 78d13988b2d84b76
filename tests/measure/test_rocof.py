"""Rate of change of frequency of a record: vector RF1, swings, garbage, dead lines; bits ignore block cuts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure.rocof import FrequencyRocof
from tests.measure.streams import blocks, cuts, feed, segments


def times(seconds):
    return np.arange(round(seconds * 50)) / 50


def record(**more):
    return FrequencyRocof(0.02, 60.0, 0.5, 0.2, **more)


def test_record_that_falls_reads_its_rate_rf1():
    found = feed(record(), blocks(60 - 0.5 * times(10), 0.02))
    up, down = found.rates
    assert (up.value, down.value) == (0.0, pytest.approx(0.5))
    assert found.quantum == pytest.approx(0.01)


def test_swing_as_short_as_the_recorders_window_is_a_bound_only():
    t = times(20)
    found = feed(record(), blocks(60 + 0.4167 * ((t >= 10) & (t < 10.1)), 0.02))
    assert [value.value for value in found.rates] == [0.0, 0.0]
    assert [value.high for value in found.rates] == pytest.approx([0.8333, 0.8333], abs=1e-3)


def test_swing_that_lasts_longer_counts():
    t = times(20)
    found = feed(record(), blocks(60 + 0.4 * ((t >= 10) & (t < 10.5)), 0.02))
    assert [value.value for value in found.rates] == pytest.approx([0.8, 0.8])


@pytest.mark.parametrize("after", [0.0, 40.0, 75.0])
def test_what_slides_out_of_what_is_plausible_is_a_bound_only(after):
    t = times(30)
    values = np.where(t > 20, 60 + np.maximum(-3 * (t - 20), after - 60), 60.0) if after < 60 else 60 + 3 * (t - 20)
    values = np.where(t > 20, values, 60.0)
    found = feed(record(), blocks(values, 0.02))
    assert max(value.value for value in found.rates) < 0.15  # what ran within 0.06 Hz of nominal, over 0.5 s
    assert max(value.high for value in found.rates) == pytest.approx(3.0, abs=0.01)
    assert found.strayed > 6


def test_frequency_of_a_dead_line_counts_for_nothing():
    t = times(30)
    rows = np.stack([np.where(t > 20, 58.8 - 0.7 * (t - 20), 60.0), np.where(t > 20, 30.0, 277.0)])
    meter = record(supply=140.0)
    for block in blocks(np.arange(t.size), 0.02, [700, 1111]):
        part = rows[:, block.start : block.start + block.samples.shape[1]]
        meter.update(type(block)(part, block.segment, block.start, block.first_time, block.interval))
    found = meter.reading()
    assert [value.high for value in found.rates] == [0.0, 0.0]
    assert found.strayed == pytest.approx(9.98)


@settings(max_examples=20, deadline=None)
@given(cuts(599), st.integers(0, 560), st.integers(0, 3))
def test_record_reading_ignores_cuts(where, hole, seed):
    random = np.random.default_rng(seed)
    values = 60 + np.cumsum(random.normal(0, 0.02, 600))
    values[random.integers(0, 600, 3)] = 0.0
    gaps = [(hole, hole + 30)]
    whole = feed(record(), segments(values, 0.02, gaps))
    assert feed(record(), segments(values, 0.02, gaps, where)) == whole


def test_empty_and_short_records_have_no_rate():
    assert record().reading().rates is None
    assert feed(record(), blocks(np.full(20, 60.0), 0.02)).rates is None
