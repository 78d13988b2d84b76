"""A measured number: a value, an interval that holds the truth, and whether it is only a bound.

NaN and infinity are refused by the constructors: what could not be measured is `None`, what was
never reached is censored, what is unbounded is an interval end of `None`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Censored = Literal["above", "below"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Closed interval; `None` is unbounded."""

    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        """Refuse NaN, infinity and a low end above the high one."""
        for end in (self.low, self.high):
            if end is not None and not math.isfinite(end):
                raise ValueError(f"interval end must be finite or None, got {end!r}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"interval is upside down: [{self.low!r}, {self.high!r}]")


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured value with its uncertainty.

    Parameters
    ----------
    value : float
        Best estimate, or the bound where `censored`. [unit]
    unit : str
        SI base unit, or "1" for ratios (a `%` limit has a ratio of 0.05).
    interval : Interval
        Where the truth lies at the coverage factor of the decision: value -+ U, widened by what
        is missing or unbounded where the truth lies beyond the record. [unit]
    expanded_uncertainty : float, optional
        U = k u, where the interval is symmetric. [unit]
    censored : {"above", "below"}, optional
        The truth lies above (below) `value`: never settled before the record's end.
    """

    value: float
    unit: str
    interval: Interval
    expanded_uncertainty: float | None = None
    censored: Censored | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that are not finite."""
        if not math.isfinite(self.value):
            raise ValueError(f"a measured value must be finite, got {self.value!r}")
        if self.expanded_uncertainty is not None and not math.isfinite(self.expanded_uncertainty):
            raise ValueError(f"an uncertainty must be finite, got {self.expanded_uncertainty!r}")


def symmetric(value: float, unit: str, expanded_uncertainty: float) -> Measured:
    """A value with interval value -+ U."""
    return Measured(
        value,
        unit,
        Interval(value - expanded_uncertainty, value + expanded_uncertainty),
        expanded_uncertainty,
    )


def between(value: float, unit: str, low: float | None, high: float | None) -> Measured:
    """A value with an interval that need not be symmetric; ends are moved out to hold the value."""
    return Measured(
        value,
        unit,
        Interval(None if low is None else min(low, value), None if high is None else max(high, value)),
    )


def at_least(value: float, unit: str, low: float | None = None) -> Measured:
    """A censored value: the truth lies above `value` (never settled before the record's end)."""
    return Measured(value, unit, Interval(value if low is None else min(low, value), None), None, "above")
