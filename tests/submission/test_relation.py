"""When two measured values differ: the rule, at its borders, and what it refuses to say."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.submission.relation import Reading, relation

TEXT = "from the event until the last entry into 1 % of rated, held 100 ms"


def reading(value=1.0, u=None, interval=None, *, gates=(), **more):
    """A reading of `recovery_time`; `more` replaces parts of the check or the finding."""
    ends = interval if interval is not None else (value, value) if u is None else (value - u, value + u)
    check = {
        "name": "recovery_time",
        "measured": {
            "value": value,
            "unit": more.get("unit", "s"),
            "expanded_uncertainty": u,
            "interval": list(ends),
            "censored": more.get("censored"),
        },
        "limit": more.get("limit", {"max": 2.0}),
        "definition": {"id": more.get("id", "recovery_time/last_entry@1"), "text": more.get("text", TEXT)},
        "gates": [{"code": code, "passed": passed} for code, passed in gates],
    }
    rule = {"rule": more.get("rule", "three_state"), "coverage_factor": more.get("k", 2.0)}
    return Reading({"kind": more.get("kind", "transient_deviation"), "decision": rule}, check)


@pytest.mark.parametrize(
    ("apart", "outcome"), [(0.0, "same"), (0.4, "within"), (0.5, "within"), (0.50001, "beyond"), (-0.6, "beyond")]
)
def test_relation_symmetric_uses_the_root_of_the_squares(apart, outcome):
    ours = reading(1.0, 0.3) if apart else reading(1.0, 0.4)  # 0.3 and 0.4 make 0.5
    assert relation(ours, reading(1.0 + apart, 0.4)).outcome == outcome


def test_relation_symmetric_tells_distance_and_uncertainty():
    found = relation(reading(1.0, 0.3), reading(3.0, 0.4))
    assert (found.difference, found.why) == (2.0, "")
    assert found.uncertainty == pytest.approx(0.5, rel=1e-15)


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [((1.1, 1.6), "within"), ((1.2, 1.6), "within"), ((1.2001, 1.6), "beyond"), ((0.1, 0.79), "beyond")],
)
def test_relation_unsymmetric_asks_for_disjoint_intervals(interval, outcome):
    assert relation(reading(1.0, None, (0.8, 1.2)), reading(1.3, None, interval)).outcome == outcome


def test_relation_censored_overlapping_cannot_be_told():
    found = relation(reading(1.0, 0.1), reading(0.85, None, (0.85, None), censored="above"))
    assert (found.outcome, found.difference) == ("cannot_tell", None)
    assert found.why == "the truth of one lies beyond its value, at an unknown distance"


def test_relation_censored_beyond_all_that_the_other_can_be_differs():
    found = relation(reading(0.3, 0.1), reading(0.85, None, (0.85, None), censored="above"))
    assert (found.outcome, found.difference, found.uncertainty) == ("beyond", None, None)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "step_response"}, "the kind is transient_deviation in one, step_response in the other"),
        (
            {"id": "recovery_time/first_entry@1"},
            "the definition is recovery_time/last_entry@1 in one, recovery_time/first_entry@1 in the other",
        ),
        (
            {"text": TEXT.replace("1 %", "2 %")},
            "the definition recovery_time/last_entry@1 has other parameters: 'entry into 1 %' in one, 'entry into 2 %' "
            "in the other",
        ),
        ({"limit": {"max": 3.0}}, "the limit is not the same"),
        ({"limit": {"max": 2.0, "resolution": 0.1}}, "the limit is not the same"),
        ({"unit": "1"}, "the limit is not the same"),
        ({"rule": "simple"}, "the decision rule is three_state with k = 2 in one, simple with k = 2 in the other"),
        ({"k": 3.0}, "the decision rule is three_state with k = 2 in one, three_state with k = 3 in the other"),
    ],
)
def test_relation_another_question_is_not_compared(change, why):
    found = relation(reading(1.0, 0.1), reading(1.0, 0.1, **change))
    assert (found.outcome, found.why, found.difference) == ("not_compared", why, None)


def test_relation_missing_check_is_not_compared():
    assert relation(reading(), None).why == "only one of them has this check"


def test_relation_nothing_measured_cannot_be_told():
    found = relation(reading(1.0, 0.1), reading(None, None, (None, None)))
    assert (found.outcome, found.why) == ("cannot_tell", "nothing was measured")


def test_relation_closed_gate_cannot_be_told_however_far_apart():
    found = relation(reading(1.0, 0.1), reading(9.0, 0.1, gates=[("coverage", False), ("noise", True)]))
    assert (found.outcome, found.why) == ("cannot_tell", "the record of one does not carry the value: coverage")


def test_relation_under_rule_simple_cannot_be_told():
    found = relation(reading(1.0, 0.1, rule="simple"), reading(9.0, 0.1, rule="simple"))
    assert found.outcome == "cannot_tell"
    assert found.why == "under the decision rule simple the uncertainty may leave out the instrument"


ENDS = st.floats(-1e6, 1e6, allow_subnormal=False)


@st.composite
def readings(draw):
    low, value, high = sorted(draw(st.tuples(ENDS, ENDS, ENDS)))
    if draw(st.booleans()):
        return reading(value, high - value)
    return reading(value, None, draw(st.sampled_from([(low, high), (None, high), (low, None), (low, value)])))


@settings(max_examples=30, deadline=None)
@given(readings(), readings())
def test_relation_is_the_same_from_either_side(a, b):
    there, back = relation(a, b), relation(b, a)
    assert (there.outcome, there.uncertainty, there.why) == (back.outcome, back.uncertainty, back.why)
    assert (there.difference is None) == (back.difference is None)
    assert there.difference is None or there.difference == -back.difference


@settings(max_examples=30, deadline=None)
@given(readings(), readings(), st.floats(0, 10))
def test_relation_more_uncertainty_never_makes_a_difference(a, b, more):
    wide = b.check["measured"]
    if relation(a, b).outcome == "beyond" or wide["expanded_uncertainty"] is None:
        return
    wider = reading(wide["value"], wide["expanded_uncertainty"] + more)
    assert relation(a, wider).outcome != "beyond"
    assert math.isfinite(relation(a, wider).difference or 0.0)
