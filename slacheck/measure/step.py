"""A response between two levels, upright: rising from 0, whichever way it went."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slacheck.measure.smoothing import Smoothed, mirrored
from slacheck.measure.transition import Bracket, Extreme, first_crossing, largest, last_exit

if TYPE_CHECKING:
    from slacheck.measure.levels import Level


@dataclass(frozen=True, slots=True)
class UprightStep:
    """A step with its noise-free line mirrored and shifted so that it rises from 0 to `height`.

    Parameters
    ----------
    line : Smoothed
        As it was measured. [SI]
    initial, final : Level
        [SI]
    coverage_factor : float
        k of the uncertainties of levels.
    """

    line: Smoothed
    initial: Level
    final: Level
    coverage_factor: float

    @property
    def sign(self) -> float:
        """1 for a rising, -1 for a falling step."""
        return 1.0 if self.final.value >= self.initial.value else -1.0

    @property
    def height(self) -> float:
        """Distance of the levels. [SI]"""
        return abs(self.final.value - self.initial.value)

    @property
    def uncertainty(self) -> float:
        """Standard uncertainty of the height. [SI]"""
        return math.hypot(self.initial.standard_error, self.final.standard_error)

    def upright(self, sign: float = 1.0) -> Smoothed:
        """The line from the initial level up; with sign -1 the excursions the wrong way up."""
        return mirrored(self.line, self.initial.value, sign * self.sign)

    def crossing(self, share: float, start: float, end: float) -> Bracket | None:
        """First crossing of a share of the step in [start, end]. [s]"""
        spread = math.hypot((1.0 - share) * self.initial.standard_error, share * self.final.standard_error)
        return first_crossing(self.upright(), share * self.height, self.coverage_factor * spread, start, end)

    def starts_above(self, share: float, start: float) -> bool:
        """Whether the response is past a share of the step when the event begins, so that its crossing was earlier."""
        line = self.upright()
        earlier = line.centre[line.times <= start]
        return earlier.size > 0 and float(earlier[-1]) >= share * self.height

    def exit(self, half_width: float, spread: float, start: float, end: float) -> Bracket:
        """Last exit from a band about the final level; `spread` is the half width's standard uncertainty. [s]"""
        doubt = self.coverage_factor * math.hypot(self.final.standard_error, spread)
        return last_exit(self.line, self.final.value, half_width, doubt, (start, end))

    def excess(self, start: float, end: float) -> tuple[Extreme, float] | None:
        """Largest height, and the standard uncertainty of its ratio to the step."""
        found = largest(self.upright(), start, end)
        if found is None:
            return None
        ratio = found.bracket.value / self.height
        spread = math.hypot(ratio * self.final.standard_error, (ratio - 1.0) * self.initial.standard_error)
        return found, spread / self.height

    def wrong_way(self, start: float, end: float) -> tuple[Extreme, float] | None:
        """Largest depth below the initial level, and the standard uncertainty of its ratio to the step."""
        found = largest(self.upright(-1.0), start, end)
        if found is None:
            return None
        ratio = found.bracket.value / self.height
        spread = math.hypot(ratio * self.final.standard_error, (1.0 + ratio) * self.initial.standard_error)
        return found, spread / self.height
