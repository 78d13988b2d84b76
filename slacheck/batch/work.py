"""One task, done in whatever process this runs in: judge, pack, rows. JSON and bytes in, JSON and bytes out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from slacheck import __version__, api
from slacheck.batch.table import BAD_INPUT, Row, lost, rows_of
from slacheck.capture.load import file_records
from slacheck.capture.remote import is_url
from slacheck.contract import FileRecord
from slacheck.errors import CaptureError, Diagnostic, SlacheckError
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.pack import dependencies, packed
from slacheck.spec.load import load_spec
from slacheck.spec.model import Spec
from slacheck.submission.campaign import Task, task_of
from slacheck.submission.load import Submission, load_submission
from slacheck.submission.recordings import find_captures

OTHER_BYTES = "the worker has other bytes under this name than the machine that sent the task"
SAME_FILES = "let all workers see the same files, by the same path"
SAME = "same"
"""Outcome of a task whose earlier result still stands."""

Outcome = dict[str, Any]
"""`outcome`, `rows`, `address`, and the evidence pack as the bytes `pack`, or None."""


def perform(job: Mapping[str, Any]) -> Outcome:
    """Do a task.

    Parameters
    ----------
    job : mapping
        `folder` of the campaign; `task`; `address` of an earlier result, or None; `digests` by capture, or None:
        those that its files must have.

    Returns
    -------
    Outcome
        Never an exception for what is wrong with documents or recordings.
    """
    folder, task = Path(job["folder"]), task_of(job["task"])
    try:
        if job["address"] is not None and job["address"] == address_now(folder, task):
            return {"outcome": SAME, "rows": [], "address": job["address"], "pack": None}
        return _judged(folder, task, job["digests"])
    except SlacheckError as error:
        message = str(error).replace(f"{folder}{os.sep}", "")
        return lost_outcome(task.name, BAD_INPUT, message)


def lost_outcome(name: str, outcome: str, message: str) -> Outcome:
    """What becomes of a task without a result."""
    return {"outcome": outcome, "rows": lost(name, outcome, message), "address": None, "pack": None}


def _judged(folder: Path, task: Task, digests: Mapping[str, Any] | None) -> Outcome:
    document = folder / task.document
    captures = _given(folder, task)
    results = api.check(document, captures or None, map=dict(task.signals), test=task.test)
    record = results.run.record
    _refuse_others(record.captures, digests)
    pack = b"".join(packed(results.run.members, [file for capture in record.captures for file in capture.files]))
    submission = None if record.submission is None else str(record.submission["sha256"])
    read = [(capture.id, capture.test, capture.files) for capture in record.captures]
    found = results.to_dict()
    rows: list[Row] = rows_of(task.name, found, (f"packs/{task.stem}.zip", hashlib.sha256(pack).hexdigest()))
    address = _address(task, results.spec, submission, read)
    return {"outcome": found["verdict"], "rows": rows, "address": address, "pack": pack}


def _given(folder: Path, task: Task) -> list[Path | str]:
    return [capture if is_url(capture) else folder / capture for capture in task.captures]


def _refuse_others(captures: Iterable[Any], digests: Mapping[str, Any] | None) -> None:
    """Refuse recordings that are not, byte for byte, those that the sender has under the same name."""
    if digests is None:
        return
    read = sorted([file.name, file.sha256] for capture in captures for file in capture.files)
    meant = sorted([name, sha256] for files in digests.values() for name, sha256 in files)
    if read != meant:
        names = ", ".join(sorted({name for name, _ in (*_apart(read, meant), *_apart(meant, read))}))
        raise CaptureError(Diagnostic(names, OTHER_BYTES, fix=SAME_FILES))


def _apart(some: list[list[str]], others: list[list[str]]) -> list[list[str]]:
    return [one for one in some if one not in others]


# ---------------------------------------------------------------- content address

Read = tuple[str, str | None, tuple[FileRecord, ...]]
"""Id and test of a capture, and its files."""


def address_now(folder: Path, task: Task) -> str:
    """The address that the result of a task would have if it were made now; recordings are digested, not judged.

    Raises
    ------
    SlacheckError
        If a document is not valid or a recording cannot be read.
    """
    path = folder / task.document
    if task.captures:
        spec = load_spec(path)
        named = find_captures(_given(folder, task), path.parent)
        read = [(id, task.test, file_records(found)) for id, found in named.items()]
        return _address(task, spec, None, read)
    submission: Submission = load_submission(path)
    read = [(bound.id, bound.test, file_records(bound.path)) for bound in submission.bindings]
    return _address(task, submission.spec, submission.sha256, read)


def _address(task: Task, spec: Spec, submission: str | None, read: Iterable[Read]) -> str:
    """SHA-256 over all that the bytes of a result depend on."""
    used = {requirement.kind for requirement in spec.requirements}
    return hashlib.sha256(
        canonical_json(
            {
                "name": task.name,
                "spec": spec.sha256,
                "extends": [base.sha256 for base in spec.extends],
                "submission": submission,
                "signals": dict(task.signals),
                "captures": [
                    [_text(id), test, [[_text(f.name), f.role, f.sha256, f.bytes] for f in files]]
                    for id, test, files in read
                ],
                "slacheck": __version__,
                "dependencies": dependencies(),
                "kinds": {name: spec.kinds[name].provider for name in spec.kinds if name in used},
                "date": os.environ.get("SOURCE_DATE_EPOCH", ""),
            }
        )
    ).hexdigest()


def _text(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def digests_of(folder: Path, task: Task) -> dict[str, list[list[str]]]:
    """Name and SHA-256 of the files of each recording of a task, as this machine has them.

    Raises
    ------
    SlacheckError
        If a submission is not valid or a recording cannot be read.
    """
    if task.captures:
        found = find_captures(_given(folder, task), folder)
    else:
        found = {bound.id: bound.path for bound in load_submission(folder / task.document).bindings}
    return {name: [[file.name, file.sha256] for file in file_records(path)] for name, path in found.items()}
