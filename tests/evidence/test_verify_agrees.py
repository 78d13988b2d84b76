"""Two implementations of one text: `decide` and `verify` give the same verdict and margin on any check."""

from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import (
    CheckPlan,
    CheckResult,
    DecisionRule,
    Definition,
    Effect,
    Gate,
    Limit,
    Measurement,
    Verdict,
)
from slacheck.decide import decide_check
from slacheck.evidence.record import _check
from slacheck.evidence.redecide import margins_of_check, verdict_of_check
from slacheck.values import Interval, Measured

RULES = ("three_state", "simple", "guarded_acceptance", "guarded_rejection")
# few distinct numbers, so that values, ends and bounds often meet
numbers = st.one_of(st.integers(-4, 4).map(lambda n: n / 4), st.floats(-5, 5), st.sampled_from([0.05, 0.15, 2.675]))


@st.composite
def measured(draw):
    if draw(st.booleans()) and draw(st.booleans()):
        return None
    low, value, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    censored = draw(st.sampled_from([None, None, None, "above", "below"]))
    ends = [draw(st.sampled_from([end, end, end, None])) for end in (low, high)]
    if censored == "above":
        ends[1] = None
    if censored == "below":
        ends[0] = None
    return Measured(value, "W", Interval(*ends), None, censored)


@st.composite
def limits(draw):
    low, high = sorted(draw(st.tuples(numbers, numbers)))
    resolution = draw(st.sampled_from([None, None, 0.1, 0.25, 0.3, 1.0]))
    bounds = draw(st.sampled_from([{"max": high}, {"min": low}, {"max": high, "min": low}]))
    return Limit(**bounds, resolution=resolution)


gates = st.lists(
    st.builds(
        Gate, st.just("coverage"), st.sampled_from(Effect), st.booleans(), st.none(), st.none(), st.just("Because.")
    ),
    max_size=2,
).map(tuple)


def both(measured, limit, gates, rule):
    plan = CheckPlan("x", limit, "W", "W", Definition("x/y@1", "text"))
    result: CheckResult = decide_check(plan, Measurement("x", measured=measured), gates, DecisionRule(rule))
    document = _check(result, 2.0)
    return result, verdict_of_check(document, rule), margins_of_check(document)


@settings(max_examples=2000, deadline=None)
@given(measured=measured(), limit=limits(), gates=st.one_of(st.just(()), gates), rule=st.sampled_from(RULES))
def test_decide_and_verify_any_check_agree(measured, limit, gates, rule):
    result, verdict, margins = both(measured, limit, gates, rule)
    assert verdict == result.verdict
    assert (result.margin, result.margin_percent) in margins
    if verdict == "INCONCLUSIVE":
        assert result.reasons


def test_guarded_rejection_value_never_seen_to_reach_a_minimum_is_inconclusive():
    censored = Measured(4.0, "s", Interval(3.9, None), None, "above")
    result, verdict, _ = both(censored, Limit(min=5.0), (), "guarded_rejection")
    assert verdict == Verdict.INCONCLUSIVE
    assert result.verdict is Verdict.INCONCLUSIVE
