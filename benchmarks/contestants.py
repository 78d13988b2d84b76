"""What `benchmarks/speed.py` measures, each run in a process of its own. Imports are outside the time, for all alike.

`hand` is what is written clause by clause with pandas and scipy.signal, `smart` a careful script that shares one
spectrum, `floor` reads the file and makes one batched real FFT at half overlap. `hand`, `smart` and `floor` give
numbers alone: no digest, no gaps, no uncertainty, no worst window of a band, no evidence.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rounds import timed

RATE, SEGMENT, CYCLE = 10_000, 10_000, 200
BANDS = ((90.0, 110.0), (290.0, 310.0), (500.0, 1000.0))


def slacheck(path: Path, spec: str, jobs: int = 1) -> Callable[[], object]:
    """The whole of a check: digest, verdicts, results; of processes, their start too."""
    import scipy.fft  # noqa: F401

    from slacheck import api
    from slacheck.batch.local import processes_measure

    elsewhere = None if jobs == 1 else processes_measure(jobs)
    return lambda: api.check(Path(__file__).with_name(spec), path, elsewhere=elsewhere).to_json()


def hand(path: Path) -> Callable[[], object]:
    """One clause at a time."""
    import pandas as pd
    from scipy import signal

    def work() -> list[Any]:
        x = pd.Series(np.load(path))
        found: list[Any] = []
        for low, high in BANDS:
            frequency, power = signal.welch(x.to_numpy(), RATE, nperseg=SEGMENT)
            inside = (frequency >= low) & (frequency <= high)
            found.append(np.sqrt(np.sum(power[inside]) * (frequency[1] - frequency[0])))
        frequency, power = signal.welch(x.to_numpy(), RATE, nperseg=SEGMENT)
        found.append(np.max(np.sqrt(power) / np.interp(frequency, [20, 200, 1000], [400, 400, 50])))
        for lag in (RATE // 100, RATE):
            change = x.diff(lag) * (RATE / lag)
            found += [change.max(), -change.min()]
        found.append((x.rolling(RATE + 1).max() - x.rolling(RATE + 1).min()).max())
        envelope = np.sqrt((x.astype("float64") ** 2).rolling(CYCLE).mean()).iloc[CYCLE - 1 :: CYCLE // 2]
        found += [envelope.min(), envelope.max()]
        return [*found, x.quantile(0.95), x.quantile(0.999)]

    return work


def smart(path: Path) -> Callable[[], object]:
    """One spectrum for all bands and the mask; filters that do not depend on the window."""
    from scipy import ndimage, signal

    def work() -> list[Any]:
        x = np.load(path)
        frequency, power = signal.welch(x, RATE, nperseg=SEGMENT)
        found: list[Any] = []
        for low, high in BANDS:
            inside = (frequency >= low) & (frequency <= high)
            found.append(np.sqrt(np.sum(power[inside]) * (frequency[1] - frequency[0])))
        found.append(np.max(np.sqrt(power) / np.interp(frequency, [20, 200, 1000], [400, 400, 50])))
        for lag in (RATE // 100, RATE):
            change = x[lag:] - x[:-lag]
            found += [change.max() * (RATE / lag), -change.min() * (RATE / lag)]
        found.append(np.max(ndimage.maximum_filter1d(x, RATE + 1) - ndimage.minimum_filter1d(x, RATE + 1)))
        half = np.add.reduceat(x.astype(np.float64) ** 2, np.arange(0, x.size, CYCLE // 2))
        envelope = np.sqrt((half[1:] + half[:-1]) / CYCLE)
        found += [envelope.min(), envelope.max()]
        return [*found, *np.percentile(x, [95, 99.9])]

    return work


def floor(path: Path) -> Callable[[], object]:
    """Read, and one transform of every half-overlapping segment."""
    import scipy.fft

    def work() -> float:
        x = np.load(path, mmap_mode="r")
        windows = np.lib.stride_tricks.sliding_window_view(x, SEGMENT)[:: SEGMENT // 2]
        total = 0.0
        for first in range(0, len(windows), 32):
            total += float(np.abs(scipy.fft.rfft(windows[first : first + 32], axis=1)[0, 0]))
        return total

    return work


CONTESTANTS: dict[str, Callable[[Path], Callable[[], object]]] = {
    "slacheck, 12 clauses": lambda path: slacheck(path, "speed.yaml"),
    "slacheck, 2 processes": lambda path: slacheck(path, "speed.yaml", jobs=2),
    "slacheck, Parquet": lambda path: slacheck(path.with_suffix(".parquet"), "speed.yaml"),
    "slacheck, 1 clause": lambda path: slacheck(path, "speed_one.yaml"),
    "hand": hand,
    "smart": smart,
    "floor": floor,
}


def main() -> None:
    """`contestants.py NAME FILE`: seconds of the work and the peak memory of the process in MB."""
    seconds, memory, _ = timed(CONTESTANTS[sys.argv[1]](Path(sys.argv[2])))
    sys.stdout.write(f"{seconds} {memory}\n")


if __name__ == "__main__":
    main()
