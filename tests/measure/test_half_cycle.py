"""half_cycle: windows in step with the fundamental, against closed forms and a plain integral."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure.half_cycle import HalfCycleRms
from tests.measure.streams import blocks, cuts, segments

PER_CYCLE = 256


def values(samples, interval, frequency=50.0, stream=None):
    """The meter after a record of 1 V rated, and what it gave: times and rms, NaN at a break."""
    meter = HalfCycleRms(interval, frequency, 1.0)
    found = [value for block in stream or blocks(samples, interval) for value in meter.push(block)]
    found += meter.close()
    return meter, np.array(found).reshape(-1, 2)


def record(cycles, frequency=50.0, nominal=50.0, level=lambda times: 1.0, phase=0.0):
    """A sine of 1 V rms times a level."""
    interval = 1.0 / nominal / PER_CYCLE
    times = np.arange(round(cycles / frequency / interval)) * interval
    return times, interval, level(times) * math.sqrt(2.0) * np.sin(2.0 * math.pi * frequency * times + phase)


def between(start, end, inside):
    return lambda times: np.where((times > start - 1e-9) & (times < end - 1e-9), inside, 1.0)


def test_steady_sine_gives_a_value_each_half_cycle_at_its_zero_crossings():
    _, interval, wave = record(40)
    meter, found = values(wave, interval)
    times, rms = found[:-1].T
    assert np.allclose(times, 0.02 + 0.01 * np.arange(times.size), atol=1e-9)
    assert np.allclose(rms, 1.0, atol=math.pi / 4 / PER_CYCLE**2)
    assert times[-1] > 0.8 - 0.01 - interval
    assert math.isnan(found[-1, 1])
    assert meter.slowest == pytest.approx(50.0, abs=1e-6)


@pytest.mark.parametrize("frequency", [43.0, 47.5, 50.13, 52.0, 57.0])
def test_off_nominal_frequency_is_followed(frequency):
    _, interval, wave = record(60, frequency)
    meter, found = values(wave, interval)
    times, rms = found[:-1].T
    assert np.allclose(np.diff(times), 0.5 / frequency, rtol=2.0 * meter.wander + 1e-3)
    # the error that the meter states: half the wander, and the sum over samples
    assert np.max(np.abs(rms - 1.0)) <= meter.wander / 2.0 + math.pi / 4 / (PER_CYCLE * 50 / 57) ** 2
    assert meter.wander < 2e-3


@pytest.mark.parametrize(("inside", "half_cycles"), [(0.5, 12), (0.85, 12), (0.0, 2), (0.0, 1), (1.4, 7)])
def test_aligned_dip_gives_the_values_of_the_definition(inside, half_cycles):
    _, interval, wave = record(60, level=between(0.4, 0.4 + 0.01 * half_cycles, inside))
    meter, found = values(wave, interval)
    rms = found[:-1, 1]
    first = round((0.4 - 0.02) / 0.01) + 1  # the value that ends half a cycle after the dip begins
    mixed = math.sqrt((1.0 + inside**2) / 2.0)
    expected = np.ones(rms.size)
    expected[first] = expected[first + half_cycles] = mixed
    expected[first + 1 : first + half_cycles] = inside
    assert np.max(np.abs(rms - expected)) <= meter.wander / 2.0 * max(1.0, inside) + 2e-4  # 0.3 mrad of phase


def test_phase_is_carried_through_an_interruption():
    times, interval, wave = record(200, 50.2, level=between(1.0, 1.4, 0.0))
    _, found = values(wave, interval)
    places = found[:-1, 0] * 2.0 * 50.2
    assert np.max(np.abs(places - np.rint(places))) < 0.02  # of a half cycle
    assert times[-1] > 3.0


@pytest.mark.parametrize(("back", "wander"), [(1.3, 0.02), (1.6, 0.0)], ids=["carried", "given up"])
def test_frequency_that_changed_during_an_interruption_is_found_again(back, wander):
    interval = 1.0 / 50.0 / PER_CYCLE
    times = np.arange(200 * PER_CYCLE) * interval
    wave = math.sqrt(2.0) * np.where(
        times < 1.0, np.sin(2 * np.pi * 50 * times), np.where(times < back, 0.0, np.sin(2 * np.pi * 51 * times))
    )
    meter, found = values(wave, interval)
    late = found[:-1][found[:-1, 0] > back + 0.1]
    assert np.allclose(np.diff(late[:, 0]), 0.5 / 51.0, rtol=1e-3)
    assert np.allclose(late[:, 1], 1.0, atol=1e-3)
    assert meter.wander == pytest.approx(wander, abs=0.002)
    early = found[:-1][(found[:-1, 0] > back + 0.021) & (found[:-1, 0] < back + 0.1), 1]
    assert np.max(np.abs(early - 1.0)) <= meter.wander / 2.0 + 1e-3
    assert np.max(np.diff(found[:-1, 0])) < 0.016  # never more than one and a half half cycles apart


def test_jump_of_phase_never_shortens_a_window():
    interval = 1.0 / 50.0 / PER_CYCLE
    times = np.arange(100 * PER_CYCLE) * interval
    for jump in (0.3, 1.05, 1.6, math.pi):
        wave = math.sqrt(2.0) * np.sin(2 * np.pi * 50 * times + jump * (times > 1.0))
        meter, found = values(wave, interval)
        # a window holds two pieces of sine that together miss or have up to a quarter turn too much
        assert np.max(np.abs(found[:-1, 1] - 1.0)) < 0.27 if jump not in (math.pi,) else 0.01
        assert np.min(np.diff(found[:-1, 0])) > 0.0049
        assert meter.unlocked == 0.0


def test_dead_line_has_values_without_a_fundamental():
    interval = 1.0 / 50.0 / PER_CYCLE
    noise = np.random.default_rng(1).normal(0.0, 1e-3, 100 * PER_CYCLE)
    meter, found = values(noise, interval)
    assert np.allclose(np.diff(found[:-1, 0]), 0.01)
    assert np.all(found[:-1, 1] < 1.2e-3)
    assert meter.unlocked == 0.0


def test_line_that_is_switched_on_has_values_throughout():
    _, interval, wave = record(200, level=lambda times: np.where(times < 1.234, 0.0, 1.0))
    meter, found = values(wave, interval)
    assert meter.unlocked == 0.0
    assert np.max(np.diff(found[:-1, 0])) < 0.016
    assert np.sum(np.isnan(found[:, 1])) == 1


@pytest.mark.parametrize(
    "wave",
    [
        np.full(100 * PER_CYCLE, 1.0),
        np.random.default_rng(2).normal(0.0, 1.0, 100 * PER_CYCLE),
        record(100, 60.0)[2],
        record(100, 40.0)[2],
    ],
    ids=["direct", "noise", "60 Hz", "40 Hz"],
)
def test_voltage_without_a_fundamental_near_nominal_has_no_value(wave):
    interval = 1.0 / 50.0 / PER_CYCLE
    meter, found = values(wave, interval)
    assert found.size == 0
    assert meter.unlocked == pytest.approx(wave.size * interval, rel=1e-3)


def test_fundamental_that_goes_away_leaves_a_break():
    interval = 1.0 / 50.0 / PER_CYCLE
    times = np.arange(200 * PER_CYCLE) * interval
    wave = np.where((times > 1.0) & (times < 3.0), 1.0, math.sqrt(2.0) * np.sin(2 * np.pi * 50 * times))
    meter, found = values(wave, interval)
    assert np.sum(np.isnan(found[:, 1])) == 2
    assert 1.0 < meter.unlocked < 2.0
    assert np.all((found[:, 0] < 1.6) | (found[:, 0] > 2.4))


def test_gap_ends_a_run_and_the_next_begins_a_cycle_after_it():
    _, interval, wave = record(60)
    gap = (20 * PER_CYCLE + 17, 25 * PER_CYCLE)
    _, found = values(wave, interval, stream=segments(wave, interval, [gap]))
    breaks = np.flatnonzero(np.isnan(found[:, 1]))
    assert breaks.size == 2
    assert found[breaks[0], 0] == pytest.approx(0.4, abs=1e-4)
    assert found[breaks[0] + 1, 0] == pytest.approx(0.52, abs=1e-4)


@settings(max_examples=15, deadline=None)
@given(cuts(80 * 64), st.sampled_from([0.0, 0.4, 1.2]))
def test_values_do_not_depend_on_where_blocks_are_cut(where, inside):
    interval = 1.0 / 50.0 / 64
    times = np.arange(80 * 64) * interval
    wave = between(0.5, 1.1, inside)(times) * np.sin(2 * np.pi * 50.3 * times + 0.4)
    wave += np.random.default_rng(3).normal(0.0, 0.01, wave.size)
    _, whole = values(wave, interval)
    _, cut = values(wave, interval, stream=blocks(wave, interval, where))
    assert np.array_equal(whole, cut, equal_nan=True)


def test_memory_does_not_grow_with_the_record():
    _, interval, wave = record(400, level=between(1.0, 7.0, 0.0))
    meter = HalfCycleRms(interval, 50.0, 1.0)
    held = []
    for block in blocks(wave, interval, range(1000, wave.size, 1000)):
        list(meter.push(block))
        held.append(meter._held.size)
    assert max(held) < 40 * PER_CYCLE
