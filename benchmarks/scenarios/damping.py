"""One mode that rings down after a load step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_LENGTH = 20.0


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    ratio, frequency = rng.uniform(0.02, 0.1), rng.uniform(0.3, 1.5)
    at, height, phase = rng.uniform(5.0, 8.0), rng.uniform(1e6, 5e6), rng.uniform(0.0, 2.0 * math.pi)
    decay = 2.0 * math.pi * frequency * ratio / math.sqrt(1.0 - ratio**2)
    length = rng.uniform(0.4, 0.8) * _LENGTH if shape == "truncated" else _LENGTH + 5.0

    def wave(t: Samples) -> Samples:
        elapsed = np.maximum(t - at, 0.0)
        ringing = np.exp(-decay * elapsed) * np.cos(2.0 * math.pi * frequency * elapsed + phase)
        return np.asarray(5e7 + (t >= at) * (1e7 + height * ringing))

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "damping",
            "signal": "p",
            "event": {"at": [f"{at + 0.05!r} s"]},
            "ringdown": {"length": f"{_LENGTH} s"},
            "band": {"from": "0.1 Hz", "to": "2 Hz"},
            "limits": {"damping_ratio": {"min": limits["damping_ratio"]}},
        }

    return Drawn(
        lines={"p": Line(wave, "W", height)},
        rate=float(rng.choice([25.0, 50.0])),
        duration=at + length,
        start=0.0,
        truth={"damping_ratio": ratio},
        spec=spec,
        known={"anti_alias": True},
    )


SCENARIO = Scenario(
    name="damping",
    kind="damping",
    title="A mode of 0.3 to 1.5 Hz with a damping ratio of 2 to 10 %, 20 s at 25 or 50 S/s; noise in parts of its "
    "first amplitude. Truth: closed form.",
    signals={"p": {"quantity": "active_power", "unit": "MW", "rated": "100 MW"}},
    checks={"damping_ratio": Check("%", side="min", base=0.01, shown="points")},
    draw=_draw,
    shapes=("", "truncated"),
    slow=4,
)
