"""Runs: stretches of a signal below a level, found block by block, and joined over short returns.

Positions are whole numbers of *ticks*, 2^-20 of a sample interval, on the record's grid. So sums
of durations are exact, and what is found has the same bits wherever the record was cut into blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Samples

    Ticks = NDArray[np.int64]
    Flags = NDArray[np.bool_]

TICKS = 1 << 20
"""Ticks per sample interval."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Stretches below a level, in the order of time; all arrays have shape (n,).

    Parameters
    ----------
    start, end : ndarray of int64
        Interpolated crossings. [ticks]
    first, last : ndarray of int64
        First and last sample below; the run lasts at least from one to the other. [grid index]
    before, after : ndarray of int64
        Last sample before it and first after it that are not below; the run lasts at most from one to the other.
        [grid index]
    extreme : ndarray of float
        Lowest sample. [SI]
    cut : ndarray of bool
        Whether it begins or ends at a gap or an end of the record, so that it lasted longer.
    """

    start: Ticks
    end: Ticks
    first: Ticks
    last: Ticks
    before: Ticks
    after: Ticks
    extreme: Samples
    cut: Flags

    @property
    def inner(self) -> Ticks:
        """What the samples prove. [ticks]"""
        return (self.last - self.first) * TICKS

    @property
    def outer(self) -> Ticks:
        """What the samples allow. [ticks]"""
        return (self.after - self.before) * TICKS

    @property
    def size(self) -> int:
        """How many."""
        return int(self.start.size)

    def __getitem__(self, which: slice | Ticks | Flags) -> Runs:
        """Some of them."""
        return Runs(**{name: getattr(self, name)[which] for name in self.__slots__})

    @staticmethod
    def joined(parts: Sequence[Runs]) -> Runs:
        """Several lots after one another."""
        return Runs(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Runs.__slots__})

    @staticmethod
    def one(ticks: tuple[int, int], samples: tuple[int, int], extreme: float, cut: bool) -> Runs:
        """One run from its start and end and its first and last sample."""
        start, end = (np.array([tick]) for tick in ticks)
        first, last = (np.array([sample]) for sample in samples)
        return Runs(start, end, first, last, first - 1, last + 1, np.array([extreme]), np.array([cut]))

    @staticmethod
    def none() -> Runs:
        """No runs."""
        empty = np.empty(0, dtype=np.int64)
        return Runs(empty, empty, empty, empty, empty, empty, np.empty(0), np.empty(0, dtype=bool))


@dataclass(slots=True)
class RunFinder:
    """Runs of one segment after another below one level; a sample at the level is not below it."""

    level: float
    first: int | None = None
    """Grid index of the first sample of the run that is open."""
    start: int = 0
    extreme: float = 0.0
    cut: bool = False

    def push(self, samples: Samples, index: int, opens: bool) -> Runs:
        """Runs that end among the next samples.

        Parameters
        ----------
        samples : ndarray, shape (n,)
            With the last sample of the block before in front, unless the segment `opens`.
        index : int
            Grid index of `samples[0]`.
        """
        below = samples < self.level
        if opens and below[0]:
            self.first, self.start, self.extreme, self.cut = index, index * TICKS, float(samples[0]), True
        edges = np.flatnonzero(below[1:] != below[:-1])
        if edges.size == 0:
            if self.first is not None:
                self.extreme = min(self.extreme, float(np.min(samples)))
            return Runs.none()
        before, after = samples[edges], samples[edges + 1]
        places = (index + edges) * TICKS + np.rint((before - self.level) / (before - after) * TICKS).astype(np.int64)
        down = below[edges + 1]
        first, start = index + edges[down] + 1, places[down]
        last, end = index + edges[~down], places[~down]
        cut = np.zeros(last.size, dtype=bool)
        carried = self.first is not None
        if self.first is not None:
            first, start = np.concatenate(([self.first], first)), np.concatenate(([self.start], start))
        bounds = np.stack((np.maximum(first[: last.size] - index, 0), last - index + 1)).T.ravel()
        extreme = np.minimum.reduceat(samples, bounds)[::2] if last.size else np.empty(0)
        if carried and last.size:
            extreme[0], cut[0] = min(float(extreme[0]), self.extreme), self.cut
        self._keep_open(samples, first[last.size :], start[last.size :], index)
        first = first[: last.size]
        return Runs(start[: last.size], end, first, last, first - 1, last + 1, extreme, cut)

    def close(self, last: int) -> Runs:
        """End the segment at grid index `last`; the open run is cut there."""
        if self.first is None:
            return Runs.none()
        run = Runs.one((self.start, last * TICKS), (self.first, last), self.extreme, True)
        self.first, self.cut = None, False
        return run

    def _keep_open(self, samples: Samples, first: Ticks, start: Ticks, index: int) -> None:
        """Remember the run that the last sample is in, if any."""
        if first.size == 0:
            self.first, self.cut = None, False
            return
        self.first, self.start, self.cut = int(first[0]), int(start[0]), False
        self.extreme = float(np.min(samples[self.first - index :]))


@dataclass(slots=True)
class Joiner:
    """Joins runs that are closer than `gap` into one, from the start of the first to the end of the last.

    Parameters
    ----------
    gap : int
        [ticks]
    """

    gap: int
    _pending: Runs = field(default_factory=Runs.none)

    def push(self, runs: Runs, opened: int) -> Runs:
        """Joined runs that no later one can join; `opened` is where the segment began. [ticks]"""
        if self.gap == 0 or runs.size == 0:
            return runs
        runs = replace(runs, cut=runs.cut | (runs.start - opened < self.gap))
        runs = Runs.joined((self._pending, runs))
        apart = runs.start[1:] - runs.end[:-1] >= self.gap
        heads = np.concatenate(([0], np.flatnonzero(apart) + 1))
        tails = np.concatenate((heads[1:] - 1, [runs.size - 1]))
        groups = Runs(
            runs.start[heads],
            runs.end[tails],
            runs.first[heads],
            runs.last[tails],
            runs.before[heads],
            runs.after[tails],
            np.minimum.reduceat(runs.extreme, heads),
            np.logical_or.reduceat(runs.cut, heads),
        )
        self._pending = groups[-1:]
        return groups[:-1]

    def close(self, last: int) -> Runs:
        """End the segment at tick `last`; a run nearer to it than `gap` may have gone on."""
        pending, self._pending = self._pending, Runs.none()
        return replace(pending, cut=pending.cut | (last - pending.end < self.gap)) if pending.size else pending
