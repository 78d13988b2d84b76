"""Dips of a bus voltage after a load step: at once or with a finite edge, and back exponentially."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.optimize import brentq

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_RATED, _BAND = 800.0, 8.0


def _shape(elapsed: Samples, slow: float, fast: float) -> Samples:
    """Dip of depth 1: exponential, at once where `fast` is 0."""
    t = np.maximum(elapsed, 0.0)
    if fast == 0.0:
        return np.where(elapsed < 0.0, 0.0, np.exp(-t / slow))
    return (np.exp(-t / slow) - np.exp(-t / fast)) / _crest(slow, fast)[1]


def _crest(slow: float, fast: float) -> tuple[float, float]:
    """Time and height of the largest difference of the two exponentials."""
    if fast == 0.0:
        return 0.0, 1.0
    at = math.log(slow / fast) * slow * fast / (slow - fast)
    return at, math.exp(-at / slow) - math.exp(-at / fast)


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    sign = -1.0 if shape == "falling" else 1.0
    depth, slow = rng.uniform(40.0, 120.0), rng.uniform(0.02, 0.06)
    fast = 0.0 if rng.uniform() < 0.3 else slow * rng.uniform(0.05, 0.4)
    at = rng.uniform(1.5, 3.0) if shape == "pre_trigger" else rng.uniform(0.25, 0.4)
    crest = _crest(slow, fast)[0]
    back = brentq(lambda t: depth * float(_shape(np.array([t]), slow, fast)[0]) - _BAND, crest, 20.0 * slow, xtol=1e-13)
    after = rng.uniform(0.7, 2.0) * back if shape == "truncated" else 0.6
    side = "rise" if shape == "falling" else "dip"

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "transient_deviation",
            "signal": "v",
            "event": {"signal": "load", "min_step": "50 kW"},
            "window": {"before": "200 ms", "after": "500 ms"},
            "band": {"half_width": "1 %"},
            "limits": {name: {"max": text} for name, text in limits.items()},
        }

    return Drawn(
        lines={
            "v": Line(lambda t: _RATED - sign * depth * _shape(t - at, slow, fast), "V", depth),
            "load": Line(lambda t: np.where(t < at, 1e4, 1.2e5), "W", 1.1e5),
        },
        rate=float(rng.choice([2000.0, 5000.0, 10000.0])),
        duration=at + after,
        truth={side: depth, "recovery_time": back},
        spec=spec,
    )


SCENARIO = Scenario(
    name="transient_deviation",
    kind="transient_deviation",
    title="Dips (mirrored: rises) of 5 to 15 % of rated, 30 % of them at once and the others with an edge, back with "
    "20 to 60 ms, at 2, 5 or 10 kS/s; noise in parts of the depth. Truth: closed form, recovery by a bracketed root.",
    signals={
        "v": {"quantity": "voltage", "unit": "V", "rated": "800 V"},
        "load": {"quantity": "active_power", "unit": "kW", "rated": "120 kW"},
    },
    checks={"dip": Check("V"), "rise": Check("V"), "recovery_time": Check("s")},
    draw=_draw,
    shapes=("", "falling", "pre_trigger", "truncated"),
)
