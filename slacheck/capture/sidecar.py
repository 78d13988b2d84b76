"""The sidecar `<file>.meta.yaml`: what a file cannot say of its channels, its clock and its instrument."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from slacheck.language import (
    Boolean,
    Date,
    DurationOrZero,
    Frequency,
    Instant,
    Level,
    Model,
    Number,
    QuantityName,
    Share,
    Text,
)
from slacheck.units import QUANTITY_UNITS, QuantityError, parse_unit


def _version(value: object) -> object:
    if str(value) == "1":
        return 1
    raise PydanticCustomError(
        "version", "expected 1, the version of the language, got {got}", {"got": repr(str(value))}
    )


def _unit(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("unit", "expected a unit such as 'kW'")
    try:
        parse_unit(str(value))
    except QuantityError as error:
        raise PydanticCustomError("unit", "{why}", {"why": str(error)}) from None
    return str(value)


Version = Annotated[Literal[1], BeforeValidator(_version), WithJsonSchema({"const": 1})]
Unit = Annotated[
    str, BeforeValidator(_unit), WithJsonSchema({"type": ["string", "number"], "examples": ["kW", "V", "Hz", "%"]})
]


class AccuracyEntry(Model):
    """Accuracy of the instrument: a maximum permissible error, or with a coverage factor an expanded uncertainty."""

    reading: Share | None = Field(None, description="Part of the reading.")
    range: Share | None = Field(None, description="Part of the full scale.")
    full_scale: Level | None = Field(None, description="Full scale, in the unit of the channel.")
    coverage_factor: Number | None = Field(
        None, gt=0, description="k of the statement. Absent: a maximum permissible error, u = a / sqrt(3)."
    )

    @model_validator(mode="after")
    def _stated(self) -> AccuracyEntry:
        if self.reading is None and self.range is None:
            raise PydanticCustomError("accuracy", "an accuracy needs reading, range or both, e.g. {reading: 0.2 %}")
        if any(share is not None and share.value < 0 for share in (self.reading, self.range)):
            raise PydanticCustomError("accuracy", "an accuracy is not negative")
        if self.range is not None and self.full_scale is None:
            raise PydanticCustomError("accuracy", "range is a share of the full scale: give full_scale too")
        return self


class ChannelEntry(Model):
    """What is known of one channel."""

    unit: Unit | None = Field(None, description="Unit of the values after scale and offset.")
    quantity: QuantityName | None = Field(None, description="What it is.")
    accuracy: AccuracyEntry | None = Field(None, description="Accuracy of the instrument.")
    bandwidth: Frequency | None = Field(None, description="-3 dB bandwidth of the whole chain.")
    averaging: DurationOrZero | None = Field(None, description="Length of a moving average in the chain.")
    clip: tuple[Level, Level] | None = Field(None, description="Levels at and beyond which the instrument saturates.")
    scale: Number = Field(1.0, description="physical = raw * scale + offset, in the channel's unit.")
    offset: Number = Field(0.0, description="See scale.")
    invalid: tuple[Number, ...] = Field((), description="Raw values that stand for no value.")

    @model_validator(mode="after")
    def _consistent(self) -> ChannelEntry:
        if self.scale == 0:
            raise PydanticCustomError("scale", "a scale of zero makes every value the same")
        if self.averaging is not None and self.averaging.value < 0:
            raise PydanticCustomError("averaging", "averaging is not negative")
        if self.clip is not None and not self.clip[0].value < self.clip[1].value:
            raise PydanticCustomError("clip", "clip is [lowest, highest]")
        if self.unit is not None and self.quantity is not None:
            bases = QUANTITY_UNITS[self.quantity]
            if parse_unit(self.unit).base not in bases:
                raise PydanticCustomError(
                    "unit",
                    "the unit {unit} does not fit the quantity {quantity}; expected {bases}",
                    {"unit": repr(self.unit), "quantity": self.quantity, "bases": " or ".join(bases)},
                )
        return self


class TimeEntry(Model):
    """When the samples were taken."""

    channel: Text | None = Field(None, description="Column of the time stamps.")
    unit: Unit | None = Field(None, description="Unit of time stamps that are numbers.")
    start: Instant | None = Field(None, description="Time of the first sample, with its zone.")
    uncertainty: DurationOrZero | None = Field(None, description="Standard uncertainty of the time stamps.")
    sample_rate: Frequency | None = Field(None, description="Rate of samples that were evenly taken.")

    @model_validator(mode="after")
    def _consistent(self) -> TimeEntry:
        if self.unit is not None and parse_unit(self.unit).base != "s":
            raise PydanticCustomError("time_unit", "{unit} is not a unit of time", {"unit": repr(self.unit)})
        if self.uncertainty is not None and self.uncertainty.value < 0:
            raise PydanticCustomError("uncertainty", "an uncertainty is not negative")
        return self


class InstrumentEntry(Model):
    """The instrument; other keys are free text."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Text]

    model: Text | None = Field(None, description="Maker and type.")
    serial: Text | None = Field(None, description="Serial number.")
    calibrated: Date | None = Field(None, description="Day of the last calibration.")
    calibration_due: Date | None = Field(None, description="Day on which the calibration ends.")


class Sidecar(Model):
    """The document beside a capture."""

    slacheck: Version = Field(description="Version of the language: 1.")
    channels: dict[str, ChannelEntry] = Field(default_factory=dict, description="By name of the channel.")
    time: TimeEntry = Field(default_factory=TimeEntry, description="The clock.")
    instrument: InstrumentEntry = Field(default_factory=InstrumentEntry, description="The instrument.")
    anti_alias: Boolean = Field(False, description="A documented filter stands before the sampler.")
    override: Boolean = Field(False, description="Where the file says otherwise, believe this document.")
