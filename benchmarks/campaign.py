"""A campaign of many recordings: slacheck batch, alone and on Dask, against a joblib loop over a hand-written script.

    python benchmarks/campaign.py --captures 40 --samples 1e6 --jobs 2 --rounds 5

All four run in turn in every round; figures are ratios of medians of one run. The hand-written script computes the same
readings (ramp, range over a second, worst-window ripple in two bands) with pandas and scipy.signal and writes one CSV:
no gates, no uncertainty, no digests, no evidence.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(library, "1")

RATE = 1000
SPEC = """\
slacheck: 1
id: campaign
version: "1"
signals:
  power: {quantity: active_power, unit: MW, rated: 100 MW, channel: P, accuracy: {reading: 0.1 %}}
requirements:
  - {id: RAMP, kind: ramp_rate, signal: power, window: 1 s, limits: {up: {max: 50 MW/s}, down: {max: 50 MW/s}}}
  - {id: RANGE, kind: dynamic_range, signal: power, window: 1 s, limits: {peak_to_peak: {max: 50 MW}}}
  - id: OSC
    kind: band_ripple
    signal: power
    window: {length: 10 s, step: 5 s, taper: hann}
    statistic: max
    bands:
      - {from: 0.5 Hz, to: 2 Hz, metric: rms, max: 2 MW}
      - {from: 3 Hz, to: 30 Hz, metric: rms, max: 2 MW}
"""
SIDECAR = "slacheck: 1\nchannels: {P: {unit: MW}}\ntime: {sample_rate: 1 kHz}\nanti_alias: true\n"
CAMPAIGN = "slacheck: 1\ncampaign: bench\nentries: [{spec: spec.yaml, captures: runs/*.npy}]\n"


def make(folder: Path, captures: int, samples: int) -> None:
    """Recordings of a slow swing with noise, float32."""
    import numpy as np

    (folder / "runs").mkdir()
    (folder / "spec.yaml").write_text(SPEC, encoding="utf-8")
    (folder / "campaign.yaml").write_text(CAMPAIGN, encoding="utf-8")
    swing = 50 + 5 * np.sin(2 * np.pi * 0.05 * np.arange(samples) / RATE)
    for number in range(captures):
        noise = np.random.default_rng(number).standard_normal(samples, dtype=np.float32)
        power = (swing + 0.1 * noise).astype(np.float32)
        path = folder / "runs" / f"run-{number:04d}.npy"
        np.save(path, power.view([("P", np.float32)]))
        path.with_name(path.name + ".meta.yaml").write_text(SIDECAR, encoding="utf-8")


def by_hand(path: str) -> tuple[str, float, float, float, float, float]:
    """What an engineer writes for the same clauses."""
    import numpy as np
    import pandas as pd
    from scipy import signal

    power = pd.Series(np.load(path)["P"].astype(float))
    ramp = power.diff(RATE)
    spread = power.rolling(RATE + 1).max() - power.rolling(RATE + 1).min()
    length = 10 * RATE
    frequencies, _, windows = signal.spectrogram(power.to_numpy(), RATE, "hann", length, length // 2, detrend="linear")
    step = frequencies[1]
    bands = [(0.5, 2.0), (3.0, 30.0)]
    ripple = [
        float(np.sqrt(windows[(frequencies >= low) & (frequencies <= high)].sum(axis=0) * step).max())
        for low, high in bands
    ]
    return path, float(ramp.max()), float(-ramp.min()), float(spread.max()), *ripple  # type: ignore[return-value]


LOOP = """\
import csv, sys
from pathlib import Path
from joblib import Parallel, delayed
from benchmarks.campaign import by_hand
paths = sorted(map(str, Path(sys.argv[1], "runs").glob("*.npy")))
rows = Parallel(n_jobs=int(sys.argv[2]))(delayed(by_hand)(path) for path in paths)
with open(sys.argv[3], "w", newline="") as file:
    csv.writer(file).writerows(rows)
"""


def timed(command: list[str], folder: Path) -> float:
    """Seconds of a whole process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def slacheck(folder: Path, *options: str) -> float:
    """A batch into a fresh folder, or gone on with."""
    if "--resume" not in options:
        shutil.rmtree(folder / "out", ignore_errors=True)
    code = "from slacheck.cli.main import main; main()"
    return timed([sys.executable, "-c", code, "batch", "campaign.yaml", "-o", "out", "-q", *options], folder)


def ways(folder: Path, jobs: int) -> dict[str, Callable[[], float]]:
    """What is compared, by name."""
    loop = [sys.executable, "-c", LOOP, str(folder), str(jobs), str(folder / "by_hand.csv")]
    return {
        "batch": lambda: slacheck(folder, "--jobs", str(jobs)),
        "batch on Dask": lambda: slacheck(folder, "--jobs", str(jobs), "--scheduler", "local"),
        "batch, resumed with all done": lambda: slacheck(folder, "--jobs", str(jobs), "--resume"),
        "joblib loop by hand": lambda: timed(loop, folder),
    }


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=int, default=40)
    parser.add_argument("--samples", type=float, default=1e6)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slacheck-bench-") as space:
        folder = Path(space)
        make(folder, given.captures, round(given.samples))
        seconds: dict[str, list[float]] = {}
        for _ in range(given.rounds):
            for name, run in ways(folder, given.jobs).items():
                seconds.setdefault(name, []).append(run())
    reference = statistics.median(seconds["batch"])
    total = given.captures * given.samples / 1e6
    print(
        f"{given.captures} recordings of {given.samples:.0g} samples, {given.jobs} processes, median of {given.rounds}"
    )
    print("| | s | against batch | MS/s |\n| --- | --- | --- | --- |")
    for name, each in seconds.items():
        median = statistics.median(each)
        spread = f"{min(each):.1f} to {max(each):.1f}"
        print(f"| {name} | {median:.1f} ({spread}) | {median / reference:.2f} | {total / median:.1f} |")


if __name__ == "__main__":
    main()
