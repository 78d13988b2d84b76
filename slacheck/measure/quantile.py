"""Order statistics of a stream, to within a known bracket, in memory that does not grow with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Samples


MANTISSA_BITS = 12
"""A bin spans 2^-12 of an octave's start: the bracket of a quantile is 0.024 % wide at most."""
_SHIFT = 52 - MANTISSA_BITS
_FEW, _MOST_HELD = 1 << 15, 1 << 18


def nearest_rank(count: int, share: tuple[int, int]) -> int:
    """Rank, from 1, of the quantile `share` = (numerator, denominator): ceil(count * share), in integers.

    Examples
    --------
    >>> nearest_rank(1008, (95, 100))
    958
    """
    numerator, denominator = share
    return max(1, -(-count * numerator // denominator))


def over_windows(values: Samples, share: tuple[int, int] | None, missing: int = 0) -> tuple[float, float | None]:
    """Nearest-rank quantile of non-negative values of which some are missing: its lower and upper bound.

    Parameters
    ----------
    values : ndarray, shape (n,), n > 0
    share : (int, int), optional
        None is the mean.
    missing : int
        Values not seen; the lower bound takes them as 0, the upper one as larger than all.
    """
    count = values.size + missing
    if share is None:
        mean = float(np.sum(values)) / count
        return mean, mean if missing == 0 else None
    ranked, rank = np.sort(values), nearest_rank(count, share)
    low = float(ranked[rank - missing - 1]) if rank > missing else 0.0
    return low, float(ranked[rank - 1]) if rank <= values.size else None


@dataclass(slots=True)
class Histogram:
    """Counts of numbers by their leading float bits; counting is exact, so pieces add up exactly.

    Numbers at or below zero count as zero.
    """

    count: int = 0
    zeros: int = 0
    _first: int = 0
    _bins: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _codes: list[np.ndarray] = field(default_factory=list)
    """Bins of values that are not counted yet, from the first possible one."""
    _held: int = 0
    _times: int = 1

    def update(self, values: Samples, times: int = 1) -> None:
        """Count more values, shape (n,), finite, each as if it came so many `times`."""
        self.count += times * values.size
        if values.size and float(np.min(values)) > 0.0:
            positive = np.ascontiguousarray(values)
        else:
            positive = values[values > 0.0]
            self.zeros += times * (values.size - positive.size)
        if positive.size == 0:
            return
        codes = positive.view(np.int64) >> _SHIFT
        if codes.size > _FEW:
            self._add(codes, times)
            return
        if times != self._times or self._held > _MOST_HELD:
            self._count()
        self._codes.append(codes)
        self._times, self._held = times, self._held + codes.size

    def merge(self, other: Histogram) -> None:
        """Count what another has counted."""
        self._count()
        other._count()
        self.count, self.zeros = self.count + other.count, self.zeros + other.zeros
        if other._bins.size:
            self._grow(other._first, other._first + other._bins.size)
            first = other._first - self._first
            self._bins[first : first + other._bins.size] += other._bins

    def _count(self) -> None:
        """Count what is held: adding up all bins takes as long for a few values as for many."""
        if self._codes:
            self._add(np.concatenate(self._codes), self._times)
        self._codes, self._held = [], 0

    def _add(self, codes: np.ndarray, times: int) -> None:
        low = int(np.min(codes))
        codes -= low
        found = np.bincount(codes)
        if times > 1:
            found *= times
        self._grow(low, low + found.size)
        self._bins[low - self._first : low - self._first + found.size] += found

    def _grow(self, low: int, high: int) -> None:
        if self._bins.size == 0:
            self._first, self._bins = low, np.zeros(high - low, dtype=np.int64)
            return
        front, back = max(0, self._first - low), max(0, high - self._first - self._bins.size)
        if front or back:
            self._bins = np.pad(self._bins, (front, back))
            self._first -= front

    def bracket(self, rank: int) -> tuple[float, float]:
        """Lower and upper edge of the bin that holds the value of this rank, from 1.

        Raises
        ------
        ValueError
            If there are fewer values.
        """
        if not 1 <= rank <= self.count:
            raise ValueError(f"no value of rank {rank} among {self.count}")
        self._count()
        if rank <= self.zeros:
            return 0.0, 0.0
        position = int(np.searchsorted(np.cumsum(self._bins), rank - self.zeros))
        return _edge(self._first + position), _edge(self._first + position + 1)


def _edge(code: int) -> float:
    return float(np.array([code << _SHIFT], dtype=np.int64).view(np.float64)[0])
