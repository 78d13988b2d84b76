"""Lines in windows: requirements.md FO1, FO2, what holds over windows, cuts and gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from slacheck.measure.oscillation import (
    LineSearch,
    OscillationMeter,
    detection_threshold,
    floor_beside,
    lines_in,
    median_multiple,
    per_bin,
    window_lines,
    window_powers,
)
from slacheck.measure.spectrum import taper
from tests.measure.streams import blocks, cuts, feed, segments

DT = 0.05
TIMES = np.arange(0.0, 300.0, DT)
SEARCH = LineSearch(0.5, 5.0, 40.0, 1e-3, 3)
NOISE = np.random.default_rng(7).normal(0.0, 0.1, TIMES.size)


def tone(rms=1.0, frequency=1.0, start=0.0, end=300.0):
    return math.sqrt(2) * rms * np.sin(2 * math.pi * frequency * TIMES) * ((start <= TIMES) & (end > TIMES))


def read(samples, search=SEARCH, gaps=()):
    return feed(OscillationMeter(DT, search), segments(samples, DT, gaps))


@pytest.mark.parametrize(("false_alarm", "bins", "threshold"), [(1e-3, 1000, 13.8150), (1e-2, 500, 10.8148)])
def test_threshold_over_a_known_floor_fo1(false_alarm, bins, threshold):
    assert detection_threshold(false_alarm, bins) == pytest.approx(threshold, abs=5e-5)


def test_white_noise_gives_no_more_false_alarms_than_asked_for_fo2():
    noise = np.random.default_rng(1).normal(size=(1000, 1024))
    found = sum(bool(window_lines(window_powers(x), (20, 500), 1e-3).detected.any()) for x in noise)
    assert found <= 3  # Poisson 95 % of an expected 1


def test_multiple_of_a_measured_median_nears_that_of_a_known_one():
    probability = per_bin(1e-3, 1000)
    multiples = [median_multiple(probability, count) * math.log(2) for count in (16, 48, 1000, 100000)]
    assert multiples == sorted(multiples, reverse=True)
    assert multiples[-1] == pytest.approx(-math.log(probability), rel=1e-3)
    assert math.isinf(median_multiple(probability, 1))


def test_multiple_of_a_measured_median_is_exceeded_with_its_probability():
    powers = np.random.default_rng(2).exponential(size=(200_000, 17))
    ranked = np.sort(powers[:, 1:], axis=1)
    share = np.mean(powers[:, 0] > median_multiple(0.01, 16) * ranked[:, 7])
    assert share == pytest.approx(0.01, abs=4 * math.sqrt(0.01 / 200_000))


def test_floor_is_the_larger_median_of_both_sides():
    powers = np.random.default_rng(3).exponential(size=400)
    floor, counts = floor_beside(powers)
    for k in (60, 121, 300):
        left, right = powers[k - 4 : 1 : -2][:24], powers[k + 4 :: 2][:24]
        assert floor[k] == max(np.median(left), np.median(right))
        assert counts[k] == left.size + right.size
    k = 20
    assert floor[k] == max(np.median(powers[2:17:2]), np.median(powers[24:71:2]))
    assert counts[k] == 8 + 24


@pytest.mark.parametrize("drift", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("place", [300.0, 300.25, 300.5])
def test_five_bins_hold_a_line_that_drifts_by_a_bin_from_window_to_window(drift, place):
    t = np.arange(4000) / 4000 - 0.5
    line = math.sqrt(2) * np.cos(2 * math.pi * (place * t + drift * t * t / 2) + 1.0)
    powers = window_powers(line)
    k = int(np.argmax(powers))
    assert 0.99 <= math.sqrt(powers[k - 2 : k + 3].sum()) <= 1.0 + 1e-9


def test_independence_of_every_other_bin_of_the_taper():
    weights = taper("hann", 64)
    transform = np.abs(np.fft.fft(weights * weights)) / np.sum(weights * weights)
    assert transform[1] ** 2 == pytest.approx(4 / 9)
    assert transform[2] ** 2 == pytest.approx(1 / 36)


def test_line_is_held_with_its_rms_value_and_bounds():
    found = read(NOISE + tone())
    assert found.held.value == pytest.approx(1.0, rel=0.01)
    assert found.low <= 1.0 <= found.high
    assert found.high - found.low < 0.08
    assert (found.held.frequency, found.held.windows) == (1.0, found.windows)
    assert (found.windows, found.possible, found.bins) == (14, 14, 181)


def test_noise_alone_bounds_what_it_could_hide():
    found = read(NOISE)
    assert found.held.value == found.low == 0.0
    hidden = 0.9 * found.high
    assert 0.0 < found.high < 0.05
    assert read(NOISE + tone(hidden)).high >= hidden


@pytest.mark.parametrize(("end", "confirmed"), [(119.0, False), (180.0, True)])
def test_line_counts_once_it_stands_out_in_three_windows(end, confirmed):
    held = read(NOISE + tone(0.05, start=100.0, end=end)).held  # weak: it must nearly fill a window to stand out
    assert (held.value > 0.0) is confirmed


def test_line_that_moves_by_more_than_a_bin_a_window_is_not_one_line():
    slow, fast = (math.sqrt(2) * np.sin(2 * math.pi * (TIMES + rate * TIMES**2 / 2)) for rate in (1 / 800, 1 / 100))
    assert read(NOISE + slow).held.windows == 14
    assert read(NOISE + slow).held.value == pytest.approx(1.0, rel=0.01)
    assert read(NOISE + fast).held.value == 0.0


def test_step_and_ramp_are_no_lines():
    for event in (np.where(TIMES > 150, 100.0, 0.0), np.clip((TIMES - 150) / 5, 0, 1) * 100.0):
        found = read(NOISE + event)
        assert found.held.value == 0.0
        assert found.high < 0.1  # what holds for three windows is hidden in none of the others


def test_random_walk_is_no_line():
    walk = np.cumsum(np.random.default_rng(5).normal(0, 0.1, TIMES.size))
    assert read(walk).held.value == 0.0


def test_gap_parts_what_stands_before_it_from_what_stands_after():
    samples = NOISE + tone()
    found = read(samples, gaps=[(3000, 3200)])
    assert found.held.windows == 6
    assert found.windows == 12
    short = NOISE + tone(start=110.0, end=150.0)  # ends in the gap
    assert read(short, gaps=[(3000, 3200)]).high == pytest.approx(1.0, rel=0.05)
    assert read(short).high < 0.75


def test_runs_count_lines_of_the_least_amplitude():
    samples = NOISE + tone(0.5, start=100.0, end=200.0)
    search = LineSearch(0.5, 5.0, 40.0, 1e-3, 3, least=0.2)
    surely, seen, possibly = read(samples, search).runs
    assert surely <= seen <= possibly
    assert seen == 6
    assert not read(samples, search).cut
    assert read(NOISE + tone(0.5, start=250.0), search).cut
    assert read(samples, LineSearch(0.5, 5.0, 40.0, 1e-3, 3, least=0.6)).runs == (0, 0, 0)


def test_line_beside_the_band_is_not_in_it():
    found = read(NOISE + tone(1.0, 5.1))
    assert found.held.value == found.low == 0.0


def test_held_value_is_the_least_on_the_best_path():
    """Against an exhaustive search over all paths of at most a bin a window."""
    samples = NOISE + tone(0.4, start=90.0, end=210.0) * (1 + TIMES / 300)
    windows = sliding_window_view(samples, 800)[::400]
    lines = [window_lines(window_powers(window), (20, 200), 1e-3) for window in windows]
    values = [np.where(each.detected, each.value, 0.0)[1:-1] for each in lines]
    best = max(
        min(values[w][k], values[w + 1][k + d], values[w + 2][k + d + e])
        for w in range(len(values) - 2)
        for k in range(2, 179)
        for d in (-1, 0, 1)
        for e in (-1, 0, 1)
    )
    assert read(samples).held.value == best


def test_record_too_short_or_too_slow_gives_nothing():
    assert read(NOISE[:700]).windows == 0
    slow = feed(OscillationMeter(DT, LineSearch(9.0, 40.0, 40.0, 1e-3, 3)), blocks(NOISE, DT))
    assert slow.bins == 37  # what lies above half the sample rate is left to the gate
    assert feed(OscillationMeter(DT, LineSearch(30.0, 40.0, 40.0, 1e-3, 3)), blocks(NOISE, DT)).bins == 0


def test_constant_signal_has_no_line():
    found = read(np.full(TIMES.size, 5.0))
    assert (found.held.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_lines_of_a_whole_spectrum():
    powers = window_powers(NOISE[:800] + tone()[:800] + 0.5 * tone(frequency=3.0)[:800])
    assert lines_in(powers, 1e-3) == (40, 120)
    assert lines_in(powers[:6], 1e-3) == ()


@given(cuts(TIMES.size), st.booleans())
@settings(max_examples=15, deadline=None)
def test_reading_does_not_depend_on_where_blocks_are_cut(places, gap):
    samples = NOISE + tone(0.3, start=50.0, end=250.0)
    gaps = [(2500, 2600)] if gap else []
    search = LineSearch(0.5, 5.0, 40.0, 1e-3, 3, least=0.2)
    whole = feed(OscillationMeter(DT, search), segments(samples, DT, gaps))
    assert feed(OscillationMeter(DT, search), segments(samples, DT, gaps, places)) == whole


def test_memory_does_not_grow_with_the_record():
    meter = OscillationMeter(DT, SEARCH)
    for block in blocks(np.tile(NOISE, 5), DT, range(0, 30000, 500)):
        meter.update(block)
        assert meter._size <= 800 + 500
