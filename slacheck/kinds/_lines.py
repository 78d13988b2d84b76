"""What is said and drawn of the lines that `forced_oscillation` finds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from slacheck.contract import Mark, Signals, Witness, level
from slacheck.units import from_base

if TYPE_CHECKING:
    from slacheck.contract import Measurements, Samples, Waveform
    from slacheck.kinds.forced_oscillation import ForcedOscillation
    from slacheck.measure.oscillation import OscillationReading

_HARMONICS = range(2, 8)
_POINTS = 1500
"""Points of the spectrum that is drawn."""


def note(reading: OscillationReading, requirement: ForcedOscillation, context: tuple[Signals, Measurements]) -> str:
    """The strongest line in one sentence, or that there is none."""
    from slacheck.measure.oscillation import detection_threshold

    held, signal = reading.held, context[0][requirement.signal]
    threshold = detection_threshold(requirement.false_alarm, max(1, reading.bins))
    how = (
        f"{reading.bins} bins in each of {reading.windows} windows; with a false alarm probability of "
        f"{requirement.false_alarm:g} a line stands out from {threshold:.4g} times a known floor on"
    )
    if held.value == 0.0:
        return f"No line was confirmed ({how})."
    multiples = _harmonics(held.frequency, held.start, requirement, context[1])
    with_them = f"; its harmonics {', '.join(map(str, multiples))} stand out too" if multiples else ""
    return (
        f"A line at {held.frequency:.4g} Hz holds {from_base(held.value, signal.unit):.4g} {signal.unit} rms and "
        f"stands out in {held.windows} consecutive windows{with_them} ({how})."
    )


def _harmonics(frequency: float, start: float, requirement: ForcedOscillation, measurements: Measurements) -> list[int]:
    """Multiples of a line that stand out too in the window where it is held, to a bin each."""
    from slacheck.measure.oscillation import lines_in

    frequencies, powers = _spectrum(start, requirement, measurements)
    seconds = 1.0 / float(frequencies[1])
    bins = lines_in(powers, requirement.false_alarm)
    return [n for n in _HARMONICS if any(abs(place - n * frequency * seconds) <= n / 2.0 + 1.0 for place in bins)]


def window(start: float, requirement: ForcedOscillation, measurements: Measurements) -> tuple[Waveform, int, float]:
    """The window that starts at `start`, how many samples it has, and their interval. [s]"""
    interval = measurements.facts(requirement.signal).grid
    count = max(2, math.floor(requirement.window.length.value / interval + 1e-3))
    return measurements.window(requirement.signal, start - interval, start + (count + 1) * interval), count, interval


def _spectrum(start: float, requirement: ForcedOscillation, measurements: Measurements) -> tuple[Samples, Samples]:
    """Frequencies and powers of the window that starts at `start`. [Hz], [SI^2]"""
    import numpy as np

    from slacheck.measure.oscillation import window_powers

    waveform, count, interval = window(start, requirement, measurements)
    powers = window_powers(np.interp(start + np.arange(count) * interval, waveform.times, waveform.samples))
    return np.arange(powers.size) / (count * interval), powers


def witness(
    place: tuple[float, float],
    requirement: ForcedOscillation,
    context: tuple[Signals, Measurements],
    limited: bool,
) -> Witness:
    """Spectrum of the deciding window: rms value of a line in each bin, the band, the limit and what decided."""
    import numpy as np

    signals, measurements = context
    band, signal, limit = requirement.band, signals[requirement.signal], requirement.limits.amplitude
    frequencies, powers = _spectrum(place[1], requirement, measurements)
    spectrum = np.sqrt(1.5 * powers)  # a line in the middle of a bin has two thirds of its power there
    marks = [Mark("vband", "window", f"{band.from_.text} to {band.to.text}", (band.from_.value, band.to.value))]
    near = int(np.argmin(np.abs(frequencies - place[0])))
    marks.append(Mark("point", "worst", "decided here", (float(frequencies[near]), float(spectrum[near]))))
    heights = [requirement.min_amplitude]
    if limited and limit is not None:
        heights = [limit.max, limit.min]
    for quantity in (given for given in heights if given is not None):
        height = level(quantity, signal)
        ends = (band.from_.value, height, band.to.value, height)
        marks.append(Mark("line", "limit" if limited else "level", quantity.text, ends))
    inside = frequencies <= 1.25 * band.to.value
    return Witness(
        (requirement.signal,),
        0.0,
        float(frequencies[inside][-1]),
        tuple(marks),
        axis="frequency",
        points=_points(frequencies[inside], spectrum[inside]),
        unit=signal.base,
    )


def _points(frequencies: Samples, spectrum: Samples) -> tuple[tuple[float, float], ...]:
    """At most `_POINTS` points: the largest of each group of neighbouring bins, at its own frequency; DC left out."""
    group = max(1, -(-frequencies.size // _POINTS))
    places = (first + int(spectrum[first : first + group].argmax()) for first in range(1, frequencies.size, group))
    return tuple((float(frequencies[place]), float(spectrum[place])) for place in places)
