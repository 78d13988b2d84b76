"""What a record shows of itself while it streams past: missing and clipped samples, held values.

Nothing here knows a requirement; `gates` compares these facts with what a check needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.levels import quantum
from slacheck.measure.quantile import Histogram

if TYPE_CHECKING:
    from slacheck.contract import Samples

_FEWEST_FROZEN = 50
"""Samples that must repeat one value before a channel that else changes with every sample counts as frozen."""
_FEWEST_HOLDS = 20
"""Changes of value that must have been seen before a record is called held."""
_LONGEST_COUNTED = 4096
"""Runs of equal values are counted up to this length, longer ones as this long."""
_CHANGES_KEPT = 8192
"""Changes of value, from the first on, that the step of the recorder is found from."""
_FEWEST_CODES = 16
"""Distinct values that must have been seen for their common step to be that of a converter."""
_LEAST_BROKEN = 0.1
"""Share of the changes by one step that do not repeat the change before, as those of a computed ramp all do."""
_HIDDEN = 0.4
"""Noise below this part of a step is not seen as what it is, but as steps to and fro."""
_TREMBLES = 0.02
"""Share of changes that undo the one before, from which on there is noise."""
_DISTINCT = 8
"""Distinct changes that must have been seen for values to be held, and not to go between ideal levels."""
_SUMMED = 4096
"""Numbers that are summed at a time."""


@dataclass(slots=True)
class ChannelQuality:
    """Counts over the raw samples of one channel, fed in order in pieces of any size.

    Parameters
    ----------
    clip : (float, float), optional
        Levels at and beyond which the instrument is saturated. [SI]
    uneven : bool
        Whether to keep second differences, the bound of the error of linear interpolation.
    extremes : bool
        Whether to keep the smallest and the largest sample.
    possible : (float, float), optional
        Range outside of which a sample cannot be a measurement of what the channel is said to hold. [SI]
    """

    clip: tuple[float, float] | None = None
    uneven: bool = False
    extremes: bool = False
    possible: tuple[float, float] | None = None
    samples: int = 0
    missing: int = 0
    clipped: int = 0
    impossible: int = 0
    longest_missing_run: int = 0
    lowest: float | None = None
    highest: float | None = None
    _open_run: int = 0
    _tail: Samples | None = None
    _largest_bend: float = 0.0
    _bend_energy: BatchSum = field(default_factory=lambda: BatchSum())
    _holds: HeldValues = field(default_factory=lambda: HeldValues())
    _codes: Codes = field(default_factory=lambda: Codes())

    def update(self, samples: Samples) -> None:
        """Take the next samples, NaN where missing. [SI]"""
        if samples.size == 0:
            return
        finite = np.isfinite(samples)
        self.samples += samples.size
        self._count_missing(finite)
        known = samples if finite.all() else samples[finite]
        if known.size:
            self._measure_range(known)
            self._holds.update(known)
            self._codes.update(known)
        if self.uneven:
            self._measure_bends(samples)

    def enter(self, before: Samples) -> None:
        """Begin behind other samples, all finite, of which these are the last two, or the only one; before any other.

        What is seen then is a piece, and counts once it is merged with what lies before.
        """
        self._holds.enter(before)
        self._codes.enter(before)

    def merge(self, earlier: ChannelQuality) -> None:
        """Take over what was seen of the samples just before these.

        Raises
        ------
        ValueError
            If samples are missing, or second differences kept: both reach from piece to piece.
        """
        if self.uneven or self.missing or earlier.missing:
            raise ValueError("pieces of an uneven record, or one with gaps, are not put together")
        self.samples += earlier.samples
        self.clipped += earlier.clipped
        self.impossible += earlier.impossible
        ends = [end for one in (earlier, self) for end in (one.lowest, one.highest) if end is not None]
        self.lowest, self.highest = min(ends, default=None), max(ends, default=None)
        self._holds.merge(earlier._holds)
        self._codes.merge(earlier._codes)

    def _measure_range(self, known: Samples) -> None:
        lowest, highest = float(np.min(known)), float(np.max(known))
        if self.clip is not None and not self.clip[0] < lowest <= highest < self.clip[1]:
            low, high = self.clip
            self.clipped += int(np.count_nonzero((known <= low) | (known >= high)))
        if self.possible is not None and not self.possible[0] <= lowest <= highest <= self.possible[1]:
            low, high = self.possible
            self.impossible += int(np.count_nonzero((known < low) | (known > high)))
        if self.extremes:
            self.lowest = lowest if self.lowest is None else min(self.lowest, lowest)
            self.highest = highest if self.highest is None else max(self.highest, highest)

    def _count_missing(self, finite: np.ndarray) -> None:
        lost = int(finite.size - np.count_nonzero(finite))
        self.missing += lost
        if lost == 0:
            self._open_run = 0
            return
        ends = np.flatnonzero(finite)
        if ends.size == 0:
            self._open_run += finite.size
            self.longest_missing_run = max(self.longest_missing_run, self._open_run)
            return
        inner = int(np.max(np.diff(ends))) - 1 if ends.size > 1 else 0
        self.longest_missing_run = max(self.longest_missing_run, self._open_run + int(ends[0]), inner)
        self._open_run = int(finite.size - 1 - ends[-1])
        self.longest_missing_run = max(self.longest_missing_run, self._open_run)

    def _measure_bends(self, samples: Samples) -> None:
        joined = samples if self._tail is None else np.concatenate((self._tail, samples))
        self._tail = joined[-2:].copy()
        if joined.size < 3:
            return
        bends = np.abs(joined[2:] - 2.0 * joined[1:-1] + joined[:-2])
        bends = bends[np.isfinite(bends)]
        if bends.size:
            self._largest_bend = max(self._largest_bend, float(np.max(bends)))
            self._bend_energy.update(bends * bends)

    @property
    def interpolation_error(self) -> float:
        """Bound of linear interpolation, max |second difference| / 8 (Taylor remainder h^2/8 |y''|). [SI]"""
        return self._largest_bend / 8.0

    @property
    def interpolation_rms(self) -> float:
        """Root mean square of |second difference| / 8 over the record. [SI]"""
        energy = self._bend_energy
        return (energy.total / energy.count) ** 0.5 / 8.0 if energy.count else 0.0

    @property
    def quantum(self) -> float:
        """Step of the converter, 0 where none shows. [SI]"""
        return self._codes.quantum

    @property
    def hidden_noise(self) -> float:
        """Noise that the steps of the converter may hide, where the record trembles between codes. [SI]"""
        return self._codes.hidden_noise

    @property
    def held_for(self) -> int:
        """How many samples a value is typically held, 1 if the recorder does not repeat values."""
        return self._holds.held_for

    @property
    def frozen_for(self) -> int:
        """Longest repetition of one value in a channel that else changes with every sample; 0 if it is not frozen."""
        return self._holds.frozen_for


@dataclass(slots=True)
class BatchSum:
    """Sum of numbers in batches that are counted from the first, so that it does not depend on how they were cut."""

    count: int = 0
    _done: float = 0.0
    _rest: Samples = field(default_factory=lambda: np.empty(0))

    def update(self, values: Samples) -> None:
        """Take the next numbers."""
        self.count += values.size
        values = np.concatenate((self._rest, values))
        whole = values.size - values.size % _SUMMED
        for batch in values[:whole].reshape(-1, _SUMMED):
            self._done += float(np.sum(batch))
        self._rest = values[whole:].copy()

    @property
    def total(self) -> float:
        """The sum so far."""
        return self._done + float(np.sum(self._rest))


@dataclass(slots=True)
class Codes:
    """Finds the step of a converter from the first changes of value of a record.

    All values are whole multiples of the step, and at least sixteen differ. A noise-free ramp that was
    computed moves by the same amount at every sample too, but always the same way: of the changes
    by one step a tenth must come after a repeated value or a change of another size.
    """

    _value: float | None = None
    _still: bool = True
    _values: list[np.ndarray] = field(default_factory=list)
    _after_rest: list[np.ndarray] = field(default_factory=list)
    _kept: int = 0
    _known: tuple[float, float] | None = None

    def update(self, values: Samples) -> None:
        """Take the next samples, all finite. [SI]"""
        if self._kept >= _CHANGES_KEPT or values.size == 0:
            return
        if self._value is not None:
            values = np.concatenate(([self._value], values))
        moved = values[1:] != values[:-1]
        places, self._known = np.flatnonzero(moved)[: _CHANGES_KEPT - self._kept], None
        rested = np.concatenate(([self._still], ~moved[:-1])) if moved.size else np.empty(0, dtype=bool)
        if self._kept == 0:
            self._values.append(values[:1])
        self._values.append(values[places + 1])
        self._after_rest.append(rested[places])
        self._kept += places.size
        self._value = float(values[-1])
        self._still = self._still if moved.size == 0 else not moved[-1]

    def enter(self, before: Samples) -> None:
        """Begin behind samples that end like this."""
        self._value, self._still = float(before[-1]), bool(before[0] == before[-1])

    def merge(self, earlier: Codes) -> None:
        """Put the changes before these in front."""
        room = _CHANGES_KEPT - earlier._kept
        if self._kept:
            changes, rested = np.concatenate(self._values)[-self._kept :], np.concatenate(self._after_rest)
            self._values = [*earlier._values, changes[:room]]
            self._after_rest = [*earlier._after_rest, rested[:room]]
        else:
            self._values, self._after_rest = earlier._values, earlier._after_rest
        self._kept, self._known = min(_CHANGES_KEPT, earlier._kept + self._kept), None

    @property
    def quantum(self) -> float:
        """Step of the converter, 0 where none shows. [SI]"""
        return self._of_step()[0]

    @property
    def hidden_noise(self) -> float:
        """Standard deviation of the noise that the steps may hide, 0 where no change undoes another. [SI]"""
        step, undone = self._of_step()
        return _HIDDEN * step if undone >= _TREMBLES else 0.0

    def _of_step(self) -> tuple[float, float]:
        """Step, and the share of changes that undo the one before; looked for once."""
        if self._known is None:
            self._known = self._found()
        return self._known

    def _found(self) -> tuple[float, float]:
        if self._kept < _FEWEST_CODES:
            return 0.0, 0.0
        values = np.concatenate(self._values)[-self._kept - 1 :]
        step = quantum(values) if np.unique(values).size >= _FEWEST_CODES else 0.0
        if step == 0.0:
            return 0.0, 0.0
        moves = np.rint(np.diff(values) / step)
        alone = np.concatenate(self._after_rest)[1:] | (moves[1:] != moves[:-1])
        single = np.abs(moves[1:]) == 1.0
        if int(np.count_nonzero(alone & single)) < _LEAST_BROKEN * int(np.count_nonzero(single)):
            return 0.0, 0.0
        return step, float(np.mean(moves[1:] == -moves[:-1]))


@dataclass(slots=True)
class HeldValues:
    """Finds recorders that poll faster than their sensor refreshes, and so repeat values.

    A value counts as held if practically every run of equal samples between two changes has at
    least two samples, while the changes after such runs are not those of a quantiser (whose steps are
    mostly one code): at least a tenth of them must be larger than five times the smallest. Ideal
    noise-free levels (a square wave between two values) are told from held ones by the number of
    distinct changes after such runs, at least eight.
    """

    _value: float | None = None
    _length: int = 0
    _started: bool = False
    _runs: np.ndarray = field(default_factory=lambda: np.zeros(_LONGEST_COUNTED + 1, dtype=np.int64))
    _changes: set[float] = field(default_factory=set)
    _smallest: float = float("inf")
    _longest: int = 0
    _falls: bool | None = None
    _turns: int = 0
    _total: int = 0
    _sizes: Histogram = field(default_factory=Histogram)
    _entered: bool = False
    _head: tuple[int, float, bool] | None = None
    """Of a piece: samples before its first change, and that change, its size and whether it falls; not counted yet."""

    def enter(self, before: Samples) -> None:
        """Begin behind samples that end like this, in a run whose beginning is not seen."""
        self._value, self._entered = float(before[-1]), True

    def merge(self, earlier: HeldValues) -> None:
        """Put the runs before these in front."""
        if self._head is None:
            self._length += earlier._length
            self._started, self._falls, self._head = earlier._started, earlier._falls, earlier._head
            self._longest = max(self._longest, self._length)
        else:
            self._join(earlier, self._head)
        self._entered = earlier._entered
        self._runs += earlier._runs
        self._changes |= earlier._changes
        self._smallest, self._longest = min(self._smallest, earlier._smallest), max(self._longest, earlier._longest)
        self._turns, self._total = self._turns + earlier._turns, self._total + earlier._total
        self._sizes.merge(earlier._sizes)

    def _join(self, earlier: HeldValues, head: tuple[int, float, bool]) -> None:
        """The run that the pieces share, and the change that ends it."""
        length, (more, size, falls) = earlier._length, head
        if earlier._entered and not earlier._started:
            self._head = (length + more, size, falls)
            return
        self._head = earlier._head
        self._longest = max(self._longest, length + more)
        self._turns += earlier._falls not in (None, falls)
        if earlier._started:
            self._runs[min(length + more, _LONGEST_COUNTED)] += 1
        if length + more > 1:
            self._count(np.array([size]))

    def update(self, samples: Samples) -> None:
        """Take the next samples, all finite, at least one."""
        if self._value is None:
            self._value, samples, self._length = float(samples[0]), samples[1:], 1
        values = np.concatenate(([self._value], samples))
        moved = values[1:] != values[:-1]
        changes = np.flatnonzero(moved)
        self._value = float(values[-1])
        if changes.size == 0:
            self._length += moved.size
            self._longest = max(self._longest, self._length)
            return
        first, rest = int(changes[0]) + self._length, moved.size - 1 - int(changes[-1])
        steps = values[1:] - values[:-1]
        steps = steps if changes.size == moved.size else steps[changes]
        falls = steps < 0.0
        self._turns += int(np.count_nonzero(falls[1:] != falls[:-1])) + (self._falls not in (None, bool(falls[0])))
        self._falls = bool(falls[-1])
        self._total += steps.size
        sizes = np.abs(steps, out=steps)
        if self._entered and not self._started:
            self._head, first = (first, float(sizes[0]), bool(falls[0])), 0
        self._count_runs(first, changes, sizes)
        self._longest, self._length = max(self._longest, rest + 1), rest + 1

    def _count_runs(self, first: int, changes: np.ndarray, sizes: Samples) -> None:
        """Runs of equal values that these changes, of these sizes, end; the record's first one began before it."""
        if int(changes[-1]) - int(changes[0]) == changes.size - 1:  # every sample differs from the one before
            longest, after_rest = 1 if changes.size > 1 else 0, sizes[: int(first > 1)]
            self._runs[1] += changes.size - 1
        else:
            lengths = np.diff(changes)
            longest = int(np.max(lengths))
            after_rest = sizes[np.concatenate(([first > 1], lengths > 1))]
            self._runs += np.bincount(np.minimum(lengths, _LONGEST_COUNTED), minlength=_LONGEST_COUNTED + 1)
        self._longest = max(self._longest, first, longest)
        if self._started:
            self._runs[min(first, _LONGEST_COUNTED)] += 1
        self._started = True
        self._count(after_rest)

    def _count(self, sizes: Samples) -> None:
        """Changes after runs of at least two."""
        if sizes.size == 0:
            return
        self._smallest = min(self._smallest, float(np.min(sizes)))
        self._sizes.update(sizes)
        if len(self._changes) < _DISTINCT:
            self._changes.update(np.unique(np.round(sizes, 12)).tolist())

    @property
    def _are_of_many_sizes(self) -> bool:
        """Whether a tenth of the changes after runs are larger than five times the smallest."""
        rank = self._sizes.count - -(-self._sizes.count // 10) + 1
        return len(self._changes) >= _DISTINCT and self._sizes.bracket(rank)[0] > 5.0 * self._smallest

    @property
    def held_for(self) -> int:
        """Median run length where values are held, else 1. [samples]"""
        runs = int(np.sum(self._runs))
        single = int(self._runs[1])
        if runs < _FEWEST_HOLDS or single > runs // 50 or not self._are_of_many_sizes:
            return 1
        return int(np.searchsorted(np.cumsum(self._runs), (runs + 1) // 2))

    @property
    def frozen_for(self) -> int:
        """Longest run where nearly all others are single samples and three in ten changes turn back, as in noise."""
        runs, single = int(np.sum(self._runs)), int(self._runs[1])
        noisy = runs >= 2 * _FEWEST_FROZEN and single * 20 >= runs * 19 and self._turns * 10 >= self._total * 3
        return self._longest if noisy and self._longest >= _FEWEST_FROZEN else 0
