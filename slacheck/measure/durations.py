"""How long a signal lies beyond levels: the longest run, or the largest sum of runs in a window.

Everything here looks at *below*: a meter for high levels turns the signal upside down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from slacheck.measure.runs import TICKS, Joiner, RunFinder, Runs
from slacheck.measure.windows import Timeline

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

MOST_KEPT = 256
"""Longest runs whose places are kept, where a reading is asked for places."""

Mode = Literal["duration_below", "event", "anchored", "cumulative"]


@dataclass(frozen=True, slots=True)
class Extent:
    """The longest time below a level.

    Parameters
    ----------
    value : int
        [ticks]
    inner : int
        What the samples prove of it. [ticks]
    outer : int
        Most that the samples allow, over all runs that are not cut. [ticks]
    runs, most_runs : int
        Runs that `value` is the sum of; most runs in any sum.
    cut : bool
        Whether some run lasted longer than the record shows.
    start, end : float
        Of the worst. [s]
    extreme, deepest : float
        Lowest sample of the worst, and of all runs. [SI]
    places : tuple of (float, float, float, bool)
        Start, end, what the samples prove of it [s] and whether it is cut, where places were asked for.
    found, dropped : int
        Runs found, and those of which no place was kept.
    """

    value: int = 0
    inner: int = 0
    outer: int = 0
    runs: int = 0
    most_runs: int = 0
    cut: bool = False
    start: float = 0.0
    end: float = 0.0
    extreme: float = 0.0
    deepest: float = 0.0
    places: tuple[tuple[float, float, float, bool], ...] = ()
    found: int = 0
    dropped: int = 0


def turned(extent: Extent) -> Extent:
    """An extent found on a signal that was turned upside down."""
    return replace(extent, extreme=-extent.extreme, deepest=-extent.deepest)


@dataclass(slots=True)
class Clock:
    """From ticks on the record's grid to seconds."""

    interval: float
    origin: float = 0.0
    index: int = 0

    def time(self, ticks: int) -> float:
        """Seconds from the first sample of the capture."""
        return self.origin + (ticks / TICKS - self.index) * self.interval


@dataclass(slots=True)
class Unseen:
    """Where a signal has values: the first, the last, and the longest time from one to the next."""

    interval: float
    _timeline: Timeline = field(init=False)
    _first: float | None = None
    _longest: float = 0.0

    def __post_init__(self) -> None:
        """Nothing seen yet."""
        self._timeline = Timeline(self.interval)

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        last = self._timeline.last_time
        if self._timeline.enter(block) and self._first is not None:
            self._longest = max(self._longest, block.first_time - last)
        self._first = block.first_time if self._first is None else self._first

    def reading(self) -> tuple[float, float, float] | None:
        """Times of the first and last value, longest time between two; None without any value. [s]"""
        longest = max(self._longest, self.interval)
        return None if self._first is None else (self._first, self._timeline.last_time, longest)


@dataclass(slots=True)
class Longest:
    """Keeps the longest run, or the largest sum of runs in any window.

    Parameters
    ----------
    window : int
        0: single runs. Else durations are summed over any window of this length. [ticks]
    places : bool
        Whether to keep where runs were (the longest `MOST_KEPT`).
    """

    window: int = 0
    places: bool = False
    extent: Extent = field(default_factory=Extent)
    _recent: Runs = field(default_factory=Runs.none)
    _kept: list[tuple[int, tuple[float, float, float, bool]]] = field(default_factory=list)

    def push(self, runs: Runs, clock: Clock) -> None:
        """Take the next runs."""
        if runs.size == 0:
            return
        if self.places:
            self._keep(runs, clock)
        spans = runs.end - runs.start
        if self.window:
            self._sums(runs, clock)
        else:
            worst = int(np.argmax(spans))
            start, end = int(runs.start[worst]), int(runs.end[worst])
            outer = runs.outer[~runs.cut]
            self._take((end - start, start, end, 1), int(runs.inner[worst]), clock, float(runs.extreme[worst]))
            self._widen(int(np.max(outer)) if outer.size else 0, 1)
        deepest = float(np.min(runs.extreme))
        self.extent = replace(
            self.extent,
            cut=self.extent.cut or bool(np.any(runs.cut)),
            deepest=min(self.extent.deepest, deepest) if self.extent.found else deepest,
            found=self.extent.found + runs.size,
        )

    def reading(self) -> Extent:
        """The worst of all."""
        kept = tuple(sorted(place for _, place in self._kept))
        return replace(self.extent, places=kept, dropped=self.extent.found - len(kept) if self.places else 0)

    def _sums(self, runs: Runs, clock: Clock) -> None:
        """Windows that end where a run ends; no other holds more (the sum grows only inside a run)."""
        known = self._recent.size
        runs = Runs.joined((self._recent, runs))
        begin = runs.end[known:] - self.window
        oldest = np.searchsorted(runs.end, begin, side="right")
        lost = np.maximum(begin - runs.start[oldest], 0)
        totals = []
        for spans in (runs.end - runs.start, runs.inner, runs.outer):
            ends = np.cumsum(spans)
            first = np.maximum(spans[oldest] - lost, 0)
            totals.append(np.minimum(ends[known:] - ends[oldest] + first, self.window))
        counts = np.arange(known, runs.size) - oldest + 1
        worst = int(np.argmax(totals[0]))
        start = max(int(begin[worst]), int(runs.start[oldest[worst]]))
        lowest = float(np.min(runs.extreme[oldest[worst] : known + worst + 1]))
        place = (int(totals[0][worst]), start, int(runs.end[known + worst]), int(counts[worst]))
        self._take(place, int(totals[1][worst]), clock, lowest)
        self._widen(int(np.max(totals[2])), int(np.max(counts)))
        self._recent = runs[int(np.searchsorted(runs.end, runs.end[-1] - self.window, side="right")) :]

    def _take(self, place: tuple[int, int, int, int], inner: int, clock: Clock, extreme: float) -> None:
        value, start, end, count = place
        if value > self.extent.value or self.extent.runs == 0:
            begin, finish = clock.time(start), clock.time(end)
            self.extent = replace(
                self.extent, value=value, runs=count, inner=inner, extreme=extreme, start=begin, end=finish
            )

    def _widen(self, outer: int, count: int) -> None:
        self.extent = replace(
            self.extent, outer=max(self.extent.outer, outer), most_runs=max(self.extent.most_runs, count)
        )

    def _keep(self, runs: Runs, clock: Clock) -> None:
        seconds = clock.interval / TICKS
        for start, end, inner, cut in zip(runs.start, runs.end, runs.inner, runs.cut, strict=True):
            place = (clock.time(int(start)), clock.time(int(end)), int(inner) * seconds, bool(cut))
            self._kept.append((int(end - start), place))
        if len(self._kept) > MOST_KEPT:
            self._kept = sorted(self._kept, key=lambda kept: (-kept[0], kept[1]))[:MOST_KEPT]


@dataclass(slots=True)
class Trajectory:
    """One set of levels, deepest first, the last one the border of continuous operation, in one mode.

    Parameters
    ----------
    levels : tuple of float
        [SI]
    mode : Mode
        duration_below, cumulative: each level by itself. event: a run below the last level counts, with its whole
        duration, for each level that its lowest sample is below. anchored: a run below a level counts from the start
        of the run below the last level that it lies in to its own end.
    gap, window : int
        For `Joiner` and `Longest`. [ticks]
    places : bool
        For `Longest`.
    """

    levels: tuple[float, ...]
    mode: Mode
    gap: int
    window: int = 0
    places: bool = False
    _finders: list[RunFinder] = field(init=False)
    _joiners: list[Joiner] = field(init=False)
    worst: list[Longest] = field(init=False)
    _event: Runs = field(default_factory=Runs.none)
    """Last run below the last level, from where the event that it belongs to began."""

    def __post_init__(self) -> None:
        """One finder for each level."""
        self._finders = [RunFinder(level) for level in self.levels]
        self._joiners = [Joiner(self.gap) for _ in self.levels]
        window = self.window if self.mode == "cumulative" else 0
        self.worst = [Longest(window, self.places) for _ in self.levels]

    def push(self, samples: Samples, index: int, opens: bool, clock: Clock) -> None:
        """Take the next samples of a segment, as `RunFinder.push` does."""
        lowest = float(np.min(samples))
        quiet = [lowest >= finder.level and finder.first is None for finder in self._finders]
        if not all(quiet):
            found = [
                Runs.none() if calm else finder.push(samples, index, opens)
                for calm, finder in zip(quiet, self._finders, strict=True)
            ]
            self._count(found, clock)

    def close(self, last: int, clock: Clock) -> None:
        """End the segment at grid index `last`."""
        self._count([finder.close(last) for finder in self._finders], clock)
        if self.mode != "anchored":
            self._share([joiner.close(last * TICKS) for joiner in self._joiners], clock)
        self._event = Runs.none()

    def _count(self, found: Sequence[Runs], clock: Clock) -> None:
        opened = clock.index * TICKS
        if self.mode == "anchored":
            self._share(self._anchored(found, opened), clock)
        else:
            pairs = zip(self._joiners, found, strict=True)
            self._share([joiner.push(runs, opened) for joiner, runs in pairs], clock)

    def _share(self, runs: Sequence[Runs], clock: Clock) -> None:
        for level, longest, own in zip(self.levels, self.worst, runs, strict=True):
            if self.mode == "event":
                events = runs[-1]
                longest.push(events[events.extreme < level], clock)
            else:
                longest.push(own, clock)

    def _anchored(self, found: Sequence[Runs], opened: int) -> list[Runs]:
        """Runs as they are, but from the start of the event that they lie in."""
        outer = self._finders[-1]
        events = [self._event, found[-1]]
        if outer.first is not None:
            events.append(Runs.one((outer.start,) * 2, (outer.first,) * 2, outer.extreme, outer.cut))
        known = Runs.joined(events)
        if known.size == 0:
            return list(found)
        apart = np.concatenate(([True], known.start[1:] - known.end[:-1] >= self.gap))
        head = np.maximum.accumulate(np.where(apart, np.arange(known.size), 0))
        cut = known.cut | (known.start - opened < self.gap)
        begin = replace(
            known, start=known.start[head], first=known.first[head], before=known.before[head], cut=cut[head]
        )
        anchored = []
        for runs in found:
            own = begin[np.searchsorted(known.start, runs.start, side="right") - 1]
            cut = runs.cut | own.cut
            anchored.append(replace(runs, start=own.start, first=own.first, before=own.before, cut=cut))
        done = self._event.size + found[-1].size
        self._event = begin[max(0, done - 1) : done]
        return anchored


@dataclass(slots=True)
class LevelMeter:
    """Longest times below levels, and below the same levels moved up and down by offsets.

    Parameters
    ----------
    interval : float
        [s]
    levels : tuple of float
        Deepest first; the last is the border of continuous operation. [SI]
    offsets : tuple of float
        Added to every level, one reading each. [SI]
    gap, window : float
        Joining distance, length of the cumulative window. [s]
    mode : Mode
        See `Trajectory`.
    upwards : bool
        Levels are high ones: signal and levels are turned upside down.
    """

    interval: float
    levels: tuple[float, ...]
    offsets: tuple[float, ...]
    gap: float
    window: float
    mode: Mode
    upwards: bool
    _sets: list[Trajectory] = field(init=False)
    _clock: Clock = field(init=False)
    _segment: int | None = None
    _before: Samples = field(default_factory=lambda: np.empty(0))
    _last: int = 0

    def __post_init__(self) -> None:
        """One set of levels for each offset."""
        sign = -1.0 if self.upwards else 1.0
        gap, window = (round(length / self.interval * TICKS) for length in (self.gap, self.window))
        self._sets = [
            Trajectory(tuple(sign * (level + offset) for level in self.levels), self.mode, gap, window, offset == 0.0)
            for offset in self.offsets
        ]
        self._clock = Clock(self.interval)

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        opens = block.segment != self._segment
        if opens:
            self._close()
            self._segment = block.segment
            self._clock = Clock(self.interval, block.first_time, block.start)
        samples = -block.samples[0] if self.upwards else block.samples[0]
        joined = np.concatenate((self._before, samples))
        for levels in self._sets:
            levels.push(joined, block.start - self._before.size, opens, self._clock)
        self._before = samples[-1:].copy()
        self._last = block.start + samples.size - 1

    def reading(self) -> tuple[tuple[Extent, ...], ...]:
        """For each offset and each level the longest time; extremes are turned back. [ticks]"""
        self._close()
        readings = []
        for levels in self._sets:
            extents = [longest.reading() for longest in levels.worst]
            if self.upwards:
                extents = [turned(extent) for extent in extents]
            readings.append(tuple(extents))
        return tuple(readings)

    def _close(self) -> None:
        if self._segment is not None:
            for levels in self._sets:
                levels.close(self._last, self._clock)
        self._before, self._segment = np.empty(0), None
