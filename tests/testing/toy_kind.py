"""A kind as another distribution would bring it: the highest value of a signal.

kind: toy_highest
"""

from slacheck.contract import CheckPlan, Definition, Evaluation, Kind, Measurement, MeterPlan, Need, limit_of
from slacheck.language import LimitModel, Model, Requirement, Text
from slacheck.values import symmetric


class Limits(Model):
    highest: LimitModel


class Highest(Requirement):
    signal: Text
    limits: Limits


class HighestMeter:
    def __init__(self, interval):
        self.found = None

    def update(self, block):
        top = float(block.samples[0].max())
        self.found = top if self.found is None else max(self.found, top)

    def reading(self):
        return self.found


def checks(requirement, signals):
    limit, unit, shown = limit_of(requirement.limits.highest)
    definition = Definition("toy_highest/sample@1", f"the highest sample of {requirement.signal}")
    needs = (Need(requirement.signal, duration=1.0, longest_gap=0.1),)
    return (CheckPlan("highest", limit, unit, shown, definition, needs),)


def meters(requirement, signals):
    return (MeterPlan(("highest", requirement.signal), (requirement.signal,), HighestMeter),)


def evaluate(requirement, signals, measurements):
    highest = measurements.reading(("highest", requirement.signal))
    accuracy = measurements.accuracy(requirement.signal)
    unit = signals[requirement.signal].base
    if highest is None:
        return Evaluation((Measurement("highest"),))
    spread = measurements.coverage_factor * (accuracy.gain if accuracy else 0.0) * abs(highest)
    return Evaluation((Measurement("highest", measured=symmetric(highest, unit, spread)),))


KIND = Kind(
    name="toy_highest",
    model=Highest,
    signals=lambda requirement: (requirement.signal,),
    checks=checks,
    meters=meters,
    evaluate=evaluate,
    sentence=lambda requirement, signals: f"{requirement.signal} shall not rise above its limit.",
    manual=__doc__,
    provider="toy-kinds 1.0",
)

SPEC = {
    "slacheck": 1,
    "id": "toy",
    "signals": {
        "power": {"quantity": "active_power", "unit": "kW", "rated": "100 kW", "accuracy": {"reading": "0.5 %"}},
        "other": {"quantity": "active_power", "unit": "kW"},
    },
    "requirements": [
        {"id": "TOP", "kind": "toy_highest", "signal": "power", "limits": {"highest": {"max": "80 kW"}}},
    ],
}
