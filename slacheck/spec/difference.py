"""Two specs in meaning: what one demands that the other does not, and what only reads otherwise.

Both are compared as slacheck understands them, with every default filled in and every quantity in
SI units: formatting, comments, the order of keys, clauses and signals, `5 MW` for `5000 kW`, and a
default that is spelled out are no difference. Signals and tests are matched by name, requirements
by id; a clause that was only given another id is found again by its content.

Words (titles, notes, clause numbers, how a test is made, version and parties) are listed apart:
slacheck measures nothing by them, and does not judge whether they still say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from slacheck.contract import Accuracy, DecisionRule, Derive, Signal
from slacheck.language import Requirement
from slacheck.spec.changes import Change, Effect, changes_of, normal
from slacheck.spec.model import Spec, Test
from slacheck.spec.phrases import in_unit, number
from slacheck.spec.strict import in_words

Category = Literal[
    "added",
    "removed",
    "renamed",
    "kind",
    "limit",
    "definition",
    "tests",
    "conditions",
    "severity",
    "applies",
    "decision",
    "signal",
    "remedies",
    "text",
]
_WORDS = frozenset({"title", "clause", "note", "reason"})
_APART = _WORDS | {"id", "kind", "tests", "severity", "conditions", "applies", "decision"}
"""Keys of a requirement that are not part of what is measured against which limit."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two specs differ.

    Parameters
    ----------
    part : str
        `DYN-1`, `signal pcc_power`, `test full_load_step`, or `spec`.
    category : str
        What differs; `text` is the only one that changes nothing that is measured or decided.
    key : str
        Where in the part: `limits.dip.max`.
    old, new : str, optional
        Both values, as the documents write them.
    effect, percent
        What the change of a limit does, and by how much in % of the old one.
    affects : tuple of str
        Of a signal: the requirements that rest on it, in either spec.
    """

    part: str
    category: Category
    key: str = ""
    old: str | None = None
    new: str | None = None
    effect: Effect | None = None
    percent: float | None = None
    affects: tuple[str, ...] = ()


def difference(old: Spec, new: Spec) -> tuple[Difference, ...]:
    """Everything in which two specs differ, words last; empty if they mean and say the same."""
    found = [*_heads(old, new), *_signals(old, new), *_tests(old, new), *_requirements(old, new), *_remedies(old, new)]
    return tuple(sorted(found, key=lambda one: one.category == "text"))


def means_the_same(differences: tuple[Difference, ...]) -> bool:
    """Whether nothing but words differs."""
    return all(one.category == "text" for one in differences)


# ---------------------------------------------------------------- head and tests


def _heads(old: Spec, new: Spec) -> Iterator[Difference]:
    yield from _facets("spec", "decision", _decision(old.decision), _decision(new.decision))
    yield from _facets("spec", "definition", _required(old), _required(new))
    yield from _facets("spec", "text", _said(old), _said(new))


def _decision(rule: DecisionRule) -> dict[str, str]:
    return {"decision.rule": rule.rule, "decision.coverage_factor": number(rule.coverage_factor)}


def _required(spec: Spec) -> dict[str, str]:
    return {f"require: {name}": "yes" for name in spec.require}


def _said(spec: Spec) -> dict[str, str | None]:
    own = {"id": spec.id, "title": spec.title, "version": spec.version, "description": spec.description}
    return own | {"strict": str(spec.strict).lower()} | {f"contract.{key}": text for key, text in spec.contract.items()}


def _tests(old: Spec, new: Spec) -> Iterator[Difference]:
    for name in _names(old.tests, new.tests):
        part, before, after = f"test {name}", old.tests.get(name), new.tests.get(name)
        if before is None or after is None:
            yield Difference(part, "added" if before is None else "removed")
        else:
            yield from _facets(part, "tests", {"repeat.count": str(before.repeat)}, {"repeat.count": str(after.repeat)})
            yield from _facets(part, "text", _words_of(before), _words_of(after))


def _words_of(test: Test) -> dict[str, str | None]:
    return {"title": test.title, "description": test.description}


def _names(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys((*old, *new)))


def _facets(
    part: str,
    category: Category,
    old: Mapping[str, str | None],
    new: Mapping[str, str | None],
    affects: tuple[str, ...] = (),
) -> Iterator[Difference]:
    """What differs in two descriptions of one part, key by key."""
    for key in _names(old, new):
        before, after = old.get(key), new.get(key)
        if before != after:
            yield Difference(part, category, key, before, after, affects=affects)


# ---------------------------------------------------------------- remedies


def _remedies(old: Spec, new: Spec) -> Iterator[Difference]:
    """What failures cost, key by key; a title or a number of a clause is words."""
    before, after = (dict(_flat("", spec.resolved.get("remedies", {}))) for spec in (old, new))
    for key in _names(before, after):
        category: Category = "text" if key.rpartition(".")[2] in _WORDS else "remedies"
        yield from _facets("remedies", category, {key: before.get(key)}, {key: after.get(key)})


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}" if key else str(name), inner)
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        for index, inner in enumerate(value):
            yield from _flat(f"{key}[{index}]", inner)
    elif value not in ([], {}):
        yield key, in_words(value)


# ---------------------------------------------------------------- signals


def _signals(old: Spec, new: Spec) -> Iterator[Difference]:
    for name in _names(old.signals, new.signals):
        part, before, after = f"signal {name}", old.signals.get(name), new.signals.get(name)
        affected = tuple(dict.fromkeys((*_resting(old, name), *_resting(new, name))))
        if before is None or after is None:
            yield Difference(part, "added" if before is None else "removed", affects=affected)
        else:
            unit = min(before.unit, after.unit) if before.base == after.base else None
            yield from _facets(part, "signal", _described(before, unit), _described(after, unit), affected)


def _described(signal: Signal, unit: str | None) -> dict[str, str | None]:
    """What is meant by a signal, shown in `unit` whatever its own: in which one it is written does not count."""
    unit = unit or signal.unit
    return {
        "quantity": f"{signal.quantity} in {signal.base}",
        "rated": None if signal.rated is None else in_unit(signal.rated, unit),
        "channel": None if signal.derive is not None else signal.channel or signal.name,
        "waveform": signal.waveform,
        **({} if signal.accuracy is None else _accuracy(signal.accuracy, unit)),
        **({} if signal.derive is None else _derive(signal.derive)),
    }


def _accuracy(accuracy: Accuracy, unit: str) -> dict[str, str | None]:
    full_scale, factor = accuracy.full_scale, accuracy.coverage_factor
    return {
        "accuracy.reading": in_unit(accuracy.reading, "%"),
        "accuracy.range": in_unit(accuracy.range, "%"),
        "accuracy.full_scale": None if full_scale is None else in_unit(full_scale, unit),
        "accuracy.coverage_factor": None if factor is None else number(factor),
    }


def _derive(derive: Derive) -> dict[str, str | None]:
    return {
        "derive": f"{derive.operation} of {', '.join(derive.sources)}",
        "derive.window": in_unit(derive.window, "s"),
        "derive.step": None if derive.step is None else in_unit(derive.step, "s"),
        "derive.part": derive.part,
        "derive.frequency": None if derive.frequency is None else in_unit(derive.frequency, "Hz"),
        "derive.order": str(derive.order),
        "derive.factor": number(derive.factor),
    }


def _resting(spec: Spec, name: str) -> Iterator[str]:
    """Requirements that look at a signal, at one derived from it, or at it in a condition."""
    for requirement in spec.requirements:
        asked = {*spec.kind(requirement).signals(requirement), *(c.signal for c in requirement.conditions)}
        waiting, known = list(asked), set(asked)
        while waiting:
            derive = spec.signals[waiting.pop()].derive
            more = set(() if derive is None else derive.sources) - known
            known |= more
            waiting += more
        if name in known:
            yield requirement.id


# ---------------------------------------------------------------- requirements


def _requirements(old: Spec, new: Spec) -> Iterator[Difference]:
    before, after = ({r.id: r for r in spec.requirements} for spec in (old, new))
    renamed = dict(_renamed(before, after))
    for name in _names(before, after):
        if name in renamed:
            yield Difference(name, "renamed", "id", name, renamed[name])
            yield from _one(before[name], after[renamed[name]], old, new)
        elif name in before and name in after:
            yield from _one(before[name], after[name], old, new)
        elif name not in renamed.values():
            gone, requirement = name in before, before.get(name) or after[name]
            yield Difference(name, "removed" if gone else "added", "kind", *_sides(requirement.kind, gone))


def _sides(text: str, gone: bool) -> tuple[str | None, str | None]:
    return (text, None) if gone else (None, text)


def _renamed(before: Mapping[str, Requirement], after: Mapping[str, Requirement]) -> Iterator[tuple[str, str]]:
    """Requirements of the old spec that stand in the new one under another id, and that id."""
    free = [name for name in after if name not in before]
    for name in (name for name in before if name not in after):
        match = next((other for other in free if _content(before[name]) == _content(after[other])), None)
        if match is not None:
            free.remove(match)
            yield name, match


def _content(requirement: Requirement) -> Any:
    """All that a requirement means, apart from its name and its words."""
    asked = [name for name in type(requirement).model_fields if name not in _WORDS | {"id"}]
    return requirement.kind, tuple((name, normal(getattr(requirement, name))) for name in asked)


def _one(before: Requirement, after: Requirement, old: Spec, new: Spec) -> Iterator[Difference]:
    """What differs in one requirement."""
    part = after.id
    if before.kind != after.kind:
        yield Difference(part, "kind", "kind", before.kind, after.kind)
    else:
        yield from _definitions(before, after, old, new)
        is_same = _limits(before, old) == _limits(after, new)
        for change in changes_of(before, after, _APART):
            if not (change.is_limit and is_same):
                yield _from_change(part, change)
    yield from _facets(part, "tests", _run_under(before), _run_under(after))
    yield from _conditions(before, after)
    yield from _facets(part, "severity", {"severity": before.severity}, {"severity": after.severity})
    yield from _facets(part, "applies", _applies(before), _applies(after))
    yield from _own_decisions(before, after, old, new)
    yield from _facets(part, "text", _words(before), _words(after))


def _words(requirement: Requirement) -> dict[str, str | None]:
    return {name: getattr(requirement, name) for name in sorted(_WORDS)}


def _from_change(part: str, change: Change) -> Difference:
    category: Category = "limit" if change.is_limit else "definition"
    return Difference(part, category, change.key, change.old, change.new, change.effect, change.percent)


def _definitions(before: Requirement, after: Requirement, old: Spec, new: Spec) -> Iterator[Difference]:
    """Checks that stand in both, but are measured by another definition."""
    there, here = _definition_ids(before, old), _definition_ids(after, new)
    shared = here.keys() & there.keys()
    yield from _facets(
        after.id,
        "definition",
        {key: text for key, text in there.items() if key in shared},
        {key: text for key, text in here.items() if key in shared},
    )


def _definition_ids(requirement: Requirement, spec: Spec) -> dict[str, str]:
    checks = spec.kind(requirement).checks(requirement, spec.signals)
    return {f"{check.name}: definition": check.definition.id for check in checks}


def _limits(requirement: Requirement, spec: Spec) -> list[Any]:
    """What is measured, against which limits, in base units: `0.05 pu` is no other limit than `5 %` of the same."""
    checks = spec.kind(requirement).checks(requirement, spec.signals)
    return [(check.name, check.limit, check.unit, check.definition) for check in checks]


def _applies(requirement: Requirement) -> dict[str, str | None]:
    return {"applies": str(requirement.applies).lower()}


def _run_under(requirement: Requirement) -> dict[str, str | None]:
    return {"tests": None if requirement.tests is None else ", ".join(sorted(set(requirement.tests)))}


def _conditions(before: Requirement, after: Requirement) -> Iterator[Difference]:
    """Conditions that only one of them makes, in whatever order."""
    sides = [{normal(condition): in_words(condition) for condition in one.conditions} for one in (before, after)]
    for index, (mine, other) in enumerate((sides, sides[::-1])):
        for text in (text for meaning, text in mine.items() if meaning not in other):
            yield Difference(after.id, "conditions", "conditions", *_sides(text, index == 0))


def _own_decisions(before: Requirement, after: Requirement, old: Spec, new: Spec) -> Iterator[Difference]:
    """The rule in force, where either requirement has one of its own."""
    if before.decision is None and after.decision is None:
        return
    rules = [
        spec.decision if own is None else DecisionRule(own.rule, own.coverage_factor)
        for own, spec in ((before.decision, old), (after.decision, new))
    ]
    yield from _facets(after.id, "decision", _decision(rules[0]), _decision(rules[1]))
