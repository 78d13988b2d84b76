"""Rate of change of frequency from an AC waveform.

A waveform shows jumps of its phase and steps of its amplitude. Windows that hold one do not count;
across them, and across short interruptions, the frequency is taken as a straight line for the bound.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from slacheck.measure.phase import CYCLES, PhaseTrack, Ticks
from slacheck.measure.rates import Frequencies
from slacheck.measure.rocof import GOOD, PLAUSIBLE, STRAYED, Rates, RocofReading, runs_of
from slacheck.measure.swings import (
    CLEAR,
    DISTURBED,
    REACH,
    Disturbance,
    Thresholds,
    amplitude_steps,
    classes,
    phase_jumps,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Block, Samples

_SEEN = CYCLES // 2
"""Ticks to either side of a phase that it is taken from."""
_CONTEXT = _SEEN + REACH
"""Ticks before a frequency's first phase that must be known to say whether it is disturbed; one more after its last."""
_LONGEST_BRIDGE = 500
"""Disturbed frequencies in a row (cycles) beyond which what follows has nothing to do with what was before."""
_MOST_LISTED = 20
_STEP_SHOWS = 0.08
"""Most that the amplitude's step, up to a tenth of it, adds to a phase (by trial over all angles). [rad]"""


@dataclass(slots=True)
class _Run:
    """Where a meter stands in a run of ticks."""

    number: int
    start: float
    """Time of its tick 0. [s]"""
    shift: int
    """Ticks from that of the segment's first run."""
    phases: Samples = field(default_factory=lambda: np.empty(0))
    amplitudes: Samples = field(default_factory=lambda: np.empty(0))
    dropped: int = 0
    """Ticks before those held."""
    next: int = _CONTEXT
    """Tick of the next frequency's first phase."""
    looked: int = 0
    """Ticks that were looked at for disturbances."""


@dataclass(slots=True)
class WaveformRocof:
    """Meter of an AC waveform.

    Parameters
    ----------
    interval, nominal, window, averaging, duration : float
        Sample interval [s], frequency [Hz], window of the rate, of one frequency, and duration [s].
    thresholds : Thresholds
        From where on a jump or step takes its windows out.
    """

    interval: float
    nominal: float
    window: float
    averaging: float
    thresholds: Thresholds
    duration: float = 0.0
    _track: PhaseTrack = field(init=False)
    _tick: float = field(init=False)
    _base: float = field(init=False)
    _rates: Rates = field(init=False)
    _segment: int | None = None
    _origin: float | None = None
    """Time of tick 0 of the segment's first run. [s]"""
    _run: _Run | None = None
    _good: tuple[int, float, int] | None = None
    """Number, value and class of the segment's last frequency that was not disturbed."""
    _span: tuple[int, int] | None = None
    _quiet_step: float = 0.0
    _found: list[Disturbance] = field(default_factory=list)
    _disturbed: int = 0
    _doubtful: int = 0
    _going_on: Disturbance | None = None

    def __post_init__(self) -> None:
        """Ticks, and the time between the two phases of a frequency."""
        self._track = PhaseTrack(self.nominal, self.interval)
        self._tick = self._track.tick * self.interval
        self._base = max(self._tick, self.averaging - self._track.length * self.interval)
        strides = (self._ahead + CYCLES,)
        self._rates = Rates(self.window, self.duration, self._tick, self.nominal, strides)

    @property
    def _ahead(self) -> int:
        """Ticks from the first phase of a frequency to where the last one is known."""
        return math.ceil(self._base / self._tick - 1e-6)

    def update(self, block: Block) -> None:
        """Take the next block of one waveform."""
        begin = block.start if self._span is None else self._span[0]
        self._span = (begin, block.start + block.samples.shape[1])
        if block.segment != self._segment:
            self._end()
            self._segment, self._origin, self._good = block.segment, None, None
        for ticks in self._track.push(block):
            self._take(ticks)

    def reading(self) -> RocofReading:
        """Largest rates."""
        self._end()
        samples = 0 if self._span is None else self._span[1] - self._span[0]
        ticks = (samples - self._track.length) // self._track.tick + 1
        found = self._rates.reading(ticks - self._ahead - 2 * _CONTEXT - 1)
        flaw = _STEP_SHOWS * self._quiet_step / (2.0 * math.pi * self._base)
        disturbed, doubtful = self._disturbed, self._doubtful
        return replace(found, flaw=flaw, disturbances=tuple(self._found), disturbed=disturbed, doubtful=doubtful)

    def _take(self, ticks: Ticks) -> None:
        if self._origin is None:
            self._origin = ticks.start
        if self._run is None or self._run.number != ticks.run:
            if self._run is not None:
                self._lose(ticks.start)
            self._run = _Run(ticks.run, ticks.start, round((ticks.start - self._origin) / self._tick))
        run = self._run
        run.phases = np.concatenate((run.phases, ticks.phases))
        run.amplitudes = np.concatenate((run.amplitudes, ticks.amplitudes))
        stop = run.dropped + run.phases.size - self._ahead - _CONTEXT - 1
        if stop > run.next:
            self._go_on(run, stop)

    def _go_on(self, run: _Run, stop: int) -> None:
        """Frequencies whose first phases are those of the ticks up to `stop`."""
        angles, steps = phase_jumps(run.phases), amplitude_steps(run.amplitudes)
        ticks = classes(angles, steps, self.thresholds)
        self._look(run, stop + self._ahead + _SEEN, (ticks, *angles, steps))
        first, last = run.next - run.dropped, stop - run.dropped
        reached = sliding_window_view(ticks, self._ahead + 2 * _SEEN + 1)
        levels = np.max(reached[first - _SEEN : last - _SEEN], axis=1)
        late, before = (run.phases[first + ahead : last + ahead] for ahead in (self._ahead, self._ahead - 1))
        late = late + (self._ahead - self._base / self._tick) * (before - late)
        frequencies = (late - run.phases[first:last]) / (2.0 * math.pi * self._base)
        run.next = stop
        self._bridge(run.shift + stop, frequencies, levels)
        kept = last - _CONTEXT
        run.phases, run.amplitudes = run.phases[kept:].copy(), run.amplitudes[kept:].copy()
        run.dropped += kept

    def _bridge(self, stop: int, frequencies: Samples, levels: NDArray[np.int64]) -> None:
        """Pass on frequencies up to number `stop` of the segment, straight lines in the place of disturbed ones."""
        good = np.flatnonzero(levels != DISTURBED)
        if good.size == 0:
            return
        places, values, known = good + (stop - levels.size), frequencies[good], levels[good]
        if self._good is not None:
            place, value, level = self._good
            places, known = np.concatenate(([place], places)), np.concatenate(([level], known))
            values = np.concatenate(([value], values))
        skipped = 0 if self._good is None else 1
        breaks = np.flatnonzero(np.diff(places) > _LONGEST_BRIDGE) + 1
        for first, last in itertools.pairwise([0, *breaks.tolist(), places.size]):
            if first:
                self._rates.end()
                skipped = 0
            self._pass_on(self._straight(places[first:last], values[first:last], known[first:last], skipped))
        self._good = (int(places[-1]), float(values[-1]), int(known[-1]))

    def _straight(
        self, places: NDArray[np.int64], values: Samples, known: NDArray[np.int64], skipped: int
    ) -> Frequencies:
        """The frequencies at these places and in between, without the first `skipped`."""
        every = np.arange(places[0] + skipped, places[-1] + 1)
        doubt = np.full(every.size + skipped, DISTURBED)
        doubt[places - places[0]] = known
        bridged = np.interp(every, places, values)
        origin = (self._origin or 0.0) + self._base + self._track.length * self.interval / 2.0
        return Frequencies(bridged, bridged, doubt[skipped:], origin, int(places[0]) + skipped)

    def _pass_on(self, values: Frequencies) -> None:
        states = np.where(np.abs(values.upper) <= PLAUSIBLE * self.nominal, GOOD, STRAYED)
        for first, last, state in runs_of(states):
            if state == GOOD:
                self._rates.push(values.part(first, last))
            else:
                self._rates.end(strayed=True)
                self._rates.strayed += last - first

    def _look(self, run: _Run, stop: int, found: tuple[NDArray[np.int64], Samples, Samples, Samples]) -> None:
        """List the disturbances among the ticks up to `stop`; neighbouring ticks show one and the same."""
        fresh = slice(run.looked - run.dropped, stop - run.dropped)
        levels, least, angles, steps = (part[fresh] for part in found)
        sizes = np.abs(least) + steps
        looked, run.looked = run.looked + 0.5, stop  # a jump shows between a tick and the next
        self._quiet_step = max(self._quiet_step, float(np.max(steps[levels != DISTURBED], initial=0.0)))
        for first, last, disturbed in runs_of(np.where(levels != CLEAR, 1, 0)):
            if disturbed:
                worst = first + int(np.argmax(sizes[first:last]))
                begin, end = (run.start + (looked + tick) * self._tick for tick in (first, last - 1))
                certain = bool(np.max(levels[first:last]) == DISTURBED)
                self._gather(
                    Disturbance(begin, end, float(angles[worst]), float(steps[worst]), certain, float(sizes[worst]))
                )
            else:
                self._list()

    def _gather(self, one: Disturbance) -> None:
        """The disturbance that is going on lasts longer, and may turn out larger."""
        known = self._going_on
        self._going_on = one if known is None else known.with_more(one)

    def _list(self) -> None:
        """The disturbance that was going on is over."""
        one, self._going_on = self._going_on, None
        if one is None:
            return
        if one.certain and self._disturbed < _MOST_LISTED:
            self._found.append(one)
        self._disturbed += one.certain
        self._doubtful += not one.certain

    def _lose(self, until: float) -> None:
        """The fundamental was lost for a while: the largest of disturbances."""
        run = self._run
        since = self._origin if run is None else run.start + (run.dropped + run.phases.size) * self._tick
        self._gather(Disturbance(since or 0.0, until, 0.0, 1.0, certain=True, size=1.0))
        self._list()

    def _end(self) -> None:
        """End the segment; a disturbance that is still open takes its frequencies with it."""
        self._run = None
        self._list()
        self._rates.end()
