"""Departure of a waveform from its own fundamental: outages, spikes, swells, and what must not be an event."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block
from slacheck.measure.departure import DepartureMeter
from slacheck.measure.fundamental import fit_fundamental
from slacheck.measure.runs import TICKS

RATE = 20_000.0
PEAK = math.sqrt(2.0) * 277.0
LOW, HIGH, TOP = 0, 1, 2
LEVELS = ((0.7, False), (1.2, True), (1.4, True))


def times(duration=1.0, rate=RATE):
    return np.arange(round(duration * rate)) / rate


def sine(t, frequency=60.0, phase=0.0):
    return np.sin(2 * np.pi * frequency * t + phase)


def read(wave, *, rate=RATE, cuts=(), gap=0.0, window=0.0, levels=LEVELS):
    """Reading of a waveform in pu."""
    meter = DepartureMeter(1 / rate, levels, (0.0, 0.02, 0.05), PEAK, (0.9, 1.1), gap, window)
    for a, b in itertools.pairwise([0, *sorted(set(cuts)), wave.size]):
        meter.update(Block(PEAK * wave[np.newaxis, a:b], 0, a, a / rate, 1 / rate))
    return meter.reading()


def ms(ticks, rate=RATE):
    return 1e3 * ticks / TICKS / rate


def holds(departures, truth, offset=0.0):
    """Whether [sure, possible] holds the true duration in ms."""
    return ms(departures.sure[offset].inner) <= truth + 1e-9 <= ms(departures.possible[offset].outer) + 2e-9


@pytest.mark.parametrize("frequency", [50.0, 60.0, 49.5, 60.5])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_clean_sine_with_noise_is_no_event(frequency, noise):
    t = times(2.0)
    wave = sine(t, frequency) + noise * np.random.default_rng(1).normal(size=t.size)
    reading = read(wave)
    assert reading.unjudged == 0.0
    assert reading.residual < 5 * noise + 1e-3
    for departures in reading.levels:
        assert departures.possible[0.05].found == departures.value.found == 0


@pytest.mark.parametrize("rate", [7678.48, 20_000.0])
def test_fundamental_is_found_to_a_thousandth(rate):
    x = 3.0 * np.cos(2 * np.pi * 50.3 / rate * np.arange(round(0.1 * rate)) + 1.0)
    found = fit_fundamental(x, 0, None)
    assert found.amplitude == pytest.approx(3.0, rel=1e-3)
    assert found.pace * rate / 2 / np.pi == pytest.approx(50.3, abs=0.01)
    assert np.max(np.abs(found.at(0, x.size) - x)) < 0.01


def test_fundamental_of_nothing_is_none():
    assert fit_fundamental(np.zeros(2000), 0, None) is None


@pytest.mark.parametrize("start", np.arange(0, 1 / 60, 1 / 600))
@pytest.mark.parametrize("half_cycles", [1, 2, 3.3])
def test_outage_is_measured_through_its_zero_crossings(start, half_cycles):
    t, length = times(), half_cycles / 120
    begin = 0.4003 + start
    wave = np.where((t >= begin) & (t < begin + length), 0.0, sine(t))
    reading = read(wave)
    low = reading.levels[LOW]
    truth = 1e3 * length
    assert holds(low, truth)
    blind = 1e3 * 2 * math.asin(0.1) / (2 * math.pi * 60)
    assert ms(low.value.value) == pytest.approx(truth, abs=blind + 0.1)
    assert ms(low.possible[0.0].outer) <= truth + 2 * blind + 0.2
    assert low.value.found == 1
    assert low.value.extreme == pytest.approx(0.0, abs=0.02)
    assert reading.levels[HIGH].possible[0.0].found == 0


@pytest.mark.parametrize("residual", [0.0, 0.3, 0.6, 0.66])
def test_dip_of_many_cycles_is_one_event(residual):
    t = times()
    wave = np.where((t >= 0.41) & (t < 0.49), residual, 1.0) * sine(t, phase=0.7)
    low = read(wave).levels[LOW]
    assert low.value.found == 1
    assert ms(low.value.value) == pytest.approx(80.0, abs=0.7)
    assert holds(low, 80.0)


def test_dip_that_is_not_deep_enough_is_none():
    t = times()
    wave = np.where((t >= 0.41) & (t < 0.49), 0.72, 1.0) * sine(t)
    low = read(wave).levels[LOW]
    assert low.value.found == low.sure[0.0].found == 0
    assert low.possible[0.05].found == 1


@pytest.mark.parametrize("angle", [0, 10, 45, 90, 170])
@pytest.mark.parametrize("length", [0.5e-3, 1.5e-3])
def test_spike_to_two_per_unit_lasts_as_long_as_it_does(angle, length):
    t = times()
    begin = round((0.4 + angle / 360 / 60) * RATE) / RATE - 1e-9
    wave = np.where((t >= begin) & (t < begin + length), 2.0, sine(t))
    top = read(wave).levels[TOP]
    assert top.value.found == 1
    assert ms(top.value.value) == pytest.approx(1e3 * length, abs=0.06)
    assert ms(top.sure[0.0].inner) == pytest.approx(1e3 * length, abs=0.06)
    assert holds(top, 1e3 * length)
    assert ms(top.possible[0.0].outer) <= 1e3 * length + 0.11


@pytest.mark.parametrize("swell", [1.3, 1.5, 2.5])
def test_swell_is_one_event(swell):
    t = times()
    wave = np.where((t >= 0.41) & (t < 0.46), swell, 1.0) * sine(t, phase=0.2)
    reading = read(wave)
    assert reading.levels[HIGH].value.found == 1
    assert ms(reading.levels[HIGH].value.value) == pytest.approx(50.0, abs=0.7)
    assert ms(reading.levels[HIGH].sure[0.0].inner) >= 48.0
    assert reading.levels[TOP].value.found == (1 if swell > 1.4 else 0)


@pytest.mark.parametrize("jump", [10, 30, 60])
def test_jump_of_phase_is_never_surely_an_event_of_a_high_level(jump):
    t = times()
    wave = np.where(t < 0.4567, sine(t), sine(t, phase=math.radians(jump)))
    reading = read(wave)
    assert reading.levels[HIGH].sure[0.0].found == reading.levels[TOP].sure[0.0].found == 0
    assert ms(reading.levels[LOW].sure[0.0].inner) < 6.0
    assert reading.unjudged == 0.0


def test_long_outage_is_cut_where_the_fundamental_is_no_longer_known():
    t = times(4.0)
    wave = np.where((t >= 1.0) & (t < 3.0), 0.0, sine(t))
    reading = read(wave)
    assert reading.levels[LOW].value.cut
    assert ms(reading.levels[LOW].value.value) > 900.0
    assert 0.5 < reading.unjudged < 1.3


def test_long_dip_is_followed_through():
    t = times(6.0)
    wave = np.where((t >= 1.0) & (t < 5.0), 0.6, 1.0) * sine(t, 60.3)
    reading = read(wave)
    assert ms(reading.levels[LOW].value.value) == pytest.approx(4000.0, abs=0.7)
    assert reading.unjudged == 0.0
    assert reading.levels[HIGH].possible[0.0].found == 0


def test_record_without_a_sine_is_not_judged():
    assert read(np.zeros(20_000)).unjudged == pytest.approx(1.0)
    assert read(np.random.default_rng(1).normal(size=20_000)).unjudged == pytest.approx(1.0)


def test_event_at_the_end_is_cut():
    t = times(0.95)
    wave = np.where(t >= 0.93, 0.0, sine(t))
    assert read(wave).levels[LOW].value.cut


def test_distortion_does_not_split_what_is_possible():
    t = times()
    wave = np.where((t >= 0.41) & (t < 0.46), 0.62, 1.0) * sine(t) + 0.05 * sine(t, 300) + 0.03 * sine(t, 420)
    reading = read(wave)
    assert ms(reading.levels[LOW].possible[0.05].outer) >= 50.0
    assert 0.05 < reading.residual < 0.1


@settings(max_examples=20, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 11_999), max_size=12),
    begin=st.floats(0.12, 0.5),
    length=st.floats(1e-4, 0.3),
    level=st.sampled_from([0.0, 0.5, 1.5, 2.2]),
    gap=st.sampled_from([0.0, 0.01]),
)
def test_reading_has_the_same_bits_wherever_blocks_are_cut(cuts, begin, length, level, gap):
    t = times(0.6)
    wave = np.where((t >= begin) & (t < begin + length), level, 1.0) * sine(t)
    wave += 0.01 * np.random.default_rng(3).normal(size=t.size)
    assert read(wave, cuts=cuts, gap=gap) == read(wave, gap=gap)


@settings(max_examples=30, deadline=None)
@given(
    begin=st.floats(0.25, 0.45),
    length=st.floats(1e-3, 0.15),
    residual=st.floats(0.0, 0.6),
    frequency=st.sampled_from([49.5, 50.0, 60.0, 60.5]),
    rate=st.sampled_from([7678.48, 20_000.0]),
)
def test_true_duration_of_a_random_dip_lies_between_sure_and_possible(begin, length, residual, frequency, rate):
    t = times(0.8, rate)
    inside = (t >= begin) & (t < begin + length)
    reading = read(np.where(inside, residual, 1.0) * sine(t, frequency), rate=rate)
    low = reading.levels[LOW]
    assert ms(low.sure[0.02].inner, rate) <= 1e3 * length
    if low.value.found:
        assert ms(low.possible[0.02].outer, rate) >= 1e3 * length


@pytest.mark.parametrize("jump", [-35, -17, 17, 35])
@pytest.mark.parametrize("residual", [0.3, 0.6, 0.65])
def test_dip_with_a_jump_of_phase_is_one_event(jump, residual):
    t = times()
    inside = (t >= 0.41) & (t < 0.46)
    wave = np.where(inside, residual, 1.0) * np.sin(2 * np.pi * 60 * t + np.where(inside, math.radians(jump), 0.0))
    low = read(wave).levels[LOW]
    assert low.value.found == 1
    assert holds(low, 50.0)
    assert ms(low.sure[0.0].inner) > 40.0


def test_two_outages_with_a_crest_between_are_two_events():
    t = times()
    wave = np.where(((t >= 0.4) & (t < 0.41)) | ((t >= 0.42) & (t < 0.43)), 0.0, sine(t))
    assert read(wave).levels[LOW].possible[0.0].found == 2
