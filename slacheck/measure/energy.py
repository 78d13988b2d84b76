"""Energy of a power, and the part of a reserved power that was not used."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Block, Samples

_CHUNK = 4096
"""Samples that are summed at a time; where chunks end depends on the grid alone. [samples]"""


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """Integrals over the samples there are, each standing for one sample interval.

    Parameters
    ----------
    samples : int
        How many there were.
    time : float
        That they stand for. [s]
    magnitude : float
        Integral of the magnitude of the power. [J]
    difference, positive_part : float
        Integral of reserved less used, and of the same where it is not negative. [J]
    """

    samples: int
    time: float
    magnitude: float
    difference: float
    positive_part: float


@dataclass(slots=True)
class UnusedEnergy:
    r"""Integrates the power that was reserved but not used.

    .. math:: \sum_i (R - P_i) \Delta t \qquad \sum_i \max(0, R - P_i) \Delta t

    Chunks of the grid are summed in pairs and the chunks' sums added exactly, so that the reading
    does not depend on where blocks were cut.

    Parameters
    ----------
    reserved : float
        R. [W]
    """

    reserved: float
    _interval: float = 0.0
    _samples: int = 0
    _sums: list[Fraction] = field(default_factory=lambda: [Fraction(0)] * 3)
    _pending: list[Samples] = field(default_factory=list)
    _place: tuple[int, int] | None = None
    """Segment and index of the sample that would follow."""

    def update(self, block: Block) -> None:
        """Take the next block of one signal."""
        samples = block.samples[0]
        self._interval = block.interval
        self._samples += samples.size
        if self._place != (block.segment, block.start):
            self._flush()
        begin = 0
        while begin < samples.size:
            end = min(samples.size, begin + _CHUNK - (block.start + begin) % _CHUNK)
            self._pending.append(samples[begin:end].copy())
            if (block.start + end) % _CHUNK == 0:
                self._flush()
            begin = end
        self._place = (block.segment, block.start + samples.size)

    def reading(self) -> EnergyReading:
        """What was integrated."""
        self._flush()
        magnitude, difference, positive = (float(total * Fraction(self._interval)) for total in self._sums)
        return EnergyReading(self._samples, self._samples * self._interval, magnitude, difference, positive)

    def _flush(self) -> None:
        if not self._pending:
            return
        power = np.concatenate(self._pending)
        unused = self.reserved - power
        for index, values in enumerate((np.abs(power), unused, np.maximum(unused, 0.0))):
            self._sums[index] += Fraction(float(np.sum(values)))
        self._pending = []
