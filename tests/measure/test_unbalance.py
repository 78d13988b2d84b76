"""Unbalance: the vectors UB1 to UB4 of requirements.md R16, and streams."""

from __future__ import annotations

import cmath
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings

from slacheck.contract import Block
from slacheck.measure.intervals import Length
from slacheck.measure.unbalance import RmsUnbalanceMeter, UnbalanceMeter, line_line, nema, symmetrical
from tests.measure.streams import cuts

RATE = 3200.0
EVERY = Length(values=1)


def phasor(magnitude, degrees):
    return cmath.rect(magnitude, math.radians(degrees))


def test_symmetrical_components_ub1():
    zero, positive, negative = symmetrical([phasor(1, 0), phasor(0.9, -120), phasor(1, 120)])
    assert abs(positive) == pytest.approx(0.966667, rel=1e-6)
    assert abs(negative) / abs(positive) == pytest.approx(0.03448276, rel=1e-7)
    assert abs(zero) / abs(positive) == pytest.approx(0.03448276, rel=1e-7)


@pytest.mark.parametrize(
    ("voltages", "iec", "of_mean"),
    [
        ((400, 390, 410), 0.02888031, 0.025),
        ((480, 470, 475), 0.01215570, 0.01052632),
        ((208, 200, 212), 0.03400176, 0.03225806),
    ],
    ids=["UB2", "UB3", "UB4"],
)
def test_formulas_from_magnitudes(voltages, iec, of_mean):
    values = np.array(voltages, dtype=float)[:, np.newaxis]
    assert line_line(values)[0] == pytest.approx(iec, rel=1e-6)
    assert nema(values)[0] == pytest.approx(of_mean, rel=1e-6)


def test_line_line_is_the_negative_sequence_of_the_triangle():
    a, b, c = phasor(1, 2), phasor(0.93, -118), phasor(1.04, 121)
    _, positive, negative = symmetrical([a, b, c])
    sides = np.array([[abs(a - b)], [abs(b - c)], [abs(c - a)]])
    assert line_line(sides)[0] == pytest.approx(abs(negative) / abs(positive), rel=1e-9)


@pytest.mark.parametrize(("values", "expected"), [((1, 1, 1), 0.0), ((1, 1, 3), 1.0), ((0, 0, 0), 0.0)])
def test_line_line_of_extremes(values, expected):
    assert line_line(np.array(values, dtype=float)[:, np.newaxis])[0] == pytest.approx(expected, abs=1e-7)


def waves(phases=((230, 0), (207, -120), (230, 120)), frequency=50.2, count=6400, noise=0.0):
    times, random = np.arange(count) / RATE, np.random.default_rng(3)
    return np.stack(
        [
            math.sqrt(2.0) * size * np.cos(2 * math.pi * frequency * times + math.radians(angle))
            + noise * random.normal(size=count)
            + 8.0 * np.cos(2 * math.pi * 5 * frequency * times)
            for size, angle in phases
        ]
    )


def stream(rows, at=(), interval=1 / RATE, gap=None):
    """Blocks of three signals; one sample is missing before `gap`."""
    inside = {cut for cut in (*at, gap or 0) if 0 < cut < rows.shape[1]}
    for first, stop in itertools.pairwise(sorted({0, rows.shape[1], *inside})):
        late = gap is not None and first >= gap
        start = first + late
        yield Block(rows[:, first:stop].copy(), int(late), start, start * interval, interval)


def fed(meter, blocks):
    for block in blocks:
        meter.update(block)
    return meter.reading()


@pytest.mark.parametrize(("ratio", "expected"), [("u2", 0.03448276), ("u0", 0.03448276), ("nema", 0.2 / 2.9)])
def test_waveforms_read_their_phasors_ub1(ratio, expected):
    found = fed(UnbalanceMeter(1 / RATE, 50.0, ratio, EVERY, None), stream(waves()))
    assert found.intervals.starts.size >= 8
    assert np.sqrt(found.intervals.squares[:, 0]) == pytest.approx(expected, rel=1e-5)
    assert found.largest == pytest.approx((1.0, 0.9, 1.0), rel=1e-5)
    assert found.reversed_share == 0.0


@pytest.mark.parametrize("off", [0, 1, 2])
def test_any_phase_may_be_missing(off):
    phases = [(230, 0), (230, -120), (230, 120)]
    phases[off] = (0.0, 0.0)
    found = fed(UnbalanceMeter(1 / RATE, 50.0, "u2", EVERY, None), stream(waves(phases)))
    assert np.sqrt(found.intervals.squares[:, 0]) == pytest.approx(0.5, rel=1e-5)
    assert found.largest[off] < 1e-4


def test_backward_rotation_is_seen():
    found = fed(UnbalanceMeter(1 / RATE, 50.0, "u2", EVERY, None), stream(waves([(230, 0), (230, 120), (230, -120)])))
    assert found.reversed_share == 1.0


def test_dip_of_one_phase_flags_its_windows():
    rows = waves([(230, 0), (230, -120), (230, 120)])
    rows[1, 3000:3200] *= 0.7
    found = fed(UnbalanceMeter(1 / RATE, 50.0, "u2", EVERY, 230.0), stream(rows))
    assert 1 <= found.intervals.flagged.size <= 2
    assert np.max(np.sqrt(found.intervals.squares[:, 0])) < 1e-4


def test_rms_values_are_judged_sample_by_sample_ub2():
    """The rms of ratios is not the ratio of rms values: what goes up and down in turn counts."""
    rows = np.array([[400.0, 400.0], [390.0, 410.0], [410.0, 390.0]]).repeat(300, axis=1)
    found = fed(RmsUnbalanceMeter(0.2, "line_line", 3.0, 400.0), stream(rows, interval=0.2))
    assert np.sqrt(found.intervals.squares[:, 0]) == pytest.approx(0.02888031, rel=1e-6)
    assert found.intervals.starts.size == 39
    assert found.intervals.starts[:2].tolist() == pytest.approx([0.0, 3.0])


def test_rms_values_outside_nine_to_eleven_tenths_are_flagged():
    rows = np.full((3, 600), 400.0)
    rows[2, 100] = 350.0
    found = fed(RmsUnbalanceMeter(0.2, "nema", 3.0, 400.0), stream(rows, interval=0.2))
    assert found.intervals.flagged.tolist() == pytest.approx([18.0])
    assert found.counts.first_flagged == pytest.approx(20.0)
    assert np.max(found.intervals.squares[:, 0]) == 0.0


@settings(max_examples=10, deadline=None)
@given(cuts(6300))
def test_waveform_reading_does_not_depend_on_where_the_record_is_cut(at):
    rows = waves(noise=1.0)
    whole, cut = (
        fed(UnbalanceMeter(1 / RATE, 50.0, "u2", EVERY, 230.0), stream(rows, where, gap=4000)) for where in ((), at)
    )
    same(whole, cut)


@settings(max_examples=15, deadline=None)
@given(cuts(600))
def test_rms_reading_does_not_depend_on_where_the_record_is_cut(at):
    rows = 400.0 + np.random.default_rng(1).normal(size=(3, 600))
    whole, cut = (
        fed(RmsUnbalanceMeter(0.2, "line_line", 3.0, 400.0), stream(rows, where, 0.2, gap=300)) for where in ((), at)
    )
    same(whole, cut)


def same(whole, cut):
    assert (whole.counts, whole.largest, whole.reversed_share) == (cut.counts, cut.largest, cut.reversed_share)
    for name in ("starts", "squares", "counts", "flagged"):
        assert np.array_equal(getattr(whole.intervals, name), getattr(cut.intervals, name))
