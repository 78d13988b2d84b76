"""Kind dynamic_range: vectors DY1-DY3, every road to INCONCLUSIVE, what the interval holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Accuracy, Verdict
from slacheck.kinds.dynamic_range import KIND
from tests.kinds.fakes import FakeMeasurements, evaluate, judge, power

SIGNAL = "pcc_power"
TIMES = np.arange(0.0, 60.0, 0.01)
SQUARE = np.where(TIMES % 2 < 1, 40e3, 132e3)


def keys(limit="100 kW", **more):
    return {"signal": SIGNAL, "window": "1.1 s", "limits": {"peak_to_peak": {"max": limit}}, **more}


def result(samples, interval=0.01, accuracy=None, record_keys=None, **more):
    capture = FakeMeasurements({SIGNAL: samples}, interval, accuracies={SIGNAL: accuracy}, **(record_keys or {}))
    return judge(KIND, keys(**more), [power(rated=132e3)], capture)["peak_to_peak"]


def reasons(check):
    return [reason.code for reason in check.reasons]


@pytest.mark.parametrize(("window", "expected"), [("0.2 s", 0.61803), ("0.5 s", 1.41421), ("1 s", 2.0), ("2 s", 2.0)])
def test_sine_reads_its_closed_form_dy1(window, expected):
    found = result(1e6 * np.sin(math.pi * TIMES), window=window, limit="9 MW").measurement.measured
    assert found.value == pytest.approx(expected * 1e6, rel=1e-5)


def test_square_reads_its_step_dy2():
    found = result(SQUARE)
    assert found.measurement.measured.value == 92e3
    assert found.measurement.measured.expanded_uncertainty == 0.0
    assert found.verdict is Verdict.PASS


def test_square_through_an_average_reads_what_is_left_dy3():
    half = result(SQUARE, pre_average="1 s", window="2 s").measurement.measured
    assert half.value == pytest.approx(92e3, rel=1e-12)  # the triangle touches both levels
    assert result(SQUARE, pre_average="2 s", window="2 s").measurement.measured.value == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [("92 kW", Verdict.PASS), ("91 kW", Verdict.FAIL), ("70 %", Verdict.PASS), ("0.69 pu", Verdict.FAIL)],
)
def test_square_against_limits_in_any_unit(limit, verdict):
    assert result(SQUARE, limit=limit).verdict is verdict


def test_gain_enters_and_offset_cancels():
    measured = result(SQUARE, accuracy=Accuracy(0.01, 0.05, 200e3, coverage_factor=2)).measurement.measured
    assert measured.expanded_uncertainty == pytest.approx(920.0)


def test_limit_within_the_uncertainty_is_inconclusive():
    found = result(SQUARE, limit="92.5 kW", accuracy=Accuracy(0.01, coverage_factor=2))
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["within_uncertainty"])


@pytest.mark.parametrize("share", [0.001, 0.01, 0.03])
@pytest.mark.parametrize("shape", ["square", "sine", "triangle", "pulse"])
def test_true_range_lies_in_the_interval_of_noisy_records(shape, share):
    times = TIMES[:3000]
    clean = {
        "square": np.where(times % 2 < 1, 0.0, 1e6),
        "sine": 0.5e6 * np.sin(math.pi * times),
        "triangle": 1e6 * np.abs((times / 3) % 1 * 2 - 1),
        "pulse": np.where(np.abs(times - 15) < 0.004, 1e6, 0.0),
    }[shape]

    def interval(samples):
        capture = FakeMeasurements({SIGNAL: samples}, 0.01)
        return evaluate(KIND, keys(), [power()], capture).measurements[0].measured

    truth, random = interval(clean).value, np.random.default_rng(5)
    found = [interval(clean + random.normal(0.0, share * 1e6, times.size)).interval for _ in range(60)]
    assert sum(ends.low <= truth <= ends.high for ends in found) >= 54  # 57 less two deviations of a count, 3.2
    assert max(ends.high - ends.low for ends in found) < 16 * share * 1e6


def test_uneven_record_may_have_cut_off_extremes():
    times = TIMES[:1000] + np.random.default_rng(1).uniform(-0.003, 0.003, 1000)
    measured = result(
        1e6 * np.sin(math.pi * times), window="2 s", limit="3 MW", record_keys={"times": times}
    ).measurement.measured
    assert measured.interval.low <= 2e6 <= measured.interval.high
    assert measured.interval.high < 2.01e6


def test_attenuation_of_the_chain_reaches_up():
    measured = result(SQUARE, record_keys={"facts_of": {"averaging": (0.1,)}}).measurement.measured
    x = math.pi * 0.1 / 1.1
    assert measured.interval.high == pytest.approx(92e3 / (math.sin(x) / x))


@pytest.mark.parametrize(
    ("samples", "more", "code"),
    [
        (SQUARE[:100], {}, "record_too_short"),
        (SQUARE[::10], {"interval": 0.1}, "time_resolution"),
        (np.where((np.arange(6000) > 1000) & (np.arange(6000) < 1100), np.nan, SQUARE), {}, "coverage"),
        (np.where(np.arange(6000) % 100 < 15, np.nan, SQUARE), {}, "coverage"),
        (SQUARE, {"statistic": "p95"}, "n_too_small"),
    ],
    ids=["short", "slow", "gap", "gaps in every window", "few windows"],
)
def test_record_that_cannot_carry_it_is_inconclusive(samples, more, code):
    found = result(samples, **more)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert code in reasons(found)


def test_violation_in_a_gappy_record_still_fails():
    samples = np.where((np.arange(6000) > 1000) & (np.arange(6000) < 1100), np.nan, SQUARE)
    assert result(samples, limit="50 kW").verdict is Verdict.FAIL


def test_witness_marks_the_extremes_of_the_worst_window():
    samples = np.zeros(6000)
    samples[3000], samples[3050] = 5.0, -2.0
    measurement = result(samples).measurement
    points = [mark.values for mark in measurement.witness.marks if mark.shape == "point"]
    assert points == [(pytest.approx(30.5), -2.0), (pytest.approx(30.0), 5.0)]
    assert measurement.time == pytest.approx(30.5)


def test_sentence_spells_out_the_definition():
    requirement = KIND.model.model_validate({"id": "R", "kind": "dynamic_range", **keys()})
    assert KIND.sentence(requirement, {SIGNAL: power()}) == (
        "The dynamic range of pcc_power within 1.1 s shall be at most 100 kW: the largest over all windows of the "
        "largest less the smallest sample of pcc_power in [t - 1.1 s, t], for every sample t; windows that are not a "
        "whole number of sample intervals lie between the whole numbers below and above."
    )


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"limit": "5 MW/s"}, ("limits", "peak_to_peak", "max")),
        ({"limit": "-5 MW"}, ("limits", "peak_to_peak", "max")),
        ({"pre_average": "-1 s"}, ("pre_average",)),
    ],
)
def test_spec_that_cannot_be_meant_is_a_problem(more, path):
    requirement = KIND.model.model_validate({"id": "R", "kind": "dynamic_range", **keys(**more)})
    assert [problem.path for problem in KIND.problems(requirement, {SIGNAL: power()})] == [path]
