"""Kind tracking: vectors TR1, TR2, TR4, delays between samples, every road to INCONCLUSIVE."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from slacheck.contract import Accuracy, Derive, Verdict
from slacheck.document import parse_document
from slacheck.kinds.tracking import KIND
from tests.kinds.fakes import FakeMeasurements, evaluate, judge, power

SIGNALS = (power("bess_power", rated=20e6), power("bess_setpoint", rated=20e6))
LIMITS = {
    "time_in_tube": {"min": "99 %"},
    "max_error": {"max": "5 %"},
    "rms_error": {"max": "2 %"},
    "delay": {"max": "200 ms"},
}
TIMES = np.arange(60000) * 0.001


def keys(**more):
    return {
        "signal": "bess_power",
        "reference": "bess_setpoint",
        "delay_allowance": "100 ms",
        "tube": {"value": "2 %", "time": "50 ms"},
        "limits": LIMITS,
        **more,
    }


def trapezoid(times):
    """0 to 8 MW and back in ramps of 4 MW/s, every 8 s."""
    return 8e6 * np.interp(times % 8.0, [0.0, 2.0, 4.0, 6.0, 8.0], [0.0, 1.0, 1.0, 0.0, 0.0])


def results(response, reference=None, interval=0.001, record_keys=None, **more):
    reference = trapezoid(TIMES) if reference is None else reference
    records = {"bess_power": response, "bess_setpoint": reference}
    capture = FakeMeasurements(records, interval, **(record_keys or {}))
    return judge(KIND, keys(**more), SIGNALS, capture)


def verdicts(found):
    return {name: check.verdict.value for name, check in found.items()}


def reasons(check):
    return [reason.code for reason in check.reasons]


# ---------------------------------------------------------------- closed forms


def test_ramp_a_tenth_of_a_second_late_tr1():
    ramp = np.interp(TIMES, [5.0, 9.0], [0.0, 20e6])
    late = np.interp(TIMES - 0.1, [5.0, 9.0], [0.0, 20e6])
    found = results(
        late,
        ramp,
        delay_allowance="0 s",
        tube={"value": "0 MW", "time": "100 ms"},
        limits={"time_in_tube": {"min": "100 %"}, "max_error": {"max": "0.5001 MW"}},
    )
    assert found["max_error"].measurement.measured.value == pytest.approx(0.5e6, rel=1e-9)
    assert found["time_in_tube"].measurement.measured.value == 1.0
    assert verdicts(found) == {"time_in_tube": "PASS", "max_error": "PASS"}


def test_sine_of_less_amplitude_tr2():
    reference = np.sin(math.pi * TIMES)
    limits = {"max_error": {"max": "1 W"}, "rms_error": {"max": "1 W"}}
    tube = {"value": "0.1 W", "time": "50 ms"}
    found = results(0.98 * reference, reference, delay_allowance="0 s", tube=tube, limits=limits)
    assert found["max_error"].measurement.measured.value == pytest.approx(0.02, rel=1e-9)
    assert found["rms_error"].measurement.measured.value == pytest.approx(0.014142, abs=1e-6)


@pytest.mark.parametrize(("outside", "verdict"), [(600, "PASS"), (601, "FAIL")])
def test_one_percent_of_the_time_outside_is_exactly_at_the_limit_tr4(outside, verdict):
    response = trapezoid(TIMES)
    response[3000 : 3000 + outside] += 0.05e6
    found = results(
        response,
        delay_allowance="0 s",
        tube={"value": "0.02 MW", "time": "0 s"},
        limits={"time_in_tube": {"min": "99 %"}},
    )
    assert found["time_in_tube"].measurement.measured.value == 1.0 - outside / 60000
    assert verdicts(found) == {"time_in_tube": verdict}


@pytest.mark.parametrize("delay", [0.0, 0.0333, 0.05, 0.1, 0.1505])
@pytest.mark.parametrize("allowance", ["0 s", "33.3 ms", "100 ms"])
def test_error_and_delay_of_a_late_ramp(delay, allowance):
    found = results(trapezoid(TIMES - delay), delay_allowance=allowance)
    error = found["max_error"].measurement.measured
    truth = 4e6 * abs(delay - float(allowance.split()[0]) / (1000.0 if "ms" in allowance else 1.0)) / 20e6
    assert error.value == pytest.approx(truth, abs=4e6 * 0.001 / 20e6 / 4.0)  # between samples of a corner
    assert error.interval.low - 1e-12 <= truth <= error.interval.high + 1e-12
    seen = found["delay"].measurement.measured
    assert seen.interval.low <= delay <= seen.interval.high
    assert seen.value == pytest.approx(delay, abs=0.0008)  # a tenth of a lag
    assert found["delay"].verdict is Verdict.PASS


# ---------------------------------------------------------------- verdicts


def test_response_that_follows_passes():
    assert set(verdicts(results(trapezoid(TIMES - 0.1))).values()) == {"PASS"}


def test_response_that_is_late_fails():
    assert verdicts(results(trapezoid(TIMES - 0.45))) == {
        "time_in_tube": "FAIL",
        "max_error": "FAIL",
        "rms_error": "FAIL",
        "delay": "FAIL",
    }


def test_response_later_than_every_lag_is_censored_above():
    check = results(trapezoid(TIMES - 1.0))["delay"]
    assert (check.measurement.measured.censored, check.verdict) == ("above", Verdict.FAIL)
    assert check.measurement.measured.value == pytest.approx(0.8)


def test_response_that_stands_still_fails_without_a_delay():
    found = results(0.0 * TIMES)
    assert verdicts(found)["max_error"] == "FAIL"
    assert (found["delay"].verdict, reasons(found["delay"])) == (Verdict.INCONCLUSIVE, ["low_coherence"])


def test_written_profile_is_followed():
    profile = [["0 s", "0 MW"], ["10 s", "16 MW"], ["40 s", "25 %"]]
    response = np.interp(TIMES - 0.1, [0.0, 10.0, 40.0], [0.0, 16e6, 5e6])
    capture = FakeMeasurements({"bess_power": response}, 0.001)
    found = judge(KIND, keys(reference={"profile": profile}), SIGNALS, capture)
    assert set(verdicts(found).values()) == {"PASS"}
    assert found["max_error"].measurement.measured.value < 1e-9


def test_one_deviation_in_a_gappy_record_still_fails():
    response = trapezoid(TIMES - 0.1)
    response[30000:40000] = np.nan
    response[20000] += 2e6
    found = results(response)
    assert found["max_error"].verdict is Verdict.FAIL
    assert found["max_error"].measurement.time == pytest.approx(20.0)
    assert found["time_in_tube"].verdict is Verdict.INCONCLUSIVE


def missing(first, last):
    response = trapezoid(TIMES - 0.1)
    response[first:last] = np.nan
    return response


@pytest.mark.parametrize(
    ("response", "more", "code"),
    [
        (missing(20000, 24000), {}, "coverage"),
        (missing(50000, 60000), {}, "coverage"),
        (missing(0, 10000), {}, "coverage"),
        (np.where(np.arange(60000) % 100 == 0, np.nan, trapezoid(TIMES - 0.1)), {}, "coverage"),
        (np.full(60000, np.nan), {}, "coverage"),
        (trapezoid(TIMES - 0.1)[:1500], {"reference": trapezoid(TIMES)[:1500]}, "record_too_short"),
        (trapezoid(TIMES - 0.1)[:120], {"reference": trapezoid(TIMES)[:120]}, "record_too_short"),
        (trapezoid(TIMES - 0.1)[::50], {"reference": trapezoid(TIMES)[::50], "interval": 0.05}, "time_resolution"),
        (trapezoid(TIMES - 0.1), {"record_keys": {"facts_of": {"clipped": 3}}}, "clipped"),
        (np.full(60000, 1e6), {"reference": np.full(60000, 1e6)}, "no_event"),
        (trapezoid(TIMES) / 3.0, {"reference": trapezoid(TIMES) / 3.0}, "no_event"),
    ],
    ids=["gap", "end", "start", "holes", "empty", "short", "shorter", "slow", "clipped", "still", "hardly moving"],
)
def test_record_that_cannot_carry_it_never_passes(response, more, code):
    record = {key: value for key, value in more.items() if key != "reference"}
    found = results(response, more.get("reference"), **record)
    for check in found.values():
        assert check.verdict is Verdict.INCONCLUSIVE
        assert code in {gate.code for gate in check.gates if not gate.passed}


def test_uncertain_clock_gives_no_verdict_on_errors():
    found = results(trapezoid(TIMES - 0.1), record_keys={"facts_of": {"time_uncertainty": 0.011}})
    assert reasons(found["max_error"]) == reasons(found["time_in_tube"]) == ["skew_unknown"]
    assert found["delay"].verdict is Verdict.PASS
    fine = results(trapezoid(TIMES - 0.1), record_keys={"facts_of": {"time_uncertainty": 1e-6}})
    assert set(verdicts(fine).values()) == {"PASS"}


def test_response_before_its_reference_is_not_a_delay():
    check = results(trapezoid(TIMES + 0.1))["delay"]
    assert reasons(check) == ["skew_unknown"]
    assert [reason.sentence for reason in check.reasons] == [
        "bess_power comes 0.1 s or more before bess_setpoint: the channels are swapped, or their clocks apart; "
        "correct that."
    ]


@pytest.mark.parametrize("shape", ["ramp", "sine"])
def test_delay_that_the_reference_cannot_show_is_inconclusive(shape):
    reference = 2e5 * TIMES if shape == "ramp" else 8e6 * np.sin(4.0 * math.pi * TIMES)
    check = results(np.interp(TIMES - 0.1, TIMES, reference), reference)["delay"]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert reasons(check) == (["no_event"] if shape == "ramp" else ["within_uncertainty"])


# ---------------------------------------------------------------- uncertainty


def test_accuracy_of_both_instruments_enters():
    accuracies = {
        "bess_power": Accuracy(0.01, coverage_factor=2),
        "bess_setpoint": Accuracy(0.0, 0.01, 8e6, coverage_factor=2),
    }
    found = results(trapezoid(TIMES - 0.1) + 0.6e6, record_keys={"accuracies": accuracies})
    measured = found["max_error"].measurement.measured
    expected = math.hypot(0.01 * 8.6e6, 0.01 * 8e6) / 20e6
    assert measured.value == pytest.approx(0.03)
    assert measured.interval.high - measured.value == pytest.approx(expected, rel=1e-6)
    assert found["time_in_tube"].verdict is Verdict.FAIL


def test_response_on_the_border_of_the_tube_within_the_uncertainty_is_inconclusive():
    accuracies = {"bess_power": Accuracy(0.01, coverage_factor=2)}
    check = results(trapezoid(TIMES - 0.1) + 0.39e6, record_keys={"accuracies": accuracies})["time_in_tube"]
    ends = check.measurement.measured.interval
    assert (check.verdict, reasons(check)) == (Verdict.INCONCLUSIVE, ["within_uncertainty"])
    assert (ends.low < 0.99, ends.high) == (True, 1.0)


@pytest.mark.parametrize("share", [0.0005, 0.002])
def test_true_values_lie_in_the_intervals_of_noisy_records(share):
    offset, held = 0.3e6, 0
    random, times = np.random.default_rng(5), TIMES[:20000]
    for _ in range(30):
        records = {
            "bess_power": trapezoid(times - 0.1) + offset + random.normal(0.0, share * 20e6, times.size),
            "bess_setpoint": trapezoid(times) + random.normal(0.0, share * 20e6, times.size),
        }
        found = evaluate(KIND, keys(), SIGNALS, FakeMeasurements(records, 0.001)).measurements
        ends = {m.check: m.measured.interval for m in found if m.measured is not None}
        truth = {"time_in_tube": 1.0, "max_error": 0.015, "rms_error": 0.015, "delay": 0.1}
        held += all(ends[name].low <= truth[name] <= ends[name].high for name in truth)
    assert held >= 25  # 4 intervals at 95 %: 24.4 if none depended on another and none were wider


def test_uneven_record_holds_the_truth():
    times = TIMES + np.random.default_rng(2).uniform(-0.0003, 0.0003, TIMES.size)
    record = {"times": times}
    found = results(trapezoid(times - 0.1), trapezoid(times), record_keys=record)
    assert set(verdicts(found).values()) == {"PASS"}
    assert found["max_error"].measurement.measured.interval.low == 0.0
    assert found["max_error"].measurement.measured.interval.high > 0.0


def test_averaging_of_the_chain_hides_errors_and_cannot_pass():
    found = results(trapezoid(TIMES - 0.1), record_keys={"facts_of": {"averaging": (0.2,)}})
    for name in ("time_in_tube", "max_error", "rms_error"):
        assert (found[name].verdict, set(reasons(found[name]))) == (Verdict.INCONCLUSIVE, {"bandwidth"})


def test_averaging_of_the_response_alone_may_be_the_delay():
    class Averaged(FakeMeasurements):
        def facts(self, signal):
            found = super().facts(signal)
            return replace(found, averaging=(0.1,)) if signal == "bess_power" else found

    capture = Averaged({"bess_power": trapezoid(TIMES - 0.1), "bess_setpoint": trapezoid(TIMES)}, 0.001)
    measured = judge(KIND, keys(), SIGNALS, capture)["delay"].measurement.measured
    assert measured.interval.low == pytest.approx(0.05, abs=0.004)  # half a lag of 8 ms
    assert measured.interval.high == pytest.approx(0.1, abs=0.004)


# ---------------------------------------------------------------- spec and report


def test_witness_shows_both_signals_and_the_limit_round_the_worst_error():
    response = trapezoid(TIMES - 0.1)
    response[20000] += 2e6
    witness = results(response)["max_error"].measurement.witness
    assert witness.signals == ("bess_power", "bess_setpoint")
    assert witness.start < 20.0 < witness.end
    point, *lines = witness.marks
    assert point.values == (pytest.approx(20.0), response[20000])
    assert [(mark.shape, mark.role, mark.label) for mark in lines] == [("line", "limit", "max 5 %")] * 2
    apart = np.array(lines[1].values[1::2]) - np.array(lines[0].values[1::2])
    assert apart == pytest.approx(2e6)


def test_reference_without_accuracy_is_noted():
    found = evaluate(
        KIND,
        keys(),
        SIGNALS,
        FakeMeasurements({"bess_power": trapezoid(TIMES), "bess_setpoint": trapezoid(TIMES)}, 0.001),
    )
    assert found.notes == (
        "No accuracy is declared for bess_setpoint; its values were taken as exact, as those of a setpoint are.",
    )


def test_sentence_spells_out_the_definitions():
    requirement = KIND.model.model_validate(
        {"id": "R", "kind": "tracking", **keys(limits={"time_in_tube": {"min": "99 %"}, "max_error": {"max": "5 %"}})}
    )
    assert KIND.sentence(requirement, {signal.name: signal for signal in SIGNALS}) == (
        "bess_power shall follow bess_setpoint: its time in tube shall be at least 99 % (the share of the samples t "
        "for which bess_power is neither above the largest value of bess_setpoint plus 2 % nor below the smallest less "
        "2 %, borders included, within 50 ms before and after t - 100 ms, bess_setpoint taken as straight lines "
        "between its samples); its error shall be at most 5 % (the largest magnitude of bess_power at t less "
        "bess_setpoint at t - 100 ms, bess_setpoint taken as straight lines between its samples)."
    )


def test_definition_ids_are_frozen():
    requirement = KIND.model.model_validate({"id": "R", "kind": "tracking", **keys()})
    plans = KIND.checks(requirement, {signal.name: signal for signal in SIGNALS})
    assert [plan.definition.id for plan in plans] == [f"tracking/{name}@1" for name in LIMITS]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"tube": {"value": "2 V", "time": "50 ms"}}, ("tube", "value")),
        ({"tube": {"value": "-2 %", "time": "50 ms"}}, ("tube", "value")),
        ({"tube": {"value": "2 %", "time": "-50 ms"}}, ("tube", "time")),
        ({"delay_allowance": "-1 s"}, ("delay_allowance",)),
        ({"reference": "bess_power"}, ("reference",)),
        ({"reference": "bus_voltage"}, ("reference",)),
        ({"reference": "slow_setpoint"}, ("reference",)),
        ({"reference": {"profile": [["0 s", "0 MW"], ["1 s", "4 V"]]}}, ("reference", "profile", 1, 1)),
        ({"limits": {"max_error": {"max": "5 MW/s"}}}, ("limits", "max_error", "max")),
        ({"limits": {"delay": {"max": "0 s"}}}, ("limits", "delay", "max")),
    ],
)
def test_spec_that_cannot_be_meant_is_a_problem(more, path):
    voltage = power("bus_voltage").__class__("bus_voltage", "voltage", "V", "V", 400.0)
    slow = power("slow_setpoint", derive=Derive("mean", ("bess_setpoint",), 0.1))
    signals = {signal.name: signal for signal in (*SIGNALS, voltage, slow)}
    requirement = KIND.model.model_validate({"id": "R", "kind": "tracking", **keys(**more)})
    assert [problem.path for problem in KIND.problems(requirement, signals)] == [path]


@pytest.mark.parametrize(
    "more",
    [
        {"limits": {}},
        {"reference": {"profile": [["0 s", "0 MW"]]}},
        {"reference": {"profile": [["1 s", "0 MW"], ["1 s", "4 MW"]]}},
        {"limits": {"delay": {"max": "5 %"}}},
        {"limits": {"time_in_tube": {"min": "1 s"}}},
    ],
)
def test_keys_that_are_wrong_alone_are_refused(more):
    with pytest.raises(ValidationError):
        KIND.model.model_validate({"id": "R", "kind": "tracking", **keys(**more)})


def test_example_in_the_manual_is_a_requirement():
    example = KIND.manual.partition(".. code-block:: yaml")[2]
    (requirement,) = parse_document(example.encode(), "manual").data
    assert KIND.model.model_validate(requirement).limits.given().keys() == LIMITS.keys()
