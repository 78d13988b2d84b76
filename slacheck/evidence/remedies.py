"""The `remedies` of a results document: credits of the findings, and what headroom costs.

`remedies_block` writes it; `remedies_faults` is how `verify` holds it against the resolved spec and the
findings of the pack. Neither changes a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, cast

from slacheck.evidence.credits import credits_of
from slacheck.money import Rounding, exact, money_text, parse_money, whole_cents
from slacheck.units import parse_quantity

Document = Mapping[str, Any]


def remedies_block(terms: Document, results: Document, headroom: Iterable[Document]) -> dict[str, Any]:
    """What the findings cost.

    Parameters
    ----------
    terms : mapping
        `remedies` of the resolved spec.
    results : mapping
        The results document without this block.
    headroom : iterable of mapping
        Energies as they were measured: id, capture, energy, interval, time, missing, notes.
    """
    charge = parse_money(str(terms["charge"]))
    return {
        "currency": charge.currency,
        "charge_cents": int(charge.cents),
        "rounding": str(terms["rounding"]),
        **credits_of(terms, results),
        "headroom": [_cost(terms, reading) for reading in headroom],
    }


def _cost(terms: Document, reading: Document) -> dict[str, Any]:
    """An energy with its cost at the tariff."""
    agreed = terms["headroom"][reading["id"]]
    tariff = parse_money(str(agreed["tariff"]))
    rounding = cast(Rounding, str(terms["rounding"]))
    measured = (reading["energy"], *reading["interval"])
    cents = [
        None if joules is None else _writable(whole_cents(exact(joules) * tariff.cents, rounding))
        for joules in measured
    ]
    return {
        **reading,
        "title": None if agreed.get("title") is None else str(agreed["title"]),
        "clause": None if agreed.get("clause") is None else str(agreed["clause"]),
        "signal": str(agreed["signal"]),
        **dict(zip(("amount_cents", "lowest_cents", "highest_cents"), cents, strict=True)),
        "steps": list(_steps(agreed, reading, cents[0])),
    }


def _writable(cents: int) -> int | None:
    """Cents that canonical JSON can hold; no power plant of this world costs more."""
    return cents if abs(cents) <= 1 << 53 else None


def _steps(agreed: Document, reading: Document, cents: int | None) -> Iterator[str]:
    tariff = parse_money(str(agreed["tariff"]))
    if reading["energy"] is None or cents is None or tariff.per is None:
        yield "nothing was measured" if reading["energy"] is None else "the cost is too large to be written"
        return
    energy = f"{float(exact(reading['energy']) / Fraction(tariff.per.scale)):.10g} {tariff.per.symbol}"
    reserved = parse_quantity(str(agreed["reserved"])).text
    integrand = f"{reserved} less {agreed['signal']}"
    if str(agreed["integrand"]) == "positive_part":
        integrand += ", where that is more than zero"
    missing = f", {reading['missing']:.10g} s without samples left out" if reading["missing"] else ""
    yield f"{integrand}, integrated over {reading['time']:.10g} s{missing}: {energy}"
    yield f"{energy} x {tariff.text} = {money_text(cents, tariff.currency)}"


def remedies_faults(terms: Document | None, results: Document) -> Iterator[str]:
    """How the block departs from what the resolved spec and the findings demand."""
    block = results.get("remedies")
    if (terms is None) != (block is None):
        yield "remedies are in the resolved spec or in the results, but not in both"
    if terms is None or block is None:
        return
    measured = ("id", "capture", "energy", "interval", "time", "missing", "notes")
    readings = [{key: entry[key] for key in measured} for entry in block["headroom"]]
    agreed = terms.get("headroom", {})
    unknown = [reading["id"] for reading in readings if reading["id"] not in agreed]
    yield from (f"the headroom {name} is not one of the resolved spec" for name in unknown)
    yield from (f"the headroom {name} has no cost" for name in agreed if name not in {r["id"] for r in readings})
    yield from _reading_faults(readings, results)
    if unknown:
        return
    demanded = remedies_block(terms, results, readings)
    for key, value in demanded.items():
        if key in ("credits", "headroom"):
            yield from _entries(key, block[key], value)
        elif block[key] != value:
            yield f"remedies: {key} is not what the resolved spec and the findings make it"


def _reading_faults(readings: Iterable[Document], results: Document) -> Iterator[str]:
    """Energies lie in their intervals, and are of the captures."""
    captures = {capture["id"] for capture in results["captures"]}
    for reading in readings:
        if reading["capture"] is not None and reading["capture"] not in captures:
            yield f"the headroom {reading['id']} is of a capture {reading['capture']} that is not among the captures"
        energy, (low, high) = reading["energy"], reading["interval"]
        if energy is not None and ((low is not None and low > energy) or (high is not None and high < energy)):
            yield f"the headroom {reading['id']} has the energy {energy!r} outside of its interval {low!r} .. {high!r}"


def _entries(key: str, found: list[Document], demanded: list[Document]) -> Iterator[str]:
    if len(found) != len(demanded):
        yield f"remedies: there are {len(found)} {key}, the resolved spec makes {len(demanded)}"
        return
    for one, other in zip(found, demanded, strict=True):
        if one != other:
            yield f"remedies: {key} {other['id']} is not what the resolved spec and the findings make it"
