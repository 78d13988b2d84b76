"""Three phases that differ in size and angle."""

from __future__ import annotations

import cmath
import math
from functools import partial
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_RATED, _TURN = 277.0, 2.0 * math.pi / 3.0


def _phase(t: Samples, phasor: complex, frequency: float) -> Samples:
    angle = 2.0 * math.pi * frequency * t
    return math.sqrt(2.0) * (phasor.real * np.cos(angle) - phasor.imag * np.sin(angle))


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    frequency = 60.0 * (1.0 + rng.choice([-0.01, 0.01])) if shape == "off_nominal" else 60.0
    turn, start = cmath.exp(1j * _TURN), rng.uniform(0.0, 2.0 * math.pi)
    negative = rng.uniform(0.003, 0.03) * cmath.exp(1j * rng.uniform(0.0, 2.0 * math.pi))
    zero = rng.uniform(0.0, 0.01) * cmath.exp(1j * rng.uniform(0.0, 2.0 * math.pi))
    phasors = {
        name: _RATED * cmath.exp(1j * start) * (turn**-k + negative * turn**k + zero)
        for k, name in enumerate(("v_a", "v_b", "v_c"))
    }

    def spec(limits: Limits) -> dict[str, Any]:
        return {
            "kind": "unbalance",
            "signals": list(phasors),
            "method": "fortescue",
            "frequency": "60 Hz",
            "aggregate": {"length": "3 s"},
            "limits": {"unbalance": {"max": limits["unbalance"]}},
        }

    scale = 0.1 * math.sqrt(2.0) * _RATED
    return Drawn(
        lines={
            name: Line(partial(_phase, phasor=phasor, frequency=frequency), "V", scale)
            for name, phasor in phasors.items()
        },
        rate=float(rng.choice([2000.0, 5000.0])),
        duration=6.5,
        truth={"unbalance": abs(negative)},
        spec=spec,
        known={"anti_alias": True},
    )


SCENARIO = Scenario(
    name="unbalance",
    kind="unbalance",
    title="Negative sequence of 0.3 to 3 % and zero sequence of up to 1 % on 60 Hz, 6.5 s at 2 or 5 kS/s; every phase "
    "has an error of its own; noise in parts of 0.1 pu of the peak. Truth: the sequences.",
    signals={
        name: {"quantity": "voltage", "unit": "V", "rated": "277 V", "waveform": "ac"} for name in ("v_a", "v_b", "v_c")
    },
    checks={"unbalance": Check("%", base=0.01, shown="points")},
    draw=_draw,
    shapes=("", "off_nominal"),
    slow=2,
)
