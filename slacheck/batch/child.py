"""Runs apart: tasks on standard input, outcomes on standard output, until the input ends.

A recording that crashes a native parser, hangs or asks for all memory ends this process, and with it one task only.
A message is a length of eight bytes and that many bytes: JSON, and after an outcome its evidence pack.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import Any, BinaryIO

from slacheck.batch.work import lost_outcome, perform

_GRACE = 5.0
"""How much longer than its supervisor a worker waits before it ends itself. [s]"""


def send(pipe: BinaryIO, message: dict[str, Any], pack: bytes = b"") -> None:
    """Write a message and the bytes that go with it."""
    text = json.dumps(message).encode()
    for part in (text, pack):
        pipe.write(len(part).to_bytes(8, "little"))
        pipe.write(part)
    pipe.flush()


def receive(pipe: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read a message; None where the other side is gone."""
    parts = []
    for _ in range(2):
        length = pipe.read(8)
        part = pipe.read(int.from_bytes(length, "little")) if len(length) == 8 else b""
        if len(length) != 8 or len(part) != int.from_bytes(length, "little"):
            return None
        parts.append(part)
    return json.loads(parts[0]), parts[1]


def main() -> None:
    """Do tasks until there are no more."""
    memory, seconds = float(sys.argv[1]), float(sys.argv[2])
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a plugin prints must not stand among the replies
    _limit(memory)
    _end_with(os.getppid())
    send(replies, {"ready": True})  # only now does the time of a task begin to count
    while (job := receive(sys.stdin.buffer)) is not None:
        _alarm(seconds + _GRACE)
        outcome = _performed(job[0], memory)
        _alarm(0.0)
        pack = outcome.pop("pack") or b""
        send(replies, outcome, pack)


def _performed(job: dict[str, Any], memory: float) -> dict[str, Any]:
    try:
        return perform(job)
    except MemoryError:
        return lost_outcome(job["task"]["name"], "ERROR", out_of_memory(memory))
    except Exception as error:  # a bug must not take the other tasks with it
        text = f"This is a bug in slacheck: {type(error).__name__}: {error}"
        return lost_outcome(job["task"]["name"], "ERROR", text)


def out_of_memory(memory: float) -> str:
    """Why a task has no result."""
    return f"It needs more memory than the limit of {memory:g} GiB; give more with --memory-limit."


def _limit(memory: float) -> None:
    """Bound what this process allocates. Mapped files do not count, or no long record could be read."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = round(memory * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _alarm(seconds: float) -> None:
    """Let the system end this process after a time, even where native code never gives the interpreter back."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _end_with(parent: int) -> None:
    """End soon after the supervisor is gone, so that a killed batch leaves nothing running."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
