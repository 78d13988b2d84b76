"""Tones in and out of bands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_RMS, _LINE, _ALL = (0.5, 3.0), (5.0, 30.0), (0.25, 40.0)


def _draw(rng: np.random.Generator, shape: str) -> Drawn:
    low = rng.uniform(0.75, 2.75, 2)
    while abs(low[0] - low[1]) < 0.3:
        low = rng.uniform(0.75, 2.75, 2)
    tones = [(f, rng.uniform(2e5, 2e6)) for f in low]
    tones += [(rng.uniform(6.0, 29.0), rng.uniform(1e5, 1e6)), (rng.uniform(33.0, 38.0), rng.uniform(0.0, 1e6))]
    phases = rng.uniform(0.0, 2.0 * math.pi, len(tones))
    slope = rng.uniform(-2e4, 2e4)

    def wave(t: Samples) -> Samples:
        total = 5e7 + slope * t
        for (frequency, amplitude), phase in zip(tones, phases, strict=True):
            total = total + amplitude * np.sin(2.0 * math.pi * frequency * t + phase)
        return np.asarray(total)

    inside = tones[0][1] ** 2 + tones[1][1] ** 2
    truth = {
        "bands[0]": math.sqrt(inside / 2.0),
        "bands[1]": tones[2][1],
        "bands[2]": inside / math.fsum(amplitude**2 for _, amplitude in tones),
    }

    def spec(limits: Limits) -> dict[str, Any]:
        def band(edges: tuple[float, float], metric: str, check: str) -> dict[str, Any]:
            return {"from": f"{edges[0]} Hz", "to": f"{edges[1]} Hz", "metric": metric, "max": limits[check]}

        fraction = band(_RMS, "energy_fraction", "bands[2]")
        fraction["reference"] = {"from": f"{_ALL[0]} Hz", "to": f"{_ALL[1]} Hz"}
        return {
            "kind": "band_ripple",
            "signal": "p",
            "window": {"length": "20 s", "step": "10 s"},
            "remove": "linear",
            "bands": [band(_RMS, "rms", "bands[0]"), band(_LINE, "line_peak", "bands[1]"), fraction],
        }

    return Drawn(
        lines={"p": Line(wave, "W", 2e6)},
        rate=float(rng.choice([150.0, 400.0])),
        duration=60.0,
        truth=truth,
        spec=spec,
        known={"anti_alias": True},
    )


SCENARIO = Scenario(
    name="band_ripple",
    kind="band_ripple",
    title="Two tones between 0.5 and 3 Hz, one of 5 to 30 Hz, one above, on a slope, 60 s at 150 or 400 S/s, windows "
    "of 20 s; noise in parts of 2 MW. Truth: the tones' amplitudes. `bands[0]` rms, `bands[1]` line_peak, `bands[2]` "
    "energy_fraction.",
    signals={"p": {"quantity": "active_power", "unit": "MW", "rated": "100 MW"}},
    checks={
        "bands[0]": Check("W"),
        "bands[1]": Check("W"),
        "bands[2]": Check("%", base=0.01, shown="points"),
    },
    draw=_draw,
    shapes=("",),
)
