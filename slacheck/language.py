"""Building blocks of the spec language: typed scalars and the keys common to requirements.

A YAML scalar arrives as a `Scalar`, its source text, and the type of the *key* decides what it
means. So none of YAML's own guesses exist here: `7.10` is text where text is due, `on` is text
or an error, `010` is an error where a number is due, and `250` is an error where `250 mV` is.
Plain Python values are accepted too, for specs built in code.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from slacheck.units import Quantity, QuantityError, parse_quantity


class Scalar(str):
    """A YAML scalar as its source text; `plain` when it was not quoted."""

    __slots__ = ("plain",)
    plain: bool

    def __new__(cls, text: str, plain: bool = True) -> Scalar:
        """Keep the text; nothing is interpreted."""
        self = super().__new__(cls, text)
        self.plain = plain
        return self


def _is_plain(value: object) -> bool:
    return isinstance(value, Scalar) and value.plain


def _text(value: object) -> object:
    if isinstance(value, str):
        return str(value)
    raise PydanticCustomError("text", "expected text, got {got}", {"got": _name(value)})


def _name(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Scalar):
        return repr(str(value)) + ("" if value.plain else " in quotes")
    return str(value) if isinstance(value, date) else repr(value)


_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})", re.ASCII)


def _number(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    elif _is_plain(value) and _NUMBER.fullmatch(str(value)):
        number = float(str(value))
    else:
        raise PydanticCustomError("number", "expected a number such as 2 or 0.5, got {got}", {"got": _name(value)})
    if number != number or number in (float("inf"), float("-inf")):
        raise PydanticCustomError("number", "expected a finite number, got {got}", {"got": _name(value)})
    return number


def _integer(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if _is_plain(value) and _INTEGER.fullmatch(str(value)):
        return int(str(value))
    raise PydanticCustomError("integer", "expected a whole number such as 3, got {got}", {"got": _name(value)})


def _boolean(value: object) -> object:
    if isinstance(value, bool):
        return value
    if _is_plain(value) and str(value) in ("true", "false"):
        return str(value) == "true"
    raise PydanticCustomError("boolean", "expected true or false, got {got}", {"got": _name(value)})


def _date(value: object) -> object:
    if isinstance(value, str):
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            pass
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise PydanticCustomError("date", "expected a date such as 2026-11-20, got {got}", {"got": _name(value)})


def _instant(value: object) -> object:
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            moment = None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment
    raise PydanticCustomError(
        "instant", "expected a time with a zone such as 2026-11-20T08:00:00Z, got {got}", {"got": _name(value)}
    )


_TEXT_SCHEMA: dict[str, Any] = {"type": ["string", "number", "boolean"]}

Text = Annotated[str, BeforeValidator(_text), WithJsonSchema(_TEXT_SCHEMA)]
Number = Annotated[float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Integer = Annotated[int, BeforeValidator(_integer), WithJsonSchema({"type": "integer"})]
Boolean = Annotated[bool, BeforeValidator(_boolean), WithJsonSchema({"type": "boolean"})]
Date = Annotated[date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
_IDENTIFIER = r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$"
Identifier = Annotated[
    str,
    BeforeValidator(_text),
    Field(pattern=_IDENTIFIER, max_length=80),
    WithJsonSchema(_TEXT_SCHEMA | {"pattern": _IDENTIFIER, "maxLength": 80}),
]


class QuantityOf:
    """Annotation for a quantity with one of these base units; none given means any unit."""

    def __init__(self, *bases: str, examples: tuple[str, ...] = (), positive: bool = False) -> None:
        self.bases = bases
        self.examples = examples
        self.positive = positive

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate text to a `Quantity`."""
        return core_schema.no_info_plain_validator_function(
            self._validate, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A string that starts with a number and ends with a unit."""
        result: dict[str, Any] = {"type": "string", "pattern": r"^\s*[+-]?(\d|\.\d).*([^\s\d.]|\s1)\s*$"}
        if self.examples:
            result["examples"] = list(self.examples)
        return result

    def _validate(self, value: object) -> Quantity:
        example = self.examples[0] if self.examples else "20 ms"
        if isinstance(value, Quantity):
            quantity = value
        elif isinstance(value, str):
            try:
                quantity = parse_quantity(str(value))
            except QuantityError as error:
                why = str(error)
                if _NUMBER.fullmatch(str(value)):
                    why = f"{str(value)!r} has no unit; write for example '{value} {example.partition(' ')[2]}'"
                raise PydanticCustomError("quantity", "{why}", {"why": why}) from None
        else:
            raise PydanticCustomError(
                "quantity",
                "expected a quantity with a unit such as '{example}', got {got}",
                {"example": example, "got": _name(value)},
            )
        if self.bases and quantity.base not in self.bases:
            raise PydanticCustomError(
                "quantity_unit",
                "expected a quantity such as '{example}' (in {units}), got '{text}'",
                {"example": example, "units": " or ".join(self.bases), "text": quantity.text},
            )
        if self.positive and not quantity.value > 0:
            raise PydanticCustomError("quantity_sign", "expected more than zero, got '{text}'", {"text": quantity.text})
        return quantity


Duration = Annotated[Quantity, QuantityOf("s", examples=("100 ms", "1 s"), positive=True)]
"""Longer than zero. [s]"""
DurationOrZero = Annotated[Quantity, QuantityOf("s", examples=("0 s", "100 ms"))]
"""Zero or longer; the model checks the sign where it matters. [s]"""
Moment = Annotated[Quantity, QuantityOf("s", examples=("12.5 s", "-200 ms"))]
"""A time relative to something; may be negative. [s]"""
Frequency = Annotated[Quantity, QuantityOf("Hz", examples=("0.1 Hz", "1 kHz"), positive=True)]
QuantityName = Literal[
    "voltage",
    "current",
    "active_power",
    "reactive_power",
    "apparent_power",
    "power_factor",
    "frequency",
    "energy",
    "state_of_charge",
    "temperature",
    "latency",
    "ratio",
    "count",
]
"""The quantities of the language; `units.QUANTITY_UNITS` has the units that fit each."""
Share = Annotated[Quantity, QuantityOf("%", examples=("99 %", "2 %"))]
Level = Annotated[Quantity, QuantityOf(examples=("10 MW", "0.9 pu", "15 %"))]
"""A level of a signal: in its unit, pu or %; the fit is checked against the signal."""


class Model(BaseModel):
    """Base of every document part: unknown keys are errors, values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_by_alias=True, defer_build=True
    )


def definition(default: Any, description: str, **more: Any) -> Any:
    """A key that is part of the definition of what is measured; `strict: true` refuses its default."""
    return Field(default, description=description, json_schema_extra={"x-definition": True}, **more)


class LimitModel(Model):
    """`{max: Q}`, `{min: Q}` or both; bounds are inclusive."""

    max: Level | None = Field(None, description="Largest value that still conforms.")
    min: Level | None = Field(None, description="Smallest value that still conforms.")
    resolution: Level | None = Field(
        None, description="Value and interval ends are rounded to this, half to even, before comparing."
    )

    @model_validator(mode="after")
    def _consistent(self) -> LimitModel:
        given = [quantity for quantity in (self.max, self.min, self.resolution) if quantity is not None]
        if self.max is None and self.min is None:
            raise PydanticCustomError("limit", "a limit needs max, min or both, for example {max: 5 %}")
        if len({quantity.base for quantity in given}) > 1:
            raise PydanticCustomError(
                "limit",
                "max, min and resolution must have one unit, got {got}",
                {"got": ", ".join(repr(quantity.text) for quantity in given)},
            )
        if self.max is not None and self.min is not None and self.min.value > self.max.value:
            raise PydanticCustomError("limit", "min is above max, so nothing can conform")
        if self.resolution is not None and not self.resolution.value > 0:
            raise PydanticCustomError("limit", "resolution must be more than zero")
        return self


class TimeLimit(LimitModel):
    """A limit on a time. [s]"""

    max: Annotated[Quantity, QuantityOf("s", examples=("80 ms",))] | None = Field(None, description="Longest time.")
    min: Annotated[Quantity, QuantityOf("s", examples=("80 ms",))] | None = Field(None, description="Shortest time.")


class ShareLimit(LimitModel):
    """A limit on a ratio, in %."""

    max: Share | None = Field(None, description="Largest share.")
    min: Share | None = Field(None, description="Smallest share.")


class Condition(Model):
    """The operating point under which the clause is judged: held without a break for a time."""

    signal: Text = Field(description="Signal that says whether the plant was exercised.")
    min: Level | None = Field(None, description="At least this level (% and pu of rated).")
    max: Level | None = Field(None, description="At most this level.")
    for_: DurationOrZero = Field(alias="for", description="For at least this long, without a break.")

    @model_validator(mode="after")
    def _bounded(self) -> Condition:
        if self.min is None and self.max is None:
            raise PydanticCustomError("condition", "a condition needs min, max or both")
        return self


class DecisionModel(Model):
    """Decision rule for measurement uncertainty (requirements.md 2.3)."""

    rule: Literal["three_state", "simple", "guarded_acceptance", "guarded_rejection"] = Field(
        "three_state", description="three_state | simple | guarded_acceptance | guarded_rejection."
    )
    coverage_factor: Number = Field(2.0, gt=0, description="k of the expanded uncertainty U = k u.")


class Requirement(Model):
    """Keys common to all kinds; each kind adds its own."""

    id: Identifier = Field(description="Unique name of the clause within the spec.")
    kind: Text = Field(description="What is required; see `slacheck kinds`.")
    title: Text | None = Field(None, description="One line for reports.")
    clause: Text | None = Field(None, description="Number of the clause in the contract.")
    tests: tuple[Text, ...] | None = Field(
        None, description="Tests whose captures are judged. Absent: every capture that has the signals."
    )
    severity: Literal["mandatory", "advisory"] = Field(
        "mandatory", description="Advisory findings are shown and never change the overall verdict."
    )
    note: Text | None = Field(None, description="Free text, shown in reports.")
    conditions: tuple[Condition, ...] = Field((), description="Operating point; unmet is INCONCLUSIVE.")
    applies: Boolean = Field(True, description="false, with a reason: NOT_APPLICABLE.")
    reason: Text | None = Field(None, description="Why the clause does not apply.")
    decision: DecisionModel | None = Field(None, description="Decision rule of this clause alone.")

    @model_validator(mode="after")
    def _reasoned(self) -> Requirement:
        if not self.applies and not self.reason:
            raise PydanticCustomError("applies", "applies: false needs a reason")
        return self


# ---------------------------------------------------------------- events, shared by the kinds that look for them


class Nth(Model):
    """`{nth: 2}`: one event, counted from 1."""

    nth: Integer = Field(ge=1, description="Which event, from 1.")


class Event(Model):
    """How the steps that start a measurement are found, or when they are."""

    signal: Text | None = Field(None, description="Signal that steps; default the signal that is measured.")
    level: Share = definition(
        parse_quantity("50 %"), "The event is where this part of the step is crossed, between the levels around it."
    )
    edge: Literal["rising", "falling", "any"] = definition("any", "Which steps count: rising, falling or any.")
    min_step: Level | None = definition(
        None, "Smallest step that is an event (% and pu of rated); default 10 % of the event signal's rated value."
    )
    select: Literal["all", "first", "last"] | Nth = definition("all", "all, first, last or {nth: 2}.")
    at: tuple[Moment, ...] | None = Field(
        None, description="Instead of all the above: seconds from the capture's first sample."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Event:
        if not 0.0 < self.level.value < 1.0:
            raise PydanticCustomError("event", "level must lie between 0 % and 100 %, ends excluded")
        if self.at is not None:
            if self.model_fields_set != {"at"}:
                raise PydanticCustomError("event", "at gives the times, so no other key of event may stand beside it")
            if not self.at or any(moment.value < 0 for moment in self.at):
                raise PydanticCustomError("event", "at needs one or more times, none before the capture's first sample")
        return self


class EventWindow(Model):
    """What is looked at around an event."""

    before: Duration = Field(description="Up to the event.")
    after: Duration = Field(description="From the event on.")


class LevelSource(Model):
    """A level: the mean over a window, or a declared value."""

    window: tuple[Moment, Moment] | None = Field(None, description="From and to, relative to the event; the mean.")
    value: Level | None = Field(None, description="Declared instead (% and pu of rated).")

    @model_validator(mode="after")
    def _one(self) -> LevelSource:
        if (self.window is None) == (self.value is None):
            raise PydanticCustomError(
                "level", "a level needs either window or value, such as {window: [-200 ms, -10 ms]}"
            )
        if self.window is not None and not self.window[0].value < self.window[1].value:
            raise PydanticCustomError("level", "the window ends before it begins")
        return self
