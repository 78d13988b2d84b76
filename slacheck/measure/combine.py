"""Several signals into one: sums, power, symmetrical components. Rows in the order of `Derive.sources`.

Phasors are one-window Fourier sums at the nominal frequency f over windows of whole cycles,
``U e^{j phi} = sqrt(2) mean(u cos wt) - j sqrt(2) mean(u sin wt)`` with U the rms value. At a
frequency that is off by a relative e they ripple by about e of their magnitude: a property of the
definition, as with an rms over a window of fixed length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Literal

import numpy as np

from slacheck.contract import Block
from slacheck.measure.stepped import SteppedMean

if TYPE_CHECKING:
    from slacheck.contract import Samples


def _total(rows: Samples) -> Samples:
    """Sum of the rows, always in the same order; shape (1, n)."""
    total: Samples = reduce(np.add, rows[1:], rows[0]).reshape(1, -1)
    return total


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """``sum_k weight_k x_k``, sample by sample."""

    weights: tuple[float, ...]

    def push(self, block: Block) -> Block:
        """The sum at the times of the block."""
        scaled = np.stack([weight * row for weight, row in zip(self.weights, block.samples, strict=True)])
        return replace(block, samples=_total(scaled))


@dataclass(frozen=True, slots=True)
class InstantaneousPower:
    """``p = sum_k u_k i_k``, sample by sample, or its mean over windows: active power (IEEE 1459 3.1.1.2).

    With line-to-line voltages against one common phase and the currents of the other phases it is
    the power of a three-wire system as well (Aron, two-wattmeter method).
    """

    mean: SteppedMean | None = None

    def push(self, block: Block) -> Block | None:
        """Power at the times of the block, or in the windows that it completes."""
        voltages, currents = _halves(block.samples)
        power = replace(block, samples=_total(voltages * currents))
        return power if self.mean is None else self.mean.push(power)


@dataclass(frozen=True, slots=True)
class ApparentPower:
    """``S = sum_k U_k I_k`` of rms values over the window: arithmetic apparent power (IEEE 1459 3.2.2.5)."""

    mean: SteppedMean

    def push(self, block: Block) -> Block | None:
        """Apparent power in the windows that this block completes."""
        squares = self.mean.push(replace(block, samples=block.samples * block.samples))
        if squares is None:
            return None
        voltages, currents = _halves(np.sqrt(squares.samples))
        return replace(squares, samples=_total(voltages * currents))


class Phasors:
    """Fourier sums of every row at one frequency, over the windows of a `SteppedMean`."""

    def __init__(self, frequency: float, mean: SteppedMean) -> None:
        self._frequency = frequency
        self._mean = mean
        self._segment: int | None = None
        self._origin = (0.0, 0)

    def push(self, block: Block) -> tuple[Block, Samples, Samples] | None:
        """Windows that this block completes; in-phase and quadrature parts, each of shape (rows, windows)."""
        if self._segment != block.segment:
            self._segment, self._origin = block.segment, (block.first_time, block.start)
        time, start = self._origin
        times = time + (block.start - start + np.arange(block.samples.shape[1])) * block.interval
        turns = self._frequency * times
        angle = 2.0 * math.pi * (turns - np.floor(turns))
        products = np.concatenate((block.samples * np.cos(angle), block.samples * np.sin(angle)))
        means = self._mean.push(replace(block, samples=products))
        if means is None:
            return None
        cosine, sine = _halves(math.sqrt(2.0) * means.samples)
        return means, cosine, -sine


class ReactivePower:
    """``Q = sum_k Im(U_k conj(I_k))`` of fundamental phasors (IEEE 1459 3.1.2.5), positive where current lags."""

    def __init__(self, frequency: float, mean: SteppedMean) -> None:
        self._phasors = Phasors(frequency, mean)

    def push(self, block: Block) -> Block | None:
        """Fundamental reactive power in the windows that this block completes."""
        found = self._phasors.push(block)
        if found is None:
            return None
        windows, real, imaginary = found
        (u_re, i_re), (u_im, i_im) = _halves(real), _halves(imaginary)
        return replace(windows, samples=_total(u_im * i_re - u_re * i_im))


class SequenceComponent:
    """Rms magnitude of a symmetrical component of three phases, ``|U_a + a^k U_b + a^2k U_c| / 3`` (Fortescue 1918).

    a turns by 120 degrees; k is 1 for positive, 2 for negative, 0 for zero sequence.
    """

    def __init__(self, part: Literal["positive", "negative", "zero"], frequency: float, mean: SteppedMean) -> None:
        self._phasors = Phasors(frequency, mean)
        self._turns = {"zero": 0.0, "positive": 1.0, "negative": 2.0}[part] / 3.0

    def push(self, block: Block) -> Block | None:
        """Magnitude in the windows that this block completes."""
        found = self._phasors.push(block)
        if found is None:
            return None
        windows, real, imaginary = found
        total_re, total_im = np.zeros(real.shape[1]), np.zeros(real.shape[1])
        for phase in range(3):
            c, s = (
                math.cos(2 * math.pi * self._turns * phase),
                math.sin(2 * math.pi * self._turns * phase),
            )
            total_re = total_re + (c * real[phase] - s * imaginary[phase])
            total_im = total_im + (c * imaginary[phase] + s * real[phase])
        magnitude = np.sqrt(total_re * total_re + total_im * total_im) / 3.0
        return replace(windows, samples=magnitude.reshape(1, -1))


def _halves(rows: Samples) -> tuple[Samples, Samples]:
    """The first and the second half of the rows."""
    half = rows.shape[0] // 2
    return rows[:half], rows[half:]
