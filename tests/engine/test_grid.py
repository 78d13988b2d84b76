"""Blocks: finite, even, and the same however the record was cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.engine.grid import Gridder


def blocks_of(times, rows, cuts=(), **kwargs):
    gridder = Gridder(**kwargs)
    found = []
    for t, y in zip(np.split(times, sorted(cuts)), np.split(rows, sorted(cuts), axis=1), strict=True):
        found += gridder.push(t, y)
    return found


def joined(blocks):
    """Segments as (segment, start, first_time, samples) whatever the cuts were."""
    segments = {}
    for block in blocks:
        if block.segment in segments:
            start, _, parts = segments[block.segment]
            assert block.start == start + sum(p.shape[1] for p in parts)
            parts.append(block.samples)
        else:
            segments[block.segment] = (block.start, block.first_time, [block.samples])
    return [(k, s, t, np.concatenate(p, axis=1)) for k, (s, t, p) in segments.items()]


def test_even_record_passes_through_untouched():
    times, rows = np.arange(10) * 0.1, np.arange(10.0)[np.newaxis]
    (segment,) = joined(blocks_of(times, rows, [3, 7], interval=0.1, even=True))
    assert segment[1:3] == (0, 0.0)
    assert np.array_equal(segment[3], rows)


def test_missing_sample_opens_a_segment():
    times, rows = np.arange(10) * 0.1, np.arange(10.0)[np.newaxis].copy()
    rows[0, 4] = np.nan
    segments = joined(blocks_of(times, rows, interval=0.1, even=True))
    assert [(s[1], s[3].shape[1]) for s in segments] == [(0, 4), (5, 5)]


def test_short_gap_is_bridged_linearly_where_allowed():
    times, rows = np.arange(10) * 0.1, np.arange(10.0)[np.newaxis].copy()
    rows[0, 4:6] = np.nan
    (segment,) = joined(blocks_of(times, rows, [5], interval=0.1, even=True, bridge=0.3))
    assert segment[3][0] == pytest.approx(np.arange(10.0))
    assert len(joined(blocks_of(times, rows, interval=0.1, even=True, bridge=0.2))) == 2


def test_uneven_record_is_interpolated_onto_the_grid_anchored_at_zero():
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.uniform(0.08, 0.12, 200))
    (segment,) = joined(blocks_of(times, (2 * times)[np.newaxis], interval=0.1, even=False))
    grid = (segment[1] + np.arange(segment[3].shape[1])) * 0.1
    assert segment[3][0] == pytest.approx(2 * grid, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.09, 0.1, 0.11, 0.17, 0.5]), st.booleans()), min_size=2, max_size=50),
    st.lists(st.integers(0, 50), max_size=6),
    st.booleans(),
    st.sampled_from([0.0, 0.3]),
)
def test_blocks_do_not_depend_on_cuts(steps, cuts, even, bridge):
    times = np.cumsum([0.1 if even and step < 0.3 else step for step, _ in steps])
    rows = np.sin(times * 3)[np.newaxis].copy()
    rows[0, [not present for _, present in steps]] = np.nan
    cuts = [c for c in cuts if c <= times.size]
    whole = joined(blocks_of(times, rows, interval=0.1, even=even, bridge=bridge))
    pieces = joined(blocks_of(times, rows, cuts, interval=0.1, even=even, bridge=bridge))
    assert [s[:3] for s in whole] == [s[:3] for s in pieces]
    for one, other in zip(whole, pieces, strict=True):
        assert np.array_equal(one[3], other[3])
        assert np.isfinite(one[3]).all()


@pytest.mark.parametrize("cut", range(1, 60))
def test_stamps_on_the_grid_of_an_uneven_record_give_the_same_bits_wherever_it_is_cut(cut):
    times = np.round(np.concatenate((np.arange(0.3, 0.9, 0.01), [0.907, 0.915])), 3)  # 35 * 0.01 is more than 0.35
    rows = np.random.default_rng(1).normal(size=(1, times.size))
    whole, parts = (joined(blocks_of(times, rows, where, interval=0.01, even=False)) for where in ([], [cut]))
    assert whole[0][:3] == parts[0][:3]
    assert whole[0][3].tobytes() == parts[0][3].tobytes()


@given(gaps=st.lists(st.integers(1, 99), max_size=4), cuts=st.lists(st.integers(1, 99), max_size=6), lost=st.booleans())
@settings(max_examples=30, deadline=None)
def test_even_samples_give_the_same_blocks_with_and_without_a_look_at_their_times(gaps, cuts, lost):
    times, rows = np.arange(100) * 0.1, np.random.default_rng(2).normal(size=(2, 100))
    for gap in gaps:
        times[gap:] += 0.7
    rows[0, 50] = np.nan if lost else 0.0
    edges = sorted({0, *gaps, *cuts, 100})
    seen, unseen = Gridder(0.1, even=True), Gridder(0.1, even=True)
    for first, last in itertools.pairwise(edges):
        piece = rows[:, first:last]
        one = unseen.follow((float(times[first]), float(times[last - 1])), piece)
        found = list(unseen.push(times[first:last], piece)) if one is None else [one]
        for mine, other in zip(found, seen.push(times[first:last], piece), strict=True):
            assert (mine.segment, mine.start, mine.first_time) == (other.segment, other.start, other.first_time)
            assert np.array_equal(mine.samples, other.samples)
