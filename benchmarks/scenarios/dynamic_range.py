"""Swings of a load: sines and pulses; the range in any second."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario, span

_WINDOW, _FINE = 1.0, 1e-3


def largest_range(fine: Samples) -> float:
    """Largest range in any window of the noise-free load, every millisecond."""
    size = round(_WINDOW / _FINE) + 1
    swing = maximum_filter1d(fine, size, mode="nearest") - minimum_filter1d(fine, size, mode="nearest")
    return float(swing[size // 2 : fine.size - size // 2].max())


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    duration = 20.0
    height, slow, fast = rng.uniform(0.0, 1e7), rng.uniform(0.1, 0.6), rng.uniform(1.0, 3.0)
    slow_height, fast_height = rng.uniform(1e6, 1e7), rng.uniform(2e5, 2e6)
    phases, edge = rng.uniform(0.0, 2.0 * math.pi, 2), rng.uniform(0.05, 0.5)
    flanks = np.sort(rng.uniform(0.0, duration, 8))

    def wave(t: Samples) -> Samples:
        pulses = sum((-1) ** i * np.clip((t - flank) / edge, 0.0, 1.0) for i, flank in enumerate(flanks))
        swings = slow_height * np.sin(2 * math.pi * slow * t + phases[0])
        swings += fast_height * np.sin(2 * math.pi * fast * t + phases[1])
        return np.asarray(5e7 + swings + height * pulses)

    rate = float(rng.choice([100.0, 250.0, 500.0]))
    first, last = span(rate, duration, rng)

    def spec(limits: Limits) -> dict[str, Any]:
        limit = {"max": limits["peak_to_peak"]}
        return {"kind": "dynamic_range", "signal": "p", "window": "1 s", "limits": {"peak_to_peak": limit}}

    return Drawn(
        lines={"p": Line(wave, "W", 1e7)},
        rate=rate,
        duration=duration,
        start=first,
        truth={"peak_to_peak": largest_range(wave(np.arange(first, last + _FINE / 2.0, _FINE)))},
        spec=spec,
    )


SCENARIO = Scenario(
    name="dynamic_range",
    kind="dynamic_range",
    title="Two sines (0.1 to 0.6 and 1 to 3 Hz) and pulses with edges on 50 MW, 20 s at 100, 250 or 500 S/s, window "
    "1 s; noise in parts of 10 MW. Truth: the definition on the noise-free load every millisecond.",
    signals={"p": {"quantity": "active_power", "unit": "MW", "rated": "100 MW"}},
    checks={"peak_to_peak": Check("W")},
    draw=_draw,
    shapes=("",),
)
