"""Kind regulation: vectors RG1 and RG2, the rank rule, every road to INCONCLUSIVE, what the interval holds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from slacheck.contract import Accuracy, Derive, Signal, Verdict
from slacheck.engine.grid import Gridder
from slacheck.kinds.regulation import KIND, _fewest
from slacheck.measure.derive import make_transform
from tests.kinds.fakes import FakeMeasurements, evaluate, judge

SIGNAL = "v_rms"
BOUNDS = {"min": "360 V", "max": "440 V"}
SAMPLES = 20
"""In an aggregate of 10 s, one each 0.5 s."""


def voltage(**more):
    return Signal(SIGNAL, "voltage", "V", "V", 400.0, **more)


def keys(aggregate=None, limits=None, **more):
    length = {"length": "10 s", "method": "rms"}
    return {"signal": SIGNAL, "aggregate": aggregate or length, "limits": limits or {"p95": BOUNDS}, **more}


def record_of(aggregates):
    """Samples of aggregates with these values; None is missing."""
    return np.repeat([math.nan if value is None else value for value in aggregates], SAMPLES)


def week(outside=0, missing=0, count=1008, at=350.0):
    """A week of 10 min values, shortened to 10 s: `outside` at 350 V, `missing` without samples, else 400 V."""
    return record_of([*[400.0] * (count - outside - missing), *[at] * outside, *[None] * missing])


def result(samples, interval=0.5, accuracy=None, rule="three_state", record_keys=None, **more):
    record = FakeMeasurements({SIGNAL: samples}, interval, accuracies={SIGNAL: accuracy}, **(record_keys or {}))
    checks = judge(KIND, keys(**more), [voltage()], record, rule)
    return checks[next(iter(checks))]


def reasons(check):
    return [reason.code for reason in check.reasons]


# ---------------------------------------------------------------- the rank rule


@pytest.mark.parametrize("method", ["rms", "mean"])
@pytest.mark.parametrize(("outside", "verdict"), [(0, Verdict.PASS), (50, Verdict.PASS), (51, Verdict.FAIL)])
def test_week_is_judged_by_whole_numbers_rg1(outside, verdict, method):
    found = result(week(outside), aggregate={"length": "10 s", "method": method})
    assert found.verdict is verdict
    assert found.measurement.measured.value == (1008 - outside) / 1008


@pytest.mark.parametrize("rule", ["three_state", "simple", "guarded_acceptance", "guarded_rejection"])
def test_week_with_missing_values_that_could_decide_is_inconclusive_rg1(rule):
    found = result(week(outside=45, missing=58), rule=rule)
    assert (found.verdict, set(reasons(found))) == (Verdict.INCONCLUSIVE, {"coverage"})
    if rule == "three_state":
        assert found.measurement.measured.interval.low == 905 / 1008
        assert found.measurement.measured.interval.high == 963 / 1008
        sentences = [gate.sentence for gate in found.gates]
        assert (
            "950 of 1008 10 s rms values of v_rms have all their samples (94.25 %); 95 % are needed: record without "
            "gaps." in sentences
        )
        assert (
            "45 of 1008 10 s rms values of v_rms lie outside and 58 are missing, together 103; p95 allows 50, and the "
            "missing ones could decide: record without gaps." in sentences
        )


@pytest.mark.parametrize("rule", ["three_state", "simple", "guarded_acceptance", "guarded_rejection"])
def test_few_missing_values_count_against_a_pass_under_every_rule(rule):
    assert result(week(outside=40, missing=10), rule=rule).verdict is Verdict.PASS
    found = result(week(outside=41, missing=10), rule=rule)
    assert (found.verdict, set(reasons(found))) == (Verdict.INCONCLUSIVE, {"coverage"})


@pytest.mark.parametrize("rule", ["three_state", "simple", "guarded_acceptance", "guarded_rejection"])
def test_uncertain_values_with_missing_ones_are_undecided_under_every_rule(rule):
    samples = record_of(
        [*[400.0] * 950, *[350.0] * 40, *[362.0] * 9, *[None] * 9]
    )  # 49 may lie outside, 50 are allowed
    found = result(samples, accuracy=Accuracy(0.01, coverage_factor=2), rule=rule)
    assert (found.verdict, set(reasons(found))) == (Verdict.INCONCLUSIVE, {"coverage"})
    assert (
        "49 of 1008 10 s rms values of v_rms may lie outside and 9 are missing, together 58; p95 allows 50, and the "
        "missing ones could decide: record without gaps." in [gate.sentence for gate in found.gates]
    )


def test_violations_alone_beyond_the_budget_fail_in_a_gappy_record():
    assert result(week(outside=51, missing=100)).verdict is Verdict.FAIL


@given(
    count=st.integers(2995, 3400), outside=st.integers(0, 400), name=st.sampled_from(["p95", "p99", "p99.9", "p100"])
)
@settings(max_examples=40, deadline=None)
def test_verdict_is_that_of_the_rank_rule_in_integers(count, outside, name):
    allowed = count - math.ceil(count * round(10 * float(name[1:])) / 1000 - 1e-9)
    samples = np.full(count, 400.0)
    samples[:outside] = 350.0
    for extra in (0, allowed - outside, allowed - outside + 1):
        samples[:] = 400.0
        samples[: max(0, outside + extra)] = 350.0
        found = result(samples, aggregate={"method": "none"}, limits={name: BOUNDS})
        assert found.verdict is (Verdict.PASS if max(0, outside + extra) <= allowed else Verdict.FAIL)


@pytest.mark.parametrize(("bound", "verdict"), [("0.9968 V", Verdict.FAIL), ("0.9970 V", Verdict.PASS)])
def test_p95_of_a_rectified_sine_is_its_closed_form_rg2(bound, verdict):
    phase = 20 * math.pi * np.arange(19997) / 19997  # whole half periods, no two samples at one phase of them
    found = result(np.abs(np.sin(phase)), aggregate={"method": "none"}, limits={"p95": {"max": bound}}, rule="simple")
    assert found.verdict is verdict
    expected = 2.0 * math.asin(float(bound.split()[0])) / math.pi
    assert found.measurement.measured.value == pytest.approx(expected, abs=2 / 19997)  # the two samples at the bound


@pytest.mark.parametrize("value", [360.0, 440.0])
def test_value_on_a_bound_is_inside(value):
    assert result(week(1008, at=value)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("name", "fewest"), [("p50", 5), ("p95", 59), ("p99", 299), ("p99.9", 2995), ("p100", 1), ("p5", 1)]
)
def test_fewest_values_are_those_of_a_distribution_free_bound(name, fewest):
    assert _fewest(name) == fewest


# ---------------------------------------------------------------- uncertainty


@pytest.mark.parametrize(
    ("at", "verdict"),
    [(355.0, Verdict.FAIL), (359.0, Verdict.INCONCLUSIVE), (361.0, Verdict.INCONCLUSIVE), (365.0, Verdict.PASS)],
)
@pytest.mark.parametrize(
    "accuracy", [Accuracy(0.01, coverage_factor=2), Accuracy(0.0, 0.009, 400.0, coverage_factor=2)]
)  # U = 3.6 V at 360 V, both
def test_bounds_are_moved_by_the_accuracy(at, verdict, accuracy):
    found = result(week(200, at=at), accuracy=accuracy)
    assert found.verdict is verdict
    if verdict is Verdict.INCONCLUSIVE:
        assert reasons(found) == ["within_uncertainty"]
        assert found.measurement.measured.interval.low == 808 / 1008
        assert found.measurement.measured.interval.high == 1.0


def test_upper_bound_is_moved_as_the_lower_one_is():
    accuracy = Accuracy(0.01, coverage_factor=2)  # U = 4.4 V at 440 V
    verdicts = [result(week(200, at=at), accuracy=accuracy).verdict for at in (435.0, 439.0, 441.0, 445.0)]
    assert verdicts == [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE, Verdict.FAIL]


@pytest.mark.parametrize("method", ["rms", "mean"])
@pytest.mark.parametrize("sigma", [0.5, 5.0, 200.0])
def test_true_fraction_lies_in_the_interval_of_noisy_records(method, sigma):
    random = np.random.default_rng(8)
    truth = random.uniform(350.0, 450.0, 400)
    fraction = np.mean((truth >= 360.0) & (truth <= 440.0))
    for _ in range(20):
        noisy = np.repeat(truth, SAMPLES) + random.normal(0.0, sigma, 400 * SAMPLES)
        aggregate = {"length": "10 s", "method": method}
        measured = result(noisy, aggregate=aggregate).measurement.measured
        assert measured.interval.low <= fraction <= measured.interval.high


def test_uneven_record_is_widened_by_the_interpolation_error():
    times = np.arange(2000) * 0.5 + np.random.default_rng(3).uniform(0.0, 0.3, 2000)
    times[0] = 0.0
    samples = 400.0 + 39.9 * np.sin(2.0 * math.pi * times / 20.0)
    record_keys = {"times": times}
    found = result(samples, aggregate={"method": "none"}, limits={"p100": BOUNDS}, record_keys=record_keys)
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["within_uncertainty"])


# ---------------------------------------------------------------- roads to INCONCLUSIVE


@pytest.mark.parametrize(
    ("samples", "more", "code"),
    [
        (week(count=58), {}, "n_too_small"),
        (week(count=58), {}, "record_too_short"),
        (np.full(10, 400.0), {"limits": {"p100": BOUNDS}}, "record_too_short"),
        (np.full(1, 400.0), {"limits": {"p100": BOUNDS}}, "record_too_short"),
        (np.full(200, math.nan), {"limits": {"p100": BOUNDS}}, "coverage"),
        (np.full(200, math.nan), {"limits": {"p100": BOUNDS}, "aggregate": {"method": "none"}}, "coverage"),
        (week()[::2], {"interval": 1.0}, "time_resolution"),
        (week(missing=1), {"limits": {"p100": BOUNDS}}, "coverage"),
        (week(missing=60), {}, "coverage"),
        (np.where(np.arange(20160) % 500 == 0, math.nan, 400.0), {"limits": {"p100": BOUNDS}}, "coverage"),
        (week(), {"record_keys": {"facts_of": {"averaging": (10.0,)}}}, "bandwidth"),
        (week(51), {"record_keys": {"facts_of": {"clipped": 1}}}, "clipped"),
        (week(), {"record_keys": {"facts_of": {"clock_fault": "2 double time stamps"}}}, "clock"),
    ],
    ids=[
        *("few", "few aggregates", "less than one", "one sample", "no sample", "no sample at all", "slow"),
        *("one missing", "six percent missing", "gaps all over", "averaged", "clipped", "clock"),
    ],
)
def test_record_that_cannot_carry_it_is_inconclusive(samples, more, code):
    found = result(samples, **more)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert code in reasons(found)


def test_missing_aggregates_that_cannot_tip_the_rule_leave_a_pass():
    assert result(week(missing=20)).verdict is Verdict.PASS


@given(
    lost=st.lists(st.tuples(st.integers(0, 1999), st.integers(1, 300)), min_size=1, max_size=4),
    method=st.sampled_from(["rms", "mean", "none"]),
)
@settings(max_examples=40, deadline=None)
def test_record_with_a_gap_inside_its_aggregates_never_passes_p100(lost, method):
    samples = np.full(2000, 400.0)
    for first, count in lost:
        samples[first : first + count] = math.nan
    aggregate = {"method": method} | ({} if method == "none" else {"length": "10 s"})
    found = result(samples, aggregate=aggregate, limits={"p100": BOUNDS})
    assert (found.verdict, set(reasons(found))) == (Verdict.INCONCLUSIVE, {"coverage"})


@given(outside=st.integers(0, 30), missing=st.integers(0, 30), order=st.permutations(range(60)))
@settings(max_examples=30, deadline=None)
def test_missing_values_never_turn_a_verdict_round(outside, missing, order):
    """Whatever the missing ones had been, the whole record's verdict is the one given, unless INCONCLUSIVE."""
    kept = [400.0] * (60 - outside - missing) + [350.0] * outside
    found = result(record_of([(*kept, *[None] * missing)[i] for i in order]))
    possible = {result(record_of([*kept, *[value] * missing])).verdict for value in (350.0, 400.0)}
    assert found.verdict is Verdict.INCONCLUSIVE or possible == {found.verdict}


def test_block_cuts_do_not_change_the_result():
    samples = week(50) + np.random.default_rng(1).normal(0.0, 0.1, 1008 * SAMPLES)
    whole = result(samples).measurement
    assert result(samples, record_keys={"cuts": (7, 5000, 5001, 20001)}).measurement == whole


def test_remainder_of_a_record_is_not_judged_and_a_note_says_so():
    samples = np.concatenate([week(), np.full(7, 100.0)])
    evaluation = evaluate(KIND, keys(), [voltage()], FakeMeasurements({SIGNAL: samples}, 0.5))
    assert evaluation.measurements[0].measured.value == 1.0
    assert evaluation.notes == ("The last 3.5 s of the record do not fill an aggregate and are not judged.",)


def test_derived_rms_is_counted_from_its_first_value():
    wave = Signal("v_a", "voltage", "V", "V", 400.0, waveform="ac")
    derived = voltage(derive=Derive("rms", ("v_a",), 0.02, 0.01))
    requirement = KIND.model.model_validate(
        {"id": "R", "kind": KIND.name, **keys(aggregate={"length": "1 s", "method": "rms"})}
    )
    meter = KIND.meters(requirement, {SIGNAL: derived, "v_a": wave})[0].build(0.01)
    times = np.arange(0.0, 10.02, 1e-3)
    transform = make_transform(derived.derive, 1e-3)
    for block in Gridder(1e-3, even=True).push(times, 400.0 * math.sqrt(2) * np.sin(100 * math.pi * times)[np.newaxis]):
        rms = transform.push(block)
        if rms is not None:
            meter.update(rms)
    reading = meter.reading()
    assert (reading.first, reading.valid, reading.bands[0].outside) == (2, 10, 0)
    assert reading.bands[0].value == pytest.approx(400.0)


# ---------------------------------------------------------------- words and keys


def test_budget_witness_and_note_tell_where_the_worst_is():
    samples = record_of([400.0] * 30 + [350.0] + [400.0] * 29)
    measurement = result(samples, accuracy=Accuracy(0.002, 0.001, 500.0, 2.0)).measurement
    assert [(term.name, term.standard_uncertainty) for term in measurement.budget] == [
        ("gain", pytest.approx(0.44)),
        ("offset", pytest.approx(0.25)),
        ("noise", 0.0),
    ]
    assert measurement.time == 300.0
    assert (measurement.witness.start, measurement.witness.end) == (280.0, 330.0)
    assert [(mark.shape, mark.label, mark.values) for mark in measurement.witness.marks] == [
        ("hline", "min 360 V (p95)", (360.0,)),
        ("hline", "max 440 V (p95)", (440.0,)),
        ("vband", "worst 10 s", (300.0, 310.0)),
        ("line", "rms", (300.0, 350.0, 310.0, 350.0)),
    ]
    assert measurement.notes == (
        "1 of 60 10 s rms values of v_rms lie outside; the worst begins at 300 s and is 350 V.",
    )


def test_sentence_and_definition_spell_out_the_rule():
    limits = {"p95": {"min": "0.9 pu", "max": "1.1 pu"}, "p100": {"min": "340 V"}}
    requirement = KIND.model.model_validate({"id": "R", "kind": KIND.name, **keys(limits=limits)})
    assert KIND.sentence(requirement, {SIGNAL: voltage()}) == (
        "Of the 10 s rms values of v_rms, at least 95 % shall lie between 0.9 pu and 1.1 pu and all shall lie at or "
        "above 340 V, bounds included: one value for each whole 10 s from the record's first sample on, without "
        "overlap; at least 95 % of them shall have all their samples, and missing ones count as outside."
    )
    first, second = KIND.checks(requirement, {SIGNAL: voltage()})
    assert (first.name, first.limit.min, first.unit, first.display_unit) == ("p95", 0.95, "1", "%")
    assert second.limit.min == 1.0
    assert first.definition.id == "regulation/fraction_inside@1"
    assert first.definition.text == (
        "the fraction of the 10 s rms values of v_rms that lie between 0.9 pu and 1.1 pu, bounds included; one value "
        "for each whole 10 s from the record's first sample on, without overlap; one that lacks a sample is missing, "
        "and counts against a PASS as outside and against a FAIL as inside; levels relative to the rated value of v_rms"
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"limits": {"q95": BOUNDS}}, "expected p and a percentage above 0 up to 100"),
        ({"limits": {"p0": BOUNDS}}, "expected p and a percentage above 0 up to 100"),
        ({"limits": {"p0.0": BOUNDS}}, "expected p and a percentage above 0 up to 100"),
        ({"limits": {"p101": BOUNDS}}, "expected p and a percentage above 0 up to 100"),
        ({"limits": {"p95": {}}}, "a band needs min, max or both, for example {min: 0.9 pu, max: 1.1 pu}"),
        ({"aggregate": {"method": "rms"}}, "such as {length: 10 min, method: rms}; method none has none"),
        ({"aggregate": {"method": "none", "length": "1 s"}}, "method rms and mean need a length"),
        ({"valid": {"min": "101 %"}}, "min must lie between 0 % and 100 %"),
    ],
)
def test_keys_that_cannot_be_meant_are_refused(more, message):
    given_keys = keys()
    given_keys.update(more)
    with pytest.raises(ValidationError) as refused:
        KIND.model.model_validate({"id": "R", "kind": KIND.name, **given_keys})
    assert message in str(refused.value)


def test_empty_limits_are_refused():
    with pytest.raises(ValidationError):
        KIND.model.model_validate({"id": "R", "kind": KIND.name, **keys(), "limits": {}})


@pytest.mark.parametrize(
    ("limits", "signal", "path"),
    [
        ({"p95": {"max": "5 W"}}, voltage(), ("limits", "p95", "max")),
        ({"p95": {"min": "-5 V"}}, voltage(), ("limits", "p95", "min")),
        ({"p95": {"min": "1.2 pu", "max": "440 V"}}, voltage(), ("limits", "p95")),
        ({"p95": BOUNDS}, voltage(waveform="ac"), ("signal",)),
    ],
)
def test_spec_that_only_several_keys_show_wrong_is_a_problem(limits, signal, path):
    requirement = KIND.model.model_validate({"id": "R", "kind": KIND.name, **keys(limits=limits)})
    assert [problem.path for problem in KIND.problems(requirement, {SIGNAL: signal})] == [path]


def test_levels_may_have_signs_unless_they_are_rms():
    requirement = KIND.model.model_validate(
        {
            "id": "R",
            "kind": KIND.name,
            **keys(aggregate={"length": "10 s", "method": "mean"}, limits={"p95": {"min": "-5 V"}}),
        }
    )
    assert list(KIND.problems(requirement, {SIGNAL: voltage()})) == []
