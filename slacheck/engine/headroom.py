"""Headroom of a spec's remedies: reserved less used energy of a capture, measured in the same pass as the clauses.

Where samples are missing the power is unknown. With `possible` it lies between two levels, and the
energy between two bounds; without, the energy is not bounded, and no bound is made up. Offset and gain
of the instrument are common to the record and enter as if they lasted over the gaps too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from slacheck.contract import MeterPlan, SignalFacts, Term, expanded, level
from slacheck.engine.source import Source
from slacheck.engine.stream import Readings
from slacheck.measure.energy import EnergyReading, UnusedEnergy
from slacheck.spec.model import Spec
from slacheck.spec.remedies import HeadroomModel


@dataclass(frozen=True, slots=True)
class HeadroomReading:
    """Energy that was reserved and not used, on one capture.

    Parameters
    ----------
    energy : float, optional
        Over the samples there are; None if there is none. [J]
    interval : (float or None, float or None)
        Where the truth lies, gaps and accuracy considered; None is unbounded. [J]
    time, missing : float
        That samples stand for, and that none stands for. [s]
    notes : tuple of str
        Why there is no number, or no bound.
    """

    name: str
    capture: str | None
    energy: float | None
    interval: tuple[float | None, float | None]
    time: float = 0.0
    missing: float = 0.0
    notes: tuple[str, ...] = ()


def headroom_plans(spec: Spec, source: Source) -> Iterator[MeterPlan]:
    """One meter for each headroom whose signal the capture has."""
    for model in _wanted(spec, source).values():
        reserved = level(model.reserved, spec.signals[model.signal])
        yield MeterPlan(_key(spec, model), (model.signal,), _builder(reserved))


def _builder(reserved: float) -> Callable[[float], UnusedEnergy]:
    return lambda interval: UnusedEnergy(reserved)


def headroom_readings(spec: Spec, readings: Readings) -> Iterator[HeadroomReading]:
    """What one capture says of each headroom whose signal it has."""
    for name, model in _wanted(spec, readings.source).items():
        yield _reading(spec, (name, model), readings)


def with_unmeasured(spec: Spec, found: Sequence[Sequence[HeadroomReading]]) -> Iterator[HeadroomReading]:
    """The readings of all captures, by headroom; one without a number for a headroom that no capture speaks of."""
    for name, model in ({} if spec.remedies is None else spec.remedies.headroom).items():
        mine = [reading for readings in found for reading in readings if reading.name == name]
        note = f"None of the {len(found)} captures has the signal {model.signal}; record it, or map it."
        yield from mine or [HeadroomReading(name, None, None, (None, None), notes=(note,))]


def _wanted(spec: Spec, source: Source) -> dict[str, HeadroomModel]:
    headroom = {} if spec.remedies is None else spec.remedies.headroom
    return {name: model for name, model in headroom.items() if source.has(model.signal)}


def _key(spec: Spec, model: HeadroomModel) -> Hashable:
    return "unused_energy", model.signal, level(model.reserved, spec.signals[model.signal])


def _reading(spec: Spec, named: tuple[str, HeadroomModel], readings: Readings) -> HeadroomReading:
    (name, model), capture = named, readings.source.capture.id
    facts = readings.facts(model.signal)
    refused = _refusal(facts)
    energy = None if refused else _energy(readings, _key(spec, model))
    if energy is None or energy.samples == 0:
        note = refused or f"{facts.channel} has no sample."
        return HeadroomReading(name, capture, None, (None, None), notes=(note,))
    missing = max(0.0, facts.duration - energy.time)
    missing = 0.0 if missing < 1e-6 * facts.grid else missing
    value = energy.difference if model.integrand == "difference" else energy.positive_part
    notes = tuple(_unbounded(spec, model, readings, missing))
    interval: tuple[float | None, float | None] = (None, None)
    if not notes:
        interval = _bounds(spec, model, readings, _Measured(energy, value, missing))
    elif model.integrand == "positive_part":
        interval = (0.0, None)
    return HeadroomReading(name, capture, value, interval, energy.time, missing, notes)


def _energy(readings: Readings, key: Hashable) -> EnergyReading | None:
    found: Any = readings.reading(key) if key in readings.meters else None
    return found if isinstance(found, EnergyReading) else None


def _refusal(facts: SignalFacts) -> str | None:
    """Why the record gives no energy at all."""
    if facts.clock_fault is not None:
        return f"The time axis of {facts.channel} cannot be trusted: {facts.clock_fault}"
    return facts.unfit[0][1] if facts.unfit else None


def _unbounded(spec: Spec, model: HeadroomModel, readings: Readings, missing: float) -> Iterator[str]:
    """Why the energy is not bounded, one sentence each."""
    facts = readings.facts(model.signal)
    if readings.accuracy(model.signal) is None:
        yield f"No accuracy is known of {facts.channel}; declare it in the sidecar, or agree one in the spec."
    if facts.clipped:
        yield f"{facts.clipped} samples of {facts.channel} are clipped; the power there is unknown."
    if missing and model.possible is None:
        yield (
            f"{facts.channel} has no sample for {missing:.6g} s; agree `possible:` in the spec, the least and the most "
            f"power that can have been used there."
        )


@dataclass(frozen=True, slots=True)
class _Measured:
    energy: EnergyReading
    value: float
    missing: float


def _bounds(spec: Spec, model: HeadroomModel, readings: Readings, measured: _Measured) -> tuple[float, float]:
    """Value, what the gaps may add to it or take, and the expanded uncertainty."""
    signal, missing = spec.signals[model.signal], measured.missing
    reserved = level(model.reserved, signal)
    least, most = 0.0, 0.0
    ends = [level(end, signal) for end in model.possible or ()]
    if missing and ends:
        least, most = ((reserved - end) * missing for end in (max(ends), min(ends)))
    if model.integrand == "positive_part":
        least, most = max(0.0, least), max(0.0, most)
    uncertainty = _uncertainty(spec, model, readings, measured, max((abs(end) for end in ends), default=0.0))
    low = measured.value + min(0.0, least) - uncertainty
    high = measured.value + max(0.0, most) + uncertainty
    return (max(0.0, low), high) if model.integrand == "positive_part" else (low, high)


def _uncertainty(spec: Spec, model: HeadroomModel, readings: Readings, measured: _Measured, largest: float) -> float:
    """Of offset and gain over the whole record, gaps included, and of interpolation over what was recorded. [J]"""
    accuracy, facts = readings.accuracy(model.signal), readings.facts(model.signal)
    if accuracy is None:
        return math.inf
    whole = measured.energy.magnitude + measured.missing * largest
    terms = [
        Term("gain", accuracy.gain * whole),
        Term("offset", accuracy.offset * (measured.energy.time + measured.missing)),
    ]
    return expanded(terms, spec.decision.coverage_factor) + facts.interpolation_error * measured.energy.time
