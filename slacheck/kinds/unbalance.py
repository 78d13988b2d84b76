"""Unbalance of three phases: voltages or currents that differ in size or angle (R16; IEC 61000-4-30, NEMA MG 1).

`method` says what is measured:

* ``fortescue``: negative (``component: u2``) or zero (``u0``) over positive sequence, from the
  phasors of three simultaneous AC waveforms, phase to neutral, in the order of their rotation;
* ``line_line``: u2 from three line-to-line voltages, ``sqrt((1 - r) / (1 + r))`` with
  ``r = sqrt(3 - 6 sum U^4 / (sum U^2)^2)``; it cannot give u0;
* ``nema``: the largest distance of three values from their mean, over their mean.

Waveforms (``waveform: ac``) are cut into windows of 10 cycles at 50 Hz or 12 at 60 Hz that follow
their fundamental, as in the kind harmonics, and only the fundamental counts. ``line_line`` and
``nema`` also take three rms signals, recorded or derived, whose samples are the values. Of the
ratios, not of averaged voltages, the root mean square is taken over `aggregate`, and of these the
`statistic`, over each `period` if there is one.

Of voltages with a `rated` value those windows (samples) are flagged in which a phase lies outside 90
to 110 % of it; they flag their aggregate, which is left out.

INCONCLUSIVE when: the sample rate is below 2.56 times the third harmonic (10 times without a
documented anti-alias filter); samples are clipped; a phase of a voltage stays below 10 % of the
largest one throughout (its lead is off) or rms signals are not refreshed alike; the phases rotate
backwards for ``fortescue`` (two are swapped); less than `valid.min` of the aggregates are
complete and unflagged; what is missing could decide a percentile; there are too few for it (59 for
p95, 299 for p99); the record is shorter than `period`.

Uncertainty: the gains of three channels are independent and do not cancel: 0.1 % each makes 0.06 %
of unbalance by ``fortescue``, 0.12 % by ``line_line``, 0.1 % by ``nema``. So do the steps of the
recorders. Noise, which adds to any unbalance, so that its power is taken off the lower end. Phase
errors of transducers are not declared anywhere and not in the budget.

.. code-block:: yaml

    - id: PQ-7
      kind: unbalance
      signals: [v_a, v_b, v_c]
      method: fortescue
      frequency: 60 Hz
      aggregate: {length: 10 min}
      statistic: p95
      limits: {unbalance: {max: 2 %}}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

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
    Problem,
    Signals,
    Term,
    Witness,
    expanded,
    limit_of,
)
from slacheck.kinds._aggregated import (
    Aggregate,
    Columns,
    Counting,
    Found,
    Statistic,
    Valid,
    cycles,
    gates,
    nominal,
    notes,
    nothing,
    periods,
    worst,
)
from slacheck.kinds._noise import noise_of, noise_plan
from slacheck.language import Duration, Frequency, Model, Requirement, ShareLimit, Text
from slacheck.language import definition as definition_key
from slacheck.values import between

if TYPE_CHECKING:
    from slacheck.contract import Samples
    from slacheck.measure.unbalance import Ratio, UnbalanceReading

_GAINS = {"u2": 1.0 / math.sqrt(3.0), "u0": 1.0 / math.sqrt(3.0), "line_line": 2.0 / math.sqrt(3.0), "nema": 1.0}
"""What independent gain errors of one size make of a ratio.

fortescue: three errors of random size along 120 degrees, ``|sum| / 3``, root mean square; line_line: twice that, since
the triangle of magnitudes also takes the angles from them; nema: its largest deviation exceeds 2 of these as rarely.
"""
_REFRESHES = 20.0
"""Rms signals must have a value every 10/12 cycles, which resolves this many times as long (G-DT)."""
_HARMONIC = 3.0
"""Order up to which waveforms must be sampled, so that the fundamental can be told from what is beside it."""
_NOISE = 4.0 / 3.0
"""What noise of one size in rms values adds to the square of line_line or nema, at most."""


class UnbalanceLimits(Model):
    """What is limited."""

    unbalance: ShareLimit = Field(description="The ratio that `method` and `component` name.")


class Unbalance(Requirement):
    """Keys of `unbalance`."""

    signals: tuple[Text, Text, Text] = Field(description="The three phases, in the order of their rotation.")
    method: Literal["fortescue", "line_line", "nema"] = Field(description="fortescue, line_line or nema.")
    component: Literal["u2", "u0"] | None = Field(
        None, description="With fortescue: negative (u2, if absent) or zero (u0) sequence."
    )
    frequency: Annotated[Frequency, AfterValidator(nominal)] = Field(
        description="Nominal: 50 Hz (windows of 10 cycles) or 60 Hz (12 cycles)."
    )
    aggregate: Aggregate = Field(description="Values that the statistic is taken over.")
    statistic: Statistic = definition_key("max", "Over the values: max, p99 or p95.")
    period: Duration | None = definition_key(
        None, "Percentiles are taken over each of these periods, such as 7 d; default the whole record."
    )
    valid: Valid = Field(Valid(), description="How complete the record must be.")
    limits: UnbalanceLimits

    @property
    def counting(self) -> Counting:
        """Over what the statistic is taken."""
        return Counting(self.statistic, self.period, self.aggregate, self.valid, self.frequency)

    @property
    def ratio(self) -> Ratio:
        """As the meters call it."""
        return (self.component or "u2") if self.method == "fortescue" else self.method


def _signals(requirement: Unbalance) -> tuple[str, ...]:
    return requirement.signals


def _are_waveforms(requirement: Unbalance, signals: Signals) -> bool:
    return signals[requirement.signals[0]].waveform == "ac"


# ---------------------------------------------------------------- the spec alone


def _problems(requirement: Unbalance, signals: Signals) -> Iterator[Problem]:
    phases = [signals[name] for name in requirement.signals]
    if len(set(requirement.signals)) < 3:
        yield Problem(("signals",), "a signal stands here twice", "name three phases")
    if len({(phase.quantity, phase.waveform) for phase in phases}) > 1:
        yield Problem(("signals",), "the three phases are not of one quantity, all waveforms or all rms values")
    if phases[0].quantity not in ("voltage", "current"):
        yield Problem(("signals",), f"{phases[0].name!r} is neither a voltage nor a current")
    if len({phase.rated for phase in phases}) > 1:
        yield Problem(("signals",), "the three phases have different rated values")
    waveforms = _are_waveforms(requirement, signals)
    if requirement.method == "fortescue" and not waveforms:
        yield Problem(
            ("method",),
            "fortescue needs the angles of the phases, so three signals with `waveform: ac`",
            "declare them so, or use `method: line_line` on line-to-line rms values",
        )
    if requirement.method != "fortescue" and requirement.component is not None:
        yield Problem(("component",), f"method {requirement.method} has no component", "leave it out")
    if requirement.method == "line_line" and phases[0].quantity == "current":
        yield Problem(("method",), "line_line is for line-to-line voltages", "use fortescue or nema")
    if not waveforms and requirement.aggregate.length is None:
        yield Problem(("aggregate",), "rms values have no windows of their own", "write `aggregate: {length: 3 s}`")
    if requirement.period is not None and requirement.period.value < requirement.aggregate.seconds(
        requirement.frequency
    ):
        yield Problem(("period",), f"{requirement.period.text!r} is shorter than one value")
    if requirement.limits.unbalance.min is not None:
        yield Problem(("limits", "unbalance", "min"), "unbalance has no lower limit", "write `max`")


def _checks(requirement: Unbalance, signals: Signals) -> tuple[CheckPlan, ...]:
    limit, unit, shown = limit_of(requirement.limits.unbalance)
    waveforms = _are_waveforms(requirement, signals)
    window = cycles(requirement.frequency) / requirement.frequency.value
    needs = tuple(
        Need(
            name,
            max_frequency=_HARMONIC * requirement.frequency.value if waveforms else None,
            bandwidth=requirement.frequency.value if waveforms else None,
            time_limit=None if waveforms else _REFRESHES * window,
            duration=requirement.counting.needed,
            most_missing=1.0 - requirement.valid.min.value,
            clipping=Effect.NO_VERDICT,
        )
        for name in requirement.signals
    )
    found = Definition(f"unbalance/{requirement.ratio}@1", _definition(requirement, signals))
    return (CheckPlan("unbalance", limit, unit, shown, found, needs),)


def _definition(requirement: Unbalance, signals: Signals) -> str:
    names = ", ".join(requirement.signals)
    counting = requirement.counting
    what = {
        "u2": f"negative over positive sequence of {names} (Fortescue)",
        "u0": f"zero over positive sequence of {names} (Fortescue)",
        "line_line": f"unbalance of the line-to-line values {names}, sqrt((1 - r) / (1 + r)), "
        f"r = sqrt(3 - 6 sum U^4 / (sum U^2)^2) (IEC 61000-4-30)",
        "nema": f"largest distance of {names} from their mean, over their mean (NEMA MG 1)",
    }[requirement.ratio]
    if not _are_waveforms(requirement, signals):
        return f"{counting.text} of the {what}; each value the rms of the ratios of the samples in it"
    return f"{counting.text} of the {what}, of the fundamental; {counting.aggregate.cut(requirement.frequency)}"


def _sentence(requirement: Unbalance, signals: Signals) -> str:
    bound = requirement.limits.unbalance.max
    what = _definition(requirement, signals).removeprefix("the ")
    return (
        f"The {what}, shall be at most {bound.text if bound else ''}. At least {requirement.valid.min.text} of the "
        f"values shall be complete and free of dips, swells and interruptions."
    )


# ---------------------------------------------------------------- measuring


def _rated(requirement: Unbalance, signals: Signals) -> float | None:
    phase = signals[requirement.signals[0]]
    return phase.rated if phase.quantity == "voltage" else None


def _key(requirement: Unbalance, signals: Signals) -> tuple[object, ...]:
    length = requirement.aggregate.chosen()
    return ("unbalance", requirement.signals, requirement.ratio, requirement.frequency.value, length)


def _meters(requirement: Unbalance, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.unbalance import RmsUnbalanceMeter, UnbalanceMeter

    rated, key = _rated(requirement, signals), _key(requirement, signals)
    if _are_waveforms(requirement, signals):
        build = partial(
            UnbalanceMeter,
            frequency=requirement.frequency.value,
            ratio=requirement.ratio,
            length=requirement.aggregate.chosen(),
            rated=rated,
        )
        return (MeterPlan(key, requirement.signals, build),)
    seconds = requirement.aggregate.seconds(requirement.frequency)
    of_rms = partial(RmsUnbalanceMeter, ratio=requirement.ratio, length=seconds, rated=rated)
    return (MeterPlan(key, requirement.signals, of_rms), *map(noise_plan, requirement.signals))


def _evaluate(requirement: Unbalance, signals: Signals, measurements: Measurements) -> Evaluation:
    reading: UnbalanceReading = measurements.reading(_key(requirement, signals))
    facts, counting = measurements.facts(requirement.signals[0]), requirement.counting
    found = reading.intervals
    common = tuple(_phase_gates(requirement, signals, measurements))
    if found.starts.size == 0:
        return Evaluation((Measurement("unbalance", gates=(*common, nothing(counting, facts, reading.counts))),))
    length = requirement.aggregate.seconds(requirement.frequency)
    if requirement.aggregate.chosen().values is not None and _are_waveforms(requirement, signals):
        length *= reading.counts.seconds / reading.counts.windows * requirement.frequency.value
        length /= cycles(requirement.frequency)
    over = periods(counting, found, facts, length)
    columns, noise = _columns(requirement, signals, measurements)
    decided = worst(columns, over, counting.statistic)
    rounding = _rounding(requirement, signals, measurements)
    terms, low, high = _ends(requirement, decided, (float(noise[decided.row]), rounding), measurements)
    measurement = Measurement(
        "unbalance",
        measured=between(decided.value, "1", max(0.0, low), high),
        time=float(found.starts[decided.row]),
        gates=(*common, *gates(counting, over)),
        budget=terms,
        witness=_witness(requirement, float(found.starts[decided.row]), length, measurements),
    )
    return Evaluation((measurement,), notes=notes(counting, over, reading.counts))


def _columns(requirement: Unbalance, signals: Signals, measurements: Measurements) -> tuple[Columns, Samples]:
    """Values, their bounds but for gain, and the standard uncertainty that noise gives each. [1]"""
    import numpy as np

    from slacheck.measure.harmonics import noise_scatter
    from slacheck.measure.noise import largest_normal

    reading: UnbalanceReading = measurements.reading(_key(requirement, signals))
    squares = reading.intervals.squares.astype(np.float64)
    added, windows = squares[:, 1], reading.intervals.counts
    if not _are_waveforms(requirement, signals):
        noise = max(noise_of(name, measurements) for name in requirement.signals)
        added = _NOISE * noise * noise / np.where(squares[:, 2] > 0.0, squares[:, 2], 1.0)
    ratio, k = squares[:, 0], measurements.coverage_factor
    scatter = noise_scatter(ratio, added, 1, float(np.min(windows)))
    least = np.maximum(0.0, ratio - added - largest_normal(float(ratio.size), k) * scatter)
    value, high = np.sqrt(ratio), np.sqrt(ratio + k * scatter)
    columns = Columns(value[:, np.newaxis], np.sqrt(least)[:, np.newaxis], high[:, np.newaxis])
    return columns, (high - value) / k


def _rounding(requirement: Unbalance, signals: Signals, measurements: Measurements) -> float:
    """Standard uncertainty of a phase for the steps of the recorders, of the mean of the phases. [1]"""
    from slacheck.measure.levels import rounding_at_a_frequency

    reading: UnbalanceReading = measurements.reading(_key(requirement, signals))
    mean = math.sqrt(float(reading.intervals.squares[:, 2].mean()))
    facts = [measurements.facts(name) for name in requirement.signals]
    if mean == 0.0:
        return 0.0
    if not _are_waveforms(requirement, signals):
        return max(one.quantum for one in facts) / math.sqrt(12.0) / mean
    cycle = 1.0 / requirement.frequency.value
    return max(rounding_at_a_frequency(one.quantum, cycle / one.interval) for one in facts) / mean


def _ends(
    requirement: Unbalance, found: Found, random: tuple[float, float], measurements: Measurements
) -> tuple[tuple[Term, ...], float, float | None]:
    """Budget, and the ends of the interval with everything in it; `random` are noise and rounding. [1]"""
    noise, rounding = random
    k = measurements.coverage_factor
    accuracies = [measurements.accuracy(name) for name in requirement.signals]
    gain = math.sqrt(math.fsum(accuracy.gain**2 for accuracy in accuracies if accuracy is not None) / 3.0)
    terms = (
        Term("gain", gain * _GAINS[requirement.ratio], "of three channels, independent; does not cancel"),
        Term("rounding", rounding * _GAINS[requirement.ratio], "of three recorders, whose steps repeat with the wave"),
        Term("noise", noise, "scatter of the value that decides; what noise adds is taken off the lower end too"),
    )
    spread = expanded(terms[:2], k)
    return terms, found.low - spread, None if found.high is None else found.high + spread


# ---------------------------------------------------------------- gates and witness


def _phase_gates(requirement: Unbalance, signals: Signals, measurements: Measurements) -> Iterator[Gate]:
    from slacheck.measure.unbalance import MISSING_PHASE

    reading: UnbalanceReading = measurements.reading(_key(requirement, signals))
    if signals[requirement.signals[0]].quantity == "voltage" and reading.counts.windows:
        share, name = min(zip(reading.largest, requirement.signals, strict=True))
        sentence = f"{name} reaches {100.0 * share:.3g} % of the largest phase at most; {100.0 * MISSING_PHASE:g} % is"
        sentence += " needed" + ("." if share >= MISSING_PHASE else ": its lead seems to be off; connect it.")
        yield Gate("channel_missing", Effect.NO_VERDICT, share >= MISSING_PHASE, share, MISSING_PHASE, sentence)
    if requirement.method == "fortescue" and reading.counts.windows:
        share = reading.reversed_share
        sentence = f"The negative sequence is the larger one in {100.0 * share:.3g} % of the windows"
        sentence += (
            "."
            if share <= 0.5
            else ": two phases are swapped, or one is inverted; name them in the order of their rotation."
        )
        yield Gate("unit_ambiguous", Effect.NO_VERDICT, share <= 0.5, share, 0.5, sentence)
    refreshed = {name: measurements.facts(name).interval for name in requirement.signals}
    slowest, fastest = max(refreshed.values()), min(refreshed.values())
    if slowest > fastest * (1.0 + 1e-9):
        name = max(refreshed, key=lambda each: refreshed[each])
        sentence = (
            f"{name} is refreshed every {slowest:.4g} s and another phase every {fastest:.4g} s, so they are not "
        )
        sentence += "of one moment; record all three by one instrument."
        yield Gate("clock", Effect.NO_VERDICT, False, slowest, fastest, sentence)


def _witness(requirement: Unbalance, start: float, length: float, measurements: Measurements) -> Witness:
    """The three phases over the deciding value, of waveforms its first cycles."""
    facts = measurements.facts(requirement.signals[0])
    end = min(start + length, facts.last)
    mark = Mark("vband", "worst", "worst value", (start, end))
    return Witness(requirement.signals, start, max(end, start + facts.grid), (mark,))


KIND = Kind(
    name="unbalance",
    model=Unbalance,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
