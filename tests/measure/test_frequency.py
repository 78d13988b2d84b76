"""Phase and frequency of a fundamental: closed forms, noise, interruptions; bits do not depend on block cuts."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block
from slacheck.measure.frequency import FrequencyTransform, frequency_uncertainty
from slacheck.measure.phase import PhaseTrack, phase_noise

RATE = 5000.0


def times(seconds):
    return np.arange(round(seconds * RATE)) / RATE


def blocks(samples, cuts=()):
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < samples.size}), samples.size]
    return [Block(samples[np.newaxis, a:b], 0, a, a / RATE, 1 / RATE) for a, b in itertools.pairwise(edges)]


def frequency(samples, window=0.5, step=0.02, cuts=()):
    """Times and frequencies."""
    transform = FrequencyTransform(50.0, window, step, 1 / RATE)
    made = [out for block in blocks(samples, cuts) for out in transform.push(block)]
    stamps = [block.first_time + np.arange(block.samples.shape[1]) * block.interval for block in made]
    return np.concatenate(stamps), np.concatenate([block.samples[0] for block in made])


@pytest.mark.parametrize("actual", [42.6, 47.3, 49.9, 50.0, 52.1, 57.5])
@pytest.mark.parametrize(("window", "bound"), [(0.2, 4e-3), (0.5, 1e-3), (10.0, 2e-4)])
def test_frequency_with_harmonics_and_offset_is_that_of_the_fundamental(actual, window, bound):
    t = times(12)
    harmonics = sum(0.1 * np.cos(2 * np.pi * order * actual * t + order) for order in (2, 3, 5, 7))
    _, found = frequency(np.cos(2 * np.pi * actual * t + 0.3) + harmonics + 0.02, window)
    # four harmonics of 0.1 at both ends, each suppressed to 1e-3 within 5 %, and to 1.2e-2 within 15 % of nominal
    share = 1e-3 if abs(actual / 50 - 1) <= 0.06 else 1.2e-2
    assert np.max(np.abs(found - actual)) < min(bound, 8 * 0.1 * share / (2 * math.pi * (window - 0.08)))


def test_frequency_of_vector_rf3_is_59_point_9_over_ten_seconds():
    transform = FrequencyTransform(60.0, 10.0, 1.0, 1 / RATE)
    (block,) = transform.push(blocks(np.cos(2 * np.pi * 59.9 * times(11)))[0])
    assert np.max(np.abs(block.samples - 59.9)) < 1e-6


def test_frequency_that_ramps_is_that_of_the_middle_of_the_window():
    t = times(10)
    stamps, found = frequency(np.cos(2 * np.pi * (50 * t - 0.25 * t * t)))
    # the phase of a window of 80 ms on a ramp of 0.5 Hz/s: cubic terms are below 1e-4 rad
    assert np.max(np.abs(found - (50 - 0.5 * (stamps - 0.25)))) < 5e-5


@pytest.mark.parametrize("window", [0.1, 0.2, 0.5])
def test_frequency_noise_is_what_is_stated(window):
    rng = np.random.default_rng(4)
    t = times(60)
    _, found = frequency(np.cos(2 * np.pi * 50.1 * t) + 0.01 * rng.normal(size=t.size), window, step=window)
    stated = frequency_uncertainty(0.01, 50.0, window, 1 / RATE)
    # the spread of n values has a relative standard deviation of 1 / sqrt(2 n)
    assert abs(np.std(found) / stated - 1) < 4 / math.sqrt(2 * found.size)


def test_phase_noise_is_what_is_stated():
    rng = np.random.default_rng(5)
    t = times(60)
    (ticks,) = PhaseTrack(50.0, 1 / RATE).push(blocks(np.cos(2 * np.pi * 50 * t) + 0.02 * rng.normal(size=t.size))[0])
    stated = phase_noise(0.02, 400)
    independent = ticks.phases[::4]
    assert abs(np.std(independent) / stated - 1) < 4 / math.sqrt(2 * independent.size)
    assert np.mean(ticks.amplitudes) == pytest.approx(1.0, abs=1e-3)


def test_phase_step_shows_whole_after_a_window():
    t = times(4)
    samples = np.cos(2 * np.pi * 50 * t + np.where(t >= 2, math.radians(15), 0.0))
    (ticks,) = PhaseTrack(50.0, 1 / RATE).push(blocks(samples)[0])
    assert math.degrees(ticks.phases[-1] - ticks.phases[0]) == pytest.approx(15, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 29_999), max_size=10), hole=st.integers(0, 29_000))
def test_frequency_bits_ignore_cuts_and_nothing_is_made_up_in_an_interruption(cuts, hole):
    t = times(6)
    samples = np.cos(2 * np.pi * 49.7 * t) + 0.01 * np.random.default_rng(1).normal(size=t.size)
    samples[hole : hole + 1000] = 0.0
    whole, cut = frequency(samples, 0.2), frequency(samples, 0.2, cuts=cuts)
    np.testing.assert_array_equal(whole[1], cut[1])
    np.testing.assert_allclose(whole[0], cut[0], rtol=1e-14)


def test_interruption_is_counted_and_splits_the_stream():
    samples = np.cos(2 * np.pi * 50 * times(8))
    samples[20_000:30_000] = 0.0
    transform = FrequencyTransform(50.0, 0.5, 0.02, 1 / RATE)
    first, second = transform.push(blocks(samples)[0])
    assert first.segment != second.segment
    assert first.start + first.samples.shape[1] <= 4.04 / 0.02
    assert second.start >= 6.4 / 0.02
    assert transform.lost[1] == pytest.approx(2.0, abs=0.06)


def dipped(depth, actual=50.0, angle=0.0, seconds=8.0):
    """A dip to `depth` from 3 s to 3.2 s, at whatever angle."""
    t = times(seconds)
    level = np.where((t >= 3.0) & (t < 3.2), depth, 1.0)
    return level * np.cos(2 * np.pi * actual * t + angle)


@pytest.mark.parametrize("depth", [0.0, 0.3, 0.7, 0.88, 0.95, 0.99])
@pytest.mark.parametrize("window", [0.04, 0.06, 0.1, 0.2, 1.0])
@pytest.mark.parametrize("actual", [48.5, 50.0, 50.4])
def test_dip_is_no_swing_of_the_frequency(depth, window, actual):
    for angle in np.linspace(0, np.pi, 7):
        transform = FrequencyTransform(50.0, window, 0.01, 1 / RATE)
        found = [out.samples[0] for out in transform.push(blocks(dipped(depth, actual, angle))[0])]
        assert np.max(np.abs(np.concatenate(found) - actual)) <= transform.flaw + 1e-11
        if depth < 0.85 and window <= 0.2:
            assert transform.lost[0] > 0.05


@pytest.mark.parametrize("angle", [8.0, -30.0, 120.0])
def test_values_across_a_jump_of_the_phase_are_left_out(angle):
    t = times(6)
    samples = np.cos(2 * np.pi * 50.1 * t + np.where(t >= 3, math.radians(angle), 0.0))
    stamps, found = frequency(samples, 0.2)
    assert np.max(np.abs(found - 50.1)) < 2e-3
    assert not np.any((stamps > 3.03) & (stamps < 3.17))


def test_step_of_the_frequency_is_kept():
    t = times(6)
    samples = np.cos(2 * np.pi * (50 * t - 1.0 * np.maximum(t - 3, 0)))
    transform = FrequencyTransform(50.0, 0.2, 0.02, 1 / RATE)
    (block,) = transform.push(blocks(samples)[0])
    assert block.samples[0, -1] == pytest.approx(49.0, abs=1e-3)
    assert transform.lost == (0.0, 0.0)


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 39_999), max_size=10))
def test_what_is_left_out_and_its_bound_ignore_cuts(cuts):
    def fed(samples, cuts):
        transform = FrequencyTransform(50.0, 0.2, 0.05, 1 / RATE)
        rows = [out.samples[0] for block in blocks(samples, cuts) for out in transform.push(block)]
        return np.concatenate(rows).tolist(), transform.lost, transform.flaw

    samples = dipped(0.6, 49.8) + 0.04 * np.sin(2 * np.pi * 3 * times(8)) * np.cos(2 * np.pi * 49.8 * times(8))
    assert fed(samples, cuts) == fed(samples, ())
