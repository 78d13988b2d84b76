"""A distorted voltage: three harmonics that do not change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_RATED = 230.0


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    frequency = 50.0 * (1.0 + rng.choice([-0.01, 0.01])) if shape == "off_nominal" else 50.0
    shares = {1: 1.0, 3: rng.uniform(0.005, 0.04), 5: rng.uniform(0.005, 0.06), 7: rng.uniform(0.002, 0.03)}
    phases, height = rng.uniform(0.0, 2.0 * math.pi, len(shares)), _RATED * rng.uniform(0.97, 1.03)

    def wave(t: Samples) -> Samples:
        parts = (
            share * np.sin(2.0 * math.pi * order * frequency * t + phase)
            for (order, share), phase in zip(shares.items(), phases, strict=True)
        )
        return np.asarray(math.sqrt(2.0) * height * sum(parts))

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "harmonics",
            "signal": "v",
            "frequency": "50 Hz",
            "max_order": 25,
            "aggregate": {"length": "3 s"},
            "limits": {"thd": {"max": limits["thd"]}},
            "orders": [{"order": 5, "max": limits["orders[0]"]}],
        }

    return Drawn(
        lines={"v": Line(wave, "V", 0.1 * math.sqrt(2.0) * _RATED)},
        rate=float(rng.choice([5000.0, 10000.0])),
        duration=6.5,
        truth={"thd": math.hypot(*(share for order, share in shares.items() if order > 1)), "orders[0]": shares[5]},
        spec=spec,
        known={"anti_alias": True},
    )


SCENARIO = Scenario(
    name="harmonics",
    kind="harmonics",
    title="Orders 3, 5 and 7 of 0.2 to 6 % on 50 Hz, 6.5 s at 5 or 10 kS/s, aggregates of 3 s; noise in parts of 0.1 "
    "pu of the peak. `orders[0]` is order 5. Truth: the amplitudes.",
    signals={"v": {"quantity": "voltage", "unit": "V", "rated": "230 V", "waveform": "ac"}},
    checks={
        "thd": Check("%", base=0.01, shown="points"),
        "orders[0]": Check("%", base=0.01, shown="points"),
    },
    draw=_draw,
    shapes=("", "off_nominal"),
    slow=2,
)
