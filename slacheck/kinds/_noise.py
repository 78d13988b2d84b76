"""The noise of a signal as every kind asks for it: one meter a signal, whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slacheck.contract import Measurements, MeterPlan

if TYPE_CHECKING:
    from slacheck.measure.noise import NoiseMeter, NoiseReading


def noise_plan(signal: str) -> MeterPlan:
    """Plan of the meter whose reading `noise_of` takes."""
    return MeterPlan(("noise", signal), (signal,), _meter)


def noise_of(signal: str, measurements: Measurements, window: float = 0.0) -> float:
    """Standard deviation of the noise of the samples, where they are measured over windows of `window` seconds. [SI]"""
    reading: NoiseReading = measurements.reading(("noise", signal))
    return reading.deviation(window / measurements.facts(signal).grid)


def _meter(interval: float) -> NoiseMeter:
    from slacheck.measure.noise import NoiseMeter

    return NoiseMeter()
