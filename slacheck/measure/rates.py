r"""Largest rates of change of a frequency, ``(f(t) - f(t - T)) / T``, with what the record leaves in doubt.

Two frequencies are followed side by side. The *counted* one is sure to be the grid's: values in
doubt are marked, and no window that begins or ends at one counts. The *upper* one leaves out only what is
known to be false, so that the true rates are not above its rates. A rate depends on the two ends
of its window alone; what is in doubt between them does no harm, but a window that holds a known
disturbance anywhere does not count.

A frequency that runs away to what no grid has (the measurement of a dead line slides, freezes,
falls to zero) gave no reading on the way there either: what lies between the last value near the
nominal frequency and the first one that is not plausible does not count, and the same on the way
back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from slacheck.measure.swings import CLEAR, DISTURBED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Samples

NEAR = 0.001
"""A frequency this near to the nominal one is not on its way out of what is plausible. [ratio]"""


@dataclass(frozen=True, slots=True)
class Frequencies:
    """A stretch of frequencies at even times.

    Parameters
    ----------
    counted, upper : ndarray of float, shape (n,)
        Less the nominal frequency; see the module. [Hz]
    doubt : ndarray of int, shape (n,)
        CLEAR where `counted` may count, DOUBTFUL, or DISTURBED where both are made up.
    origin : float
        Time of value 0: the end of the window that it is taken over. [s]
    index : int
        Number of the first value here.
    """

    counted: Samples
    upper: Samples
    doubt: NDArray[np.int64]
    origin: float
    index: int

    def part(self, first: int, last: int) -> Frequencies:
        """Values first .. last - 1."""
        where = slice(first, last)
        return Frequencies(self.counted[where], self.upper[where], self.doubt[where], self.origin, self.index + first)


@dataclass(frozen=True, slots=True)
class Rate:
    """Largest rate in one direction, as a magnitude.

    Parameters
    ----------
    value : float
        Of the windows that count; 0 where the frequency never moves that way. [Hz/s]
    low, high : float
        Between which it lies by what was in doubt. [Hz/s]
    time : float
        End of its window. [s]
    """

    value: float
    low: float
    high: float
    time: float


@dataclass(slots=True)
class _Largest:
    """Largest value so far, the earliest of equal ones."""

    value: float = -math.inf
    time: float = 0.0

    def take(self, values: Samples, times: Samples) -> None:
        if values.size:
            place = int(np.argmax(values))
            self.raise_to(float(values[place]), float(times[place]))

    def raise_to(self, value: float, time: float) -> None:
        if value > self.value:
            self.value, self.time = value, time


@dataclass(slots=True)
class _Direction:
    """Rates of one sign: those that count, those that will if the frequency stays plausible, all."""

    sign: float
    counted: _Largest = field(default_factory=_Largest)
    pending: _Largest = field(default_factory=_Largest)
    upper: _Largest = field(default_factory=_Largest)

    def settle(self, counts: bool) -> None:
        """What was pending counts, or is forgotten."""
        if counts:
            self.counted.raise_to(self.pending.value, self.pending.time)
        self.pending = _Largest()


@dataclass(slots=True)
class RateExtremes:
    """Largest rates over windows of one length, run by run, each held for a duration.

    Parameters
    ----------
    lag : int
        Length of a window. [values]
    seconds, step, nominal : float
        Length of a window, from value to value [s]; frequency [Hz].
    duration : float
        A rate is reached where all windows that end within this time reach it; 0 for single windows. [s]
    """

    lag: int
    seconds: float
    step: float
    nominal: float
    duration: float = 0.0
    windows: int = 0
    """Windows measured, with those that do not count."""
    excluded: int = 0
    """Those of them that hold something made up."""
    _directions: tuple[_Direction, _Direction] = field(init=False)
    _held: Frequencies | None = None
    """The end of the run, which later windows begin in."""
    _before: int = 0
    """Values of the run before those held."""
    _sound: int | None = 0
    """The value of the run from which on windows may begin; None if that is yet to come."""

    def __post_init__(self) -> None:
        """Up and down."""
        self._directions = (_Direction(1.0), _Direction(-1.0))

    @property
    def span(self) -> int:
        """Values before the one that completes the first window that is held long enough."""
        return self.lag + self.held - 1

    @property
    def held(self) -> int:
        """Windows that make up the duration, at most."""
        return self._counts()[1]

    def _counts(self) -> tuple[int, int]:
        """Windows that make up the duration, at least and at most."""
        exact = self.duration / self.step
        return math.floor(exact + 1e-6) + 1, math.ceil(exact - 1e-6) + 1

    def end(self, strayed: bool) -> None:
        """End the run; `strayed` if what comes next is no plausible frequency."""
        for direction in self._directions:
            direction.settle(counts=not strayed)
        self._held, self._before, self._sound = None, 0, None if strayed else 0

    def push(self, values: Frequencies) -> None:
        """Take the next values of the run."""
        held = 0
        if self._held is not None:
            held = self._held.counted.size
            values = _joined(self._held, values)
        near = np.flatnonzero(np.abs(values.counted[held:]) <= NEAR * self.nominal) + held
        if self._sound is None and near.size:
            self._sound = self._before + int(near[0])
        count, span = values.counted.size, self.span
        if count > span:
            self._measure(values, int(near[-1]) if near.size else None)
        kept = max(0, count - span)
        self._held = values.part(kept, count)
        self._before += kept

    def rates(self) -> tuple[Rate, Rate] | None:
        """Up and down; None where no window counts."""
        self.end(strayed=False)
        if any(direction.counted.value == -math.inf for direction in self._directions):
            return None
        up, down = (self._rate(direction) for direction in self._directions)
        return up, down

    def _rate(self, direction: _Direction) -> Rate:
        value = max(0.0, direction.counted.value)
        return Rate(value, value, max(value, direction.upper.value), direction.counted.time)

    def _measure(self, values: Frequencies, near: int | None) -> None:
        """Windows that end at value `span` and later; `near` is the last value near the nominal frequency."""
        shortest, longest = self._counts()
        ends = np.arange(self.span, values.counted.size)
        may = self._before + ends - self.span >= (math.inf if self._sound is None else self._sound)
        made_up = _most(values.doubt, self.span + 1) == DISTURBED
        may &= ~made_up & (_most(np.maximum(values.doubt[self.lag :], values.doubt[: -self.lag]), longest) == CLEAR)
        self.windows += ends.size
        self.excluded += int(np.count_nonzero(made_up))
        times: Samples = np.asarray(values.origin + (values.index + ends) * self.step, dtype=np.float64)
        settled = 0 if near is None else int(np.searchsorted(ends, near, "right"))
        for direction in self._directions:
            rates = direction.sign * (values.counted[self.lag :] - values.counted[: -self.lag]) / self.seconds
            counted = np.where(may, _least(rates, longest), -math.inf)
            bound = direction.sign * (values.upper[self.lag :] - values.upper[: -self.lag]) / self.seconds
            direction.upper.take(_least(bound, shortest)[longest - shortest :], times)
            if near is not None:
                direction.settle(counts=True)
            direction.counted.take(counted[:settled], times)
            direction.pending.take(counted[settled:], times[settled:])


def _joined(before: Frequencies, after: Frequencies) -> Frequencies:
    return Frequencies(
        np.concatenate((before.counted, after.counted)),
        np.concatenate((before.upper, after.upper)),
        np.concatenate((before.doubt, after.doubt)),
        before.origin,
        before.index,
    )


def _most(levels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Largest of each `count` levels in a row."""
    most: NDArray[np.int64] = np.max(sliding_window_view(levels, count), axis=1)
    return most


def _least(values: Samples, count: int) -> Samples:
    """Least of each `count` values in a row."""
    if count == 1:
        return values
    least: Samples = np.min(sliding_window_view(values, count), axis=1)
    return least
