"""Derived signals: sliding rms and sliding mean, as streams of blocks.

Sample i of a segment stands for the time ``(t_i - interval, t_i]``, a *cell*. A window that does
not begin or end between two cells takes part of the cell it cuts, so it always has exactly its
length. Outputs are bit for bit the same wherever the blocks were cut: every window is summed from
the same samples in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from slacheck.contract import Block, Derive
from slacheck.measure.windows import BATCH

if TYPE_CHECKING:
    from slacheck.contract import Samples

_ON_CELL = 1e-4
"""Window ends this near to the end of a cell count as there. [cells]"""


class Transform(Protocol):
    """A stream of blocks in, another out."""

    def push(self, block: Block) -> Block | None:
        """What this block completes; None where that is nothing yet."""


def make_transform(derive: Derive, interval: float) -> Transform:
    """A fresh transform of blocks with this sample interval.

    Parameters
    ----------
    derive : Derive
        Operation, window and, for rms, step.
    interval : float
        Of the blocks that will come in. [s]

    Raises
    ------
    ValueError
        If an rms has no step.
    """
    if derive.operation == "mean":
        return SlidingMean(derive.window, interval)
    if derive.step is None:
        raise ValueError("a sliding rms needs a step")
    return SlidingRms(derive.window, derive.step, interval)


@dataclass(slots=True)
class _Segment:
    """Where a transform stands in the segment that it is in."""

    number: int
    origin: float
    """Time of its first sample. [s]"""
    start: int
    """Index of its first sample on the record's grid."""
    dropped: int = 0
    """Samples that no window needs any more."""


@dataclass(slots=True)
class SlidingRms:
    r"""Root mean square over ``(t - window, t]`` at ``t = k step``, k whole, for every k whose window is complete.

    .. math:: U(t)^2 = \frac{1}{W} \sum_i w_i x_i^2

    with w_i the length of cell i that lies in the window.

    Parameters
    ----------
    window, step, interval : float
        [s]

    Notes
    -----
    Error for a sine whose period is the window, N samples per window: the mean square is a
    rectangle rule over cells whose first-order errors cancel over a period but for the two cells
    that the window cuts, which leaves at most ``pi / (4 N^2)`` of the rms (3.4e-5 at 153.6
    samples per cycle), and nothing where N is whole. A period that is off the window by a
    relative e makes the rms ripple by at most ``|sin(2 pi e)| / (4 pi |1 + e|)``, about e / 2: this is a
    property of a window of fixed length, not an error of the sum.

    Each window is summed by itself (pairwise), so errors do not grow along the record.
    """

    window: float
    step: float
    interval: float
    _cells: float = field(init=False)
    _inner: int = field(init=False)
    _segment: _Segment | None = None
    _next: int = 0
    _held: Samples = field(default_factory=lambda: np.empty((1, 0)))

    def __post_init__(self) -> None:
        """Window in cells; how many of them are whole wherever it starts."""
        self._cells = _settled(np.array([self.window / self.interval]))[0].item()
        self._inner = max(0, math.floor(self._cells) - 1)

    def push(self, block: Block) -> Block | None:
        """Root mean squares of the windows that this block completes."""
        segment = self._enter(block)
        self._held = np.concatenate((self._held, block.samples * block.samples), axis=1)
        first = self._next
        starts, ends = self._complete(segment)
        if ends.size == 0:
            return None
        mean_square = np.stack([self._mean_square(row, segment.dropped, (starts, ends)) for row in self._held])
        self._next = first + ends.size
        self._drop(segment)
        return Block(np.sqrt(mean_square), segment.number, first, first * self.step, self.step)

    def _enter(self, block: Block) -> _Segment:
        segment = self._segment
        if segment is None or segment.number != block.segment:
            segment = self._segment = _Segment(block.segment, block.first_time, block.start)
            self._held = np.empty((block.samples.shape[0], 0))
            full = block.first_time - self.interval + self.window
            self._next = max(self._next, math.ceil(full / self.step - _ON_CELL * self.interval / self.step))
        return segment

    def _windows(self, k: Samples, segment: _Segment) -> tuple[Samples, Samples]:
        """Starts and ends of windows, in cells from the segment's first."""
        ends = _settled((k * self.step - segment.origin) / self.interval + 1.0)
        return _settled(ends - self._cells), ends

    def _complete(self, segment: _Segment) -> tuple[Samples, Samples]:
        """The windows that the cells held so far complete."""
        seen = segment.dropped + self._held.shape[1]
        last = segment.origin + (seen - 1) * self.interval
        k = np.arange(self._next, math.floor(last / self.step) + 2, dtype=np.float64)
        starts, ends = self._windows(k, segment)
        complete = ends <= seen
        return starts[complete], ends[complete]

    def _mean_square(self, squares: Samples, dropped: int, windows: tuple[Samples, Samples]) -> Samples:
        """Means over (start, end]: whole cells summed a few windows at a time, then the cells that are cut."""
        starts, ends = windows
        cut = np.floor(starts).astype(np.int64)
        first = cut - dropped
        total = (np.minimum(cut + 1, ends) - starts) * squares[first]
        for extra in (1, 2):
            inside = self._inner + extra
            weight = np.clip(ends - (cut + inside), 0.0, 1.0)
            total += weight * squares[np.minimum(first + inside, squares.size - 1)]
        if self._inner:
            rows = np.lib.stride_tricks.sliding_window_view(squares, self._inner)
            at_once = max(1, BATCH // self._inner)
            for i in range(0, first.size, at_once):
                total[i : i + at_once] += np.sum(rows[first[i : i + at_once] + 1], axis=1)
        means: Samples = total / self._cells
        return means

    def _drop(self, segment: _Segment) -> None:
        """Forget the cells before the next window."""
        start, _ = self._windows(np.array([float(self._next)]), segment)
        unused = min(max(0, math.floor(start.item()) - segment.dropped), self._held.shape[1])
        self._held = self._held[:, unused:].copy()
        segment.dropped += unused


def _settled(cells: Samples) -> Samples:
    """Positions that are a whole number but for rounding, made whole."""
    whole = np.rint(cells)
    return np.where(np.abs(cells - whole) <= _ON_CELL, whole, cells)


@dataclass(slots=True)
class SlidingMean:
    """Mean over ``(t - window, t]`` at every sample whose window is complete, at the rate of the input.

    The oldest sample counts with the part of its cell that lies in the window. A window of one
    sample interval or less changes nothing.

    Parameters
    ----------
    window, interval : float
        [s]

    Notes
    -----
    A segment is cut, from its first sample on, into lines as long as the window's whole samples;
    a window is the tail of one line and the head of the next (van Herk), each accumulated from
    the line's border outwards. No sum has more terms than the window and none is subtracted, so
    the error is below ``n eps max|x|`` for n samples per window however long the record is.
    """

    window: float
    interval: float
    _whole: int = field(init=False)
    _part: float = field(init=False)
    _segment: _Segment | None = None
    _rows: list[_TailAndHead] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Split the window into whole cells and a part of one."""
        cells = _settled(np.array([max(1.0, self.window / self.interval)]))[0].item()
        self._whole = math.floor(cells)
        self._part = cells - self._whole

    def push(self, block: Block) -> Block | None:
        """Means of the windows that this block completes."""
        if self._segment is None or self._segment.number != block.segment:
            self._segment = _Segment(block.segment, block.first_time, block.start)
            self._rows = [_TailAndHead(self._whole) for _ in block.samples]
        sums, oldest = zip(*(line.push(row) for line, row in zip(self._rows, block.samples, strict=True)), strict=True)
        means = (np.stack(sums) + self._part * np.stack(oldest)) / (self._whole + self._part)
        lead = self._whole - 1 + (self._part > 0.0)
        position = block.start - self._segment.start
        skipped = min(max(0, lead - position), means.shape[1])
        if skipped == means.shape[1]:
            return None
        first_time = self._segment.origin + (position + skipped) * self.interval
        means = np.ascontiguousarray(means[:, skipped:])
        return Block(means, block.segment, block.start + skipped, first_time, self.interval)


@dataclass(slots=True)
class _TailAndHead:
    """Sums over the last `length` samples of one row, and the sample before them."""

    length: int
    _line: Samples = field(init=False)
    _filled: int = 0
    _head: float = 0.0
    _tails: Samples = field(init=False)
    """Sums of the line before from each sample to its end, and a zero."""
    _before: Samples = field(init=False)
    """The line before."""

    def __post_init__(self) -> None:
        """Nothing stands before the first line."""
        self._line = np.zeros(self.length)
        self._tails = np.zeros(self.length + 1)
        self._before = np.zeros(self.length)

    def push(self, samples: Samples) -> tuple[Samples, Samples]:
        """Sums that end at each of `samples`, and the sample just before each sum; both shape (n,).

        Before the segment's first sample there are zeros; those sums are the caller's to leave out.
        """
        parts = list(self._parts(samples))
        return np.concatenate([total for total, _ in parts]), np.concatenate([old for _, old in parts])

    def _parts(self, samples: Samples) -> Iterator[tuple[Samples, Samples]]:
        done = 0
        while done < samples.size:
            begin = self._filled
            end = min(self.length, begin + samples.size - done)
            taken = samples[done : done + end - begin]
            self._line[begin:end] = taken
            heads = np.add.accumulate(np.concatenate(([self._head], taken)))[1:]
            yield heads + self._tails[begin + 1 : end + 1], self._before[begin:end].copy()
            self._head, self._filled = float(heads[-1]), end
            done += end - begin
            if end == self.length:
                self._turn()

    def _turn(self) -> None:
        """The line is full: it becomes the line before."""
        self._tails[:-1] = np.add.accumulate(self._line[::-1])[::-1]
        self._before[:] = self._line
        self._filled, self._head = 0, 0.0
