"""Signals computed from others while blocks stream past: each derived signal once, however many use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from slacheck.contract import Block, Signals, leaves
from slacheck.measure.derive import Transform, make_transform
from slacheck.measure.windows import Timeline

if TYPE_CHECKING:
    from slacheck.contract import Samples


@dataclass(frozen=True, slots=True)
class Run:
    """What a derived signal was from the first to the last block.

    Parameters
    ----------
    span : (float, float) or None
        Times of its first and last value; None where it had none. [s]
    lost : (float, float)
        For how long it had no value of its own accord, in all and without a break. [s]
    flaw : float
        Bound of the error that the derivation itself adds to one value. [SI]
    """

    span: tuple[float, float] | None
    lost: tuple[float, float]
    flaw: float


class DerivedSignals:
    """Rows of recorded signals in, rows of the wanted signals out.

    Parameters
    ----------
    signals : mapping
        Signals of the spec.
    names : sequence of str
        Signals that are wanted, in the order of the rows that come out; on one grid.
    interval, longest : float
        Of the blocks that will come in; how long they are together at most. [s]

    Attributes
    ----------
    recorded : tuple of str
        Recorded signals, in the order of the rows that must come in.
    """

    def __init__(self, signals: Signals, names: Sequence[str], interval: float, longest: float) -> None:
        self._longest = longest
        self.recorded = tuple(dict.fromkeys(leaf for name in names for leaf in leaves(signals, name)))
        self._names = tuple(names)
        self._nodes: dict[str, _Node] = {}
        self._out = _Join(len(self._names))
        for name in names:
            self._add(signals, name, interval)

    def _add(self, signals: Signals, name: str, interval: float) -> float:
        """Put a signal and all behind it in the order of computing; the interval at which it has values. [s]"""
        derive = signals[name].derive
        if derive is None:
            return interval
        if name not in self._nodes:
            below = {self._add(signals, source, interval) for source in derive.sources}
            if len(below) != 1:
                raise ValueError(f"the sources of {name} are not on one grid")
            (own,) = below
            # what this record cannot give takes no memory either; `carried.unfit` says why
            fits = derive.window <= self._longest and (derive.step is None or not finer(derive.step, own))
            transform = make_transform(derive, own) if fits else _Nothing()
            self._nodes[name] = _Node(derive.sources, transform, own if derive.step is None else derive.step)
        return self._nodes[name].interval

    def push(self, block: Block) -> list[Block]:
        """What the wanted signals are at the times that this block completes, if any yet."""
        if not self._nodes:
            return [block]
        known = {
            name: [replace(block, samples=row[np.newaxis])]
            for name, row in zip(self.recorded, block.samples, strict=True)
        }
        for name, node in self._nodes.items():
            known[name] = node.push([known[source] for source in node.sources])
        return self._out.push([known[name] for name in self._names])

    def runs(self) -> dict[str, Run]:
        """What is to be said of each derived signal, once all blocks have come."""
        return {name: node.run() for name, node in self._nodes.items()}


class _Node:
    """One derived signal."""

    def __init__(self, sources: tuple[str, ...], transform: Transform, interval: float) -> None:
        self.sources = sources
        self.interval = interval
        self._transform = transform
        self._join = _Join(len(sources))
        self._first: float | None = None
        self._timeline = Timeline(interval)

    def run(self) -> Run:
        lost, flaw = getattr(self._transform, "lost", (0.0, 0.0)), getattr(self._transform, "flaw", 0.0)
        return Run(None if self._first is None else (self._first, self._timeline.last_time), lost, flaw)

    def push(self, rows: Sequence[list[Block]]) -> list[Block]:
        made = [self._transform.push(block) for block in self._join.push(rows)]
        given = [one for some in made for one in (some if isinstance(some, list) else [some])]
        blocks = [block for block in given if block is not None and block.samples.shape[1] > 0]
        for block in blocks:
            self._first = block.first_time if self._first is None else self._first
            self._timeline.enter(block)
        return blocks


class _Nothing:
    """A derivation that the record cannot carry."""

    def push(self, block: Block) -> None:
        """No value."""


def finer(step: float, interval: float) -> bool:
    """Whether values would be given more often than their source has any. [s]"""
    return step < interval * (1.0 - 1e-6)


class _Join:
    """Lines up signals that begin or arrive at different times; a row waits until all others have come as far."""

    def __init__(self, count: int) -> None:
        self._waiting: list[Block | None] = [None] * count
        self._timeline = Timeline(0.0)
        """Of the first row, whose times are those of all."""

    def push(self, rows: Sequence[list[Block]]) -> list[Block]:
        """Blocks of all rows over the indexes that all of them have."""
        if len(rows) == 1:
            return rows[0]
        made = [self._joined(one) for one in zip_longest(*rows)]
        return [block for block in made if block is not None]

    def _joined(self, rows: Sequence[Block | None]) -> Block | None:
        if rows[0] is not None:
            self._timeline.interval = rows[0].interval
            self._timeline.enter(rows[0])
        segment = max((block.segment for block in rows if block is not None), default=0)
        self._waiting = [_appended(old, new, segment) for old, new in zip(self._waiting, rows, strict=True)]
        waiting = [block for block in self._waiting if block is not None and block.segment == segment]
        if len(waiting) < len(rows):
            return None
        first = max(block.start for block in waiting)
        last = min(block.start + block.samples.shape[1] for block in waiting)
        self._waiting = [_cut(block, max(first, last), None) for block in waiting]
        if last <= first:
            return None
        parts = [_cut(block, first, last) for block in waiting]
        samples = np.concatenate([part.samples for part in parts])
        return replace(parts[0], samples=samples, first_time=self._timeline.time_at(first))


def _appended(old: Block | None, new: Block | None, segment: int) -> Block | None:
    """What waits, with what has come; what belongs to a segment that has ended waits for nothing."""
    if old is None or old.segment != segment or old.samples.shape[1] == 0:
        return new
    return old if new is None else replace(old, samples=np.concatenate((old.samples, new.samples), axis=1))


def _cut(block: Block, first: int, last: int | None) -> Block:
    """The part of a block from index `first` to before `last`."""
    skipped = max(0, first - block.start)
    samples: Samples = block.samples[:, skipped : None if last is None else last - block.start]
    if skipped == 0 and samples.shape == block.samples.shape:
        return block
    return replace(
        block,
        samples=np.ascontiguousarray(samples),
        start=block.start + skipped,
        first_time=block.first_time + skipped * block.interval,
    )
