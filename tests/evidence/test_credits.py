"""Credits by hand: rounding, steps, caps and bounds; and what must hold of any."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.evidence.credits import credits_of
from slacheck.evidence.redecide import verdict_of_check, verdict_of_finding

MINUTE = 60.0


def terms(credit, **more):
    block = {
        "charge": "1000.00 USD",
        "cap": "100 %",
        "rounding": "half_even",
        "waived": "due",
        "credits": {"c": credit},
    }
    return block | more


def credit(**keys):
    return {"requirements": ["A"], "counts": "failed_requirements", "over": "worst"} | keys


def check(verdict, value=None, interval=None, limit=None, closed=(), name="length"):
    interval = [value, value] if interval is None else interval
    return {
        "name": name,
        "verdict": verdict,
        "measured": {"value": value, "interval": interval, "censored": None},
        "limit": {"max": 0.0} if limit is None else limit,
        "gates": [{"code": code, "effect": "no_pass", "passed": False} for code in closed],
    }


def finding(verdict, *checks, requirement="A"):
    return {"requirement": requirement, "verdict": verdict, "checks": list(checks)}


def counted(the_terms, *findings, waivers=()):
    return credits_of(the_terms, {"findings": list(findings), "waivers": list(waivers)})


def cents(block):
    total = block["total"]
    return total["amount_cents"], total["lowest_cents"], total["highest_cents"]


# ---------------------------------------------------------------- closed forms


@pytest.mark.parametrize(("rounding", "percent"), [("floor", 9), ("ceil", 12)])
def test_increments_outage_of_130_minutes_is_9_or_12_percent(rounding, percent):
    increments = {"per": "60 min", "credit": "3 %", "rounding": rounding}
    block = counted(
        terms(credit(counts="excess", onset="3 %", increments=increments)), finding("FAIL", check("FAIL", 130 * MINUTE))
    )
    assert cents(block) == (percent * 1000,) * 3
    assert block["credits"][0]["steps"] == [
        "excess beyond the limit, worst of the failed checks: 130 min",
        "onset: 3 %",
        f"increments: {rounding}(130 min / 60 min) = {percent // 3 - 1}, x 3 %",
        f"1000.00 USD x {percent} % = {percent}0.00 USD",
    ]


@pytest.mark.parametrize(("rounding", "days"), [("floor", 3), ("ceil", 4)])
def test_increments_100_minutes_beyond_43_2_are_3_or_4_days(rounding, days):
    increments = {"per": "15 min", "credit": "100.00 USD", "rounding": rounding}
    limit = {"max": 43.2 * MINUTE}
    block = counted(
        terms(credit(counts="excess", increments=increments)), finding("FAIL", check("FAIL", 100 * MINUTE, limit=limit))
    )
    assert cents(block)[0] == days * 10000


def test_increments_value_on_a_whole_number_of_them_is_exactly_that_many():
    increments = {"per": "0.4 ms", "credit": "1 %", "rounding": "ceil"}
    # 0.0812 - 0.08 is 0.0012000000000000066 in floating point, four started increments
    block = counted(
        terms(credit(counts="excess", increments=increments)),
        finding("FAIL", check("FAIL", 0.0812, limit={"max": 0.08})),
    )
    assert cents(block)[0] == 3000


@pytest.mark.parametrize(
    ("share", "amount"), [(0.9999, 0), (0.9998, 5000), (0.999, 5000), (0.9989, 10000), (0.5, 10000)]
)
def test_schedule_below_takes_the_deepest_step_and_excludes_its_threshold(share, amount):
    schedule = [{"below": "99.99 %", "credit": "5 %"}, {"below": "99.9 %", "credit": "10 %"}]
    limit = {"min": 0.9999}
    verdict = "FAIL" if share < 0.9999 else "PASS"
    block = counted(
        terms(credit(counts="value", schedule=schedule)), finding(verdict, check(verdict, share, limit=limit))
    )
    assert cents(block) == (amount,) * 3


def test_schedule_from_includes_its_threshold():
    schedule = [{"from": "2", "credit": "5 %"}, {"from": "3", "credit": "50.01 USD"}]
    failed = finding("FAIL", check("FAIL", 1.0))
    amounts = [
        cents(counted(terms(credit(counts="failed_findings", schedule=schedule)), *[failed] * n))[0] for n in range(5)
    ]
    assert amounts == [0, 0, 5000, 5001, 5001]


def test_excess_percent_is_of_the_limit_and_total_adds_events():
    increments = {"per": "1 %", "credit": "1 %", "rounding": "none"}
    events = [check("FAIL", 11.0, limit={"max": 10.0}), check("FAIL", 10.5, limit={"max": 10.0}), check("PASS", 1.0)]
    worst, total = (
        cents(
            counted(terms(credit(counts="excess_percent", over=over, increments=increments)), finding("FAIL", *events))
        )
        for over in ("worst", "total")
    )
    assert (worst[0], total[0]) == (10000, 15000)


def test_resolution_of_the_limit_rounds_before_the_excess_is_taken():
    increments = {"per": "1 s", "credit": "1 %", "rounding": "floor"}
    limit = {"max": 10.0, "resolution": 1.0}
    block = counted(
        terms(credit(counts="excess", increments=increments)), finding("FAIL", check("FAIL", 12.5, limit=limit))
    )
    assert cents(block)[0] == 2000  # 12.5 rounds to 12, half to even


@pytest.mark.parametrize(("rounding", "amount"), [("half_even", 12), ("half_up", 13), ("floor", 12), ("ceil", 13)])
def test_rounding_half_a_cent_goes_where_the_spec_says(rounding, amount):
    half = terms(credit(onset="12.5 %"), charge="1.00 USD", rounding=rounding)
    assert cents(counted(half, finding("FAIL", check("FAIL", 1.0))))[0] == amount


def test_cap_of_a_credit_and_of_the_whole_are_both_kept_and_said():
    block = terms(credit(onset="60 %", cap="400.00 USD"), cap="50 %")
    block["credits"]["d"] = credit(onset="300.00 USD")
    found = counted(block, finding("FAIL", check("FAIL", 1.0)))
    assert [one["amount_cents"] for one in found["credits"]] == [40000, 30000]
    assert found["credits"][0]["steps"][-2:] == ["1000.00 USD x 60 % = 600.00 USD", "at most the cap, 400.00 USD"]
    assert found["total"]["amount_cents"] == 50000
    assert found["total"]["steps"] == ["400.00 USD + 300.00 USD = 700.00 USD", "at most the cap of 50 %, 500.00 USD"]


# ---------------------------------------------------------------- bounds


def test_bounds_inconclusive_within_uncertainty_costs_at_most_its_far_end():
    increments = {"per": "1 s", "credit": "1 %", "rounding": "floor"}
    undecided = check("INCONCLUSIVE", 10.5, [9.0, 12.0], {"max": 10.0})
    block = counted(
        terms(credit(counts="excess", onset="3 %", increments=increments)), finding("INCONCLUSIVE", undecided)
    )
    assert cents(block) == (0, 0, 5000)
    assert block["credits"][0]["steps"] == ["nothing that it counts has failed: no credit"]


def test_bounds_interval_of_a_failed_check_bounds_the_amount():
    increments = {"per": "1 s", "credit": "1 %", "rounding": "none"}
    failed = check("FAIL", 13.0, [11.0, 16.0], {"max": 10.0})
    assert cents(counted(terms(credit(counts="excess", increments=increments)), finding("FAIL", failed))) == (
        3000,
        1000,
        6000,
    )


@pytest.mark.parametrize("counts", ["excess", "failed_checks"])
def test_bounds_behind_a_closed_gate_the_highest_is_the_cap(counts):
    increments = {"per": "1 s" if counts == "excess" else "1", "credit": "1 %", "rounding": "floor"}
    gappy = check("FAIL", 13.0, [12.0, 14.0], {"max": 10.0}, closed=["coverage"])
    block = counted(terms(credit(counts=counts, increments=increments), cap="40 %"), finding("FAIL", gappy))
    assert cents(block) == ((3000, 2000, 40000) if counts == "excess" else (1000, 1000, 40000))


def test_bounds_clause_without_a_capture_may_have_failed():
    lacking = finding("INCONCLUSIVE", check("INCONCLUSIVE", None, [None, None], closed=["no_capture"]))
    assert cents(counted(terms(credit(onset="10 %")), lacking)) == (0, 0, 10000)
    increments = {"per": "1", "credit": "1 %", "rounding": "floor"}
    assert cents(counted(terms(credit(counts="failed_findings", increments=increments)), lacking)) == (0, 0, 100000)


def test_bounds_error_is_not_known_and_not_applicable_costs_nothing():
    assert cents(counted(terms(credit(onset="10 %")), finding("ERROR"))) == (0, 0, 10000)
    assert cents(counted(terms(credit(onset="10 %")), finding("NOT_APPLICABLE"))) == (0, 0, 0)


@pytest.mark.parametrize(("policy", "amount"), [("due", 10000), ("suspended", 0)])
def test_waiver_in_force_suspends_only_where_the_spec_agrees(policy, amount):
    waivers = [{"requirement": "A", "expired": False}]
    block = counted(terms(credit(onset="10 %"), waived=policy), finding("FAIL", check("FAIL", 1.0)), waivers=waivers)
    assert cents(block)[0] == amount
    assert block["waived"] == {"policy": policy, "requirements": ["A"], "amount_cents": 10000}


def test_waiver_that_has_expired_suspends_nothing():
    waivers = [{"requirement": "A", "expired": True}]
    block = counted(
        terms(credit(onset="10 %"), waived="suspended"), finding("FAIL", check("FAIL", 1.0)), waivers=waivers
    )
    assert (cents(block)[0], block["waived"]["requirements"]) == (10000, [])


# ---------------------------------------------------------------- what must hold of any

RATIOS = st.integers(0, 40).map(lambda n: n / 4)


@st.composite
def checks(draw, rule="three_state"):
    value, down, up = draw(RATIOS), draw(RATIOS), draw(RATIOS)
    limit = draw(st.sampled_from([{"max": 4.0}, {"min": 4.0}, {"min": 2.0, "max": 6.0}]))
    made = check("", value, [value - down, value + up], limit, draw(st.sampled_from([(), (), ("coverage",)])))
    made["verdict"] = verdict_of_check(made, rule)
    return made


@st.composite
def all_findings(draw):
    found = []
    for name in draw(st.lists(st.sampled_from("AB"), min_size=1, max_size=4)):
        its = draw(st.lists(checks(), min_size=1, max_size=3))
        found.append(finding("", *its, requirement=name))
        found[-1]["verdict"] = verdict_of_finding(found[-1])
    return found


@st.composite
def all_credits(draw):
    counts = draw(
        st.sampled_from(["failed_requirements", "failed_findings", "failed_checks", "excess", "excess_percent"])
    )
    unit = {"excess": " s", "excess_percent": " %"}.get(counts, "")
    rounding = draw(st.sampled_from(["floor", "ceil", "none"]))
    return credit(
        requirements=["A", "B"],
        counts=counts,
        over=draw(st.sampled_from(["worst", "total"])) if unit else "worst",
        onset=draw(st.sampled_from(["0 %", "3 %", "33.33 USD"])),
        increments={"per": f"{draw(st.integers(1, 7))}{unit}", "credit": "1.111 %", "rounding": rounding},
        schedule=[{"from": f"1{unit}", "credit": "5 %"}, {"from": f"3{unit}", "credit": "7 %"}],
    )


def less_known(the_check):
    """The same check with an end of its interval further out, or a gate that is not passed."""
    wider = copy.deepcopy(the_check)
    wider["measured"]["interval"] = [
        end + shift for end, shift in zip(wider["measured"]["interval"], (-3, 3), strict=True)
    ]
    wider["gates"] = [{"code": "coverage", "effect": "no_pass", "passed": False}]
    wider["verdict"] = verdict_of_check(wider, "three_state")
    return wider


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(all_findings(), all_credits(), st.data())
def test_bounds_hold_the_amount_and_missing_data_never_narrows_them(findings, the_credit, data):
    the_terms = terms(the_credit, cap="60 %")
    amount, low, high = cents(counted(the_terms, *findings))
    assert low <= amount <= high <= 60000
    worse = copy.deepcopy(findings)
    one = data.draw(st.sampled_from(worse))
    index = data.draw(st.integers(0, len(one["checks"]) - 1))
    one["checks"][index] = less_known(one["checks"][index])
    one["verdict"] = verdict_of_finding(one)
    _, lower, higher = cents(counted(the_terms, *worse))
    assert lower <= low
    assert high <= higher


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(all_findings(), st.lists(all_credits(), min_size=1, max_size=3))
def test_total_is_the_sum_of_its_parts_up_to_the_cap(findings, several):
    the_terms = terms({}, credits={str(index): one for index, one in enumerate(several)}, cap="60 %")
    found = counted(the_terms, *findings)
    for key in ("amount_cents", "lowest_cents", "highest_cents"):
        parts = [one[key] for one in found["credits"]]
        assert found["total"][key] == min(60000, sum(parts))
        alone = [cents(counted(terms(one, cap="60 %"), *findings)) for one in several]
        assert [one["amount_cents"] for one in found["credits"]] == [amount for amount, _, _ in alone]
