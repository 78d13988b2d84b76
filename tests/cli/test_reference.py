"""`schema`, `kinds`, `inspect`."""

import json

import jsonschema
import pytest
from click.testing import CliRunner

from slacheck.cli.main import main
from slacheck.kinds import NAMES, own_kind

KINDS = tuple(map(own_kind, NAMES))


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.mark.parametrize("name", ["spec", "capture", "submission", "results"])
def test_schema_is_valid_2020_12(name):
    result = run("schema", name)
    schema = json.loads(result.stdout)
    assert result.exit_code == 0
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


def test_schema_default_is_that_of_the_spec():
    assert run("schema").stdout == run("schema", "spec").stdout


def test_schema_unknown_name_exits_with_2():
    assert run("schema", "pack").exit_code == 2


def test_schema_of_results_fits_what_check_prints(facility):
    schema = json.loads(run("schema", "results").stdout)
    document = json.loads(run("check", facility.spec(), facility.capture(), "--format", "json").stdout)
    jsonschema.Draft202012Validator(schema).validate(document)


def test_schema_of_submissions_fits_one():
    validator = jsonschema.Draft202012Validator(json.loads(run("schema", "submission").stdout))
    whole = {
        "slacheck": 1,
        "submission": "vendor-a",
        "spec": "tiny.yaml",
        "captures": [{"test": "run", "file": "run-1.csv", "signals": {"power": "P"}}],
        "claims": [{"requirement": "R", "check": "up", "value": "80 ms"}],
        "waivers": [{"requirement": "R", "reason": "r", "by": "b", "expires": "2027-01-31"}],
    }
    validator.validate(whole)
    for key in ("slacheck", "submission", "spec", "captures"):
        assert not validator.is_valid({k: v for k, v in whole.items() if k != key})
    assert not validator.is_valid(whole | {"extra": 1})


def test_kinds_table_names_every_kind_within_80_columns():
    result = run("kinds")
    assert result.exit_code == 0
    starts = [line.split()[0] for line in result.stdout.splitlines() if line[:1].strip()]
    assert [kind.name for kind in KINDS] == starts[: len(KINDS)]
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_kinds_name_prints_the_manual_page():
    result = run("kinds", KINDS[0].name)
    assert KINDS[0].manual.strip() in result.stdout


def test_kinds_unknown_name_exits_with_2():
    result = run("kinds", "ramp_rat")
    assert result.exit_code == 2
    assert result.stderr == "slacheck: error: there is no kind 'ramp_rat'; did you mean 'ramp_rate'?\n"


def test_inspect_shows_channels_units_and_rate(facility):
    result = run("inspect", facility.capture())
    assert result.exit_code == 0
    assert "P" in result.stdout
    assert "kW" in result.stdout
    assert "100 Hz" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_inspect_json_is_one_document(facility):
    document = json.loads(run("inspect", facility.capture(), "--format", "json").stdout)
    assert isinstance(document, dict)


def test_inspect_unreadable_capture_exits_with_2(facility):
    for name, text in (("a.csv", "no recording"), ("b.xyz", "x")):
        result = run("inspect", facility.write(name, text))
        assert result.exit_code == 2
        assert name in result.stderr
        assert "Traceback" not in result.stderr
    assert run("inspect", facility.folder / "gone.csv").exit_code == 2
