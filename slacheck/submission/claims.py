"""What a supplier claims, against what was measured again: agrees, disagrees, or cannot tell.

A claim is one value for one check: the worst over every capture and event it was measured on, in
the direction of its limit. A claim agrees where it lies inside the interval of that reading, as
far as the digits it is written with go; it never changes a verdict.

One reading that is surely worse than the claim disproves it, as one violation disproves a
requirement. To agree with it, or to be surely better, every capture and event must have been
measured: where one gave no number, or only a bound of it, nothing can be told.

The readings are those of the results document, so that `verify` can judge the claims of a pack again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from slacheck.submission.load import Claim
from slacheck.units import Quantity, QuantityError, from_base, parse_quantity

Side = Literal["above", "below", "inside", "unknown"]
"""Where a reading stands, seen from the claim."""
Document = dict[str, Any]
"""Part of the results document (design section 6)."""


class _Reading(NamedTuple):
    capture: str | None
    check: Document
    side: Side


def judged_claims(claims: Iterable[Claim], findings: Sequence[Document]) -> tuple[Document, ...]:
    """Each claim with its outcome and the reading that it was compared with, for the results document.

    Parameters
    ----------
    findings : sequence of dict
        Those of the results document.
    """
    return tuple(_judged(claim, findings) for claim in claims)


def _judged(claim: Claim, findings: Sequence[Document]) -> Document:
    readings = list(_readings(claim, findings))
    limit = readings[0].check["limit"] if readings else None
    outcome, why = _outcome([reading.side for reading in readings], limit)
    shown = _worst(readings, limit)
    return {
        "requirement": claim.requirement,
        "check": claim.check,
        "value": claim.value,
        "claimed": claim.quantity.value,
        "outcome": outcome,
        "capture": None if shown is None else shown.capture,
        "event": None if shown is None else shown.check["event"],
        "sentence": " ".join((f"{claim.value} is claimed; {_measured(shown)}.", why)),
    }


def _readings(claim: Claim, findings: Sequence[Document]) -> Iterator[_Reading]:
    for finding in findings:
        if finding["requirement"] == claim.requirement:
            for check in finding["checks"]:
                if check["name"] == claim.check:
                    yield _Reading(finding["capture"], check, _side(claim.quantity, check))


def _side(claim: Quantity, check: Document) -> Side:
    """Where the truth surely is; a reading that is only a bound says nothing in the other direction."""
    failed = {gate["effect"] for gate in check["gates"] if not gate["passed"]}
    if check["measured"]["value"] is None or "no_verdict" in failed:
        return "unknown"
    (low, high), half = check["measured"]["interval"], half_digit(claim)
    side: Side = "inside"
    if low is not None and low > claim.value + half:
        side = "above"
    elif high is not None and high < claim.value - half:
        side = "below"
    elif low is None or high is None:
        side = "unknown"
    return "unknown" if failed and side != _worse(check["limit"]) else side


def _worse(limit: Document | None) -> Side | None:
    """The side on which a reading is worse than the claim; None where the limit has two ends."""
    if limit is None or ("max" in limit and "min" in limit):
        return None
    return "above" if "max" in limit else "below"


def _outcome(sides: Sequence[Side], limit: Document | None) -> tuple[str, str]:
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


def _worst(readings: Sequence[_Reading], limit: Document | None) -> _Reading | None:
    """The reading shown: the worst number there is, the first of equals."""
    sign = -1.0 if _worse(limit) == "below" else 1.0
    values = [
        (sign * reading.check["measured"]["value"], -index)
        for index, reading in enumerate(readings)
        if reading.check["measured"]["value"] is not None
    ]
    return readings[-max(values)[1]] if values else None


def _measured(reading: _Reading | None) -> str:
    if reading is None:
        return "nothing was measured"
    measured, unit, event = reading.check["measured"], reading.check["display_unit"], reading.check["event"]
    value, ends = _shown(measured["value"], unit), measured["interval"]
    low, high = ("unbounded" if end is None else f"{_shown(end, unit):.6g}" for end in ends)
    place = "" if reading.capture is None else f" on {reading.capture}"
    place += "" if event is None else f", event {event}"
    return f"measured {value:.6g} {unit} ({low} to {high}){place}"


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
