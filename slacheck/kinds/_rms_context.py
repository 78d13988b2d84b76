"""A requirement of kind `rms_events` with what was measured for it, and the gates that measuring showed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slacheck.contract import Effect, Gate, Measurements, SignalFacts, Signals
from slacheck.kinds._rms_classes import Event
from slacheck.kinds._rms_keys import RUNGS, Check, RmsEvents, is_waveform, phases, rated, settings, threshold

if TYPE_CHECKING:
    from slacheck.measure.excursions import Tally
    from slacheck.measure.rms_events import RmsEventReading

ALIKE = 1e-3
"""Windows and refreshes that differ by less are the same. [ratio]"""
_FEWEST_SAMPLES = 16.0
"""Samples a cycle below which the fundamental is not told from what aliases onto it."""


@dataclass(frozen=True, slots=True)
class Context:
    """A requirement and what was measured for it."""

    requirement: RmsEvents
    signals: Signals
    measurements: Measurements
    reading: RmsEventReading

    @property
    def names(self) -> tuple[str, ...]:
        """Of the phases."""
        return phases(self.requirement)

    @property
    def facts(self) -> tuple[SignalFacts, ...]:
        """Of the phases' records."""
        return tuple(self.measurements.facts(name) for name in self.names)

    @property
    def cycle(self) -> float:
        """[s]"""
        return 1.0 / self.requirement.frequency.value

    @property
    def waveform(self) -> bool:
        """Whether the phases are AC waveforms."""
        return is_waveform(self.requirement, self.signals)

    @property
    def rated(self) -> float:
        """[SI]"""
        return rated(self.requirement, self.signals)

    @property
    def refresh(self) -> float:
        """From value to value of one phase. [s]"""
        return self.cycle / 2.0 if self.waveform else max(max(one.grid, one.interval) for one in self.facts)

    @property
    def window(self) -> float:
        """What a value is the rms over, at least its refresh. [s]"""
        return (
            max((self.refresh, *(math.fsum(one.averaging) for one in self.facts))) if not self.waveform else self.cycle
        )


def tallies_of(event: Event, rung: float, context: Context) -> tuple[Tally, tuple[Tally, ...]]:
    """The tally at the threshold itself, and all between the threshold moved down and up by a rung."""
    offsets = settings(context.requirement, context.signals).offsets
    tallies = context.reading.tallies[event]
    near = tuple(tally for offset, tally in zip(offsets, tallies, strict=True) if abs(offset) <= rung)
    return tallies[offsets.index(0.0)], near


# ---------------------------------------------------------------- gates


def rate_gates(context: Context) -> Iterator[Gate]:
    if not context.waveform:
        return
    slowest = max(context.facts, key=lambda one: one.interval)
    samples = context.cycle / slowest.interval
    if samples < _FEWEST_SAMPLES * (1.0 - 1e-9):
        sentence = (
            f"{slowest.channel} has {samples:.4g} samples a cycle; its fundamental can be told from what aliases onto "
            f"it from {_FEWEST_SAMPLES:g} on."
        )
        yield Gate("sample_rate", Effect.NO_VERDICT, False, samples, _FEWEST_SAMPLES, sentence)


def unlocked_gate(context: Context) -> Iterator[Gate]:
    if not context.waveform:
        return
    lost = context.reading.unlocked
    frequency = context.requirement.frequency.text
    sentence = f"For {lost:.4g} s a voltage had no steady fundamental near {frequency}"
    sentence += "." if lost == 0.0 else ", so that its U_rms(1/2) is not known; check `frequency` and the channels."
    yield Gate("coverage", Effect.NO_PASS, lost == 0.0, lost, 0.0, sentence)


def rung_gate(uncertainty: float, rung: float | None) -> Iterator[Gate]:
    if rung is None:
        sentence = (
            f"The rms values are uncertain by {100.0 * uncertainty:.4g} % of the reference, more than the "
            f"{100.0 * RUNGS[-1]:g} % that is allowed for; record with a better instrument or less disturbance."
        )
        yield Gate("noise", Effect.NO_VERDICT, False, uncertainty, RUNGS[-1], sentence)


def hidden_gate(check: Check, context: Context) -> Iterator[Gate]:
    """Whether an rms signal shows every event that U_rms(1/2) would have shown.

    Values over W that come every W or more often share the energy of any one cycle between two of
    them at most. So a cycle with the mean square v^2 in a record whose values lie between a and b
    leaves a value of ``b^2 - (b^2 - v^2) T / 2W`` or less, and one above v^2 leaves
    ``a^2 + (v^2 - a^2) T / 2W`` or more.
    """
    reading = context.reading
    if context.waveform or reading.lowest is None or reading.highest is None:
        return
    window, refresh, cycle = context.window, context.refresh, context.cycle
    if refresh <= 0.5 * cycle * (1.0 + ALIKE) and window <= cycle * (1.0 + ALIKE):
        return
    part = min(1.0, cycle / (2.0 * window))
    low, high, level = reading.lowest.value, reading.highest.value, threshold(context.requirement, check.event)
    passed = window >= refresh * (1.0 - 1e-6) and (
        low**2 + (level**2 - low**2) * part > high**2
        if check.event == "swell"
        else high**2 - (high**2 - level**2) * part < low**2
    )
    sentence = (
        f"Each value is the rms over {window:.4g} s, every {refresh:.4g} s; U_rms(1/2) is over {cycle:.4g} s, every "
        f"{0.5 * cycle:.4g} s"
    )
    if passed:
        sentence += f", but values between {100.0 * low:.4g} and {100.0 * high:.4g} % leave no room for a {check.event}"
    else:
        sentence += f": a short {check.event} may not show, or not as deep; record the waveform"
    yield Gate("time_resolution", Effect.NO_PASS, passed, max(window - cycle, refresh), 0.5 * cycle, sentence + ".")


def nothing(context: Context) -> Gate:
    """Why there is no value at all."""
    duration = min(one.duration for one in context.facts)
    if duration < 4.0 * context.cycle:
        sentence = f"The record lasts {duration:.4g} s; U_rms(1/2) needs {4.0 * context.cycle:.4g} s or more."
        return Gate("record_too_short", Effect.NO_VERDICT, False, duration, 4.0 * context.cycle, sentence)
    sentence = (
        f"Nowhere have all of {', '.join(context.names)} a steady fundamental near "
        f"{context.requirement.frequency.text} and no gap; check `frequency` and the channels."
    )
    return Gate("condition_not_met", Effect.NO_VERDICT, False, 0.0, None, sentence)
