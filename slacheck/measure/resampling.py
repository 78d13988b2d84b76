"""Band-limited interpolation: an evenly sampled record at any positions between its samples."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Samples

REACH = 16
"""Samples that are needed on either side of a position."""
BAND = 0.4
"""Part of the sample rate up to which the stated error holds: a little above 1 / 2.56, so that a record of just that
rate may run 2 % fast."""
LARGEST_ERROR = 2.5e-5
"""Largest error of a tone within `BAND` (2.1e-5 found at its end, 7.2e-6 below 0.39). [ratio of its amplitude]"""
_SHAPE = 10.06
"""Kaiser's beta for side lobes of -100 dB: 0.1102 (100 - 8.7)."""
_PHASES = 1024
"""Fractions of a sample that the kernel is tabulated at; linear between them, to within 1e-6."""
_AT_ONCE = 512


def resampled(rows: Samples, positions: Samples) -> Samples:
    r"""Values of each row between its samples.

    Parameters
    ----------
    rows : ndarray of float, shape (m, n)
        Samples at 0, 1, ... n - 1. [SI]
    positions : ndarray of float, shape (p,)
        From REACH - 1 to n - 1 - REACH. [samples]

    Returns
    -------
    ndarray, shape (m, p)
        [SI]

    Raises
    ------
    IndexError
        If a position has less than REACH samples on either side.

    Notes
    -----
    .. math:: x(t) = \frac{\sum_i x_i \, h(t - i)}{\sum_i h(t - i)}, \quad
              h(u) = \operatorname{sinc}(u) \, I_0\!\left(\beta \sqrt{1 - (u / 16)^2}\right)

    Weights are divided by their sum, so that a constant is met exactly.

    References
    ----------
    .. [1] J. F. Kaiser, R. W. Schafer, "On the use of the I0-sinh window for spectrum analysis", IEEE Trans. ASSP 28
       (1980): the relation of beta, side lobes and width.
    """
    before = np.floor(positions).astype(np.int64)
    if before.size and (int(np.min(before)) < REACH - 1 or int(np.max(before)) + REACH >= rows.shape[1]):
        raise IndexError(f"a position has less than {REACH} samples on either side")
    table, slopes = _kernel()
    place = (positions - before) * _PHASES
    phase = np.minimum(place.astype(np.int64), _PHASES - 1)
    beyond = (place - phase)[:, np.newaxis]
    found = np.empty((rows.shape[0], positions.size))
    neighbours = [np.lib.stride_tricks.sliding_window_view(row, 2 * REACH) for row in rows]
    rooms = np.empty((2, _AT_ONCE, 2 * REACH))
    for first in range(0, positions.size, _AT_ONCE):
        some = slice(first, min(first + _AT_ONCE, positions.size))
        weights, products = rooms[:, : some.stop - first]
        np.take(slopes, phase[some], axis=0, mode="clip", out=weights)
        np.take(table, phase[some], axis=0, mode="clip", out=products)
        weights *= beyond[some]
        weights += products
        beside = _indices(before[some] - (REACH - 1))
        for each, samples in zip(found, neighbours, strict=True):
            np.multiply(weights, samples[beside], out=products)
            np.sum(products, axis=1, out=each[some])
    return found


def _indices(places: np.ndarray) -> np.ndarray | slice:
    """The same places, as a slice where they follow one another: nothing is copied then."""
    if bool((places[1:] - places[:-1] == 1).all()):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


@lru_cache(maxsize=1)
def _kernel() -> tuple[Samples, Samples]:
    """Weights of the 2 REACH samples around a position at each tabulated fraction, and their steps to the next one."""
    half = [_tapered_sinc(place / _PHASES) for place in range(REACH * _PHASES + 1)]
    table = np.array([_weights(half, phase) for phase in range(_PHASES + 1)])
    return table[:-1], np.diff(table, axis=0)


def _weights(half: list[float], phase: int) -> list[float]:
    """Weights at a tabulated fraction; `half` is the kernel from its middle on."""
    weights = [half[abs(phase + (REACH - 1 - i) * _PHASES)] for i in range(2 * REACH)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _tapered_sinc(distance: float) -> float:
    inside = 1.0 - (distance / REACH) ** 2
    sinc = 1.0 if distance == 0.0 else math.sin(math.pi * distance) / (math.pi * distance)
    return sinc * _bessel(_SHAPE * math.sqrt(max(0.0, inside))) / _MIDDLE


def _bessel(x: float) -> float:
    """Modified Bessel function of order zero, by its power series."""
    term, total, k = 1.0, 1.0, 0
    while term > 1e-17 * total:
        k += 1
        term *= (x / (2.0 * k)) ** 2
        total += term
    return total


_MIDDLE = _bessel(_SHAPE)
