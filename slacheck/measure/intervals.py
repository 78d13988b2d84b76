"""10/12-cycle values made into values of longer intervals (IEC 61000-4-30, 4.4 and 4.5).

An interval is either so many values in an unbroken row (15 for 150 or 180 cycles), or all those
that begin within so many seconds, counted from the first value. What is aggregated are squares
(or anything else of which the arithmetic mean is wanted). An interval is complete when its values
leave no time out; one of the values flagged flags the interval, which is then counted and left
out.

One row of float32 (6e-8 of each number) is kept for each interval: 55 numbers every 3 s are 44 MB
a week.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Samples

_ROWS = 1024
"""Rows that storage grows by."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long an interval is: a number of values in a row, or a time [s]. One of the two."""

    values: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CycleValue:
    """What one window of 10/12 cycles shows.

    Parameters
    ----------
    start, end : float
        [s]
    follows : bool
        Whether it begins where the one before ended.
    flagged : bool
        Whether a dip, swell or interruption, or a lost synchronism, lies in it.
    squares : ndarray, shape (width,)
        What is averaged. [any]
    """

    start: float
    end: float
    follows: bool
    flagged: bool
    squares: Samples


@dataclass(frozen=True, slots=True)
class IntervalReading:
    """Complete, unflagged intervals of a record.

    Parameters
    ----------
    starts : ndarray, shape (n,)
        [s]
    squares : ndarray, shape (n, width)
        Means over each interval.
    counts : ndarray, shape (n,)
        Values in each interval.
    flagged : ndarray, shape (m,)
        Where complete intervals with a flagged value in them start. [s]
    """

    starts: Samples
    squares: Samples
    counts: Samples
    flagged: Samples


@dataclass(slots=True)
class IntervalMeter:
    """Collects values into intervals of one length.

    Parameters
    ----------
    length : Length
    width : int
        Numbers in a value.
    """

    length: Length
    width: int
    _rows: Rows = field(init=False)
    _flagged: list[float] = field(default_factory=list)
    _open: _Interval | None = None
    _origin: float | None = None

    def __post_init__(self) -> None:
        """Nothing is stored yet."""
        self._rows = Rows(self.width)

    def add(self, value: CycleValue) -> None:
        """Take the next value."""
        if self._origin is None:
            self._origin = value.start
        if self.length.seconds is None:
            self._add_to_row(value, self.length.values or 1)
        else:
            self._add_to_cell(value, self.length.seconds)

    def reading(self) -> IntervalReading:
        """All complete intervals; one that the record's end completes is among them."""
        self._close_cell()
        starts, counts, squares = self._rows.columns()
        return IntervalReading(starts, squares, counts, np.array(self._flagged))

    def _add_to_row(self, value: CycleValue, values: int) -> None:
        if self._open is None or not value.follows:
            self._open = _Interval(value.start, self.width)
        self._open.take(value)
        if self._open.count == values:
            self._keep(self._open)
            self._open = None

    def _add_to_cell(self, value: CycleValue, seconds: float) -> None:
        number = math.floor((value.start - (self._origin or 0.0)) / seconds)
        if self._open is None or number != self._open.number:
            self._close_cell()
            self._open = _Interval(value.start, self.width, number)
        elif not value.follows:
            self._open.broken = True
        self._open.take(value)

    def _close_cell(self) -> None:
        """Keep the open interval of a time if its values leave nothing of it out but where they straddle its ends."""
        found, seconds = self._open, self.length.seconds
        if found is None or seconds is None:
            return
        self._open = None
        begin = (self._origin or 0.0) + found.number * seconds
        typical = (found.end - found.start) / found.count
        reaches = found.start <= begin + 1.01 * typical and found.end >= begin + seconds - 0.01 * typical
        if reaches and not found.broken:
            self._keep(found)

    def _keep(self, found: _Interval) -> None:
        if found.flagged:
            self._flagged.append(found.start)
        else:
            self._rows.append(found.start, found.count, found.total / found.count)


@dataclass(slots=True)
class _Interval:
    """An interval that values are being added to."""

    start: float
    width: int
    number: int = 0
    end: float = 0.0
    count: int = 0
    flagged: bool = False
    broken: bool = False
    total: Samples = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is in it."""
        self.total = np.zeros(self.width)

    def take(self, value: CycleValue) -> None:
        """Add a value."""
        self.total += value.squares
        self.end, self.count, self.flagged = value.end, self.count + 1, self.flagged or value.flagged


@dataclass(slots=True)
class Rows:
    """A growing table of numbers."""

    width: int
    _full: list[Samples] = field(default_factory=list)
    _starts: array[float] = field(default_factory=lambda: array("d"))
    _counts: array[float] = field(default_factory=lambda: array("d"))
    _last: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Room for the first rows."""
        self._last = np.empty((_ROWS, self.width), dtype=np.float32)

    def append(self, start: float, count: int, numbers: Samples) -> None:
        """Add a row."""
        place = len(self._starts) % _ROWS
        if place == 0 and self._starts:
            self._full.append(self._last)
            self._last = np.empty((_ROWS, self.width), dtype=np.float32)
        self._last[place] = numbers
        self._starts.append(start)
        self._counts.append(count)

    def columns(self) -> tuple[Samples, Samples, Samples]:
        """Starts, counts and numbers, shapes (n,), (n,) and (n, width)."""
        numbers = np.concatenate((*self._full, self._last))[: len(self._starts)]
        return np.array(self._starts), np.array(self._counts), numbers
