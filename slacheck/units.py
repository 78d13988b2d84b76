"""Quantities: text with a unit, `5 MW/s`, read exactly and once. The only parser of units.

A closed grammar, so that nothing is guessed: a sign, an ASCII decimal number, a unit. Units are
a table of symbols with the SI prefixes that make sense for each; case counts (`mHz` is not
`MHz`). Scaling is decimal with one rounding, so `20 ms` is exactly `0.02` on every machine.

The *base unit* is what a value is converted to and also its dimension: two quantities may be
compared when their base units are equal. `%`, `pu`, `dB` and `cycle` are base units of their
own, because what they are relative to is known only to the requirement: `5 %` has the value
0.05 and the base unit `%`; `20 %/s` has 0.2 and `%/s`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

_PREFIXES = {
    "G": Decimal("1e9"),
    "M": Decimal("1e6"),
    "k": Decimal("1e3"),
    "": Decimal(1),
    "m": Decimal("1e-3"),
    "u": Decimal("1e-6"),
    "µ": Decimal("1e-6"),
    "μ": Decimal("1e-6"),
    "n": Decimal("1e-9"),
}

# symbol: (base unit, scale, prefixes that may stand before it)
_SYMBOLS: dict[str, tuple[str, Decimal, str]] = {
    "V": ("V", Decimal(1), "GMkmuµμn"),
    "A": ("A", Decimal(1), "GMkmuµμn"),
    "W": ("W", Decimal(1), "GMkmuµμn"),
    "var": ("var", Decimal(1), "GMkm"),
    "VAr": ("var", Decimal(1), "GMkm"),
    "VA": ("VA", Decimal(1), "GMkm"),
    "J": ("J", Decimal(1), "GMkm"),
    "Wh": ("J", Decimal(3600), "GMkm"),
    "Hz": ("Hz", Decimal(1), "GMkmuµμ"),
    "sqrt(Hz)": ("sqrt(Hz)", Decimal(1), ""),
    "s": ("s", Decimal(1), "muµμn"),
    "min": ("s", Decimal(60), ""),
    "h": ("s", Decimal(3600), ""),
    "d": ("s", Decimal(86400), ""),
    "cycle": ("cycle", Decimal(1), ""),
    "cycles": ("cycle", Decimal(1), ""),
    "1": ("1", Decimal(1), ""),
    "%": ("%", Decimal("0.01"), ""),
    "pu": ("pu", Decimal(1), ""),
    "dB": ("dB", Decimal(1), ""),
    "K": ("K", Decimal(1), "m"),
    "degC": ("degC", Decimal(1), ""),
    "°C": ("degC", Decimal(1), ""),
    "deg": ("deg", Decimal(1), ""),
    "°": ("deg", Decimal(1), ""),
    "ohm": ("ohm", Decimal(1), "GMkmuµμ"),
    "Ω": ("ohm", Decimal(1), "GMkmuµμ"),
}

QUANTITY_UNITS: dict[str, tuple[str, ...]] = {
    "voltage": ("V",),
    "current": ("A",),
    "active_power": ("W",),
    "reactive_power": ("var",),
    "apparent_power": ("VA",),
    "power_factor": ("1",),
    "frequency": ("Hz",),
    "energy": ("J",),
    "state_of_charge": ("1", "%"),
    "temperature": ("degC", "K"),
    "latency": ("s",),
    "ratio": ("1", "%"),
    "count": ("1",),
}
"""The quantities of the spec language and the base units that fit each."""

_WORDS = {
    **{"volt": "V", "amp": "A", "ampere": "A", "watt": "W", "kilowatt": "kW", "megawatt": "MW", "joule": "J"},
    **{"hertz": "Hz", "second": "s", "sec": "s", "millisecond": "ms", "msec": "ms", "minute": "min", "hour": "h"},
    **{"hr": "h", "day": "d", "percent": "%", "pct": "%", "p.u.": "pu", "per unit": "pu", "cyc": "cycle"},
    **{"celsius": "degC", "c": "degC", "kelvin": "K", "degree": "deg", "ratio": "1"},
}
"""Words that are not units, in lower case, and what was meant by them."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as written, its base unit, and how many base units it is."""

    symbol: str
    base: str
    scale: Decimal


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with a unit.

    Parameters
    ----------
    value : float
        In the base unit; `%` as a fraction. [base unit]
    base : str
        Base unit, which is also the dimension: "W/s", "s", "%", "pu".
    unit : str
        The unit as written, used for display.
    text : str
        The source text.
    """

    value: float
    base: str
    unit: str
    text: str

    def __str__(self) -> str:
        """The source text."""
        return self.text


class QuantityError(ValueError):
    """The text is not a quantity; the message says why and what to write."""


@lru_cache(maxsize=512)
def parse_unit(symbol: str) -> Unit:
    """Read a unit such as `MW/min`.

    Raises
    ------
    QuantityError
        If the symbol is not in the table, or is not `unit` or `unit/unit`.
    """
    parts = symbol.split("/")
    if len(parts) > 2:
        raise QuantityError(f"unit {symbol!r} has more than one '/'")
    bases, scale = [], Decimal(1)
    for position, part in enumerate(parts):
        base, factor = _simple(part.strip())
        bases.append(base)
        scale = scale * factor if position == 0 else scale / factor
    if len(bases) == 2 and bases[1] in ("%", "pu", "dB", "degC", "cycle"):
        raise QuantityError(f"unit {symbol!r}: nothing is counted per {bases[1]}")
    return Unit(symbol, "/".join(bases), scale)


def _simple(symbol: str) -> tuple[str, Decimal]:
    if symbol in _SYMBOLS:
        base, scale, _ = _SYMBOLS[symbol]
        return base, scale
    if symbol and symbol[0] in _PREFIXES and symbol[1:] in _SYMBOLS:
        base, scale, prefixes = _SYMBOLS[symbol[1:]]
        if symbol[0] in prefixes:
            return base, scale * _PREFIXES[symbol[0]]
    raise QuantityError(f"unknown unit {symbol!r}{_near(symbol)}")


def _near(symbol: str) -> str:
    known = {prefix + name for name, (_, _, allowed) in _SYMBOLS.items() for prefix in ("", *allowed)}
    same = sorted(name for name in known if name.lower() == symbol.lower())
    same = same or sorted({_WORDS[word] for word in (symbol.lower(), symbol.lower().rstrip("s")) if word in _WORDS})
    return f"; did you mean {' or '.join(repr(name) for name in same)}?" if same else ""


def parse_quantity(text: str) -> Quantity:
    """Read `5 MW/s`, `20 ms`, `5 %`, `-20 dB`, `1 cycle`.

    Raises
    ------
    QuantityError
        If there is no unit, the unit is unknown, or the number is written in a way that two
        readers could take differently (comma, blank or underscore inside, `±`).
    """
    stripped = text.strip()
    if len(stripped) > _LONGEST:
        raise QuantityError(f"longer than {_LONGEST} characters")
    match = _NUMBER.match(stripped)
    if match is None:
        raise QuantityError(f"{text!r} does not start with a number; write for example '20 ms'")
    rest = stripped[match.end() :]
    symbol = rest.strip()
    if not symbol:
        raise QuantityError(f"{text!r} has no unit; write for example '{match.group()} ms' or '{match.group()} %'")
    if rest[0] in ",_'" or (re.match(r"\s*\d", rest) and not re.fullmatch(r"\s+1(/\D+)?", rest)):
        raise QuantityError(f"{text!r}: write the number with '.' as decimal sign and nothing between digits")
    unit = parse_unit(symbol)
    value = float(Decimal(match.group()) * unit.scale)
    if value in (float("inf"), float("-inf")):
        raise QuantityError(f"{text!r} is too large")
    return Quantity(value + 0.0, unit.base, symbol, stripped)


def from_base(value: float, unit: str) -> float:
    """Convert a value in base units to `unit` for display; `%` from a fraction."""
    scale = parse_unit(unit).scale
    return float(Decimal(repr(value)) / scale)
