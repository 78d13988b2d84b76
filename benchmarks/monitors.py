"""Bounds within windows

The same property of the same samples, watched by slacheck (a whole check: digest, gates, uncertainty, verdict, results
and traces), by `rtamt` (discrete time, offline, as its examples do) and by monitors in a Python loop, which give one
bit each. The loops are given a list, which is what Python is quickest at.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np

from benchmarks.rounds import Case, Work

SAMPLES = {"recovery": {True: 1_000_000, False: 300_000}, "range": {True: 10_000_000, False: 2_000_000}}
RATE = 10_000
HIGH, WITHIN = 1.2, 0.05
"""A bus above this level [kV] has to be back within this time. [s]"""
WINDOW, SWING = 0.1, 1.0
"""The most that it may move within a window. [s, kV]"""
SIDECAR = "slacheck: 1\nchannels: {x: {unit: kV, accuracy: {reading: 0.1 %}}}\ntime: {sample_rate: 10 kHz}\n"
SPEC = """\
slacheck: 1
id: monitor
signals:
  bus: {{quantity: voltage, unit: kV, rated: 1 kV, channel: x, accuracy: {{reading: 0.1 %}}}}
requirements:
  - {{id: BOUND, {clause}}}
"""
RECOVERY = (
    f"kind: tolerance_envelope, signal: bus, curve: {{high: [[2.0 pu, 20 ms], [{HIGH} pu, {WITHIN * 1000:g} ms]], "
    "continuous: [0.5 pu, 1.15 pu]}"
)
RANGE = f"kind: dynamic_range, signal: bus, window: {WINDOW * 1000:g} ms, limits: {{peak_to_peak: {{max: {SWING} kV}}}}"


def make(path: Path, count: int) -> None:
    """A bus of 1 kV with noise and an excursion of 20 ms each second."""
    values = 1.0 + 0.002 * np.random.default_rng(1).standard_normal(count)
    for start in range(RATE // 2, count - RATE // 2, RATE):
        values[start : start + RATE // 50] += 0.4
    np.save(path, values)
    path.with_name(path.name + ".meta.yaml").write_text(SIDECAR)


def slacheck(path: Path, clause: str) -> Work:
    """The whole of a check."""
    import scipy.fft  # noqa: F401

    from slacheck import api

    spec = SPEC.format(clause=clause).encode()
    own = path.with_name("monitor.yaml")
    own.write_bytes(spec)

    def work() -> str:
        results = api.check(own, path)
        results.to_json()
        return str(results.verdict.value)

    return work


def rtamt(path: Path, formula: str) -> Work:
    """A formula over the whole record; samples count as seconds."""
    import rtamt as package

    monitor = package.StlDiscreteTimeSpecification()
    monitor.declare_var("x", "float")
    monitor.spec = formula
    monitor.parse()

    def work() -> str:
        values = np.load(path).tolist()
        found = monitor.evaluate({"time": list(range(len(values))), "x": values})
        return f"robustness {found[0][1]:.3f}"

    return work


def recovery_loop(path: Path) -> Work:
    """How long the bus has been high, sample by sample."""
    longest = round(WITHIN * RATE)

    def work() -> str:
        above = worst = 0
        for value in np.load(path).tolist():
            above = above + 1 if value > HIGH else 0
            if above > worst:
                worst = above
        return "kept" if worst <= longest else "broken"

    return work


def range_loop(path: Path) -> Work:
    """Falling and rising candidates for the extremes of the window in two queues."""
    length = round(WINDOW * RATE) + 1

    def work() -> str:
        values = np.load(path).tolist()
        highs: deque[int] = deque()
        lows: deque[int] = deque()
        worst = 0.0
        for index, value in enumerate(values):
            while highs and values[highs[-1]] <= value:
                highs.pop()
            while lows and values[lows[-1]] >= value:
                lows.pop()
            highs.append(index)
            lows.append(index)
            if highs[0] <= index - length:
                highs.popleft()
            if lows[0] <= index - length:
                lows.popleft()
            worst = max(worst, values[highs[0]] - values[lows[0]])
        return f"largest range {worst:.3f}"

    return work


def range_slices(path: Path) -> Work:
    """What is written first: the extremes of each window, anew."""
    length = round(WINDOW * RATE) + 1

    def work() -> str:
        values = np.load(path)
        worst = 0.0
        for start in range(values.size - length + 1):
            window = values[start : start + length]
            worst = max(worst, window.max() - window.min())
        return f"largest range {worst:.3f}"

    return work


_STEPS = round(WITHIN * RATE)
CASES = {
    "Above a level, back within 50 ms": Case(
        "bus.npy",
        lambda path, full: make(path, SAMPLES["recovery"][full]),
        {
            "slacheck": lambda path: slacheck(path, RECOVERY),
            "rtamt": lambda path: rtamt(
                path, f"out = always((x > {HIGH}) implies (eventually[0:{_STEPS}] (x <= {HIGH})))"
            ),
            "Python loop, a counter": recovery_loop,
        },
        {"rtamt": 20.0, "Python loop, a counter": 20.0},
    ),
    "Range within any 100 ms": Case(
        "bus.npy",
        lambda path, full: make(path, SAMPLES["range"][full]),
        {
            "slacheck": lambda path: slacheck(path, RANGE),
            "Python loop, two queues": range_loop,
            "Python loop, each window anew": range_slices,
        },
        {"Python loop, two queues": 20.0, "Python loop, each window anew": 20.0},
    ),
}
