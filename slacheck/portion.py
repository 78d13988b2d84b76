"""One capture's part of a check, made where the capture is and joined to the others elsewhere, to the same bytes.

A long capture is cut by clauses, not by time: each share of the clauses is measured in one pass of its own, so that
nothing has to be put together from pieces that a filter or a window reaches across.

What travels back is what was measured, the gates beside it and the traces that a plot may need: no samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from slacheck.capture.capture import Capture
from slacheck.contract import Effect, Evaluation, Gate, Witness
from slacheck.engine.binding import Binding, Draft, drafts_of, signals_of
from slacheck.engine.headroom import HeadroomReading, headroom_readings
from slacheck.engine.judge import decide_draft, evaluate_draft, measure_capture
from slacheck.engine.source import Source
from slacheck.evidence.trace import Trace
from slacheck.evidence.witness import trace_of
from slacheck.quality.facts import ChannelQuality
from slacheck.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Request:
    """A recording to be measured: its id and file, the test it was made under, where its signals stand."""

    id: str
    path: Path
    test: str | None = None
    signals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one requirement on the capture."""

    evaluation: Evaluation | None
    gates: Mapping[int, tuple[Gate, ...]]
    notes: tuple[str, ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class Portion:
    """What one capture gives to a check.

    Parameters
    ----------
    capture : Capture
        Without its samples.
    parts : mapping
        By requirement id, for those that were judged on the capture.
    quality : mapping
        As of `engine.source.Source`.
    traces : mapping
        By requirement id and witness, for every check that may decide.
    headroom : tuple of HeadroomReading
        Of the spec's remedies.
    """

    capture: Capture
    parts: Mapping[str, Part]
    quality: dict[tuple[str, ...], ChannelQuality]
    traces: Mapping[tuple[str, Witness], Trace | None]
    headroom: tuple[HeadroomReading, ...]

    def fill(self, draft: Draft) -> None:
        """Put what was measured into a draft."""
        part = self.parts[draft.requirement.id]
        draft.evaluation, draft.gates = part.evaluation, dict(part.gates)
        draft.notes, draft.error = part.notes, part.error


def shares_of(spec: Spec, count: int) -> list[frozenset[str]]:
    """Requirement ids in at most `count` shares of about equal number, those of the same signals and kind together."""
    kinds = list(spec.kinds)
    alike = sorted(spec.requirements, key=lambda one: (signals_of(spec, one), kinds.index(one.kind), one.id))
    count = max(1, min(count, len(alike)))
    edges = [len(alike) * share // count for share in range(count + 1)]
    return [frozenset(one.id for one in alike[first:last]) for first, last in itertools.pairwise(edges)]


def joined(portions: Sequence[Portion]) -> Portion:
    """The portion of one capture from those of all its shares."""
    return replace(
        portions[0],
        parts={name: part for portion in portions for name, part in portion.parts.items()},
        quality={group: quality for portion in portions for group, quality in portion.quality.items()},
        traces={place: trace for portion in portions for place, trace in portion.traces.items()},
    )


def measure_portion(spec: Spec, binding: Binding, share: frozenset[str]) -> Portion:
    """Measure one capture for those requirements of a share that are judged on it.

    Raises
    ------
    CaptureError
        If it cannot be read as the spec needs it.
    """
    chosen = [requirement for requirement in spec.requirements if requirement.id in share]
    drafts = [d for r in chosen for d in drafts_of(spec, r, [binding]) if d.binding and d.reason is None]
    source = Source(binding.capture, spec.signals, binding.signals)
    readings = measure_capture(spec, source, drafts)
    for draft in drafts:
        evaluate_draft(spec, draft, readings)
    traces = {
        (draft.requirement.id, witness): trace_of(spec, witness, source)
        for draft in drafts
        for witness in _witnesses(spec, draft)
    }
    binding.capture.check_unchanged()
    clock = replace(binding.capture.clock, times=None)
    return Portion(
        capture=replace(
            binding.capture,
            clock=clock,
            channels={name: replace(channel, values=None) for name, channel in binding.capture.channels.items()},
        ),
        parts={d.requirement.id: Part(d.evaluation, d.gates, d.notes, d.error) for d in drafts},
        quality=source.quality,
        traces=traces,
        headroom=tuple(headroom_readings(spec, readings)),
    )


def _witnesses(spec: Spec, draft: Draft) -> Iterator[Witness]:
    """Of the check that decides, as it is and where repeats that other captures lack bar a PASS."""
    barred = Gate("repeats_missing", Effect.NO_PASS, False, None, None, "")
    gates = {index: (*given, barred) for index, given in draft.gates.items()}
    for one in (draft, replace(draft, gates=gates)):
        decider = decide_draft(spec, one).decider
        if decider is not None and decider.measurement.witness is not None:
            yield decider.measurement.witness
