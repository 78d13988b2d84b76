"""Aggregates and what lies inside a band: closed forms, NumPy as oracle, cuts, gaps, moved bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure import aggregates
from slacheck.measure.aggregates import AggregateMeter, BandCount, Distances
from tests.measure.streams import blocks, cuts, feed, segments

OPEN = ((None, 1e9),)


def values_of(samples, length, method="mean", gaps=(), at=(), **more):
    """Every aggregate: (time, value), seen through the meter's own counting."""
    found = []
    meter = AggregateMeter(1.0, length, method, OPEN, **more)

    def keep(self, values, starts):
        found.extend((starts[0].time(int(start)), float(value)) for start, value in zip(starts[1], values, strict=True))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BandCount, "update", keep)
        reading = feed(meter, segments(np.asarray(samples, dtype=float), 1.0, gaps, at))
    assert reading.valid == len(found)
    return found


@pytest.mark.parametrize("method", ["mean", "rms"])
@pytest.mark.parametrize("batch", [1 << 16, 4])
def test_aggregates_of_whole_samples_equal_numpy(method, batch, monkeypatch):
    monkeypatch.setattr(aggregates, "BATCH", batch)
    samples = np.random.default_rng(1).normal(5.0, 2.0, 1003)
    rows = samples[:1000].reshape(-1, 10)
    expected = rows.mean(axis=1) if method == "mean" else np.sqrt((rows**2).mean(axis=1))
    found = values_of(samples, 10.0, method)
    assert [time for time, _ in found] == [10.0 * k for k in range(100)]
    assert [value for _, value in found] == pytest.approx(expected.tolist(), rel=1e-14)  # eps times log2(10)


def test_aggregates_of_a_ramp_are_the_middles_of_their_samples():
    assert values_of(np.arange(12.0), 4.0) == [(0.0, 1.5), (4.0, 5.5), (8.0, 9.5)]


def test_rms_of_whole_sine_periods_is_the_closed_form():
    samples = 3.0 * np.sin(2.0 * math.pi * np.arange(1000) / 100.0)
    assert [value for _, value in values_of(samples, 200.0, "rms")] == pytest.approx([3.0 / math.sqrt(2.0)] * 5)


def test_aggregates_between_whole_samples_take_each_sample_once():
    found = values_of(np.arange(10.0), 2.5)  # samples 0-2, 3-4, 5-7, 8-9
    assert found == [(0.0, 1.0), (3.0, 3.5), (5.0, 6.0), (8.0, 8.5)]


def test_samples_themselves_are_aggregates_without_a_length():
    assert values_of([3.0, 1.0, 2.0], None, "none") == [(0.0, 3.0), (1.0, 1.0), (2.0, 2.0)]


@pytest.mark.parametrize("batch", [1 << 16, 2])
def test_aggregate_with_a_gap_is_left_out_and_the_others_stay_on_the_clock(batch, monkeypatch):
    monkeypatch.setattr(aggregates, "BATCH", batch)
    found = values_of(np.arange(20.0), 5.0, gaps=[(7, 8)])
    assert found == [(0.0, 2.0), (10.0, 12.0), (15.0, 17.0)]


def test_aggregates_are_counted_from_the_records_first_sample_even_if_it_is_missing():
    assert values_of(np.arange(20.0), 5.0, gaps=[(0, 1)]) == [(5.0, 7.0), (10.0, 12.0), (15.0, 17.0)]


@pytest.mark.parametrize(("first", "begins"), [(2, 2.0), (3, 3.0), (4, 8.0)])
def test_aggregates_of_a_derived_signal_begin_with_its_first_value(first, begins):
    # up to 3 values may be due to the lead; one missing beyond it costs the first aggregate
    assert values_of(np.arange(20.0), 5.0, gaps=[(0, first)], lead=2.5)[0][0] == begins


@given(
    at=cuts(399),
    length=st.one_of(st.floats(1.0, 200.0), st.integers(1, 200).map(float)),
    method=st.sampled_from(["mean", "rms"]),
    batch=st.sampled_from([1 << 16, 16, 5]),
)
@settings(max_examples=50, deadline=None)
def test_aggregates_are_the_same_to_the_bit_wherever_the_record_is_cut(at, length, method, batch):
    samples, gaps = np.random.default_rng(2).normal(40e6, 1e6, 400), [(100, 103), (250, 251)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aggregates, "BATCH", batch)
        assert values_of(samples, length, method, gaps, at) == values_of(samples, length, method, gaps)


@given(length=st.floats(1.0, 60.0), missing=st.integers(0, 299), batch=st.sampled_from([1 << 16, 7]))
@settings(max_examples=50, deadline=None)
def test_aggregates_are_those_of_a_plain_loop(length, missing, batch):
    samples = np.random.default_rng(3).normal(0.0, 1.0, 300)
    exact = float(round(length)) if abs(length - round(length)) <= 1e-3 else length
    expected, k = [], 0
    while math.ceil((k + 1) * exact - 1e-6) <= 300:
        inside = range(math.ceil(k * exact - 1e-6), math.ceil((k + 1) * exact - 1e-6))
        if missing not in inside:
            expected.append((float(inside[0]), sum(samples[i] for i in inside) / len(inside)))
        k += 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aggregates, "BATCH", batch)
        found = values_of(samples, length, gaps=[(missing, missing + 1)])
    assert [time for time, _ in found] == [time for time, _ in expected]
    assert [value for _, value in found] == pytest.approx([value for _, value in expected], rel=1e-9, abs=1e-12)


def test_whole_aggregates_of_a_record_without_gaps_are_those_measured():
    for length in (1.0, 2.5, 7.0, 33.3):
        reading = feed(AggregateMeter(1.0, length, "mean", OPEN), blocks(np.zeros(300), 1.0))
        assert reading.whole(300) == reading.valid


def test_values_on_a_bound_are_inside_whatever_rounding_does():
    bound = 0.9 * 277.0
    reading = feed(AggregateMeter(1.0, 7.0, "rms", ((bound, bound),)), blocks(np.full(700, bound), 1.0))
    assert reading.bands[0].outside == 0


def test_worst_value_is_the_one_furthest_outside_or_nearest_to_it():
    samples = np.array([1.0, 1.05, 0.97, 1.02])
    inside = feed(AggregateMeter(1.0, None, "none", ((0.9, 1.1),)), blocks(samples, 1.0)).bands[0]
    assert (inside.time, inside.value, inside.excess) == (1.0, 1.05, pytest.approx(-0.05))
    beyond = feed(AggregateMeter(1.0, None, "none", ((0.99, 1.1),)), blocks(samples, 1.0)).bands[0]
    assert (beyond.time, beyond.value, beyond.outside) == (2.0, 0.97, 1)


@given(
    shift=st.floats(0.0, 3.0),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    seed=st.integers(0, 5),
)
@settings(max_examples=50, deadline=None)
def test_counts_at_a_moved_bound_hold_the_exact_ones_within_a_bin(shift, scale, seed):
    distances = scale * np.random.default_rng(seed).normal(0.0, 1.0, 500)
    shift *= scale
    counted = Distances()
    counted.update(distances, float(np.min(distances)))
    assert counted.outside == np.sum(distances < 0)
    exact = np.sum(-distances > shift)
    assert np.sum(-distances > shift * 1.0005) <= counted.surely_outside(shift) <= exact
    exact = np.sum(distances < shift)
    assert exact <= counted.possibly_outside(shift) <= np.sum(distances <= shift * 1.0005)


def test_long_record_of_single_samples_needs_no_more_memory():
    meter = AggregateMeter(1.0, None, "none", ((0.0, 1.0),))
    random = np.random.default_rng(7)
    for block in blocks(random.uniform(-0.5, 1.5, 1 << 19), 1.0, range(1 << 16, 1 << 19, 1 << 16)):
        meter.update(block)
    distances = meter.reading().bands[0].low
    assert distances is not None
    assert distances._inside._bins.size + distances._outside._bins.size < 1 << 18
