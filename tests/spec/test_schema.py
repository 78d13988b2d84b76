# ruff: noqa: E501
"""The JSON Schema: true to the models, committed as generated, useful in an editor."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from slacheck.errors import UsageError
from slacheck.spec.schema import schema, schema_text, spec_schema

ROOT = Path(__file__).parents[2]


@pytest.fixture
def validator(kinds):
    found = spec_schema(kinds)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def errors(validator, text):
    document = yaml.safe_load(text)
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in sorted(
            validator.iter_errors(document), key=lambda error: (list(map(str, error.absolute_path)), error.message)
        )
    ]


VALID = [
    ("as it is", "", ""),
    ("text keys as numbers", "id: hall", "id: hall\nversion: 7.1\ntitle: 5\ncontract: {schedule: 7, live: true}"),
    ("numeric id", "id: A-2", "id: 2"),
    ("quoted quantity", "max: 5 MW", 'max: "5 MW"'),
    ("profile", "reference: p,", "reference: {profile: [[0 s, 0 MW]]},"),
    ("refresh as a time", "refresh: half_cycle", "refresh: 10 ms"),
    ("no tests", "tests:\n  step: {title: Full step, repeat: {count: 3}}\n", ""),
    ("unit 1", "max: 5 MW", "max: 0.5 1"),
]


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in VALID], ids=[case[0] for case in VALID])
def test_schema_takes_valid_specs(base, validator, old, new):
    assert errors(validator, base.replace(old, new, 1) if old else base) == []


BROKEN = [
    # name, text, what replaces it, every message
    ("unknown top key", "id: hall", "id: hall\nsignal: {}", [": Additional properties are not allowed ('signal' was unexpected)"]),
    ("no id", "id: hall\n", "", [": 'id' is a required property"]),
    ("version", "slacheck: 1", "slacheck: 2", ["slacheck: 1 was expected"]),
    ("id", "id: hall", "id: a b", ["id: 'a b' does not match '^[A-Za-z0-9_][A-Za-z0-9_.\\\\-]*$'"]),
    ("title list", "id: hall", "id: hall\ntitle: [a]", ["title: ['a'] is not of type 'string', 'number', 'boolean'"]),
    ("strict text", "id: hall", "id: hall\nstrict: maybe", ["strict: 'maybe' is not of type 'boolean'"]),
    ("require", "id: hall", "id: hall\nrequire: [x]", ["require/0: 'calibration' was expected"]),
    ("rule", "rule: three_state", "rule: two", ["decision/rule: 'two' is not one of ['three_state', 'simple', 'guarded_acceptance', 'guarded_rejection']"]),
    ("coverage factor", "coverage_factor: 2", "coverage_factor: two", ["decision/coverage_factor: 'two' is not of type 'number'"]),
    ("quantity", "quantity: voltage, unit: V, waveform", "quantity: volts, unit: V, waveform", None),
    ("unit missing", "unit: V, waveform: ac", "waveform: ac", ["signals/v: 'unit' is a required property"]),
    ("signal key", "rated: 40 MW", "ratd: 40 MW", ["signals/p: Additional properties are not allowed ('ratd' was unexpected)"]),
    ("signal name", "  p_mean:", "  p mean:", None),
    ("rated bare", "rated: 40 MW", "rated: 40", ["signals/p/rated: 40 is not of type 'string'"]),
    ("rated without unit", "rated: 40 MW", "rated: '40'", None),
    ("waveform", "waveform: ac", "waveform: dc", ["signals/v/waveform: 'ac' was expected"]),
    ("accuracy key", "reading: 0.5 %", "reding: 0.5 %", ["signals/p/accuracy: Additional properties are not allowed ('reding' was unexpected)"]),
    ("two operations", "{mean: p, window", "{mean: p, rms: p, window", None),
    ("no operation", "{mean: p, window", "{window", None),
    ("refresh of a mean", "window: 100 ms", "window: 100 ms, refresh: cycle", ["signals/p_mean/derive: Additional properties are not allowed ('refresh' was unexpected)"]),
    ("window bare", "window: 100 ms", "window: 100", ["signals/p_mean/derive/window: 100 is not of type 'string'"]),
    ("test key", "title: Full", "titel: Full", ["tests/step: Additional properties are not allowed ('titel' was unexpected)"]),
    ("count", "count: 3", "count: three", ["tests/step/repeat/count: 'three' is not of type 'integer'"]),
    ("kind", "kind: follow", "kind: folow", ["requirements/1/kind: 'folow' is not one of ['level', 'follow']"]),
    ("kind missing", "kind: follow, ", "", ["requirements/1: 'kind' is a required property"]),
    ("requirement key", "statistic", "statistic", []),
    ("key of the other kind", "input: p,", "input: p, signal: p,", ["requirements/1: Additional properties are not allowed ('signal' was unexpected)"]),
    ("missing key of a kind", "output: p_mean, ", "", ["requirements/1: 'output' is a required property"]),
    ("severity", "    tests: [step]", "    severity: Mandatory", ["requirements/0/severity: 'Mandatory' is not one of ['mandatory', 'advisory']"]),
    ("tests text", "tests: [step]", "tests: step", ["requirements/0/tests: 'step' is not of type 'array'"]),
    ("limit bare", "max: 5 MW", "max: 5", ["requirements/0/limits/high/max: 5 is not of type 'string'"]),
    ("limit key", "max: 5 MW", "mx: 5 MW", ["requirements/0/limits/high: Additional properties are not allowed ('mx' was unexpected)"]),
    ("nested choice", "{length: 1 s}", "{length: 1 s, taper: x}", ["requirements/0/window/taper: 'x' is not one of ['hann', 'rectangular', 'flattop']"]),
    ("condition without for", ", for: 60 s", "", ["requirements/0/conditions/0: 'for' is a required property"]),
    ("null", "signal: p\n", "signal:\n", ["requirements/0/signal: None is not of type 'string', 'number', 'boolean'"]),
    ("no requirements", "requirements:\n", "requirements: []\nspare:\n", None),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), [c[1:] for c in BROKEN], ids=[c[0] for c in BROKEN])
def test_schema_names_what_is_wrong_where_it_stands(base, faults, validator, old, new, expected):
    text = base.replace(old, new, 1)
    found = errors(validator, text)
    assert bool(found) == (expected is None or bool(expected))
    if expected is not None:
        assert found == expected
    assert bool(faults(text)) == bool(found)  # the models refuse it too


def test_schema_every_key_has_a_description(kinds):
    silent = []

    def visit(node, path):
        for name, child in node.get("properties", {}).items():
            if not child.get("description") and "$ref" not in child and "const" not in child:
                silent.append(f"{path}.{name}")
        for name, child in node.get("$defs", {}).items():
            visit(child, name)

    visit(spec_schema(kinds), "")
    visit(schema("spec"), "")
    assert silent == []


def test_schema_quantities_have_examples_and_defaults_are_text():
    text = json.dumps(schema("spec"))
    assert '"Quantity"' not in text
    assert '"null"' not in text
    definitions = schema("spec")["$defs"]
    assert definitions["RmsDerive"]["properties"]["window"]["examples"] == ["1 cycle", "100 ms"]
    assert definitions["RampRate"]["properties"]["pre_average"]["default"] == "0 s"


def test_schema_definitions_are_all_used():
    found = schema("spec")
    text = json.dumps(found)
    assert [name for name in found["$defs"] if f"#/$defs/{name}" not in text] in ([], ["MeanDerive", "RmsDerive"])
    assert "#/$defs/RmsDerive" in text


@pytest.mark.parametrize("name", ["spec", "capture", "submission", "campaign"])
def test_schema_of_each_document_is_a_schema(name):
    Draft202012Validator.check_schema(schema(name))


def test_schema_of_anything_else_is_a_usage_error():
    with pytest.raises(
        UsageError, match="there is no schema 'results'; there are: spec, capture, submission, campaign"
    ):
        schema("results")


@pytest.mark.parametrize("name", ["spec", "capture", "submission", "campaign"])
def test_committed_schema_is_the_generated_one(name):
    committed = (ROOT / "specs" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(name), f"run: python -m slacheck.spec.schema {name} > specs/{name}.schema.json"


def documents():
    return sorted([*ROOT.glob("specs/kinds/*.yaml"), *ROOT.glob("specs/profiles/*.yaml")])


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.stem)
def test_committed_specs_fit_the_schema(path):
    found = errors(Draft202012Validator(schema("spec")), path.read_text(encoding="utf-8"))
    assert found == []
