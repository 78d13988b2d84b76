"""Captures measured in processes of this machine: long ones in pieces, several side by side.

Threads would wait for one another: most steps of a meter are too short to let go of the interpreter for.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from slacheck.batch import dissection
from slacheck.batch.dissection import Dissection
from slacheck.capture.load import size_of
from slacheck.portion import Portion, Request
from slacheck.spec.model import Spec


@dataclass(frozen=True, slots=True)
class _Later:
    """What is done here, once the futures that it is told have ended."""

    task: Callable[..., Any]
    told: tuple[Any, ...]

    def result(self) -> Any:
        return self.task(*map(_known, self.told))


def _known(one: Any) -> Any:
    if isinstance(one, list):
        return [_known(each) for each in one]
    return one.result() if isinstance(one, Future | _Later) else one


def _waits(one: Any) -> bool:
    return any(map(_waits, one)) if isinstance(one, list) else isinstance(one, Future | _Later)


def processes_measure(jobs: int) -> Callable[[Spec, Sequence[Request]], list[Portion] | None]:
    """The `elsewhere` of a check: captures are measured by `jobs` processes; None where starting them would not pay.

    The processes are started anew (spawned), so a script that calls this needs `if __name__ == "__main__":`.
    """

    def measure(spec: Spec, requests: Sequence[Request]) -> list[Portion] | None:
        if jobs == 1 or sum(size_of(request.path) for request in requests) < dissection.LONG:
            return None
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:

            def submit(task: Callable[..., Any], *told: Any) -> Any:
                return _Later(task, told) if any(map(_waits, told)) else pool.submit(task, *told)

            try:
                way = Dissection(submit, BrokenProcessPool, max(1, jobs // len(requests)), shares=1)
                begun = [way.begin(spec, request) for request in requests]
                return [way.end(spec, one) for one in begun]
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    return measure
