"""Clocks: even, uneven, with gaps, with faults; and stamps against a stated rate."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.capture import clock as module
from slacheck.capture.clock import Segment, clock_of_stamps, contradiction
from slacheck.capture.readers.recording import MISSING, Stamps


def stamps(values, scale="1"):
    return Stamps(np.asarray(values), Decimal(scale), "run.csv")


def clock(values, scale="1"):
    return clock_of_stamps(stamps(values, scale))[0]


def test_even_stamps_give_a_grid_and_no_times():
    found = clock(np.arange(1000) * 1e-4 + 5)
    assert (found.interval, found.count, found.times, found.fault) == (1e-4, 1000, None, None)
    assert found.segments[0].count == 1000
    assert found.jitter < 1e-12


def test_jitter_up_to_a_tenth_is_even_and_more_is_not():
    grid = np.arange(100.0)
    late = grid.copy()
    late[50] += 0.1
    assert clock(late).times is None
    assert clock(late).jitter == pytest.approx(0.1)
    late[50] += 0.01
    uneven = clock(late)
    np.testing.assert_array_equal(uneven.times, late)
    assert uneven.interval == 1.0


def test_drift_adds_up_and_makes_a_record_uneven():
    t = np.concatenate([np.arange(1000) * 1.0, 999 + np.arange(1, 1001) * 1.001])
    assert clock(t).times is not None


@pytest.mark.parametrize(("step", "segments"), [(1.75, 1), (1.7501, 2), (2.0, 2)])
def test_gap_is_an_interval_of_more_than_one_and_three_quarters(step, segments):
    t = np.arange(20.0)
    t[10:] += step - 1
    assert len(clock(t).segments) == segments


def test_segments_on_either_side_of_a_gap_share_the_grid_interval():
    t = np.concatenate([np.arange(10) * 0.1, 7.03 + np.arange(5) * 0.1])
    found = clock(t)
    assert (found.interval, found.times) == (0.1, None)
    first, second = found.segments
    assert (first.start, first.count, second.start, second.count) == (0, 10, 10, 5)
    assert second == Segment(10, 5, t[10], t[14])
    assert clock_of_stamps(stamps(t))[1] == ["1 gap in time, the longest 6.13 s"]


def test_segments_with_different_intervals_keep_all_stamps():
    t = np.concatenate([np.arange(50) * 0.1, 20 + np.arange(50) * 0.15])
    found = clock(t)
    assert found.times is not None
    assert found.jitter < 1e-9


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([0, 1, 1, 2, 3], "1 duplicate time stamp, at sample 3"),
        ([0, 1, 3, 2, 4], "1 backward time stamp, at sample 4"),
        ([0, 1, np.nan, 3, 4], "1 missing time stamp, at sample 3"),
        ([np.nan, 1, 2, np.inf], "2 missing time stamps, the first at sample 1"),
        ([0, 5, 5, 4, 4, 9], "2 duplicate time stamps, the first at sample 3; 1 backward time stamp, at sample 4"),
    ],
)
def test_stamps_that_are_no_clock_are_a_fault_in_words_and_the_record_opens(values, fault):
    found = clock(np.array(values, dtype=float))
    assert found.fault.startswith(fault)
    assert found.times is None
    assert np.isfinite(found.interval)
    assert found.interval > 0


def test_rounded_stamps_are_a_fault_that_says_how_to_mend_it():
    t = np.round(np.arange(1000) / 2000, 3)
    assert clock(t).fault.endswith(
        "; they look like even samples at about 1998 Hz whose stamps are rounded to 1 ms: then "
        "`time: {sample_rate: ...}` in the sidecar mends it"
    )


def test_rounded_stamps_without_duplicates_are_not_taken_for_gaps():
    t = np.round(np.arange(1001) / 800, 3)
    assert clock(t).fault == (
        "250 steps are longer than the others, evenly spread, as when even samples at about 800 Hz are stamped to "
        "1 ms: then `time: {sample_rate: ...}` in the sidecar mends it"
    )


def test_rounded_stamps_within_the_longest_step_are_uneven_and_the_note_says_why():
    t = np.round(np.arange(1001) / 300, 3)
    found, notes = clock_of_stamps(stamps(t))
    assert (found.fault, len(found.segments)) == (None, 1)
    assert "they could be even samples at 300" in notes[0]


def test_lost_samples_are_gaps_not_coarse_stamps():
    t = np.delete(np.arange(1000.0), [100, 101, 150, 400, 410, 420, 430])
    found = clock(t)
    assert (found.fault, found.times, len(found.segments)) == (None, None, 7)


def test_integer_ticks_are_differenced_before_they_lose_digits():
    t = 1_735_554_592_842_000_000 + np.arange(1000, dtype=np.int64) * 100
    found = clock(t, "1e-9")
    assert (found.interval, found.jitter) == (1e-7, pytest.approx(0, abs=1e-18))
    t[5] = MISSING
    assert clock(t, "1e-9").fault == "1 missing time stamp, at sample 6"


@pytest.mark.parametrize(
    ("values", "rate", "words"),
    [
        (np.arange(1000) / 2000, 2000.0, None),
        (np.round(np.arange(1000) / 2000, 3), 2000.0, None),
        (np.round(np.arange(1000) / 800, 3), 800.0, None),
        (np.arange(1000) / 2000, 1000.0, "they advance at 2000 Hz on average"),
        (
            np.concatenate([np.arange(500), 900 + np.arange(500)]) / 2000,
            2000.0,
            "they advance at 1428.16 Hz on average",
        ),
        (np.array([0, 1, 0.5, 3]), 1.0, "1 backward time stamp, at sample 3"),
        (np.full(10, np.nan), 1.0, None),
        (np.zeros(10), 1.0, "they do not advance"),
    ],
)
def test_stated_rate_against_stamps(values, rate, words):
    assert contradiction(stamps(values), rate) == words


def test_stated_rate_does_not_hide_a_gap_of_the_stamps():
    t = np.arange(100_000) / 1000
    t[50_000:] += 0.02
    assert contradiction(stamps(t), 1000.0) == "they are up to 9.9999 ms off an even grid"


@given(
    steps=st.lists(st.sampled_from([1.0, 1.05, 0.97, 3.0, 1.6]), min_size=1, max_size=80),
    piece=st.integers(1, 20),
)
@settings(max_examples=50, deadline=None)
def test_clock_does_not_depend_on_the_pieces_in_which_stamps_are_read(steps, piece):
    t = np.concatenate(([0.0], np.cumsum(steps)))
    whole = clock(t)
    before = module.PIECE
    module.PIECE = piece
    try:
        pieces = clock(t)
    finally:
        module.PIECE = before
    assert [(s.start, s.count) for s in whole.segments] == [
        (s.start, s.count) for s in pieces.segments
    ] or whole.interval != pieces.interval  # the median of medians may differ from the median
    if whole.interval == pieces.interval:
        assert (whole.times is None) == (pieces.times is None)
        assert whole.jitter == pytest.approx(pieces.jitter)
