"""What a spec's remedies say, as contract sentences with their formulas."""

from __future__ import annotations

from collections.abc import Iterator

from slacheck.money import Money
from slacheck.spec.phrases import heading, listed, wrapped
from slacheck.spec.remedies import CreditModel, HeadroomModel, RemediesModel
from slacheck.units import Quantity

_COUNTED = {
    "failed_requirements": "the number of these clauses that have a finding of FAIL",
    "failed_findings": "the number of findings of FAIL, one for each capture",
    "failed_checks": "the number of checks of FAIL, one for each event",
    "excess": "how far a failed check lies beyond its limit",
    "excess_percent": "how far a failed check lies beyond its limit, in % of the limit",
    "value": "the measured value of a failed check",
}
_ROUNDED = {"floor": "whole increments only", "ceil": "each started increment", "none": "in proportion"}
_CENTS = {
    "half_even": "to the nearest cent, half a cent to the even one",
    "half_up": "to the nearest cent, half a cent away from zero",
    "floor": "down to a whole cent",
    "ceil": "up to a whole cent",
}


def remedies_explained(model: RemediesModel) -> Iterator[str]:
    """The block in words."""
    yield from heading("Remedies", "-")
    waived = "stay due" if model.waived == "due" else "are suspended"
    yield from wrapped(
        f"Credits are part of a charge of {model.charge} and together at most {_part(model.cap)}. Every credit and "
        f"cost is rounded once, {_CENTS[model.rounding]}. Credits of a clause with a waiver in force {waived}. "
        f"No verdict depends on any of this.",
        0,
    )
    for name, credit in model.credits.items():
        yield ""
        yield from _credit(name, credit)
    for name, headroom in model.headroom.items():
        yield ""
        yield from _headroom(name, headroom)


def _named(name: str, model: CreditModel | HeadroomModel) -> str:
    clause = "" if model.clause is None else f", clause {model.clause}"
    return f"{name}{clause}" + ("" if model.title is None else f": {model.title}")


def _credit(name: str, credit: CreditModel) -> Iterator[str]:
    yield from wrapped(_named(name, credit), 0, 2)
    what = _COUNTED[credit.counts] + ("" if credit.check is None else f", of checks {credit.check} alone")
    if credit.counts in ("excess", "excess_percent", "value"):
        what += ", of several the worst" if credit.over == "worst" else ", of several their sum"
    yield from listed("For", ", ".join(credit.requirements))
    yield from listed("n", what)
    terms = []
    if credit.onset is not None:
        terms.append(_part(credit.onset))
        yield from listed("Onset", f"{_part(credit.onset)}, once, as soon as one has failed")
    if credit.increments is not None:
        per, part = credit.increments.per, _part(credit.increments.credit)
        rounding = credit.increments.rounding
        quotient = f"n / {per}" if rounding == "none" else f"{rounding}(n / {per})"
        terms.append(f"{quotient} x {part}")
        yield from listed("Increments", f"{part} for each {per} of n, {_ROUNDED[rounding]}")
    for index, step in enumerate(credit.schedule):
        begin = {"from": "from", "below": "n below", "above": "n above"}[step.key]
        yield from listed("" if index else "Schedule", f"{begin} {step.threshold}: {_part(step.credit)}")
    if credit.schedule:
        terms.append("the deepest step reached")
        yield from listed("", "the deepest step that is reached counts, alone")
    cap = "the cap of all credits" if credit.cap is None else _part(credit.cap)
    yield from listed("Credit", f"the smaller of {' + '.join(terms)} and {cap}; nothing if nothing has failed")


def _headroom(name: str, headroom: HeadroomModel) -> Iterator[str]:
    yield from wrapped(_named(name, headroom), 0, 2)
    difference = f"{headroom.reserved} - {headroom.signal}(t)"
    integrand = difference if headroom.integrand == "difference" else f"max(0, {difference})"
    yield from listed("Cost", f"integral of ({integrand}) dt x {headroom.tariff}, for each capture")
    if headroom.possible is None:
        yield from listed("Gaps", "leave the cost without bounds")
    else:
        least, most = headroom.possible
        yield from listed("Gaps", f"bounded by a power between {least} and {most}")


def _part(credit: Money | Quantity) -> str:
    return credit.text if isinstance(credit, Money) else f"{credit.text} of the charge"
