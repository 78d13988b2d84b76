"""The conformance suite over every shipped kind, and over kinds that each break one rule."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from slacheck.capture.capture import Capture
from slacheck.contract import Definition, Evaluation, Measurement
from slacheck.kinds import NAMES, own_kind
from slacheck.testing.conformance import KindConformance
from slacheck.values import symmetric
from tests.testing import toy_kind

KINDS = tuple(map(own_kind, NAMES))

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "fixtures" / "kinds"
TRUTH = json.loads((CAPTURES / "truth.json").read_text(encoding="utf-8"))
RULES = sorted(name for name in vars(KindConformance) if name.startswith("test_"))
RAMP = next(kind for kind in KINDS if kind.name == "ramp_rate")


def suite(kind, **changed):
    """The suite of a kind, on its shipped example and fixture."""
    known = TRUTH[kind.name]
    facts = {
        "kind": kind,
        "spec": ROOT / "specs" / "kinds" / f"{kind.name}.yaml",
        "capture": next(path for path in CAPTURES.glob(f"{kind.name}.*") if path.suffix in (".csv", ".npz")),
        "truth": known["values"],
        "verdict": known["verdict"],
    }
    return type("Suite", (KindConformance,), facts | changed)()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_shipped_kind_conforms(kind, rule):
    getattr(suite(kind), rule)()


def renamed(**changed):
    """The ramp kind as a third party's would be, with its own name, and with something else changed."""
    model = RAMP.model
    return replace(RAMP, provider="drift-kinds 1.0", model=model, **changed)


def with_definition(identity):
    def checks(requirement, signals):
        return tuple(replace(p, definition=Definition(identity, "text")) for p in RAMP.checks(requirement, signals))

    return checks


def twice(requirement, signals):
    return RAMP.checks(requirement, signals) * 2


CALLS = itertools.count()


def drifting(requirement, signals, measurements):
    found = RAMP.evaluate(requirement, signals, measurements)
    shift = 1e3 * next(CALLS)
    return replace(
        found,
        measurements=tuple(
            replace(m, measured=None if m.measured is None else replace_value(m.measured, shift))
            for m in found.measurements
        ),
    )


def replace_value(measured, shift):
    low, high = measured.interval.low, measured.interval.high
    interval = type(measured.interval)(low, high + shift)
    return replace(measured, interval=interval, expanded_uncertainty=None)


def failing(requirement, signals, measurements):
    raise ValueError("a bug")


def without_one(requirement, signals, measurements):
    found = RAMP.evaluate(requirement, signals, measurements)
    return replace(found, measurements=found.measurements[:1])


class Counting:
    """A meter whose reading tells how many blocks it was fed."""

    def __init__(self, meter):
        self.meter, self.blocks = meter, 0

    def update(self, block):
        self.blocks += 1
        if self.blocks == 1:
            self.meter.update(block)

    def reading(self):
        return self.meter.reading()


def forgetful(requirement, signals):
    return tuple(
        replace(plan, build=lambda interval, plan=plan: Counting(plan.build(interval)))
        for plan in RAMP.meters(requirement, signals)
    )


@pytest.mark.parametrize(
    ("rule", "changed", "sentence"),
    [
        ("manual", {"manual": ""}, "the manual page shows no `kind: ramp_rate`"),
        ("example", {"sentence": lambda requirement, signals: " "}, "GRID-1 has no sentence"),
        ("checks", {"checks": with_definition("ramp")}, "the definition id 'ramp' of up is not like"),
        ("checks", {"checks": twice}, "two of its checks have the name 'up'"),
        ("checks", {"checks": lambda requirement, signals: ()}, "there is nothing to check in this requirement"),
        ("capture_gives", {"evaluate": failing}, "the kind raised"),
        ("capture_gives", {"evaluate": without_one}, "the kind raised"),
        ("same_bytes", {"evaluate": drifting}, "two runs differ"),
        ("record_is_cut", {"meters": forgetful}, "short blocks"),
    ],
)
def test_broken_kind_is_caught(rule, changed, sentence):
    name = next(one for one in RULES if rule in one)
    with pytest.raises(AssertionError, match=sentence):
        getattr(suite(renamed(**changed)), name)()


def test_wrong_truth_is_caught():
    with pytest.raises(AssertionError, match="is true, measured"):
        suite(RAMP, truth={"up": 1.0}).test_capture_gives_the_verdict_and_the_truth()


class TestToyKind(KindConformance):
    """The suite as the author of a kind runs it, on a kind that is not installed."""

    kind = toy_kind.KIND
    spec = toy_kind.SPEC
    capture = Capture.from_arrays(
        {"power [kW]": 50.0 + 20.0 * np.sin(np.arange(5000) / 50.0), "other [kW]": np.arange(5000.0)},
        sample_rate=500.0,
        anti_alias=True,
    )
    truth: ClassVar = {"highest": 70e3}


def test_pass_of_nothing_is_caught():
    def checks(requirement, signals):
        return tuple(replace(plan, needs=()) for plan in toy_kind.checks(requirement, signals))

    def evaluate(requirement, signals, measurements):
        return Evaluation((Measurement("highest", measured=symmetric(0.0, "W", 1.0)),))

    broken = type("Suite", (TestToyKind,), {"kind": replace(toy_kind.KIND, checks=checks, evaluate=evaluate)})()
    with pytest.raises(AssertionError, match="is PASS"):
        broken.test_nothing_recorded_never_passes()
