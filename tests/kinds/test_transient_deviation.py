"""Transient deviation against closed forms, with noise, gaps, short records and the wrong load step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Accuracy, Signal, Verdict
from slacheck.kinds.transient_deviation import KIND, TransientDeviation
from slacheck.testing.waveforms import exponential_dip, sample_times
from tests.kinds.fakes import EXACT, FakeMeasurements, evaluate, judge

BUS = Signal("bus", "voltage", "V", "V", 1.0)
LOAD = Signal("load", "active_power", "kW", "W", 100e3)
SIGNALS = [BUS, LOAD]

RATE = 10_000.0
TIMES = sample_times(RATE, 4.0)
INTERVAL = 1.0 / RATE
DIP = exponential_dip(TIMES, at=0.5, level=1.0, depth=0.15, time_constant=0.5, half_width=0.01)
STEP = np.where(TIMES < 0.5 - INTERVAL / 2, 10e3, 90e3)
KEYS = {
    "signal": "bus",
    "event": {"signal": "load", "level": "50 %", "edge": "any", "min_step": "10 kW"},
    "window": {"before": "200 ms", "after": "3.4 s"},
    "band": {"half_width": "1 %", "of": "rated", "about": "rated"},
    "limits": {"dip": {"max": "16 %"}, "rise": {"max": "20 %"}, "recovery_time": {"max": "2 s"}},
}
GIVEN = {**KEYS, "event": {"at": ["500 ms"]}}


def record(bus, load=STEP, accuracy=EXACT, **more):
    channels = {"bus": np.asarray(bus, dtype=float), "load": np.asarray(load, dtype=float)}
    return FakeMeasurements(channels, INTERVAL, accuracies={"bus": accuracy, "load": EXACT}, **more)


def measured(keys, bus, load=STEP, accuracy=EXACT):
    return {one.check: one.measured for one in evaluate(KIND, keys, SIGNALS, record(bus, load, accuracy)).measurements}


def judged(keys, bus, load=STEP, accuracy=EXACT):
    return judge(KIND, keys, SIGNALS, record(bus, load, accuracy))


def codes(check):
    return {reason.code for reason in check.reasons}


def noisy(sigma, seed, samples=DIP.samples):
    return samples + sigma * np.random.default_rng(seed).standard_normal(samples.size)


def holds(found, truth):
    low, high = found.interval.low, found.interval.high
    rounding = 1e-12
    return (low is None or low <= truth + rounding) and (high is None or truth - rounding <= high)


# ---------------------------------------------------------------- vectors of requirements R02


def test_vector_ls1_dip_and_recovery_have_the_closed_form():
    found = measured(GIVEN, DIP.samples)
    assert found["dip"].value == pytest.approx(0.15, abs=1e-12)
    assert found["rise"].value == 0.0
    # linear interpolation of an exponential: h^2 / (8 tau)
    assert found["recovery_time"].value == pytest.approx(0.5 * math.log(15.0), abs=1e-6)


def test_vector_ls2_interval_of_recovery_is_that_of_the_band_moved_by_its_uncertainty():
    found = measured(GIVEN, DIP.samples, accuracy=Accuracy(0.0, 0.002, 1.0, 2.0))["recovery_time"]
    clock = 2.0 * INTERVAL / math.sqrt(12.0)  # the sample interval widens both ends by k h / sqrt(12)
    assert found.interval.low == pytest.approx(0.5 * math.log(0.15 / 0.012) - clock, abs=1e-5)
    assert found.interval.high == pytest.approx(0.5 * math.log(0.15 / 0.008) + clock, abs=1e-5)


@pytest.mark.parametrize(("hold", "expected"), [("500 ms", 1.3), ("0 s", 1.3)])
def test_vector_ls3_band_that_is_left_again_is_not_recovered(hold, expected):
    moved = TIMES - 0.5
    bus = np.where((moved >= 0.0) & (moved < 1.0) | (moved >= 1.2) & (moved < 1.3), 0.95, 1.0)
    keys = {**GIVEN, "band": {**GIVEN["band"], "hold": hold}}
    assert measured(keys, bus)["recovery_time"].value == pytest.approx(expected, abs=INTERVAL)


def test_vector_ls4_load_step_that_is_too_small_is_no_event():
    load = np.where(TIMES < 0.5, 10e3, 82e3)
    keys = {**KEYS, "event": {"signal": "load", "min_step": "80 kW"}}
    for check in judged(keys, DIP.samples, load).values():
        assert check.verdict is Verdict.INCONCLUSIVE
        assert codes(check) == {"no_event"}


# ---------------------------------------------------------------- noise


@pytest.mark.parametrize("sigma", [0.0, 0.001, 0.003])
@pytest.mark.parametrize("tau", [0.012, 0.5])
def test_deviation_and_recovery_on_noise_hold_the_truth(sigma, tau):
    known = exponential_dip(TIMES, at=0.5, level=1.0, depth=0.15, time_constant=tau, half_width=0.01)
    for seed in range(12 if sigma else 1):
        found = measured(KEYS, noisy(sigma, seed, known.samples))
        for name, value in known.truth.items():
            assert holds(found[name], value), (name, seed)


def test_recovery_at_noise_of_a_third_of_the_band_is_not_the_end_of_the_record():
    values = [measured(KEYS, noisy(0.003, seed))["recovery_time"].value for seed in range(12)]
    assert max(values) < 1.5
    assert judged(KEYS, noisy(0.003, 0))["recovery_time"].verdict is Verdict.PASS


def test_noise_that_fills_the_band_is_inconclusive_with_its_size():
    keys = {**KEYS, "band": {**KEYS["band"], "half_width": "0.01 %"}}
    known = exponential_dip(TIMES, at=0.5, level=1.0, depth=0.15, time_constant=0.1, half_width=0.0001)
    bus = noisy(0.003, 0, known.samples)
    check = judged({**keys, "limits": {"recovery_time": {"max": "3 s"}}}, bus)["recovery_time"]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "noise" in codes(check)


# ---------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("limit", "verdict"), [("1.4 s", Verdict.PASS), ("1.35402 s", Verdict.INCONCLUSIVE), ("1.3 s", Verdict.FAIL)]
)
def test_recovery_limit_beyond_at_and_short_of_the_value(limit, verdict):
    check = judged({**GIVEN, "limits": {"recovery_time": {"max": limit}}}, DIP.samples)["recovery_time"]
    assert check.verdict is verdict


@pytest.mark.parametrize(
    ("limit", "verdict"), [("0.16 V", Verdict.PASS), ("0.16 pu", Verdict.PASS), ("14 %", Verdict.FAIL)]
)
def test_dip_limit_in_the_unit_in_pu_and_in_percent(limit, verdict):
    assert judged({**GIVEN, "limits": {"dip": {"max": limit}}}, DIP.samples)["dip"].verdict is verdict


def test_band_never_left_recovers_at_once():
    found = measured(GIVEN, np.ones(TIMES.size))
    assert (found["recovery_time"].value, found["recovery_time"].interval.low) == (0.0, 0.0)
    assert found["dip"].value == 0.0


def test_never_recovered_fails_a_limit_that_the_record_covers():
    bus = np.where(TIMES < 0.5, 1.0, 0.9)
    check = judged({**GIVEN, "limits": {"recovery_time": {"max": "2 s"}}}, bus)["recovery_time"]
    assert check.verdict is Verdict.FAIL
    assert check.measurement.measured.censored == "above"
    assert check.measurement.measured.interval.high is None


def test_record_that_ends_before_the_limit_is_inconclusive_and_says_what_is_missing():
    cut = 15_000
    check = judged({**GIVEN, "limits": {"recovery_time": {"max": "2 s"}}}, DIP.samples[:cut], STEP[:cut])
    check = check["recovery_time"]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert check.measurement.measured.censored == "above"
    assert (
        "The record holds 1.1999 s of the window of 3.6 s around the event; 2.4 s are missing, 0 s before and 2.4 s "
        "after: record longer." in [reason.sentence for reason in check.reasons]
    )


def test_droop_larger_than_the_band_recovers_only_about_the_final_level():
    bus = 0.97 - 0.12 * np.exp(-np.maximum(TIMES - 0.5, 0.0) / 0.1)
    bus = np.where(TIMES < 0.5, 1.0, bus)
    limits = {"recovery_time": {"max": "1 s"}}
    assert judged({**GIVEN, "limits": limits}, bus)["recovery_time"].verdict is Verdict.FAIL
    about_final = {**GIVEN, "limits": limits, "band": {"half_width": "1 %", "about": "final"}}
    found = measured(about_final, bus)["recovery_time"]
    assert found.value == pytest.approx(0.1 * math.log(12.0), abs=1e-6)


def test_reference_rated_counts_from_rated_and_keeps_the_offset():
    bus = DIP.samples - 0.02
    accuracy = Accuracy(0.0, 0.004, 1.0, 2.0)
    limits = {"dip": {"max": "20 %"}}
    rated = measured({**GIVEN, "limits": limits, "reference": "rated"}, bus, accuracy=accuracy)["dip"]
    initial = measured({**GIVEN, "limits": limits}, bus, accuracy=accuracy)["dip"]
    assert rated.value == pytest.approx(0.17, abs=1e-12)
    assert initial.value == pytest.approx(0.15, abs=1e-12)
    assert rated.value - rated.interval.low == pytest.approx(0.004, abs=1e-9)
    assert initial.value - initial.interval.low == pytest.approx(0.0, abs=1e-9)


def test_gain_does_not_cancel_in_percent_of_rated():
    found = measured({**GIVEN, "limits": {"dip": {"max": "20 %"}}}, DIP.samples, accuracy=Accuracy(0.01, 0, None, 2.0))
    assert found["dip"].value - found["dip"].interval.low == pytest.approx(0.0015, abs=1e-9)


def test_initial_level_that_drifts_is_unsettled():
    bus = DIP.samples + np.where(TIMES < 0.5, 0.1 * (TIMES - 0.5), 0.0)
    check = judged({**GIVEN, "limits": {"dip": {"max": "20 %"}}}, bus)["dip"]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert check.measurement.measured is None
    assert [reason.sentence for reason in check.reasons] == [
        "The initial level changes by 0.01899 V within its window, 0.3 s to 0.49 s; a quarter of the band is "
        "0.0025 V. It had not settled: move the window, or declare the level with `initial: {value: ...}`."
    ]


def test_gap_in_the_window_cannot_pass_and_may_hide_a_deeper_dip():
    bus = DIP.samples.copy()
    bus[5000:5020] = np.nan
    check = judged({**GIVEN, "limits": {"dip": {"max": "16 %"}}}, bus)["dip"]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert codes(check) == {"gap_in_event"}
    assert check.measurement.measured.interval.high is None


def test_dip_of_one_sample_is_not_resolved():
    bus = np.ones(TIMES.size)
    bus[6000] = 0.9
    check = judged({**GIVEN, "limits": {"dip": {"max": "15 %"}}}, bus)["dip"]
    assert check.measurement.measured.value == pytest.approx(0.1)
    assert check.verdict is Verdict.INCONCLUSIVE


def test_each_load_step_is_an_event_of_its_own():
    load = np.where((TIMES >= 0.5) & (TIMES < 2.5), 90e3, 10e3)
    rise = exponential_dip(TIMES, at=2.5, level=1.0, depth=-0.1, time_constant=0.1, half_width=0.01)
    dip = exponential_dip(TIMES, at=0.5, level=1.0, depth=0.15, time_constant=0.1, half_width=0.01)
    bus = np.where(TIMES < 2.5, dip.samples, rise.samples)
    keys = {
        **KEYS,
        "window": {"before": "200 ms", "after": "1.4 s"},
        "limits": {"dip": {"max": "16 %"}, "rise": {"max": "11 %"}},
    }
    evaluation = evaluate(KIND, keys, SIGNALS, record(bus, load))
    assert evaluation.events == 2
    found = [(one.check, one.event, round(one.measured.value, 3)) for one in evaluation.measurements]
    assert found == [("dip", 0, 0.15), ("rise", 0, 0.0), ("dip", 1, 0.0), ("rise", 1, 0.1)]


def test_trailing_window_of_an_rms_signal_makes_recovery_late():
    source = record(DIP.samples, facts_of={"window": 0.02})
    keys = {**GIVEN, "limits": {"recovery_time": {"max": "4 s"}}}
    found = evaluate(KIND, keys, SIGNALS, source).measurements[0].measured
    assert found.value - found.interval.low == pytest.approx(0.02, abs=2 * INTERVAL)
    assert found.interval.high - found.value < 2 * INTERVAL


def test_witness_shows_both_signals_band_limits_and_the_moment():
    one = evaluate(KIND, KEYS, SIGNALS, record(DIP.samples)).measurements[0]
    assert one.witness.signals == ("bus", "load")
    roles = {(mark.shape, mark.role) for mark in one.witness.marks}
    assert roles >= {
        ("vline", "event"),
        ("vband", "window"),
        ("hline", "level"),
        ("hline", "limit"),
        ("hband", "level"),
        ("point", "worst"),
    }


@pytest.mark.property
@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(1, TIMES.size - 1), max_size=12, unique=True).map(sorted))
def test_property_cuts_of_the_record_change_no_bit(cuts):
    bus = noisy(0.003, 1)
    load = noisy(500.0, 2, STEP)
    whole = evaluate(KIND, KEYS, SIGNALS, record(bus, load))
    assert evaluate(KIND, KEYS, SIGNALS, record(bus, load, cuts=cuts)) == whole


@pytest.mark.property
@settings(max_examples=10, deadline=None)
@given(scale=st.sampled_from([0.25, 2.0, 1024.0]))
def test_property_scaling_signal_and_rated_leaves_the_ratios(scale):
    bus = noisy(0.003, 1)
    scaled = Signal("bus", "voltage", "V", "V", scale)
    plain = evaluate(KIND, KEYS, SIGNALS, record(bus)).measurements
    found = evaluate(KIND, KEYS, [scaled, LOAD], record(bus * scale)).measurements
    assert [one.measured for one in found] == [one.measured for one in plain]  # powers of two: exact


def test_mirror_image_swaps_dip_and_rise():
    bus = noisy(0.003, 1)
    plain, mirrored = measured(KEYS, bus), measured(KEYS, 2.0 - bus)
    for one, other in (("dip", "rise"), ("rise", "dip"), ("recovery_time", "recovery_time")):
        assert mirrored[other].value == pytest.approx(plain[one].value, abs=1e-9)
        assert mirrored[other].interval.high == pytest.approx(plain[one].interval.high, abs=1e-9)


# ---------------------------------------------------------------- language


def test_sentence_and_definitions_spell_out_every_choice():
    requirement = TransientDeviation.model_validate(
        {
            "id": "DYN-1",
            "kind": "transient_deviation",
            "signal": "bus",
            "event": {"signal": "load", "level": "50 %", "edge": "rising", "min_step": "10 kW"},
            "band": {"half_width": "1 %", "of": "rated", "about": "rated", "hold": "100 ms"},
            "limits": {"dip": {"max": "15 %"}, "recovery_time": {"max": "80 ms"}},
        }
    )
    signals = {"bus": BUS, "load": LOAD}
    plans = {plan.name: plan for plan in KIND.checks(requirement, signals)}
    assert plans["recovery_time"].definition.id == "recovery_time/last_entry@1"
    assert plans["recovery_time"].definition.text == (
        "from the event until the last entry into +-1 % of rated about rated, held 100 ms"
    )
    assert plans["dip"].definition.id == "dip/from_initial@1"
    assert plans["dip"].needs[0].bandwidth == pytest.approx(21.875)
    assert KIND.sentence(requirement, signals) == (
        "After every rising step of at least 10 kW on load within 5 s, taken where load crosses 50 % of the range "
        "between the levels before and after, bus shall show at most 15 % dip (the initial level less smallest value "
        "after the event, relative to the rated voltage); at most 80 ms recovery time (from the event until the last "
        "entry into +-1 % of rated about rated, held 100 ms). The initial level is the mean over [-0.2 s, -0.01 s] "
        "from the event; looked at are 200 ms before and 5 s after the event."
    )


def test_missing_rated_value_is_a_problem_at_its_key():
    unrated = {"bus": Signal("bus", "voltage", "V", "V"), "load": LOAD}
    keys = {"id": "R", "kind": "transient_deviation", **KEYS, "reference": "rated", "limits": {"dip": {"max": "1 V"}}}
    problems = list(KIND.problems(TransientDeviation.model_validate(keys), unrated))
    assert [problem.path for problem in problems] == [("band", "half_width"), ("reference",)]
    assert problems[1].message == "the reference is rated, but the signal 'bus' has no rated value"
