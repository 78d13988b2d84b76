"""The folder of a batch: evidence packs, what is done, the table. Killed at any moment, it can be gone on with.

    packs/<result>.zip     one evidence pack for each result
    done/<result>.json     address, pack digest and rows of a result that need not be made again
    checks.parquet         every check; written when all results are there

A result is done when its `done` file is there, which is written after its pack; both whole or not at all. Results of
bad input and ERROR have none, so that they are tried again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from slacheck.batch.table import Row, write_table
from slacheck.batch.work import Outcome
from slacheck.errors import Diagnostic, UsageError
from slacheck.evidence.atomic import remove_abandoned, write_whole
from slacheck.evidence.canonical import canonical_json, parse_json
from slacheck.submission.campaign import Task

if sys.platform != "win32":
    import fcntl

TABLE = "checks.parquet"
_LASTING = ("PASS", "FAIL", "INCONCLUSIVE")
_RESUME = "go on with --resume, or name a new folder"


class Folder:
    """The results of a batch, on disk. Use it in a `with` statement: one batch at a time writes to a folder.

    Parameters
    ----------
    path : Path
        Made if it is not there.
    tasks : iterable of Task
        All that the campaign asks for.
    resume : bool
        Go on with what an earlier batch left.

    Raises
    ------
    UsageError
        If the folder is not empty and may not be gone on with, or another batch writes to it.
    """

    def __init__(self, path: Path, tasks: Iterable[Task], *, resume: bool) -> None:
        self.path = path
        self._packs, self._done = path / "packs", path / "done"
        self._stems = {task.stem for task in tasks}
        self._resume = resume
        self._rows: dict[str, list[Row]] = {}
        self._lock: int | None = None

    def __enter__(self) -> Folder:
        """Make or take over the folder."""
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(Diagnostic(str(self.path), "this is not a folder", fix="name a folder"))
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            self._take()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Let others write to the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take(self) -> None:
        if sys.platform != "win32":
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(Diagnostic(str(self.path), "another batch is writing to this folder")) from None
        if self._is_used():
            if not self._resume:
                raise UsageError(Diagnostic(str(self.path), "the folder is not empty", fix=_RESUME))
            if not self._done.is_dir():
                raise UsageError(
                    Diagnostic(str(self.path), "the folder holds no batch to go on with", fix="name another folder")
                )
        self._done.mkdir(exist_ok=True)
        self._packs.mkdir(exist_ok=True)
        for folder in (self.path, self._packs, self._done):
            remove_abandoned(folder)
        self._refuse_strangers()

    def _is_used(self) -> bool:
        """Whether anything is there but the folders of a batch that made nothing."""
        ours = (self._packs, self._done)
        return any(path not in ours or not path.is_dir() or any(path.iterdir()) for path in self.path.iterdir())

    def _refuse_strangers(self) -> None:
        """Results that the campaign does not ask for are evidence that nobody may take for its own."""
        strange = sorted({p.stem for f in (self._packs, self._done) for p in f.iterdir()} - self._stems)
        if strange:
            message = (
                f"the folder holds {len(strange)} results that the campaign does not ask for, such as {strange[0]}"
            )
            fix = "name a new folder, or remove them from packs/ and done/"
            raise UsageError(Diagnostic(str(self.path), message, fix=fix))

    def known(self, task: Task) -> str | None:
        """The address of the result that is there, if it is whole; None if it has to be made."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            record = self._record(task)
            pack = self._pack(task).read_bytes()
            if hashlib.sha256(pack).hexdigest() == record["pack_sha256"]:
                return str(record["address"])
        return None

    def keep(self, task: Task, outcome: Outcome) -> None:
        """Write a result down."""
        done, pack = self._done / f"{task.stem}.json", self._pack(task)
        done.unlink(missing_ok=True)
        if outcome["pack"] is None:
            pack.unlink(missing_ok=True)
        else:
            write_whole(pack, [outcome["pack"]])
        if outcome["outcome"] not in _LASTING:
            self._rows[task.name] = outcome["rows"]
            return
        record = {
            "address": outcome["address"],
            "pack_sha256": hashlib.sha256(outcome["pack"]).hexdigest(),
            "rows": outcome["rows"],
        }
        write_whole(done, [canonical_json(record)])

    def write_table(self, tasks: Iterable[Task]) -> None:
        """Write the table of all checks, in the order of the tasks."""
        write_table(self.path / TABLE, self.rows(tasks))

    def rows(self, tasks: Iterable[Task]) -> Iterator[Row]:
        """Rows of all results, in the order of the tasks."""
        for task in tasks:
            yield from self._rows[task.name] if task.name in self._rows else self._record(task)["rows"]

    def _pack(self, task: Task) -> Path:
        return self._packs / f"{task.stem}.zip"

    def _record(self, task: Task) -> dict[str, Any]:
        record: dict[str, Any] = parse_json((self._done / f"{task.stem}.json").read_bytes())
        return record
