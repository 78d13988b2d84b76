"""10/12-cycle values into longer intervals: complete, broken, flagged."""

from __future__ import annotations

import numpy as np
import pytest

from slacheck.measure.intervals import CycleValue, IntervalMeter, Length


def values(count, length=0.2, start=0.0, breaks=(), flags=()):
    """Values k = 0, 1, ... that measure k; before those in `breaks` something is missing."""
    shift = 0.0
    for k in range(count):
        shift += length / 2 if k in breaks else 0.0
        begin = start + shift + k * length
        yield CycleValue(begin, begin + length, k not in breaks and k > 0, k in flags, np.array([float(k), 1.0]))


def collected(length, stream):
    meter = IntervalMeter(length, 2)
    for value in stream:
        meter.add(value)
    return meter.reading()


def test_fifteen_in_a_row_are_averaged():
    found = collected(Length(values=15), values(47))
    assert found.squares[:, 0].tolist() == [7.0, 22.0, 37.0]
    assert found.starts.tolist() == pytest.approx([0.0, 3.0, 6.0])
    assert found.counts.tolist() == [15.0, 15.0, 15.0]


def test_row_begins_anew_after_a_break():
    found = collected(Length(values=15), values(47, breaks=(20,)))
    assert found.squares[:, 0].tolist() == [7.0, 27.0]


def test_flag_takes_the_interval_out():
    found = collected(Length(values=15), values(45, flags=(16,)))
    assert found.squares[:, 0].tolist() == [7.0, 37.0]
    assert found.flagged.tolist() == pytest.approx([3.0])


@pytest.mark.parametrize("length", [0.2, 0.2004, 0.1996, 0.2 + 1e-12, 0.2 - 1e-12])
def test_intervals_of_a_time_hold_the_values_that_begin_in_them(length):
    found = collected(Length(seconds=60.0), values(1000, length))
    assert found.starts.size == int(1000 * length / 60.0)
    assert np.all(np.abs(found.counts * length - 60.0) < 1.01 * length)


def test_interval_of_a_time_with_a_break_is_not_complete():
    found = collected(Length(seconds=60.0), values(1000, breaks=(450,)))
    assert found.starts.tolist() == pytest.approx([0.0, 120.0], abs=0.2)


def test_last_interval_counts_when_the_record_reaches_its_end():
    assert collected(Length(seconds=60.0), values(300)).starts.size == 1
    assert collected(Length(seconds=60.0), values(299)).starts.size == 0


def test_nothing_gives_empty_columns():
    found = collected(Length(values=1), ())
    assert (found.starts.shape, found.squares.shape, found.flagged.size) == ((0,), (0, 2), 0)


def test_many_intervals_are_kept_in_order():
    found = collected(Length(values=1), values(3000))
    assert found.squares[:, 0].tolist() == list(range(3000))
