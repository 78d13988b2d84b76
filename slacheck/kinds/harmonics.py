"""Harmonics: distortion of a voltage or current, order by order and in all (R08; IEC 61000-4-7, IEEE 519).

The waveform is cut into windows of 10 cycles (`frequency: 50 Hz`) or 12 (60 Hz), each from one
upward zero crossing of its fundamental, or of that of `synchronised_to`, to another, without gap or
overlap, and resampled to whole samples. Of each a rectangular Fourier transform is taken, whose
bins are 5 Hz apart, and each order is read by `method`: ``line``, the bin itself; ``subgroup``, with
the bins next to it; ``group``, with all bins to half way. Squares are averaged over `aggregate`:
3 s are 15 windows in a row (150 or 180 cycles), 10 min and 2 h the windows that begin in them,
counted from the first window. `statistic` is taken over these values, by nearest rank; with
`period` over each period from the record's first sample, and the worst counts.

* ``thd``: root of the sum of squares of orders 2 to `max_order`, in % of the fundamental;
* ``tdd``: the same in % of the demand current, ``base: {demand: 2000 A}``;
* ``orders[0]`` ...: the largest order of those named, by `order` or by `from`, `to` and `parity`,
  each with a statistic of its own. % is of `base`: the `fundamental` in the same aggregate, the
  `rated` value, or the demand current; pu is of rated;
* ``interharmonics[0]`` ...: the same for what lies between an order and the next one (``group``: all
  bins; ``subgroup``: all but those next to the orders).

A voltage's windows with a cycle outside 90 to 110 % of `rated` (a dip, swell or interruption), of
the signal or of the voltage in `synchronised_to`, are flagged, as are windows that miss the
fundamental by more than 0.03 % of their length. They flag their aggregate, which is left out. A
current whose fundamental has less than half of its power is followed by its voltage only.

INCONCLUSIVE when: the sample rate is below 2.56 times the highest order (10 times without a
documented anti-alias filter), or the chain passes less than 95 % there; samples are clipped; less
than `valid.min` of the aggregates are complete and unflagged; what is missing could decide a
percentile; there are too few for it (59 for p95, 299 for p99); the record is shorter than `period`;
the fundamental does not stand out of the noise where it is the base.

Uncertainty: gain of the channel (cancels in a ratio to its own fundamental); broadband noise, whose
power is taken off the lower end, being in every reading, and whose scatter widens both;
synchronisation, by what the fundamental leaks; interpolation; attenuation of the chain, upwards.

.. code-block:: yaml

    - id: PQ-5
      kind: harmonics
      signal: poi_current
      frequency: 60 Hz
      base: {demand: 2000 A}
      aggregate: {length: 10 min}
      statistic: p95
      period: 7 d
      limits: {tdd: {max: 5 %}}
      orders:
        - {from: 3, to: 10, parity: odd, max: 4 %}
        - {from: 11, to: 16, parity: odd, max: 2 %}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Kind,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    Signal,
    Signals,
    level_problem,
    limit_of,
)
from slacheck.kinds._distortion import evaluated
from slacheck.kinds._orders import Check, Demand, Harmonics, base_of, parts

if TYPE_CHECKING:
    from slacheck.measure.harmonics import HarmonicReading, HarmonicSettings

_ALWAYS = 50
"""Orders that are measured at least, so that clauses on 40 and on 50 share one meter."""


def _signals(requirement: Harmonics) -> tuple[str, ...]:
    other = requirement.synchronised_to
    return (requirement.signal,) if other in (None, requirement.signal) else (requirement.signal, str(other))


# ---------------------------------------------------------------- the spec alone


def _problems(requirement: Harmonics, signals: Signals) -> Iterator[Problem]:
    for key, name in (("signal", requirement.signal), ("synchronised_to", requirement.synchronised_to)):
        if name is not None:
            yield from _waveform_problem(key, signals[name])
    signal, base = signals[requirement.signal], requirement.base
    if isinstance(base, Demand):
        if base.demand.base != signal.base:
            yield Problem(("base", "demand"), f"{base.demand.text!r} is not in {signal.unit}", f"write {signal.unit}")
        elif base.demand.value <= 0.0:
            yield Problem(("base", "demand"), f"{base.demand.text!r} is not above zero")
    elif requirement.limits.tdd is not None:
        yield Problem(
            ("limits", "tdd"),
            "tdd is in % of the demand current, which nothing defines (definition_missing)",
            "give it: `base: {demand: 2000 A}`",
        )
    if base == "rated" and signal.rated is None:
        yield Problem(("base",), f"the signal {signal.name!r} has no rated value", "give the signal `rated:`")
    if requirement.period is not None and requirement.period.value < requirement.counting.aggregate.seconds(
        requirement.frequency
    ):
        yield Problem(("period",), f"{requirement.period.text!r} is shorter than one value")
    if requirement.interharmonics and requirement.method == "line":
        yield Problem(("interharmonics",), "method line has no interharmonics", "write `method: subgroup` or `group`")
    yield from _limit_problems(requirement, signal)


def _waveform_problem(key: str, signal: Signal) -> Iterator[Problem]:
    if signal.waveform != "ac" or signal.quantity not in ("voltage", "current"):
        yield Problem(
            (key,),
            f"{signal.name!r} is not the AC waveform of a voltage or current",
            "name one that is declared with `waveform: ac`",
        )


def _limit_problems(requirement: Harmonics, signal: Signal) -> Iterator[Problem]:
    for key, bands in (("orders", requirement.orders), ("interharmonics", requirement.interharmonics)):
        for number, part in enumerate(bands):
            path, lowest = (key, number), 2 if key == "orders" else 1
            if min(part.orders) < lowest or max(part.orders) > 100:
                yield Problem(path, f"{part.text} is not within {lowest} to 100")
            for name in ("max", "resolution"):
                quantity = getattr(part, name)
                if quantity is not None and quantity.base not in (signal.base, "%"):
                    yield from level_problem((*path, name), quantity, signal, signed=False)
    for check in parts(requirement):
        if check.model.min is not None:
            place = ("limits", check.name) if check.is_total else (check.name.partition("[")[0], _number(check.name))
            yield Problem((*place, "min"), "distortion has no lower limit", "write `max`")


def _number(name: str) -> int:
    return int(name.partition("[")[2].rstrip("]"))


def _checks(requirement: Harmonics, signals: Signals) -> tuple[CheckPlan, ...]:
    plans = []
    for check in parts(requirement):
        limit, unit, shown = limit_of(check.model)
        top = check.top(requirement.method) * requirement.frequency.value
        need = Need(
            requirement.signal,
            max_frequency=top,
            bandwidth=top,
            duration=requirement.counting.needed,
            most_missing=1.0 - requirement.valid.min.value,
            clipping=Effect.NO_VERDICT,
        )
        found = Definition(f"{check.what}/{requirement.method}@1", _definition(check, requirement))
        plans.append(CheckPlan(check.name, limit, unit, shown, found, (need,)))
    return tuple(plans)


def _definition(check: Check, requirement: Harmonics) -> str:
    counting = requirement.counting
    return (
        f"{counting.text} of {_what(check, requirement)}, of {requirement.signal}, by harmonic {requirement.method}s "
        f"of IEC 61000-4-7; {counting.aggregate.cut(requirement.frequency)}, windows synchronised to "
        f"{_followed(requirement)}"
    )


def _followed(requirement: Harmonics) -> str:
    return requirement.synchronised_to or requirement.signal


def _what(check: Check, requirement: Harmonics) -> str:
    largest = "the largest of " if len(check.orders) > 1 else ""
    what = {
        "thd": f"the root of the sum of squares of {check.text}",
        "tdd": f"the root of the sum of squares of {check.text}",
        "harmonic": f"{largest}{check.text}",
        "interharmonic": f"{largest}what lies above {check.text}",
    }[check.what]
    return what + _base_text(check, requirement)


def _base_text(check: Check, requirement: Harmonics) -> str:
    base = base_of(check, requirement)
    if base is None:
        return ""
    if isinstance(base, Demand):
        return f", relative to the demand current {base.demand.text}"
    return f", relative to the {'fundamental in the same value' if base == 'fundamental' else 'rated value'}"


# ---------------------------------------------------------------- measuring


def _settings(requirement: Harmonics, signals: Signals) -> HarmonicSettings:
    from slacheck.measure.harmonics import HarmonicSettings

    names = _signals(requirement)
    watched = next((row for row, name in enumerate(names) if _is_watched(signals[name])), None)
    return HarmonicSettings(
        requirement.frequency.value,
        requirement.method,
        max(_ALWAYS, *(max(check.orders) for check in parts(requirement))),
        bool(requirement.interharmonics),
        requirement.aggregate.together(),
        None if watched is None else signals[names[watched]].rated,
        watched or 0,
    )


def _is_watched(signal: Signal) -> bool:
    return signal.quantity == "voltage" and signal.rated is not None


def _key(requirement: Harmonics, signals: Signals) -> tuple[object, ...]:
    return ("harmonics", _signals(requirement), _settings(requirement, signals))


def _meters(requirement: Harmonics, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.harmonics import HarmonicMeter

    build = partial(HarmonicMeter, settings=_settings(requirement, signals))
    return (MeterPlan(_key(requirement, signals), _signals(requirement), build),)


def _evaluate(requirement: Harmonics, signals: Signals, measurements: Measurements) -> Evaluation:
    reading: HarmonicReading = measurements.reading(_key(requirement, signals))
    return evaluated(requirement, signals[requirement.signal], reading, measurements)


def _sentence(requirement: Harmonics, signals: Signals) -> str:
    counting = requirement.counting
    clauses = [
        f"{_what(check, requirement)}, shall be at most {check.model.max.text if check.model.max else ''}"
        for check in parts(requirement)
    ]
    return (
        f"The harmonics of {requirement.signal} are limited, by the harmonic {requirement.method}s of IEC 61000-4-7 in "
        f"{counting.aggregate.cut(requirement.frequency)}, windows synchronised to {_followed(requirement)}, "
        f"{counting.text} counting: {'; '.join(clauses)}. At least {requirement.valid.min.text} of the values shall be "
        f"complete and free of dips, swells and interruptions."
    )


KIND = Kind(
    name="harmonics",
    model=Harmonics,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
