"""Second-order responses to a setpoint step, the truth in closed form but for two roots."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.optimize import brentq

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_BAND = 0.02


def response(elapsed: Samples, natural: float, damping: float) -> Samples:
    """Unit step response, 0 before the step."""
    t = np.maximum(elapsed, 0.0)
    damped = natural * math.sqrt(1.0 - damping**2)
    ringing = np.cos(damped * t) + damping * natural / damped * np.sin(damped * t)
    return 1.0 - np.exp(-damping * natural * t) * ringing


def truth(natural: float, damping: float) -> dict[str, float]:
    """Times by bracketed roots between the extremes, which lie at multiples of pi / wd."""

    def r(t: float) -> float:
        return float(response(np.array([t]), natural, damping)[0])

    half = math.pi / (natural * math.sqrt(1.0 - damping**2))
    overshoot = math.exp(-damping * natural * half)
    t10, t90 = (brentq(lambda t, x=x: r(t) - x, 0.0, half, xtol=1e-13) for x in (0.1, 0.9))
    outside = 0
    while overshoot ** (outside + 1) > _BAND:
        outside += 1
    border = 1.0 + (_BAND if outside % 2 else -_BAND)
    settled = brentq(lambda t: r(t) - border, outside * half, (outside + 1) * half, xtol=1e-13)
    return {"delay_time": t10, "rise_time": t90 - t10, "settling_time": settled, "overshoot": overshoot}


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    natural = rng.uniform(25.0, 45.0)
    damping = rng.uniform(max(0.4, 10.0 / natural), 0.8)
    at = rng.uniform(1.5, 3.0) if shape == "pre_trigger" else rng.uniform(0.25, 0.4)
    initial, sign = rng.uniform(-1.0, 1.0), -1.0 if shape == "falling" else 1.0
    known = truth(natural, damping)
    after = rng.uniform(0.7, 3.0) * known["settling_time"] if shape == "truncated" else 1.3
    # a record that ends too early has no final level of its own: the spec declares it
    final = {"final": {"value": f"{initial + sign!r} W"}} if shape == "truncated" else {}

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "step_response",
            "signal": "y",
            "event": {"signal": "set", "min_step": "0.5 W"},
            "window": {"before": "200 ms", "after": "1 s"},
            **final,
            "limits": {name: {"max": text} for name, text in limits.items()},
        }

    return Drawn(
        lines={
            "y": Line(lambda t: initial + sign * response(t - at, natural, damping), "W", 1.0),
            "set": Line(lambda t: initial + sign * (t >= at), "W", 1.0),
        },
        rate=float(rng.choice([2500.0, 5000.0, 10000.0])),
        duration=at + after,
        truth={**known, "peak_deviation": 1.0 + known["overshoot"]},
        spec=spec,
    )


SCENARIO = Scenario(
    name="step_response",
    kind="step_response",
    title="Second-order responses (damping 0.4 to 0.8, 25 to 45 rad/s) to a setpoint step at 2.5, 5 or 10 kS/s; noise "
    "in parts of the step. Truth: closed form, crossings by bracketed roots.",
    signals={
        "y": {"quantity": "active_power", "unit": "W", "rated": "2 W"},
        "set": {"quantity": "active_power", "unit": "W", "rated": "2 W"},
    },
    checks={
        "delay_time": Check("s"),
        "rise_time": Check("s"),
        "settling_time": Check("s"),
        "overshoot": Check("%", base=0.01, shown="points"),
        "peak_deviation": Check("W"),
    },
    draw=_draw,
    shapes=("", "falling", "pre_trigger", "truncated"),
)
