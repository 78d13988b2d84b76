"""A voltage that wanders about the border of its range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_RATED, _LENGTH, _COUNT = 277.0, 1.0, 150


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    count = round(_COUNT * rng.uniform(0.6, 0.9)) if shape == "truncated" else _COUNT
    middle = _RATED * rng.uniform(0.98, 1.02)
    slow, swing = rng.uniform(0.01, 0.03), _RATED * rng.uniform(0.06, 0.11)
    small, little = rng.uniform(0.2, 0.4), _RATED * rng.uniform(0.0, 0.02)
    phases = rng.uniform(0.0, 2.0 * math.pi, 2)
    method = str(rng.choice(["rms", "mean"]))

    def wave(t: Samples) -> Samples:
        first = swing * np.sin(2.0 * math.pi * slow * t + phases[0])
        return np.asarray(middle + first + little * np.sin(2.0 * math.pi * small * t + phases[1]))

    rate = float(rng.choice([50.0, 100.0]))
    fine = wave(np.arange(round(count * _LENGTH * rate)) / rate).reshape(count, -1)
    values = np.sqrt(np.mean(fine**2, axis=1)) if method == "rms" else np.mean(fine, axis=1)
    inside = float(np.mean((values >= 0.9 * _RATED) & (values <= 1.1 * _RATED)))

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "regulation",
            "signal": "v_rms",
            "aggregate": {"length": "1 s", "method": method},
            "limits": {"p95": {"min": "0.9 pu", "max": "1.1 pu"}},
        }

    return Drawn(
        lines={"v_rms": Line(wave, "V", 0.1 * _RATED)},
        rate=rate,
        duration=(count + 0.5) * _LENGTH,  # what does not fill an aggregate is not judged
        start=0.0,
        truth={"p95": inside},
        spec=spec,
    )


SCENARIO = Scenario(
    name="regulation",
    kind="regulation",
    title="A voltage that swings by 6 to 11 % about rated, 150 aggregates of 1 s at 50 or 100 S/s, rms or mean; noise "
    "in parts of 0.1 pu. Truth: the share of aggregates of the noise-free samples inside.",
    signals={"v_rms": {"quantity": "voltage", "unit": "V", "rated": "277 V"}},
    checks={"p95": Check("%", side="min", base=0.01, shown="points")},
    draw=_draw,
    shapes=("", "truncated"),
    fixed_limits=True,
)
