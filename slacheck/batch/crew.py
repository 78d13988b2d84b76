"""Tasks done side by side by processes of this machine, handed out one at a time and handed in as they end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from slacheck.batch.work import Outcome
from slacheck.batch.worker import Limits, Worker
from slacheck.submission.campaign import Task

Prepare = Callable[[Task], Mapping[str, Any]]
"""From a task to the job that is sent: what `work.perform` takes."""


def local_crew(tasks: Iterable[Task], prepare: Prepare, *, jobs: int, limits: Limits) -> Iterator[tuple[Task, Outcome]]:
    """Outcomes as they come, in no order. Closing the iterator ends all processes."""
    crew = _Crew(iter(tasks), prepare, [Worker(limits) for _ in range(jobs)])
    try:
        yield from crew.outcomes()
    finally:
        crew.dismiss()


class _Crew:
    def __init__(self, tasks: Iterator[Task], prepare: Prepare, workers: list[Worker]) -> None:
        self._tasks, self._prepare, self._workers = tasks, prepare, workers
        self._turn = threading.Lock()
        self._stop = threading.Event()
        # bounded, so that evidence packs do not pile up in memory where the disk is slower than the workers
        self._ended: queue.Queue[tuple[Task, Outcome] | BaseException | None] = queue.Queue(2 * len(workers))
        self._threads = [threading.Thread(target=self._work, args=(worker,), daemon=True) for worker in workers]

    def outcomes(self) -> Iterator[tuple[Task, Outcome]]:
        for thread in self._threads:
            thread.start()
        busy = len(self._threads)
        while busy:
            ended = self._ended.get()
            if ended is None:
                busy -= 1
            elif isinstance(ended, BaseException):
                raise ended
            else:
                yield ended

    def dismiss(self) -> None:
        self._stop.set()
        for worker in self._workers:
            worker.close()
        while any(thread.is_alive() for thread in self._threads):
            try:
                self._ended.get(timeout=0.05)
            except queue.Empty:
                continue

    def _work(self, worker: Worker) -> None:
        try:
            while not self._stop.is_set():
                with self._turn:
                    task = next(self._tasks, None)
                if task is None:
                    break
                self._ended.put((task, worker.perform(self._prepare(task))))
            self._ended.put(None)
        except BaseException as error:  # raised again where the outcomes are taken
            self._ended.put(error)
        finally:
            worker.close()
