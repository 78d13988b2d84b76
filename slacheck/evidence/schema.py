"""JSON Schemas (2020-12) of results, manifest, signed statement and redaction, as shipped in the package."""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from typing import Any


def results_schema() -> dict[str, Any]:
    """The schema of `results.json`, version 1."""
    return _shipped("results.schema.json")


def manifest_schema() -> dict[str, Any]:
    """The schema of `manifest.json`, version 1."""
    return _shipped("manifest.schema.json")


def attestation_schema() -> dict[str, Any]:
    """The schema of the statement that parties sign, predicate version 1."""
    return _shipped("attestation.schema.json")


def redaction_schema() -> dict[str, Any]:
    """The schema of `redaction.json`, version 1."""
    return _shipped("redaction.schema.json")


def _shipped(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(files("slacheck.evidence").joinpath(name).read_text(encoding="utf-8"))
    return schema


def schema_faults(document: Any, schema: dict[str, Any]) -> list[str]:
    """Where and how `document` departs from the schema, at most 20 lines; none if it is valid."""
    import jsonschema

    errors = jsonschema.Draft202012Validator(schema).iter_errors(document)
    lines = (f"{'.'.join(map(str, error.absolute_path)) or 'document'}: {error.message[:300]}" for error in errors)
    return sorted(itertools.islice(lines, 20))
