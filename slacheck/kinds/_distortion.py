"""Readings of the kind harmonics made into measurements: values, intervals, gates and what is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slacheck.contract import (
    Effect,
    Evaluation,
    Gate,
    Mark,
    Measurement,
    Measurements,
    Signal,
    SignalFacts,
    Term,
    Witness,
    expanded,
    level,
    limit_of,
)
from slacheck.kinds._aggregated import Columns, Found, Period, cycles, gates, notes, nothing, periods, worst
from slacheck.kinds._orders import Check, Demand, Harmonics, base_of, parts
from slacheck.values import between

if TYPE_CHECKING:
    from slacheck.contract import Samples
    from slacheck.measure.harmonics import HarmonicReading

_LINE_WIDTH = 0.1
"""Foot of an order's line as it is drawn. [orders]"""
_FLOOR_SCATTER = 0.65
"""Of the broadband floor, for one order: 1 / (ln 2 sqrt(5)), the median of five exponentially distributed bins."""
_STANDS_OUT = 10.0
"""A fundamental that is a base must be this many times the noise in its reading."""


@dataclass(frozen=True, slots=True)
class _Values:
    """Aggregates of a record, as the checks read them. Arrays have one row an aggregate. [SI^2]"""

    starts: Samples
    harmonics: Samples
    interharmonics: Samples
    floor: Samples
    slip: Samples
    """Error of synchronisation, rms. [ratio]"""
    windows: float
    """Windows in an aggregate."""
    bins: int
    """Bins that make up an order."""
    between: int
    """Bins that make up what lies between two."""
    quantised: Samples
    """What a quantiser puts on each order."""

    def of(self, check: Check) -> tuple[Samples, int]:
        """Squares of what the check reads, one column each that counts by itself, and bins in each."""
        source = self.interharmonics if check.what == "interharmonic" else self.harmonics
        squares = source[:, [order - 1 for order in check.orders]]
        if check.is_total:
            return squares.sum(axis=1, keepdims=True), self.bins * len(check.orders)
        return squares, self.between if check.what == "interharmonic" else self.bins

    @property
    def fundamental(self) -> Samples:
        """[SI]"""
        root: Samples = self.harmonics[:, 0] ** 0.5
        return root


def evaluated(
    requirement: Harmonics, signal: Signal, reading: HarmonicReading, measurements: Measurements
) -> Evaluation:
    """All checks of a requirement on one capture."""
    facts, counting = measurements.facts(signal.name), requirement.counting
    found = reading.intervals[requirement.aggregate.chosen()]
    if found.starts.size == 0:
        gate = nothing(counting, facts, reading.counts)
        return Evaluation(tuple(Measurement(check.name, gates=(gate,)) for check in parts(requirement)))
    over = periods(counting, found, facts, _length(requirement, reading))
    values = _values(requirement, reading, facts.grid)
    context = _Context(requirement, signal, measurements, reading.counts.fastest)
    common = gates(counting, over)
    return Evaluation(
        tuple(_measurement(check, values, over, (context, common)) for check in parts(requirement)),
        notes=notes(counting, over, reading.counts),
    )


@dataclass(frozen=True, slots=True)
class _Context:
    """A requirement, its signal and what is known of the capture."""

    requirement: Harmonics
    signal: Signal
    measurements: Measurements
    fastest: float
    """Highest frequency of the fundamental. [Hz]"""

    @property
    def facts(self) -> SignalFacts:
        """Of the signal's record."""
        return self.measurements.facts(self.signal.name)

    def base(self, check: Check, fundamental: Samples) -> Samples:
        """What each row's values are divided by. [SI]"""
        base = base_of(check, self.requirement)
        if base == "fundamental":
            return fundamental
        if base is None:
            return 0.0 * fundamental + 1.0
        if isinstance(base, Demand):
            return 0.0 * fundamental + level(base.demand, self.signal)
        return 0.0 * fundamental + (self.signal.rated or 1.0)


def _length(requirement: Harmonics, reading: HarmonicReading) -> float:
    """Length of a value as it was in the record. [s]"""
    chosen = requirement.aggregate.chosen()
    if chosen.values is None:
        return chosen.seconds or 0.0
    return chosen.values * reading.counts.seconds / reading.counts.windows


def _values(requirement: Harmonics, reading: HarmonicReading, grid: float) -> _Values:
    import numpy as np

    from slacheck.measure.harmonics import bins_of, quantised_power

    found, orders = reading.intervals[requirement.aggregate.chosen()], reading.orders
    squares = found.squares.astype(np.float64)
    window = cycles(requirement.frequency)
    return _Values(
        found.starts,
        squares[:, :orders],
        squares[:, orders:-2],
        squares[:, -2],
        squares[:, -1] ** 0.5,
        float(np.min(found.counts)),
        bins_of(requirement.method, window),
        window - (1 if requirement.method == "group" else 3),
        quantised_power(reading.step, squares[:, -2], window, 0.5 / (requirement.frequency.value * grid)),
    )


def _measurement(
    check: Check, values: _Values, over: tuple[Period, ...], beside: tuple[_Context, tuple[Gate, ...]]
) -> Measurement:
    context, common = beside
    counting = context.requirement.counting
    columns, noise = _columns(check, values, context)
    found = worst(columns, over, counting.statistic)
    terms, low, high = _ends(check, found, noise[found.row, found.column], context)
    unit = limit_of(check.model)[1]
    order = check.orders[found.column] if not check.is_total else None
    between_orders = 0.5 if check.what == "interharmonic" else 0.0
    return Measurement(
        check.name,
        measured=between(found.value, unit, max(0.0, low), high),
        time=float(values.starts[found.row]),
        frequency=None if order is None else (order + between_orders) * context.requirement.frequency.value,
        gates=(*common, *_fundamental_gate(check, values, found, context), *_reach_gate(check, context)),
        budget=terms,
        witness=_witness(check, values, found, context),
    )


def _columns(check: Check, values: _Values, context: _Context) -> tuple[Columns, Samples]:
    """Values, their bounds but for gain and attenuation, and the standard uncertainty that noise gives each. [unit]"""
    import numpy as np

    from slacheck.measure.harmonics import noise_scatter
    from slacheck.measure.noise import largest_normal
    from slacheck.measure.resampling import LARGEST_ERROR

    squares, bins = values.of(check)
    fundamental = values.fundamental[:, np.newaxis]
    base = context.base(check, values.fundamental)[:, np.newaxis]
    base = np.where(base > 0.0, base, 1.0)  # the gate on the fundamental speaks where it is nothing
    floor = values.floor[:, np.newaxis]
    errors = values.slip[:, np.newaxis] * fundamental * _leaked(check, bins)
    errors = errors + LARGEST_ERROR * np.sqrt(np.sum(values.harmonics, axis=1, keepdims=True))
    k, alike = context.measurements.coverage_factor, float(len(check.orders)) if check.is_total else 1.0
    quantised = np.sqrt(values.quantised[:, np.newaxis])
    errors = errors + context.facts.interpolation_rms + k * quantised
    scatter = noise_scatter(squares, floor, bins, values.windows)
    unknown = bins * floor * _FLOOR_SCATTER / math.sqrt(values.windows * values.harmonics.shape[1])
    noise = bins * floor + alike * quantised**2 + largest_normal(float(squares.size), k) * np.hypot(scatter, unknown)
    value, high = np.sqrt(squares), np.sqrt(squares + k * scatter)
    low = np.maximum(0.0, np.sqrt(np.maximum(0.0, squares - noise)) - errors)
    spread = (high - value) / k + quantised
    return Columns(value / base, low / base, (high + errors) / base), spread / base


def _leaked(check: Check, bins: int) -> Samples:
    """Part of the fundamental that leaks into each column, over the error of synchronisation.

    A tone that is e N bins off leaves e N / d of its amplitude in a bin d away, which is
    e / (h - 1) at order h; amplitudes of the bins of an order are added in squares.
    """
    import numpy as np

    parts = [1.0 / max(0.5, order - 1.0 + (0.0 if check.what != "interharmonic" else 0.2)) for order in check.orders]
    if check.is_total:
        return np.array([[math.sqrt(bins / len(check.orders) * math.fsum(part * part for part in parts))]])
    return math.sqrt(bins) * np.array([parts])


def _ends(check: Check, found: Found, noise: float, context: _Context) -> tuple[tuple[Term, ...], float, float | None]:
    """Budget, and the ends of the interval with everything in it. [unit]"""
    measurements = context.measurements
    accuracy, k = measurements.accuracy(context.signal.name), measurements.coverage_factor
    cancels = base_of(check, context.requirement) == "fundamental"
    terms = (
        Term(
            "gain",
            0.0 if cancels or accuracy is None else found.value * accuracy.gain,
            "cancels in the ratio to the fundamental of the same channel" if cancels else "common to the record",
        ),
        Term(
            "noise",
            float(noise),
            "scatter of the value that decides, and quantisation; noise's power is taken off the lower end",
        ),
    )
    spread = expanded(terms[:1], k)
    low = found.low - spread
    if found.high is None:
        return terms, low, None
    top = check.top(context.requirement.method) * context.requirement.frequency.value
    return terms, low, (found.high + spread) / _gain(top, context.facts)


def _gain(frequency: float, facts: SignalFacts) -> float:
    """Least amplitude gain up to `frequency`: the chain's, and sinc^2 of linear interpolation. [1]"""
    from slacheck.quality.gates import LEAST_GAIN, chain_gain

    gain = max(LEAST_GAIN, chain_gain(facts, frequency))
    if facts.interpolated:
        x = math.pi * min(0.5, frequency * facts.grid)
        gain *= (math.sin(x) / x) ** 2
    return gain


def _fundamental_gate(check: Check, values: _Values, found: Found, context: _Context) -> tuple[Gate, ...]:
    """Whether the fundamental can be a base."""
    if base_of(check, context.requirement) != "fundamental":
        return ()
    fundamental = float(values.fundamental[found.row])
    needed = _STANDS_OUT * math.sqrt(values.bins * float(values.floor[found.row]))
    passed = fundamental > needed
    unit, name = context.signal.base, context.signal.name
    sentence = f"The fundamental of {name} is {fundamental:.4g} {unit} there; to be a base it must be above"
    sentence += f" {needed:.4g} {unit}, {_STANDS_OUT:g} times its noise"
    sentence += "." if passed else "; record under load, or choose another base."
    return (Gate("noise", Effect.NO_VERDICT, passed, fundamental, needed, sentence),)


def _reach_gate(check: Check, context: _Context) -> tuple[Gate, ...]:
    """What the highest order needs where the fundamental runs fast, or has few orders, beyond the rule of 2.56."""
    from slacheck.measure.resampling import BAND

    beside = 1.0 / cycles(context.requirement.frequency) if context.requirement.method == "subgroup" else 0.0
    top, readable = (check.top(context.requirement.method) + beside) * context.fastest, BAND / context.facts.grid
    if top <= readable:
        return ()
    sentence = (
        f"The record of {context.facts.channel} can be read up to {readable:.5g} Hz, {BAND:g} of its sample rate; "
        f"{check.text} of a fundamental of {context.fastest:.5g} Hz reach up to {top:.5g} Hz: record faster."
    )
    return (Gate("sample_rate", Effect.NO_PASS, False, readable, top, sentence),)


def _witness(check: Check, values: _Values, found: Found, context: _Context) -> Witness:
    """Orders of the deciding value as lines, with the limit over those that it is on. [SI]"""
    requirement, row = context.requirement, found.row
    frequency, shift = requirement.frequency.value, 0.5 if check.what == "interharmonic" else 0.0
    source = values.interharmonics if check.what == "interharmonic" else values.harmonics
    last = min(source.shape[1], max(requirement.max_order, *check.orders))
    lines = [((order + shift) * frequency, math.sqrt(float(source[row, order - 1]))) for order in range(2, last + 1)]
    width = _LINE_WIDTH * frequency
    points = tuple(point for x, y in lines for point in ((x - width, 0.0), (x, y), (x + width, 0.0)))
    marks = []
    if not check.is_total:
        place = check.orders[found.column] + shift
        amplitude = math.sqrt(float(source[row, check.orders[found.column] - 1]))
        marks.append(Mark("point", "worst", f"order {check.orders[found.column]}", (place * frequency, amplitude)))
        base = float(context.base(check, values.fundamental[row : row + 1])[0])
        bound = check.model.max
        if bound is not None:
            ends = (min(check.orders) + shift - 0.4) * frequency, (max(check.orders) + shift + 0.4) * frequency
            marks.append(Mark("line", "limit", bound.text, (ends[0], bound.value * base, ends[1], bound.value * base)))
    return Witness(
        (requirement.signal,),
        frequency,
        (last + 1.0) * frequency,
        tuple(marks),
        axis="frequency",
        points=points,
        unit=context.signal.base,
    )
