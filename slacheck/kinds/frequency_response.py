r"""Frequency response: how much of one signal's swings may reach another, frequency by frequency (R09).

Windows of `window.length` that overlap are cut from both signals, less their least-squares lines and
tapered. Averages of their spectra over all windows give, in each bin, the magnitude by `estimator`

* ``H1``: :math:`|S_{xy}| / S_{xx}`, which noise on the output does not bias;
* ``H2``: :math:`S_{yy} / |S_{yx}|`, which noise on the input does not bias;

and the coherence :math:`\gamma^2 = |S_{xy}|^2 / (S_{xx} S_{yy})`. A bin is judged if it lies between the
first and the last point of the mask, its coherence is at least `coherence.min` (and above what unrelated
signals reach in any of the bins in 5 % of cases), no more than half of its amplitude is in doubt, and, with
``bins: excited``, if the input has the top of a line there, 10 dB above its local noise floor, the median
of the 51 bins around. A broadband input is its own floor: write ``bins: all`` then, and every bin with
coherence is judged.

Checks: ``magnitude_max`` is the largest ratio of a magnitude to its limit over the judged bins, to be at
most 1; ``magnitude_min`` the smallest, to be at least 1. dB are of the ratio of output to input in SI
units (V over A: 1 ohm is 0 dB); between points the limit is straight in dB over log frequency
(``loglog``), over frequency (``linear``), or that of the point below (``step``).

The interval of a bin, at once for all of them where one wrong bin would fail the record:

* random error: the circle about the estimate that holds H (F distribution, from coherence and n_d,
  the independent windows; those that overlap count for less);
* noise on either signal: from H1 up to H2, :math:`|H_1| \le |H| \le |H_2|`; with lines, up to H1 and the
  part of the input's power that is its local noise floor, if that is less;
* resolution: what averaging over the taper's main lobe may have taken from a curved response;
* side lobes of other lines; steps of the recorder that noise does not blur; linear interpolation;
* gains of both channels, which do not cancel; attenuation of either chain, values that are held;
* a line is judged at its own frequency, between bins too (Hann); where noise or other tapers leave doubt
  about that, up to 0.75 bins, by all limits that it may meet, and by none where that leaves the mask; with
  ``bins: all`` a bin is judged where the middle of the power is that it reads, likewise.

Offsets are removed with the mean. A skew between the channels turns the phase alone, which is not judged.

INCONCLUSIVE when: there are fewer than `averages.min` independent windows; no bin can be judged; fewer than
`coverage.min` of the bins looked at pass the coherence, or fewer than 3; a decade of the mask has no judged
bin (the reason names which); with ``bins: all``, more comes out where there is too little coherence
than the limit lets through (noise, or a resonance too narrow for the windows); the sample rate is below
2.56 times the top of the mask (10 times without a documented anti-alias filter), or either chain passes
less than 95 % there; samples are clipped; gaps longer than 1/(4 f) are in more than 1 % of the windows.

The spec is refused where the resolution (1.5/length with ``hann``) is more than half of the mask's
lowest frequency. Let windows be longer than the memory of what lies between the signals. Not looked for: in
a closed loop, or where something else moves both signals, no estimator is right, so inject the input; and
whether the plant is linear shows only in a second record at half the amplitude.

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
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Kind,
    Limit,
    Mark,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    SignalFacts,
    Signals,
    Term,
    Witness,
    expanded,
)
from slacheck.kinds._frequency_gates import Chosen, coverage_gates, nothing_gate, windows_gates
from slacheck.kinds._frequency_keys import FrequencyResponse, Points, Side, in_words, problems
from slacheck.values import between

if TYPE_CHECKING:
    from slacheck.contract import Gate, Samples
    from slacheck.measure.response import CrossSpectra, RecorderErrors, ResponseSettings
    from slacheck.measure.response_reading import Limits, ResponseReading

_Place: TypeAlias = tuple[float, float]

_MOST_NAMED = 12
"""Frequencies that a note names."""
_POINTS = 1500
"""Points of the response that is drawn."""


def _signals(requirement: FrequencyResponse) -> tuple[str, ...]:
    return (requirement.input, requirement.output)


# ---------------------------------------------------------------- the spec alone


def _checks(requirement: FrequencyResponse, signals: Signals) -> tuple[CheckPlan, ...]:
    plans = []
    for side, points in requirement.masks().items():
        top = points[-1][0].value
        needs = tuple(
            Need(
                name,
                max_frequency=top,
                bandwidth=top,
                duration=_duration(requirement),
                attenuation=Effect.NO_VERDICT,
                clipping=Effect.NO_VERDICT,
            )
            for name in _signals(requirement)
        )
        name = f"frequency_response/{requirement.estimator}_{side}@1"
        limit = Limit(max=1.0) if side == "magnitude_max" else Limit(min=1.0)
        plans.append(CheckPlan(side, limit, "1", "1", Definition(name, in_words(side, requirement)), needs))
    return tuple(plans)


def _duration(requirement: FrequencyResponse) -> float:
    """Shortest record with enough independent windows. [s]"""
    from slacheck.measure.tapers import independent_windows

    window, count = requirement.window, requirement.averages.min
    while independent_windows(count, window.overlap.value, window.taper) < requirement.averages.min * (1.0 - 1e-9):
        count += 1
    return window.length.value * (1.0 + (count - 1) * (1.0 - window.overlap.value))


# ---------------------------------------------------------------- measuring


def _settings(requirement: FrequencyResponse) -> ResponseSettings:
    from slacheck.measure.response import ResponseSettings

    window = requirement.window
    return ResponseSettings(window.length.value, window.overlap.value, window.taper)


def _key(requirement: FrequencyResponse) -> tuple[object, ...]:
    return ("cross_spectra", requirement.input, requirement.output, _settings(requirement))


def _meters(requirement: FrequencyResponse, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.response import CrossMeter

    build = partial(CrossMeter, settings=_settings(requirement))
    bridge = 1.0 / (4.0 * max(points[-1][0].value for points in requirement.masks().values()))
    return (MeterPlan((*_key(requirement), bridge), _signals(requirement), build, bridge),)


def _evaluate(requirement: FrequencyResponse, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.quality.windows import none_complete

    (plan,) = _meters(requirement, signals)
    spectra: CrossSpectra = measurements.reading(plan.key)
    length = requirement.window.length
    if spectra.windows == 0:
        gates: tuple[Gate, ...] = (none_complete(measurements.facts(requirement.input), length.value, length),)
    else:
        gates = windows_gates(spectra, requirement)
    if spectra.windows == 0 or spectra.independent < requirement.averages.min * (1.0 - 1e-9):
        return Evaluation(tuple(Measurement(side, gates=gates) for side in requirement.masks()))
    found = (_measurement(side, spectra, requirement, measurements, gates) for side in requirement.masks())
    return Evaluation(tuple(found))


def _measurement(
    side: Side,
    spectra: CrossSpectra,
    requirement: FrequencyResponse,
    measurements: Measurements,
    gates: tuple[Gate, ...],
) -> Measurement:
    from slacheck.measure.response_reading import read_largest, read_smallest

    chosen, limits = _chosen(side, spectra, requirement, measurements)
    gates = (*gates, *coverage_gates(chosen, limits, requirement))
    if not (chosen.judged.chosen & limits.inside).any():
        return Measurement(side, gates=(*gates, nothing_gate(chosen, limits, requirement)))
    reading = (read_largest if side == "magnitude_max" else read_smallest)(chosen.judged, limits)
    terms = _gains(requirement, measurements)
    gain = expanded(terms, measurements.coverage_factor)
    high = None if reading.high is None else reading.high * (1.0 + gain)
    return Measurement(
        side,
        measured=between(reading.value, "1", max(0.0, reading.low * (1.0 - gain)), high),
        frequency=reading.frequency,
        gates=gates,
        budget=(
            *(Term(term.name, term.standard_uncertainty * reading.value, term.treatment) for term in terms),
            Term("offset", 0.0, "removed with the mean"),
            Term("random error", reading.error, "of the deciding bin, from its coherence"),
            Term("resolution and side lobes", reading.systematic / math.sqrt(3.0), "a bound, added in full"),
        ),
        notes=(_note(reading, spectra, chosen, limits), *_unjudged_note(chosen, limits)),
        witness=_witness(chosen, limits, requirement, reading),
    )


def _chosen(
    side: Side, spectra: CrossSpectra, requirement: FrequencyResponse, measurements: Measurements
) -> tuple[Chosen, Limits]:
    """What is judged of the bins of a mask, and by which limits."""
    import numpy as np

    from slacheck.measure.response import SIDE_LOBES, bins_of, chance_coherence
    from slacheck.measure.response_reading import Judged, limits_near

    points, lines = _numbers(requirement.masks()[side]), requirement.bins == "excited"
    reach = 2.0 * float(spectra.frequencies[1])
    names = _signals(requirement)
    recorders = (_recorder(measurements.facts(names[0])), _recorder(measurements.facts(names[1])))
    bins = bins_of(spectra, points[0][0] - reach, points[-1][0] + reach, recorders, lines=lines)
    limits = limits_near(bins.places, points, requirement.interpolation, bins.doubts)
    here = (bins.frequencies >= points[0][0] * (1 - 1e-9)) & (bins.frequencies <= points[-1][0] * (1 + 1e-9))
    looked = limits.near & bins.excited if lines else limits.near | here
    candidates = max(1, int(np.count_nonzero(looked)))
    coherence = max(requirement.coherence.min, chance_coherence(spectra.independent, 0.05 / candidates))
    gains = [_gains_at(measurements.facts(name), bins.frequencies) for name in names]
    own = (bins.input_error < SIDE_LOBES) & (bins.output_error < SIDE_LOBES)
    judged = Judged(
        *(bins, looked & own & (bins.coherence >= coherence), candidates, requirement.estimator, gains[0], gains[1]),
        *(lines, measurements.coverage_factor),
    )
    return Chosen(side, looked, judged, coherence), limits


def _numbers(points: Points) -> tuple[tuple[float, float], ...]:
    return tuple((frequency.value, level.value) for frequency, level in points)


def _recorder(facts: SignalFacts) -> RecorderErrors:
    from slacheck.measure.response import RecorderErrors

    return RecorderErrors(facts.quantum, facts.interpolation_rms)


def _gains_at(facts: SignalFacts, frequencies: Samples) -> Samples:
    """Least gain of a chain at each frequency: filters, interpolation, values that are held. [1]"""
    import numpy as np

    from slacheck.quality.gates import passed_gain

    gains = np.array([passed_gain(facts, frequency) for frequency in frequencies.tolist()])
    return gains * np.sinc(np.minimum(0.5, frequencies * facts.interval)) if facts.held else gains


def _gains(requirement: FrequencyResponse, measurements: Measurements) -> tuple[Term, ...]:
    """Relative standard uncertainties of the channels' gains, which do not cancel."""
    terms = []
    for name in _signals(requirement):
        accuracy = measurements.accuracy(name)
        terms.append(Term(f"gain of {name}", 0.0 if accuracy is None else accuracy.gain, "common to the record"))
    return tuple(terms)


# ---------------------------------------------------------------- words and plot


def _level(ratio: float) -> float:
    """In dB, no less than -400."""
    return 20.0 * math.log10(max(1e-20, ratio))


def _note(reading: ResponseReading, spectra: CrossSpectra, chosen: Chosen, limits: Limits) -> str:
    """What decided, in dB too."""
    judged = int((chosen.judged.chosen & limits.inside).sum())
    magnitude, limit = _level(reading.magnitude), _level(reading.limit)
    return (
        f"At {reading.frequency:.6g} Hz the magnitude is {reading.magnitude:.4g} ({magnitude:.2f} dB), the limit "
        f"{limit:.2f} dB; {judged} bins were judged; {spectra.windows} windows count as {spectra.independent:.3g} "
        f"independent ones."
    )


def _unjudged_note(chosen: Chosen, limits: Limits) -> tuple[str, ...]:
    """Which of the bins looked at could not be judged."""
    left = chosen.looked & limits.inside & ~chosen.judged.chosen
    places = [f"{place:.4g}" for place in limits.frequencies[left].tolist()]
    if not places:
        return ()
    more = f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
    named = f"{', '.join(places[:_MOST_NAMED])}{more}"
    return (f"Not judged, for too little coherence or an amplitude in doubt: {named} Hz.",)


def _witness(chosen: Chosen, limits: Limits, requirement: FrequencyResponse, reading: ResponseReading) -> Witness:
    """Magnitudes of the judged bins in dB, the limit, and the bin that decided."""
    import numpy as np

    from slacheck.measure.response_reading import levels_at

    points = _numbers(requirement.masks()[chosen.side])
    low, high = points[0][0], points[-1][0]
    places = sorted({*(low * math.pow(high / low, part / 200.0) for part in range(200)), *(f for f, _ in points)})
    levels = levels_at(np.array(places), points, requirement.interpolation).tolist()
    outline = tuple(number for pair in zip(places, levels, strict=True) for number in pair)
    drawn = chosen.judged.chosen & limits.inside
    magnitudes = chosen.judged.magnitudes()[drawn].tolist()
    found = sorted((f, _level(m)) for f, m in zip(limits.frequencies[drawn].tolist(), magnitudes, strict=True))
    return Witness(
        (requirement.output,),
        low,
        high,
        (
            Mark("line", "limit", "limit", outline),
            Mark("point", "worst", "closest to the limit", (reading.frequency, _level(reading.magnitude))),
        ),
        axis="frequency",
        points=_thinned(found, max if chosen.side == "magnitude_max" else min),
        unit="dB",
    )


def _thinned(points: list[tuple[float, float]], pick: Callable[..., tuple[float, float]]) -> tuple[_Place, ...]:
    """At most `_POINTS` points, evenly apart in log frequency: the extreme one of neighbouring bins."""
    ratio = math.pow(points[-1][0] / points[0][0], 1.0 / _POINTS)
    kept, first = [], 0
    while first < len(points):
        last = first + 1
        while last < len(points) and points[last][0] < points[first][0] * ratio:
            last += 1
        kept.append(pick(points[first:last], key=lambda point: point[1]))
        first = last
    return tuple(kept)


def _sentence(requirement: FrequencyResponse, signals: Signals) -> str:
    parts = []
    for side, points in requirement.masks().items():
        shape = ", ".join(f"{level.text} at {frequency.text}" for frequency, level in points)
        bound = "at most" if side == "magnitude_max" else "at least"
        parts.append(f"{bound} {shape} ({in_words(side, requirement)})")
    return f"Of the swings of {requirement.input}, {requirement.output} shall show {'; and '.join(parts)}."


KIND = Kind(
    name="frequency_response",
    model=FrequencyResponse,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=problems,
    manual=__doc__ or "",
)
