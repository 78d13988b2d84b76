"""Rate of change of frequency, from an AC waveform or from a record of frequency (R17; ROCOF, df/dt).

With T = `window`, the rate of a window is ``(f(t) - f(t - T)) / T``. ``rise`` and ``fall`` are the
largest ones upwards and downwards, both as magnitudes, ``rocof`` the larger of the two. With a
`duration` a rate is reached where all windows that end within that time reach it.

**From a waveform** (`waveform: ac`, or a signal that is derived from one by ``frequency``), f is
the turn of the fundamental's phase over `frequency_window`, every cycle. A jump of the phase, or a
step of the amplitude, is no change of frequency but reads as one: 15 degrees within 100 ms read
0.42 Hz and, differenced over the same 100 ms, 4.2 Hz/s. Windows that hold a jump above
``exclude.phase_jump`` or a step above ``exclude.amplitude_step`` do not count and are reported; a
FAIL never rests on one. Across them the frequency is taken as a straight line, and if its rate is
above the limit, what is left out could hide a violation and there is no PASS. A jump within a
fifth of the threshold counts for the upper bound only. The phase is seen in windows of four
cycles, so a swing of the frequency that is over within five is taken for a jump. An interruption is
a disturbance too; across one of more than 500 cycles nothing is assumed and its windows are missing.

**From a record of frequency**, a phase jump can only be suspected: any swing that is over within
`frequency_window`, the window of the recorder, may be one. The value is what remains without such
swings, the interval reaches up to what was recorded; where the limit lies in between, only the
waveform can tell. A frequency more than 15 % from nominal was not measured on a live grid, nor was
what ran there since it was last within 0.1 %: it counts for the upper bound only. With `supply`, the
frequency counts only while that signal is high enough: a meter on a dead line shows what it likes.

INCONCLUSIVE when: the waveform has fewer than 5.12 samples per cycle (20 without a documented
anti-alias filter), or is unevenly sampled; a recorded frequency has fewer than 20 values per
window, or is averaged for longer than `frequency_window`; the record is shorter than one window;
more than 1 % of the windows are missing (gaps, interruptions); more than ``exclude.most`` of them
hold a disturbance; fewer than 20 windows are left; the interval holds the limit.

Uncertainty: noise, from the scatter of f itself, which raises the largest of many windows: the
interval reaches down by what the largest of that many normal deviates may be, and up by k
deviations of one window; one step of a quantised record over T (and noise of 0.15 steps, which
would not show), and what an amplitude step that still counts may fake (0.08 rad of phase for a
whole one), both as bounds; gain of a recorded frequency (an offset cancels); time stamps;
interpolation of an uneven record.

.. code-block:: yaml

    - id: GRID-4
      kind: rocof
      signal: grid_frequency
      window: 500 ms
      exclude: {phase_jump: 5 deg}
      limits: {rocof: {max: 1 Hz/s}}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Gate,
    Kind,
    Mark,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    SignalFacts,
    Signals,
    Term,
    Witness,
    expanded,
    level,
    limit_of,
)
from slacheck.kinds._rocof_keys import RateLimit, Rocof, averaging_of, nominal_of, problems, waveform_of
from slacheck.units import Quantity
from slacheck.values import between

if TYPE_CHECKING:
    from slacheck.measure.rates import Rate
    from slacheck.measure.rocof import FrequencyRocof, RocofReading
    from slacheck.measure.waveform_rocof import WaveformRocof

_FEWEST_WINDOWS = 20
"""Windows from whose scatter noise is told; fewer may scatter by nothing at all."""
_HIDDEN = 0.15
"""Noise of this part of a record's step hardly ever shows in it. [ratio]"""
_MOST_NAMED = 5
"""Disturbances that a note names."""


def _signals(requirement: Rocof) -> tuple[str, ...]:
    return (requirement.signal,) if requirement.supply is None else (requirement.signal, requirement.supply.signal)


def _checks(requirement: Rocof, signals: Signals) -> tuple[CheckPlan, ...]:
    plans = []
    for name, model in requirement.limits.given().items():
        limit, unit, shown = limit_of(model)
        side = {"rocof": "the larger of up and down", "rise": "upwards", "fall": "downwards"}[name]
        text = f"{_definition(requirement, signals)}, {side} as a magnitude"
        found = Definition(f"rocof/{'waveform' if waveform_of(requirement, signals) else 'frequency'}@1", text)
        plans.append(CheckPlan(name, limit, unit, shown, found, _needs(requirement, signals)))
    return tuple(plans)


def _needs(requirement: Rocof, signals: Signals) -> tuple[Need, ...]:
    window, waveform = requirement.window.value, waveform_of(requirement, signals)
    nominal = nominal_of(requirement, signals) or 0.0
    length = window + requirement.duration.value
    if waveform is not None:
        length += averaging_of(requirement, signals)
        return (Need(waveform, max_frequency=2.0 * nominal, bandwidth=nominal, duration=length),)
    need = Need(requirement.signal, time_limit=window, duration=length, longest_gap=window / 10.0, screened=True)
    return (need,) if requirement.supply is None else (need, Need(requirement.supply.signal))


def _definition(requirement: Rocof, signals: Signals) -> str:
    window, signal = requirement.window.text, requirement.signal
    text = f"the largest (f(t) - f(t - {window})) / {window}"
    if requirement.duration.value > 0.0:
        text += f" that all windows ending within {requirement.duration.text} reach"
    taken = f"{1e3 * averaging_of(requirement, signals):.6g} ms"
    waveform, exclude = waveform_of(requirement, signals), requirement.exclude
    if waveform is not None and exclude is not None:
        return (
            f"{text}, f being the frequency of the fundamental of {waveform} over {taken}, every cycle, without the "
            f"windows that hold a phase jump above {exclude.phase_jump.text} or an amplitude step above "
            f"{exclude.amplitude_step.text} within four cycles"
        )
    text += f", f being {signal}; swings that are over within {taken} may be phase jumps and count for the upper bound"
    if requirement.supply is not None:
        text += f"; only while {requirement.supply.signal} is at least {requirement.supply.min.text}"
    return text


def _sentence(requirement: Rocof, signals: Signals) -> str:
    names = {"rocof": "either way", "rise": "upwards", "fall": "downwards"}
    limits = []
    for name, limit in requirement.limits.given().items():
        limits += [f"at most {limit.max.text} {names[name]}"] if limit.max is not None else []
        limits += [f"at least {limit.min.text} {names[name]}"] if limit.min is not None else []
    what = _definition(requirement, signals)
    text = f"The rate of change of frequency of {requirement.signal} shall be {' and '.join(limits)}: {what}."
    if requirement.exclude is not None:
        text += f" No more than {requirement.exclude.most.text} of the windows may be left out."
    return text


# ---------------------------------------------------------------- measuring


def _key(requirement: Rocof) -> tuple[object, ...]:
    exclude, supply = requirement.exclude, requirement.supply
    return (
        "rocof",
        requirement.signal,
        requirement.frequency,
        *(requirement.window, requirement.frequency_window, requirement.duration),
        None if exclude is None else (exclude.phase_jump, exclude.amplitude_step),
        None if supply is None else (supply.signal, supply.min),
    )


def _meters(requirement: Rocof, signals: Signals) -> tuple[MeterPlan, ...]:
    waveform = waveform_of(requirement, signals)
    build = partial(_meter, requirement=requirement, signals=signals)
    if waveform is not None:
        return (MeterPlan(_key(requirement), (waveform,), build),)
    return (MeterPlan(_key(requirement), _signals(requirement), build, bridge=requirement.window.value / 10.0),)


def _meter(interval: float, requirement: Rocof, signals: Signals) -> WaveformRocof | FrequencyRocof:
    from slacheck.measure.rocof import FrequencyRocof
    from slacheck.measure.swings import Thresholds
    from slacheck.measure.waveform_rocof import WaveformRocof

    nominal, averaging = nominal_of(requirement, signals) or 0.0, averaging_of(requirement, signals)
    window, duration, supply = requirement.window.value, requirement.duration.value, requirement.supply
    exclude = requirement.exclude
    if waveform_of(requirement, signals) is not None and exclude is not None:
        thresholds = Thresholds(math.radians(exclude.phase_jump.value), exclude.amplitude_step.value)
        return WaveformRocof(interval, nominal, window, averaging, thresholds, duration)
    least = None if supply is None else level(supply.min, signals[supply.signal])
    return FrequencyRocof(interval, nominal, window, averaging, duration, least)


def _too_few(windows: float) -> Gate:
    sentence = (
        f"{windows:g} windows between gaps and disturbances are too few to tell noise from change; "
        f"{_FEWEST_WINDOWS} are needed: record longer, without gaps."
    )
    return Gate("n_too_small", Effect.NO_VERDICT, False, float(windows), float(_FEWEST_WINDOWS), sentence)


def _evaluate(requirement: Rocof, signals: Signals, measurements: Measurements) -> Evaluation:
    reading: RocofReading = measurements.reading(_key(requirement))
    gates = tuple(_gates(requirement, signals, measurements))
    if reading.rates is None:
        facts = measurements.facts(_measured(requirement, signals))
        gates = (*gates, _nothing(requirement, reading, averaging_of(requirement, signals), facts))
        return Evaluation(tuple(Measurement(name, gates=gates) for name in requirement.limits.given()))
    if reading.windows < _FEWEST_WINDOWS:
        gates = (*gates, _too_few(reading.windows))
    sides = {"rocof": _larger(*reading.rates), "rise": reading.rates[0], "fall": reading.rates[1]}
    context = (signals, measurements)
    return Evaluation(
        tuple(_measurement(name, sides[name], requirement, context, gates) for name in requirement.limits.given()),
        notes=tuple(_notes(requirement, signals, reading)),
    )


def _measured(requirement: Rocof, signals: Signals) -> str:
    """The signal whose samples are looked at."""
    return waveform_of(requirement, signals) or requirement.signal


def _larger(up: Rate, down: Rate) -> Rate:
    from slacheck.measure.rates import Rate

    first = up if up.value >= down.value else down
    return Rate(first.value, max(up.low, down.low), max(up.high, down.high), first.time)


def _measurement(
    name: str,
    side: Rate,
    requirement: Rocof,
    context: tuple[Signals, Measurements],
    gates: tuple[Gate, ...],
) -> Measurement:
    terms, low, high = _bounds(side, requirement, *context)
    return Measurement(
        name,
        measured=between(side.value, "Hz/s", low, high),
        time=side.time if side.value > 0.0 else None,
        gates=gates,
        budget=terms,
        witness=_witness(side, requirement.limits.given()[name], requirement, context),
    )


def _bounds(
    side: Rate, requirement: Rocof, signals: Signals, measurements: Measurements
) -> tuple[tuple[Term, ...], float, float]:
    """Budget and ends of the interval; see the manual. [Hz/s]"""
    from slacheck.measure.noise import largest_normal

    reading: RocofReading = measurements.reading(_key(requirement))
    k, window = measurements.coverage_factor, requirement.window.value
    facts = measurements.facts(_measured(requirement, signals))
    bound = (reading.quantum + reading.flaw + 2.0 * facts.interpolation_error) / window
    terms = tuple(_systematic(side, requirement, signals, measurements))
    common = expanded(terms, k) + bound
    noise = math.sqrt(2.0) * max(reading.noise, _HIDDEN * reading.quantum) / window
    what = "steps of the recorder" if waveform_of(requirement, signals) is None else "small steps of the amplitude"
    treatment = f"of one window; the largest of {reading.windows} lies higher, which the lower end counts"
    budget = (
        *terms,
        Term(what, bound / math.sqrt(3.0), "a bound, counted in full at both ends of the interval"),
        Term("noise", noise, treatment),
    )
    low = max(0.0, side.low - common - noise * largest_normal(reading.windows, k))
    return budget, low, side.high + common + noise * largest_normal(reading.held, k)


def _systematic(side: Rate, requirement: Rocof, signals: Signals, measurements: Measurements) -> Iterator[Term]:
    """What is common to the record; the gain of a waveform is none of its frequency."""
    facts = measurements.facts(_measured(requirement, signals))
    if waveform_of(requirement, signals) is None:
        accuracy = measurements.accuracy(requirement.signal)
        yield Term("gain", 0.0 if accuracy is None else side.value * accuracy.gain, "common to the record")
        yield Term("offset", 0.0, "common to the record, cancels in the difference")
    stamps = math.sqrt(2.0) * math.hypot(facts.time_uncertainty, facts.jitter / math.sqrt(3.0))
    yield Term("time stamps", side.value * stamps / requirement.window.value, "of the two ends of a window")


# ---------------------------------------------------------------- gates, notes and witness


def _gates(requirement: Rocof, signals: Signals, measurements: Measurements) -> Iterator[Gate]:
    from slacheck.quality.windows import covered

    reading: RocofReading = measurements.reading(_key(requirement))
    facts = measurements.facts(_measured(requirement, signals))
    if reading.windows:
        yield covered(reading.windows, reading.possible, requirement.window)
    if waveform_of(requirement, signals) is None:
        longest, taken = max(facts.averaging, default=0.0), averaging_of(requirement, signals)
        sentence = (
            f"{facts.channel} is averaged over {1e3 * longest:.4g} ms; frequency_window says {1e3 * taken:.4g} ms"
        )
        passed = longest <= taken * (1.0 + 1e-9)
        sentence += "." if passed else ": a phase jump would last longer than is looked for; correct the spec."
        yield Gate("definition_missing", Effect.NO_VERDICT, passed, longest, taken, sentence)
        return
    if facts.interpolated:
        sentence = f"{facts.channel} is sampled unevenly, which makes and hides changes of frequency; declare `time: "
        sentence += "{sample_rate: ...}` in the sidecar if the samples are evenly taken."
        yield Gate("clock", Effect.NO_VERDICT, False, None, None, sentence)
    if reading.windows and requirement.exclude is not None:
        yield _left_out(requirement, requirement.exclude.most, reading)


def _left_out(requirement: Rocof, most: Quantity, reading: RocofReading) -> Gate:
    share = reading.excluded / reading.windows
    sentence = (
        f"{reading.excluded} of {reading.windows} windows of {requirement.window.text} hold a phase jump or a step of "
        f"the amplitude and do not count ({100.0 * share:.3g} %); allowed are {most.text}"
    )
    passed = share <= most.value
    sentence += "." if passed else "; record longer, or on a quieter supply."
    return Gate("coverage", Effect.NO_PASS, passed, share, most.value, sentence)


def _nothing(requirement: Rocof, reading: RocofReading, averaging: float, facts: SignalFacts) -> Gate:
    """Why no window counts."""
    from slacheck.quality.windows import none_complete

    if reading.windows:
        sentence = (
            f"None of {reading.windows} windows of {requirement.window.text} counts: each holds a disturbance, or a "
            f"frequency that is not sure to be the grid's; record longer."
        )
        return Gate("coverage", Effect.NO_VERDICT, False, 0.0, 1.0, sentence)
    length = requirement.window.value + averaging + requirement.duration.value
    return none_complete(facts, length, requirement.window)


def _notes(requirement: Rocof, signals: Signals, reading: RocofReading) -> Iterator[str]:
    if reading.disturbed:
        named = ", ".join(
            f"{one.time:.3f} s ({abs(math.degrees(one.angle)):.3g} deg, amplitude {100.0 * one.step:.2g} %)"
            for one in reading.disturbances[:_MOST_NAMED]
        )
        more = "" if reading.disturbed <= _MOST_NAMED else f" and {reading.disturbed - _MOST_NAMED} more"
        yield (
            f"Phase jumps and amplitude steps at {named}{more}; the {reading.excluded} windows that hold one do not "
            f"count, and across them the frequency is taken as a straight line for the upper bound."
        )
    if reading.doubtful:
        yield (
            f"{reading.doubtful} swings of the phase are within a fifth of the threshold of a jump; windows that hold "
            f"one count for the upper bound only."
        )
    if reading.strayed > 0.0:
        off = "" if requirement.supply is None else f", or {requirement.supply.signal} below its least value,"
        yield (
            f"For {reading.strayed:.4g} s the frequency was more than 15 % from nominal{off} so not measured on a live "
            f"grid."
        )
    if waveform_of(requirement, signals) is None and reading.rates is not None:
        for name, side in zip(("rises", "falls"), reading.rates, strict=True):
            if side.high > side.value + math.sqrt(2.0) * reading.noise / requirement.window.value:
                yield (
                    f"Recorded were {name} of up to {side.high:.4g} Hz/s; {side.value:.4g} Hz/s remain without what "
                    f"may be phase jumps or no frequency of the grid. Only the waveform can tell; record it."
                )


def _witness(side: Rate, limit: RateLimit, requirement: Rocof, context: tuple[Signals, Measurements]) -> Witness:
    """The window with the largest rate and as much again on either side, with its disturbances."""
    signals, measurements = context
    reading: RocofReading = measurements.reading(_key(requirement))
    facts, window = measurements.facts(requirement.signal), requirement.window.value
    start, end = side.time - window, side.time
    whole = (max(facts.first, start - window), min(facts.last, end + window))
    marks = [Mark("vband", "window", "largest rate", (start, end))]
    marks += [
        Mark("vline", "event", f"{abs(math.degrees(one.angle)):.3g} deg", (one.time,))
        for one in reading.disturbances
        if whole[0] <= one.time <= whole[1]
    ]
    if signals[requirement.signal].quantity == "frequency":
        marks += _ends(facts, (start, end), limit, requirement.signal, measurements)
    return Witness((requirement.signal,), *whole, tuple(marks))


def _ends(
    facts: SignalFacts, window: tuple[float, float], limit: RateLimit, name: str, measurements: Measurements
) -> Iterator[Mark]:
    """Both ends of the window, and the steepest line allowed between."""
    ends = []
    for moment in window:
        near = measurements.window(name, moment - facts.grid, moment + facts.grid)
        if near.times.size:
            place = int(abs(near.times - moment).argmin())
            ends.append((float(near.times[place]), float(near.samples[place])))
    for point, label in zip(ends, ("begins", "ends"), strict=False):
        yield Mark("point", "worst", label, point, name)
    if limit.max is not None and len(ends) == 2:
        (time, first), (last, value) = ends
        change = limit.max.value * (last - time)
        steepest = first + (change if value >= first else -change)
        yield Mark("line", "limit", f"max {limit.max.text}", (time, first, last, steepest), name)


KIND = Kind(
    name="rocof",
    model=Rocof,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=problems,
    manual=__doc__ or "",
)
