"""A file exists whole or not at all, whatever happens while it is written.

Into a temporary file beside the target, synced, renamed, and the folder synced. A writer holds a
lock on its temporary file as long as it lives, so a later writer can tell the temporaries of
dead ones (killed, power lost) and removes them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_SUFFIX = ".slacheck-partial"


def write_whole(path: Path, pieces: Iterable[bytes], *, mode: int = 0o666, fresh: bool = False) -> None:
    """Write a file that replaces `path` in one step.

    Parameters
    ----------
    mode : int
        Its permissions, less the umask; the file never has others, not even while it is written.
    fresh : bool
        Never replace: a file that is already there is an error (FileExistsError).

    Raises
    ------
    OSError
        If it cannot be written; then there is no new file, and an old one is as it was.
    """
    remove_abandoned(path.parent)
    descriptor, temporary = _create(path, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            # replaced while still locked, or another writer could take it for abandoned
            if fresh:
                _rename_to_nothing(temporary, path)
            else:
                temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _rename_to_nothing(temporary: Path, path: Path) -> None:
    """Give a file its name only if nothing has that name yet."""
    if sys.platform == "win32":
        temporary.rename(path)
    else:
        path.hardlink_to(temporary)
        temporary.unlink()


def _create(path: Path, mode: int) -> tuple[int, Path]:
    """Open a new temporary file and lock it."""
    while True:
        temporary = path.parent / f".{path.name[:80]}.{secrets.token_hex(8)}{_SUFFIX}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), mode)
        if _lock(descriptor) and temporary.exists():
            return descriptor, temporary
        # another writer cleaned up between opening and locking
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Whether this process now holds the lock; without locks nothing is ever taken for abandoned."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files of writers that are dead."""
    if sys.platform == "win32":
        return
    for temporary in folder.glob(f".*{_SUFFIX}"):
        with contextlib.suppress(OSError):  # somebody else's: not ours to open, or already gone
            descriptor = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                if _lock(descriptor):
                    temporary.unlink(missing_ok=True)
            finally:
                os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
