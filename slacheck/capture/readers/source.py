"""Input files: regular, opened once, digested, and unchanged while they were read."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from slacheck.contract import FileRecord
from slacheck.errors import CaptureError, Diagnostic

CHANGED, WAIT = "the file changed while it was read", "wait until the recorder has finished"


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
    record : FileRecord
        Name, role, digest and size for the evidence.
    """

    path: Path
    file: BinaryIO
    size: int
    record: FileRecord
    modified: int

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
        self.file.close()


def open_source(path: Path, role: str) -> Source:
    """Open a regular file and take its digest.

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
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    record = FileRecord(path.name, role, digest, status.st_size)
    return Source(path, file, status.st_size, record, status.st_mtime_ns)
