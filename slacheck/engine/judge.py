"""Readings to measurements with the record's gates beside them, and those to findings."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC

from slacheck.contract import (
    CheckPlan,
    DecisionRule,
    Effect,
    Finding,
    Gate,
    Measurement,
    Measurements,
    MeterPlan,
    Reason,
    SignalFacts,
    Verdict,
    leaves,
)
from slacheck.decide import decide_check, decide_finding
from slacheck.engine.binding import Draft, signals_of
from slacheck.engine.headroom import headroom_plans
from slacheck.engine.source import Source
from slacheck.engine.stream import Readings, measure
from slacheck.language import Requirement
from slacheck.quality.conditions import condition_gates, condition_meters
from slacheck.quality.gates import accuracy_gate, admit, calibration_gate, half_gain_frequency
from slacheck.spec.model import Spec

_SHOWN_ANYWAY = {"metadata_missing", "condition_not_met"}
"""no_verdict gates that do not mean that the reading may be fabricated; the number is shown."""


def measure_capture(spec: Spec, source: Source, drafts: Sequence[Draft]) -> Readings:
    """One pass over a capture that feeds the meters of all requirements judged on it."""
    return measure(source, *asked_of(spec, source, drafts))


def asked_of(spec: Spec, source: Source, drafts: Sequence[Draft]) -> tuple[list[MeterPlan], list[str]]:
    """The meters that all requirements judged on a capture want fed, and the signals that they look at."""
    plans: list[MeterPlan] = list(headroom_plans(spec, source))
    signals: list[str] = [name for plan in plans for name in plan.signals]
    for draft in drafts:
        signals += signals_of(spec, draft.requirement)
        try:
            plans += spec.kind(draft.requirement).meters(draft.requirement, spec.signals)
            plans += condition_meters(draft.requirement, spec.signals)
        except Exception:  # a bug of one kind must not take the others with it
            draft.error = traceback.format_exc()
    return plans, signals


def evaluate_draft(spec: Spec, draft: Draft, readings: Readings) -> None:
    """Let the kind measure, and put the record's gates beside each measurement; a bug becomes `draft.error`."""
    requirement, kind = draft.requirement, spec.kind(draft.requirement)
    if draft.error is not None:
        return
    rule = _rule(spec, requirement)
    measurements = readings.at(rule.coverage_factor)
    try:
        plans = {plan.name: plan for plan in kind.checks(requirement, spec.signals)}
        evaluation = kind.evaluate(requirement, spec.signals, measurements)
        lacking = [name for name in plans if name not in {m.check for m in evaluation.measurements}]
        if lacking:
            raise ValueError(f"kind {kind.name} gave no measurement for {lacking}")
        common = (
            *condition_gates(requirement, spec.signals, measurements),
            *_metadata_gates(spec, requirement, readings, rule),
        )
        for index, measurement in enumerate(evaluation.measurements):
            draft.gates[index] = _gates(plans[measurement.check], measurement, common, measurements)
    except Exception:  # a bug in slacheck or a plugin: ERROR for this requirement alone
        draft.error = traceback.format_exc()
        return
    draft.evaluation = evaluation
    draft.notes = (*evaluation.notes, *_record_notes(spec, requirement, readings))


def _gates(
    plan: CheckPlan, measurement: Measurement, common: tuple[Gate, ...], measurements: Measurements
) -> tuple[Gate, ...]:
    needed = (gate for need in plan.needs for gate in admit(need, measurements.facts(need.signal)))
    return tuple(dict.fromkeys((*needed, *common, *measurement.gates)))


def _metadata_gates(spec: Spec, requirement: Requirement, readings: Readings, rule: DecisionRule) -> Iterator[Gate]:
    for name in _measured_signals(spec, requirement):
        channels = ", ".join(readings.source.channel_names(name))
        declared = all(readings.accuracy(leaf) is not None for leaf in leaves(spec.signals, name))
        gate = accuracy_gate(name, channels, readings.accuracy(name), rule.rule, declared=declared)
        if gate is not None:
            yield gate
    capture = readings.source.capture
    recorded = None if capture.start is None else capture.start.astimezone(UTC).date()
    calibration = calibration_gate(capture.calibration_due, recorded, "calibration" in spec.require)
    if calibration is not None:
        yield calibration


def _measured_signals(spec: Spec, requirement: Requirement) -> tuple[str, ...]:
    """The signals whose accuracy enters the value: `signal`, else all that the kind looks at."""
    own = getattr(requirement, "signal", None)
    if own is None:
        return spec.kind(requirement).signals(requirement)
    reference = getattr(requirement, "reference", None)  # a signal that is subtracted has its own errors
    names = (own,) if isinstance(own, str) else tuple(own)
    return (*names, reference) if isinstance(reference, str) and reference in spec.signals else names


def _record_notes(spec: Spec, requirement: Requirement, readings: Readings) -> tuple[str, ...]:
    notes = []
    for name in signals_of(spec, requirement):
        facts = readings.facts(name)
        if facts.interpolated:
            notes.append(_interpolation_note(facts, spec.signals[name].base))
        if facts.averaging or facts.filters or facts.bandwidth is not None:
            notes.append(_filter_note(facts))
        accuracy = readings.accuracy(name)
        if accuracy is not None and accuracy.source == "spec":
            notes.append(
                f"Accuracy of {facts.channel} is the value the spec agrees for {name}; the capture declares none."
            )
    return tuple(dict.fromkeys(notes))


def _filter_note(facts: SignalFacts) -> str:
    """A clause that names no fastest content is read as filtered, and says so (requirements.md R05)."""
    chain = [f"averaging over {1e3 * length:.4g} ms" for length in facts.averaging]
    chain += [] if facts.bandwidth is None else [f"a bandwidth of {facts.bandwidth:.4g} Hz"]
    chain += [f"a low-pass of {cutoff:.4g} Hz" for cutoff, _ in facts.filters]
    corner = half_gain_frequency(facts)
    return (
        f"{facts.signal} is read as filtered: {' and '.join(chain)} pass half of an amplitude at {corner:.4g} Hz; what "
        f"is faster than that hardly shows."
    )


def _interpolation_note(facts: SignalFacts, unit: str) -> str:
    return (
        f"{facts.channel} is sampled unevenly (median interval {facts.interval:.4g} s, up to {facts.jitter:.3g} s off "
        f"an even grid); quantities over the whole record were measured after linear interpolation onto an even grid, "
        f"whose error is at most {facts.interpolation_error:.3g} {unit} at a point and "
        f"{facts.interpolation_rms:.3g} {unit} rms."
    )


def _rule(spec: Spec, requirement: Requirement) -> DecisionRule:
    own = requirement.decision
    return spec.decision if own is None else DecisionRule(own.rule, own.coverage_factor)


def decide_draft(spec: Spec, draft: Draft) -> Finding:
    """Finding of a draft; a reading that may be fabricated is not shown."""
    requirement = draft.requirement
    capture = draft.binding.capture.id if draft.binding else None
    test = draft.binding.test if draft.binding else None
    if not requirement.applies:
        return Finding(requirement, None, None, Verdict.NOT_APPLICABLE, notes=(requirement.reason or "",))
    if draft.error is not None:
        return Finding(requirement, capture, test, Verdict.ERROR, error=draft.error, notes=draft.notes)
    if draft.reason is not None or draft.evaluation is None:
        checks = tuple(
            _unmeasured(plan, draft.reason) for plan in spec.kind(requirement).checks(requirement, spec.signals)
        )
        decided = [decide_check(plan, m, m.gates, _rule(spec, requirement)) for plan, m in checks]
        return decide_finding(requirement, capture, test, decided, draft.notes)
    plans = {plan.name: plan for plan in spec.kind(requirement).checks(requirement, spec.signals)}
    results = []
    for index, measurement in enumerate(draft.evaluation.measurements):
        gates = draft.gates[index]
        barred = any(
            not gate.passed and gate.effect is Effect.NO_VERDICT and gate.code not in _SHOWN_ANYWAY for gate in gates
        )
        shown = replace(measurement, measured=None, time=None, frequency=None) if barred else measurement
        results.append(decide_check(plans[measurement.check], shown, gates, _rule(spec, requirement)))
    return decide_finding(requirement, capture, test, results, draft.notes)


def _unmeasured(plan: CheckPlan, reason: Reason | None) -> tuple[CheckPlan, Measurement]:
    """A check that no capture could be asked about."""
    code, sentence = (reason.code, reason.sentence) if reason else ("incomplete", "Nothing was measured.")
    return plan, Measurement(plan.name, gates=(Gate(code, Effect.NO_VERDICT, False, None, None, sentence),))
