"""The submission document: which recordings a supplier hands in, under which tests, and what is claimed.

The keys are those of version 1 of the language; `load` resolves what they refer to.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from slacheck.language import Date, Identifier, Model, QuantityOf, Text
from slacheck.spec.model import Version
from slacheck.units import Quantity

Claimed = Annotated[Quantity, QuantityOf(examples=("80 ms",))]


class CaptureEntry(Model):
    """One recording: a file, the test it was made under, and where each signal stands in it."""

    test: Text | None = Field(None, description="Test of the spec under which it was recorded.")
    file: Text = Field(description="Path of the capture, relative to this document's folder, with forward slashes.")
    signals: dict[str, Text] = Field(
        default_factory=dict, description="Signal of the spec: channel of the capture. Only where the names differ."
    )


class ClaimEntry(Model):
    """A value that the supplier claims for one check."""

    requirement: Text = Field(description="Id of the requirement.")
    check: Text = Field(description="Name of its check: the limit's key, `bands[0]`, `mask`.")
    value: Claimed = Field(description="Claimed value, with its unit.")


class WaiverEntry(Model):
    """A deviation that the buyer has accepted: a label, which never changes a verdict."""

    requirement: Text = Field(description="Id of the requirement.")
    reason: Text = Field(description="Why the deviation is accepted.")
    by: Text = Field(description="Who accepted it.")
    expires: Date = Field(description="Last day of the waiver, for example 2027-01-31.")


class SubmissionModel(Model):
    """A submission document."""

    slacheck: Version = Field(description="Version of the language: 1.")
    submission: Identifier = Field(description="Name of the submission.")
    spec: Text = Field(description="Path of the spec, relative to this document's folder, with forward slashes.")
    supplier: Text | None = Field(None, description="Who submits.")
    captures: tuple[CaptureEntry, ...] = Field(description="The recordings.")
    claims: tuple[ClaimEntry, ...] = Field((), description="Values the supplier claims.")
    waivers: tuple[WaiverEntry, ...] = Field((), description="Deviations the buyer has accepted.")
