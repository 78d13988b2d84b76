"""What failures and headroom cost, in lines of text: the `remedies` of a results document as it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slacheck.money import money_text

Document = dict[str, Any]


def range_text(entry: Document, currency: str) -> str:
    """`12500.00 USD`, or with what it may be: `0.00 USD (0.00 USD to 75000.00 USD)`."""
    amount, low, high = (
        None if entry[key] is None else money_text(entry[key], currency)
        for key in ("amount_cents", "lowest_cents", "highest_cents")
    )
    if amount == low == high and amount is not None:
        return amount
    bounds = f"{'no lowest' if low is None else low} to {'no highest' if high is None else high}"
    return f"{'not measured' if amount is None else amount} ({bounds})"


def name_text(entry: Document) -> str:
    """Clause, id and title of a credit or a headroom."""
    return "  ".join(part for part in (entry["id"], entry["clause"], entry["title"]) if part)


def waived_text(block: Document) -> str | None:
    """What the waivers in force do to the credits, or would do; None where there are none."""
    waived = block["waived"]
    if not waived["requirements"]:
        return None
    names, amount = ", ".join(waived["requirements"]), money_text(waived["amount_cents"], block["currency"])
    if waived["policy"] == "suspended":
        return f"waivers of {names} suspend {amount}, as the spec agrees (waived: suspended)"
    return f"waivers of {names} suspend nothing; they would suspend {amount} if the spec agreed it (waived: suspended)"


def remedies_lines(results: Document) -> Iterator[tuple[str, int]]:
    """Lines and how deep each stands; none for results without remedies."""
    block = results.get("remedies")
    if block is None:
        return
    currency = block["currency"]
    yield "remedies (they change no verdict)", 0
    for credit in block["credits"]:
        yield f"{name_text(credit)}: {range_text(credit, currency)}", 2
        yield from ((step, 4) for step in credit["steps"])
    if block["credits"]:
        yield f"credits together: {range_text(block['total'], currency)}", 2
        yield from ((step, 4) for step in block["total"]["steps"])
    waived = waived_text(block)
    if waived is not None:
        yield waived, 2
    for headroom in block["headroom"]:
        where = "" if headroom["capture"] is None else f" on {headroom['capture']}"
        yield f"{name_text(headroom)}{where}: {range_text(headroom, currency)}", 2
        yield from ((line, 4) for line in (*headroom["steps"], *headroom["notes"]))


def remedies_facts(results: Document) -> Iterator[tuple[str, str]]:
    """The same as pairs of a name and its lines, for a page that has no table of them."""
    block = results.get("remedies")
    if block is None:
        return
    currency = block["currency"]
    for credit in block["credits"]:
        yield f"credit {name_text(credit)}", "\n".join((range_text(credit, currency), *credit["steps"]))
    if block["credits"]:
        yield "credits together", "\n".join((range_text(block["total"], currency), *block["total"]["steps"]))
    waived = waived_text(block)
    if waived is not None:
        yield "waivers and credits", waived
    for headroom in block["headroom"]:
        where = "" if headroom["capture"] is None else f" on {headroom['capture']}"
        lines = (range_text(headroom, currency), *headroom["steps"], *headroom["notes"])
        yield f"headroom {name_text(headroom)}{where}", "\n".join(lines)
