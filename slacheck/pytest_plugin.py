"""Submissions as pytest tests: `x.sla.yaml::DYN-1[step-1.csv]`, one item per requirement and capture.

Options
-------
--slacheck-inconclusive fail|skip|xfail
    What becomes of INCONCLUSIVE; also the ini key `slacheck_inconclusive`. Default: fail.
--slacheck-evidence DIR
    Write the evidence pack of every submission that was run.

Choosing
--------
Every item has the mark `slacheck(requirement=, clause=, kind=, test=, severity=)` and `sla_mandatory` or
`sla_advisory`: `-m slacheck`, `-m "not sla_advisory"` and, from pytest 8.3, `-m "slacheck(kind='ramp_rate')"`.
The same words are keywords: `-k ramp_rate`, `-k 7.2.1`, `-k "full_load_step and mandatory"`.

Notes
-----
Collecting reads the documents and looks whether the captures exist; a document with errors is an error of collecting,
with the line, and ends the session unless `--continue-on-collection-errors` is given. The captures are read when
the first item of a submission runs, once in each process (with pytest-xdist, `--dist loadfile`
keeps the items of a submission together). FAIL and ERROR fail, NOT_APPLICABLE is skipped. An
advisory requirement that is not PASS is an expected failure: shown, never counted.

Nothing of slacheck but this module is imported before a submission is collected or the fixture
`slacheck` is used.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from slacheck.api import Results
    from slacheck.submission.load import Submission

CHOICES = ("fail", "skip", "xfail")
MARKS = (
    "slacheck(requirement, clause, kind, test, severity): a requirement of a submission (*.sla.yaml) on one capture",
    "sla_mandatory: a requirement that the verdict of its submission counts",
    "sla_advisory: a requirement that is shown and never fails",
)
_MOST_SHOWN = 10
"""Rows of the summary: the worst verdicts, and of those the smallest margins."""
_RUNS: pytest.StashKey[dict[Path, Results | Exception]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("slacheck", "electrical requirements (*.sla.yaml)")
    group.addoption(
        "--slacheck-inconclusive", choices=CHOICES, default=None, help="what becomes of INCONCLUSIVE (default: fail)"
    )
    group.addoption("--slacheck-evidence", metavar="DIR", default=None, help="write evidence packs below this folder")
    parser.addini("slacheck_inconclusive", "what becomes of INCONCLUSIVE: fail, skip or xfail", default="fail")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks; refuse a value of the ini key that means nothing."""
    for mark in MARKS:
        config.addinivalue_line("markers", mark)
    value = config.getini("slacheck_inconclusive")
    if value not in CHOICES:
        raise pytest.UsageError(f"slacheck_inconclusive must be one of {', '.join(CHOICES)}, got {value!r}")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect submissions."""
    if file_path.name.endswith(".sla.yaml"):
        collector: pytest.Collector = SubmissionFile.from_parent(parent, path=file_path)
        return collector
    return None


class SubmissionFile(pytest.File):
    """A submission document."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each requirement and capture.

        A document with errors is an error of collecting: no `-k` and no `-m` may leave it out and turn green.
        """
        from slacheck.errors import SlacheckError, printable
        from slacheck.submission.load import load_submission
        from slacheck.submission.pairs import not_applicable, pairs

        try:
            submission = load_submission(self.path, os.path.relpath(self.path, self.config.invocation_params.dir))
        except SlacheckError as error:
            raise self.CollectError(str(error)) from None
        for requirement, capture in pairs(submission):
            name = requirement if capture is None else f"{requirement}[{capture}]"
            item = RequirementItem.from_parent(
                self, name=printable(name), submission=submission, requirement=requirement, capture=capture
            )
            if capture is None and (reason := not_applicable(submission.spec, requirement)) is not None:
                item.add_marker(pytest.mark.skip(reason=f"not applicable: {reason}"))
            yield item


class Unmet(Exception):
    """A requirement that was not shown to be met; the text is the whole report."""


class RequirementItem(pytest.Item):
    """One requirement on one capture; a failure is reported as text, without a traceback."""

    def __init__(self, *, submission: Submission, requirement: str, capture: str | None, **more: Any) -> None:
        super().__init__(**more)
        self.submission, self.requirement, self.capture = submission, requirement, capture
        self.line = 0 if capture is None else submission.where(capture) - 1
        self._mark()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The text of a requirement that was not met; anything else as pytest shows it."""
        if isinstance(excinfo.value, Unmet):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line from 0, name."""
        return self.path, self.line, self.name

    def _mark(self) -> None:
        """What `-m` and `-k` can choose by."""
        spec = self.submission.spec
        asked = next(r for r in spec.requirements if r.id == self.requirement)
        test = next((bound.test for bound in self.submission.bindings if bound.id == self.capture), None)
        facts = {
            "requirement": asked.id,
            "clause": asked.clause,
            "kind": asked.kind,
            "test": test,
            "severity": asked.severity,
        }
        self.add_marker(pytest.mark.slacheck(**facts))
        self.add_marker(f"sla_{asked.severity}")
        self.extra_keyword_matches.update(word for word in facts.values() if word is not None)

    def runtest(self) -> None:
        """Look up what the run of the whole submission found."""
        from slacheck.errors import SlacheckError

        try:
            results = _results(self.config, self.path, self.submission)
        except SlacheckError as error:
            raise Unmet(str(error)) from None
        finding = self._finding(results)
        self._note(finding)
        settle(self.config, finding, self.submission.spec.where(self.requirement))

    def _finding(self, results: Results) -> dict[str, Any]:
        mine = [f for f in results.findings if f["requirement"] == self.requirement]
        for finding in mine:
            if finding["capture"] in (self.capture, None):
                return finding
        judged = ", ".join(str(f["capture"]) for f in mine)
        pytest.skip(f"{self.capture} does not have the signals of {self.requirement}, which is judged on {judged}")

    def _note(self, finding: dict[str, Any]) -> None:
        """The numbers that decided, for JUnit and other reports."""
        from slacheck.render.failure import five_numbers
        from slacheck.render.numbers import deciding

        self.user_properties.append(("slacheck_verdict", finding["verdict"]))
        if finding["checks"]:
            check = deciding(finding["checks"])
            self.user_properties.append(("slacheck_check", check["name"]))
            self.user_properties.extend((f"slacheck_{name}", text) for name, text in five_numbers(check).items())
            if check["margin_percent"] is not None:
                self.user_properties.append(("slacheck_margin_percent", f"{check['margin_percent']:.6g}"))
        pack = _pack(self.config, self.path)
        if pack is not None:
            self.user_properties.append(("slacheck_pack", pack.as_posix()))


def settle(config: pytest.Config, finding: dict[str, Any], place: str) -> None:
    """End a test as its finding says."""
    from slacheck.render.failure import failure

    verdict = finding["verdict"]
    if verdict == "PASS":
        return
    text = failure(finding, place)
    if finding["severity"] == "advisory" and verdict != "ERROR":
        pytest.xfail(f"advisory\n{text}")
    if verdict == "INCONCLUSIVE":
        _inconclusive(config, text)
    raise Unmet(text)


def _inconclusive(config: pytest.Config, text: str) -> None:
    """Skip or xfail, if INCONCLUSIVE is not to fail."""
    choice = config.getoption("slacheck_inconclusive") or config.getini("slacheck_inconclusive")
    if choice == "skip":
        pytest.skip(text)
    if choice == "xfail":
        pytest.xfail(text)


def _results(config: pytest.Config, path: Path, submission: Submission) -> Results:
    """Results of a submission, run once in this process; a failure is remembered too."""
    from slacheck import api

    runs = config.stash.setdefault(_RUNS, {})
    if path not in runs:
        try:
            runs[path] = results = api.check(submission)
            _write_evidence(config, path, results)
        except Exception as error:
            runs[path] = error
    found = runs[path]
    if isinstance(found, Exception):
        raise found
    return found


def _write_evidence(config: pytest.Config, path: Path, results: Results) -> None:
    """The pack; workers that write it too write the same bytes, each whole or not at all."""
    name = _pack(config, path)
    if name is None:
        return
    pack = config.invocation_params.dir / name
    pack.parent.mkdir(parents=True, exist_ok=True)
    results.write_pack(pack)


def _pack(config: pytest.Config, path: Path) -> Path | None:
    """Where a submission's pack goes: at the submission's place below the root, in the folder as it was given."""
    folder = config.getoption("slacheck_evidence")
    if folder is None:
        return None
    name = Path(os.path.relpath(path, config.rootpath))
    if ".." in name.parts:
        name = Path(hashlib.sha256(os.fsencode(path)).hexdigest()[:12], path.name)
    return Path(folder) / name.with_name(path.name.removesuffix(".sla.yaml") + ".zip")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Verdict and margin of what was judged, the worst first, and the packs; nothing where nothing was judged."""
    judged = []
    for reports in terminalreporter.stats.values():
        for report in reports:
            facts = dict(getattr(report, "user_properties", ()))
            if getattr(report, "when", None) == "call" and "slacheck_verdict" in facts:
                judged.append((report.nodeid, facts))
    if not judged or terminalreporter.verbosity < 0:
        return
    from slacheck.contract import WORST_FIRST

    judged.sort(key=lambda found: (WORST_FIRST.index(found[1]["slacheck_verdict"]), _percent(found[1]), found[0]))
    verdicts = [facts["slacheck_verdict"] for _, facts in judged]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in WORST_FIRST if verdict in verdicts)
    terminalreporter.section(f"slacheck: {counts}")
    for nodeid, facts in judged[:_MOST_SHOWN]:
        margin = (
            f"  {facts['slacheck_check']}: margin {facts['slacheck_margin']}" if facts.get("slacheck_margin") else ""
        )
        terminalreporter.write_line(f"{facts['slacheck_verdict']:<12}  {nodeid}{margin}")
    if len(judged) > _MOST_SHOWN:
        terminalreporter.write_line(f"and {len(judged) - _MOST_SHOWN} more with larger margins or better verdicts")
    for pack in dict.fromkeys(facts["slacheck_pack"] for _, facts in judged if "slacheck_pack" in facts):
        terminalreporter.write_line(f"evidence: {pack}")


def _percent(facts: dict[str, str]) -> float:
    return float(facts.get("slacheck_margin_percent", "inf"))


class Slacheck:
    """What the fixture `slacheck` gives: the Python interface, with a `check` that ends the test."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def __getattr__(self, name: str) -> Any:
        """Everything else of the package, `slacheck.load_spec` and so on."""
        import slacheck as package

        return getattr(package, name)

    def check(self, spec: Any, captures: Any = None, **options: Any) -> Results:
        """Run `slacheck.check`; the results if the verdict is PASS, else the test ends.

        FAIL and ERROR fail the test; INCONCLUSIVE does what `slacheck_inconclusive` says.
        """
        from slacheck import api

        results = api.check(spec, captures, **options)
        if not results.passed:
            text = results.failures()
            if results.verdict == "INCONCLUSIVE":
                _inconclusive(self._config, text)
            pytest.fail(text, pytrace=False)
        return results


@pytest.fixture
def slacheck(pytestconfig: pytest.Config) -> Slacheck:
    """Check captures in a Python test: `slacheck.check("hall-a.yaml", "step-1.csv")`."""
    return Slacheck(pytestconfig)
