"""python-control as an independent oracle: transfer functions in, slacheck against its numbers, through the API."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import slacheck
from slacheck import Capture
from slacheck.contract import Accuracy

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the oracle's own imports warn of is not ours
    control = pytest.importorskip("control", reason="python-control is not installed: pip install 'slacheck[test]'")

SYSTEMS = {
    "second order": ([1.0], [1.0, 1.0, 1.0], 30.0),
    "ST4, fourth order": ([1, 5, 5], [1, 1.65, 5, 6.5, 2], 60.0),
    "ST5, third order": ([8, 18, 32], [1, 6, 14, 24], 12.0),
    "ST6, minimum of the wrong sign": ([-1, 1], [1, 1, 1], 30.0),
}


def checks(spec, capture):
    (finding,) = slacheck.check(spec, [capture]).findings
    return {check["name"]: check["measured"] for check in finding["checks"]}


@pytest.mark.parametrize("name", SYSTEMS)
def test_step_metrics_are_those_of_python_control(name):
    numerator, denominator, length = SYSTEMS[name]
    system = control.tf(numerator, denominator)
    rate, before = 200.0, 5.0
    grid = np.arange(0.0, length, 1.0 / rate)
    _, y = control.step_response(system, grid)
    info = control.step_info(system, T=np.linspace(0.0, length, 60_001), SettlingTimeThreshold=0.02)
    lead = round(before * rate)
    samples = np.concatenate((np.zeros(lead), y))
    capture = Capture.from_arrays(
        {"y": samples, "go": (np.arange(samples.size) >= lead) * 1.0},
        sample_rate=rate,
        units={"y": "V", "go": "V"},
        accuracy={"y": Accuracy(0.0), "go": Accuracy(0.0)},
    )
    spec = {
        "slacheck": 1,
        "id": "oracle",
        "signals": {name: {"quantity": "voltage", "unit": "V"} for name in ("y", "go")},
        "requirements": [
            {
                "id": "A",
                "kind": "step_response",
                "signal": "y",
                "event": {"signal": "go", "level": "50 %", "min_step": "0.5 V"},
                "window": {"before": "4 s", "after": f"{length - 1.0:g} s"},
                "initial": {"window": ["-4 s", "-100 ms"]},
                "final": {"value": f"{float(np.real(system(0)))!r} V"},
                "limits": {key: {"max": "1000 s"} for key in ("rise_time", "settling_time")}
                | {key: {"max": "1000 %"} for key in ("overshoot", "undershoot")},
            }
        ],
    }
    found = checks(spec, capture)
    truth = {
        "rise_time": info["RiseTime"],
        "settling_time": info["SettlingTime"],
        "overshoot": info["Overshoot"] / 100.0,
        "undershoot": info["Undershoot"] / 100.0,
    }
    for key, value in truth.items():
        # the event lies anywhere in the interval before the first new sample, and crossings between samples
        slack = 1.5 / rate if key.endswith("time") else 2e-3
        assert found[key]["value"] == pytest.approx(value, abs=slack), key
        low, high = found[key]["interval"]
        assert low - slack <= value <= high + slack


def test_frequency_response_is_that_of_python_control():
    system = control.tf([1.0], [1.0 / (2 * math.pi * 0.8) ** 2, 0.5 / (2 * math.pi * 0.8), 1.0])
    rate, lines = 100.0, (0.3, 0.7, 1.3, 2.9)
    t = np.arange(0.0, 300.0, 1.0 / rate)
    x = sum(np.cos(2 * np.pi * f * t + 5 * f) for f in lines) + 1e-3 * np.random.default_rng(1).normal(size=t.size)
    y = control.forced_response(system, t, x).outputs + 1e-4 * np.random.default_rng(2).normal(size=t.size)
    settled = t >= 20.0
    capture = Capture.from_arrays(
        {"x": x[settled], "y": y[settled]},
        sample_rate=rate,
        units={"x": "W", "y": "W"},
        accuracy={"x": Accuracy(0.0), "y": Accuracy(0.0)},
        anti_alias=True,
    )
    for f in lines:
        magnitude = float(control.frequency_response(system, [2 * np.pi * f]).magnitude.squeeze())
        mask = [[f"{0.8 * f!r} Hz", "0 dB"], [f"{1.2 * f!r} Hz", "0 dB"]]
        spec = {
            "slacheck": 1,
            "id": "oracle",
            "signals": {name: {"quantity": "active_power", "unit": "W"} for name in ("x", "y")},
            "requirements": [
                {
                    "id": "A",
                    "kind": "frequency_response",
                    "input": "x",
                    "output": "y",
                    "window": {"length": "20 s"},
                    "magnitude_max": mask,
                }
            ],
        }
        measured = checks(spec, capture)["magnitude_max"]
        # forced_response holds its input between samples linearly: sinc^2 of f / rate, below 3e-3 here
        assert measured["value"] == pytest.approx(magnitude, rel=3e-3)
