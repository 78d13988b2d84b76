"""A capture without files: arrays in, the `Measurements` that a kind's evaluate() asks for out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from slacheck.contract import (
    Accuracy,
    CheckResult,
    DecisionRule,
    Evaluation,
    Kind,
    Signal,
    SignalFacts,
    Waveform,
)
from slacheck.decide import decide_check
from slacheck.engine.grid import Gridder
from slacheck.engine.source import _gaps
from slacheck.quality.facts import ChannelQuality
from slacheck.quality.gates import admit

EXACT = Accuracy(0.0)


def power(name: str = "pcc_power", rated: float | None = 100e6, **more: Any) -> Signal:
    """An active power in MW."""
    return Signal(name, "active_power", "MW", "W", rated, **more)


@dataclass
class FakeMeasurements:
    """Signals on one clock. Implements `contract.Measurements`.

    Parameters
    ----------
    records : mapping
        Signal to samples, NaN where missing. [SI]
    interval : float
        Nominal sample interval. [s]
    times : ndarray, optional
        Time stamps of an uneven record; it is then interpolated as the engine does.
    cuts : sequence of int
        Where the record is cut into pieces.
    facts_of : mapping
        What replaces the facts found, for every signal.
    """

    records: Mapping[str, np.ndarray]
    interval: float
    times: np.ndarray | None = None
    cuts: Sequence[int] = ()
    accuracies: Mapping[str, Accuracy | None] = field(default_factory=dict)
    coverage_factor: float = 2.0
    facts_of: Mapping[str, Any] = field(default_factory=dict)
    readings: dict[Hashable, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(next(iter(self.records.values())))
        self.stamps = self.times if self.times is not None else np.arange(count) * self.interval
        self.quality = {name: ChannelQuality(uneven=self.times is not None) for name in self.records}
        for name, samples in self.records.items():
            self.quality[name].update(np.asarray(samples, dtype=float))

    def feed(self, kind: Kind[Any], requirement: Any, signals: Mapping[str, Signal]) -> FakeMeasurements:
        """Build the meters of a requirement and feed them the record."""
        for plan in kind.meters(requirement, signals):
            meter = plan.build(self.interval)
            gridder = Gridder(self.interval, even=self.times is None, bridge=plan.bridge)
            samples = np.stack([np.asarray(self.records[name], dtype=float) for name in plan.signals])
            for first, last in zip((0, *self.cuts), (*self.cuts, self.stamps.size), strict=True):
                for block in gridder.push(self.stamps[first:last], samples[:, first:last]):
                    meter.update(block)
            self.readings[plan.key] = meter.reading()
        return self

    def reading(self, key: Hashable) -> Any:
        return self.readings[key]

    def window(self, signal: str, start: float, end: float) -> Waveform:
        inside = (self.stamps >= start) & (self.stamps <= end) & np.isfinite(self.records[signal])
        times = self.stamps[inside]
        samples = np.asarray(self.records[signal], dtype=float)[inside]
        return Waveform(times, samples, self.interval, _gaps(times, self.interval, start, end))

    def facts(self, signal: str) -> SignalFacts:
        quality = self.quality[signal]
        found = SignalFacts(
            signal,
            signal,
            interval=self.interval,
            grid=self.interval,
            first=float(self.stamps[0]),
            last=float(self.stamps[-1]),
            samples=quality.samples,
            missing=quality.missing,
            longest_gap=quality.longest_missing_run * self.interval,
            interpolated=self.times is not None,
            interpolation_error=quality.interpolation_error if self.times is not None else 0.0,
            interpolation_rms=quality.interpolation_rms if self.times is not None else 0.0,
            clipped=quality.clipped,
        )
        return replace(found, **self.facts_of)

    def accuracy(self, signal: str) -> Accuracy | None:
        return self.accuracies.get(signal)


def evaluate(
    kind: Kind[Any], keys: Mapping[str, Any], signals: Sequence[Signal], record: FakeMeasurements
) -> Evaluation:
    """Measure one requirement, given as its keys, on one record."""
    named = {signal.name: signal for signal in signals}
    requirement = kind.model.model_validate({"id": "R-1", "kind": kind.name, **keys})
    assert list(kind.problems(requirement, named)) == []
    return kind.evaluate(requirement, named, record.feed(kind, requirement, named))


def judge(
    kind: Kind[Any],
    keys: Mapping[str, Any],
    signals: Sequence[Signal],
    record: FakeMeasurements,
    rule: str = "three_state",
) -> dict[str, CheckResult]:
    """Decide one requirement on one record, with the gates of the record; by check."""
    named = {signal.name: signal for signal in signals}
    requirement = kind.model.model_validate({"id": "R-1", "kind": kind.name, **keys})
    plans = {plan.name: plan for plan in kind.checks(requirement, named)}
    results = {}
    for measurement in evaluate(kind, keys, signals, record).measurements:
        plan = plans[measurement.check]
        needed = [gate for need in plan.needs for gate in admit(need, record.facts(need.signal))]
        decided = decide_check(plan, measurement, (*needed, *measurement.gates), DecisionRule(rule, 2.0))
        results[measurement.check] = decided
    return results
