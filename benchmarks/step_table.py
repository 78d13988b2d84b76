"""Step estimates on one clean and noisy second-order step: slacheck beside other routines.

    python benchmarks/step_table.py            the table, slacheck measured, the others as recorded
    python benchmarks/step_table.py --control  python-control measured too, where it is installed

The record: natural frequency 30 rad/s, damping 0.5, from 1 to 2 units, 10 kS/s for 2 s, white noise.
Another 0.2 s before the step go to slacheck, which takes the initial level from the record.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import slacheck  # noqa: E402
from benchmarks.cells import Samples  # noqa: E402
from benchmarks.scenarios.step_response import response, truth  # noqa: E402
from slacheck.capture.capture import Capture  # noqa: E402

NATURAL, DAMPING, RATE, BEFORE, AFTER = 30.0, 0.5, 10_000.0, 0.2, 2.0
NOISE = (0.0, 0.002, 0.005, 0.01, 0.02)
SEEDS = 20
TRUTH = truth(NATURAL, DAMPING)

RECORDED = tuple(
    tuple(line.split(" | "))
    for line in (
        "python-control 0.10.2 `step_info` | settle | 0.269 | 0.268-0.284 | **0.290-2.000** | **1.994-2.000** | 2.00",
        "same | overshoot % | 16.30 | 16.45-17.14 | 16.67-18.49 | 17.06-20.79 | 17.86-25.58",
        "MTB `cursorSettlingTime` | settle | 0.269 | 0.268-0.284 | **0.290-2.000** | **1.994-2.000** | 2.00",
        "MTB `cursorRiseFallTime` | rise | 0.0545 | 0.0543-0.0551 | 0.0538-0.0561 | 0.0546-0.0586 | **0.0560-1.9795**",
        "DyCoV `get_txu_relative` 2 % | settle | 0.269 | 0.268-0.284 | 0.290-2.000 | 1.994-2.000 | 2.00",
        "DyCoV `get_txp` 2 % of *level* | settle | 0.180 | 0.179-0.183 | 0.183-0.271 | 0.279-2.000 | 2.00",
        "polars-waveform 0.1.0, 1 % band, one seed | settle | 0.293 | - | 1.9996 | - | 1.9999",
        "Oscura 0.14.0, one seed | overshoot % | **17.86** | - | 17.86 | - | 21.79",
    )
)
"""Figures of other routines on this record, as measured once with the packages named; not measured here."""
_ROWS = (("settling_time", "settle", 1.0), ("rise_time", "rise", 1.0), ("overshoot", "overshoot %", 100.0))
Found = dict[str, dict[str, Any]]


def record(deviation: float, seed: int) -> tuple[Samples, Samples]:
    """Times from the step on and samples, noise of a deviation in parts of the step."""
    times = np.arange(round((BEFORE + AFTER) * RATE)) / RATE - BEFORE
    noise = np.random.default_rng(seed).standard_normal(times.size)
    return times, 1.0 + response(times, NATURAL, DAMPING) + deviation * noise


def measured(deviation: float, seed: int) -> Found:
    """Value and interval of each check by slacheck."""
    times, samples = record(deviation, seed)
    limits = {"rise_time": "1 s", "settling_time": "1 s", "overshoot": "50 %"}
    requirement = {
        "id": "A",
        "kind": "step_response",
        "signal": "y",
        "event": {"at": [f"{BEFORE} s"]},
        "window": {"before": f"{BEFORE} s", "after": "1.99 s"},
        "limits": {name: {"max": text} for name, text in limits.items()},
    }
    y = {"quantity": "active_power", "unit": "W", "rated": "2 W", "accuracy": {"reading": "0.02 %"}}
    spec = {"slacheck": 1, "id": "step", "signals": {"y": y}, "requirements": [requirement]}
    checks = slacheck.check(spec, [Capture.from_arrays({"y [W]": samples}, t=times + BEFORE)]).checks
    return {check["name"]: check["measured"] for check in checks}


def rows() -> list[tuple[str, ...]]:
    """slacheck's rows: ranges over the seeds, and how many intervals hold the truth."""
    found = {deviation: [measured(deviation, seed) for seed in range(SEEDS if deviation else 1)] for deviation in NOISE}
    table = []
    for check, name, scale in _ROWS:
        values = [_range([scale * one[check]["value"] for one in found[deviation]], name) for deviation in NOISE]
        table.append(("slacheck", name, *values))
        held = [f"{sum(_holds(one, check) for one in found[d])} of {len(found[d])}" for d in NOISE]
        table.append(("same, truth in its interval", name, *held))
    return table


def _holds(found: Found, check: str) -> bool:
    low, high = found[check]["interval"]
    return (low is None or low <= TRUTH[check]) and (high is None or TRUTH[check] <= high)


def _range(values: list[float], name: str) -> str:
    digits = {"settle": 3, "rise": 4}.get(name, 2)
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return low if low == high else f"{low}-{high}"


def control_rows() -> list[tuple[str, ...]]:
    """python-control's rows, measured. It gets what follows the step, as its documentation says."""
    control = import_module("control")
    found = {}
    for deviation in NOISE:
        infos = []
        for seed in range(SEEDS if deviation else 1):
            times, samples = record(deviation, seed)
            after = times >= 0.0
            infos.append(control.step_info(samples[after] - 1.0, T=times[after]))
        found[deviation] = infos
    names = (("SettlingTime", "settle"), ("RiseTime", "rise"), ("Overshoot", "overshoot %"))
    label = f"python-control {control.__version__} `step_info`, measured"
    return [(label, name, *(_range([one[key] for one in found[d]], name) for d in NOISE)) for key, name in names]


def table(peers: tuple[tuple[str, ...], ...] = RECORDED) -> str:
    """The table in Markdown."""
    head = ("routine", "value", *(f"{100.0 * deviation:g} %" for deviation in NOISE))
    lines = [head, ("---",) * len(head), *rows(), *peers]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def exact() -> str:
    """The truth in words."""
    return (
        f"settling time {TRUTH['settling_time']:.4f} s (2 % of the step), rise time {TRUTH['rise_time']:.4f} s, "
        f"overshoot {100.0 * TRUTH['overshoot']:.2f} %"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--control", action="store_true", help="measure python-control too")
    arguments = parser.parse_args()
    print(f"Truth: {exact()}\n")
    print(table(tuple(control_rows()) + RECORDED if arguments.control else RECORDED))


if __name__ == "__main__":
    main()
