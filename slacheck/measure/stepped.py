"""Means over trailing windows at whole multiples of a step: the core of rms, power and phasors.

Sample i of a segment stands for the time ``(t_i - interval, t_i]``, a *cell*. A window that does
not begin or end between two cells takes part of the cell it cuts, so it always has exactly its
length. Outputs are bit for bit the same wherever the blocks were cut: every window is summed from
the same samples in the same order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.contract import Block
from slacheck.measure.windows import BATCH

if TYPE_CHECKING:
    from slacheck.contract import Samples

_ON_CELL = 1e-4
"""Window ends this near to the end of a cell count as there. [cells]"""


@dataclass(slots=True)
class Segment:
    """Where a transform stands in the segment that it is in."""

    number: int
    origin: float
    """Time of its first sample. [s]"""
    start: int
    """Index of its first sample on the record's grid."""
    dropped: int = 0
    """Samples that no window needs any more."""


@dataclass(slots=True)
class SteppedMean:
    """Mean over ``(t - window, t]`` at ``t = k step``, k whole, for every k whose window is complete.

    Parameters
    ----------
    window, step, interval : float
        [s]

    Notes
    -----
    Each window is summed by itself (pairwise), so errors do not grow along the record.
    """

    window: float
    step: float
    interval: float
    _cells: float = field(init=False)
    _inner: int = field(init=False)
    _segment: Segment | None = None
    _next: int = 0
    _held: Samples = field(default_factory=lambda: np.empty((1, 0)))

    def __post_init__(self) -> None:
        """Window in cells; how many of them are whole wherever it starts."""
        self._cells = settled(np.array([self.window / self.interval]))[0].item()
        self._inner = max(0, math.floor(self._cells) - 1)

    def push(self, block: Block) -> Block | None:
        """Means over the windows that this block completes."""
        segment = self._enter(block)
        self._held = np.concatenate((self._held, block.samples), axis=1)
        first = self._next
        starts, ends = self._complete(segment)
        if ends.size == 0:
            return None
        means = np.stack([self._mean(row, segment.dropped, (starts, ends)) for row in self._held])
        self._next = first + ends.size
        self._drop(segment)
        return Block(means, segment.number, first, first * self.step, self.step)

    def _enter(self, block: Block) -> Segment:
        segment = self._segment
        if segment is None or segment.number != block.segment:
            segment = self._segment = Segment(block.segment, block.first_time, block.start)
            self._held = np.empty((block.samples.shape[0], 0))
            full = block.first_time - self.interval + self.window
            self._next = max(self._next, math.ceil(full / self.step - _ON_CELL * self.interval / self.step))
        return segment

    def _windows(self, k: Samples, segment: Segment) -> tuple[Samples, Samples]:
        """Starts and ends of windows, in cells from the segment's first."""
        ends = settled((k * self.step - segment.origin) / self.interval + 1.0)
        return settled(ends - self._cells), ends

    def _complete(self, segment: Segment) -> tuple[Samples, Samples]:
        """The windows that the cells held so far complete."""
        seen = segment.dropped + self._held.shape[1]
        last = segment.origin + (seen - 1) * self.interval
        k = np.arange(self._next, math.floor(last / self.step) + 2, dtype=np.float64)
        starts, ends = self._windows(k, segment)
        complete = ends <= seen
        return starts[complete], ends[complete]

    def _mean(self, row: Samples, dropped: int, windows: tuple[Samples, Samples]) -> Samples:
        """Means over (start, end]: whole cells summed a few windows at a time, then the cells that are cut."""
        starts, ends = windows
        cut = np.floor(starts).astype(np.int64)
        first = cut - dropped
        total = (np.minimum(cut + 1, ends) - starts) * row[first]
        for extra in (1, 2):
            inside = self._inner + extra
            weight = np.clip(ends - (cut + inside), 0.0, 1.0)
            total += weight * row[np.minimum(first + inside, row.size - 1)]
        if self._inner:
            whole = np.lib.stride_tricks.sliding_window_view(row, self._inner)
            at_once = max(1, BATCH // self._inner)
            for i in range(0, first.size, at_once):
                total[i : i + at_once] += np.sum(whole[first[i : i + at_once] + 1], axis=1)
        means: Samples = total / self._cells
        return means

    def _drop(self, segment: Segment) -> None:
        """Forget the cells before the next window."""
        start, _ = self._windows(np.array([float(self._next)]), segment)
        unused = min(max(0, math.floor(start.item()) - segment.dropped), self._held.shape[1])
        self._held = self._held[:, unused:].copy()
        segment.dropped += unused


def settled(cells: Samples) -> Samples:
    """Positions that are a whole number but for rounding, made whole."""
    whole = np.rint(cells)
    return np.where(np.abs(cells - whole) <= _ON_CELL, whole, cells)
