"""The Python interface: load a spec, open captures, check, look at the results.

>>> import slacheck
>>> results = slacheck.check("hall-a.yaml", ["step-1.csv", "step-2.csv"])      # doctest: +SKIP
>>> results.verdict                                                            # doctest: +SKIP
<Verdict.INCONCLUSIVE: 'INCONCLUSIVE'>
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from slacheck import run
from slacheck.capture.capture import Capture
from slacheck.capture.load import open_capture as open_file
from slacheck.capture.readers.recording import TIME_NAMES, split_unit
from slacheck.capture.remote import fetch, is_url, relative_name
from slacheck.contract import Verdict
from slacheck.engine.binding import channels_of
from slacheck.engine.side_by_side import side_by_side
from slacheck.errors import Diagnostic, SlacheckError, UsageError
from slacheck.evidence.keys import PrivateKey, read_private
from slacheck.portion import Portion, Request
from slacheck.render import text
from slacheck.render.failure import failure
from slacheck.run import Binding, Run
from slacheck.spec.load import load_spec
from slacheck.spec.model import Spec
from slacheck.submission.embed import embedded
from slacheck.submission.load import Submission, load_submission
from slacheck.submission.problems import signal_fault, unknown
from slacheck.submission.recognise import is_submission
from slacheck.submission.recordings import find_captures, refuse_shared_files

Recording: TypeAlias = Any
"""The path or URL of a capture, a `Capture`, or a pandas DataFrame."""


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """What a run found: the results document (design section 6) with a few ways to look at it.

    Parameters
    ----------
    run : Run
        The record, the results document, the members of the pack.
    spec : Spec
        What was asked.
    paths : mapping of str to Path
        Capture id to file, for captures that were read from files.
    """

    run: Run
    spec: Spec
    paths: Mapping[str, Path]

    @property
    def verdict(self) -> Verdict:
        """Worst of the mandatory requirements that apply."""
        return self.run.record.verdict

    @property
    def passed(self) -> bool:
        """Whether the verdict is PASS."""
        return self.verdict is Verdict.PASS

    @property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """One for each requirement and capture, as in the results document."""
        return tuple(self.to_dict()["findings"])

    @property
    def checks(self) -> tuple[dict[str, Any], ...]:
        """Every check, with the `requirement`, `capture`, `test` and `severity` of its finding."""
        keys = ("requirement", "capture", "test", "severity")
        return tuple({key: f[key] for key in keys} | check for f in self.findings for check in f["checks"])

    def to_dict(self) -> dict[str, Any]:
        """The results document."""
        document: dict[str, Any] = json.loads(self.to_json())
        return document

    def to_json(self) -> str:
        """The results document, byte for byte as in the evidence pack."""
        return self.run.results_json.decode()

    def to_pandas(self) -> Any:
        """One row for each check, in SI units.

        Raises
        ------
        SlacheckError
            If pandas is not installed.
        """
        try:
            pandas: Any = import_module("pandas")
        except ImportError:
            raise SlacheckError("a table needs pandas; pip install 'slacheck[pandas]'") from None
        return pandas.DataFrame([_row(check) for check in self.checks], columns=list(_COLUMNS))

    def table(self, *, width: int = 80, color: bool = False) -> str:
        """The verdict, findings and checks as a table for a terminal."""
        return text.render(self.to_dict(), width=width, color=color).rstrip("\n")

    def report_html(self) -> str:
        """The report: one self-contained page."""
        return self.run.report_html.decode()

    def write_pack(self, path: Path | str, *, embed: bool = False, sign: PrivateKey | Path | str | None = None) -> None:
        """Write the evidence pack, with the captures' files inside if `embed`.

        Parameters
        ----------
        sign : path or PrivateKey, optional
            The private key to sign it with; `SLACHECK_PASSPHRASE` opens a protected one.

        Raises
        ------
        SlacheckError
            If it cannot be written, the key cannot be used, or a capture has changed since it was read.
        """
        key = read_private(Path(sign)) if isinstance(sign, Path | str) else sign
        inside = embedded(self.run.record.captures, self.paths) if embed else {}
        run.write_evidence(self.run, Path(path), embed=inside, key=key)

    def assert_pass(self) -> None:
        """Do nothing if the verdict is PASS.

        Raises
        ------
        AssertionError
            Else, with the requirements that did not pass.
        """
        if not self.passed:
            raise AssertionError(self.failures())

    def failures(self) -> str:
        """The verdict and, in a few lines each, the findings that are not PASS."""
        open_ones = [f for f in self.findings if f["verdict"] not in (Verdict.PASS, Verdict.NOT_APPLICABLE)]
        return "\n".join([repr(self), *(failure(f, self.spec.where(f["requirement"])) for f in open_ones)])

    def __repr__(self) -> str:
        counts = [f["verdict"] for f in self.findings]
        shown = ", ".join(f"{counts.count(v)} {v}" for v in Verdict if v in counts) or "no findings"
        return f"<Results of {self.spec.id}: {self.verdict}; {shown}>"

    def __str__(self) -> str:
        return self.table()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is not true or false: INCONCLUSIVE is neither; use .verdict or .passed")


_COLUMNS = (
    *("requirement", "severity", "test", "capture", "name", "event", "verdict", "value", "unit", "low", "high"),
    *("expanded_uncertainty", "censored", "min", "max", "margin", "margin_percent", "time", "frequency", "reasons"),
)


def _row(check: dict[str, Any]) -> dict[str, Any]:
    flat = {**check, **(check["measured"] or {}), **(check["limit"] or {}), **(check["at"] or {})}
    flat["low"], flat["high"] = (check["measured"] or {}).get("interval") or (None, None)
    flat["reasons"] = " ".join(reason["code"] for reason in check["reasons"])
    return {name: flat.get(name) for name in _COLUMNS}


# ---------------------------------------------------------------- open


def open_capture(source: Recording, **binding: Any) -> Capture:
    """Open a recording: a file, or a pandas DataFrame with one column for each channel.

    The time of a DataFrame is `t=` or `sample_rate=`, its DatetimeIndex or TimedeltaIndex, or the
    column or index named `t`, `time` or `timestamp` (in seconds, or as in `t [ms]`); the positions of
    any other index are no time. Units stand in the column names, `P_pcc [kW]`, or in `units=`.

    Parameters
    ----------
    source : path, DataFrame or Capture
        A Capture is given back as it is.
    **binding
        Passed on: `id` for a file; anything that `Capture.from_arrays` takes for a DataFrame.

    Raises
    ------
    SlacheckError
        If it cannot be read as what it claims to be.
    """
    if isinstance(source, Capture):
        return source
    if isinstance(source, str | Path):
        if is_url(str(source)):
            return open_file(fetch(str(source)), **{"id": relative_name(str(source)), **binding})
        return open_file(Path(source), **binding)
    if hasattr(source, "columns") and hasattr(source, "index"):
        return _from_frame(source, **binding)
    raise UsageError(
        f"cannot read a {type(source).__name__} as a capture; give a path, a DataFrame, or Capture.from_arrays(...)"
    )


def _from_frame(frame: Any, **binding: Any) -> Capture:
    """Take the time from the index where it is one; positions are not seconds."""
    index = frame.index
    if {"t", "sample_rate"} & binding.keys():
        pass
    elif hasattr(index, "tz") and index.tz is not None:
        binding["t"] = index.tz_convert("UTC").tz_localize(None).to_numpy()
    elif index.dtype.kind == "M":
        binding["t"] = (index - index[:1].min()).total_seconds().to_numpy()
    elif index.dtype.kind == "m":
        binding["t"] = index.total_seconds().to_numpy()
    elif split_unit(str(index.name))[0].lower() in TIME_NAMES:
        frame = frame.reset_index()
    return Capture.from_arrays(frame, **binding)


# ---------------------------------------------------------------- check


def check(
    spec: Spec | Submission | Path | str | Mapping[str, Any],
    captures: Submission | Recording | Iterable[Recording] | None = None,
    *,
    map: Mapping[str, str] | None = None,
    test: str | None = None,
    progress: Callable[[str], None] | None = None,
    jobs: int = 1,
    elsewhere: Elsewhere | None = None,
) -> Results:
    """Check captures against a spec, or everything that a submission binds.

    Parameters
    ----------
    spec : Spec, Submission, path or mapping
        A spec; or a submission, which names its own spec and captures.
    captures : path, Capture, DataFrame, or a list of them; or a submission
        What was recorded. Absent where `spec` is a submission. Paths are opened and closed here.
    map : mapping of str to str, optional
        Signal of the spec: channel of the captures, where the names differ.
    test : str, optional
        Test under which the captures were made. Without it they stand for every test.
    progress : callable, optional
        Told in words what is being done.
    jobs : int
        Threads in which captures are measured side by side. The results do not depend on it.
    elsewhere : callable, optional
        Measures captures that are files in other processes, to the same results: `batch.local.processes_measure`, or
        `batch.cluster.cluster_measure`. What it gives None for is measured here.

    Raises
    ------
    SlacheckError
        If a document or a capture is not valid, or they do not fit together. A verdict is never an exception.
    """
    submission = _submission_of(spec, captures)
    with ExitStack() as opened:
        if submission is None:
            found = _loaded(spec)
            _check_names(found, map or {}, test)
            opening = _Opening(found, opened, jobs, elsewhere)
            bindings, paths = _bind_all(found, captures, (test, dict(map or {})), opening)
        else:
            if map or test is not None:
                raise UsageError("a submission says itself which channels and tests its captures have; give neither")
            found = submission.spec
            opening = _Opening(found, opened, jobs, elsewhere)
            bindings, paths = _bind_submission(submission, opening)
        refuse_shared_files([binding.capture for binding in bindings], paths)
        made = run.check(
            found, bindings, submission=submission, progress=progress, jobs=jobs, portions=opening.portions
        )
        return Results(made, found, paths)


def _submission_of(spec: Any, captures: Any) -> Submission | None:
    """The submission, if one is given in either place."""
    submission = _as_submission(spec)
    if submission is not None:
        if captures is not None:
            raise UsageError("a submission names its captures itself; give no others")
        return submission
    submission = _as_submission(captures) if _may_be_document(captures) else None
    if submission is not None and _loaded(spec).sha256 != submission.spec.sha256:
        raise UsageError(
            Diagnostic(
                submission.document.place,
                f"this submission answers the spec {submission.spec.place}, which is not the one given",
                fix="give the submission alone",
            )
        )
    return submission


def _may_be_document(source: Any) -> bool:
    return isinstance(source, Submission) or (
        isinstance(source, str | Path) and Path(source).suffix in (".yaml", ".yml")
    )


def _as_submission(source: Any) -> Submission | None:
    if isinstance(source, Submission):
        return source
    if isinstance(source, str | Path) and is_submission(Path(source)):
        return load_submission(source)
    return None


def _loaded(spec: Any) -> Spec:
    return spec if isinstance(spec, Spec) else load_spec(spec)


def _check_names(spec: Spec, map: Mapping[str, str], test: str | None) -> None:
    """Refuse signals and a test that the spec does not have."""
    faults = [("--map", fault) for signal in map if (fault := signal_fault(spec, signal)) is not None]
    if test is not None and test not in spec.tests:
        faults.append(("--test", unknown("test", test, spec.tests)))
    if faults:
        raise UsageError([Diagnostic(place, message, fix=fix) for place, (message, fix) in faults])


Bound: TypeAlias = tuple[list[Binding], dict[str, Path]]


Elsewhere: TypeAlias = Callable[[Spec, Sequence[Request]], Iterable[Portion] | None]


@dataclass
class _Opening:
    """Opens files side by side, and closes them with the stack it belongs to."""

    spec: Spec
    stack: ExitStack
    jobs: int
    elsewhere: Elsewhere | None
    portions: dict[str, Portion] | None = None

    def files(self, requests: Sequence[Request]) -> list[Capture]:
        """Captures, in order; measured already and without samples, if that is done elsewhere."""
        portions = None if self.elsewhere is None else self.elsewhere(self.spec, requests)
        if portions is None:
            return side_by_side(self._file, requests, self.jobs)
        self.portions = {portion.capture.id: portion for portion in portions}
        return [self.portions[request.id].capture for request in requests]

    def _file(self, request: Request) -> Capture:
        capture = open_file(request.path, id=request.id, channels=channels_of(self.spec, request.signals))
        self.stack.callback(capture.close)
        return capture


def _bind_submission(submission: Submission, opening: _Opening) -> Bound:
    requests = [Request(bound.id, bound.path, bound.test, bound.signals) for bound in submission.bindings]
    bindings = [
        Binding(capture, request.test, request.signals)
        for capture, request in zip(opening.files(requests), requests, strict=True)
    ]
    return bindings, {request.id: request.path for request in requests}


def _bind_all(spec: Spec, captures: Any, made_under: tuple[str | None, dict[str, str]], opening: _Opening) -> Bound:
    """Open what is to be opened; ids are unique, and in their order the results stand."""
    given = list(captures) if isinstance(captures, Iterable) and not _is_one(captures) else [captures]
    if captures is None or not given:
        raise UsageError("no captures are given; name the recordings after the spec")
    files = [source for source in given if isinstance(source, str | Path)]
    paths = find_captures(files, Path(spec.place).parent)
    opened = iter(opening.files([Request(id, path, *made_under) for id, path in paths.items()]))
    if opening.elsewhere is not None and len(files) < len(given):
        raise UsageError("captures in memory cannot be measured elsewhere; give files")
    recordings = [next(opened) if isinstance(source, str | Path) else open_capture(source) for source in given]
    names = [capture.id for capture in recordings]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"several captures have the id {', '.join(twice)}; give each its own: from_arrays(..., id=...)"
        )
    return [Binding(capture, *made_under) for capture in sorted(recordings, key=lambda one: one.id)], paths


def _is_one(source: Any) -> bool:
    """Whether something that can be iterated over is one recording."""
    return isinstance(source, str | Path | Mapping | Capture) or hasattr(source, "columns")
