"""excursions: hysteresis, gaps, ends of the record, counts, against a plain loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure.excursions import MOST_KEPT, Finder, Ladder, Series, Tally


def series(values, start=0.0):
    values = np.asarray(values, dtype=float)
    return Series(start + np.arange(values.size) * 1.0, values, values + 1.0)


def found(*parts, threshold=0.9, release=0.92):
    """Excursions of parts with gaps of 10 between them; each part begins where its index says."""
    finder, before, excursions = Finder(threshold, release), None, []
    for start, values in parts:
        one = series(values, start)
        excursions += finder.push(one, before, gap=True)
        before = float(one.times[-1])
    return excursions + finder.close()


def test_excursion_ends_at_the_first_value_that_is_not_below_release():
    (one,) = found((0.0, [1.0, 0.89, 0.5, 0.91, 0.919, 0.92, 1.0]))
    assert (one.start, one.end, one.duration) == (1.0, 5.0, 4.0)
    assert (one.inner, one.outer) == (3.0, 5.0)
    assert (one.extreme, one.extreme_time, one.beside, one.cut) == (0.5, 2.0, 1.5, False)


def test_value_at_the_threshold_is_not_below_it():
    assert found((0.0, [1.0, 0.9, 0.91, 1.0])) == []


def test_excursion_cut_by_either_end_of_the_record_is_marked():
    first, last = found((0.0, [0.5, 0.5, 1.0, 1.0, 0.6, 0.6]))
    assert (first.start, first.end, first.cut) == (0.0, 2.0, True)
    assert (last.start, last.end, last.cut, last.inner) == (4.0, 5.0, True, 1.0)


def test_excursion_goes_on_through_a_gap_and_proves_its_longest_part():
    (one,) = found((0.0, [1.0, 0.5, 0.5, 0.5]), (10.0, [0.5, 0.5, 1.0]))
    assert (one.start, one.end) == (1.0, 12.0)
    assert (one.inner, one.outer, one.cut) == (2.0, 12.0, False)


def test_excursion_that_is_over_after_a_gap_ended_somewhere_in_it():
    (one,) = found((0.0, [1.0, 0.5, 0.5]), (10.0, [1.0, 1.0]))
    assert (one.start, one.end, one.inner, one.outer) == (1.0, 10.0, 1.0, 10.0)


def test_excursion_that_began_in_a_gap_may_have_begun_at_its_start():
    (one,) = found((0.0, [1.0, 1.0]), (10.0, [0.5, 0.5, 1.0]))
    assert (one.start, one.end, one.inner, one.outer) == (10.0, 12.0, 1.0, 11.0)


def plain(values, threshold, release):
    """Start and end indexes, by the book."""
    spans, start = [], None
    for i, value in enumerate(values):
        if start is None and value < threshold:
            start = i
        elif start is not None and value >= release:
            spans.append((start, i))
            start = None
    return spans if start is None else [*spans, (start, len(values) - 1)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([0.5, 0.88, 0.9, 0.91, 0.92, 0.93, 1.0]), min_size=1, max_size=60),
    st.lists(st.integers(1, 59), max_size=6),
)
def test_ladder_finds_what_a_plain_loop_finds_however_it_is_cut(values, where):
    ladder, edges = Ladder(0.9, 0.92, (-0.01, 0.0, 0.01)), [0, *sorted({c for c in where if c < len(values)})]
    for a, b in zip(edges, [*edges[1:], len(values)], strict=True):
        ladder.push(series(values[a:b], float(a)), float(a - 1) if a else None, gap=a == 0)
    ladder.close()
    for offset, tally in zip((-0.01, 0.0, 0.01), ladder.tallies, strict=True):
        spans = plain(values, 0.9 + offset, 0.92 + offset)
        assert tally.count == tally.total == len(spans)
        if offset == 0.0:
            assert [(one.start, one.end) for one in tally.kept] == spans
            if spans:
                assert tally.longest.duration == max(end - start for start, end in spans)
                assert tally.deepest.extreme == min(values)


def test_count_with_a_period_is_the_most_within_any():
    tally = Tally(period=10.0)
    for start in (0.0, 9.0, 9.5, 30.0):
        tally.add(found((start, [1.0, 0.5, 1.0]))[0])
    assert (tally.count, tally.total) == (3, 4)
    tally = Tally(period=10.0)
    for start in (0.0, 10.0, 20.0):
        tally.add(found((start, [1.0, 0.5, 1.0]))[0])
    assert tally.count == 1


def test_spared_excursions_are_found_but_not_counted():
    tally = Tally(spared=1.2)
    for lowest in (0.1, 0.5):  # what is watched is higher by one
        tally.add(found((0.0, [1.0, lowest, 1.0]))[0])
    assert (tally.count, tally.total) == (1, 2)
    assert tally.deepest.extreme == 0.1


def test_tally_keeps_the_longest_in_the_order_of_time():
    tally = Tally(keep=True)
    for i in range(1000):
        tally.add(found((10.0 * i, [1.0, *([0.5] * (1 + i % 7)), 1.0]))[0])
    assert len(tally.kept) <= 2 * MOST_KEPT
    assert tally.total == 1000
    assert [one.start for one in tally.kept] == sorted(one.start for one in tally.kept)
    assert max(one.duration for one in tally.kept) == pytest.approx(7.0)
