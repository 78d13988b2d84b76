r"""Rms over one cycle, refreshed each half cycle, in step with the fundamental: U_rms(1/2) of IEC 61000-4-30.

A value stands at each zero crossing of the fundamental (upward or downward) and holds the cycle
that ends there,

.. math:: U(t_k)^2 = \frac{1}{T} \int_{t_k - T}^{t_k} x^2 dt,

T the period at t_k. The integral is a sum over cells: sample i stands for half an interval on
either side of it, and the two cells that the window cuts count in part. For a sine of N samples a
cycle that leaves at most ``pi / (4 N^2)`` of the rms.

Zero crossings come from the phase of the fundamental (`phase`), tick by tick. A tick is trusted
if the amplitude stands still around it and the frequency is near the nominal one; between trusted
ticks, in a dip or an interruption, the last trusted phase and frequency are carried on (fly-wheel).
Where none is known within 25 cycles before or after, a voltage below a tenth of rated is cut into
nominal cycles; a higher one has no value.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.phase import PhaseTrack

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

PATIENCE = 25
"""Nominal cycles for which a phase is carried on, or waited for."""
FARTHEST = 0.15
"""A frequency further than this from the nominal one is not followed. [ratio]"""
PRESENT = 0.1
"""Part of rated below which there is no voltage whose phase could be followed."""
_STILL = 0.02
"""Most by which the amplitude of a trusted tick may differ from its neighbours'. [ratio]"""
_SMOOTH = 0.01
"""Most by which its frequency may differ from that of the tick before. [ratio]"""


@dataclass(frozen=True, slots=True)
class _Anchor:
    """The fundamental near a place: zero crossings are where ``phase + pace (p - place)`` is a multiple of pi."""

    place: float
    """[samples]"""
    phase: float
    pace: float
    """[rad/sample]"""


@dataclass(slots=True)
class HalfCycleRms:
    """U_rms(1/2) of one waveform from a stream of blocks.

    Parameters
    ----------
    interval : float
        [s]
    frequency : float
        Nominal. [Hz]
    rated : float
        Rms. [SI]

    Attributes
    ----------
    wander : float
        Largest relative change of the followed frequency from one trusted tick to the next; a window is wrong by no
        more than that, and its rms by half of it.
    unlocked : float
        Time in which a voltage had no fundamental that could be followed. [s]
    slowest, fastest : float
        Frequency of the fundamental. [Hz]
    """

    interval: float
    frequency: float
    rated: float
    wander: float = 0.0
    unlocked: float = 0.0
    slowest: float = math.inf
    fastest: float = 0.0
    _track: PhaseTrack = field(init=False)
    _nominal: float = field(init=False)
    """Pace of the nominal frequency. [rad/sample]"""
    _segment: int | None = None
    _origin: float = 0.0
    _held: Samples = field(default_factory=lambda: np.empty(0))
    _dropped: int = 0
    _ticks: dict[int, tuple[float, float, int]] = field(default_factory=dict)
    """Phase, amplitude and run of the ticks that are still looked at, by their number in the segment."""
    _judged: int = 0
    _anchor: _Anchor | None = None
    _last_pace: float | None = None
    """Of the tick before, trusted or not."""
    _from: float = 0.0
    """Where values are still to be given from. [samples]"""
    _known: bool = False
    """Whether the last thing given was a value."""

    def __post_init__(self) -> None:
        """The tracker of phases."""
        self._track = PhaseTrack(self.frequency, self.interval)
        self._nominal = 2.0 * math.pi * self.frequency * self.interval

    def push(self, block: Block) -> Iterator[tuple[float, float]]:
        """Time [s] and rms [SI] of each value that this block completes; NaN where what follows is not known."""
        if block.segment != self._segment:
            yield from self.close()
            self._segment, self._origin = block.segment, block.first_time
            self._held, self._dropped, self._ticks, self._judged = np.empty(0), 0, {}, 0
            self._anchor, self._last_pace, self._from, self._known = None, None, -math.inf, False
        self._held = np.concatenate((self._held, block.samples[0]))
        for ticks in self._track.push(block):
            first = ticks.start - self._origin + ticks.first * ticks.interval
            number = round((first / self.interval - self._middle(0)) / self._track.tick)
            for i, (phase, amplitude) in enumerate(zip(ticks.phases.tolist(), ticks.amplitudes.tolist(), strict=True)):
                self._ticks[number + i] = (phase, amplitude, ticks.run)
        yield from self._advance(self._complete - 1)
        self._forget()

    def close(self) -> Iterator[tuple[float, float]]:
        """Values that the end of the segment completes; what follows is not known."""
        if self._segment is None:
            return
        yield from self._advance(self._complete)
        end = self._seen - 0.5
        yield from self._without(end, last=True) if self._anchor is None else self._until(end)
        yield from self._break()
        self._segment = None

    # ------------------------------------------------------------ where things are [samples of the segment]

    @property
    def _seen(self) -> int:
        return self._dropped + self._held.size

    @property
    def _complete(self) -> int:
        """Ticks whose window the samples so far complete."""
        return max(0, (self._seen - self._track.length) // self._track.tick + 1)

    def _middle(self, number: int) -> float:
        return number * self._track.tick + (self._track.length - 1) / 2.0

    def _forget(self) -> None:
        period = 2.0 * math.pi / self._nominal
        needed = max(0.0, self._from - 2.0 * period)
        unused = min(max(0, math.floor(needed) - self._dropped), self._held.size)
        self._held = self._held[unused:].copy()
        self._dropped += unused
        for number in [number for number in self._ticks if number < self._judged - 1]:
            del self._ticks[number]

    # ------------------------------------------------------------ from tick to tick

    def _advance(self, limit: int) -> Iterator[tuple[float, float]]:
        """Judge the ticks before number `limit`, and give what they settle."""
        patience = PATIENCE * 2.0 * math.pi / self._nominal
        while self._judged < limit:
            number, middle = self._judged, self._middle(self._judged)
            self._judged += 1
            found = self._trusted(number)
            if found is not None:
                if self._anchor is not None:
                    yield from self._until(middle - self._track.tick / 2.0)
                    self.wander = max(self.wander, abs(found.pace / self._anchor.pace - 1.0))
                self._anchor = found
            elif self._anchor is not None and middle - self._anchor.place > patience:
                yield from self._until(middle)
                self._anchor = None
            elif self._anchor is None and middle - max(0.0, self._from) > patience:
                yield from self._without(middle)
        if self._anchor is not None and self._judged:
            yield from self._until(self._middle(self._judged - 1) + self._track.tick / 2.0)

    def _trusted(self, number: int) -> _Anchor | None:
        """The fundamental at a tick, unless it is disturbed there."""
        before, own, after = (self._ticks.get(number + step) for step in (-1, 0, 1))
        if own is None:
            self._last_pace = None
            return None
        pace = self._pace(before, own, after)
        last, self._last_pace = self._last_pace, pace
        edges = (number > 0, number + 1 < self._complete)
        alone = (near is None and inside for near, inside in zip((before, after), edges, strict=True))
        change = max(abs(near[1] / own[1] - 1.0) for near in (before, own, after) if near is not None)
        if any(alone) or change > _STILL or own[1] < PRESENT * math.sqrt(2.0) * self.rated:
            return None
        if abs(pace / self._nominal - 1.0) > FARTHEST or (last is not None and abs(pace / last - 1.0) > _SMOOTH):
            return None
        frequency = pace / (2.0 * math.pi * self.interval)
        self.slowest, self.fastest = min(self.slowest, frequency), max(self.fastest, frequency)
        middle = self._middle(number)
        turns = self.frequency * (self._origin + middle * self.interval)
        phase = own[0] + 2.0 * math.pi * (turns - math.floor(turns)) + math.pi / 2.0
        return _Anchor(middle, phase, pace)

    def _pace(
        self,
        before: tuple[float, float, int] | None,
        own: tuple[float, float, int],
        after: tuple[float, float, int] | None,
    ) -> float:
        """Mean advance of phase to the neighbours that are of one run; the nominal one without any."""
        near = [tick for tick in (before, own, after) if tick is not None and tick[2] == own[2]]
        if len(near) < 2:
            return self._nominal
        return self._nominal + (near[-1][0] - near[0][0]) / ((len(near) - 1) * self._track.tick)

    # ------------------------------------------------------------ values

    def _until(self, end: float) -> Iterator[tuple[float, float]]:
        """Values at the zero crossings of the anchor up to `end`."""
        anchor = self._anchor
        if anchor is None:
            raise ValueError("there is no fundamental to follow")
        period = 2.0 * math.pi / anchor.pace
        # half a turn on, or, where the phase jumped, wherever the next crossing is that is not the same one
        least = max(self._from + period / 4.0, period - 0.5)
        crossing = math.ceil((anchor.phase + anchor.pace * (least - anchor.place)) / math.pi)
        while True:
            place = anchor.place + (crossing * math.pi - anchor.phase) / anchor.pace
            if place > end or place > self._seen - 0.5:
                return
            self._from, self._known = place, True
            yield self._origin + place * self.interval, self._rms(place - period, place)
            crossing += 1

    def _without(self, end: float, last: bool = False) -> Iterator[tuple[float, float]]:
        """Values over nominal cycles for as long as there is hardly a voltage; from there on there is none to give.

        The rest is dropped only where the stretch begins with a voltage, or is the `last` one: a fundamental may yet
        be found that reaches back to it.
        """
        begin, known = self._from, self._known
        self._anchor = _Anchor(max(0.0, begin), 0.0, self._nominal)
        values = list(self._until(end))
        self._anchor = None
        low = list(itertools.takewhile(lambda one: one[1] < PRESENT * self.rated, values))
        yield from low
        if len(low) == len(values):
            return
        self._known = known or bool(low)
        self._from = begin if not low else (low[-1][0] - self._origin) / self.interval
        if low and not last:
            return
        yield from self._break()
        self.unlocked += (end - max(0.0, self._from)) * self.interval
        self._from = end

    def _break(self) -> Iterator[tuple[float, float]]:
        if self._known:
            self._known = False
            yield self._origin + self._from * self.interval, math.nan

    def _rms(self, start: float, end: float) -> float:
        """Root mean square between two places."""
        first, last = math.floor(start + 0.5), math.floor(end + 0.5)
        x = self._held[max(0, first - self._dropped) : last + 1 - self._dropped]
        squares = x * x
        total = float(np.sum(squares[1 : last - first])) + (first + 0.5 - start) * float(squares[0])
        if last - first < squares.size:
            total += (end + 0.5 - last) * float(squares[last - first])
        return math.sqrt(total / (end - start))
