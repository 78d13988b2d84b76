"""Two small kinds, so that these tests stand on the language alone, and a spec that uses them."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from slacheck.contract import CheckPlan, Definition, Kind, Need, level_problem, limit_of
from slacheck.document import parse_document
from slacheck.errors import SpecError
from slacheck.language import Duration, Level, LimitModel, Model, Moment, Requirement, Text, TimeLimit, definition
from slacheck.spec.load import resolve
from slacheck.units import parse_quantity

BASE = """\
slacheck: 1
id: hall
decision: {rule: three_state, coverage_factor: 2}
signals:
  p: {quantity: active_power, unit: MW, rated: 40 MW, accuracy: {reading: 0.5 %}}
  v: {quantity: voltage, unit: V, waveform: ac}
  v_rms: {quantity: voltage, unit: V, derive: {rms: v, window: 1 cycle, refresh: half_cycle, frequency: 60 Hz}}
  p_mean: {quantity: active_power, unit: MW, derive: {mean: p, window: 100 ms}}
tests:
  step: {title: Full step, repeat: {count: 3}}
requirements:
  - id: A-1
    kind: level
    signal: p
    window: {length: 1 s}
    limits: {high: {max: 5 MW}, low: {min: 1 MW}}
    tests: [step]
    conditions: [{signal: p_mean, min: 10 MW, for: 60 s}]
  - {id: A-2, kind: follow, input: p, output: p_mean, reference: p, delay: {max: 20 ms}}
"""


class WindowModel(Model):
    """A window with a definition key inside."""

    length: Duration = Field(description="Length.")
    taper: Literal["hann", "rectangular", "flattop"] = definition("hann", "Taper.")


class LevelLimits(Model):
    """Limits by name."""

    high: LimitModel | None = Field(None, description="Highest level.")
    low: LimitModel | None = Field(None, description="Lowest level.")


class LevelRequirement(Requirement):
    """A level within limits."""

    signal: Text = Field(description="What is limited.")
    window: WindowModel = Field(WindowModel(length=parse_quantity("1 s")), description="Window.")
    statistic: Literal["max", "p99", "p95"] = definition("max", "Over windows.")
    offset: Moment = definition(parse_quantity("0 s"), "Shift.")
    limits: LevelLimits = Field(description="Limits.")


class ProfileModel(Model):
    """A reference given point by point."""

    profile: tuple[tuple[Moment, Level], ...] = Field(description="Points.", min_length=1)


class FollowRequirement(Requirement):
    """One signal follows another."""

    input: Text = Field(description="What leads.")
    output: Text = Field(description="What follows.")
    reference: Text | ProfileModel = Field(description="Signal or profile.")
    delay: TimeLimit = Field(description="How late.")
    tube: Annotated[tuple[Level, Level] | None, Field(description="Two widths.")] = None


def _given(requirement):
    limits = {"high": requirement.limits.high, "low": requirement.limits.low}
    return {name: limit for name, limit in limits.items() if limit is not None}


def _level_problems(requirement, signals):
    for name, limit in _given(requirement).items():
        for bound in ("max", "min", "resolution"):
            path = ("limits", name, bound)
            yield from level_problem(path, getattr(limit, bound), signals[requirement.signal])


def _level_checks(requirement, signals):
    need = Need(requirement.signal, max_frequency=5.0, bandwidth=1.0, duration=10.0, longest_gap=0.25)
    plans = []
    for name, model in _given(requirement).items():
        limit, unit, shown = limit_of(model)
        plans.append(CheckPlan(name, limit, unit, shown, Definition("level/max@1", "the level; % of rated"), (need,)))
    return tuple(plans)


def _follow_signals(requirement):
    named = (requirement.reference,) if isinstance(requirement.reference, str) else ()
    return (requirement.input, requirement.output, *named)


def _follow_checks(requirement, signals):
    limit, unit, shown = limit_of(requirement.delay)
    need = Need(requirement.output, time_limit=limit.max or limit.min)
    return (CheckPlan("delay", limit, unit, shown, Definition("follow/delay@1", "the delay"), (need,)),)


LEVEL = Kind(
    name="level",
    model=LevelRequirement,
    signals=lambda requirement: (requirement.signal,),
    checks=_level_checks,
    meters=lambda requirement, signals: (),
    evaluate=lambda requirement, signals, measurements: None,
    sentence=lambda requirement, signals: f"The level of {requirement.signal} shall stay within limits.",
    problems=_level_problems,
    manual="A level within limits.",
)
FOLLOW = Kind(
    name="follow",
    model=FollowRequirement,
    signals=_follow_signals,
    checks=_follow_checks,
    meters=lambda requirement, signals: (),
    evaluate=lambda requirement, signals, measurements: None,
    sentence=lambda requirement, signals: f"{requirement.output} shall follow {requirement.input}.",
    manual="One signal follows another.",
)


def read(text):
    """The spec that `text` says, with the two kinds of this file."""
    return resolve(parse_document(text.encode(), "s.yaml"), (LEVEL, FOLLOW))


def faults(text):
    """`line:column message | fix` of every fault of `text`."""
    try:
        read(text)
    except SpecError as error:
        return [f"{p.line}:{p.column} {p.message}" + (f" | {p.fix}" if p.fix else "") for p in error.problems]
    return []


@pytest.fixture
def base():
    return BASE


@pytest.fixture
def kinds():
    return (LEVEL, FOLLOW)


@pytest.fixture(name="read")
def read_fixture():
    return read


@pytest.fixture(name="faults")
def faults_fixture():
    return faults
