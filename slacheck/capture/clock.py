"""When the samples were taken: one clock for all channels of a capture.

A clock comes from a declared sample rate or from time stamps. Stamps are surveyed in pieces, so a
record may be longer than memory. What cannot be a clock (missing, duplicate or backward stamps)
is kept as `fault`, in words: the record can still be looked at, but no verdict rests on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slacheck.capture.readers.recording import PIECE, Stamps
from slacheck.capture.readers.store import scratch
from slacheck.errors import CaptureError, Diagnostic

if TYPE_CHECKING:
    from slacheck.contract import Samples

LONGEST_STEP = 1.75
"""Two stamps further apart than this many nominal intervals have a gap between them."""
EVEN = 0.1
"""A stamp may be this many intervals off an even grid."""
MOST_SEGMENTS = 1_000_000
_EVENLY_SPREAD = 4
"""So many evenly spread gaps are taken for coarse stamps."""
_SLACK = 1 + 1e-6
"""For comparisons of times that were rounded to binary."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of samples without a gap in time, from the index `start`; times in seconds."""

    start: int
    count: int
    first_time: float
    last_time: float


@dataclass(frozen=True, slots=True)
class Clock:
    """Times of all samples of a capture.

    Parameters
    ----------
    interval : float
        Nominal sample interval: of the grid where the record is even, else the median. [s]
    count : int
        Samples.
    times : ndarray of float, shape (count,), optional
        None where the record is even: sample k of a segment is then at first_time + k * interval. Else all stamps,
        from the first sample. [s]
    segments : tuple of Segment
        In order, covering all samples.
    jitter : float
        Largest distance of a stamp from the even grid. [s]
    fault : str, optional
        Missing, duplicate or backward stamps, in words. The times are then a mere stand-in.
    uncertainty : float
        Standard uncertainty of the time stamps. [s]
    """

    interval: float
    count: int
    times: Samples | None
    segments: tuple[Segment, ...]
    jitter: float = 0.0
    fault: str | None = None
    uncertainty: float = 0.0


def even_clock(interval: float, count: int, fault: str | None = None) -> Clock:
    """Samples without a gap, from time zero."""
    return Clock(interval, count, None, (Segment(0, count, 0.0, (count - 1) * interval),), fault=fault)


@dataclass(frozen=True, slots=True)
class Survey:
    """What all the stamps of a record show; positions count from 0.

    `nominal` is the median difference (beyond a million samples, the median of the medians of pieces);
    `smallest` the smallest positive difference, `largest` the largest. [s]
    """

    missing: tuple[int, int]
    backward: tuple[int, int]
    duplicate: tuple[int, int]
    nominal: float
    smallest: float
    largest: float
    span: float

    @property
    def rounding(self) -> float:
        """What stamps of even samples would be rounded to, by how their steps differ. [s]"""
        if not math.isfinite(self.smallest):
            return 0.0
        return self.smallest if self.duplicate[0] else min(self.largest - self.smallest, self.smallest)

    @property
    def fault(self) -> str | None:
        """What is wrong, in words, or None."""
        kinds = (("missing", self.missing), ("duplicate", self.duplicate), ("backward", self.backward))
        found = [
            f"{count} {name} time stamp{'s' if count > 1 else ''}, {'the first ' if count > 1 else ''}at sample "
            f"{first + 1}"
            for name, (count, first) in kinds
            if count
        ]
        return "; ".join(found) or None


def survey(stamps: Stamps) -> Survey:
    """Look at all stamps once, in pieces."""
    missing, backward, duplicate = _Tally(), _Tally(), _Tally()
    medians: list[float] = []
    smallest, largest = math.inf, 0.0
    for start, seconds in _overlapping(stamps):
        fresh = seconds if start == 0 else seconds[1:]
        missing.take(np.isnan(fresh), start if start == 0 else start + 1)
        steps = np.diff(seconds)
        backward.take(steps < 0, start + 1)
        duplicate.take(steps == 0, start + 1)
        known = steps[np.isfinite(steps)]
        if known.size:
            medians.append(_median(known))
        advancing = known[known > 0]
        if advancing.size:
            smallest, largest = min(smallest, float(np.min(advancing))), max(largest, float(np.max(advancing)))
    ends = stamps.seconds(len(stamps) - 1, len(stamps)) if len(stamps) else np.zeros(1)
    nominal = _median(np.array(medians)) if medians else 0.0
    return Survey(missing.found, backward.found, duplicate.found, nominal, smallest, largest, float(ends[0]))


def _median(values: Samples) -> float:
    """As `np.median` gives it for values without NaN; that one loads masked arrays for its answer."""
    half = values.size // 2
    middle = np.partition(values, (max(0, half - 1), half))  # with one place it is slow where values are few
    return float(middle[half]) if values.size % 2 else float((middle[half - 1] + middle[half]) / 2.0)


class _Tally:
    """How often something was seen, and where first."""

    def __init__(self) -> None:
        self.found = (0, 0)

    def take(self, seen: np.ndarray, start: int) -> None:
        count = int(np.count_nonzero(seen))
        if count:
            known, first = self.found
            self.found = (known + count, first if known else start + int(np.argmax(seen)))


def _overlapping(stamps: Stamps) -> Iterator[tuple[int, Samples]]:
    """Pieces of the stamps in seconds; each but the first begins with the last stamp of the one before."""
    for start in range(0, len(stamps), PIECE):
        before = max(0, start - 1)
        yield before, stamps.seconds(before, min(start + PIECE, len(stamps)))


def clock_of_stamps(
    stamps: Stamps, *, rate: float | None = None, resolution: float = 0.0, seen: Survey | None = None
) -> tuple[Clock, list[str]]:
    """The clock that time stamps describe, and what a report should say of it.

    Parameters
    ----------
    stamps : Stamps
        One for each sample.
    rate : float, optional
        Rate that the recorder states; its grid is preferred to a fitted one where the stamps fit it. [Hz]
    resolution : float
        What the stamps are known to be rounded to. [s]
    seen : Survey, optional
        Of these stamps, if they have been looked at.

    Raises
    ------
    CaptureError
        If there are fewer than two stamps, or they do not advance at all.
    """
    seen = survey(stamps) if seen is None else seen
    if len(stamps) < 2:
        raise CaptureError(
            Diagnostic(
                stamps.place,
                "the record has one sample; an interval needs two",
                fix="record longer, or declare `time: {sample_rate: ...}` in the sidecar",
            )
        )
    if seen.fault is not None:
        return _faulty(stamps, seen), []
    starts = _segment_starts(stamps, seen.nominal * LONGEST_STEP)
    coarse = _coarseness(stamps, seen, starts.size - 1)
    if coarse is not None:
        return even_clock(seen.span / (len(stamps) - 1), len(stamps), coarse), []
    return _Layout(stamps, starts, seen, resolution).clock(rate)


def _faulty(stamps: Stamps, seen: Survey) -> Clock:
    """A stand-in that lets the record be looked at: even, at the mean or the median interval."""
    fault = seen.fault or ""
    mean = seen.span / (len(stamps) - 1)
    interval = mean if math.isfinite(mean) and mean > 0 else seen.nominal
    if not interval > 0:
        interval = seen.smallest
    if not (math.isfinite(interval) and interval > 0):
        raise CaptureError(
            Diagnostic(
                stamps.place,
                f"the time stamps do not advance: {fault}",
                fix="declare `time: {sample_rate: ...}` in the sidecar if the samples are evenly taken",
            )
        )
    rounded = not seen.missing[0] and not seen.backward[0] and _distance(stamps, interval) <= seen.smallest * _SLACK
    if rounded:
        fault += (
            f"; they look like even samples at about {1 / interval:.6g} Hz whose stamps are rounded to "
            f"{_time(seen.smallest)}: then `time: {{sample_rate: ...}}` in the sidecar mends it"
        )
    return even_clock(interval, len(stamps), fault)


def _coarseness(stamps: Stamps, seen: Survey, gaps: int) -> str | None:
    """Stamps so coarse that some steps are twice as long, which looks like gaps; in words, or None.

    Lost samples do not lie so evenly that the whole record stays within one step of a straight line.
    """
    mean = seen.span / (len(stamps) - 1)
    if gaps < _EVENLY_SPREAD or mean > LONGEST_STEP * seen.nominal or _distance(stamps, mean) > seen.smallest * _SLACK:
        return None
    return (
        f"{gaps} steps are longer than the others, evenly spread, as when even samples at about {1 / mean:.6g} Hz are "
        f"stamped to {_time(seen.smallest)}: then `time: {{sample_rate: ...}}` in the sidecar mends it"
    )


def _distance(stamps: Stamps, interval: float) -> float:
    """Largest distance of a stamp from first + k * interval. [s]"""
    return max(
        float(np.max(np.abs(seconds - np.arange(start, start + seconds.size) * interval)))
        for start, seconds in _overlapping(stamps)
    )


def _segment_starts(stamps: Stamps, longest: float) -> np.ndarray:
    found = [np.zeros(1, dtype=np.int64)]
    total = 1
    for start, seconds in _overlapping(stamps):
        cuts = np.flatnonzero(np.diff(seconds) > longest) + start + 1
        total += cuts.size
        if total > MOST_SEGMENTS:
            raise CaptureError(Diagnostic(stamps.place, f"more than {MOST_SEGMENTS} gaps in time"))
        found.append(cuts)
    return np.concatenate(found)


@dataclass
class _Layout:
    """Segments of a record, and how far its stamps are from even grids through them."""

    stamps: Stamps
    starts: np.ndarray
    seen: Survey
    resolution: float

    def __post_init__(self) -> None:
        self.ends = np.append(self.starts[1:], len(self.stamps)) - 1
        self.first = np.concatenate([self.stamps.seconds(int(i), int(i) + 1) for i in self.starts])
        self.last = np.concatenate([self.stamps.seconds(int(i), int(i) + 1) for i in self.ends])

    def clock(self, rate: float | None) -> tuple[Clock, list[str]]:
        """Even at the stated rate, else even at the fitted one, else all stamps."""
        fitted = self._fitted()
        stated = [] if rate is None else [1.0 / rate]
        for interval in (*stated, fitted):
            jitter = self._distance(np.full(self.starts.size, interval))
            if jitter <= EVEN * interval * _SLACK + self.resolution:
                return Clock(interval, len(self.stamps), None, self._segments(), jitter), self._notes(jitter, True)
        own = (self.last - self.first) / np.maximum(self.ends - self.starts, 1)
        jitter = self._distance(own)
        nominal = float(f"{self.seen.nominal:.9g}")
        clock = Clock(nominal, len(self.stamps), self._times(), self._segments(), jitter)
        return clock, self._notes(jitter, False)

    def _segments(self) -> tuple[Segment, ...]:
        counts = self.ends - self.starts + 1
        rows = (self.starts, counts, self.first, self.last)
        return tuple(Segment(*row) for row in zip(*(column.tolist() for column in rows), strict=True))

    def _fitted(self) -> float:
        """Interval pooled over all segments, sum of lengths over sum of steps, rounded to 12 digits if that is free."""
        steps = int(np.sum(self.ends - self.starts))
        if steps == 0:
            return self.seen.nominal
        fitted = math.fsum((self.last - self.first).tolist()) / steps
        longest = int(np.max(self.ends - self.starts))
        for nice in (float(f"{fitted:.12g}"), 1.0 / float(f"{1.0 / fitted:.12g}")):
            if abs(nice - fitted) * longest <= 1e-6 * fitted:
                return nice
        return fitted

    def _distance(self, intervals: np.ndarray) -> float:
        """Largest distance of a stamp from the even grid through its segment. [s]"""
        largest = 0.0
        for start, seconds in _overlapping(self.stamps):
            index = np.arange(start, start + seconds.size)
            if self.starts.size == 1:
                expected = self.first[0] + index * intervals[0]
                largest = max(largest, float(np.max(np.abs(seconds - expected))))
                continue
            segment = np.searchsorted(self.starts, index, "right") - 1
            expected = self.first[segment] + (index - self.starts[segment]) * intervals[segment]
            largest = max(largest, float(np.max(np.abs(seconds - expected))))
        return largest

    def _times(self) -> Samples:
        times = scratch(len(self.stamps), self.stamps.place)
        for start, seconds in _overlapping(self.stamps):
            times[start : start + seconds.size] = seconds
        return times

    def _notes(self, jitter: float, even: bool) -> list[str]:
        notes = []
        gaps = self.starts.size - 1
        if gaps:
            longest = float(np.max(self.first[1:] - self.last[:-1]))
            notes.append(f"{gaps} gap{'s' if gaps > 1 else ''} in time, the longest {_time(longest)}")
        if not even:
            notes.append(
                f"the time stamps are uneven: median interval {_time(self.seen.nominal)}, up to {_time(jitter)} off an "
                f"even grid{self._rounding()}"
            )
        return notes

    def _rounding(self) -> str:
        mean = self.seen.span / (len(self.stamps) - 1)
        if _distance(self.stamps, mean) > min(self.seen.smallest, mean):
            return ""
        return (
            f"; they could be even samples at {1 / mean:.6g} Hz with rounded stamps: if so, declare "
            f"`time: {{sample_rate: ...}}` in the sidecar"
        )


def contradiction(stamps: Stamps, rate: float) -> str | None:
    """How time stamps contradict a declared sample rate beyond their rounding, or None. [Hz]

    The rate must agree to 0.1 %, and no stamp may be further than one interval, or one step of
    coarsely rounded stamps, from an even grid between the first and the last.
    """
    seen = survey(stamps)
    if len(stamps) < 2 or seen.missing[0] == len(stamps):
        return None
    if seen.missing[0] or seen.backward[0]:
        return seen.fault
    mean = seen.span / (len(stamps) - 1)
    if not mean > 0:
        return "they do not advance"
    if abs(mean * rate - 1.0) > 1e-3 + 2.0 * seen.rounding / seen.span:
        return f"they advance at {1.0 / mean:.6g} Hz on average"
    furthest = _distance(stamps, mean)
    if furthest > max(1.0 / rate, seen.rounding) * _SLACK:
        return f"they are up to {_time(furthest)} off an even grid"
    return None


def _time(seconds: float) -> str:
    """A length of time for a sentence."""
    seconds = float(f"{seconds:.6g}")
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size * (1 - 1e-12):
            return f"{seconds / size:.6g} {unit}"
    return f"{seconds * 1e9:.6g} ns"
