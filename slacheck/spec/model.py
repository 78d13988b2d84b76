"""The spec: the keys of the document, and what it means once every name and unit is resolved.

The first half is what stands in the file; a key's description here is what an editor shows. The
second half, `Spec` and `Test`, is what all later stages work with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from slacheck.contract import DecisionRule, Kind, Signal
from slacheck.document import Document
from slacheck.language import (
    Boolean,
    DecisionModel,
    Identifier,
    Integer,
    Level,
    Model,
    Number,
    QuantityName,
    Requirement,
    Share,
    Text,
)
from slacheck.spec.derive import DeriveModel
from slacheck.spec.extends import Base
from slacheck.spec.remedies import RemediesModel
from slacheck.units import QuantityError, parse_unit

# ---------------------------------------------------------------- the document


def _version(value: object) -> object:
    if value == 1 or str(value) == "1":
        return 1
    raise PydanticCustomError(
        "version", "expected 1, the version of the spec language, got {got}", {"got": repr(str(value))}
    )


def _unit(value: object) -> object:
    try:
        parse_unit(str(value))
    except QuantityError as error:
        raise PydanticCustomError("unit", "{why}", {"why": str(error)}) from None
    return str(value)


Version = Annotated[Literal[1], BeforeValidator(_version), WithJsonSchema({"const": 1})]
UnitText = Annotated[
    Text, BeforeValidator(_unit), WithJsonSchema({"type": ["string", "number"], "examples": ["MW", "V", "Hz", "%"]})
]


class AccuracyModel(Model):
    """What the parties agreed of the instrument: a share of the reading, of the full scale, or both."""

    reading: Share | None = Field(None, description="Part proportional to the reading (gain).", examples=["0.5 %"])
    range: Share | None = Field(None, description="Part proportional to `full_scale` (offset).", examples=["0.05 %"])
    full_scale: Level | None = Field(None, description="Full scale of the instrument, in the signal's unit.")
    coverage_factor: Number | None = Field(
        None, gt=0, description="k of the statement. Absent: a maximum permissible error, u = a / sqrt(3)."
    )


class SignalModel(Model):
    """A quantity at a place in the contract."""

    quantity: QuantityName = Field(description="What is measured.")
    unit: UnitText = Field(description="Unit in which the spec and the reports write it.")
    rated: Level | None = Field(
        None, description="Base of `pu` and of `% of rated`; rms for an AC waveform.", examples=["40 MW"]
    )
    channel: Text | None = Field(None, description="Default column name in captures. Absent: the signal's name.")
    accuracy: AccuracyModel | None = Field(None, description="Used where a capture declares none, and reported so.")
    waveform: Literal["ac"] | None = Field(None, description="ac: samples of an AC waveform, whose rated is rms.")
    derive: DeriveModel | None = Field(None, description="Computed from another signal before measuring.")


class RepeatModel(Model):
    """How often a test is made."""

    count: Integer = Field(1, ge=1, description="Captures of the test, or events in them for event kinds.")


class TestModel(Model):
    """A procedure under which captures are made."""

    __test__ = False

    title: Text | None = Field(None, description="One line for reports.")
    description: Text | None = Field(None, description="How to make it.")
    repeat: RepeatModel = Field(RepeatModel(), description="Fewer repeats than this are INCONCLUSIVE.")


class SpecDocument(Model):
    """The keys at the top level, version 1 of the language.

    Signals, tests, requirements and remedies are validated one by one against `SignalModel`, `TestModel`,
    the model of their kind and `RemediesModel`, so that a fault in one does not hide those in others.
    """

    slacheck: Version = Field(description="Version of the spec language: 1.")
    id: Identifier = Field(description="Name of the spec, for machines.", examples=["hall-a-power"])
    title: Text | None = Field(None, description="One line for reports.")
    version: Text | None = Field(None, description="Version of this spec.", examples=["2.0"])
    description: Text | None = Field(None, description="Free text.")
    contract: dict[Text, Text] = Field(
        {}, description="Which contract this belongs to; free text values.", examples=[{"reference": "MSA-2026-014"}]
    )
    extends: Text | None = Field(
        None,
        description="Spec that this one is laid over: a file, or an installed profile.",
        examples=["profiles/itic-2000"],
    )
    strict: Boolean = Field(False, description="true: relying on a default of a definition key is an error.")
    require: tuple[Literal["calibration"], ...] = Field(
        (), description="calibration: without a calibration in force nothing passes."
    )
    decision: DecisionModel = Field(DecisionModel(), description="How measurement uncertainty enters the verdict.")
    signals: dict[Identifier, Any] = Field(description="Quantities that the requirements speak of.")
    tests: dict[Identifier, Any] = Field({}, description="Procedures under which captures are made.")
    requirements: tuple[Any, ...] = Field(min_length=1, description="The clauses.")
    remedies: Any = Field(None, description=RemediesModel.__doc__)


# ---------------------------------------------------------------- what it means


@dataclass(frozen=True, slots=True)
class Test:
    """A procedure under which captures are made, `repeat` times."""

    __test__ = False

    name: str
    title: str | None = None
    description: str | None = None
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec with every name, unit and default resolved.

    Two specs are equal when they mean the same, wherever they were read from.

    Parameters
    ----------
    kinds : mapping of str to Kind
        Every kind that is known, by name.
    document : Document, optional
        None for a spec built in code.
    raw : bytes
        The document as read; `sha256` is its digest.
    extends : tuple of Base
        The specs that it was laid over, the nearest first.
    resolved : dict
        The document with every default filled in: plain data, quantities as text.
    """

    id: str
    title: str | None
    version: str | None
    description: str | None
    contract: Mapping[str, str]
    decision: DecisionRule
    strict: bool
    require: tuple[str, ...]
    signals: Mapping[str, Signal]
    tests: Mapping[str, Test]
    requirements: tuple[Requirement, ...]
    resolved: dict[str, Any]
    kinds: Mapping[str, Kind[Any]] = field(compare=False, repr=False)
    document: Document | None = field(compare=False, repr=False)
    place: str = field(compare=False)
    raw: bytes = field(compare=False, repr=False)
    sha256: str = field(compare=False)
    extends: tuple[Base, ...] = field(default=(), compare=False, repr=False)
    remedies: RemediesModel | None = None

    def kind(self, requirement: Requirement) -> Kind[Any]:
        """The kind of a requirement."""
        return self.kinds[requirement.kind]

    def where(self, requirement_id: str, *path: str | int) -> str:
        """`file:line:column` of a requirement, or of a part of it.

        Raises
        ------
        KeyError
            If the spec has no such requirement.
        """
        for index, requirement in enumerate(self.requirements):
            if requirement.id == requirement_id:
                return self.place if self.document is None else self.document.where(("requirements", index, *path))
        raise KeyError(requirement_id)
