"""A campaign document, or a folder of submissions, to its tasks: one result each, in the order of their names.

Loading finds the files; it opens no recording, and a spec or submission that is wrong is found when its own
task is done, so that it cannot keep the others from theirs. `lint` looks into all of them.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slacheck.capture import remote
from slacheck.capture.remote import is_url
from slacheck.document import Document, in_order, read_document, validate
from slacheck.errors import Diagnostic, SpecError, UsageError
from slacheck.spec.load import load_spec
from slacheck.submission.campaign_model import CampaignEntry, CampaignModel
from slacheck.submission.load import load_submission
from slacheck.submission.problems import kind_of, signal_fault, unknown, unportable

SUBMISSION = ".sla.yaml"
_SIDECAR = ".meta.yaml"


@dataclass(frozen=True, slots=True)
class Task:
    """One result to be made.

    Parameters
    ----------
    name : str
        Unique; made of paths relative to the campaign, so the same on every machine.
    document : str
        The submission or, with `captures`, the spec; relative to the campaign's folder.
    captures : tuple of str
        Relative to the campaign's folder, or URLs. Empty for a submission.
    """

    name: str
    document: str
    captures: tuple[str, ...] = ()
    test: str | None = None
    signals: Mapping[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The name as the name of a file: plain characters, and a digest so that no two are alike."""
        digest = hashlib.sha256(self.name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"{re.sub(r'[^A-Za-z0-9._]+', '-', self.name).strip('.-')[-80:]}-{digest}"


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is to be judged: tasks in the order of their names, below one folder."""

    folder: Path
    tasks: tuple[Task, ...]


def load_campaign(path: Path, *, output: Path | None = None) -> Campaign:
    """The campaign of a document, or of every `*.sla.yaml` below a folder.

    Parameters
    ----------
    output : path, optional
        Folder of results; nothing in it is a recording or a submission.

    Raises
    ------
    SpecError
        If the document is not valid, or a pattern matches nothing.
    UsageError
        If there is no submission in the folder.
    """
    if kind_of(path) == "folder":
        found = matches(path, f"**/*{SUBMISSION}", output)
        if not found:
            raise UsageError(
                Diagnostic(str(path), f"there is no submission (*{SUBMISSION}) in this folder or below it")
            )
        return Campaign(path, tuple(_submission(name) for name in found))
    document = read_document(path)
    model = validate(document, CampaignModel)
    return Campaign(path.parent, _Expansion(document, path.parent, output).tasks(model))


def lint_campaign(path: Path) -> int:
    """Validate a campaign and every spec and submission it names; how many results it asks for (a URL counts once).

    Raises
    ------
    SpecError
        With every problem of the campaign, else with those of the first spec or submission that has any.
    """
    document = read_document(path)
    model = validate(document, CampaignModel)
    tasks = _Expansion(document, path.parent, None, online=False).tasks(model)
    problems: list[Diagnostic] = []
    for index, entry in enumerate(model.entries):
        if entry.spec is not None:
            problems += _entry_problems(document, index, entry, path.parent)
    for task in tasks:
        if not task.captures:
            load_submission(path.parent / task.document)
    if problems:
        raise SpecError(in_order(problems))
    return len(tasks)


def _entry_problems(document: Document, index: int, entry: CampaignEntry, folder: Path) -> Iterator[Diagnostic]:
    """A test or signals that the spec does not have."""
    spec = load_spec(folder / str(entry.spec))
    if entry.test is not None and entry.test not in spec.tests:
        yield document.diagnostic(("entries", index, "test"), *unknown("test", entry.test, spec.tests))
    for signal in entry.signals:
        fault = signal_fault(spec, signal)
        if fault is not None:
            yield document.diagnostic(("entries", index, "signals", signal), *fault, key=True)


def _submission(name: str) -> Task:
    return Task(name.removesuffix(SUBMISSION), name)


@dataclass(slots=True)
class _Expansion:
    """Entries to tasks, and what is wrong with them."""

    document: Document
    folder: Path
    output: Path | None
    online: bool = True
    problems: list[Diagnostic] = field(default_factory=list)
    found: dict[str, Task] = field(default_factory=dict)

    def tasks(self, model: CampaignModel) -> tuple[Task, ...]:
        """All tasks, in the order of their names."""
        for index, entry in enumerate(model.entries):
            for task in self._entry(index, entry):
                if task.name in self.found:
                    self._fault(index, "id", *_twice(task.name))
                    break
                self.found[task.name] = task
        if self.problems:
            raise SpecError(in_order(self.problems))
        return tuple(self.found[name] for name in sorted(self.found))

    def _fault(self, index: int, key: str, message: str, fix: str) -> None:
        self.problems.append(self.document.diagnostic(("entries", index, key), message, fix))

    def _entry(self, index: int, entry: CampaignEntry) -> Iterator[Task]:
        if entry.submissions is not None:
            yield from map(_submission, self._found(index, "submissions", entry.submissions))
            return
        spec = str(entry.spec)
        fault = unportable(spec)
        if fault is not None:
            self._fault(index, "spec", *fault)
            return
        if kind_of(self.folder / spec) != "file":
            self._fault(index, "spec", f"there is no file {spec!r} beside this document", "name the file of the spec")
            return
        captures = self._found(index, "captures", str(entry.captures))
        id = entry.id or posixpath.basename(spec).removesuffix(".yaml").removesuffix(".yml")
        groups = [(id, tuple(captures))] if entry.per == "entry" else [(f"{id}/{_shown(c)}", (c,)) for c in captures]
        for name, group in groups if captures else ():
            yield Task(name, spec, group, entry.test, dict(entry.signals))

    def _found(self, index: int, key: str, pattern: str) -> list[str]:
        """Files that a path or pattern matches; at least one, or a fault."""
        if is_url(pattern) and key == "captures":
            return remote.matches(pattern) if self.online and "*" in pattern else [pattern]
        fault = unportable(pattern)
        if fault is None and ".." in pattern.split("/"):
            fault = f"{pattern!r} leads out of the folder of this document", "move the files below this document"
        if fault is None:
            found = matches(self.folder, pattern, self.output)
            if found:
                return found
            fault = f"nothing is found by {pattern!r} below this document", "correct the pattern, or remove the entry"
        self._fault(index, key, *fault)
        return []


def _twice(name: str) -> tuple[str, str]:
    return f"the result {name!r} is asked for twice", "give one of the entries an `id:` of its own, or remove it"


def _shown(capture: str) -> str:
    """A capture in the name of its result: of a URL the path, without host, user and query."""
    return remote.relative_name(capture) if is_url(capture) else capture


def matches(folder: Path, pattern: str, output: Path | None) -> list[str]:
    """Files below `folder`, relative and sorted: no sidecars, hidden files or results, a COMTRADE pair once."""
    if kind_of(folder / pattern) == "file":
        return [posixpath.normpath(pattern)]
    results = None if output is None else output.resolve()
    names = set()
    for path in folder.glob(pattern):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if not hidden and not name.name.endswith(_SIDECAR) and kind_of(path) == "file" and not _inside(path, results):
            names.add(name.as_posix())
    return sorted(name for name in names if not _is_second_half(name, names))


def _inside(path: Path, results: Path | None) -> bool:
    return results is not None and path.resolve().is_relative_to(results)


def _is_second_half(name: str, names: set[str]) -> bool:
    """The .dat of a COMTRADE pair whose .cfg is there too."""
    stem, ending = posixpath.splitext(name)
    return ending.lower() == ".dat" and any(stem + other in names for other in (".cfg", ".CFG"))


def task_of(data: Mapping[str, Any]) -> Task:
    """A task from the JSON that a worker was sent."""
    return Task(data["name"], data["document"], tuple(data["captures"]), data["test"], dict(data["signals"]))
