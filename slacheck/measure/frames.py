"""Windows of equal length on a fixed grid, in groups that are transformed together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.windows import Timeline

if TYPE_CHECKING:
    from slacheck.contract import Block, Place, Samples

BATCH = 1 << 17
"""Samples of a signal in a group of windows; a longer window is alone."""


def _windows(samples: Samples, places: list[int], length: int) -> Samples:
    """Windows that begin at these places, shape (windows, signals, length); not copied where they are equally apart."""
    step = places[1] - places[0] if len(places) > 1 else 1
    if all(after - before == step for before, after in itertools.pairwise(places)):
        views = np.lib.stride_tricks.sliding_window_view(samples, length, axis=1)
        return views[:, places[0] : places[-1] + 1 : step].swapaxes(0, 1)
    return np.stack([samples[:, place : place + length] for place in places])


@dataclass(slots=True)
class Frames:
    """Cuts windows out of blocks.

    Window k starts `k * step` after the record's first sample, to the nearest sample; a window with
    a gap in it is left out. Windows come in groups that are counted from the segment's first one, so
    they do not depend on where blocks were cut.

    Parameters
    ----------
    interval : float
        Of the blocks. [s]
    samples : int
        In a window.
    step : float
        From the start of one window to the start of the next. [s]
    """

    interval: float
    samples: int
    step: float
    _timeline: Timeline = field(init=False)
    _origin: int = 0
    """Index in the record of the first sample in the buffer."""
    _buffer: list[Samples] = field(default_factory=list)
    _size: int = 0
    _next: int = 0
    """Number of the next window."""

    def __post_init__(self) -> None:
        """Nothing seen yet."""
        self._timeline = Timeline(self.interval)

    @property
    def memory(self) -> int:
        """Samples that a group of windows spans at most, and one more window."""
        return math.ceil(self._group * self.step / self.interval) + 2 * self.samples

    def enter(self, place: Place) -> int:
        """Begin behind samples that are not seen, with the first group that lies wholly after them; its number."""
        self._timeline.begin(place)
        self._origin = place.start + place.unseen
        number = max(0, math.floor(place.unseen * self.interval / (self._group * self.step)) - 1)
        while self._start(number * self._group) < self._origin:
            number += 1
        self._next = number * self._group
        return number

    def push(self, block: Block) -> Iterator[tuple[list[float], Samples]]:
        """Starts of the windows that this block completes [s], and their samples, shape (windows, signals, samples)."""
        if self._timeline.segment not in (None, block.segment):
            yield from self.finish()
        if self._timeline.enter(block):
            self._origin, self._buffer, self._size = block.start, [], 0
            while self._start(self._next) < block.start:
                self._next += 1
        self._buffer.append(block.samples)
        self._size += block.samples.shape[1]
        while self._start(self._next + self._group - 1) + self.samples <= self._origin + self._size:
            yield self._cut(self._group)

    def finish(self) -> Iterator[tuple[list[float], Samples]]:
        """The last windows of the segment, fewer than a group."""
        count = 0
        while self._start(self._next + count) + self.samples <= self._origin + self._size:
            count += 1
        if count:
            yield self._cut(count)

    def possible(self) -> int:
        """Windows that the record would have had without gaps."""
        count = 0
        while self._timeline.first is not None and self._start(count) + self.samples <= self._timeline.last + 1:
            count += 1
        return count

    @property
    def _group(self) -> int:
        """Windows that are cut together; a multiple of four, for the sake of `spectrum.periodograms`."""
        count = BATCH // self.samples
        return max(1, count - count % 4 if count > 4 else count)

    def _start(self, number: int) -> int:
        """Index in the record of the first sample of a window."""
        first = self._timeline.first or 0
        return first + math.floor(number * self.step / self.interval + 0.5)

    def _cut(self, count: int) -> tuple[list[float], Samples]:
        samples = np.concatenate(self._buffer, axis=1)
        places = [self._start(self._next + number) - self._origin for number in range(count)]
        windows = _windows(samples, places, self.samples)
        past = self._origin - self._timeline.start
        starts = [self._timeline.time(past + place) for place in places]
        self._next += count
        dropped = max(0, min(self._start(self._next) - self._origin, samples.shape[1]))
        self._buffer, self._size = [samples[:, dropped:]], samples.shape[1] - dropped
        self._origin += dropped
        return starts, windows
