"""What shows of how a submission was put together."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from slacheck import api
from slacheck.cli.main import main
from slacheck.submission.audit import audit_documents
from slacheck.submission.load import load_submission

BOTH = "[{test: run, file: run-1.csv}, {test: %s, file: run-2.csv}]"
SECOND = "  swing: {title: Swing, repeat: {count: 2}}\n"


@pytest.fixture
def two(facility):
    """Two recordings, `run-1.csv` and a longer `run-2.csv`, of the same start; two tests."""
    spec = facility.spec()
    spec.write_text(spec.read_text().replace("requirements:\n", SECOND + "requirements:\n", 1))
    facility.capture("run-1.csv")
    facility.capture("run-2.csv", seconds=12)
    return facility


def notes(path):
    return [(n["code"], n["captures"], n["sentence"]) for n in api.check(path).to_dict()["submission"]["notes"]]


def later(facility, name, start):
    meta = facility.folder / f"{name}.meta.yaml"
    meta.write_text(meta.read_text().replace("2026-11-20T08:00:00Z", start))


def test_audit_overlapping_recordings_are_one_note_with_their_times(two):
    later(two, "run-2.csv", "2026-11-20T08:00:04Z")
    assert notes(two.submission(captures=BOTH % "run"))[-1] == (
        "overlap",
        ["run-1.csv", "run-2.csv"],
        "These were recorded at the same time, or overlap, so that they are no independent repeats unless their "
        "instruments stood in different places: run-1.csv (2026-11-20T08:00:00Z to 2026-11-20T08:00:10Z), run-2.csv "
        "(2026-11-20T08:00:04Z to 2026-11-20T08:00:16Z).",
    )


def test_audit_recordings_that_touch_do_not_overlap(two):
    later(two, "run-2.csv", "2026-11-20T08:00:10Z")
    assert "overlap" not in [code for code, *_ in notes(two.submission(captures=BOTH % "run"))]


def test_audit_recordings_without_a_start_say_nothing_of_overlap(two):
    for name in ("run-1.csv", "run-2.csv"):
        two.write(f"{name}.meta.yaml", "slacheck: 1\nchannels: {P: {unit: kW}}\nanti_alias: true\n")
    assert "overlap" not in [code for code, *_ in notes(two.submission(captures=BOTH % "run"))]


def test_audit_same_bytes_for_two_tests_are_named_and_no_overlap(two):
    (two.folder / "run-2.csv").write_bytes((two.folder / "run-1.csv").read_bytes())
    found = notes(two.submission(captures=BOTH % "swing"))
    assert found == [
        (
            "same_recording",
            ["run-1.csv", "run-2.csv"],
            "run-1.csv and run-2.csv are the same recording, byte for byte, under 2 names, handed in for 2 tests: run, "
            "swing.",
        ),
        ("not_judged", ["run-2.csv"], "No requirement was judged on run-2.csv."),
    ]


def test_audit_counts_captures_of_each_test(two):
    assert notes(two.submission(captures=BOTH % "run"))[:2] == [
        ("repeats", ["run-1.csv", "run-2.csv"], "The test run asks for 1 repeat; 2 captures are bound to it."),
        ("test_missing", [], "No capture is bound to the test swing, which asks for 2."),
    ]


def test_audit_changes_no_verdict(two):
    one = api.check(two.submission())
    both = api.check(two.submission(captures=BOTH % "run"))
    assert one.passed
    assert both.passed


def test_lint_says_what_the_bytes_tell_and_is_still_valid(two):
    (two.folder / "run-2.csv").write_bytes((two.folder / "run-1.csv").read_bytes())
    path = two.submission(captures=BOTH % "swing")
    done = CliRunner().invoke(main, ["lint", str(path)])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"{path}: ok (submission, 2 captures)",
        f"{path}: note (repeats): The test swing asks for 2 repeats; 1 capture is bound to it, so the rest must be "
        f"events in them.",
        f"{path}: note (same_recording): run-1.csv and run-2.csv are the same recording, byte for byte, under 2 names, "
        f"handed in for 2 tests: run, swing.",
    ]


def test_documents_files_of_different_bytes_are_not_the_same(two):
    two.capture("run-2.csv", channel="Q")
    found = audit_documents(load_submission(two.submission(captures=BOTH % "run")))
    assert [replace(note, sentence="") for note in found if note.code == "same_recording"] == []
