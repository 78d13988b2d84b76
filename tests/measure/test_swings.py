"""Phase jumps and short swings: closed forms, what is no jump, thresholds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.measure.swings import (
    CLEAR,
    DISTURBED,
    DOUBTFUL,
    Disturbance,
    Thresholds,
    amplitude_steps,
    classes,
    phase_jumps,
    without_swings,
)

TICK = 0.02


def phases(frequency, count=60, jump=0.0, at=30):
    """Phases of a frequency less the nominal one, a value a tick, with a jump between two ticks."""
    turns = 2 * math.pi * TICK * np.array([frequency(k * TICK) for k in range(count)])
    return np.cumsum(turns) + np.where(np.arange(count) >= at, jump, 0.0)


@pytest.mark.parametrize("jump", [-0.3, 0.05, 1.5])
@pytest.mark.parametrize("rate", [0.0, 5.0, -5.0])
def test_jump_shows_whole_if_the_frequency_runs_straight(jump, rate):
    least, straight = phase_jumps(phases(lambda t: rate * t, jump=jump))
    assert straight[29] == pytest.approx(jump, rel=1e-9)
    if rate == 0.0:
        assert np.max(np.abs(least)) == pytest.approx(abs(jump), rel=1e-9)


@pytest.mark.parametrize("frequency", [lambda t: 3 * t, lambda t: 1.0 * (t > 0.6)], ids=["ramp", "step"])
def test_frequency_that_runs_or_steps_one_way_is_no_jump(frequency):
    least, _ = phase_jumps(phases(frequency))
    assert np.max(np.abs(least)) < 1e-12


def test_jump_is_found_within_two_ticks_and_nothing_near_the_ends():
    least, straight = phase_jumps(phases(lambda t: 0.0, jump=0.2))
    assert np.flatnonzero(np.abs(least) > 0.1).tolist() == [27, 28, 29, 30, 31]
    assert np.all(straight[:3] == 0)
    assert np.all(straight[-4:] == 0)


def test_too_few_phases_have_no_jump():
    least, straight = phase_jumps(np.arange(7.0))
    assert least.tolist() == straight.tolist() == [0.0] * 7


def test_amplitude_step_is_of_the_larger_and_between_four_ticks():
    steps = amplitude_steps(np.array([1.0] * 6 + [0.5] * 6))
    assert steps.tolist() == [0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0]
    assert np.all(amplitude_steps(np.zeros(9)) == 0)


@pytest.mark.parametrize(
    ("least", "straight", "step", "found"),
    [
        (0.0, 0.0, 0.0, CLEAR),
        (0.79, 0.79, 0.099, CLEAR),
        (0.81, 0.81, 0.0, DOUBTFUL),
        (-1.19, -1.19, 0.0, DOUBTFUL),
        (0.39, 2.0, 0.0, CLEAR),
        (0.41, 0.81, 0.0, DOUBTFUL),
        (1.21, 1.21, 0.0, DISTURBED),
        (0.0, 0.0, 0.1, DISTURBED),
    ],
)
def test_classes_leave_a_fifth_of_the_threshold_in_doubt(least, straight, step, found):
    thresholds = Thresholds(0.1, 0.1)
    angles = (np.array([least * 0.1]), np.array([straight * 0.1]))
    assert classes(angles, np.array([step]), thresholds).tolist() == [found]


def test_without_swings_takes_off_what_is_short_and_keeps_what_runs_one_way():
    values = np.concatenate((np.zeros(10), np.ones(3), np.zeros(10), np.linspace(0, 1, 11), np.ones(10)))
    drawn = without_swings(values, 3)
    expected = values.copy()
    expected[10:13] = 0.0
    np.testing.assert_array_equal(drawn, expected[3:-3])


def test_disturbance_in_two_looks_is_one_as_large_as_in_the_better():
    first, later = Disturbance(1.0, 1.02, 0.1, 0.0, True, 0.1), Disturbance(1.04, 1.1, -0.3, 0.2, False, 0.4)
    assert first.with_more(later) == Disturbance(1.0, 1.1, -0.3, 0.2, True, 0.4)
    assert first.with_more(later).time == pytest.approx(1.05)
