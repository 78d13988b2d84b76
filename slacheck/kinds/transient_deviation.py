r"""Transient deviation: how far a level that should hold is pushed by a load step, and when it is back (R02).

An event is a step of another signal, usually the load, or a time that is given. With x the
signal after the event and :math:`x_{ref}` its initial level, or its rated value
(``reference: rated``):

* ``dip`` :math:`= x_{ref} - \min x`, ``rise`` :math:`= \max x - x_{ref}`, neither below 0, in the
  signal's unit, pu or % of rated;
* ``recovery_time``: from the event to the *last* entry into the band about rated, the initial or
  the final level, in which the signal then stays for ``hold``, the border counting as inside. A
  first entry that is left again is not a recovery. 0 if the band is never left; still outside at
  the end: the time is above what the record shows.

The band is about rated by default, not about the new level, so a droop that is larger than the
band never recovers. The final level is the mean over the last fifth of ``window.after``. An AC
voltage is measured on a derived rms signal, whose window makes times late by up to itself.

**Noise.** The standard deviation of white noise is estimated before the event and at the end of
the window. Each sample is then replaced by the longest centred average in which nothing but noise
can be seen to change (there is no delay), with an allowance that holds for all samples at once.
Values are read off that line; a sample that noise does not explain counts in full.

**Uncertainty.** Recovery: the times at which the signal is back in the band widened and narrowed by
the instrument's error (gain and offset; the offset cancels about a measured level), the level and
the allowance; then event time, sample interval, time stamps and the window of derived signals.
Dip and rise: gain of the deviation (of the reading, with ``reference: rated``), offset only with
``reference: rated``, the initial level, noise, and what may lie between two samples.

INCONCLUSIVE when: no event; another event in the window; a level that is used has fewer than 10
samples or drifts by more than a quarter of the band; noise fills the band; the record leaves the
window or has a gap in it, of more than ten samples or a twentieth of the recovery limit; more than
1 % of the samples before the event or at the end are clipped; samples are further apart than a
twentieth of the recovery limit; the chain passes less than 95 % at 1.75 / recovery limit (dip and
rise of signals that are not derived).

.. code-block:: yaml

    - id: DYN-1
      kind: transient_deviation
      signal: bus_voltage
      event: {signal: rack_power, level: 50 %, edge: any, min_step: 10 kW}
      window: {before: 200 ms, after: 5 s}
      reference: initial
      band: {half_width: 1 %, of: rated, about: rated, hold: 100 ms}
      limits: {dip: {max: 15 %}, rise: {max: 20 %}, recovery_time: {max: 4 s}}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Gate,
    Kind,
    Mark,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    Signal,
    Signals,
    Term,
    is_relative,
    lead,
    level,
    level_problem,
    limit_of,
)
from slacheck.language import (
    DurationOrZero,
    Event,
    EventWindow,
    Level,
    LevelSource,
    LimitModel,
    Model,
    Requirement,
    Text,
    TimeLimit,
    definition,
)
from slacheck.units import Quantity, parse_quantity
from slacheck.values import between

if TYPE_CHECKING:
    from slacheck.kinds._event import Occasion
    from slacheck.kinds._response import Response
    from slacheck.measure import levels as levels_of

_SIDES = {"dip": -1.0, "rise": 1.0}


class RecoveryBand(Model):
    """The band that counts as recovered."""

    half_width: Level = definition(parse_quantity("1 %"), "Half the band's width (% and pu of rated).")
    of: Literal["rated"] = definition("rated", "What % is of.")
    about: Literal["rated", "initial", "final"] = definition("rated", "Middle of the band.")
    hold: DurationOrZero = definition(parse_quantity("0 s"), "The signal must then stay inside for this long.")


class DeviationLimits(Model):
    """One check per limit and event."""

    dip: LimitModel | None = Field(None, description="Largest deviation downwards, as a positive number.")
    rise: LimitModel | None = Field(None, description="Largest deviation upwards.")
    recovery_time: TimeLimit | None = Field(None, description="Event to the last entry into the band.")

    @model_validator(mode="after")
    def _one(self) -> DeviationLimits:
        if not self.given():
            raise PydanticCustomError("limits", "limits needs one or more of dip, rise, recovery_time")
        return self

    def given(self) -> dict[str, LimitModel]:
        """The limits that are set, in order."""
        names = ("dip", "rise", "recovery_time")
        return {name: limit for name in names if (limit := getattr(self, name)) is not None}


class TransientDeviation(Requirement):
    """Keys of `transient_deviation`."""

    signal: Text = Field(description="Signal that should hold its level.")
    event: Event = definition(Event(), "How events are found; default on the signal itself.")
    window: EventWindow = definition(
        EventWindow(before=parse_quantity("200 ms"), after=parse_quantity("5 s")), "What is looked at around an event."
    )
    reference: Literal["initial", "rated"] = definition("initial", "What dip and rise are counted from.")
    initial: LevelSource = definition(None, "Level before; default the mean from -before to -before/20.")
    band: RecoveryBand = definition(RecoveryBand(), "The band for recovery_time.")
    limits: DeviationLimits

    @model_validator(mode="after")
    def _complete(self) -> TransientDeviation:
        from slacheck.kinds._event import default_window

        before = self.window.before.value
        if self.initial is None:
            self.__dict__["initial"] = default_window(-before, -before / 20.0)
        return self

    @property
    def final(self) -> LevelSource:
        """The last fifth of `window.after`."""
        from slacheck.kinds._event import default_window

        return default_window(0.8 * self.window.after.value, self.window.after.value)


def _signals(requirement: TransientDeviation) -> tuple[str, ...]:
    from slacheck.kinds._event import looked_at

    return looked_at(requirement)


def _problems(requirement: TransientDeviation, signals: Signals) -> Iterator[Problem]:
    from slacheck.kinds._event import event_problems, level_problems

    signal, band = signals[requirement.signal], requirement.band
    yield from event_problems(requirement, signals)
    yield from level_problems("initial", requirement.initial, requirement, signals)
    yield from level_problem(("band", "half_width"), band.half_width, signal)
    if not band.half_width.value > 0:
        yield Problem(("band", "half_width"), f"{band.half_width.text!r} is not more than zero")
    if not 0 <= band.hold.value < requirement.window.after.value:
        yield Problem(("band", "hold"), f"{band.hold.text!r} does not fit into window.after")
    if signal.rated is None:
        message = f"is rated, but the signal {signal.name!r} has no rated value"
        if requirement.reference == "rated":
            yield Problem(("reference",), f"the reference {message}", "give the signal `rated:`")
        if requirement.limits.recovery_time is not None and band.about == "rated":
            yield Problem(("band", "about"), f"the middle of the band {message}", "give the signal `rated:`")
    for name in _SIDES:
        limit: LimitModel | None = getattr(requirement.limits, name)
        if limit is not None:
            yield from _limit_problems(name, limit, signal)


def _limit_problems(name: str, limit: LimitModel, signal: Signal) -> Iterator[Problem]:
    bounds: dict[str, Quantity | None] = {"max": limit.max, "min": limit.min, "resolution": limit.resolution}
    for bound, quantity in bounds.items():
        yield from level_problem(("limits", name, bound), quantity, signal, signed=False)


# ---------------------------------------------------------------- what the spec asks


def _checks(requirement: TransientDeviation, signals: Signals) -> tuple[CheckPlan, ...]:
    plans = []
    for name, limit_model in requirement.limits.given().items():
        limit, unit, shown = limit_of(limit_model)
        suffix = "last_entry" if name == "recovery_time" else f"from_{requirement.reference}"
        found = Definition(f"{name}/{suffix}@1", _definition(name, limit_model, requirement, signals))
        plans.append(CheckPlan(name, limit, unit, shown, found, _needs(name, requirement, signals)))
    return tuple(plans)


def _needs(name: str, requirement: TransientDeviation, signals: Signals) -> tuple[Need, ...]:
    from slacheck.kinds._event import event_signal, is_own, passing, shortest

    recovery, window = requirement.limits.recovery_time, requirement.window
    fastest = None if recovery is None else shortest({"recovery_time": recovery})
    timed = name == "recovery_time"
    # without a recovery limit the clause names no speed but the time that counts as held
    seen = fastest if fastest is not None else requirement.band.hold.value or window.after.value
    passes: float | None = None  # the window of a derived signal belongs to what the clause names
    if lead(signals, requirement.signal) == 0:
        passes = passing(fastest if fastest is not None else window.after.value, timed=timed)
    duration = window.before.value + window.after.value
    needs = [Need(requirement.signal, time_limit=seen, bandwidth=passes, duration=duration, even=False)]
    if requirement.event.at is None and not is_own(requirement):
        needs.append(
            Need(
                event_signal(requirement),
                time_limit=fastest if timed else None,
                bandwidth=passing(fastest, timed=True) if timed and fastest is not None else None,
                duration=duration,
            )
        )
    return tuple(needs)


def _definition(name: str, limit: LimitModel, requirement: TransientDeviation, signals: Signals) -> str:
    band, signal = requirement.band, signals[requirement.signal]
    if name == "recovery_time":
        held = f", held {band.hold.text}" if band.hold.value > 0 else ""
        width = f"{band.half_width.text} of {band.of}" if band.half_width.base == "%" else band.half_width.text
        middle = "rated" if band.about == "rated" else f"the {band.about} level"
        return f"from the event until the last entry into +-{width} about {middle}{held}"
    side = "smallest" if name == "dip" else "largest"
    reference = "rated" if requirement.reference == "rated" else "the initial level"
    base = f", relative to the rated {signal.quantity}" if is_relative(limit) else ""
    first, second = (reference, f"{side} value") if name == "dip" else (f"{side} value", reference)
    return f"{first} less {second} after the event{base}"


def _meters(requirement: TransientDeviation, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.kinds._event import step_meters

    return step_meters(requirement, signals)


def _sentence(requirement: TransientDeviation, signals: Signals) -> str:
    from slacheck.kinds._event import event_text, level_text, limits_text

    asked = [
        f"{limits_text(name, limit)} ({_definition(name, limit, requirement, signals)})"
        for name, limit in requirement.limits.given().items()
    ]
    final = "" if requirement.band.about != "final" else f", the final level {level_text(requirement.final)}"
    return (
        f"After {event_text(requirement)}, {requirement.signal} shall show {'; '.join(asked)}. The initial level is "
        f"{level_text(requirement.initial)}{final}; looked at are {requirement.window.before.text} before and "
        f"{requirement.window.after.text} after the event."
    )


# ---------------------------------------------------------------- measuring


def _evaluate(requirement: TransientDeviation, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.kinds._event import occasions

    names = tuple(requirement.limits.given())
    found = occasions(requirement, signals, measurements)
    if isinstance(found, Gate):
        return Evaluation(tuple(Measurement(name, gates=(found,)) for name in names), events=0)
    measured: list[Measurement] = []
    for index, occasion in enumerate(found):
        measured += [replace(one, event=index) for one in _after(occasion, requirement, signals, measurements)]
    return Evaluation(tuple(measured), events=len(found))


@dataclass(frozen=True, slots=True)
class _Case:
    """One event: the response, the initial and the final level."""

    requirement: TransientDeviation
    signal: Signal
    response: Response
    initial: levels_of.Level | None
    final: levels_of.Level | None

    @property
    def half_width(self) -> float:
        """Of the recovery band. [SI]"""
        return level(self.requirement.band.half_width, self.signal)

    def level(self, which: str) -> levels_of.Level:
        """The rated value, or a measured level."""
        from slacheck.measure.levels import Level

        found = {"initial": self.initial, "final": self.final}.get(which)
        if found is not None:
            return found
        return Level(self.signal.rated if which == "rated" and self.signal.rated is not None else 0.0)


def _after(
    occasion: Occasion, requirement: TransientDeviation, signals: Signals, measurements: Measurements
) -> Iterator[Measurement]:
    """Every check on one event."""
    from slacheck.kinds._response import level_at, respond, unrecorded, window_gates, witness

    response = respond(requirement, signals, measurements, occasion)
    if response is None:
        gate = unrecorded(requirement, occasion)
        yield from (Measurement(name, gates=(gate,)) for name in requirement.limits.given())
        return
    initial, final = (level_at(response, one, requirement, signals) for one in (requirement.initial, requirement.final))
    case = _Case(requirement, signals[requirement.signal], response, initial, final)
    common = tuple(window_gates(requirement, response, measurements))
    for name, limit in requirement.limits.given().items():
        gates = (*common, *_level_gates(name, case))
        if any(not gate.passed and gate.effect is Effect.NO_VERDICT for gate in gates):
            drawn = witness(requirement, response, {"initial": requirement.initial}, ())
            yield Measurement(name, gates=gates, witness=drawn)
            continue
        found = _recovery_time(case, limit) if name == "recovery_time" else _deviation(name, case, limit)
        yield replace(found, gates=(*gates, *found.gates))


def _level_gates(name: str, case: _Case) -> Iterator[Gate]:
    """The level that the check counts from is there and had settled."""
    from slacheck.kinds._response import level_gates

    requirement = case.requirement
    used = requirement.band.about if name == "recovery_time" else requirement.reference
    quarter = case.half_width / 4.0
    if used == "initial":
        yield from level_gates("initial", case.initial, requirement, case.response, quarter)
    if used == "final":
        yield from level_gates("final", case.final, requirement, case.response, quarter)


def _deviation(name: str, case: _Case, limit: LimitModel) -> Measurement:
    from slacheck.kinds._response import extreme_of, value_at, witness
    from slacheck.measure.smoothing import mirrored
    from slacheck.measure.transition import largest

    response, requirement, side = case.response, case.requirement, _SIDES[name]
    origin = case.level(requirement.reference)
    start = response.moment.low if response.moment.low is not None else response.occasion.onset
    extreme = largest(mirrored(response.line, origin.value, side), start, response.end)
    unit = limit_of(limit)[1]
    if extreme is None:
        return Measurement(name, measured=between(0.0, unit, 0.0, None), witness=None)
    base = case.signal.rated if is_relative(limit) and case.signal.rated is not None else 1.0
    terms, low, high = extreme_of(extreme, _terms(case, extreme.bracket.value, base), response, base)
    value = max(0.0, extreme.bracket.value / base)
    measured = between(value, unit, max(0.0, low), None if high is None else max(0.0, high))
    marks = [Mark("point", "worst", name, (extreme.time, value_at(response, extreme.time)), case.signal.name)]
    for bound in (limit.max, limit.min):
        if bound is not None:
            height = origin.value + side * bound.value * base
            marks.append(Mark("hline", "limit", f"{name} {bound.text}", (height,), case.signal.name))
    drawn = witness(requirement, response, {"initial": requirement.initial}, (*marks, *_drawn(case)))
    return Measurement(name, measured=measured, time=extreme.time, budget=terms, witness=drawn)


def _terms(case: _Case, deviation: float, base: float) -> tuple[Term, ...]:
    """What the instrument and the initial level add to a deviation."""
    accuracy, origin = case.response.accuracy, case.level(case.requirement.reference)
    if case.requirement.reference == "rated":
        reading = abs(origin.value) + abs(deviation)
        return (
            Term("gain", accuracy.gain * reading / base, "of the reading: rated is not measured"),
            Term("offset", accuracy.offset / base, "rated is not measured, so it does not cancel"),
        )
    return (
        Term("gain", accuracy.gain * abs(deviation) / base, "of the deviation, common to the record"),
        Term("offset", 0.0, "common to the record, cancels in the difference"),
        Term("levels", origin.standard_error / base, "noise and drift of the initial level"),
    )


def _recovery_time(case: _Case, limit: LimitModel) -> Measurement:
    from slacheck.kinds._response import noise_gate, stay, time_marks, witness
    from slacheck.measure.transition import last_exit

    response, requirement = case.response, case.requirement
    band, accuracy, moment = requirement.band, response.accuracy, response.moment
    middle = case.level(band.about)
    absolute = band.about == "rated"
    reading = accuracy.gain * (abs(middle.value) + case.half_width if absolute else case.half_width)
    spread = math.hypot(reading, accuracy.offset if absolute else middle.standard_error)
    doubt = response.k * spread
    leave = last_exit(response.line, middle.value, case.half_width, doubt, (moment.value, response.end))
    measured, budget = stay(response, moment, leave, band.hold.value)
    offset = "rated is not measured, so it does not cancel" if absolute else "cancels in the difference"
    budget = (*budget, Term("offset", 0.0, f"in the band's doubt of {doubt:.4g} {case.signal.base}; {offset}"))
    marks = (*time_marks(response, moment.value, leave.value, limit, case.signal.name), *_drawn(case))
    return Measurement(
        "recovery_time",
        measured=measured,
        time=leave.value,
        gates=(noise_gate(response, doubt, case.half_width),),
        budget=budget,
        witness=witness(requirement, response, {"initial": requirement.initial}, marks),
    )


def _drawn(case: _Case) -> Iterator[Mark]:
    """Initial level and recovery band."""
    band, middle = case.requirement.band, case.level(case.requirement.band.about).value
    if case.initial is not None:
        yield Mark("hline", "level", "initial level", (case.initial.value,), case.signal.name)
    border = (middle - case.half_width, middle + case.half_width)
    yield Mark("hband", "level", f"+-{band.half_width.text} about {band.about}", border, case.signal.name)


KIND = Kind(
    name="transient_deviation",
    model=TransientDeviation,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
