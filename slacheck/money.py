"""Money: `250000.00 USD`, `85.00 USD/MWh`, read exactly; amounts are whole cents, arithmetic is exact.

Every currency counts in hundredths here ("cents"), whatever its coins are. An amount has at most
two decimals, so that it is a whole number of cents; a tariff may have more. Floats never touch
money: measured numbers enter as the decimal number that stands in the results document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from slacheck.units import QuantityError, Unit, parse_unit

CENTS = 100
Rounding = Literal["half_even", "half_up", "floor", "ceil"]

_MONEY = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,12})?)\s+(?P<currency>[A-Z]{3})(?:/(?P<per>\S{1,16}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of money, or a price for a unit of something.

    Parameters
    ----------
    cents : Fraction
        Hundredths of the currency; whole for an amount. [cents, or cents per base unit of `per`]
    currency : str
        Three capital letters, as ISO 4217 has them (known).
    per : Unit, optional
        What the price is for.
    text : str
        The source text.
    """

    cents: Fraction
    currency: str
    per: Unit | None
    text: str

    def __str__(self) -> str:
        """The source text."""
        return self.text


def parse_money(text: str) -> Money:
    """Read `250000.00 USD` or `0.085 USD/kWh`.

    Raises
    ------
    QuantityError
        If it is not an amount and a currency, or an amount is not whole cents.
    """
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        raise QuantityError(
            f"{text!r} is no amount of money; write for example '250000.00 USD', digits without separators and "
            f"three capital letters"
        )
    cents = Fraction(Decimal(match["number"])) * CENTS
    if match["per"] is None and cents.denominator != 1:
        raise QuantityError(f"{text!r} is not a whole number of cents; write at most two decimals")
    per = None if match["per"] is None else parse_unit(match["per"])
    return Money(cents if per is None else cents / Fraction(per.scale), match["currency"], per, text.strip())


def exact(number: float) -> Fraction:
    """The decimal number that a float is written as, exactly: 0.3 is 3/10."""
    return Fraction(Decimal(repr(number)))


def whole_cents(cents: Fraction, rounding: Rounding) -> int:
    """Cents rounded once; `half_up` takes a half cent away from zero."""
    down, part = divmod(cents, 1)
    low = int(down)
    match rounding:
        case "floor":
            return low
        case "ceil":
            return low + (part > 0)
        case "half_up":
            return low + (part > Fraction(1, 2) or (part == Fraction(1, 2) and low >= 0))
        case "half_even":
            return round(cents)


def money_text(cents: int, currency: str) -> str:
    """`-12.05 USD`."""
    units, rest = divmod(abs(cents), CENTS)
    return f"{'-' if cents < 0 else ''}{units}.{rest:02d} {currency}"
