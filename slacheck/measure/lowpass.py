"""Butterworth low-pass of a stream, as second-order sections by the bilinear transform.

``|H(f)| = 1 / sqrt(1 + (f / f_c)^(2 n))``, with frequencies warped by ``tan(pi f / rate)``, so that
the -3 dB frequency is exact (Butterworth 1930; Oppenheim, Schafer, Discrete-Time Signal
Processing, 7.1). The filter starts as if the first sample had stood for ever, and gives nothing
until that is forgotten (`spec.derive.settling_time`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from slacheck.contract import Block

if TYPE_CHECKING:
    from slacheck.contract import Samples

HIGHEST = 0.45
"""Highest -3 dB frequency of a low-pass that shapes anything. [sample rates]"""


@dataclass(slots=True)
class Lowpass:
    """Low-pass at the rate of the input.

    Parameters
    ----------
    cutoff : float
        -3 dB frequency; above `HIGHEST` sample rates nothing is filtered. [Hz]
    order : int
        From 1 to 8.
    settling, interval : float
        What is left out at the start of each segment; the sample interval. [s]
    """

    cutoff: float
    order: int
    settling: float
    interval: float
    _sections: Samples = field(init=False)
    _state: Samples = field(default_factory=lambda: np.empty(0))
    _segment: int | None = None
    _origin: tuple[float, int] = (0.0, 0)
    """Time [s] and index of the segment's first sample."""

    def __post_init__(self) -> None:
        """Coefficients, which hold for every segment."""
        self._sections = sections(self.cutoff, self.order, self.interval)

    def push(self, block: Block) -> Block | None:
        """Filtered samples of this block, from where the start is forgotten."""
        from scipy.signal import sosfilt  # takes a second to import, and most specs have no low-pass

        if self._sections.size == 0:
            return block
        if self._segment != block.segment:
            self._segment, self._origin = block.segment, (block.first_time, block.start)
            self._state = resting(self._sections, block.samples[:, 0])
        filtered, self._state = sosfilt(self._sections, block.samples, axis=1, zi=self._state)
        time, start = self._origin
        skipped = max(0, start + math.ceil(self.settling / self.interval) - block.start)
        if skipped >= filtered.shape[1]:
            return None
        return replace(
            block,
            samples=np.ascontiguousarray(filtered[:, skipped:]),
            start=block.start + skipped,
            first_time=time + (block.start + skipped - start) * block.interval,
        )


def sections(cutoff: float, order: int, interval: float) -> Samples:
    """Second-order sections of the filter, shape (sections, 6); none above `HIGHEST` sample rates."""
    if cutoff * interval > HIGHEST:
        return np.empty((0, 6))
    warped = math.tan(math.pi * cutoff * interval)
    rows = []
    for pair in range(order // 2):
        # pole pair with damping sin(theta): s^2 + 2 sin(theta) s + 1
        damping = 2.0 * math.sin(math.pi * (2 * pair + 1) / (2 * order))
        scale = 1.0 + damping * warped + warped * warped
        gain = warped * warped / scale
        back = (2.0 * (warped * warped - 1.0) / scale, (1.0 - damping * warped + warped * warped) / scale)
        rows.append([gain, 2.0 * gain, gain, 1.0, *back])
    if order % 2 == 1:
        gain = warped / (1.0 + warped)
        rows.append([gain, gain, 0.0, 1.0, (warped - 1.0) / (1.0 + warped), 0.0])
    return np.array(rows)


def resting(rows: Samples, levels: Samples) -> Samples:
    """State of the sections after a constant input, shape (sections, levels, 2); each section has gain 1 at DC."""
    first = (rows[:, 1] + rows[:, 2] - rows[:, 4] - rows[:, 5])[:, np.newaxis] * levels
    second = (rows[:, 2] - rows[:, 5])[:, np.newaxis] * levels
    return np.stack((first, second), axis=-1)
