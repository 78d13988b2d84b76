"""The clock of a COMTRADE record: stated rates give the spacing, time stamps the gaps.

The standard lets a recorder leave the stamps empty or careless where a rate is stated. Stamps that
fit the rate are used to find gaps; stamps whose unit is off by a power of ten are used with the
unit that fits; stamps that contradict the rate are a fault, because one of the two is wrong.
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np

from slacheck.capture.clock import (
    LONGEST_STEP,
    Clock,
    Segment,
    Survey,
    clock_of_stamps,
    contradiction,
    even_clock,
    survey,
)
from slacheck.capture.readers.comtrade_cfg import Analog, Configuration
from slacheck.capture.readers.recording import Recording, Stamps

_NEAR = 2e-3
"""Stamps and rate agree if their intervals do to this ratio."""
_SKEW = 0.1
"""Channels skewed by more of an interval than this are not taken as simultaneous."""


def set_clock(recording: Recording, configuration: Configuration, fault: str | None) -> None:
    """Give the recording its clock, rate and what is to be said of them; `fault` is one already found."""
    stamps, notes = recording.stamps, recording.notes
    if stamps is None:
        return
    rates = {rate for rate, _ in configuration.sections}
    recording.rate = rates.pop() if len(rates) == 1 else None
    if recording.rate == 0.0:
        recording.rate = None
        clock, said = _by_stamps(stamps)
    elif recording.rate is not None:
        clock, said = _by_rate(stamps, recording.rate, configuration)
    else:
        clock, said = _by_sections(stamps, configuration)
    skew, words, skewed = _skew(configuration.analog, clock.interval)
    clock = replace(clock, uncertainty=math.hypot(clock.uncertainty, skew))
    faults = [text for text in (clock.fault, fault, skewed) if text]
    recording.clock = replace(clock, fault="; ".join(faults) or None)
    recording.stamps = None
    notes += [*said, *words]


def _by_stamps(stamps: Stamps) -> tuple[Clock, list[str]]:
    clock, notes = clock_of_stamps(stamps, resolution=float(stamps.scale))
    return clock, ["no sample rate is stated: the time stamps rule", *notes]


def _by_rate(stamps: Stamps, rate: float, configuration: Configuration) -> tuple[Clock, list[str]]:
    even = even_clock(1.0 / rate, len(stamps))
    seen = survey(stamps)
    if len(stamps) < 2 or _absent(stamps, seen):
        return even, [f"no time stamps: samples are spaced by the stated {rate:g} Hz"]
    if seen.fault is not None:
        return _by_faulty_stamps(stamps, rate, seen)
    fitting, notes = _in_unit(stamps, seen.nominal * rate)
    if fitting is not stamps:
        stamps, seen = fitting, survey(fitting)
    ratio = seen.nominal * rate
    tick = float(stamps.scale)
    if abs(ratio - 1.0) > _NEAR + tick * rate:
        fault = f"they advance at {rate / ratio:.6g} Hz where the configuration states {rate:g} Hz"
        return even_clock(1.0 / rate, len(stamps), fault), notes
    clock, said = clock_of_stamps(stamps, rate=rate, resolution=tick, seen=seen)
    if abs(clock.interval * rate - 1.0) > _NEAR:
        return even_clock(1.0 / rate, len(stamps), f"they do not fit the stated {rate:g} Hz"), notes
    first = stamps.values[0:1][0]
    if first != 0:
        said.append(f"the first time stamp is {float(first):g}; times count from the first sample")
    return clock, [*notes, *said]


def _absent(stamps: Stamps, seen: Survey) -> bool:
    """All missing, or all the same: the recorder does not write them."""
    return seen.missing[0] == len(stamps) or seen.duplicate[0] == len(stamps) - 1


def _by_faulty_stamps(stamps: Stamps, rate: float, seen: Survey) -> tuple[Clock, list[str]]:
    words = None if seen.missing[0] or seen.backward[0] else contradiction(stamps, rate)
    if seen.missing[0] == 0 and seen.backward[0] == 0 and words is None:
        note = f"time stamps are coarser than the interval: samples are spaced by the stated {rate:g} Hz"
        return even_clock(1.0 / rate, len(stamps)), [note]
    return even_clock(1.0 / rate, len(stamps), "; ".join(filter(None, (seen.fault, words)))), []


def _in_unit(stamps: Stamps, ratio: float) -> tuple[Stamps, list[str]]:
    """The stamps in the unit that makes them fit the rate, if that is another power of ten."""
    power = round(math.log10(ratio))
    if power == 0 or abs(ratio / 10.0**power - 1.0) > _NEAR:
        return stamps, []
    unit = stamps.scale / Decimal(10) ** power
    note = f"the time stamps fit the stated rate only if they count {unit:e} s each, which is taken"
    return replace(stamps, scale=unit), [note]


def _by_sections(stamps: Stamps, configuration: Configuration) -> tuple[Clock, list[str]]:
    """Several rates: all stamps are kept; the nominal interval is the fastest, so slow sections count as gaps."""
    fastest = max(rate for rate, _ in configuration.sections)
    times = _section_times(configuration)
    seen = survey(stamps)
    if not _absent(stamps, seen):
        if seen.fault is not None:
            return replace(even_clock(1.0 / fastest, len(stamps)), fault=seen.fault), []
        found = stamps.seconds(0, len(stamps))
        slowest = min(rate for rate, _ in configuration.sections)
        within = np.diff(times) <= LONGEST_STEP / slowest
        off = np.abs(np.diff(found) - np.diff(times))[within & (np.diff(found) <= LONGEST_STEP / slowest)]
        if off.size and float(np.max(off)) > 0.5 / fastest + 2 * float(stamps.scale):
            return even_clock(1.0 / fastest, len(stamps), "they do not fit the stated sample rates"), []
        times = found
    rates = ", ".join(f"{rate:g} Hz to sample {last}" for rate, last in configuration.sections)
    note = f"several sample rates: {rates}; slower sections count as gaps at the fastest rate"
    return Clock(1.0 / fastest, len(stamps), times, _section_segments(configuration, times)), [note]


def _section_times(configuration: Configuration) -> np.ndarray:
    """Times by the rates alone: the first sample of a section follows at that section's interval."""
    steps, last = [], 0
    for rate, end in configuration.sections:
        steps.append(np.full(end - last, 1.0 / rate))
        last = end
    return np.concatenate(([0.0], np.cumsum(np.concatenate(steps)[1:])))


def _section_segments(configuration: Configuration, times: np.ndarray) -> tuple[Segment, ...]:
    cuts: set[int] = {0, times.size}
    last = 0
    for rate, end in configuration.sections:
        cuts.add(end)
        inside = np.flatnonzero(np.diff(times[last:end]) > LONGEST_STEP / rate) + last + 1
        cuts.update(inside.tolist())
        last = end
    return tuple(
        Segment(start, stop - start, float(times[start]), float(times[stop - 1]))
        for start, stop in pairwise(sorted(cuts))
    )


def _skew(analog: tuple[Analog, ...], interval: float) -> tuple[float, list[str], str | None]:
    """Standard uncertainty of the time that differing skews bring, words about it, and a fault if it is large. [s]"""
    skews = [channel.skew * 1e-6 for channel in analog]
    spread = max(skews, default=0.0) - min(skews, default=0.0)
    if spread == 0.0:
        return 0.0, [], None
    words = f"the channels are sampled up to {spread * 1e6:g} us apart (skew)"
    fault = None
    if spread > _SKEW * interval:
        fault = f"{words}, {100 * spread / interval:.3g} % of the sample interval"
    return spread / math.sqrt(3.0), [f"{words}, taken into the uncertainty of the time"], fault
