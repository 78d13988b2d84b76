"""Evaluation of `rms_events`: what of the events is certain, and what is possible."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from slacheck.contract import Evaluation, Measurement, Measurements, Signals, Term, expanded, limit_of
from slacheck.kinds._noise import noise_of
from slacheck.kinds._rms_context import (
    ALIKE,
    Context,
    hidden_gate,
    nothing,
    rate_gates,
    rung_gate,
    tallies_of,
    unlocked_gate,
)
from slacheck.kinds._rms_keys import CHECKS, RUNGS, AnyLimit, CountLimit, RmsEvents, key, limits_of, threshold
from slacheck.kinds._rms_shown import check_notes, place_of, record_notes, witness_of, worst_of
from slacheck.values import Measured, at_least, between

if TYPE_CHECKING:
    from slacheck.measure.excursions import Tally

_BRIEF = 3.0
"""An event that no more values allow has perhaps no value wholly inside. [cycles]"""
_LOWEST = 0.05
"""Level below which the uncertainty of a square is not turned into one of its root. [pu]"""


def evaluate(requirement: RmsEvents, signals: Signals, measurements: Measurements) -> Evaluation:
    """One measurement for each limit."""
    context = Context(requirement, signals, measurements, measurements.reading(key(requirement, signals)))
    if context.reading.lowest is None:
        gates = (*rate_gates(context), nothing(context))
        return Evaluation(tuple(Measurement(name, gates=gates) for name in limits_of(requirement)))
    found = tuple(_measurement(name, limit, context) for name, limit in limits_of(requirement).items())
    return Evaluation(found, notes=record_notes(context))


def _measurement(name: str, limit: AnyLimit, context: Context) -> Measurement:
    check = CHECKS[name]
    terms, below, above = _budget(threshold(context.requirement, check.event), check.event != "interruption", context)
    uncertainty = max(below, above)
    rung = min((rung for rung in RUNGS if rung >= uncertainty), default=None)
    worst = worst_of(check, context)
    hidden = tuple(hidden_gate(check, context))
    gates = (*rate_gates(context), *unlocked_gate(context), *hidden)
    shown = all(gate.passed for gate in hidden)
    if check.what == "extreme":
        terms, measured = _extreme(name, limit, shown, context)
    else:
        gates = (*gates, *rung_gate(uncertainty, rung))
        tallies = tallies_of(check.event, RUNGS[-1] if rung is None else rung, context)
        measured = _count(tallies, shown) if check.what == "count" else _duration(tallies, context)
    if check.what != "extreme" or measured.unit != "1":
        terms = tuple(replace(term, unit="1") for term in terms)
    return Measurement(
        name,
        measured=measured,
        time=place_of(check, worst, context),
        gates=gates,
        budget=terms,
        notes=check_notes(check, context),
        witness=witness_of(name, limit, worst, context),
    )


# ---------------------------------------------------------------- numbers


def _count(tallies: tuple[Tally, tuple[Tally, ...]], shown: bool) -> Measured:
    """From the least to the most; without an upper end where events may be hidden."""
    own, near = tallies
    counts = [tally.count for tally in near]
    return between(float(own.count), "1", float(min(counts)), float(max(counts)) if shown else None)


def _duration(tallies: tuple[Tally, tuple[Tally, ...]], context: Context) -> Measured:
    own, near = tallies
    reach = _reach(context)
    low = max(0.0, min(tally.inner for tally in near) - reach)
    if context.window > context.cycle * (1.0 + ALIKE):  # a longer average joins what may be several events
        low = 0.0
    if own.longest is not None and own.longest.cut:
        return at_least(own.longest.duration, "s", low)
    value = 0.0 if own.longest is None else own.longest.duration
    if any(tally.cut for tally in near):
        return between(value, "s", low, None)
    outer = max(tally.outer for tally in near)
    return between(value, "s", low, outer + reach if outer > 0.0 else 0.0)


def _reach(context: Context) -> float:
    """By how much an event may be shorter or longer than its values prove and allow. [s]

    One refresh in all: values from first to last beyond, and from before to after, differ from the
    duration by one each, which makes two refreshes, for half-cycle values one cycle.
    """
    smear = max(0.0, context.window - max(context.cycle, context.refresh))
    stamps = max(one.time_uncertainty for one in context.facts)
    uneven = max(one.interval if one.interpolated else 0.0 for one in context.facts)
    return context.refresh + smear + uneven + math.sqrt(2.0) * context.measurements.coverage_factor * stamps


def _extreme(name: str, limit: AnyLimit, shown: bool, context: Context) -> tuple[tuple[Term, ...], Measured]:
    """The lowest or highest value; open on its outer side where an event may not show as deep as it was."""
    reading = context.reading
    found = reading.lowest if name == "residual_voltage" else reading.highest
    if found is None or isinstance(limit, CountLimit):
        raise ValueError(f"{name} has no reading")
    event = CHECKS[name].event
    deepest = tallies_of(event, 0.0, context)[0].deepest
    brief = deepest is not None and deepest.outer < _BRIEF * context.cycle
    terms, below, above = _budget(found.value, brief, context)
    unit = limit_of(limit)[1]
    scale = 1.0 if unit == "1" else context.rated
    low = max(0.0, found.value - below) if shown or event == "swell" else 0.0
    high = found.value + above if shown or event == "dip" else None
    return terms, between(scale * found.value, unit, scale * low, None if high is None else scale * high)


def _budget(level: float, brief: bool, context: Context) -> tuple[tuple[Term, ...], float, float]:
    """Terms at a level, and how far the truth may lie below and above a value there. [pu of the reference]

    `brief` says that the value may be of an event that hardly fills one window.
    """
    from slacheck.measure.noise import largest_normal

    k, reading = context.measurements.coverage_factor, context.reading
    known = [context.measurements.accuracy(name) for name in context.names]
    gain = max(0.0 if accuracy is None else accuracy.gain for accuracy in known)
    offset = max(0.0 if accuracy is None else accuracy.offset for accuracy in known)
    sigma = max(_noise(name, context) for name in context.names) / context.rated
    noise = sigma
    if context.waveform:
        noise = sigma / math.sqrt(min(context.cycle / one.interval for one in context.facts))
    window = _estimator(level, sigma, context) if context.waveform else 0.0
    edges = _edges(level, context) if context.waveform and brief else 0.0
    terms = (
        Term("gain", level * gain, "common to the record; moves the threshold"),
        Term("offset", offset / context.rated, "common to the record; moves the threshold"),
        Term("rounding", _rounding(context), "steps of the recorder, which repeat with the wave; moves the threshold"),
        Term("noise", noise, f"the worst of {reading.values} values may be further out"),
        Term("window", window / math.sqrt(3.0), "sum over samples, followed period, chain; its bound counts in full"),
        Term("edges", edges / (2.0 * max(level, _LOWEST)), "of a short event: where between two samples they are"),
    )
    total = expanded(terms[:3], k) + noise * largest_normal(float(max(1, reading.values)), k)
    total += max(one.interpolation_rms for one in context.facts) / context.rated
    total += window
    below = level - math.sqrt(max(0.0, level * level - k * edges))
    return terms, total + below, total + math.sqrt(level * level + k * edges) - level


def _rounding(context: Context) -> float:
    """Standard uncertainty of a value for the steps of the recorder; the first order may hold twice its share. [pu]"""
    from slacheck.measure.levels import rounding_at_a_frequency

    if not context.waveform:
        return max(one.quantum for one in context.facts) / math.sqrt(12.0) / context.rated
    per_cycle = (rounding_at_a_frequency(one.quantum, context.cycle / one.interval) for one in context.facts)
    return math.sqrt(2.0) * max(per_cycle) / context.rated


def _edges(level: float, context: Context) -> float:
    """Standard uncertainty of the square of U_rms(1/2) of an event that hardly fills one window. [pu^2]

    Each of its two edges lies anywhere between two samples (1/N of a cycle wide, rectangular), at worst on a
    crest, where a cycle's mean square gains twice what it has, less what the event has there.
    """
    samples = min(context.cycle / one.interval for one in context.facts)
    return math.sqrt(2.0) * 2.0 / (math.sqrt(12.0) * samples) * abs(1.0 - level * level)


def _noise(name: str, context: Context) -> float:
    """Standard deviation of a sample of a waveform, or of a value of an rms. [SI]

    Of a derived rms, that of its waveform over the root of the samples in its window, if that is
    less: what an event does to an rms looks like noise, of which there are few values.
    """
    own = noise_of(name, context.measurements)
    derive = context.signals[name].derive
    if derive is None or derive.operation != "rms":
        return own
    source = noise_of(derive.source, context.measurements)
    return min(own, source / math.sqrt(max(1.0, derive.window / context.measurements.facts(name).interval)))


def _estimator(level: float, sigma: float, context: Context) -> float:
    """Error of U_rms(1/2) besides noise: sum over samples, followed period, noise in the square, chain. [pu]"""
    from slacheck.quality.gates import chain_gain

    samples = min(context.cycle / one.interval for one in context.facts)
    squares = level - math.sqrt(max(0.0, level * level - sigma * sigma))
    loss = max(1.0 - chain_gain(one, 1.0 / context.cycle) for one in context.facts)
    return level * (math.pi / (4.0 * samples**2) + context.reading.wander / 2.0 + loss) + squares
