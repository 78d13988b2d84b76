"""The operating point under which a clause is judged (design section 2, "Exercise").

An idle hall keeps every ramp clause; so a requirement may ask that a signal stayed within bounds
for a while without a break. Unmet is INCONCLUSIVE(condition_not_met), whatever was measured.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from slacheck.contract import Effect, Gate, Measurements, MeterPlan, Signals, level
from slacheck.language import Condition, Requirement
from slacheck.measure.condition import LongestRun


def condition_meters(requirement: Requirement, signals: Signals) -> tuple[MeterPlan, ...]:
    """One meter for each condition of a requirement."""
    return tuple(_plan(condition, signals) for condition in requirement.conditions)


def condition_gates(requirement: Requirement, signals: Signals, measurements: Measurements) -> Iterator[Gate]:
    """One gate for each condition."""
    for condition in requirement.conditions:
        longest, _ = measurements.reading(_plan(condition, signals).key)
        required = condition.for_.value
        passed = longest >= required * (1 - 1e-9) and longest > 0
        bounds = " and ".join(
            f"{word} {quantity.text}"
            for word, quantity in (("at least", condition.min), ("at most", condition.max))
            if quantity is not None
        )
        yield Gate(
            "condition_not_met",
            Effect.NO_VERDICT,
            passed,
            longest,
            required,
            f"The clause is judged with {condition.signal} {bounds} for {condition.for_.text}; the longest unbroken "
            f"stretch in the record is {longest:.4g} s"
            + ("." if passed else "; repeat the test at this operating point."),
        )


def _plan(condition: Condition, signals: Signals) -> MeterPlan:
    signal = signals[condition.signal]
    low = None if condition.min is None else level(condition.min, signal)
    high = None if condition.max is None else level(condition.max, signal)
    key: Hashable = ("longest_run", condition.signal, low, high)
    return MeterPlan(key, (condition.signal,), lambda interval: LongestRun(low, high))
