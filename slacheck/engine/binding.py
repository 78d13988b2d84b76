"""Which requirement looks at which capture, and whether the test was repeated often enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slacheck.contract import Effect, Evaluation, Gate, Reason
from slacheck.engine.source import Source
from slacheck.language import Requirement
from slacheck.spec.model import Spec

if TYPE_CHECKING:
    from slacheck.capture.capture import Capture


@dataclass(frozen=True, slots=True)
class Binding:
    """A capture, the test it was made under, and how its channels map to signals."""

    capture: Capture
    test: str | None = None
    signals: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """A requirement on one capture before it is decided.

    `reason` says why nothing can be measured; `error` is the traceback of a bug.
    """

    requirement: Requirement
    binding: Binding | None
    evaluation: Evaluation | None = None
    gates: dict[int, tuple[Gate, ...]] = field(default_factory=dict)
    reason: Reason | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None


def drafts_of(spec: Spec, requirement: Requirement, bindings: Sequence[Binding]) -> Iterator[Draft]:
    """One draft for each capture that the requirement is judged on, at least one in all."""
    if not requirement.applies:
        yield Draft(requirement, None)
        return
    names = signals_of(spec, requirement)
    meant = [b for b in bindings if requirement.tests is None or b.test is None or b.test in requirement.tests]
    missing = {id(b): _missing(spec, b, names) for b in meant}
    able = [b for b in meant if not missing[id(b)]]
    for binding in meant:
        if not missing[id(binding)]:
            yield Draft(requirement, binding)
        elif requirement.tests is not None and (binding.test is not None or not able):
            yield Draft(requirement, binding, reason=_channel_missing(binding, missing[id(binding)]))
    if not able and (requirement.tests is None or not meant):
        yield Draft(requirement, None, reason=_no_capture(requirement, names, bindings))


def signals_of(spec: Spec, requirement: Requirement) -> tuple[str, ...]:
    """Every signal a requirement looks at, the conditions' included."""
    wanted = (*spec.kind(requirement).signals(requirement), *(c.signal for c in requirement.conditions))
    return tuple(dict.fromkeys(wanted))


def channels_of(spec: Spec, overrides: Mapping[str, str]) -> frozenset[str]:
    """Every channel of a capture that a spec may look at, with the names that the submission or `--map` gives it."""
    recorded = [signal for signal in spec.signals.values() if signal.derive is None]
    return frozenset(overrides.get(signal.name) or signal.channel or signal.name for signal in recorded)


def _missing(spec: Spec, binding: Binding, names: Sequence[str]) -> list[str]:
    source = Source(binding.capture, spec.signals, binding.signals)
    return [name for name in names if not source.has(name)]


def _channel_missing(binding: Binding, names: Sequence[str]) -> Reason:
    has = ", ".join(list(binding.capture.channels)[:8])
    return Reason(
        "channel_missing",
        f"The capture {binding.capture.id} has no channel for {', '.join(names)} (it has: {has}). Record it, or map "
        f"the signal to its channel with --map SIGNAL=CHANNEL or in the submission.",
    )


def _no_capture(requirement: Requirement, names: Sequence[str], bindings: Sequence[Binding]) -> Reason:
    if requirement.tests:
        what = f"of the test{'s' if len(requirement.tests) > 1 else ''} {', '.join(requirement.tests)}"
    else:
        what = f"that has the signal{'s' if len(names) > 1 else ''} {', '.join(names)}"
    return Reason(
        "no_capture",
        f"None of the {len(bindings)} captures is one {what}. Record one (`slacheck plan` says what), or map the "
        f"signals to its channels with --map SIGNAL=CHANNEL.",
    )


def count_repeats(spec: Spec, drafts: Sequence[Draft]) -> None:
    """Captures of each test, or events found in them, against the test's `repeat.count`.

    The same bytes under another name are no repeat. Too few block a PASS where the captures are
    bound to the test; a capture that stands for every test (command line without `--test`) only
    gets a note.
    """
    for requirement in spec.requirements:
        for name in requirement.tests or ():
            mine = [d for d in drafts if d.requirement is requirement and d.evaluation and _stands_for(d, name)]
            distinct = {_digests(draft): draft.evaluation for draft in mine}.values()
            events = [e.events for e in distinct if e is not None and e.events is not None]
            found, what = (sum(events), "events") if events else (len(distinct), "captures")
            wanted = spec.tests[name].repeat
            if found < wanted:
                _note_missing(mine, name, (found, wanted), what)


def _note_missing(drafts: Sequence[Draft], test: str, counts: tuple[int, int], what: str) -> None:
    found, wanted = counts
    sentence = (
        f"The test {test} asks for {wanted} repeats; {found} distinct {what} were found; record {wanted - found} more."
    )
    gate = Gate("repeats_missing", Effect.NO_PASS, False, float(found), float(wanted), sentence)
    for draft in drafts:
        if draft.binding and draft.binding.test is None:
            draft.notes = (*draft.notes, sentence)
        else:
            draft.gates = {index: (*gates, gate) for index, gates in draft.gates.items()}


def _stands_for(draft: Draft, test: str) -> bool:
    return draft.binding is not None and draft.binding.test in (test, None)


def _digests(draft: Draft) -> tuple[str, ...]:
    """Digests of the recording, the sidecar apart; of arrays in memory, which have none, the id."""
    if draft.binding is None:
        return ()
    capture = draft.binding.capture
    return tuple(file.sha256 for file in capture.files if file.role != "sidecar") or (capture.id,)
