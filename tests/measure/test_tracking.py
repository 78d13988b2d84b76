"""Errors, tube and delay of a response: brute force as oracle, closed forms (TR1, TR2), cuts and gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block
from slacheck.measure import tracking
from slacheck.measure.tracking import DelayMeter, Lag, TrackingMeter, delay_of, windowed
from tests.measure.streams import cuts, feed, segments

RUNGS = (0.0, 0.01, 0.05)


def pairs(rows, interval, gaps=(), at=()):
    """A record of two rows with gaps, as blocks cut anywhere."""
    found = []
    for block in segments(np.arange(rows.shape[1], dtype=float), interval, gaps, at):
        places = block.samples[0].astype(int)
        samples = np.ascontiguousarray(rows[:, places])
        found.append(Block(samples, block.segment, block.start, block.first_time, interval))
    return found


def track(rows, interval=1.0, delay=0.0, time=0.0, width=0.1, **more):
    gaps, at = more.pop("gaps", ()), more.pop("at", ())
    return feed(TrackingMeter(interval, delay, time, width, RUNGS, **more), pairs(rows, interval, gaps, at))


def wander(seed, count=400):
    return np.random.default_rng(seed).normal(0.0, 1.0, (2, count))


@pytest.mark.parametrize("length", [1, 2, 3, 7, 40])
def test_windowed_extreme_is_the_extreme_of_each_window(length):
    samples = wander(3)[0, :40]
    expected = [samples[k : k + length].max() for k in range(40 - length + 1)]
    assert windowed(np.maximum, samples, length).tolist() == expected


@pytest.mark.parametrize("seconds", [0.0, 2.0, 2.25, -1.0, -1.4, 0.3])
def test_lag_is_the_line_between_the_samples(seconds):
    samples, lag = wander(4)[0, :50], Lag.of(seconds, 1.0)
    start, stop = lag.back, 50 - lag.ahead
    expected = np.interp(np.arange(start, stop) - seconds, np.arange(50), samples)
    assert lag.values(samples, start, stop) == pytest.approx(expected, abs=1e-12)


def test_lag_bounds_the_error_of_a_step_between_two_samples():
    samples, lag = np.where(np.arange(20) < 10, 0.0, 1.0), Lag.of(0.25, 1.0)
    start, stop = lag.back, 20 - lag.ahead
    values, bounds = lag.values(samples, start, stop), lag.errors(samples, start, stop)
    at = 10 - start  # the reference a quarter of an interval before the first 1: either level
    assert values[at] == 0.75
    assert bounds[at] >= 0.75


@pytest.mark.parametrize(("delay", "time"), [(0.0, 0.0), (3.0, 2.0), (2.5, 4.0), (0.3, 0.2), (7.0, 1.75)])
def test_tube_and_errors_equal_brute_force(delay, time, monkeypatch):
    monkeypatch.setattr(tracking, "BATCH", 32)
    rows = wander(5).cumsum(axis=1)
    found = track(rows, delay=delay, time=time, width=1.0)
    places = np.arange(rows.shape[1], dtype=float)
    fine = np.unique(np.concatenate([places, *(places + shift for shift in (-delay - time, time - delay))]))
    reference = np.interp(fine, places, rows[1])
    errors, inside = [], 0
    lags = [Lag.of(lag, 1.0) for lag in (delay + time, delay, delay - time)]
    back, ahead = max(lag.back for lag in lags), max(lag.ahead for lag in lags)
    for i in range(rows.shape[1]):
        if lags[1].back <= i < rows.shape[1] - lags[1].ahead:
            errors.append(rows[0, i] - np.interp(i - delay, places, rows[1]))
        if back <= i < rows.shape[1] - ahead:
            near = reference[(fine >= i - delay - time - 1e-9) & (fine <= i - delay + time + 1e-9)]
            inside += near.min() - 1.0 <= rows[0, i] <= near.max() + 1.0
    assert (found.judged, found.tube_judged) == (len(errors), rows.shape[1] - back - ahead)
    assert found.largest == pytest.approx(np.abs(errors).max(), rel=1e-12)
    assert found.mean_square == pytest.approx(np.mean(np.square(errors)), rel=1e-12)
    assert found.inside == inside
    assert found.sure[0] <= found.inside <= found.possible[0]
    assert list(found.sure) == sorted(found.sure, reverse=True)
    assert list(found.possible) == sorted(found.possible)


def test_ramp_a_tube_time_late_is_inside_on_the_border_tr1():
    times = np.arange(0.0, 20.0, 0.01)
    rows = np.stack((5e6 * (times - 0.1), 5e6 * times))
    found = track(rows, interval=0.01, time=0.1, width=0.0)
    assert found.inside == found.tube_judged == 1980
    assert found.largest == pytest.approx(0.5e6, rel=1e-9)


def test_errors_of_a_smaller_sine_are_the_closed_form_tr2():
    times = np.arange(0.0, 20.0, 0.01)
    reference = np.sin(math.pi * times)
    found = track(np.stack((0.98 * reference, reference)), interval=0.01)
    assert found.largest == pytest.approx(0.02, rel=1e-12)
    assert math.sqrt(found.mean_square) == pytest.approx(0.014142, abs=1e-6)


def test_profile_is_taken_at_the_times_of_the_samples():
    points = ((2.0, 1.0), (6.0, 9.0))
    expected = np.interp(np.arange(10.0), [2.0, 6.0], [1.0, 9.0])
    blocks = pairs(expected[np.newaxis] + 0.5, 1.0, [(3, 4)], [2, 7])
    found = feed(TrackingMeter(1.0, 0.0, 0.0, 0.5, RUNGS, points), blocks)
    assert (found.judged, found.largest, found.excursion, found.inside) == (9, 0.5, 8.0, 9)


def test_record_shorter_than_the_lag_has_no_reading():
    assert track(np.zeros((2, 3)), delay=5.0) is None


def test_record_without_any_block_has_no_reading():
    assert TrackingMeter(1.0, 5.0, 0.0, 1.0, RUNGS).reading() is None
    assert DelayMeter(1.0, 5.0).reading() is None


def test_nothing_is_judged_across_a_gap():
    rows = np.stack((np.zeros(100), np.where(np.arange(100) < 50, 0.0, 9.0)))
    rows[0, 50:] = 9.0
    found = track(rows, delay=2.0, time=1.0, gaps=[(48, 50)])
    assert (found.largest, found.judged, found.tube_judged) == (0.0, 98 - 4, 98 - 6)
    assert found.steepest == 0.0


@given(at=cuts(399), delay=st.floats(0.0, 30.0), time=st.floats(0.0, 40.0), small=st.booleans())
@settings(max_examples=50, deadline=None)
def test_tracking_is_the_same_to_the_bit_wherever_the_record_is_cut(at, delay, time, small):
    rows, gaps = 1e6 * wander(6).cumsum(axis=1), [(100, 103), (250, 251)]
    known = tracking.BATCH
    try:
        tracking.BATCH = 17 if small else known
        whole = track(rows, delay=delay, time=time, width=1e6, gaps=gaps)
        cut = track(rows, delay=delay, time=time, width=1e6, gaps=gaps, at=at)
    finally:
        tracking.BATCH = known
    assert whole == cut


# ---------------------------------------------------------------- delay


def correlate(rows, interval, limit, gaps=(), at=()):
    return feed(DelayMeter(interval, limit), pairs(rows, interval, gaps, at))


def smooth(times):
    """Something that never repeats."""
    return sum(np.sin(2.0 * math.pi * f * times + f) for f in (0.31, 0.53, 0.83, 1.27))


@given(at=cuts(3999), limit=st.sampled_from([5.0, 20.0, 130.0]))
@settings(max_examples=30, deadline=None)
def test_correlation_is_the_same_to_the_bit_wherever_the_record_is_cut(at, limit):
    rows, gaps = 40e6 + 1e6 * wander(7, 4000).cumsum(axis=1), [(1500, 1503)]
    whole, cut = correlate(rows, 1.0, limit, gaps), correlate(rows, 1.0, limit, gaps, at)
    assert whole.coefficients.tobytes() == cut.coefficients.tobytes()
    assert (whole.energy, whole.pairs) == (cut.energy, cut.pairs)


def test_coefficients_equal_those_of_numpy(monkeypatch):
    monkeypatch.setattr(tracking, "_PIECE", 64)
    rows = 1e3 + wander(8, 900).cumsum(axis=1)
    found = correlate(rows, 1.0, 10.0)
    for place, lag in enumerate(range(-10, 41)):
        here = np.corrcoef(rows[0, 40:890], rows[1, 40 - lag : 890 - lag])[0, 1]
        assert found.coefficients[place] == pytest.approx(here, abs=1e-9)


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.0137, 0.05, 0.0999, 0.15])
@pytest.mark.parametrize("interval", [0.0005, 0.002, 0.004])
def test_delay_of_a_fraction_of_a_sample_is_found(delay, interval):
    times = np.arange(0.0, 40.0, interval)
    found = correlate(np.stack((smooth(times - delay), smooth(times))), interval, 0.1)
    seen = delay_of(found, 0.0, 100.0, 2.0)
    assert seen.value == pytest.approx(delay, abs=0.1 * found.step)
    assert seen.low <= delay <= seen.high
    assert seen.high - seen.low < 0.01


def test_delay_beyond_the_lags_is_at_their_end():
    times = np.arange(0.0, 60.0, 0.01)
    found = correlate(np.stack((smooth(times - 0.45), smooth(times))), 0.01, 0.1)
    seen = delay_of(found, 0.0, 100.0, 2.0)
    assert (seen.end, seen.high) == (1, None)
    assert seen.value == pytest.approx(0.4)


@pytest.mark.parametrize(
    "shape", [lambda t: t, lambda t: np.sin(2.0 * math.pi * t / 0.3)], ids=["ramp", "period within the lags"]
)
def test_delay_that_cannot_be_told_has_a_wide_interval(shape):
    times = np.arange(0.0, 60.0, 0.002)
    found = correlate(np.stack((shape(times - 0.05), shape(times))), 0.002, 0.1)
    seen = delay_of(found, 0.0, 100.0, 2.0)
    assert seen.high is None or seen.high > 0.34
    assert seen.low is None or seen.low <= 0.05


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
def test_interval_of_a_noisy_delay_holds_the_truth(share):
    times, random, held = np.arange(0.0, 40.0, 0.004), np.random.default_rng(9), 0
    for _ in range(40):
        noisy = smooth(times - 0.05) + random.normal(0.0, share, times.size)
        seen = delay_of(correlate(np.stack((noisy, smooth(times))), 0.004, 0.1), share, 1e9, 2.0)
        held += seen.low <= 0.05 <= seen.high
    assert held >= 36  # 38 of 40 less two deviations of a count, 1.4 each, rounded up


def test_response_that_does_not_move_has_no_correlation():
    times = np.arange(0.0, 20.0, 0.01)
    seen = delay_of(correlate(np.stack((0.0 * times, smooth(times))), 0.01, 0.1), 0.0, 100.0, 2.0)
    assert (seen.correlation, seen.low, seen.high) == (0.0, None, None)


def test_record_shorter_than_the_lags_has_no_correlation():
    assert correlate(wander(1, 49), 1.0, 10.0) is None
