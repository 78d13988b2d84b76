"""From time-stamped samples with holes to blocks that meters can trust.

Meters see only finite samples on an even grid; a new segment number says that something is
missing in between. An even record is passed through sample by sample. An uneven one is
interpolated linearly onto the grid ``k * interval`` anchored at time zero; the facts of the
signal state the bound of the error. Neither depends on how the record was cut into pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slacheck.contract import Block

if TYPE_CHECKING:
    from slacheck.contract import Place, Samples

LONGEST_STEP = 1.75
"""Two samples further apart than this many nominal intervals have a gap between them."""
_ON_GRID = 1e-9


@dataclass(slots=True)
class Gridder:
    """Cuts one group of signals into blocks.

    Parameters
    ----------
    interval : float
        Interval of the grid. [s]
    even : bool
        Whether the samples already lie on it.
    bridge : float
        Gaps up to this distance between neighbours are bridged by linear interpolation. [s]
    """

    interval: float
    even: bool
    bridge: float = 0.0
    _segment: int = -1
    _next: int = 0
    _origin_index: int = 0
    _origin_time: float = 0.0
    _last_time: float = math.nan
    _last: Samples | None = None

    def enter(self, place: Place, last_time: float, rows: int) -> None:
        """Begin behind samples that are not seen, of so many signals an interval apart, the last one at `last_time`."""
        self._segment, self._origin_index, self._origin_time = place.segment, place.start, place.origin
        self._next, self._last_time, self._last = place.start + place.unseen, last_time, np.zeros((rows, 1))

    def follow(self, span: tuple[float, float], samples: Samples) -> Block | None:
        """The block that `push` would make of samples an interval apart, or None where their times have to be seen.

        Parameters
        ----------
        span : (float, float)
            Times of the first and the last of them. [s]
        samples : ndarray of float, shape (signals, n), n > 0
            NaN where missing. [SI]
        """
        since = span[0] - self._last_time
        apart = self._last is None or since > self._longest
        if not (apart or round(since / self.interval) == 1) or not np.isfinite(samples).all():
            return None
        self._last_time, self._last = span[1], samples[:, -1:].copy()
        if apart:
            self._open(span[0])
        return self._block(samples)

    def push(self, times: Samples, samples: Samples) -> Iterator[Block]:
        """Take the next samples.

        Parameters
        ----------
        times : ndarray of float, shape (n,)
            Increasing. [s]
        samples : ndarray of float, shape (signals, n)
            NaN where missing. [SI]
        """
        present = np.isfinite(samples).all(axis=0)
        if not present.all():
            times, samples = times[present], samples[:, present]
        if times.size == 0:
            return
        carried = self._last is not None
        if self._last is not None:
            times = np.concatenate(([self._last_time], times))
            samples = np.concatenate((self._last, samples), axis=1)
        self._last_time = float(times[-1])
        self._last = samples[:, -1:].copy()
        cuts = np.flatnonzero(np.diff(times) > self._longest) + 1
        begin = 0
        for end in (*cuts.tolist(), times.size):
            block = self._piece(times[begin:end], samples[:, begin:end], carried and begin == 0)
            if block is not None:
                yield block
            begin = end

    def _piece(self, times: Samples, samples: Samples, continues: bool) -> Block | None:
        """Block of a run without gaps; its first sample was emitted before if it `continues`."""
        if not continues:
            self._open(float(times[0]))
        resampled = self._direct(times, samples, continues) if self.even else self._interpolated(times, samples)
        if resampled is None or resampled.shape[1] == 0:
            return None
        return self._block(np.ascontiguousarray(resampled))

    def _block(self, samples: Samples) -> Block:
        start = self._next
        self._next = start + samples.shape[1]
        first_time = self._origin_time + (start - self._origin_index) * self.interval
        return Block(samples, self._segment, start, first_time, self.interval)

    @property
    def _longest(self) -> float:
        """Neighbours further apart than this have a gap between them. [s]"""
        return max(LONGEST_STEP * self.interval, self.bridge * (1 + _ON_GRID))

    def _open(self, time: float) -> None:
        self._segment += 1
        if self.even:
            self._origin_index = max(round(time / self.interval), self._next)
            self._origin_time = time
        else:
            self._origin_index = max(math.ceil(time / self.interval - _ON_GRID), self._next)
            self._origin_time = self._origin_index * self.interval
        self._next = self._origin_index

    def _direct(self, times: Samples, samples: Samples, continues: bool) -> Samples:
        steps = np.maximum(np.rint(np.diff(times) / self.interval).astype(np.int64), 1)
        first = 1 if continues else 0
        if steps.size == 0 or int(np.max(steps)) == 1:
            return samples[:, first:]
        known = np.concatenate(([0], np.cumsum(steps)))
        wanted = np.arange(first, int(known[-1]) + 1)
        return np.stack([np.interp(wanted, known, row) for row in samples])

    def _interpolated(self, times: Samples, samples: Samples) -> Samples | None:
        last = math.floor(times[-1] / self.interval)
        last -= last * self.interval > times[-1]  # where rounding put it after the last sample, the next piece has it
        if last < self._next:
            return None
        wanted = np.arange(self._next, last + 1) * self.interval
        return np.stack([np.interp(wanted, times, row) for row in samples])
