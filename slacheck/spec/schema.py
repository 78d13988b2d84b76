"""JSON Schema (2020-12) of the documents, for editors: completion, hover, structure.

pydantic writes a union as `oneOf`, of which validators can only say that nothing fits. Here the
choice among kinds is an `enum` and one `if`/`then` for each kind, so that a fault is named where
it stands. What only several keys together show (units, names) is left to `slacheck lint`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from pkgutil import resolve_name
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from slacheck.contract import Kind
from slacheck.errors import UsageError
from slacheck.language import Requirement
from slacheck.spec.derive import OPERATIONS
from slacheck.spec.model import SignalModel, SpecDocument, TestModel
from slacheck.spec.plugins import all_kinds
from slacheck.spec.remedies import RemediesModel
from slacheck.units import Quantity

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{model}"
_QUANTITY = {field.name for field in fields(Quantity)}
# Found by name, since a submission stands above the spec in the house.
_MODELS = {
    "capture": ("slacheck.capture.sidecar:Sidecar", "slacheck sidecar of a capture"),
    "submission": ("slacheck.submission.model:SubmissionModel", "slacheck submission"),
    "campaign": ("slacheck.submission.campaign_model:CampaignModel", "slacheck campaign"),
}


def schema(name: str) -> dict[str, Any]:
    """The schema of a "spec", a "capture" (its sidecar), a "submission" or a "campaign".

    Raises
    ------
    UsageError
        If there is no document of that name.
    """
    if name == "spec":
        return spec_schema(all_kinds())
    if name not in _MODELS:
        raise UsageError(f"there is no schema {name!r}; there are: spec, {', '.join(_MODELS)}")
    where, title = _MODELS[name]
    return _document_schema(resolve_name(where), title)


def spec_schema(kinds: Iterable[Kind[Any]]) -> dict[str, Any]:
    """The schema of specs with these kinds."""
    kinds = tuple(kinds)
    models: tuple[type[BaseModel], ...] = (
        SpecDocument,
        SignalModel,
        TestModel,
        RemediesModel,
        *(kind.model for kind in kinds),
    )
    references, definitions = _definitions(models)
    root = definitions.pop(_name(references[SpecDocument]))
    properties = root["properties"]
    for section, model in (("signals", SignalModel), ("tests", TestModel)):
        names = next(iter(properties[section].pop("patternProperties")))
        properties[section] |= {"patternProperties": {names: references[model]}, "additionalProperties": False}
    description = SpecDocument.model_fields["remedies"].description
    properties["remedies"] = {**references[RemediesModel], "type": "object", "description": description}
    properties["requirements"]["items"] = _requirement(kinds, references)
    definitions[_name(references[SignalModel])]["properties"]["derive"] = _derive(definitions)
    _relax_extended(root)
    return _finished(root, definitions, "slacheck spec")


def _relax_extended(root: dict[str, Any]) -> None:
    """A spec that extends another says only what differs, so its parts need not be whole."""
    properties = root["properties"]
    parts = {name: properties[name] for name in ("signals", "tests", "requirements", "remedies")}
    properties |= {name: {key: part[key] for key in ("type", "description")} for name, part in parts.items()}
    partial = {"properties": {"requirements": {"items": {"type": "object", "required": ["id"]}}}}
    whole = {"required": [name for name in root["required"] if name in parts], "properties": parts}
    root["required"] = [name for name in root["required"] if name not in parts]
    root |= {"if": {"required": ["extends"]}, "then": partial, "else": whole}


def _requirement(kinds: tuple[Kind[Any], ...], references: dict[type[BaseModel], Any]) -> dict[str, Any]:
    """A requirement: its kind is one of a list, and the kind says which keys there are."""
    info = Requirement.model_fields["kind"]
    return {
        "type": "object",
        "required": ["id", "kind"],
        "properties": {"kind": {"enum": [kind.name for kind in kinds], "description": info.description}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
                "then": {**references[kind.model], "description": kind.manual.partition("\n")[0]},
            }
            for kind in kinds
        ],
    }


def _derive(definitions: dict[str, Any]) -> dict[str, Any]:
    """A derivation: the operation key says which other keys there are; `frequency` is one only without another."""
    others = [{"required": [key]} for key in OPERATIONS if key != "frequency"]
    chosen: dict[str, Any] = {key: {"required": [key]} for key in OPERATIONS}
    chosen["frequency"] = {"required": ["frequency"], "not": {"anyOf": others}}
    return {
        "type": "object",
        "description": SignalModel.model_fields["derive"].description,
        "oneOf": list(chosen.values()),
        "allOf": [
            {"if": condition, "then": {"$ref": _REF.format(model=OPERATIONS[key].__name__)}}
            for key, condition in chosen.items()
        ],
    }


def _document_schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    references, definitions = _definitions((model,))
    return _finished(definitions.pop(_name(references[model])), definitions, title)


def _definitions(models: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], Any], dict[str, Any]]:
    """A reference for each model, and the definitions they point to; names that clash are made long."""
    found, schemas = models_json_schema([(model, "validation") for model in models], by_alias=True, ref_template=_REF)
    references: dict[Any, Any] = {model: {"$ref": reference["$ref"]} for (model, _), reference in found.items()}
    definitions: dict[str, Any] = schemas["$defs"]
    return references, definitions


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _finished(root: dict[str, Any], definitions: dict[str, Any], title: str) -> dict[str, Any]:
    whole = {"$schema": DIALECT, **root, "title": title, "$defs": dict(sorted(definitions.items()))}
    finished: dict[str, Any] = _tidy(whole)
    return finished


def _tidy(node: Any, names: bool = False) -> Any:
    """Without `null` (nothing in the language is null), titles made from Python names, and quantities taken apart.

    `names` says that the keys of `node` are names of the document, not words of JSON Schema.
    """
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {
        key: _tidy(value, names=key in ("properties", "$defs") and not names)
        for key, value in node.items()
        if names or not ((key == "title" and "$schema" not in node) or (key == "default" and value is None))
    }
    if tidy.keys() == _QUANTITY:
        return tidy["text"]
    if names or "anyOf" not in tidy:
        return tidy
    members = [member for member in tidy.pop("anyOf") if member != {"type": "null"}]
    return {**members[0], **tidy} if len(members) == 1 else {**tidy, "anyOf": members}


def schema_text(name: str) -> str:
    """The schema as it stands in a file."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(schema_text(sys.argv[1] if len(sys.argv) > 1 else "spec"))
