"""Keys of `tracking`, what they stand for in SI, and what its meters are called."""

from __future__ import annotations

import itertools

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import Signals, level
from slacheck.language import (
    DurationOrZero,
    Level,
    LimitModel,
    Model,
    Moment,
    Requirement,
    ShareLimit,
    Text,
    TimeLimit,
    definition,
)
from slacheck.units import parse_quantity

RUNGS = (0.0, *(0.001 * 2.0 ** (step / 3.0) for step in range(36)))
"""How far the tube is moved, in its value (in 2 % of rated where that is zero)."""


class Profile(Model):
    """A reference that is written in the spec."""

    profile: tuple[tuple[Moment, Level], ...] = Field(
        description="[time, level]: straight lines between these; time from the capture's first sample."
    )

    @model_validator(mode="after")
    def _rising(self) -> Profile:
        times = [moment.value for moment, _ in self.profile]
        if len(times) < 2 or any(first >= second for first, second in itertools.pairwise(times)):
            raise PydanticCustomError(
                "profile",
                "a profile needs two or more points, each later than the one before (a step takes a short time)",
            )
        return self


class Tube(Model):
    """How far the response may be from its reference, in value and in time."""

    value: Level = Field(description="Half height: % of rated, pu, or the signal's unit.")
    time: DurationOrZero = Field(description="Half width; 0 s for none.")


class TrackingLimits(Model):
    """One check each."""

    time_in_tube: ShareLimit | None = Field(None, description="Share of the time in the tube.")
    max_error: LimitModel | None = Field(None, description="Largest error (% and pu of rated).")
    rms_error: LimitModel | None = Field(None, description="Root mean square error (% and pu of rated).")
    delay: TimeLimit | None = Field(None, description="Lag at which response and reference correlate most.")

    def given(self) -> dict[str, LimitModel]:
        """The limits that are set, by check."""
        every = {name: getattr(self, name) for name in ("time_in_tube", "max_error", "rms_error", "delay")}
        return {name: limit for name, limit in every.items() if limit is not None}

    @model_validator(mode="after")
    def _some(self) -> TrackingLimits:
        if not self.given():
            raise PydanticCustomError("limits", "set time_in_tube, max_error, rms_error, delay or several of them")
        return self


class Tracking(Requirement):
    """Keys of `tracking`."""

    signal: Text = Field(description="Response.")
    reference: Text | Profile = Field(description="What it follows: a signal, or {profile: [[0 s, 0 MW], ...]}.")
    delay_allowance: DurationOrZero = definition(parse_quantity("0 s"), "D: the reference counts this much later.")
    tube: Tube
    limits: TrackingLimits


def signal_names(requirement: Tracking) -> tuple[str, ...]:
    """Response, and reference if it is a signal."""
    reference = requirement.reference
    return (requirement.signal, reference) if isinstance(reference, str) else (requirement.signal,)


def delay_limit(requirement: Tracking) -> float:
    """The limit on the delay, to whose scale it is measured. [s]"""
    limit = requirement.limits.delay
    bound = None if limit is None else (limit.max if limit.max is not None else limit.min)
    if bound is None:
        raise ValueError("the requirement limits no delay")
    return bound.value


def reference_name(requirement: Tracking) -> str:
    """The reference in words."""
    return requirement.reference if isinstance(requirement.reference, str) else "the profile"


def profile_of(requirement: Tracking, signals: Signals) -> tuple[tuple[float, float], ...] | None:
    """The written reference in s and SI."""
    if isinstance(requirement.reference, str):
        return None
    signal = signals[requirement.signal]
    return tuple((time.value, level(height, signal)) for time, height in requirement.reference.profile)


def tube_rungs(requirement: Tracking, signals: Signals) -> tuple[float, ...]:
    """By how much the tube is moved. [SI]"""
    signal = signals[requirement.signal]
    scale = level(requirement.tube.value, signal)
    if scale == 0.0:
        scale = 0.02 * (signal.rated or 0.0)
    return tuple(scale * rung for rung in RUNGS)


def tube_key(requirement: Tracking, signals: Signals) -> tuple[object, ...]:
    """Key of the meter of errors and tube."""
    tube = requirement.tube
    shape = (requirement.delay_allowance.value, tube.time.value, level(tube.value, signals[requirement.signal]))
    rungs = tube_rungs(requirement, signals)
    return ("tracking", signal_names(requirement), profile_of(requirement, signals), *shape, rungs)


def delay_key(requirement: Tracking, signals: Signals) -> tuple[object, ...]:
    """Key of the meter of the delay."""
    return ("delay", signal_names(requirement), profile_of(requirement, signals), delay_limit(requirement))
