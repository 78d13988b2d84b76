"""The five numbers of a check as text: measured with its uncertainty, limit, margin, percentage, place.

In the spec's unit, with as many digits as the uncertainty deserves: U to two significant digits,
the value to the same place. Nothing here decides anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from slacheck.contract import WORST_FIRST
from slacheck.units import QuantityError, from_base

Document = dict[str, Any]
"""Part of the results document (design section 6)."""

_UNVERIFIED = "unverified figure"
"""What a note says, in any case, of a clause whose figures nobody has checked at their source (specs/README.md)."""
_MOST_DECIMALS = 9
_LARGEST_FIXED = 1e9


@dataclass(frozen=True, slots=True)
class Numbers:
    """A check's numbers as text, each with its unit; "" where there is none.

    `measured` is value and uncertainty together; `uncertainty` is U, or the interval where it is not symmetric.
    """

    measured: str
    value: str
    uncertainty: str
    limit: str
    margin: str
    percent: str
    at: str


def is_unverified(finding: Document) -> bool:
    """Whether figures of a finding's clause are marked as not verified at their source."""
    return _UNVERIFIED in (finding["note"] or "").lower()


def numbers_of(check: Document) -> Numbers:
    """The numbers of a check of the results document."""
    unit, measured = check["display_unit"], check["measured"]
    decimals = _decimals(measured, unit)
    value, spread = _value(measured, unit, decimals), _spread(measured, unit, decimals)
    beyond = _beyond(check)
    margin = "" if beyond is None else beyond + _margin(check["margin"], unit, decimals)
    percent = "" if beyond is None else beyond + percent_text(check["margin_percent"])
    if measured["value"] is None:
        return Numbers(value, value, "", limit_text(check["limit"], unit), "", "", place_text(check["at"]))
    symmetric = measured["expanded_uncertainty"] is not None
    joint = " ± " if symmetric else " "
    return Numbers(
        measured=with_unit(value + (joint + spread if spread else ""), unit),
        value=with_unit(value, unit),
        uncertainty=with_unit(spread, unit) if spread else "",
        limit=limit_text(check["limit"], unit),
        margin=margin,
        percent=percent if check["margin_percent"] is not None else "",
        at=place_text(check["at"]),
    )


def _beyond(check: Document) -> str | None:
    """What stands before a margin: "<" where a censored value makes it an upper bound; None where it means nothing."""
    censored, limit = check["measured"]["censored"], check["limit"]
    if censored is None:
        return ""
    if "max" in limit and "min" in limit:
        return None
    return "< " if (censored == "above") == ("max" in limit) else "> "


def in_unit(value: float, unit: str) -> float:
    """A value in base units in the unit of display; unchanged if a plugin's unit is not known here."""
    try:
        return from_base(value, unit)
    except QuantityError:
        return value


def with_unit(text: str, unit: str) -> str:
    """`text unit`; a bare ratio has none."""
    return text if unit == "1" else f"{text} {unit}"


def deciding(checks: list[Document]) -> Document:
    """The check with the worst verdict and, among those, the smallest margin; the first of equals."""

    def rank(check: Document) -> tuple[int, float, float]:
        percent, margin = check["margin_percent"], check["margin"]
        far = math.inf
        return (
            WORST_FIRST.index(check["verdict"]),
            far if percent is None else percent,
            far if margin is None else margin,
        )

    return min(checks, key=rank)


def groups(checks: list[Document]) -> dict[str, list[Document]]:
    """Checks by name, in their order: one for each event."""
    found: dict[str, list[Document]] = {}
    for check in checks:
        found.setdefault(check["name"], []).append(check)
    return found


def limit_text(limit: Document, unit: str) -> str:
    """`max 80 ms`, `min 0.95`, `360 to 440 V`."""
    ends = [f"{in_unit(limit[name], unit):.10g}" for name in ("min", "max") if name in limit]
    if len(ends) == 2:
        return with_unit(" to ".join(ends), unit)
    return with_unit(f"{'max' if 'max' in limit else 'min'} {ends[0]}", unit)


def percent_text(percent: float | None) -> str:
    """`-1.5 %`, with a sign; to a tenth, or two digits of less than one per cent."""
    if percent is None:
        return ""
    size = abs(percent)
    return f"{percent:+.0f} %" if size >= 100 else f"{percent:+.2g} %" if 0 < size < 1 else f"{percent:+.1f} %"


def compact(number: float) -> str:
    """Six significant digits."""
    return f"{number + 0.0:.6g}"


def _value(measured: Document, unit: str, decimals: int) -> str:
    if measured["value"] is None:
        return "not measured"
    beyond = {"above": "> ", "below": "< ", None: ""}[measured["censored"]]
    value = in_unit(measured["value"], unit)
    return beyond + (f"{value + 0.0:.5g}" if measured["censored"] else _fixed(value, decimals))


def _spread(measured: Document, unit: str, decimals: int) -> str:
    """U, or the ends of an interval that is not symmetric: `[0.4969, 0.5036]`, `[0.30, ∞)`."""
    if measured["value"] is None or measured["censored"] is not None:
        return ""
    if measured["expanded_uncertainty"] is not None:
        return _fixed(in_unit(measured["expanded_uncertainty"], unit), decimals)
    low, high = (None if end is None else _fixed(in_unit(end, unit), decimals) for end in measured["interval"])
    return f"{'(-∞' if low is None else f'[{low}'}, {'∞)' if high is None else f'{high}]'}"


def _decimals(measured: Document, unit: str) -> int:
    """Places after the decimal sign that show two digits of the uncertainty, or five of a value without one."""
    low, high = measured["interval"]
    spread = measured["expanded_uncertainty"]
    if unit == "1" and all(end is None or float(end).is_integer() for end in (measured["value"], low, high)):
        return 0  # a count
    if spread is None and low is not None and high is not None:
        spread = (high - low) / 2
    if spread is not None and spread > 0:
        digits, size = 2, in_unit(spread, unit)
    else:
        digits, size = 5, abs(in_unit(measured["value"] or 0.0, unit))
    places = digits - 1 - math.floor(math.log10(size)) if size > 0 else 0
    return max(0, places)


def _fixed(number: float, decimals: int) -> str:
    if decimals > _MOST_DECIMALS or abs(number) >= _LARGEST_FIXED:
        return f"{number + 0.0:.4g}"
    text = f"{number:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _margin(margin: float | None, unit: str, decimals: int) -> str:
    """With a sign, to the place of the value but never fewer than two digits."""
    if margin is None:
        return ""
    shown = in_unit(margin, unit)
    least = 0 if shown == 0 else 1 - math.floor(math.log10(abs(shown)))
    text = _fixed(shown, max(decimals, least))
    return with_unit(text if text.startswith("-") else f"+{text}", unit)


def place_text(at: Document) -> str:
    """`12.5812 s` from the capture's first sample, or `1.27 Hz`."""
    if at["frequency"] is not None:
        return f"{compact(at['frequency'])} Hz"
    return "" if at["time"] is None else f"{compact(at['time'])} s"
