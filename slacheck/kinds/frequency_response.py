r"""Frequency response: how much of one signal's swings may reach another, frequency by frequency (R09).

Windows of `window.length` that overlap are cut from both signals, less their least-squares lines and
tapered. Averages of their spectra over all windows give, in each bin, the magnitude by `estimator`

* ``H1``: :math:`|S_{xy}| / S_{xx}`, which noise on the output does not bias;
* ``H2``: :math:`S_{yy} / |S_{yx}|`, which noise on the input does not bias;

and the coherence :math:`\gamma^2 = |S_{xy}|^2 / (S_{xx} S_{yy})`. A bin is judged if it lies between the
first and the last point of the mask, its coherence is at least `coherence.min` (and above
:math:`1 - 0.05^{1/(n_d - 1)}`, which unrelated signals reach in 5 % of cases), and, with
``bins: excited``, if the input has the top of a line there, 10 dB above its local noise floor, the
median of the 51 bins around.
A broadband input is its own floor: write ``bins: all`` then.

Checks: ``magnitude_max`` is the largest ratio of a magnitude to its limit over the judged bins, to be at
most 1; ``magnitude_min`` the smallest, to be at least 1. dB are of the ratio of output to input in SI
units; between points the limit is straight in dB over log frequency (``loglog``), over frequency
(``linear``), or that of the point below (``step``).

Uncertainty: random error :math:`\sqrt{1 - \gamma^2} / (|\gamma| \sqrt{2 n_d})` of each bin, n_d the independent
windows (those that overlap count for less), widened so that it holds for all judged bins at once;
gains of both channels. For noise on the input the interval reaches up by the input's noise floor (excited
bins), or to H2; with ``estimator: H2`` it reaches down to H1. Offsets are removed with the mean. A skew
between the channels turns the phase alone, which is not judged.

INCONCLUSIVE when: there are fewer than `averages.min` independent windows; no bin can be judged; fewer than
`coverage.min` of the bins looked at pass the coherence, or fewer than 3; a decade of the mask has no judged
bin (the reason names which); the sample rate is below 2.56 times the top of the mask (10 times without a
documented anti-alias filter), or either chain passes less than 95 % there; more than 1 % is missing.

Let windows be longer than the memory of what lies between the signals, or swings of the window before are
read as noise. In a closed loop, or with a third party's disturbance, H1 is biased: inject the input.

.. code-block:: yaml

    - id: GRID-4
      kind: frequency_response
      input: rack_power
      output: pcc_power
      window: {length: 100 s, overlap: 50 %, taper: hann}
      magnitude_max: [[0.2 Hz, 0 dB], [1 Hz, -20 dB], [20 Hz, -40 dB]]
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Gate,
    Kind,
    Limit,
    Mark,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    Signals,
    Term,
    Witness,
    expanded,
    refresh,
)
from slacheck.language import (
    Duration,
    Frequency,
    Integer,
    Model,
    Number,
    QuantityOf,
    Requirement,
    Share,
    Text,
    definition,
)
from slacheck.units import Quantity, parse_quantity
from slacheck.values import between

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from slacheck.contract import Samples
    from slacheck.measure.response import Bins, CrossSpectra, ResponseSettings

Chosen: TypeAlias = "NDArray[np.bool_]"
Decibel = Annotated[Quantity, QuantityOf("dB", examples=("-20 dB", "0 dB"))]
Point: TypeAlias = tuple[Frequency, Decibel]
Points: TypeAlias = tuple[Point, ...]
Side: TypeAlias = Literal["magnitude_max", "magnitude_min"]

_FEWEST_BINS = 3


class ResponseWindow(Model):
    """How windows are cut and tapered."""

    length: Duration = Field(description="Length of a window.")
    overlap: Share = definition(parse_quantity("50 %"), "Part of a window that the next one shares.")
    taper: Literal["hann", "blackmanharris", "flattop"] = definition("hann", "Taper of each window.")


class LeastCoherence(Model):
    """Which bins count."""

    min: Number = definition(0.8, "Least coherence of a bin that is judged.", gt=0, lt=1)


class LeastAverages(Model):
    """How many windows there must be."""

    min: Integer = definition(16, "Least independent windows.", ge=2)


class LeastCoverage(Model):
    """How much of the mask must be judged."""

    min: Share = definition(parse_quantity("80 %"), "Least share of the bins looked at that pass the coherence.")


class FrequencyResponse(Requirement):
    """Keys of `frequency_response`."""

    input: Text = Field(description="Signal that swings.")
    output: Text = Field(description="Signal that the swings reach.")
    estimator: Literal["H1", "H2"] = definition("H1", "H1: the output is noisy; H2: the input is.")
    window: ResponseWindow
    coherence: LeastCoherence = Field(LeastCoherence(), description="Which bins count.")
    averages: LeastAverages = Field(LeastAverages(), description="How many windows there must be.")
    bins: Literal["excited", "all"] = definition("excited", "excited: lines of the input; all: every bin.")
    magnitude_max: Points | None = Field(None, min_length=2, description="[frequency, most of the ratio in dB].")
    magnitude_min: Points | None = Field(None, min_length=2, description="[frequency, least of the ratio in dB].")
    interpolation: Literal["loglog", "linear", "step"] = definition(
        "loglog", "Between points: straight in dB over log frequency; over frequency; or the limit of the point below."
    )
    coverage: LeastCoverage = Field(LeastCoverage(), description="How much of the mask must be judged.")

    def masks(self) -> dict[Side, Points]:
        """The masks that are given."""
        sides: tuple[tuple[Side, Points | None], ...] = (
            ("magnitude_max", self.magnitude_max),
            ("magnitude_min", self.magnitude_min),
        )
        return {side: points for side, points in sides if points is not None}


def _signals(requirement: FrequencyResponse) -> tuple[str, ...]:
    return (requirement.input, requirement.output)


# ---------------------------------------------------------------- the spec alone


def _problems(requirement: FrequencyResponse, signals: Signals) -> Iterator[Problem]:
    if requirement.input == requirement.output:
        yield Problem(("output",), f"{requirement.output!r} is the input itself")
    elif refresh(signals, requirement.input) != refresh(signals, requirement.output):
        message = f"{requirement.input!r} and {requirement.output!r} do not have a value at the same times"
        yield Problem(("output",), message, "derive both with one `refresh`, or neither")
    overlap = requirement.window.overlap
    if not 0.0 <= overlap.value < 0.95:
        yield Problem(("window", "overlap"), f"{overlap.text!r} is not from 0 % to less than 95 %")
    if not 0.0 < requirement.coverage.min.value <= 1.0:
        yield Problem(("coverage", "min"), f"{requirement.coverage.min.text!r} is not above 0 % and at most 100 %")
    if not requirement.masks():
        yield Problem((), "there is no magnitude to keep", "give magnitude_max, magnitude_min or both")
    for side, points in requirement.masks().items():
        yield from _order_problems(side, points)
    yield from _length_problems(requirement)


def _order_problems(side: Side, points: Points) -> Iterator[Problem]:
    for number, (low, high) in enumerate(pairwise(points), 1):
        if high[0].value <= low[0].value:
            message = f"{high[0].text} does not come after {low[0].text}; lowest frequency first"
            yield Problem((side, number, 0), message)


def _length_problems(requirement: FrequencyResponse) -> Iterator[Problem]:
    """Windows too short to tell the lowest frequency from a trend."""
    from slacheck.measure.tapers import HALF_LOBE

    window = requirement.window
    lowest = min((points[0][0] for points in requirement.masks().values()), key=lambda f: f.value, default=None)
    if lowest is not None and window.length.value * lowest.value < HALF_LOBE[window.taper] * (1 - 1e-9):
        least = HALF_LOBE[window.taper] / lowest.value
        yield Problem(
            ("window", "length"),
            f"windows of {window.length.text} with the {window.taper} taper do not resolve {lowest.text}",
            f"write {least:.6g} s or more, or a mask that begins higher",
        )


def _checks(requirement: FrequencyResponse, signals: Signals) -> tuple[CheckPlan, ...]:
    plans = []
    for side, points in requirement.masks().items():
        top = points[-1][0].value
        needs = tuple(
            Need(
                name,
                max_frequency=top,
                bandwidth=top,
                duration=requirement.window.length.value,
                attenuation=Effect.NO_VERDICT,
                clipping=Effect.NO_VERDICT,
            )
            for name in _signals(requirement)
        )
        name = f"frequency_response/{requirement.estimator}_{side}@1"
        limit = Limit(max=1.0) if side == "magnitude_max" else Limit(min=1.0)
        plans.append(CheckPlan(side, limit, "1", "1", Definition(name, _definition(side, requirement)), needs))
    return tuple(plans)


def _definition(side: Side, requirement: FrequencyResponse) -> str:
    window, extreme = requirement.window, "largest" if side == "magnitude_max" else "smallest"
    how = {"H1": "|Sxy| / Sxx", "H2": "Syy / |Syx|"}[requirement.estimator]
    looked = "lines of the input 10 dB above its local noise floor" if requirement.bins == "excited" else "all bins"
    straight = {"loglog": "in dB over log frequency", "linear": "in dB over frequency", "step": "as steps upwards"}
    return (
        f"the {extreme} ratio of the magnitude {how} of {requirement.output} over {requirement.input} to its limit "
        f"(drawn {straight[requirement.interpolation]}) over {looked} from {requirement.masks()[side][0][0].text} to "
        f"{requirement.masks()[side][-1][0].text} with a coherence of at least {requirement.coherence.min:g}, spectra "
        f"averaged over {window.taper} windows of {window.length.text} that overlap by {window.overlap.text}, less "
        f"their lines"
    )


# ---------------------------------------------------------------- measuring


def _settings(requirement: FrequencyResponse) -> ResponseSettings:
    from slacheck.measure.response import ResponseSettings

    window = requirement.window
    return ResponseSettings(window.length.value, window.length.value * (1.0 - window.overlap.value), window.taper)


def _key(requirement: FrequencyResponse) -> tuple[object, ...]:
    return ("cross_spectra", requirement.input, requirement.output, _settings(requirement))


def _meters(requirement: FrequencyResponse, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.response import CrossMeter

    top = max(points[-1][0].value for points in requirement.masks().values())
    build = partial(CrossMeter, settings=_settings(requirement))
    return (MeterPlan(_key(requirement), _signals(requirement), build, 1.0 / (4.0 * top)),)


def _evaluate(requirement: FrequencyResponse, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.quality.windows import none_complete

    spectra: CrossSpectra = measurements.reading(_key(requirement))
    if spectra.windows == 0:
        facts, length = measurements.facts(requirement.input), requirement.window.length
        gate = none_complete(facts, length.value, length)
        return Evaluation(tuple(Measurement(side, gates=(gate,)) for side in requirement.masks()))
    return Evaluation(tuple(_measurement(side, spectra, requirement, measurements) for side in requirement.masks()))


def _measurement(
    side: Side, spectra: CrossSpectra, requirement: FrequencyResponse, measurements: Measurements
) -> Measurement:
    import numpy as np

    from slacheck.measure.noise import largest_normal
    from slacheck.measure.response import bins_of

    points = requirement.masks()[side]
    bins = bins_of(spectra, points[0][0].value, points[-1][0].value, requirement.window.taper)
    looked = bins.excited if requirement.bins == "excited" else np.ones(bins.excited.size, dtype=bool)
    judged = looked & (bins.coherence >= _least_coherence(spectra.independent, requirement))
    gates = (
        _averages_gate(spectra, requirement),
        *_coverage_gates(bins.frequencies, (looked, judged), points, requirement),
    )
    if not judged.any():
        return Measurement(side, gates=(*gates, _nothing_gate(bool(looked.any()), requirement)))
    limits = limits_at(bins.frequencies[judged], points, requirement.interpolation)
    k = measurements.coverage_factor
    terms = _gains(requirement, measurements)
    spread = expanded(terms, k) + largest_normal(float(limits.size), k) * bins.error[judged]
    value, low, high = _magnitudes(bins, judged, requirement)
    ratio, low, high = value / limits, low * (1.0 - spread) / limits, high * (1.0 + spread) / limits
    place = int(ratio.argmax() if side == "magnitude_max" else ratio.argmin())
    ends = (low.max(), high.max()) if side == "magnitude_max" else (low.min(), high.min())
    frequency = float(bins.frequencies[judged][place])
    worst = float(ratio[place])
    error = Term(
        "random error", float(ratio[place] * bins.error[judged][place]), "of the deciding bin, from its coherence"
    )
    return Measurement(
        side,
        measured=between(worst, "1", max(0.0, min(float(ends[0]), worst)), max(float(ends[1]), worst)),
        frequency=frequency,
        gates=gates,
        budget=(*(Term(t.name, t.standard_uncertainty * worst, t.treatment) for t in terms), error),
        notes=(_note(frequency, (float(value[place]), float(limits[place])), spectra, int(judged.sum())),),
        witness=_witness((bins.frequencies[judged], value), points, requirement, (frequency, float(value[place]))),
    )


def _least_coherence(independent: float, requirement: FrequencyResponse) -> float:
    """The larger of what is asked for and what two unrelated signals reach in 5 % of cases."""
    chance = 1.0 - math.pow(0.05, 1.0 / (independent - 1.0)) if independent > 1.0 else 1.0
    return max(requirement.coherence.min, chance)


def _magnitudes(bins: Bins, judged: Chosen, requirement: FrequencyResponse) -> tuple[Samples, Samples, Samples]:
    """Magnitude of each judged bin, and between what noise on one of the signals may have moved it."""
    import numpy as np

    first, second = bins.first[judged], bins.second[judged]
    if requirement.estimator == "H2":
        return second, first, second
    if requirement.bins == "all":
        return first, first, second
    return first, first, np.minimum(first * (1.0 + bins.input_noise[judged]), second)


def limits_at(frequencies: Samples, points: Points, interpolation: str) -> Samples:
    """The limit at each frequency, as a ratio; shape as `frequencies`."""
    import numpy as np

    places = [frequency.value for frequency, _ in points]
    decibels = [level.value for _, level in points]
    if interpolation == "step":
        index = np.clip(np.searchsorted(places, frequencies, side="right") - 1, 0, len(places) - 2)
        levels = np.asarray(decibels)[index]
    elif interpolation == "linear":
        levels = np.interp(frequencies, places, decibels)
    else:
        logs = np.array([math.log(f) for f in frequencies.tolist()])
        levels = np.interp(logs, [math.log(f) for f in places], decibels)
    return np.array([math.pow(10.0, level / 20.0) for level in levels.tolist()])


def _gains(requirement: FrequencyResponse, measurements: Measurements) -> tuple[Term, ...]:
    """Relative standard uncertainties of the channels' gains, which do not cancel."""
    terms = []
    for name in _signals(requirement):
        accuracy = measurements.accuracy(name)
        terms.append(Term(f"gain of {name}", 0.0 if accuracy is None else accuracy.gain, "common to the record"))
    return tuple(terms)


# ---------------------------------------------------------------- gates


def _averages_gate(spectra: CrossSpectra, requirement: FrequencyResponse) -> Gate:
    found, least = spectra.independent, requirement.averages.min
    passed = found >= least * (1 - 1e-9)
    sentence = f"{spectra.windows} windows count as {found:.3g} independent ones; {least} are needed"
    if not passed:
        sentence += "; record longer, or cut shorter windows"
    return Gate("n_too_small", Effect.NO_VERDICT, passed, found, float(least), sentence + ".")


def _coverage_gates(
    frequencies: Samples, chosen: tuple[Chosen, Chosen], points: Points, requirement: FrequencyResponse
) -> Iterator[Gate]:
    """Whether enough of the bins looked at, at least three, and some in each decade of the mask, could be judged."""
    looked, judged = int(chosen[0].sum()), int(chosen[1].sum())
    least = requirement.coverage.min
    share = judged / looked if looked > 0 else 0.0
    kind = "lines of the input" if requirement.bins == "excited" else "bins"
    sentence = f"{judged} of {looked} {kind} have a coherence of at least {requirement.coherence.min:g}; "
    passed = share >= least.value * (1 - 1e-9)
    sentence += f"{least.text} are needed" + ("" if passed else "; excite the input harder, or measure with less noise")
    yield Gate("low_coherence", Effect.NO_PASS, passed, share, least.value, sentence + ".")
    enough = judged >= _FEWEST_BINS
    sentence = f"{judged} {kind} could be judged; {_FEWEST_BINS} are needed"
    sentence += "." if enough else "; excite the input at more frequencies, or record longer."
    yield Gate("n_too_small", Effect.NO_PASS, enough, float(judged), float(_FEWEST_BINS), sentence)
    for low, high in decades(points[0][0].value, points[-1][0].value):
        inside = (frequencies[chosen[1]] >= low * (1 - 1e-9)) & (frequencies[chosen[1]] <= high * (1 + 1e-9))
        count = int(inside.sum())
        sentence = f"{count} {kind} could be judged from {low:.4g} Hz to {high:.4g} Hz"
        sentence += "." if count > 0 else "; at least one is needed: excite the input there."
        yield Gate("low_coherence", Effect.NO_PASS, count > 0, float(count), 1.0, sentence)


def decades(low: float, high: float) -> Iterator[tuple[float, float]]:
    """The range in equal parts of a decade at most. [Hz]"""
    parts = max(1, math.ceil(math.log10(high / low) - 1e-9))
    for part in range(parts):
        yield low * math.pow(high / low, part / parts), low * math.pow(high / low, (part + 1) / parts)


def _nothing_gate(excited: bool, requirement: FrequencyResponse) -> Gate:
    if excited or requirement.bins == "all":
        sentence = (
            f"No bin has a coherence of {requirement.coherence.min:g}: what reaches {requirement.output} has little "
            f"to do with {requirement.input}, or drowns in noise. Excite the input harder."
        )
    else:
        sentence = (
            f"{requirement.input} has no line 10 dB above its local noise floor within the mask. Excite it with a "
            f"periodic load; if its swings are broadband, write `bins: all`."
        )
    return Gate("low_coherence", Effect.NO_VERDICT, False, 0.0, 1.0, sentence)


# ---------------------------------------------------------------- words and plot


def _note(frequency: float, found: tuple[float, float], spectra: CrossSpectra, judged: int) -> str:
    value, limit = (f"{20.0 * math.log10(one):.2f} dB" if one > 0.0 else "nothing" for one in found)
    return (
        f"At {frequency:.6g} Hz the magnitude is {found[0]:.4g} ({value}), the limit {limit}; {judged} bins were "
        f"judged; {spectra.windows} windows count as {spectra.independent:.3g} independent ones."
    )


def _witness(
    drawn: tuple[Samples, Samples], points: Points, requirement: FrequencyResponse, worst: tuple[float, float]
) -> Witness:
    """Magnitudes of the judged bins under the limit."""
    import numpy as np

    low, high = points[0][0].value, points[-1][0].value
    places = np.array([low * math.pow(high / low, part / 200.0) for part in range(201)])
    limits = limits_at(places, points, requirement.interpolation)
    outline = tuple(float(one) for pair in zip(places, limits, strict=True) for one in pair)
    return Witness(
        (requirement.output,),
        low,
        high,
        (Mark("line", "limit", "limit", outline), Mark("point", "worst", "closest to the limit", worst)),
        axis="frequency",
        points=tuple(zip(drawn[0].tolist(), drawn[1].tolist(), strict=True)),
        unit=f"per {requirement.input}",
    )


def _sentence(requirement: FrequencyResponse, signals: Signals) -> str:
    parts = []
    for side, points in requirement.masks().items():
        shape = ", ".join(f"{level.text} at {frequency.text}" for frequency, level in points)
        bound = "at most" if side == "magnitude_max" else "at least"
        parts.append(f"{bound} {shape} ({_definition(side, requirement)})")
    return f"Of the swings of {requirement.input}, {requirement.output} shall show {'; and '.join(parts)}."


KIND = Kind(
    name="frequency_response",
    model=FrequencyResponse,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
