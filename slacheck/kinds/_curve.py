"""The staircase of `tolerance_envelope`: its keys, its points, and what its meters are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import Signal, Signals, level
from slacheck.language import Duration, DurationOrZero, Level, Model, Requirement, Text, definition
from slacheck.units import Quantity, parse_quantity

RUNGS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""How far levels are moved, in rated."""
WAVEFORM_RUNGS = (0.005, 0.01, 0.02, 0.05, 0.1)

Names = Text | tuple[Text, ...]
Side = Literal["low", "high"]


class Short(Model):
    """Points that are too short for an rms."""

    signal: Names = Field(description="AC waveform behind the signal; one for each phase.")
    below: Duration = Field(description="Points with a shorter limit are judged on the waveform.")


class Load(Model):
    """What has to stay on."""

    signal: Text = Field(description="Signal of the load.")
    min: Level = Field(description="Level that it must not fall below (% and pu of its rated).")


class Curve(Model):
    """The staircase."""

    low: tuple[tuple[Level, Duration], ...] = Field(
        (), description="[level, duration]: as low as this level for at most this long; lowest level first."
    )
    high: tuple[tuple[Level, Duration], ...] = Field(
        (), description="[level, duration]: as high as this level for at most this long; highest level first."
    )
    continuous: tuple[Level, Level] = Field(description="Between these without limit of time.")

    @model_validator(mode="after")
    def _some(self) -> Curve:
        if not self.low and not self.high:
            raise PydanticCustomError("curve", "a curve needs points in low, high or both")
        return self


class ToleranceEnvelope(Requirement):
    """Keys of `tolerance_envelope`."""

    signal: Names = Field(
        description="Voltage that is limited, or a list of phases: each is judged, the worst decides."
    )
    short: Short | None = Field(None, description="Waveform on which short points are judged.")
    mode: Literal["duration_below", "event", "anchored", "cumulative"] = definition(
        "duration_below", "Which time is compared with the curve."
    )
    assess: Literal["supply", "ride_through"] = definition(
        "supply", "supply: the voltage stays inside. ride_through: the load stays on while it is inside."
    )
    load: Load | None = Field(None, description="ride_through: what must stay on.")
    must_reach: Level | None = Field(
        None, description="ride_through: the voltage must have come this close to the point's level."
    )
    curve: Curve
    window: Duration | None = Field(
        None, description="cumulative: durations are summed over any window of this length."
    )
    merge_gap: DurationOrZero = definition(parse_quantity("0 s"), "Runs closer than this are one; 0 s joins none.")


@dataclass(frozen=True, slots=True)
class Point:
    """One step of the staircase.

    Parameters
    ----------
    name : str
        Of its check.
    side : {"low", "high"}
    index : int
        Number of its threshold, outermost first.
    threshold : Quantity
        Level beyond which time is counted: the next one inwards.
    duration : Quantity
        Most time allowed.
    outermost : Quantity
        Level that the voltage may be as far out as.
    short : bool
        Judged on the waveform.
    """

    name: str
    side: Side
    index: int
    threshold: Quantity
    duration: Quantity
    outermost: Quantity
    short: bool


_NEVER = parse_quantity("0 s")


def points(requirement: ToleranceEnvelope, signals: Signals) -> tuple[Point, ...]:
    """Every step of the curve, outermost first, low before high."""
    signal, found = signals[phases(requirement)[0]], []
    for side in ("low", "high"):
        steps = requirement.curve.low if side == "low" else requirement.curve.high
        if not steps:
            continue
        inner = requirement.curve.continuous[0 if side == "low" else 1]
        names = [(f"{side}[{out.text}]", out, limit) for out, limit in steps]
        thresholds = [*(out for out, _ in steps[1:]), inner]
        first = steps[0][0]
        if side == "high" or level(first, signal) > 0:
            names.insert(0, (f"{side}[beyond {first.text}]", first, _NEVER))
            thresholds.insert(0, first)
        for index, ((name, out, limit), threshold) in enumerate(zip(names, thresholds, strict=True)):
            short = requirement.short is not None and limit.value < requirement.short.below.value
            found.append(Point(name, side, index, threshold, limit, out, short))
    return tuple(found)


def judged(requirement: ToleranceEnvelope, signals: Signals) -> tuple[Point, ...]:
    """The steps that have a check: beyond the outermost level nothing obliges a load."""
    found = points(requirement, signals)
    return found if requirement.assess == "supply" else tuple(point for point in found if point.duration.value > 0)


def phases(requirement: ToleranceEnvelope) -> tuple[str, ...]:
    """Names of the voltages."""
    return (requirement.signal,) if isinstance(requirement.signal, str) else requirement.signal


def waveforms(requirement: ToleranceEnvelope) -> tuple[str, ...]:
    """Names of the AC waveforms, one for each phase; none without `short`."""
    if requirement.short is None:
        return ()
    names = requirement.short.signal
    return (names,) if isinstance(names, str) else names


def sides(requirement: ToleranceEnvelope) -> tuple[Side, ...]:
    """Sides that have points."""
    return tuple(
        side for side in ("low", "high") if (requirement.curve.low if side == "low" else requirement.curve.high)
    )


def rated(signal: Signal) -> float:
    """Rated value. [SI]"""
    if signal.rated is None:
        raise ValueError(f"the signal {signal.name!r} has no rated value")
    return signal.rated


def thresholds(requirement: ToleranceEnvelope, signals: Signals, name: str, side: Side) -> tuple[float, ...]:
    """Levels beyond which time is counted, outermost first. [SI]"""
    return tuple(level(p.threshold, signals[name]) for p in points(requirement, signals) if p.side == side)


def offsets(signal: Signal) -> tuple[float, ...]:
    """The ladder, downwards to upwards. [SI]"""
    return tuple(rung * rated(signal) for rung in (*(-rung for rung in reversed(RUNGS)), 0.0, *RUNGS))


def short_levels(requirement: ToleranceEnvelope, signals: Signals, name: str) -> tuple[tuple[float, bool], ...]:
    """The thresholds that are judged on the waveform, and whether they are high ones. [pu]"""
    signal = signals[name]
    return tuple(
        (level(point.threshold, signal) / rated(signal), point.side == "high")
        for point in points(requirement, signals)
        if point.short
    )


def band(requirement: ToleranceEnvelope, signal: Signal) -> tuple[float, float]:
    """Borders of continuous operation. [pu]"""
    low, high = (level(inner, signal) / rated(signal) for inner in requirement.curve.continuous)
    return low, high


_RESOLVED = 20.0
"""Gaps of at most this part of the shortest limit hide nothing that samples so far apart would show (G-DT)."""
_OF_A_WINDOW = 40.0
"""Gaps of at most this part of an rms window change the rms by less than the lowest rung, as ``(w g)^2 / 8`` shows."""


def bridge(requirement: ToleranceEnvelope, signals: Signals, name: str) -> float:
    """Longest distance of two samples that a straight line may span before the levels are looked at. [s]"""
    derive = signals[name].derive
    if derive is not None:
        return derive.window / _OF_A_WINDOW if derive.operation == "rms" else 0.0
    limits = (point.duration.value for point in points(requirement, signals) if not point.short)
    return min((limit for limit in limits if limit > 0.0), default=0.0) / _RESOLVED


def unseen_key(requirement: ToleranceEnvelope, signals: Signals, name: str) -> tuple[object, ...]:
    """Key of the meter of where a phase has values."""
    return ("unseen", name, bridge(requirement, signals, name))


def level_key(requirement: ToleranceEnvelope, signals: Signals, name: str, side: Side) -> tuple[object, ...]:
    """Key of the meter of one phase and side."""
    window = requirement.window.value if requirement.window is not None and requirement.mode == "cumulative" else 0.0
    levels = thresholds(requirement, signals, name, side)
    bridged = (window, bridge(requirement, signals, name), offsets(signals[name]))
    return ("levels", name, side, levels, requirement.mode, requirement.merge_gap.value, *bridged)


def short_key(requirement: ToleranceEnvelope, signals: Signals, name: str) -> tuple[object, ...]:
    """Key of the meter of one waveform."""
    window = requirement.window.value if requirement.window is not None and requirement.mode == "cumulative" else 0.0
    levels, borders = short_levels(requirement, signals, name), band(requirement, signals[name])
    return ("departures", name, levels, borders, requirement.merge_gap.value, window, rated(signals[name]))
