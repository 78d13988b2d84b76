"""The campaign document: which recordings and submissions are judged, against which specs, one result each."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.language import Identifier, Model, Text
from slacheck.spec.model import Version


class CampaignEntry(Model):
    """Recordings against a spec, or submissions: what one line of a campaign stands for."""

    id: Identifier | None = Field(
        None,
        description="Name of the entry, before the names of its results. Default: the spec's file name, without .yaml.",
    )
    submissions: Text | None = Field(
        None,
        description="Submission documents: a path or pattern, relative to this document's folder: vendors/*.sla.yaml.",
    )
    spec: Text | None = Field(
        None, description="Path of the spec, relative to this document's folder, with forward slashes."
    )
    captures: Text | None = Field(
        None,
        description="Recordings: a path or pattern (* within a folder, ** through folders), relative to this "
        "document's folder; or a URL (s3://, https://).",
    )
    test: Text | None = Field(None, description="Test of the spec under which they were recorded.")
    signals: dict[str, Text] = Field(
        default_factory=dict, description="Signal of the spec: channel of the captures. Only where the names differ."
    )
    per: Literal["capture", "entry"] = Field(
        "capture", description="capture: a result for each recording. entry: one for all, as repeats of one test are."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> CampaignEntry:
        if self.submissions is not None:
            if self.model_fields_set != {"submissions"}:
                raise PydanticCustomError(
                    "entry", "a submission names its spec, captures and tests itself; submissions must stand alone"
                )
        elif self.spec is None or self.captures is None:
            raise PydanticCustomError("entry", "an entry needs spec and captures, or submissions")
        return self


class CampaignModel(Model):
    """A campaign document."""

    slacheck: Version = Field(description="Version of the language: 1.")
    campaign: Identifier = Field(description="Name of the campaign.")
    title: Text | None = Field(None, description="One line for people.")
    entries: tuple[CampaignEntry, ...] = Field(description="What is judged, in any order.")

    @model_validator(mode="after")
    def _not_empty(self) -> CampaignModel:
        if not self.entries:
            raise PydanticCustomError("campaign", "a campaign needs an entry")
        return self
