"""Keys of the kind rocof, what they mean together, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import Problem, Signals, lead, level_problem
from slacheck.language import (
    Duration,
    DurationOrZero,
    Frequency,
    Level,
    LimitModel,
    Model,
    QuantityOf,
    Requirement,
    Share,
    Text,
    definition,
)
from slacheck.units import Quantity, parse_quantity

Angle = Annotated[Quantity, QuantityOf("deg", examples=("5 deg",), positive=True)]
RateOfChange = Annotated[Quantity, QuantityOf("Hz/s", examples=("1 Hz/s",))]
_FEWEST_CYCLES = 5
"""Nominal cycles that a frequency is taken over, at least."""


class RateLimit(LimitModel):
    """A limit on a rate of change of frequency, as a magnitude."""

    max: RateOfChange | None = Field(None, description="Largest rate.")
    min: RateOfChange | None = Field(None, description="Rate that must be reached, such as by a test.")
    resolution: RateOfChange | None = Field(None, description="Rounded to this, half to even, before comparing.")


class RocofLimits(Model):
    """All as magnitudes."""

    rocof: RateLimit | None = Field(None, description="Larger of rise and fall.")
    rise: RateLimit | None = Field(None, description="Rate upwards.")
    fall: RateLimit | None = Field(None, description="Rate downwards, as a positive number.")

    @model_validator(mode="after")
    def _one(self) -> RocofLimits:
        if not self.given():
            raise PydanticCustomError("limits", "limits needs rocof, rise or fall")
        return self

    def given(self) -> dict[str, RateLimit]:
        """The limits that are set, in order."""
        sides = {"rocof": self.rocof, "rise": self.rise, "fall": self.fall}
        return {name: limit for name, limit in sides.items() if limit is not None}


class Exclude(Model):
    """Windows of a waveform that do not count."""

    phase_jump: Angle = Field(description="Windows that hold a larger jump of the phase.")
    amplitude_step: Share = definition(
        parse_quantity("10 %"), "Windows that hold a larger change of the amplitude within four cycles."
    )
    most: Share = definition(parse_quantity("5 %"), "A PASS needs that no more of the windows are left out.")


class Supply(Model):
    """What says that the recorder of the frequency had a voltage to measure."""

    signal: Text = Field(description="Signal recorded beside the frequency.")
    min: Level = Field(description="Least value at which the frequency counts (% and pu of rated).")


class Rocof(Requirement):
    """Keys of `rocof`."""

    signal: Text = Field(description="A frequency, or an AC waveform.")
    frequency: Frequency | None = Field(
        None, description="Nominal; needed for a waveform, default the rated value of a frequency."
    )
    window: Duration = Field(description="Length T of a window.")
    frequency_window: Duration | None = Field(
        None,
        description="What one frequency is taken over, by us or by the recorder. A derived one says it itself.",
        examples=["200 ms"],
    )
    duration: DurationOrZero = definition(
        parse_quantity("0 s"), "For how long a rate must last to be reached; 0 s for single windows."
    )
    exclude: Exclude | None = Field(
        None, description="Disturbances of a waveform; needed there. A recorded frequency shows none."
    )
    supply: Supply | None = Field(None, description="A recorded frequency counts only while this is high enough.")
    limits: RocofLimits


def waveform_of(requirement: Rocof, signals: Signals) -> str | None:
    """The AC waveform that is looked at, itself or behind a derived frequency; None for a recorded frequency."""
    signal = signals[requirement.signal]
    if signal.derive is not None and signal.derive.operation == "frequency":
        return signal.derive.source
    return signal.name if signal.waveform == "ac" else None


def nominal_of(requirement: Rocof, signals: Signals) -> float | None:
    """[Hz]"""
    signal = signals[requirement.signal]
    if requirement.frequency is not None:
        return requirement.frequency.value
    if signal.derive is not None and signal.derive.operation == "frequency":
        return signal.derive.frequency
    return signal.rated if signal.quantity == "frequency" else None


def averaging_of(requirement: Rocof, signals: Signals) -> float:
    """What one frequency is taken over. [s]"""
    derive = signals[requirement.signal].derive
    if derive is not None and derive.operation == "frequency":
        return derive.window
    own = requirement.frequency_window
    return (0.0 if own is None else own.value) + lead(signals, requirement.signal)


def problems(requirement: Rocof, signals: Signals) -> Iterator[Problem]:
    signal, waveform = signals[requirement.signal], waveform_of(requirement, signals)
    if waveform is None and signal.quantity != "frequency":
        message = f"{signal.name!r} is neither a frequency nor an AC waveform"
        yield Problem(("signal",), message, "name one, or give the signal `waveform: ac`")
        return
    nominal = nominal_of(requirement, signals)
    if nominal is None:
        message = f"nothing says what the nominal frequency of {signal.name!r} is"
        yield Problem(("frequency",), message, "write for example `frequency: 50 Hz`")
    if waveform not in (None, signal.name):
        for key in ("frequency", "frequency_window"):
            if getattr(requirement, key) is not None:
                yield Problem((key,), f"{signal.name!r} is derived, and its `derive:` says this", "remove it here")
    elif requirement.frequency_window is None:
        message = f"nothing says what one frequency of {signal.name!r} is taken over"
        yield Problem(("frequency_window",), message, "write for example `frequency_window: 200 ms`")
    elif waveform is not None and requirement.frequency_window.value * (nominal or 0.0) < _FEWEST_CYCLES * (1 - 1e-9):
        message = f"{requirement.frequency_window.text!r} is less than {_FEWEST_CYCLES} cycles"
        yield Problem(("frequency_window",), message, "write for example `frequency_window: 200 ms`")
    if requirement.window.value < averaging_of(requirement, signals) * (1.0 - 1e-9):
        message = f"{requirement.window.text!r} is shorter than what one frequency is taken over"
        yield Problem(("window",), message, "make it longer, or what a frequency is taken over shorter")
    yield from _key_problems(requirement, signals)


def _key_problems(requirement: Rocof, signals: Signals) -> Iterator[Problem]:
    """Keys that fit only one of waveform and recorded frequency, and negative numbers."""
    waveform, supply, exclude = waveform_of(requirement, signals), requirement.supply, requirement.exclude
    if waveform is not None and exclude is None:
        message = "a phase jump reads as a change of frequency, so the clause must say from where on one is left out"
        yield Problem(("exclude",), message, "write for example `exclude: {phase_jump: 5 deg}`")
    if waveform is None and exclude is not None:
        message = "a recorded frequency shows no phase, so nothing can be left out by it"
        yield Problem(("exclude",), message, "name the AC waveform as `signal`, or remove it")
    if waveform is not None and supply is not None:
        yield Problem(("supply",), "a waveform shows by itself where the supply is off", "remove it")
    elif supply is not None:
        yield from level_problem(("supply", "min"), supply.min, signals[supply.signal])
    if requirement.duration.value < 0.0:
        yield Problem(("duration",), f"{requirement.duration.text!r} is negative; write 0 s for single windows")
    if exclude is not None:
        yield from _share_problems(exclude)
    for name, limit in requirement.limits.given().items():
        for bound, quantity in (("max", limit.max), ("min", limit.min)):
            if quantity is not None and quantity.value < 0.0:
                yield Problem(("limits", name, bound), f"{quantity.text!r} is negative; this is a magnitude")


def _share_problems(exclude: Exclude) -> Iterator[Problem]:
    for key, share in (("amplitude_step", exclude.amplitude_step), ("most", exclude.most)):
        if not 0.0 <= share.value <= 1.0 or (key == "amplitude_step" and share.value == 0.0):
            yield Problem(("exclude", key), f"{share.text!r} is not between 0 % and 100 %")
