"""How much an AC waveform trembles beside what repeats with its cycle: harmonics are no noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from slacheck.measure.noise import NoiseMeter

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

_MOST_CYCLES = 5
_DRIFT = 5e-4
"""What a cycle is usually off the nominal one. [cycles]"""


def repeat(interval: float, frequency: float) -> int:
    """Samples after which a waveform of about this frequency [Hz] repeats best: nearly whole cycles, and few."""
    cycle = 1.0 / (interval * frequency)
    distances = {
        max(1, round(cycles * cycle)): abs(round(cycles * cycle) / cycle - cycles) + _DRIFT * cycles
        for cycles in range(1, _MOST_CYCLES + 1)
    }
    return min(distances, key=lambda samples: distances[samples])


@dataclass(slots=True)
class CyclicNoiseMeter:
    r"""Standard deviation of the noise of an AC waveform.

    That which `NoiseMeter` finds in ``(x_i - 2 x_{i+T} + x_{i+2T}) / sqrt(6)``, T being some whole
    cycles: harmonics of order h fall to ``(2 pi h e)^2`` of themselves, e the distance from whole
    cycles (frequency included), and white noise stays as it is.

    Parameters
    ----------
    interval : float
        [s]
    frequency : float
        Nominal. [Hz]
    """

    interval: float
    frequency: float
    _noise: NoiseMeter = field(default_factory=lambda: NoiseMeter((1, 2)))
    _segment: int | None = None
    _tail: Samples = field(default_factory=lambda: np.empty(0))

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        if block.segment != self._segment:
            self._segment, self._tail = block.segment, np.empty(0)
        later = repeat(self.interval, self.frequency)
        x = np.concatenate((self._tail, block.samples[0]))
        if x.size > 2 * later:
            rest = (x[: -2 * later] - 2.0 * x[later:-later] + x[2 * later :]) / math.sqrt(6.0)
            self._noise.update(replace(block, samples=rest[np.newaxis]))
        self._tail = x[-2 * later :].copy()

    def reading(self) -> float:
        """Standard deviation of the noise. [SI]"""
        return self._noise.reading().deviation()
