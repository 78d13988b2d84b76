"""How long a signal stayed within bounds without a break: the operating point of a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.windows import Timeline

if TYPE_CHECKING:
    from slacheck.contract import Block


@dataclass(slots=True)
class LongestRun:
    """Longest unbroken time that a signal stays in [low, high], bounds inside.

    Each sample stands for one sample interval; a gap ends a run.

    Parameters
    ----------
    low, high : float or None
        None is unbounded. [SI]
    """

    low: float | None
    high: float | None
    _timeline: Timeline = field(default_factory=lambda: Timeline(0.0))
    _open: int = 0
    """Samples of the run that reaches the last sample seen."""
    _open_start: float = 0.0
    _longest: int = 0
    _start: float = 0.0

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        self._timeline.interval = block.interval
        if self._timeline.enter(block):
            self._open = 0
        outside = np.flatnonzero(self._outside(block))
        if outside.size == 0:
            self._extend(block.samples.shape[1], block.start)
            return
        self._extend(int(outside[0]), block.start)
        lengths = np.diff(outside) - 1
        if lengths.size and int(np.max(lengths)) > self._longest:
            where = int(np.argmax(lengths))
            self._longest = int(lengths[where])
            self._start = self._timeline.time_at(block.start + int(outside[where]) + 1)
        self._open = 0
        after = int(outside[-1]) + 1
        self._extend(block.samples.shape[1] - after, block.start + after)

    def reading(self) -> tuple[float, float]:
        """Length of the longest run and the time of its first sample; the first of equal ones. [s]"""
        return self._longest * self._timeline.interval, self._start

    def _outside(self, block: Block) -> np.ndarray:
        samples = block.samples[0]
        outside = np.zeros(samples.size, dtype=bool)
        if self.low is not None:
            outside |= samples < self.low
        if self.high is not None:
            outside |= samples > self.high
        return outside

    def _extend(self, count: int, index: int) -> None:
        """The open run goes on for `count` samples from the one with this index."""
        if count == 0:
            return
        if self._open == 0:
            self._open_start = self._timeline.time_at(index)
        self._open += count
        if self._open > self._longest:
            self._longest, self._start = self._open, self._open_start
