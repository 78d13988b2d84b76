"""Runs below levels: against a plain loop, closed forms, and independent of block cuts."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block
from slacheck.measure.durations import LevelMeter, Unseen
from slacheck.measure.runs import TICKS

INTERVAL = 1e-3


def blocks(samples, cuts=()):
    """NaN are gaps; each stretch without one is a segment, cut at `cuts`."""
    samples = np.asarray(samples, dtype=float)
    segment = -1
    for present, group in itertools.groupby(range(samples.size), key=lambda i: not np.isnan(samples[i])):
        if not present:
            continue
        places = list(group)
        segment += 1
        edges = [places[0], *sorted({c for c in cuts if places[0] < c <= places[-1]}), places[-1] + 1]
        for a, b in itertools.pairwise(edges):
            yield Block(samples[np.newaxis, a:b].copy(), segment, a, a * INTERVAL, INTERVAL)


def read(samples, levels=(0.7, 0.9), *, offsets=(0.0,), mode="duration_below", gap=0.0, window=0.0, **more):
    meter = LevelMeter(INTERVAL, tuple(levels), tuple(offsets), gap, window, mode, more.get("upwards", False))
    for block in blocks(samples, more.get("cuts", ())):
        meter.update(block)
    return meter.reading()


def ms(ticks):
    return ticks / TICKS


def runs_by_loop(samples, level):
    """[(start, end, first, last, cut)] in samples, one sample after another."""
    found, open_run = [], None
    y = list(samples)
    for i, value in enumerate(y):
        gap_before = i == 0 or np.isnan(y[i - 1])
        if np.isnan(value):
            if open_run:
                found.append((open_run[0], i - 1, open_run[1], i - 1, True))
                open_run = None
        elif value < level and open_run is None:
            start = i if gap_before else i - 1 + (y[i - 1] - level) / (y[i - 1] - value)
            open_run = (start, i, gap_before)
        elif not value < level and open_run is not None:
            end = i - 1 + (y[i - 1] - level) / (y[i - 1] - value)
            found.append((open_run[0], end, open_run[1], i - 1, open_run[2]))
            open_run = None
    if open_run:
        found.append((open_run[0], len(y) - 1, open_run[1], len(y) - 1, True))
    return found


def dip(length, level, before=20, after=20):
    return [1.0] * before + [level] * length + [1.0] * after


def test_run_is_measured_between_interpolated_crossings():
    ((deep, shallow),) = read([1.0, 0.8, 0.6, 0.6, 1.0], levels=(0.7, 0.9))
    assert ms(deep.value) == pytest.approx((3 + 0.25) - 1.5, abs=1e-6)
    assert ms(shallow.value) == pytest.approx((3 + 0.75) - 0.5, abs=1e-6)
    assert (ms(deep.inner), ms(deep.outer)) == (1, 3)
    assert deep.start == pytest.approx(1.5e-3)
    assert deep.extreme == 0.6
    assert not deep.cut


def test_sample_at_the_level_is_not_below_it():
    ((deep, _),) = read(dip(10, 0.7))
    assert deep.value == deep.found == 0


def test_no_run_reads_zero():
    ((deep, shallow),) = read(np.ones(100))
    assert deep == shallow
    assert (deep.value, deep.runs, deep.cut) == (0, 0, False)


@pytest.mark.parametrize(
    "samples",
    [[0.5] * 5 + [1] * 9, [1] * 9 + [0.5] * 5, [1] * 5 + [0.5] * 4 + [np.nan] + [1] * 5],
    ids=["start", "end", "gap"],
)
def test_run_at_a_gap_or_an_end_is_cut(samples):
    ((deep, _),) = read(samples)
    assert deep.cut
    assert ms(deep.value) >= 3


def test_high_levels_are_mirrored():
    (found,) = read(2 - np.array(dip(10, 0.5)), levels=(1.3, 1.1), upwards=True)
    assert ms(found[0].inner) == 9
    assert found[0].extreme == found[0].deepest == 1.5


def test_event_counts_its_whole_duration_at_its_extreme():
    samples = [1.0] * 10 + [0.85] * 10 + [0.5] * 2 + [0.85] * 10 + [1.0] * 10
    ((deep, shallow),) = read(samples, mode="event")
    assert deep.value == shallow.value
    assert ms(deep.inner) == 21
    ((deep, _),) = read([1.0] * 10 + [0.85] * 10 + [1.0] * 10, mode="event")
    assert deep.found == 0


def test_anchored_counts_from_the_start_of_the_event():
    samples = [1.0] * 10 + [0.5] * 2 + [0.85] * 10 + [0.6] * 3 + [0.85] * 5 + [1.0] * 10
    ((deep, shallow),) = read(samples, mode="anchored")
    assert ms(deep.inner) == 14
    assert ms(shallow.inner) == 19
    assert deep.found == 2


def test_anchored_event_that_recovered_starts_anew_unless_joined():
    samples = dip(3, 0.5) + dip(4, 0.5)
    assert ms(read(samples, mode="anchored")[0][0].inner) == 3
    assert ms(read(samples, mode="anchored", gap=0.1)[0][0].inner) == 3 + 4 + 40 - 1


def test_cumulative_sums_over_the_worst_window():
    samples = dip(10, 0.5) + dip(10, 0.5) + [1.0] * 500 + dip(15, 0.5)
    ((deep, _),) = read(samples, mode="cumulative", window=0.1)
    assert ms(deep.value) == pytest.approx(2 * 10 - 1 + 1, abs=1.0)
    assert (deep.runs, ms(deep.inner)) == (2, 18)
    ((deep, _),) = read(samples, mode="cumulative", window=0.045)
    assert deep.runs == 1


def test_cumulative_of_a_run_longer_than_the_window_is_the_window():
    ((deep, _),) = read(dip(500, 0.5), mode="cumulative", window=0.1)
    assert ms(deep.value) == pytest.approx(100)


@pytest.mark.parametrize(("gap", "inner", "found"), [(0.0, 9, 2), (0.0395, 9, 2), (0.0405, 59, 1)])
def test_runs_closer_than_the_gap_are_one(gap, inner, found):
    ((deep, _),) = read(dip(10, 0.5) + dip(10, 0.5), levels=(0.7, 0.75), gap=gap)
    assert (ms(deep.inner), deep.found) == (inner, found)


def test_offsets_move_all_levels():
    readings = read(dip(10, 0.75), offsets=(-0.1, 0.0, 0.1))
    assert [level.found for reading in readings for level in reading] == [0, 1, 0, 1, 1, 1]


def test_memory_stays_bounded_with_many_events():
    meter = LevelMeter(INTERVAL, (0.7, 0.9), (0.0,), 0.0, 0.05, "cumulative", False)
    for i in range(100):
        meter.update(Block(np.tile([1.0, 0.5], 500)[np.newaxis], 0, i * 1000, i * 1.0, INTERVAL))
    longest = meter._sets[0].worst[0]
    assert longest._recent.size <= 26
    assert len(longest._kept) <= 256


MODES = st.sampled_from(["duration_below", "event", "anchored", "cumulative"])
LEVELS = st.sampled_from([1.0, 0.95, 0.85, 0.8, 0.6, 0.3, float("nan")])


@settings(max_examples=50, deadline=None)
@given(
    samples=st.lists(LEVELS, min_size=1, max_size=80).filter(lambda y: not np.isnan(y).all()),
    cuts=st.lists(st.integers(1, 79), max_size=20),
    mode=MODES,
    gap=st.sampled_from([0.0, 1.5e-3, 5e-3]),
)
def test_reading_has_the_same_bits_wherever_blocks_are_cut(samples, cuts, mode, gap):
    keys = {"mode": mode, "gap": gap, "window": 0.02, "offsets": (-0.05, 0.0, 0.05)}
    assert read(samples, cuts=cuts, **keys) == read(samples, **keys)


@settings(max_examples=50, deadline=None)
@given(samples=st.lists(LEVELS, min_size=1, max_size=80).filter(lambda y: not np.isnan(y).all()))
def test_longest_run_equals_a_plain_loop(samples):
    ((deep, shallow),) = read(samples)
    for extent, level in ((deep, 0.7), (shallow, 0.9)):
        runs = runs_by_loop(samples, level)
        assert extent.found == len(runs)
        assert extent.cut == any(run[4] for run in runs)
        assert ms(extent.value) == pytest.approx(max((run[1] - run[0] for run in runs), default=0), abs=1e-5)


@settings(max_examples=50, deadline=None)
@given(samples=st.lists(st.sampled_from([1.0, 0.5]), min_size=2, max_size=60), window=st.integers(3, 30))
def test_cumulative_equals_the_largest_of_all_windows(samples, window):
    ((deep, _),) = read(samples, mode="cumulative", window=window * INTERVAL, levels=(0.75, 0.76))
    runs = [run[:2] for run in runs_by_loop(samples, 0.75)]
    ends = np.arange(0, len(samples), 0.25)
    best = max((sum(max(0.0, min(b, t) - max(a, t - window)) for a, b in runs) for t in ends), default=0.0)
    assert ms(deep.value) == pytest.approx(best, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    samples=st.lists(st.sampled_from([1.0, 0.95, 0.8, 0.6, 0.3]), min_size=2, max_size=60),
    shift=st.integers(1, 40),
    scale=st.sampled_from([0.5, 2.0, 1024.0]),
)
def test_shift_in_time_and_scale_leave_durations(samples, shift, scale):
    ((deep, _),) = read([1.0, *samples, 1.0])
    ((moved, _),) = read([1.0] * shift + [1.0, *samples, 1.0])
    ((scaled, _),) = read(np.array([1.0, *samples, 1.0]) * scale, levels=(0.7 * scale, 0.9 * scale))
    assert (deep.value, deep.inner, deep.outer) == (moved.value, moved.inner, moved.outer)
    assert (deep.value, deep.inner, deep.outer) == (scaled.value, scaled.inner, scaled.outer)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 999), max_size=8), st.sampled_from([(), (300,), (299, 300, 301)]))
def test_unseen_times_are_the_same_bits_wherever_blocks_were_cut(cuts, missing):
    samples = np.zeros(1000)
    samples[list(missing)] = np.nan
    whole, pieces = Unseen(INTERVAL), Unseen(INTERVAL)
    for meter, where in ((whole, ()), (pieces, cuts)):
        for block in blocks(samples, where):
            meter.update(block)
    assert pieces.reading() == whole.reading()
    assert whole.reading()[2] == (pytest.approx(INTERVAL * (1 + len(missing))))
