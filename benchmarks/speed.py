"""How fast a check of twelve clauses is, and what memory it takes; writes docs/benchmarks.md.

    python benchmarks/speed.py --samples 1e6 1e7 --rounds 5

Every run is a process of its own, the contestants take turns within a round, and a figure is the
median of the rounds. Only ratios within one table count. Needs pandas beside what the tests need.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.rounds import ROOT, interleaved, medians, run

RATE, PIECE = 10_000, 1 << 20
OWN = ("slacheck, 12 clauses", "slacheck, 2 processes", "slacheck, Parquet", "slacheck, 1 clause", "floor")
PEERS = ("hand", "smart")
_SIDECAR = """\
slacheck: 1
channels: {x: {unit: V, accuracy: {reading: 0.2 %}}}
time: {sample_rate: 10 kHz}
anti_alias: true
"""
_LIMIT = "Each ratio is of medians; spread is the slowest over the fastest run."
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
    del array
    rows = np.load(path, mmap_mode="r")
    parquet = path.with_suffix(".parquet")
    with pq.ParquetWriter(parquet, pa.schema([("x", pa.float32())]), compression="NONE", use_dictionary=False) as file:
        for first in range(0, samples, PIECE):
            file.write_table(pa.table({"x": pa.array(rows[first : first + PIECE])}))
    for written in (path, parquet):
        written.with_name(written.name + ".meta.yaml").write_text(_SIDECAR)


def _work(name: str, path: Path) -> tuple[float, float]:
    seconds, memory = run(["benchmarks/contestants.py", name, str(path)]).split()
    return float(seconds), float(memory)


def _whole(name: str) -> tuple[float, float]:
    begun = time.perf_counter()
    run(_SMALL[name])
    return time.perf_counter() - begun, 0.0


def _long(samples: tuple[int, ...], rounds: int, peers_up_to: int) -> Iterator[str]:
    yield "| samples | contestant | s | ns a sample | peak MB | time, in parts of the 12 clauses | spread |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for count in samples:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.npy"
            record(path, count)
            names = (*OWN, *(PEERS if count <= peers_up_to else ()))
            found = interleaved(names, lambda name, path=path: _work(name, path), rounds)  # type: ignore[misc]
        for name, runs in found.items():
            seconds, memory = medians(runs)
            times = [second for second, _ in runs]
            yield (
                f"| {count:.0e} | {name} | {seconds:.3f} | {seconds / count * 1e9:.1f} | {memory:.0f} "
                f"| {seconds / medians(found[OWN[0]])[0]:.2f} | {max(times) / min(times):.2f} |"
            )


def _start_up(rounds: int) -> Iterator[str]:
    found = interleaved(tuple(_SMALL), _whole, rounds)
    whole = medians(found["python -c 'import scipy.signal'"])[0]
    yield "| whole process | s | in parts of `import scipy.signal` |"
    yield "| --- | --- | --- |"
    for name, runs in found.items():
        yield f"| `{name}` | {medians(runs)[0]:.3f} | {medians(runs)[0] / whole:.2f} |"


def main() -> None:
    """Run the benches and write the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", choices=("clauses", "start-up"), nargs="*", default=("clauses", "start-up"))
    parser.add_argument("--samples", type=float, nargs="*", default=(1e6, 1e7))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers-up-to", type=float, default=1e8, metavar="SAMPLES", help="they take 40 bytes a sample")
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
        parts += ["\n".join(_long(counts, arguments.rounds, int(arguments.peers_up_to))) + "\n", _LIMIT + "\n"]
    if "start-up" in arguments.bench:
        parts += ["## Start-up\n", "\n".join(_start_up(arguments.rounds)) + "\n"]
    parts.append((ROOT / "benchmarks" / "speed_findings.md").read_text())
    arguments.output.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
