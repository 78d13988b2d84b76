"""Decision rules: the vectors of requirements.md 2.3, asymmetry, censoring, order of gates."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import CheckPlan, DecisionRule, Definition, Effect, Gate, Limit, Measurement, Verdict
from slacheck.decide import decide_check, decide_finding, overall, worst
from slacheck.language import Requirement
from slacheck.values import Interval, Measured, at_least, symmetric

PLAN = CheckPlan("x", Limit(max=5.0), "W", "W", Definition("x/y@1", "text"))
RULES = ("three_state", "simple", "guarded_acceptance", "guarded_rejection")


def verdict_of(measured, *, limit=None, rule="three_state", gates=()):
    plan = CheckPlan("x", limit or PLAN.limit, "W", "W", PLAN.definition)
    return decide_check(plan, Measurement("x", measured=measured), tuple(gates), DecisionRule(rule)).verdict


def gate(effect, passed=False, code="coverage"):
    return Gate(code, effect, passed, 0.1, 0.01, "10 % are missing.")


@pytest.mark.parametrize(
    ("value", "simple", "three_state"),
    [
        pytest.param(4.90, "PASS", "PASS", id="DR1 m + U on the limit"),
        pytest.param(4.95, "PASS", "INCONCLUSIVE", id="DR2"),
        pytest.param(5.00, "PASS", "INCONCLUSIVE", id="DR3 on the limit"),
        pytest.param(5.05, "FAIL", "INCONCLUSIVE", id="DR4"),
        pytest.param(5.15, "FAIL", "FAIL", id="DR5"),
    ],
)
def test_decide_published_vectors_give_stated_verdicts(value, simple, three_state):
    measured = Measured(value, "W", Interval(value - 0.1, round(value + 0.1, 12)), 0.1)
    assert verdict_of(measured, rule="simple") == simple
    assert verdict_of(measured) == three_state


@pytest.mark.parametrize(
    ("value", "acceptance", "rejection"),
    [(4.89, "PASS", "PASS"), (4.95, "FAIL", "PASS"), (5.05, "FAIL", "PASS"), (5.15, "FAIL", "FAIL")],
)
def test_decide_guarded_rules_move_the_limit_by_the_uncertainty(value, acceptance, rejection):
    measured = symmetric(value, "W", 0.1)
    assert verdict_of(measured, rule="guarded_acceptance") == acceptance
    assert verdict_of(measured, rule="guarded_rejection") == rejection


@pytest.mark.parametrize(("value", "verdict"), [(4.95, Verdict.INCONCLUSIVE), (5.05, Verdict.FAIL)])
def test_decide_guarded_acceptance_does_not_reject_for_what_is_missing(value, verdict):
    measured = Measured(value, "W", Interval(4.0, 9.0))
    assert verdict_of(measured, gates=[gate(Effect.NO_PASS)], rule="guarded_acceptance") is verdict


@pytest.mark.parametrize("rule", RULES)
def test_decide_value_censored_above_never_passes_a_maximum(rule):
    assert verdict_of(at_least(4.0, "s"), rule=rule) is Verdict.INCONCLUSIVE
    assert verdict_of(at_least(5.0, "s"), rule=rule) is Verdict.FAIL


@pytest.mark.parametrize("rule", RULES)
def test_decide_value_censored_above_passes_a_reached_minimum(rule):
    assert verdict_of(at_least(6.0, "s"), limit=Limit(min=5.0), rule=rule) is Verdict.PASS


def test_decide_two_bounds_takes_the_worse():
    limit = Limit(max=5.0, min=1.0)
    assert verdict_of(symmetric(3.0, "W", 0.1), limit=limit) is Verdict.PASS
    assert verdict_of(symmetric(0.5, "W", 0.1), limit=limit) is Verdict.FAIL
    assert verdict_of(symmetric(1.05, "W", 0.1), limit=limit) is Verdict.INCONCLUSIVE


def test_decide_gate_without_verdict_beats_a_violation():
    assert verdict_of(symmetric(9.0, "W", 0.1), gates=[gate(Effect.NO_VERDICT)]) is Verdict.INCONCLUSIVE


def test_decide_gate_without_pass_leaves_a_violation_a_fail_and_a_pass_inconclusive():
    closed = [gate(Effect.NO_PASS)]
    assert verdict_of(symmetric(9.0, "W", 0.1), gates=closed) is Verdict.FAIL
    assert verdict_of(symmetric(1.0, "W", 0.1), gates=closed) is Verdict.INCONCLUSIVE
    assert verdict_of(symmetric(1.0, "W", 0.1), gates=[gate(Effect.NO_PASS, passed=True)]) is Verdict.PASS


def test_decide_nothing_measured_is_inconclusive_with_a_reason():
    result = decide_check(PLAN, Measurement("x"), (), DecisionRule())
    assert result.verdict is Verdict.INCONCLUSIVE
    assert [reason.code for reason in result.reasons] == ["incomplete"]


def test_decide_resolution_rounds_half_to_even_before_comparing():
    limit = Limit(max=5.0, resolution=0.1)
    assert verdict_of(symmetric(5.04, "W", 0.0), limit=limit) is Verdict.PASS
    assert verdict_of(symmetric(5.05, "W", 0.0), limit=limit) is Verdict.PASS  # 50.5 steps, to even 50
    assert verdict_of(symmetric(5.0501, "W", 0.0), limit=limit) is Verdict.FAIL


def test_decide_margin_is_to_the_nearer_bound_and_none_in_percent_of_zero():
    result = decide_check(PLAN, Measurement("x", measured=symmetric(4.0, "W", 0.1)), (), DecisionRule())
    assert (result.margin, result.margin_percent) == (1.0, 20.0)
    zero = CheckPlan("x", Limit(max=0.0), "s", "s", PLAN.definition)
    result = decide_check(zero, Measurement("x", measured=symmetric(1.0, "s", 0.1)), (), DecisionRule())
    assert (result.margin, result.margin_percent) == (-1.0, None)


numbers = st.floats(-10, 10).map(lambda x: round(x, 6))


@settings(max_examples=200, deadline=None)
@given(value=numbers, limit=numbers, small=st.floats(0, 3), more=st.floats(0, 3), tighter=st.floats(0, 5))
def test_decide_more_uncertainty_or_a_tighter_limit_never_makes_a_pass(value, limit, small, more, tighter):
    before = verdict_of(symmetric(value, "W", small), limit=Limit(max=limit))
    wider = verdict_of(symmetric(value, "W", small + more), limit=Limit(max=limit))
    stricter = verdict_of(symmetric(value, "W", small), limit=Limit(max=limit - tighter))
    if before is not Verdict.PASS:
        assert wider is not Verdict.PASS
        assert stricter is not Verdict.PASS
    if before is not Verdict.FAIL:
        assert wider is not Verdict.FAIL


@settings(max_examples=200, deadline=None)
@given(value=numbers, limit=numbers, uncertainty=st.floats(0, 3), rule=st.sampled_from(RULES))
def test_decide_mirrored_value_and_limit_give_the_same_verdict(value, limit, uncertainty, rule):
    above = verdict_of(symmetric(value, "W", uncertainty), limit=Limit(max=limit), rule=rule)
    below = verdict_of(symmetric(-value, "W", uncertainty), limit=Limit(min=-limit), rule=rule)
    assert above is below


def finding(verdict, severity="mandatory"):
    requirement = Requirement.model_validate({"id": "a", "kind": "k", "severity": severity})
    found = decide_finding(requirement, None, None, [], ())
    return type(found)(requirement, None, None, verdict)


def test_overall_worst_mandatory_finding_wins_and_errors_always_count():
    assert overall([finding(Verdict.PASS), finding(Verdict.FAIL, "advisory")]) is Verdict.PASS
    assert overall([finding(Verdict.PASS), finding(Verdict.ERROR, "advisory")]) is Verdict.ERROR
    assert overall([finding(Verdict.PASS), finding(Verdict.INCONCLUSIVE), finding(Verdict.FAIL)]) is Verdict.FAIL
    assert overall([finding(Verdict.PASS), finding(Verdict.NOT_APPLICABLE)]) is Verdict.PASS


def test_overall_nothing_left_to_judge_is_inconclusive():
    assert overall([]) is Verdict.INCONCLUSIVE
    assert overall([finding(Verdict.NOT_APPLICABLE)]) is Verdict.INCONCLUSIVE
    assert overall([finding(Verdict.PASS, "advisory")]) is Verdict.INCONCLUSIVE
    assert worst([]) is Verdict.INCONCLUSIVE


def test_decide_finding_without_checks_is_inconclusive():
    requirement = Requirement.model_validate({"id": "a", "kind": "k"})
    found = decide_finding(requirement, "c", None, [], ())
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reasons[0].code == "incomplete"
