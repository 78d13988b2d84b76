"""`lint`, `explain`, `plan`: documents in, text or positioned errors out, and nothing heavy imported."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def ready(facility, monkeypatch):
    facility.spec()
    facility.capture()
    facility.submission()
    monkeypatch.chdir(facility.folder)
    return facility


def test_lint_says_what_each_document_is(ready):
    result = run("lint", "tiny.yaml", "a.sla.yaml", "run-1.csv.meta.yaml")
    assert result.stdout == (
        "tiny.yaml: ok (spec, 1 requirement)\n"
        "a.sla.yaml: ok (submission, 1 capture)\n"
        "run-1.csv.meta.yaml: ok (sidecar, 1 channel)\n"
    )
    assert (result.exit_code, result.stderr) == (0, "")


def test_lint_goes_by_the_keys_and_not_by_the_name(ready):
    (ready.folder / "a.sla.yaml").rename(ready.folder / "plain.yml")
    assert run("lint", "plain.yml").stdout == "plain.yml: ok (submission, 1 capture)\n"


def test_lint_shows_every_error_of_every_file(ready):
    ready.write("one.yaml", "slacheck: 1\nid: a\nsignals: {p: {quantity: powr, unit: W}}\nrequirements: []\nextra: 1\n")
    ready.write("two.meta.yaml", "slacheck: 1\nchannels: {P: {unit: kg}}\nanti_alias: maybe\n")
    result = run("lint", "one.yaml", "tiny.yaml", "two.meta.yaml")
    places = [line.partition(": error")[0] for line in result.stderr.splitlines() if ": error: " in line]
    assert {place.partition(":")[0] for place in places} == {"one.yaml", "two.meta.yaml"}
    assert len(places) >= 5
    assert all(place.count(":") == 2 for place in places)
    assert result.stdout == "tiny.yaml: ok (spec, 1 requirement)\n"
    assert result.exit_code == 2


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", "name: other\n", "just text"])
def test_lint_something_else_is_refused(ready, text):
    ready.write("other.yaml", text)
    result = run("lint", "other.yaml")
    assert result.exit_code == 2
    assert result.stderr.startswith("other.yaml:1:1: error: this is not a document of slacheck\n")


def test_lint_missing_file_is_refused(ready):
    result = run("lint", "gone.yaml")
    assert (result.exit_code, result.stderr) == (2, "gone.yaml: error: cannot be read: No such file or directory\n")


def test_lint_name_with_control_characters_is_escaped(ready):
    (ready.folder / "tiny.yaml").rename(ready.folder / "a\x1b[31m.yaml")
    assert run("lint", "a\x1b[31m.yaml").stdout == "a\\x1b[31m.yaml: ok (spec, 1 requirement)\n"


@pytest.mark.parametrize("verb", ["explain", "plan"])
def test_explain_and_plan_name_every_requirement_within_100_columns(ready, verb):
    result = run(verb, "tiny.yaml")
    assert result.exit_code == 0
    assert "RAMP-1" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


@pytest.mark.parametrize("verb", ["explain", "plan"])
def test_explain_and_plan_of_a_faulty_spec_exit_with_2(ready, verb):
    ready.spec(limit="5 kW")
    result = run(verb, "tiny.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("tiny.yaml:15:")


HEAVY = ("numpy", "scipy", "pyarrow", "pandas", "jinja2", "cryptography")


@pytest.mark.parametrize(
    ("args", "absent"),
    [
        (["--help"], (*HEAVY, "pydantic", "yaml", "rich", "jsonschema")),
        (["check", "--help"], (*HEAVY, "pydantic", "yaml", "rich", "jsonschema")),
        (["lint", "tiny.yaml", "a.sla.yaml", "run-1.csv.meta.yaml"], HEAVY),
        (["explain", "tiny.yaml"], HEAVY),
        (["plan", "tiny.yaml"], HEAVY),
        (["kinds"], HEAVY),
        (["schema", "submission"], HEAVY),
        (["verify", "gone.zip"], HEAVY),
    ],
    ids=lambda value: value[0] if value[0] not in HEAVY else "",
)
def test_verbs_import_only_what_they_need(ready, args, absent):
    code = (
        f"import sys; sys.argv[1:] = {args!r}\nfrom slacheck.cli.main import main\n"
        f"try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', sorted(set({absent!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED []"
