"""A week of eight channels, computed while it is read: all that is planted in it is found, in constant memory.

    python benchmarks/week.py --hours 168 --rate 20000

No file is written or read: a channel is a function of the sample's index (`slacheck.testing.computed`), so that
the record may be longer than any disk. Each channel holds one violation, at the record's first sample, where two
of the pieces meet that the engine reads, or at the last sample; its requirement must FAIL, and say when. A tenth
of the record is checked before the whole, each in a process of its own, for the ratio of their peak memories.
Every length of time is a number of samples, so that a week at a low rate is a test. Writes docs/week.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

import slacheck  # noqa: E402
from slacheck.capture.capture import Capture  # noqa: E402
from slacheck.engine.source import PIECE  # noqa: E402
from slacheck.testing.computed import computed_capture, noise_between  # noqa: E402

LEVEL, NOISE = 100.0, 0.05
"""Of every channel. [kW]"""
Shape = Callable[[np.ndarray], np.ndarray]
Place = Callable[[int], int]


@dataclass(frozen=True)
class Lengths:
    """Numbers of samples as text of the spec."""

    rate: float

    def time(self, samples: float) -> str:
        return f"{samples / self.rate:.12g} s"

    def frequency(self, samples: float) -> str:
        """Of a period of so many samples."""
        return f"{self.rate / samples:.12g} Hz"

    def ramp(self, samples: float) -> str:
        """20 kW within so many samples."""
        return f"{20.0 * self.rate / samples:.12g} kW/s"


@dataclass(frozen=True)
class Planted:
    """One violation.

    Parameters
    ----------
    id : str
        Of its requirement.
    clause : callable
        The requirement without its id and signal.
    shape : callable
        What is added to the level, of samples counted from the planted one. [kW]
    place : callable
        The planted sample, of the number of samples.
    """

    id: str
    clause: Callable[[Lengths], str]
    shape: Shape
    place: Place


def seam(part: float) -> Place:
    """Where two pieces meet, that far into the record."""
    return lambda count: max(1, int(part * count / PIECE)) * PIECE


def _range(n: Lengths) -> str:
    return f"kind: dynamic_range, window: {n.time(2000)}, limits: {{peak_to_peak: {{max: 20 kW}}}}"


def _ramp(n: Lengths) -> str:
    return f"kind: ramp_rate, window: {n.time(1000)}, limits: {{up: {{max: {n.ramp(1000)}}}}}"


def _dip(n: Lengths) -> str:
    return f"kind: tolerance_envelope, curve: {{low: [[0.5 pu, {n.time(200)}]], continuous: [0.9 pu, 1.1 pu]}}"


def _ripple(n: Lengths) -> str:
    band = f"from: {n.frequency(80)}, to: {n.frequency(20)}, max: 0.5 kW"
    return f"kind: band_ripple, window: {{length: {n.time(2000)}, step: {n.time(1000)}}}, bands: [{{{band}}}]"


def _overshoot(n: Lengths) -> str:
    return (
        f"kind: step_response, event: {{min_step: 10 kW}}, window: {{before: {n.time(4000)}, after: {n.time(4000)}}}, "
        f"initial: {{window: [-{n.time(3000)}, -{n.time(100)}]}}, final: {{window: [{n.time(2000)}, {n.time(4000)}]}}, "
        f"limits: {{overshoot: {{max: 10 %}}}}"
    )


def spike(since: np.ndarray) -> np.ndarray:
    return np.where(since == 0, 30.0, 0.0)


def ramp(since: np.ndarray) -> np.ndarray:
    return np.clip((since + 500) * 0.03, 0.0, 30.0)


def dip(since: np.ndarray) -> np.ndarray:
    return np.where((since >= -250) & (since < 250), -40.0, 0.0)


def burst(since: np.ndarray) -> np.ndarray:
    return np.where(np.abs(since) < 1000, 2.0 * np.sin(2.0 * np.pi / 40.0 * (since % 40)), 0.0)


def step(since: np.ndarray) -> np.ndarray:
    return np.where(since < 0, 0.0, np.where(since < 300, 40.0, 30.0))


PLANTED = (
    Planted("FIRST-SAMPLE", _range, spike, lambda count: 0),
    Planted("PIECE-ENDS", _range, spike, lambda count: seam(0.2)(count) - 1),
    Planted("PIECE-BEGINS", _range, spike, seam(0.35)),
    Planted("RAMP", _ramp, ramp, seam(0.5)),
    Planted("DIP", _dip, dip, seam(0.6)),
    Planted("BURST", _ripple, burst, seam(0.75)),
    Planted("OVERSHOOT", _overshoot, step, seam(0.9)),
    Planted("LAST-SAMPLE", _range, spike, lambda count: count - 1),
)


def capture_of(rate: float, count: int, planted: Sequence[Planted] = PLANTED) -> Capture:
    """The record: channels of noise about a level, each with its violation."""

    def channel(number: int, one: Planted) -> Callable[[int, int], np.ndarray]:
        place = one.place(count)

        def samples(first: int, last: int) -> np.ndarray:
            noise = noise_between(first, last, sigma=NOISE, seed=number)
            return LEVEL + one.shape(np.arange(first, last) - place) + noise

        return samples

    channels = {f"p{number}": channel(number, one) for number, one in enumerate(planted)}
    return computed_capture(channels, count, sample_rate=rate, units=dict.fromkeys(channels, "kW"), id="week")


def spec_of(rate: float, planted: Sequence[Planted] = PLANTED) -> str:
    """A requirement for each channel."""
    signal = "{quantity: active_power, unit: kW, rated: 100 kW, accuracy: {reading: 0.1 %}}"
    clauses = [one.clause(Lengths(rate)) for one in planted]
    return "\n".join(
        [
            "slacheck: 1\nid: week\ndecision: {rule: simple}\nsignals:",
            *(f"  p{number}: {signal}" for number in range(len(planted))),
            "requirements:",
            *(f"  - {{id: {p.id}, signal: p{number}, {clauses[number]}}}" for number, p in enumerate(planted)),
            "",
        ]
    )


def check(rate: float, count: int, planted: Sequence[Planted] = PLANTED, *, jobs: int = 1) -> slacheck.Results:
    """Check the record."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "week.yaml")
        path.write_text(spec_of(rate, planted))
        return slacheck.check(path, capture_of(rate, count, planted), jobs=jobs)


def found(
    results: slacheck.Results, rate: float, count: int, planted: Sequence[Planted] = PLANTED
) -> dict[str, dict[str, Any]]:
    """Of each requirement: its verdict, and by how many samples the time that it names misses the planted one."""
    worst = {finding["requirement"]: finding for finding in results.findings}
    table = {}
    for one in planted:
        finding = worst[one.id]
        failed = [check for check in finding["checks"] if check["verdict"] == "FAIL"] or finding["checks"][:1]
        at = (failed[0]["at"] or {}).get("time")
        sample = one.place(count)
        off = None if at is None else round(at * rate) - sample
        table[one.id] = {"verdict": finding["verdict"], "sample": sample, "off": off}
    return table


def _one(rate: float, count: int, planted: Sequence[Planted]) -> None:
    begun = time.perf_counter()
    results = check(rate, count, planted)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "found": found(results, rate, count, planted)}))


def apart(rate: float, count: int, channels: int = len(PLANTED)) -> dict[str, Any]:
    """The same in a process of its own: seconds, peak memory [MB], what was found."""
    lengths = ["--one", str(count), "--rate", str(rate), "--channels", str(channels)]
    command = [sys.executable, str(Path(__file__)), *lengths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def _document(rate: float, counts: tuple[int, int], runs: list[dict[str, Any]]) -> str:
    hours = counts[1] / rate / 3600
    lines = [
        "# A long record",
        "",
        "Generated; do not edit:",
        "",
        f"    python benchmarks/week.py --hours {hours:g} --rate {rate:g}",
        "",
        f"{len(runs[1]['found'])} channels at {rate:g} S/s, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when "
        f"it ended. The record is computed while it is read, in pieces of {PIECE} samples; computing it counts.",
        "",
        "| hours | samples of all channels | s | MS/s | peak MB | memory, in parts of the first |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for count, run in zip(counts, runs, strict=True):
        samples = len(run["found"]) * count
        speed, part = samples / run["seconds"] / 1e6, run["peak"] / runs[0]["peak"]
        lines.append(
            f"| {count / rate / 3600:g} | {samples:.3g} | {run['seconds']:.0f} | {speed:.1f} | {run['peak']:.0f} "
            f"| {part:.2f} |"
        )
    lines += ["", "| planted | at sample | verdict | named, less planted |", "| --- | --- | --- | --- |"]
    for name, one in runs[1]["found"].items():
        lines.append(f"| {name} | {one['sample']} | {one['verdict']} | {one['off']} samples |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Check a tenth of the record and the whole, and write the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=20_000.0, help="[Hz]")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "week.md")
    parser.add_argument("--channels", type=int, choices=range(1, len(PLANTED) + 1), default=len(PLANTED))
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        _one(arguments.rate, arguments.one, PLANTED[: arguments.channels])
        return
    whole = round(arguments.hours * 3600 * arguments.rate)
    counts = (whole // 10, whole)
    runs = [apart(arguments.rate, count, arguments.channels) for count in counts]
    arguments.output.write_text(_document(arguments.rate, counts, runs))


if __name__ == "__main__":
    main()
