"""Tracking: a response follows its reference within a tube of value and time (R04).

With r the reference, y the response, D = `delay_allowance`, v = `tube.value` and T = `tube.time`:

- `max_error`: largest magnitude, `rms_error`: root mean square, of e(t) = y(t) - r(t - D);
- `time_in_tube`: share of the samples for which y(t) lies in [min r - v, max r + v], borders
  included, over r(t' - D) with t' in [t - T, t + T];
- `delay`: the lag at which the correlation coefficient of y(t) and r(t - lag) is largest, over
  lags from minus one to plus four times the limit; the vertex of a parabola through the three
  largest coefficients. D does not enter.

Between samples the reference is a straight line; lags that are not whole numbers of sample
intervals are interpolated so. `reference` is a signal, or `{profile: [[time, level], ...]}` with
straight lines between its points, which hold before the first and after the last one, time from
the capture's first sample; the meter takes it at the times of the samples. Samples whose r(t - D),
or whose tube, reaches beyond the record or into a gap are not judged.

INCONCLUSIVE when: the reference never moves by ten times v, its noise taken off (no_event: a plant
that stands still proves nothing); either signal is clipped (but for `delay`, which may FAIL then);
gaps leave fewer than 95 % of the samples that a record of this length can judge; samples are
further apart than T/20 (or a twentieth of the delay limit); gaps are longer than T/10 (or a tenth
of that limit) or more than 1 % is missing; the record is shorter than twenty times what is lost at
its ends (ten times the delay limit); the chain passes less than 95 % at 1/(2 T), as averaging hides
short errors; the clock is uncertain by more than T/5 (skew_unknown). For the delay too when: the
coefficient is below 0.8 (low_coherence), or the response comes before its reference (skew_unknown).
A delay beyond the last lag is censored: above it. A period shorter than the lags, or a reference
that only ramps, gives several delays or any delay: the interval holds all. With T of 0 s, D takes
its place in these times but for gaps, of which there may then be none.

Uncertainty: gain and offset of both instruments at the largest values, which do not cancel between
two instruments; time stamps times the reference's steepest change; interpolation of the reference
(the larger of the two second differences next to it) and of an uneven record; half a step of each
recorder; noise, which raises the largest error of many and carries samples over the tube's border.
`time_in_tube` is counted for a ladder of tubes, narrower and wider, and its interval is that of the
next rung above U; samples that gaps take count as outside at its lower and as inside at its upper
end. `delay`: noise and whatever else does not follow, the time between two samples, time stamps,
different averaging of the two.

.. code-block:: yaml

    - id: BESS-4
      kind: tracking
      signal: bess_power
      reference: bess_setpoint
      delay_allowance: 100 ms
      tube: {value: 2 %, time: 50 ms}
      limits: {time_in_tube: {min: 99 %}, max_error: {max: 5 %}, rms_error: {max: 2 %}, delay: {max: 200 ms}}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Kind,
    MeterPlan,
    Need,
    Problem,
    Signal,
    Signals,
    is_relative,
    level,
    level_problem,
    limit_of,
)
from slacheck.kinds._noise import noise_plan
from slacheck.kinds._tracked import evaluate
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
from slacheck.units import Quantity


def _problems(requirement: Tracking, signals: Signals) -> Iterator[Problem]:
    signal, reference = signals[requirement.signal], requirement.reference
    yield from level_problem(("tube", "value"), requirement.tube.value, signal, signed=False)
    for path, quantity in (
        (("delay_allowance",), requirement.delay_allowance),
        (("tube", "time"), requirement.tube.time),
    ):
        if quantity.value < 0:
            yield Problem(path, f"{quantity.text!r} is negative; write 0 s for none")
    if isinstance(reference, str):
        yield from _reference_problems(reference, signal, signals)
    else:
        for place, (_, height) in enumerate(reference.profile):
            yield from level_problem(("reference", "profile", place, 1), height, signal)
    for name, limit in requirement.limits.given().items():
        for bound in ("max", "min", "resolution"):
            quantity = getattr(limit, bound)
            if name in ("max_error", "rms_error"):
                yield from level_problem(("limits", name, bound), quantity, signal, signed=False)
            elif name == "delay" and quantity is not None and quantity.value <= 0:
                yield Problem(("limits", name, bound), f"{quantity.text!r} is not more than zero")


def _reference_problems(reference: str, signal: Signal, signals: Signals) -> Iterator[Problem]:
    other = signals[reference]
    if other.name == signal.name:
        yield Problem(("reference",), f"{reference!r} is the response itself")
    elif other.base != signal.base:
        yield Problem(
            ("reference",),
            f"{reference!r} is a {other.quantity} in {other.unit}, the response {signal.name!r} "
            f"a {signal.quantity} in {signal.unit}; both need one unit",
        )
    elif _derived(signal, signals) != _derived(other, signals):
        yield Problem(
            ("reference",),
            f"{signal.name!r} and {reference!r} are not derived alike, so their samples do not belong together",
            "derive both in the same way, or neither",
        )


def _derived(signal: Signal, signals: Signals) -> tuple[tuple[object, ...], ...]:
    """The windows that a signal is read through, in order; what is computed sample by sample moves nothing in time."""
    derive = signal.derive
    if derive is None:
        return ()
    below = {_derived(signals[source], signals) for source in derive.sources}
    alike = below.pop() if len(below) == 1 else ((signal.name,),)
    return (*alike, (derive.operation, derive.window, derive.step)) if derive.window > 0 else alike


def _checks(requirement: Tracking, signals: Signals) -> tuple[CheckPlan, ...]:
    plans = []
    for name, model in requirement.limits.given().items():
        limit, unit, shown = limit_of(model)
        text = _definition(name, requirement)
        if name in ("max_error", "rms_error") and is_relative(model):
            text += f", relative to the rated value of {requirement.signal}"
        needs = tuple(_need(name, signal, requirement) for signal in signal_names(requirement))
        plans.append(CheckPlan(name, limit, unit, shown, Definition(f"tracking/{name}@1", text), needs))
    return tuple(plans)


def _need(check: str, signal: str, requirement: Tracking) -> Need:
    if check == "delay":
        limit = delay_limit(requirement)
        return Need(signal, time_limit=limit, duration=10.0 * limit, longest_gap=limit / 10.0)
    delay, time = requirement.delay_allowance.value, requirement.tube.time.value
    lost = delay + time + max(0.0, time - delay)
    scale = time if time > 0 else delay
    return Need(
        signal,
        bandwidth=0.5 / scale if scale > 0 else None,
        time_limit=scale if scale > 0 else None,
        duration=20.0 * lost if lost > 0 else None,
        longest_gap=time / 10.0,
        clipping=Effect.NO_VERDICT,  # where one of two signals is clipped, their difference is made up
    )


def _definition(check: str, requirement: Tracking) -> str:
    signal, reference, tube = requirement.signal, reference_name(requirement), requirement.tube
    earlier = "at t" if requirement.delay_allowance.value == 0 else f"at t - {requirement.delay_allowance.text}"
    lines = f"{reference} taken as straight lines between its samples"
    if not isinstance(requirement.reference, str):
        points = ", ".join(f"{height.text} at {time.text}" for time, height in requirement.reference.profile)
        lines = f"the profile being straight lines through {points}, held before and after"
    if check == "delay":
        return (
            f"the lag, from {-delay_limit(requirement):g} s to {4.0 * delay_limit(requirement):g} s, at which the "
            f"correlation coefficient of {signal} with {reference} that much earlier is largest, at the vertex of a "
            f"parabola through the three coefficients around it, {lines}"
        )
    if check == "time_in_tube":
        return (
            f"the share of the samples t for which {signal} is neither above the largest value of {reference} plus "
            f"{tube.value.text} nor below the smallest less {tube.value.text}, borders included, within "
            f"{tube.time.text} before and after {earlier[3:]}, {lines}"
        )
    measure = "the largest magnitude" if check == "max_error" else "the root mean square over all samples t"
    return f"{measure} of {signal} at t less {reference} {earlier}, {lines}"


# ---------------------------------------------------------------- meters


def _meters(requirement: Tracking, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.tracking import DelayMeter, TrackingMeter

    names, time, profile = signal_names(requirement), requirement.tube.time.value, profile_of(requirement, signals)
    track = partial(
        TrackingMeter,
        delay=requirement.delay_allowance.value,
        time=time,
        width=level(requirement.tube.value, signals[requirement.signal]),
        rungs=tube_rungs(requirement, signals),
        profile=profile,
    )
    plans = [MeterPlan(tube_key(requirement, signals), names, track)]
    if requirement.limits.delay is not None:
        lag = partial(DelayMeter, limit=delay_limit(requirement), profile=profile)
        plans.append(MeterPlan(delay_key(requirement, signals), names, lag))
    return (*plans, *(noise_plan(name) for name in names))


def _sentence(requirement: Tracking, signals: Signals) -> str:
    words = {"time_in_tube": "time in tube", "max_error": "error", "rms_error": "rms error", "delay": "delay"}
    parts = []
    for name, limit in requirement.limits.given().items():
        bounds: list[tuple[str, Quantity | None]] = [("at most", limit.max), ("at least", limit.min)]
        text = " and ".join(f"{word} {bound.text}" for word, bound in bounds if bound is not None)
        parts.append(f"its {words[name]} shall be {text} ({_definition(name, requirement)})")
    return f"{requirement.signal} shall follow {reference_name(requirement)}: {'; '.join(parts)}."


KIND = Kind(
    name="tracking",
    model=Tracking,
    signals=signal_names,
    checks=_checks,
    meters=_meters,
    evaluate=evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
