"""Voltage-time tolerance envelope: how far out a voltage may be, and for how long (R12; ITIC, SEMI F47, PRC-024).

The curve is a staircase. A point ``[level, duration]`` of `low` says: as far out as this level for
at most this long. So with ``low: [[0 pu, 20 ms], [0.7 pu, 500 ms]]`` and ``continuous: [0.9 pu, 1.1 pu]``
the voltage may be below 0.7 pu for at most 20 ms and below 0.9 pu for at most 500 ms; `high` is its
mirror image. Beyond the outermost level nothing is allowed (limit 0 s); there is no such check below
0 pu. A level itself is not beyond it. There is one check for each point: `low[0 pu]` measures the
time below the next level inwards, 0.7 pu. Of several phases each is measured, and the worst decides.

**assess: supply.** The voltage has to stay inside. What is measured, by `mode`:

* ``duration_below``: the longest single run beyond the level (definition b of R12);
* ``event``: an event is a run beyond the continuous level; its whole duration counts at every level
  that its extreme is beyond (a);
* ``anchored``: the time from the start of the event to the last moment at which the level is
  violated in it (c);
* ``cumulative``: the sum of the runs beyond the level in any window of length `window` (d).

Runs closer than `merge_gap` are one, from the start of the first to the end of the last; with 0 s
none are joined. Crossings are interpolated between samples. A record without an event passes,
given coverage.

**Uncertainty.** The interval ends hold what surely and what possibly lies beyond. (1) The level is moved
outwards and inwards by U: accuracy at the level, noise of the record (as far as the largest of all its
samples; of a derived rms at most what the noise of its waveform makes), error of interpolation. Levels are
measured on a ladder of +-0.1, 0.2, 0.5, 1, 2 and 5 % of rated (waveforms: 0.5, 1, 2, 5, 10 %), and the next
rung above U counts; beyond the last rung the interval is open. (2) Samples prove a run from its first to
its last sample, and allow it from the sample before to the one after. (3) An average over W (a derived rms,
or a declared averaging) smears each edge: for one dip of constant depth, of duration D, the rms is below
the level only while some of the dip is in the window, and surely while all the window is in the dip, so it
reads D - W to D + W. The interval takes W both ways, and at the top at least W plus one refresh, the
longest dip that can hide between; where that is longer than the limit a gate says so. A record that never
leaves the continuous band hides nothing that would have pulled the average out of it. A reading beyond the
level by more than U lasts longer than zero. A run at a gap, or at an end of the record, lasted longer: it
is censored; what lies wholly in a gap, or where a gap leaves no average, lasts at most that long. Gaps of
at most a twentieth of the shortest limit (of a derived rms: a fortieth of its window) are spanned by a
straight line, and widen the interval by their length.

**short.** Points whose limit is shorter than `below` are judged on the AC waveform instead: on the
departure of its samples from its own fundamental before the event, in pu of sqrt(2) rated. With A the
amplitude of that fundamental, s its |sin| at a sample, p the sample taken towards the fundamental's
sign and X its magnitude, a sample is beyond a low level v where p < v s, or A s - p > A - v, and beyond
a high level where X > v s, or X - A s > v - A; in a run the second has to hold somewhere. Samples where
s is below 0.1 never end a run, so a zero crossing does not; an edge among them is taken in
their middle and the interval holds all of them. A jump of phase is a departure too: what the
magnitude of the samples does not show is in the upper end of the interval only. Low runs between
which no sample reaches the level (as every crest of a recovered voltage does) are one, so that a dip
with a jump of phase is. The fundamental is fitted in frames of 100 ms, taken from the last frame
inside `continuous` that is a sine within 15 %, and carried on for at most 1 s; the largest residual of
that frame moves the level too, outwards and inwards. Here `event` and `anchored` are measured as
``duration_below``: a waveform has no trajectory within a cycle.

**assess: ride_through.** The load has to stay on while the voltage is inside or at the boundary. Each
check measures the lowest sample of `load` while the voltage is beyond the point's level, for the
first `duration` of each run, against ``min``. Events that are surely outside the curve do not
oblige the load, and neither does what follows the recovery. A check counts only if the voltage came within
`must_reach` of the point's level (else condition_not_met): at 0.74 pu nothing is known of 0.70 pu. So
name in `curve` the points that the test exercises.

INCONCLUSIVE when: samples are further apart than a twentieth of a limit; gaps are longer than a tenth
of it (for a limit of 0 s: any gap), or more than 1 % is missing; samples are clipped; a run is cut off;
no fundamental is known for a part of the waveform.

.. code-block:: yaml

    - id: SUP-1
      kind: tolerance_envelope
      signal: v_rms
      short: {signal: v_a, below: 100 ms}
      mode: duration_below
      assess: supply
      curve:
        low: [[0 pu, 20 ms], [0.7 pu, 500 ms], [0.8 pu, 10 s]]
        high: [[2.0 pu, 1 ms], [1.4 pu, 3 ms], [1.2 pu, 500 ms]]
        continuous: [0.9 pu, 1.1 pu]
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import partial

from slacheck.contract import (
    CheckPlan,
    Definition,
    Evaluation,
    Kind,
    Limit,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    Signal,
    Signals,
    level,
    level_problem,
)
from slacheck.kinds._curve import (
    WAVEFORM_RUNGS,
    Curve,
    Point,
    ToleranceEnvelope,
    band,
    bridge,
    judged,
    level_key,
    offsets,
    phases,
    points,
    rated,
    short_key,
    short_levels,
    sides,
    thresholds,
    unseen_key,
    waveforms,
)
from slacheck.kinds._envelope import supply
from slacheck.kinds._noise import noise_plan
from slacheck.kinds._ride_through import ride_through


def _signals(requirement: ToleranceEnvelope) -> tuple[str, ...]:
    load = () if requirement.load is None or requirement.assess == "supply" else (requirement.load.signal,)
    return (*phases(requirement), *waveforms(requirement), *load)


# ---------------------------------------------------------------- what is wrong


def _problems(requirement: ToleranceEnvelope, signals: Signals) -> Iterator[Problem]:
    names = phases(requirement)
    if len(set(names)) < len(names) or not names:
        yield Problem(("signal",), "the phases must be one or more different signals")
        return
    for name in names:
        if signals[name].waveform == "ac":
            fix = (
                f"derive its rms: `{name}_rms: {{..., derive: {{rms: {name}, window: 1 cycle, refresh: half_cycle}}}}`"
            )
            yield Problem(("signal",), f"{name!r} is an AC waveform; the envelope is for its rms", fix)
    yield from _level_problems(requirement, [signals[name] for name in names])
    yield from _short_problems(requirement, signals)
    if requirement.merge_gap.value < 0:
        yield Problem(("merge_gap",), f"{requirement.merge_gap.text!r} is negative; write 0 s for none")
    if requirement.mode == "cumulative":
        yield from _window_problems(requirement)
    if requirement.assess == "ride_through":
        yield from _ride_problems(requirement, signals)


def _level_problems(requirement: ToleranceEnvelope, voltages: Sequence[Signal]) -> Iterator[Problem]:
    curve = requirement.curve
    written = [
        *((("curve", "low", i, 0), out) for i, (out, _) in enumerate(curve.low)),
        *((("curve", "high", i, 0), out) for i, (out, _) in enumerate(curve.high)),
        *((("curve", "continuous", i), inner) for i, inner in enumerate(curve.continuous)),
    ]
    wrong = [
        problem
        for voltage in voltages
        for path, out in written
        for problem in level_problem(path, out, voltage, "", False)
    ]
    wrong += [
        Problem(
            ("signal",),
            f"the signal {voltage.name!r} has no rated value, of which the uncertainty ladder is made",
            "give the signal `rated:`",
        )
        for voltage in voltages
        if voltage.rated is None
    ]
    yield from dict.fromkeys(wrong)
    if not wrong:
        yield from _order_problems(curve, voltages[0])


def _order_problems(curve: Curve, voltage: Signal) -> Iterator[Problem]:
    inner = [level(quantity, voltage) for quantity in curve.continuous]
    if not inner[0] < inner[1]:
        yield Problem(("curve", "continuous"), "write the lower level first, for example [0.9 pu, 1.1 pu]")
    for side, steps, border, sign in (("low", curve.low, inner[0], 1.0), ("high", curve.high, inner[1], -1.0)):
        words = ("low", "rise", "below") if side == "low" else ("high", "fall", "above")
        levels = [sign * level(out, voltage) for out, _ in steps]
        for i, (outer, next_in) in enumerate(itertools.pairwise([*levels, sign * border])):
            if not outer < next_in:
                message = f"the levels of {words[0]} must {words[1]} from point to point and end {words[2]} continuous"
                yield Problem(("curve", side, i, 0), message, "write the outermost point first")
        for i, ((_, shorter), (_, longer)) in enumerate(itertools.pairwise(steps)):
            if not shorter.value <= longer.value:
                message = f"{longer.text} is shorter than {shorter.text} of the point further out"
                yield Problem(("curve", side, i + 1, 1), message, "points further in may last longer, never shorter")


def _short_problems(requirement: ToleranceEnvelope, signals: Signals) -> Iterator[Problem]:
    names, short = waveforms(requirement), requirement.short
    if short is None:
        return
    if len(names) != len(phases(requirement)):
        message = f"{len(phases(requirement))} phases need as many waveforms, got {len(names)}"
        yield Problem(("short", "signal"), message)
    for name in names:
        if signals[name].waveform != "ac" or signals[name].rated is None:
            message = f"{name!r} must be an AC waveform with a rated value"
            yield Problem(("short", "signal"), message, "give the signal `waveform: ac` and `rated:` (rms)")
    if not any(point.short for point in points(requirement, signals)):
        message = f"no point of the curve has a limit shorter than {short.below.text}"
        yield Problem(("short", "below"), message, "raise it, or remove `short`")


def _window_problems(requirement: ToleranceEnvelope) -> Iterator[Problem]:
    longest = max((*requirement.curve.low, *requirement.curve.high), key=lambda step: step[1].value)[1]
    if requirement.window is None:
        yield Problem(
            ("mode",), "mode cumulative needs `window`, over which durations are summed", "add `window: 10 s`"
        )
    elif requirement.window.value < longest.value:
        message = f"a window of {requirement.window.text} can never hold {longest.text}, a duration of the curve"
        yield Problem(("window",), message)


def _ride_problems(requirement: ToleranceEnvelope, signals: Signals) -> Iterator[Problem]:
    if requirement.load is None:
        yield Problem(
            ("assess",), "ride_through needs `load`, what must stay on", "add `load: {signal: ..., min: 90 %}`"
        )
    else:
        yield from level_problem(("load", "min"), requirement.load.min, signals[requirement.load.signal])
    if requirement.must_reach is None:
        message = "ride_through needs `must_reach`, how close to the curve the voltage must have come"
        yield Problem(("assess",), message, "add `must_reach: 0.02 pu`")
    else:
        for name in phases(requirement):
            yield from level_problem(("must_reach",), requirement.must_reach, signals[name], "", False)
    if requirement.mode not in ("duration_below", "event"):
        message = f"ride_through looks at single events, which mode {requirement.mode} does not"
        yield Problem(("mode",), message, "write duration_below or event")


# ---------------------------------------------------------------- what is measured


_SHORTEST_RECORD = 0.2
"""A record says something of a voltage from the basic interval of IEC 61000-4-30 on, ten or twelve cycles. [s]"""


def _checks(requirement: ToleranceEnvelope, signals: Signals) -> tuple[CheckPlan, ...]:
    return tuple(_check(point, requirement, signals) for point in judged(requirement, signals))


def _check(point: Point, requirement: ToleranceEnvelope, signals: Signals) -> CheckPlan:
    needs = tuple(_need(name, point) for name in (waveforms(requirement) if point.short else phases(requirement)))
    if requirement.assess == "supply" or requirement.load is None:
        limit = Limit(max=point.duration.value)
        return CheckPlan(point.name, limit, "s", point.duration.unit, _definition(point, requirement), needs)
    load = signals[requirement.load.signal]
    text = (
        f"lowest sample of {load.name} while {_voltage(point, requirement)} is {_beyond(point)} "
        f"{point.threshold.text}, for at most the first {point.duration.text} of each run inside the curve; "
        f"{_joined(requirement)}"
    )
    return CheckPlan(
        point.name,
        Limit(min=level(requirement.load.min, load)),
        load.base,
        load.unit,
        Definition("tolerance_envelope/load_while_beyond@1", text),
        (
            *needs,
            Need(
                load.name,
                time_limit=point.duration.value or None,
                bandwidth=0.5 / point.duration.value if point.duration.value > 0 else None,
                longest_gap=point.duration.value / 10.0,
            ),
        ),
    )


def _need(name: str, point: Point) -> Need:
    duration = point.duration.value
    return Need(
        name,
        time_limit=duration if duration > 0 else None,
        duration=_SHORTEST_RECORD,
        longest_gap=duration / 10.0,
    )


def _definition(point: Point, requirement: ToleranceEnvelope) -> Definition:
    where = f"{_voltage(point, requirement)} {_beyond(point)} {point.threshold.text}"
    inner = requirement.curve.continuous[0 if point.side == "low" else 1].text
    cumulative = f"largest sum of the times of {where} in any window of {requirement.window}"
    how = {
        "duration_below": f"longest time of {where}",
        "event": f"longest event {_beyond(point)} {inner} of those whose extreme is {_beyond(point)} "
        f"{point.threshold.text}, of {_voltage(point, requirement)}",
        "anchored": f"longest time from the start of an event {_beyond(point)} {inner} to the last moment of {where}",
        "cumulative": cumulative,
    }
    name: str = requirement.mode
    if point.short:
        name = "waveform_cumulative" if name == "cumulative" else "waveform_duration"
        text = cumulative if name == "waveform_cumulative" else how["duration_below"]
        text += (
            ", as the departure from its fundamental before the event in pu of sqrt(2) rated; "
            "zero crossings do not end it"
        )
    else:
        text = f"{how[name]}; crossings are interpolated"
    return Definition(f"tolerance_envelope/{name}@1", f"{text}; {_joined(requirement)}{_worst(requirement)}")


def _beyond(point: Point) -> str:
    return "below" if point.side == "low" else "above"


def _voltage(point: Point, requirement: ToleranceEnvelope) -> str:
    return " or ".join(waveforms(requirement) if point.short else phases(requirement))


def _joined(requirement: ToleranceEnvelope) -> str:
    gap = requirement.merge_gap
    return f"runs closer than {gap.text} are one" if gap.value > 0 else "runs are not joined"


def _worst(requirement: ToleranceEnvelope) -> str:
    return "; each phase by itself, the worst decides" if len(phases(requirement)) > 1 else ""


def _meters(requirement: ToleranceEnvelope, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.departure import DepartureMeter
    from slacheck.measure.durations import LevelMeter, Unseen

    plans: list[MeterPlan] = []
    window = 0.0 if requirement.window is None or requirement.mode != "cumulative" else requirement.window.value
    for name in phases(requirement):
        derive = signals[name].derive
        noisy = (name, derive.source) if derive is not None and derive.operation == "rms" else (name,)
        plans += map(noise_plan, noisy)
        longest = bridge(requirement, signals, name)
        plans.append(MeterPlan(unseen_key(requirement, signals, name), (name,), Unseen, longest))
        for side in sides(requirement):
            build = partial(
                LevelMeter,
                levels=thresholds(requirement, signals, name, side),
                offsets=offsets(signals[name]),
                gap=requirement.merge_gap.value,
                window=window,
                mode=requirement.mode,
                upwards=side == "high",
            )
            plans.append(MeterPlan(level_key(requirement, signals, name, side), (name,), build, longest))
    for name in waveforms(requirement):
        found = partial(
            DepartureMeter,
            levels=short_levels(requirement, signals, name),
            offsets=(0.0, *WAVEFORM_RUNGS),
            scale=math.sqrt(2.0) * rated(signals[name]),
            band=band(requirement, signals[name]),
            gap=requirement.merge_gap.value,
            window=window,
        )
        plans.append(MeterPlan(short_key(requirement, signals, name), (name,), found))
    return tuple(plans)


# ---------------------------------------------------------------- evaluation and clause


def _evaluate(requirement: ToleranceEnvelope, signals: Signals, measurements: Measurements) -> Evaluation:
    assess = supply if requirement.assess == "supply" else ride_through
    return assess(requirement, signals, measurements)


def _sentence(requirement: ToleranceEnvelope, signals: Signals) -> str:
    voltage = " and ".join(phases(requirement))
    steps = [
        f"{_beyond(point)} {point.threshold.text} "
        + (f"for at most {point.duration.text}" if point.duration.value else "never")
        for point in points(requirement, signals)
    ]
    low, high = requirement.curve.continuous
    curve = f"{'; '.join(steps)}; between {low.text} and {high.text} without limit of time"
    how = {
        "duration_below": "each run beyond a level by itself",
        "event": "each event with its whole duration at its extreme",
        "anchored": "times counted from the start of the event",
        "cumulative": f"durations summed over any window of {requirement.window}",
    }[requirement.mode]
    short = ""
    if requirement.short is not None:
        short = (
            f" Limits shorter than {requirement.short.below.text} are judged on the waveform of "
            f"{' and '.join(waveforms(requirement))}, as its departure from its own fundamental before the event."
        )
    if requirement.assess == "supply" or requirement.load is None:
        return f"{voltage} must stay inside this envelope: {curve} ({how}; {_joined(requirement)}).{short}"
    return (
        f"{requirement.load.signal} must stay at or above {requirement.load.min.text} while {voltage} is inside this "
        f"envelope: {curve} ({_joined(requirement)}); a point counts where the voltage came within "
        f"{requirement.must_reach} of its level.{short}"
    )


KIND = Kind(
    name="tolerance_envelope",
    model=ToleranceEnvelope,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__,
)
