"""Regulation: the share of a signal's values over time that must lie between two levels (R14).

The record is cut into aggregates: aggregate k holds the samples with k L <= t < (k + 1) L, L =
`aggregate.length`, t counted from the record's first sample (of a derived signal, its first
value). Its value is the root mean square (`rms`) or the mean (`mean`) of its samples; with `none`
every sample is an aggregate. A limit ``pNN: {min, max}`` demands that at least NN % of the
aggregates lie between `min` and `max`, both included. Measured is the fraction inside.

The rank rule is in whole numbers: of 1008 aggregates (a week of 10 min), p95 allows 50 outside,
and p100 none. An aggregate that lacks one of its samples is missing. Missing ones are never
dropped: they count against a PASS as if outside, and against a FAIL as if inside. What is left
of the record after its last whole aggregate is not judged; a note says how much.

An AC waveform is refused: derive its rms over a cycle (`derive: {rms: ...}`) and regulate that.

INCONCLUSIVE when: less than `valid.min` of the aggregates have all their samples, or more than
the rest of the samples is missing; outside and missing ones together are more than the rule allows; there
are too few for the percentage (ceil(ln 0.05 / ln q): 59 for p95, 299 for p99, 2995 for p99.9);
samples are further apart than L/20; the chain passes less than 95 % at 1/L; samples are clipped
(with `none` a violation still counts).

Uncertainty: both bounds are moved by U, and the interval runs from the fraction surely inside,
missing ones outside, to the fraction possibly inside, missing ones inside. U is made of gain (at
the bound) and offset of the channel; the noise of an aggregate, that of a sample over the root
of its independent samples, times what the worst of all aggregates may reach (what trembles from
sample to sample is taken as noise); for `rms` what noise adds to a root mean square; linear
interpolation of an uneven record; half a step of the recorder.

.. code-block:: yaml

    - id: SUP-2
      kind: regulation
      signal: v_rms
      aggregate: {length: 10 min, method: rms}
      valid: {min: 95 %}
      limits: {p95: {min: 0.9 pu, max: 1.1 pu}, p100: {min: 0.85 pu, max: 1.1 pu}}
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Gate,
    Kind,
    Limit,
    Mark,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    Signal,
    SignalFacts,
    Signals,
    Term,
    Witness,
    expanded,
    lead,
    level,
    level_problem,
)
from slacheck.kinds._noise import noise_of, noise_plan
from slacheck.language import Duration, Level, Model, Requirement, Share, Text, definition
from slacheck.units import parse_quantity
from slacheck.values import Measured, between, symmetric

if TYPE_CHECKING:
    from slacheck.measure.aggregates import AggregateReading, Band, BandCount

_PERCENTAGE = r"^p(100|[1-9]?[0-9](\.[0-9]{1,3})?)$"
_SHOWN = 50
"""Samples on either side of the worst one that are drawn, where there are no aggregates."""


def _percentage(key: str) -> str:
    if not re.fullmatch(_PERCENTAGE, key, re.ASCII) or not Decimal(key[1:]):
        raise PydanticCustomError(
            "percentage",
            "expected p and a percentage above 0 up to 100, such as p95, p99.9 or p100, got '{got}'",
            {"got": key},
        )
    return key


Percentage = Annotated[
    Text, AfterValidator(_percentage), WithJsonSchema({"type": "string", "pattern": _PERCENTAGE, "examples": ["p95"]})
]


class Aggregate(Model):
    """What one value is made of."""

    length: Duration | None = Field(None, description="Length L of an aggregate; not with method none.")
    method: Literal["rms", "mean", "none"] = Field(
        description="Of the samples in it: rms, mean; none: each sample is a value."
    )

    @model_validator(mode="after")
    def _measured(self) -> Aggregate:
        if (self.method == "none") != (self.length is None):
            message = "method rms and mean need a length, such as {length: 10 min, method: rms}; method none has none"
            raise PydanticCustomError("aggregate", message)
        return self


class Valid(Model):
    """How complete the record must be."""

    min: Share = definition(parse_quantity("95 %"), "Share of the aggregates that must have all their samples.")

    @model_validator(mode="after")
    def _bounded(self) -> Valid:
        if not 0.0 <= self.min.value <= 1.0:
            raise PydanticCustomError("valid", "min must lie between 0 % and 100 %")
        return self


class LevelBand(Model):
    """Levels between which values lie, both included."""

    min: Level | None = Field(None, description="Lowest level inside (% and pu of rated).")
    max: Level | None = Field(None, description="Highest level inside (% and pu of rated).")

    @model_validator(mode="after")
    def _bounded(self) -> LevelBand:
        if self.min is None and self.max is None:
            raise PydanticCustomError("band", "a band needs min, max or both, for example {min: 0.9 pu, max: 1.1 pu}")
        return self


class Regulation(Requirement):
    """Keys of `regulation`."""

    signal: Text = Field(description="Signal that is limited.")
    aggregate: Aggregate = Field(description="Values that are counted.")
    valid: Valid = Field(Valid(), description="How complete the record must be.")
    limits: dict[Percentage, LevelBand] = Field(
        min_length=1, description="pNN: at least NN % of the values lie between min and max; p100: all of them."
    )


# ---------------------------------------------------------------- from the spec alone


def _signals(requirement: Regulation) -> tuple[str, ...]:
    return (requirement.signal,)


def _problems(requirement: Regulation, signals: Signals) -> Iterator[Problem]:
    signal = signals[requirement.signal]
    if signal.waveform == "ac":
        yield Problem(
            ("signal",),
            f"{signal.name!r} is an AC waveform, whose values swing through zero",
            f"derive its rms and regulate that: `derive: {{rms: {signal.name}, window: 1 cycle, ...}}`",
        )
    for name, band in requirement.limits.items():
        found: list[Problem] = []
        for bound, quantity in (("min", band.min), ("max", band.max)):
            found += level_problem(
                ("limits", name, bound), quantity, signal, signed=requirement.aggregate.method != "rms"
            )
        yield from found
        low, high = (None, None) if found else _band(band, signal)
        if low is not None and high is not None and low > high:
            yield Problem(("limits", name), "min is above max, so nothing can conform")


def _fraction(name: str) -> tuple[int, int]:
    """The percentage of a limit as a fraction of whole numbers: p99.9 is 999/1000."""
    return (Decimal(name[1:]) / 100).as_integer_ratio()


def _fewest(name: str) -> int:
    """Least values for a distribution-free 95 % bound on this quantile (requirements.md 2.7); 1 for all of them."""
    share = float(Decimal(name[1:]) / 100)
    return 1 if share == 1.0 else math.ceil(math.log(0.05) / math.log(share) - 1e-9)


def _checks(requirement: Regulation, signals: Signals) -> tuple[CheckPlan, ...]:
    plans = []
    for name in requirement.limits:
        limit = Limit(min=float(Decimal(name[1:]) / 100))
        found = Definition("regulation/fraction_inside@1", _definition(requirement, name, signals))
        plans.append(CheckPlan(name, limit, "1", "%", found, (_need(requirement, name),)))
    return tuple(plans)


def _need(requirement: Regulation, name: str) -> Need:
    length = requirement.aggregate.length
    if length is None:
        return Need(requirement.signal, most_missing=_most_missing(requirement))
    return Need(
        requirement.signal,
        bandwidth=1.0 / length.value,
        time_limit=length.value,
        duration=_fewest(name) * length.value,
        most_missing=_most_missing(requirement),
        clipping=Effect.NO_VERDICT,  # a clipped sample may carry the mean of an aggregate out at the other bound
    )


def _most_missing(requirement: Regulation) -> float:
    """What `valid` leaves; the missing aggregates themselves are counted against a PASS."""
    return 1.0 - requirement.valid.min.value


def _values(requirement: Regulation) -> str:
    length = requirement.aggregate.length
    if length is None:
        return f"samples of {requirement.signal}"
    return f"{length.text} {requirement.aggregate.method} values of {requirement.signal}"


def _band_text(band: LevelBand) -> str:
    if band.min is not None and band.max is not None:
        return f"between {band.min.text} and {band.max.text}"
    return (
        f"at or above {band.min.text}" if band.min is not None else f"at or below {band.max.text if band.max else ''}"
    )


def _cut(requirement: Regulation) -> str:
    length = requirement.aggregate.length
    if length is None:
        return "every sample of the record counts"
    return f"one value for each whole {length.text} from the record's first sample on, without overlap"


def _definition(requirement: Regulation, name: str, signals: Signals) -> str:
    band = requirement.limits[name]
    text = (
        f"the fraction of the {_values(requirement)} that lie {_band_text(band)}, bounds included; "
        f"{_cut(requirement)}; one that lacks a sample is missing, and counts against a PASS as outside and against a "
        "FAIL as inside"
    )
    if any(bound is not None and bound.base != signals[requirement.signal].base for bound in (band.min, band.max)):
        text += f"; levels relative to the rated value of {requirement.signal}"
    return text


def _sentence(requirement: Regulation, signals: Signals) -> str:
    parts = [
        f"{'all' if Decimal(name[1:]) == 100 else f'at least {name[1:]} %'} shall lie {_band_text(band)}"
        for name, band in requirement.limits.items()
    ]
    return (
        f"Of the {_values(requirement)}, {' and '.join(parts)}, bounds included: {_cut(requirement)}; at least "
        f"{requirement.valid.min.text} of them shall have all their samples, and missing ones count as outside."
    )


# ---------------------------------------------------------------- meters


def _band(band: LevelBand, signal: Signal) -> Band:
    return (
        None if band.min is None else level(band.min, signal),
        None if band.max is None else level(band.max, signal),
    )


def _bands(requirement: Regulation, signals: Signals) -> tuple[Band, ...]:
    return tuple(_band(band, signals[requirement.signal]) for band in requirement.limits.values())


def _key(requirement: Regulation, signals: Signals) -> tuple[object, ...]:
    length = None if requirement.aggregate.length is None else requirement.aggregate.length.value
    bands = _bands(requirement, signals)
    return ("aggregates", requirement.signal, length, requirement.aggregate.method, bands)


def _meters(requirement: Regulation, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.aggregates import AggregateMeter

    length = requirement.aggregate.length
    build = partial(
        AggregateMeter,
        length=None if length is None else length.value,
        method=requirement.aggregate.method,
        bands=_bands(requirement, signals),
        lead=lead(signals, requirement.signal),
    )
    names = (requirement.signal,)
    return (
        MeterPlan(_key(requirement, signals), names, build),
        noise_plan(requirement.signal),
    )


# ---------------------------------------------------------------- evaluation


@dataclass(frozen=True, slots=True)
class _Errors:
    """What the value of an aggregate may be wrong by.

    Parameters
    ----------
    gain, offset : float
        Standard uncertainties. [ratio], [SI]
    sample_noise, noise : float
        Standard deviations of a sample and of an aggregate. [SI]
    farthest : float
        How many of the latter the worst of all aggregates may be out by.
    interpolation : float
        Bound. [SI]
    coverage_factor : float
    is_rms : bool
    """

    gain: float
    offset: float
    sample_noise: float
    noise: float
    farthest: float
    interpolation: float
    coverage_factor: float
    is_rms: bool

    def terms(self, bound: float) -> tuple[Term, ...]:
        """Gain and offset at a bound. [SI]"""
        return (
            Term("gain", abs(bound) * self.gain, "moves the bounds; stated at the larger one"),
            Term("offset", self.offset, "moves the bounds"),
        )

    def above(self, bound: float) -> float:
        """By how much the truth may lie above a value at this bound. [SI]"""
        spread = expanded(self.terms(bound), self.coverage_factor)
        return spread + self.farthest * self.noise + self.interpolation

    def below(self, bound: float) -> float:
        """By how much it may lie below; noise adds its power to an rms. [SI]"""
        inflation = 0.0
        if self.is_rms and self.sample_noise > 0.0:
            inflation = abs(bound) - math.sqrt(max(0.0, bound**2 - self.sample_noise**2))
        return self.above(bound) + inflation


@dataclass(frozen=True, slots=True)
class _Tally:
    """Aggregates of one limit.

    Parameters
    ----------
    count : BandCount
    errors : _Errors
    valid, possible : int
        Those measured, and those that the record would have had without gaps.
    surely, possibly : int
        Of the valid ones, those outside with the bounds moved outwards, and those outside with the bounds moved
        inwards.
    """

    count: BandCount
    errors: _Errors
    valid: int
    possible: int
    surely: int
    possibly: int

    @classmethod
    def of(cls, count: BandCount, errors: _Errors, valid: int, possible: int) -> _Tally:
        """Count at the moved bounds."""
        low, high = count.band
        surely = possibly = 0
        if low is not None and count.low is not None:
            surely += count.low.surely_outside(errors.above(low))
            possibly += count.low.possibly_outside(errors.below(low))
        if high is not None and count.high is not None:
            surely += count.high.surely_outside(errors.below(high))
            possibly += count.high.possibly_outside(errors.above(high))
        return cls(count, errors, valid, possible, min(surely, valid), min(possibly, valid))

    @property
    def missing(self) -> int:
        """Aggregates that lack a sample."""
        return self.possible - self.valid

    def measured(self) -> Measured:
        """Fraction inside; missing ones all outside to all inside."""
        value = (self.valid - self.count.outside) / self.valid
        low, high = (self.valid - self.possibly) / self.possible, (self.possible - self.surely) / self.possible
        return symmetric(value, "1", 0.0) if low == high else between(value, "1", low, high)


def _evaluate(requirement: Regulation, signals: Signals, measurements: Measurements) -> Evaluation:
    reading: AggregateReading = measurements.reading(_key(requirement, signals))
    facts = measurements.facts(requirement.signal)
    recorded = max(reading.last, math.floor(facts.last / facts.grid + 1e-6)) + 1 - reading.first
    possible = max(reading.whole(recorded), reading.valid)
    if reading.valid == 0:
        gate = _nothing(requirement, facts, possible)
        return Evaluation(tuple(Measurement(name, gates=(gate,)) for name in requirement.limits))
    errors = _errors(requirement, measurements, reading)
    found = tuple(
        _measurement(name, _Tally.of(count, errors, reading.valid, possible), (requirement, signals, measurements))
        for name, count in zip(requirement.limits, reading.bands, strict=True)
    )
    return Evaluation(found, notes=_notes(requirement, reading, facts, recorded))


def _errors(requirement: Regulation, measurements: Measurements, reading: AggregateReading) -> _Errors:
    from slacheck.measure.noise import largest_normal

    facts, accuracy = measurements.facts(requirement.signal), measurements.accuracy(requirement.signal)
    length = requirement.aggregate.length
    deviation = max(noise_of(requirement.signal, measurements), facts.hidden_noise)
    independent = 1.0
    if length is not None:
        independent = max(1.0, length.value / max(facts.grid, facts.interval, math.fsum(facts.averaging)))
    # the error of an aggregate is at most its largest one, and at most the rms of all, had they all fallen into it
    shared = facts.interpolation_rms * math.sqrt(max(1.0, facts.samples / reading.samples))
    return _Errors(
        gain=0.0 if accuracy is None else accuracy.gain,
        offset=0.0 if accuracy is None else accuracy.offset,
        sample_noise=deviation,
        noise=deviation / math.sqrt(independent),
        farthest=largest_normal(reading.valid, measurements.coverage_factor),
        interpolation=min(facts.interpolation_error, shared) + facts.quantum / 2.0,
        coverage_factor=measurements.coverage_factor,
        is_rms=requirement.aggregate.method == "rms",
    )


def _measurement(name: str, tally: _Tally, context: tuple[Regulation, Signals, Measurements]) -> Measurement:
    requirement, signals, measurements = context
    return Measurement(
        name,
        measured=tally.measured(),
        time=tally.count.time,
        gates=_gates(requirement, name, tally),
        budget=_budget(tally.count, tally.errors, signals[requirement.signal].base),
        notes=(_found_note(requirement, signals, tally),),
        witness=_witness(requirement, name, tally.count, measurements.facts(requirement.signal)),
    )


def _budget(count: BandCount, errors: _Errors, unit: str) -> tuple[Term, ...]:
    larger = max(abs(bound) for bound in count.band if bound is not None)
    treatment = f"of one value; the worst of all may be out by {errors.farthest:.3g} times as much; moves the bounds"
    terms = (*errors.terms(larger), Term("noise", errors.noise, treatment))
    return tuple(replace(term, unit=unit) for term in terms)


# ---------------------------------------------------------------- gates


def _nothing(requirement: Regulation, facts: SignalFacts, possible: int) -> Gate:
    """Why there is no value at all."""
    length = requirement.aggregate.length
    if length is not None and possible == 0:
        sentence = (
            f"The record of {facts.channel} lasts {facts.duration:.4g} s, less than one aggregate of {length.text}; "
            f"record for longer."
        )
        return Gate("record_too_short", Effect.NO_VERDICT, False, facts.duration, length.value, sentence)
    sentence = f"None of the {possible} {_values(requirement)} has all its samples; record without gaps."
    return Gate("coverage", Effect.NO_VERDICT, False, 0.0, requirement.valid.min.value, sentence)


def _gates(requirement: Regulation, name: str, tally: _Tally) -> tuple[Gate, ...]:
    found, valid, fewest = [_valid_gate(requirement, tally)], tally.valid, _fewest(name)
    if tally.missing:
        found.append(_missing_gate(requirement, name, tally))
    if fewest > 1:
        sentence = f"{valid} {_values(requirement)} were measured; {name} needs {fewest}"
        sentence += "." if valid >= fewest else "; record for longer."
        found.append(Gate("n_too_small", Effect.NO_PASS, valid >= fewest, float(valid), float(fewest), sentence))
    return tuple(found)


def _valid_gate(requirement: Regulation, tally: _Tally) -> Gate:
    share, least = tally.valid / tally.possible, requirement.valid.min
    sentence = f"{tally.valid} of {tally.possible} {_values(requirement)} have all their samples ({100 * share:.4g} %)"
    sentence += f"; {least.text} are needed"
    sentence += "." if share >= least.value else ": record without gaps."
    return Gate("coverage", Effect.NO_PASS, share >= least.value, share, least.value, sentence)


def _missing_gate(requirement: Regulation, name: str, tally: _Tally) -> Gate:
    """Whether what is missing could decide (percentile rule of requirements.md 2.2), whatever the decision rule.

    Where all that is possibly outside would be allowed, only what is missing could make a
    violation of it, so there is neither a PASS nor a FAIL.
    """
    from slacheck.measure.quantile import nearest_rank

    allowed = tally.possible - nearest_rank(tally.possible, _fraction(name))
    alone = tally.possibly <= allowed
    outside = tally.possibly if alone else tally.count.outside
    against = outside + tally.missing
    lie = "lie" if outside == tally.surely else "may lie"
    sentence = (
        f"{outside} of {tally.possible} {_values(requirement)} {lie} outside "
        f"and {tally.missing} are missing, together {against}; {name} allows {allowed}"
    )
    sentence += "." if against <= allowed else ", and the missing ones could decide: record without gaps."
    effect = Effect.NO_VERDICT if alone else Effect.NO_PASS
    return Gate("coverage", effect, against <= allowed, float(against), float(allowed), sentence)


# ---------------------------------------------------------------- what is shown


def _found_note(requirement: Regulation, signals: Signals, tally: _Tally) -> str:
    count, missing = tally.count, f", {tally.missing} are missing" if tally.missing else ""
    return (
        f"{count.outside} of {tally.possible} {_values(requirement)} lie outside{missing}; the worst begins at "
        f"{count.time:.6g} s and is {count.value:.6g} {signals[requirement.signal].base}."
    )


def _notes(requirement: Regulation, reading: AggregateReading, facts: SignalFacts, recorded: int) -> tuple[str, ...]:
    left = (recorded - reading.whole(recorded) * reading.samples) * facts.grid
    if requirement.aggregate.length is None or left < 0.5 * facts.grid:
        return ()
    return (f"The last {left:.4g} s of the record do not fill an aggregate and are not judged.",)


def _witness(requirement: Regulation, name: str, count: BandCount, facts: SignalFacts) -> Witness:
    """The worst aggregate, its value and the bounds, with two more on either side."""
    signal, length, band = requirement.signal, requirement.aggregate.length, requirement.limits[name]
    lasts = facts.grid if length is None else length.value
    start, end = count.time, count.time + lasts
    margin = _SHOWN * facts.grid if length is None else 2.0 * lasts
    marks = [
        Mark("hline", "limit", f"{side} {quantity.text} ({name})", (bound,), signal)
        for side, quantity, bound in (("min", band.min, count.band[0]), ("max", band.max, count.band[1]))
        if quantity is not None and bound is not None
    ]
    if length is None:
        marks.append(Mark("point", "worst", "worst sample", (start, count.value), signal))
    else:
        marks.append(Mark("vband", "worst", f"worst {length.text}", (start, end), signal))
        marks.append(
            Mark("line", "level", requirement.aggregate.method, (start, count.value, end, count.value), signal)
        )
    whole = (max(facts.first, start - margin), max(min(facts.last, end + margin), facts.first + facts.grid))
    return Witness((signal,), *whole, tuple(marks))


KIND = Kind(
    name="regulation",
    model=Regulation,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
