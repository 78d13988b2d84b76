"""Packs side by side: what is matched with what, who is worst, and what several packs share."""

import pytest

from slacheck.errors import UsageError
from slacheck.evidence.verified import VerifiedPack
from slacheck.submission.comparison import compare, compared, readings_of

RULE = {"rule": "three_state", "coverage_factor": 2.0}


def check(name="up", value=1.0, verdict="PASS", percent=50.0, u=0.1, **more):
    return {
        "name": name,
        "verdict": verdict,
        "event": more.get("event"),
        "measured": {
            "value": value,
            "unit": "W/s",
            "expanded_uncertainty": u,
            "coverage_factor": 2.0,
            "interval": [value - u, value + u],
            "censored": None,
        },
        "limit": {"max": more.get("limit", 2.0)},
        "display_unit": "W/s",
        "margin": percent / 50.0,
        "margin_percent": percent,
        "at": {"time": 1.0, "frequency": None},
        "definition": {"id": more.get("id", "ramp_rate/difference@1"), "text": "rate"},
        "gates": [],
        "reasons": [],
        "budget": [],
        "notes": [],
    }


def finding(requirement="R-1", checks=(), verdict=None, **more):
    return {
        "requirement": requirement,
        "kind": "ramp_rate",
        "clause": None,
        "title": None,
        "note": None,
        "severity": more.get("severity", "mandatory"),
        "decision": RULE,
        "test": None,
        "capture": more.get("capture", "a.csv"),
        "verdict": verdict or (checks[0]["verdict"] if checks else "INCONCLUSIVE"),
        "reasons": [],
        "notes": [],
        "checks": list(checks),
        "witness": None,
    }


def pack(*findings, verdict="PASS", name="a.zip", supplier="", sha="0", **more):
    results = {
        "slacheck": {"version": "0.1.0"},
        "spec": {"id": "s", "title": None, "version": None, "sha256": "a" * 64, "extends": []},
        "contract": {"supplier": "of the contract"} if more.get("contract") else {},
        "submission": {"id": "x", "supplier": supplier, "sha256": "b" * 64} if supplier else None,
        "captures": [{"id": "a.csv", "files": [{"name": "a.csv", "role": "data", "sha256": sha * 64, "bytes": 1}]}],
        "waivers": more.get("waivers", []),
        "verdict": verdict,
        "findings": list(findings),
    }
    return VerifiedPack(name, results, {}, "c" * 64, (), {})


def test_compared_clauses_stand_in_the_order_of_the_first_pack_then_of_the_others():
    first = pack(finding("B"), finding("A"), sha="1")
    second = pack(finding("C"), finding("A"), sha="2")
    found = compared([first, second])
    assert [clause.requirement for clause in found.clauses] == ["B", "A", "C"]
    assert [clause.verdicts for clause in found.clauses] == [
        ("INCONCLUSIVE", None),
        ("INCONCLUSIVE", "INCONCLUSIVE"),
        (None, "INCONCLUSIVE"),
    ]


def test_readings_of_takes_the_worst_event_of_all_captures():
    fine, near = check(percent=50.0, event=0), check(percent=5.0, event=1)
    broken = check(percent=-1.0, verdict="FAIL", event=0)
    found = readings_of([finding(checks=[fine, near]), finding(checks=[broken], capture="b.csv")])
    assert (found["up"].check["event"], found["up"].finding["capture"], found["up"].count) == (0, "b.csv", 3)


def test_compared_requirement_verdict_is_the_worst_of_its_findings():
    one = pack(finding(checks=[check()]), finding(checks=[check(verdict="FAIL", percent=-3.0)], capture="b.csv"))
    other = pack(finding(checks=[check()]))
    assert compared([one, other]).clauses[0].verdicts == ("FAIL", "PASS")


@pytest.mark.parametrize(
    ("checks", "worst"),
    [
        ([check(), check()], ()),
        ([check(verdict="FAIL", percent=-9.0), check()], (0,)),
        ([check(value=1.0), check(value=1.9, percent=5.0)], (1,)),
        ([check(value=1.0), check(value=1.1, percent=45.0)], ()),
        ([check(value=1.0), check(value=1.9, percent=5.0, id="ramp_rate/block@1")], ()),
        ([check(value=1.0), check(value=1.9, percent=5.0, limit=3.0)], ()),
        ([check("up"), check("down", value=1.9, percent=5.0)], ()),
        ([check(), None], ()),
    ],
    ids=["alike", "verdict", "margin", "within", "definition", "limit", "other-check", "absent"],
)
def test_compared_worst_side_needs_a_worse_verdict_or_a_margin_beyond_uncertainty(checks, worst):
    packs = [pack(finding(checks=[one])) if one else pack(finding("R-2"), finding("R-3")) for one in checks]
    assert compared(packs).clauses[0].worst == worst


def test_compared_worst_of_three_is_named_among_those_that_fail():
    checks = [
        check(),
        check(value=2.5, verdict="FAIL", percent=-25.0),
        check(value=9.0, verdict="FAIL", percent=-350.0),
    ]
    assert compared([pack(finding(checks=[one])) for one in checks]).clauses[0].worst == (2,)
    assert compared([pack(verdict=v) for v in ("PASS", "FAIL", "FAIL")]).worst == (1, 2)
    assert compared([pack(verdict="FAIL"), pack(verdict="FAIL")]).worst == ()


def test_compared_letters_run_on_after_z():
    found = compared([pack() for _ in range(28)])
    assert [side.letter for side in found.sides][-3:] == ["Z", "AA", "AB"]


def test_compared_recording_in_two_packs_is_shared():
    found = compared([pack(sha="1"), pack(sha="2"), pack(sha="1")])
    assert found.shared == (("1" * 64, (0, 2)),)


def test_compared_supplier_is_of_the_submission_or_of_the_contract():
    sides = compared([pack(supplier="S"), pack(contract=True), pack()]).sides
    assert [side.supplier for side in sides] == ["S", "of the contract", ""]


def test_compared_decider_is_mandatory():
    advisory = finding("ADV", [check(verdict="FAIL", percent=-99.0)], severity="advisory")
    side = compared([pack(advisory, finding(checks=[check()])), pack()]).sides[0]
    assert side.worst.finding["requirement"] == "R-1"


def test_compare_of_one_pack_is_refused(tmp_path):
    with pytest.raises(UsageError, match="a comparison needs two packs or more"):
        compare([tmp_path / "one.zip"])
