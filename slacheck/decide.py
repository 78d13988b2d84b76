"""The only place that compares a measured number with a limit.

Order (design section 2): a `no_verdict` gate that is not passed gives INCONCLUSIVE; else a
violation beyond the decision rule gives FAIL; else a `no_pass` gate gives INCONCLUSIVE; else the
rule decides.

The rules (requirements.md 2.2, 2.3; JCGM 106:2012 for the terms), for a measured value m with
interval [a, b] and bounds that are inclusive:

=================== =============================== =============================== ==============
rule                PASS                            FAIL                            else
=================== =============================== =============================== ==============
three_state         [a, b] inside                   [a, b] outside                  INCONCLUSIVE
simple              m inside                        m outside                       (none)
guarded_acceptance  [a, b] inside                   m + U outside                   (none)
guarded_rejection   [a, b] touches the inside       [a, b] outside                  (none)
=================== =============================== =============================== ==============

An interval end that is unbounded (missing data, censoring) is evidence for nothing: a PASS that
would rest on it is INCONCLUSIVE, and so is a FAIL. What is missing widens the interval too: where
a `no_pass` gate is closed, guarded_acceptance rejects on m alone. A value censored "above" lies above its
bound, so it fails `max` as soon as the bound reaches the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from slacheck.contract import (
    WORST_FIRST,
    CheckPlan,
    CheckResult,
    DecisionRule,
    Effect,
    Finding,
    Gate,
    Limit,
    Measurement,
    Reason,
    Verdict,
)
from slacheck.values import Interval, Measured

if TYPE_CHECKING:
    from slacheck.language import Requirement


def decide_check(plan: CheckPlan, measurement: Measurement, gates: tuple[Gate, ...], rule: DecisionRule) -> CheckResult:
    """Decide one check.

    Parameters
    ----------
    plan : CheckPlan
        Holds the limit.
    measurement : Measurement
        What was measured.
    gates : tuple of Gate
        All gates of the check: those of the record and those that measuring showed.
    rule : DecisionRule
        In force for the requirement.
    """
    closed = [gate for gate in gates if not gate.passed]
    measured = measurement.measured
    barred = tuple(Reason(gate.code, gate.sentence) for gate in closed if gate.effect is Effect.NO_VERDICT)
    if barred or measured is None:
        reasons = barred or tuple(Reason(gate.code, gate.sentence) for gate in closed)
        if not reasons:
            reasons = (Reason("incomplete", "Nothing was measured, and the kind gave no reason."),)
        return CheckResult(plan, measurement, gates, Verdict.INCONCLUSIVE, reasons, *_margin(plan.limit, measured))
    verdict = _by_rule(_rounded(measured, plan.limit.resolution), plan.limit, rule.rule, incomplete=bool(closed))
    reasons = ()
    if verdict is not Verdict.FAIL:
        reasons = tuple(Reason(gate.code, gate.sentence) for gate in closed)
        if reasons:
            verdict = Verdict.INCONCLUSIVE
        elif verdict is Verdict.INCONCLUSIVE:
            reasons = (_undecided(measured, plan),)
    return CheckResult(plan, measurement, gates, verdict, reasons, *_margin(plan.limit, measured))


def _by_rule(measured: Measured, limit: Limit, rule: str, *, incomplete: bool) -> Verdict:
    """Worst of the verdicts of the two bounds; each bound is looked at as a maximum."""
    verdicts = []
    if limit.max is not None:
        verdicts.append(_against_max(measured, limit.max, rule, incomplete))
    if limit.min is not None:
        verdicts.append(_against_max(_mirrored(measured), -limit.min, rule, incomplete))
    return worst(verdicts)


def _mirrored(measured: Measured) -> Measured:
    ends = measured.interval
    return Measured(
        -measured.value,
        measured.unit,
        Interval(None if ends.high is None else -ends.high, None if ends.low is None else -ends.low),
        measured.expanded_uncertainty,
        {"above": "below", "below": "above", None: None}[measured.censored],
    )


def _against_max(measured: Measured, limit: float, rule: str, incomplete: bool) -> Verdict:
    low, high, value = measured.interval.low, measured.interval.high, measured.value
    beyond = measured.censored == "above"
    surely_inside = high is not None and high <= limit
    surely_outside = low is not None and (low >= limit if beyond else low > limit)
    if rule == "three_state":
        inside, outside = surely_inside, surely_outside
    elif rule == "simple":
        outside = value >= limit if beyond else value > limit and measured.censored is None
        inside = value <= limit and not beyond
    elif rule == "guarded_acceptance":
        inside = surely_inside
        reached = value if incomplete else high  # what is missing widens the interval, which rejects nothing
        outside = surely_outside or (reached is not None and reached > limit and measured.censored is None)
    elif rule == "guarded_rejection":
        outside = surely_outside
        inside = surely_inside or (not outside and low is not None and high is not None and not beyond)
    else:
        raise ValueError(f"unknown decision rule {rule!r}")
    return Verdict.FAIL if outside else Verdict.PASS if inside else Verdict.INCONCLUSIVE


def _rounded(measured: Measured, resolution: float | None) -> Measured:
    """Value and interval ends rounded to `resolution`, half to even, before comparing."""
    if resolution is None:
        return measured

    def nearest(number: float | None) -> float | None:
        if number is None:
            return None
        step = Decimal(repr(resolution))
        return float((Decimal(repr(number)) / step).quantize(Decimal(1), ROUND_HALF_EVEN) * step)

    value = nearest(measured.value)
    interval = Interval(nearest(measured.interval.low), nearest(measured.interval.high))
    return Measured(value if value is not None else 0.0, measured.unit, interval, None, measured.censored)


def _margin(limit: Limit, measured: Measured | None) -> tuple[float | None, float | None]:
    """Distance to the nearer bound, positive inside, and the same in % of that bound's size."""
    if measured is None:
        return None, None
    margins = []
    if limit.max is not None:
        margins.append((limit.max - measured.value, limit.max))
    if limit.min is not None:
        margins.append((measured.value - limit.min, limit.min))
    margin, bound = min(margins)
    return margin + 0.0, None if bound == 0 else 100.0 * margin / abs(bound) + 0.0


def _undecided(measured: Measured, plan: CheckPlan) -> Reason:
    if measured.censored is not None:
        return Reason(
            "record_too_short",
            f"The truth lies {measured.censored} the last value that the record shows, which does not settle whether "
            f"the limit is kept; record until it is reached or the limit has passed.",
        )
    if measured.interval.low is None or measured.interval.high is None:
        return Reason(
            "incomplete",
            "The record bounds the value on one side only, and not on the side of the limit; complete the record.",
        )
    return Reason(
        "within_uncertainty",
        "The limit lies inside the uncertainty interval of the measured value; measure with a smaller uncertainty.",
    )


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """ERROR > FAIL > INCONCLUSIVE > PASS > NOT_APPLICABLE; none at all is INCONCLUSIVE."""
    found = set(verdicts)
    for verdict in WORST_FIRST:
        if verdict in found:
            return verdict
    return Verdict.INCONCLUSIVE


def decide_finding(
    requirement: Requirement,
    capture: str | None,
    test: str | None,
    checks: Sequence[CheckResult],
    notes: tuple[str, ...],
) -> Finding:
    """Outcome of a requirement on one capture: the worst of its checks."""
    verdict = worst(check.verdict for check in checks)
    decider = min(
        (check for check in checks if check.verdict is verdict),
        key=lambda check: (check.margin_percent is None, check.margin_percent or 0.0, check.margin or 0.0),
        default=None,
    )
    reasons = tuple(dict.fromkeys(reason for check in checks for reason in check.reasons))
    if not checks:
        reasons = (Reason("incomplete", "The requirement has no check that could be judged."),)
    return Finding(requirement, capture, test, verdict, tuple(checks), reasons, notes, decider)


def overall(findings: Iterable[Finding]) -> Verdict:
    """Worst of the mandatory findings that apply, any ERROR included; with none left INCONCLUSIVE."""
    counted = [
        finding.verdict
        for finding in findings
        if finding.verdict is not Verdict.NOT_APPLICABLE
        and (finding.requirement.severity == "mandatory" or finding.verdict is Verdict.ERROR)
    ]
    return worst(counted)
