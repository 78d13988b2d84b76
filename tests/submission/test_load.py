"""A submission document to what it binds, and every way it can be wrong, with its place."""

import hashlib

import pytest

from slacheck.errors import SpecError
from slacheck.submission.load import load_submission


def problems(path):
    with pytest.raises(SpecError) as caught:
        load_submission(path)
    return [(p.line, p.column, p.message, p.fix) for p in caught.value.problems]


@pytest.fixture
def ready(facility):
    """A facility with a spec and two captures."""
    facility.spec()
    facility.capture("run-1.csv")
    facility.capture("runs/run-2.csv")
    return facility


def test_load_submission_binds_captures_in_order_with_relative_ids(ready):
    path = ready.submission(
        captures="\n  - {test: run, file: ./runs/run-2.csv, signals: {power: P_load}}"
        "\n  - {test: run, file: run-1.csv}",
        more="claims: [{requirement: RAMP-1, check: up, value: 1 kW/s}]\n"
        "waivers: [{requirement: RAMP-1, reason: known, by: buyer, expires: 2027-01-31}]\n",
    )
    submission = load_submission(path)
    assert submission.id == "vendor-a"
    assert submission.supplier == "Example"
    assert submission.spec.id == "tiny"
    assert [(b.id, b.test, dict(b.signals)) for b in submission.bindings] == [
        ("runs/run-2.csv", "run", {"power": "P_load"}),
        ("run-1.csv", "run", {}),
    ]
    assert submission.bindings[0].path == ready.folder / "runs/run-2.csv"
    assert [(c.requirement, c.check, c.value) for c in submission.claims] == [("RAMP-1", "up", "1 kW/s")]
    assert submission.waivers[0].expires.isoformat() == "2027-01-31"
    assert submission.raw == path.read_bytes()
    assert submission.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert submission.where("run-1.csv") == 7


def test_load_submission_spec_outside_the_folder_is_found(ready):
    ready.capture("in/run-1.csv")
    path = ready.submission(name="in/a.sla.yaml")
    path.write_text(path.read_text().replace("spec: tiny.yaml", "spec: ../tiny.yaml"))
    assert load_submission(path).bindings[0].id == "run-1.csv"


@pytest.mark.parametrize(
    ("captures", "message", "fix"),
    [
        (
            "[{test: run, file: run-l.csv}]",
            "there is no capture 'run-l.csv' beside this document",
            "did you mean 'run-1.csv'?",
        ),
        ("[{test: run, file: runs}]", "'runs' is a folder, not a capture", "name the file in it"),
        (
            "[{test: run, file: ../run-1.csv}]",
            "the capture '../run-1.csv' lies outside the folder of this document",
            "move it below this document",
        ),
        (
            "[{test: run, file: runs/../../run-1.csv}]",
            "the capture 'runs/../../run-1.csv' lies outside the folder of this document",
            "move it below this document",
        ),
        (
            "[{test: run, file: /run-1.csv}]",
            "the path '/run-1.csv' is absolute; the document must work on another machine",
            "write it relative to this document's folder",
        ),
        (
            "[{test: run, file: 'C:/run-1.csv'}]",
            "the path 'C:/run-1.csv' is absolute; the document must work on another machine",
            "write it relative to this document's folder",
        ),
        (
            "[{test: run, file: 'runs\\run-2.csv'}]",
            "the path 'runs\\\\run-2.csv' has a backslash",
            "write it with forward slashes",
        ),
        (
            "[{test: runn, file: run-1.csv}]",
            "the spec has no test 'runn'",
            "did you mean 'run'?",
        ),
        (
            "[{file: run-1.csv}]",
            "the capture does not say under which test it was recorded",
            "add `test:` with one of run",
        ),
        (
            "[{test: run, file: run-1.csv, signals: {pover: P}}]",
            "the spec has no signal 'pover'",
            "did you mean 'power'?",
        ),
    ],
    ids=[
        "missing file",
        "folder",
        "outside",
        "outside by a detour",
        "absolute",
        "drive",
        "backslash",
        "unknown test",
        "no test",
        "unknown signal",
    ],
)
def test_load_submission_wrong_capture_is_refused_at_its_place(ready, captures, message, fix):
    ((line, _, found, how),) = problems(ready.submission(captures=captures))
    assert (line, found, how) == (5, message, fix)


def test_load_submission_same_file_twice_is_refused_with_both_places(ready):
    path = ready.submission(captures="\n  - {test: run, file: run-1.csv}\n  - {test: run, file: runs/../run-1.csv}")
    ((line, column, message, _),) = problems(path)
    assert (line, column) == (7, 23)
    assert message == f"the capture 'run-1.csv' is bound already at {path}:6:23; one recording counts once"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("claims: [{requirement: RAMP-2, check: up, value: 1 kW/s}]", "the spec has no requirement 'RAMP-2'"),
        ("claims: [{requirement: RAMP-1, check: upp, value: 1 kW/s}]", "the spec has no check 'upp'"),
        (
            "claims: [{requirement: RAMP-1, check: up, value: 80 ms}]",
            "'80 ms' cannot be compared with the limit on up, which is in kW/s",
        ),
        (
            "claims: [{requirement: RAMP-1, check: up, value: 1 kW/s}, "
            "{requirement: RAMP-1, check: up, value: 2 kW/s}]",
            "RAMP-1 up has a claim already",
        ),
        (
            "waivers: [{requirement: RAMP-2, reason: r, by: b, expires: 2027-01-31}]",
            "the spec has no requirement 'RAMP-2'",
        ),
    ],
    ids=["claim's requirement", "claim's check", "claim's unit", "claim twice", "waiver's requirement"],
)
def test_load_submission_wrong_reference_is_refused_at_its_place(ready, more, message):
    ((line, _, found, _),) = problems(ready.submission(more=more))
    assert (line, found) == (6, message)


def test_load_submission_all_problems_come_at_once_in_the_order_of_the_file(ready):
    path = ready.submission(
        captures="\n  - {test: runn, file: run-1.csv}\n  - {test: run, file: gone.csv}",
        more="claims:\n  - {requirement: NOPE, check: up, value: 1 kW/s}\n",
    )
    assert [line for line, *_ in problems(path)] == [6, 7, 9]


def test_load_submission_missing_spec_is_refused(ready):
    (ready.folder / "tiny.yaml").unlink()
    ((line, column, message, _),) = problems(ready.submission())
    assert (line, column, message) == (3, 7, "there is no file 'tiny.yaml' beside this document")


def test_load_submission_faults_of_the_spec_are_shown_with_those_of_the_document(ready):
    ready.spec(limit="5 kW")
    with pytest.raises(SpecError) as caught:
        load_submission(ready.submission(captures="[{test: run, file: gone.csv}]"))
    places = [problem.place.rpartition("/")[2] for problem in caught.value.problems]
    assert places[0] == "a.sla.yaml"
    assert set(places[1:]) == {"tiny.yaml"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "slacheck: 2\nsubmission: a\nspec: b\ncaptures: []", "slacheck: 1\nsubmission: a", "a: b: c"],
    ids=["empty", "a list", "another version", "keys missing", "not YAML"],
)
def test_load_submission_malformed_document_is_a_positioned_error(ready, text):
    path = ready.write("a.sla.yaml", text)
    assert all(line is not None for line, *_ in problems(path))


def test_load_submission_without_captures_is_valid(ready):
    assert load_submission(ready.submission(captures="[]")).bindings == ()


def test_load_submission_value_without_unit_is_refused(ready):
    path = ready.submission(more="claims: [{requirement: RAMP-1, check: up, value: 80}]")
    ((line, _, message, _),) = problems(path)
    assert line == 6
    assert "has no unit" in message
