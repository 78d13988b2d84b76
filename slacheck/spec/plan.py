"""`slacheck plan`: what to record so that a capture can carry every check, from the spec alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pydantic import BaseModel

from slacheck.contract import CheckPlan, Derive, Need, Signal
from slacheck.language import Requirement
from slacheck.quality.gates import FILTERED_RATIO, LEAST_GAIN, SAMPLES_PER_TIME_LIMIT, UNFILTERED_RATIO
from slacheck.spec.model import Spec
from slacheck.spec.phrases import at_least, at_most, condition_phrase, heading, in_unit, listed, wrapped
from slacheck.spec.strict import in_words
from slacheck.units import parse_unit

TEST_UNCERTAINTY_RATIO = 4.0
"""Tolerance over expanded uncertainty below which too many verdicts stay open (G-TUR)."""


def plan(spec: Spec) -> str:
    """What to record, test by test, at most 80 columns wide."""
    version = "" if spec.version is None else f", version {spec.version}"
    lines = heading(f"What to record for {spec.title or spec.id} ({spec.id}{version})", "=")
    for name, test in spec.tests.items():
        mine = [r for r in spec.requirements if r.applies and name in (r.tests or ())]
        title = "" if test.title is None else f": {test.title}"
        lines += ["", *heading(f"Test {name}{title}", "-")]
        if test.description:
            lines += wrapped(test.description, 2)
        lines += listed("repeats", f"{test.repeat}, as captures or as events within captures", column=20)
        lines += _part(spec, mine) if mine else wrapped("No requirement that applies names this test.", 2)
    rest = [r for r in spec.requirements if r.applies and r.tests is None]
    if rest:
        lines += ["", *heading("Every capture that has the signals", "-"), *_part(spec, rest)]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- what each channel must carry


@dataclass
class _Demand:
    """The hardest demand of each sort on one channel, and which check makes it. [Hz], [s]"""

    rate: tuple[float, str] | None = None
    max_frequency: tuple[float, str] | None = None
    bandwidth: tuple[float, str] | None = None
    duration: tuple[float, str] | None = None
    longest_gap: tuple[float, str] | None = None
    most_missing: float = 1.0
    signals: dict[str, None] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)

    def take(self, need: Need, who: str, chain: tuple[Derive, ...]) -> None:
        """Add what one check needs of a signal that reaches it through a chain of derived ones."""
        self.signals[need.signal] = None
        step = next((derive.step for derive in reversed(chain) if derive.step is not None), None)
        for derive in chain:
            if derive.window > 0 and derive.step is not None:  # its window is what its samples must resolve
                rate = SAMPLES_PER_TIME_LIMIT / derive.window
                self.rate = _harder(
                    max, self.rate, rate, f"{derive.operation} window of {at_least(derive.window, 's')}"
                )
            if derive.frequency is not None and derive.operation != "lowpass":
                self.bandwidth = _harder(max, self.bandwidth, derive.frequency, f"{derive.operation} of a waveform")
        if need.time_limit is not None:
            self.rate = _harder(max, self.rate, SAMPLES_PER_TIME_LIMIT / need.time_limit, who)
        if need.sample_rate is not None:
            self.rate = _harder(max, self.rate, need.sample_rate, who)
        if need.max_frequency is not None and step is None:
            self.max_frequency = _harder(max, self.max_frequency, need.max_frequency, who)
        elif need.max_frequency is not None and step is not None and FILTERED_RATIO * need.max_frequency > 1 / step:
            self._warn(need, who, f"gives a value each {at_most(step, 's')}, too slow for {_hertz(need.max_frequency)}")
        if need.bandwidth is not None:
            self.bandwidth = _harder(max, self.bandwidth, need.bandwidth, who)
            gain = math.prod(_gain(derive, need.bandwidth) for derive in chain)
            if gain < LEAST_GAIN - 1e-9:
                message = f"passes {100 * gain:.3g} % of an amplitude at {_hertz(need.bandwidth)}, not 95 %"
                self._warn(need, who, message)
        if need.duration is not None:
            self.duration = _harder(max, self.duration, need.duration, who)
        self.most_missing = min(self.most_missing, need.most_missing)
        if need.longest_gap is not None:
            self.longest_gap = _harder(min, self.longest_gap, need.longest_gap, who)

    def _warn(self, need: Need, who: str, message: str) -> None:
        self.warnings[f"{who} cannot be judged as the spec stands: {need.signal} {message}"] = None

    def lines(self) -> Iterator[str]:
        """The demands, one to a line."""
        rates = [self.rate] if self.rate is not None else []
        if self.max_frequency is not None:
            frequency, who = self.max_frequency
            filtered = max([*rates, (FILTERED_RATIO * frequency, who)])
            bare = max([*rates, (UNFILTERED_RATIO * frequency, who)])
            text = f"at least {at_least(filtered[0], 'S/s')} with a documented anti-alias filter"
            yield from _line("sample rate", f"{text}, {at_least(bare[0], 'S/s')} without ({bare[1]})")
        elif self.rate is not None:
            yield from _line("sample rate", f"at least {at_least(self.rate[0], 'S/s')} ({self.rate[1]})")
        if self.bandwidth is not None:
            frequency, who = self.bandwidth
            corner = frequency / math.sqrt(1.0 / LEAST_GAIN**2 - 1.0)
            text = f"95 % of an amplitude at {_hertz(frequency)}: a -3 dB corner of at least {at_least(corner, 'Hz')}"
            yield from _line("bandwidth", f"{text} ({who})")
        if self.duration is not None:
            yield from _line("duration", f"at least {at_least(self.duration[0], 's')} ({self.duration[1]})")
        gap = f"at most {100 * self.most_missing:.4g} % of the samples missing"
        if self.longest_gap is not None:
            longest, who = self.longest_gap
            gap += f", no gap above {at_most(longest, 's')} ({who})" if longest > 0 else f", no gap at all ({who})"
        yield from _line("gaps", gap)
        for warning in self.warnings:
            yield from _line("CANNOT", warning)


def _harder(
    pick: Callable[..., tuple[float, str]], known: tuple[float, str] | None, value: float, who: str
) -> tuple[float, str]:
    """The harder of two demands; of equal ones the first."""
    return (value, who) if known is None else pick(known, (value, who), key=lambda demand: demand[0])


def _gain(derive: Derive, frequency: float) -> float:
    """Amplitude gain of a derivation: a moving average over its window, or a Butterworth low-pass."""
    if derive.operation == "lowpass":
        return 1.0 / math.hypot(1.0, (frequency / (derive.frequency or math.inf)) ** derive.order)
    x = math.pi * frequency * derive.window
    return 1.0 if x == 0.0 else abs(math.sin(x) / x)


def _hertz(frequency: float) -> str:
    return at_least(frequency, "Hz")


def _line(name: str, text: str) -> list[str]:
    return listed(name, text, indent=4, column=20)


def _part(spec: Spec, requirements: Iterable[Requirement]) -> Iterator[str]:
    """Channels, conditions, events and accuracy of the requirements judged on one sort of capture."""
    requirements = list(requirements)
    for channel, demand in _demands(spec, requirements).items():
        through = ", ".join(demand.signals)
        yield from wrapped(f"channel {channel} (for {through})" if through != channel else f"channel {channel}", 2, 4)
        yield from demand.lines()
    yield from _events(requirements)
    for requirement in requirements:
        for condition in requirement.conditions:
            phrase = condition_phrase(condition, spec.signals[condition.signal])
            yield from listed("condition", f"{requirement.id}: {phrase}", column=20)
    yield from _accuracies(spec, requirements)


def _demands(spec: Spec, requirements: Iterable[Requirement]) -> dict[str, _Demand]:
    demands: dict[str, _Demand] = {}
    for requirement in requirements:
        kind = spec.kind(requirement)
        needs = [(need, check) for check in kind.checks(requirement, spec.signals) for need in check.needs]
        for need, check in needs:
            _take(spec, demands, need, f"{requirement.id} {check.name}")
        known = {need.signal for need, _ in needs}
        for name in kind.signals(requirement):
            if name not in known:
                _take(spec, demands, Need(name), requirement.id)
        for condition in requirement.conditions:
            need = Need(condition.signal, duration=condition.for_.value)
            _take(spec, demands, need, f"{requirement.id} condition")
    return demands


def _take(spec: Spec, demands: dict[str, _Demand], need: Need, who: str) -> None:
    for source, chain in _ways(spec, need.signal):
        channel = source.channel or source.name
        demands.setdefault(channel, _Demand()).take(need, who, chain)


def _ways(spec: Spec, name: str) -> Iterator[tuple[Signal, tuple[Derive, ...]]]:
    """Each recorded signal behind `name`, with the derivations from it to `name`, in order."""
    derive = spec.signals[name].derive
    if derive is None:
        yield spec.signals[name], ()
        return
    for one in dict.fromkeys(derive.sources):
        for source, chain in _ways(spec, one):
            yield source, (*chain, derive)


# ---------------------------------------------------------------- events, accuracy


def _events(requirements: Iterable[Requirement]) -> Iterator[str]:
    """What a kind that looks for events waits for, as the spec writes it."""
    for requirement in requirements:
        event = getattr(requirement, "event", None)
        if isinstance(event, BaseModel):
            yield from listed("event", f"{requirement.id}: {in_words(event)}", column=20)


def _accuracies(spec: Spec, requirements: Iterable[Requirement]) -> Iterator[str]:
    lines: list[str] = []
    for requirement in requirements:
        own = requirement.decision or spec.decision
        for check in spec.kind(requirement).checks(requirement, spec.signals):
            tolerance, name = _tolerance(check)
            if tolerance != 0.0 and parse_unit(check.display_unit).base != "s":
                largest = in_unit(tolerance / TEST_UNCERTAINTY_RATIO, check.display_unit)
                text = f"U <= {largest} ({name}/{TEST_UNCERTAINTY_RATIO:g}, k = {own.coverage_factor:g})"
                lines += listed(f"{requirement.id} {check.name}", text, indent=4, column=36)
    if lines:
        yield from wrapped("accuracy for a test uncertainty ratio of 4", 2)
        yield from lines


def _tolerance(check: CheckPlan) -> tuple[float, str]:
    """The limit, or half the width between two limits, and what to call it. [unit of the check]"""
    limit = check.limit
    if limit.max is not None and limit.min is not None:
        return (limit.max - limit.min) / 2.0, "half the range"
    return abs(limit.max if limit.max is not None else limit.min or 0.0), "limit"
