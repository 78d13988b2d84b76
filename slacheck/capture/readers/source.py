"""Input files: regular, opened once, digested, and unchanged while they were read."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from slacheck.contract import FileRecord
from slacheck.errors import CaptureError, Diagnostic

CHANGED, WAIT = "the file changed while it was read", "wait until the recorder has finished"
_SMALL = 1 << 22
"""A thread is not worth its while for a file of no more bytes."""
_PIECE = 1 << 18
Known = Mapping[tuple[str, int, int], str]
"""Digests of files that were read before, by name, size [bytes] and when they were last written [ns]."""


@dataclass(slots=True)
class Source:
    """One input file, open.

    Parameters
    ----------
    path : Path
        As the user named it.
    file : binary file
        Positioned anywhere.
    size : int
        [bytes]
    role : str
        For the evidence.
    modified : int
        When. [ns]
    known : mapping
        Digests that were taken before.
    """

    path: Path
    file: BinaryIO
    size: int
    role: str
    modified: int
    known: Known = field(default_factory=dict)
    _digest: _Digest = field(init=False)

    def __post_init__(self) -> None:
        """The digest is begun, beside the reading."""
        self._digest = _Digest(
            self.file.fileno(), self.size, self.known.get((self.path.name, self.size, self.modified))
        )

    @property
    def record(self) -> FileRecord:
        """Name, role, digest and size for the evidence.

        Raises
        ------
        CaptureError
            If the file cannot be read to its end.
        """
        try:
            return FileRecord(self.path.name, self.role, self._digest.hexadecimal(), self.size)
        except OSError as error:
            raise self.error(f"cannot be read: {error.strerror}") from None

    @property
    def place(self) -> str:
        """The file in messages."""
        return str(self.path)

    def error(self, message: str, line: int | None = None, fix: str | None = None) -> CaptureError:
        """A CaptureError at this file."""
        return CaptureError(Diagnostic(self.place, message, line, fix=fix))

    def read_all(self, most: int) -> bytes:
        """The whole file, if it is not larger than `most` bytes."""
        if self.size > most:
            raise self.error(f"larger than {most >> 20} MiB")
        self.file.seek(0)
        raw = self.file.read(self.size)
        if len(raw) != self.size:
            raise self.error(f"{self.size} bytes expected, {len(raw)} present")
        return raw

    def check_unchanged(self) -> None:
        """Refuse a file that was written to since its digest was taken."""
        status = os.fstat(self.file.fileno())
        if (status.st_size, status.st_mtime_ns) != (self.size, self.modified):
            raise self.error(CHANGED, fix=WAIT)

    def close(self) -> None:
        """Close the file."""
        self._digest.stop()
        self.file.close()


class _Digest:
    """SHA-256 of an open file; of a large one by a thread of its own, which leaves the file's position alone."""

    def __init__(self, descriptor: int, size: int, known: str | None) -> None:
        self._descriptor = descriptor
        self._known = known
        self._hash = hashlib.sha256()
        self._stopped = False
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._take, daemon=True)
        if known is None and size > _SMALL and hasattr(os, "pread"):
            self._thread.start()

    def hexadecimal(self) -> str:
        """The digest, of all that the file holds."""
        if self._known is not None:
            return self._known
        if self._thread.ident is None:
            self._take()
        else:
            self._thread.join()
        if self._error is not None:
            raise self._error
        return self._hash.hexdigest()

    def stop(self) -> None:
        """Let go of the file."""
        self._stopped = True
        if self._thread.ident is not None:
            self._thread.join()

    def _take(self) -> None:
        position = 0
        try:
            while not self._stopped and (piece := _read_at(self._descriptor, position)):
                self._hash.update(piece)
                position += len(piece)
        except OSError as error:
            self._error = error


def _read_at(descriptor: int, position: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, _PIECE, position)
    os.lseek(descriptor, position, os.SEEK_SET)  # no reader is at it any more: there is no thread
    return os.read(descriptor, _PIECE)


def open_source(path: Path, role: str, known: Known | None = None) -> Source:
    """Open a regular file and begin its digest, unless it is among those `known`.

    Raises
    ------
    CaptureError
        If it cannot be read or is not a regular file (a folder, a pipe, a device).
    """
    # A pipe without a writer would block the open itself.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CaptureError(Diagnostic(str(path), f"cannot be read: {reason}")) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise CaptureError(Diagnostic(str(path), "this is not a regular file"))
    file = os.fdopen(descriptor, "rb")
    return Source(path, file, status.st_size, role, status.st_mtime_ns, known or {})
