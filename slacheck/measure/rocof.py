"""Rate of change of frequency from a record of frequency; what its meters have in common with `waveform_rocof`.

A record of frequency shows no jumps of the phase: a swing that lasts no longer than the recorder's
own window may be one, so it is taken off what counts and kept in the bound.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from slacheck.contract import Block
from slacheck.measure.noise import NoiseMeter, noise_strides
from slacheck.measure.rates import Frequencies, Rate, RateExtremes
from slacheck.measure.swings import (
    CLEAR,
    DOUBTFUL,
    Disturbance,
    without_swings,
)
from slacheck.measure.windows import whole_windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Samples

PLAUSIBLE = 0.15
"""No grid is further than this from its nominal frequency; what is further was not measured on one. [ratio]"""
GOOD, STRAYED, DEAD = 0, 1, 2


@dataclass(frozen=True, slots=True)
class RocofReading:
    """What a meter found.

    Parameters
    ----------
    rates : (Rate, Rate) or None
        Up and down; None where no window counts.
    windows, excluded, possible : int
        Measured; of them those that hold a disturbance; those of a record without gaps.
    noise : float
        Standard deviation of one frequency. [Hz]
    held : int
        Windows that make up the duration.
    quantum : float
        Smallest step of the record; 0 for a waveform. [Hz]
    flaw : float
        Most that small steps of the amplitude add to one frequency. [Hz]
    disturbances : tuple of Disturbance
        The first ones.
    disturbed, doubtful : int
        How many there are, and how many more are near the threshold.
    strayed : float
        Time in which the frequency was not plausible or the supply was off. [s]
    """

    rates: tuple[Rate, Rate] | None
    windows: int
    excluded: int
    possible: int
    noise: float
    held: int = 1
    quantum: float = 0.0
    flaw: float = 0.0
    disturbances: tuple[Disturbance, ...] = ()
    disturbed: int = 0
    doubtful: int = 0
    strayed: float = 0.0


@dataclass(slots=True)
class Rates:
    """Rates over a window that need not be a whole number of values, and the noise of the values.

    Parameters
    ----------
    window, duration, step, nominal : float
        [s], [s], [s], [Hz]
    strides : tuple of int
        For the noise, see `NoiseMeter`. [values]
    """

    window: float
    duration: float
    step: float
    nominal: float
    strides: tuple[int, ...]
    strayed: int = 0
    """Values that were not plausible."""
    _extremes: list[tuple[float, RateExtremes]] = field(init=False)
    _noise: NoiseMeter = field(init=False)
    _run: int = 0

    def __post_init__(self) -> None:
        """Whole numbers of values below and above the window."""
        lengths = whole_windows(self.window, self.step)
        self._extremes = [(weight, self._one(lag, len(lengths) == 1)) for lag, weight in lengths]
        self._noise = NoiseMeter(self.strides)

    def _one(self, lag: int, whole: bool) -> RateExtremes:
        return RateExtremes(lag, self.window if whole else lag * self.step, self.step, self.nominal, self.duration)

    def push(self, values: Frequencies) -> None:
        """Take the next values of the run."""
        row = values.upper[np.newaxis]
        self._noise.update(Block(row, self._run, 0, values.origin, self.step))
        for _, extremes in self._extremes:
            extremes.push(values)

    def end(self, strayed: bool = False) -> None:
        """End the run."""
        self._run += 1
        for _, extremes in self._extremes:
            extremes.end(strayed)

    def reading(self, values: int) -> RocofReading:
        """Of a record that would have had so many values without gaps."""
        found = [(weight, extremes.rates()) for weight, extremes in self._extremes]
        complete = [(weight, rates) for weight, rates in found if rates is not None]
        last = self._extremes[-1][1]
        return RocofReading(
            rates=_between(complete) if len(complete) == len(found) else None,
            windows=last.windows,
            excluded=last.excluded,
            possible=max(last.windows, values - last.span),
            noise=self._noise.reading().largest,
            held=last.held,
            strayed=self.strayed * self.step,
        )


def _between(found: list[tuple[float, tuple[Rate, Rate]]]) -> tuple[Rate, Rate]:
    """Rates over a window between two whole numbers of values."""
    up, down = (
        Rate(
            math.fsum(weight * rates[side].value for weight, rates in found),
            min(rates[side].low for _, rates in found),
            max(rates[side].high for _, rates in found),
            found[0][1][side].time,
        )
        for side in (0, 1)
    )
    return up, down


def runs_of(states: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Stretches [first, last) of equal states, with the state."""
    edges = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), states.size]
    for first, last in itertools.pairwise(edges):
        if first < last:
            yield first, last, int(states[first])


@dataclass(slots=True)
class FrequencyRocof:
    """Meter of a record of frequency, with the voltage beside it or alone.

    Parameters
    ----------
    interval, nominal, window, duration : float
        [s], [Hz], [s], [s]
    swing : float
        How long a swing may last that could be a phase jump. [s]
    supply : float, optional
        Least value of the second signal at which the frequency counts. [SI]
    """

    interval: float
    nominal: float
    window: float
    swing: float
    duration: float = 0.0
    supply: float | None = None
    _rates: Rates = field(init=False)
    _reach: int = field(init=False)
    _segment: int | None = None
    _span: tuple[int, int] | None = None
    _held: Samples = field(default_factory=lambda: np.empty(0))
    """Values of the run from `_reach` before the next that goes on."""
    _gone: int = 0
    """Values of the run that went on."""
    _place: tuple[float, int, int] = (0.0, 0, 0)
    """Time and index of the segment's first sample, and how many have come since."""
    _quantum: float = math.inf
    _last: float | None = None

    def __post_init__(self) -> None:
        """Length of a swing in values."""
        strides = noise_strides(self.window / self.interval)
        self._rates = Rates(self.window, self.duration, self.interval, self.nominal, strides)
        self._reach = math.ceil(self.swing / self.interval - 1e-6) + 1

    def update(self, block: Block) -> None:
        """Take the next block of the frequency, with the supply."""
        if self._segment != block.segment:
            self._end(strayed=False)
            self._segment, self._place = block.segment, (block.first_time, block.start, 0)
        begin = block.start if self._span is None else self._span[0]
        self._span = (begin, block.start + block.samples.shape[1])
        values, (origin, start, _) = block.samples[0] - self.nominal, self._place
        plausible = np.where(np.abs(values) <= PLAUSIBLE * self.nominal, GOOD, STRAYED)
        states = plausible if self.supply is None else np.where(block.samples[1] >= self.supply, plausible, DEAD)
        for first, last, state in runs_of(states):
            self._place = (origin, start, block.start - start + last)
            if state == GOOD:
                self._go_on(values[first:last])
            else:
                self._end(strayed=state == STRAYED)
                self._rates.strayed += last - first

    def reading(self) -> RocofReading:
        """Largest rates."""
        self._end(strayed=False)
        found = self._rates.reading(0 if self._span is None else self._span[1] - self._span[0])
        quantum = 0.0 if self._quantum == math.inf else self._quantum
        return replace(found, quantum=quantum)

    def _go_on(self, values: Samples) -> None:
        """The next values of the run."""
        steps = np.abs(np.diff(values if self._last is None else np.concatenate(([self._last], values))))
        self._quantum = min(self._quantum, float(np.min(steps[steps > 0.0], initial=math.inf)))
        self._last = float(values[-1])
        self._held = np.concatenate((self._held, values))
        begin, stop = min(self._gone, self._reach), self._held.size - self._reach
        if stop <= begin:
            return
        unsure = max(0, self._reach - begin)
        counted = self._held[begin:stop].copy()
        if counted.size > unsure:
            counted[unsure:] = without_swings(self._held[begin + unsure - self._reach :], self._reach)
        self._pass_on(counted, begin, np.where(np.arange(counted.size) < unsure, DOUBTFUL, CLEAR))
        self._gone += counted.size
        self._held = self._held[max(0, stop - self._reach) :].copy()

    def _pass_on(self, counted: Samples, begin: int, doubt: NDArray[np.int64]) -> None:
        origin, _, seen = self._place
        upper, index = self._held[begin : begin + counted.size], seen - self._held.size + begin
        self._rates.push(Frequencies(counted, upper, doubt, origin, index))

    def _end(self, strayed: bool) -> None:
        """The last values of a run stand in doubt: they may be part of a swing."""
        rest = self._held[min(self._gone, self._reach) :]
        if rest.size:
            self._pass_on(rest.copy(), self._held.size - rest.size, np.full(rest.size, DOUBTFUL))
        self._held, self._gone, self._last = np.empty(0), 0, None
        self._rates.end(strayed)
