"""Service credits from the findings alone, each with a lowest and a highest amount.

Plain text and plain JSON in, plain JSON out, exact arithmetic: the run writes with it what `verify`
derives again from the findings and the resolved spec of a pack. It decides nothing: what failed is
what the findings say has failed.

* **amount**: what the checks that FAIL cost, at their measured values;
* **lowest**: the same at the end of their intervals that costs least;
* **highest**: at the end that costs most, and with every check that may still have failed: one that
  is INCONCLUSIVE costs what the far end of its interval would. Behind a gate that is not passed
  the truth may be anything, so the highest is then the cap.

A check that is PASS costs nothing in any of the three. More that is unknown never narrows them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

from slacheck.money import Money, Rounding, exact, money_text, parse_money, whole_cents
from slacheck.units import Quantity, parse_quantity, parse_unit

Document = Mapping[str, Any]
Extent = Fraction | float
"""An exact number; a float only where it is infinite: minus for nothing failed, plus for no bound."""
NOTHING = -math.inf
UNBOUNDED = math.inf
_MEASURED = ("excess", "excess_percent", "value")
_UNCOUNTED = frozenset({"no_capture", "repeats_missing"})
"""Reasons for which there may be captures, and so findings, that nobody has seen."""
_UNDECIDED = ("INCONCLUSIVE", "ERROR")


@dataclass(frozen=True, slots=True)
class Spread:
    """A number three times: as it stands, and the least and the most that it may be."""

    amount: Extent
    lowest: Extent
    highest: Extent

    def each(self, function: Callable[[Extent], Extent]) -> Spread:
        """`function` of each, which must not decrease."""
        return Spread(function(self.amount), function(self.lowest), function(self.highest))


@dataclass(frozen=True, slots=True)
class Price:
    """Part of the charge and an amount in cents, together."""

    share: Extent = Fraction(0)
    cents: Extent = Fraction(0)

    def __add__(self, other: Price) -> Price:
        """Both."""
        return Price(self.share + other.share, self.cents + other.cents)

    def times(self, count: Extent) -> Price:
        """So often; nothing stays nothing, however often."""
        return Price(*(part if part == 0 else part * count for part in (self.share, self.cents)))


def price_of(text: str) -> Price:
    """`5 %` of the charge, or `12500.00 USD`."""
    if text.rstrip().endswith("%"):
        return Price(share=exact(parse_quantity(text).value))
    return Price(cents=parse_money(text).cents)


def amount_of(text: str) -> Quantity:
    """`60 min`, or a bare whole number of failures."""
    return Quantity(float(text), "1", "", text) if text.isdigit() else parse_quantity(text)


# ---------------------------------------------------------------- the block


def credits_of(terms: Document, results: Document) -> dict[str, Any]:
    """Every credit of a spec's remedies, and all of them together.

    Parameters
    ----------
    terms : mapping
        `remedies` of the resolved spec: every default filled in, scalars as text or plain values.
    results : mapping
        The results document, of which findings and waivers are looked at.
    """
    waived = {waiver["requirement"] for waiver in results["waivers"] if not waiver["expired"]}
    suspended = waived if str(terms["waived"]) == "suspended" else set()
    found = _credits(terms, results["findings"], suspended)
    total = _total(terms, found)
    without = total if not waived else _total(terms, _credits(terms, results["findings"], waived))
    with_all = total if not suspended else _total(terms, _credits(terms, results["findings"], set()))
    named = {str(name) for credit in terms.get("credits", {}).values() for name in credit["requirements"]}
    return {
        "credits": found,
        "total": total,
        "waived": {
            "policy": str(terms["waived"]),
            "requirements": sorted(waived & named),
            "amount_cents": with_all["amount_cents"] - without["amount_cents"],
        },
    }


def _credits(terms: Document, findings: Sequence[Document], left_out: set[Any]) -> list[dict[str, Any]]:
    kept = [finding for finding in findings if finding["requirement"] not in left_out]
    return [_credit(str(name), credit, terms, kept) for name, credit in terms.get("credits", {}).items()]


def _credit(name: str, credit: Document, terms: Document, findings: Sequence[Document]) -> dict[str, Any]:
    wanted = [str(one) for one in credit["requirements"]]
    mine = [finding for finding in findings if finding["requirement"] in wanted]
    failed, counted = _counted(credit, wanted, mine)
    charge = parse_money(str(terms["charge"]))
    rounding = cast(Rounding, str(terms["rounding"]))
    cap = cap_cents(str(credit["cap"]) if "cap" in credit else str(terms["cap"]), charge, rounding)
    prices = [
        _price(credit, *pair) for pair in zip(failed, (counted.amount, counted.lowest, counted.highest), strict=True)
    ]
    amount, lowest, highest = (_capped(price, charge, rounding, cap) for price in prices)
    return {
        "id": name,
        "title": None if credit.get("title") is None else str(credit["title"]),
        "clause": None if credit.get("clause") is None else str(credit["clause"]),
        "requirements": wanted,
        "counts": str(credit["counts"]),
        "amount_cents": amount,
        "lowest_cents": lowest,
        "highest_cents": highest,
        "cap_cents": cap,
        "steps": list(_Steps(credit, charge, rounding, cap).told(failed[0], counted.amount, prices[0])),
    }


def cap_cents(text: str, charge: Money, rounding: Rounding) -> int:
    """A cap in cents; a part of the charge is rounded once."""
    price = price_of(text)
    return whole_cents(Fraction(charge.cents * price.share + price.cents), rounding)


def _capped(price: Price, charge: Money, rounding: Rounding, cap: int) -> int:
    cents = price.cents + (0 if price.share == 0 else charge.cents * price.share)
    return cap if isinstance(cents, float) else min(cap, whole_cents(cents, rounding))


def _total(terms: Document, found: Iterable[Document]) -> dict[str, Any]:
    charge = parse_money(str(terms["charge"]))
    cap = cap_cents(str(terms["cap"]), charge, cast(Rounding, str(terms["rounding"])))
    found = list(found)
    sums = {key: sum(credit[key] for credit in found) for key in ("amount_cents", "lowest_cents", "highest_cents")}
    parts = " + ".join(money_text(credit["amount_cents"], charge.currency) for credit in found) or "nothing"
    steps = [f"{parts} = {money_text(sums['amount_cents'], charge.currency)}"] if len(found) > 1 else []
    if sums["amount_cents"] > cap:
        steps.append(f"at most the cap of {terms['cap']}, {money_text(cap, charge.currency)}")
    return {key: min(cap, cents) for key, cents in sums.items()} | {"cap_cents": cap, "steps": steps}


# ---------------------------------------------------------------- what is counted


def _counted(credit: Document, wanted: Sequence[str], mine: Sequence[Document]) -> tuple[tuple[bool, ...], Spread]:
    """Whether anything failed (as it stands, at least, at most), and how much of what is counted."""
    counts = str(credit["counts"])
    if counts in _MEASURED:
        return _measured(credit, mine)
    if counts == "failed_requirements":
        found = _requirements(wanted, mine)
    elif counts == "failed_findings":
        found = _findings(mine)
    else:
        found = _checks(mine)
    return (found.amount > 0, found.lowest > 0, found.highest > 0), found


def _requirements(wanted: Sequence[str], mine: Sequence[Document]) -> Spread:
    verdicts = [{finding["verdict"] for finding in mine if finding["requirement"] == name} for name in wanted]
    failed = sum("FAIL" in found for found in verdicts)
    return Spread(Fraction(failed), Fraction(failed), Fraction(sum(bool(v & {"FAIL", *_UNDECIDED}) for v in verdicts)))


def _findings(mine: Sequence[Document]) -> Spread:
    failed = sum(finding["verdict"] == "FAIL" for finding in mine)
    possible: Extent = Fraction(failed + sum(finding["verdict"] in _UNDECIDED for finding in mine))
    if any(_closed(check) & _UNCOUNTED for finding in mine for check in finding["checks"]):
        possible = UNBOUNDED
    return Spread(Fraction(failed), Fraction(failed), possible)


def _checks(mine: Sequence[Document]) -> Spread:
    checks = [check for finding in mine for check in finding["checks"]]
    failed = sum(check["verdict"] == "FAIL" for check in checks)
    possible: Extent = Fraction(failed + sum(check["verdict"] == "INCONCLUSIVE" for check in checks))
    if any(_closed(check) for check in checks) or any(finding["verdict"] == "ERROR" for finding in mine):
        possible = UNBOUNDED
    return Spread(Fraction(failed), Fraction(failed), possible)


def _closed(check: Document) -> set[str]:
    """Codes of the gates that a check did not pass."""
    return {gate["code"] for gate in check["gates"] if not gate["passed"]}


def _measured(credit: Document, mine: Sequence[Document]) -> tuple[tuple[bool, ...], Spread]:
    name = credit.get("check")
    checks = [c for finding in mine for c in finding["checks"] if name is None or c["name"] == str(name)]
    badness = _Badness(credit)
    failing = [badness.of(check) for check in checks if check["verdict"] == "FAIL"]
    may = [badness.of(check).highest for check in checks if check["verdict"] == "INCONCLUSIVE"]
    may += [UNBOUNDED for finding in mine if finding["verdict"] == "ERROR"]
    gather = _sum if str(credit["over"]) == "total" else lambda parts: max(parts, default=NOTHING)
    spread = Spread(
        gather([one.amount for one in failing]),
        gather([one.lowest for one in failing]),
        gather([*(one.highest for one in failing), *may]),
    )
    return (bool(failing), bool(failing), bool(failing or may)), spread


def _sum(parts: Sequence[Extent]) -> Extent:
    return sum(parts, Fraction(0)) if parts else NOTHING


@dataclass(frozen=True, slots=True)
class _Badness:
    """How bad a check is in what a credit counts: more is worse, for a minimum too."""

    credit: Document

    def of(self, check: Document) -> Spread:
        """Of the value and of the better and the worse end of its interval."""
        measured, limit = check["measured"], check["limit"]
        step = None if "resolution" not in limit else exact(limit["resolution"])
        value, (low, high) = measured["value"], measured["interval"]
        numbers = [None if number is None else _to_step(exact(number), step) for number in (value, low, high)]
        sides = [side for side in self._sides(limit, numbers) if side is not None]
        if not sides:
            return Spread(NOTHING, NOTHING, UNBOUNDED)
        found = Spread(*(max(side) for side in zip(*sides, strict=True)))
        return Spread(found.amount, found.lowest, UNBOUNDED) if _closed(check) else found

    def _sides(
        self, limit: Document, numbers: Sequence[Fraction | None]
    ) -> Iterator[tuple[Extent, Extent, Extent] | None]:
        value, low, high = numbers
        if "max" in limit and not self._downwards:
            yield self._side(value, (low, high), exact(limit["max"]), 1)
        if "min" in limit and (self._downwards or str(self.credit["counts"]) != "value"):
            yield self._side(value, (high, low), exact(limit["min"]), -1)

    @property
    def _downwards(self) -> bool:
        """Whether a smaller value is the worse one, of a credit that counts the value itself."""
        return any("below" in step for step in self.credit.get("schedule", ()))

    def _side(
        self, value: Fraction | None, ends: tuple[Fraction | None, Fraction | None], bound: Fraction, sign: int
    ) -> tuple[Extent, Extent, Extent] | None:
        """Badness of value, better end, worse end beyond one bound."""
        better, worse = (None if end is None else self._beyond(end, bound, sign) for end in ends)
        mild = NOTHING if str(self.credit["counts"]) == "value" else Fraction(0)
        middle = None if value is None else self._beyond(value, bound, sign)
        known = [one for one in (middle, better) if one is not None]
        lowest = mild if better is None else min(known)
        highest = UNBOUNDED if worse is None else max(one for one in (middle, worse) if one is not None)
        return (mild if middle is None else middle), lowest, highest

    def _beyond(self, number: Fraction, bound: Fraction, sign: int) -> Fraction:
        match str(self.credit["counts"]):
            case "value":
                return sign * number
            case "excess":
                return max(Fraction(0), sign * (number - bound))
            case _:
                return max(Fraction(0), sign * (number - bound) / abs(bound))


def _to_step(number: Fraction, step: Fraction | None) -> Fraction:
    """Rounded as the limit's `resolution` has it, half to even."""
    return number if step is None else round(number / step) * step


# ---------------------------------------------------------------- what it costs


def _price(credit: Document, failed: bool, counted: Extent) -> Price:
    """Onset, increments and the deepest step that is reached, together."""
    if not failed:
        return Price()
    price = price_of(str(credit["onset"])) if "onset" in credit else Price()
    if "increments" in credit:
        price += price_of(str(credit["increments"]["credit"])).times(_increments(credit["increments"], counted))
    step = _reached(credit, counted)
    return price if step is None else price + price_of(str(step["credit"]))


def _increments(terms: Document, counted: Extent) -> Extent:
    if isinstance(counted, float):
        return counted if counted > 0 else Fraction(0)
    count = max(Fraction(0), counted) / exact(amount_of(str(terms["per"])).value)
    match str(terms["rounding"]):
        case "floor":
            return Fraction(math.floor(count))
        case "ceil":
            return Fraction(math.ceil(count))
        case _:
            return count


def _reached(credit: Document, counted: Extent) -> Document | None:
    """The deepest step that is reached; `from` includes its own threshold, `below` and `above` do not."""
    reached = None
    for step in credit.get("schedule", ()):
        if "from" in step:
            there = counted >= exact(amount_of(str(step["from"])).value)
        elif "below" in step:
            there = -counted < exact(parse_quantity(str(step["below"])).value)
        else:
            there = counted > exact(parse_quantity(str(step["above"])).value)
        reached = step if there else reached
    return reached


# ---------------------------------------------------------------- in words


@dataclass(frozen=True, slots=True)
class _Steps:
    """How an amount came about, with its numbers."""

    credit: Document
    charge: Money
    rounding: str
    cap: int

    def told(self, failed: bool, counted: Extent, price: Price) -> Iterator[str]:
        """One line for each step."""
        if not failed:
            yield "nothing that it counts has failed: no credit"
            return
        yield f"{self._what()}: {self._number(counted)}"
        if "onset" in self.credit:
            yield f"onset: {self.credit['onset']}"
        if "increments" in self.credit:
            yield self._increments(self.credit["increments"], counted)
        step = _reached(self.credit, counted)
        if step is not None:
            key = next(name for name in ("from", "below", "above") if name in step)
            yield f"schedule: {key} {step[key]}: {step['credit']}"
        elif self.credit.get("schedule"):
            yield "schedule: no step is reached"
        yield from self._sum(price)

    def _what(self) -> str:
        counts = str(self.credit["counts"])
        if counts not in _MEASURED:
            return counts.replace("_", " ")
        over = "sum" if str(self.credit["over"]) == "total" else "worst"
        words = {"excess": "excess beyond the limit", "excess_percent": "excess in % of the limit", "value": "value"}
        return f"{words[counts]}, {over} of the failed checks"

    def _number(self, counted: Extent) -> str:
        """In the unit in which the credit is written."""
        if isinstance(counted, float):
            return "none"
        texts = [str(self.credit["increments"]["per"])] if "increments" in self.credit else []
        texts += [
            str(step[key])
            for step in self.credit.get("schedule", ())
            for key in ("from", "below", "above")
            if key in step
        ]
        unit = amount_of(texts[0]).unit if texts else ""
        unit = "%" if str(self.credit["counts"]) == "excess_percent" else unit
        size = abs(counted) / (Fraction(parse_unit(unit).scale) if unit else 1)
        return f"{float(size):.10g} {unit}".rstrip()

    def _increments(self, terms: Document, counted: Extent) -> str:
        rounding = str(terms["rounding"])
        count = _increments(terms, counted)
        quotient = f"{self._number(counted)} / {terms['per']}"
        quotient = quotient if rounding == "none" else f"{rounding}({quotient})"
        return f"increments: {quotient} = {float(count):.10g}, x {terms['credit']}"

    def _sum(self, price: Price) -> Iterator[str]:
        parts = []
        if price.share or not price.cents:
            parts.append(
                f"{money_text(int(self.charge.cents), self.charge.currency)} x {100 * float(price.share):.10g} %"
            )
        if price.cents:
            parts.append(f"{float(price.cents) / 100:.10g} {self.charge.currency}")
        cents = whole_cents(Fraction(self.charge.cents * price.share + price.cents), cast(Rounding, self.rounding))
        yield f"{' + '.join(parts)} = {money_text(cents, self.charge.currency)}"
        if cents > self.cap:
            yield f"at most the cap, {money_text(self.cap, self.charge.currency)}"
