"""Windows that follow the fundamental: their ends, what breaks them, what flags them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings

from slacheck.measure.synchronised import LARGEST_SLIP, WindowCutter
from tests.measure.streams import blocks, cuts, segments

RATE = 6400.0


def wave(frequency=50.0, duration=2.0, rate=RATE, noise=0.0, phase=0.4):
    times = np.arange(round(duration * rate)) / rate
    harmonics = 0.1 * np.cos(3 * (2 * math.pi * frequency * times + phase) + 1.0)
    return (
        math.sqrt(2.0) * 230.0 * (np.cos(2.0 * math.pi * frequency * times + phase) + harmonics)
        + np.random.default_rng(1).normal(0.0, 1.0, times.size) * noise
    )


def windows(stream, frequency=50.0, rate=RATE):
    cutter = WindowCutter(1.0 / rate, frequency)
    found = [window for block in stream for window in cutter.push(block)]
    return cutter, [*found, *cutter.close()]


@pytest.mark.parametrize(("nominal", "frequency"), [(50, 50.0), (50, 49.5), (50, 43.0), (50, 57.0), (60, 59.93)])
def test_windows_hold_whole_cycles_and_leave_nothing_out(nominal, frequency):
    cutter, found = windows(blocks(wave(frequency), 1 / RATE), nominal)
    cycles = 10 if nominal == 50 else 12
    lengths = np.array([window.end - window.start for window in found])
    assert np.max(np.abs(lengths * frequency / cycles - 1.0)) < 1e-5
    assert [window.follows for window in found] == [False] + [True] * (len(found) - 1)
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    assert found[0].start < 1.0 / frequency + 16.0 / RATE
    assert 2.0 - found[-1].end < (cycles + 0.1) / frequency + 17.0 / RATE
    assert cutter.counts.largest_slip == 0.0  # counted by flags()
    assert max(window.slip for window in found) < 1e-5


def test_phasor_is_the_fundamental_at_the_start_of_the_window():
    _, found = windows(blocks(wave(50.3), 1 / RATE))
    for window in found:  # an upward zero crossing, moved alike in all windows by what harmonics do to the tracker
        assert abs(window.phasors[0]) == pytest.approx(230.0, rel=1e-6)
        assert window.phasors[0].imag == pytest.approx(-230.0, rel=1e-4)


def test_segment_of_ten_cycles_and_the_reach_has_a_window():
    needed = 10.0 / 50.0 + 34.0 / RATE
    phase = -math.pi / 2 - 2 * math.pi * 50 * 16.5 / RATE  # a zero crossing as early as there may be one
    assert len(windows(blocks(wave(duration=needed, phase=phase), 1 / RATE))[1]) == 1
    assert len(windows(blocks(wave(duration=needed - 0.01, phase=phase), 1 / RATE))[1]) == 0


def test_gap_begins_a_new_row_of_windows():
    samples = wave(duration=3.0)
    _, found = windows(segments(samples, 1 / RATE, [(9000, 9010)]))
    begins = [window.start for window in found if not window.follows]
    assert len(begins) == 2
    assert 9010 / RATE < begins[1] < 9010 / RATE + 0.025
    assert not any(window.start < 9005 / RATE < window.end for window in found)


def test_interruption_has_no_windows_and_the_rest_does():
    samples = wave(duration=4.0, noise=0.01)
    samples[9600:16000] *= 0.0
    _, found = windows(blocks(samples, 1 / RATE))
    assert {False, True} == {window.follows for window in found}
    cutter = windows(blocks(samples, 1 / RATE))[0]
    spoilt = [window for window in found if window.end > 1.5 and window.start < 2.5]
    assert all(cutter.flags(window, (0,), 230.0) for window in spoilt)
    clean = [window for window in found if window.end < 1.46 or window.start > 2.54]
    assert len(clean) >= 12
    assert not any(cutter.flags(window, (0,), 230.0) for window in clean)


@pytest.mark.parametrize(("residual", "flagged"), [(0.85, True), (0.91, False), (1.12, True), (1.09, False)])
def test_one_cycle_outside_nine_to_eleven_tenths_flags_the_window(residual, flagged):
    clean = math.sqrt(2.0) * 230.0 * np.cos(2 * math.pi * 50 * np.arange(12800) / RATE)
    samples = clean.copy()
    samples[6400 : 6400 + 192] *= residual  # 1.5 cycles, so that a whole one lies in it wherever half cycles begin
    cutter, found = windows(blocks(samples, 1 / RATE))
    flags = [window for window in found if cutter.flags(window, (0,), 230.0)]
    assert bool(flags) is flagged
    assert cutter.counts.disturbed == len(flags)
    assert all(window.start < 1.03 and window.end > 1.0 for window in flags)


def test_phase_jump_is_out_of_step():
    times = np.arange(19200) / RATE
    samples = 325.0 * np.cos(2 * math.pi * 50 * times + np.where(times > 1.5, 0.6, 0.0))
    cutter, found = windows(blocks(samples, 1 / RATE))
    slipped = [window for window in found if window.slip > LARGEST_SLIP]
    assert slipped
    assert all(1.2 < window.start < 1.8 for window in slipped)
    assert [window for window in found if cutter.flags(window, (0,), None)] == slipped
    assert cutter.counts.slipped == len(slipped)
    assert 0.0 < cutter.counts.largest_slip <= LARGEST_SLIP


@pytest.mark.parametrize("sigma", [0.0, 1.0])
def test_no_fundamental_no_window(sigma):
    samples = np.random.default_rng(1).normal(0.0, sigma, 12800)
    assert windows(blocks(samples, 1 / RATE))[1] == []


def test_frequency_off_by_a_fifth_is_not_followed():
    assert windows(blocks(wave(60.0), 1 / RATE), 50.0)[1] == []


@settings(max_examples=20, deadline=None)
@given(cuts(19000))
def test_windows_do_not_depend_on_where_blocks_are_cut(at):
    samples = wave(50.2, 3.0, noise=2.0)
    samples[9600:11000] = 0.0
    whole, cut = (windows(segments(samples, 1 / RATE, [(3000, 3100)], where))[1] for where in ((), at))
    assert len(whole) == len(cut)
    for a, b in zip(whole, cut, strict=True):
        assert (a.start, a.end, a.follows, a.slip, a.phasors) == (b.start, b.end, b.follows, b.slip, b.phasors)
        assert np.array_equal(a.samples, b.samples)
