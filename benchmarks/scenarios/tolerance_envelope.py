"""Dips of a voltage: of a recorded rms value, and of a waveform with the rms derived from it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.cells import Line, Samples
from benchmarks.scenarios.scenario import Check, Drawn, Limits, Scenario

_RATED = 277.0


def _curve(limits: Limits) -> dict[str, Any]:
    low = [["0 pu", limits["low[0 pu]"]], ["0.7 pu", limits["low[0.7 pu]"]]]
    return {"low": low, "continuous": ["0.9 pu", "1.1 pu"]}


def _level(rng: np.random.Generator, shape: str) -> Drawn:
    residual, edge = rng.uniform(0.2, 0.6), rng.uniform(0.01, 0.03)
    at, length = rng.uniform(0.4, 0.6), rng.uniform(0.08, 0.4)

    def wave(t: Samples) -> Samples:
        depth = np.clip((t - at) / edge, 0.0, 1.0) - np.clip((t - at - length) / edge, 0.0, 1.0)
        return np.asarray(_RATED * (1.0 - (1.0 - residual) * depth))

    def below(level: float) -> float:
        """Both edges reach a level at the same share of their length, one on the way down and one back up."""
        return length + edge - 2.0 * edge * (1.0 - level) / (1.0 - residual)

    def spec(limits: Limits) -> dict[str, Any]:
        return {"kind": "tolerance_envelope", "signal": "v_rms", "curve": _longer(limits)}

    return Drawn(
        lines={"v_rms": Line(wave, "V", 0.3 * _RATED)},
        rate=float(rng.choice([2000.0, 5000.0])),
        duration=1.6,
        truth={"low[0 pu]": below(0.7), "low[0.7 pu]": below(0.9)},
        spec=spec,
    )


def _longer(limits: Limits) -> dict[str, Any]:
    """A staircase whose durations rise inwards, as the language asks."""
    first, second = (float(limits[name].split()[0]) for name in ("low[0 pu]", "low[0.7 pu]"))
    return _curve({"low[0 pu]": f"{first!r} s", "low[0.7 pu]": f"{max(second, first * 1.000001)!r} s"})


def _waveform(rng: np.random.Generator, shape: str) -> Drawn:
    nominal = 60.0
    frequency = nominal * (1.0 + rng.choice([-0.01, 0.01])) if shape == "off_nominal" else nominal
    residual, phase = rng.uniform(0.0, 0.55), rng.uniform(0.0, 2.0 * math.pi)
    at, length = rng.uniform(0.7, 0.8), rng.uniform(0.06, 0.25)

    def wave(t: Samples) -> Samples:
        inside = (t >= at) & (t < at + length)
        amplitude = math.sqrt(2.0) * _RATED * np.where(inside, residual, 1.0)
        return np.asarray(amplitude * np.sin(2.0 * math.pi * frequency * t + phase))

    def spec(limits: Limits) -> dict[str, Any]:
        curve = _longer(limits)
        limit = float(curve["low"][0][1].split()[0])
        short = {"signal": "v_a", "below": f"{limit * 1.0000001!r} s"}
        return {"kind": "tolerance_envelope", "signal": "v_rms", "short": short, "curve": curve}

    return Drawn(
        lines={"v_a": Line(wave, "V", 0.3 * math.sqrt(2.0) * _RATED)},
        rate=float(rng.choice([5000.0, 10000.0])),
        duration=1.6,
        truth={"low[0 pu]": length, "low[0.7 pu]": length},
        spec=spec,
    )


LEVEL = Scenario(
    name="tolerance_envelope_level",
    kind="tolerance_envelope",
    title="Dips of a recorded rms voltage to 0.2 to 0.6 pu for 80 to 400 ms with edges of 10 to 30 ms, at 2 or 5 kS/s; "
    "noise in parts of 0.3 pu. Truth: closed form.",
    signals={"v_rms": {"quantity": "voltage", "unit": "V", "rated": "277 V"}},
    checks={"low[0 pu]": Check("s"), "low[0.7 pu]": Check("s")},
    draw=_level,
    shapes=("",),
)
WAVEFORM = Scenario(
    name="tolerance_envelope_waveform",
    kind="tolerance_envelope",
    title="Dips of a 60 Hz waveform to 0 to 0.55 pu for 60 to 250 ms at any phase, at 5 or 10 kS/s; noise in parts of "
    "0.3 pu of the peak. `low[0 pu]` on the waveform (`short`), `low[0.7 pu]` on the derived rms. Truth: the dip's "
    "duration.",
    signals={
        "v_a": {"quantity": "voltage", "unit": "V", "rated": "277 V", "waveform": "ac"},
        "v_rms": {
            "quantity": "voltage",
            "unit": "V",
            "rated": "277 V",
            "derive": {"rms": "v_a", "window": "1 cycle", "refresh": "half_cycle", "frequency": "60 Hz"},
        },
    },
    checks={"low[0 pu]": Check("s"), "low[0.7 pu]": Check("s")},
    draw=_waveform,
    shapes=("", "off_nominal"),
)
