"""What follows an event, for the kinds that measure it: the waveform, its levels, and what they can carry."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slacheck.contract import (
    Accuracy,
    Effect,
    Gate,
    Mark,
    Measurements,
    Signals,
    Term,
    Witness,
    expanded,
    level,
)
from slacheck.kinds._event import Eventful, Limited, Occasion, event_signal, is_own, looked_at, spanned
from slacheck.language import LevelSource, LimitModel
from slacheck.values import Measured, at_least, between

if TYPE_CHECKING:
    from slacheck.contract import Waveform
    from slacheck.measure.levels import Level
    from slacheck.measure.smoothing import Smoothed
    from slacheck.measure.transition import Bracket, Extreme

_FEWEST = 10
"""Least samples in the window of a level, for its scatter to mean something."""
_MOST_CLIPPED = 0.01
"""Share of clipped samples above which a level, or the noise about it, is made up."""


@dataclass(frozen=True, slots=True)
class Response:
    """The measured signal around one event.

    Parameters
    ----------
    occasion : Occasion
        The event.
    waveform : Waveform
        Samples in the window around it.
    line : Smoothed
        The same without its noise.
    deviation : float
        Standard deviation of the white noise. [SI]
    accuracy : Accuracy
        In force; all zero where none is known.
    end : float
        Time of the last sample of the window. [s]
    complete : bool
        Whether the record holds the whole window.
    late : float
        A time read on the signal is late by up to this. [s]
    clocks : tuple of Term
        What a time read on it owes to samples and clocks. [s]
    """

    occasion: Occasion
    waveform: Waveform
    line: Smoothed
    deviation: float
    accuracy: Accuracy
    end: float
    complete: bool
    late: float
    clocks: tuple[Term, ...]
    k: float
    unit: str
    """SI unit of the signal."""

    @property
    def moment(self) -> Bracket:
        """The event. [s]"""
        return self.occasion.moment


def respond(requirement: Limited, signals: Signals, measurements: Measurements, occasion: Occasion) -> Response | None:
    """The waveform around an event, without its noise; None without a sample."""
    from slacheck.measure.levels import quantum, white_noise
    from slacheck.measure.smoothing import smooth

    name, start = requirement.signal, occasion.moment.value
    before, after = requirement.window.before.value, requirement.window.after.value
    waveform = measurements.window(name, start - before, start + after)
    if waveform.times.size == 0:
        return None
    facts = measurements.facts(name)
    earlier = waveform.samples[waveform.times < min(start, occasion.onset)]
    later = waveform.samples[waveform.times >= start + 0.8 * after]
    deviation = max(white_noise(earlier), white_noise(later))
    if max(earlier.size, later.size) < 2 * _FEWEST:
        deviation = max(deviation, white_noise(waveform.samples))
    line = smooth(
        waveform.times,
        waveform.samples,
        deviation,
        interval=waveform.interval,
        coverage_factor=measurements.coverage_factor,
        quantum=quantum(waveform.samples),
        spanned=spanned(requirement, waveform.interval),
    )
    end = float(waveform.times[-1])
    return Response(
        occasion=occasion,
        waveform=waveform,
        line=line,
        deviation=deviation,
        accuracy=measurements.accuracy(name) or Accuracy(0.0),
        end=end,
        complete=end >= start + after - line.longest_step,
        late=facts.window,
        clocks=_clocks(requirement, measurements, _widest(line)),
        k=measurements.coverage_factor,
        unit=signals[name].base,
    )


def _widest(line: Smoothed) -> float:
    """Largest distance of two samples that count as neighbours. [s]"""
    steps = line.times[1:] - line.times[:-1]
    return float(steps[steps <= line.longest_step].max(initial=0.0))


def _clocks(requirement: Eventful, measurements: Measurements, widest: float) -> tuple[Term, ...]:
    """Standard uncertainties of the difference of two times; samples are at most `widest` apart. [s]"""
    facts = measurements.facts(requirement.signal)
    stamps = math.hypot(facts.time_uncertainty, 0.0 if facts.interpolated else facts.jitter / math.sqrt(3.0))
    width = max(facts.interval, facts.grid, widest) / math.sqrt(12.0)
    terms = [
        Term("sample interval", width, "crossings are interpolated"),
        Term("time stamps", math.sqrt(2.0) * stamps, "of both ends"),
    ]
    if requirement.event.at is None and not is_own(requirement):
        other = measurements.facts(event_signal(requirement))
        width = max(other.interval, other.grid, widest) / math.sqrt(12.0)
        terms.insert(1, Term("sample interval of the event", width, "crossings are interpolated"))
    return tuple(terms)


# ---------------------------------------------------------------- levels


def level_at(response: Response, source: LevelSource, requirement: Eventful, signals: Signals) -> Level | None:
    """The level that `initial` or `final` asks for; None if its window holds too few samples.

    A declared level is compared with readings, so the instrument's error is that of the level.
    """
    from slacheck.measure.levels import Level, level_of

    if source.value is not None:
        value = level(source.value, signals[requirement.signal])
        return Level(value, math.hypot(response.accuracy.offset, response.accuracy.gain * value))
    if source.window is None:
        return None
    start, end = level_span(response, source, requirement)
    inside = (response.waveform.times >= start) & (response.waveform.times <= end)
    samples = response.waveform.samples[inside]
    if samples.size < _FEWEST:
        return None
    return level_of(response.waveform.times[inside], samples, response.deviation)


def level_span(response: Response, source: LevelSource, requirement: Eventful) -> tuple[float, float]:
    """Where a level is measured. [s]

    The event of a response that is its own event lies within its edge; a window before it ends
    where the edge begins.
    """
    if source.window is None:
        return (response.moment.value, response.moment.value)
    start, end = (response.moment.value + edge.value for edge in source.window)
    if is_own(requirement) and source.window[1].value <= 0.0:
        end = min(end, response.occasion.onset)
    return start, end


def level_gates(
    which: str, found: Level | None, requirement: Eventful, response: Response, quarter: float
) -> Iterator[Gate]:
    """Whether the window of a level holds enough samples, and whether it had settled (G-STAT)."""
    source = requirement.initial if which == "initial" else requirement.final
    if source.window is None:
        return
    start, end = level_span(response, source, requirement)
    if found is None:
        inside = int(((response.waveform.times >= start) & (response.waveform.times <= end)).sum())
        short = float(response.waveform.times[0]) - start > response.line.longest_step or not response.complete
        code = "record_too_short" if short else "n_too_small"
        sentence = (
            f"The window of the {which} level, {start:.6g} s to {end:.6g} s, holds {inside} samples; "
            f"{_FEWEST} are needed. " + ("Record the whole window." if short else "Record faster, or widen the window.")
        )
        yield Gate(code, Effect.NO_VERDICT, False, float(inside), float(_FEWEST), sentence)
    else:
        drift = abs(found.drift)
        passed = drift - response.k * found.drift_error <= quarter
        unit = response.unit
        sentence = (
            f"The {which} level changes by {drift:.4g} {unit} within its window, {start:.6g} s to {end:.6g} s; "
            f"a quarter of the band is {quarter:.4g} {unit}"
        )
        if not passed:
            sentence += f". It had not settled: move the window, or declare the level with `{which}: {{value: ...}}`"
        yield Gate("unsettled", Effect.NO_VERDICT, passed, drift, quarter, sentence + ".")


def unrecorded(requirement: Eventful, occasion: Occasion) -> Gate:
    """No sample lies around an event."""
    sentence = (
        f"The record holds no sample of {requirement.signal} around the event at {occasion.moment.value:.6g} s; "
        f"record {requirement.window.before.text} before it and {requirement.window.after.text} after it."
    )
    needed = requirement.window.before.value + requirement.window.after.value
    return Gate("record_too_short", Effect.NO_VERDICT, False, 0.0, needed, sentence)


# ---------------------------------------------------------------- gates of the window


def window_gates(requirement: Eventful, response: Response, measurements: Measurements) -> Iterator[Gate]:
    """One event only, all of the window recorded, no gap in it."""
    before, after = requirement.window.before.value, requirement.window.after.value
    start, end = response.moment.value - before, response.moment.value + after
    near = [other for other in response.occasion.others if start <= other <= end]
    count = len(near) + 1
    sentence = f"{count} events lie in the window from {start:.6g} s to {end:.6g} s"
    if near:
        shown = ", ".join(f"{other:.6g} s" for other in near[:3])
        sentence += f" (others at {shown}); one is needed: let the response end before the next, or shorten the window"
    yield Gate("multiple_events", Effect.NO_VERDICT, not near, float(count), 1.0, sentence + ".")
    step = response.line.longest_step
    missing = [max(0.0, float(response.waveform.times[0]) - start), max(0.0, end - response.end)]
    lost = math.fsum(part for part in missing if part > step)
    sentence = (
        f"The record holds {before + after - lost:.6g} s of the window of {before + after:.6g} s around the event"
    )
    if lost > 0.0:
        sentence += f"; {lost:.4g} s are missing, {missing[0]:.4g} s before and {missing[1]:.4g} s after: record longer"
    yield Gate("record_too_short", Effect.NO_PASS, lost == 0.0, before + after - lost, before + after, sentence + ".")
    yield from _rail_gate(requirement, response, measurements)
    gaps = inner_gaps(response)
    longest = max((stop - begin for begin, stop in gaps), default=0.0)
    sentence = f"{len(gaps)} gaps lie in the window around the event"
    if gaps:
        sentence += f", the longest of {longest:.4g} s; what it hides cannot pass: record without gaps"
    yield Gate("gap_in_event", Effect.NO_PASS, not gaps, longest, 0.0, sentence + ".")


def inner_gaps(response: Response) -> tuple[tuple[float, float], ...]:
    """Gaps with samples on both sides that are too long to be spanned. [s]"""
    first, last, longest = float(response.waveform.times[0]), response.end, response.line.longest_step
    inside = ((begin, end) for begin, end in response.waveform.gaps if begin >= first and end <= last)
    return tuple((begin, end) for begin, end in inside if end - begin > longest)


def _rail_gate(requirement: Eventful, response: Response, measurements: Measurements) -> Iterator[Gate]:
    """Whether the signal stands at a clip level before the event or at the end: then no level and no noise is known."""
    facts = measurements.facts(requirement.signal)
    if facts.clipped == 0 or facts.clip is None:
        return
    times, samples = response.waveform.times, response.waveform.samples
    quiet = (times < response.moment.value) | (times >= response.moment.value + 0.8 * requirement.window.after.value)
    count = max(1, int(quiet.sum()))
    share = int((quiet & ((samples <= facts.clip[0]) | (samples >= facts.clip[1]))).sum()) / count
    sentence = (
        f"{100.0 * share:.3g} % of the samples of {facts.channel} before the event and at the end of its window are "
        f"clipped; at most {100.0 * _MOST_CLIPPED:g} % may be, for a level"
    )
    if share > _MOST_CLIPPED:
        sentence += ": use a wider measuring range"
    yield Gate("clipped", Effect.NO_VERDICT, share <= _MOST_CLIPPED, share, _MOST_CLIPPED, sentence + ".")


def step_gate(step: float, uncertainty: float, response: Response) -> Gate:
    """Whether the step is large enough to divide by (G-AMP)."""
    unit = response.unit
    required = max(10.0 * response.deviation, 5.0 * uncertainty)
    passed = step >= required and step > 0.0
    sentence = (
        f"The response steps by {step:.4g} {unit}; ten times its noise of {response.deviation:.3g} {unit} and "
        f"five times the uncertainty of {uncertainty:.3g} {unit} make at least {required:.4g} {unit}"
    )
    if not passed:
        sentence += "; apply a larger step, or measure with less noise"
    return Gate("step_too_small", Effect.NO_VERDICT, passed, step, required, sentence + ".")


def noise_gate(response: Response, uncertainty: float, half_width: float) -> Gate:
    """Whether noise and uncertainty leave anything of a band to be inside of."""
    import numpy as np

    settled = response.line.times >= response.moment.value
    typical = float(np.median(response.line.allowance[settled])) if bool(settled.any()) else 0.0
    needed, unit = typical + uncertainty, response.unit
    passed = needed < half_width
    sentence = (
        f"Noise of {response.deviation:.3g} {unit} and the uncertainty of the levels leave {needed:.3g} {unit} "
        f"of doubt where the band is {half_width:.4g} {unit} to either side"
    )
    if not passed:
        sentence += "; measure with less noise, or filter before sampling"
    return Gate("noise", Effect.NO_PASS, passed, needed, half_width, sentence + ".")


# ---------------------------------------------------------------- what is measured


def elapsed(response: Response, clock: Bracket, found: Bracket) -> tuple[Measured, tuple[Term, ...]]:
    """Time from `clock` to `found`, no less than 0: the interval method, widened by samples and clocks. [s]"""
    value = max(0.0, found.value - clock.value)
    spread = expanded(response.clocks, response.k)
    low = _lowest(response, clock, found)
    high = None
    if found.high is not None and clock.low is not None:
        high = found.high - clock.low + spread + (0.0 if clock is response.moment else response.late)
    return between(value, "s", low, high), _time_budget(response, clock, found)


def _lowest(response: Response, clock: Bracket, found: Bracket) -> float:
    low = found.low if found.low is not None else response.moment.value
    latest = clock.high if clock.high is not None else response.end
    return max(0.0, low - latest - response.late - expanded(response.clocks, response.k))


def _time_budget(response: Response, clock: Bracket, found: Bracket) -> tuple[Term, ...]:
    terms = []
    for name, bracket in (("event time" if clock is response.moment else "start", clock), ("band and noise", found)):
        width = 0.0 if bracket.low is None or bracket.high is None else bracket.high - bracket.low
        terms.append(
            Term(name, width / (2.0 * response.k), "interval method: read at the level plus and minus its doubt")
        )
    if response.late > 0.0:
        terms.append(
            Term("trailing window", response.late / math.sqrt(12.0), "a time is read late by up to the window")
        )
    return (*terms, *response.clocks)


def stay(response: Response, clock: Bracket, leave: Bracket, hold: float) -> tuple[Measured, tuple[Term, ...]]:
    """Time from `clock` to the last exit from a band, if the response then stays inside for `hold`. [s]

    Still outside at the end, or not inside for `hold` by then: the truth lies above.
    """
    slack = response.line.longest_step
    held_from = response.end - hold + slack
    bounded = replace(leave, high=None) if leave.high is None or leave.high > held_from else leave
    measured, budget = elapsed(response, clock, bounded)
    outside = leave.value >= response.end and leave.value > response.moment.value
    if outside or leave.value > held_from:
        return at_least(measured.value, "s", _lowest(response, clock, leave)), budget
    if not response.complete:
        measured = between(measured.value, "s", measured.interval.low, None)
    return measured, budget


def beyond_record(response: Response, clock: Bracket) -> Measured:
    """A time from `clock` that had not come by the end of what is looked at. [s]"""
    value = max(0.0, response.end - clock.value)
    latest = clock.high if clock.high is not None else response.end
    return at_least(value, "s", max(0.0, response.end - latest - expanded(response.clocks, response.k)))


def extreme_of(
    extreme: Extreme, terms: tuple[Term, ...], response: Response, base: float
) -> tuple[tuple[Term, ...], float, float | None]:
    """Budget and interval of an extreme in units of `base`.

    `terms`, then noise by the allowance of the line, then what may lie between two samples. What
    a gap hides or the record does not hold may be larger: then the high end is unbounded.
    """
    bracket, margin = extreme.bracket, expanded(terms, response.k)
    ends = [bracket.value if end is None else end for end in (bracket.low, bracket.high)]
    low, high = ends[0] / base - margin, (ends[1] + extreme.sampling) / base + margin
    noise = Term("noise", (ends[1] - ends[0]) / (2.0 * response.k * base), "by the allowance of the noise-free line")
    between_samples = Term(
        "sampling", extreme.sampling / math.sqrt(3.0) / base, "raises the high end of the interval only"
    )
    bounded = response.complete and not inner_gaps(response)
    return (*terms, noise, between_samples), low, high if bounded else None


# ---------------------------------------------------------------- what is drawn


def witness(
    requirement: Eventful, response: Response, sources: dict[str, LevelSource], marks: tuple[Mark, ...]
) -> Witness:
    """The event's window on the signal and on the one that steps."""
    start, own = response.moment.value, requirement.signal
    drawn = [Mark("vline", "event", "event", (start,))]
    for which, source in sources.items():
        if source.window is not None:
            span = (start + source.window[0].value, start + source.window[1].value)
            drawn.append(Mark("vband", "window", f"{which} level", span, own))
    span = (start - requirement.window.before.value, start + requirement.window.after.value)
    return Witness(looked_at(requirement), max(0.0, span[0]), max(0.0, span[1]), (*drawn, *marks))


def value_at(response: Response, time: float) -> float:
    """The waveform without its noise at a moment. [SI]"""
    import numpy as np

    return float(np.interp(time, response.line.times, response.line.centre))


def time_marks(response: Response, clock: float, found: float, limit: LimitModel, signal: str) -> tuple[Mark, ...]:
    """The moment that decided, and the moments that the limit allows."""
    marks = [Mark("point", "worst", "decided here", (found, value_at(response, found)), signal)]
    for bound, quantity in (("max", limit.max), ("min", limit.min)):
        if quantity is not None:
            marks.append(Mark("vline", "limit", f"{bound} {quantity.text}", (clock + quantity.value,), signal))
    return tuple(marks)
