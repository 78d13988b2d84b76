"""Dips, swells and interruptions of one or more phases, from their rms values (IEC 61000-4-30 5.4, 5.5).

At every moment a phase has its latest value, in pu of its reference. A dip begins when the lowest
of the phases falls below the dip threshold and ends when the lowest has come back to the threshold
plus the hysteresis; a swell is its mirror image on the highest; an interruption is a dip of the
highest of the phases. Moments at which some phase has no value are a gap.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from slacheck.measure.excursions import Excursion, Finder, Ladder, Series, Tally
from slacheck.measure.half_cycle import HalfCycleRms

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

EventName = Literal["dip", "swell", "interruption"]

_FOLLOWED = 0.0033
"""Part of a 10/12-cycle value in the sliding reference: 0.2 s of a first-order filter of one minute (5.4.4)."""


@dataclass(frozen=True, slots=True)
class EventSettings:
    """What the events of a record are.

    Parameters
    ----------
    rated : float
        Declared voltage, rms. [SI]
    frequency : float
        Nominal. [Hz]
    waveform : bool
        Whether the signals are AC waveforms, not rms values.
    sliding : bool
        Whether values are in pu of the sliding reference, not of rated.
    dip, swell, interruption, hysteresis : float
        [pu of the reference]
    exclusive : bool
        Whether dips that are interruptions are not counted as dips.
    period : float, optional
        See `Tally`. [s]
    offsets : tuple of float
        By which thresholds are moved. [pu]
    """

    rated: float
    frequency: float
    waveform: bool
    sliding: bool
    dip: float
    swell: float
    interruption: float
    hysteresis: float
    exclusive: bool
    period: float | None
    offsets: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Extreme:
    """The lowest or highest value of a record."""

    value: float
    """[pu of the reference]"""
    time: float
    """[s]"""


@dataclass(frozen=True, slots=True)
class RmsEventReading:
    """What a record shows.

    Parameters
    ----------
    tallies : mapping
        Of each event, one tally an offset; extremes of swells are turned back. [pu of the reference]
    lowest, highest : Extreme, optional
        Of all phases; None where there is no value.
    values : int
        Values of all phases.
    wander, unlocked, slowest, fastest : float
        See `HalfCycleRms`; the worst phase.
    """

    tallies: dict[EventName, tuple[Tally, ...]]
    lowest: Extreme | None
    highest: Extreme | None
    values: int
    wander: float
    unlocked: float
    slowest: float | None
    fastest: float | None


class _Stream(Protocol):
    """Blocks of one signal in, (time, rms) out; NaN where what follows is not known."""

    def push(self, block: Block) -> Iterator[tuple[float, float]]: ...

    def close(self) -> Iterator[tuple[float, float]]: ...


@dataclass(slots=True)
class _Recorded:
    """Values that are rms values already."""

    _segment: int | None = None
    _origin: tuple[float, int] = (0.0, 0)
    """Time [s] and index of the segment's first sample."""
    _last: float = 0.0

    def push(self, block: Block) -> Iterator[tuple[float, float]]:
        """Each sample at its time."""
        if block.segment != self._segment:
            yield from self.close()
            self._segment, self._origin = block.segment, (block.first_time, block.start)
        time, start = self._origin
        for i, value in enumerate(block.samples[0].tolist(), start=block.start - start):
            self._last = time + i * block.interval
            yield self._last, value

    def close(self) -> Iterator[tuple[float, float]]:
        """The end of a segment."""
        if self._segment is not None:
            self._segment = None
            yield self._last, math.nan


@dataclass(slots=True)
class SlidingReference:
    """A voltage's own past: its 10/12-cycle values through a first-order filter of one minute.

    It begins at the declared voltage. A 10/12-cycle value in which there was a dip or swell does not
    change it (IEC 61000-4-30 5.4.4).

    Parameters
    ----------
    rated : float
        [SI]
    values : int
        Half-cycle values in a 10/12-cycle one.
    events : tuple of Finder
        Below which, and (turned upside down) above which, a value is flagged. [pu of the reference]
    """

    rated: float
    values: int
    events: tuple[Finder, Finder]
    voltage: float = field(init=False)
    _squares: list[float] = field(default_factory=list)
    _flagged: bool = False

    def __post_init__(self) -> None:
        """Begin at the declared voltage."""
        self.voltage = self.rated

    def ratio(self, time: float, value: float) -> float:
        """A value in pu of the reference before it; NaN begins a new 10/12-cycle value."""
        if math.isnan(value):
            self._squares, self._flagged = [], False
            return value
        ratio = value / self.voltage
        for finder, turned in zip(self.events, (ratio, -ratio), strict=True):
            one = np.array([turned])
            self._flagged |= bool(finder.push(Series(np.array([time]), one, one), None, False)) or finder.is_open
        self._squares.append(value * value)
        if len(self._squares) == self.values:
            if not self._flagged:
                rms = math.sqrt(math.fsum(self._squares[1::2]) / (self.values // 2))
                self.voltage += _FOLLOWED * (rms - self.voltage)
            self._squares, self._flagged = [], False
        return ratio


@dataclass(slots=True)
class RmsEventMeter:
    """Events of a record of one or more phases.

    Parameters
    ----------
    interval : float
        Of the blocks. [s]
    settings : EventSettings
    """

    interval: float
    settings: EventSettings
    _streams: list[_Stream] = field(default_factory=list)
    _references: list[SlidingReference] = field(default_factory=list)
    _waiting: list[list[tuple[float, float]]] = field(default_factory=list)
    """Of each phase, values [pu] that others have not come as far as."""
    _latest: list[float] = field(default_factory=list)
    _ladders: dict[EventName, Ladder] = field(init=False)
    _segment: int | None = None
    _before: float | None = None
    """Time of the last moment at which all phases had a value. [s]"""
    _gap: bool = False
    _lowest: Extreme | None = None
    _highest: Extreme | None = None
    _values: int = 0

    def __post_init__(self) -> None:
        """A ladder for each event; swells are looked for upside down."""
        s = self.settings
        spared = s.interruption if s.exclusive else None
        self._ladders = {
            "dip": Ladder(s.dip, s.dip + s.hysteresis, s.offsets, s.period, spared),
            "swell": Ladder(-s.swell, s.hysteresis - s.swell, s.offsets, s.period),
            "interruption": Ladder(s.interruption, s.interruption + s.hysteresis, s.offsets, s.period),
        }

    def update(self, block: Block) -> None:
        """Take the next block, a row for each phase."""
        if not self._streams:
            self._begin(block.samples.shape[0])
        if block.segment != self._segment:
            self._end_segment()
            self._segment = block.segment
        for phase, stream in enumerate(self._streams):
            row = replace(block, samples=block.samples[phase : phase + 1])
            self._queue(phase, stream.push(row))
        lasts = [waiting[-1][0] if waiting else -math.inf for waiting in self._waiting]
        self._merge(min(lasts))

    def reading(self) -> RmsEventReading:
        """Events of the record; those that are still going on are cut off."""
        self._end_segment()
        for ladder in self._ladders.values():
            ladder.close()
        tallies = {name: tuple(ladder.tallies) for name, ladder in self._ladders.items()}
        for tally in tallies["swell"]:
            _turn(tally)
        followed = [stream for stream in self._streams if isinstance(stream, HalfCycleRms) and stream.fastest > 0.0]
        waveforms = [stream for stream in self._streams if isinstance(stream, HalfCycleRms)]
        return RmsEventReading(
            tallies,
            self._lowest,
            self._highest,
            self._values,
            max((stream.wander for stream in waveforms), default=0.0),
            max((stream.unlocked for stream in waveforms), default=0.0),
            min((stream.slowest for stream in followed), default=None),
            max((stream.fastest for stream in followed), default=None),
        )

    def _begin(self, phases: int) -> None:
        s = self.settings
        for _ in range(phases):
            self._streams.append(HalfCycleRms(self.interval, s.frequency, s.rated) if s.waveform else _Recorded())
            dips = Finder(s.dip, s.dip + s.hysteresis)
            swells = Finder(-s.swell, s.hysteresis - s.swell)
            if s.sliding:
                self._references.append(SlidingReference(s.rated, 2 * round(s.frequency / 5.0), (dips, swells)))
            self._waiting.append([])
            self._latest.append(math.nan)

    def _queue(self, phase: int, values: Iterator[tuple[float, float]]) -> None:
        waiting = self._waiting[phase]
        for time, value in values:
            if self._references:
                waiting.append((time, self._references[phase].ratio(time, value)))
            else:
                waiting.append((time, value / self.settings.rated))

    def _end_segment(self) -> None:
        if self._segment is not None:
            for phase, stream in enumerate(self._streams):
                self._queue(phase, stream.close())
            self._merge(math.inf)
            self._segment = None

    def _merge(self, until: float) -> None:
        """Take the values of all phases up to a time, one moment after another."""
        moments = []
        for phase, waiting in enumerate(self._waiting):
            count = 0
            while count < len(waiting) and waiting[count][0] <= until:
                count += 1
            moments += [((time, math.isnan(value)), phase, value) for time, value in waiting[:count]]
            self._waiting[phase] = waiting[count:]
        if not moments:
            return
        moments.sort(key=lambda moment: moment[0])  # what ends at a moment ends after what is known of it
        times, columns = [], []
        for (time, _), group in itertools.groupby(moments, key=lambda moment: moment[0]):
            for _, phase, value in group:
                self._latest[phase] = value
            times.append(time)
            columns.append(tuple(self._latest))
        self._take(np.array(times), np.array(columns).T)

    def _take(self, times: Samples, table: Samples) -> None:
        """Feed the stretches in which every phase has a value."""
        known = np.all(np.isfinite(table), axis=0)
        edges = np.flatnonzero(np.diff(known)) + 1
        for first, stop in zip((0, *edges.tolist()), (*edges.tolist(), known.size), strict=True):
            if bool(known[first]):
                self._feed(times[first:stop], table[:, first:stop])
            else:
                self._gap = True

    def _feed(self, times: Samples, table: Samples) -> None:
        low, high = np.min(table, axis=0), np.max(table, axis=0)
        self._values += times.size
        at, top = int(np.argmin(low)), int(np.argmax(high))
        if self._lowest is None or float(low[at]) < self._lowest.value:
            self._lowest = Extreme(float(low[at]), float(times[at]))
        if self._highest is None or float(high[top]) > self._highest.value:
            self._highest = Extreme(float(high[top]), float(times[top]))
        series = {"dip": Series(times, low, high), "swell": Series(times, -high, -low)}
        series["interruption"] = Series(times, high, low)
        for name, ladder in self._ladders.items():
            ladder.push(series[name], self._before, self._gap)
        self._before, self._gap = float(times[-1]), False


def _turn(tally: Tally) -> None:
    """Turn what was found upside down back."""

    def turned(excursion: Excursion | None) -> Excursion | None:
        return None if excursion is None else replace(excursion, extreme=-excursion.extreme, beside=-excursion.beside)

    tally.longest, tally.deepest = turned(tally.longest), turned(tally.deepest)
    tally.kept = [one for one in map(turned, tally.kept) if one is not None]
