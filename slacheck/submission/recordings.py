"""Captures given by hand: each gets its id, the path relative to the spec's folder.

An id goes into the evidence, so it must not tell where somebody keeps their files: captures that
share no folder with the spec but the root are named relative to the folder they share themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slacheck.capture.remote import fetch, is_url, relative_name
from slacheck.errors import Diagnostic, UsageError
from slacheck.submission.problems import kind_of

if TYPE_CHECKING:
    from slacheck.capture.capture import Capture


def find_captures(given: Sequence[Path | str], folder: Path) -> dict[str, Path]:
    """Capture ids and files, by id in whatever order they are given; a URL is fetched, and named by its path.

    Raises
    ------
    SlacheckError
        If one recording is given twice, is not a file, or cannot be fetched.
    """
    files = [Path(one) for one in given if not is_url(str(one))]
    local = iter(name_captures(files, folder).items())
    found: dict[str, Path] = {}
    for one in given:
        id, path = (relative_name(str(one)), fetch(str(one))) if is_url(str(one)) else next(local)
        if id in found:
            raise UsageError(Diagnostic(id, "this capture is given twice; one recording counts once"))
        found[id] = path
    return dict(sorted(found.items()))


def name_captures(paths: Sequence[Path], folder: Path) -> dict[str, Path]:
    """Capture ids, in the order of `paths`.

    Raises
    ------
    UsageError
        If one recording is given twice, or is not a file.
    """
    problems = []
    seen: dict[Path, Path] = {}
    for path in paths:
        fault = _fault(path)
        if fault is not None:
            problems.append(fault)
            continue
        if path.resolve() in seen:
            problems.append(Diagnostic(str(path), "this capture is given twice; one recording counts once"))
        seen[path.resolve()] = path
    if problems:
        raise UsageError(problems)
    absolute = [_absolute(path) for path in paths]
    top = _absolute(folder)
    apart = [path for path in absolute if _apart(path, top)]
    shared = Path(os.path.commonpath([path.parent for path in apart])) if apart else top
    names = [os.path.relpath(path, shared if path in apart else top) for path in absolute]
    return {Path(name).as_posix(): path for name, path in zip(names, paths, strict=True)}


def _absolute(path: Path) -> Path:
    """The path as it was named, not where its links lead."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve follows links


def _apart(path: Path, folder: Path) -> bool:
    """Whether the two have no folder in common but the root."""
    return len([part for part, other in zip(path.parts, folder.parts, strict=False) if part == other]) <= 1


def _fault(path: Path) -> Diagnostic | None:
    kind = kind_of(path)
    if kind == "folder":
        return Diagnostic(str(path), "this is a folder, not a capture", fix="name the files in it")
    if kind == "nothing":
        return Diagnostic(str(path), "there is no such capture")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return Diagnostic(str(path), "the name is not UTF-8, and the evidence must name the file", fix="rename it")
    return None


def refuse_shared_files(captures: Iterable[Capture], paths: Mapping[str, Path]) -> None:
    """Refuse two captures that are made of the same file, such as the .cfg and the .dat of one COMTRADE recording.

    Raises
    ------
    UsageError
        One recording counts once.
    """
    owners: dict[Path, str] = {}
    problems = []
    for capture in captures:
        for file in capture.files if capture.id in paths else ():
            owner = owners.setdefault((paths[capture.id].parent / file.name).resolve(), capture.id)
            if owner != capture.id:
                message = f"this is the same recording as {owner}: both are made of {file.name}; it counts once"
                problems.append(Diagnostic(capture.id, message, fix="give one of them"))
                break
    if problems:
        raise UsageError(problems)
