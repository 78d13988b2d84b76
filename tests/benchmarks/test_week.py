"""A week at a low rate: what is planted in it is found where it is, and ten times the length takes no more memory."""

from __future__ import annotations

import pytest

from benchmarks.week import PLANTED, apart, check, found
from slacheck.engine.source import PIECE
from tests.acceptance.sameness import reading

RATE = 2.0
WEEK = round(7 * 24 * 3600 * RATE)
OFF = {
    "FIRST-SAMPLE": (0, 2000),  # a range is named by the end of its window
    "PIECE-ENDS": (0, 2000),
    "PIECE-BEGINS": (0, 2000),
    "LAST-SAMPLE": (0, 0),
    "RAMP": (480, 520),  # the end of the steepest window
    "DIP": (-251, -249),
    "BURST": (-2000, 1000),  # the beginning of the window with most of it
    "OVERSHOOT": (-1, 63),  # the first bucket of samples that is not at the old level
}
"""How many samples after the planted one each is named."""


@pytest.fixture(scope="module")
def week():
    return check(RATE, WEEK)


def test_week_of_eight_channels_has_every_planted_violation_at_its_time(week):
    table = found(week, RATE, WEEK)
    assert set(table) == set(OFF)
    for name, one in table.items():
        low, high = OFF[name]
        assert one["verdict"] == "FAIL", name
        assert low <= one["off"] <= high, f"{name}: {one}"


@pytest.mark.parametrize(("piece", "jobs"), [(100_003, 1), (1 << 20, 3)])
def test_week_read_in_other_pieces_side_by_side_gives_the_same_pack(piece, jobs, week):
    """Longer than all that is looked at whole: samples for the noise, values that wait to be counted."""
    with reading(piece):
        assert check(RATE, WEEK, jobs=jobs).run.members == week.run.members


def test_week_has_its_seams_where_the_engine_cuts():
    places = {planted.id: planted.place(WEEK) for planted in PLANTED}
    assert (places.pop("FIRST-SAMPLE"), places.pop("LAST-SAMPLE")) == (0, WEEK - 1)
    assert places.pop("PIECE-ENDS") % PIECE == PIECE - 1
    assert all(place > 0 and place % PIECE == 0 for place in places.values())


def test_week_without_what_is_planted_keeps_its_requirements():
    quiet = [type(one)(one.id, one.clause, lambda since: 0.0 * since, one.place) for one in PLANTED]
    verdicts = {name: one["verdict"] for name, one in found(check(RATE, WEEK, quiet), RATE, WEEK, quiet).items()}
    assert verdicts.pop("OVERSHOOT") == "INCONCLUSIVE"  # there is no step to look at
    assert set(verdicts.values()) == {"PASS"}


def test_week_ten_times_as_long_takes_the_same_memory():
    short, long = (apart(RATE, count, channels=2) for count in (WEEK, 10 * WEEK))
    assert long["peak"] / short["peak"] < 1.2
    assert {one["verdict"] for one in long["found"].values()} == {"FAIL"}
