"""A response that follows its reference late, with a gain and an offset of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario, span

_RATED, _DURATION, _FINE = 1e7, 20.0, 1e-3
_ALLOWED, _TUBE, _HALF = 0.1, 0.05, 0.02


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    times, levels = [-5.0], [rng.uniform(-0.8, 0.8)]
    while times[-1] < _DURATION + 5.0:
        times += [times[-1] + rng.uniform(0.3, 2.0)]
        times += [times[-1] + rng.uniform(0.2, 1.5)]
        levels += [levels[-1], rng.uniform(-0.8, 0.8)]
    knots, heights = np.array(times), _RATED * np.array(levels)
    delay = rng.uniform(0.06, 0.16)
    gain, offset = rng.uniform(0.985, 1.015), 0.005 * _RATED * rng.uniform(-1.0, 1.0)

    def reference(t: Samples) -> Samples:
        return np.interp(t, knots, heights)

    def response(t: Samples) -> Samples:
        return np.asarray(gain * reference(t - delay) + offset)

    rate = float(rng.choice([500.0, 1000.0]))
    first, last = span(rate, _DURATION, rng)
    t = np.arange(first + _ALLOWED, last + _FINE / 2.0, _FINE)
    error = response(t) - reference(t - _ALLOWED)
    t = t[t >= first + _ALLOWED + _TUBE]
    around = reference(np.arange(t[0] - _TUBE, t[-1] + _TUBE + _FINE / 2, _FINE) - _ALLOWED)
    size, skip = 2 * round(_TUBE / _FINE) + 1, round(_TUBE / _FINE)
    upper = maximum_filter1d(around, size)[skip : skip + t.size] + _HALF * _RATED
    lower = minimum_filter1d(around, size)[skip : skip + t.size] - _HALF * _RATED
    y = response(t)
    truth = {
        "time_in_tube": float(np.mean((y <= upper) & (y >= lower))),
        "max_error": float(np.abs(error).max()),
        "rms_error": math.sqrt(float(np.mean(error**2))),
        "delay": delay,
    }

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "tracking",
            "signal": "y",
            "reference": "ref",
            "delay_allowance": "100 ms",
            "tube": {"value": "2 %", "time": "50 ms"},
            "limits": {name: {"min" if name == "time_in_tube" else "max": text} for name, text in limits.items()},
        }

    return Drawn(
        lines={"y": Line(response, "W", _RATED), "ref": Line(reference, "W", _RATED)},
        rate=rate,
        duration=_DURATION,
        start=first,
        truth=truth,
        spec=spec,
    )


SCENARIO = Scenario(
    name="tracking",
    kind="tracking",
    title="References that ramp between levels, followed 60 to 160 ms late with a gain within 1.5 % and an offset "
    "within 0.5 %, 20 s at 500 or 1000 S/s, noise on both in parts of rated. Truth: the definition every millisecond.",
    signals={
        "y": {"quantity": "active_power", "unit": "MW", "rated": "10 MW"},
        "ref": {"quantity": "active_power", "unit": "MW", "rated": "10 MW"},
    },
    checks={
        "time_in_tube": Check("%", side="min", base=0.01, shown="points"),
        "max_error": Check("W"),
        "rms_error": Check("W"),
        "delay": Check("s"),
    },
    draw=_draw,
    shapes=("",),
)
