"""Whether two measured values differ by more than their uncertainties can explain.

The rule, for values a and b of one check in two runs, with expanded uncertainties Ua and Ub of one coverage factor:

- both intervals symmetric: they differ when |a - b| > sqrt(Ua^2 + Ub^2), the two taken as independent;
- else: when the intervals are disjoint. An end that is unknown reaches everywhere, so a censored value, whose truth
  lies beyond it, differs from another one only if all that it can be lies on one side.

Nothing can be told of a reading under a gate that is not passed (it is a bound on the truth, or fabricated), nor
under the decision rule `simple`, whose uncertainty may leave out the instrument. Nothing is compared
where definition, limit or decision rule are not the same: the two numbers then answer different questions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

Document = dict[str, Any]
"""Part of the results document (design section 6)."""
Outcome = Literal["same", "within", "beyond", "cannot_tell", "not_compared"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A check of the results document, with the finding that it belongs to.

    Parameters
    ----------
    count : int
        Checks of this name that it stands for: it is the worst over captures and events.
    """

    finding: Document
    check: Document
    count: int = 1


@dataclass(frozen=True, slots=True)
class Relation:
    """How two readings stand to one another.

    Parameters
    ----------
    difference : float, optional
        b - a, where both were measured by one definition and neither is only a bound. [unit of the check]
    uncertainty : float, optional
        Expanded uncertainty of the difference, where both intervals are symmetric. [unit of the check]
    why : str
        What keeps them from being compared, or from being told apart; "" otherwise.
    """

    outcome: Outcome
    difference: float | None = None
    uncertainty: float | None = None
    why: str = ""


def relation(a: Reading | None, b: Reading | None) -> Relation:
    """How the reading `b` stands to the reading `a`."""
    if a is None or b is None:
        return Relation("not_compared", why="only one of them has this check")
    changed = _changed(a, b)
    if changed:
        return Relation("not_compared", why=changed)
    first, second = a.check["measured"], b.check["measured"]
    if first["value"] is None or second["value"] is None:
        return Relation("cannot_tell", why="nothing was measured")
    bounds = first["censored"] is not None or second["censored"] is not None
    difference = None if bounds else second["value"] - first["value"]
    spread = _uncertainty(first, second)
    unsure = _unsure(a, b)
    if unsure:
        return Relation("cannot_tell", difference, spread, unsure)
    if _state(first) == _state(second):
        return Relation("same", difference, spread)
    if difference is not None and spread is not None:
        return Relation("beyond" if abs(difference) > spread else "within", difference, spread)
    if _disjoint(first["interval"], second["interval"]):
        return Relation("beyond", difference)
    if None in (*first["interval"], *second["interval"]):
        return Relation("cannot_tell", difference, why="the truth of one lies beyond its value, at an unknown distance")
    return Relation("within", difference)


def _changed(a: Reading, b: Reading) -> str:
    """What of the question is not the same, with both; "" if it is."""
    ours, theirs = a.check["definition"], b.check["definition"]
    if a.finding["kind"] != b.finding["kind"]:
        return f"the kind is {a.finding['kind']} in one, {b.finding['kind']} in the other"
    if ours["id"] != theirs["id"]:
        return f"the definition is {ours['id']} in one, {theirs['id']} in the other"
    if ours["text"] != theirs["text"]:
        return f"the definition {ours['id']} has other parameters: {_parted(ours['text'], theirs['text'])}"
    if a.check["limit"] != b.check["limit"] or a.check["measured"]["unit"] != b.check["measured"]["unit"]:
        return "the limit is not the same"
    if a.finding["decision"] != b.finding["decision"]:
        return f"the decision rule is {_rule(a.finding)} in one, {_rule(b.finding)} in the other"
    return ""


def _parted(first: str, second: str) -> str:
    """The words of two texts that are not common to their beginnings and ends."""
    ours, theirs = first.split(), second.split()
    start = next((i for i, (x, y) in enumerate(zip(ours, theirs, strict=False)) if x != y), min(len(ours), len(theirs)))
    end = 0
    while end < min(len(ours), len(theirs)) - start and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    before, after = (" ".join(words[max(0, start - 2) : len(words) - end + 1]) for words in (ours, theirs))
    return f"{before!r} in one, {after!r} in the other"


def _rule(finding: Document) -> str:
    return f"{finding['decision']['rule']} with k = {finding['decision']['coverage_factor']:g}"


def _unsure(a: Reading, b: Reading) -> str:
    """Why a number may not be what was measured within its uncertainty; "" if it is."""
    closed = sorted({g["code"] for one in (a, b) for g in one.check["gates"] if not g["passed"]})
    if closed:
        return f"the record of one does not carry the value: {', '.join(closed)}"
    if a.finding["decision"]["rule"] == "simple":
        return "under the decision rule simple the uncertainty may leave out the instrument"
    return ""


def _state(measured: Document) -> tuple[Any, ...]:
    return measured["value"], *measured["interval"], measured["censored"]


def _uncertainty(first: Document, second: Document) -> float | None:
    """U of the difference, of two symmetric intervals."""
    ours, theirs = first["expanded_uncertainty"], second["expanded_uncertainty"]
    if ours is None or theirs is None or first["censored"] or second["censored"]:
        return None
    return math.sqrt(ours * ours + theirs * theirs)


def _disjoint(ours: list[float | None], theirs: list[float | None]) -> bool:
    return _below(ours[1], theirs[0]) or _below(theirs[1], ours[0])


def _below(high: float | None, low: float | None) -> bool:
    return high is not None and low is not None and high < low
