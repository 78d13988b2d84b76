"""Band ripple: how much oscillation a signal may have in bands of frequency (R06).

Windows of `window.length` start every `window.step` from the record's first sample, each with the
whole samples that fit in. From each the mean or the least-squares line (`remove`) is taken, then
one periodogram with `window.taper` is made, one-sided, scaled so that its bins add up to the mean
square. Each band is read from each window's spectrum, by `metric`:

* ``rms``: root of the power between `from` and `to`, edge bins by the part of them that lies inside;
* ``line_rms``, ``line_peak``: the largest line in the band, its rms value or its amplitude. A line
  is a bin larger than both its neighbours; the taper is always the flat top;
* ``energy_fraction``: power in the band over power in `reference`, DC not counted. [%]

and `statistic` is taken over the windows (quantiles by nearest rank). Each band is one check,
``bands[0]``, ``bands[1]``, ... A burst is weighted by the taper where it stands in the window, so
let windows overlap by half or more. `rectangular` is for windows that hold whole periods.

A tone is spread by the taper over its main lobe, L bins of 1/length to either side (1 for
`rectangular`, 2 for `hann`, 4 for `blackmanharris`, 5 for `flattop`), so near an edge it cannot be
told inside from outside: the interval runs from the band narrowed to the band widened by L bins,
and a tone within 2 L of an edge leaves it wide. A line is certain to one bin.

The spec is refused where windows cannot resolve their bands: the resolution (1, 1.5, 2.0 or, for
lines, 3.77 bins) must be at most the lower edge and a quarter of the band (for lines: the band).

INCONCLUSIVE when: the sample rate is below 2.56 times the top of the band (10 times without a
documented anti-alias filter); the chain passes less than 95 % there; the record is shorter than one
window or, for ``rms`` and ``energy_fraction``, than 10/f of the lowest edge; more than 1 % of the
windows have a gap longer than 1/(4 f) of the highest edge in them; there are too few windows for a
quantile (5 for the median, 59 for p95, 299 for p99).

Uncertainty: gain of the channel (an offset is removed with the mean; both cancel in a fraction);
the edges, as above; side lobes of tones outside; the flat top's scalloping, 0.12 %; the broadband
floor, whose power is taken off the lower end (for ``rms`` as seen above the highest band; a line
that does not stand out of its band's median may be 0); linear interpolation of an uneven record or
over a short gap; and attenuation of the chain, and by uncertain time stamps, at the band's top, upwards.

.. code-block:: yaml

    - id: GRID-3
      kind: band_ripple
      signal: pcc_power
      window: {length: 100 s, step: 10 s}
      bands:
        - {from: 0.1 Hz, to: 2 Hz, metric: rms, max: 2 MW}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from slacheck.contract import (
    CheckPlan,
    Definition,
    Effect,
    Evaluation,
    Kind,
    Mark,
    Measurement,
    Measurements,
    MeterPlan,
    Need,
    Problem,
    SignalFacts,
    Signals,
    Term,
    Witness,
    expanded,
    is_relative,
    level_problem,
    limit_of,
)
from slacheck.language import Duration, Frequency, LimitModel, Model, Requirement, Text, definition
from slacheck.values import Measured, between, symmetric

if TYPE_CHECKING:
    from slacheck.contract import Samples
    from slacheck.measure.ripple import BandReader, Metric, RippleReading, WindowSettings

Taper: TypeAlias = Literal["hann", "rectangular", "blackmanharris", "flattop"]

_SHARES = {"max": (1, 1), "p99": (99, 100), "p95": (95, 100), "median": (1, 2), "mean": None}
_CYCLES = 10.0
"""Periods of the lowest frequency that a window must hold (G-LEN)."""
_MOST_OVERLAP = 1000.0
_POINTS = 1500
"""Points of the spectrum that is drawn."""


class RippleWindow(Model):
    """How windows are cut and tapered."""

    length: Duration = Field(description="Length of a window.")
    step: Duration = Field(description="From the start of one window to the start of the next.")
    taper: Taper = definition("hann", "Taper for rms and energy_fraction; lines always have the flat top.")


class BandRange(Model):
    """Band that an energy fraction is a fraction of."""

    from_: Frequency = Field(alias="from", description="Lower edge.")
    to: Frequency = Field(description="Upper edge.")


class RippleBand(LimitModel):
    """One band and its limit."""

    from_: Frequency = Field(alias="from", description="Lower edge.")
    to: Frequency = Field(description="Upper edge.")
    metric: Literal["rms", "line_rms", "line_peak", "energy_fraction"] = definition("rms", "What is read in the band.")
    reference: BandRange | None = Field(None, description="For energy_fraction: the band that counts as the whole.")

    @model_validator(mode="after")
    def _referenced(self) -> RippleBand:
        if (self.metric == "energy_fraction") != (self.reference is not None):
            raise PydanticCustomError(
                "reference", "energy_fraction needs `reference: {{from: ..., to: ...}}`, other metrics have none"
            )
        return self

    @property
    def top(self) -> float:
        """Highest frequency looked at. [Hz]"""
        return max(self.to.value, self.reference.to.value if self.reference else 0.0)

    @property
    def bottom(self) -> float:
        """Lowest frequency looked at. [Hz]"""
        return min(self.from_.value, self.reference.from_.value if self.reference else self.from_.value)

    @property
    def is_line(self) -> bool:
        """Whether the largest line is read, with the flat-top taper."""
        return self.metric in ("line_rms", "line_peak")


class BandRipple(Requirement):
    """Keys of `band_ripple`."""

    signal: Text = Field(description="Signal that is limited.")
    window: RippleWindow
    remove: Literal["mean", "linear"] = definition("linear", "Taken off each window first.")
    statistic: Literal["max", "p99", "p95", "median", "mean"] = definition("max", "Over the windows.")
    bands: tuple[RippleBand, ...] = Field(min_length=1, description="One check each.")


def _signals(requirement: BandRipple) -> tuple[str, ...]:
    return (requirement.signal,)


# ---------------------------------------------------------------- the spec alone


def _problems(requirement: BandRipple, signals: Signals) -> Iterator[Problem]:
    length, step = requirement.window.length, requirement.window.step
    if step.value > length.value:
        yield Problem(("window", "step"), f"{step.text!r} is longer than the window, so parts would never be looked at")
    if step.value * _MOST_OVERLAP < length.value * (1.0 - 1e-9):
        yield Problem(("window", "step"), f"{step.text!r} is less than a thousandth of the window {length.text!r}")
    for number, band in enumerate(requirement.bands):
        path = ("bands", number)
        yield from _band_problems(path, band)
        yield from _resolution_problems(path, band, requirement.window)
        for bound in ("max", "min", "resolution"):
            quantity = getattr(band, bound)
            if band.metric != "energy_fraction":
                yield from level_problem((*path, bound), quantity, signals[requirement.signal], signed=False)
            elif quantity is not None and quantity.base not in ("%", "1"):
                yield Problem((*path, bound), f"{quantity.text!r} is not a share of energy", "write it in %")


def _band_problems(path: tuple[str | int, ...], band: RippleBand) -> Iterator[Problem]:
    if band.from_.value >= band.to.value:
        yield Problem((*path, "to"), f"the band ends at {band.to.text}, not above its start {band.from_.text}")
    whole = band.reference
    if whole is not None and (whole.from_.value > band.from_.value or whole.to.value < band.to.value):
        yield Problem(
            (*path, "reference"),
            f"the reference {whole.from_.text} to {whole.to.text} does not hold the band {band.from_.text} to "
            f"{band.to.text}",
            "widen it",
        )


def _resolution_problems(path: tuple[str | int, ...], band: RippleBand, window: RippleWindow) -> Iterator[Problem]:
    from slacheck.measure.tapers import BANDWIDTH_BINS

    name: Taper = "flattop" if band.is_line else window.taper
    width = band.to.value - band.from_.value
    if width <= 0:
        return
    # A line is read from one maximum; an rms is a sum over the band, which needs a few bins of resolution in it.
    parts = 1.0 if band.is_line else 4.0
    needed = BANDWIDTH_BINS[name] * max(1.0 / band.bottom, parts / width)
    if window.length.value < needed * (1.0 - 1e-9):
        yield Problem(
            (*path, "from"),
            f"windows of {window.length.text} with the {name} taper cannot resolve the band {band.from_.text} to "
            f"{band.to.text}, which needs {needed:.6g} s (a resolution of at most the lower edge and "
            f"{'the width' if band.is_line else 'a quarter of the width'} of the band)",
            f"write `window: {{length: {math.ceil(needed)} s, ...}}`, or a band that is higher or wider",
        )


def _checks(requirement: BandRipple, signals: Signals) -> tuple[CheckPlan, ...]:
    return tuple(_check(number, band, requirement) for number, band in enumerate(requirement.bands))


def _check(number: int, band: RippleBand, requirement: BandRipple) -> CheckPlan:
    limit, unit, shown = limit_of(band)
    length = requirement.window.length.value
    need = Need(
        requirement.signal,
        max_frequency=band.top,
        bandwidth=band.top,
        duration=length if band.is_line else max(length, _CYCLES / band.bottom),
        attenuation=Effect.NO_VERDICT if band.metric == "energy_fraction" else Effect.NO_PASS,
        clipping=Effect.NO_VERDICT,
    )
    text = _definition(band, requirement)
    if is_relative(band) and band.metric != "energy_fraction":
        text += f", relative to the rated value of {requirement.signal}"
    return CheckPlan(f"bands[{number}]", limit, unit, shown, Definition(f"band_ripple/{band.metric}@1", text), (need,))


def _definition(band: RippleBand, requirement: BandRipple) -> str:
    window = requirement.window
    what = {
        "rms": "the rms value",
        "line_rms": "the rms value of the largest line",
        "line_peak": "the amplitude of the largest line",
        "energy_fraction": "the share of power",
    }[band.metric]
    text = f"{what} of {requirement.signal} from {band.from_.text} to {band.to.text}"
    if band.reference is not None:
        text += f" in that from {band.reference.from_.text} to {band.reference.to.text}"
    removed = "mean" if requirement.remove == "mean" else "least-squares line"
    taper = "flattop" if band.is_line else window.taper
    over = {"max": "largest", "mean": "mean", "median": "median (nearest rank)"}.get(
        requirement.statistic, f"{requirement.statistic[1:]} % nearest-rank quantile"
    )
    return (
        f"{text}, by one {taper} periodogram of each window of {window.length.text} (the whole samples that fit in) "
        f"less its {removed}, a window every {window.step.text} from the first sample; the {over} over all windows"
    )


# ---------------------------------------------------------------- measuring


def _settings(requirement: BandRipple) -> WindowSettings:
    from slacheck.measure.ripple import WindowSettings

    window = requirement.window
    return WindowSettings(window.length.value, window.step.value, window.taper, requirement.remove)


def _readers(requirement: BandRipple) -> tuple[BandReader, ...]:
    from slacheck.measure.ripple import BandReader

    return tuple(
        BandReader(
            _metric(band),
            band.from_.value,
            band.to.value,
            (band.reference.from_.value, band.reference.to.value) if band.reference is not None else None,
        )
        for band in requirement.bands
    )


def _metric(band: RippleBand) -> Metric:
    if band.metric in ("line_rms", "line_peak"):
        return "line"
    return "rms" if band.metric == "rms" else "energy_fraction"


def _key(requirement: BandRipple) -> tuple[object, ...]:
    return ("band_ripple", requirement.signal, _settings(requirement), _readers(requirement), _every(requirement))


def _every(requirement: BandRipple) -> bool:
    """Whether the statistic needs all windows, and not only the worst."""
    return requirement.statistic != "max"


def _meters(requirement: BandRipple, signals: Signals) -> tuple[MeterPlan, ...]:
    from slacheck.measure.ripple import RippleMeter

    settings, readers = _settings(requirement), _readers(requirement)
    build = partial(RippleMeter, settings=settings, bands=readers, every=_every(requirement))
    return (MeterPlan(_key(requirement), (requirement.signal,), build, _bridge(requirement)),)


def _bridge(requirement: BandRipple) -> float:
    """Longest distance of two samples that a straight line may span. [s]"""
    return 1.0 / (4.0 * max(band.top for band in requirement.bands))


def _evaluate(requirement: BandRipple, signals: Signals, measurements: Measurements) -> Evaluation:
    from slacheck.quality.windows import none_complete

    reading: RippleReading = measurements.reading(_key(requirement))
    facts, length = measurements.facts(requirement.signal), requirement.window.length
    if reading.starts.size == 0:
        gate = none_complete(facts, length.value, length)
        names = (f"bands[{number}]" for number in range(len(requirement.bands)))
        return Evaluation(tuple(Measurement(name, gates=(gate,)) for name in names))
    numbers = range(len(requirement.bands))
    return Evaluation(
        tuple(_measurement(number, reading, requirement, (signals, measurements)) for number in numbers),
        notes=_notes(facts),
    )


def _measurement(
    number: int, reading: RippleReading, requirement: BandRipple, context: tuple[Signals, Measurements]
) -> Measurement:
    from slacheck.quality.windows import covered, enough

    signals, measurements = context
    band, signal = requirement.bands[number], signals[requirement.signal]
    window = _deciding(number, reading, requirement)
    relative = is_relative(band) and band.metric != "energy_fraction" and signal.rated is not None
    base = (signal.rated or 1.0) if relative else 1.0
    base /= math.sqrt(2.0) if band.metric == "line_peak" else 1.0
    terms, (value, low, high) = _bounds(number, window, requirement, (reading, measurements))
    witness, frequency = _witness(number, float(reading.starts[window]), requirement, context)
    windows = reading.windows
    more = f"record longer, a window every {requirement.window.step.text}"
    return Measurement(
        f"bands[{number}]",
        measured=_measured(value / base, limit_of(band)[1], low / base, None if high is None else high / base),
        time=float(reading.starts[window]) if requirement.statistic != "mean" else None,
        frequency=frequency,
        gates=(
            covered(windows, reading.possible, requirement.window.length),
            *enough(windows, requirement.statistic, more),
        ),
        budget=tuple(Term(term.name, term.standard_uncertainty / base, term.treatment) for term in terms),
        witness=witness,
    )


def _deciding(number: int, reading: RippleReading, requirement: BandRipple) -> int:
    """The window whose value is the statistic; the largest one where that is the mean."""
    from slacheck.measure.quantile import nearest_rank

    values = reading.values[number]
    share = _SHARES[requirement.statistic] or (1, 1)
    order = values.argsort(kind="stable")
    first_of_equal = values == values[order[nearest_rank(values.size, share) - 1]]
    return int(first_of_equal.argmax())


def _measured(value: float, unit: str, low: float, high: float | None) -> Measured:
    if high is not None and math.isclose(high - value, value - low, rel_tol=1e-9):
        return symmetric(value, unit, high - value)
    return between(value, unit, low, high)


def _bounds(
    number: int, window: int, requirement: BandRipple, found: tuple[RippleReading, Measurements]
) -> tuple[tuple[Term, ...], tuple[float, float, float | None]]:
    """Budget, and value and ends of the interval; see the manual. [SI, or 1]"""
    from slacheck.measure.noise import largest_normal
    from slacheck.measure.quantile import over_windows

    reading, measurements = found
    band, k = requirement.bands[number], measurements.coverage_factor
    facts, accuracy = measurements.facts(requirement.signal), measurements.accuracy(requirement.signal)
    share, missing = _SHARES[requirement.statistic], max(0, reading.possible - reading.windows)
    if requirement.statistic == "max":
        missing = 0  # the coverage gate speaks for missing windows; one violation is enough
    value = over_windows(reading.values[number], share)[0]
    low, high = (
        over_windows(reading.low[number], share, missing)[0],
        over_windows(reading.high[number], share, missing)[1],
    )
    fraction = band.metric == "energy_fraction"
    gain = 0.0 if fraction or accuracy is None else value * accuracy.gain
    terms = (
        Term("gain", gain, "cancels in the fraction" if fraction else "common to the record"),
        Term("offset", 0.0, "removed with the mean"),
    )
    noise = float(reading.noise[number, window])
    spread = expanded(terms, k)
    low -= spread + noise * largest_normal(float(reading.windows), k)
    high = None if high is None else high + spread + k * noise
    error = math.hypot(facts.interpolation_rms, _spanned(facts, requirement) * float(reading.bends[window]))
    low, high = _interpolated(low, high, band, (facts, error, float(reading.scale[number, window])))
    return (*terms, Term("noise", noise, "broadband floor beside a line, of one window")), (value, max(0.0, low), high)


def _spanned(facts: SignalFacts, requirement: BandRipple) -> float:
    """Rms error of the straight lines over short gaps, in parts of the rms second difference.

    Between samples m intervals apart a line is off by at most m^2 / 8 second differences, which missing samples alone
    add to a window.
    """
    if facts.missing == 0:
        return 0.0
    apart = min(facts.longest_gap + facts.grid, max(_bridge(requirement), facts.grid)) / facts.grid
    return math.sqrt(facts.missing / facts.samples) * max(4.0, apart * apart) / 8.0


def _interpolated(
    low: float, high: float | None, band: RippleBand, record: tuple[SignalFacts, float, float]
) -> tuple[float, float | None]:
    """Ends moved out for what interpolation, the chain and uncertain time stamps may have taken or added."""
    facts, error, scale = record
    if band.reference is None:
        return low - error, None if high is None else (high + error) / _gain(facts, band.to.value)
    if error > 0.0:
        error = min(1.0, error / scale) if scale > 0.0 else 1.0
        low = max(0.0, math.sqrt(max(0.0, low)) - error) ** 2 / (1.0 + error) ** 2
        high = None if high is None or error >= 1.0 else ((math.sqrt(high) + error) / (1.0 - error)) ** 2
    low *= _gain(facts, band.reference.to.value) ** 2
    return low, 1.0 if high is None else min(1.0, high / _gain(facts, band.to.value) ** 2)


def _gain(facts: SignalFacts, frequency: float) -> float:
    """Least amplitude gain up to `frequency`: the chain's, and of times that scatter by u, ``1 - (2 pi f u)^2 / 2``."""
    from slacheck.quality.gates import passed_gain

    angle = 2.0 * math.pi * frequency * facts.time_uncertainty
    return passed_gain(facts, frequency) * max(0.5, 1.0 - angle * angle / 2.0)


def _notes(facts: SignalFacts) -> tuple[str, ...]:
    if not facts.interpolated:
        return ()
    return (
        "The interval is wider by the rms error of the interpolation, and by its attenuation sinc^2 at the band's top.",
    )


def _witness(
    number: int, start: float, requirement: BandRipple, context: tuple[Signals, Measurements]
) -> tuple[Witness, float | None]:
    """Spectrum of the deciding window with the band's edges, and the frequency of the largest bin in the band."""
    import numpy as np

    from slacheck.measure.ripple import window_spectrum

    signals, measurements = context
    band, settings = requirement.bands[number], _settings(requirement)
    interval = measurements.facts(requirement.signal).grid
    count = max(2, math.floor(settings.length / interval + 1e-3))
    waveform = measurements.window(requirement.signal, start - interval, start + (count + 1) * interval)
    samples = np.interp(start + np.arange(count) * interval, waveform.times, waveform.samples)
    spectrum = window_spectrum(samples, settings, _metric(band))
    if band.metric == "line_peak":
        spectrum = spectrum * math.sqrt(2.0)
    frequencies = np.arange(spectrum.size) / (count * interval)
    inside = (frequencies >= band.from_.value) & (frequencies <= band.to.value)
    marks = [Mark("vband", "window", f"{band.from_.text} to {band.to.text}", (band.from_.value, band.to.value))]
    place = int(np.argmax(np.where(inside, spectrum, -1.0)))
    if inside.any():
        point = (float(frequencies[place]), float(spectrum[place]))
        marks.append(Mark("point", "worst", "largest in the band", point))
    if band.is_line:
        marks += _limit_marks(band, signals[requirement.signal].rated)
    end = min(float(frequencies[-1]), 1.25 * band.top)
    witness = Witness(
        (requirement.signal,),
        0.0,
        end,
        tuple(marks),
        axis="frequency",
        points=_drawn(frequencies[frequencies <= end], spectrum[frequencies <= end]),
        unit=signals[requirement.signal].base,
    )
    return witness, float(frequencies[place]) if inside.any() and band.is_line else None


def _limit_marks(band: RippleBand, rated: float | None) -> list[Mark]:
    """The limit of a line, drawn over the band. [SI]"""
    base = rated if is_relative(band) and rated is not None else 1.0
    return [
        Mark("line", "limit", bound.text, (band.from_.value, bound.value * base, band.to.value, bound.value * base))
        for bound in (band.max, band.min)
        if bound is not None
    ]


def _drawn(frequencies: Samples, spectrum: Samples) -> tuple[tuple[float, float], ...]:
    """At most `_POINTS` points: the largest of each group of neighbouring bins, at its own frequency; DC left out."""
    group = max(1, -(-frequencies.size // _POINTS))
    points = []
    for first in range(1, frequencies.size, group):
        place = first + int(spectrum[first : first + group].argmax())
        points.append((float(frequencies[place]), float(spectrum[place])))
    return tuple(points)


def _sentence(requirement: BandRipple, signals: Signals) -> str:
    clauses = []
    for band in requirement.bands:
        parts = [f"at most {band.max.text}"] if band.max is not None else []
        parts += [f"at least {band.min.text}"] if band.min is not None else []
        clauses.append(f"{_definition(band, requirement)}, shall be {' and '.join(parts)}")
    return f"The ripple of {requirement.signal} is limited: {'; '.join(clauses)}."


KIND = Kind(
    name="band_ripple",
    model=BandRipple,
    signals=_signals,
    checks=_checks,
    meters=_meters,
    evaluate=_evaluate,
    sentence=_sentence,
    problems=_problems,
    manual=__doc__ or "",
)
