"""What a submission says that its files or its spec contradict, each at its place in the document."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PureWindowsPath
from typing import Literal

from slacheck.contract import CheckPlan
from slacheck.document import Document
from slacheck.errors import Diagnostic
from slacheck.spec.model import Spec
from slacheck.submission.model import ClaimEntry, SubmissionModel
from slacheck.wording import nearest

# ---------------------------------------------------------------- files


def unportable(name: str) -> tuple[str, str] | None:
    """What is wrong with a path that must mean the same on every machine, and the fix."""
    if "\\" in name:
        return f"the path {name!r} has a backslash", "write it with forward slashes"
    if name.startswith("/") or PureWindowsPath(name).drive:
        return (
            f"the path {name!r} is absolute; the document must work on another machine",
            "write it relative to this document's folder",
        )
    if not name or name.endswith("/"):
        return f"{name!r} is not the path of a file", "name the file"
    return None


def path_problems(document: Document, model: SubmissionModel, folder: Path) -> Iterator[Diagnostic]:
    """Captures that are missing, bound twice, or outside the folder of the document."""
    seen: dict[str, int] = {}
    for index, entry in enumerate(model.captures):
        place = ("captures", index, "file")
        fault = unportable(entry.file) or _misplaced(posixpath.normpath(entry.file), entry.file, folder)
        if fault is not None:
            yield document.diagnostic(place, *fault)
            continue
        name = posixpath.normpath(entry.file)
        if name in seen:
            first = document.where(("captures", seen[name], "file"))
            yield document.diagnostic(
                place,
                f"the capture {name!r} is bound already at {first}; one recording counts once",
                "remove one of them, or cut the recording into one file for each test",
            )
        seen.setdefault(name, index)


def kind_of(path: Path) -> Literal["file", "folder", "nothing"]:
    """What is at a path; one that the system does not even take is nothing."""
    try:
        return "file" if path.is_file() else "folder" if path.is_dir() else "nothing"
    except (OSError, ValueError):
        return "nothing"


def _misplaced(name: str, written: str, folder: Path) -> tuple[str, str] | None:
    if name.startswith("../") or name == "..":
        return f"the capture {written!r} lies outside the folder of this document", "move it below this document"
    target = folder / name
    if kind_of(target) == "folder":
        return f"{written!r} is a folder, not a capture", "name the file in it"
    if kind_of(target) != "file":
        return f"there is no capture {written!r} beside this document", _near_file(target)
    return None


def _near_file(target: Path) -> str:
    folder = target.parent
    beside = [path.name for path in folder.iterdir() if path.is_file()] if kind_of(folder) == "folder" else []
    near = nearest(target.name, beside)
    return f"did you mean {near!r}?" if near else "add the file, or remove the entry"


# ---------------------------------------------------------------- names of the spec


def reference_problems(document: Document, model: SubmissionModel, spec: Spec) -> Iterator[Diagnostic]:
    """Tests, signals, requirements and checks that the spec does not have, and claims that do not fit."""
    for index, entry in enumerate(model.captures):
        yield from _test_problems(document, index, entry.test, spec)
        for signal in entry.signals:
            fault = signal_fault(spec, signal)
            if fault is not None:
                yield document.diagnostic(("captures", index, "signals", signal), *fault, key=True)
    yield from _claims_problems(document, model, spec)
    yield from _waivers_problems(document, model, spec)


def signal_fault(spec: Spec, signal: str) -> tuple[str, str] | None:
    """Message and fix, if a signal cannot be mapped to a channel."""
    if signal not in spec.signals:
        return unknown("signal", signal, spec.signals)
    derive = spec.signals[signal].derive
    if derive is None:
        return None
    return (
        f"the signal {signal!r} is computed from {derive.source!r} and has no channel of its own",
        f"map {derive.source!r} to its channel",
    )


def _claims_problems(document: Document, model: SubmissionModel, spec: Spec) -> Iterator[Diagnostic]:
    known = {requirement.id: requirement for requirement in spec.requirements}
    seen: set[tuple[str, str]] = set()
    for index, claim in enumerate(model.claims):
        requirement = known.get(claim.requirement)
        if requirement is None:
            place = ("claims", index, "requirement")
            yield document.diagnostic(place, *unknown("requirement", claim.requirement, known))
            continue
        checks = {plan.name: plan for plan in spec.kind(requirement).checks(requirement, spec.signals)}
        yield from _claim_problems(document, index, claim, checks)
        if (claim.requirement, claim.check) in seen:
            message = f"{claim.requirement} {claim.check} has a claim already"
            yield document.diagnostic(("claims", index, "check"), message, "keep one")
        seen.add((claim.requirement, claim.check))


def _claim_problems(
    document: Document, index: int, claim: ClaimEntry, checks: Mapping[str, CheckPlan]
) -> Iterator[Diagnostic]:
    if claim.check not in checks:
        yield document.diagnostic(("claims", index, "check"), *unknown("check", claim.check, checks))
        return
    plan = checks[claim.check]
    if claim.value.base.replace("%", "1").replace("pu", "1") != plan.unit:
        yield document.diagnostic(
            ("claims", index, "value"),
            f"{claim.value.text!r} cannot be compared with the limit on {claim.check}, which is in {plan.display_unit}",
            f"write it in {plan.display_unit}",
        )


def _waivers_problems(document: Document, model: SubmissionModel, spec: Spec) -> Iterator[Diagnostic]:
    known = {requirement.id for requirement in spec.requirements}
    seen: set[str] = set()
    for index, waiver in enumerate(model.waivers):
        place = ("waivers", index, "requirement")
        if waiver.requirement not in known:
            yield document.diagnostic(place, *unknown("requirement", waiver.requirement, known))
        elif waiver.requirement in seen:
            yield document.diagnostic(place, f"the requirement {waiver.requirement!r} has a waiver already", "keep one")
        seen.add(waiver.requirement)


def _test_problems(document: Document, index: int, test: str | None, spec: Spec) -> Iterator[Diagnostic]:
    if test is not None and test not in spec.tests:
        yield document.diagnostic(("captures", index, "test"), *unknown("test", test, spec.tests))
    elif test is None and spec.tests:
        yield document.diagnostic(
            ("captures", index),
            "the capture does not say under which test it was recorded",
            f"add `test:` with one of {', '.join(spec.tests)}",
        )


def unknown(what: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """Message and fix for a name that is not in the spec."""
    names = sorted(known)
    near = nearest(name, names)
    has = f"it has: {', '.join(names)}" if names else "it has none"
    return f"the spec has no {what} {name!r}", f"did you mean {near!r}?" if near else has
