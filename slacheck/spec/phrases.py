"""How limits, conditions and numbers read in `explain` and `plan`."""

from __future__ import annotations

import re
import textwrap
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from slacheck.contract import Limit, Signal, level
from slacheck.language import Condition
from slacheck.units import Quantity, from_base

WIDTH = 80
_TIE = "\ue000"
"""Stands for a blank that no line breaks at."""
_PREFIXES = ((9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n"))


def number(value: float) -> str:
    """At most twelve digits, without trailing zeros."""
    return f"{value:.12g}"


def in_unit(value: float, unit: str) -> str:
    """A value in base units as it is written in `unit`: `80 ms`; without the unit "1"."""
    shown = number(from_base(value, unit))
    return shown if unit == "1" else f"{shown} {unit}"


def at_least(value: float, unit: str) -> str:
    """A base-unit value with a prefix, four digits, rounded up."""
    return _engineering(value, unit, ROUND_CEILING)


def at_most(value: float, unit: str) -> str:
    """A base-unit value with a prefix, four digits, rounded down."""
    return _engineering(value, unit, ROUND_FLOOR)


def about(value: float, unit: str) -> str:
    """A base-unit value with a prefix, four digits, rounded to the nearest."""
    return _engineering(value, unit, ROUND_HALF_EVEN)


def _engineering(value: float, unit: str, rounding: str) -> str:
    if value == 0.0:
        return f"0 {unit}"
    exact = Decimal(f"{value:.12g}")  # a quotient's last bit must not round 200 up to 200.1
    exponent, prefix = next(((e, p) for e, p in _PREFIXES if abs(exact) >= Decimal(1).scaleb(e)), _PREFIXES[-1])
    if unit == "s" and exponent > 0:
        exponent, prefix = 0, ""
    scaled = exact.scaleb(-exponent)
    quantum = Decimal(1).scaleb(scaled.adjusted() - 3)
    return f"{scaled.quantize(quantum, rounding=rounding).normalize():f} {prefix}{unit}"


def limit_phrase(limit: Limit, display_unit: str) -> str:
    """`at most 80 ms`, `from 0.9 pu to 1.1 pu, rounded to 0.1 % before comparing`."""
    if limit.max is None or limit.min is None:
        bound, word = (limit.min, "at least") if limit.max is None else (limit.max, "at most")
        text = f"{word} {in_unit(bound or 0.0, display_unit)}"
    else:
        text = f"from {in_unit(limit.min, display_unit)} to {in_unit(limit.max, display_unit)}"
    if limit.resolution is not None:
        text += f", rounded to {in_unit(limit.resolution, display_unit)}, half to even, before comparing"
    return text


def condition_phrase(condition: Condition, signal: Signal) -> str:
    """`it_load at least 90 % (28.8 MW) for 60 s without a break`."""
    bounds = [
        f"{word} {_level_phrase(quantity, signal)}"
        for word, quantity in (("at least", condition.min), ("at most", condition.max))
        if quantity is not None
    ]
    return f"{condition.signal} {' and '.join(bounds)} for {condition.for_.text} without a break"


def _level_phrase(quantity: Quantity, signal: Signal) -> str:
    if quantity.base == signal.base:
        return quantity.text
    return f"{quantity.text} of rated ({in_unit(level(quantity, signal), signal.unit)})"


def heading(text: str, mark: str) -> list[str]:
    """A wrapped title with a line of `mark` under it."""
    lines = _wrap(text, "", "") or [""]
    return [*lines, mark * max(len(line) for line in lines)]


def wrapped(text: str, indent: int, hanging: int = 0) -> list[str]:
    """`text` in lines of at most 80 columns; lines after the first are `hanging` deeper."""
    return _wrap(text, " " * indent, " " * (indent + hanging)) or [""]


def listed(name: str, text: str, indent: int = 2, column: int = 16) -> list[str]:
    """`name` and, from `column` on, `text`."""
    label = f"{' ' * indent}{name}".ljust(column - 1) + " "
    return _wrap(text, label, " " * column) or [label.rstrip()]


def _wrap(text: str, first: str, later: str) -> list[str]:
    """Lines that do not part a number from its unit."""
    joined = re.sub(r"(?<=\d) (?=[A-Za-z%µ°])", _TIE, text)
    lines = textwrap.wrap(joined, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)
    return [line.replace(_TIE, " ") for line in lines]
