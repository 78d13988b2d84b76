"""Measures of a response that moves from one level to another, for `step_response`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from slacheck.contract import (
    Effect,
    Gate,
    Mark,
    Measurement,
    Measurements,
    Signal,
    Signals,
    Term,
    Witness,
    expanded,
    is_relative,
    level,
    limit_of,
)
from slacheck.kinds._response import (
    Response,
    beyond_record,
    elapsed,
    extreme_of,
    level_at,
    level_gates,
    noise_gate,
    respond,
    stay,
    step_gate,
    time_marks,
    unrecorded,
    value_at,
    window_gates,
    witness,
)
from slacheck.language import LimitModel
from slacheck.measure.levels import Level
from slacheck.measure.step import UprightStep
from slacheck.measure.transition import Bracket, Extreme, larger, largest
from slacheck.values import Measured, at_least, between

if TYPE_CHECKING:
    from slacheck.kinds._event import Occasion
    from slacheck.kinds.step_response import StepResponse


def measure_step(
    occasion: Occasion, requirement: StepResponse, signals: Signals, measurements: Measurements
) -> Iterator[Measurement]:
    """Every check on one event."""
    response = respond(requirement, signals, measurements, occasion)
    if response is None:
        gate = unrecorded(requirement, occasion)
        yield from (Measurement(name, gates=(gate,)) for name in requirement.limits.given())
        return
    initial = level_at(response, requirement.initial, requirement, signals)
    final = level_at(response, requirement.final, requirement, signals)
    common = tuple(window_gates(requirement, response, measurements))
    step = UprightStep(response.line, initial or Level(0.0), final or Level(0.0), response.k)
    for name, limit in requirement.limits.given().items():
        case = _Case(name, limit, requirement, signals[requirement.signal], response, step)
        gates = (*common, *_level_gates(case, initial, final))
        if any(not gate.passed and gate.effect is Effect.NO_VERDICT for gate in gates):
            yield Measurement(name, gates=gates, witness=case.witness(()))
            continue
        found = _MEASURE[name](case)
        yield replace(found, gates=(*gates, *found.gates))


@dataclass(frozen=True, slots=True)
class _Case:
    """One check on one event."""

    name: str
    limit: LimitModel
    requirement: StepResponse
    signal: Signal
    response: Response
    step: UprightStep

    @property
    def divides(self) -> bool:
        """Whether the check needs the height of the step."""
        if self.name == "settling_time":
            return self.requirement.settling_band.of == "step" or self.requirement.clock_start != "event"
        return self.name != "peak_deviation"

    @property
    def half_width(self) -> float:
        """Of the settling band. [SI]"""
        band = self.requirement.settling_band
        rated = self.signal.rated if self.signal.rated is not None else 0.0
        base = {"step": self.step.height, "rated": rated, "final": abs(self.step.final.value)}[band.of]
        return band.half_width.value * base

    @property
    def onset(self) -> float:
        """Where first crossings are looked for from. [s]"""
        return min(self.response.occasion.onset, self.response.moment.value)

    def crossing(self, share: float) -> Bracket | None:
        """First crossing of a share of the step. [s]"""
        return self.step.crossing(share, self.onset, self.response.end)

    def witness(self, marks: tuple[Mark, ...]) -> Witness:
        """The window of the event with the levels drawn in."""
        levels = [
            Mark("hline", "level", which, (found.value,), self.signal.name)
            for which, found in (("initial level", self.step.initial), ("final level", self.step.final))
        ]
        sources = {"initial": self.requirement.initial, "final": self.requirement.final}
        return witness(self.requirement, self.response, sources, (*levels, *marks))

    def of_time(
        self, measured: Measured, budget: tuple[Term, ...], clock: float, at: float, *more: Mark
    ) -> Measurement:
        """A measured time with the moment that decided."""
        marks = (*time_marks(self.response, clock, at, self.limit, self.signal.name), *more)
        return Measurement(self.name, measured=measured, time=at, budget=budget, witness=self.witness(marks))

    def of_height(
        self, measured: Measured, budget: tuple[Term, ...], at: float | None, heights: tuple[float, ...]
    ) -> Measurement:
        """A measured height with the moment that decided, and the limit's heights. [SI]"""
        marks = [Mark("hline", "limit", "limit", (height,), self.signal.name) for height in heights]
        if at is not None:
            marks.append(Mark("point", "worst", "decided here", (at, value_at(self.response, at)), self.signal.name))
        return Measurement(self.name, measured=measured, time=at, budget=budget, witness=self.witness(tuple(marks)))


def _level_gates(case: _Case, initial: Level | None, final: Level | None) -> Iterator[Gate]:
    """Levels that the check uses are there and had settled, and the step is large enough."""
    requirement, quarter = case.requirement, case.half_width / 4.0
    if case.name == "peak_deviation":  # it need not step: the band is then of the peak
        peak = float(np.max(np.abs(case.response.line.centre - case.step.initial.value)))
        quarter = requirement.settling_band.half_width.value * max(peak, case.step.height) / 4.0
    if case.divides or case.name == "peak_deviation":
        yield from level_gates("initial", initial, requirement, case.response, quarter)
    if case.name != "peak_deviation":
        yield from level_gates("final", final, requirement, case.response, quarter)
    if case.divides and initial is not None and final is not None:
        yield step_gate(case.step.height, case.step.uncertainty, case.response)


def _delay_time(case: _Case) -> Measurement:
    found, moment = case.crossing(case.requirement.reference_levels[0].value), case.response.moment
    if found is None:
        return case.of_time(beyond_record(case.response, moment), (), moment.value, case.response.end)
    measured, budget = elapsed(case.response, moment, found)
    return replace(case.of_time(measured, budget, moment.value, found.value), gates=(_skew_gate(case),))


def _rise_time(case: _Case) -> Measurement:
    lower, upper = (case.crossing(share.value) for share in case.requirement.reference_levels)
    if lower is None or upper is None:
        clock = lower or case.response.moment
        measured = beyond_record(case.response, clock) if lower is not None else at_least(0.0, "s")
        return case.of_time(measured, (), clock.value, case.response.end)
    measured, budget = elapsed(case.response, lower, upper)
    return replace(case.of_time(measured, budget, lower.value, upper.value), gates=(_skew_gate(case),))


def _skew_gate(case: _Case) -> Gate:
    """The first crossing must come after the event began, or it is not the one that is measured."""
    share = case.requirement.reference_levels[0]
    early = case.step.starts_above(share.value, case.onset)
    sentence = f"At {case.onset:.6g} s, where the event begins, {case.signal.name} is "
    sentence += f"already past {share.text}" if early else f"below {share.text}"
    sentence += " of its step"
    if early:
        sentence += "; see that the clocks of both signals agree, and that the event is the cause"
    return Gate("skew_unknown", Effect.NO_VERDICT, not early, None, None, sentence + ".")


def _settling_time(case: _Case) -> Measurement:
    response, requirement, step = case.response, case.requirement, case.step
    band, clock = requirement.settling_band, response.moment
    if requirement.clock_start != "event":
        found = case.crossing(0.1 if requirement.clock_start == "t10" else 0.5)
        if found is None:
            return case.of_time(at_least(0.0, "s"), (), clock.value, response.end)
        clock = found
    relative = {"step": step.uncertainty, "rated": 0.0, "final": response.accuracy.offset}[band.of]
    spread = band.half_width.value * relative + (
        response.accuracy.gain * case.half_width if band.of == "rated" else 0.0
    )
    leave = step.exit(case.half_width, spread, response.moment.value, response.end)
    measured, budget = stay(response, clock, leave, band.hold.value)
    doubt = response.k * math.hypot(step.final.standard_error, spread)
    gate = noise_gate(response, doubt, case.half_width)
    border = (step.final.value - case.half_width, step.final.value + case.half_width)
    mark = Mark("hband", "level", f"+-{band.half_width.text}", border, case.signal.name)
    return replace(case.of_time(measured, budget, clock.value, leave.value, mark), gates=(gate,))


def _overshoot(case: _Case) -> Measurement:
    upper = case.crossing(case.requirement.reference_levels[1].value)
    found = None if upper is None else case.step.excess(upper.value, case.response.end)
    return _share(case, found, 1.0)


def _undershoot(case: _Case) -> Measurement:
    start = case.response.moment.low
    return _share(case, case.step.wrong_way(start if start is not None else case.onset, case.response.end), 0.0)


def _share(case: _Case, found: tuple[Extreme, float] | None, base: float) -> Measurement:
    """An extreme as a share of the step beyond `base`, not below 0."""
    if found is None:
        return case.of_height(between(0.0, "1", 0.0, None), (), None, ())
    extreme, spread = found
    height, step = case.step.height, case.step
    levels = Term("levels", spread, "initial and final level")
    terms, low, high = extreme_of(extreme, (levels,), case.response, height)
    value = max(0.0, extreme.bracket.value / height - base)
    measured = between(value, "1", max(0.0, low - base), None if high is None else max(0.0, high - base))
    origin = step.final.value if base > 0.0 else step.initial.value
    way = step.sign if base > 0.0 else -step.sign
    heights = tuple(
        origin + way * bound.value * height for bound in (case.limit.max, case.limit.min) if bound is not None
    )
    return case.of_height(measured, (*terms, *_COMMON), extreme.time, heights)


_COMMON = (
    Term("gain", 0.0, "common to the record, cancels in a ratio to the step"),
    Term("offset", 0.0, "common to the record, cancels in the difference"),
)


def _peak_deviation(case: _Case) -> Measurement:
    response, step = case.response, case.step
    start = response.moment.low if response.moment.low is not None else case.onset
    extreme = larger(*(largest(step.upright(way), start, response.end) for way in (1.0, -1.0)))
    if extreme is None:
        return case.of_height(at_least(0.0, limit_of(case.limit)[1]), (), None, ())
    base = case.signal.rated if is_relative(case.limit) and case.signal.rated is not None else 1.0
    own = (
        Term("gain", response.accuracy.gain * extreme.bracket.value / base, "common to the record"),
        Term("levels", step.initial.standard_error / base, "initial level; an offset cancels unless it is declared"),
    )
    terms, low, high = extreme_of(extreme, own, response, base)
    unit = limit_of(case.limit)[1]
    measured = between(extreme.bracket.value / base, unit, max(0.0, low), high)
    bounds = [bound.value * base for bound in (case.limit.max, case.limit.min) if bound is not None]
    heights = tuple(step.initial.value + way * bound for bound in bounds for way in (1.0, -1.0))
    return case.of_height(measured, terms, extreme.time, heights)


def _steady_state_error(case: _Case) -> Measurement:
    response, step = case.response, case.step
    target = level(case.requirement.target, case.signal) if case.requirement.target is not None else 0.0
    error, height = abs(step.final.value - target), step.height
    accuracy = response.accuracy
    why = "the target is not measured, so it does not cancel"
    levels = math.hypot(step.final.standard_error, error * step.uncertainty / height)
    terms = (
        Term("gain", accuracy.gain * abs(step.final.value) / height, why),
        Term("offset", accuracy.offset / height, why),
        Term("levels", levels / height, "noise and drift"),
    )
    spread = expanded(terms, response.k)
    measured = between(error / height, "1", max(0.0, error / height - spread), error / height + spread)
    bounds = [bound.value * height for bound in (case.limit.max, case.limit.min) if bound is not None]
    heights = tuple(target + way * bound for bound in bounds for way in (1.0, -1.0))
    return case.of_height(measured, terms, None, heights)


_MEASURE = {
    "delay_time": _delay_time,
    "rise_time": _rise_time,
    "settling_time": _settling_time,
    "overshoot": _overshoot,
    "undershoot": _undershoot,
    "peak_deviation": _peak_deviation,
    "steady_state_error": _steady_state_error,
}
