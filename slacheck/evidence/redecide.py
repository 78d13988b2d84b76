"""The decision a second time, from the results document alone and written apart from `decide.py`.

Both follow the same text (design section 2, requirements.md 2.2 and 2.3) and share no code, so
that a mistake in either shows as a difference. A property test holds them against each other.

Of each bound of a limit the interval has a *worst* end (the high one, for a maximum) and a *best*
end. An end of null is unknown and proves nothing. Bounds are inclusive, except that a truth which
lies strictly beyond a value on the bound lies outside.

- `three_state`: inside if the worst end is, outside if the best end is, else undecided.
- `simple`: the value decides; one that is censored decides only on the side it speaks for.
- `guarded_acceptance`: outside as soon as the worst end is, if it was measured; where a `no_pass` gate is
  closed, what is missing has widened the interval, and the value stands for that end.
- `guarded_rejection`: inside as long as the best end is, if both ends were measured.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

_SEVERITY = ("ERROR", "FAIL", "INCONCLUSIVE", "PASS", "NOT_APPLICABLE")
_AT_LEAST = frozenset({"bandwidth", "n_too_small", "repeats_missing", "sample_rate"})
_AT_MOST = frozenset({"clipped", "gap_in_event"})
"""Gates whose codes alone say on which side of what is required the record must lie to pass."""
_ROUNDING = 1e-9
"""Relative, of rates and lengths that are quotients."""
Document = dict[str, Any]


def verdict_of_check(check: Document, rule: str) -> str:
    """Verdict of a check of the results document under a decision rule."""
    closed = {gate["effect"] for gate in check["gates"] if not gate["passed"]}
    measured = check["measured"]
    if "no_verdict" in closed or measured["value"] is None:
        return "INCONCLUSIVE"
    step = check["limit"].get("resolution")
    value = _to_step(measured["value"], step)
    low, high = (None if end is None else _to_step(end, step) for end in measured["interval"])
    verdicts = []
    if "max" in check["limit"]:
        runs = {"above": "out", "below": "in", None: None}[measured["censored"]]
        verdicts.append(_side(check["limit"]["max"], value, (low, high), runs, rule, bool(closed)))
    if "min" in check["limit"]:
        # a minimum is a maximum seen from below
        runs = {"above": "in", "below": "out", None: None}[measured["censored"]]
        ends = (None if high is None else -high, None if low is None else -low)
        verdicts.append(_side(-check["limit"]["min"], -value, ends, runs, rule, bool(closed)))
    verdict = worst_of(verdicts)
    return "INCONCLUSIVE" if closed and verdict != "FAIL" else verdict


def _side(
    bound: float, value: float, ends: tuple[float | None, float | None], runs: str | None, rule: str, lacking: bool
) -> str:
    """Verdict against a maximum; `runs` says whether the truth runs "out" or "in" from the value."""
    best, worst = ends
    if rule == "simple":
        if runs == "out":
            return "FAIL" if value >= bound else "INCONCLUSIVE"
        if runs == "in":
            return "PASS" if value <= bound else "INCONCLUSIVE"
        return "FAIL" if value > bound else "PASS"
    if best is not None and (best > bound or (runs == "out" and best == bound)):
        return "FAIL"
    if worst is not None and worst <= bound:
        return "PASS"
    # from here on the bound lies inside the interval, or an end is unknown
    if rule == "guarded_acceptance" and runs is None and (value > bound if lacking else worst is not None):
        return "FAIL"
    if rule == "guarded_rejection" and worst is not None and best is not None and runs != "out":
        return "PASS"
    return "INCONCLUSIVE"


def _to_step(number: float, step: float | None) -> float:
    """`number` rounded to a multiple of `step`, half to even, in exact decimal arithmetic."""
    if step is None:
        return number
    exact = Fraction(Decimal(repr(step)))
    return float(round(Fraction(Decimal(repr(number))) / exact) * exact)


def margins_of_check(check: Document) -> list[tuple[float | None, float | None]]:
    """The margin and its percentage, as they may stand: one pair, or two if both bounds are as near."""
    value, limit = check["measured"]["value"], check["limit"]
    if value is None:
        return [(None, None)]
    sides = [(limit["max"] - value, limit["max"])] if "max" in limit else []
    sides += [(value - limit["min"], limit["min"])] if "min" in limit else []
    least = min(distance for distance, _ in sides)
    return [(d, None if bound == 0 else 100.0 * d / abs(bound)) for d, bound in sides if d == least]


def reasons_fit(check: Document) -> bool:
    """Whether the reasons are the sentences of the gates that barred a verdict, or one other where none did."""
    given = [(reason["code"], reason["sentence"]) for reason in check["reasons"]]
    if check["verdict"] != "INCONCLUSIVE":
        return not given
    closed = [gate for gate in check["gates"] if not gate["passed"]]
    barring = [gate for gate in closed if gate["effect"] == "no_verdict"] or closed
    return given == [(gate["code"], gate["sentence"]) for gate in barring] if barring else len(given) == 1


def gate_fits(gate: Document) -> bool:
    """Whether a gate that is passed holds what it requires; one that is not may have other grounds."""
    measured, required = gate["measured"], gate["required"]
    if not gate["passed"] or measured is None or required is None:
        return True
    slack = _ROUNDING * abs(required)
    if gate["code"] in _AT_LEAST:
        return bool(measured >= required - slack)
    return gate["code"] not in _AT_MOST or bool(measured <= required + slack)


def verdict_of_finding(finding: Document) -> str:
    """Worst of its checks; ERROR and NOT_APPLICABLE have no checks to be derived from."""
    if finding["verdict"] in ("ERROR", "NOT_APPLICABLE"):
        return str(finding["verdict"])
    return worst_of([check["verdict"] for check in finding["checks"]])


def verdict_of_run(findings: list[Document]) -> str:
    """Worst of the mandatory findings that apply, and of every ERROR."""
    counted = [f["verdict"] for f in findings if f["severity"] == "mandatory" or f["verdict"] == "ERROR"]
    return worst_of([verdict for verdict in counted if verdict != "NOT_APPLICABLE"])


def worst_of(verdicts: list[str]) -> str:
    """ERROR > FAIL > INCONCLUSIVE > PASS > NOT_APPLICABLE; of none, INCONCLUSIVE."""
    return min(verdicts, key=_SEVERITY.index, default="INCONCLUSIVE")
