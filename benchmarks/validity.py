"""Error rates of every kind on synthetic records with known truth; writes docs/validity.md.

    python benchmarks/validity.py --records 120 --jobs 2

Every record has a seed of its own, made of `--seed`, scenario, cell and number. Rows are kept in
`--state` as they come, so a run that was stopped goes on where it was and ends in the same document;
rows that other code made are made anew unless `--keep`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(library, "1")

from benchmarks.cells import Cell  # noqa: E402
from benchmarks.document import written  # noqa: E402
from benchmarks.scenarios import SCENARIOS  # noqa: E402
from benchmarks.scenarios.scenario import Scenario  # noqa: E402
from benchmarks.states import State, digest  # noqa: E402
from benchmarks.trial import cells_of, run  # noqa: E402

_BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
_ROUND = 20
"""Records of a cell that are run before the next cell has its turn."""
Task = tuple[int, str, str, int]
Row = dict[str, Any]
States = dict[tuple[str, str], State]


def _perform(task: Task) -> Row:
    seed, name, cell_name, index = task
    scenario = _BY_NAME[name]
    cell = next(cell for cell in cells_of(scenario) if cell.name == cell_name)
    return run(seed, scenario, cell, index)


def _most(name: str, records: int) -> int:
    """Records of each cell of a scenario."""
    return -(-records // _BY_NAME[name].slow)


def _tasks(states: States, seed: int, records: int) -> Iterator[Task]:
    """What is not there yet, a round of each cell in turn, so that an early stop leaves all cells alike."""
    for start in range(0, records, _ROUND):
        for (name, cell), state in states.items():
            wanted = range(max(start, len(state.rows)), min(start + _ROUND, _most(name, records)))
            yield from ((seed, name, cell, index) for index in wanted)


def _chosen(arguments: argparse.Namespace) -> Iterator[tuple[Scenario, Cell]]:
    for scenario in SCENARIOS:
        if arguments.kinds and not {scenario.name, scenario.kind} & set(arguments.kinds):
            continue
        for cell in cells_of(scenario):
            if not arguments.cells or cell.name in arguments.cells:
                yield scenario, cell


def main() -> None:
    """Run what is missing, then write the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=120, help="of each cell")
    parser.add_argument("--kinds", nargs="*", help="kinds or scenarios; default all")
    parser.add_argument("--cells", nargs="*", help="default all")
    parser.add_argument("--seed", type=int, default=20261101)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--state", type=Path, default=ROOT / "benchmarks" / ".state")
    parser.add_argument("--keep", action="store_true", help="keep rows that other code made")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "validity.md")
    arguments = parser.parse_args()
    made_by = {"seed": arguments.seed, "sources": digest()}
    states = {
        (scenario.name, cell.name): State(arguments.state, scenario, cell, made_by, keep=arguments.keep)
        for scenario, cell in _chosen(arguments)
    }
    complete(states, arguments.seed, arguments.records, jobs=arguments.jobs)
    rows = {key: state.rows[: _most(key[0], arguments.records)] for key, state in states.items()}
    arguments.output.write_text(written(SCENARIOS, rows, arguments.seed))


def complete(states: States, seed: int, records: int, *, jobs: int = 1) -> None:
    """Run the records that are not there yet, and write each down as it comes."""
    tasks = list(_tasks(states, seed, records))
    if jobs == 1:
        _keep(states, tasks, map(_perform, tasks))
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        _keep(states, tasks, pool.imap(_perform, tasks, chunksize=5))


def _keep(states: States, tasks: list[Task], rows: Iterable[Row]) -> None:
    for done, (task, row) in enumerate(zip(tasks, rows, strict=True), 1):
        states[task[1], task[2]].append(row)
        if sys.stderr.isatty() and done % 100 == 0:
            print(f"\r{done} of {len(tasks)} records", end="", file=sys.stderr)


if __name__ == "__main__":
    main()
