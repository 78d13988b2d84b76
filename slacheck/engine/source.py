"""One capture seen as the signals of a spec: which channel, derived how, known how well."""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slacheck.contract import Accuracy, Block, Signal, SignalFacts, Signals, Waveform, lead, leaves
from slacheck.engine.carried import accuracy_of, chain_of, interpolation_of, unfit
from slacheck.engine.derived import DerivedSignals, Run
from slacheck.engine.grid import LONGEST_STEP, Gridder
from slacheck.errors import CaptureError, Diagnostic
from slacheck.measure.frequency import CONTEXT_CYCLES
from slacheck.measure.windows import Timeline
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
    quality: dict[tuple[str, ...], ChannelQuality] = field(default_factory=dict)
    """Of single channels, and of channels together: missing where any of them is."""

    runs: dict[str, Run] = field(default_factory=dict)
    """Of derived signals, once their values have streamed past."""

    # ------------------------------------------------------------ names

    def channel_names(self, name: str) -> tuple[str, ...]:
        """Channels behind a signal: by override, by the spec's `channel:`, or of the recorded signals' own names."""
        return tuple(dict.fromkeys(self._channel_name(self.signals[leaf]) for leaf in leaves(self.signals, name)))

    def _channel_name(self, signal: Signal) -> str:
        override = self.overrides.get(signal.name)
        if override is not None and override not in self.capture.channels:
            raise self._unknown_channel(signal.name, override)
        return override or signal.channel or signal.name

    def has(self, name: str) -> bool:
        """Whether the capture has every channel behind this signal."""
        return all(channel in self.capture.channels for channel in self.channel_names(name))

    def channel(self, name: str) -> Channel:
        """The channel of a recorded signal.

        Raises
        ------
        CaptureError
            If its unit is unknown or does not fit the signal.
        """
        signal = self.signals[name]
        channel = self.capture.channels[self._channel_name(signal)]
        if channel.base is None:
            raise CaptureError(
                Diagnostic(
                    self.capture.id,
                    f"channel {channel.name!r} has no unit, and the signal {name!r} needs one",
                    fix=f"name it in the sidecar {self.capture.id}.meta.yaml: "
                    f"`channels: {{{channel.name}: {{unit: {signal.unit}}}}}`",
                )
            )
        same = channel.base == signal.base or {channel.base, signal.base} == {"1", "%"}
        if not same or (channel.quantity is not None and channel.quantity != signal.quantity):
            found = f"{channel.quantity} in {channel.unit}" if channel.quantity else f"in {channel.unit}"
            raise CaptureError(
                Diagnostic(
                    self.capture.id,
                    f"channel {channel.name!r} is {found}, but the signal {name!r} is a {signal.quantity} "
                    f"in {signal.unit}",
                    fix="map the signal to another channel (--map SIGNAL=CHANNEL), or correct the unit in the sidecar",
                )
            )
        return channel

    def channels(self, name: str) -> tuple[Channel, ...]:
        """The channels of the recorded signals behind a signal, in the order of `contract.leaves`."""
        return tuple(self.channel(leaf) for leaf in leaves(self.signals, name))

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
        derive = self.signals[name].derive
        if derive is None:
            return self.capture.clock.interval
        return derive.step if derive.step is not None else self.grid_interval(derive.source)

    def accuracy(self, name: str) -> Accuracy | None:
        """Declared for the channels, else for the signal, else for what it is derived from."""
        return accuracy_of(self, name)

    def facts(self, name: str) -> SignalFacts:
        """What the capture says of a signal; complete once its samples have streamed past."""
        clock, channels = self.capture.clock, self.channels(name)
        each = [self.quality[(channel.name,)] for channel in channels]
        together = self.quality[self.channel_names(name)]
        lost, time_gap = _lost_in_time(clock)
        without, longest_without = self._without(name)
        ends = self._ends(name)
        valueless = math.ceil(without / clock.interval) + math.floor(sum(ends) / clock.interval + 1e-6)
        held_for = max(quality.held_for for quality in each)
        chain = chain_of(self, name)
        recorded = self.signals[name].derive is None
        error, error_rms = interpolation_of(self, name)
        return SignalFacts(
            signal=name,
            channel=", ".join(dict.fromkeys(channel.name for channel in channels)),
            interval=clock.interval * held_for,
            grid=self.grid_interval(name),
            first=clock.segments[0].first_time if clock.segments else 0.0,
            last=clock.segments[-1].last_time if clock.segments else 0.0,
            samples=clock.count + lost,
            missing=min(clock.count + lost, together.missing + lost + valueless),
            longest_gap=max(time_gap, longest_without, together.longest_missing_run * clock.interval),
            ends=ends,
            jitter=clock.jitter,
            interpolated=clock.times is not None,
            interpolation_error=error,
            interpolation_rms=error_rms,
            clock_fault=clock.fault,
            clipped=sum(quality.clipped for quality in each),
            impossible=sum(quality.impossible for quality in each),
            anti_alias=self.capture.anti_alias,
            bandwidth=chain.bandwidth,
            averaging=chain.averaging,
            filters=chain.filters,
            unfit=tuple(unfit(self, name)),
            window=lead(self.signals, name),
            time_uncertainty=clock.uncertainty,
            held=held_for > 1,
            frozen=max(quality.frozen_for for quality in each) * clock.interval,
            quantum=each[0].quantum if recorded else 0.0,
            hidden_noise=each[0].hidden_noise if recorded else 0.0,
            clip=channels[0].clip if recorded else None,
        )

    def _without(self, name: str) -> tuple[float, float]:
        """For how long a signal, or any that it is derived from, had no value of its own accord. [s]"""
        derive = self.signals[name].derive
        below = [] if derive is None else [self._without(source) for source in dict.fromkeys(derive.sources)]
        own = self.runs[name].lost if name in self.runs else (0.0, 0.0)
        return own[0] + sum(total for total, _ in below), max((own[1], *(longest for _, longest in below)))

    def _ends(self, name: str) -> tuple[float, float]:
        """Start and end of the record that no value of a derived signal stands for. [s]"""
        run = self.runs.get(name)
        if run is None or run.span is None:
            return (0.0, 0.0)
        segments, (first, last) = self.capture.clock.segments, run.span
        interval = self.capture.clock.interval
        ends = first - self._stands_for(name) - (segments[0].first_time - interval), segments[-1].last_time - last
        start, end = (length if length > 1.5 * interval else 0.0 for length in ends)
        return start, end

    def _stands_for(self, name: str) -> float:
        """How far back from its time a value is a mean, or the like; what a filter remembers does not count. [s]"""
        derive, interval = self.signals[name].derive, self.capture.clock.interval
        if derive is None:
            return interval
        below = min(self._stands_for(source) for source in derive.sources)
        return below if derive.operation == "lowpass" or derive.window == 0.0 else derive.window - interval + below

    def derived(self, names: Sequence[str]) -> DerivedSignals:
        """Fresh streams of these signals over this capture."""
        segments = self.capture.clock.segments
        interval = self.capture.clock.interval
        longest = segments[-1].last_time - segments[0].first_time + interval if segments else 0.0
        return DerivedSignals(self.signals, names, interval, longest)

    # ------------------------------------------------------------ samples

    def window(self, name: str, start: float, end: float) -> Waveform:
        """Samples of a signal in [start, end] at their own times; read again from the record."""
        interval = self.grid_interval(name)
        pieces = list(self._pieces(name, start, end))
        times, samples = (np.concatenate([piece[part] for piece in pieces] or [np.empty(0)]) for part in (0, 1))
        return Waveform(times, samples, interval, _gaps(times, interval, start, end))

    def _pieces(self, name: str, start: float, end: float) -> Iterator[tuple[Samples, Samples]]:
        """Times and samples of a signal in [start, end], piece by piece."""
        if self.signals[name].derive is not None:
            for times, samples in self._derived(name, start, end):
                inside = (times >= start) & (times <= end)
                yield times[inside], samples[inside]
            return
        clock, channel = self.capture.clock, self.channel(name)
        for first, last in _cut(*index_range(clock, start, end)):
            times, samples = times_of(clock, first, last), channel.read(first, last)
            present = np.isfinite(samples)
            yield times[present], samples[present]

    def _derived(self, name: str, start: float, end: float) -> Iterator[tuple[Samples, Samples]]:
        clock = self.capture.clock
        derived = self.derived((name,))
        stepped = self.grid_interval(name) != clock.interval
        before = lead(self.signals, name) + (self.grid_interval(name) if stepped else 0.0)
        before += 2 * clock.interval if before > 0 else 0.0
        around = self._looks_around(name)
        gridder = Gridder(clock.interval, even=clock.times is None)
        timeline = Timeline(self.grid_interval(name))
        for first, last in _cut(*index_range(clock, start - before - around, end + around)):
            samples = np.stack([self.channel(leaf).read(first, last) for leaf in derived.recorded])
            for piece in gridder.push(times_of(clock, first, last), samples):
                for block in derived.push(piece):
                    timeline.enter(block)
                    yield _block_times(block, timeline, stepped), block.samples[0]

    def _looks_around(self, name: str) -> float:
        """How far beyond its window the record decides whether a derived signal has a value at all. [s]"""
        derive = self.signals[name].derive
        if derive is None:
            return 0.0
        own = CONTEXT_CYCLES / derive.frequency if derive.operation == "frequency" and derive.frequency else 0.0
        return own + max(self._looks_around(source) for source in derive.sources)

    def envelope(self, name: str, start: float, end: float, columns: int) -> tuple[Samples, Samples, Samples]:
        """Smallest and largest sample of each of `columns` equal stretches of [start, end].

        Returns
        -------
        centres, low, high : ndarray, shape (columns,)
            NaN where a stretch has no sample. [s], [SI], [SI]
        """
        low, high = np.full(columns, np.inf), np.full(columns, -np.inf)
        width = (end - start) / columns
        for times, samples in self._pieces(name, start, end):
            column = np.clip(((times - start) / width).astype(np.int64), 0, columns - 1)
            np.minimum.at(low, column, samples)
            np.maximum.at(high, column, samples)
        empty = low > high
        low[empty] = high[empty] = np.nan
        centres = np.asarray(start + (np.arange(columns) + 0.5) * width, dtype=np.float64)
        return centres, low, high


def _cut(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Samples first .. last - 1 in pieces that fit into memory."""
    for begin in range(first, last, PIECE):
        yield begin, min(begin + PIECE, last)


def _block_times(block: Block, timeline: Timeline, stepped: bool) -> Samples:
    places = np.arange(block.start, block.start + block.samples.shape[1], dtype=np.float64)
    if stepped:
        return places * block.interval
    return timeline.origin + (places - timeline.start) * block.interval


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


def span_of(clock: Clock, first: int, last: int) -> tuple[float, float] | None:
    """Times of samples `first` and `last` - 1 where they and all between are an interval apart, else None. [s]"""
    for segment in clock.segments if clock.times is None else ():
        if segment.start <= first and last <= segment.start + segment.count:
            steps = first - segment.start, last - 1 - segment.start
            return segment.first_time + steps[0] * clock.interval, segment.first_time + steps[1] * clock.interval
    return None


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
