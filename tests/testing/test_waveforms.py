"""Closed forms of the builders against the vectors of requirements R01-R06 and against a fine grid."""

import math

import numpy as np
import pytest

from slacheck.testing import waveforms as w

# requirements R01, vector ST2 (wn = 1): damping -> overshoot %, peak time, rise time, settling 2 %
ST2 = {
    0.1: (72.9248, 3.1574, 1.1042, 38.3833),
    0.5: (16.3034, 3.6276, 1.6376, 8.0764),
    0.7: (4.5988, 4.3991, 2.1262, 5.9788),
    0.8: (1.5165, 5.2360, 2.4675, 3.7558),
}


@pytest.mark.parametrize("damping", ST2)
def test_second_order_step_truth_matches_published_vectors(damping):
    times = w.sample_times(1000, 60)
    truth = w.second_order_step(times, at=0, initial=0, final=1, natural_frequency=1, damping=damping).truth
    overshoot, peak, rise, settling = ST2[damping]
    # ST2 states its own tolerance: 1e-3 in % and in s
    assert 100 * truth["overshoot"] == pytest.approx(overshoot, abs=1e-3)
    assert truth["peak_time"] == pytest.approx(peak, abs=1e-3)
    assert truth["rise_time"] == pytest.approx(rise, abs=1e-3)
    assert truth["settling_time"] == pytest.approx(settling, abs=1e-3)


def test_second_order_step_falling_on_offset_mirrors_samples_and_keeps_times():
    times = w.sample_times(1000, 2)
    same = {"at": 0.5, "natural_frequency": 30, "damping": 0.5}
    up = w.second_order_step(times, initial=1, final=2, **same)
    down = w.second_order_step(times, initial=2, final=1, **same)
    np.testing.assert_allclose(down.samples, 3 - up.samples, rtol=0, atol=4e-15)
    assert down.truth == up.truth


def test_second_order_step_samples_settle_when_truth_says():
    times = w.sample_times(10_000, 2)
    known = w.second_order_step(times, at=0.5, initial=1, final=2, natural_frequency=30, damping=0.5)
    outside = times[np.abs(known.samples - 2) > 0.02][-1] - 0.5
    assert 0 <= known.truth["settling_time"] - outside <= 1e-4  # one sample interval


@pytest.mark.parametrize("damping", [0.0, 1.0, -0.2])
def test_second_order_step_damping_outside_zero_to_one_is_refused(damping):
    with pytest.raises(ValueError, match="is not between 0 and 1"):
        w.second_order_step(w.sample_times(10, 1), at=0, initial=0, final=1, natural_frequency=1, damping=damping)


def test_first_order_step_truth_matches_vector_st1():
    truth = w.first_order_step(w.sample_times(10, 1), at=0, initial=0, final=1, time_constant=0.1).truth
    assert truth["delay_time"] == pytest.approx(0.0105361, abs=5e-8)
    assert truth["rise_time"] == pytest.approx(0.2197225, abs=5e-8)
    assert truth["settling_time"] == pytest.approx(0.3912023, abs=5e-8)


def test_exponential_dip_truth_matches_vector_ls1():
    truth = w.exponential_dip(
        w.sample_times(10, 1), at=0, level=1, depth=0.15, time_constant=0.5, half_width=0.01
    ).truth
    assert truth == {"dip": 0.15, "rise": 0.0, "recovery_time": pytest.approx(1.354025, abs=5e-7)}


def test_exponential_dip_negative_depth_is_a_rise_and_inside_band_recovers_at_once():
    known = w.exponential_dip(w.sample_times(10, 1), at=0.5, level=1, depth=-0.005, time_constant=1, half_width=0.01)
    assert known.truth == {"dip": 0.0, "rise": 0.005, "recovery_time": 0.0}
    assert known.samples[4] == 1.0
    assert known.samples[5] == pytest.approx(1.005)


@pytest.mark.parametrize(("window", "rate"), [(1, 5.0), (5, 5.0), (12, 5.0), (60, 1.0)])
def test_piecewise_linear_difference_matches_vector_rr1(window, rate):
    truth = w.piecewise_linear(w.sample_times(1, 1), [(100, 20), (112, 80)], window=window).truth
    assert truth == {"up": pytest.approx(rate), "down": 0.0}


def test_piecewise_linear_window_longer_than_each_ramp_adds_them_up():
    truth = w.piecewise_linear(w.sample_times(1, 1), [(0, 0), (1, 10), (2, 10), (3, 0)], window=2).truth
    assert truth == {"up": 5.0, "down": 5.0}


@pytest.mark.parametrize(("edge", "line"), [(0.0, 6.3662), (0.05, 6.35965), (0.2, 6.26199), (0.5, 5.73159)])
def test_pulse_train_fundamental_matches_vectors_br3_and_br6(edge, line):
    truth = w.pulse_train(w.sample_times(1, 1), low=0, high=10, frequency=0.5, edge=edge).truth
    assert truth["line_1"] == pytest.approx(line, abs=1e-4)


def test_pulse_train_samples_have_the_lines_of_the_truth():
    times = w.sample_times(1000, 20)  # 10 periods
    known = w.pulse_train(times, low=20, high=30, frequency=0.5, duty=0.7, edge=0.2, start=0.3)
    lines = 2 * np.abs(np.fft.rfft(known.samples)) / times.size
    for n in range(1, 6):
        # sampling folds harmonics 2000 k +- n back; with N = 1995 for the lowest and f0 tr = 0.1 they add up to at most
        # 2 * (2 * 10 / (pi N)) * (1 / (pi N f0 tr)) * (1 + 1/4 + 1/9 + ...) = 2 * 3.19e-3 * 1.60e-3 * 1.645 = 1.7e-5
        assert lines[10 * n] == pytest.approx(known.truth[f"line_{n}"], abs=1.7e-5)
    assert np.mean(known.samples) == pytest.approx(known.truth["mean"], abs=1e-9)


def test_pulse_train_edge_longer_than_phase_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        w.pulse_train(w.sample_times(1, 1), low=0, high=1, frequency=1, duty=0.9, edge=0.2)


def test_burst_dilution_matches_vector_br8():
    times = w.sample_times(50, 600)
    known = w.burst(times, amplitude=10, frequency=0.5, start=100, duration=60)
    assert known.truth["rms_record"] == pytest.approx(2.23607, abs=5e-6)
    assert math.sqrt(np.mean(known.samples**2)) == pytest.approx(known.truth["rms_record"], rel=1e-12)


def test_noise_same_seed_same_samples_other_seed_other_samples():
    times = w.sample_times(100, 1)
    assert np.array_equal(w.noise(times, sigma=1, seed=7), w.noise(times, sigma=1, seed=7))
    assert not np.array_equal(w.noise(times, sigma=1, seed=7), w.noise(times, sigma=1, seed=8))


def test_ac_dip_outage_is_zero_inside_and_rated_outside():
    times = w.sample_times(6000, 1)
    known = w.ac_dip(times, rms=277, frequency=60, residual=0, start=0.5, duration=0.05, phase=0.3)
    inside = (times >= 0.5) & (times < 0.55)
    assert not np.any(known.samples[inside])
    assert math.sqrt(np.mean(known.samples[times < 0.5] ** 2)) == pytest.approx(277, rel=1e-12)
    assert known.truth["phase_at_start"] == pytest.approx(0.3)


def test_quantise_error_is_at_most_half_a_step():
    samples = np.linspace(-1, 1, 1001)
    assert np.max(np.abs(w.quantise(samples, 0.01) - samples)) <= 0.005 + 1e-15


def test_moving_average_passes_a_tone_as_sinc():
    times = w.sample_times(1000, 4)
    seen = w.moving_average(w.tone(times, amplitude=1, frequency=3).samples, 200)[200:]
    # requirements 2.5: a 200 ms mean passes 0.5046 of 3 Hz; the sampled mean is sin(x)/(200 sin(x/200))
    assert np.max(seen) == pytest.approx(0.5046, abs=1e-3)


def test_with_gaps_marks_a_copy_with_nan():
    samples = np.ones(10)
    holed = w.with_gaps(samples, [(2, 4)])
    assert np.flatnonzero(np.isnan(holed)).tolist() == [2, 3]
    assert np.all(samples == 1)


def test_jitter_far_larger_than_interval_keeps_times_in_order():
    moved = w.jitter(w.sample_times(100, 1), sigma=1.0, seed=3)
    assert np.all(np.diff(moved) > 0)


def test_sample_times_less_than_one_sample_is_refused():
    with pytest.raises(ValueError, match="less than one sample"):
        w.sample_times(10, 0.01)


def test_clip_holds_at_the_ends_of_the_range():
    assert w.clip(np.array([-2.0, 0.5, 3.0]), -1, 1).tolist() == [-1.0, 0.5, 1.0]
