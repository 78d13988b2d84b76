"""Numbers of the tapers, without NumPy, so that a spec can be checked against them too."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

TaperName = Literal["hann", "rectangular", "blackmanharris", "flattop"]

COSINES: dict[TaperName, tuple[float, ...]] = {
    "rectangular": (1.0,),
    "hann": (0.5, 0.5),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}
"""w_j = a_0 - a_1 cos(2 pi j / n) + a_2 cos(4 pi j / n) - ... (requirements.md 2.6; the flat top has five terms)."""
HALF_LOBE: dict[TaperName, int] = {"rectangular": 1, "hann": 2, "blackmanharris": 4, "flattop": 5}
"""Bins from the middle of a tone to the first zero of the taper's transform."""
BANDWIDTH_BINS: dict[TaperName, float] = {
    "rectangular": 1.0,
    "hann": 1.5,
    "blackmanharris": 2.0044,
    "flattop": 3.7703,
}
"""Equivalent noise bandwidth, ``n sum w^2 / (sum w)^2``. [bins]"""
FLATTOP_RIPPLE = (-1.2e-3, 3e-4)
"""Within half a bin of its top a line reads between these parts low and high with the flat-top taper. [ratio]"""
SCALLOPED: dict[TaperName, float] = {
    "rectangular": 0.636619,
    "hann": 0.848826,
    "blackmanharris": 0.909329,
    "flattop": 1.0 + FLATTOP_RIPPLE[0],
}
"""Part of a line that its nearest bin reads at least, where the line is half a bin away. [ratio]"""

_PARTS = 512
"""Parts that an integral over a taper is summed in."""


def lobe_variance(name: TaperName) -> float:
    """Variance of the squared transform of a taper, ``sum m^2 a_m^2 / (2 a_0^2 + sum a_m^2)``. [bins^2]

    Examples
    --------
    >>> round(lobe_variance("hann"), 6)
    0.333333
    """
    first, *rest = COSINES[name]
    moment = sum(order * order * a * a for order, a in enumerate(rest, 1))
    return moment / (2.0 * first * first + sum(a * a for a in rest))


def independent_windows(count: int, overlap: float, name: TaperName) -> float:
    r"""Independent windows that scatter as much as `count` overlapping ones (Welch 1967).

    .. math:: n_d = n / \left(1 + 2 \sum_{j \ge 1} (1 - j/n) \rho_j^2\right)

    with the correlation of the taper with itself, moved by j windows' starts.

    Parameters
    ----------
    count : int
    overlap : float
        Part of a window that the next one shares, below 1.

    Examples
    --------
    >>> round(independent_windows(1000, 0.5, "hann") / 1000, 3)
    0.947
    """
    whole, total = _self_product(name, 0.0), 1.0
    for lag in range(1, count):
        if lag * (1.0 - overlap) >= 1.0 - 1e-9:
            break
        rho = _self_product(name, lag * (1.0 - overlap)) / whole
        total += 2.0 * (1.0 - lag / count) * rho * rho
    return count / total


@lru_cache(maxsize=256)
def _self_product(name: TaperName, shift: float) -> float:
    """Integral of the taper times itself moved by `shift` of its length, by the midpoint rule."""
    step = (1.0 - shift) / _PARTS
    places = [(part + 0.5) * step for part in range(_PARTS)]
    return step * math.fsum(_weight(name, place) * _weight(name, place + shift) for place in places)


def _weight(name: TaperName, place: float) -> float:
    return math.fsum(a * math.cos(math.tau * m * (place - 0.5)) for m, a in enumerate(COSINES[name]))
