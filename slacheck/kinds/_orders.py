"""Keys of the kind harmonics, and the checks that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.kinds._aggregated import Aggregate, Counting, Statistic, Valid, nominal
from slacheck.language import Duration, Frequency, Integer, Level, LimitModel, Model, Requirement, ShareLimit, Text
from slacheck.language import definition as definition_key


class Demand(Model):
    """Base of the percentages: a current that the parties agree on."""

    demand: Level = Field(description="Maximum demand current I_L, fundamental, rms.", examples=["2000 A"])


class HarmonicLimits(Model):
    """Limits on all orders together."""

    thd: ShareLimit | None = Field(None, description="Total harmonic distortion, in % of the fundamental.")
    tdd: ShareLimit | None = Field(None, description="Total demand distortion, in % of the demand current.")


class OrderLimit(LimitModel):
    """One order, or a range of them, and its limit."""

    order: Integer | None = Field(None, description="The order.")
    from_: Integer | None = Field(None, alias="from", description="Or: the first of a range.")
    to: Integer | None = Field(None, description="Last of the range.")
    parity: Literal["odd", "even", "any"] = definition_key("any", "Which orders of the range: odd, even or any.")

    @model_validator(mode="after")
    def _one_way(self) -> OrderLimit:
        if (self.order is None) == (self.from_ is None) or (self.from_ is None) != (self.to is None):
            raise PydanticCustomError("order", "give `order: 5`, or a range such as `from: 11, to: 16`")
        if not self.orders:
            raise PydanticCustomError("order", "no order is in this range")
        return self

    @property
    def orders(self) -> tuple[int, ...]:
        """All that are meant."""
        if self.order is not None:
            return (self.order,)
        every = range(self.from_ or 0, (self.to or 0) + 1)
        return tuple(order for order in every if self.parity == "any" or (self.parity == "odd") == (order % 2 == 1))

    @property
    def text(self) -> str:
        """`order 5`, `odd orders 11 to 16`."""
        if self.order is not None:
            return f"order {self.order}"
        return f"{'' if self.parity == 'any' else self.parity + ' '}orders {self.from_} to {self.to}"


class Harmonics(Requirement):
    """Keys of `harmonics`."""

    signal: Text = Field(description="AC waveform that is limited.")
    frequency: Annotated[Frequency, AfterValidator(nominal)] = Field(
        description="Nominal: 50 Hz (windows of 10 cycles) or 60 Hz (12 cycles)."
    )
    synchronised_to: Text | None = Field(
        None, description="AC waveform whose fundamental the windows follow; default the signal itself."
    )
    method: Literal["subgroup", "group", "line"] = definition_key("subgroup", "Bins that make up an order.")
    max_order: Integer = definition_key(50, "Highest order of thd and tdd.", ge=2, le=100)
    base: Literal["fundamental", "rated"] | Demand = definition_key(
        "fundamental", "What % of orders is of: fundamental, rated or {demand: 2000 A}."
    )
    aggregate: Aggregate = Field(description="Values that the statistic is taken over.")
    statistic: Statistic = definition_key("max", "Over the values: max, p99 or p95.")
    period: Duration | None = definition_key(
        None, "Percentiles are taken over each of these periods, such as 1 d; default the whole record."
    )
    valid: Valid = Field(Valid(), description="How complete the record must be.")
    limits: HarmonicLimits = Field(HarmonicLimits(), description="Limits on all orders together.")
    orders: tuple[OrderLimit, ...] = Field((), description="Limits on orders; one check each.")
    interharmonics: tuple[OrderLimit, ...] = Field(
        (), description="Limits on what lies between an order and the next; one check each."
    )

    @model_validator(mode="after")
    def _limited(self) -> Harmonics:
        if not (self.limits.model_fields_set or self.orders or self.interharmonics):
            raise PydanticCustomError("limits", "nothing is limited: give limits, orders or interharmonics")
        return self

    @property
    def counting(self) -> Counting:
        """Over what the statistic is taken."""
        return Counting(self.statistic, self.period, self.aggregate, self.valid, self.frequency)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its limit, and the orders that it adds up or looks for the largest of.

    Parameters
    ----------
    name : str
    model : LimitModel
    orders : tuple of int
    what : {"thd", "tdd", "harmonic", "interharmonic"}
    text : str
        The orders in words.
    """

    name: str
    model: LimitModel
    orders: tuple[int, ...]
    what: Literal["thd", "tdd", "harmonic", "interharmonic"]
    text: str

    @property
    def is_total(self) -> bool:
        """Whether orders are added up."""
        return self.what in ("thd", "tdd")

    @property
    def relative(self) -> str | None:
        """`%`, `pu`, or None where the limit is in the signal's unit."""
        bound = self.model.max if self.model.max is not None else self.model.min
        return bound.base if bound is not None and bound.base in ("%", "pu") else None

    def top(self, method: str) -> float:
        """Highest order that is looked at."""
        return max(self.orders) + (1.0 if self.what == "interharmonic" else 0.5 if method == "group" else 0.0)


def parts(requirement: Harmonics) -> tuple[Check, ...]:
    """Every check, in the order of the results."""
    every = tuple(range(2, requirement.max_order + 1))
    text, limits, found = f"orders 2 to {requirement.max_order}", requirement.limits, list[Check]()
    if limits.thd is not None:
        found.append(Check("thd", limits.thd, every, "thd", text))
    if limits.tdd is not None:
        found.append(Check("tdd", limits.tdd, every, "tdd", text))
    for number, part in enumerate(requirement.orders):
        found.append(Check(f"orders[{number}]", part, part.orders, "harmonic", part.text))
    for number, part in enumerate(requirement.interharmonics):
        found.append(Check(f"interharmonics[{number}]", part, part.orders, "interharmonic", part.text))
    return tuple(found)


def base_of(check: Check, requirement: Harmonics) -> Literal["fundamental", "rated"] | Demand | None:
    """What the measured value is a ratio to; None for a value in the signal's unit."""
    if check.relative is None:
        return None
    if check.what == "thd":
        return "fundamental"
    return "rated" if check.relative == "pu" else requirement.base
