"""Steps of a signal, found while it streams past: between two levels, however steep the edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

_BUCKETS = 64
"""Buckets in the shorter side of an event's window."""
_MEDIAN = 5
"""Buckets in a rolling median."""
_HELD = 8
"""A new level must hold for this part of the window after the event."""
_BATCH = 64
"""Buckets that are waited for before searching again."""
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """A change from one level to another.

    Parameters
    ----------
    start, end : float
        The signal leaves its level after `start` and has the new one from `end` on. [s]
    before, after : float
        Levels, medians to within the noise of some buckets. [SI]
    held : bool
        Whether the new level held; False where the record or the window ended before that.
    """

    start: float
    end: float
    before: float
    after: float
    held: bool


@dataclass(slots=True)
class StepMeter:
    """Finds every step of at least `min_step` in a signal.

    Parameters
    ----------
    interval : float
        Sample interval. [s]
    min_step : float
        [SI]
    before, after : float
        Window of an event: no edge is longer than `after`. [s]

    Notes
    -----
    Samples are reduced to medians of buckets of ``min(before, after) / 64``, counted from the
    segment's start, and those to rolling medians of five, which spikes and noise do not move.
    Where the rolling median has changed by `min_step` within `after`, an edge has begun: after
    the last bucket within a quarter of `min_step` of the old level. It has ended where the
    rolling median stays within half of `min_step` for ``after / 8`` and the medians of both
    halves of that time agree within an eighth of `min_step`, at the first bucket as near to their
    median; or, if that does not happen within `after`, then. What returns to the old level is a
    spike, not a step; what changes by less than `min_step` in half of `after` is drift. The state
    is bounded by `after`, and what is found does not depend on where blocks were cut: an edge is
    judged once all that it may look at has come.
    """

    interval: float
    min_step: float
    before: float
    after: float
    _size: int = 1
    _reach: int = 1
    _hold: int = 1
    _segment: int | None = None
    _origin: float = 0.0
    _rest: Samples = field(default_factory=lambda: np.empty(0))
    _levels: Samples = field(default_factory=lambda: np.empty(0))
    _offset: int = 0
    """Number of the first bucket that is kept; nothing earlier is compared with."""
    _searched: int = 0
    """Buckets that had come when edges were last looked for."""
    _fresh: int = 0
    """Number of the first rolling median that no edge was looked for at."""
    _found: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Fix the bucket and the lengths counted in buckets."""
        self._size = max(1, int(min(self.before, self.after) / _BUCKETS / self.interval))
        self._reach = max(2 * _MEDIAN, round(self.after / (self._size * self.interval)))
        self._hold = max(_MEDIAN + 1, self._reach // _HELD)

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        if block.segment != self._segment:
            self._close()
            self._segment, self._origin = block.segment, block.first_time
        samples = np.concatenate((self._rest, block.samples[0]))
        whole = samples.size // self._size * self._size
        self._rest = samples[whole:].copy()
        if whole == 0:
            return
        buckets = np.median(samples[:whole].reshape(-1, self._size), axis=1)
        self._levels = np.concatenate((self._levels, buckets))
        if self._offset + self._levels.size - self._searched >= _BATCH:
            self._search(closed=False)

    def reading(self) -> tuple[Step, ...]:
        """Every step, in order of time."""
        self._close()
        return tuple(self._found)

    def _close(self) -> None:
        """Judge what is left of a segment, and forget it."""
        self._search(closed=True)
        self._levels, self._rest = np.empty(0), np.empty(0)
        self._offset = self._searched = self._fresh = 0

    def _search(self, closed: bool) -> None:
        """Judge every edge that can be; drop the buckets that no later edge looks at."""
        self._searched = self._offset + self._levels.size
        while self._levels.size > _MEDIAN:
            rolling = np.median(sliding_window_view(self._levels, _MEDIAN), axis=1)
            known = np.concatenate((np.full(min(self._reach, rolling.size), rolling[0]), rolling))[: rolling.size]
            fresh = self._fresh - self._offset
            begun = np.flatnonzero(np.abs(rolling - known)[fresh:] >= self.min_step * (1 - _SLACK))
            place = fresh + int(begun[0]) if begun.size else rolling.size
            self._fresh = self._offset + place
            if begun.size == 0:
                self._drop(max(0, place - self._reach))
                return
            if not closed and self._levels.size < place + _MEDIAN + self._reach + self._hold:
                self._drop(max(0, place - self._reach))
                return
            self._drop(self._judge(float(known[place]), place + _MEDIAN))
            self._fresh = self._offset

    def _drop(self, count: int) -> None:
        self._levels = self._levels[count:]
        self._offset += count

    def _judge(self, level: float, stop: int) -> int:
        """Where the edge that has left `level` before bucket `stop` ends; keep it if it is a step."""
        near = np.flatnonzero(np.abs(self._levels[:stop] - level) <= self.min_step / 4.0)
        start = int(near[-1]) if near.size else 0
        if start + 1 >= self._levels.size:
            return self._levels.size
        end, held = self._end(start + 1)
        closing = end is None
        if end is None:  # the record ends before the level holds: what there is of it
            end = max(start + 1, self._levels.size - self._hold // 2)
        plateau = self._levels[end : end + self._hold]
        new = float(np.median(plateau))
        there = np.flatnonzero(np.abs(plateau - new) <= self.min_step / 8.0)
        end += int(there[0]) if there.size else 0
        if abs(new - level) >= self.min_step * (1 - _SLACK):
            self._found.append(Step(self._time(start), self._time(end + 1), level, new, held))
        return self._levels.size if closing else end

    def _end(self, first: int) -> tuple[int | None, bool]:
        """First bucket from `first` on after which the level holds, and whether it does; None if the record ends."""
        last = min(first + self._reach, self._levels.size - self._hold)
        if last >= first:
            windows = sliding_window_view(self._levels[first : last + self._hold], self._hold)
            smooth = sliding_window_view(
                np.median(sliding_window_view(self._levels[first : last + self._hold], _MEDIAN), axis=1),
                self._hold - _MEDIAN + 1,
            )
            half = self._hold // 2
            drift = np.median(windows[:, half:], axis=1) - np.median(windows[:, :half], axis=1)
            steady = np.flatnonzero(
                (np.max(smooth, axis=1) - np.min(smooth, axis=1) <= self.min_step / 2.0)
                & (np.abs(drift) <= self.min_step / 8.0)
            )
            if steady.size:
                return first + int(steady[0]), True
        if first + self._reach <= self._levels.size - self._hold:
            return first + self._reach, False
        return None, False

    def _time(self, bucket: int) -> float:
        return self._origin + (self._offset + bucket) * self._size * self.interval
