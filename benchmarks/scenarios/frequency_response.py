"""Tones through a low-pass of first order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_TONES = (0.3, 0.5, 0.8, 1.2, 1.9, 3.0, 4.4)


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    heights, phases = rng.uniform(2e5, 1e6, len(_TONES)), rng.uniform(0.0, 2.0 * math.pi, len(_TONES))
    corner = rng.uniform(0.2, 1.0)
    worst = 1.0 / math.hypot(1.0, _TONES[0] / corner)
    mask = worst / (1.0 + 10.0 ** rng.uniform(-3.0, -0.6) * rng.choice([-1.0, 1.0]))

    def swings(t: Samples, *, passed: bool) -> Samples:
        total = np.zeros(t.size)
        for frequency, height, phase in zip(_TONES, heights, phases, strict=True):
            gain = 1.0 / math.hypot(1.0, frequency / corner) if passed else 1.0
            late = math.atan(frequency / corner) if passed else 0.0
            total += gain * height * np.sin(2.0 * math.pi * frequency * t + phase - late)
        return 1e7 + total

    def spec(limits: Limits) -> dict[str, Any]:
        level = f"{20.0 * math.log10(mask)!r} dB"
        return {
            "kind": "frequency_response",
            "input": "x",
            "output": "y",
            "window": {"length": "20 s"},
            "magnitude_max": [["0.25 Hz", level], ["5 Hz", level]],
        }

    return Drawn(
        lines={
            "x": Line(lambda t: swings(t, passed=False), "W", 1e6),
            "y": Line(lambda t: swings(t, passed=True), "W", 1e6),
        },
        rate=float(rng.choice([20.0, 50.0])),
        duration=400.0,
        truth={"magnitude_max": float(worst / mask)},
        spec=spec,
        known={"anti_alias": True},
    )


SCENARIO = Scenario(
    name="frequency_response",
    kind="frequency_response",
    title="Seven tones of 0.3 to 4.4 Hz through a low-pass of first order at 0.2 to 1 Hz, 400 s at 20 or 50 S/s, "
    "windows of 20 s, a level mask 0.1 to 25 % above or below the largest gain; noise in parts of 1 MW. Truth: closed "
    "form.",
    signals={
        "x": {"quantity": "active_power", "unit": "MW", "rated": "20 MW"},
        "y": {"quantity": "active_power", "unit": "MW", "rated": "20 MW"},
    },
    checks={"magnitude_max": Check("")},
    draw=_draw,
    fixed_limits=True,
)
