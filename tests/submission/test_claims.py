"""Claims against what was measured, on every side of the interval and of the gates."""

import pytest

from slacheck import api
from slacheck.submission.claims import half_digit, judged_claims
from slacheck.submission.load import Claim
from slacheck.units import parse_quantity
from slacheck.values import at_least, between, symmetric

MAX, MIN, BOTH = {"max": 0.1}, {"min": 0.1}, {"max": 0.1, "min": 0.05}
BOUND = {"effect": "no_pass", "passed": False}
FABRICATED = {"effect": "no_verdict", "passed": False}
OVER, UNDER, NEAR = symmetric(0.092, "s", 0.001), symmetric(0.06, "s", 0.001), symmetric(0.0801, "s", 0.001)


def outcome(limit, *readings, claim="80 ms"):
    """Outcome of a claim, each reading on a capture of its own; a reading is a Measured, or one with its gates."""
    findings = []
    for index, reading in enumerate(readings):
        measured, *gates = reading if isinstance(reading, tuple) else (reading,)
        value = None if measured is None else measured.value
        interval = [None, None] if measured is None else [measured.interval.low, measured.interval.high]
        check = {
            **{"name": "recovery_time", "event": None, "limit": limit, "display_unit": "ms", "gates": gates},
            "measured": {"value": value, "interval": interval},
        }
        findings.append({"requirement": "DYN-1", "capture": f"run-{index}.csv", "checks": [check]})
    (found,) = judged_claims([Claim("DYN-1", "recovery_time", claim, parse_quantity(claim))], findings)
    return found


@pytest.mark.parametrize(
    ("limit", "readings", "expected", "says"),
    [
        (MAX, [NEAR], "agrees", "agree within the uncertainty"),
        (MAX, [OVER], "disagrees", "worse than the claim"),
        (MAX, [UNDER], "disagrees", "better than the claim"),
        (MAX, [UNDER, NEAR], "agrees", "agree within"),
        (MAX, [UNDER, NEAR, OVER], "disagrees", "worse than the claim"),
        (MAX, [NEAR, None], "cannot_tell", "Not everything"),
        (MAX, [OVER, None], "disagrees", "worse than the claim"),
        (MAX, [None], "cannot_tell", "nothing was measured"),
        (MAX, [], "cannot_tell", "nothing was measured"),
        (MAX, [(OVER, FABRICATED)], "cannot_tell", "Not everything"),
        (MAX, [(OVER, BOUND)], "disagrees", "worse than the claim"),
        (MAX, [(NEAR, BOUND)], "cannot_tell", "Not everything"),
        (MAX, [(UNDER, BOUND)], "cannot_tell", "Not everything"),
        (MAX, [at_least(0.09, "s")], "disagrees", "worse than the claim"),
        (MAX, [at_least(0.05, "s")], "cannot_tell", "Not everything"),
        (MAX, [between(0.05, "s", 0.04, None)], "cannot_tell", "Not everything"),
        (MIN, [UNDER], "disagrees", "worse than the claim"),
        (MIN, [OVER], "disagrees", "better than the claim"),
        (MIN, [OVER, NEAR], "agrees", "agree within"),
        (MIN, [(UNDER, BOUND)], "disagrees", "worse than the claim"),
        (BOTH, [OVER], "disagrees", "above the claim"),
        (BOTH, [NEAR, NEAR], "agrees", "agree within"),
        (BOTH, [NEAR, OVER], "cannot_tell", "two ends"),
    ],
)
def test_claim_stands_against_its_readings(limit, readings, expected, says):
    found = outcome(limit, *readings)
    assert found["outcome"] == expected
    assert says in found["sentence"]


def test_claim_is_compared_with_the_worst_reading_and_names_it():
    found = outcome(MAX, UNDER, OVER, NEAR)
    assert (found["capture"], found["claimed"]) == ("run-1.csv", 0.08)
    assert found["sentence"] == (
        "80 ms is claimed; measured 92 ms (91 to 93) on run-1.csv. What was measured is worse than the claim."
    )
    assert outcome(MIN, UNDER, OVER)["capture"] == "run-0.csv"


@pytest.mark.parametrize(
    ("text", "half"),
    [("80 ms", 0.5e-3), ("80.0 ms", 0.05e-3), ("0.1 s", 0.05), ("8e1 ms", 5e-3), ("5 %", 0.005), ("-3 kW", 500.0)],
)
def test_half_of_the_last_digit_written(text, half):
    assert half_digit(parse_quantity(text)) == pytest.approx(half, rel=1e-9)


def test_claim_agrees_only_as_far_as_its_digits_go():
    reading = symmetric(0.0804, "s", 1e-5)
    assert outcome(MAX, reading, claim="80 ms")["outcome"] == "agrees"
    assert outcome(MAX, reading, claim="80.0 ms")["outcome"] == "disagrees"


def test_false_claim_stands_in_results_table_and_report(facility):
    facility.spec()
    facility.capture()
    results = api.check(facility.submission(more="claims: [{requirement: RAMP-1, check: up, value: 0.5 kW/s}]\n"))
    assert results.passed
    assert results.to_dict()["claims"][0]["outcome"] == "disagrees"
    assert "claim on RAMP-1 up: disagrees. 0.5 kW/s is claimed; measured 1 kW/s" in results.table()
    assert "<b>disagrees</b>: 0.5 kW/s is claimed; measured 1 kW/s" in results.report_html()
