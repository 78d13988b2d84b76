"""The pytest plugin, each time in a session of its own."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

pytest_plugins = ["pytester"]

IDLE = """\
  - id: IDLE-1
    kind: ramp_rate
    signal: power
    window: 1 s
    applies: false
    reason: no idle test was agreed
    limits: {up: {max: 5 kW/s}}
"""
ADVISORY = """\
  - id: ADV-1
    kind: ramp_rate
    signal: power
    window: 1 s
    severity: advisory
    limits: {up: {max: 0.5 kW/s}}
"""
OTHER_TEST = """\
  - id: SWING-1
    kind: ramp_rate
    signal: power
    window: 1 s
    tests: [swing]
    limits: {up: {max: 5 kW/s}}
"""


@pytest.fixture
def session(facility, pytester):
    """The facility's folder is the one that pytest runs in."""
    facility.folder = pytester.path
    facility.run = lambda *args: pytester.runpytest_subprocess("-p", "no:cacheprovider", *args)
    return facility


@pytest.fixture
def ready(session):
    session.spec()
    session.capture("run-1.csv")
    session.capture("runs/run-2.csv")
    session.submission(captures="[{test: run, file: run-1.csv}, {test: run, file: runs/run-2.csv}]")
    return session


def test_plugin_passing_submission_has_one_item_for_each_requirement_and_capture(ready):
    result = ready.run("-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*a.sla.yaml::RAMP-1?run-1.csv? PASSED*", "*a.sla.yaml::RAMP-1?runs/run-2.csv? PASSED*"]
    )


def test_plugin_item_can_be_chosen_by_its_id(ready):
    ready.run("a.sla.yaml::RAMP-1[runs/run-2.csv]").assert_outcomes(passed=1)


def test_plugin_collecting_reads_no_capture(ready):
    for name in ("run-1.csv", "runs/run-2.csv"):
        ready.write(name, "this is no recording")
    result = ready.run("--collect-only", "-q")
    result.stdout.fnmatch_lines(["a.sla.yaml::RAMP-1?run-1.csv?", "a.sla.yaml::RAMP-1?runs/run-2.csv?"])
    assert result.ret == 0


def test_plugin_failure_is_a_few_lines_with_place_and_numbers(session):
    session.spec("0.5 kW/s")
    session.capture()
    session.submission()
    result = session.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "tiny.yaml:9:5: RAMP-1 FAIL on run-1.csv",
            "  measured 1.0000 kW/s; uncertainty *; limit *; margin -0.5000 kW/s (-100*; at *",
            "  up: *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


@pytest.mark.parametrize(
    ("ini", "option", "outcome"),
    [
        (None, None, "failed"),
        (None, "xfail", "xfailed"),
        ("skip", None, "skipped"),
        ("skip", "fail", "failed"),
    ],
)
def test_plugin_inconclusive_fails_unless_it_is_told_otherwise(session, pytester, ini, option, outcome):
    session.spec()
    session.capture(seconds=0.5)
    session.submission()
    if ini:
        pytester.makeini(f"[pytest]\nslacheck_inconclusive = {ini}\n")
    result = session.run("-rsx", *(["--slacheck-inconclusive", option] if option else []))
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines(["*record_too_short*"])


def test_plugin_meaningless_ini_value_is_a_usage_error(session, pytester):
    pytester.makeini("[pytest]\nslacheck_inconclusive = pass\n")
    result = session.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: slacheck_inconclusive must be one of fail, skip, xfail, got 'pass'"])


def test_plugin_not_applicable_is_skipped_with_its_reason(session):
    session.spec(more=IDLE)
    session.capture()
    session.submission()
    result = session.run("-v", "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*a.sla.yaml::IDLE-1 SKIPPED*", "*not applicable: no idle test was agreed"])


def test_plugin_advisory_that_is_not_met_is_shown_and_does_not_fail(session):
    session.spec(more=ADVISORY)
    session.capture()
    session.submission()
    result = session.run("-rx")
    result.assert_outcomes(passed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*ADV-1 FAIL on run-1.csv*"])
    assert result.ret == 0


def test_plugin_requirement_without_a_capture_still_fails(session):
    spec = session.spec(more=OTHER_TEST)
    spec.write_text(spec.read_text().replace("tests:\n", "tests:\n  swing: {title: Swing}\n", 1))
    session.capture()
    session.submission()
    result = session.run("-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*a.sla.yaml::SWING-1 FAILED*", "*no_capture: *"])


def test_plugin_capture_without_the_signals_is_skipped_where_another_is_judged(session):
    session.spec(more=ADVISORY.replace("0.5 kW/s", "5 kW/s"))
    session.capture("run-1.csv")
    session.capture("other.csv", channel="Q")
    session.submission(captures="[{test: run, file: run-1.csv}, {test: run, file: other.csv}]")
    result = session.run("-v", "-rs")
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*channel_missing*", "*other.csv does not have the signals of ADV-1*"])


@pytest.mark.parametrize("args", [(), ("-k", "RAMP"), ("-m", "sla_advisory"), ("-n", "2")], ids=" ".join)
def test_plugin_document_with_errors_is_an_error_of_collecting_whatever_is_chosen(session, args):
    session.spec()
    session.submission(captures="[{test: runn, file: gone.csv}]")
    result = session.run(*args)
    result.assert_outcomes(errors=1)
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        [
            "*ERROR collecting a.sla.yaml*",
            "a.sla.yaml:5:19: error: the spec has no test 'runn'",
            "a.sla.yaml:5:31: error: there is no capture 'gone.csv' beside this document",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_plugin_document_beside_ordinary_tests_does_not_disturb_them(ready, pytester):
    pytester.makepyfile(test_ordinary="def test_one(): pass\n")
    ready.submission(name="broken.sla.yaml", captures="nonsense")
    result = ready.run("--continue-on-collection-errors")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["broken.sla.yaml:5:*error:*"])


def test_plugin_spec_with_errors_is_named_with_its_own_line(ready):
    ready.spec(more="    colour: red\n")
    result = ready.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["tiny.yaml:16:5: error: unknown key 'colour'*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_plugin_unreadable_capture_fails_its_items_without_a_traceback(ready):
    ready.write("run-1.csv", "this is no recording")
    result = ready.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*run-1.csv*error*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_plugin_runs_a_submission_once_in_a_session(ready, pytester):
    pytester.makeconftest(
        "import pytest\nfrom slacheck import run\nruns, check = [], run.check\n"
        "def counted(*a, **k):\n    runs.append(1)\n    return check(*a, **k)\nrun.check = counted\n"
        "def pytest_terminal_summary(terminalreporter):\n    terminalreporter.write_line(f'runs: {len(runs)}')\n"
    )
    ready.run().stdout.fnmatch_lines(["runs: 1"])


def test_plugin_evidence_is_written_below_the_folder(ready, pytester):
    ready.run("--slacheck-evidence", "out").assert_outcomes(passed=2)
    first = (pytester.path / "out/a.zip").read_bytes()
    ready.run("--slacheck-evidence", "out", "-n", "2", "--dist", "load").assert_outcomes(passed=2)
    assert (pytester.path / "out/a.zip").read_bytes() == first
    assert [path.name for path in (pytester.path / "out").iterdir()] == ["a.zip"]


def test_plugin_evidence_of_equal_names_in_two_folders_is_kept_apart(session, pytester):
    for folder in ("one", "two"):
        session.folder = pytester.path / folder
        session.spec()
        session.capture()
        session.submission()
    session.run("--slacheck-evidence", "out").assert_outcomes(passed=2)
    found = sorted(str(path.relative_to(pytester.path)) for path in pytester.path.glob("out/**/*.zip"))
    assert found == ["out/one/a.zip", "out/two/a.zip"]


@pytest.mark.parametrize("args", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_plugin_gives_the_same_outcomes_under_xdist(session, args):
    session.spec("0.5 kW/s", more=IDLE + ADVISORY)
    session.capture("run-1.csv")
    session.capture("run-2.csv", seconds=0.5)
    session.submission(captures="[{test: run, file: run-1.csv}, {test: run, file: run-2.csv}]")
    result = session.run(*args)
    result.assert_outcomes(failed=2, skipped=1, xfailed=2)


def test_plugin_junit_has_the_numbers(ready, pytester):
    ready.run("--junitxml", "out.xml")
    properties = {
        p.get("name"): p.get("value")
        for p in next(ET.parse(pytester.path / "out.xml").iter("testcase")).iter("property")
    }
    assert properties["slacheck_verdict"] == "PASS"
    assert properties["slacheck_check"] == "up"
    assert properties["slacheck_measured"] == "1.0000 kW/s"
    assert properties["slacheck_limit"] == "max 5 kW/s"
    assert properties["slacheck_margin"].startswith("+4.0000 kW/s (+80")
    assert set(properties) == {
        f"slacheck_{name}"
        for name in ("verdict", "check", "measured", "uncertainty", "limit", "margin", "at", "margin_percent")
    }
    assert float(properties["slacheck_margin_percent"]) == pytest.approx(80, abs=0.01)


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        (("-m", "slacheck"), ["ADV-1", "RAMP-1"]),
        (("-m", "sla_advisory"), ["ADV-1"]),
        (("-m", "slacheck and not sla_advisory"), ["RAMP-1"]),
        (("-k", "RAMP-1"), ["RAMP-1"]),
        (("-k", "7.1"), ["RAMP-1"]),
        (("-k", "ramp_rate and advisory"), ["ADV-1"]),
        (("-k", "harmonics"), []),
    ],
)
def test_plugin_items_are_chosen_by_marks_and_keywords(session, choice, chosen):
    session.spec(more=ADVISORY)
    session.capture()
    session.submission()
    result = session.run("--collect-only", "-q", "--strict-markers", *choice)
    assert sorted(line.split("::")[1].split("[")[0] for line in result.outlines if "::" in line) == chosen


@pytest.mark.skipif(pytest.version_tuple < (8, 3), reason="pytest 8.3 is the first whose -m takes arguments of a mark")
@pytest.mark.parametrize("fact", ["kind='ramp_rate'", "requirement='RAMP-1'", "test='run'", "severity='mandatory'"])
def test_plugin_items_are_chosen_by_the_arguments_of_their_mark(ready, fact):
    ready.run("-m", f"slacheck({fact})").assert_outcomes(passed=2)
    ready.run("-m", f"slacheck({fact[:-1]}x')").assert_outcomes(deselected=2)


@pytest.mark.parametrize("args", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_plugin_summary_has_the_worst_first_and_the_packs(session, args):
    session.spec("0.5 kW/s", more=ADVISORY.replace("0.5 kW/s", "5 kW/s"))
    session.capture()
    session.submission()
    result = session.run("--slacheck-evidence", "out", *args)
    result.stdout.fnmatch_lines(
        [
            "*= slacheck: 1 FAIL, 1 PASS =*",
            "FAIL          a.sla.yaml::RAMP-1?run-1.csv?  up: margin -0.5000 kW/s (-100*",
            "PASS          a.sla.yaml::ADV-1?run-1.csv?  up: margin +4.0000 kW/s (+80*",
            "evidence: out/a.zip",
        ]
    )
    session.run("-q", *args).stdout.no_fnmatch_line("*slacheck: 1 FAIL*")


# ---------------------------------------------------------------- the fixture


FIXTURE = """\
def test_passes(slacheck):
    results = slacheck.check("tiny.yaml", "run-1.csv")
    assert results.passed
    assert slacheck.load_spec("tiny.yaml").id == "tiny"

def test_fails(slacheck):
    slacheck.check("tight.yaml", "run-1.csv")

def test_inconclusive(slacheck):
    slacheck.check("tiny.yaml", "short.csv")
"""


def test_fixture_ends_a_test_as_the_verdict_says(session, pytester):
    session.spec()
    session.spec("0.5 kW/s", name="tight.yaml")
    session.capture()
    session.capture("short.csv", seconds=0.5)
    pytester.makepyfile(test_fixture=FIXTURE)
    result = session.run("--slacheck-inconclusive", "xfail")
    result.assert_outcomes(passed=1, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["<Results of tiny: FAIL; 1 FAIL>", "tight.yaml:9:5: RAMP-1 FAIL on run-1.csv"])


# ---------------------------------------------------------------- unused


PLAIN = """\
import sys
def test_nothing_is_loaded():
    assert not [name for name in sys.modules if name.split(".")[0] in ("numpy", "pydantic", "yaml")]
    assert [name for name in sys.modules if name.startswith("slacheck")] in ([], ["slacheck", "slacheck.pytest_plugin"])
"""


@pytest.mark.parametrize("args", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_plugin_unused_is_inert(pytester, args):
    pytester.makepyfile(test_plain=PLAIN)
    pytester.path.joinpath("other.yaml").write_text("not: [ours")
    pytester.path.joinpath("pytest.ini").write_text("[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n")
    outputs = []
    for more in ((), ("-p", "no:slacheck")):
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-q", *args, *more)
        result.assert_outcomes(passed=1)
        outputs.append([line for line in result.outlines if "passed" not in line])
    assert outputs[0] == outputs[1]


def test_plugin_module_imports_only_pytest_and_the_standard_library():
    code = (
        "import sys, pytest; before = set(sys.modules); import slacheck.pytest_plugin\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['slacheck']\n"
