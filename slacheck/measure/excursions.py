"""Excursions: stretches of a series beyond a threshold, until it comes back past a release level (hysteresis).

Everything here looks at *below*: a finder for high levels is fed the series turned upside down. An
excursion begins at the first value below the threshold and ends at the first one after it that is
not below the release level (IEC 61000-4-30 5.4.2). It goes on through a gap, unless the first value
after the gap has come back; what is proven of it then is its longest part without a gap.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Samples

MOST_KEPT = 256
"""Longest excursions of a tally that are kept."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values one after another, without a gap.

    Parameters
    ----------
    times : ndarray, shape (n,)
        [s]
    values : ndarray, shape (n,)
        What is compared.
    beside : ndarray, shape (n,)
        What is only watched during an excursion.
    """

    times: Samples
    values: Samples
    beside: Samples


@dataclass(frozen=True, slots=True)
class Excursion:
    """One stretch beyond a threshold.

    Parameters
    ----------
    start, end : float
        Times of its first value, and of the first value that has come back. [s]
    inner, outer : float
        From the first to the last value beyond of its longest part without a gap; from the last value before it to
        the first after it. [s]
    extreme, extreme_time : float
        Lowest value, and when. [unit], [s]
    beside : float
        Lowest value of what is watched.
    cut : bool
        Whether it begins or ends at an end of the record, so that it lasted longer.
    """

    start: float
    end: float
    inner: float
    outer: float
    extreme: float
    extreme_time: float
    beside: float
    cut: bool

    @property
    def duration(self) -> float:
        """[s]"""
        return self.end - self.start


@dataclass(slots=True)
class _Open:
    """An excursion that has not ended."""

    start: float
    before: float | None
    """Time of the value before it; None at the record's beginning. [s]"""
    part: float | None
    """When its part since the last gap began. [s]"""
    last: float
    inner: float = 0.0
    extreme: float = np.inf
    extreme_time: float = 0.0
    beside: float = np.inf

    def extend(self, times: Samples, values: Samples, beside: Samples) -> None:
        """Take more values of it."""
        self.part = float(times[0]) if self.part is None else self.part
        self.last = float(times[-1])
        self.inner = max(self.inner, self.last - self.part)
        lowest = int(np.argmin(values))
        if float(values[lowest]) < self.extreme:
            self.extreme, self.extreme_time = float(values[lowest]), float(times[lowest])
        self.beside = min(self.beside, float(np.min(beside)))

    def ended(self, end: float, cut: bool) -> Excursion:
        """The excursion, over at `end`."""
        before = self.start if self.before is None else self.before
        cut = cut or self.before is None
        place = (self.extreme, self.extreme_time, self.beside)
        return Excursion(self.start, end, self.inner, end - before, *place, cut)


@dataclass(slots=True)
class Finder:
    """Excursions below `threshold`, until a value is not below `release`."""

    threshold: float
    release: float
    _open: _Open | None = None

    @property
    def is_open(self) -> bool:
        """Whether an excursion is going on."""
        return self._open is not None

    def push(self, series: Series, before: float | None, gap: bool) -> list[Excursion]:
        """Excursions that end among the next values.

        Parameters
        ----------
        before : float, optional
            Time of the value before these. [s]
        gap : bool
            Whether something is missing in between.
        """
        times, values = series.times, series.values
        if gap and self._open is not None:
            self._open.part = None
        found, i = [], 0
        while i < values.size:
            if self._open is None:
                first = _first(values[i:] < self.threshold)
                if first is None:
                    break
                i += first
                start = float(times[i])
                self._open = _Open(start, float(times[i - 1]) if i else before, None, start)
            count = _first(values[i:] >= self.release)
            stop = values.size if count is None else i + count
            if stop > i:
                self._open.extend(times[i:stop], values[i:stop], series.beside[i:stop])
            if count is not None:
                found.append(self._open.ended(float(times[stop]), cut=False))
                self._open = None
            i = stop
        return found

    def close(self) -> list[Excursion]:
        """The excursion that the end of the record cuts off, if any."""
        going, self._open = self._open, None
        return [] if going is None else [going.ended(going.last, cut=True)]


def _first(flags: np.ndarray) -> int | None:
    place = int(np.argmax(flags))
    return place if flags[place] else None


@dataclass(slots=True)
class Tally:
    """What is counted of excursions, and the worst of them.

    Parameters
    ----------
    period : float, optional
        The count is the most that begin within any stretch of this length; None: all. [s]
    spared : float, optional
        Excursions in which what is watched went below this are not counted.
    keep : bool
        Whether to keep the longest `MOST_KEPT`.

    Attributes
    ----------
    count, total : int
        Those that count, in the worst period; all that were found.
    inner, outer : float
        Largest of any. [s]
    cut : bool
        Whether any was cut off.
    longest, deepest : Excursion, optional
    """

    period: float | None = None
    spared: float | None = None
    keep: bool = False
    count: int = 0
    total: int = 0
    inner: float = 0.0
    outer: float = 0.0
    cut: bool = False
    longest: Excursion | None = None
    deepest: Excursion | None = None
    kept: list[Excursion] = field(default_factory=list)
    _recent: deque[float] = field(default_factory=deque)

    def add(self, excursion: Excursion) -> None:
        """Take the next one."""
        self.total += 1
        if self.spared is None or excursion.beside >= self.spared:
            self._count(excursion.start)
        self.inner, self.outer = max(self.inner, excursion.inner), max(self.outer, excursion.outer)
        self.cut = self.cut or excursion.cut
        if self.longest is None or excursion.duration > self.longest.duration:
            self.longest = excursion
        if self.deepest is None or excursion.extreme < self.deepest.extreme:
            self.deepest = excursion
        if self.keep:
            self.kept.append(excursion)
            if len(self.kept) > 2 * MOST_KEPT:
                longest = sorted(self.kept, key=lambda one: -one.duration)[:MOST_KEPT]
                self.kept = sorted(longest, key=lambda one: one.start)

    def _count(self, start: float) -> None:
        if self.period is None:
            self.count += 1
            return
        self._recent.append(start)
        while self._recent[0] <= start - self.period:
            self._recent.popleft()
        self.count = max(self.count, len(self._recent))


@dataclass(slots=True)
class Ladder:
    """Excursions below one threshold, and below the same one moved by offsets, release level and all.

    Parameters
    ----------
    threshold, release : float
    offsets : tuple of float
        Added to both, a tally each.
    period : float, optional
        See `Tally`. [s]
    spared : float, optional
        See `Tally`; moved by the offsets too.
    """

    threshold: float
    release: float
    offsets: tuple[float, ...]
    period: float | None = None
    spared: float | None = None
    tallies: list[Tally] = field(init=False)
    _finders: list[Finder] = field(init=False)

    def __post_init__(self) -> None:
        """A finder and a tally for each offset."""
        self._finders = [Finder(self.threshold + offset, self.release + offset) for offset in self.offsets]
        spared = (None if self.spared is None else self.spared + offset for offset in self.offsets)
        self.tallies = [
            Tally(self.period, line, offset == 0.0) for line, offset in zip(spared, self.offsets, strict=True)
        ]

    def push(self, series: Series, before: float | None, gap: bool) -> None:
        """Take the next values; see `Finder.push`."""
        lowest = float(np.min(series.values))
        for finder, tally in zip(self._finders, self.tallies, strict=True):
            if lowest < finder.threshold or finder.is_open:
                for excursion in finder.push(series, before, gap):
                    tally.add(excursion)

    def close(self) -> None:
        """End the record."""
        for finder, tally in zip(self._finders, self.tallies, strict=True):
            for excursion in finder.close():
                tally.add(excursion)
