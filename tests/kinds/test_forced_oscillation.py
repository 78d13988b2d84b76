"""Kind forced_oscillation: verdicts, what may hide, duration, every road to INCONCLUSIVE."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Accuracy, Signal, Verdict
from slacheck.kinds.forced_oscillation import KIND
from tests.capture.helpers import DATA, needs_data
from tests.kinds.fakes import FakeMeasurements, evaluate, judge, power

SIGNAL = "pcc_power"
DT = 0.05
TIMES = np.arange(0.0, 400.0, DT)
NOISE = np.random.default_rng(11).normal(0.0, 0.1e6, TIMES.size)
FILTERED = {"anti_alias": True}
PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def line(rms=1.0, frequency=1.013, start=0.0, end=400.0):
    """A line of `rms` MW."""
    inside = (start <= TIMES) & (end > TIMES)
    return 1e6 * rms * math.sqrt(2) * np.sin(2 * math.pi * frequency * TIMES) * inside


def keys(amplitude="1 MW", duration=None, **more):
    limits = {"amplitude": {"max": amplitude}} if amplitude else {}
    found = {"signal": SIGNAL, "band": {"from": "0.5 Hz", "to": "5 Hz"}, "limits": limits}
    if duration:
        limits["duration"] = {"max": duration}
        found["min_amplitude"] = "0.3 MW"
    return found | more


def results(samples, *, facts=FILTERED, interval=DT, record_keys=None, **more):
    accuracies = {SIGNAL: Accuracy(0.005)}
    record = FakeMeasurements({SIGNAL: samples}, interval, accuracies=accuracies, facts_of=facts, **(record_keys or {}))
    return judge(KIND, keys(**more), [power()], record)


def result(samples, name="amplitude", **more):
    return results(samples, **more)[name]


def reasons(check):
    return [reason.code for reason in check.reasons]


@pytest.mark.parametrize(
    ("rms", "limit", "verdict"),
    [
        (1.5, "1 MW", FAIL),
        (0.8, "1 MW", PASS),
        (1.0, "1 MW", INCONCLUSIVE),
        (0.8, "1 %", PASS),
        (1.5, "0.01 pu", FAIL),
        (0.0, "0.1 MW", PASS),
    ],
)
def test_line_against_limits_in_any_unit(rms, limit, verdict):
    assert result(40e6 + NOISE + line(rms), amplitude=limit).verdict is verdict


def test_nothing_found_is_an_interval_from_zero_to_what_may_hide():
    found = result(40e6 + NOISE, amplitude="0.1 MW")
    measured = found.measurement.measured
    assert (measured.value, measured.interval.low) == (0.0, 0.0)
    assert 0.0 < measured.interval.high < 0.05e6
    assert found.verdict is PASS


def test_noise_that_could_hide_the_limit_is_inconclusive():
    found = result(40e6 + 30 * NOISE, amplitude="0.3 MW")
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["within_uncertainty"])
    assert result(40e6 + 30 * NOISE + line(5.0), amplitude="0.3 MW").verdict is FAIL


def test_line_that_aliases_is_blocked_and_not_found_fo3():
    times = np.arange(0.0, 600.0, 0.1)
    samples = 1e6 * np.sin(2 * math.pi * 14.75 * times)  # stands at 4.75 Hz
    found = result(samples, interval=0.1, facts={}, band={"from": "0.5 Hz", "to": "5 Hz"}, amplitude="0.1 MW")
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["sample_rate"])


@pytest.mark.parametrize(
    ("start", "end", "verdict"),
    [(0.0, 0.0, PASS), (100.0, 150.0, PASS), (100.0, 210.0, INCONCLUSIVE), (50.0, 320.0, FAIL), (0.0, 400.0, FAIL)],
)
def test_duration_counts_the_windows_with_a_line(start, end, verdict):
    found = result(40e6 + NOISE + line(0.8, start=start, end=end), "duration", duration="150 s", amplitude=None)
    measured = found.measurement.measured
    assert found.verdict is verdict
    assert measured.interval.low <= end - start
    assert measured.interval.high is None or end - start <= measured.interval.high


def test_small_line_that_never_ends_does_not_count_for_the_duration():
    assert result(40e6 + NOISE + line(0.1), "duration", duration="150 s").verdict is PASS


def test_oscillation_that_the_record_cuts_off_may_last_longer():
    found = result(40e6 + NOISE + line(0.8, start=320.0), "duration", duration="150 s")
    assert (found.verdict, found.measurement.measured.censored) == (INCONCLUSIVE, "above")
    assert reasons(found) == ["record_too_short"]
    whole = result(40e6 + NOISE + line(0.8), "duration", duration="150 s")
    assert (whole.verdict, whole.measurement.measured.censored) == (FAIL, "above")


def test_gap_breaks_persistence_and_costs_the_pass():
    samples = 40e6 + NOISE + line(0.8)
    samples[4000:4200] = np.nan
    duration = result(samples, "duration", duration="150 s").measurement.measured
    assert duration.interval.high is None
    assert duration.value == pytest.approx(9 * 20.0)
    found = result(samples)
    assert (found.verdict, set(reasons(found))) == (INCONCLUSIVE, {"coverage"})
    samples[:] += line(1.0)
    assert result(samples).verdict is FAIL


def test_drifting_line_is_one_oscillation():
    samples = 40e6 + NOISE + 1e6 * math.sqrt(2) * np.sin(2 * math.pi * (TIMES + TIMES**2 / 1600))
    found = result(samples, duration="150 s", name="duration")
    assert found.verdict is FAIL
    assert found.measurement.measured.value == pytest.approx(19 * 20.0)


@pytest.mark.parametrize("height", [10e6, 60e6])
def test_load_step_is_no_oscillation(height):
    found = result(40e6 + NOISE + np.where(TIMES > 200, height, 0.0), amplitude="0.2 MW")
    assert (found.verdict, found.measurement.measured.value) == (PASS, 0.0)


def test_square_load_is_found_with_its_harmonics():
    capture = FakeMeasurements({SIGNAL: 40e6 + NOISE + 5e6 * np.sign(line(1.0, 0.6))}, DT)
    evaluation = evaluate(KIND, keys(), [power()], capture)
    assert evaluation.measurements[0].frequency == pytest.approx(0.6)
    assert evaluation.notes == (
        "A line at 0.6 Hz holds 4.5 MW rms and stands out in 19 consecutive windows; its harmonics 3, 5, 7 stand "
        "out too (181 bins in each of 19 windows; with a false alarm probability of 0.001 a line stands out from 12.11 "
        "times a known floor on).",
    )


def test_record_shorter_than_the_windows_that_confirm_never_passes():
    samples = 40e6 + NOISE
    found = result(samples[:1500])  # 75 s; three windows take 80 s
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["record_too_short"])
    none = result(samples[:700])
    assert reasons(none) == ["record_too_short"]
    assert none.measurement.measured is None


def test_clipped_samples_bar_the_verdict():
    found = result(40e6 + NOISE + line(2.0), facts=FILTERED | {"clipped": 3})
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["clipped"])


def test_slow_chain_reaches_up_and_costs_the_pass():
    found = result(40e6 + NOISE + line(0.5), facts=FILTERED | {"averaging": (0.1,)})
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["bandwidth"])
    plain = result(40e6 + NOISE + line(0.5)).measurement.measured.interval.high
    assert found.measurement.measured.interval.high == pytest.approx(plain / 0.95, rel=1e-6)


def test_recorder_with_coarse_steps_says_so():
    samples = np.round((40e6 + line(0.7)) / 2e5) * 2e5
    measured = result(samples).measurement.measured
    assert measured.interval.low <= 0.7e6 <= measured.interval.high


def test_uneven_record_holds_the_truth():
    times = TIMES + np.random.default_rng(1).uniform(-0.005, 0.005, TIMES.size)
    samples = 40e6 + NOISE + 0.7e6 * math.sqrt(2) * np.sin(2 * math.pi * 1.3 * times)
    measured = result(samples, record_keys={"times": times}).measurement.measured
    assert measured.interval.low <= 0.7e6 <= measured.interval.high
    assert measured.interval.high - measured.interval.low < 0.35e6


@pytest.mark.parametrize(("rms", "noise"), [(0.5, 0.1), (0.5, 0.5), (0.3, 1.0)])
def test_true_rms_value_lies_in_the_interval(rms, noise):
    random, inside = np.random.default_rng(3), 0
    for _ in range(20):
        samples = 40e6 + random.normal(0.0, noise * 1e6, TIMES.size) + line(rms, 1.0 + random.uniform(0, 0.05))
        ends = result(samples).measurement.measured.interval
        inside += ends.low <= rms * 1e6 <= ends.high
    assert inside >= 18  # 95.4 % of 20 is 19, less a deviation


def test_reading_does_not_depend_on_where_the_record_is_cut():
    samples = 40e6 + NOISE + line(0.5, start=100.0)
    whole, cut = (results(samples, duration="150 s", record_keys={"cuts": at}) for at in ((), (1, 7, 1234, 7999)))
    assert [check.measurement for check in whole.values()] == [check.measurement for check in cut.values()]


def test_witness_is_the_spectrum_with_the_limit():
    witness = result(40e6 + NOISE + line(0.8, 1.0), amplitude="1 %").measurement.witness
    assert (witness.axis, witness.unit) == ("frequency", "W")
    top = max(witness.points, key=lambda point: point[1])
    assert top == (pytest.approx(1.0), pytest.approx(0.8e6, rel=0.02))
    assert [mark.values for mark in witness.marks if mark.role == "limit"] == [(0.5, 1e6, 5.0, 1e6)]
    drawn = result(40e6 + NOISE, "duration", duration="150 s").measurement.witness.marks
    assert [mark.values for mark in drawn if mark.role == "level"] == [(0.5, 0.3e6, 5.0, 0.3e6)]


def test_window_is_twenty_periods_of_the_lower_edge_by_default():
    requirement = KIND.model.model_validate({"id": "R", "kind": "forced_oscillation", **keys()})
    assert requirement.window.length.value == 40.0


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"band": {"from": "5 Hz", "to": "1 Hz"}}, ("band", "to")),
        ({"window": {"length": "30 s"}}, ("window", "length")),
        ({"band": {"from": "0.5 Hz", "to": "0.55 Hz"}}, ("band", "to")),
        ({"amplitude": "1 MW/s"}, ("limits", "amplitude", "max")),
        ({"duration": "60 s"}, ("limits", "duration", "max")),
        ({"duration": "150 s", "min_amplitude": "0 MW"}, ("min_amplitude",)),
        ({"duration": "150 s", "min_amplitude": "1 V"}, ("min_amplitude",)),
    ],
    ids=["upside down", "short window", "narrow", "unit", "duration", "zero", "unit of min_amplitude"],
)
def test_spec_that_cannot_be_meant_is_a_problem(more, path):
    requirement = KIND.model.model_validate({"id": "R", "kind": "forced_oscillation", **keys(**more)})
    assert [problem.path for problem in KIND.problems(requirement, {SIGNAL: power()})] == [path]


def test_duration_too_short_for_the_windows_says_what_can_be_told():
    requirement = KIND.model.model_validate({"id": "R", "kind": "forced_oscillation", **keys(duration="60 s")})
    (problem,) = KIND.problems(requirement, {SIGNAL: power()})
    assert problem.message == (
        "windows of 40 s, 3 of which confirm a line, cannot tell that one lasts at most 60 s; 100 s can be told"
    )
    assert problem.fix == "limit the duration in a requirement of its own with a band from 0.834 Hz"
    band = {"from": "0.834 Hz", "to": "5 Hz"}
    mended = KIND.model.model_validate({"id": "R", "kind": "x", **keys(amplitude=None, duration="60 s", band=band)})
    assert list(KIND.problems(mended, {SIGNAL: power()})) == []


@pytest.mark.parametrize("wrong", [keys(duration="150 s") | {"min_amplitude": None}, keys(min_amplitude="1 MW")])
def test_duration_and_min_amplitude_belong_together(wrong):
    with pytest.raises(ValueError, match="a limit on the duration needs min_amplitude"):
        KIND.model.model_validate({"id": "R", "kind": "forced_oscillation", **wrong})


def test_sentence_spells_out_what_a_line_is():
    requirement = KIND.model.model_validate({"id": "R", "kind": "forced_oscillation", **keys()})
    assert KIND.sentence(requirement, {SIGNAL: power()}) == (
        "Oscillation of pcc_power is limited: the largest rms value that one line holds through 3 consecutive windows, "
        "its frequency stable to one bin from each to the next, from 0.5 Hz to 5 Hz in Hann periodograms of windows of "
        "40 s that overlap by half; a line is a bin that stands out of the median beside it with a probability of "
        "0.001 that noise does so in a window, shall be at most 1 MW."
    )


@needs_data
def test_iberian_oscillation_of_0_63_hz_is_seen_at_its_alias_and_blocked_fo3():
    """Near 12:03 the voltage swings at 0.63 Hz; a value each 2 s shows that at 0.63 - 0.5 Hz."""
    samples = np.genfromtxt(DATA / "iberia-2025-04-28" / "toledo_data.csv", delimiter=",", skip_header=1, usecols=0)
    asked = keys("100 V", signal="v", band={"from": "0.1 Hz", "to": "0.24 Hz"})
    voltage = Signal("v", "voltage", "V", "V", 27e3)
    record = FakeMeasurements({"v": samples}, 2.0, accuracies={"v": Accuracy(0.002)})
    (measured,) = evaluate(KIND, asked, [voltage], record).measurements
    assert measured.frequency == pytest.approx(0.63 - 0.5, abs=0.01)
    found = judge(KIND, asked, [voltage], record)["amplitude"]
    assert found.verdict is INCONCLUSIVE
    assert reasons(found)[0] == "sample_rate"
