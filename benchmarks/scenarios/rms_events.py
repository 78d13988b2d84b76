"""One dip of a waveform, by the rms over a cycle every half cycle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_RATED, _FINE = 230.0, 2000
"""Rated rms value; points per half cycle at which the definition is evaluated."""


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    frequency = 50.0 * (1.0 + rng.choice([-0.01, 0.01])) if shape == "off_nominal" else 50.0
    residual, phase = rng.uniform(0.2, 0.7), rng.uniform(0.0, 2.0 * math.pi)
    at, length = rng.uniform(0.7, 0.8), rng.uniform(0.06, 0.3)

    def wave(t: Samples) -> Samples:
        depth = np.where((t >= at) & (t < at + length), residual, 1.0)
        return np.asarray(math.sqrt(2.0) * _RATED * depth * np.sin(2.0 * math.pi * frequency * t + phase))

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "rms_events",
            "signal": "v",
            "frequency": "50 Hz",
            "limits": {
                "residual_voltage": {"min": limits["residual_voltage"]},
                "dip_duration": {"max": limits["dip_duration"]},
            },
        }

    return Drawn(
        lines={"v": Line(wave, "V", 0.1 * math.sqrt(2.0) * _RATED)},
        rate=float(rng.choice([10000.0, 20000.0])),
        duration=1.5,
        truth={"residual_voltage": residual, "dip_duration": _duration(wave, frequency, phase)},
        spec=spec,
        known={"anti_alias": True},
    )


def _duration(wave: Any, frequency: float, phase: float) -> float:
    """From the first half cycle whose rms over a cycle is below 0.9 to the first that is back at 0.92. [s]"""
    half = 0.5 / frequency
    first = half * (1.0 - (phase / math.pi) % 1.0)  # a zero crossing of the sine before the event
    t = first + (np.arange(round(1.4 / half) * _FINE) + 0.5) * half / _FINE
    squares = np.mean(wave(t).reshape(-1, _FINE) ** 2, axis=1)
    rms = np.sqrt((squares[1:] + squares[:-1]) / 2.0) / _RATED
    begin = int(np.flatnonzero(rms < 0.9)[0])
    return float(np.flatnonzero(rms[begin:] >= 0.92)[0] * half)


SCENARIO = Scenario(
    name="rms_events",
    kind="rms_events",
    title="One dip of 50 Hz to 0.2 to 0.7 pu for 60 to 300 ms at any phase, at 10 or 20 kS/s; noise in parts of 0.1 pu "
    "of the peak. Truth: the definition on the noise-free waveform, 2000 points per half cycle.",
    signals={"v": {"quantity": "voltage", "unit": "V", "rated": "230 V", "waveform": "ac"}},
    checks={"residual_voltage": Check("%", side="min", base=0.01, shown="points"), "dip_duration": Check("s")},
    draw=_draw,
    shapes=("", "off_nominal"),
    slow=2,
)
