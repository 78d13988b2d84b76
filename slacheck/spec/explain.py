"""`slacheck explain`: each requirement as a contract sentence, with its formula and every default spelled out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from slacheck.contract import Accuracy, CheckPlan, DecisionRule, Derive, Signal
from slacheck.language import Requirement
from slacheck.spec.extends import Base
from slacheck.spec.model import Spec
from slacheck.spec.phrases import about, condition_phrase, heading, in_unit, limit_phrase, listed, number, wrapped
from slacheck.spec.remedies_phrases import remedies_explained
from slacheck.spec.strict import in_words

_COMMON = frozenset(Requirement.model_fields)
RULES = {
    "three_state": "PASS where the whole interval (value with its expanded uncertainty, k = {k}) lies inside the "
    "limit, FAIL where all of it lies outside, else INCONCLUSIVE",
    "simple": "PASS where the value lies inside the limit, FAIL where it lies outside; uncertainty is shown only",
    "guarded_acceptance": "PASS only where the whole interval (k = {k}) lies inside the limit, else FAIL",
    "guarded_rejection": "FAIL only where the whole interval (k = {k}) lies outside the limit, else PASS",
}


def explain(spec: Spec) -> str:
    """Every clause of the spec in words, at most 80 columns wide."""
    lines = [*_head(spec), "", *_signals(spec)]
    for requirement in spec.requirements:
        lines += ["", *_requirement(spec, requirement)]
    if spec.remedies is not None:
        lines += ["", *remedies_explained(spec.remedies)]
    return "\n".join(lines) + "\n"


def sentences(spec: Spec) -> dict[str, str]:
    """The contract sentence of each requirement, by its id."""
    return {r.id: spec.kind(r).sentence(r, spec.signals) for r in spec.requirements}


def _head(spec: Spec) -> Iterator[str]:
    version = "" if spec.version is None else f", version {spec.version}"
    yield from heading(f"{spec.title or spec.id} ({spec.id}{version})", "=")
    if spec.description:
        yield from wrapped(spec.description, 0)
    if spec.contract:
        yield from wrapped("Contract: " + "; ".join(f"{key} {text}" for key, text in spec.contract.items()), 0, 2)
    yield from wrapped(f"Decision rule {_rule(spec.decision)}.", 0, 2)
    for base in spec.extends:
        yield from _extends(base)
    if "calibration" in spec.require:
        yield from wrapped("Nothing passes without a calibration that is in force.", 0)


def _extends(base: Base) -> Iterator[str]:
    """What a spec is laid over, and what it changes there."""
    version = "" if base.version is None else f", version {base.version}"
    yield from wrapped(f"Extends {base.reference} ({base.id}{version}, SHA-256 {base.sha256[:16]}).", 0, 2)
    for override in base.overrides:
        was = "" if override.old is None else f"   (there: {override.old})"
        yield from listed("", f"{override.what}: {override.new}{was}", column=4)


def _rule(rule: DecisionRule) -> str:
    return f"{rule.rule}: {RULES[rule.rule].format(k=number(rule.coverage_factor))}"


# ---------------------------------------------------------------- signals


def _signals(spec: Spec) -> Iterator[str]:
    yield "Signals"
    column = 4 + max((len(name) for name in spec.signals), default=0)
    for name, signal in spec.signals.items():
        yield from listed(name, "; ".join(_signal_phrases(signal)), column=min(column, 24))


def _signal_phrases(signal: Signal) -> Iterator[str]:
    yield f"{signal.quantity} in {signal.unit}" + (", an AC waveform" if signal.waveform == "ac" else "")
    if signal.rated is not None:
        yield f"rated {in_unit(signal.rated, signal.unit)}{' rms' if signal.waveform == 'ac' else ''}"
    if signal.derive is not None:
        yield _derived(signal.derive)
    else:
        yield f"channel {signal.channel or signal.name}" + (" (default)" if signal.channel is None else "")
    if signal.accuracy is not None:
        yield _accuracy(signal.accuracy, signal)


def _derived(derive: Derive) -> str:
    """How a signal is computed, as a phrase with its formula where it has one."""
    first, names = derive.source, ", ".join(derive.sources)
    half = len(derive.sources) // 2
    pairs = " + ".join(f"{u} x {i}" for u, i in zip(derive.sources[:half], derive.sources[half:], strict=False))
    match derive.operation:
        case "rms":
            phrase = f"root mean square of {first}"
        case "mean":
            phrase = f"mean of {first}"
        case "lowpass":
            cutoff = about(derive.frequency or 0.0, "Hz")
            return f"{first} through a Butterworth low-pass of order {derive.order}, -3 dB at {cutoff}"
        case "power":
            phrase = {
                "active": f"active power, {pairs}" + ("" if derive.step is None else ", its mean"),
                "reactive": f"fundamental reactive power of the pairs {pairs}, positive where current lags, phasors",
                "apparent": f"arithmetic apparent power, {pairs} of the rms values",
            }[derive.part or "active"]
        case "sequence":
            phrase = (
                f"{derive.part}-sequence component of {names}, rms, phasors at {about(derive.frequency or 0.0, 'Hz')}"
            )
        case "frequency":
            phrase = f"frequency of the fundamental of {first}"
        case "scale":
            return f"{number(derive.factor)} x {first}"
        case _:
            return (" + " if derive.operation == "sum" else " - ").join(derive.sources)
    if derive.step is None and derive.operation != "mean":
        return phrase
    each = "" if derive.step is None else f", a value each {about(derive.step, 's')}"
    return f"{phrase} over the {about(derive.window, 's')} before it{each}"


def _accuracy(accuracy: Accuracy, signal: Signal) -> str:
    parts = [f"{number(100 * accuracy.reading)} % of reading"] if accuracy.reading else []
    if accuracy.range and accuracy.full_scale is not None:
        parts.append(
            f"{number(100 * accuracy.range)} % of the full scale of {in_unit(accuracy.full_scale, signal.unit)}"
        )
    meaning = "as a maximum permissible error"
    if accuracy.coverage_factor is not None:
        meaning = f"expanded with k = {number(accuracy.coverage_factor)}"
    return f"accuracy {' and '.join(parts) or '0 %'} {meaning}, where the capture declares none"


# ---------------------------------------------------------------- requirements


def _requirement(spec: Spec, requirement: Requirement) -> Iterator[str]:
    kind = spec.kind(requirement)
    clause = "" if requirement.clause is None else f", clause {requirement.clause}"
    title = "" if requirement.title is None else f": {requirement.title}"
    yield from heading(f"{requirement.id}{clause}{title}", "-")
    yield from wrapped(kind.sentence(requirement, spec.signals), 0)
    yield ""
    for check in kind.checks(requirement, spec.signals):
        yield from _check(check)
    yield ""
    yield from listed("Kind", f"{requirement.kind} ({requirement.severity})")
    yield from _choices(requirement)
    own = requirement.decision
    if own is not None:
        yield from listed("Decision", _rule(DecisionRule(own.rule, own.coverage_factor)) + "; of this clause alone")
    else:
        yield from listed("Decision", f"{spec.decision.rule}, as above")
    for condition in requirement.conditions:
        yield from listed("Condition", condition_phrase(condition, spec.signals[condition.signal]))
    yield from listed("Tests", "; ".join(_tests(spec, requirement)))
    if not requirement.applies:
        yield from listed("Not applied", requirement.reason or "")
    if requirement.note:
        yield from listed("Note", requirement.note)


def _check(check: CheckPlan) -> Iterator[str]:
    yield from wrapped(f"{check.name}: {limit_phrase(check.limit, check.display_unit)}", 2, 2)
    yield from wrapped(f"is {check.definition.text}", 4, 2)
    yield from wrapped(f"definition {check.definition.id}", 4)


def _choices(requirement: Requirement) -> Iterator[str]:
    """Every key of the kind, one to a line, with a mark where it is a default."""
    label = "Keys"
    for key, text, is_default in _spelled(requirement, ""):
        yield from listed(label, f"{key}: {text}" + ("   (default)" if is_default else ""))
        label = ""


def _spelled(model: BaseModel, prefix: str, all_default: bool = False) -> Iterator[tuple[str, str, bool]]:
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if value is None or (not prefix and name in _COMMON):
            continue
        is_default = all_default or name not in model.model_fields_set
        yield from _spelled_value(prefix + (info.alias or name), value, is_default)


def _spelled_value(key: str, value: Any, is_default: bool) -> Iterator[tuple[str, str, bool]]:
    if isinstance(value, BaseModel):
        yield from _spelled(value, f"{key}.", is_default)
    elif isinstance(value, tuple | list) and any(isinstance(item, BaseModel) for item in value):
        for index, item in enumerate(value):
            yield from _spelled_value(f"{key}[{index}]", item, is_default)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _spelled_value(f"{key}.{name}", item, is_default)
    else:
        yield key, in_words(value), is_default


def _tests(spec: Spec, requirement: Requirement) -> Iterator[str]:
    if requirement.tests is None:
        yield "every capture that has the signals (default)"
    for name in requirement.tests or ():
        test = spec.tests[name]
        title = "" if test.title is None else f" ({test.title})"
        yield f"{name}{title}, {test.repeat} time{'' if test.repeat == 1 else 's'}"
