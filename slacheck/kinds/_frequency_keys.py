"""The keys of `frequency_response`, its definition in words, and what is wrong with a mask."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from slacheck.contract import Problem, Signals, refresh
from slacheck.language import (
    Duration,
    Frequency,
    Integer,
    Model,
    Number,
    QuantityOf,
    Requirement,
    Share,
    Text,
    definition,
)
from slacheck.units import Quantity, parse_quantity

Decibel = Annotated[Quantity, QuantityOf("dB", examples=("-20 dB", "0 dB"))]
Point: TypeAlias = tuple[Frequency, Decibel]
Points: TypeAlias = tuple[Point, ...]
Side: TypeAlias = Literal["magnitude_max", "magnitude_min"]

_PARTS = 2.0
"""Least resolutions below the lowest frequency of a mask, so that a trend does not reach it."""


class ResponseWindow(Model):
    """How windows are cut and tapered."""

    length: Duration = Field(description="Length of a window.")
    overlap: Share = definition(parse_quantity("50 %"), "Part of a window that the next one shares.")
    taper: Literal["hann", "blackmanharris", "flattop"] = definition("hann", "Taper of each window.")


class LeastCoherence(Model):
    """Which bins count."""

    min: Number = definition(0.8, "Least coherence of a bin that is judged.", gt=0, lt=1)


class LeastAverages(Model):
    """How many windows there must be."""

    min: Integer = definition(16, "Least independent windows.", ge=4)


class LeastCoverage(Model):
    """How much of the mask must be judged."""

    min: Share = definition(parse_quantity("80 %"), "Least share of the bins looked at that pass the coherence.")


class FrequencyResponse(Requirement):
    """Keys of `frequency_response`."""

    input: Text = Field(description="Signal that swings.")
    output: Text = Field(description="Signal that the swings reach.")
    estimator: Literal["H1", "H2"] = definition("H1", "H1: the output is noisy; H2: the input is.")
    window: ResponseWindow
    coherence: LeastCoherence = Field(LeastCoherence(), description="Which bins count.")
    averages: LeastAverages = Field(LeastAverages(), description="How many windows there must be.")
    bins: Literal["excited", "all"] = definition("excited", "excited: lines of the input; all: every bin.")
    magnitude_max: Points | None = Field(None, min_length=2, description="[frequency, most of the ratio in dB].")
    magnitude_min: Points | None = Field(None, min_length=2, description="[frequency, least of the ratio in dB].")
    interpolation: Literal["loglog", "linear", "step"] = definition(
        "loglog", "Between points: straight in dB over log frequency; over frequency; or the limit of the point below."
    )
    coverage: LeastCoverage = Field(LeastCoverage(), description="How much of the mask must be judged.")

    def masks(self) -> dict[Side, Points]:
        """The masks that are given."""
        sides: tuple[tuple[Side, Points | None], ...] = (
            ("magnitude_max", self.magnitude_max),
            ("magnitude_min", self.magnitude_min),
        )
        return {side: points for side, points in sides if points is not None}


def in_words(side: Side, requirement: FrequencyResponse) -> str:
    """What a check measures."""
    window, points = requirement.window, requirement.masks()[side]
    extreme = "largest" if side == "magnitude_max" else "smallest"
    how = {"H1": "|Sxy| / Sxx", "H2": "Syy / |Syx|"}[requirement.estimator]
    looked = "lines of the input 10 dB above its local noise floor" if requirement.bins == "excited" else "all bins"
    between_points = {
        "loglog": "straight in dB over log frequency between points",
        "linear": "straight in dB over frequency between points",
        "step": "that of the point below",
    }[requirement.interpolation]
    return (
        f"the {extreme} ratio of the magnitude {how} of {requirement.output} over {requirement.input} to its limit "
        f"({between_points}) over {looked} from {points[0][0].text} to {points[-1][0].text} with a coherence of at "
        f"least {requirement.coherence.min:g}, spectra averaged over {window.taper} windows of {window.length.text} "
        f"less their least-squares lines, overlapping by {window.overlap.text}"
    )


def problems(requirement: FrequencyResponse, signals: Signals) -> Iterator[Problem]:
    """Faults that several keys together show."""
    if requirement.input == requirement.output:
        yield Problem(("output",), f"{requirement.output!r} is the input itself")
    elif refresh(signals, requirement.input) != refresh(signals, requirement.output):
        message = f"{requirement.input!r} and {requirement.output!r} do not have a value at the same times"
        yield Problem(("output",), message, "derive both with one `refresh`, or neither")
    overlap = requirement.window.overlap
    if not 0.0 <= overlap.value < 0.95:
        yield Problem(("window", "overlap"), f"{overlap.text!r} is not from 0 % to less than 95 %")
    if not 0.0 < requirement.coverage.min.value <= 1.0:
        yield Problem(("coverage", "min"), f"{requirement.coverage.min.text!r} is not above 0 % and at most 100 %")
    if not requirement.masks():
        yield Problem((), "there is no magnitude to keep", "give magnitude_max, magnitude_min or both")
    orders = [problem for side, points in requirement.masks().items() for problem in _order_problems(side, points)]
    yield from orders
    if not orders:
        yield from _crossing_problems(requirement)
    yield from _length_problems(requirement)


def _order_problems(side: Side, points: Points) -> Iterator[Problem]:
    for number, (low, high) in enumerate(pairwise(points), 1):
        if high[0].value <= low[0].value:
            message = f"{high[0].text} does not come after {low[0].text}; lowest frequency first"
            yield Problem((side, number, 0), message)


def _crossing_problems(requirement: FrequencyResponse) -> Iterator[Problem]:
    """A least magnitude above the largest one; both are straight between all points, so these tell."""
    most, least = requirement.magnitude_max, requirement.magnitude_min
    if most is None or least is None or requirement.interpolation == "step":
        return
    for frequency, _ in sorted({*most, *least}, key=lambda point: point[0].value):
        levels = [_level(points, frequency.value, requirement.interpolation) for points in (least, most)]
        if levels[0] is not None and levels[1] is not None and levels[0] > levels[1]:
            message = f"at {frequency.text} magnitude_min is {levels[0]:.4g} dB and magnitude_max {levels[1]:.4g} dB"
            yield Problem(("magnitude_min",), f"{message}, so nothing can conform")
            return


def _level(points: Points, frequency: float, interpolation: str) -> float | None:
    """Limit at a frequency, None beyond the mask. [dB]"""
    for (low, at_low), (high, at_high) in pairwise(points):
        if low.value <= frequency <= high.value:
            share = (frequency - low.value) / (high.value - low.value)
            if interpolation == "loglog":
                share = math.log(frequency / low.value) / math.log(high.value / low.value)
            return at_low.value + share * (at_high.value - at_low.value)
    return None


def _length_problems(requirement: FrequencyResponse) -> Iterator[Problem]:
    """Windows too short to tell the lowest frequency from a trend."""
    from slacheck.measure.tapers import BANDWIDTH_BINS

    window = requirement.window
    lowest = min((points[0][0] for points in requirement.masks().values()), key=lambda f: f.value, default=None)
    periods = _PARTS * BANDWIDTH_BINS[window.taper]
    if lowest is not None and window.length.value * lowest.value < periods * (1 - 1e-9):
        yield Problem(
            ("window", "length"),
            f"windows of {window.length.text} hold {window.length.value * lowest.value:.3g} periods of {lowest.text}; "
            f"with the {window.taper} taper {periods:.3g} are needed",
            f"write {periods / lowest.value:.6g} s or more, or a mask that begins higher",
        )
