r"""Damping: how fast oscillations die away that an event leaves behind (R10).

From an event on, a step of a signal or a time that is given, and after `ringdown.skip`, the signal is taken
as a sum of damped oscillations on a level that may drift,

.. math:: y(t) = c + d t + \sum_i A_i e^{\sigma_i t} \cos(\omega_i t + \varphi_i), \qquad
          \zeta_i = -\sigma_i / \sqrt{\sigma_i^2 + \omega_i^2}

* ``damping_ratio``: the smallest :math:`\zeta_i` of the modes whose frequency :math:`\omega_i / 2\pi` lies in
  `band` and that have at least `min_energy_share` of the energy of all modes in the band, energy being
  :math:`\int A^2 e^{2 \sigma t} / 2\, dt` over the ringdown.

`ringdown.skip` is a time, or cycles of the strongest line in the band. The modes are found by least squares,
one after another while they take more than noise would, and once more by the matrix pencil. Samples are
averaged to about eight per period of the top of the band, which changes no pole.

A sustained oscillation has no damping ratio: one that keeps more than half its amplitude over the ringdown is
forced, or cannot be told from that, and is INCONCLUSIVE here. Judge it by ``forced_oscillation``. To show a
damping ratio of 1 % the ringdown must have 11 cycles, for 0.5 % it must have 22.

INCONCLUSIVE when: no event; another event in the ringdown; nothing in the band stands out of the noise and of
what was there before the event; fewer than 3 cycles; two modes nearer to each other than 1/length; the
oscillation starts with less than ten times the noise (20 dB); the modes explain less than 90 % of the energy
of the decay; the matrix pencil's damping ratio changes by more than 20 % with two or four poles more, or that
of the later half differs from that of the whole by more than 20 % (and more than noise explains); clipped
samples; a sample rate below 2.56 times the top of the band (10 times without a documented anti-alias filter).
A ringdown that ends early, at a gap or with the record, may FAIL but not PASS.

Uncertainty: the Cramer-Rao bound of the fit, with the spectral density near the mode of its own residual or of
the signal before the event, the larger; the largest difference between least squares and matrix pencil of
three orders. Gain and offset cancel. A mode whose share or frequency may or may not count is in the interval's
lower end.

.. code-block:: yaml

    - id: OSC-5
      kind: damping
      signal: pcc_power
      event: {at: [10 s]}
      ringdown: {skip: 1 cycle, length: 20 s}
      band: {from: 0.1 Hz, to: 2 Hz}
      limits: {damping_ratio: {min: 5 %}}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

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
    Witness,
    limit_of,
)
from slacheck.language import (
    Duration,
    Event,
    EventWindow,
    Frequency,
    LevelSource,
    Model,
    QuantityOf,
    Requirement,
    Share,
    ShareLimit,
    Text,
    definition,
)
from slacheck.units import Quantity, parse_quantity
from slacheck.values import Measured, between, symmetric

if TYPE_CHECKING:
    from slacheck.kinds._event import Occasion
    from slacheck.kinds._modes import Judged, Ringing

_MOST_CYCLES = 400.0
"""Longest ringdown, in cycles of the top of the band."""
_DRAWN = 60
"""Points of an envelope that is drawn."""


class RingdownWindow(Model):
    """Where the free decay is."""

    skip: Annotated[Quantity, QuantityOf("s", "cycle", examples=("1 cycle", "2 s"))] = definition(
        parse_quantity("1 cycle"), "From the event to the start: a time, or cycles of the strongest line in the band."
    )
    length: Duration = Field(description="Length of what is looked at.")

    @model_validator(mode="after")
    def _ahead(self) -> RingdownWindow:
        if self.skip.value < 0:
            raise PydanticCustomError("ringdown", "skip must not be negative")
        return self


class ModeBand(Model):
    """Where modes count."""

    from_: Frequency = Field(alias="from", description="Lower edge.")
    to: Frequency = Field(description="Upper edge.")


class DampingLimits(Model):
    """The check."""

    damping_ratio: ShareLimit = Field(description="Of the least damped mode.")


class Damping(Requirement):
    """Keys of `damping`."""

    signal: Text = Field(description="Signal that rings.")
    event: Event = definition(Event(), "How events are found; default on the signal itself.")
    ringdown: RingdownWindow
    band: ModeBand
    min_energy_share: Share = definition(
        parse_quantity("5 %"), "Of the energy of all modes in the band: modes with less do not count."
    )
    limits: DampingLimits

    @property
    def window(self) -> EventWindow:
        """What is looked at around an event to find it."""
        return EventWindow(before=self.ringdown.length, after=self.ringdown.length)

    @property
    def initial(self) -> LevelSource:
        """An eighth of the window before the event."""
        return _level(-self.ringdown.length.value / 8.0, 0.0)

    @property
    def final(self) -> LevelSource:
        """The last eighth of the window after it."""
        return _level(0.875 * self.ringdown.length.value, self.ringdown.length.value)


def _level(start: float, end: float) -> LevelSource:
    from slacheck.kinds._event import default_window

    return default_window(start, end)


def _signals(requirement: Damping) -> tuple[str, ...]:
    from slacheck.kinds._event import looked_at

    return looked_at(requirement)


def _problems(requirement: Damping, signals: Signals) -> Iterator[Problem]:
    from slacheck.kinds._event import event_problems

    band, length = requirement.band, requirement.ringdown.length
    yield from event_problems(requirement, signals)
    if band.from_.value >= band.to.value:
        yield Problem(("band", "to"), f"the band ends at {band.to.text}, not above its start {band.from_.text}")
    elif length.value * band.to.value < 3.0 * (1.0 - 1e-9):
        yield Problem(
            ("ringdown", "length"),
            f"{length.text!r} holds fewer than 3 cycles of {band.to.text}, the top of the band",
            f"write `length: {math.ceil(3.0 / band.from_.value)} s`, 3 cycles of its bottom",
        )
    elif length.value * band.to.value > _MOST_CYCLES * (1.0 + 1e-9):
        yield Problem(
            ("ringdown", "length"),
            f"{length.text!r} holds {length.value * band.to.value:.4g} cycles of {band.to.text}; more than "
            f"{_MOST_CYCLES:g} are no ringdown",
            f"write `length: {_MOST_CYCLES / band.to.value:.4g} s` or shorter, or a lower band",
        )
    if not 0.0 <= requirement.min_energy_share.value < 0.5:
        yield Problem(("min_energy_share",), f"{requirement.min_energy_share.text!r} is not from 0 % to below 50 %")


# ---------------------------------------------------------------- what the spec asks


def _checks(requirement: Damping, signals: Signals) -> tuple[CheckPlan, ...]:
    from slacheck.kinds._event import event_signal

    limit, unit, shown = limit_of(requirement.limits.damping_ratio)
    top, length = requirement.band.to.value, requirement.ringdown.length.value
    needs = [Need(requirement.signal, max_frequency=top, bandwidth=top, duration=length, clipping=Effect.NO_VERDICT)]
    if requirement.event.at is None and event_signal(requirement) != requirement.signal:
        needs.append(Need(event_signal(requirement), duration=length))
    text = Definition("damping_ratio/least_damped_mode@1", _definition(requirement))
    return (CheckPlan("damping_ratio", limit, unit, shown, text, tuple(needs)),)


def _definition(requirement: Damping) -> str:
    band, ringdown = requirement.band, requirement.ringdown
    skipped = (
        f"{ringdown.skip.text} of the strongest line in the band"
        if ringdown.skip.base == "cycle"
        else ringdown.skip.text
    )
    return (
        f"the smallest damping ratio, -sigma / sqrt(sigma^2 + omega^2), of the modes from {band.from_.text} to "
        f"{band.to.text} with at least {requirement.min_energy_share.text} of the energy of all modes there, fitted by "
        f"least squares to {ringdown.length.text} of {requirement.signal} that begin {skipped} after the event"
    )


def _meters(requirement: Damping, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.kinds._event import step_meters

    return step_meters(requirement, signals)


def _sentence(requirement: Damping, signals: Signals) -> str:
    from slacheck.kinds._event import event_text

    limit = requirement.limits.damping_ratio
    parts = [f"at least {limit.min.text}"] if limit.min is not None else []
    parts += [f"at most {limit.max.text}"] if limit.max is not None else []
    return (
        f"After {event_text(requirement)}, oscillations of {requirement.signal} shall die away with a damping ratio of "
        f"{' and '.join(parts)} ({_definition(requirement)})."
    )


# ---------------------------------------------------------------- measuring


def _evaluate(requirement: Damping, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.kinds._event import occasions

    found = occasions(requirement, signals, measurements)
    if isinstance(found, Gate):
        return Evaluation((Measurement("damping_ratio", gates=(found,)),), events=0)
    measured = [
        replace(_after(occasion, requirement, signals, measurements), event=index)
        for index, occasion in enumerate(found)
    ]
    return Evaluation(tuple(measured), events=len(found))


def _after(occasion: Occasion, requirement: Damping, signals: Signals, measurements: Measurements) -> Measurement:
    """The least damped mode after one event."""
    from slacheck.kinds._modes import excited_gate, record_gates, ringing

    found = ringing(requirement, measurements, occasion)
    if isinstance(found, Gate):
        return Measurement("damping_ratio", gates=(found,))
    signal, k = signals[requirement.signal], measurements.coverage_factor
    common = (_events_gate(occasion, requirement, found), *record_gates(found, requirement))
    witness = _witness(occasion, requirement, found, None)
    quiet = excited_gate(found, requirement, signal)
    if quiet is not None:
        return Measurement("damping_ratio", gates=(*common, quiet), witness=witness)
    free = [judged for judged in found.modes if not judged.sustained]
    counted = [judged for judged in free if judged.counts]
    gates = (*common, *_sustained(found, bool(counted)))
    if not counted:
        return Measurement("damping_ratio", gates=gates, witness=witness)
    return _least_damped(free, occasion, requirement, (found, signals, k), gates)


def _least_damped(
    free: list[Judged],
    occasion: Occasion,
    requirement: Damping,
    context: tuple[Ringing, Signals, float],
    gates: tuple[Gate, ...],
) -> Measurement:
    from slacheck.kinds._modes import fit_gates, mode_gates

    found, signals, k = context
    worst = min((judged for judged in free if judged.counts), key=lambda judged: judged.mode.damping_ratio)
    gates = (*gates, *fit_gates(found, worst, signals[requirement.signal]))
    for judged in free:
        effect = Effect.NO_VERDICT if judged is worst else Effect.NO_PASS
        gates = (*gates, *mode_gates(judged, found, k, effect))
    return Measurement(
        "damping_ratio",
        measured=_measured(worst, free),
        time=found.ringdown.start,
        frequency=worst.mode.frequency,
        gates=gates,
        budget=worst.terms,
        notes=tuple(_note(judged) for judged in free),
        witness=_witness(occasion, requirement, found, worst),
    )


def _measured(worst: Judged, free: list[Judged]) -> Measured:
    """The smallest of several ratios: each end is the smallest of theirs, the upper one of those that surely count."""
    ratio = worst.mode.damping_ratio
    low = min(judged.mode.damping_ratio - judged.spread for judged in free)
    high = min((judged.mode.damping_ratio + judged.spread for judged in free if judged.surely), default=None)
    if high is not None and low == ratio - worst.spread and high == ratio + worst.spread:
        return symmetric(ratio, "1", worst.spread)
    return between(ratio, "1", low, high)


def _note(judged: Judged) -> str:
    mode = judged.mode
    pencil = ", ".join("-" if ratio is None else f"{100 * ratio:.4g} %" for ratio in judged.by_pencil)
    return (
        f"Mode at {mode.frequency:.4g} Hz: damping ratio {100 * mode.damping_ratio:.4g} % (matrix pencil {pencil}), "
        f"{100 * judged.share:.3g} % of the energy."
    )


def _sustained(found: Ringing, others: bool) -> Iterator[Gate]:
    """Sustained oscillations that may count; they block a PASS of others, and a verdict where there are none."""
    from slacheck.kinds._modes import sustained_gate

    effect = Effect.NO_PASS if others else Effect.NO_VERDICT
    yield from (sustained_gate(judged, found, effect) for judged in found.modes if judged.sustained)


def _events_gate(occasion: Occasion, requirement: Damping, found: Ringing) -> Gate:
    start, end = occasion.moment.value, found.ringdown.start + found.ringdown.length
    near = [other for other in occasion.others if start <= other <= end]
    sentence = f"{len(near) + 1} events lie between {start:.6g} s and the end of the ringdown at {end:.6g} s"
    if near:
        sentence += f" (the next at {min(near):.6g} s); one is needed: shorten the ringdown, or disturb it less often"
    return Gate("multiple_events", Effect.NO_VERDICT, not near, float(len(near) + 1), 1.0, sentence + ".")


def _witness(occasion: Occasion, requirement: Damping, found: Ringing, worst: Judged | None) -> Witness:
    """The ringdown with the envelope of the deciding mode, and the one that the limit asks for."""
    start, end = found.ringdown.start, found.ringdown.start + found.ringdown.length
    moment, own = occasion.moment.value, requirement.signal
    marks = [Mark("vline", "event", "event", (moment,)), Mark("vband", "window", "ringdown", (start, end), own)]
    if worst is not None:
        marks += _envelope(
            "level", f"{100 * worst.mode.damping_ratio:.3g} %", worst.mode.damping_ratio, worst, found, own
        )
        limit = requirement.limits.damping_ratio
        for bound in (limit.min, limit.max):
            if bound is not None and 0.0 <= bound.value < 1.0:
                marks += _envelope("limit", bound.text, bound.value, worst, found, own)
    return Witness(_signals(requirement), max(0.0, moment), end, tuple(marks))


def _envelope(
    role: Literal["level", "limit"], label: str, ratio: float, worst: Judged, found: Ringing, signal: str
) -> list[Mark]:
    """Both sides of the envelope that a damping ratio gives from the ringdown's start on."""
    mode, ringdown = worst.mode, found.ringdown
    sigma = -ratio * mode.omega / math.sqrt(1.0 - ratio * ratio)
    sides = []
    for side in (1.0, -1.0):
        points: list[float] = []
        for step in range(_DRAWN + 1):
            t = step * ringdown.length / _DRAWN
            middle = ringdown.mean + found.fit.level + found.fit.drift * t
            points += [ringdown.start + t, middle + side * mode.amplitude * math.exp(sigma * t)]
        sides.append(Mark("line", role, label if side > 0.0 else "", tuple(points), signal))
    return sides


KIND = Kind(
    name="damping",
    model=Damping,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
