"""Phase jumps and short swings: what changes a frequency for no longer than it takes to measure it.

A jump of the phase by an angle a (switching, a fault elsewhere) is no change of the frequency,
but whoever measures the frequency over a window L reads ``a / (2 pi L)`` too much while the jump
is inside it, and what was before and after again outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slacheck.contract import Samples

REACH = 3
"""Ticks (cycles) from a jump to where a phase over four cycles no longer sees it."""
DOUBT = 0.2
"""A jump within this part of the threshold may lie on either side of it. [ratio]"""
_HINT = 0.4
"""Part of the threshold that must show beyond any run of the frequency before a straight run is assumed. [ratio]"""
CLEAR, DOUBTFUL, DISTURBED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A jump of the phase, or a step of the amplitude.

    Parameters
    ----------
    first, last : float
        When it shows first and last; it is in the middle. [s]
    angle : float
        Of the jump. [rad]
    step : float
        Change of the amplitude over four cycles, of the larger one. [ratio]
    certain : bool
        Whether it is clearly above the threshold.
    size : float
        By what two looks at one disturbance are compared.
    """

    first: float
    last: float
    angle: float
    step: float
    certain: bool
    size: float

    @property
    def time(self) -> float:
        """[s]"""
        return (self.first + self.last) / 2.0

    def with_more(self, later: Disturbance) -> Disturbance:
        """Both looks as one disturbance, as large as in the better one."""
        better = later if later.size > self.size else self
        return replace(better, first=self.first, last=later.last, certain=self.certain or later.certain)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a disturbance counts: angle [rad], and step of the amplitude [ratio]."""

    angle: float
    step: float


def phase_jumps(phases: Samples) -> tuple[Samples, Samples]:
    """By what angle the phase jumps within two ticks of each tick, at least and if the frequency ran straight. [rad]

    Returns
    -------
    least, straight : ndarray, shape (n,)
        0 where the ends of the phases are too near.

    Notes
    -----
    Both are the turn from tick to tick, summed over five, less what it would have been without a
    jump. `least` allows that to be anything between the turns three ticks before and after, so a
    frequency that runs or steps from one value to another gives 0. `straight` takes the line between
    them, so a jump while the frequency runs shows in full where it lies in the middle, and more than
    that where it lies at either end. What swings out and back within five cycles cannot be told from
    a jump.
    """
    least, straight = np.zeros(phases.size), np.zeros(phases.size)
    turns = np.diff(phases)
    if turns.size > 2 * REACH:
        rows = sliding_window_view(turns, 2 * REACH + 1)
        first, last, inner = rows[:, :1], rows[:, -1:], rows[:, 1:-1]
        beyond = inner - np.clip(inner, np.minimum(first, last), np.maximum(first, last))
        where = slice(REACH, rows.shape[0] + REACH)
        least[where] = np.sum(beyond, axis=1)
        straight[where] = np.sum(inner - (first + last) / 2.0, axis=1)
    return least, straight


def amplitude_steps(amplitudes: Samples) -> Samples:
    """Change from two ticks before to two ticks after each, of the larger of both; shape (n,), 0 near the ends. [1]"""
    found = np.zeros(amplitudes.size)
    if amplitudes.size > 4:
        before, after = amplitudes[:-4], amplitudes[4:]
        found[2:-2] = np.abs(after - before) / np.maximum(np.maximum(before, after), np.finfo(float).tiny)
    return found


def classes(angles: tuple[Samples, Samples], steps: Samples, thresholds: Thresholds) -> NDArray[np.int64]:
    """CLEAR, DOUBTFUL or DISTURBED for each tick, from what `phase_jumps` and `amplitude_steps` give."""
    least, straight = (np.abs(angle) / thresholds.angle for angle in angles)
    certain = (least >= 1.0 + DOUBT) | (steps >= thresholds.step)
    possible = np.where(least >= _HINT, np.maximum(least, straight), least) >= 1.0 - DOUBT
    return np.where(certain, DISTURBED, np.where(possible, DOUBTFUL, CLEAR))


def without_swings(values: Samples, reach: int) -> Samples:
    """Each value drawn to between those `reach` before and after it, shape (n - 2 reach,).

    Swings that last at most `reach` values are taken off whole; what runs one way stays.
    """
    before, after = values[: -2 * reach], values[2 * reach :]
    drawn: Samples = np.clip(values[reach:-reach], np.minimum(before, after), np.maximum(before, after))
    return drawn
