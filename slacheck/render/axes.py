"""From values to pixels, linear or logarithmic, with ticks a person would have chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass

_MOST_TICKS = 400


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of values [low, high] drawn over the pixels [start, end]; end may be the smaller one."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def pixel(self, value: float) -> float:
        """Where a value is drawn, kept within one length of the axis on either side. [px]"""
        low, high = self._scaled(self.low), self._scaled(self.high)
        share = (self._scaled(value) - low) / (high - low)
        return self.start + min(2.0, max(-1.0, share)) * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high

    def _scaled(self, value: float) -> float:
        if not self.logarithmic:
            return value
        return math.log10(value) if value > 0 else math.log10(self.low) - 1e3

    def ticks(self, about: int) -> list[tuple[float, str]]:
        """Values and their labels, about as many as asked for."""
        return self._decades() if self.logarithmic else self._steps(about)

    def _steps(self, about: int) -> list[tuple[float, str]]:
        rough = (self.high - self.low) / max(1, about)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((m * power for m in (1, 2, 5, 10) if m * power >= rough), 10 * power)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        if last - first > _MOST_TICKS:
            return []
        return [(n * step, _label(n * step, step)) for n in range(first, last + 1)]

    def _decades(self) -> list[tuple[float, str]]:
        """Powers of ten; with 2 and 5 between them where there are few, one in so many where there are many."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        leaps = max(1, (last - first) // 8)
        factors = (1, 2, 5) if last - first <= 3 else (1,)
        values = [m * 10.0**p for p in range(first, last + 1, leaps) for m in factors]
        return [
            (value, f"{value:.12g}" if 1e-4 <= value < 1e6 else f"{value:.0e}") for value in values if self.holds(value)
        ]

    def grid(self) -> list[float]:
        """Values between the ticks of a logarithmic axis where a thin line helps the eye."""
        if not self.logarithmic or self.high > self.low * 1e6:
            return []
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        return [m * 10.0**p for p in range(first, last + 1) for m in range(2, 10) if self.holds(m * 10.0**p)]


def _label(value: float, step: float) -> str:
    if abs(value) >= 1e6 or step < 1e-6:
        return f"{value:.7g}"
    text = f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def padded(values: list[float], share: float = 0.07) -> tuple[float, float]:
    """Smallest and largest of `values` with some room round them; never an empty stretch."""
    low, high = min(values), max(values)
    room = share * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def padded_decades(values: list[float]) -> tuple[float, float]:
    """The same for a logarithmic axis; `values` are positive."""
    low, high = min(values), max(values)
    room = max(1.12, (high / low) ** 0.05)
    return low / room, high * room
