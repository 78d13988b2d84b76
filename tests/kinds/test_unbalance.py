"""Kind unbalance: vectors, methods, every road to INCONCLUSIVE, what the interval holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Accuracy, Signal, Verdict
from slacheck.kinds.unbalance import KIND
from slacheck.spec.load import load_spec
from tests.kinds.fakes import EXACT, FakeMeasurements, evaluate, judge

NAMES = ("a", "b", "c")
RATE = 1600.0
UB1 = ((1.0, 0.0), (0.9, -120.0), (1.0, 120.0))
MILD = ((1.0, 0.0), (0.97, -120.0), (1.0, 120.0))
MILD_U2 = 0.01 / 0.99


def phases(rated=None, quantity="voltage", waveform="ac"):
    unit = "V" if quantity == "voltage" else "A"
    return [Signal(name, quantity, unit, unit, rated, waveform=waveform) for name in NAMES]


def waves(shape=MILD, *, duration=1.3, sigma=0.0, seed=1, frequency=50.03, gains=(1.0, 1.0, 1.0)):
    times, random = np.arange(round(duration * RATE)) / RATE, np.random.default_rng(seed)
    return {
        name: gain
        * 230.0
        * math.sqrt(2.0)
        * size
        * np.cos(2 * math.pi * frequency * times + math.radians(angle) + seed)
        + sigma * random.normal(size=times.size)
        for name, (size, angle), gain in zip(NAMES, shape, gains, strict=True)
    }


def steady(values, count=60):
    return {name: np.full(count, float(value)) for name, value in zip(NAMES, values, strict=True)}


def keys(limit="2 %", **more):
    same = {"signals": list(NAMES), "method": "fortescue", "frequency": "50 Hz", "aggregate": {"method": "none"}}
    return same | {"limits": {"unbalance": {"max": limit}}} | more


def result(records, *, signals=None, limit="2 %", accuracy=EXACT, rate=RATE, facts=None, **more):
    capture = FakeMeasurements(
        records, 1 / rate, accuracies=dict.fromkeys(NAMES, accuracy), facts_of={"anti_alias": True, **(facts or {})}
    )
    return judge(KIND, keys(limit, **more), signals or phases(), capture)["unbalance"]


def of_rms(values, method, limit="2 %", **more):
    same = {"signals": phases(waveform=None), "rate": 5.0, "aggregate": {"length": "3 s"}}
    return result(steady(values), method=method, limit=limit, **(same | more))


def reasons(check):
    return [reason.code for reason in check.reasons]


@pytest.mark.parametrize("component", ["u2", "u0"])
@pytest.mark.parametrize(
    ("limit", "verdict"), [("3.5 %", Verdict.PASS), ("3.4 %", Verdict.FAIL)], ids=["passes", "fails"]
)
def test_components_of_waveforms_ub1(component, limit, verdict):
    found = result(waves(UB1), component=component, limit=limit)
    assert found.measurement.measured.value == pytest.approx(0.03448276, rel=1e-5)
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("values", "line_line", "nema"),
    [
        ((400, 390, 410), 0.02888031, 0.025),
        ((480, 470, 475), 0.01215570, 0.01052632),
        ((208, 200, 212), 0.03400176, 0.03225806),
    ],
    ids=["UB2", "UB3", "UB4"],
)
def test_rms_values_by_formula(values, line_line, nema):
    for method, expected in (("line_line", line_line), ("nema", nema)):
        found = of_rms(values, method, "5 %")
        assert found.measurement.measured.value == pytest.approx(expected, rel=1e-6)
        assert found.verdict is Verdict.PASS


def test_same_voltages_pass_by_one_definition_and_fail_by_the_other_ub2():
    assert of_rms((400, 390, 410), "nema", "2.7 %").verdict is Verdict.PASS
    assert of_rms((400, 390, 410), "line_line", "2.7 %").verdict is Verdict.FAIL


def test_unbalance_that_changes_sides_does_not_average_out():
    records = {"a": np.full(60, 400.0), "b": np.tile([390.0, 410.0], 30), "c": np.tile([410.0, 390.0], 30)}
    found = result(
        records, method="line_line", signals=phases(waveform=None), rate=5.0, aggregate={"length": "3 s"}, limit="5 %"
    )
    assert found.measurement.measured.value == pytest.approx(0.02888031, rel=1e-6)


def test_waveforms_by_formula_use_the_fundamental():
    found = result(waves(UB1), method="nema", limit="8 %")
    assert found.measurement.measured.value == pytest.approx(0.2 / 2.9, rel=1e-5)


# ---------------------------------------------------------------- gates


def test_lead_that_is_off_has_no_verdict():
    found = result(waves(((1.0, 0.0), (1.0, -120.0), (0.001, 120.0))))
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["channel_missing"])
    assert found.reasons[0].sentence == (
        "c reaches 0.1 % of the largest phase at most; 10 % is needed: its lead seems to be off; connect it."
    )


def test_single_phase_current_is_unbalanced():
    found = result(waves(((1.0, 0.0), (1.0, -120.0), (0.001, 120.0))), signals=phases(quantity="current"))
    assert found.verdict is Verdict.FAIL


def test_swapped_phases_have_no_verdict():
    found = result(waves(((1.0, 0.0), (1.0, 120.0), (1.0, -120.0))))
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["unit_ambiguous"])
    assert "two phases are swapped" in found.reasons[0].sentence


def test_phases_wired_alike_have_nothing_to_follow():
    found = result(waves(((1.0, 0.0), (1.0, 0.0), (1.0, 0.0))))
    assert reasons(found) == ["condition_not_met"]


def test_rms_values_that_are_not_refreshed_alike_have_no_verdict():
    capture = FakeMeasurements(steady((400, 390, 410)), 0.2, accuracies=dict.fromkeys(NAMES, EXACT))
    plain = capture.facts

    def facts(name):
        from dataclasses import replace

        return replace(plain(name), interval=0.6) if name == "b" else plain(name)

    capture.facts = facts
    found = judge(KIND, keys(method="nema", aggregate={"length": "3 s"}), phases(waveform=None), capture)["unbalance"]
    assert "clock" in reasons(found)


def test_dip_of_one_phase_is_left_out_and_needs_coverage():
    records = waves(duration=20.0)
    records["b"][8000:8100] *= 0.5
    assert result(records, signals=phases(230.0)).verdict is Verdict.PASS
    records["b"][8000:12000] *= 0.5
    found = result(records, signals=phases(230.0))
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["coverage"])
    assert result(records, signals=phases(230.0), limit="0.5 %").verdict is Verdict.FAIL
    assert result(records, limit="5 %").verdict is Verdict.FAIL  # without a rated value nothing is a dip


def test_slow_record_is_inconclusive():
    assert reasons(result({name: samples[::5] for name, samples in waves().items()}, rate=RATE / 5))[0] == "sample_rate"
    fast = {"frequency": "60 Hz", "facts": {"anti_alias": False}}
    assert result(waves(frequency=60.0), **fast).verdict is Verdict.INCONCLUSIVE


def test_short_record_is_inconclusive():
    assert "record_too_short" in reasons(result(waves(duration=0.15)))


def test_clipped_phase_has_no_verdict():
    assert reasons(result(waves(), facts={"clipped": 1}))[0] == "clipped"


def test_gap_in_one_phase_costs_windows():
    records = waves(duration=20.0)
    for first in range(1000, 30000, 900):
        records["c"][first] = np.nan
    found = result(records)
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["coverage"])


# ---------------------------------------------------------------- uncertainty


@pytest.mark.parametrize(("method", "factor"), [("fortescue", 1 / math.sqrt(3)), ("nema", 1.0)])
def test_gains_of_three_channels_do_not_cancel(method, factor):
    found = result(waves(), accuracy=Accuracy(0.004, coverage_factor=2), method=method, limit="5 %").measurement
    reach = found.measured.interval.high - found.measured.value
    assert reach == pytest.approx(0.004 * factor, rel=0.02)
    assert found.budget[0].treatment == "of three channels, independent; does not cancel"


@pytest.mark.parametrize("shape", [MILD, ((1.0, 0.0), (1.0, -120.0), (1.0, 120.0))], ids=["1 %", "balanced"])
@pytest.mark.parametrize("sigma", [0.23, 4.6])
def test_interval_holds_the_truth_with_noise_and_gain_errors(shape, sigma):
    truth, random, inside = (MILD_U2 if shape is MILD else 0.0), np.random.default_rng(5), 0
    for seed in range(40):
        gains = 1.0 + random.normal(0.0, 0.001, 3)
        found = result(waves(shape, sigma=sigma, seed=seed, gains=gains), accuracy=Accuracy(0.002, coverage_factor=2))
        interval = found.measurement.measured.interval
        inside += interval.low <= truth <= interval.high
        assert interval.high - interval.low < 0.01
    assert inside >= 35  # 95.4 % of 40 is 38, less two deviations of a count, 2.6


@pytest.mark.parametrize("method", ["line_line", "nema"])
@pytest.mark.parametrize("values", [(400.0, 400.0, 400.0), (400.0, 396.0, 404.0)], ids=["balanced", "1 %"])
def test_interval_of_rms_values_holds_the_truth(method, values):
    truth = of_rms(values, method).measurement.measured.value
    random, inside = np.random.default_rng(6), 0
    for _ in range(100):
        records = {
            name: value * (1.0 + random.normal(0.0, 0.001)) + random.normal(0.0, 0.5, 60)
            for name, value in zip(NAMES, values, strict=True)
        }
        found = result(
            records,
            method=method,
            signals=phases(waveform=None),
            rate=5.0,
            aggregate={"length": "3 s"},
            accuracy=Accuracy(0.002, coverage_factor=2),
        )
        interval = found.measurement.measured.interval
        inside += interval.low <= truth <= interval.high
    assert inside >= 91  # 95.4 % of 100, less two deviations of a count, 4.2


def test_reading_does_not_depend_on_where_the_record_is_cut():
    records = waves(sigma=1.0, duration=3.0)
    whole, cut = (
        evaluate(KIND, keys(), phases(), FakeMeasurements(records, 1 / RATE, cuts=at)).measurements
        for at in ((), (1, 7, 1000, 2345))
    )
    assert whole == cut


# ---------------------------------------------------------------- the spec alone


def problems(phases_of=None, **more):
    requirement = KIND.model.model_validate({"id": "R", "kind": "unbalance", **keys(**more)})
    return [problem.path for problem in KIND.problems(requirement, {each.name: each for each in phases_of or phases()})]


@pytest.mark.parametrize(
    ("signals", "more", "path"),
    [
        (None, {"signals": ["a", "b", "b"]}, ("signals",)),
        (phases(waveform=None), {"aggregate": {"length": "3 s"}}, ("method",)),
        (phases(waveform=None), {"method": "nema"}, ("aggregate",)),
        (None, {"method": "nema", "component": "u0"}, ("component",)),
        (phases(quantity="current"), {"method": "line_line"}, ("method",)),
        ([*phases(230.0)[:2], phases(240.0)[2]], {}, ("signals",)),
        ([*phases()[:2], phases(quantity="current")[2]], {}, ("signals",)),
        (None, {"limits": {"unbalance": {"min": "1 %"}}}, ("limits", "unbalance", "min")),
        (None, {"period": "100 ms"}, ("period",)),
    ],
    ids=["twice", "angles", "no windows", "component", "currents", "rated", "mixed", "lower limit", "period"],
)
def test_spec_that_cannot_be_meant_is_a_problem(signals, more, path):
    assert problems(signals, **more) == [path]


def test_two_phases_are_refused():
    with pytest.raises(ValueError, match="signals"):
        KIND.model.model_validate({"id": "R", "kind": "unbalance", **keys(signals=["a", "b"])})


def test_sentence_says_it_all():
    requirement = KIND.model.model_validate({"id": "R", "kind": "unbalance", **keys(aggregate={"length": "10 min"})})
    assert KIND.sentence(requirement, {each.name: each for each in phases()}) == (
        "The largest of the 10 min rms values of the negative over positive sequence of a, b, c (Fortescue), of the "
        "fundamental; values that are the rms of the windows of 10 cycles of the fundamental that begin within 10 min, "
        "counted from the first one, shall be at most 2 %. At least 95 % of the values shall be complete and free of "
        "dips, swells and interruptions."
    )


def test_every_phase_has_its_own_needs():
    requirement = KIND.model.model_validate({"id": "R", "kind": "unbalance", **keys()})
    (check,) = KIND.checks(requirement, {each.name: each for each in phases()})
    assert [(need.signal, need.max_frequency) for need in check.needs] == [(name, 150.0) for name in NAMES]


def test_resolved_requirement_without_phase_angles_reads_back():
    voltages = {name: {"quantity": "voltage", "unit": "V", "rated": "400 V"} for name in ("ab", "bc", "ca")}
    requirement = {"id": "U", "kind": "unbalance", "signals": list(voltages), "method": "nema", "frequency": "50 Hz"}
    requirement |= {"aggregate": {"length": "3 s"}, "limits": {"unbalance": {"max": "2 %"}}}
    spec = load_spec({"slacheck": 1, "id": "x", "signals": voltages, "requirements": [requirement]})
    assert load_spec(spec.resolved) == spec
