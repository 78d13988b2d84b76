"""Events, for the kinds that measure from one on: how the spec says them, and when they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from slacheck.contract import (
    Effect,
    Gate,
    Measurements,
    MeterPlan,
    Problem,
    Signal,
    Signals,
    Waveform,
    level,
    level_problem,
)
from slacheck.language import Event, EventWindow, LevelSource, LimitModel
from slacheck.units import parse_quantity

if TYPE_CHECKING:
    from slacheck.measure.events import Step
    from slacheck.measure.levels import Level
    from slacheck.measure.transition import Bracket

_ROUNDS = 4
"""How often the levels and the moment of a response that is its own event are found from one another."""
_DEFAULT_STEP = 0.1
"""Default of min_step in parts of the event signal's rated value."""


class Eventful(Protocol):
    """A requirement that is measured from an event on."""

    @property
    def signal(self) -> str:
        """What is measured."""

    @property
    def event(self) -> Event:
        """How its events are found."""

    @property
    def window(self) -> EventWindow:
        """What is looked at around each."""

    @property
    def initial(self) -> LevelSource:
        """Level before."""

    @property
    def final(self) -> LevelSource:
        """Level after."""


class Limits(Protocol):
    """The limits of such a requirement."""

    def given(self) -> dict[str, LimitModel]:
        """The limits that are set, in order."""


class Limited(Eventful, Protocol):
    """A requirement that limits what follows an event."""

    @property
    def limits(self) -> Limits:
        """What is limited."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One event.

    Parameters
    ----------
    moment : Bracket
        When it was. [s]
    onset : float
        When the signal that steps began to; the moment itself where the spec gives it. [s]
    others : tuple of float
        When about the other events of the record were. [s]
    """

    moment: Bracket
    onset: float
    others: tuple[float, ...]


def event_signal(requirement: Eventful) -> str:
    """Name of the signal on which events are found."""
    return requirement.event.signal or requirement.signal


def is_own(requirement: Eventful) -> bool:
    """Whether events are found on the measured signal itself."""
    return requirement.event.at is None and event_signal(requirement) == requirement.signal


def looked_at(requirement: Eventful) -> tuple[str, ...]:
    """The signals a requirement looks at."""
    return tuple(dict.fromkeys((requirement.signal, event_signal(requirement))))


def passing(time: float, *, timed: bool) -> float:
    """Frequency that the chain must pass for something that takes `time` to be read. [Hz]

    Levels and edges need five times the bandwidth 0.35 / t of a first-order rise (R01); a time is
    read right to a fraction where the chain is a few times faster: 1 / (2 t).
    """
    return 0.5 / time if timed else 5.0 * 0.35 / time


def default_window(start: float, end: float) -> LevelSource:
    """A level's window that the spec leaves to its default. [s]"""
    return LevelSource(window=(parse_quantity(f"{start!r} s"), parse_quantity(f"{end!r} s")))


def least_step(requirement: Eventful, signals: Signals) -> float:
    """Smallest step that is an event. [SI unit of the event signal]"""
    signal, given = signals[event_signal(requirement)], requirement.event.min_step
    return level(given, signal) if given is not None else _DEFAULT_STEP * (signal.rated or 0.0)


def step_meters(requirement: Eventful, signals: Signals) -> tuple[MeterPlan, ...]:
    """The meter that finds the steps, if they are to be found."""
    from slacheck.measure.events import StepMeter

    if requirement.event.at is not None:
        return ()
    before, after = requirement.window.before.value, requirement.window.after.value
    least = least_step(requirement, signals)
    plan = MeterPlan(
        _key(requirement, signals),
        (event_signal(requirement),),
        lambda interval: StepMeter(interval, least, before, after),
        bridge=min(before, after) / 8.0,
    )
    return (plan,)


def _key(requirement: Eventful, signals: Signals) -> tuple[object, ...]:
    window = requirement.window
    return (
        "steps",
        event_signal(requirement),
        least_step(requirement, signals),
        window.before.value,
        window.after.value,
    )


# ---------------------------------------------------------------- what the spec says of them


def event_problems(requirement: Eventful, signals: Signals) -> Iterator[Problem]:
    """What is wrong with the keys `event` together with the signals."""
    signal, event = signals[event_signal(requirement)], requirement.event
    yield from level_problem(("event", "min_step"), event.min_step, signal)
    if event.min_step is not None and not event.min_step.value > 0:
        yield Problem(("event", "min_step"), f"{event.min_step.text!r} is not more than zero")
    if event.at is None and event.min_step is None and signal.rated is None:
        yield Problem(
            ("event",) if "event" in getattr(requirement, "model_fields_set", ()) else (),
            f"min_step is 10 % of rated by default, but the signal {signal.name!r} has no rated value",
            "write `event: {min_step: ...}`, or give the signal `rated:`",
        )


def level_problems(key: str, source: LevelSource, requirement: Eventful, signals: Signals) -> Iterator[Problem]:
    """What is wrong with `initial` or `final`."""
    yield from level_problem((key, "value"), source.value, signals[requirement.signal])
    if source.window is None:
        return
    before, after = requirement.window.before, requirement.window.after
    bounds = (-before.value, 0.0) if key == "initial" else (0.0, after.value)
    names = (f"-{before.text}", "0 s") if key == "initial" else ("0 s", after.text)
    if source.window[0].value < bounds[0] or source.window[1].value > bounds[1]:
        given = f"[{source.window[0].text}, {source.window[1].text}]"
        yield Problem(
            (key, "window"), f"{given} does not lie in [{names[0]}, {names[1]}], what is looked at around an event"
        )


def event_text(requirement: Eventful) -> str:
    """The event in words, with every choice spelled out."""
    event = requirement.event
    if event.at is not None:
        return f"the event at {_listed([moment.text for moment in event.at])} from the capture's first sample"
    name = event_signal(requirement)
    least = event.min_step.text if event.min_step is not None else "10 % of rated"
    chosen = {"all": "every", "first": "the first", "last": "the last"}
    which = chosen[event.select] if isinstance(event.select, str) else f"number {event.select.nth} of the"
    edge = "" if event.edge == "any" else f"{event.edge} "
    return (
        f"{which} {edge}step of at least {least} on {name} within {requirement.window.after.text}, taken where {name} "
        f"crosses {event.level.text} of the range between the levels before and after"
    )


def level_text(source: LevelSource) -> str:
    """Where a level comes from, in words."""
    if source.window is not None:
        return f"the mean over [{source.window[0].text}, {source.window[1].text}] from the event"
    return source.value.text if source.value is not None else ""


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


# ---------------------------------------------------------------- when they were


def occasions(
    requirement: Eventful,
    signals: Signals,
    measurements: Measurements,
    levels: tuple[LevelSource, LevelSource] | None = None,
) -> tuple[Occasion, ...] | Gate:
    """Every event that is selected, or the gate that says why there is none.

    `levels` are the initial and final level of a response that is its own event.
    """
    from slacheck.measure.transition import Bracket

    event = requirement.event
    if event.at is not None:
        times = [moment.value for moment in event.at]
        found = [Occasion(Bracket(t, t, t), t, tuple(other for other in times if other != t)) for t in times]
        return tuple(found)
    steps: tuple[Step, ...] = measurements.reading(_key(requirement, signals))
    wanted = [step for step in steps if event.edge == "any" or (step.after > step.before) == (event.edge == "rising")]
    if event.select == "first":
        chosen = wanted[:1]
    elif event.select == "last":
        chosen = wanted[-1:]
    elif event.select == "all":
        chosen = wanted
    else:
        chosen = wanted[event.select.nth - 1 : event.select.nth]
    if not chosen:
        return _no_event(requirement, signals, measurements, len(steps), len(wanted))
    middles = {step: (step.start + step.end) / 2.0 for step in steps}
    return tuple(
        Occasion(
            *_located(step, requirement, signals, measurements, levels),
            tuple(middle for other, middle in middles.items() if other != step),
        )
        for step in chosen
    )


def _no_event(requirement: Eventful, signals: Signals, measurements: Measurements, steps: int, wanted: int) -> Gate:
    from slacheck.units import from_base

    event, name = requirement.event, event_signal(requirement)
    signal: Signal = signals[name]
    least = f"{from_base(least_step(requirement, signals), signal.unit):.6g} {signal.unit}"
    sentence = (
        f"{steps} steps of at least {least} within {requirement.window.after.text} were found on {name} "
        f"in {measurements.facts(name).duration:.4g} s"
    )
    if event.edge != "any":
        sentence += f", {wanted} of them {event.edge}"
    required = 1.0 if isinstance(event.select, str) else float(event.select.nth)
    if not isinstance(event.select, str):
        sentence += f"; number {event.select.nth} is asked for"
    sentence += ". Record the step, or lower min_step if it is there."
    return Gate("no_event", Effect.NO_VERDICT, False, float(wanted), required, sentence)


def _located(
    step: Step,
    requirement: Eventful,
    signals: Signals,
    measurements: Measurements,
    levels: tuple[LevelSource, LevelSource] | None,
) -> tuple[Bracket, float]:
    """When the signal crosses the event's level, late by up to the window of a derived signal, and when it began to."""
    from slacheck.measure.transition import Bracket

    name, length = event_signal(requirement), requirement.window.after.value / 8.0
    first, last = step.start - requirement.window.before.value, step.end + length
    if is_own(requirement):
        last = max(last, step.start + 2.0 * requirement.window.after.value)
    waveform = measurements.window(name, first, last)
    before = _level(waveform, step.start - requirement.window.before.value / 8.0, step.start)
    after = _level(waveform, step.end, step.end + length) if step.held else None
    found, onset = _crossing(waveform, step, (before, after), requirement, measurements)
    if is_own(requirement) and levels is not None:
        for _ in range(_ROUNDS):
            ends = [_asked(waveform, source, found.value, onset, signals[name]) for source in levels]
            if any(end is None for end in ends):
                break
            found, onset = _crossing(waveform, step, (ends[0], ends[1]), requirement, measurements)
    late = measurements.facts(name).window
    return Bracket(found.value, (found.low if found.low is not None else step.start) - late, found.high), onset


def _level(waveform: Waveform, start: float, end: float) -> Level | None:
    from slacheck.measure.levels import level_of, white_noise

    inside = (waveform.times >= start) & (waveform.times <= end)
    samples = waveform.samples[inside]
    return level_of(waveform.times[inside], samples, white_noise(samples)) if samples.size else None


def _asked(waveform: Waveform, source: LevelSource, moment: float, onset: float, signal: Signal) -> Level | None:
    """The level that the spec asks for, around a moment; a window before it ends where the step begins."""
    from slacheck.measure.levels import Level

    if source.value is not None:
        return Level(level(source.value, signal))
    if source.window is None:
        return None
    start, end = (moment + edge.value for edge in source.window)
    return _level(waveform, start, min(end, onset) if source.window[1].value <= 0.0 else end)


def _crossing(
    waveform: Waveform,
    step: Step,
    levels: tuple[Level | None, Level | None],
    requirement: Eventful,
    measurements: Measurements,
) -> tuple[Bracket, float]:
    """When a waveform crosses the event's level between two levels, and when it left the first.

    Levels that are not known are those of the meter.
    """
    from slacheck.measure.levels import Level, quantum, white_noise
    from slacheck.measure.smoothing import mirrored, smooth
    from slacheck.measure.transition import Bracket, departure, first_crossing

    before, after = levels[0] or Level(step.before), levels[1] or Level(step.after)
    share, k = requirement.event.level.value, measurements.coverage_factor
    sign = 1.0 if after.value > before.value else -1.0
    line = smooth(
        waveform.times,
        waveform.samples,
        white_noise(waveform.samples),
        interval=waveform.interval,
        coverage_factor=k,
        quantum=quantum(waveform.samples),
    )
    upright = mirrored(line, before.value, sign)
    spread = k * max(before.standard_error, after.standard_error)
    height = abs(after.value - before.value)
    found = first_crossing(upright, share * height, spread, step.start, step.end + requirement.window.after.value)
    if found is None:
        return Bracket(step.end, step.start, step.end), step.start
    onset = departure(upright, height, found.value)
    late = found.high if found.high is not None else max(found.value, step.end)
    return Bracket(found.value, found.low, late), step.start if onset is None else onset


def shortest(limits: Mapping[str, LimitModel]) -> float | None:
    """The shortest of some limits on times, which samples have to resolve. [s]"""
    bounds = [bound.value for limit in limits.values() for bound in (limit.max, limit.min) if bound is not None]
    return min((bound for bound in bounds if bound > 0), default=None)


def spanned(requirement: Limited, interval: float) -> float:
    """Longest distance of two samples that is no gap: what lies between hides no more than the samples may.

    A twentieth of the shortest time limit (G-DT), or a two hundredth of what is looked at after the
    event where no time is limited; at most ten sample intervals, as extremes are looked for too. [s]
    """
    times = {name: limit for name, limit in requirement.limits.given().items() if name.endswith("_time")}
    least = shortest(times)
    resolved = requirement.window.after.value / 200.0 if least is None else least / 20.0
    return min(resolved, 10.0 * interval)


def limits_text(name: str, limit: LimitModel) -> str:
    """`at most 100 ms rise time`."""
    bounds = [
        f"{words} {bound.text}"
        for words, bound in (("at most", limit.max), ("at least", limit.min))
        if bound is not None
    ]
    rounded = f", rounded to {limit.resolution.text}," if limit.resolution is not None else ""
    return f"{' and '.join(bounds)}{rounded} {name.replace('_', ' ')}"
