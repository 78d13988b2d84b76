"""A frequency that ramps, as the waveform shows it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    begin = 49.5 if shape == "off_nominal" else 50.0
    rate, at, length = rng.uniform(0.3, 1.5) * rng.choice([-1.0, 1.0]), rng.uniform(1.0, 1.5), rng.uniform(1.0, 1.3)
    phase = rng.uniform(0.0, 2.0 * math.pi)

    def wave(t: Samples) -> Samples:
        inside = np.clip(t - at, 0.0, length)
        turns = begin * t + rate * (inside**2 / 2.0 + length * np.maximum(t - at - length, 0.0))
        return math.sqrt(2.0) * 230.0 * np.sin(2.0 * math.pi * turns + phase)

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "rocof",
            "signal": "v",
            "frequency": "50 Hz",
            "window": "500 ms",
            "frequency_window": "200 ms",
            "exclude": {"phase_jump": "5 deg"},
            "limits": {"rocof": {"max": limits["rocof"]}},
        }

    return Drawn(
        lines={"v": Line(wave, "V", 0.1 * math.sqrt(2.0) * 230.0)},
        rate=float(rng.choice([2000.0, 5000.0])),
        duration=4.0,
        truth={"rocof": abs(rate)},
        spec=spec,
        known={"anti_alias": True},
    )


SCENARIO = Scenario(
    name="rocof",
    kind="rocof",
    title="Ramps of 0.3 to 1.5 Hz/s for 1 to 1.3 s from 50 Hz (off nominal: 49.5 Hz), the waveform for 4 s at 2 or 5 "
    "kS/s, window 500 ms; noise in parts of 0.1 pu of the peak. Truth: the ramp.",
    signals={"v": {"quantity": "voltage", "unit": "V", "rated": "230 V", "waveform": "ac"}},
    checks={"rocof": Check("Hz/s")},
    draw=_draw,
    shapes=("", "off_nominal"),
)
