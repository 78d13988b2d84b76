"""What a derived signal carries over from its channels: the measuring chain, accuracy, interpolation error.

Accuracy of what is computed from several signals: their gains are unknown one by one, so the
gain of a sum of terms of one sign is at most the largest of theirs; where terms have both signs
no share of the result bounds it, and the parties must agree an `accuracy:` for the signal itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from slacheck.contract import Accuracy, Derive, leaves
from slacheck.engine.derived import finer
from slacheck.quality.gates import LEAST_GAIN, Chain, chain_gain

if TYPE_CHECKING:
    from slacheck.engine.source import Source

_FEWEST_PER_CYCLE = 8
"""Samples per nominal cycle below which phasors are not computed."""
_HIGHEST_CUTOFF = 0.45
"""Highest -3 dB frequency of a low-pass that shapes anything (`measure.lowpass`). [sample rates]"""
_BOTH_SIGNS = 0.01
"""Terms that reach this far, of the largest, to the other side of zero still count as of one sign."""


def chain_of(source: Source, name: str) -> Chain:
    """The slowest way from a channel to the signal, with the least bandwidth of any."""
    derive = source.signals[name].derive
    if derive is None:
        channel = source.channel(name)
        return Chain((channel.averaging,) if channel.averaging > 0 else (), bandwidth=channel.bandwidth)
    below = [chain_of(source, one) for one in dict.fromkeys(derive.sources)]
    slowest = max(below, key=lambda chain: sum(chain.averaging) + sum(1.0 / cutoff for cutoff, _ in chain.filters))
    bandwidth = min((c.bandwidth for c in below if c.bandwidth is not None), default=None)
    if derive.operation == "lowpass" and derive.frequency is not None:
        return Chain(slowest.averaging, (*slowest.filters, (derive.frequency, derive.order)), bandwidth)
    averaging = (*slowest.averaging, derive.window) if derive.window > 0 else slowest.averaging
    return Chain(averaging, slowest.filters, bandwidth)


# ---------------------------------------------------------------- accuracy


def accuracy_of(source: Source, name: str) -> Accuracy | None:
    """Declared in the capture and carried over; else agreed in the spec for the signal; else for what is behind it."""
    signal = source.signals[name]
    if signal.derive is None:
        return source.channel(name).accuracy or signal.accuracy
    carried = _carried(source, signal.derive)
    if signal.accuracy is not None and (carried is None or carried.source == "spec"):
        return signal.accuracy
    return carried


def _carried(source: Source, derive: Derive) -> Accuracy | None:
    if derive.operation == "frequency":
        return Accuracy(0.0)  # a frequency is as exact as the recorder's clock, in which all times are
    known = [accuracy_of(source, one) for one in derive.sources]
    below = [accuracy for accuracy in known if accuracy is not None]
    if len(below) < len(known):
        return None
    if derive.operation in ("rms", "mean", "lowpass"):
        return below[0]
    if derive.operation == "scale":
        full = below[0].full_scale
        return replace(below[0], full_scale=None if full is None else abs(derive.factor) * full)
    if derive.operation == "sequence":
        return _of_sequence(source, derive, below)
    return _of_power(source, derive, below) if derive.operation == "power" else _of_sum(source, derive, below)


def _standard(gain: float, offset: float, below: list[Accuracy]) -> Accuracy:
    """An accuracy from standard uncertainties."""
    agreed = any(accuracy.source == "spec" for accuracy in below)
    return Accuracy(gain, offset, 1.0, 1.0, "spec" if agreed else "capture")


def _of_sum(source: Source, derive: Derive, below: list[Accuracy]) -> Accuracy | None:
    signs = (1.0, -1.0) if derive.operation == "difference" else (1.0,) * len(below)
    spans = [_span(source, one) for one in derive.sources]
    terms = [sorted((sign * low, sign * high)) for sign, (low, high) in zip(signs, spans, strict=True)]
    largest = max(max(abs(low), abs(high)) for low, high in terms)
    slack = _BOTH_SIGNS * largest if math.isfinite(largest) else 0.0
    if not (all(low >= -slack for low, _ in terms) or all(high <= slack for _, high in terms)):
        return None if any(accuracy.gain > 0 for accuracy in below) else _standard(0.0, _offsets(below), below)
    return _standard(max(accuracy.gain for accuracy in below), _offsets(below), below)


def _offsets(below: list[Accuracy]) -> float:
    return sum(accuracy.offset for accuracy in below)


def _of_power(source: Source, derive: Derive, below: list[Accuracy]) -> Accuracy | None:
    """Gains of a pair add in squares; the offset of a current makes an offset, that of a voltage a gain."""
    pairs = len(below) // 2
    peaks = [max(abs(end) for end in _span(source, one)) for one in derive.sources]
    if not all(math.isfinite(peak) for peak in peaks):
        return None
    gains, offset = [], 0.0
    for voltage, current in zip(range(pairs), range(pairs, 2 * pairs), strict=True):
        lifted = below[voltage].offset / peaks[voltage] if peaks[voltage] > 0 else 0.0
        gains.append(math.hypot(below[voltage].gain, below[current].gain, lifted))
        offset += below[current].offset * peaks[voltage]
    return _standard(max(gains), offset, below)


def _of_sequence(source: Source, derive: Derive, below: list[Accuracy]) -> Accuracy | None:
    """Unequal gains turn positive sequence into the others: to these they are an offset."""
    gain = max(accuracy.gain for accuracy in below)
    if derive.part == "positive":
        return _standard(gain, 0.0, below)
    peak = max(abs(end) for one in derive.sources for end in _span(source, one))
    return _standard(0.0, gain * peak / math.sqrt(2.0), below) if math.isfinite(peak) else None


def _span(source: Source, name: str) -> tuple[float, float]:
    """Between what values a signal stays; unbounded where that is not known. [SI]"""
    derive = source.signals[name].derive
    if derive is None:
        quality = source.quality[(source.channel(name).name,)]
        if quality.lowest is None or quality.highest is None:
            return (-math.inf, math.inf)
        return (quality.lowest, quality.highest)
    spans = [_span(source, one) for one in derive.sources]
    if derive.operation in ("mean", "lowpass"):
        return spans[0]
    if derive.operation == "scale":
        low, high = sorted(derive.factor * end for end in spans[0])
        return (low, high)
    if derive.operation == "sum":
        return (sum(low for low, _ in spans), sum(high for _, high in spans))
    if derive.operation == "difference":
        return (spans[0][0] - spans[1][1], spans[0][1] - spans[1][0])
    if derive.operation in ("rms", "sequence"):
        return (0.0, max(abs(end) for span in spans for end in span))
    return (0.0, math.inf) if derive.part == "apparent" else (-math.inf, math.inf)


# ---------------------------------------------------------------- what the record cannot carry


def interpolation_of(source: Source, name: str) -> tuple[float, float]:
    """Bound of the error of linear interpolation, or of a derivation, at a point; its rms over the record. [SI]"""
    derive = source.signals[name].derive
    if derive is None:
        quality = source.quality[(source.channel(name).name,)]
        return quality.interpolation_error, quality.interpolation_rms
    if derive.operation == "frequency":  # never from an uneven clock (`unfit`)
        flaw = source.runs[name].flaw if name in source.runs else 0.0
        return flaw, flaw
    below = [interpolation_of(source, one) for one in derive.sources]
    if derive.operation == "power":
        peaks = [max(abs(end) for end in _span(source, one)) for one in derive.sources]
        half = len(peaks) // 2
        weights = [*peaks[half:], *peaks[:half]]  # an error of a voltage counts with its current, and the reverse
    else:
        weights = [abs(derive.factor) / (3.0 if derive.operation == "sequence" else 1.0)] * len(below)
    total = [sum(weight * pair[part] for weight, pair in zip(weights, below, strict=True)) for part in (0, 1)]
    return total[0], total[1]


def unfit(source: Source, name: str) -> Iterator[tuple[str, str]]:
    """Reason code and sentence for each derivation behind `name` that this record cannot carry."""
    derive = source.signals[name].derive
    if derive is None:
        return
    for one in dict.fromkeys(derive.sources):
        yield from unfit(source, one)
    rate = 1.0 / source.grid_interval(derive.source)
    if derive.operation == "frequency" and source.capture.clock.times is not None:
        yield (
            "clock",
            f"{name} is a frequency derived from {derive.source}, which needs evenly taken samples; declare `time: "
            f"{{sample_rate: ...}}` in the sidecar if they are.",
        )
    yield from _out_of_reach(source, name)
    if derive.frequency is None:
        return
    if derive.operation != "lowpass":
        yield from _slow_chain(source, name, derive.frequency)
    if derive.operation == "lowpass" and derive.frequency > _HIGHEST_CUTOFF * rate:
        yield (
            "sample_rate",
            f"{name} is {derive.source} through a low-pass of {derive.frequency:.4g} Hz, which needs more than "
            f"{derive.frequency / _HIGHEST_CUTOFF:.4g} samples per second; the record has {rate:.4g}.",
        )
    elif derive.operation != "lowpass" and rate < _FEWEST_PER_CYCLE * derive.frequency:
        yield (
            "sample_rate",
            f"{name} needs at least {_FEWEST_PER_CYCLE} samples per cycle of {derive.frequency:.4g} Hz, "
            f"{_FEWEST_PER_CYCLE * derive.frequency:.4g} per second; the record has {rate:.4g}.",
        )


def _out_of_reach(source: Source, name: str) -> Iterator[tuple[str, str]]:
    """A window longer than the record, or values that are asked for more often than there are samples."""
    derive = source.signals[name].derive
    segments, interval = source.capture.clock.segments, source.grid_interval(derive.source) if derive else 0.0
    if derive is None or not segments:
        return
    length = segments[-1].last_time - segments[0].first_time + source.capture.clock.interval
    if derive.window > length:
        what = "a low-pass that settles in" if derive.operation == "lowpass" else "a window of"
        yield (
            "record_too_short",
            f"{name} is {derive.source} over {what} {derive.window:.4g} s; the record lasts {length:.4g} s.",
        )
    if derive.step is not None and finer(derive.step, interval):
        yield (
            "sample_rate",
            f"{name} has a value every {derive.step:.4g} s, more often than {derive.source} has one, every "
            f"{interval:.4g} s; record faster, or refresh it less often.",
        )


def _slow_chain(source: Source, name: str, frequency: float) -> Iterator[tuple[str, str]]:
    """A chain that does not pass the mains frequency makes every value of what is derived too small."""
    for leaf in leaves(source.signals, name):
        gain = chain_gain(chain_of(source, leaf), frequency)
        if gain < LEAST_GAIN:
            yield (
                "bandwidth",
                f"{name} is derived from {source.channel(leaf).name}, whose averaging and bandwidth pass "
                f"{100 * gain:.3g} % of an amplitude at {frequency:.4g} Hz; {100 * LEAST_GAIN:g} % is needed. Record "
                f"the waveform with a faster instrument.",
            )
