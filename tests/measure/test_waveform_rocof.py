"""Rate of change of frequency of a waveform: vectors RF1 and RF2, disturbances, noise; bits ignore block cuts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure.frequency import FrequencyTransform
from slacheck.measure.phase import PhaseTrack
from slacheck.measure.swings import Thresholds
from slacheck.measure.waveform_rocof import WaveformRocof
from tests.measure.streams import blocks, cuts, feed, segments

RATE = 2000.0
THRESHOLDS = Thresholds(math.radians(5.0), 0.1)


def times(seconds, rate=RATE):
    return np.arange(round(seconds * rate)) / rate


def wave(t, rate, jumps=(), nominal=60.0, start=0.0, end=1e9):
    """A frequency of `nominal` that changes by `rate` between two times, with phase jumps (time, degrees)."""
    s = np.clip(t, start, end) - start
    turns = nominal * t + rate * s * s / 2 + rate * s * (t - start - s) * (t > end)
    return np.sin(2 * math.pi * (turns + sum((t >= at) * angle / 360 for at, angle in jumps)))


def waveform(window=0.5, averaging=0.2, nominal=60.0, rate=RATE, duration=0.0):
    return WaveformRocof(1 / rate, nominal, window, averaging, THRESHOLDS, duration)


@pytest.mark.parametrize("rate", [RATE, 5000.0, 7678.48])
def test_waveform_that_falls_reads_its_rate_rf1(rate):
    found = feed(waveform(rate=rate), blocks(wave(times(10, rate), -0.5), 1 / rate))
    up, down = found.rates
    # a phase over four cycles is right to 1e-4 rad within 5 % of nominal: 2e-4 / (2 pi 0.13 s) in f, twice in 0.5 s
    assert down.value == pytest.approx(0.5, abs=1e-3)
    assert up.value < 1e-3
    assert found.disturbed == found.doubtful == 0
    assert found.windows == found.possible


def test_phase_jump_reads_4_hertz_a_second_over_the_same_window_and_is_flagged_rf2():
    samples = wave(times(10), 0.0, [(5.0, 15.0)])
    phases = np.concatenate([t.phases for b in blocks(samples, 1 / RATE) for t in PhaseTrack(60.0, 1 / RATE).push(b)])
    read = (phases[6:] - phases[:-6]) / (2 * math.pi * 0.1)  # six cycles apart
    assert np.max(read) == pytest.approx(15 / 36, abs=2e-3)  # 0.4167 Hz
    found = feed(waveform(0.1, 0.1), blocks(samples, 1 / RATE))
    assert [value.value for value in found.rates] == pytest.approx([0.0, 0.0], abs=1e-3)
    (jump,) = found.disturbances
    assert jump.time == pytest.approx(5.0, abs=1 / 60)
    assert math.degrees(jump.angle) == pytest.approx(15, abs=0.01)
    assert found.excluded > 0


@pytest.mark.parametrize(("angle", "high"), [(15.0, 0.0), (-170.0, 0.0), (5.5, 0.17), (4.5, 0.14)])
def test_phase_jump_never_counts_above_its_threshold_and_is_a_bound_near_it(angle, high):
    up, down = feed(waveform(), blocks(wave(times(10), 0.0, [(5.0, angle)]), 1 / RATE)).rates
    assert max(up.value, down.value) < 1e-3
    # near the threshold: the angle over the 0.13 s between the phases of one frequency, over 0.5 s
    assert max(up.high, down.high) == pytest.approx(high * 4 * 0.375, abs=0.07)


def test_phase_jump_below_its_threshold_counts():
    up, _ = feed(waveform(), blocks(wave(times(10), 0.0, [(5.0, 3.0)]), 1 / RATE)).rates
    assert up.value == pytest.approx(3 / 360 / (0.2 - 4 / 60) / 0.5, rel=0.03)


def test_jump_does_not_hide_the_ramp_that_it_stands_in():
    samples = wave(times(20), -1.5, [(10.3, 20.0)], start=10.0, end=10.6)
    found = feed(waveform(), blocks(samples, 1 / RATE))
    up, down = found.rates
    assert down.high > 1.0  # of the straight line across; 0.9 Hz in 0.6 s and what the averages add
    assert up.value < 0.01
    assert down.value < 1.5


def test_dip_without_a_jump_is_left_out_too():
    t = times(10)
    samples = wave(t, 0.0) * np.where((t > 5) & (t < 5.3), 0.4, 1.0)
    found = feed(waveform(), blocks(samples, 1 / RATE))
    assert [value.high for value in found.rates] == pytest.approx([0.0, 0.0], abs=0.01)
    assert [one.step for one in found.disturbances] == pytest.approx([0.6, 0.6], abs=0.02)


def test_small_amplitude_steps_are_bounded():
    t = times(10)
    worst, flaw = 0.0, math.inf
    for shift in np.linspace(0, 1 / 120, 9):
        found = feed(waveform(), blocks(wave(t, 0.0) * np.where(t > 5 + shift, 0.92, 1.0), 1 / RATE))
        worst = max(worst, *(value.value for value in found.rates))
        flaw = min(flaw, found.flaw)
    assert 0 < worst <= flaw / 0.5


def test_frequency_step_is_no_jump_and_counts():
    t = times(10)
    samples = np.sin(2 * math.pi * (60 * t + np.maximum(0, t - 5)))
    found = feed(waveform(), blocks(samples, 1 / RATE))
    assert found.rates[0].value == pytest.approx(2.0, abs=1e-3)
    assert found.disturbed == 0


@pytest.mark.parametrize("length", [0.1, 1.0])
def test_interruption_costs_windows_and_makes_nothing_up(length):
    t = times(20)
    samples = wave(t, -0.3) * ((t < 8) | (t > 8 + length))
    found = feed(waveform(), blocks(samples, 1 / RATE))
    assert found.rates[1].high == pytest.approx(0.3, abs=2e-3)
    assert found.rates[0].high < 2e-3
    assert found.excluded > 60 * (0.5 + length)
    assert found.disturbances[0].time == pytest.approx(8.0 + length / 2, abs=length)


def test_interruption_of_more_than_ten_seconds_is_not_bridged():
    t = times(40)
    found = feed(waveform(), blocks(wave(t, -0.1) * ((t < 8) | (t > 20)), 1 / RATE))
    assert found.possible - found.windows > 60 * 12


def test_noise_alone_is_what_is_stated():
    random = np.random.default_rng(3)
    samples = wave(times(60), 0.0) + 0.005 * random.normal(size=round(60 * RATE))
    found = feed(waveform(), blocks(samples, 1 / RATE))
    transform = FrequencyTransform(60.0, 0.2, 0.2, 1 / RATE)
    (out,) = transform.push(blocks(samples, 1 / RATE)[0])
    assert found.noise == pytest.approx(float(np.std(out.samples)), rel=0.3)  # 300 values, and the histogram's bins


@settings(max_examples=12, deadline=None)
@given(cuts(15_999), st.integers(0, 14_000), st.sampled_from([0.0, 0.3]))
def test_waveform_reading_ignores_cuts(where, hole, duration):
    random = np.random.default_rng(1)
    samples = wave(times(8), -0.5, [(3.0, 12.0), (3.3, 5.0)]) + 0.01 * random.normal(size=16_000)
    gaps = [(hole, hole + 900)]
    whole = feed(waveform(duration=duration), segments(samples, 1 / RATE, gaps))
    assert feed(waveform(duration=duration), segments(samples, 1 / RATE, gaps, where)) == whole


def test_short_records_have_no_rate():
    assert waveform().reading().rates is None
    assert feed(waveform(), blocks(wave(times(0.7), 0.0), 1 / RATE)).rates is None
