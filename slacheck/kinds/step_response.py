r"""Step response: how a signal moves to a new level after an event (R01).

An event is a step of another signal (a setpoint, a load), of the signal itself, or a time that is
given. Around each, with :math:`y_0` the initial and :math:`y_\infty` the final level,
:math:`\Delta = y_\infty - y_0` and :math:`r = (y - y_0) / \Delta`, so that falling steps give the
numbers of their mirror image:

* ``delay_time``: from the event to the first crossing of the lower reference level;
* ``rise_time``: from the first crossing of the lower to that of the upper reference level, counted
  from where the event's signal begins to step; what comes later does not enter;
* ``settling_time``: from ``clock_start`` to the *last* exit from the band about the final level,
  if the response then stays inside for ``hold``, the border counting as inside. First entries are
  not used. Still outside at the end: the time is above what the record shows;
* ``overshoot``: largest r - 1 after the upper reference level, ``undershoot``: largest -r after
  the event, neither below 0;
* ``peak_deviation``: largest \|y - y_0\| after the event, in the signal's unit, pu or % of rated;
* ``steady_state_error``: \|y_inf - target\| in % of \|Delta\|.

Crossings are interpolated linearly. Levels are means over windows, never the last sample, or
declared values. Defaults: ``initial`` from -before to -before / 20, ``final`` the last fifth of
``after``; the event is a step of at least 10 % of rated. The event of a response that is its own
event lies within its edge, so there the initial window ends where the edge begins.

**Noise.** The standard deviation of white noise is estimated before the event and at the end of
the window. Each sample is then replaced by the longest centred average in which nothing but noise
can be seen to change (there is no delay), with an allowance that holds for all samples at once.
Values are read off that line, so noise neither keeps a response from settling nor adds to its
overshoot; a sample that noise does not explain counts in full.

**Uncertainty.** Times: what is read with the band (or the reference level) wider and narrower by
the allowance and the uncertainty of the levels; then event time, sample interval, time stamps,
and the window of derived signals, by which times are read late. Ratios of the step: levels and
noise; gain and offset of the instrument cancel, unless a level is declared.

INCONCLUSIVE when: no event; another event in the window; a level has fewer than 10 samples or
drifts by more than a quarter of the band; the step is below ten times the noise or five times its
uncertainty (checks that divide by it); noise fills the band; the record leaves the window, or has a
gap in it, of more than ten samples or a twentieth of the shortest time limit; more than 1 % of the
samples of a level are clipped; samples are further apart than a twentieth of a time limit; the
chain passes less than 95 % at 1.75 / rise time limit.

.. code-block:: yaml

    - id: DYN-3
      kind: step_response
      signal: bess_power
      event: {signal: bess_setpoint, level: 50 %, edge: rising, min_step: 5 MW}
      window: {before: 200 ms, after: 1 s}
      settling_band: {half_width: 2 %, of: step}
      limits: {rise_time: {max: 100 ms}, settling_time: {max: 400 ms}, overshoot: {max: 10 %}}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import (
    CheckPlan,
    Definition,
    Evaluation,
    Gate,
    Kind,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    Signal,
    Signals,
    is_relative,
    lead,
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
    Share,
    ShareLimit,
    Text,
    TimeLimit,
    definition,
)
from slacheck.units import parse_quantity

_TIMES = ("delay_time", "rise_time", "settling_time")
_ID = {
    "delay_time": "delay_time/first_crossing@1",
    "rise_time": "rise_time/first_crossings@1",
    "settling_time": "settling_time/last_exit@1",
    "overshoot": "overshoot/after_upper_reference@1",
    "undershoot": "undershoot/after_event@1",
    "peak_deviation": "peak_deviation/from_initial@1",
    "steady_state_error": "steady_state_error/of_step@1",
}


class SettlingBand(Model):
    """The band about the final level."""

    half_width: Share = definition(parse_quantity("2 %"), "Half the band's width.")
    of: Literal["step", "rated", "final"] = definition("step", "What the half width is a share of.")
    hold: DurationOrZero = definition(parse_quantity("0 s"), "The response must then stay inside for this long.")


class StepLimits(Model):
    """One check per limit and event."""

    delay_time: TimeLimit | None = Field(None, description="Event to first crossing of the lower reference level.")
    rise_time: TimeLimit | None = Field(None, description="First crossings of the reference levels.")
    settling_time: TimeLimit | None = Field(None, description="clock_start to the last exit from the band.")
    overshoot: ShareLimit | None = Field(None, description="Beyond the final level, % of the step.")
    undershoot: ShareLimit | None = Field(None, description="The wrong way from the initial level, % of the step.")
    peak_deviation: LimitModel | None = Field(None, description="Largest |y - initial|; the unit, pu or % of rated.")
    steady_state_error: ShareLimit | None = Field(None, description="|final - target|, % of the step.")

    @model_validator(mode="after")
    def _one(self) -> StepLimits:
        if not self.given():
            raise PydanticCustomError("limits", f"limits needs one or more of {', '.join(_ID)}")
        return self

    def given(self) -> dict[str, LimitModel]:
        """The limits that are set, in order."""
        return {name: limit for name in _ID if (limit := getattr(self, name)) is not None}


class StepResponse(Requirement):
    """Keys of `step_response`."""

    signal: Text = Field(description="Signal that responds.")
    event: Event = definition(Event(), "How events are found; default on the signal itself.")
    window: EventWindow = definition(
        EventWindow(before=parse_quantity("200 ms"), after=parse_quantity("1 s")), "What is looked at around an event."
    )
    initial: LevelSource = definition(None, "Level before; default the mean from -before to -before/20.")
    final: LevelSource = definition(None, "Level after; default the mean over the last fifth of after.")
    target: Level | None = Field(None, description="For steady_state_error (% and pu of rated).")
    reference_levels: tuple[Share, Share] = definition(
        (parse_quantity("10 %"), parse_quantity("90 %")), "Lower and upper reference level, of the step."
    )
    settling_band: SettlingBand = definition(SettlingBand(), "The band for settling_time.")
    clock_start: Literal["event", "t10", "t50"] = definition(
        "event", "Where settling_time starts: the event, or the first crossing of 10 % or 50 % of the step."
    )
    limits: StepLimits

    @model_validator(mode="after")
    def _complete(self) -> StepResponse:
        from slacheck.kinds._event import default_window

        low, high = self.reference_levels
        if not 0.0 < low.value < high.value < 1.0:
            raise PydanticCustomError("reference_levels", "reference_levels must rise, between 0 % and 100 %")
        if self.limits.steady_state_error is not None and self.target is None:
            raise PydanticCustomError("target", "steady_state_error needs target")
        before, after = self.window.before.value, self.window.after.value
        if self.initial is None:
            self.__dict__["initial"] = default_window(-before, -before / 20.0)
        if self.final is None:
            self.__dict__["final"] = default_window(0.8 * after, after)
        return self


def _signals(requirement: StepResponse) -> tuple[str, ...]:
    from slacheck.kinds._event import looked_at

    return looked_at(requirement)


def _problems(requirement: StepResponse, signals: Signals) -> Iterator[Problem]:
    from slacheck.kinds._event import event_problems, is_own, level_problems

    signal, band = signals[requirement.signal], requirement.settling_band
    yield from event_problems(requirement, signals)
    yield from level_problems("initial", requirement.initial, requirement, signals)
    yield from level_problems("final", requirement.final, requirement, signals)
    yield from level_problem(("target",), requirement.target, signal)
    peak = requirement.limits.peak_deviation
    if peak is not None:
        for bound, quantity in (("max", peak.max), ("min", peak.min), ("resolution", peak.resolution)):
            yield from level_problem(("limits", "peak_deviation", bound), quantity, signal, signed=False)
    if band.of == "rated" and signal.rated is None:
        message = f"of: rated, but the signal {signal.name!r} has no rated value"
        yield Problem(("settling_band", "of"), message, "give the signal `rated:`, or use of: step")
    if not band.half_width.value > 0:
        yield Problem(("settling_band", "half_width"), f"{band.half_width.text!r} is not more than zero")
    if not 0 <= band.hold.value < requirement.window.after.value:
        yield Problem(("settling_band", "hold"), f"{band.hold.text!r} does not fit into window.after")
    if requirement.limits.delay_time is not None and is_own(requirement):
        message = "delay_time is counted from the event, but here the response is its own event"
        yield Problem(("limits", "delay_time"), message, "name the signal that causes it in `event: {signal: ...}`")


# ---------------------------------------------------------------- what the spec asks


def _checks(requirement: StepResponse, signals: Signals) -> tuple[CheckPlan, ...]:
    plans = []
    for name, limit_model in requirement.limits.given().items():
        limit, unit, shown = limit_of(limit_model)
        found = Definition(_ID[name], _definition(name, requirement, signals))
        plans.append(CheckPlan(name, limit, unit, shown, found, _needs(name, requirement, signals)))
    return tuple(plans)


def _needs(name: str, requirement: StepResponse, signals: Signals) -> tuple[Need, ...]:
    from slacheck.kinds._event import event_signal, is_own, passing, shortest

    given = requirement.limits.given()
    if name in _TIMES:
        own = shortest({name: given[name]})
    elif name == "steady_state_error":
        own = None
    else:  # what is as fast as the clause speaks of must be seen
        own = shortest({key: limit for key, limit in given.items() if key in ("rise_time", "settling_time")})
        own = requirement.window.after.value if own is None else own
    duration = requirement.window.before.value + requirement.window.after.value
    timed = name in ("delay_time", "settling_time")
    bandwidth = None if own is None else passing(own, timed=timed)
    if name != "rise_time" and lead(signals, requirement.signal) > 0:
        bandwidth = None  # its window belongs to what the clause names
    needs = [Need(requirement.signal, time_limit=own, bandwidth=bandwidth, duration=duration, even=False)]
    if requirement.event.at is None and not is_own(requirement):
        needs.append(
            Need(
                event_signal(requirement),
                time_limit=own if timed else None,
                bandwidth=passing(own, timed=True) if timed and own is not None else None,
                duration=duration,
            )
        )
    return tuple(needs)


def _definition(name: str, requirement: StepResponse, signals: Signals) -> str:
    lower, upper = (share.text for share in requirement.reference_levels)
    band = requirement.settling_band
    clock = {
        "event": "the event",
        "t10": "the first crossing of 10 % of the step",
        "t50": "the first crossing of 50 % of the step",
    }
    hold = f", then inside for {band.hold.text} or more" if band.hold.value > 0 else ""
    target = "" if requirement.target is None else requirement.target.text
    text = {
        "delay_time": f"from the event to the first crossing of {lower} of the step",
        "rise_time": f"from the first crossing of {lower} to the first crossing of {upper} of the step",
        "settling_time": f"from {clock[requirement.clock_start]} to the last exit from +-{band.half_width.text} of "
        f"{_base(band.of, signals[requirement.signal])} about the final level{hold}",
        "overshoot": f"largest excess over the final level after the first crossing of {upper}, in % of the step",
        "undershoot": "largest excursion the wrong way from the initial level after the event, in % of the step",
        "peak_deviation": "largest |y - initial level| after the event" + _relative(requirement, signals),
        "steady_state_error": f"|final level - {target}| in % of the step",
    }[name]
    return text


def _base(of: str, signal: Signal) -> str:
    return {"step": "the step", "rated": f"the rated {signal.quantity}", "final": "the final level"}[of]


def _relative(requirement: StepResponse, signals: Signals) -> str:
    limit = requirement.limits.peak_deviation
    signal = signals[requirement.signal]
    return f", relative to the rated {signal.quantity}" if limit is not None and is_relative(limit) else ""


def _meters(requirement: StepResponse, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.kinds._event import step_meters

    return step_meters(requirement, signals)


def _sentence(requirement: StepResponse, signals: Signals) -> str:
    from slacheck.kinds._event import event_text, level_text, limits_text

    asked = [
        f"{limits_text(name, limit)} ({_definition(name, requirement, signals)})"
        for name, limit in requirement.limits.given().items()
    ]
    initial, final = level_text(requirement.initial), level_text(requirement.final)
    return (
        f"After {event_text(requirement)}, {requirement.signal} shall respond with {'; '.join(asked)}. "
        f"The step is from the initial level, {initial}, to the final level, {final}; looked at are "
        f"{requirement.window.before.text} before and {requirement.window.after.text} after the event."
    )


# ---------------------------------------------------------------- measuring


def _evaluate(requirement: StepResponse, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.kinds._event import occasions
    from slacheck.kinds._step import measure_step

    names = tuple(requirement.limits.given())
    found = occasions(requirement, signals, measurements, (requirement.initial, requirement.final))
    if isinstance(found, Gate):
        return Evaluation(tuple(Measurement(name, gates=(found,)) for name in names), events=0)
    found_checks: list[Measurement] = []
    for index, occasion in enumerate(found):
        found_checks += [
            replace(one, event=index) for one in measure_step(occasion, requirement, signals, measurements)
        ]
    return Evaluation(tuple(found_checks), events=len(found))


KIND = Kind(
    name="step_response",
    model=StepResponse,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
