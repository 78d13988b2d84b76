"""Numbers of the tapers, without NumPy, so that a spec can be checked against them too."""

from __future__ import annotations

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
