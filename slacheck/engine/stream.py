"""One pass over a capture that feeds every meter; equal meters and equal streams exist once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from slacheck.contract import Accuracy, Block, Meter, MeterPlan, SignalFacts, Waveform, leaves
from slacheck.engine.derived import DerivedSignals
from slacheck.engine.grid import Gridder
from slacheck.engine.lanes import Lane, lanes_of
from slacheck.engine.source import PIECE, Source, span_of, times_of
from slacheck.quality.facts import ChannelQuality
from slacheck.quality.gates import possible_range

if TYPE_CHECKING:
    from slacheck.capture.capture import Clock
    from slacheck.contract import Samples


_FREED = 31 << 20
"""Bytes. glibc keeps freed memory up to twice the largest block that was ever given back, at most 32 MB."""


class MeterFailed(RuntimeError):
    """A meter raised while it was fed; the text is its traceback."""


@dataclass(slots=True)
class Feed:
    """One group of signals as a stream of blocks, and the meters on it."""

    channels: tuple[str, ...]
    gridder: Gridder
    derived: DerivedSignals
    meters: dict[Hashable, Meter] = field(default_factory=dict)
    lanes: list[Lane] = field(default_factory=list)

    def blocks(self, clock: Clock, first: int, columns: dict[str, Samples]) -> Iterator[Block]:
        """Blocks that the next samples of the channels complete, of which `first` is the first of the capture's."""
        rows = [columns[name] for name in self.channels]
        samples = rows[0][np.newaxis] if len(rows) == 1 else np.stack(rows)
        last = first + samples.shape[1]
        span = span_of(clock, first, last)
        even = None if span is None else self.gridder.follow(span, samples)
        found = self.gridder.push(times_of(clock, first, last), samples) if even is None else (even,)
        for recorded in found:
            yield from self.derived.push(recorded)


@dataclass(slots=True)
class Readings:
    """What one pass measured on one capture. Implements `contract.Measurements` but for k."""

    source: Source
    meters: dict[Hashable, Meter]
    failures: dict[Hashable, str]
    coverage_factor: float = 2.0
    _taken: dict[Hashable, Any] = field(default_factory=dict)

    def reading(self, key: Hashable) -> Any:
        """Reading of a meter, taken once."""
        if key in self.failures:
            raise MeterFailed(self.failures[key])
        if key not in self._taken:
            self._taken[key] = self.meters[key].reading()
        return self._taken[key]

    def window(self, signal: str, start: float, end: float) -> Waveform:
        """Samples of a short interval at their own times."""
        return self.source.window(signal, start, end)

    def facts(self, signal: str) -> SignalFacts:
        """What is known of the record of a signal."""
        return self.source.facts(signal)

    def accuracy(self, signal: str) -> Accuracy | None:
        """Accuracy in force."""
        return self.source.accuracy(signal)

    def at(self, coverage_factor: float) -> Readings:
        """The same readings for a requirement with its own coverage factor."""
        return Readings(self.source, self.meters, self.failures, coverage_factor, self._taken)


def measure(source: Source, plans: Iterable[MeterPlan], signals: Iterable[str]) -> Readings:
    """Feed every planned meter in one pass over the capture.

    Parameters
    ----------
    source : Source
        The capture as signals.
    plans : iterable of MeterPlan
        Plans with equal keys share one meter.
    signals : iterable of str
        Signals whose facts are wanted, whether or not a meter reads them.
    """
    plans = tuple(plans)
    source.quality.update(qualities(source, (*signals, *(name for plan in plans for name in plan.signals))))
    through = Pass(source, feeds_of(source, plans))
    through.run(0, source.capture.clock.count)
    return through.finish()


def qualities(source: Source, signals: Iterable[str]) -> dict[tuple[str, ...], ChannelQuality]:
    """What is to be found of the channels behind these signals: one by one, and together where a signal needs several.

    Channels together are missing where any of them is.
    """
    wanted = tuple(dict.fromkeys(signals))
    groups = sorted({tuple(dict.fromkeys(c.name for c in source.channels(name))) for name in wanted})
    several = [group for group in groups if len(group) > 1]
    recorded = sorted({leaf for name in wanted for leaf in leaves(source.signals, name)})
    possible = {source.channel(leaf).name: possible_range(source.signals[leaf]) for leaf in recorded}
    singles = {
        (name,): ChannelQuality(
            source.capture.channels[name].clip,
            uneven=source.capture.clock.times is not None,
            extremes=any(name in group for group in several),
            possible=possible.get(name),
        )
        for name in sorted({name for group in groups for name in group})
    }
    return singles | {group: ChannelQuality() for group in several}


@dataclass(slots=True)
class Pass:
    """One way through a capture, or through a piece of it."""

    source: Source
    feeds: list[Feed]

    def run(self, first: int, last: int) -> None:
        """Look at the samples first .. last - 1, and feed them to every meter."""
        np.empty(_FREED, np.uint8)  # given back at once, so that what blocks need is not mapped anew for each of them
        for start in range(first, last, PIECE):
            self._take(start, self._read(start, min(start + PIECE, last)))

    def _read(self, first: int, last: int) -> dict[str, Samples]:
        """The samples first .. last - 1 of every channel."""
        looked_at = (group[0] for group in self.source.quality if len(group) == 1)
        names = dict.fromkeys((*looked_at, *(name for feed in self.feeds for name in feed.channels)))
        return {name: self.source.capture.channels[name].read(first, last) for name in names}

    def _take(self, first: int, columns: dict[str, Samples]) -> None:
        """Look at some samples of the channels, and feed every meter the blocks that they complete."""
        clock = self.source.capture.clock
        for group, quality in self.source.quality.items():
            quality.update(together([columns[name] for name in group]))
        for feed in self.feeds if clock.fault is None else ():
            blocks = list(feed.blocks(clock, first, columns))
            for lane in feed.lanes:
                lane.push(blocks)

    def finish(self) -> Readings:
        """What was measured, after the last samples."""
        failures: dict[Hashable, str] = {}
        for feed in self.feeds:
            self.source.runs.update(feed.derived.runs())
            for lane in feed.lanes:
                lane.finish()
                failures |= lane.failures
        meters = {key: meter for feed in self.feeds for key, meter in feed.meters.items()}
        return Readings(self.source, meters, failures)


def together(columns: Sequence[Samples]) -> Samples:
    """What stands for several channels where only the missing samples of any of them matter; shape as each."""
    one, *others = columns
    return sum(others, one)


def feeds_of(source: Source, plans: Iterable[MeterPlan]) -> list[Feed]:
    """Streams of blocks for these plans, each with its meters; equal plans have one meter.

    Raises
    ------
    ValueError
        If the signals of a plan are not on one grid.
    """
    feeds: dict[tuple[tuple[str, ...], float], Feed] = {}
    seen: set[Hashable] = set()
    clock = source.capture.clock
    for plan in plans:
        if plan.key in seen:
            continue
        seen.add(plan.key)
        intervals = {source.grid_interval(name) for name in plan.signals}
        if len(intervals) != 1:
            raise ValueError(f"the signals {plan.signals} of one meter are not on one grid")
        place = (plan.signals, plan.bridge)
        if place not in feeds:
            derived = source.derived(plan.signals)
            feeds[place] = Feed(
                tuple(source.channel(name).name for name in derived.recorded),
                Gridder(clock.interval, even=clock.times is None, bridge=plan.bridge),
                derived,
            )
        feeds[place].meters[plan.key] = plan.build(intervals.pop())
    for feed in feeds.values():
        feed.lanes = lanes_of(feed.meters)
    return list(feeds.values())
