"""A campaign from its first task to the table of all checks.

1. The folder is taken: new, or gone on with.
2. Every task goes to a worker, with the address of its earlier result if there is one; the worker says that it still
   stands, or makes it.
3. Results are written down as they come, each whole or not at all.
4. When all are there, the table.

What is written depends on the campaign, the recordings and the versions alone: not on jobs, order, or how often the
batch was killed on the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from slacheck.batch.crew import Prepare, local_crew
from slacheck.batch.folder import Folder
from slacheck.batch.table import BAD_INPUT
from slacheck.batch.work import SAME, Outcome
from slacheck.batch.worker import Limits
from slacheck.submission.campaign import Campaign, Task

EXIT_CODES = {"ERROR": 4, "FAIL": 1, BAD_INPUT: 2, "INCONCLUSIVE": 3, "PASS": 0}
"""Worst first. A FAIL is proven and stays one when the bad input is mended; a PASS of the whole is not."""

Crew = Callable[[Iterator[Task], Prepare], Iterator[tuple[Task, Outcome]]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is: results there, of how many, and how many of them were there before."""

    done: int
    of: int
    before: int


@dataclass(frozen=True, slots=True)
class Way:
    """How a batch is done; no byte of its results depends on it.

    Parameters
    ----------
    jobs : int
        Processes of this machine.
    limits : Limits
        For each task.
    crew : callable, optional
        Who does the tasks instead of processes of this machine.
    """

    jobs: int = 1
    limits: Limits = field(default_factory=Limits)
    crew: Crew | None = None


def conduct(
    campaign: Campaign,
    output: Path,
    *,
    resume: bool = False,
    way: Way | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Counter[str]:
    """Do all tasks of a campaign; how often each outcome came.

    Raises
    ------
    UsageError
        If the folder cannot be used. What is wrong with a task is its outcome, never an exception.
    """
    way = way or Way()
    with Folder(output, campaign.tasks, resume=resume) as folder:
        work = way.crew or (lambda tasks, prepare: local_crew(tasks, prepare, jobs=way.jobs, limits=way.limits))
        _all_results(campaign, folder, work, progress)
        folder.write_table(campaign.tasks)
        return count(folder.rows(campaign.tasks))


def _all_results(campaign: Campaign, folder: Folder, work: Crew, progress: Callable[[Progress], None] | None) -> None:
    place = str(campaign.folder.absolute())

    def prepare(task: Task) -> Mapping[str, Any]:
        return {"folder": place, "task": asdict(task), "address": folder.known(task), "digests": None}

    before = 0
    for done, (task, outcome) in enumerate(work(iter(campaign.tasks), prepare), 1):
        if outcome["outcome"] == SAME:
            before += 1
        else:
            folder.keep(task, outcome)
        if progress is not None:
            progress(Progress(done, len(campaign.tasks), before))


def count(rows: Iterator[dict[str, Any]]) -> Counter[str]:
    """How many results have each outcome."""
    found: Counter[str] = Counter()
    last = None
    for row in rows:
        if row["submission"] != last:
            found[row["outcome"]] += 1
            last = row["submission"]
    return found


def worst(counts: Mapping[str, int]) -> str:
    """The outcome of the whole; of nothing at all, INCONCLUSIVE."""
    return next((outcome for outcome in EXIT_CODES if counts.get(outcome)), "INCONCLUSIVE")
