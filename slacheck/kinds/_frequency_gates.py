"""Gates of `frequency_response`: windows enough, and enough of the mask that can be judged."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slacheck.contract import Effect, Gate
from slacheck.kinds._frequency_keys import FrequencyResponse, Side
from slacheck.units import Quantity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from slacheck.measure.response import CrossSpectra
    from slacheck.measure.response_reading import Judged, Limits

_FEWEST_BINS = 3


@dataclass(frozen=True, slots=True)
class Chosen:
    """Bins on and beside a mask: those looked at, those of them that are judged, the least coherence for that."""

    side: Side
    looked: NDArray[np.bool_]
    judged: Judged
    coherence: float


def windows_gates(spectra: CrossSpectra, requirement: FrequencyResponse) -> tuple[Gate, ...]:
    """Whether there are enough windows, and hardly any with a gap."""
    from slacheck.quality.windows import covered

    found, least = spectra.independent, requirement.averages.min
    passed = found >= least * (1 - 1e-9)
    sentence = f"{spectra.windows} windows count as {found:.3g} independent ones; {least} are needed"
    if not passed:
        sentence += "; record longer, or cut shorter windows"
    enough = Gate("n_too_small", Effect.NO_VERDICT, passed, found, float(least), sentence + ".")
    return (enough, covered(spectra.windows, spectra.possible, requirement.window.length))


def coverage_gates(chosen: Chosen, limits: Limits, requirement: FrequencyResponse) -> Iterator[Gate]:
    """Whether enough of the bins looked at, at least three, and some in each decade of the mask, could be judged."""
    looked, judged = chosen.looked & limits.inside, chosen.judged.chosen & limits.inside
    kind = "lines of the input" if requirement.bins == "excited" else "bins"
    yield _share_gate((int(judged.sum()), int(looked.sum())), kind, chosen.coherence, requirement.coverage.min)
    count = int(judged.sum())
    enough = count >= _FEWEST_BINS
    sentence = f"{count} {kind} could be judged; {_FEWEST_BINS} are needed"
    sentence += "." if enough else "; excite the input at more frequencies, or record longer."
    yield Gate("n_too_small", Effect.NO_PASS, enough, float(count), float(_FEWEST_BINS), sentence)
    places = limits.frequencies[judged]
    points = requirement.masks()[chosen.side]
    for low, high in decades(points[0][0].value, points[-1][0].value):
        count = int(((places >= low * (1 - 1e-9)) & (places <= high * (1 + 1e-9))).sum())
        sentence = f"{count} {kind} could be judged from {low:.4g} Hz to {high:.4g} Hz"
        sentence += "." if count > 0 else "; at least one is needed: excite the input there."
        yield Gate("low_coherence", Effect.NO_PASS, count > 0, float(count), 1.0, sentence)
    if requirement.bins == "all":
        yield from _left_gate(chosen, limits, requirement)


def _share_gate(counts: tuple[int, int], kind: str, coherence: float, least: Quantity) -> Gate:
    judged, looked = counts
    share = judged / looked if looked > 0 else 0.0
    sentence = (
        f"{judged} of {looked} {kind} could be judged (coherence of at least {coherence:.3g}, at most half of the "
        f"amplitude in doubt for side lobes of other lines or steps of the recorder); {least.text} are needed"
    )
    passed = share >= least.value * (1 - 1e-9)
    sentence += "" if passed else "; excite the input harder, or measure with less noise"
    return Gate("low_coherence", Effect.NO_PASS, passed, share, least.value, sentence + ".")


def _left_gate(chosen: Chosen, limits: Limits, requirement: FrequencyResponse) -> Iterator[Gate]:
    """Bins of little coherence may hold what is narrower than the windows resolve; none may look like a violation."""
    from slacheck.measure.response_reading import left_largest, left_smallest

    largest = chosen.side == "magnitude_max"
    found = (left_largest if largest else left_smallest)(chosen.judged, limits)
    if found is None:
        return
    ratio, place = found
    passed = ratio <= 1.0 if largest else ratio >= 1.0
    if passed:
        sentence = "What could not be judged does not look like a violation"
    else:
        what = "a resonance" if largest else "a notch"
        sentence = (
            f"At {place:.4g} Hz there is too little coherence to judge by, and {requirement.output} may be "
            f"{ratio:.3g} times the limit: noise, or {what} too narrow for windows of "
            f"{requirement.window.length.text}. Cut longer windows, or measure with less noise"
        )
    yield Gate("low_coherence", Effect.NO_PASS, passed, ratio, 1.0, sentence + ".")


def decades(low: float, high: float) -> Iterator[tuple[float, float]]:
    """The range in equal parts of a decade at most. [Hz]"""
    parts = max(1, math.ceil(math.log10(high / low) - 1e-9))
    for part in range(parts):
        yield low * math.pow(high / low, part / parts), low * math.pow(high / low, (part + 1) / parts)


def nothing_gate(chosen: Chosen, limits: Limits, requirement: FrequencyResponse) -> Gate:
    looked = chosen.looked & limits.inside
    if looked.any() or requirement.bins == "all":
        sentence = (
            f"No bin has a coherence of {chosen.coherence:.3g} and an amplitude of its own: what reaches "
            f"{requirement.output} has little to do with {requirement.input}, or drowns in noise, in steps of the "
            f"recorder or in side lobes of other lines. Excite the input harder, or use a smaller measuring range."
        )
    else:
        sentence = (
            f"{requirement.input} has no line 10 dB above its local noise floor within the mask. Excite it with a "
            f"periodic load; if its swings are broadband, write `bins: all`."
        )
    return Gate("low_coherence", Effect.NO_VERDICT, False, 0.0, 1.0, sentence)
