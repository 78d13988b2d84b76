"""Dynamic range: how far a signal may swing within any window of a length (R05).

For every window of length W = `window` that ends at a sample t, the range is the largest less the
smallest sample in [t - W, t], both ends included, of the signal after a trailing mean over
`pre_average` if there is one. `statistic` is the largest range, or the nearest-rank quantile over
all windows. The range of a sine of amplitude A and frequency f is 2 A sin(pi f W) for W up to half
a period, then 2 A.

A window that is not a whole number of sample intervals (within a thousandth of one) is measured
with the whole numbers below and above: the value lies between the two in proportion, the interval
holds both. Gaps of at most W/10 are bridged by a straight line; windows do not span longer ones.

INCONCLUSIVE when: samples are further apart than W/20; the record is shorter than W; more than 5 %
of the samples are clipped (after a trailing mean: any); the chain passes less than 95 % at 1/W;
gaps are longer than W/10 or more than 1 % is missing, or cost more than 1 % of the windows; a
quantile rests on too few windows that do not overlap (59 for p95, 299 for p99, 2995 for p99.9).

Uncertainty: gain of the channel (an offset cancels in the difference); noise, estimated
from the record, which inflates a range (by 6.5 standard deviations in 1000 samples on average,
more in the worst of many windows): the interval reaches down by a bound of the inflation of the
worst window, and up by k sqrt(2) standard deviations, the noise of the two extreme samples
themselves; for a quantile by the former both ways; one step of the recorder; what the extremes may
be beyond their samples, by a parabola (not for a quantile), and linear interpolation of an uneven
record, which can only cut extremes off, by twice its error bound, both upwards; attenuation of the
chain at 1/W.

.. code-block:: yaml

    - id: GRID-2
      kind: dynamic_range
      signal: pcc_power
      window: 1 s
      limits: {peak_to_peak: {max: 10 MW}}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Kind,
    Mark,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    Signals,
    Term,
    Witness,
    expanded,
    is_relative,
    level_problem,
    limit_of,
)
from slacheck.kinds._noise import noise_of, noise_plan
from slacheck.language import Duration, DurationOrZero, LimitModel, Model, Requirement, Text, definition
from slacheck.units import Quantity, parse_quantity
from slacheck.values import Measured, between, symmetric

if TYPE_CHECKING:
    from slacheck.measure.rolling import WindowStatistic

_SHARES = {"max": None, "p99.9": (999, 1000), "p99": (99, 100), "p95": (95, 100)}
_PIECE = 1 << 18
"""Samples looked at together when the extremes of the worst window are searched."""


class RangeLimits(Model):
    """The one limit of a dynamic range."""

    peak_to_peak: LimitModel = Field(description="Largest less smallest value within a window.")


class DynamicRange(Requirement):
    """Keys of `dynamic_range`."""

    signal: Text = Field(description="Signal that is limited.")
    window: Duration = Field(description="Length W of a window.")
    pre_average: DurationOrZero = definition(parse_quantity("0 s"), "Trailing mean taken before; 0 s for none.")
    statistic: Literal["max", "p99.9", "p99", "p95"] = definition("max", "Over all windows.")
    limits: RangeLimits


def _signals(requirement: DynamicRange) -> tuple[str, ...]:
    return (requirement.signal,)


def _problems(requirement: DynamicRange, signals: Signals) -> Iterator[Problem]:
    if requirement.pre_average.value < 0:
        yield Problem(("pre_average",), f"{requirement.pre_average.text!r} is negative; write 0 s for none")
    limit = requirement.limits.peak_to_peak
    bounds: tuple[tuple[str, Quantity | None], ...] = (
        ("max", limit.max),
        ("min", limit.min),
        ("resolution", limit.resolution),
    )
    for bound, quantity in bounds:
        path = ("limits", "peak_to_peak", bound)
        yield from level_problem(path, quantity, signals[requirement.signal], signed=False)


def _checks(requirement: DynamicRange, signals: Signals) -> tuple[CheckPlan, ...]:
    window = requirement.window.value
    need = Need(
        requirement.signal,
        bandwidth=1.0 / window,
        time_limit=window,
        duration=window,
        longest_gap=window / 10.0,
        clipping=Effect.NO_PASS if requirement.pre_average.value == 0.0 else Effect.NO_VERDICT,
    )
    limit, unit, shown = limit_of(requirement.limits.peak_to_peak)
    text = _definition(requirement)
    if is_relative(requirement.limits.peak_to_peak):
        text += f", relative to the rated value of {requirement.signal}"
    found = Definition("dynamic_range/sliding_window@1", text)
    return (CheckPlan("peak_to_peak", limit, unit, shown, found, (need,)),)


def _definition(requirement: DynamicRange) -> str:
    window, averaged = requirement.window.text, ""
    if requirement.pre_average.value > 0:
        averaged = f" after a trailing mean over {requirement.pre_average.text}"
    over = "the largest over all windows"
    if requirement.statistic != "max":
        over = f"the {requirement.statistic[1:]} % nearest-rank quantile over all windows"
    return (
        f"{over} of the largest less the smallest sample of {requirement.signal}{averaged} in [t - {window}, t], for "
        "every sample t; windows that are not a whole number of sample intervals lie between the whole numbers below "
        "and above"
    )


def _key(requirement: DynamicRange) -> tuple[object, ...]:
    averaged, window = requirement.pre_average.value, requirement.window.value
    return ("range", requirement.signal, window, averaged, requirement.statistic)


def _meters(requirement: DynamicRange, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.rolling import RangeMeter

    build = partial(
        RangeMeter,
        window=requirement.window.value,
        pre_average=requirement.pre_average.value,
        share=_SHARES[requirement.statistic],
    )
    names = (requirement.signal,)
    return (
        MeterPlan(_key(requirement), names, build, bridge=requirement.window.value / 10.0),
        noise_plan(requirement.signal),
    )


def _evaluate(requirement: DynamicRange, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.quality.windows import apart, covered, enough, none_complete, pinned

    found: WindowStatistic | None = measurements.reading(_key(requirement))
    facts, window = measurements.facts(requirement.signal), requirement.window
    if found is None:
        gate = none_complete(facts, window.value + requirement.pre_average.value, window)
        return Evaluation((Measurement("peak_to_peak", gates=(gate,)),))
    limit, rated = requirement.limits.peak_to_peak, signals[requirement.signal].rated
    base = rated if is_relative(limit) and rated is not None else 1.0
    terms, low, high = _bounds(found, requirement, measurements)
    separate = apart(facts, window.value)
    more = f"record more than {separate} times the window, in which they do not overlap"
    measurement = Measurement(
        "peak_to_peak",
        measured=_measured(found.value / base, limit_of(limit)[1], low / base, None if high is None else high / base),
        time=found.time if requirement.statistic == "max" else None,
        gates=(
            covered(found.windows, found.possible, window),
            *enough(separate, requirement.statistic, more),
            *pinned(facts),
        ),
        budget=tuple(Term(term.name, term.standard_uncertainty / base, term.treatment) for term in terms),
        witness=_witness(found, requirement, measurements, base),
    )
    return Evaluation((measurement,), notes=_notes(requirement, measurements))


def _measured(value: float, unit: str, low: float, high: float | None) -> Measured:
    if high is not None and math.isclose(high - value, value - low, rel_tol=1e-9):
        return symmetric(value, unit, high - value)
    return between(value, unit, low, high)


def _bounds(
    found: WindowStatistic, requirement: DynamicRange, measurements: Measurements
) -> tuple[tuple[Term, ...], float, float | None]:
    """Budget and ends of the interval; see the manual. [SI]"""
    from slacheck.measure.noise import range_inflation
    from slacheck.quality.gates import LEAST_GAIN, chain_gain

    k, window = measurements.coverage_factor, requirement.window.value
    facts, accuracy = measurements.facts(requirement.signal), measurements.accuracy(requirement.signal)
    terms = (
        Term("gain", 0.0 if accuracy is None else found.value * accuracy.gain, "common to the record"),
        Term("offset", 0.0, "common to the record, cancels in the difference"),
    )
    noise = _noise(requirement, measurements)
    inflation = noise * range_inflation(found.windows, window / facts.grid + 1.0, k)
    spread = expanded(terms, k)
    spread += facts.quantum  # rounding moves each of two samples by at most half a step
    low = max(0.0, found.low - spread - inflation)
    high = None
    if found.high is not None:
        above = inflation
        if requirement.statistic == "max":
            above = k * math.sqrt(2.0) * noise + _crests(found, requirement, measurements)
        high = found.high + spread + above + 2.0 * facts.interpolation_error
        high /= max(LEAST_GAIN, chain_gain(facts, 1.0 / window))
    times = f"{inflation / noise:.3g} times as much" if noise > 0 else "nothing"
    treatment = f"of one sample; may raise the range of the worst window by {times}, which widens the lower end"
    return (*terms, Term("noise", noise, treatment)), low, high


def _crests(found: WindowStatistic, requirement: DynamicRange, measurements: Measurements) -> float:
    """Most by which the extremes of the worst window rise above their samples. [SI]"""
    from slacheck.measure.transition import crest

    if requirement.pre_average.value > 0.0:
        return 0.0
    reach = 3.5 * measurements.facts(requirement.signal).grid
    total = 0.0
    for point in _extremes(requirement, measurements, (found.time - requirement.window.value, found.time)):
        if point is not None:
            near = measurements.window(requirement.signal, point[0] - reach, point[0] + reach)
            if near.times.size == 0:  # a derived signal beside a disturbance: nothing to see a curvature in
                continue
            total += crest(near.samples, int(abs(near.times - point[0]).argmin()))
    return total


def _noise(requirement: DynamicRange, measurements: Measurements) -> float:
    """Standard deviation of the white noise of the samples, after averaging. [SI]"""
    facts = measurements.facts(requirement.signal)
    deviation = max(noise_of(requirement.signal, measurements, requirement.window.value), facts.hidden_noise)
    averaged = max(1.0, requirement.pre_average.value / facts.grid)
    return deviation / math.sqrt(averaged)


def _notes(requirement: DynamicRange, measurements: Measurements) -> tuple[str, ...]:
    notes = []
    if _noise(requirement, measurements) > 0.0:
        notes.append("Noise inflates the range; the interval reaches down by the bound of the inflation.")
    if measurements.facts(requirement.signal).interpolated:
        notes.append("Interpolation can cut extremes off; the interval reaches up by twice its error bound.")
    return tuple(notes)


def _witness(found: WindowStatistic, requirement: DynamicRange, measurements: Measurements, base: float) -> Witness:
    """The window with the largest range, its extremes, and as much again on either side."""
    window, facts = requirement.window.value, measurements.facts(requirement.signal)
    start, end = found.time - window, found.time
    marks = [Mark("vband", "window", "largest range", (start, end))]
    low, high = _extremes(requirement, measurements, (start, end))
    if low is not None and high is not None:
        marks.append(Mark("point", "worst", "lowest", low, requirement.signal))
        marks.append(Mark("point", "worst", "highest", high, requirement.signal))
        allowed = requirement.limits.peak_to_peak.max
        if allowed is not None:
            label = f"lowest + max {allowed.text}"
            marks.append(Mark("hline", "limit", label, (low[1] + allowed.value * base,), requirement.signal))
    whole = (max(facts.first, start - window), min(facts.last, end + window))
    return Witness((requirement.signal,), *whole, tuple(marks))


_Point = tuple[float, float]


def _extremes(
    requirement: DynamicRange, measurements: Measurements, window: _Point
) -> tuple[_Point | None, _Point | None]:
    """Lowest and highest sample of the window as (time, value), read piece by piece."""
    facts = measurements.facts(requirement.signal)
    start, end = window[0] - facts.grid / 2.0, window[1] + facts.grid / 2.0
    low: _Point | None = None
    high: _Point | None = None
    while start < end:
        piece = measurements.window(requirement.signal, start, min(end, start + _PIECE * facts.grid))
        start += _PIECE * facts.grid
        if piece.times.size == 0:
            continue
        least, most = int(piece.samples.argmin()), int(piece.samples.argmax())
        if low is None or piece.samples[least] < low[1]:
            low = float(piece.times[least]), float(piece.samples[least])
        if high is None or piece.samples[most] > high[1]:
            high = float(piece.times[most]), float(piece.samples[most])
    return low, high


def _sentence(requirement: DynamicRange, signals: Signals) -> str:
    limit, parts = requirement.limits.peak_to_peak, []
    if limit.max is not None:
        parts.append(f"at most {limit.max.text}")
    if limit.min is not None:
        parts.append(f"at least {limit.min.text}")
    return (
        f"The dynamic range of {requirement.signal} within {requirement.window.text} shall be {' and '.join(parts)}: "
        f"{_definition(requirement)}."
    )


KIND = Kind(
    name="dynamic_range",
    model=DynamicRange,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
