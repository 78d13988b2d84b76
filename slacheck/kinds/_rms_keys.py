"""Keys of `rms_events`, and what its meters are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import Signal, Signals
from slacheck.kinds._rms_classes import Event
from slacheck.language import (
    Duration,
    Frequency,
    Integer,
    LimitModel,
    Model,
    Requirement,
    Share,
    Text,
    TimeLimit,
    definition,
)
from slacheck.units import parse_quantity

if TYPE_CHECKING:
    from slacheck.measure.rms_events import EventSettings

RUNGS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05)
"""How far thresholds are moved. [pu of the reference]"""


class Thresholds(Model):
    """Where events begin and end, in % of the reference."""

    dip: Share = definition(parse_quantity("90 %"), "A dip begins below this.")
    swell: Share = definition(parse_quantity("110 %"), "A swell begins above this.")
    interruption: Share = definition(parse_quantity("5 %"), "An interruption begins with all phases below this.")
    hysteresis: Share = definition(parse_quantity("2 %"), "How far back beyond its threshold an event ends.")

    @model_validator(mode="after")
    def _ordered(self) -> Thresholds:
        band = self.hysteresis.value
        if band < 0.0 or self.interruption.value <= 0.0:
            raise PydanticCustomError("thresholds", "hysteresis must not be negative, and interruption more than zero")
        if not self.interruption.value + band < self.dip.value or not self.dip.value + band <= self.swell.value - band:
            message = "interruption, dip and swell must rise, further apart than the hysteresis"
            raise PydanticCustomError("thresholds", message)
        return self


class CountLimit(Model):
    """A limit on how many."""

    max: Integer = Field(ge=0, description="Most that still conform, a bare number.", examples=[2])


AnyLimit = LimitModel | CountLimit


class EventLimits(Model):
    """One check for each limit."""

    dips: CountLimit | None = Field(None, description="How many dips.")
    swells: CountLimit | None = Field(None, description="How many swells.")
    interruptions: CountLimit | None = Field(None, description="How many interruptions.")
    residual_voltage: LimitModel | None = Field(None, description="Lowest rms (% of the reference, pu or V).")
    swell_voltage: LimitModel | None = Field(None, description="Highest rms (% of the reference, pu or V).")
    dip_duration: TimeLimit | None = Field(None, description="Longest dip.")
    swell_duration: TimeLimit | None = Field(None, description="Longest swell.")
    interruption_duration: TimeLimit | None = Field(None, description="Longest interruption.")

    @model_validator(mode="after")
    def _some(self) -> EventLimits:
        if not self.model_fields_set:
            raise PydanticCustomError("limits", "limits needs one or more of {known}", {"known": ", ".join(CHECKS)})
        return self


class RmsEvents(Requirement):
    """Keys of `rms_events`."""

    signal: Text | None = Field(None, description="AC waveform, or rms, of a single phase.")
    signals: tuple[Text, ...] | None = Field(
        None, description="Or: those of all phases, which make up events together."
    )
    frequency: Frequency = Field(description="Nominal frequency.", examples=["60 Hz"])
    reference: Literal["rated", "sliding"] = definition(
        "rated", "What % is of: rated (declared voltage), or sliding (the voltage's own past, 1 min)."
    )
    thresholds: Thresholds = definition(Thresholds(), "Where events begin and end.")
    classification: Literal["ieee1159", "en50160", "none"] = definition(
        "none", "ieee1159 | en50160: names of events; an interruption is then no dip. none: counted as both."
    )
    period: Duration | None = definition(
        None, "Counts are the most that begin within any stretch of this length; default the whole record."
    )
    limits: EventLimits

    @model_validator(mode="after")
    def _one_way(self) -> RmsEvents:
        if (self.signal is None) == (self.signals is None):
            raise PydanticCustomError("signal", "give either signal, or signals: [v_a, v_b, v_c]")
        return self


@dataclass(frozen=True, slots=True)
class Check:
    """What one limit is on."""

    event: Event
    what: Literal["count", "extreme", "duration"]


CHECKS: dict[str, Check] = {
    "dips": Check("dip", "count"),
    "swells": Check("swell", "count"),
    "interruptions": Check("interruption", "count"),
    "residual_voltage": Check("dip", "extreme"),
    "swell_voltage": Check("swell", "extreme"),
    "dip_duration": Check("dip", "duration"),
    "swell_duration": Check("swell", "duration"),
    "interruption_duration": Check("interruption", "duration"),
}


def limits_of(requirement: RmsEvents) -> dict[str, AnyLimit]:
    """The limits that are set, by name of their check."""
    return {name: limit for name in CHECKS if (limit := getattr(requirement.limits, name)) is not None}


def phases(requirement: RmsEvents) -> tuple[str, ...]:
    """Names of the signals."""
    if requirement.signal is not None:
        return (requirement.signal,)
    return requirement.signals or ()


def is_waveform(requirement: RmsEvents, signals: Signals) -> bool:
    """Whether the signals are AC waveforms."""
    return signals[phases(requirement)[0]].waveform == "ac"


def rated(requirement: RmsEvents, signals: Signals) -> float:
    """Rated value, which all phases share. [SI]"""
    signal: Signal = signals[phases(requirement)[0]]
    if signal.rated is None:
        raise ValueError(f"the signal {signal.name!r} has no rated value")
    return signal.rated


def threshold(requirement: RmsEvents, event: Event) -> float:
    """Where an event begins. [pu of the reference]"""
    share: float = getattr(requirement.thresholds, event).value
    return share


def bridge(requirement: RmsEvents) -> float:
    """Longest gap that is bridged: a straight line over it is wrong by less than 1 % of the amplitude. [s]"""
    return 0.04 / requirement.frequency.value


def settings(requirement: RmsEvents, signals: Signals) -> EventSettings:
    """What the meter is asked for."""
    from slacheck.measure.rms_events import EventSettings

    limits = requirement.thresholds
    return EventSettings(
        rated=rated(requirement, signals),
        frequency=requirement.frequency.value,
        waveform=is_waveform(requirement, signals),
        sliding=requirement.reference == "sliding",
        dip=limits.dip.value,
        swell=limits.swell.value,
        interruption=limits.interruption.value,
        hysteresis=limits.hysteresis.value,
        exclusive=requirement.classification != "none",
        period=None if requirement.period is None else requirement.period.value,
        offsets=(*(-rung for rung in reversed(RUNGS)), 0.0, *RUNGS),
    )


def key(requirement: RmsEvents, signals: Signals) -> tuple[object, ...]:
    """Key of the meter."""
    return ("rms_events", phases(requirement), settings(requirement, signals))
