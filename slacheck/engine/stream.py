"""One pass over a capture that feeds every meter; equal meters and equal streams exist once."""

from __future__ import annotations

import traceback
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from slacheck.contract import Accuracy, Block, Meter, MeterPlan, SignalFacts, Waveform
from slacheck.engine.grid import Gridder
from slacheck.engine.source import PIECE, Source, through, times_of, transforms
from slacheck.measure.derive import Transform
from slacheck.quality.facts import ChannelQuality

if TYPE_CHECKING:
    from slacheck.contract import Samples


class MeterFailed(RuntimeError):
    """A meter raised while it was fed; the text is its traceback."""


@dataclass(slots=True)
class Feed:
    """One group of signals as a stream of blocks, and the meters on it."""

    channels: tuple[str, ...]
    gridder: Gridder
    chains: tuple[list[Transform], ...]
    meters: dict[Hashable, Meter] = field(default_factory=dict)

    def blocks(self, times: Samples, columns: dict[str, Samples]) -> Iterator[Block]:
        """Blocks that the next samples of the channels complete."""
        samples = np.stack([columns[name] for name in self.channels])
        for block in self.gridder.push(times, samples):
            if not any(self.chains):
                yield block
            else:
                yield from self._derived(block)

    def _derived(self, block: Block) -> Iterator[Block]:
        """Each row through its own chain; the chains are alike, so the rows come out on one grid."""
        rows = [
            list(through(chain, Block(row[np.newaxis], block.segment, block.start, block.first_time, block.interval)))
            for chain, row in zip(self.chains, block.samples, strict=True)
        ]
        if rows[0]:
            first = rows[0][0]
            joined = np.concatenate([row[0].samples for row in rows])
            yield Block(joined, first.segment, first.start, first.first_time, first.interval)


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


def measure(source: Source, plans: Iterable[MeterPlan], channels: Iterable[str]) -> Readings:
    """Feed every planned meter in one pass over the capture.

    Parameters
    ----------
    source : Source
        The capture as signals.
    plans : iterable of MeterPlan
        Plans with equal keys share one meter.
    channels : iterable of str
        Channels whose quality is wanted, whether or not a meter reads them.
    """
    feeds = _feeds(source, plans)
    clock = source.capture.clock
    names = sorted({*channels, *(name for feed in feeds for name in feed.channels)})
    for name in names:
        source.quality[name] = ChannelQuality(source.capture.channels[name].clip, uneven=clock.times is not None)
    failures: dict[Hashable, str] = {}
    for first in range(0, clock.count, PIECE):
        last = min(first + PIECE, clock.count)
        columns = {name: source.capture.channels[name].read(first, last) for name in names}
        for name, samples in columns.items():
            source.quality[name].update(samples)
        if clock.fault is None:
            times = times_of(clock, first, last)
            for feed in feeds:
                _update(feed, times, columns, failures)
    return Readings(source, {key: meter for feed in feeds for key, meter in feed.meters.items()}, failures)


def _update(feed: Feed, times: Samples, columns: dict[str, Samples], failures: dict[Hashable, str]) -> None:
    for block in feed.blocks(times, columns):
        for key, meter in feed.meters.items():
            if key in failures:
                continue
            try:
                meter.update(block)
            except Exception:  # a bug of one meter must not take the others with it
                failures[key] = traceback.format_exc()


def _feeds(source: Source, plans: Iterable[MeterPlan]) -> list[Feed]:
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
            chains = [source.chain(name)[1] for name in plan.signals]
            feeds[place] = Feed(
                tuple(source.channel(name).name for name in plan.signals),
                Gridder(clock.interval, even=clock.times is None, bridge=plan.bridge),
                tuple(transforms(steps, clock.interval) for steps in chains),
            )
        feeds[place].meters[plan.key] = plan.build(intervals.pop())
    return list(feeds.values())
