"""Evaluation of `tracking`: errors, time in the tube and delay, with what each of them is worth."""

from __future__ import annotations

import math
from collections.abc import Iterator
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
    is_relative,
    level,
    limit_of,
)
from slacheck.kinds._noise import noise_of
from slacheck.kinds._tracking import (
    Tracking,
    delay_key,
    delay_limit,
    profile_of,
    reference_name,
    signal_names,
    tube_key,
    tube_rungs,
)
from slacheck.values import Interval, Measured, between, symmetric

if TYPE_CHECKING:
    from slacheck.measure.tracking import Correlation, Delay, TrackingReading

_EXCURSION = 10.0
"""Excursion of the reference that a verdict needs, in the tube's value."""
_LEAST_OVERLAP = 0.95
_LEAST_CORRELATION = 0.8
_SKEW = 5.0
"""The clock may be uncertain by this fraction of the tube's time."""

Context = tuple[Tracking, Signals, Measurements]


def evaluate(requirement: Tracking, signals: Signals, measurements: Measurements) -> Evaluation:
    """One measurement for each limit."""
    context = (requirement, signals, measurements)
    found: TrackingReading | None = measurements.reading(tube_key(requirement, signals))
    if found is None:
        gate = _nothing(requirement, measurements.facts(requirement.signal))
        return Evaluation(tuple(Measurement(name, gates=(gate,)) for name in requirement.limits.given()))
    gates = (_excursion(found, context),)
    results = []
    for name in requirement.limits.given():
        if name == "delay":
            results.append(_delay(found, gates, context))
        elif name == "time_in_tube":
            results.append(_time_in_tube(found, (*gates, *_skew(context)), context))
        else:
            results.append(_error(name, found, (*gates, *_skew(context)), context))
    return Evaluation(tuple(results), notes=_notes(context))


def _notes(context: Context) -> tuple[str, ...]:
    requirement, _, measurements = context
    reference = requirement.reference
    if not isinstance(reference, str):
        return ("The profile is exact; it was taken at the times of the samples.",)
    if measurements.accuracy(reference) is None:
        return (
            f"No accuracy is declared for {reference}; its values were taken as exact, as those of a setpoint are.",
        )
    return ()


def _nothing(requirement: Tracking, facts: SignalFacts) -> Gate:
    delay, time = requirement.delay_allowance.value, requirement.tube.time.value
    needed = delay + time + max(0.0, time - delay) + facts.grid
    if facts.duration <= needed:
        sentence = (
            f"The record of {facts.channel} lasts {facts.duration:.4g} s, and no sample has its reference "
            f"{requirement.delay_allowance.text} before it; record at least {20.0 * needed:.4g} s."
        )
        return Gate("record_too_short", Effect.NO_VERDICT, False, facts.duration, 20.0 * needed, sentence)
    sentence = f"No sample of {facts.channel} has its reference, without a gap between; record without gaps."
    return Gate("coverage", Effect.NO_VERDICT, False, 0.0, _LEAST_OVERLAP, sentence)


def _excursion(found: TrackingReading, context: Context) -> Gate:
    from slacheck.measure.noise import largest_normal

    requirement, signals, measurements = context
    signal, tube = signals[requirement.signal], requirement.tube.value
    noise = _noise(signal_names(requirement)[1:], context)
    moved = max(0.0, found.excursion - 2.0 * noise * largest_normal(2.0 * found.judged, measurements.coverage_factor))
    needed = _EXCURSION * level(tube, signal)
    passed = moved >= needed * (1.0 - 1e-9) and moved > 0.0
    sentence = (
        f"{reference_name(requirement)} moved by {moved:.4g} {signal.base}; ten times {tube.text} are {needed:.4g} "
    )
    sentence = sentence[0].upper() + sentence[1:] if sentence.startswith("the ") else sentence
    sentence += signal.base + ("" if passed else ": record while the reference moves more")
    return Gate("no_event", Effect.NO_VERDICT, passed, moved, needed, sentence + ".")


def _skew(context: Context) -> Iterator[Gate]:
    requirement, _, measurements = context
    time = requirement.tube.time
    if time.value == 0.0:
        return
    uncertainty, most = measurements.facts(requirement.signal).time_uncertainty, time.value / _SKEW
    passed = uncertainty <= most * (1.0 + 1e-9)
    sentence = f"The time stamps are uncertain by {uncertainty:.4g} s; a fifth of {time.text} is {most:.4g} s"
    sentence += "." if passed else ": response and reference may be that far apart; use one clock for both."
    yield Gate("skew_unknown", Effect.NO_VERDICT, passed, uncertainty, most, sentence)


def _overlap(judged: int, margin: int, context: Context) -> tuple[Gate, int]:
    """Whether gaps left enough of what a record of this length can show, and how many samples they took."""
    requirement, _, measurements = context
    facts = measurements.facts(requirement.signal)
    whole = max(judged, 1, round((facts.last - facts.first) / facts.grid) + 1 - margin)
    share, needed = judged / whole, 100.0 * _LEAST_OVERLAP
    sentence = f"{judged} of {whole} samples could be judged ({100.0 * share:.4g} %); {needed:g} % are needed"
    if share < _LEAST_OVERLAP:
        sentence += "; a violation in what remains still counts: record longer, without gaps"
    gate = Gate("coverage", Effect.NO_PASS, share >= _LEAST_OVERLAP, share, _LEAST_OVERLAP, sentence + ".")
    return gate, whole - judged


def _noise(names: tuple[str, ...], context: Context) -> float:
    """Standard deviation of the white noise of these signals together. [SI]"""
    requirement, _, measurements = context
    seen = (noise_of(name, measurements, requirement.tube.time.value) for name in names)
    hidden = (measurements.facts(name).hidden_noise for name in names)
    return math.hypot(*(max(pair) for pair in zip(seen, hidden, strict=True)))


def _rounding(context: Context) -> float:
    """Most by which the steps of the recorders move a difference of the signals; all of it while both stand still."""
    requirement, _, measurements = context
    return math.fsum(measurements.facts(name).quantum / 2.0 for name in signal_names(requirement))


def _terms(found: TrackingReading, context: Context) -> tuple[Term, ...]:
    """Budget that all samples share, at the largest values. [SI]"""
    requirement, _, measurements = context
    terms = []
    for name, peak in zip(signal_names(requirement), (found.response_peak, found.reference_peak), strict=False):
        accuracy = measurements.accuracy(name)
        gain, offset = (0.0, 0.0) if accuracy is None else (accuracy.gain, accuracy.offset)
        apart = "does not cancel between two instruments"
        terms.append(Term(f"gain of {name}", peak * gain, f"at its largest value; {apart}"))
        terms.append(Term(f"offset of {name}", offset, f"common to the record; {apart}"))
    facts = measurements.facts(requirement.signal)
    jitter = 0.0 if facts.interpolated else facts.jitter / math.sqrt(3.0)
    intervals = math.sqrt(2.0) * math.hypot(facts.time_uncertainty, jitter) / facts.grid
    moved = min(found.excursion, found.steepest * intervals)
    return (*terms, Term("time stamps", moved, "where the reference changes fastest"))


def _error(name: str, found: TrackingReading, gates: tuple[Gate, ...], context: Context) -> Measurement:
    requirement, signals, measurements = context
    signal, limit = signals[requirement.signal], requirement.limits.given()[name]
    base = signal.rated if is_relative(limit) and signal.rated is not None else 1.0
    overlap, missing = _overlap(found.judged, found.margin, context)
    terms, noise = _terms(found, context), _noise(signal_names(requirement), context)
    common = expanded(terms, measurements.coverage_factor)
    if name == "max_error":
        value, low, high = _largest(found, noise, common, context)
    else:
        value, low, high = _rms(found, noise, common, context)
        low *= math.sqrt(found.judged / (found.judged + missing))
    treatment = "of one sample; of many it raises the largest" if name == "max_error" else "adds to the square"
    budget = (*terms, Term("noise", noise, treatment))
    return Measurement(
        name,
        measured=_measured(value / base, limit_of(limit)[1], max(0.0, low) / base, high / base),
        time=found.time if name == "max_error" else None,
        gates=(*gates, overlap),
        budget=tuple(Term(term.name, term.standard_uncertainty / base, term.treatment) for term in budget),
        witness=_witness(name, found.time, context),
    )


def _largest(found: TrackingReading, noise: float, common: float, context: Context) -> tuple[float, float, float]:
    from slacheck.measure.noise import largest_normal

    requirement, _, measurements = context
    k = measurements.coverage_factor
    common += _rounding(context)
    common += math.fsum(measurements.facts(name).interpolation_error for name in signal_names(requirement))
    low = found.largest_low - common - noise * largest_normal(2.0 * found.judged, k)
    return found.largest, low, found.largest_high + common + k * noise


def _rms(found: TrackingReading, noise: float, common: float, context: Context) -> tuple[float, float, float]:
    requirement, _, measurements = context
    k, many = measurements.coverage_factor, math.sqrt(found.judged)
    common += _rounding(context)
    common += math.fsum(measurements.facts(name).interpolation_rms for name in signal_names(requirement))
    common += k * noise / many
    own = noise * noise * (1.0 + k * math.sqrt(2.0) / many)
    low = math.sqrt(max(0.0, found.mean_square_low - own)) - common
    return math.sqrt(found.mean_square), low, math.sqrt(found.mean_square_high) + common


def _measured(value: float, unit: str, low: float, high: float) -> Measured:
    if math.isclose(high - value, value - low, rel_tol=1e-9):
        return symmetric(value, unit, high - value)
    return between(value, unit, low, high)


def _time_in_tube(found: TrackingReading, gates: tuple[Gate, ...], context: Context) -> Measurement:
    from slacheck.measure.noise import largest_normal

    requirement, signals, measurements = context
    k, signal, names = measurements.coverage_factor, signals[requirement.signal], signal_names(requirement)
    overlap, missing = _overlap(found.tube_judged, found.tube_margin, context)
    terms, noise = _terms(found, context), math.fsum(_noise((name,), context) for name in names)
    uncertainty = expanded(terms, k) + noise * largest_normal(4.0 * found.judged, k)
    uncertainty += _rounding(context) + math.fsum(measurements.facts(name).interpolation_error for name in names)
    rungs = tube_rungs(requirement, signals)
    rung = next((place for place, moved in enumerate(rungs) if moved >= uncertainty), None)
    gates = (*gates, overlap, *_rung_gate(rung, uncertainty, rungs[-1], signal))
    budget = (*terms, Term("noise", noise, "of response and reference, each sample on its own; moves the border"))
    if found.tube_judged == 0 or rung is None:
        return Measurement("time_in_tube", gates=gates, budget=budget)
    whole = found.tube_judged + missing
    low, high = found.sure[rung] / whole, (found.possible[rung] + missing) / whole
    return Measurement(
        "time_in_tube",
        measured=_measured(found.inside / found.tube_judged, "1", low, high),
        time=found.excess_time,
        gates=gates,
        budget=budget,
        notes=(f"The tube was moved by {rungs[rung]:.4g} {signal.base} both ways for the interval.",),
        witness=_witness("time_in_tube", found.excess_time, context),
    )


def _rung_gate(rung: int | None, uncertainty: float, most: float, signal: Signal) -> Iterator[Gate]:
    if rung is None:
        sentence = (
            f"Response and reference are uncertain by {uncertainty:.4g} {signal.base}, more than the {most:.4g} "
            f"{signal.base} that is allowed for; record with better instruments or less disturbance."
        )
        yield Gate("noise", Effect.NO_VERDICT, False, uncertainty, most, sentence)


# ---------------------------------------------------------------- delay


def _delay(tracked: TrackingReading, gates: tuple[Gate, ...], context: Context) -> Measurement:
    from slacheck.measure.tracking import delay_of

    requirement, signals, measurements = context
    facts, limit = measurements.facts(requirement.signal), delay_limit(requirement)
    found: Correlation | None = measurements.reading(delay_key(requirement, signals))
    if found is None:
        sentence = (
            f"No stretch of {facts.channel} without a gap is {5.0 * limit:.4g} s long; record longer, without gaps."
        )
        gate = Gate("record_too_short", Effect.NO_VERDICT, False, facts.duration, 10.0 * limit, sentence)
        return Measurement("delay", gates=(*gates, gate))
    overlap, _ = _overlap(found.pairs * found.averaged, round(5.0 * limit / facts.grid), context)
    noise = _noise(signal_names(requirement), context)
    seen = delay_of(found, noise, found.pairs * found.step / limit, measurements.coverage_factor)
    gates = (*gates, overlap, _coherence(seen, requirement), *_ahead(seen, requirement), *_any(seen, requirement))
    if seen.correlation < _LEAST_CORRELATION:
        return Measurement("delay", gates=gates, witness=_witness("delay", tracked.time, context))
    budget = _delay_terms(seen, context)
    return Measurement(
        "delay",
        measured=_delay_measured(seen, context),
        gates=gates,
        budget=budget,
        notes=(f"Correlation {seen.correlation:.6g} at the peak, in steps of {found.step:.4g} s.",),
        witness=_witness("delay", tracked.time, context),
    )


def _delay_terms(seen: Delay, context: Context) -> tuple[Term, ...]:
    requirement, _, measurements = context
    facts = measurements.facts(requirement.signal)
    ends = [abs(end - seen.value) for end in (seen.low, seen.high) if end is not None]
    return (
        Term("correlation", max(ends, default=0.0) / measurements.coverage_factor, "half width that noise allows"),
        Term("samples", _between(context) / math.sqrt(3.0), "a change lies anywhere between two samples"),
        Term("time stamps", math.sqrt(2.0) * facts.time_uncertainty, "of response and reference"),
    )


def _between(context: Context) -> float:
    """Most by which changes between two samples can shift a delay. [s]"""
    requirement, _, measurements = context
    return max(measurements.facts(name).interval for name in signal_names(requirement))


def _delay_measured(seen: Delay, context: Context) -> Measured:
    requirement, _, measurements = context
    names, facts = signal_names(requirement), measurements.facts(requirement.signal)
    spread = _between(context) + math.sqrt(2.0) * measurements.coverage_factor * facts.time_uncertainty
    averaging = [math.fsum(measurements.facts(name).averaging) / 2.0 for name in names]
    later = averaging[0] - (averaging[1] if len(averaging) > 1 else 0.0)
    low = None if seen.low is None else min(seen.value, seen.low - spread - max(0.0, later))
    high = None if seen.high is None else max(seen.value, seen.high + spread + max(0.0, -later))
    return Measured(seen.value, "s", Interval(low, high), None, "above" if seen.end > 0 else None)


def _coherence(seen: Delay, requirement: Tracking) -> Gate:
    passed = seen.correlation >= _LEAST_CORRELATION
    sentence = (
        f"At the best lag {requirement.signal} and {reference_name(requirement)} have a correlation of "
        f"{seen.correlation:.4g}; {_LEAST_CORRELATION:g} is needed"
    )
    sentence += (
        "." if passed else ": the response does not follow within these lags; look at max_error and the channels."
    )
    return Gate("low_coherence", Effect.NO_VERDICT, passed, seen.correlation, _LEAST_CORRELATION, sentence)


def _ahead(seen: Delay, requirement: Tracking) -> Iterator[Gate]:
    """A response that comes before its reference cannot be one."""
    if seen.correlation >= _LEAST_CORRELATION and seen.high is not None and seen.high < 0.0:
        sentence = (
            f"{requirement.signal} comes {-seen.value:.4g} s or more before {reference_name(requirement)}: the "
            "channels are swapped, or their clocks apart; correct that."
        )
        yield Gate("skew_unknown", Effect.NO_VERDICT, False, seen.value, 0.0, sentence)


def _any(seen: Delay, requirement: Tracking) -> Iterator[Gate]:
    """A reference that only ramps fits its response at every lag."""
    if seen.correlation >= _LEAST_CORRELATION and seen.low is None and seen.high is None:
        sentence = (
            f"Every lag fits {requirement.signal} to {reference_name(requirement)} equally well; record while the "
            "reference changes its direction or its slope."
        )
        yield Gate("no_event", Effect.NO_VERDICT, False, None, None, sentence)


# ---------------------------------------------------------------- what is shown


def _witness(check: str, time: float, context: Context) -> Witness:
    """Both signals around the worst sample, with the tube or the limit around the delayed reference."""
    import numpy as np

    requirement, _, measurements = context
    facts, names = measurements.facts(requirement.signal), signal_names(requirement)
    around = max(2.0 * (requirement.delay_allowance.value + requirement.tube.time.value), 50.0 * facts.grid)
    start, end = max(facts.first, time - around), min(facts.last, time + around)
    marks = []
    near = measurements.window(names[0], time - facts.grid / 2.0, time + facts.grid / 2.0)
    if near.times.size and check != "delay":
        worst = int(np.argmin(np.abs(near.times - time)))
        point = (float(near.times[worst]), float(near.samples[worst]))
        marks.append(Mark("point", "worst", "furthest out", point, names[0]))
    if end > start and check != "delay":
        marks += _limit_lines(check, (start, end), context)
    return Witness(names, start, end, tuple(marks))


def _limit_lines(check: str, span: tuple[float, float], context: Context) -> Iterator[Mark]:
    """Borders of the tube, or of the largest error allowed."""
    import numpy as np

    from slacheck.measure.tracking import borders

    requirement, signals, measurements = context
    signal, tube = signals[requirement.signal], requirement.tube
    time, half, label = tube.time.value, level(tube.value, signal), f"tube {tube.value.text}, {tube.time.text}"
    role_time = time if check == "time_in_tube" else 0.0
    if check != "time_in_tube":
        allowed = requirement.limits.given()[check].max
        if allowed is None:
            return
        half, label = level(allowed, signal), f"max {allowed.text}"
    moments = np.linspace(*span, 129) - requirement.delay_allowance.value
    first, last = float(moments[0]) - time, float(moments[-1]) + time
    profile = profile_of(requirement, signals)
    if profile is not None:
        times, values = (np.array(column) for column in zip(*profile, strict=True))
    else:
        wave = measurements.window(reference_name(requirement), first, last)
        times, values = wave.times, wave.samples
    if times.size == 0:
        return
    low, high = borders(times, values, moments, role_time)
    drawn = moments + requirement.delay_allowance.value
    for line in (low - half, high + half):
        coordinates = tuple(float(value) for pair in zip(drawn, line, strict=True) for value in pair)
        yield Mark("line", "limit", label, coordinates, requirement.signal)
