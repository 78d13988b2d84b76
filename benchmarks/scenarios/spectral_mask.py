"""A line near a mask, and a smaller one elsewhere."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    near = 1.0 + 10.0 ** rng.uniform(-3.5, -0.6) * rng.choice([-1.0, 1.0])
    first, second = rng.uniform(60.0, 300.0), rng.uniform(400.0, 750.0)
    rms = ((first, near), (second, rng.uniform(0.1, 0.5)))
    phases = rng.uniform(0.0, 2.0 * math.pi, 2)

    def wave(t: Samples) -> Samples:
        lines = (
            math.sqrt(2.0) * height * np.sin(2.0 * math.pi * frequency * t + phase)
            for (frequency, height), phase in zip(rms, phases, strict=True)
        )
        return np.asarray(400.0 + sum(lines))

    def spec(limits: Limits) -> dict[str, Any]:
        mask = [["20 Hz", "1 V"], ["800 Hz", "1 V"]]
        return {"kind": "spectral_mask", "signal": "v", "resolution": "4 Hz", "mask": mask}

    return Drawn(
        lines={"v": Line(wave, "V", 1.0)},
        rate=float(rng.choice([2500.0, 5000.0])),
        duration=4.0,
        truth={"mask": float(near)},
        spec=spec,
        known={"anti_alias": True},
    )


SCENARIO = Scenario(
    name="spectral_mask",
    kind="spectral_mask",
    title="A line of 60 to 300 Hz at 0.03 to 25 % above or below a mask of 1 V, and a smaller one, 4 s at 2.5 or 5 "
    "kS/s; noise in parts of 1 V. Truth: the line's rms value over the mask.",
    signals={"v": {"quantity": "voltage", "unit": "V", "rated": "400 V"}},
    checks={"mask": Check("")},
    draw=_draw,
    fixed_limits=True,
)
