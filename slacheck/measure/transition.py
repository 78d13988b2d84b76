"""Moments and extremes of a waveform between two levels, each with the interval that holds the truth.

What is read off the centre line of a `Smoothed` waveform at a level is the value. The interval
runs from what would be read if the waveform lay as high as its allowance and the uncertainty of
the level let it, to what would be read if it lay as low (the interval method: settling time and
the like jump, so no derivative carries an uncertainty through them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Samples
    from slacheck.measure.smoothing import Smoothed

_IN_A_ROW = 3
"""Samples that must have reached a level for it to be reached."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A reading and the interval that holds the truth; an end that is None is not known."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Extreme:
    """Largest value: where, how large, and what may lie between samples.

    `sampling` is how much higher it may be between samples: the larger of what a crest may rise above
    its samples (see `crest`) and the course on the flatter side carried on by one sample,
    exponentially. A smooth crest has little of it, a cusp what one more sample of its decay is, and
    a spike of one sample is not resolved at all. [SI]
    """

    bracket: Bracket
    time: float
    sampling: float


def first_crossing(waveform: Smoothed, level: float, uncertainty: float, start: float, end: float) -> Bracket | None:
    """First moment in [start, end] from which a waveform is at or above `level`, linearly interpolated.

    Parameters
    ----------
    waveform : Smoothed
        Rising through the level; mirror a falling one with `mirrored`.
    level, uncertainty : float
        The level and its expanded uncertainty. [SI]
    start, end : float
        [s]

    Returns
    -------
    Bracket or None
        None if the centre line never gets there; `low` is no earlier than `start`, `high` is None
        if the waveform less its allowance never gets there. A crossing in a gap is anywhere in it.
        Three samples in a row must be at or above, so that a spike is not the edge; for `low` one
        is enough. [s]
    """
    margin = waveform.allowance + uncertainty
    found = _first(waveform, waveform.centre, level, (start, end), _IN_A_ROW)
    if found is None:
        return None
    early = _first(waveform, waveform.centre + margin, level, (start, end), 1) or found
    late = _first(waveform, waveform.centre - margin, level, (start, end), _IN_A_ROW)
    return Bracket(found[0], min(found[1], early[1]), None if late is None else max(found[2], late[2]))


def _first(
    waveform: Smoothed, heights: Samples, level: float, span: tuple[float, float], in_a_row: int
) -> tuple[float, float, float] | None:
    """Time of the first crossing, and the earliest and latest it may be because of a gap."""
    times, (start, end) = waveform.times, span
    begin, stop = int(np.searchsorted(times, start, "left")), int(np.searchsorted(times, end, "right"))
    reached = heights[begin:stop] >= level
    stays = reached.copy()
    for later in range(1, in_a_row):
        stays[:-later] &= reached[later:]
    above = np.flatnonzero(stays)
    if above.size == 0:
        return None
    place = begin + int(above[0])
    if place == 0 or heights[place - 1] >= level:
        moment = max(start, float(times[place])) if place == 0 or place > begin else start
        return moment, moment, moment
    before, after = float(times[place - 1]), float(times[place])
    share = (level - float(heights[place - 1])) / float(heights[place] - heights[place - 1])
    moment = max(start, before + share * (after - before))
    if after - before > waveform.longest_step:
        return moment, max(start, before), after
    return moment, moment, moment


def departure(waveform: Smoothed, height: float, before: float) -> float | None:
    """Last moment up to `before` at which a waveform rising from 0 is not surely above a thousandth of `height`. [s]"""
    earlier = waveform.times <= before
    near = np.flatnonzero((waveform.centre - waveform.allowance)[earlier] <= 1e-3 * height)
    return float(waveform.times[near[-1]]) if near.size else None


def last_exit(
    waveform: Smoothed, target: float, half_width: float, uncertainty: float, span: tuple[float, float]
) -> Bracket:
    """Last moment in `span` at which a waveform is outside the band ``|x - target| <= half_width``.

    Parameters
    ----------
    waveform : Smoothed
        [SI]
    target, half_width, uncertainty : float
        Band, border inside, and the expanded uncertainty of a deviation from its middle. [SI]
    span : (float, float)
        [s]

    Returns
    -------
    Bracket
        Interpolated to the border; the span's start if the waveform never is outside, the last
        sample's time if it still is at the end. `low` and `high` are the same for the band wider
        and narrower by the uncertainty and the allowance; `high` is None if the last sample may
        be outside. A gap may hide an exit: `high` is no earlier than its end. [s]
    """
    begin = int(np.searchsorted(waveform.times, span[0], "left"))
    stop = int(np.searchsorted(waveform.times, span[1], "right"))
    part = slice(begin, stop)
    times, distance = waveform.times[part], np.abs(waveform.centre[part] - target)
    margin = waveform.allowance[part] + uncertainty
    value, _ = _last(times, distance, half_width, span[0])
    low, _ = _last(times, distance - margin, half_width, span[0])
    high, ends_inside = _last(times, distance + margin, half_width, span[0])
    gaps = np.flatnonzero(np.diff(times) > waveform.longest_step)
    if gaps.size:
        high = max(high, float(times[gaps[-1] + 1]))
    return Bracket(value, low, high if ends_inside else None)


def _last(times: Samples, distance: Samples, half_width: float, start: float) -> tuple[float, bool]:
    """Time of the last exit, and whether the last sample is inside."""
    outside = np.flatnonzero(distance > half_width)
    if outside.size == 0:
        return start, times.size > 0
    place = int(outside[-1])
    if place == times.size - 1:
        return float(times[place]), False
    ahead, behind = float(distance[place]), float(distance[place + 1])
    share = (ahead - half_width) / (ahead - behind)
    return float(times[place] + share * (times[place + 1] - times[place])), True


def largest(waveform: Smoothed, start: float, end: float) -> Extreme | None:
    """Largest value in [start, end]; None without samples there.

    The value is the centre line's, which noise raises by a fraction of its allowance, not by the
    extreme of all samples.
    """
    begin = int(np.searchsorted(waveform.times, start, "left"))
    stop = int(np.searchsorted(waveform.times, end, "right"))
    if begin >= stop:
        return None
    part = slice(begin, stop)
    centre, allowance = waveform.centre[part], waveform.allowance[part]
    place = int(np.argmax(centre))
    sides = [_carried_on(centre, place, way) for way in (-1, 1) if 0 <= place + way < centre.size]
    bracket = Bracket(float(centre[place]), float(np.max(centre - allowance)), float(np.max(centre + allowance)))
    sampling = max(min(sides, default=0.0), crest(centre, place)) * _stretch(waveform.times[part], place) ** 2
    return Extreme(bracket, float(waveform.times[begin + place]), sampling)


def crest(samples: Samples, place: int) -> float:
    """Most by which a smooth crest rises above its highest sample, from the second differences about it. [SI]

    A parabola ``p - a d^2`` has second differences of 2 a and its highest sample at most half an
    interval from the vertex, so a / 4 below it. Of the five second differences about the sample the
    least counts, so that the edge beside a plateau, a cusp or a spike does not pass for the curvature
    of a crest; at twenty samples a period it is up to a fifth too small, for which a quarter is added.
    """
    near = samples[max(0, place - 3) : place + 4]
    if near.size < 3:
        return 0.0
    return 1.25 * float(np.min(np.abs(near[2:] - 2.0 * near[1:-1] + near[:-2]))) / 8.0


def _stretch(times: Samples, place: int) -> float:
    """How much further apart samples lie about one than they do typically, where some are missing; at least 1. [1]"""
    steps = np.diff(times)
    if steps.size == 0:
        return 1.0
    near = steps[max(0, place - 2) : place + 2]
    return max(1.0, float(np.max(near) / np.median(steps)))


def _carried_on(centre: Samples, place: int, way: int) -> float:
    """Change to the next sample in the direction opposite to `way`, if the course there is continued backwards."""
    first = abs(float(centre[place] - centre[place + way]))
    if not 0 <= place + 2 * way < centre.size:
        return first
    second = abs(float(centre[place + way] - centre[place + 2 * way]))
    return first * min(2.0, max(1.0, first / second)) if second > 0.0 else first


def larger(*extremes: Extreme | None) -> Extreme | None:
    """The largest of some extremes; its interval holds the largest of all that they may be."""
    found = [extreme for extreme in extremes if extreme is not None]
    if not found:
        return None
    top = max(found, key=lambda extreme: extreme.bracket.value)
    lows = [one.bracket.low for one in found if one.bracket.low is not None]
    highs = [one.bracket.high for one in found if one.bracket.high is not None]
    bracket = Bracket(top.bracket.value, max(lows, default=None), max(highs, default=None))
    return Extreme(bracket, top.time, max(one.sampling for one in found))
