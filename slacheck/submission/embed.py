"""The captures' own files, for an evidence pack that holds them: the very bytes that were measured, or none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from slacheck.contract import CaptureRecord
from slacheck.errors import CaptureError, Diagnostic, UsageError


def embedded(captures: Sequence[CaptureRecord], paths: Mapping[str, Path]) -> dict[str, bytes]:
    """Every file of every capture, by the name it gets below `captures/` in the pack.

    Raises
    ------
    UsageError
        If a capture was not read from a file.
    CaptureError
        If a file has changed since it was measured.
    """
    files: dict[str, bytes] = {}
    for capture in captures:
        if capture.id not in paths:
            raise UsageError(f"the capture {capture.id} is no file and cannot be embedded")
        folder = PurePosixPath(*[part for part in PurePosixPath(capture.id).parent.parts if part != ".."])
        for file in capture.files:
            content = _read(paths[capture.id].parent / file.name)
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise CaptureError(
                    Diagnostic(file.name, "the file has changed since it was measured", fix="check again")
                )
            files[(folder / file.name).as_posix()] = content
    return files


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CaptureError(Diagnostic(str(path), f"cannot be read: {error.strerror}")) from None
