"""Contestants that take turns: each run a process of its own, a figure the median of the rounds.

As a module it is one such run: `python -m benchmarks.rounds MODULE CASE CONTESTANT FILE` gives the seconds of
the work, the peak memory of the process with its children [MB], and in words what was found.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Work = Callable[[], object]
Runs = list[tuple[float, float]]


@dataclass(frozen=True)
class Case:
    """One thing that slacheck and its peers do to the same file.

    Parameters
    ----------
    file : str
        Its name.
    make : callable
        Writes it, at the full size of the aim or a smaller one.
    contestants : mapping
        Name to what prepares the work on the file, imports and all; slacheck first.
    aims : mapping
        Name of a peer to how many times as long as slacheck it should take.
    """

    file: str
    make: Callable[[Path, bool], None]
    contestants: Mapping[str, Callable[[Path], Work]]
    aims: Mapping[str, float]


def run(arguments: list[str]) -> str:
    """Standard output of a Python process in the project's folder, with one thread for what is not slacheck's own.

    Its modules are compiled once, as those of an installed package are.
    """
    compiled = {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "slacheck-bench-compiled")}
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    mine = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=mine | one_thread | compiled,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def timed(work: Work) -> tuple[float, float, object]:
    """Seconds, the peak memory of this process and the largest of its children together [MB], and what was found."""
    import resource

    begun = time.perf_counter()
    found = work()
    seconds = time.perf_counter() - begun
    return seconds, (_peak() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024, found


def _peak() -> int:
    """Peak memory of this process [kB]. That of getrusage is at least what the process had that started it."""
    import resource

    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return found[0] if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def interleaved(names: tuple[str, ...], one: Callable[[str], tuple[float, float]], rounds: int) -> dict[str, Runs]:
    """All runs of each name; one round to warm up is thrown away."""
    found: dict[str, Runs] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names:
            result = one(name)
            if turn:
                found[name].append(result)
    return found


def medians(runs: Runs) -> tuple[float, float]:
    """Seconds and memory."""
    return statistics.median(seconds for seconds, _ in runs), statistics.median(memory for _, memory in runs)


def table(module: str, title: str, case: Case, path: Path, rounds: int) -> str:
    """Lines of a case: each contestant against the first."""
    words: dict[str, str] = {}

    def one(name: str) -> tuple[float, float]:
        seconds, memory, words[name] = run(["-m", "benchmarks.rounds", module, title, name, str(path)]).split(
            maxsplit=2
        )
        return float(seconds), float(memory)

    found = interleaved(tuple(case.contestants), one, rounds)
    own = medians(next(iter(found.values())))[0]
    lines = [
        f"## {title}\n",
        f"{path.name}, {sum(part.stat().st_size for part in path.parent.glob(path.stem + '.*')) / 1e6:.0f} MB.\n",
        "| | s | fastest to slowest | peak MB | times as long as slacheck | aim | found |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, runs in found.items():
        seconds, memory = medians(runs)
        spread = f"{min(runs)[0]:.3g} to {max(runs)[0]:.3g}"
        aim = case.aims.get(name)
        verdict = "" if aim is None else f"{aim:g}, {'reached' if seconds >= aim * own else '**missed**'}"
        ratio, said = seconds / own, words[name].strip()
        lines.append(f"| {name} | {seconds:.3g} | {spread} | {memory:.0f} | {ratio:.3g} | {verdict} | {said} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """One run, or with `make` and `full` or `small` for the contestant and its input, the making of the file."""
    module, title, name, path = sys.argv[1:5]
    case: Case = import_module(module).CASES[title]
    if name == "make":
        case.make(Path(path), sys.argv[5] == "full")
        return
    seconds, memory, found = timed(case.contestants[name](Path(path)))
    print(seconds, memory, found)


if __name__ == "__main__":
    main()
