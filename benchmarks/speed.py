"""How fast a check of twelve clauses is, and what memory it takes; writes docs/benchmarks.md.

    python benchmarks/speed.py --samples 1e6 1e7 --rounds 5

Every run is a process of its own, the contestants take turns within a round, and a figure is the
median of the rounds. Only ratios within one table count. Needs pandas beside what the tests need.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
Runs = list[tuple[float, float]]
RATE, PIECE = 10_000, 1 << 20
NAMES = ("slacheck, 12 clauses", "slacheck, 1 clause", "hand", "smart", "floor")
_SIDECAR = """\
slacheck: 1
channels: {x: {unit: V, accuracy: {reading: 0.2 %}}}
time: {sample_rate: 10 kHz}
anti_alias: true
"""
_LIMIT = "Each ratio is of medians; spread is the slowest over the fastest run of slacheck's twelve clauses."
_SMALL = {
    "python -c pass": ["-c", "pass"],
    "slacheck --help": ["-c", "from slacheck.cli.main import main; main()", "--help"],
    "slacheck lint, small spec": [
        "-c",
        "from slacheck.cli.main import main; main()",
        "lint",
        "specs/kinds/ramp_rate.yaml",
    ],
    "slacheck check, small capture": [
        "-c",
        "from slacheck.cli.main import main; main()",
        "check",
        "specs/kinds/ramp_rate.yaml",
        "fixtures/kinds/ramp_rate.csv",
    ],
    "python -c 'import scipy.signal'": ["-c", "import scipy.signal"],
}


def record(path: Path, samples: int) -> None:
    """A 50 Hz waveform with a harmonic and noise, float32, written in pieces."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(samples,))
    noise = np.random.default_rng(1)
    for first in range(0, samples, PIECE):
        turn = np.arange(first, min(first + PIECE, samples)) * (2 * np.pi * 50 / RATE)
        array[first : first + turn.size] = 325 * np.sin(turn) + 5 * np.sin(2 * turn) + noise.normal(0, 1, turn.size)
    array.flush()
    path.with_name(path.name + ".meta.yaml").write_text(_SIDECAR)


def _run(arguments: list[str]) -> str:
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=os.environ | one_thread, capture_output=True, text=True, check=True
    )
    return done.stdout


def _work(name: str, path: Path) -> tuple[float, float]:
    seconds, memory = _run(["benchmarks/contestants.py", name, str(path)]).split()
    return float(seconds), float(memory)


def _whole(name: str) -> tuple[float, float]:
    begun = time.perf_counter()
    _run(_SMALL[name])
    return time.perf_counter() - begun, 0.0


def interleaved(names: tuple[str, ...], run: Callable[[str], tuple[float, float]], rounds: int) -> dict[str, Runs]:
    """All runs of each name; one round to warm up is thrown away."""
    found: dict[str, Runs] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names:
            result = run(name)
            if turn:
                found[name].append(result)
    return found


def _seconds(runs: Runs) -> float:
    return statistics.median(seconds for seconds, _ in runs)


def _long(samples: tuple[int, ...], rounds: int) -> Iterator[str]:
    yield "| samples | contestant | s | MS/s | peak MB | time, in parts of the 12 clauses | spread |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    with tempfile.TemporaryDirectory() as folder:
        for count in samples:
            path = Path(folder) / f"{count}.npy"
            record(path, count)
            found = interleaved(NAMES, lambda name, path=path: _work(name, path), rounds)  # type: ignore[misc]
            path.unlink()
            for name, runs in found.items():
                seconds, memory = _seconds(runs), statistics.median(peak for _, peak in runs)
                times = [second for second, _ in runs]
                yield (
                    f"| {count:.0e} | {name} | {seconds:.3f} | {count / seconds / 1e6:.1f} | {memory:.0f} "
                    f"| {seconds / _seconds(found[NAMES[0]]):.2f} | {max(times) / min(times):.2f} |"
                )


def _start_up(rounds: int) -> Iterator[str]:
    found = interleaved(tuple(_SMALL), _whole, rounds)
    whole = _seconds(found["python -c 'import scipy.signal'"])
    yield "| whole process | s | in parts of `import scipy.signal` |"
    yield "| --- | --- | --- |"
    for name, runs in found.items():
        yield f"| `{name}` | {_seconds(runs):.3f} | {_seconds(runs) / whole:.2f} |"


def main() -> None:
    """Run the benches and write the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", choices=("clauses", "start-up"), nargs="*", default=("clauses", "start-up"))
    parser.add_argument("--samples", type=float, nargs="*", default=(1e6, 1e7))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    counts = tuple(int(count) for count in arguments.samples)
    parts = [
        "# Speed and memory\n",
        "Generated by `benchmarks/speed.py`; do not edit. Only ratios within one table count.\n",
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it began; median of {arguments.rounds} "
        "interleaved rounds after one to warm up, each run a process of its own.\n",
    ]
    if "clauses" in arguments.bench:
        parts += ["## Twelve clauses\n", (ROOT / "benchmarks" / "contestants.py").read_text().split('"""')[1]]
        parts += ["\n".join(_long(counts, arguments.rounds)) + "\n", _LIMIT + "\n"]
    if "start-up" in arguments.bench:
        parts += ["## Start-up\n", "\n".join(_start_up(arguments.rounds)) + "\n"]
    parts.append((ROOT / "benchmarks" / "speed_findings.md").read_text())
    arguments.output.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
