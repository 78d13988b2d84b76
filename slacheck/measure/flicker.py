r"""Flicker severity of a voltage waveform: the flickermeter of IEC 61000-4-15 edition 2 (IEEE 1453).

Block 1 divides by the rms of each nominal cycle, refreshed each half cycle, through a first-order
low-pass of 27.3 s. Block 2 squares. Block 3 is the response of lamp and eye (`lamp`). Block 4
squares and smooths with 300 ms, to the instantaneous sensation P_inst. Block 5 takes the levels
that are exceeded for given parts of ten minutes (`flicker_statistics`).

The low-pass of block 3 runs at the rate of the samples, which makes it the anti-alias filter too
(at 1600 Hz it lets 1e-9 pass of what folds onto 35 Hz); all that follows runs at 1600 Hz or more,
by the bilinear transform. Dividing after the low-pass instead of before moves nothing: the divisor
follows 4e-4 of a fluctuation each half cycle. P_inst is classified at 400 Hz or more, by sorting.
The filters start charged by the first cycle, so 120 s of settling leave 1.3 % of its distance from
the mean level in the divisor, and nothing elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slacheck.measure.flicker_statistics import long_term, severity
from slacheck.measure.lamp import CUTOFF, LAMPS, SMOOTHING, analogue, digital, scale
from slacheck.measure.lowpass import resting, sections

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

SETTLING = 120.0
"""From the start of a segment, or from a dip, to the first period. [s]"""
PERIOD = 600.0
"""[s]"""
IN_PLT = 12
"""Values of Pst in one of Plt."""
LEAST_RATE = 1600.0
"""Samples a second for which all of table 5 comes out; below nothing is measured. [Hz]"""
DIP, SWELL = 0.9, 1.1
"""A cycle whose rms lies outside flags its period (IEC 61000-4-30 4.7). [pu of rated]"""

_CLASSIFIED = 400.0
"""Least rate of what is sorted. [Hz]"""
_CHUNK = 8192
"""Samples at the processing rate that are worked on at a time, counted from the segment's first."""
_ADAPTATION = 27.3
"""[s]"""
_ABSURD = 1e3
"""Samples are kept within this, so that their squares stay finite. [pu of rated]"""
_STRONG = 0.3
"""Polarity is that of samples beyond this, so that noise at a zero crossing is none. [pu of rated]"""


@dataclass(frozen=True, slots=True)
class FlickerReading:
    """What was measured in one record.

    Parameters
    ----------
    starts, severities : ndarray of float, shape (n,)
        Periods that are whole and not flagged: their starts [s] and Pst. [1]
    sensations, strongest : ndarray of float, shape (n,)
        Largest P_inst in each, and where it stands. [1], [s]
    flagged : ndarray of float, shape (m,)
        Starts of the whole periods that hold a dip, swell or interruption, or begin less than the settling after one.
    first_disturbed : float, optional
        Time of the first cycle beyond `DIP` and `SWELL`. [s]
    frequency : float, optional
        Mean frequency of the voltage while there is one. [Hz]
    long_starts, long_severities : ndarray of float, shape (l,)
        The same of Plt: 12 values of Pst in a row, counted from the segment's first one.
    long_flagged : int
        Twelves of which a value is flagged.
    """

    starts: Samples
    severities: Samples
    sensations: Samples
    strongest: Samples
    flagged: Samples
    first_disturbed: float | None
    frequency: float | None
    long_starts: Samples
    long_severities: Samples
    long_flagged: int


@dataclass(slots=True)
class FlickerMeter:
    """Flickermeter over a stream of blocks of one voltage.

    Its filters are recursive: blocks come in order, and readings of pieces do not merge.

    Parameters
    ----------
    interval : float
        Nothing is measured where it is longer than 1 / `LEAST_RATE`. [s]
    lamp : int
        230 or 120. [V]
    frequency : float
        Of the mains, 50 or 60. [Hz]
    rated : float
        Rms. [SI]
    settling, period : float
        `SETTLING` and `PERIOD`, unless for tests. [s]
    """

    interval: float
    lamp: int
    frequency: float
    rated: float
    settling: float = SETTLING
    period: float = PERIOD
    _chain: _Chain | None = None
    _segment: int | None = None
    _waiting: list[Samples] = field(default_factory=list)
    _size: int = 0
    _found: list[_Period] = field(default_factory=list)
    _first_disturbed: float | None = None
    _crossings: int = 0
    _crossed: int = 0
    """Changes of polarity within a cycle of the one before, and the samples between them."""

    def update(self, block: Block) -> None:
        """Take the next block."""
        if self.interval * LEAST_RATE > 1.0 + 1e-9:
            return
        if self._chain is None or block.segment != self._segment:
            self._close()
            self._segment = block.segment
            self._chain = _Chain(self, block.segment, block.first_time)
        samples, whole = block.samples[0], _CHUNK * self._chain.factor
        while samples.size:
            taken = samples[: whole - self._size]
            samples = samples[taken.size :]
            self._waiting.append(taken.copy())
            self._size += taken.size
            if self._size == whole:
                self._work(whole)

    def _close(self) -> None:
        if self._chain is not None:
            self._work(self._size - self._size % self._chain.factor)

    def _work(self, count: int) -> None:
        chain = self._chain
        samples = np.concatenate((*self._waiting, np.empty(0)))[:count]
        self._waiting, self._size = [], 0
        if chain is None or samples.size == 0:
            return
        self._found += chain.push(samples)
        if self._first_disturbed is None:
            self._first_disturbed = chain.first_disturbed
        self._crossings += chain.crossings
        self._crossed += chain.crossed

    def reading(self) -> FlickerReading:
        """Every period of the record, and Plt of those that stand in a row."""
        self._close()
        self._chain = None
        good = [period for period in self._found if not period.flagged]
        groups = self._groups()
        whole = [group for group in groups if not any(period.flagged for period in group)]
        return FlickerReading(
            starts=np.array([period.start for period in good]),
            severities=np.array([period.severity for period in good]),
            sensations=np.array([period.sensation for period in good]),
            strongest=np.array([period.strongest for period in good]),
            flagged=np.array([period.start for period in self._found if period.flagged]),
            first_disturbed=self._first_disturbed,
            frequency=self._crossings / (2.0 * self._crossed * self.interval) if self._crossed else None,
            long_starts=np.array([group[0].start for group in whole]),
            long_severities=np.array([long_term(np.array([period.severity for period in group])) for group in whole]),
            long_flagged=len(groups) - len(whole),
        )

    def _groups(self) -> list[list[_Period]]:
        """Twelves in a row, counted from the first of each segment."""
        result = []
        for segment in dict.fromkeys(period.segment for period in self._found):
            own = [period for period in self._found if period.segment == segment]
            result += [own[first : first + IN_PLT] for first in range(0, len(own) - IN_PLT + 1, IN_PLT)]
        return result


class _Period(NamedTuple):
    """Start [s], Pst, largest P_inst and where it stands [s]; whether a dip flags it."""

    segment: int
    start: float
    severity: float
    sensation: float
    strongest: float
    flagged: bool


class _Chain:
    """Blocks 1 to 5 on one segment, fed whole chunks (the last may be shorter)."""

    def __init__(self, meter: FlickerMeter, segment: int, origin: float) -> None:
        lamp = LAMPS[meter.lamp]
        self.factor = max(1, math.floor(1.0 / (meter.interval * LEAST_RATE) + 1e-9))
        self.rate = 1.0 / (meter.interval * self.factor)
        self.cycle = math.ceil(self.rate / meter.frequency)
        self.first_disturbed: float | None = None
        self._meter, self._segment, self._origin = meter, segment, origin
        self._gain = scale(lamp, meter.frequency)
        self._low_pass = sections(CUTOFF[meter.frequency], 6, meter.interval)
        self._eye = digital(analogue(lamp), self.rate)
        self._smoothing = digital((((0.0, 0.0, 1.0), (0.0, SMOOTHING, 1.0)),), self.rate)
        weight = 1.0 - math.exp(-0.5 / (meter.frequency * _ADAPTATION))
        self._adaptation = np.array([[weight, 0.0, 0.0, 1.0, weight - 1.0, 0.0]])
        self._states: dict[str, Samples] = {"eye": np.zeros((3, 2)), "smoothing": np.zeros((1, 2))}
        self._done, self._half_cycles = 0, 0
        """Processing samples so far, and half cycles whose cycle is complete."""
        self._cells, self._divisor = np.empty(0), np.empty(0)
        self._disturbed = np.empty(0)
        self._every = max(1, math.floor(self.rate / _CLASSIFIED))
        self._sensations, self._first = np.empty(0), 0
        """P_inst that is not yet classified, and the place of its first value."""
        self._number = 0
        self.crossings, self.crossed = 0, 0
        """Of the last chunk."""
        self._polarity, self._changed = np.empty(0), np.empty(0, dtype=np.int64)

    def push(self, samples: Samples) -> list[_Period]:
        """Periods that are now complete."""
        voltage = np.clip(samples / self._meter.rated, -_ABSURD, _ABSURD)
        self._follow(voltage)
        squares = voltage * voltage
        cells = np.mean(squares.reshape(-1, self.factor), axis=1)
        if self._done == 0 and cells.size < 2 * self.cycle:
            return []
        if self._done == 0:
            self._states["low"] = resting(self._low_pass, np.mean(cells[: self.cycle], keepdims=True))[:, 0]
        low = self._filtered("low", self._low_pass, squares)[self.factor - 1 :: self.factor]
        relative = low / np.maximum(self._divisors(cells), (0.1 * DIP) ** 2)
        seen = self._filtered("eye", self._eye, relative - 1.0)
        smooth = self._filtered("smoothing", self._smoothing, self._gain * seen * seen)
        kept = smooth[-self._done % self._every :: self._every]
        self._sensations = np.concatenate((self._sensations, kept))
        self._done += cells.size
        return self._periods()

    def _follow(self, voltage: Samples) -> None:
        """Count changes of polarity, and the samples from each to the next."""
        strong = np.flatnonzero(np.abs(voltage) > _STRONG)
        signs = np.concatenate((self._polarity, np.sign(voltage[strong])))
        first = self._done * self.factor + strong[strong.size - signs.size + 1 :] if signs.size else strong
        changes = np.concatenate((self._changed, first[np.diff(signs) != 0.0]))
        spans = np.diff(changes)
        near = spans[spans * self._meter.interval * self._meter.frequency < 1.0]
        self.crossings, self.crossed = int(near.size), int(np.sum(near))
        self._polarity, self._changed = signs[-1:], changes[-1:]

    def _filtered(self, name: str, coefficients: Samples, values: Samples) -> Samples:
        from scipy.signal import sosfilt  # takes a second to import

        if values.size == 0:  # the last chunk of a segment may end before a half cycle does
            return values
        found, self._states[name] = sosfilt(coefficients, values, zi=self._states[name])
        return np.asarray(found, dtype=np.float64)

    def _divisors(self, cells: Samples) -> Samples:
        """Square of the adapted rms at each processing sample, from the mean squares of the cells. [pu^2]"""
        per_half = self.rate / (2.0 * self._meter.frequency)
        self._cells = np.concatenate((self._cells, cells))
        start, end = self._done + cells.size - self._cells.size, self._done + cells.size
        total = np.concatenate((np.zeros(1), np.cumsum(self._cells)))
        last = math.floor(end / per_half + 1e-9) - 1
        ends = (np.arange(self._half_cycles, last) + 2) * per_half
        edges = np.arange(start, end + 1, dtype=np.float64)
        spans = np.interp(ends, edges, total) - np.interp(ends - 2.0 * per_half, edges, total)
        rms = np.sqrt(np.maximum(0.0, spans) / (2.0 * per_half))
        self._note(ends[(rms < DIP) | (rms > SWELL)] / self.rate)
        if self._half_cycles == 0:
            self._states["adaptation"] = np.array([[(1.0 - self._adaptation[0, 0]) * rms[0], 0.0]])
            self._divisor = rms[:1]
        adapted = np.concatenate((self._divisor, self._filtered("adaptation", self._adaptation, rms)))
        places = np.floor((np.arange(self._done, end) + 1) / per_half + 1e-9).astype(np.int64) - 1
        held = adapted[np.clip(places - self._half_cycles, 0, adapted.size - 1)]
        self._half_cycles, self._divisor = last, adapted[-1:]
        self._cells = self._cells[-2 * self.cycle :].copy()
        return held * held

    def _note(self, disturbed: Samples) -> None:
        if disturbed.size and self.first_disturbed is None:
            self.first_disturbed = self._origin + float(disturbed[0])
        self._disturbed = np.concatenate((self._disturbed, disturbed))

    def _periods(self) -> list[_Period]:
        found: list[_Period] = []
        rate = self.rate / self._every
        while True:
            start = self._meter.settling + self._number * self._meter.period
            end = start + self._meter.period
            first, stop = math.ceil(start * rate - 1e-6), math.ceil(end * rate - 1e-6)
            if self._done < end * self.rate - 1.0:
                break
            inside = self._sensations[first - self._first : stop - self._first]
            since = self._disturbed[self._disturbed > start - self._meter.settling]
            flagged = bool(np.any(since <= end))
            place = int(np.argmax(inside))
            peak, at = float(inside[place]), self._origin + (first + place) / rate
            found.append(_Period(self._segment, self._origin + start, severity(inside), peak, at, flagged))
            self._number += 1
        unused = max(0, min(first - self._first, self._sensations.size))
        self._sensations, self._first = self._sensations[unused:], self._first + unused
        self._disturbed = self._disturbed[self._disturbed > start - self._meter.settling]
        return found
