"""`remedies:`, what the parties agreed that a failure costs: service credits, and the price of headroom.

Credits are named, so that a spec that `extends` another changes one of them by its name. This
module knows the keys and what several of them together must not say; `evidence.credits` does the
arithmetic, from the resolved text alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from slacheck.contract import CheckPlan, Problem, Signal, level_problem
from slacheck.language import Identifier, Level, Model, Text
from slacheck.money import Money, parse_money
from slacheck.units import Quantity, QuantityError, parse_quantity
from slacheck.wording import choose

if TYPE_CHECKING:
    from slacheck.language import Requirement

_MOST = 10.0
"""Largest part of the charge that a credit or a cap may be. [1]"""
MEASURED = ("excess", "excess_percent", "value")
"""What `counts` may name beside counts of failures: numbers that were measured."""


class MoneyOf:
    """Annotation for money; `share` also takes a percentage, `tariff` wants a price of energy instead."""

    def __init__(self, *, share: bool = False, tariff: bool = False) -> None:
        self.share = share
        self.tariff = tariff

    @property
    def example(self) -> str:
        """What a message shows."""
        return "85.00 USD/MWh" if self.tariff else "5 %' or '12500.00 USD" if self.share else "250000.00 USD"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate text to `Money`, or to a `Quantity` in %."""
        return core_schema.no_info_plain_validator_function(
            self._validate, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A number and a currency."""
        money = r"\d+(\.\d+)?\s+[A-Z]{3}" + (r"/\S+" if self.tariff else "")
        percent = r"|\d+(\.\d+)?\s*%" if self.share else ""
        return {"type": "string", "pattern": rf"^\s*({money}{percent})\s*$", "examples": self.example.split("' or '")}

    def _validate(self, value: object) -> Money | Quantity:
        if isinstance(value, Money | Quantity):
            return value
        if not isinstance(value, str):
            raise _fault(f"expected '{self.example}'")
        try:
            if self.share and str(value).rstrip().endswith("%"):
                return self._percentage(str(value))
            money = parse_money(str(value))
        except QuantityError as error:
            raise _fault(str(error)) from None
        if self.tariff and (money.per is None or money.per.base != "J"):
            raise _fault(f"expected a price of energy such as '{self.example}', got '{money.text}'")
        if not self.tariff and money.per is not None:
            raise _fault(f"expected an amount such as '{self.example}', got '{money.text}'")
        return money

    def _percentage(self, text: str) -> Quantity:
        percentage = parse_quantity(text)
        if percentage.base != "%" or not 0 <= percentage.value <= _MOST:
            raise _fault(f"expected '{self.example}', not negative and at most 1000 %, got '{text}'")
        return percentage


def _fault(why: str) -> PydanticCustomError:
    return PydanticCustomError("money", "{why}", {"why": why})


class AmountOf:
    """Annotation for a step of what a credit counts: a bare whole number of failures, or a quantity."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate to a `Quantity`; a count has the base unit "1" and no unit."""
        return core_schema.no_info_plain_validator_function(
            self._validate, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A whole number, or a quantity as text."""
        return {"type": ["string", "integer"], "examples": [1, "60 min", "1 %"]}

    def _validate(self, value: object) -> Quantity:
        if isinstance(value, Quantity):
            return value
        text = str(value).strip()
        if isinstance(value, str | int) and not isinstance(value, bool) and text.isascii() and text.isdigit():
            return Quantity(float(text[:15]), "1", "", text)
        try:
            if not isinstance(value, str):
                raise QuantityError("expected a whole number of failures, or a quantity such as '60 min'")
            return parse_quantity(text)
        except QuantityError as error:
            raise PydanticCustomError("amount", "{why}", {"why": str(error)}) from None


Amount = Annotated[Quantity, AmountOf()]
"""How many failures, or how much of what is measured."""
Charge = Annotated[Money, MoneyOf()]
Tariff = Annotated[Money, MoneyOf(tariff=True)]
Credit = Annotated[Money | Quantity, MoneyOf(share=True)]
"""Part of the charge, or an amount."""


class IncrementsModel(Model):
    """So much for each so much."""

    per: Amount = Field(description="Length of an increment.", examples=["60 min", 1])
    credit: Credit = Field(description="For each increment.")
    rounding: Literal["floor", "ceil", "none"] = Field(
        description="floor: whole increments only; ceil: every started one; none: in proportion."
    )


class StepModel(Model):
    """One step of a schedule; the deepest one that is reached counts, alone."""

    from_: Amount | None = Field(None, alias="from", description="Reached at this much or more.", examples=[2, "1 %"])
    below: Level | None = Field(None, description="counts: value. Reached below this.", examples=["99.9 %"])
    above: Level | None = Field(None, description="counts: value. Reached above this.")
    credit: Credit = Field(description="At this step.")

    @property
    def key(self) -> str:
        """Which of the three is written."""
        return "from" if self.from_ is not None else "below" if self.below is not None else "above"

    @property
    def threshold(self) -> Quantity:
        """Where the step begins."""
        found = self.from_ or self.below or self.above
        if found is None:
            raise ValueError("a step needs a threshold")
        return found

    @model_validator(mode="after")
    def _one(self) -> StepModel:
        if sum(threshold is not None for threshold in (self.from_, self.below, self.above)) != 1:
            raise PydanticCustomError("step", "a step needs one of from, below and above")
        return self


class CreditModel(Model):
    """One service credit: what is counted, and what it costs."""

    title: Text | None = Field(None, description="One line for reports.")
    clause: Text | None = Field(None, description="Number of the clause in the contract.")
    requirements: tuple[Text, ...] = Field(min_length=1, description="Clauses whose failure costs.")
    check: Text | None = Field(None, description="Only checks of this name; for what is measured.")
    counts: Literal["failed_requirements", "failed_findings", "failed_checks", "excess", "excess_percent", "value"] = (
        Field(
            "failed_requirements",
            description="Failures (clauses, captures, or checks of events), or how far the checks that FAIL lie "
            "beyond the limit (in its unit, or in % of it) or the value itself.",
        )
    )
    over: Literal["worst", "total"] = Field("worst", description="Of several failed checks the worst, or their sum.")
    onset: Credit | None = Field(None, description="Once, as soon as one has failed.")
    increments: IncrementsModel | None = Field(None, description="So much for each so much.")
    schedule: tuple[StepModel, ...] = Field((), description="Steps, the mildest first; the deepest one reached counts.")
    cap: Credit | None = Field(None, description="At most this; absent: the cap of the whole.")

    @model_validator(mode="after")
    def _costs(self) -> CreditModel:
        if self.onset is None and self.increments is None and not self.schedule:
            raise PydanticCustomError("credit", "a credit needs onset, increments or schedule")
        return self


class HeadroomModel(Model):
    """What reserved power that was not used costs."""

    title: Text | None = Field(None, description="One line for reports.")
    clause: Text | None = Field(None, description="Number of the clause in the contract.")
    signal: Text = Field(description="Power that is used.")
    reserved: Level = Field(description="Power that is reserved (% and pu of rated).", examples=["40 MW"])
    integrand: Literal["difference", "positive_part"] = Field(
        "difference",
        description="difference: reserved less used; positive_part: the same, but zero while more is used.",
    )
    possible: tuple[Level, Level] | None = Field(
        None,
        description="Least and most that can have been used where no sample is. Absent: gaps leave the cost unbounded.",
    )
    tariff: Tariff = Field(description="Price of energy.")


class RemediesModel(Model):
    """What the parties agreed that a failure, or headroom, costs; it never changes a verdict."""

    charge: Charge = Field(description="What the credits are a part of, for the period that is judged.")
    cap: Credit = Field(parse_quantity("100 %"), description="All credits together are at most this.")
    rounding: Literal["half_even", "half_up", "floor", "ceil"] = Field(
        "half_even", description="To whole cents, once for each credit and each cost."
    )
    waived: Literal["due", "suspended"] = Field(
        "due", description="What a waiver in force does to the credits of its clause."
    )
    credits: dict[Identifier, CreditModel] = Field({}, description="Service credits, by name.")
    headroom: dict[Identifier, HeadroomModel] = Field({}, description="Costs of headroom, by name.")

    @model_validator(mode="after")
    def _something(self) -> RemediesModel:
        if not self.credits and not self.headroom:
            raise PydanticCustomError("remedies", "remedies need credits or headroom")
        return self


# ---------------------------------------------------------------- what several keys together show


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rest of the spec says, as far as it is right."""

    requirements: Mapping[str, Requirement | None]
    """By id; None for one that is written but is not right itself."""
    signals: Mapping[str, Signal]
    signal_names: Iterable[str]
    checks: Callable[[Requirement], tuple[CheckPlan, ...]]


def remedies_problems(model: RemediesModel, around: Surroundings) -> Iterator[Problem]:
    """Faults of a block whose keys are right by themselves."""
    yield from _currency_problems(model)
    for name, credit in model.credits.items():
        for problem in _credit_problems(credit, around):
            yield Problem(("credits", name, *problem.path), problem.message, problem.fix)
    for name, headroom in model.headroom.items():
        for problem in _headroom_problems(headroom, around):
            yield Problem(("headroom", name, *problem.path), problem.message, problem.fix)


def _monies(model: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Money]]:
    """Every amount of money in the block, in its order."""
    if isinstance(model, Money):
        yield path, model
    elif isinstance(model, Model):
        for name, info in type(model).model_fields.items():
            yield from _monies(getattr(model, name), (*path, info.alias or name))
    elif isinstance(model, Mapping):
        for name, value in model.items():
            yield from _monies(value, (*path, name))
    elif isinstance(model, tuple):
        for index, value in enumerate(model):
            yield from _monies(value, (*path, index))


def _currency_problems(model: RemediesModel) -> Iterator[Problem]:
    for path, money in _monies(model):
        if money.currency != model.charge.currency:
            message = f"{money.text!r} is in another currency than the charge, {model.charge.text!r}"
            yield Problem(path, message, f"write it in {model.charge.currency}; slacheck knows no exchange rate")


def _credit_problems(credit: CreditModel, around: Surroundings) -> Iterator[Problem]:
    seen = set()
    for index, name in enumerate(credit.requirements):
        if name not in around.requirements:
            fix = choose(name, around.requirements, "requirements")
            yield Problem(("requirements", index), f"there is no requirement {name!r}", fix)
        if name in seen:
            yield Problem(("requirements", index), f"{name!r} stands here twice, and would be counted twice")
        seen.add(name)
    if credit.counts in MEASURED:
        found = [around.requirements.get(name) for name in credit.requirements]
        yield from _measured_problems(credit, [r for r in found if r is not None], around)
    else:
        yield from _count_problems(credit)
    yield from _order_problems(credit)


def _count_problems(credit: CreditModel) -> Iterator[Problem]:
    if credit.check is not None:
        yield Problem(("check",), f"{credit.counts} counts whatever failed, so no check is named", "remove it")
    if credit.over == "total":
        yield Problem(("over",), f"{credit.counts} is a sum already", "remove it")
    for path, amount in _amounts(credit):
        if amount.unit:
            yield Problem(path, f"{credit.counts} is a number of failures, got {amount.text!r}", "write a whole number")
    for index, step in enumerate(credit.schedule):
        if step.key != "from":
            yield Problem(("schedule", index, step.key), f"{step.key} is for `counts: value`", "write from")


def _amounts(credit: CreditModel) -> Iterator[tuple[tuple[str | int, ...], Quantity]]:
    if credit.increments is not None:
        yield ("increments", "per"), credit.increments.per
    for index, step in enumerate(credit.schedule):
        if step.key == "from":
            yield ("schedule", index, "from"), step.threshold


def _measured_problems(credit: CreditModel, requirements: list[Requirement], around: Surroundings) -> Iterator[Problem]:
    if credit.over == "total" and credit.schedule and credit.counts == "value":
        yield Problem(("over",), "a schedule on `counts: value` looks at the worst check", "remove it")
    for requirement in requirements:
        plans = [plan for plan in around.checks(requirement) if credit.check in (None, plan.name)]
        if not plans:
            names = [plan.name for plan in around.checks(requirement)]
            message = f"{requirement.id} has no check {credit.check!r}"
            yield Problem(("check",), message, choose(str(credit.check), names, "checks"))
        for plan in plans:
            yield from _plan_problems(credit, plan, requirement.id)


def _plan_problems(credit: CreditModel, plan: CheckPlan, name: str) -> Iterator[Problem]:
    """Whether what a credit counts fits one of the checks that it looks at."""
    what = f"{plan.name} of {name}"
    bounds = (plan.limit.max, plan.limit.min)
    if credit.counts == "excess_percent" and 0.0 in bounds:
        yield Problem(("counts",), f"the limit of {what} is 0, of which nothing is a percentage", "write excess")
    if credit.counts == "value" and credit.increments is not None and plan.limit.max is None:
        message = f"{what} has a minimum, so there is less of it the worse it is"
        yield Problem(("increments",), message, "write counts: excess")
    base = "%" if credit.counts == "excess_percent" else plan.unit
    fitting = ("%", "pu", "1") if base == "1" else (base,)
    for path, amount in _amounts(credit):
        if amount.base not in fitting or not amount.unit:
            yield Problem(path, f"{amount.text!r} does not fit {what}, which counts in {base}")
    for index, step in enumerate(credit.schedule):
        yield from _step_problems(credit, step, plan, ("schedule", index, step.key), what)


def _step_problems(
    credit: CreditModel, step: StepModel, plan: CheckPlan, path: tuple[str | int, ...], what: str
) -> Iterator[Problem]:
    if (step.key == "from") == (credit.counts == "value"):
        wanted = "below or above" if credit.counts == "value" else "from"
        yield Problem(path, f"with `counts: {credit.counts}` a step begins {wanted}")
        return
    if step.key == "from":
        return
    fitting = ("%", "pu", "1") if plan.unit == "1" else (plan.unit,)
    bound = plan.limit.min if step.key == "below" else plan.limit.max
    if step.threshold.base not in fitting:
        yield Problem(path, f"{step.threshold.text!r} does not fit {what}, which counts in {plan.unit}")
    elif bound is None:
        yield Problem(path, f"{what} has no {'minimum' if step.key == 'below' else 'maximum'}, so it never fails there")
    elif (step.threshold.value > bound) if step.key == "below" else (step.threshold.value < bound):
        message = f"{step.threshold.text!r} lies inside the limit of {what}; what passes earns no credit"
        yield Problem(path, message, "begin at the limit")


def _order_problems(credit: CreditModel) -> Iterator[Problem]:
    """The mildest step first, none costs less than a milder one; an increment is more than nothing."""
    if credit.increments is not None and not credit.increments.per.value > 0:
        yield Problem(("increments", "per"), "an increment must be more than zero")
    for index, (mild, deep) in enumerate(zip(credit.schedule, credit.schedule[1:], strict=False), 1):
        path = ("schedule", index, deep.key)
        if mild.key != deep.key or mild.threshold.base != deep.threshold.base:
            yield Problem(path, "the steps of a schedule have one key and one unit")
            continue
        deeper = deep.threshold.value - mild.threshold.value
        if not (deeper < 0 if deep.key == "below" else deeper > 0):
            yield Problem(path, "the steps of a schedule stand in order, the mildest first")
        if isinstance(mild.credit, Money) != isinstance(deep.credit, Money):
            yield Problem(("schedule", index, "credit"), "the credits of a schedule are all in % or all money")
        elif _size(deep.credit) < _size(mild.credit):
            yield Problem(("schedule", index, "credit"), "a deeper step costs less than a milder one")


def _size(credit: Money | Quantity) -> float:
    return float(credit.cents) if isinstance(credit, Money) else credit.value


def _headroom_problems(headroom: HeadroomModel, around: Surroundings) -> Iterator[Problem]:
    signal = around.signals.get(headroom.signal)
    if headroom.signal not in around.signal_names:
        fix = choose(headroom.signal, around.signal_names, "signals")
        yield Problem(("signal",), f"there is no signal {headroom.signal!r}", fix)
    if signal is None:
        return
    if signal.quantity != "active_power":
        message = f"the signal {signal.name!r} is of {signal.quantity}; energy is the integral of active power"
        yield Problem(("signal",), message, "name a signal of quantity active_power")
        return
    yield from level_problem(("reserved",), headroom.reserved, signal, signed=False)
    for index, end in enumerate(headroom.possible or ()):
        yield from level_problem(("possible", index), end, signal)
