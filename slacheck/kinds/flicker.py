"""Flicker: what fluctuations of a voltage do to the light of a lamp (R15; IEC 61000-4-15 edition 2, IEEE 1453).

The flickermeter of the standard runs over the AC waveform. `lamp` (120 V or 230 V) and `frequency`
(50 Hz or 60 Hz) choose its response, and `edition` the tables it keeps; all three change the result.
Pst is the severity of ten minutes; a lamp at Pst = 1 annoys. Plt is the cubic mean of twelve values of
Pst in a row. The first period of ten minutes begins 120 s after the first sample, when the filters
have settled, and after each gap it begins so again: a record of one Pst lasts 720 s, one of a Plt
7320 s.

Periods with a cycle whose rms lies outside 90 to 110 % of `rated` are flagged, and so are those that
begin less than 120 s after one: what the meter shows then is the dip, not flicker. They are left out
of the `statistic`, and so is a Plt with a flagged Pst; how many is reported.

INCONCLUSIVE when: the record is too short; there are less than 128 samples a cycle; the voltage is
further than 15 % from `frequency`; samples are clipped; less than `valid.min` of the values are
complete and unflagged; what is missing could decide a percentile; there are too few for it (59 for
p95, 299 for p99).

With a documented anti-alias filter 1600 samples a second are measured and can FAIL: every voltage of
table 5 of the standard then gives Pst = 1 to 0.6 % (it allows 5 %). Without a filter what lies round
the sample rate folds onto the mains and beats with it: 0.2 % there can make a Pst of 1 where there is
none.

Uncertainty: gain cancels, since the meter works on ratios. Filters and classifier: 0.6 %, from those
tests. Noise and offset can only raise Pst; what they would make alone is taken off the lower end, so
that a recorder's noise never makes a FAIL. The steps of its converter can move Pst either way where
each cycle is sampled at the same phases; what they can do at most widens both ends.

.. code-block:: yaml

    - id: PQ-5
      kind: flicker
      signal: v_a
      lamp: 230 V
      frequency: 50 Hz
      edition: ed2
      statistic: p95
      limits: {pst: {max: 0.9}, plt: {max: 0.7}}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Gate,
    Kind,
    Limit,
    Mark,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    SignalFacts,
    Signals,
    Term,
    Witness,
)
from slacheck.kinds._aggregated import FEWEST, SHARES, Statistic, Valid, nominal
from slacheck.language import Frequency, Model, Number, QuantityOf, Requirement, Text
from slacheck.language import definition as definition_key
from slacheck.units import Quantity
from slacheck.values import between

if TYPE_CHECKING:
    from slacheck.contract import Samples
    from slacheck.measure.cyclic_noise import CyclicNoiseMeter
    from slacheck.measure.flicker import FlickerMeter, FlickerReading

Check = Literal["pst", "plt"]
_CHECKS: tuple[Check, ...] = ("pst", "plt")
_SETTLING, _PERIOD = 120.0, 600.0
"""[s]"""
_IN = {"pst": 1, "plt": 12}
"""Periods in a value."""
_LEAST_SAMPLES = 128.0
"""Samples a cycle that a PASS needs, and a record without an anti-alias filter anyway (requirements.md R15)."""
_HIGHEST = 10.0
"""Order of the mains up to which the waveform must not be aliased: products of higher ones are far from flicker."""
_BRIDGED = 1.0 / 64.0
"""Gaps up to this long are bridged. [cycles]"""
_FARTHEST = 0.15
"""Distance of the frequency from the nominal one. [ratio]"""
_ESTIMATOR = 0.003
"""Standard uncertainty of filters and classifier; every voltage of table 5 comes out within two of it. [ratio]"""
_CROSS = 0.4
"""What noise of unit Pst adds at most to one that does not change, beyond its own power: levels exceeded for a short
time rise with the product of the two."""


def _lamp(value: Quantity) -> Quantity:
    if value.value not in (120.0, 230.0):
        raise PydanticCustomError("lamp", "expected the lamp 120 V or 230 V, got '{got}'", {"got": value.text})
    return value


class SeverityLimit(Model):
    """A limit on a severity."""

    max: Number = Field(gt=0, description="Largest severity that still conforms, a bare number.", examples=[0.9])


class FlickerLimits(Model):
    """One check for each limit."""

    pst: SeverityLimit | None = Field(None, description="Short-term severity, of ten minutes.")
    plt: SeverityLimit | None = Field(None, description="Long-term severity, of twelve Pst in a row (2 h).")

    @model_validator(mode="after")
    def _some(self) -> FlickerLimits:
        if self.pst is None and self.plt is None:
            raise PydanticCustomError("limits", "expected pst, plt or both, for example {pst: {max: 0.9}}")
        return self


class Flicker(Requirement):
    """Keys of `flicker`."""

    signal: Text = Field(description="The AC waveform of a voltage, phase to neutral as the lamps are connected.")
    lamp: Annotated[Quantity, QuantityOf("V", examples=("120 V", "230 V")), AfterValidator(_lamp)] = Field(
        description="Whose response is meant: 120 V or 230 V. The planning levels of a region go with its lamp."
    )
    frequency: Annotated[Frequency, AfterValidator(nominal)] = Field(description="Of the mains: 50 Hz or 60 Hz.")
    edition: Literal["ed2"] = definition_key("ed2", "Of IEC 61000-4-15: ed2 (2010), whose lamps and tables are used.")
    statistic: Statistic = definition_key("max", "Over the values of the record: max, p99 or p95.")
    valid: Valid = Field(Valid(), description="How complete the record must be.")
    limits: FlickerLimits

    @property
    def checked(self) -> tuple[tuple[Check, float], ...]:
        """What is limited, and to what."""
        limits = {"pst": self.limits.pst, "plt": self.limits.plt}
        return tuple((name, limit.max) for name in _CHECKS if (limit := limits[name]) is not None)


def _signals(requirement: Flicker) -> tuple[str, ...]:
    return (requirement.signal,)


# ---------------------------------------------------------------- the spec alone


def _problems(requirement: Flicker, signals: Signals) -> Iterator[Problem]:
    signal = signals[requirement.signal]
    if signal.quantity != "voltage" or signal.waveform != "ac":
        yield Problem(
            ("signal",),
            f"{signal.name!r} is not the AC waveform of a voltage",
            "name one that is declared with `quantity: voltage` and `waveform: ac`",
        )
    elif signal.rated is None:
        fix = "give the signal `rated:`, the declared voltage"
        yield Problem(("signal",), f"{signal.name!r} has no rated value, from which dips are told", fix)


def _checks(requirement: Flicker, signals: Signals) -> tuple[CheckPlan, ...]:
    frequency = requirement.frequency.value
    return tuple(
        CheckPlan(
            name,
            Limit(max=limit),
            "1",
            "1",
            Definition(f"{name}/iec_61000_4_15_{requirement.edition}@1", _definition(requirement, name)),
            (
                Need(
                    requirement.signal,
                    max_frequency=_HIGHEST * frequency,
                    bandwidth=2.0 * frequency,
                    sample_rate=_LEAST_SAMPLES * frequency,
                    duration=_SETTLING + FEWEST[requirement.statistic] * _IN[name] * _PERIOD,
                    most_missing=1.0 - requirement.valid.min.value,
                    clipping=Effect.NO_VERDICT,
                ),
            ),
        )
        for name, limit in requirement.checked
    )


def _definition(requirement: Flicker, name: Check) -> str:
    over = "largest" if requirement.statistic == "max" else f"{requirement.statistic[1:]} % nearest-rank quantile"
    what = "flicker severity Pst" if name == "pst" else "flicker severity Plt (cubic mean of 12 Pst in a row)"
    return (
        f"the {over} of the values of {what} of {requirement.signal}, IEC 61000-4-15 edition "
        f"{requirement.edition[2:]} with the {requirement.lamp.text} lamp on {requirement.frequency.text} mains, in "
        f"periods of 10 min without gap or overlap that begin 120 s after the first sample and after each gap; periods "
        f"that hold a cycle outside 90 to 110 % of the rated rms, or begin less than 120 s after one, are left out"
    )


def _sentence(requirement: Flicker, signals: Signals) -> str:
    clauses = [f"{_definition(requirement, name)}, shall be at most {limit:g}" for name, limit in requirement.checked]
    return (
        f"Flicker of {requirement.signal} is limited: {'; '.join(clauses)}. At least {requirement.valid.min.text} of "
        f"the values shall be complete and free of dips, swells and interruptions."
    )


# ---------------------------------------------------------------- measuring


def _key(requirement: Flicker) -> tuple[object, ...]:
    return ("flicker", requirement.signal, requirement.lamp.value, requirement.frequency.value)


def _meters(requirement: Flicker, signals: Signals) -> tuple[MeterPlan, ...]:
    lamp, frequency = round(requirement.lamp.value), requirement.frequency.value
    rated = signals[requirement.signal].rated or 0.0
    build = partial(_meter, lamp=lamp, frequency=frequency, rated=rated)
    return (
        MeterPlan(_key(requirement), (requirement.signal,), build, _BRIDGED / frequency),
        MeterPlan(_noise_key(requirement), (requirement.signal,), partial(_noise_meter, frequency=frequency)),
    )


def _meter(interval: float, *, lamp: int, frequency: float, rated: float) -> FlickerMeter:
    from slacheck.measure.flicker import FlickerMeter

    return FlickerMeter(interval, lamp, frequency, rated, _SETTLING, _PERIOD)


def _noise_key(requirement: Flicker) -> tuple[object, ...]:
    return ("cyclic_noise", requirement.signal, requirement.frequency.value)


def _noise_meter(interval: float, *, frequency: float) -> CyclicNoiseMeter:
    from slacheck.measure.cyclic_noise import CyclicNoiseMeter

    return CyclicNoiseMeter(interval, frequency)


@dataclass(frozen=True, slots=True)
class _Values:
    """Values of one check, where each begins [s], and how many there might have been.

    `flagged` are those left out for a dip, `missing` those that gaps took.
    """

    name: Check
    starts: Samples
    values: Samples
    possible: int
    flagged: int

    @property
    def missing(self) -> int:
        """Not there, and nothing flags them."""
        return max(0, self.possible - self.flagged - int(self.values.size))


def _values(name: Check, reading: FlickerReading, facts: SignalFacts) -> _Values:
    periods = max(0, math.floor((facts.duration - _SETTLING) / _PERIOD + 1e-6))
    if name == "pst":
        possible = max(periods, int(reading.starts.size + reading.flagged.size))
        return _Values(name, reading.starts, reading.severities, possible, int(reading.flagged.size))
    possible = max(periods // _IN["plt"], int(reading.long_starts.size + reading.long_flagged))
    return _Values(name, reading.long_starts, reading.long_severities, possible, reading.long_flagged)


def _evaluate(requirement: Flicker, signals: Signals, measurements: Measurements) -> Evaluation:
    reading: FlickerReading = measurements.reading(_key(requirement))
    facts = measurements.facts(requirement.signal)
    found = [_values(name, reading, facts) for name, _ in requirement.checked]
    slow = _rate_gate(requirement, facts)
    if not slow.passed:
        return Evaluation(tuple(Measurement(values.name, gates=(slow,)) for values in found))
    common = (slow, *_frequency_gates(requirement, reading))
    return Evaluation(
        tuple(
            _measurement(requirement, values, (signals, measurements, reading), common)
            if values.values.size
            else Measurement(values.name, gates=(*common, _nothing(values, facts, reading)))
            for values in found
        ),
        notes=_notes(reading),
    )


def _measurement(
    requirement: Flicker,
    found: _Values,
    context: tuple[Signals, Measurements, FlickerReading],
    common: tuple[Gate, ...],
) -> Measurement:
    from slacheck.measure.quantile import nearest_rank, over_windows

    signals, measurements, reading = context
    share = SHARES[requirement.statistic]
    missing = 0 if requirement.statistic == "max" else found.missing  # for max the coverage gate speaks for them
    value = over_windows(found.values, share)[0]
    lowest, highest = over_windows(found.values, share, missing)
    added, moved = _added(requirement, signals, measurements), _moved(requirement, signals, measurements)
    expanded = measurements.coverage_factor * _ESTIMATOR
    low = (1.0 - expanded) * math.sqrt(max(0.0, lowest**2 - added**2)) - _CROSS * added - moved
    place = int(found.values.argsort(kind="stable")[nearest_rank(found.values.size, share) - 1])
    start = float(found.starts[place])
    return Measurement(
        found.name,
        measured=between(value, "1", max(0.0, low), None if highest is None else (1.0 + expanded) * highest + moved),
        time=start,
        gates=(*common, *_gates(requirement, found)),
        budget=(
            Term("gain", 0.0, "cancels: fluctuations are relative to the voltage"),
            Term("estimator", _ESTIMATOR * value, "filters and classifier, from table 5 of the standard"),
            Term("noise", added / measurements.coverage_factor, "Pst of noise and offset alone; lowers the lower end"),
            Term("steps", moved / measurements.coverage_factor, "bound of what the converter's steps move"),
        ),
        witness=_witness(found, place, reading, measurements.facts(requirement.signal)),
    )


def _witness(found: _Values, place: int, reading: FlickerReading, facts: SignalFacts) -> Witness:
    """The stretch of one value, and the moment in it at which a lamp would flicker most."""
    start = float(found.starts[place])
    end = max(min(start + _IN[found.name] * _PERIOD, facts.last), start + facts.grid)
    inside = (reading.starts >= start) & (reading.starts < end)
    strongest = int(reading.sensations[inside].argmax())
    sensation, moment = float(reading.sensations[inside][strongest]), float(reading.strongest[inside][strongest])
    marks = (
        Mark("vband", "worst", f"{found.name.capitalize()} {found.values[place]:.3g}", (start, end)),
        Mark("vline", "event", f"P_inst {sensation:.3g}", (moment,)),
    )
    return Witness((facts.signal,), start, end, marks)


def _added(requirement: Flicker, signals: Signals, measurements: Measurements) -> float:
    """Pst that noise, interpolation and offset of the record would make alone."""
    from slacheck.measure.flicker import DIP
    from slacheck.measure.lamp import noise_severity, offset_severity

    lamp, mains = round(requirement.lamp.value), requirement.frequency.value
    facts, accuracy = measurements.facts(requirement.signal), measurements.accuracy(requirement.signal)
    least = DIP * (signals[requirement.signal].rated or 0.0)
    trembling = max(measurements.reading(_noise_key(requirement)), facts.hidden_noise)
    noise = math.hypot(trembling, facts.interpolation_rms)
    offset = 0.0 if accuracy is None else measurements.coverage_factor * accuracy.offset
    return math.hypot(
        noise_severity(noise / least, facts.grid, lamp, mains), offset_severity(offset / least, lamp, mains)
    )


def _moved(requirement: Flicker, signals: Signals, measurements: Measurements) -> float:
    """Pst by which the steps of the recorder's converter move it at most."""
    from slacheck.measure.flicker import DIP
    from slacheck.measure.lamp import steps_severity

    facts, mains = measurements.facts(requirement.signal), requirement.frequency.value
    least = DIP * (signals[requirement.signal].rated or 0.0)
    samples = 1.0 / (facts.grid * mains)
    return steps_severity(facts.quantum / least, samples, round(requirement.lamp.value), mains)


# ---------------------------------------------------------------- gates and notes


def _rate_gate(requirement: Flicker, facts: SignalFacts) -> Gate:
    from slacheck.measure.flicker import LEAST_RATE

    rate = 1.0 / facts.grid
    least = LEAST_RATE if facts.anti_alias else _LEAST_SAMPLES * requirement.frequency.value
    passed = rate >= least * (1.0 - 1e-9)
    without = "" if facts.anti_alias else " without a documented anti-alias filter"
    sentence = f"{facts.channel} has {rate:.5g} samples a second; a flickermeter needs {least:.5g}{without}"
    sentence += "." if passed else ": record faster."
    return Gate("sample_rate", Effect.NO_VERDICT, passed, rate, least, sentence)


def _frequency_gates(requirement: Flicker, reading: FlickerReading) -> tuple[Gate, ...]:
    nominal_frequency = requirement.frequency.value
    if reading.frequency is None:
        sentence = (
            f"{requirement.signal} never changes polarity above 30 % of its rated value: it is no AC waveform of "
        )
        sentence += "that voltage; check `channel` and `rated`."
        return (Gate("condition_not_met", Effect.NO_VERDICT, False, None, nominal_frequency, sentence),)
    passed = abs(reading.frequency / nominal_frequency - 1.0) <= _FARTHEST
    sentence = f"{requirement.signal} has {reading.frequency:.4g} Hz"
    sentence += "." if passed else f", further than 15 % from {requirement.frequency.text}; check `frequency`."
    return (Gate("condition_not_met", Effect.NO_VERDICT, passed, reading.frequency, nominal_frequency, sentence),)


def _gates(requirement: Flicker, found: _Values) -> tuple[Gate, ...]:
    from slacheck.measure.quantile import nearest_rank
    from slacheck.quality.windows import enough

    values, least, name = int(found.values.size), requirement.valid.min, found.name.capitalize()
    share = values / found.possible
    sentence = (
        f"{values} of {found.possible} {name} are valid ({100.0 * share:.4g} %), {found.flagged} are flagged and "
    )
    sentence += f"{found.missing} missing; {least.text} are needed"
    sentence += "." if share >= least.value else ": record without gaps, dips and swells."
    gates = [Gate("coverage", Effect.NO_PASS, share >= least.value, share, least.value, sentence)]
    gates += enough(values, requirement.statistic, "record for longer")
    if requirement.statistic != "max" and found.missing:
        counted = values + found.missing
        allowed = counted - nearest_rank(counted, SHARES[requirement.statistic])
        sentence = f"{found.missing} of {counted} {name} are missing; {requirement.statistic} leaves {allowed} out of "
        passed = found.missing <= allowed
        sentence += "account." if passed else "account, so the missing ones could decide: record without gaps."
        gates.append(Gate("coverage", Effect.NO_PASS, passed, float(found.missing), float(allowed), sentence))
    return tuple(gates)


def _nothing(found: _Values, facts: SignalFacts, reading: FlickerReading) -> Gate:
    """Why there is no value at all."""
    name, needed = found.name.capitalize(), _SETTLING + _IN[found.name] * _PERIOD
    if facts.duration < needed * (1.0 - 1e-9):
        sentence = (
            f"The record of {facts.channel} lasts {facts.duration:.4g} s; a {name} needs {needed:.4g} s (120 s to "
            f"settle, and {_IN[found.name]} times 600 s): record {needed - facts.duration:.4g} s more."
        )
        return Gate("record_too_short", Effect.NO_VERDICT, False, facts.duration, needed, sentence)
    if reading.flagged.size:
        sentence = (
            f"No {name} of {facts.channel} is whole and unflagged: {reading.flagged.size} periods of 10 min hold or "
            f"follow a dip, swell or interruption, the first at {reading.first_disturbed or 0.0:.6g} s; check `rated`, "
            f"or record an undisturbed time."
        )
        return Gate("coverage", Effect.NO_VERDICT, False, 0.0, 1.0, sentence)
    sentence = f"{facts.channel} has nowhere {needed:.4g} s without a gap, which a {name} needs; record without gaps."
    return Gate("incomplete", Effect.NO_VERDICT, False, 0.0, 1.0, sentence)


def _notes(reading: FlickerReading) -> tuple[str, ...]:
    if reading.first_disturbed is None:
        return ()
    return (
        f"The rms left 90 to 110 % of rated, first at {reading.first_disturbed:.6g} s; {reading.flagged.size} periods "
        f"of 10 min are flagged and left out.",
    )


KIND = Kind(
    name="flicker",
    model=Flicker,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
