"""A process that does tasks, seen from outside: fed, timed, replaced when it dies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slacheck
from slacheck.batch.child import receive, send
from slacheck.batch.work import Outcome, lost_outcome

_ATTEMPTS = 2
"""A process may also be ended by what has nothing to do with its task."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may use.

    Parameters
    ----------
    seconds : float
        Wall clock. [s]
    memory : float
        What its process allocates. [GiB]
    """

    seconds: float = 3600.0
    memory: float = 4.0


class Worker:
    """One process, started when it is needed.

    Parameters
    ----------
    limits : Limits
        For each task.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def perform(self, job: Mapping[str, Any]) -> Outcome:
        """Do a task. Its crash, hang or hunger is its own outcome: ERROR, with the reason."""
        name = job["task"]["name"]
        code: int | None = None
        for _ in range(_ATTEMPTS):
            if self._closed:
                break
            late = threading.Event()
            process = self._process or self._start()
            timer = threading.Timer(self._limits.seconds, self._end_late, (process, late))
            timer.start()
            reply = self._asked(process, job)
            timer.cancel()
            if reply is not None:
                return {**reply[0], "pack": reply[1] or None}
            code = self._end(process)
            if late.is_set():
                return lost_outcome(name, "ERROR", _too_long(self._limits))
        return lost_outcome(name, "ERROR", _died(code, self._limits))

    def close(self) -> None:
        """End the process; may be called from another thread while a task is being done."""
        self._closed = True
        if self._process is not None:
            self._end(self._process)

    def _asked(self, process: subprocess.Popen[bytes], job: Mapping[str, Any]) -> tuple[dict[str, Any], bytes] | None:
        if process.stdin is None or process.stdout is None:
            return None
        try:
            send(process.stdin, dict(job))  # type: ignore[arg-type]
            return receive(process.stdout)  # type: ignore[arg-type]
        except (OSError, ValueError):
            return None

    def _start(self) -> subprocess.Popen[bytes]:
        """A process that says that it is ready; one that cannot even start is found dead by its first task."""
        package = str(Path(slacheck.__file__).parents[1])
        path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "slacheck.batch.child", repr(self._limits.memory), repr(self._limits.seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**_environment(), "PYTHONPATH": path},
            start_new_session=True,  # an interrupt at the terminal is the supervisor's; and its readers end with it
        )
        if self._process.stdout is not None:
            receive(self._process.stdout)  # type: ignore[arg-type]
        return self._process

    def _end_late(self, process: subprocess.Popen[bytes], late: threading.Event) -> None:
        late.set()
        _kill(process)

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        """End a process; its exit code."""
        _kill(process)
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()
        self._process = None
        return process.wait()


def _environment() -> dict[str, str]:
    """Of this process, but for what Dask tells its workers: to give memory back at once, which blocks need again."""
    return {name: value for name, value in os.environ.items() if name != "MALLOC_TRIM_THRESHOLD_"}


_idle: dict[Limits, list[Worker]] = {}
"""Workers of this process that wait for their next task."""


def perform_apart(job: Mapping[str, Any], limits: Limits) -> Outcome:
    """Do a task in a process of its own, which is kept for the next one."""
    waiting = _idle.setdefault(limits, [])
    try:
        worker = waiting.pop()
    except IndexError:
        worker = Worker(limits)
    try:
        return worker.perform(job)
    finally:
        waiting.append(worker)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and the readers it started."""
    if process.poll() is not None:
        return
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _too_long(limits: Limits) -> str:
    return f"It took longer than the limit of {limits.seconds:g} s and was ended; give more with --time-limit."


def _died(code: int | None, limits: Limits) -> str:
    """Why a task has no result, from how its process ended."""
    if code is not None and code < 0:
        try:
            how = f"by signal {-code} ({signal.Signals(-code).name})"
        except ValueError:
            how = f"by signal {-code}"
    else:
        how = f"with exit code {code}"
    return (
        f"The process that judged it was ended {how}, {_ATTEMPTS} times: a reader that crashes on this recording, "
        f"or no memory (the limit is {limits.memory:g} GiB). Look at it with `slacheck inspect`, or export it again."
    )
