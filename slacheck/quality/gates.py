"""Gates: whether a record can carry what a check needs (requirements.md 2.4).

Each gate has a reason code, one of two effects and a sentence with numbers: what was missing,
how much, and what to do. Gates that only measuring shows (no event, noise, levels that are not
stationary) are the kinds' own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from slacheck.contract import Accuracy, Effect, Gate, Need, Signal, SignalFacts

FILTERED_RATIO = 2.56
"""Least samples per period of the highest frequency with a documented anti-alias filter (G-FS)."""
UNFILTERED_RATIO = 10.0
"""The same without one."""
LEAST_GAIN = 0.95
"""Amplitude that the chain must pass at the frequencies looked at (G-BW)."""
SAMPLES_PER_TIME_LIMIT = 20.0
"""The sample interval must be at most this fraction of a time to be resolved (G-DT)."""
FARTHEST = 0.15
"""Range about the rated frequency in which one is measured (IEC 61000-4-30 class A: 42.5 to 57.5, 51 to 69 Hz)."""
_SLACK = 1e-9
"""Relative slack for rates and lengths that are quotients, so that 10 kHz is 10 kHz."""


def admit(need: Need, facts: SignalFacts) -> Iterator[Gate]:
    """Every gate of one need against one record.

    Parameters
    ----------
    need : Need
        From the spec alone.
    facts : SignalFacts
        From the capture.
    """
    if facts.clock_fault is not None:
        yield Gate(
            "clock",
            Effect.NO_VERDICT,
            False,
            None,
            None,
            f"The time stamps of {facts.channel} are not usable: {facts.clock_fault}. "
            f"Mend the clock, or declare `time: {{sample_rate: ...}}` in the sidecar if the samples are evenly taken.",
        )
    for code, sentence in facts.unfit:
        yield Gate(code, Effect.NO_VERDICT, False, None, None, sentence)
    if need.max_frequency is not None:
        yield _sample_rate(need, facts, need.max_frequency)
    if need.bandwidth is not None:
        yield _bandwidth(need, facts, need.bandwidth)
    if need.time_limit is not None:
        yield _time_resolution(facts, need.time_limit)
    if need.sample_rate is not None:
        yield _least_rate(facts, need.sample_rate)
    if need.duration is not None:
        yield _duration(facts, need.duration)
    yield _coverage(facts, need.longest_gap, need.most_missing)
    yield _clipping(need, facts)
    if facts.impossible > 0 and not need.screened:
        yield Gate(
            "coverage",
            Effect.NO_VERDICT,
            False,
            float(facts.impossible),
            0.0,
            f"{facts.impossible} samples of {facts.channel} are further than {100 * FARTHEST:g} % from the rated "
            f"frequency, where instruments measure none: what stands there is no measurement. Mark it as `invalid` in "
            f"the sidecar, or submit the record without it.",
        )
    if facts.frozen > 0:
        yield Gate(
            "coverage",
            Effect.NO_PASS,
            False,
            facts.frozen,
            0.0,
            f"{facts.channel} repeats one value for {_seconds(facts.frozen)}, while it else changes with every sample: "
            f"it was not measured there. Mend the recorder, or mark the samples as invalid.",
        )


@dataclass(frozen=True, slots=True)
class Chain:
    """What stands before the samples of a signal: averages [s], low-passes ([Hz], order), bandwidth [Hz]."""

    averaging: tuple[float, ...] = ()
    filters: tuple[tuple[float, int], ...] = ()
    bandwidth: float | None = None


def chain_gain(chain: Chain | SignalFacts, frequency: float) -> float:
    """Amplitude gain of a measuring chain at `frequency`. [1]

    Moving averages of length Tw pass ``|sinc(f Tw)|`` (requirements.md 2.5); a declared -3 dB
    bandwidth B is taken as first order, ``1 / sqrt(1 + (f/B)^2)``, the worst of the usual ones;
    a derived low-pass is the Butterworth filter it is, ``1 / sqrt(1 + (f/f_c)^(2n))``.
    """
    gain = 1.0
    for length in chain.averaging:
        x = math.pi * frequency * length
        gain *= 1.0 if x == 0.0 else abs(math.sin(x) / x)
    if chain.bandwidth is not None:
        gain /= math.hypot(1.0, frequency / chain.bandwidth)
    for cutoff, order in chain.filters:
        gain /= math.hypot(1.0, (frequency / cutoff) ** order)
    return gain


def passed_gain(facts: SignalFacts, frequency: float) -> float:
    """Least amplitude gain up to `frequency` of a record that passes the bandwidth gate. [1]

    The chain's, but no less than the gate lets through, and sinc^2 of linear interpolation.
    """
    gain = max(LEAST_GAIN, chain_gain(facts, frequency))
    if facts.interpolated:
        x = math.pi * min(0.5, frequency * facts.grid)
        gain *= (math.sin(x) / x) ** 2
    return gain


def half_gain_frequency(facts: SignalFacts) -> float:
    """Lowest frequency at which the chain passes half of an amplitude, by bisection to 1 part in 2^20. [Hz]

    Below the first zero of the longest moving average the gain falls steadily.
    """
    high = min(
        1.0 / max(facts.averaging) if facts.averaging else math.inf,
        2.0 * (facts.bandwidth or math.inf),
        *(2.0 * cutoff for cutoff, _ in facts.filters),
    )
    low = 0.0
    for _ in range(20):
        middle = (low + high) / 2.0
        low, high = (middle, high) if chain_gain(facts, middle) > 0.5 else (low, middle)
    return high


def possible_range(signal: Signal) -> tuple[float, float] | None:
    """Between what values a signal can have been measured, where that is known: a frequency with a rated value. [SI]"""
    if signal.quantity != "frequency" or signal.rated is None:
        return None
    return (1.0 - FARTHEST) * signal.rated, (1.0 + FARTHEST) * signal.rated


def _sample_rate(need: Need, facts: SignalFacts, frequency: float) -> Gate:
    ratio = FILTERED_RATIO if facts.anti_alias else UNFILTERED_RATIO
    rate, required = 1.0 / max(facts.interval, facts.grid), ratio * frequency
    if facts.grid > facts.interval:  # a derived signal: its window stands before its own refresh
        rate, required = 1.0 / facts.grid, FILTERED_RATIO * frequency
    passed = rate >= required * (1 - _SLACK)
    filtered = (
        "with the documented anti-alias filter"
        if facts.anti_alias
        else "since no anti-alias filter is documented (`anti_alias: true` in the sidecar)"
    )
    sentence = (
        f"{facts.channel} has {_hertz(rate, 'S/s')}{_held(facts)}; looking up to {_hertz(frequency, 'Hz')} needs "
        f"{_hertz(required, 'S/s')} ({ratio:g} times, {filtered})"
    )
    if not passed:
        sentence += "; record faster" + ("" if facts.anti_alias else ", or document the filter") + "."
    effect = need.attenuation if facts.anti_alias else need.aliasing
    return Gate("sample_rate", effect, passed, rate, required, _stop(sentence))


def _bandwidth(need: Need, facts: SignalFacts, frequency: float) -> Gate:
    gain = chain_gain(facts, frequency)
    passed = gain >= LEAST_GAIN - _SLACK
    parts = [f"averaging over {_seconds(length)}" for length in facts.averaging if length > 0]
    if facts.bandwidth is not None:
        parts.append(f"a bandwidth of {_hertz(facts.bandwidth, 'Hz')}")
    parts += [f"a low-pass of {_hertz(cutoff, 'Hz')}, order {order}" for cutoff, order in facts.filters]
    if not parts:
        sentence = (
            f"No averaging and no bandwidth is declared for {facts.channel}; its sampler is taken as the only limit"
        )
    else:
        sentence = (
            f"{' and '.join(parts)} pass {100 * gain:.3g} % of an amplitude at {_hertz(frequency, 'Hz')} "
            f"in {facts.channel}; {100 * LEAST_GAIN:g} % is needed"
        )
    if not passed:
        sentence += "; record with a faster instrument or less averaging"
    return Gate("bandwidth", need.attenuation, passed, gain, LEAST_GAIN, _stop(sentence))


def _time_resolution(facts: SignalFacts, time_limit: float) -> Gate:
    required = time_limit / SAMPLES_PER_TIME_LIMIT
    passed = facts.interval <= required * (1 + _SLACK)
    sentence = (
        f"{facts.channel} has a sample every {_seconds(facts.interval)}{_held(facts)}; "
        f"resolving {_seconds(time_limit)} needs one every {_seconds(required)}"
    )
    if not passed:
        sentence += f"; record at {_hertz(1 / required, 'S/s')} or more"
    return Gate("time_resolution", Effect.NO_VERDICT, passed, facts.interval, required, _stop(sentence))


def _least_rate(facts: SignalFacts, required: float) -> Gate:
    rate = 1.0 / facts.interval
    passed = rate >= required * (1 - _SLACK)
    sentence = f"{facts.channel} has {_hertz(rate, 'S/s')}{_held(facts)}; {_hertz(required, 'S/s')} are asked for"
    if not passed:
        sentence += "; a violation still counts, but a PASS needs a faster record"
    return Gate("sample_rate", Effect.NO_PASS, passed, rate, required, _stop(sentence))


def _duration(facts: SignalFacts, required: float) -> Gate:
    passed = facts.duration >= required * (1 - _SLACK)
    sentence = f"The record of {facts.channel} lasts {_seconds(facts.duration)}; {_seconds(required)} are needed"
    if not passed:
        sentence += f"; record {_seconds(required - facts.duration)} more"
    return Gate("record_too_short", Effect.NO_PASS, passed, facts.duration, required, _stop(sentence))


def _coverage(facts: SignalFacts, longest_gap: float | None, most_missing: float) -> Gate:
    share = facts.missing / facts.samples if facts.samples else 1.0
    too_long = longest_gap is not None and facts.longest_gap > longest_gap * (1 + _SLACK)
    passed = share <= most_missing * (1 + _SLACK) and not too_long
    sentence = (
        f"{facts.missing} of {facts.samples} samples of {facts.channel} are missing ({100 * share:.3g} %), "
        f"the longest gap is {_seconds(facts.longest_gap)}; allowed are {100 * most_missing:g} %"
    )
    if longest_gap is not None:
        sentence += f" and {_seconds(longest_gap)}"
    ends = [f"the {name} {_seconds(end)}" for name, end in zip(("first", "last"), facts.ends, strict=True) if end > 0]
    if ends:
        sentence += f"; {facts.signal} has no value for {' and '.join(ends)}"
    if not passed:
        sentence += "; a violation in what remains still counts, but a PASS needs the whole record"
    return Gate("coverage", Effect.NO_PASS, passed, share, most_missing, _stop(sentence))


def _clipping(need: Need, facts: SignalFacts) -> Gate:
    passed = facts.clipped == 0
    sentence = f"{facts.clipped} samples of {facts.channel} are at or beyond the declared clip levels"
    if not passed:
        sentence += "; the true value may be larger; use a wider measuring range"
    return Gate("clipped", need.clipping, passed, float(facts.clipped), 0.0, _stop(sentence))


def accuracy_gate(
    signal: str, channel: str, accuracy: Accuracy | None, rule: str, *, declared: bool = False
) -> Gate | None:
    """No accuracy from the capture nor from the spec: only rule `simple` can decide (design section 2).

    `declared` says that the channels have an accuracy, but none that carries over to what is derived from them.
    """
    if rule == "simple" or accuracy is not None:
        return None
    sentence = (
        f"Nothing says how accurate {channel} is, and the decision rule {rule} needs it. Declare `accuracy:` for the "
        f"channel in the sidecar, or for the signal {signal} in the spec."
    )
    if declared:
        sentence = (
            f"The accuracies of {channel} say nothing of {signal}: its terms have both signs, so that the error may be "
            f"many times its value, and the decision rule {rule} needs a bound. Agree an `accuracy:` for the signal "
            f"{signal} in the spec."
        )
    return Gate(
        "metadata_missing",
        Effect.NO_VERDICT,
        False,
        None,
        None,
        sentence,
    )


def calibration_gate(due: date | None, recorded: date | None, required: bool) -> Gate | None:
    """A calibration that ran out before the capture, or none where the spec requires one, blocks a PASS."""
    if due is not None and recorded is not None and due < recorded:
        sentence = f"The calibration of the instrument was due on {due}, the capture is of {recorded}; recalibrate."
    elif required and (due is None or recorded is None):
        missing = "calibration_due of the instrument" if due is None else "start time of the capture"
        sentence = f"The spec requires a valid calibration, but the sidecar does not give the {missing}."
    else:
        return None
    return Gate("calibration", Effect.NO_PASS, False, None, None, sentence)


def _held(facts: SignalFacts) -> str:
    return " (values are repeated in between; this is how often they really change)" if facts.held else ""


def _stop(sentence: str) -> str:
    return sentence if sentence.endswith(".") else sentence + "."


def _hertz(value: float, unit: str) -> str:
    for scale, prefix in ((1e6, "M"), (1e3, "k")):
        if value >= scale:
            return f"{value / scale:.4g} {prefix}{unit}"
    return f"{value:.4g} {unit}"


def _seconds(value: float) -> str:
    if value == 0:
        return "0 s"
    for scale, unit in ((1.0, "s"), (1e-3, "ms")):
        if abs(value) >= scale:
            return f"{value / scale:.4g} {unit}"
    return f"{value / 1e-6:.4g} us"
