"""One capture's part of a check, made where the capture is and joined to the others elsewhere, to the same bytes.

A long capture without gaps is cut into pieces of time (`engine.pieces`), beside which the meters that have to go
through all of it in order have tasks of their own. Any other long capture is cut by clauses: each share of the clauses
is measured in one pass of its own.

What travels back is what was measured, the gates beside it and the traces that a plot may need: no samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from slacheck.capture.capture import Capture
from slacheck.contract import Effect, Evaluation, Gate, MeterPlan, Witness
from slacheck.engine.binding import Binding, Draft, drafts_of, signals_of
from slacheck.engine.headroom import HeadroomReading, headroom_readings
from slacheck.engine.judge import asked_of, decide_draft, evaluate_draft, measure_capture
from slacheck.engine.pieces import (
    OrderFound,
    PieceFound,
    bounds_of,
    divided,
    is_even,
    measure_in_order,
    measure_piece,
    readings_of,
)
from slacheck.engine.source import Source
from slacheck.engine.stream import Readings
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
    drafts = _drafts(spec, binding, share)
    source = Source(binding.capture, spec.signals, binding.signals)
    return _evaluated(spec, binding, drafts, measure_capture(spec, source, drafts))


def _drafts(spec: Spec, binding: Binding, share: frozenset[str]) -> list[Draft]:
    chosen = [requirement for requirement in spec.requirements if requirement.id in share]
    return [d for r in chosen for d in drafts_of(spec, r, [binding]) if d.binding and d.reason is None]


def _evaluated(spec: Spec, binding: Binding, drafts: Sequence[Draft], readings: Readings) -> Portion:
    source = readings.source
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


@dataclass(slots=True)
class Dissected:
    """A capture and what a spec wants of it, for measuring it in pieces.

    Parameters
    ----------
    spec : Spec
    binding : Binding
    """

    spec: Spec
    binding: Binding
    source: Source = field(init=False)
    drafts: list[Draft] = field(init=False)
    signals: list[str] = field(init=False)
    divisible: list[MeterPlan] = field(init=False)
    ordered: list[MeterPlan] = field(init=False)

    def __post_init__(self) -> None:
        """Which meters may look at pieces."""
        self.source = Source(self.binding.capture, self.spec.signals, self.binding.signals)
        self.drafts = _drafts(self.spec, self.binding, frozenset(one.id for one in self.spec.requirements))
        plans, signals = asked_of(self.spec, self.source, self.drafts)
        self.signals = [*signals, *(name for plan in plans for name in plan.signals)]
        self.divisible, self.ordered = divided(self.source, plans)

    def cuts(self, most: int, least: int) -> Cuts | None:
        """Pieces, at most so many and none of fewer than `least` samples; None where there is nothing to be gained."""
        clock = self.binding.capture.clock
        channels = {channel.name: channel for name in self.signals for channel in self.source.channels(name)}
        if not (self.divisible and is_even(clock) and all(one.stays_in_file for one in channels.values())):
            return None
        if clock.count < 2 * least:
            return None
        lots: dict[tuple[str, ...], list[int]] = {}
        for number, plan in enumerate(self.ordered):  # those of the same signals share what is derived
            lots.setdefault(plan.signals, []).append(number)
        ways = min(most, len(lots))
        orders = (chain.from_iterable(list(lots.values())[way::ways]) for way in range(ways))
        pieces = bounds_of(clock.count, min(most, clock.count // least))
        return Cuts(tuple(pieces), tuple(map(tuple, orders)))

    def piece(self, bounds: tuple[int, int]) -> PieceFound | None:
        """What is found between two samples; None if any is missing there."""
        return measure_piece(self.source, self.divisible, self.signals, bounds)

    def in_order(self, chosen: Sequence[int]) -> OrderFound:
        """What some of the meters read that need the whole."""
        return measure_in_order(self.source, [self.ordered[number] for number in chosen])

    def portion(self, whole: PieceFound, others: Sequence[OrderFound]) -> Portion:
        """The portion of the capture from all that was found in it."""
        return _evaluated(self.spec, self.binding, self.drafts, readings_of(self.source, whole, others))


@dataclass(frozen=True, slots=True)
class Cuts:
    """How a capture is shared out.

    Parameters
    ----------
    pieces : tuple of (int, int)
        First sample and the one after the last.
    orders : tuple of tuple of int
        Numbers of the meters that go through the whole together.
    """

    pieces: tuple[tuple[int, int], ...]
    orders: tuple[tuple[int, ...], ...]


def _witnesses(spec: Spec, draft: Draft) -> Iterator[Witness]:
    """Of the check that decides, as it is and where repeats that other captures lack bar a PASS."""
    barred = Gate("repeats_missing", Effect.NO_PASS, False, None, None, "")
    gates = {index: (*given, barred) for index, given in draft.gates.items()}
    for one in (draft, replace(draft, gates=gates)):
        decider = decide_draft(spec, one).decider
        if decider is not None and decider.measurement.witness is not None:
            yield decider.measurement.witness
