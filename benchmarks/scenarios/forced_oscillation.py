"""A line that lasts, in noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    frequency, height = rng.uniform(0.7, 9.0), rng.uniform(2e5, 2e6)
    phase = rng.uniform(0.0, 2.0 * math.pi)
    other = (rng.uniform(0.02, 0.1), rng.uniform(0.0, 2e6))

    def wave(t: Samples) -> Samples:
        slow = other[1] * np.sin(2.0 * math.pi * other[0] * t)
        return np.asarray(5e7 + slow + math.sqrt(2.0) * height * np.sin(2.0 * math.pi * frequency * t + phase))

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "forced_oscillation",
            "signal": "p",
            "band": {"from": "0.5 Hz", "to": "10 Hz"},
            "window": {"length": "40 s"},
            "limits": {"amplitude": {"max": limits["amplitude"]}},
        }

    return Drawn(
        lines={"p": Line(wave, "W", 1e7)},
        rate=float(rng.choice([30.0, 50.0])),
        duration=200.0,
        truth={"amplitude": height},
        spec=spec,
        known={"anti_alias": True},
    )


SCENARIO = Scenario(
    name="forced_oscillation",
    kind="forced_oscillation",
    title="A line of 0.2 to 2 MW rms between 0.7 and 9 Hz, and a slow swing below the band, 200 s at 30 or 50 S/s, "
    "windows of 40 s; noise in parts of 10 MW. Truth: the line's rms value.",
    signals={"p": {"quantity": "active_power", "unit": "MW", "rated": "100 MW"}},
    checks={"amplitude": Check("W")},
    draw=_draw,
    shapes=("",),
    slow=2,
)
