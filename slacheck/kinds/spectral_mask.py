r"""Spectral mask: how large the spectrum of a signal may be at each frequency (R07).

The record is cut into frames of ENBW / `resolution` (to the nearest sample; ENBW is the equivalent
noise bandwidth of `taper` in bins: 3.77 `flattop`, 1.5 `hann`, 2.0 `blackmanharris`), which overlap
by 75 % with the flat top and by 50 % else. Each loses its least-squares line and gives one
spectrum, and `detector` puts the frames together, bin by bin: `max_hold` the largest, `p95` the
nearest-rank quantile, `mean` the root of the mean power. `quantity` of a bin is

* ``rms`` or ``peak``: rms value or amplitude of the line that would read so;
* ``density``: the root of the power per hertz. [unit/sqrt(Hz)]

`mask` lists points of frequency and limit; `interpolation` joins them. Two points at one frequency
are a vertical edge. Where two limits meet at a frequency, the smaller holds. Limits are written in
the signal's unit, pu or % of its rated value (a mask in dB re 1 V: -20 dB is 0.1 V); of a density,
per sqrt(Hz): `2 mV/sqrt(Hz)`.

.. math:: R = \max_f X(f) / L(f)

over all bins within the segments. One check, ``mask``: R at most 1, at its frequency. dB is only
shown. Lines do not depend on the resolution; broadband readings grow with its root, and those of
`max_hold` also with the number of frames, so state both with the mask.

A taper spreads a line over its main lobe (5 bins to either side with the flat top, 2 Hann, 4
Blackman-Harris). The top of a line is judged by the limit at its bin; other bins, which may be the
skirt of a line, by the largest limit within half a main lobe, and by none where that leaves the
mask. The interval lets the top be off by 1.5 bins downwards, and upwards charges each bin with the
smallest limit within half a bin: a line between bins cannot escape, one beside a segment is not
charged to it, and within half a main lobe of a large line a far smaller limit stays undecided. All
bins of a density are judged at their own frequency. `rectangular` is not offered: with side lobes
at -13 dB a large line would hide, or feign, others all over the mask.

The spec is refused where the resolution is more than a quarter of the distance of neighbouring
points or of the lowest frequency.

INCONCLUSIVE when: the sample rate is below 2.56 times the mask's highest frequency (10 times
without a documented anti-alias filter); the chain passes less than 95 % there; samples are clipped;
less than 99 % of the frames are free of gaps longer than 1/(4 f); there are fewer than 1 frame
(`max_hold`), 8 (`mean`), 59 (`p95`); of rms and peak, where the broadband floor (lower quartile of
the readings over a third of an octave) is not `noise_floor_margin` below the limit: then only lines
that stand out of it count, and may still FAIL; the record never changes.

A step within a frame has a spectrum too, and `max_hold` keeps it: judge load steps by a kind of
their own and record the mask without them, or ask for `p95` or `mean`.

Uncertainty: gain of the channel (an offset is removed with the mean); the taper's scalloping, -0.12
% for the flat top, upwards 17.8 % for `hann` and 10 % for `blackmanharris`; side lobes of all lines;
the broadband floor beside a line, over all frames and lines; for a mean density the chi-square
distribution of the averaged frames; for p95 the classes in which readings are counted (1 % wide
from half to twice the limit, 12 % beyond); half a step of the recorder; linear interpolation of an
uneven record and attenuation of the chain, upwards.

.. code-block:: yaml

    - id: SPECTRUM-1
      kind: spectral_mask
      signal: bus_voltage
      resolution: 1 Hz
      mask: [[10 Hz, 0.1 V], [1 kHz, 1 V], [5 kHz, 1 V]]
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

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
    Signal,
    Signals,
    Term,
    Witness,
)
from slacheck.kinds._mask import SpectralMask, mask_of, problems, segments
from slacheck.units import Quantity, from_base
from slacheck.values import Measured, between

if TYPE_CHECKING:
    from slacheck.measure.detectors import DetectedSpectrum, FrameSettings
    from slacheck.measure.mask import Mask
    from slacheck.measure.mask_reading import MaskReading, MaskSettings

_FEWEST = {"max_hold": 1, "mean": 8, "p95": 59}
"""Frames that a PASS needs (requirements.md R06, 2.7)."""
_POINTS = 1500
"""Points of the spectrum that is drawn."""


def _signals(requirement: SpectralMask) -> tuple[str, ...]:
    return (requirement.signal,)


# ---------------------------------------------------------------- the spec alone


def _checks(requirement: SpectralMask, signals: Signals) -> tuple[CheckPlan, ...]:
    frame, top = _frame(requirement), _top(requirement)
    overlapped = (_FEWEST[requirement.detector] - 1) / (4.0 if requirement.taper == "flattop" else 2.0)
    need = Need(
        requirement.signal,
        max_frequency=top,
        bandwidth=top,
        duration=frame * (1.0 + overlapped),
        clipping=Effect.NO_VERDICT,
    )
    name = f"spectral_mask/{requirement.quantity}_{requirement.detector}@1"
    return (CheckPlan("mask", Limit(max=1.0), "1", "1", Definition(name, _definition(requirement)), (need,)),)


def _frame(requirement: SpectralMask) -> float:
    """Length of a frame. [s]"""
    from slacheck.measure.tapers import BANDWIDTH_BINS

    return BANDWIDTH_BINS[requirement.taper] / requirement.resolution.value


def _top(requirement: SpectralMask) -> float:
    """Highest frequency of the mask. [Hz]"""
    return max(frequency.value for _, points in segments(requirement) for frequency, _ in points)


def _definition(requirement: SpectralMask) -> str:
    what = {
        "rms": "rms value of a line",
        "peak": "amplitude of a line",
        "density": "root of the power density",
    }[requirement.quantity]
    over = {
        "max_hold": "the largest of all frames",
        "p95": "the 95 % nearest-rank quantile of all frames",
        "mean": "the root of the mean power of all frames",
    }[requirement.detector]
    between_points = {
        "loglog": "straight in log limit over log frequency between points",
        "linear": "straight between points",
        "step": "the limit of the point below",
    }[requirement.interpolation]
    relative = any(limit.base.startswith(("%", "pu")) for _, points in segments(requirement) for _, limit in points)
    base = f", % and pu of the rated value of {requirement.signal}" if relative else ""
    overlap = "75 %" if requirement.taper == "flattop" else "50 %"
    return (
        f"the largest ratio of the {what} of {requirement.signal} to its limit ({between_points}; the smaller where "
        f"two meet{base}) over all bins of the mask: {over} in each bin, by {requirement.taper} periodograms of a "
        f"resolution (equivalent noise bandwidth) of {requirement.resolution.text}, frames of "
        f"{_frame(requirement):.6g} s less their least-squares line overlapping by {overlap}"
    )


# ---------------------------------------------------------------- measuring


def _settings(requirement: SpectralMask) -> FrameSettings:
    from slacheck.measure.detectors import FrameSettings

    return FrameSettings(requirement.resolution.value, requirement.taper)


def _counted(requirement: SpectralMask, signals: Signals) -> Mask | None:
    """The mask that readings are counted by, as rms of a line; None for detectors that count nothing."""
    if requirement.detector != "p95":
        return None
    factor = {"rms": 1.0, "peak": math.sqrt(0.5), "density": math.sqrt(requirement.resolution.value)}
    return mask_of(requirement, signals[requirement.signal], factor[requirement.quantity])


def _key(requirement: SpectralMask, signals: Signals) -> tuple[object, ...]:
    return ("spectrum", requirement.signal, _settings(requirement), _counted(requirement, signals), _top(requirement))


def _meters(requirement: SpectralMask, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.detectors import DetectorMeter

    build = partial(DetectorMeter, settings=_settings(requirement), classes_of=_counted(requirement, signals))
    bridge = 1.0 / (4.0 * _top(requirement))
    return (MeterPlan(_key(requirement, signals), (requirement.signal,), build, bridge),)


def _evaluate(requirement: SpectralMask, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.measure.mask_reading import read_against
    from slacheck.quality.windows import covered, none_complete

    spectrum: DetectedSpectrum = measurements.reading(_key(requirement, signals))
    facts, length = measurements.facts(requirement.signal), spectrum.samples * spectrum.interval
    shown = Quantity(length, "s", "s", f"{length:.6g} s")
    if spectrum.frames == 0:
        return Evaluation((Measurement("mask", gates=(none_complete(facts, length, shown),)),))
    step = _recorder_step(spectrum, requirement, measurements)
    settings = _mask_settings(requirement, signals, measurements, step or 0.0)
    reading = read_against(settings, spectrum)
    if reading is None:
        gate = _out_of_reach(requirement, 1.0 / spectrum.interval, facts.channel)
        return Evaluation((Measurement("mask", gates=(gate,)),))
    gates = (
        covered(spectrum.frames, spectrum.possible, shown),
        *_enough(spectrum.frames, requirement.detector),
        *_floor_gate(reading, requirement),
        *((_constant_gate(facts.channel),) if step is None else ()),
    )
    measured, terms = _measured(reading, requirement, measurements)
    signal = signals[requirement.signal]
    measurement = Measurement(
        "mask",
        measured=measured,
        time=reading.time if requirement.detector == "max_hold" else None,
        frequency=reading.frequency,
        gates=gates,
        budget=terms,
        notes=(_note(reading, spectrum, requirement, signal), *_interpolation_note(facts.interpolated)),
        witness=_witness(reading, settings.mask, requirement, signal),
    )
    return Evaluation((measurement,))


def _mask_settings(
    requirement: SpectralMask, signals: Signals, measurements: Measurements, step: float
) -> MaskSettings:
    from slacheck.measure.mask_reading import MaskSettings
    from slacheck.quality.gates import passed_gain

    facts, density = measurements.facts(requirement.signal), requirement.quantity == "density"
    return MaskSettings(
        mask_of(requirement, signals[requirement.signal]),
        requirement.quantity,
        requirement.detector,
        measurements.coverage_factor,
        error=facts.interpolation_rms + step / 2.0,
        gain=partial(passed_gain, facts),
        most_floor=math.inf if density else math.pow(10.0, -requirement.noise_floor_margin.value / 20.0),
    )


def _recorder_step(spectrum: DetectedSpectrum, requirement: SpectralMask, measurements: Measurements) -> float | None:
    """Step of the recorder in the frame with the largest line; None if the record never changes there. [SI]"""
    from slacheck.measure.levels import common_step

    start = float(spectrum.when[int(spectrum.largest.argmax())])
    length = spectrum.samples * spectrum.interval
    return common_step(measurements.window(requirement.signal, start, start + length).samples)


def _measured(
    reading: MaskReading, requirement: SpectralMask, measurements: Measurements
) -> tuple[Measured, tuple[Term, ...]]:
    """The ratio with its interval, and the budget. [1]"""
    accuracy, k = measurements.accuracy(requirement.signal), measurements.coverage_factor
    gain = 0.0 if accuracy is None else accuracy.gain
    high = None if reading.high is None else reading.high * (1.0 + k * gain)
    terms = (
        Term("gain", reading.value * gain, "common to the record"),
        Term("offset", 0.0, "removed with the mean"),
        Term("noise", reading.noise, "broadband floor at the deciding bin"),
    )
    return between(reading.value, "1", max(0.0, reading.low * (1.0 - k * gain)), high), terms


def _enough(frames: int, detector: str) -> tuple[Gate, ...]:
    """Whether there are frames enough for what the detector is."""
    fewest = _FEWEST[detector]
    sentence = f"{frames} frames were measured; the detector {detector} needs {fewest}"
    sentence += "; record longer." if frames < fewest else "."
    return (Gate("n_too_small", Effect.NO_PASS, frames >= fewest, float(frames), float(fewest), sentence),)


def _floor_gate(reading: MaskReading, requirement: SpectralMask) -> tuple[Gate, ...]:
    """Whether the broadband floor is far enough below the limit; a density is that floor itself."""
    if requirement.quantity == "density" or reading.floor <= 0.0:
        return ()
    margin, asked = -20.0 * math.log10(reading.floor), requirement.noise_floor_margin
    passed = margin >= asked.value
    sentence = (
        f"At {reading.floor_frequency:.6g} Hz the broadband floor is {abs(margin):.3g} dB "
        f"{'below' if margin >= 0.0 else 'above'} the limit; {asked.text} below it are asked for"
    )
    if not passed:
        sentence += "; measure with less noise or a finer resolution, or limit the density"
    return (Gate("noise", Effect.NO_PASS, passed, margin, asked.value, sentence + "."),)


def _constant_gate(channel: str) -> Gate:
    sentence = (
        f"{channel} has one value throughout: it is dead, or recorded in steps that are too coarse to show anything; "
        f"mend the channel or use a smaller measuring range."
    )
    return Gate("incomplete", Effect.NO_PASS, False, None, None, sentence)


def _out_of_reach(requirement: SpectralMask, rate: float, channel: str) -> Gate:
    sentence = f"{channel} has {rate:.6g} samples a second, so that no bin lies on the mask; record faster."
    return Gate("sample_rate", Effect.NO_VERDICT, False, rate, 2.0 * _top(requirement), sentence)


def _note(reading: MaskReading, spectrum: DetectedSpectrum, requirement: SpectralMask, signal: Signal) -> str:
    """What decided, in the signal's unit and in dB."""
    unit = f"{signal.unit}{requirement.per}"
    what = {"rms": " rms", "peak": " peak", "density": ""}[requirement.quantity]
    value, limit = from_base(reading.reading, signal.unit), from_base(reading.limit, signal.unit)
    if reading.value == 0.0:
        return f"Nothing stands out in {spectrum.frames} frames of {spectrum.samples} samples."
    decibel = -20.0 * math.log10(reading.value)
    away = f": {abs(decibel):.2f} dB {'below' if decibel >= 0.0 else 'above'} it"
    return (
        f"At {reading.frequency:.6g} Hz the reading is {value:.4g} {unit}{what}, the limit {limit:.4g} {unit}{away} "
        f"({spectrum.frames} frames of {spectrum.samples} samples)."
    )


def _interpolation_note(interpolated: bool) -> tuple[str, ...]:
    if not interpolated:
        return ()
    error = "the rms error of the interpolation"
    return (f"The interval is wider by {error}, and by its attenuation sinc^2 at each frequency.",)


# ---------------------------------------------------------------- the plot


def _witness(reading: MaskReading, mask: Mask, requirement: SpectralMask, signal: Signal) -> Witness:
    """The detected spectrum over the mask, the mask, and the bin that decided."""
    labels = ["mask"] + [""] * len(mask.segments)
    marks = [Mark("line", "limit", label, outline) for label, outline in zip(labels, mask.outlines(), strict=False)]
    marks.append(Mark("point", "worst", "closest to the mask", (reading.frequency, reading.reading)))
    points = _drawn(reading)
    return Witness(
        (requirement.signal,),
        points[0][0],
        points[-1][0],
        tuple(marks),
        axis="frequency",
        points=points,
        unit=signal.base + requirement.per,
    )


def _drawn(reading: MaskReading) -> tuple[tuple[float, float], ...]:
    """At most `_POINTS` points, evenly apart in log frequency: the largest of neighbouring bins, at its frequency."""
    frequencies, readings = reading.frequencies.tolist(), reading.readings.tolist()
    ratio = math.pow(frequencies[-1] / frequencies[0], 1.0 / _POINTS)
    points, first = [], 0
    while first < len(frequencies):
        last = first + 1
        while last < len(frequencies) and frequencies[last] < frequencies[first] * ratio:
            last += 1
        place = max(range(first, last), key=readings.__getitem__)
        points.append((frequencies[place], readings[place]))
        first = last
    return tuple(points)


def _sentence(requirement: SpectralMask, signals: Signals) -> str:
    parts = [
        ", ".join(f"{limit.text} at {frequency.text}" for frequency, limit in points)
        for _, points in segments(requirement)
    ]
    floor = f", with the broadband floor at least {requirement.noise_floor_margin.text} below it"
    return (
        f"The spectrum of {requirement.signal} shall not exceed the mask of {'; and of '.join(parts)}"
        f"{'' if requirement.quantity == 'density' else floor}: {_definition(requirement)}, shall be at most 1."
    )


KIND = Kind(
    name="spectral_mask",
    model=SpectralMask,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=problems,
    manual=__doc__ or "",
)
