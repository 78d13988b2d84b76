"""Keys, statistics and gates of kinds whose values are aggregates of windows of 10 or 12 cycles (IEC 61000-4-30)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import Effect, Gate, SignalFacts
from slacheck.language import Duration, Model, Share, definition
from slacheck.units import Quantity, parse_quantity

if TYPE_CHECKING:
    from slacheck.contract import Samples
    from slacheck.measure.intervals import IntervalReading, Length
    from slacheck.measure.synchronised import WindowCounts

Statistic: TypeAlias = Literal["max", "p99", "p95"]

SHARES: dict[Statistic, tuple[int, int]] = {"max": (1, 1), "p99": (99, 100), "p95": (95, 100)}
FEWEST: dict[Statistic, int] = {"max": 1, "p99": 299, "p95": 59}
"""Least values for a distribution-free 95 % bound on the quantile, ceil(ln 0.05 / ln q) (requirements.md 2.7)."""
_LENGTHS = {3.0: 15, 600.0: None, 7200.0: None}
"""Lengths of aggregates [s], and of how many windows in a row they are made if not by time."""
_REACHES = 34.0
"""Samples that interpolation uses up at a record's two ends."""


class Aggregate(Model):
    """What one value is made of."""

    length: Duration | None = Field(None, description="3 s (150 or 180 cycles), 10 min or 2 h; not with method none.")
    method: Literal["rms", "none"] = definition(
        "rms", "rms: root mean square of the 10/12-cycle values in it; none: each of these is a value."
    )

    @model_validator(mode="after")
    def _standard(self) -> Aggregate:
        if (self.method == "none") != (self.length is None):
            message = "method rms needs a length, such as {length: 10 min}; method none has none"
            raise PydanticCustomError("aggregate", message)
        if self.length is not None and self.length.value not in _LENGTHS:
            message = "expected the length 3 s, 10 min or 2 h of IEC 61000-4-30, got '{got}'"
            raise PydanticCustomError("aggregate", message, {"got": self.length.text})
        return self

    def seconds(self, frequency: Quantity) -> float:
        """Nominal length of a value. [s]"""
        return cycles(frequency) / frequency.value if self.length is None else self.length.value

    def text(self, frequency: Quantity) -> str:
        """`3 s rms values`."""
        return f"{cycles(frequency)}-cycle values" if self.length is None else f"{self.length.text} rms values"

    def cut(self, frequency: Quantity) -> str:
        """How values are made, in words."""
        window = f"{cycles(frequency)} cycles of the fundamental"
        if self.length is None:
            return f"one value for each window of {window}, without gap or overlap"
        number = _LENGTHS[self.length.value]
        if number is not None:
            return f"values that are the rms of {number} windows of {window} in a row ({self.length.text})"
        return (
            f"values that are the rms of the windows of {window} that begin within {self.length.text}, counted from "
            f"the first one"
        )

    @property
    def is_counted(self) -> bool:
        """Whether a value is a number of windows, not a time."""
        return self.length is None or _LENGTHS[self.length.value] is not None

    def chosen(self) -> Length:
        """As the meters call it."""
        from slacheck.measure.intervals import Length

        if self.length is None:
            return Length(values=1)
        values = _LENGTHS[self.length.value]
        return Length(seconds=self.length.value) if values is None else Length(values=values)

    def together(self) -> tuple[Length, ...]:
        """All that one meter collects: every standard length, so that clauses on 3 s and 10 min share it."""
        from slacheck.measure.intervals import Length

        if self.length is None:
            return (Length(values=1),)
        return tuple(
            Length(seconds=length) if values is None else Length(values=values) for length, values in _LENGTHS.items()
        )


class Valid(Model):
    """How complete the record must be."""

    min: Share = definition(parse_quantity("95 %"), "Share of the values that must be there and not flagged.")

    @model_validator(mode="after")
    def _bounded(self) -> Valid:
        if not 0.0 <= self.min.value <= 1.0:
            raise PydanticCustomError("valid", "min must lie between 0 % and 100 %")
        return self


def cycles(frequency: Quantity) -> int:
    """Cycles in a window: 10 at 50 Hz, 12 at 60 Hz."""
    return round(frequency.value / 5.0)


def nominal(value: Quantity) -> Quantity:
    """Validator of `frequency`."""
    if value.value not in (50.0, 60.0):
        raise PydanticCustomError(
            "frequency", "expected the nominal frequency 50 Hz or 60 Hz, got '{got}'", {"got": value.text}
        )
    return value


# ---------------------------------------------------------------- periods of a record


@dataclass(frozen=True, slots=True)
class Counting:
    """Over what a statistic is taken.

    Parameters
    ----------
    statistic : {"max", "p99", "p95"}
    period : Quantity, optional
        Percentiles are taken over each of these, and the worst counts; None: over the record.
    aggregate : Aggregate
    valid : Valid
    frequency : Quantity
        Nominal.
    """

    statistic: Statistic
    period: Quantity | None
    aggregate: Aggregate
    valid: Valid
    frequency: Quantity

    @property
    def needed(self) -> float:
        """Length of record. [s]"""
        length = self.aggregate.seconds(self.frequency)
        own = 0.0 if self.period is None else self.period.value
        return max(own, FEWEST[self.statistic] * length + self.lost)

    @property
    def lost(self) -> float:
        """What a record should be longer than its values, so that it surely holds them. [s]"""
        window = cycles(self.frequency) / self.frequency.value
        return window if self.aggregate.is_counted else 2.0 * window

    @property
    def text(self) -> str:
        """`the 95 % nearest-rank quantile of the 10 min rms values in each 7 d`."""
        values = self.aggregate.text(self.frequency)
        over = "" if self.period is None else f" in each {self.period.text}, counted from the record's first sample"
        what = "largest" if self.statistic == "max" else f"{self.statistic[1:]} % nearest-rank quantile"
        return f"the {what} of the {values}{over}"


@dataclass(frozen=True, slots=True)
class Period:
    """The values of one period.

    Parameters
    ----------
    rows : ndarray of int
        Which values begin in it.
    flagged, possible : int
        Values left out, and those of a record without gaps.
    whole : bool
        Whether the record covers it.
    """

    rows: Any
    flagged: int
    possible: int
    whole: bool

    @property
    def valid(self) -> int:
        """Values that are there."""
        return int(self.rows.size)

    @property
    def missing(self) -> int:
        """Values that are not there though nothing flags them."""
        return max(0, self.possible - self.flagged - self.valid)

    @property
    def share(self) -> float:
        """Of the values that could have been. [1]"""
        return self.valid / max(1, self.possible)


def periods(counting: Counting, reading: IntervalReading, facts: SignalFacts, length: float) -> tuple[Period, ...]:
    """Periods that the record reaches into, from its first sample; `length` is that of a value as it was [s]."""
    import numpy as np

    # up to the first zero crossing, the reach of interpolation, and a window that straddles the end of a time
    lost = 1.0 / counting.frequency.value + _REACHES * facts.grid
    lost += 0.0 if counting.aggregate.is_counted else cycles(counting.frequency) / counting.frequency.value
    if counting.period is None:
        found = reading.starts.size + reading.flagged.size
        possible = max(found, math.floor((facts.duration - lost) / length + 1e-6))
        return (Period(np.arange(reading.starts.size), int(reading.flagged.size), possible, True),)
    span = counting.period.value
    place, flagged = (np.floor((times - facts.first) / span) for times in (reading.starts, reading.flagged))
    result = []
    for number in range(math.ceil(facts.duration / span - 1e-9)):
        rows, out = np.flatnonzero(place == number), int(np.count_nonzero(flagged == number))
        possible = max(rows.size + out, math.floor(span / length + 1e-6))
        result.append(Period(rows, out, possible, (number + 1) * span <= facts.duration * (1.0 + 1e-9)))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class Columns:
    """Values with their bounds, one column for each thing of which the worst counts, shape (n, q). [unit]"""

    value: Samples
    low: Samples
    high: Samples


@dataclass(frozen=True, slots=True)
class Found:
    """The worst statistic: its value, bounds, and which row and column decides it."""

    value: float
    low: float
    high: float | None
    row: int
    column: int


def worst(columns: Columns, over: tuple[Period, ...], statistic: Statistic) -> Found:
    """The largest statistic of any column in any period.

    What is missing may be as small as 0 and as large as you like, except for `max`, where the
    coverage gate speaks for it and one violation is enough. A period that the record does not
    cover bounds the statistic from below only, if there are whole ones.
    """
    from slacheck.measure.quantile import nearest_rank, over_windows

    share, some_whole = SHARES[statistic], any(period.whole for period in over)
    best, low, high = Found(-1.0, 0.0, None, 0, 0), 0.0, list[float | None]()
    for period in (period for period in over if period.valid):
        bounded = period.whole or not some_whole
        missing = 0 if statistic == "max" else period.missing
        for column in range(columns.value.shape[1]):
            values = columns.value[period.rows, column]
            value = over_windows(values, share, 0 if bounded else missing)[0]
            low = max(low, over_windows(columns.low[period.rows, column], share, missing)[0])
            if bounded:
                high.append(over_windows(columns.high[period.rows, column], share, missing)[1])
            if value > best.value:
                rank = nearest_rank(values.size, share) - 1
                best = Found(value, 0.0, None, int(period.rows[values.argsort(kind="stable")[rank]]), column)
    if best.value < 0.0:
        raise ValueError("no period has a value")
    known = [end for end in high if end is not None]
    return replace(best, low=min(low, best.value), high=max(known) if known and len(known) == len(high) else None)


# ---------------------------------------------------------------- gates and notes


def gates(counting: Counting, over: tuple[Period, ...]) -> tuple[Gate, ...]:
    """Whether enough values are there, and enough for the quantile."""
    judged = [period for period in over if period.whole] or list(over)
    least = min(judged, key=lambda period: period.share)
    needed, values = counting.valid.min, counting.aggregate.text(counting.frequency)
    passed = least.share >= needed.value
    sentence = f"{least.valid} of {least.possible} {values} are valid ({100.0 * least.share:.4g} %)"
    sentence += f", {least.flagged} are flagged and {least.missing} missing; {needed.text} are needed"
    sentence += "." if passed else ": record without gaps, dips and swells."
    found = [Gate("coverage", Effect.NO_PASS, passed, least.share, needed.value, sentence)]
    fewest, valid = FEWEST[counting.statistic], min(period.valid for period in judged)
    if fewest > 1:
        sentence = f"{valid} {values} were measured; the statistic {counting.statistic} needs {fewest}"
        sentence += "." if valid >= fewest else "; record for longer."
        found.append(Gate("n_too_small", Effect.NO_PASS, valid >= fewest, float(valid), float(fewest), sentence))
    if counting.statistic != "max" and any(period.missing for period in judged):
        found.append(_missing_gate(counting, max(judged, key=lambda period: period.missing)))
    return tuple(found)


def _missing_gate(counting: Counting, period: Period) -> Gate:
    """Whether what is missing could decide (percentile rule of requirements.md 2.2), whatever the decision rule."""
    from slacheck.measure.quantile import nearest_rank

    counted = period.valid + period.missing
    allowed = counted - nearest_rank(counted, SHARES[counting.statistic])
    passed = period.missing <= allowed
    sentence = f"{period.missing} of {counted} {counting.aggregate.text(counting.frequency)} are missing; "
    sentence += f"{counting.statistic} leaves {allowed} out of account"
    sentence += "." if passed else ", so the missing ones could decide: record without gaps."
    return Gate("coverage", Effect.NO_PASS, passed, float(period.missing), float(allowed), sentence)


def nothing(counting: Counting, facts: SignalFacts, counts: WindowCounts) -> Gate:
    """Why there is no value at all."""
    window, values = cycles(counting.frequency), counting.aggregate.text(counting.frequency)
    needed = counting.aggregate.seconds(counting.frequency) + counting.lost
    if facts.duration < needed:
        sentence = (
            f"The record of {facts.channel} lasts {facts.duration:.4g} s, too short for one of the {values}; "
            f"record {needed:.4g} s or more."
        )
        return Gate("record_too_short", Effect.NO_VERDICT, False, facts.duration, needed, sentence)
    if counts.windows == 0:
        sentence = (
            f"{facts.channel} has nowhere a steady fundamental near {counting.frequency.text} for {window} cycles "
            f"without a gap; check `frequency` and which channel it is."
        )
        return Gate("condition_not_met", Effect.NO_VERDICT, False, 0.0, float(window), sentence)
    sentence = (
        f"None of the {values} of {facts.channel} is whole and unflagged: of {counts.windows} windows of {window} "
        f"cycles {counts.disturbed} hold a dip, swell or interruption and {counts.slipped} lost the fundamental."
    )
    return Gate("coverage", Effect.NO_VERDICT, False, 0.0, counting.valid.min.value, sentence)


def notes(counting: Counting, over: tuple[Period, ...], counts: WindowCounts) -> tuple[str, ...]:
    """What was left out, and at what frequency it was recorded."""
    values = counting.aggregate.text(counting.frequency)
    found = [
        f"The fundamental was followed from {counts.slowest:.6g} Hz to {counts.fastest:.6g} Hz; ends of a window were "
        f"met to {100.0 * counts.largest_slip:.2g} % of its length at worst."
    ]
    flagged = sum(period.flagged for period in over)
    if flagged and counts.first_flagged is not None:
        found.append(
            f"{flagged} of the {values} are flagged and left out: {counts.disturbed} windows hold a dip, swell or "
            f"interruption, {counts.slipped} lost the fundamental; the first at {counts.first_flagged:.6g} s."
        )
    left = [period for period in over if not period.whole]
    if left and len(left) < len(over):
        found.append(
            f"{left[0].valid} of the {values} stand in a last period that is not whole; they can fail, not pass."
        )
    return tuple(found)
