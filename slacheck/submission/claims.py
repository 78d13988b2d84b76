"""What a supplier claims, against what was measured again: agrees, disagrees, or cannot tell.

A claim is one value for one check: the worst over every capture and event it was measured on, in
the direction of its limit. A claim agrees where it lies inside the interval of that reading, as
far as the digits it is written with go; it never changes a verdict.

One reading that is surely worse than the claim disproves it, as one violation disproves a
requirement. To agree with it, or to be surely better, every capture and event must have been
measured: where one gave no number, or only a bound of it, nothing can be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from slacheck.contract import CheckResult, Effect, Finding, Limit
from slacheck.submission.load import Claim
from slacheck.units import Quantity, QuantityError, from_base, parse_quantity

Side = Literal["above", "below", "inside", "unknown"]
"""Where a reading stands, seen from the claim."""


class _Reading(NamedTuple):
    capture: str | None
    check: CheckResult
    side: Side


def judged_claims(claims: Iterable[Claim], findings: Sequence[Finding]) -> tuple[dict[str, Any], ...]:
    """Each claim with its outcome and the reading that it was compared with, for the results document."""
    return tuple(_judged(claim, findings) for claim in claims)


def _judged(claim: Claim, findings: Sequence[Finding]) -> dict[str, Any]:
    readings = list(_readings(claim, findings))
    limit = readings[0].check.plan.limit if readings else None
    outcome, why = _outcome([reading.side for reading in readings], limit)
    shown = _worst(readings, limit)
    return {
        "requirement": claim.requirement,
        "check": claim.check,
        "value": claim.value,
        "claimed": claim.quantity.value,
        "outcome": outcome,
        "capture": None if shown is None else shown.capture,
        "event": None if shown is None else shown.check.measurement.event,
        "sentence": " ".join((f"{claim.value} is claimed; {_measured(shown)}.", why)),
    }


def _readings(claim: Claim, findings: Sequence[Finding]) -> Iterator[_Reading]:
    for finding in findings:
        if finding.requirement.id == claim.requirement:
            for check in finding.checks:
                if check.plan.name == claim.check:
                    yield _Reading(finding.capture, check, _side(claim.quantity, check))


def _side(claim: Quantity, check: CheckResult) -> Side:
    """Where the truth surely is; a reading that is only a bound says nothing in the other direction."""
    measured = check.measurement.measured
    failed = {gate.effect for gate in check.gates if not gate.passed}
    if measured is None or Effect.NO_VERDICT in failed:
        return "unknown"
    low, high, half = measured.interval.low, measured.interval.high, half_digit(claim)
    side: Side = "inside"
    if low is not None and low > claim.value + half:
        side = "above"
    elif high is not None and high < claim.value - half:
        side = "below"
    elif low is None or high is None:
        side = "unknown"
    return "unknown" if Effect.NO_PASS in failed and side != _worse(check.plan.limit) else side


def _worse(limit: Limit | None) -> Side | None:
    """The side on which a reading is worse than the claim; None where the limit has two ends."""
    if limit is None or (limit.max is not None and limit.min is not None):
        return None
    return "below" if limit.max is None else "above"


def _outcome(sides: Sequence[Side], limit: Limit | None) -> tuple[str, str]:
    worse = _worse(limit)
    if worse in sides:
        return "disagrees", "What was measured is worse than the claim."
    if not sides or "unknown" in sides:
        return "cannot_tell", "Not everything it stands for was measured well enough to tell."
    if (worse is not None and "inside" in sides) or set(sides) == {"inside"}:
        return "agrees", "The two agree within the uncertainty and the digits claimed."
    if worse is not None:
        return "disagrees", "What was measured is better than the claim."
    if len(set(sides)) == 1:
        return "disagrees", f"What was measured is {sides[0]} the claim."
    return "cannot_tell", "The captures or events differ, and the limit has two ends."


def _worst(readings: Sequence[_Reading], limit: Limit | None) -> _Reading | None:
    """The reading shown: the worst number there is, the first of equals."""
    sign = -1.0 if _worse(limit) == "below" else 1.0
    values = [
        (sign * reading.check.measurement.measured.value, -index)
        for index, reading in enumerate(readings)
        if reading.check.measurement.measured is not None
    ]
    return readings[-max(values)[1]] if values else None


def _measured(reading: _Reading | None) -> str:
    if reading is None or reading.check.measurement.measured is None:
        return "nothing was measured"
    measured, unit = reading.check.measurement.measured, reading.check.plan.display_unit
    ends = (measured.interval.low, measured.interval.high)
    low, high = ("unbounded" if end is None else f"{_shown(end, unit):.6g}" for end in ends)
    event = reading.check.measurement.event
    place = "" if reading.capture is None else f" on {reading.capture}"
    place += "" if event is None else f", event {event}"
    return f"measured {_shown(measured.value, unit):.6g} {unit} ({low} to {high}){place}"


def _shown(value: float, unit: str) -> float:
    """In the spec's unit; unchanged if a plugin's unit is not known here."""
    try:
        return from_base(value, unit)
    except QuantityError:
        return value


def half_digit(claim: Quantity) -> float:
    """Half of the last digit that a quantity is written with: 0.5 ms of `80 ms`. [base unit]"""
    number = re.match(r"\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)", claim.text)
    if number is None:
        return 0.0
    written = Decimal(number[1])
    half = Decimal((0, (5,), int(written.as_tuple().exponent) - 1))
    return abs(parse_quantity(f"{written + half:f} {claim.unit}").value - claim.value)
