"""Evaluation of `tolerance_envelope`: what surely and what possibly lies beyond each step of the curve."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
    Signals,
    Term,
    Witness,
    expanded,
    level,
)
from slacheck.kinds._curve import (
    RUNGS,
    WAVEFORM_RUNGS,
    Point,
    ToleranceEnvelope,
    bridge,
    level_key,
    offsets,
    phases,
    points,
    rated,
    short_key,
    unseen_key,
    waveforms,
)
from slacheck.kinds._noise import noise_of
from slacheck.values import Measured, at_least, between

if TYPE_CHECKING:
    from slacheck.measure.departure import DepartureReading
    from slacheck.measure.durations import Extent

Context = tuple[ToleranceEnvelope, Signals, Measurements]

_BRIEF = 0.1
"""Where nothing at all is allowed, an average may hide no more than this: shorter events are not an rms's. [s]"""


@dataclass(frozen=True, slots=True)
class Found:
    """What one phase shows of one point.

    Parameters
    ----------
    name : str
        The phase, or its waveform.
    value, low, high : float
        Time beyond the level, what surely and what possibly is (None: open). [s]
    worst : Extent
        At the level itself.
    extreme, deepest : float
        Of the worst, and of all. [SI, rms]
    smear : float
        By how much a run may be shorter or longer than it looks, beside the sample interval. [s]
    budget : tuple of Term
        Of the level. [SI]
    gates : tuple of Gate
    """

    name: str
    value: float
    low: float
    high: float | None
    worst: Extent
    extreme: float
    deepest: float
    smear: float
    budget: tuple[Term, ...]
    gates: tuple[Gate, ...]


def supply(requirement: ToleranceEnvelope, signals: Signals, measurements: Measurements) -> Evaluation:
    """One measurement for each point."""
    context = (requirement, signals, measurements)
    return Evaluation(tuple(_measurement(point, context) for point in points(requirement, signals)))


def find(point: Point, context: Context) -> tuple[Found, ...]:
    """What each phase shows of a point."""
    if point.short:
        return tuple(_of_waveform(point, name, context) for name in waveforms(context[0]))
    return tuple(_of_levels(point, name, context) for name in phases(context[0]))


def _measurement(point: Point, context: Context) -> Measurement:
    found = find(point, context)
    worst = max(found, key=lambda phase: (phase.value, phase.low))
    return Measurement(
        point.name,
        measured=_largest(found),
        time=worst.worst.start if worst.worst.runs else None,
        gates=tuple(gate for phase in found for gate in phase.gates),
        budget=worst.budget,
        notes=_notes(point, worst, context[1]),
        witness=_witness(point, worst, context),
    )


def _largest(found: Sequence[Found]) -> Measured:
    """The largest of the phases: its ends are the largest of theirs."""
    value, low = max(phase.value for phase in found), max(phase.low for phase in found)
    if any(phase.worst.cut for phase in found):
        return at_least(value, "s", low)
    highs = [phase.high for phase in found]
    return between(value, "s", low, None if None in highs else max(high for high in highs if high is not None))


# ---------------------------------------------------------------- on the levels of an rms


def _of_levels(point: Point, name: str, context: Context) -> Found:
    from slacheck.measure.noise import largest_normal
    from slacheck.measure.runs import TICKS

    requirement, signals, measurements = context
    facts, steps = measurements.facts(name), offsets(signals[name])
    readings = measurements.reading(level_key(requirement, signals, name, point.side))
    by_offset = {offset: reading[point.index] for offset, reading in zip(steps, readings, strict=True)}
    worst, tick = by_offset[0.0], facts.grid / TICKS
    smear = chain_length(facts) + _stamps(name, measurements) + _spanned(name, context)
    hidden, unseen = smear + facts.grid, _unseen(name, context)
    terms = _terms(point, name, context)
    noise = _noise(name, signals[name], measurements)
    samples = max(1.0, facts.samples * min(1.0, facts.interval / facts.grid))
    uncertainty = expanded(terms, measurements.coverage_factor) + facts.interpolation_rms
    uncertainty += noise * largest_normal(samples, measurements.coverage_factor)
    rung = _next_rung(uncertainty, [offset for offset in steps if offset >= 0.0])
    low, high, shown = 0.0, None, False
    if rung is not None:
        outwards = 1.0 if point.side == "high" else -1.0
        low, high = _bounds(by_offset[outwards * rung], by_offset[-outwards * rung], tick, smear)
        calm = readings[steps.index(-outwards * rung)][-1].runs == 0
        shown = calm and _would_show(point, name, context, rung)
    if high is not None and requirement.mode == "cumulative":
        high += facts.missing * facts.interval
    if high is not None and point.duration.value > 0 and not shown:
        high = max(high, hidden)
    if high is not None and unseen > 2.0 * facts.grid:
        high = max(high, unseen + smear)
    terms = (
        *terms,
        Term("noise", noise, f"one sample of {samples:.4g} may be further out; moves the level", signals[name].base),
    )
    gates = (
        *_hidden_gate(point, chain_length(facts), hidden, shown),
        *_rung_gate(name, uncertainty, rung, signals[name]),
    )
    return Found(name, worst.value * tick, low, high, worst, worst.extreme, worst.deepest, smear, terms, gates)


def _noise(name: str, signal: Signal, measurements: Measurements) -> float:
    """Standard deviation of one value. [SI]

    Of a derived rms, that of its source over the root of the samples in its window, if that is
    less: the steps of an rms in an event look like noise, of which there are few values.
    """
    own = noise_of(name, measurements)
    if signal.derive is None or signal.derive.operation != "rms":
        return own
    source = noise_of(signal.derive.source, measurements)
    return min(own, source / math.sqrt(max(1.0, signal.derive.window / measurements.facts(name).interval)))


def _bounds(sure: Extent, possible: Extent, tick: float, smear: float) -> tuple[float, float | None]:
    """What is proven at the level moved outwards, and what cannot be excluded at the level moved inwards. [s]"""
    low = max(sure.inner * tick - sure.runs * smear, tick) if sure.runs else 0.0
    high = possible.outer * tick + possible.most_runs * smear
    return low, None if possible.cut else high


def _spanned(name: str, context: Context) -> float:
    """By how much an end of a run may lie elsewhere because a short gap was spanned. [s]"""
    requirement, signals, measurements = context
    facts = measurements.facts(name)
    lost = facts.longest_gap + facts.interval if facts.longest_gap > 0.0 else 0.0
    return min(lost, bridge(requirement, signals, name))


def _unseen(name: str, context: Context) -> float:
    """Longest stretch of the record without a value, at its ends too. [s]"""
    requirement, signals, measurements = context
    found: tuple[float, float, float] | None = measurements.reading(unseen_key(requirement, signals, name))
    facts = measurements.facts(name)
    if found is None:
        return facts.duration
    first, last, longest = found
    return max(longest, first - facts.first - facts.window, facts.last - last)


def _stamps(name: str, measurements: Measurements) -> float:
    """By how much the ends of a run may lie further apart than the samples say, averaging aside. [s]"""
    facts = measurements.facts(name)
    held = max(0.0, facts.interval - facts.grid)
    uneven = facts.interval if facts.interpolated else 0.0
    return held + uneven + math.sqrt(2.0) * measurements.coverage_factor * facts.time_uncertainty


def _terms(point: Point, name: str, context: Context) -> tuple[Term, ...]:
    """Budget of the level. [SI]"""
    _, signals, measurements = context
    accuracy = measurements.accuracy(name)
    where, unit = level(point.threshold, signals[name]), signals[name].base
    return (
        Term("gain", 0.0 if accuracy is None else abs(where) * accuracy.gain, "moves the level", unit),
        Term("offset", 0.0 if accuracy is None else accuracy.offset, "moves the level", unit),
    )


def _next_rung(uncertainty: float, rungs: Sequence[float]) -> float | None:
    """The least rung that is not below the uncertainty; None above all of them."""
    return min((rung for rung in rungs if rung >= uncertainty), default=None)


def _would_show(point: Point, name: str, context: Context, rung: float) -> bool:
    """Whether an event that lasts longer than allowed would have pulled the average out of the continuous band.

    Of an event of duration T, the averages over W that come every r hold at least
    ``min(T, W) - max(0, r - |T - W|) / 2``, all of W but a part g. Around it the voltage is at worst
    on the far border b of the continuous band. A mean reaches ``g b + (1 - g) v``. In an rms over a
    cycle the part g may hold the crests, the share ``e = g + sin(2 pi g) / (2 pi)`` of the energy,
    so that it reaches ``sqrt(e b^2 + (1 - e) v^2)``.
    """
    requirement, signals, measurements = context
    facts, borders = measurements.facts(name), [level(q, signals[name]) for q in requirement.curve.continuous]
    length, duration = chain_length(facts), point.duration.value
    held = min(duration, length) - max(0.0, facts.grid - abs(duration - length)) / 2.0
    if length <= 0.0 or held < length / 2.0:
        return False
    outside = 1.0 - held / length
    energy = outside + math.sin(2.0 * math.pi * outside) / (2.0 * math.pi)
    inner = level(point.threshold, signals[name])
    far = borders[1] if point.side == "low" else borders[0]
    reached = (outside * far + (1.0 - outside) * inner, math.sqrt(energy * far**2 + (1.0 - energy) * inner**2))
    return max(reached) < borders[0] - rung if point.side == "low" else min(reached) > borders[1] + rung


def chain_length(facts: SignalFacts) -> float:
    """Over how long the chain smears an edge: its averages, and 0.5 / B (to 95 %) of a first-order bandwidth B. [s]"""
    return math.fsum(facts.averaging) + (0.0 if facts.bandwidth is None else 0.5 / facts.bandwidth)


def _hidden_gate(point: Point, length: float, hidden: float, shown: bool) -> Iterator[Gate]:
    if length == 0.0:
        return
    required = point.duration.value if point.duration.value > 0 else _BRIEF
    passed = shown or hidden <= required
    to_see = point.duration.text if point.duration.value > 0 else f"{_BRIEF:g} s"
    sentence = f"Averaging over {length:.4g} s can hide an event of up to {hidden:.4g} s; {to_see} are to be seen"
    if shown:
        sentence += ", but a longer one would have left the continuous band, which nothing did"
    elif not passed:
        sentence += ": judge this point on the AC waveform (`short:`)"
    yield Gate("time_resolution", Effect.NO_PASS, passed, hidden, required, sentence + ".")


def _rung_gate(name: str, uncertainty: float, rung: float | None, signal: Signal) -> Iterator[Gate]:
    if rung is None:
        most = rated(signal) * (WAVEFORM_RUNGS if signal.waveform == "ac" else RUNGS)[-1]
        sentence = (
            f"The levels of {name} are uncertain by {uncertainty:.4g} {signal.base}, more than the {most:.4g} "
            f"{signal.base} that is allowed for; record with a better instrument or less disturbance."
        )
        yield Gate("noise", Effect.NO_VERDICT, False, uncertainty, most, sentence)


# ---------------------------------------------------------------- on the waveform


def _of_waveform(point: Point, name: str, context: Context) -> Found:
    from slacheck.measure.runs import TICKS

    requirement, signals, measurements = context
    signal, facts = signals[name], measurements.facts(name)
    reading: DepartureReading = measurements.reading(short_key(requirement, signals, name))
    shorts = [step.name for step in points(requirement, signals) if step.short]
    found = reading.levels[shorts.index(point.name)]
    terms, tick = _terms(point, name, context), facts.grid / TICKS
    uncertainty = expanded(terms, measurements.coverage_factor) / rated(signal)
    uncertainty += facts.interpolation_error / (math.sqrt(2.0) * rated(signal))
    rung = _next_rung(uncertainty, (0.0, *WAVEFORM_RUNGS))
    low, high = 0.0, None
    smear = chain_length(facts) + _stamps(name, measurements)
    if rung is not None:
        low, high = _bounds(found.sure[rung], found.possible[rung], tick, smear)
    if high is not None and point.duration.value > 0:
        high = max(high, smear + facts.grid)
    gates = (*_unjudged_gate(name, reading.unjudged), *_rung_gate(name, uncertainty * rated(signal), rung, signal))
    treatment = "largest distance from a sine of a frame that is compared with; each moves the level in its own event"
    terms = (*terms, Term("residual", reading.residual * rated(signal), treatment, signal.base))
    worst, extremes = found.value, (found.value.extreme * rated(signal), found.value.deepest * rated(signal))
    return Found(name, worst.value * tick, low, high, worst, *extremes, smear, terms, gates)


def _unjudged_gate(name: str, unjudged: float) -> Iterator[Gate]:
    passed = unjudged == 0.0
    sentence = f"No fundamental of {name} is known for {unjudged:.4g} s of the record"
    sentence += (
        "."
        if passed
        else (
            ": neither there nor in the second before is it a sine within 15 % and inside the continuous band; record "
            "at least 0.1 s of undisturbed voltage before an event."
        )
    )
    yield Gate("coverage", Effect.NO_PASS, passed, unjudged, 0.0, sentence)


# ---------------------------------------------------------------- what is shown


def _notes(point: Point, found: Found, signals: Signals) -> tuple[str, ...]:
    worst, signal = found.worst, signals[found.name]
    side = "below" if point.side == "low" else "above"
    if worst.runs == 0:
        return (f"{found.name} was never {side} {point.threshold.text}.",)
    ratio = found.extreme / rated(signal)
    return (
        f"Worst in {found.name}: from {worst.start:.6g} s to {worst.end:.6g} s, extreme {ratio:.4g} pu; "
        f"{worst.found} found {side} {point.threshold.text}.",
    )


def _witness(point: Point, found: Found, context: Context) -> Witness:
    """The worst run and as much again on both sides; the whole record where there is none."""
    _, signals, measurements = context
    signal, facts, worst = signals[found.name], measurements.facts(found.name), found.worst
    start, end = facts.first, max(facts.last, facts.first + facts.grid)
    peak = math.sqrt(2.0) if signal.waveform == "ac" else 1.0
    border = level(point.threshold, signal) * peak
    marks = [Mark("hline", "limit", f"{point.threshold.text} for {point.duration.text}", (border,), found.name)]
    if worst.runs:
        margin = max(worst.end - worst.start, 5.0 * facts.grid, 0.02)
        start, end = max(start, worst.start - margin), min(end, worst.end + margin)
        marks.append(Mark("vband", "worst", point.name, (worst.start, worst.end), found.name))
    return Witness((found.name,), start, end, tuple(marks))
