"""Crossings, exits and extremes with the interval that holds them."""

import numpy as np
import pytest

from slacheck.measure.levels import Level
from slacheck.measure.smoothing import Smoothed
from slacheck.measure.step import UprightStep
from slacheck.measure.transition import Bracket, departure, first_crossing, larger, largest, last_exit

TIMES = np.arange(11, dtype=float)


def line(*heights, allowance=0.0, times=TIMES):
    centre = np.array(heights, dtype=float)
    return Smoothed(times[: centre.size], centre, np.full(centre.size, allowance), 1.75)


RISE = line(0, 0, 0, 1, 2, 3, 4, 4, 4, 4, 4)


def test_crossing_is_interpolated():
    assert first_crossing(RISE, 1.5, 0.0, 0.0, 10.0) == Bracket(3.5, 3.5, 3.5)


def test_crossing_interval_is_that_of_the_level_moved_by_its_uncertainty():
    assert first_crossing(RISE, 1.5, 0.5, 0.0, 10.0) == Bracket(3.5, 3.0, 4.0)
    noisy = line(0, 0, 0, 1, 2, 3, 4, 4, 4, 4, 4, allowance=0.25)
    assert first_crossing(noisy, 1.5, 0.25, 0.0, 10.0) == Bracket(3.5, 3.0, 4.0)


def test_crossing_that_may_not_have_happened_has_no_high_end():
    assert first_crossing(RISE, 3.9, 0.5, 0.0, 10.0) == Bracket(pytest.approx(5.9), pytest.approx(5.4), None)
    assert first_crossing(RISE, 4.5, 0.0, 0.0, 10.0) is None


def test_crossing_already_past_is_at_the_start():
    assert first_crossing(RISE, 1.0, 0.0, 5.0, 10.0) == Bracket(5.0, 5.0, 5.0)


def test_crossing_of_a_spike_only_moves_the_low_end():
    spiky = line(0, 0, 5, 0, 0, 1, 2, 3, 4, 4, 4)
    assert first_crossing(spiky, 1.5, 0.0, 0.0, 10.0) == Bracket(5.5, pytest.approx(1.3), 5.5)


def test_crossing_in_a_gap_is_anywhere_in_it():
    times = np.array([0.0, 1.0, 2.0, 5.0, 6.0, 7.0])
    gappy = line(0, 0, 0, 3, 3, 3, times=times)
    assert first_crossing(gappy, 1.0, 0.0, 0.0, 7.0) == Bracket(3.0, 2.0, 5.0)


def test_last_exit_is_the_last_and_is_interpolated_to_the_border():
    ringing = line(0, 4, 1, 3, 1.6, 2.0, 2.1, 2, 2, 2, 2)
    assert last_exit(ringing, 2.0, 0.2, 0.0, (0.0, 10.0)).value == pytest.approx(4.5)


def test_last_exit_border_is_inside():
    assert last_exit(line(5, 5, 2.5, 2.5, 2.5), 2.0, 0.5, 0.0, (0.0, 4.0)).value == 2.0


def test_last_exit_interval_is_that_of_the_band_moved_by_its_uncertainty():
    falling = line(8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0)
    assert last_exit(falling, 0.0, 2.0, 0.5, (0.0, 10.0)) == Bracket(6.0, 5.5, 6.5)


def test_last_exit_of_what_never_leaves_is_the_start_and_of_what_stays_out_the_end():
    assert last_exit(RISE, 4.0, 9.0, 0.0, (1.0, 10.0)) == Bracket(1.0, 1.0, 1.0)
    assert last_exit(RISE, 0.0, 1.0, 0.0, (1.0, 10.0)) == Bracket(10.0, 10.0, None)


def test_last_exit_may_hide_in_a_gap():
    times = np.array([0.0, 1.0, 2.0, 5.0, 6.0, 7.0])
    assert last_exit(line(0, 3, 3, 3, 3, 3, times=times), 3.0, 0.5, 0.0, (0.0, 7.0)).high == 5.0


def test_largest_of_a_cusp_may_be_one_sample_of_its_decay_higher():
    decay = np.exp(-np.arange(8) / 3.0)
    found = largest(line(0, 0, *decay), 0.0, 10.0)
    assert (found.time, found.bracket.value) == (2.0, 1.0)
    assert found.sampling == pytest.approx(np.exp(1.0 / 3.0) - 1.0)


def test_largest_of_a_single_sample_is_not_resolved():
    assert largest(line(0, 0, 5, 0, 0), 0.0, 4.0).sampling == 5.0


def test_largest_without_samples_is_nothing():
    assert largest(RISE, 20.0, 30.0) is None
    assert larger(None, None) is None


def test_larger_holds_the_largest_of_both():
    low, high = largest(line(0, 1, 0, allowance=1.0), 0.0, 2.0), largest(line(0, 1.5, 0), 0.0, 2.0)
    assert larger(low, high).bracket == Bracket(1.5, 1.5, 2.0)


def test_departure_is_the_last_moment_near_the_level():
    assert departure(RISE, 4.0, 5.0) == 2.0
    assert departure(line(1, 2, 3), 3.0, 2.0) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_upright_step_reads_the_same_up_and_down(sign):
    heights = sign * np.array([0, 0, -0.5, 2, 5, 4, 4, 4.0])
    step = UprightStep(line(*heights), Level(0.0), Level(sign * 4.0), 2.0)
    assert (step.sign, step.height) == (sign, 4.0)
    assert step.crossing(0.5, 0.0, 7.0).value == 3.0
    assert step.excess(3.0, 7.0)[0].bracket.value == 5.0
    assert step.wrong_way(0.0, 7.0)[0].bracket.value == 0.5
    assert step.exit(0.5, 0.0, 0.0, 7.0).value == 4.5
    assert step.starts_above(0.5, 4.0)
    assert not step.starts_above(0.5, 2.0)
