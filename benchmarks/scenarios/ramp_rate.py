"""Loads that ramp between levels; rates of the difference and of the least-squares line."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario, span

_WINDOW, _DURATION, _FINE = 1.0, 40.0, 1e-3


def rates(fine: Samples, estimator: str) -> Samples:
    """The definition on the noise-free load every millisecond. [1/s]"""
    n = round(_WINDOW / _FINE)
    if estimator == "difference":
        return (fine[n:] - fine[:-n]) / _WINDOW
    # slope of the line: 12 / W^3 times the integral of (s - middle) P(s), by the trapezoidal rule on two primitives
    first = np.concatenate([[0.0], np.cumsum((fine[1:] + fine[:-1]) / 2.0)]) * _FINE
    second = np.concatenate([[0.0], np.cumsum((first[1:] + first[:-1]) / 2.0)]) * _FINE
    inner = (first[n:] + first[:-n]) / 2.0 - (second[n:] - second[:-n]) / _WINDOW
    return 12.0 / _WINDOW**2 * inner


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    times, levels = [0.0], [rng.uniform(20.0, 80.0)]
    while times[-1] < _DURATION:
        stay, edge = rng.uniform(0.5, 4.0), rng.uniform(0.3, 5.0)
        times += [times[-1] + stay, times[-1] + stay + edge]
        levels += [levels[-1], rng.uniform(20.0, 80.0)]
    knots, heights = np.array(times), 1e6 * np.array(levels)
    estimator = str(rng.choice(["difference", "least_squares"]))
    duration = rng.uniform(0.3, 0.7) * _DURATION if shape == "truncated" else _DURATION - 0.1
    rate = float(rng.choice([50.0, 100.0, 400.0]))
    first, last = span(rate, duration, rng)
    fine = np.interp(np.arange(first, last + _FINE / 2.0, _FINE), knots, heights)
    found = rates(fine, estimator)

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "ramp_rate",
            "signal": "p",
            "estimator": estimator,
            "window": "1 s",
            "limits": {name: {"max": text} for name, text in limits.items()},
        }

    return Drawn(
        lines={"p": Line(lambda t: np.interp(t, knots, heights), "W", 1e7)},
        rate=rate,
        duration=duration,
        start=first,
        truth={"up": float(found.max()), "down": float(-found.min())},
        spec=spec,
    )


SCENARIO = Scenario(
    name="ramp_rate",
    kind="ramp_rate",
    title="Loads between 20 and 80 MW with edges of 0.3 to 5 s, 40 s at 50, 100 or 400 S/s, window 1 s, half of them "
    "by difference and half by least squares; noise in parts of 10 MW. Truth: the definition on the noise-free load "
    "every millisecond.",
    signals={"p": {"quantity": "active_power", "unit": "MW", "rated": "100 MW"}},
    checks={"up": Check("W/s"), "down": Check("W/s")},
    draw=_draw,
    shapes=("",),
)
