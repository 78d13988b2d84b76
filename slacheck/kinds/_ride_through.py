"""Ride-through of `tolerance_envelope`: does the load stay on while the voltage is inside the curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slacheck.contract import (
    Effect,
    Evaluation,
    Gate,
    Mark,
    Measurement,
    Measurements,
    Signals,
    Term,
    Witness,
    expanded,
    level,
)
from slacheck.kinds._curve import Point, ToleranceEnvelope, judged, points, rated
from slacheck.kinds._envelope import Context, Found, find
from slacheck.values import symmetric

if TYPE_CHECKING:
    from slacheck.contract import Signal

_MOST_EVENTS = 256
_SHARE_OF_DURATION = 0.9
"""A test shows what a point asks only if the voltage was out for about as long as the point allows."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time during which the load is obliged to stay on, and whether all of it is in the record. [s]"""

    start: float
    end: float


def ride_through(requirement: ToleranceEnvelope, signals: Signals, measurements: Measurements) -> Evaluation:
    """One measurement for each point: the lowest load while the voltage is beyond the point's level."""
    context = (requirement, signals, measurements)
    steps = points(requirement, signals)
    found = {point.name: find(point, context) for point in steps}
    outside = [stretch for point in steps for stretch in _outside(point, found[point.name])]
    events = max((sum(phase.worst.found for phase in found[point.name]) for point in steps), default=0)
    measured = (_measurement(point, found[point.name], outside, context) for point in judged(requirement, signals))
    return Evaluation(tuple(measured), events=events)


def _outside(point: Point, found: tuple[Found, ...]) -> Iterator[Stretch]:
    """Runs that surely last longer than the point allows."""
    for phase in found:
        for start, end, proven, _ in phase.worst.places:
            if proven - phase.smear > point.duration.value:
                yield Stretch(start, end)


def _measurement(point: Point, found: tuple[Found, ...], outside: list[Stretch], context: Context) -> Measurement:
    requirement, signals, measurements = context
    if requirement.load is None:
        raise ValueError("ride_through needs a load")
    load = signals[requirement.load.signal]
    gates = [gate for phase in found for gate in phase.gates]
    gates += [_reached(point, found, requirement, signals), _lasted(point, found)]
    dropped = sum(phase.worst.dropped for phase in found)
    if dropped:
        sentence = f"{dropped} more events were found than the {_MOST_EVENTS} whose load was looked at."
        gates.append(Gate("incomplete", Effect.NO_PASS, False, float(dropped), 0.0, sentence))
    lowest, where, seen = None, 0.0, None
    for stretch in _obliged(point, found, outside):
        waveform = measurements.window(load.name, stretch.start, stretch.end)
        gates += [_gap(load.name, gap) for gap in waveform.gaps]
        if waveform.samples.size and (lowest is None or float(waveform.samples.min()) < lowest):
            lowest = float(waveform.samples.min())
            where, seen = float(waveform.times[int(waveform.samples.argmin())]), stretch
    if lowest is None or seen is None:
        return Measurement(point.name, gates=tuple(gates) if not gates[-2].passed else (*gates, _not_obliged(point)))
    terms = _terms(load, lowest, measurements)
    return Measurement(
        point.name,
        measured=symmetric(lowest, load.base, expanded(terms, measurements.coverage_factor)),
        time=where,
        gates=tuple(gates),
        budget=terms,
        notes=(f"Lowest load in the run from {seen.start:.6g} s, at {where:.6g} s.",),
        witness=_witness(point, found[0].name, load, seen, requirement),
    )


def _obliged(point: Point, found: tuple[Found, ...], outside: list[Stretch]) -> Iterator[Stretch]:
    """The first `duration` of each run, but not of events that are surely outside."""
    for phase in found:
        for start, end, _, _ in phase.worst.places:
            if not any(other.start < end and start < other.end for other in outside):
                yield Stretch(start, min(end, start + point.duration.value))


def _reached(point: Point, found: tuple[Found, ...], requirement: ToleranceEnvelope, signals: Signals) -> Gate:
    """Whether the voltage came within `must_reach` of the point's level."""
    if requirement.must_reach is None:
        raise ValueError("ride_through needs must_reach")
    distances = []
    for phase in found:
        signal = signals[phase.name]
        sign = 1.0 if point.side == "low" else -1.0
        if phase.worst.runs:
            distances.append(sign * (phase.deepest - level(point.outermost, signal)) / rated(signal))
    required = level(requirement.must_reach, signals[found[0].name]) / rated(signals[found[0].name])
    nearest = min(distances, default=None)
    passed = nearest is not None and nearest <= required * (1.0 + 1e-9)
    how = (
        "never went beyond" if nearest is None else f"stayed {nearest:.4g} pu away from {point.outermost.text}, beyond"
    )
    sentence = (
        f"The voltage came within {requirement.must_reach.text} of {point.outermost.text}."
        if passed
        else f"The voltage {how} {point.threshold.text}; the test must come within {requirement.must_reach.text} of "
        f"{point.outermost.text} to show anything of this point."
    )
    return Gate("condition_not_met", Effect.NO_VERDICT, passed, nearest, required, sentence)


def _lasted(point: Point, found: tuple[Found, ...]) -> Gate:
    """Whether the voltage was out for about as long as the point allows; a load that trips earlier still fails."""
    longest = max(
        (end - start + phase.smear for phase in found for start, end, _, _ in phase.worst.places), default=0.0
    )
    required = _SHARE_OF_DURATION * point.duration.value
    sentence = (
        f"The longest event beyond {point.threshold.text} lasted {longest:.4g} s; {point.duration.text} are to be "
        f"ridden through, of which a test must last {required:.4g} s."
    )
    return Gate("condition_not_met", Effect.NO_PASS, longest >= required, longest, required, sentence)


def _not_obliged(point: Point) -> Gate:
    sentence = (
        f"No event inside the curve went beyond {point.threshold.text}, so the load was never obliged to stay on; "
        f"repeat the test with {point.outermost.text} for about {point.duration.text}."
    )
    return Gate("condition_not_met", Effect.NO_VERDICT, False, None, None, sentence)


def _gap(name: str, gap: tuple[float, float]) -> Gate:
    sentence = f"{name} has no samples from {gap[0]:.6g} s to {gap[1]:.6g} s, during an event; repeat the test."
    return Gate("gap_in_event", Effect.NO_PASS, False, gap[1] - gap[0], 0.0, sentence)


def _terms(load: Signal, value: float, measurements: Measurements) -> tuple[Term, ...]:
    accuracy = measurements.accuracy(load.name)
    return (
        Term("gain", 0.0 if accuracy is None else abs(value) * accuracy.gain, "of the load"),
        Term("offset", 0.0 if accuracy is None else accuracy.offset, "of the load"),
    )


def _witness(point: Point, voltage: str, load: Signal, seen: Stretch, requirement: ToleranceEnvelope) -> Witness:
    margin = max(seen.end - seen.start, 0.02)
    marks = [Mark("vband", "worst", point.name, (seen.start, seen.end))]
    if requirement.load is not None:
        least = level(requirement.load.min, load)
        marks.append(Mark("hline", "limit", f"at least {requirement.load.min.text}", (least,), load.name))
    return Witness((voltage, load.name), max(0.0, seen.start - margin), seen.end + margin, tuple(marks))
