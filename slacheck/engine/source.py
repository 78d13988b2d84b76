"""One capture seen as the signals of a spec: which channel, derived how, known how well."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.contract import Accuracy, Block, Derive, Signal, SignalFacts, Signals, Waveform
from slacheck.engine.grid import LONGEST_STEP, Gridder
from slacheck.errors import CaptureError, Diagnostic
from slacheck.measure.derive import Transform, make_transform
from slacheck.quality.facts import ChannelQuality

if TYPE_CHECKING:
    from slacheck.capture.capture import Capture, Channel, Clock
    from slacheck.contract import Samples

PIECE = 1 << 17
"""Samples read at a time; readings do not depend on it."""


@dataclass(slots=True)
class Source:
    """Signals of one capture.

    Parameters
    ----------
    capture : Capture
        The recording.
    signals : mapping
        Signals of the spec.
    overrides : mapping
        Signal to channel, from `--map` or the submission.
    """

    capture: Capture
    signals: Signals
    overrides: Mapping[str, str] = field(default_factory=dict)
    quality: dict[str, ChannelQuality] = field(default_factory=dict)

    # ------------------------------------------------------------ names

    def chain(self, name: str) -> tuple[Signal, tuple[Derive, ...]]:
        """The declared signal behind `name`, and what is derived from it, in order."""
        steps: list[Derive] = []
        signal = self.signals[name]
        while signal.derive is not None:
            steps.insert(0, signal.derive)
            signal = self.signals[signal.derive.source]
        return signal, tuple(steps)

    def channel_name(self, name: str) -> str:
        """Channel of a signal: by override, by the spec's `channel:`, or of the signal's own name."""
        base, _ = self.chain(name)
        override = self.overrides.get(base.name)
        if override is not None and override not in self.capture.channels:
            raise self._unknown_channel(base.name, override)
        return override or base.channel or base.name

    def has(self, name: str) -> bool:
        """Whether the capture has the channel behind this signal."""
        return self.channel_name(name) in self.capture.channels

    def channel(self, name: str) -> Channel:
        """The channel behind a signal.

        Raises
        ------
        CaptureError
            If its unit is unknown or does not fit the signal.
        """
        base, _ = self.chain(name)
        channel = self.capture.channels[self.channel_name(name)]
        if channel.base is None:
            raise CaptureError(
                Diagnostic(
                    self.capture.id,
                    f"channel {channel.name!r} has no unit, and the signal {base.name!r} needs one",
                    fix=f"name it in the sidecar {self.capture.id}.meta.yaml: "
                    f"`channels: {{{channel.name}: {{unit: {base.unit}}}}}`",
                )
            )
        same = channel.base == base.base or {channel.base, base.base} == {"1", "%"}
        if not same or (channel.quantity is not None and channel.quantity != base.quantity):
            found = f"{channel.quantity} in {channel.unit}" if channel.quantity else f"in {channel.unit}"
            raise CaptureError(
                Diagnostic(
                    self.capture.id,
                    f"channel {channel.name!r} is {found}, but the signal {base.name!r} is a {base.quantity} "
                    f"in {base.unit}",
                    fix="map the signal to another channel (--map SIGNAL=CHANNEL), or correct the unit in the sidecar",
                )
            )
        return channel

    def _unknown_channel(self, signal: str, channel: str) -> CaptureError:
        near = difflib.get_close_matches(channel, self.capture.channels, 1)
        known = ", ".join(list(self.capture.channels)[:12])
        return CaptureError(
            Diagnostic(
                self.capture.id,
                f"signal {signal!r} is mapped to channel {channel!r}, which is not in the capture (it has: {known})",
                fix=f"did you mean {near[0]!r}?" if near else "see `slacheck inspect` for its channels",
            )
        )

    # ------------------------------------------------------------ what is known

    def grid_interval(self, name: str) -> float:
        """Interval of the grid on which meters see a signal. [s]"""
        _, steps = self.chain(name)
        interval = self.capture.clock.interval
        for step in steps:
            interval = interval if step.step is None else step.step
        return interval

    def accuracy(self, name: str) -> Accuracy | None:
        """Declared for the channel, else for the signal, else for the signal it is derived from."""
        base, _ = self.chain(name)
        return self.channel(name).accuracy or self.signals[name].accuracy or base.accuracy

    def facts(self, name: str) -> SignalFacts:
        """What the capture says of a signal; complete once its samples have streamed past."""
        _, steps = self.chain(name)
        clock, channel = self.capture.clock, self.channel(name)
        quality = self.quality[channel.name]
        lost, time_gap = _lost_in_time(clock)
        uneven = clock.times is not None
        windows = tuple(step.window for step in steps)
        return SignalFacts(
            signal=name,
            channel=channel.name,
            interval=clock.interval * quality.held_for,
            grid=self.grid_interval(name),
            first=clock.segments[0].first_time if clock.segments else 0.0,
            last=clock.segments[-1].last_time if clock.segments else 0.0,
            samples=clock.count + lost,
            missing=quality.missing + lost,
            longest_gap=max(time_gap, quality.longest_missing_run * clock.interval),
            jitter=clock.jitter,
            interpolated=uneven,
            interpolation_error=quality.interpolation_error if uneven else 0.0,
            interpolation_rms=quality.interpolation_rms if uneven else 0.0,
            clock_fault=clock.fault,
            clipped=quality.clipped,
            anti_alias=self.capture.anti_alias,
            bandwidth=channel.bandwidth,
            averaging=tuple(length for length in (channel.averaging, *windows) if length > 0),
            window=sum(windows),
            time_uncertainty=clock.uncertainty,
            held=quality.held_for > 1,
            frozen=quality.frozen_for * clock.interval,
        )

    # ------------------------------------------------------------ samples

    def window(self, name: str, start: float, end: float) -> Waveform:
        """Samples of a signal in [start, end] at their own times; read again from the record."""
        base, steps = self.chain(name)
        lead = sum(step.window + (step.step or 0.0) for step in steps)
        if lead > 0:
            lead += 2 * self.capture.clock.interval
        times, samples = self._samples(base.name, start - lead, end)
        interval = self.grid_interval(name)
        if steps:
            times, samples = self._derived(steps, times, samples)
            inside = (times >= start) & (times <= end)
            times, samples = times[inside], samples[inside]
        return Waveform(times, samples, interval, _gaps(times, interval, start, end))

    def _samples(self, name: str, start: float, end: float) -> tuple[Samples, Samples]:
        clock = self.capture.clock
        first, last = index_range(clock, start, end)
        times = times_of(clock, first, last)
        samples = self.channel(name).read(first, last)
        present = np.isfinite(samples)
        return times[present], samples[present]

    def _derived(self, steps: tuple[Derive, ...], times: Samples, samples: Samples) -> tuple[Samples, Samples]:
        clock = self.capture.clock
        gridder = Gridder(clock.interval, even=clock.times is None)
        chain = transforms(steps, clock.interval)
        stepped = steps[-1].step is not None  # then sample k stands at k * interval exactly
        found = [
            (_block_times(block, stepped), block.samples[0])
            for piece in gridder.push(times, samples[np.newaxis])
            for block in through(chain, piece)
        ]
        if not found:
            return np.empty(0), np.empty(0)
        return np.concatenate([t for t, _ in found]), np.concatenate([y for _, y in found])

    def envelope(self, name: str, start: float, end: float, columns: int) -> tuple[Samples, Samples, Samples]:
        """Smallest and largest sample of each of `columns` equal stretches of [start, end].

        Returns
        -------
        centres, low, high : ndarray, shape (columns,)
            NaN where a stretch has no sample. [s], [SI], [SI]
        """
        low, high = np.full(columns, np.inf), np.full(columns, -np.inf)
        width = (end - start) / columns
        length = PIECE * min(self.grid_interval(name), self.capture.clock.interval)
        pieces = max(1, int(np.ceil((end - start) / length)))
        edges = np.linspace(start, end, pieces + 1)
        for begin, stop in itertools.pairwise(edges):
            waveform = self.window(name, float(begin), float(stop))
            column = np.clip(((waveform.times - start) / width).astype(np.int64), 0, columns - 1)
            np.minimum.at(low, column, waveform.samples)
            np.maximum.at(high, column, waveform.samples)
        empty = low > high
        low[empty] = high[empty] = np.nan
        centres = np.asarray(start + (np.arange(columns) + 0.5) * width, dtype=np.float64)
        return centres, low, high


def _block_times(block: Block, stepped: bool) -> Samples:
    count = block.samples.shape[1]
    if stepped:
        return np.arange(block.start, block.start + count, dtype=np.float64) * block.interval
    return block.first_time + np.arange(count, dtype=np.float64) * block.interval


def transforms(steps: tuple[Derive, ...], interval: float) -> list[Transform]:
    """Fresh transforms of a chain of derived signals."""
    chain = []
    for step in steps:
        chain.append(make_transform(step, interval))
        interval = interval if step.step is None else step.step
    return chain


def through(chain: list[Transform], block: Block) -> Iterator[Block]:
    """What a block becomes at the end of the chain, if anything yet."""
    current: Block | None = block
    for transform in chain:
        if current is None:
            return
        current = transform.push(current)
    if current is not None and current.samples.shape[1] > 0:
        yield current


def times_of(clock: Clock, first: int, last: int) -> Samples:
    """Times of samples first .. last - 1. [s]"""
    if clock.times is not None:
        return np.asarray(clock.times[first:last], dtype=np.float64)
    times = np.empty(max(0, last - first))
    for segment in clock.segments:
        begin, end = max(first, segment.start), min(last, segment.start + segment.count)
        if begin < end:
            steps = np.arange(begin - segment.start, end - segment.start)
            times[begin - first : end - first] = segment.first_time + steps * clock.interval
    return times


def index_range(clock: Clock, start: float, end: float) -> tuple[int, int]:
    """Indices [first, last) of the samples with times in [start, end]."""
    if clock.times is not None:
        return int(np.searchsorted(clock.times, start, "left")), int(np.searchsorted(clock.times, end, "right"))
    slack = 1e-6
    first, last = clock.count, 0
    for segment in clock.segments:
        if segment.last_time < start - slack * clock.interval or segment.first_time > end + slack * clock.interval:
            continue
        low = int(np.ceil((start - segment.first_time) / clock.interval - slack))
        high = int(np.floor((end - segment.first_time) / clock.interval + slack)) + 1
        first = min(first, segment.start + max(0, low))
        last = max(last, segment.start + min(segment.count, high))
    return (first, last) if first < last else (0, 0)


def _lost_in_time(clock: Clock) -> tuple[int, float]:
    """Samples that gaps in time swallowed, and the longest such gap. [s]"""
    lost, longest = 0, 0.0
    for before, after in itertools.pairwise(clock.segments):
        gap = after.first_time - before.last_time - clock.interval
        lost += max(1, round(gap / clock.interval))
        longest = max(longest, gap)
    return lost, longest


def _gaps(times: Samples, interval: float, start: float, end: float) -> tuple[tuple[float, float], ...]:
    """Stretches of [start, end] without samples, the ends of the record included."""
    if times.size == 0:
        return ((start, end),)
    longest = LONGEST_STEP * interval
    gaps = []
    if times[0] - start > longest:
        gaps.append((start, float(times[0])))
    gaps += [(float(times[i]), float(times[i + 1])) for i in np.flatnonzero(np.diff(times) > longest)]
    if end - times[-1] > longest:
        gaps.append((float(times[-1]), end))
    return tuple(gaps)
