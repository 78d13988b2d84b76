"""What `rms_events` shows of a record: its events one by one, and the worst with its rms drawn over the waveform."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from slacheck.contract import Mark, Witness, limit_of
from slacheck.kinds._rms_classes import Event, en50160, ieee1159
from slacheck.kinds._rms_context import Context, tallies_of
from slacheck.kinds._rms_keys import CHECKS, AnyLimit, Check, CountLimit, threshold

if TYPE_CHECKING:
    from slacheck.contract import Samples
    from slacheck.measure.excursions import Excursion

_LISTED = 10
"""Events that are named in the notes."""
_STANDARDS = {"ieee1159": "IEEE 1159", "en50160": "EN 50160"}
_DRAWN = 5.0
"""Longest stretch over which the rms is drawn over its waveform. [s]"""


def worst_of(check: Check, context: Context) -> Excursion | None:
    """The event that a check is about: the longest, or the furthest out."""
    own, _ = tallies_of(check.event, 0.0, context)
    return own.longest if check.what == "duration" else own.deepest


def place_of(check: Check, worst: Excursion | None, context: Context) -> float | None:
    if check.what != "extreme":
        return None if worst is None else worst.start
    found = context.reading.lowest if check.event == "dip" else context.reading.highest
    return None if found is None else found.time


def check_notes(check: Check, context: Context) -> tuple[str, ...]:
    own, _ = tallies_of(check.event, 0.0, context)
    if own.total == 0:
        text = f"There was no {check.event}"
        if check.what == "extreme":
            text += f"; the {'lowest' if check.event == 'dip' else 'highest'} rms of the record stands for it"
        return (text + ".",)
    if check.what != "count" or own.count == own.total:
        return (f"{own.total} {check.event}{'' if own.total == 1 else 's'} found.",)
    why = "an interruption, or outside the worst period" if context.requirement.period else "an interruption"
    return (f"{own.total} found; not counted: {own.total - own.count} ({why}).",)


def record_notes(context: Context) -> tuple[str, ...]:
    """Events one by one, the frequency, what was assumed of an rms."""
    found, reading = [], context.reading
    for event in ("dip", "swell", "interruption"):
        own, _ = tallies_of(event, 0.0, context)
        kept: Sequence[Excursion] = own.kept
        found += [_named(event, one, context) for one in kept[:_LISTED]]
        if own.total > _LISTED:
            found.append(f"{own.total - _LISTED} more {event}s are not listed.")
    if context.requirement.classification != "none" and found:
        found.append(
            f"Events are named after {_STANDARDS[context.requirement.classification]}; the borders of its classes are "
            f"not checked against the standard's text."
        )
    if reading.slowest is not None and reading.fastest is not None:
        found.append(f"The fundamental was followed from {reading.slowest:.6g} Hz to {reading.fastest:.6g} Hz.")
    if not context.waveform:
        found.append(
            f"Values are taken as rms values over {context.window:.4g} s, one every {context.refresh:.4g} s, as they "
            f"are recorded or derived."
        )
    return tuple(found)


def _named(event: Event, one: Excursion, context: Context) -> str:
    requirement = context.requirement
    kind = {"ieee1159": ieee1159, "en50160": en50160}.get(requirement.classification)
    is_interruption = event == "dip" and one.beside < requirement.thresholds.interruption.value
    name = "" if kind is None or is_interruption else f", {kind(event, one.extreme, one.duration, 1.0 / context.cycle)}"
    if kind is not None and is_interruption:
        name = ", an interruption"
    elif kind is not None and one.cut:
        name += ", or longer"
    lasted = f"{'more than ' if one.cut else ''}{1e3 * one.duration:.5g} ms"
    extreme = f"{'highest' if event == 'swell' else 'lowest'} {100.0 * one.extreme:.4g} %"
    return f"{event.capitalize()} at {one.start:.6g} s: {lasted}, {extreme} of the reference{name}."


def witness_of(name: str, limit: AnyLimit, worst: Excursion | None, context: Context) -> Witness:
    """The worst event with the rms of each phase over its waveform; without one, the lowest or highest moment."""
    check, facts = CHECKS[name], context.facts
    place = place_of(check, worst, context)
    if place is None:
        found = context.reading.highest if check.event == "swell" else context.reading.lowest
        place = facts[0].first if found is None else found.time
    start, end = (place, place) if worst is None else (worst.start, worst.end)
    margin = max(5.0 * context.cycle, 5.0 * context.refresh, 0.3 * (end - start))
    first, last = facts[0].first, max(facts[0].last, facts[0].first + facts[0].grid)
    view = max(first, min(start, place) - margin), min(last, max(end, place) + margin)
    marks = [mark for phase in context.names for mark in _lines(name, limit, phase, context)]
    if worst is not None:
        marks.append(Mark("vband", "worst", check.event, (start, end)))
    if context.waveform and view[1] - view[0] <= _DRAWN:
        for phase in context.names:
            marks += _rms_line(phase, view, context)
    return Witness(context.names, *view, tuple(marks))


def _lines(name: str, limit: AnyLimit, phase: str, context: Context) -> Iterator[Mark]:
    """Threshold and release level of the event, and the limit on its extreme. [SI]"""
    check, limits = CHECKS[name], context.requirement.thresholds
    level = threshold(context.requirement, check.event)
    back = level + (-1.0 if check.event == "swell" else 1.0) * limits.hysteresis.value
    yield Mark("hline", "level", f"{check.event} {100.0 * level:.4g} %", (level * context.rated,), phase)
    yield Mark("hline", "window", f"over at {100.0 * back:.4g} %", (back * context.rated,), phase)
    if check.what == "extreme" and not isinstance(limit, CountLimit):
        bound, unit, _ = limit_of(limit)
        end = bound.min if bound.min is not None else bound.max
        if end is not None:
            yield Mark("hline", "limit", "limit", (end * (context.rated if unit == "1" else 1.0),), phase)


def _rms_line(phase: str, view: tuple[float, float], context: Context) -> Iterator[Mark]:
    """U_rms(1/2) of one phase as a line. [SI]"""
    import numpy as np

    from slacheck.contract import Block
    from slacheck.measure.half_cycle import HalfCycleRms

    around = 6.0 * context.cycle
    waveform = context.measurements.window(phase, view[0] - around, view[1] + around)
    if waveform.samples.size < 2:
        return
    meter = HalfCycleRms(waveform.interval, 1.0 / context.cycle, context.rated)
    origin = float(waveform.times[0])
    grid: Samples = origin + np.arange(round((waveform.times[-1] - origin) / waveform.interval) + 1) * waveform.interval
    block = Block(np.interp(grid, waveform.times, waveform.samples)[np.newaxis], 0, 0, origin, waveform.interval)
    values = [*meter.push(block), *meter.close()]
    shown = [(time, value) for time, value in values if view[0] <= time <= view[1] and not math.isnan(value)]
    if len(shown) > 1:
        yield Mark("line", "worst", "rms of a cycle", tuple(number for pair in shown for number in pair), phase)
