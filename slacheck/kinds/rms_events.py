"""Dips, swells and interruptions: how many, how deep and how long (R13; IEC 61000-4-30 5.4, 5.5, IEEE 1159).

Of an AC waveform the rms over one cycle is taken, refreshed each half cycle, in step with the zero
crossings of its own fundamental: U_rms(1/2). In a dip or interruption, where there is no fundamental
to follow, its phase and frequency from before are carried on. A signal that is an rms already
(derived or recorded) is used as it is.

A dip begins when U of any phase falls below the `dip` threshold and ends when U of every phase is back at that
threshold plus `hysteresis`, or above. A swell is the mirror image above `swell`. An interruption
begins when U of all phases is below `interruption` and ends when that of any phase is back at it plus
`hysteresis`. Thresholds are in % of the reference:

* ``reference: rated``: the declared voltage U_din, which is the signal's `rated`;
* ``reference: sliding``: of each waveform its own past, its 10/12-cycle rms through a first-order
  filter of one minute that begins at `rated`; it stands still in an event (5.4.4).

Checks, one for each limit:

* ``dips``, ``swells``, ``interruptions``: how many begin in the record, a bare number. With `period` it
  is the most that begin in any stretch of that length, and a record shorter than it can FAIL but
  not PASS; nothing is scaled up. A dip in which all phases fall below `interruption` is counted as
  both, as IEC 61000-4-30 does; with a `classification` it is an interruption and no dip, as in
  IEEE 1159 and EN 50160;
* ``residual_voltage``: the lowest U of any phase, ``swell_voltage``: the highest, in % of the reference, pu of rated,
  or V. Without an event this is the lowest (highest) of the record, so that it passes;
* ``dip_duration``, ``swell_duration``, ``interruption_duration``: the longest; 0 s without one. A dip that is
  an interruption has its dip duration too, however it is counted.

`classification` names each event in the notes: ``ieee1159`` (instantaneous, momentary, temporary, sustained; it
needs thresholds of 90, 110 and 10 %) or ``en50160`` (cells of its tables; 90, 110 and 5 %). Its borders are
[G]: not checked against the text of the standards.

A record without an event passes, given coverage, as `supply` does in `tolerance_envelope`: that the
voltage was there is what its rms shows.

**Uncertainty.** (1) Thresholds are moved down and up by U on a ladder of 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3
and 5 % of the reference, the next rung above U: a count runs from the least to the most that any
threshold between finds. U is made of gain and offset of the channel, its steps, noise of U (as far as the
worst of all its values), the sum over samples (pi / 4 N^2 at N samples a cycle), the error of
the followed period, and interpolation. (2) A duration is uncertain by half a cycle at each end,
so by one cycle (IEC 61000-4-30), besides what the ladder makes of it. Against the time for which a
rectangular dip really lasted U_rms(1/2) itself may be about one cycle longer (deep dips) or one and
a half shorter (shallow ones); that is part of the definition and not of the interval. For an rms
signal two refreshes take the place of the cycle, and its window, as far as it is longer, is added;
such a long average bounds counts from below and extremes from inside, and proves no duration. (3) An
event that an end of the record cuts off lasted longer: its duration is censored. It goes on through
a gap unless the voltage has come back after it; proven is then its longest part without a gap.

INCONCLUSIVE when: there are fewer than 128 samples a cycle, which leaves U a bound that can FAIL but not PASS (fewer
than 16: no verdict); the chain passes less than 95 % at `frequency`; samples are clipped (which can make a dip, and
hides a swell); more than a 25th of a cycle is missing in one place; the voltage has no fundamental
within 15 % of `frequency`; the values of an rms signal come too rarely or are averaged too long to
show every event, unless the record is so quiet that none fits in.

.. code-block:: yaml

    - id: PQ-7
      kind: rms_events
      signals: [v_a, v_b, v_c]
      frequency: 60 Hz
      thresholds: {dip: 90 %, swell: 110 %, interruption: 10 %}
      classification: ieee1159
      limits:
        dips: {max: 2}
        interruptions: {max: 0}
        residual_voltage: {min: 70 %}
        dip_duration: {max: 500 ms}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Kind,
    Limit,
    MeterPlan,
    Need,
    Problem,
    Signal,
    Signals,
    level_problem,
    limit_of,
)
from slacheck.kinds._noise import noise_plan
from slacheck.kinds._rms_found import evaluate
from slacheck.kinds._rms_keys import (
    CHECKS,
    AnyLimit,
    Check,
    CountLimit,
    RmsEvents,
    bridge,
    is_waveform,
    key,
    limits_of,
    phases,
    settings,
    threshold,
)
from slacheck.language import LimitModel

_STANDARD = {"ieee1159": (0.9, 1.1, 0.1), "en50160": (0.9, 1.1, 0.05)}
"""Thresholds of dip, swell and interruption. [pu]"""
_LEAST_SAMPLES = 0.99 * 128.0
"""Samples a nominal cycle that a PASS needs (R13); many recorders take 128 in an actual cycle."""
_SHORTEST_RECORD = 0.2
"""A record says something of a voltage from the basic interval of IEC 61000-4-30 on, ten or twelve cycles. [s]"""


# ---------------------------------------------------------------- what is wrong


def _problems(requirement: RmsEvents, signals: Signals) -> Iterator[Problem]:
    names = phases(requirement)
    place = ("signal",) if requirement.signal is not None else ("signals",)
    if len(set(names)) < len(names) or not names:
        yield Problem(place, "the phases must be one or more different signals")
        return
    if any(signals[name].quantity != "voltage" for name in names):
        wrong = next(name for name in names if signals[name].quantity != "voltage")
        yield Problem(place, f"{wrong!r} is no voltage, which dips, swells and interruptions are of")
    if any(signals[name].rated is None for name in names):
        wrong = next(name for name in names if signals[name].rated is None)
        fix = "give the signal `rated:`, the declared voltage"
        yield Problem(place, f"the signal {wrong!r} has no rated value, of which the thresholds are made", fix)
        return
    yield from _unlike(place, [signals[name] for name in names])
    if requirement.reference == "sliding" and not is_waveform(requirement, signals):
        message = "the sliding reference is made of 10/12-cycle values, which need AC waveforms"
        yield Problem(("reference",), message, "name waveforms (`waveform: ac`), or write `reference: rated`")
    yield from _classification_problems(requirement)
    yield from _limit_problems(requirement, signals[names[0]])


def _unlike(place: tuple[str, ...], found: list[Signal]) -> Iterator[Problem]:
    """Phases that cannot make up events together."""
    first = found[0]
    for other in found[1:]:
        steps = [None if one.derive is None else (one.derive.step, one.derive.window) for one in (first, other)]
        if other.rated != first.rated:
            yield Problem(place, f"{first.name!r} and {other.name!r} have different rated values")
        if other.waveform != first.waveform or steps[0] != steps[1]:
            message = f"{first.name!r} and {other.name!r} are not of one sort"
            yield Problem(place, message, "name AC waveforms only, or rms values with one window and refresh")


def _classification_problems(requirement: RmsEvents) -> Iterator[Problem]:
    wanted = _STANDARD.get(requirement.classification)
    if wanted is None:
        return
    for event, value in zip(("dip", "swell", "interruption"), wanted, strict=True):
        if abs(getattr(requirement.thresholds, event).value - value) > 1e-9:
            yield Problem(
                ("classification",),
                f"{requirement.classification} has its {event} threshold at {100.0 * value:g} %, not "
                f"{getattr(requirement.thresholds, event).text}",
                f"write `thresholds: {{{event}: {100.0 * value:g} %}}`, or `classification: none`",
            )


def _limit_problems(requirement: RmsEvents, signal: Signal) -> Iterator[Problem]:
    for name, limit in limits_of(requirement).items():
        if isinstance(limit, CountLimit):
            continue
        check, path = CHECKS[name], ("limits", name)
        wrong, right = ("max", "min") if name == "residual_voltage" else ("min", "max")
        if getattr(limit, wrong) is not None:
            yield Problem((*path, wrong), f"{name} is limited by {right} only", f"write `{right}`")
        elif check.what == "extreme":
            yield from _level_problems(requirement, signal, (name, limit, right))


def _level_problems(requirement: RmsEvents, signal: Signal, limited: tuple[str, LimitModel, str]) -> Iterator[Problem]:
    name, limit, bound = limited
    path, quantity, event = ("limits", name, bound), getattr(limit, bound), CHECKS[name].event
    wrong = list(level_problem(path, quantity, signal, signed=False))
    yield from wrong
    if wrong:
        return
    if requirement.reference == "sliding" and quantity.base != "%":
        yield Problem(path, f"{quantity.text!r} does not say what it is of; the reference slides", "write it in %")
        return
    pu = quantity.value if quantity.base in ("%", "pu") else quantity.value / (signal.rated or 1.0)
    inside = pu < threshold(requirement, event) if event == "dip" else pu > threshold(requirement, event)
    if not inside:
        own = getattr(requirement.thresholds, event).text
        words = "below" if event == "dip" else "above"
        yield Problem(path, f"{quantity.text!r} is not {words} {own}, where a {event} begins")


# ---------------------------------------------------------------- what is measured


def _checks(requirement: RmsEvents, signals: Signals) -> tuple[CheckPlan, ...]:
    return tuple(_plan(name, limit, requirement, signals) for name, limit in limits_of(requirement).items())


def _plan(name: str, limit: AnyLimit, requirement: RmsEvents, signals: Signals) -> CheckPlan:
    if isinstance(limit, CountLimit):
        bound, unit, shown = Limit(max=float(limit.max)), "1", "1"
    else:
        bound, unit, shown = limit_of(limit)
    check = CHECKS[name]
    needs = tuple(_need(phase, check, requirement, signals) for phase in phases(requirement))
    id_ = {"count": f"{check.event}_count", "extreme": name, "duration": name}[check.what]
    how = "half_cycle_rms" if is_waveform(requirement, signals) else "recorded_rms"
    return CheckPlan(name, bound, unit, shown, Definition(f"{id_}/{how}@1", _text(check, requirement, signals)), needs)


def _need(name: str, check: Check, requirement: RmsEvents, signals: Signals) -> Need:
    waveform = is_waveform(requirement, signals)
    period = requirement.period if check.what == "count" else None
    return Need(
        name,
        bandwidth=requirement.frequency.value if waveform else None,
        sample_rate=_LEAST_SAMPLES * requirement.frequency.value if waveform else None,
        duration=_SHORTEST_RECORD if period is None else period.value,
        longest_gap=bridge(requirement),
        attenuation=Effect.NO_VERDICT,
        clipping=Effect.NO_VERDICT if check.event == "dip" else Effect.NO_PASS,
    )


def _voltage(requirement: RmsEvents, signals: Signals) -> str:
    names = " and ".join(phases(requirement))
    if not is_waveform(requirement, signals):
        return names
    return f"the rms over one cycle, refreshed each half cycle, of {names}"


def _reference(requirement: RmsEvents) -> str:
    return "rated" if requirement.reference == "rated" else "the sliding reference (first-order, 1 min, from rated)"


def _text(check: Check, requirement: RmsEvents, signals: Signals) -> str:
    what = {
        "count": f"number of {check.event}s",
        "extreme": f"{'lowest' if check.event == 'dip' else 'highest'} value",
        "duration": f"longest {check.event}",
    }[check.what]
    text = f"{what} of {_voltage(requirement, signals)}; % is of {_reference(requirement)}"
    if check.what == "extreme":
        return f"{text}; in an event, or in the record if there is none"
    text += f"; {_event_text(check, requirement)}"
    if check.what == "count" and requirement.period is not None:
        text += f"; the most that begin within any {requirement.period.text}"
    return text


def _event_text(check: Check, requirement: RmsEvents) -> str:
    limits = requirement.thresholds
    below = {"dip": "below", "swell": "above", "interruption": "below"}[check.event]
    which, back = ("all phases are", "one is") if check.event == "interruption" else ("a phase is", "all are")
    if len(phases(requirement)) == 1:
        which = back = "it is"
    article = "an" if check.event == "interruption" else "a"
    text = (
        f"{article} {check.event} begins when {which} {below} {getattr(limits, check.event).text} and ends when {back} "
        f"{limits.hysteresis.text} back inside"
    )
    if check.event == "dip" and check.what == "count":
        other = "counts as both" if requirement.classification == "none" else "is no dip"
        text += f"; what is an interruption (below {limits.interruption.text}) {other}"
    return f"{text} (IEC 61000-4-30)"


def _meters(requirement: RmsEvents, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.rms_events import RmsEventMeter

    plans: list[MeterPlan] = []
    for name in phases(requirement):
        derive = signals[name].derive
        noisy = (name, derive.source) if derive is not None and derive.operation == "rms" else (name,)
        plans += map(noise_plan, noisy)
    build = partial(RmsEventMeter, settings=settings(requirement, signals))
    joined = bridge(requirement) if is_waveform(requirement, signals) else 0.0
    plans.append(MeterPlan(key(requirement, signals), phases(requirement), build, joined))
    return tuple(plans)


def _sentence(requirement: RmsEvents, signals: Signals) -> str:
    clauses = []
    for name, limit in limits_of(requirement).items():
        if isinstance(limit, CountLimit):
            bound = f"at most {limit.max}"
        else:
            bound = f"at least {limit.min.text}" if limit.min is not None else f"at most {limit.max}"
        check = CHECKS[name]
        if check.what == "extreme":
            end = "lowest" if check.event == "dip" else "highest"
            clauses.append(f"the {end} value shall be {bound}")
        elif check.what == "duration":
            clauses.append(f"no {check.event} shall last longer than {bound.removeprefix('at most ')}")
        else:
            within = "" if requirement.period is None else f" within any {requirement.period.text}"
            clauses.append(f"there shall be {bound} {check.event}s{within}")
    events = {CHECKS[name].event: CHECKS[name] for name in limits_of(requirement)}
    how = "; ".join(_event_text(check, requirement) for check in events.values())
    named = {"ieee1159": " Events are named after IEEE 1159.", "en50160": " Events are named after EN 50160."}
    return (
        f"Of {_voltage(requirement, signals)}, {'; '.join(clauses)}. % is of {_reference(requirement)}; {how}."
        f"{named.get(requirement.classification, '')}"
    )


KIND = Kind(
    name="rms_events",
    model=RmsEvents,
    signals=phases,
    checks=_checks,
    meters=_meters,
    evaluate=evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
