"""rms_events: polyphase rules and the sliding reference, against a plain loop over IEC 61000-4-30."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block
from slacheck.measure.rms_events import EventSettings, RmsEventMeter
from tests.measure.streams import cuts

SETTINGS = EventSettings(
    rated=230.0,
    frequency=50.0,
    waveform=False,
    sliding=False,
    dip=0.9,
    swell=1.1,
    interruption=0.05,
    hysteresis=0.02,
    exclusive=False,
    period=None,
    offsets=(-0.01, 0.0, 0.01),
)
INTERVAL = 0.01


def reading(rows, asked=SETTINGS, interval=INTERVAL, where=(), gaps=()):
    """Reading of rows in pu (rms values) or in V (waveforms), cut anywhere, with gaps [first, stop)."""
    rows = np.atleast_2d(np.asarray(rows, dtype=float)) * (1.0 if asked.waveform else asked.rated)
    meter, segment, begin = RmsEventMeter(interval, asked), 0, 0
    edges = sorted({0, rows.shape[1], *where, *(edge for gap in gaps for edge in gap)})
    for a, b in itertools.pairwise(edges):
        if any(first <= a < stop for first, stop in gaps):
            continue
        segment += a > begin
        begin = b
        meter.update(Block(np.ascontiguousarray(rows[:, a:b]), segment, a, a * interval, interval))
    return meter.reading()


def events(found, name):
    return [(round(one.start, 9), round(one.end, 9), one.extreme) for one in found.tallies[name][1].kept]


# ---------------------------------------------------------------- the rules


def test_polyphase_dip_lasts_from_the_first_phase_to_the_last():
    rows = np.ones((3, 12))
    rows[0, 2:5], rows[1, 4:8], rows[2, 7:9] = 0.7, 0.6, 0.85
    assert events(reading(rows), "dip") == [(0.02, 0.09, pytest.approx(0.6))]


def test_phase_between_threshold_and_release_holds_the_dip_of_another():
    rows = np.ones((2, 10))
    rows[0, 2:4], rows[1, 3:7] = 0.7, 0.91
    assert events(reading(rows), "dip") == [(0.02, 0.07, pytest.approx(0.7))]
    assert events(reading(rows[1]), "dip") == []


def test_interruption_is_of_all_phases_and_ends_with_any():
    rows = np.ones((3, 12))
    rows[0, 2:9], rows[1, 3:10], rows[2, 4:11] = 0.0, 0.0, 0.0
    found = reading(rows)
    assert events(found, "interruption") == [(0.04, 0.09, pytest.approx(0.0))]
    assert events(found, "dip") == [(0.02, 0.11, pytest.approx(0.0))]
    rows[2] = 1.0
    assert events(reading(rows), "interruption") == []


def test_swell_is_the_mirror_image():
    found = reading([1.0, 1.1, 1.11, 1.3, 1.09, 1.08, 1.0])
    assert events(found, "swell") == [(0.02, 0.05, pytest.approx(1.3))]
    assert found.highest.value == pytest.approx(1.3)
    assert found.highest.time == pytest.approx(0.03)


def test_interruption_is_a_dip_too_unless_events_exclude_each_other():
    row = [1.0, 0.5, 0.0, 0.5, 1.0, 1.0, 0.6, 1.0]
    both, one = reading(row), reading(row, replace(SETTINGS, exclusive=True))
    assert [tally.count for tally in both.tallies["dip"]] == [2, 2, 2]
    assert [tally.count for tally in one.tallies["dip"]] == [1, 1, 1]
    assert one.tallies["dip"][1].total == 2


def test_record_without_values_has_no_extremes():
    found = reading(np.random.default_rng(0).normal(0, 230, 5000), replace(SETTINGS, waveform=True), 1e-4)
    assert (found.lowest, found.highest, found.values, found.slowest) == (None, None, 0, None)
    assert found.unlocked == pytest.approx(0.5, abs=1e-3)


def test_event_goes_on_through_a_gap():
    row = [1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0]
    found = reading(row, gaps=[(4, 6)]).tallies["dip"][1]
    assert found.count == 1
    assert found.longest.duration == pytest.approx(0.05)
    assert found.longest.inner == pytest.approx(0.01)
    assert not found.longest.cut


# ---------------------------------------------------------------- plain loop


def plain(rows, asked):
    """Dips, swells and interruptions of rms values that all phases have at once, by the book."""
    dips, swells, interruptions, open_ = [], [], [], {}
    for i, column in enumerate(np.asarray(rows).T):
        for name, enter, leave, out in (
            ("dip", min(column) < asked.dip, min(column) >= asked.dip + asked.hysteresis, dips),
            ("swell", max(column) > asked.swell, max(column) <= asked.swell - asked.hysteresis, swells),
            (
                "interruption",
                max(column) < asked.interruption,
                max(column) >= asked.interruption + asked.hysteresis,
                interruptions,
            ),
        ):
            if name in open_ and leave:
                out.append((open_.pop(name), i))
            elif name not in open_ and enter:
                open_[name] = i
    last = len(np.asarray(rows)[0]) - 1
    for name, out in (("dip", dips), ("swell", swells), ("interruption", interruptions)):
        if name in open_:
            out.append((open_[name], last))
    return {"dip": dips, "swell": swells, "interruption": interruptions}


LEVELS = [0.0, 0.04, 0.06, 0.075, 0.5, 0.89, 0.91, 0.93, 1.0, 1.07, 1.085, 1.095, 1.12, 1.3]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.data())
def test_events_are_those_of_a_plain_loop_however_blocks_are_cut(phases, data):
    row = st.lists(st.sampled_from(LEVELS), min_size=40, max_size=40)
    rows = [np.repeat(data.draw(row), 2) for _ in range(phases)]
    found = reading(rows, where=data.draw(cuts(79)))
    for name, spans in plain(np.array(rows), SETTINGS).items():
        got = [(round(one.start / INTERVAL), round(one.end / INTERVAL)) for one in found.tallies[name][1].kept]
        assert got == spans, name


@settings(max_examples=10, deadline=None)
@given(cuts(6400))
def test_reading_of_waveforms_does_not_depend_on_where_blocks_are_cut(where):
    times = np.arange(6400) / 3200.0
    level = np.where((times > 0.5) & (times < 0.9), 0.6, 1.0)
    turns = [2 * np.pi * (50.2 * times - phase / 3.0) for phase in range(3)]
    rows = np.stack([325.0 * np.where(phase, 1.0, level) * np.sin(turn) for phase, turn in enumerate(turns)])
    rows += np.random.default_rng(5).normal(0.0, 1.0, rows.shape)
    for asked in (replace(SETTINGS, waveform=True), replace(SETTINGS, waveform=True, sliding=True)):
        same = {"interval": 1 / 3200.0, "gaps": [(4000, 4200)]}
        assert reading(rows, asked, **same) == reading(rows, asked, where=where, **same)


# ---------------------------------------------------------------- sliding reference


def sliding(rms, rated):
    """Reference before each half-cycle value: IEC 61000-4-30 5.4.4 as a loop over 10 cycles."""
    reference, out, squares, flagged, dip, swell = rated, [], [], False, False, False
    for value in rms:
        out.append(reference)
        ratio = value / reference
        if dip or ratio < 0.9:
            flagged, dip = True, ratio < 0.92
        if swell or ratio > 1.1:
            flagged, swell = True, ratio > 1.08
        squares.append(value**2)
        if len(squares) == 20:
            if not flagged:
                reference = 0.9967 * reference + 0.0033 * math.sqrt(sum(squares[1::2]) / 10)
            squares, flagged = [], False
    return np.array(out)


def test_sliding_reference_follows_a_slow_fall_that_rated_calls_a_dip():
    from slacheck.measure.half_cycle import HalfCycleRms

    times = np.arange(320 * 1600) / 1600.0
    level = np.interp(times, [0.0, 310.0], [1.0, 0.85]) * np.where((times > 300.0) & (times < 301.0), 0.8, 1.0)
    wave = 230.0 * math.sqrt(2.0) * level * np.sin(2.0 * np.pi * 50.0 * times)
    asked = replace(SETTINGS, waveform=True, sliding=True)
    found = reading(wave, asked, interval=1 / 1600.0)
    block = Block(wave[np.newaxis], 0, 0, 0.0, 1 / 1600.0)
    meter = HalfCycleRms(1 / 1600.0, 50.0, 230.0)
    values = np.array([*meter.push(block), *meter.close()])[:-1]
    ratios = values[:, 1] / sliding(values[:, 1], 230.0)
    (dip,) = found.tallies["dip"][1].kept
    assert found.lowest.value == pytest.approx(float(np.min(ratios)), abs=1e-9)
    assert (dip.start, dip.end) == (pytest.approx(300.01, abs=0.011), pytest.approx(301.01, abs=0.011))
    assert not dip.cut
    rated = reading(wave, replace(asked, sliding=False), interval=1 / 1600.0)
    assert rated.tallies["dip"][1].longest.cut
