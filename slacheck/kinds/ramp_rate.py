"""Ramp rate: how fast a signal may change, upwards and downwards apart (R03).

The signal P, after a trailing mean over `pre_average` if there is one, is looked at in every
window of length W = `window` that ends at a sample. The estimator says what the rate of a window is:

* ``difference``: (P(t) - P(t - W)) / W;
* ``least_squares``: slope of the least-squares line through the samples in [t - W, t];
* ``block``: difference of the means of consecutive blocks of length W, over W. Blocks are
  counted from the first sample of each stretch without a gap.

They agree on a ramp and on nothing else: 20 to 80 MW in 12 s with W = 60 s is 60 MW/min by
``difference`` and 88.8 MW/min by ``least_squares``; a load that repeats with period W reads 0 by
``difference``. Rates up and down are magnitudes; where nothing moves in a direction its rate is 0.

`statistic` is the largest rate, or the nearest-rank quantile over all windows, in which those of
the other direction count as 0. `allowed_excursion` is a change below which no limit applies:
only windows whose change, rate x W, is above it count, at their full rate.

A window that is not a whole number of sample intervals (within a thousandth of one) is measured
with the whole numbers below and above: the value lies between the two in proportion, the interval
holds both. Gaps of at most W/10 are bridged by a straight line; windows do not span longer ones.

INCONCLUSIVE when: samples are further apart than W/20; the record is shorter than W; more than 5 %
of the samples are clipped (means and lines: any); the chain passes less than 95 % at 1/W; gaps are
longer than W/10 or more than 1 % is missing, or cost more than 1 % of the windows; a quantile rests
on too few windows that do not overlap (59 for p95, 299 for p99, 2995 for p99.9).

Uncertainty: gain of the channel (an offset cancels in the difference); time stamps; noise,
estimated from the record, which raises the largest of many windows: the interval reaches down by
what the largest of that many normal deviates may be, and up by k deviations of one window; for a
quantile by the former both ways; linear interpolation of an uneven record by twice (three times
for ``least_squares``) its error bound over W, and rounding by the recorder by as often half its step;
attenuation of the chain at 1/W, upwards; and for ``least_squares`` that the n + 1 samples of a window
show n / (n + 1) of a step's slope, upwards.

.. code-block:: yaml

    - id: GRID-1
      kind: ramp_rate
      signal: pcc_power
      estimator: difference
      window: 1 s
      limits: {up: {max: 5 MW/s}, down: {max: 5 MW/s}}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

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
    Signal,
    SignalFacts,
    Signals,
    Term,
    Witness,
    expanded,
    is_relative,
    level,
    level_problem,
    limit_of,
)
from slacheck.kinds._noise import noise_of, noise_plan
from slacheck.language import Duration, DurationOrZero, Level, LimitModel, Model, Requirement, Text, definition
from slacheck.units import Quantity, parse_quantity
from slacheck.values import Measured, between, symmetric

if TYPE_CHECKING:
    from slacheck.measure.ramp import RampReading
    from slacheck.measure.rolling import WindowStatistic

_SHARES = {"max": None, "p99.9": (999, 1000), "p99": (99, 100), "p95": (95, 100)}


class RampLimits(Model):
    """Both as magnitudes."""

    up: LimitModel | None = Field(None, description="Rate upwards.")
    down: LimitModel | None = Field(None, description="Rate downwards, as a positive number.")

    @model_validator(mode="after")
    def _one(self) -> RampLimits:
        if self.up is None and self.down is None:
            raise PydanticCustomError("limits", "limits needs up, down or both")
        return self

    def given(self) -> dict[Literal["up", "down"], LimitModel]:
        """The limits that are set, in order."""
        sides: tuple[tuple[Literal["up", "down"], LimitModel | None], ...] = (("up", self.up), ("down", self.down))
        return {name: limit for name, limit in sides if limit is not None}


class RampRate(Requirement):
    """Keys of `ramp_rate`."""

    signal: Text = Field(description="Signal that is limited.")
    estimator: Literal["difference", "least_squares", "block"] = definition(
        "difference", "What the rate of a window is: difference, least_squares or block."
    )
    window: Duration = Field(description="Length W of a window.")
    pre_average: DurationOrZero = definition(parse_quantity("0 s"), "Trailing mean taken before; 0 s for none.")
    allowed_excursion: Level | None = definition(
        None, "Only windows whose |change| is above this count, at their full change (% and pu of rated)."
    )
    statistic: Literal["max", "p99.9", "p99", "p95"] = definition("max", "Over all windows.")
    limits: RampLimits


def _signals(requirement: RampRate) -> tuple[str, ...]:
    return (requirement.signal,)


def _problems(requirement: RampRate, signals: Signals) -> Iterator[Problem]:
    signal = signals[requirement.signal]
    if requirement.pre_average.value < 0:
        yield Problem(("pre_average",), f"{requirement.pre_average.text!r} is negative; write 0 s for none")
    yield from level_problem(("allowed_excursion",), requirement.allowed_excursion, signal, signed=False)
    for name, limit in requirement.limits.given().items():
        bounds: tuple[tuple[str, Quantity | None], ...] = (
            ("max", limit.max),
            ("min", limit.min),
            ("resolution", limit.resolution),
        )
        for bound, quantity in bounds:
            yield from level_problem(("limits", name, bound), quantity, signal, per="/s", signed=False)


def _checks(requirement: RampRate, signals: Signals) -> tuple[CheckPlan, ...]:
    window = requirement.window.value
    need = Need(
        requirement.signal,
        bandwidth=1.0 / window,
        time_limit=window,
        duration=window,
        longest_gap=window / 10.0,
        clipping=Effect.NO_PASS if _of_two_samples(requirement) else Effect.NO_VERDICT,
    )
    plans = []
    for name, limit_model in requirement.limits.given().items():
        limit, unit, shown = limit_of(limit_model)
        text = f"{_definition(requirement)}, {name}wards as a magnitude"
        if is_relative(limit_model):
            text += f", relative to the rated {_rated(signals[requirement.signal])}"
        found = Definition(f"ramp_rate/{requirement.estimator}@1", text)
        plans.append(CheckPlan(name, limit, unit, shown, found, (need,)))
    return tuple(plans)


def _of_two_samples(requirement: RampRate) -> bool:
    """Whether a rate is that of two samples, which clipping only brings nearer; it may move means and lines apart."""
    return requirement.estimator == "difference" and requirement.pre_average.value == 0.0


def _rated(signal: Signal) -> str:
    return f"{signal.quantity} of {signal.name}"


def _definition(requirement: RampRate) -> str:
    window = requirement.window.text
    rate = {
        "difference": f"(P(t) - P(t - {window})) / {window} for every sample t",
        "least_squares": f"the slope of the least-squares line through the samples in [t - {window}, t] for every "
        "sample t",
        "block": f"the difference of the means of consecutive blocks of {window}, divided by {window}, blocks being "
        "counted from the first sample of each stretch without a gap",
    }[requirement.estimator]
    over = "the largest over all windows" if requirement.statistic == "max" else _quantile(requirement.statistic)
    text = f"{over} of {rate}, P being {requirement.signal}"
    if requirement.pre_average.value > 0:
        text += f" after a trailing mean over {requirement.pre_average.text}"
    if requirement.allowed_excursion is not None:
        text += f"; only windows with |change| above {requirement.allowed_excursion.text} count, at their full change"
    return (
        f"{text}; windows that are not a whole number of sample intervals lie between the whole numbers below and above"
    )


def _quantile(statistic: str) -> str:
    return f"the {statistic[1:]} % nearest-rank quantile over all windows (those of the other direction count as 0)"


def _key(requirement: RampRate) -> tuple[object, ...]:
    return (
        "ramp",
        requirement.signal,
        requirement.estimator,
        requirement.window.value,
        requirement.pre_average.value,
        requirement.statistic,
    )


def _meters(requirement: RampRate, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.ramp import RampMeter

    build = partial(
        RampMeter,
        window=requirement.window.value,
        estimator=requirement.estimator,
        pre_average=requirement.pre_average.value,
        share=_SHARES[requirement.statistic],
    )
    names = (requirement.signal,)
    return (
        MeterPlan(_key(requirement), names, build, bridge=requirement.window.value / 10.0),
        noise_plan(requirement.signal),
    )


def _evaluate(requirement: RampRate, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.quality.windows import none_complete

    reading: RampReading | None = measurements.reading(_key(requirement))
    names = requirement.limits.given()
    if reading is None:
        length = requirement.window.value * (2.0 if requirement.estimator == "block" else 1.0)
        facts = measurements.facts(requirement.signal)
        gate = none_complete(facts, length + requirement.pre_average.value, requirement.window)
        return Evaluation(tuple(Measurement(name, gates=(gate,)) for name in names))
    sides = {"up": reading.up, "down": reading.down}
    return Evaluation(
        tuple(_measurement(name, sides[name], requirement, (signals, measurements)) for name in names),
        notes=_notes(requirement, measurements),
    )


def _measurement(
    name: Literal["up", "down"],
    side: WindowStatistic,
    requirement: RampRate,
    context: tuple[Signals, Measurements],
) -> Measurement:
    from slacheck.quality.windows import apart, covered, enough, pinned

    signals, measurements = context
    signal, limit = signals[requirement.signal], requirement.limits.given()[name]
    base = signal.rated if is_relative(limit) and signal.rated is not None else 1.0
    terms, low, high = _bounds(side, requirement, measurements)
    value, low = (_counted(rate, requirement, signal) / base for rate in (side.value, low))
    high = None if high is None else _counted(high, requirement, signal) / base
    separate = apart(measurements.facts(requirement.signal), requirement.window.value)
    more = f"record more than {separate} times the window, in which they do not overlap"
    return Measurement(
        name,
        measured=_measured(value, limit_of(limit)[1], low, high),
        time=side.time if requirement.statistic == "max" and value > 0.0 else None,
        gates=(
            covered(side.windows, side.possible, requirement.window),
            *enough(separate, requirement.statistic, more),
            *pinned(measurements.facts(requirement.signal)),
        ),
        budget=tuple(Term(term.name, term.standard_uncertainty / base, term.treatment) for term in terms),
        witness=_witness(name, side, context, requirement),
    )


def _counted(rate: float, requirement: RampRate, signal: Signal) -> float:
    """The rate if its change is above the allowed excursion, else 0; never falls as the rate rises."""
    allowed = requirement.allowed_excursion
    least = 0.0 if allowed is None else level(allowed, signal) / requirement.window.value
    return rate if rate > least else 0.0


def _measured(value: float, unit: str, low: float, high: float | None) -> Measured:
    if high is not None and math.isclose(high - value, value - low, rel_tol=1e-9):
        return symmetric(value, unit, high - value)
    return between(value, unit, low, high)


def _bounds(
    side: WindowStatistic, requirement: RampRate, measurements: Measurements
) -> tuple[tuple[Term, ...], float, float | None]:
    """Budget and ends of the interval; see the manual. [SI unit/s]"""
    from slacheck.measure.noise import largest_normal

    k, window = measurements.coverage_factor, requirement.window.value
    facts, accuracy = measurements.facts(requirement.signal), measurements.accuracy(requirement.signal)
    stamps = math.sqrt(2.0) * math.hypot(facts.time_uncertainty, facts.jitter / math.sqrt(3.0))
    terms = (
        Term("gain", 0.0 if accuracy is None else side.value * accuracy.gain, "common to the record"),
        Term("offset", 0.0, "common to the record, cancels in the difference"),
        Term("time stamps", side.value * stamps / window, "of the two ends of a window"),
    )
    noise = _noise(requirement, measurements)
    largest = noise * largest_normal(side.windows, k)
    swing = 3.0 if requirement.estimator == "least_squares" else 2.0
    common = expanded(terms, k) + swing * (facts.interpolation_error + facts.quantum / 2.0) / window
    low = max(0.0, side.low - common - largest)
    high = None
    if side.high is not None:
        high = side.high + common + (k * noise if requirement.statistic == "max" else largest)
        high /= _least_gain(requirement, facts)
    times = f"{largest / noise:.3g} times as much" if noise > 0 else "nothing"
    treatment = f"of one window; may raise the largest of {side.windows} by {times}, which widens the lower end"
    return (*terms, Term("noise", noise, treatment)), low, high


def _noise(requirement: RampRate, measurements: Measurements) -> float:
    """Standard deviation that white noise gives the rate of one window. [SI unit/s]"""
    from slacheck.measure.ramp import rate_noise

    facts, window = measurements.facts(requirement.signal), requirement.window.value
    interval = facts.grid
    deviation = max(noise_of(requirement.signal, measurements, requirement.window.value), facts.hidden_noise)
    averaged = max(1.0, requirement.pre_average.value / interval)
    return deviation * rate_noise(requirement.estimator, window / interval, window) / math.sqrt(averaged)


def _least_gain(requirement: RampRate, facts: SignalFacts) -> float:
    """Least part of a rate that the chain lets through, and the line through n + 1 samples shows of a step."""
    from slacheck.quality.gates import LEAST_GAIN, chain_gain

    window = requirement.window.value
    gain = max(LEAST_GAIN, chain_gain(facts, 1.0 / window))
    return gain * (window / (window + facts.grid) if requirement.estimator == "least_squares" else 1.0)


def _notes(requirement: RampRate, measurements: Measurements) -> tuple[str, ...]:
    notes = []
    if _noise(requirement, measurements) > 0.0:
        notes.append("Noise raises the largest of many windows; the interval reaches down accordingly.")
    if measurements.facts(requirement.signal).interpolated:
        notes.append("The interval is wider by the error bound of the interpolation at both ends of a window.")
    return tuple(notes)


def _witness(
    name: Literal["up", "down"], side: WindowStatistic, context: tuple[Signals, Measurements], requirement: RampRate
) -> Witness | None:
    """The window with the largest rate, its two ends, the steepest allowed, and as much again on either side."""
    signals, measurements = context
    window = requirement.window.value * (2.0 if requirement.estimator == "block" else 1.0)
    facts = measurements.facts(requirement.signal)
    start, end = side.time - window, side.time
    marks = [Mark("vband", "window", f"largest rate {name}", (start, end))]
    ends = []
    for moment in (start, end):
        near = measurements.window(requirement.signal, moment - facts.grid, moment + facts.grid)
        if near.times.size:
            place = int(abs(near.times - moment).argmin())
            ends.append((float(near.times[place]), float(near.samples[place])))
    marks += [Mark("point", "worst", f"{name}wards", point, requirement.signal) for point in ends]
    limit = requirement.limits.given()[name]
    if limit.max is not None and len(ends) == 2:
        (time, first), (last, _) = ends
        steepest = _rate(limit.max, signals[requirement.signal]) * (1.0 if name == "up" else -1.0)
        line = (time, first, last, first + steepest * (last - time))
        marks.append(Mark("line", "limit", f"max {limit.max.text}", line, requirement.signal))
    whole = (max(facts.first, start - window), min(facts.last, end + window))
    return Witness((requirement.signal,), *whole, tuple(marks))


def _rate(quantity: Quantity, signal: Signal) -> float:
    """A rate in the signal's unit. [SI unit/s]"""
    relative = quantity.base.partition("/")[0] in ("%", "pu")
    return quantity.value * (signal.rated if relative and signal.rated is not None else 1.0)


def _sentence(requirement: RampRate, signals: Signals) -> str:
    limits = []
    for name, limit in requirement.limits.given().items():
        if limit.max is not None:
            limits.append(f"at most {limit.max.text} {name}wards")
        if limit.min is not None:
            limits.append(f"at least {limit.min.text} {name}wards")
    return f"The ramp rate of {requirement.signal} shall be {' and '.join(limits)}: {_definition(requirement)}."


KIND = Kind(
    name="ramp_rate",
    model=RampRate,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
