"""One capture measured in pieces of time, apart from one another; put together they read as the whole, to the bit.

Only what `contract.Divisible` meters find is found in pieces. Whatever has no end to its memory goes through the record
in order, beside the pieces.
"""

from __future__ import annotations

import copy
import traceback
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from slacheck.contract import Divisible, MeterPlan, Place
from slacheck.engine.derived import Run
from slacheck.engine.source import PIECE, Source, times_of
from slacheck.engine.stream import Feed, MeterFailed, Pass, Readings, feeds_of, qualities, together
from slacheck.quality.facts import ChannelQuality

if TYPE_CHECKING:
    from slacheck.capture.capture import Clock


@dataclass(frozen=True, slots=True)
class PieceFound:
    """What was found in one piece of a capture, or in several that follow one another; no samples but a few.

    Parameters
    ----------
    quality : dict
        As of `engine.source.Source`.
    feeds : list of Feed
        With all meters.
    """

    quality: dict[tuple[str, ...], ChannelQuality]
    feeds: list[Feed]


@dataclass(frozen=True, slots=True)
class OrderFound:
    """What some meters read that went through the whole capture in order.

    Parameters
    ----------
    readings : dict
        By the meter's key.
    failures : dict
        Tracebacks, by the meter's key.
    runs : dict
        As of `engine.source.Source`.
    """

    readings: dict[Hashable, Any] = field(default_factory=dict)
    failures: dict[Hashable, str] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)


def is_even(clock: Clock) -> bool:
    """Whether a capture has a sample in every interval from its first to its last, and so may be cut into pieces."""
    return clock.times is None and clock.fault is None and len(clock.segments) == 1


def divided(source: Source, plans: Iterable[MeterPlan]) -> tuple[list[MeterPlan], list[MeterPlan]]:
    """Plans of meters that may look at pieces, and of those that need the whole in order; each key once."""
    both: tuple[list[MeterPlan], list[MeterPlan]] = ([], [])
    first: dict[Hashable, MeterPlan] = {}
    for plan in plans:
        first.setdefault(plan.key, plan)
    for plan in first.values():
        recorded = all(source.signals[name].derive is None for name in plan.signals)
        whole = not (recorded and isinstance(plan.build(source.capture.clock.interval), Divisible))
        both[whole].append(plan)
    return both


def measure_piece(
    source: Source, plans: Sequence[MeterPlan], signals: Iterable[str], bounds: tuple[int, int]
) -> PieceFound | None:
    """Feed the meters of one piece of an even capture.

    Parameters
    ----------
    plans : sequence of MeterPlan
        Of divisible meters.
    signals : iterable of str
        Signals whose facts are wanted.
    bounds : (int, int)
        First sample, and the one after the last.

    Returns
    -------
    PieceFound or None
        None if samples are missing, so that the pieces after this one do not know where their segment begins.
    """
    first, last = bounds
    source = replace(source, quality=qualities(source, signals), runs={})
    through = Pass(source, feeds_of(source, plans))
    if first > 0:
        for feed in through.feeds:
            _approach(source, feed, first)
        for group, quality in source.quality.items():
            channels = [source.capture.channels[name] for name in group]
            quality.enter(together([channel.read(max(0, first - 2), first) for channel in channels]))
    through.run(first, last)
    if any(quality.missing for quality in source.quality.values()):
        return None
    return PieceFound(source.quality, through.feeds)


def _approach(source: Source, feed: Feed, first: int) -> None:
    """Bring the meters of a feed to where they would stand before sample `first`, with nothing found."""
    meters = [meter for meter in feed.meters.values() if isinstance(meter, Divisible)]
    begin = max(0, first - max(meter.memory for meter in meters))
    clock = source.capture.clock
    if begin > 0:
        origin, before = (float(times_of(clock, place, place + 1)[0]) for place in (0, begin - 1))
        place = Place(0, origin, max(0, round(origin / clock.interval)), begin)  # as `Gridder` opens a segment
        feed.gridder.enter(place, before, len(feed.channels))
        for meter in meters:
            meter.enter(place)
    Pass(replace(source, quality={}), [feed]).run(begin, first)
    for meter in meters:
        meter.forget()


def merged(pieces: Sequence[PieceFound]) -> PieceFound:
    """What pieces that follow one another have found together; they themselves stay as they are."""
    *earlier, last = pieces
    found = copy.deepcopy(last)
    for before in reversed(earlier):
        for group, quality in found.quality.items():
            quality.merge(before.quality[group])
        for feed, feed_before in zip(found.feeds, before.feeds, strict=True):
            _merge(feed, feed_before)
    return found


def _merge(feed: Feed, earlier: Feed) -> None:
    for lane, before in zip(feed.lanes, earlier.lanes, strict=True):
        lane.failures = before.failures | lane.failures
    failed = {key for lane in feed.lanes for key in lane.failures}
    for key, meter in feed.meters.items():
        if key not in failed and isinstance(meter, Divisible):
            meter.merge(earlier.meters[key])


def measure_in_order(source: Source, plans: Sequence[MeterPlan]) -> OrderFound:
    """Feed meters the whole capture, and read them; nothing is found out about its quality."""
    through = Pass(replace(source, quality={}, runs={}), feeds_of(source, plans))
    through.run(0, source.capture.clock.count)
    found = through.finish()
    readings: dict[Hashable, Any] = {}
    for key in found.meters:
        try:
            readings[key] = found.reading(key)
        except MeterFailed as error:
            found.failures[key] = str(error)
        except Exception:  # a bug of one meter must not take the others with it
            found.failures[key] = traceback.format_exc()
    return OrderFound(readings, found.failures, found.source.runs)


def readings_of(source: Source, whole: PieceFound, others: Sequence[OrderFound]) -> Readings:
    """The readings of a capture from all its pieces, merged, and from what went through it in order."""
    whole = copy.deepcopy(whole)
    readings = Pass(replace(source, quality=whole.quality, runs={}), whole.feeds).finish()
    failures, taken, runs = dict(readings.failures), dict[Hashable, Any](), dict(readings.source.runs)
    for other in others:
        failures |= other.failures
        taken |= other.readings
        runs |= other.runs
    meters: Mapping[Hashable, Any] = dict.fromkeys(taken) | readings.meters
    source.quality, source.runs = whole.quality, runs
    return replace(readings, source=source, meters=dict(meters), failures=failures, _taken=taken)


def bounds_of(count: int, pieces: int) -> list[tuple[int, int]]:
    """First sample and the one after the last of each of at most so many pieces of about equal length."""
    pieces = max(1, min(pieces, count // PIECE))
    return [(count * piece // pieces, count * (piece + 1) // pieces) for piece in range(pieces)]
