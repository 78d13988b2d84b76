"""Severities from sensations: block 5 of the flickermeter of IEC 61000-4-15, and the long-term severity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Samples

_EXCEEDED = (
    (0.0314, (0.1,)),
    (0.0525, (0.7, 1.0, 1.5)),
    (0.0657, (2.2, 3.0, 4.0)),
    (0.28, (6.0, 8.0, 10.0, 13.0, 17.0)),
    (0.08, (30.0, 50.0, 80.0)),
)
"""Weights of the smoothed levels, and for which parts of the time they are exceeded. [%]"""


def severity(sensations: Samples) -> float:
    r"""Pst of the sensations P_inst of one period (IEC 61000-4-15 5.7).

    .. math:: P_{st}^2 = 0.0314 P_{0.1} + 0.0525 P_{1s} + 0.0657 P_{3s} + 0.28 P_{10s} + 0.08 P_{50s}

    P_x being the level exceeded x % of the time, and those with an s the mean of neighbours
    (`_EXCEEDED`). Levels are taken exactly, by sorting: there are no classes, and so no error of theirs.

    Parameters
    ----------
    sensations : ndarray of float, shape (n,), n > 0
        Evenly spaced in time. [1]

    Examples
    --------
    >>> round(severity(np.ones(1000)), 6)
    0.713863
    """
    ranked, total = np.sort(sensations)[::-1], 0.0
    for weight, shares in _EXCEEDED:
        levels = [float(ranked[min(ranked.size - 1, math.floor(share / 100.0 * ranked.size))]) for share in shares]
        total += weight * math.fsum(levels) / len(levels)
    return math.sqrt(max(0.0, total))


def long_term(severities: Samples) -> float:
    """Plt, the cubic mean of values of Pst.

    Parameters
    ----------
    severities : ndarray of float, shape (n,), n > 0
        [1]

    Examples
    --------
    >>> round(long_term(np.array([1.0] * 11 + [2.0])), 5)
    1.16553
    """
    return float(math.cbrt(math.fsum(value**3 for value in severities.tolist()) / len(severities)))
