"""How long an AC waveform departs from its own fundamental: dips and swells shorter than a cycle.

The fundamental is fitted in frames of 100 ms and carried forward from the last frame before the
event, so the event does not move what it is compared with. With its amplitude A, its shape
s = |sin| at a sample, the sample p taken towards the fundamental's sign and X = |x|, all in pu of
the peak of rated, the waveform is beyond a low level v where

    p < v s                     (and s is not below 0.1),  or   A s - p > A - v

and beyond a high level where

    X > v s                     (and s is not below 0.1),  or   X - A s > v - A .

A stretch of such samples is an event if the second test holds somewhere in it: the departure is
then as large as that of a sine of amplitude v at its crest. Near the zero crossings of the
fundamental (s below 0.1) every amplitude looks alike; such samples never end an event, and what
they leave open is between `before` and `first`, `last` and `after` of its `Runs`.

A dip often comes with a jump of phase, and then seems to recover once in each half cycle. So low
events are one where no sample between them reaches the level, as every crest of a voltage
above it does; and of what is possible, high events of an eighth of a cycle or more are one where less
than half a cycle lies between them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.durations import Clock, Extent, Longest, turned
from slacheck.measure.fundamental import Sine, fit_fundamental
from slacheck.measure.runs import TICKS, Joiner, Runs

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples
    from slacheck.measure.runs import Flags, Ticks

FRAME = 0.1
"""Length of a frame. [s]"""
BLIND = 0.1
"""Shape of the fundamental below which a sample says nothing of the amplitude. [1]"""
CLEAN = 0.15
"""Largest residual of a frame that is taken for a sine. [pu]"""
LEAST_TRACKED = 0.1
"""Least amplitude whose phase is followed during an event. [pu]"""
MOST_FRAMES = 10
"""A fundamental is carried forward this many frames without news of its phase."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Samples of a frame beside the fundamental carried into it, in pu of the peak of rated.

    Parameters
    ----------
    index : int
        Grid index of the first sample.
    amplitude : float
        Of the fundamental.
    shape, toward, size : ndarray, shape (n,)
        |sin| of the fundamental; sample with the fundamental's sign; its magnitude.
    residual : float
        Largest distance of the fundamental's own frame from a sine.
    period : float
        Of the fundamental. [samples]
    """

    index: int
    amplitude: float
    shape: Samples
    toward: Samples
    size: Samples
    residual: float
    period: float

    @staticmethod
    def of(samples: Samples, index: int, carried: Sine, residual: float, scale: float) -> Frame:
        """A frame beside the fundamental carried into it."""
        reference = carried.at(index, samples.size)
        toward = np.where(reference < 0.0, -samples, samples) / scale
        shape = np.abs(reference) / carried.amplitude
        period = 2.0 * math.pi / carried.pace
        return Frame(index, carried.amplitude / scale, shape, toward, np.abs(samples) / scale, residual, period)

    def departure(self, upwards: bool) -> Samples:
        """Towards zero and beyond, or away from it. [pu]"""
        expected = self.amplitude * self.shape
        return self.size - expected if upwards else expected - self.toward


@dataclass(slots=True)
class Finder:
    """Events beyond one level.

    Parameters
    ----------
    level : float
        [pu]
    upwards : bool
        A high level.
    sure : bool
        Count only departures that are larger by the residual of the fundamental, and only what the magnitude of the
        samples shows too, so that a jump of phase is not taken for a change of level: for a high level some sample
        beyond the level itself, for a low one no sample beyond it.
    slack : bool
        Count departures that are smaller by the residual of the fundamental too, and let it not end an event.
    """

    level: float
    upwards: bool
    sure: bool
    slack: bool
    _open: _Event | None = None
    _held: _Event | None = None
    """The last event that ended, as long as the next may belong to it."""

    @property
    def busy(self) -> bool:
        """Whether an event is under way."""
        return self._open is not None and self._open.seen

    def height(self, frame: Frame) -> float:
        """Departure of a sine at the level from the fundamental, at its crest. [pu]"""
        height = self.level - frame.amplitude if self.upwards else frame.amplitude - self.level
        return max(0.0, height + frame.residual * (self.sure - self.slack))

    def seeds(self, frame: Frame, departure: Samples) -> Flags:
        """Samples that are an event by themselves."""
        beyond: Flags = departure > self.height(frame)
        if not self.sure:
            return beyond
        return beyond & (frame.size > self.level if self.upwards else frame.size < self.level)

    def push(self, frame: Frame, departure: Samples) -> Runs:
        """Events that end in this frame, which follows the one before."""
        height = self.height(frame)
        seeds = self.seeds(frame, departure)
        plain = frame.shape >= BLIND
        strict = (departure > height * frame.shape) & plain
        slack = min(frame.residual, 0.3 * height) if self.slack else 0.0
        loose = (departure > height * (frame.shape - BLIND) - slack) | ~plain
        if self.sure and not self.upwards:
            strict &= frame.size < self.level
            loose &= frame.size < self.level
        reached = frame.index + np.flatnonzero(frame.size >= self.level)
        found = []
        for event in self._events(frame, departure, (loose, strict | seeds, seeds)):
            found += self._settle(event, frame.period, reached)
        if self._held is not None:
            self._held.reached |= self._reaches(self._held, self._open, reached)
        return Runs.joined(found) if found else Runs.none()

    def close(self, cut: bool) -> Runs:
        """End here; an event that is under way is cut, or forgotten if it has no sample of its own."""
        found, event = [], self._open
        if event is not None and event.seen:
            event.cut = cut
            found = self._settle(event, 0.0, np.empty(0, dtype=np.int64))
        if self._held is not None:
            found.append(self._held.runs())
        self._open = self._held = None
        return Runs.joined(found) if found else Runs.none()

    def _settle(self, event: _Event, period: float, reached: Ticks) -> list[Runs]:
        """Join an event to the one before, or let that one go."""
        before, self._held = self._held, event
        if before is None:
            return []
        if self.upwards:
            shortest = min(before.length, event.length)
            one = self.slack and shortest >= period / 8.0 and (event.first or 0) - before.last < period / 2.0
        else:
            one = not (before.reached or self._reaches(before, event, reached))
        if not one:
            return [before.runs()]
        before.absorb(event, round(period / 4.0) if self.slack else 0)
        self._held = before
        return []

    @staticmethod
    def _reaches(before: _Event, event: _Event | None, reached: Ticks) -> bool:
        """Whether a sample after one event, and before the next if there is one, reaches the level."""
        after = reached[np.searchsorted(reached, before.last, side="right") :]
        return after.size > 0 and (event is None or event.first is None or bool(after[0] < event.first))

    def _events(self, frame: Frame, departure: Samples, marks: tuple[Flags, Flags, Flags]) -> Iterator[_Event]:
        loose, strict, seeds = marks
        edges = np.flatnonzero(loose[1:] != loose[:-1]) + 1
        if self._open is not None and not loose[0]:
            yield from self._finish()
        for begin, end in itertools.pairwise([0, *edges.tolist(), loose.size]):
            if not loose[begin]:
                continue
            if self._open is None:
                self._open = _Event(frame.index + begin)
            inside = slice(begin, end)
            self._open.extend(frame, begin, (strict[inside], seeds[inside], departure[inside]), self.upwards)
            if end < loose.size:
                yield from self._finish()

    def _finish(self) -> Iterator[_Event]:
        event, self._open = self._open, None
        if event is not None and event.seen:
            yield event


@dataclass(slots=True)
class _Event:
    """An event under way: samples that may belong to it from `begin` to `end`, that do from `first` to `last`."""

    begin: int
    end: int = 0
    first: int | None = None
    last: int = 0
    sharp: tuple[bool, bool] = (False, False)
    """Whether its first and last sample are events by themselves, so that nothing is left open beside them."""
    seen: bool = False
    extreme: float = 0.0
    cut: bool = False
    reached: bool = False
    """Whether a sample behind it reached the level again."""
    open: int = 0
    """By how much its ends lie open because it was joined: a jump of phase hides them. [samples]"""

    @property
    def length(self) -> int:
        """From the first to the last sample that is beyond."""
        return 0 if self.first is None else self.last - self.first

    def absorb(self, later: _Event, open_ends: int) -> None:
        """Go on with a later event."""
        self.end, self.last, self.sharp = later.end, later.last, (self.sharp[0], later.sharp[1])
        self.extreme, self.cut = min(self.extreme, later.extreme), later.cut
        self.reached, self.open = later.reached, max(self.open, later.open, open_ends)

    def extend(self, frame: Frame, begin: int, marks: tuple[Flags, Flags, Samples], upwards: bool) -> None:
        """Take the next samples of the stretch; `begin` is their place in the frame."""
        strict, seeds, departure = marks
        base = frame.index + begin
        self.end = base + strict.size - 1
        places = np.flatnonzero(strict)
        if places.size == 0:
            return
        if self.first is None:
            self.first = base + int(places[0])
            self.sharp = (bool(seeds[places[0]]), False)
        self.last = base + int(places[-1])
        self.sharp = (self.sharp[0], bool(seeds[places[-1]]))
        self.seen = self.seen or bool(np.any(seeds))
        level = -frame.amplitude if upwards else frame.amplitude
        extreme = level - float(np.max(departure[places]))
        self.extreme = min(self.extreme, extreme) if self.seen else extreme

    def runs(self) -> Runs:
        """The event; each edge is half-way between what is known beside it and its first or last sample."""
        first = self.begin if self.first is None else self.first
        before = first - 1 if self.sharp[0] else self.begin - 1
        after = self.last + 1 if self.sharp[1] else self.end + 1
        ticks = (before + first) * (TICKS // 2), (after + self.last) * (TICKS // 2)
        one = Runs.one(ticks, (first, self.last), self.extreme, self.cut)
        return replace(one, before=np.array([before - self.open]), after=np.array([after + self.open]))


@dataclass(slots=True)
class Variant:
    """One level, moved by one offset, looked at in one way."""

    finder: Finder
    joiner: Joiner
    longest: Longest


@dataclass(frozen=True, slots=True)
class Departures:
    """What a waveform shows of one level.

    Parameters
    ----------
    value : Extent
        At the level itself.
    sure, possible : mapping
        Offset [pu] outwards (inwards) to what is surely (possibly) as far out as the level so moved.
    """

    value: Extent
    sure: dict[float, Extent]
    possible: dict[float, Extent]


@dataclass(frozen=True, slots=True)
class DepartureReading:
    """What a waveform shows of all levels.

    Parameters
    ----------
    levels : tuple of Departures
    residual : float
        Largest distance from a sine of any frame that was taken for one. [pu]
    unjudged : float
        Time for which no fundamental was known. [s]
    """

    levels: tuple[Departures, ...]
    residual: float
    unjudged: float


@dataclass(slots=True)
class DepartureMeter:
    """Longest times that a waveform is beyond levels.

    Parameters
    ----------
    interval : float
        [s]
    levels : tuple of (float, bool)
        Level [pu of the peak of rated] and whether it is a high one.
    offsets : tuple of float
        Zero and more; levels are moved outwards and inwards by each. [pu]
    scale : float
        Peak of rated, sqrt(2) times its rms. [SI]
    band : (float, float)
        Amplitudes of continuous operation; only then is the fundamental the state before an event. [pu]
    gap, window : float
        For `Joiner` and, unless 0, `Longest`. [s]
    """

    interval: float
    levels: tuple[tuple[float, bool], ...]
    offsets: tuple[float, ...]
    scale: float
    band: tuple[float, float]
    gap: float
    window: float
    _sets: list[dict[tuple[str, float], Variant]] = field(init=False)
    _frame: int = field(init=False)
    _clock: Clock = field(init=False)
    _segment: int | None = None
    _pending: Samples = field(default_factory=lambda: np.empty(0))
    _index: int = 0
    _carried: Sine | None = None
    _residual: float = 0.0
    _age: int = 0
    _calm: Frame | None = None
    _largest_residual: float = 0.0
    _unjudged: int = 0

    def __post_init__(self) -> None:
        """A finder for each level, offset and way of looking."""
        self._frame = max(8, round(FRAME / self.interval))
        self._clock = Clock(self.interval)
        self._sets = [dict(self._variants(*level)) for level in self.levels]

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        if block.segment != self._segment:
            self._close()
            self._segment, self._index = block.segment, block.start
            self._clock = Clock(self.interval, block.first_time, block.start)
        samples = np.concatenate((self._pending, block.samples[0]))
        whole = samples.size // self._frame * self._frame
        for begin in range(0, whole, self._frame):
            self._take(samples[begin : begin + self._frame])
        self._pending = samples[whole:].copy()

    def reading(self) -> DepartureReading:
        """Longest times by level. [ticks, pu]"""
        self._close()
        self._segment = None
        levels = []
        for (_, upwards), variants in zip(self.levels, self._sets, strict=True):
            found = {key: variant.longest.reading() for key, variant in variants.items()}
            if upwards:
                found = {key: turned(extent) for key, extent in found.items()}
            sure = {offset: extent for (way, offset), extent in found.items() if way == "sure"}
            possible = {offset: extent for (way, offset), extent in found.items() if way == "possible"}
            levels.append(Departures(found["value", 0.0], sure, possible))
        return DepartureReading(tuple(levels), self._largest_residual, self._unjudged * self.interval)

    def _variants(self, level: float, upwards: bool) -> Iterator[tuple[tuple[str, float], Variant]]:
        ticks = tuple(round(length / self.interval * TICKS) for length in (self.gap, self.window))
        outwards = 1.0 if upwards else -1.0
        ways = [("value", 0.0, level)]
        for offset in self.offsets:
            ways += [("sure", offset, level + outwards * offset), ("possible", offset, level - outwards * offset)]
        for way, offset, moved in ways:
            finder = Finder(moved, upwards, sure=way == "sure", slack=way == "possible")
            yield (way, offset), Variant(finder, Joiner(ticks[0]), Longest(ticks[1], places=way == "value"))

    def _all(self) -> Iterator[Variant]:
        return (variant for variants in self._sets for variant in variants.values())

    def _take(self, samples: Samples) -> None:
        """One whole frame."""
        own = fit_fundamental(samples, self._index, None if self._carried is None else self._carried.pace)
        residual = CLEAN + 1.0
        if own is not None:
            residual = float(np.max(np.abs(samples - own.at(self._index, samples.size)))) / self.scale
        sine = own if residual <= CLEAN else None
        before = sine is not None and self.band[0] <= sine.amplitude / self.scale <= self.band[1]
        if self._carried is None and before:
            self._carried, self._residual = sine, residual
        self._judge(samples)
        self._carry(sine, residual, before)
        self._index += samples.size

    def _carry(self, sine: Sine | None, residual: float, before: bool) -> None:
        """What the next frame is compared with."""
        self._age += 1
        if sine is not None and before:
            self._carried, self._residual, self._age = sine, residual, 0
            self._largest_residual = max(self._largest_residual, residual)
        elif sine is not None and self._carried is not None and sine.amplitude > LEAST_TRACKED * self.scale:
            self._carried, self._age = replace(sine, amplitude=self._carried.amplitude), 0
        elif self._age > MOST_FRAMES:
            self._carried = None

    def _judge(self, samples: Samples) -> None:
        if self._carried is None:
            self._unjudged += samples.size
            self._end()
            return
        frame = Frame.of(samples, self._index, self._carried, self._residual, self.scale)
        departures = {upwards: frame.departure(upwards) for upwards in (False, True)}
        busy = any(variant.finder.busy for variant in self._all())
        if not busy and not self._eventful(frame, departures):
            for variant in self._all():
                self._count(variant, variant.finder.close(cut=False))
            self._calm = frame
            return
        if self._calm is not None:
            earlier = {upwards: self._calm.departure(upwards) for upwards in (False, True)}
            self._find(self._calm, earlier)
            self._calm = None
        self._find(frame, departures)

    def _eventful(self, frame: Frame, departures: dict[bool, Samples]) -> bool:
        largest = {upwards: float(np.max(departure)) for upwards, departure in departures.items()}
        finders = [variant.finder for variant in self._all()]
        return any(largest[finder.upwards] > finder.height(frame) for finder in finders)

    def _find(self, frame: Frame, departures: dict[bool, Samples]) -> None:
        for variant in self._all():
            finder = variant.finder
            self._count(variant, finder.push(frame, departures[finder.upwards]))

    def _count(self, variant: Variant, runs: Runs) -> None:
        opened = self._clock.index * TICKS
        runs = replace(runs, cut=runs.cut | (runs.before < self._clock.index))
        variant.longest.push(variant.joiner.push(runs, opened), self._clock)

    def _end(self) -> None:
        """Nothing follows that could be compared."""
        last = (self._index + self._pending.size) * TICKS
        for variant in self._all():
            self._count(variant, variant.finder.close(cut=True))
            variant.longest.push(variant.joiner.close(last), self._clock)
        self._calm = None

    def _close(self) -> None:
        if self._segment is not None:
            if self._pending.size:
                self._judge(self._pending)
            self._end()
        self._pending, self._carried, self._age = np.empty(0), None, 0
