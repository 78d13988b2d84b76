"""Forced oscillation: how large, and for how long, a line may stand out of the noise (R11).

Windows of `window.length` start at the record's first sample and overlap by half. From each the
least-squares line is taken, then one Hann periodogram is made. A bin of the band that is larger than
its neighbours is a line where its power exceeds ``-ln(1 - (1 - P)^(1/K))`` times the noise floor,
with P = `false_alarm` for a whole window and K bins in the band. The floor is the larger median of
24 bins to the left and 24 to the right (every other one, from four bins away, divided by ln 2), and
the multiple is larger for its being measured (ordered-statistic detector). A line is confirmed where
it stands out in `persist.windows` consecutive windows at a frequency that is stable to one bin,
1/length, from each to the next: a slow drift is one oscillation, a passing load step is none. A burst that
fills fewer windows reads lower or not at all; `band_ripple` limits what a single window holds.

* ``amplitude``: the largest rms value that a line holds through `persist.windows` consecutive windows,
  0 if none is confirmed. Of one line, harmonics not included; the report names those that stand out.
* ``duration``: the longest time for which a line of at least `min_amplitude` is seen, 1/2 length for each
  of its consecutive windows, 0 if none is confirmed. It is known to one and a half lengths.

Choose `window.length` for the lowest frequency, 20 cycles or more (20 / `from` by default, rounded up); for short
limits on the duration write a requirement with a higher band. Power swings of a workload are lines too.
A weakly damped mode that noise keeps ringing looks like a line where it is narrower than a bin.

Where no line is found the amplitude is not 0 but below what noise could hide: the interval runs from
0 to the largest rms value that a line may hold without being seen, so a record that is too noisy for
the limit is INCONCLUSIVE. The duration's upper end counts the windows in which a line of `min_amplitude`
may be.

INCONCLUSIVE when: the sample rate is below 2.56 times the top of the band (10 times without a documented
anti-alias filter: 14.75 Hz sampled at 10 Hz would be found at 4.75 Hz); samples are clipped; the record
does not hold `persist.windows` windows; the chain passes less than 95 % of the top of the band; more than
1 % of the windows have a gap longer than 1/(4 `to`) in them. An oscillation at a gap may go on in it: then
one window counts for all in the upper end of the amplitude, and the duration is a lower bound; so it is at
the ends of the record.

Uncertainty: gain of the channel; the noise floor, three standard deviations of it; the part of a line that
its five bins do not catch, 1 % at most; the recorder's step / sqrt(12); a line is inside the band to one bin;
linear interpolation of an uneven record; attenuation of the chain at the top of the band, upwards.

.. code-block:: yaml

    - id: OSC-4
      kind: forced_oscillation
      signal: pcc_power
      band: {from: 0.1 Hz, to: 20 Hz}
      limits: {amplitude: {max: 1 MW}}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Kind,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    SignalFacts,
    Signals,
    Term,
    is_relative,
    level,
    level_problem,
    limit_of,
)
from slacheck.language import (
    Duration,
    Frequency,
    Integer,
    Level,
    LimitModel,
    Model,
    Number,
    Requirement,
    Text,
    TimeLimit,
    definition,
)
from slacheck.units import parse_quantity
from slacheck.values import Measured, at_least, between

if TYPE_CHECKING:
    from slacheck.contract import Gate
    from slacheck.measure.oscillation import LineSearch, OscillationReading

_CYCLES = 20.0
"""Periods of the lowest frequency that a window must hold (R11)."""
_FEWEST_BINS = 8
"""Bins that a band must have."""
_DOUBT = 3
"""Half windows by which a duration may be wrong on either side."""


class OscillationBand(Model):
    """Where lines are looked for."""

    from_: Frequency = Field(alias="from", description="Lower edge.")
    to: Frequency = Field(description="Upper edge.")


class OscillationWindow(Model):
    """How long a window is; they overlap by half."""

    length: Duration = Field(description="Length of a window.")


class Persistence(Model):
    """When a line is confirmed."""

    windows: Integer = definition(3, "Consecutive windows that a line must stand out in.", ge=3, le=100)


class OscillationLimits(Model):
    """One check per limit."""

    amplitude: LimitModel | None = Field(None, description="Rms value that a line holds.")
    duration: TimeLimit | None = Field(None, description="Longest time for which a line is seen.")

    @model_validator(mode="after")
    def _one(self) -> OscillationLimits:
        if not self.given():
            raise PydanticCustomError("limits", "limits needs amplitude, duration or both")
        return self

    def given(self) -> dict[str, LimitModel]:
        """The limits that are set, in order."""
        names = ("amplitude", "duration")
        return {name: limit for name in names if (limit := getattr(self, name)) is not None}


class ForcedOscillation(Requirement):
    """Keys of `forced_oscillation`."""

    signal: Text = Field(description="Signal that is limited.")
    band: OscillationBand
    window: OscillationWindow = definition(None, "How windows are cut; default 20 periods of the lower edge.")
    false_alarm: Number = definition(1e-3, "Probability that noise alone shows a line in a window.", gt=0, le=0.1)
    persist: Persistence = definition(Persistence(), "When a line is confirmed.")
    min_amplitude: Level | None = Field(
        None, description="Rms value from which on a line counts for the duration (% and pu of rated)."
    )
    limits: OscillationLimits

    @model_validator(mode="after")
    def _complete(self) -> ForcedOscillation:
        if self.window is None:
            length = parse_quantity(f"{_up(_CYCLES / self.band.from_.value)} s")
            self.__dict__["window"] = OscillationWindow(length=length)
        if (self.min_amplitude is None) != (self.limits.duration is None):
            raise PydanticCustomError(
                "min_amplitude", "a limit on the duration needs min_amplitude, the rms value that counts, and only that"
            )
        return self


def _signals(requirement: ForcedOscillation) -> tuple[str, ...]:
    return (requirement.signal,)


# ---------------------------------------------------------------- the spec alone


def _problems(requirement: ForcedOscillation, signals: Signals) -> Iterator[Problem]:
    signal, band, limits = signals[requirement.signal], requirement.band, requirement.limits
    yield from _band_problems(band, requirement.window.length.value)
    yield from level_problem(("min_amplitude",), requirement.min_amplitude, signal, signed=False)
    if requirement.min_amplitude is not None and not requirement.min_amplitude.value > 0:
        yield Problem(("min_amplitude",), f"{requirement.min_amplitude.text!r} is not more than zero")
    if limits.amplitude is not None:
        for bound in ("max", "min", "resolution"):
            path = ("limits", "amplitude", bound)
            yield from level_problem(path, getattr(limits.amplitude, bound), signal, signed=False)
    longest = None if limits.duration is None else limits.duration.max
    least = (requirement.persist.windows + _DOUBT - 1) * requirement.window.length.value / 2.0
    if longest is not None and longest.value < least * (1.0 - 1e-9):
        cycles = _CYCLES * least / requirement.window.length.value
        yield Problem(
            ("limits", "duration", "max"),
            f"windows of {requirement.window.length.text}, {requirement.persist.windows} of which confirm a line, "
            f"cannot tell that one lasts at most {longest.text}; {least:.6g} s can be told",
            f"limit the duration in a requirement of its own with a band from {_up(cycles / longest.value)} Hz",
        )


def _up(value: float) -> str:
    """Rounded up to three digits, without an exponent."""
    digits = 2 - math.floor(math.log10(value))
    scaled = math.ceil(value * 10.0**digits - 1e-9)
    text = f"{scaled / 10.0**digits:.{max(0, digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _band_problems(band: OscillationBand, length: float) -> Iterator[Problem]:
    if band.from_.value >= band.to.value:
        yield Problem(("band", "to"), f"the band ends at {band.to.text}, not above its start {band.from_.text}")
        return
    if length * band.from_.value < _CYCLES * (1.0 - 1e-9):
        yield Problem(
            ("window", "length"),
            f"a window of {length:.6g} s holds {length * band.from_.value:.3g} periods of {band.from_.text}; "
            f"{_CYCLES:g} are needed",
            f"write `window: {{length: {_up(_CYCLES / band.from_.value)} s}}` or longer",
        )
    elif length * (band.to.value - band.from_.value) < _FEWEST_BINS * (1.0 - 1e-9):
        yield Problem(
            ("band", "to"),
            f"the band {band.from_.text} to {band.to.text} is narrower than {_FEWEST_BINS} bins of 1/{length:.6g} s",
            "widen it, or lengthen the window",
        )


def _checks(requirement: ForcedOscillation, signals: Signals) -> tuple[CheckPlan, ...]:
    top = requirement.band.to.value
    need = Need(
        requirement.signal,
        max_frequency=top,
        bandwidth=top,
        duration=(requirement.persist.windows + 1) * requirement.window.length.value / 2.0,
        clipping=Effect.NO_VERDICT,
    )
    plans = []
    for name, model in requirement.limits.given().items():
        limit, unit, shown = limit_of(model)
        text = _definition(name, requirement)
        if name == "amplitude" and is_relative(model):
            text += f", relative to the rated value of {requirement.signal}"
        which = "held_line_rms" if name == "amplitude" else "held_line"
        plans.append(CheckPlan(name, limit, unit, shown, Definition(f"{name}/{which}@1", text), (need,)))
    return tuple(plans)


def _definition(name: str, requirement: ForcedOscillation) -> str:
    band, length, windows = requirement.band, requirement.window.length.text, requirement.persist.windows
    if name == "amplitude":
        what = f"the largest rms value that one line holds through {windows} consecutive windows"
    else:
        least = requirement.min_amplitude.text if requirement.min_amplitude is not None else ""
        what = (
            f"the longest time for which a line of at least {least} rms stands out, half a window for each of its "
            f"consecutive windows, at least {windows}"
        )
    return (
        f"{what}, its frequency stable to one bin from each to the next, from {band.from_.text} to {band.to.text} in "
        f"Hann periodograms of windows of {length} that overlap by half; a line is a bin that stands out of the median "
        f"beside it with a probability of {requirement.false_alarm:g} that noise does so in a window"
    )


# ---------------------------------------------------------------- measuring


def _search(requirement: ForcedOscillation, signals: Signals) -> LineSearch:
    from slacheck.measure.oscillation import LineSearch

    least = requirement.min_amplitude
    return LineSearch(
        requirement.band.from_.value,
        requirement.band.to.value,
        requirement.window.length.value,
        requirement.false_alarm,
        requirement.persist.windows,
        0.0 if least is None else level(least, signals[requirement.signal]),
    )


def _key(requirement: ForcedOscillation, signals: Signals) -> tuple[object, ...]:
    return ("lines", requirement.signal, _search(requirement, signals))


def _meters(requirement: ForcedOscillation, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.oscillation import OscillationMeter

    build = partial(OscillationMeter, search=_search(requirement, signals))
    bridge = 1.0 / (4.0 * requirement.band.to.value)
    return (MeterPlan(_key(requirement, signals), (requirement.signal,), build, bridge),)


def _evaluate(requirement: ForcedOscillation, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.kinds._lines import note
    from slacheck.quality.windows import covered, none_complete

    reading: OscillationReading = measurements.reading(_key(requirement, signals))
    facts, length = measurements.facts(requirement.signal), requirement.window.length
    names = tuple(requirement.limits.given())
    if reading.windows == 0:
        gate = none_complete(facts, length.value, length)
        return Evaluation(tuple(Measurement(name, gates=(gate,)) for name in names))
    gates = (covered(reading.windows, reading.possible, length),)
    context = (signals, measurements)
    amplitude = _amplitude(reading, requirement, context)
    found = [
        _measurement(name, reading, requirement, (context, amplitude if name == "amplitude" else None), gates)
        for name in names
    ]
    return Evaluation(tuple(found), notes=(note(reading, requirement, context),))


def _amplitude(
    reading: OscillationReading, requirement: ForcedOscillation, context: tuple[Signals, Measurements]
) -> tuple[Measured, tuple[Term, ...]] | None:
    """Rms value with its interval and budget, in the limit's unit."""
    from slacheck.kinds._lines import window
    from slacheck.measure.levels import quantum
    from slacheck.measure.oscillation import DEVIATIONS

    signals, measurements = context
    limit = requirement.limits.amplitude
    if limit is None:
        return None
    facts, accuracy = measurements.facts(requirement.signal), measurements.accuracy(requirement.signal)
    rated, k = signals[requirement.signal].rated, measurements.coverage_factor
    base = rated if is_relative(limit) and rated is not None else 1.0
    value, more = reading.held.value, max(0.0, k - DEVIATIONS) * reading.held.noise
    gain = 0.0 if accuracy is None else accuracy.gain
    place = reading.held.start if value > 0.0 else reading.high_at[1]
    step = quantum(window(place, requirement, measurements)[0].samples) / math.sqrt(12.0)
    terms = (
        Term("gain", gain * value / base, "common to the record"),
        Term("offset", 0.0, "removed with the mean"),
        Term("noise", reading.held.noise / base, f"{DEVIATIONS:g} standard deviations in each window"),
        Term("quantisation", step / base, "in full, as it may repeat with the line"),
    )
    error = facts.interpolation_rms + step
    low = max(0.0, (reading.low - more) * (1.0 - k * gain) - error)
    high = ((reading.high + more) * (1.0 + k * gain) + error) / _least_gain(requirement.band.to.value, facts)
    return between(value / base, limit_of(limit)[1], low / base, high / base), terms


def _least_gain(frequency: float, facts: SignalFacts) -> float:
    """Least amplitude gain up to `frequency`: the chain's, and sinc^2 of linear interpolation. [1]"""
    from slacheck.quality.gates import LEAST_GAIN, chain_gain

    gain = max(LEAST_GAIN, chain_gain(facts, frequency))
    if facts.interpolated:
        x = math.pi * min(0.5, frequency * facts.grid)
        gain *= (math.sin(x) / x) ** 2
    return gain


def _duration(reading: OscillationReading, requirement: ForcedOscillation) -> tuple[Measured, tuple[Term, ...]]:
    """Time for which a line stands out, from the runs of windows that surely, by value and possibly hold one. [s]"""
    half, persist = requirement.window.length.value / 2.0, requirement.persist.windows
    surely, seen, possibly = reading.runs
    low = max(0.0, (surely - _DOUBT) * half) if surely >= persist else 0.0
    value = seen * half if seen >= persist else 0.0
    terms = (Term("windows", _DOUBT * half / 2.0, "first and last window may hold little of it"),)
    if reading.cut and value > 0.0:
        return at_least(value, "s", low), terms
    return between(value, "s", low, None if reading.cut else (possibly + _DOUBT) * half), terms


def _measurement(
    name: str,
    reading: OscillationReading,
    requirement: ForcedOscillation,
    found: tuple[tuple[Signals, Measurements], tuple[Measured, tuple[Term, ...]] | None],
    gates: tuple[Gate, ...],
) -> Measurement:
    from slacheck.kinds._lines import witness

    context, amplitude = found
    measured, terms = amplitude if amplitude is not None else _duration(reading, requirement)
    if reading.held.value > 0.0:
        place = (reading.held.frequency, reading.held.start) if name == "amplitude" else reading.run_at
    else:
        place = reading.high_at
    drawn = witness(place, requirement, context, limited=amplitude is not None)
    return Measurement(
        name, measured=measured, time=place[1], frequency=place[0], gates=gates, budget=terms, witness=drawn
    )


def _sentence(requirement: ForcedOscillation, signals: Signals) -> str:
    asked = []
    for name, limit in requirement.limits.given().items():
        parts = [f"at most {limit.max.text}"] if limit.max is not None else []
        parts += [f"at least {limit.min.text}"] if limit.min is not None else []
        asked.append(f"{_definition(name, requirement)}, shall be {' and '.join(parts)}")
    return f"Oscillation of {requirement.signal} is limited: {'; '.join(asked)}."


KIND = Kind(
    name="forced_oscillation",
    model=ForcedOscillation,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
