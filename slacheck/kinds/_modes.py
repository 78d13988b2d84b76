"""What rings after an event, and whether its damping can be told, for `damping`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slacheck.contract import Effect, Gate, Term, expanded
from slacheck.units import from_base

if TYPE_CHECKING:
    from slacheck.contract import Measurements, Samples, Signal, Waveform
    from slacheck.kinds._event import Occasion
    from slacheck.kinds.damping import Damping
    from slacheck.measure.ringdown import Mode, Ringdown, RingdownFit

_CYCLES = 3.0
"""Least cycles of free decay (R10)."""
_SNR = 10.0
"""Least ratio of the oscillation's rms value at the start to the noise, 20 dB (R10)."""
_EXPLAINED = 0.9
"""Least part of the energy that the modes explain (R10)."""
_AGREE = 0.2
"""Most by which a damping ratio may change with the order of the model or within the ringdown (R10)."""
_KEPT = 0.5
"""An oscillation that keeps more of its amplitude than this cannot be told from a forced one."""
_FEWEST = 24
"""Least samples of a thinned ringdown."""
_GAP = 1.75
"""Samples further apart than this many intervals have a gap between them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One mode that may count.

    Parameters
    ----------
    mode : Mode
    terms : tuple of Term
        Budget of its damping ratio. [1]
    spread : float
        Expanded uncertainty of it. [1]
    share : float
        Of the energy of all modes in the band. [1]
    counts, surely : bool
        In the band and of enough energy, by the values; with all uncertainties.
    sustained : bool
        It does not decay enough to be told from a forced oscillation.
    by_pencil : tuple of (float or None)
        Damping ratio by the second method, for three orders; None where it does not find the mode. [1]
    late : (float, float)
        Damping ratio of the later part of the ringdown, and its expanded uncertainty. [1]
    """

    mode: Mode
    terms: tuple[Term, ...]
    spread: float
    share: float
    counts: bool
    surely: bool
    sustained: bool
    by_pencil: tuple[float | None, ...]
    late: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ringing:
    """What follows one event.

    Parameters
    ----------
    ringdown : Ringdown
        Samples that were fitted.
    fit : RingdownFit
        All modes, those outside the band too.
    modes : tuple of Judged
        Modes that may count.
    complete : bool
        Whether the record holds the whole ringdown.
    gap : float or None
        Where a gap ended it. [s]
    """

    ringdown: Ringdown
    fit: RingdownFit
    modes: tuple[Judged, ...]
    complete: bool
    gap: float | None


def ringing(requirement: Damping, measurements: Measurements, occasion: Occasion) -> Ringing | Gate:
    """The modes after an event, or the gate that says why there are none to be had."""
    from slacheck.measure.ringdown import fit_modes, thinned

    name, top, length = requirement.signal, requirement.band.to.value, requirement.ringdown.length.value
    start = _start(requirement, measurements, occasion)
    waveform = measurements.window(name, start, start + length)
    count, gap = _first_piece(waveform)
    ringdown = thinned(waveform.times[:count], waveform.samples[:count], waveform.interval, top) if count > 1 else None
    if ringdown is None or ringdown.samples.size < _FEWEST:
        held = 0.0 if count < 2 else float(waveform.times[count - 1] - waveform.times[0])
        needed = max(_CYCLES / top, _FEWEST * waveform.interval)
        sentence = (
            f"The record holds {held:.4g} s without a gap after {start:.6g} s, where the ringdown begins; at least "
            f"{needed:.4g} s are needed: record longer and without gaps."
        )
        return Gate("record_too_short", Effect.NO_VERDICT, False, held, needed, sentence)
    ringdown = replace(ringdown, before=_before(requirement, measurements, occasion))
    fit = fit_modes(ringdown)
    complete = gap is not None or float(waveform.times[-1]) >= start + length - _GAP * waveform.interval
    return Ringing(ringdown, fit, _judged(fit, ringdown, requirement, measurements.coverage_factor), complete, gap)


def _start(requirement: Damping, measurements: Measurements, occasion: Occasion) -> float:
    """Where the free decay begins: skipped cycles are those of the strongest line; averages must have passed. [s]"""
    from slacheck.measure.ringdown import strongest_frequency, thinned

    name, band, skip = requirement.signal, requirement.band, requirement.ringdown.skip
    moment = occasion.moment.high if occasion.moment.high is not None else occasion.moment.value
    facts = measurements.facts(name)
    moment += max(facts.window, math.fsum(facts.averaging))
    if skip.base == "s":
        return moment + skip.value
    waveform = measurements.window(name, moment, moment + requirement.ringdown.length.value)
    count, _ = _first_piece(waveform)
    frequency = None
    if count > 1:
        first = thinned(waveform.times[:count], waveform.samples[:count], waveform.interval, band.to.value)
        frequency = strongest_frequency(first, band.from_.value, band.to.value)
    return moment + skip.value / (frequency or band.to.value)


def _before(requirement: Damping, measurements: Measurements, occasion: Occasion) -> Samples | None:
    """Up to a ringdown's length before the event, thinned out like it; no gap and no earlier ringdown in it. [SI]"""
    import numpy as np

    from slacheck.measure.ringdown import thinned

    moment = occasion.moment.low if occasion.moment.low is not None else occasion.moment.value
    end, length = min(moment, occasion.onset), requirement.ringdown.length.value
    quiet = max((other + length for other in occasion.others if other < end), default=0.0)
    waveform = measurements.window(requirement.signal, max(0.0, end - length, min(quiet, end)), end)
    breaks = np.flatnonzero(np.diff(waveform.times) > _GAP * waveform.interval)
    first = int(breaks[-1]) + 1 if breaks.size else 0
    if waveform.times.size - first < _FEWEST:
        return None
    top = requirement.band.to.value
    return thinned(waveform.times[first:-1], waveform.samples[first:-1], waveform.interval, top).samples


def _first_piece(waveform: Waveform) -> tuple[int, float | None]:
    """Samples before the first gap, and where that is. [s]"""
    import numpy as np

    breaks = np.flatnonzero(np.diff(waveform.times) > _GAP * waveform.interval)
    if breaks.size == 0:
        return waveform.times.size, None
    return int(breaks[0]) + 1, float(waveform.times[breaks[0]])


# ---------------------------------------------------------------- which modes count


def _judged(fit: RingdownFit, ringdown: Ringdown, requirement: Damping, k: float) -> tuple[Judged, ...]:
    low, high = requirement.band.from_.value, requirement.band.to.value
    near = [m for m in fit.modes if low - k * m.deviations[1] <= m.frequency <= high + k * m.deviations[1]]
    if not near:
        return ()
    total = math.fsum(mode.energy(ringdown.length) for mode in near)
    least = requirement.min_energy_share.value
    opinions = _opinions(fit, ringdown, high)
    found = []
    for mode in near:
        share = mode.energy(ringdown.length) / total
        doubt = k * 2.0 * mode.deviations[2] / mode.amplitude * share * (1.0 - share) if mode.amplitude > 0.0 else 1.0
        if share + doubt < least:
            continue
        margin = k * mode.deviations[1]
        found.append(
            _one(
                (mode, share),
                low <= mode.frequency <= high and share >= least,
                low + margin <= mode.frequency <= high - margin and share - doubt >= least,
                opinions,
                (fit, ringdown, k),
            )
        )
    return tuple(found)


def _opinions(fit: RingdownFit, ringdown: Ringdown, top: float) -> list[list[Mode]]:
    """Modes by the matrix pencil, two poles for each mode and for level and drift, and two and four more."""
    from slacheck.measure.ringdown import pencil_modes

    order = 2 * len(fit.modes) + 2
    return pencil_modes(ringdown, (order, order + 2, order + 4), top)


def _one(
    found: tuple[Mode, float],
    counts: bool,
    surely: bool,
    opinions: list[list[Mode]],
    context: tuple[RingdownFit, Ringdown, float],
) -> Judged:
    from slacheck.measure.ringdown import nearest

    (mode, share), (fit, ringdown, k) = found, context
    others = [nearest(mode, each, ringdown.length) for each in opinions]
    ratios = tuple(None if other is None else other.damping_ratio for other in others)
    apart = max((abs(ratio - mode.damping_ratio) for ratio in ratios if ratio is not None), default=0.0)
    terms = (
        Term(
            "noise",
            mode.deviations[0],
            "Cramer-Rao bound with the density near the mode of the residual, and before the event",
        ),
        Term("method", apart / 2.0, "least squares against matrix pencil, largest difference of three orders"),
        Term("gain", 0.0, "cancels in a ratio"),
        Term("offset", 0.0, "fitted as the level"),
    )
    kept = mode.kept(ringdown.length)
    return Judged(
        mode, terms, expanded(terms, k), share, counts, surely, kept > _KEPT, ratios, _late(mode, fit, ringdown, k)
    )


def _decay_time(mode: Mode, ringdown: Ringdown) -> float:
    """Until a mode has fallen to a tenth, at most the ringdown. [s]"""
    return ringdown.length if mode.sigma >= 0.0 else min(ringdown.length, math.log(10.0) / -mode.sigma)


def _late(mode: Mode, fit: RingdownFit, ringdown: Ringdown, k: float) -> tuple[float, float]:
    """Damping ratio after half of the decay time, with its expanded uncertainty; 0 and 1 where it cannot be told."""
    from slacheck.measure.ringdown import Ringdown, nearest, refit

    first = int(_decay_time(mode, ringdown) / 2.0 / ringdown.interval)
    later = Ringdown(ringdown.samples[first:], ringdown.interval, ringdown.start + first * ringdown.interval)
    if later.samples.size < _FEWEST:
        return mode.damping_ratio, 1.0
    same = nearest(mode, refit(later, fit.modes).modes, later.length)
    return (mode.damping_ratio, 1.0) if same is None else (same.damping_ratio, k * same.deviations[0])


# ---------------------------------------------------------------- what they can carry


def record_gates(found: Ringing, requirement: Damping) -> Iterator[Gate]:
    """Whether the ringdown is all there."""
    length, held = requirement.ringdown.length.value, found.ringdown.length
    sentence = f"The record holds {held:.4g} s of the ringdown of {requirement.ringdown.length.text}"
    if not found.complete:
        sentence += "; what it lacks cannot pass: record longer"
    yield Gate("record_too_short", Effect.NO_PASS, found.complete, held, length, sentence + ".")
    if found.gap is not None:
        sentence = (
            f"A gap at {found.gap:.6g} s ends the ringdown after {held:.4g} s; what follows it is not looked at and "
            f"cannot pass: record without gaps."
        )
        yield Gate("gap_in_event", Effect.NO_PASS, False, held, length, sentence)


def excited_gate(found: Ringing, requirement: Damping, signal: Signal) -> Gate | None:
    """Why no mode counts: nothing rings."""
    if any(judged.counts for judged in found.modes):
        return None
    noise = f"{from_base(found.fit.noise, signal.unit):.4g} {signal.unit}"
    return Gate(
        "step_too_small",
        Effect.NO_VERDICT,
        False,
        0.0,
        1.0,
        f"After {found.ringdown.start:.6g} s no oscillation from {requirement.band.from_.text} to "
        f"{requirement.band.to.text} stands out of {noise} rms of noise and of what was there before the event; "
        f"disturb it more, or it is too well damped to be seen.",
    )


def fit_gates(found: Ringing, worst: Judged, signal: Signal) -> Iterator[Gate]:
    """Whether what was fitted stands out of the noise and explains the ringdown."""
    counted = [judged.mode for judged in found.modes if judged.counts]
    start = math.sqrt(math.fsum(mode.amplitude**2 for mode in counted) / 2.0)
    noise = found.fit.noise
    passed = start >= _SNR * noise
    sentence = (
        f"The ringdown starts with {from_base(start, signal.unit):.4g} {signal.unit} rms in "
        f"{from_base(noise, signal.unit):.3g} {signal.unit} of noise; ten times the noise (20 dB) is needed"
    )
    if not passed:
        sentence += "; disturb it more, or measure with less noise"
    yield Gate("noise", Effect.NO_VERDICT, passed, start, _SNR * noise, sentence + ".")
    explained = _explained(found, _decay_time(worst.mode, found.ringdown))
    passed = explained >= _EXPLAINED
    sentence = f"The modes explain {100 * explained:.4g} % of the energy of the decay; {100 * _EXPLAINED:g} % is needed"
    if not passed:
        sentence += "; the rest is noise or another disturbance"
    yield Gate("noise", Effect.NO_VERDICT, passed, explained, _EXPLAINED, sentence + ".")


def _explained(found: Ringing, duration: float) -> float:
    """1 - (residual / ringdown less level and drift), of energies within `duration`. [1]"""
    import numpy as np

    ringdown, fit = found.ringdown, found.fit
    count = max(2, math.ceil(duration / ringdown.interval))
    times = np.arange(ringdown.samples.size)[:count] * ringdown.interval
    free = ringdown.samples[:count] - fit.level - fit.drift * times
    residual = fit.residual[:count]
    whole = float(np.sum(free * free))
    return 1.0 - float(np.sum(residual * residual)) / whole if whole > 0.0 else 0.0


def mode_gates(judged: Judged, found: Ringing, k: float, effect: Effect) -> Iterator[Gate]:
    """Whether one mode shows enough of a free decay, the same to both methods and in both parts."""
    mode, length = judged.mode, found.ringdown.length
    where, cycles = f"{mode.frequency:.4g} Hz", mode.frequency * length
    passed = cycles >= _CYCLES
    sentence = f"The ringdown shows {cycles:.3g} cycles of {where}; {_CYCLES:g} are needed"
    if not passed:
        sentence += f": a length of {_CYCLES / mode.frequency:.3g} s"
    yield Gate("record_too_short", effect, passed, cycles, _CYCLES, sentence + ".")
    allowed = max(_AGREE * abs(mode.damping_ratio), k * mode.deviations[0])
    ratios = [ratio for ratio in judged.by_pencil if ratio is not None]
    spread = max(ratios, default=0.0) - min(ratios, default=0.0)
    passed = len(ratios) == len(judged.by_pencil) and spread <= allowed
    sentence = (
        f"By the matrix pencil of three orders the damping ratio at {where} is {_listed(judged.by_pencil)}; by least "
        f"squares {100 * mode.damping_ratio:.4g} %"
    )
    if not passed:
        sentence += f"; it may change by {100 * allowed:.3g} %. The decay is no sum of few damped oscillations"
    yield Gate("unsettled", effect, passed, spread, allowed, sentence + ".")
    near = min((abs(o.mode.frequency - mode.frequency) for o in found.modes if o is not judged), default=math.inf)
    if near * length < 1.0:
        sentence = (
            f"Two modes near {where} are {near:.3g} Hz apart, which {length:.4g} s cannot tell from one whose damping "
            f"changes; {1.0 / length:.3g} Hz can be told."
        )
        yield Gate("unsettled", effect, False, near, 1.0 / length, sentence)
    late, doubt = judged.late
    allowed = max(_AGREE * abs(mode.damping_ratio), math.hypot(judged.spread, doubt))
    passed = abs(late - mode.damping_ratio) <= allowed
    sentence = (
        f"The later half of the decay at {where} has a damping ratio of {100 * late:.4g} %, the whole "
        f"{100 * mode.damping_ratio:.4g} %"
    )
    if not passed:
        sentence += f"; it may change by {100 * allowed:.3g} %. It is not free to decay, or its damping changes"
    yield Gate("unsettled", effect, passed, late, mode.damping_ratio, sentence + ".")


def _listed(ratios: tuple[float | None, ...]) -> str:
    return ", ".join("not found" if ratio is None else f"{100 * ratio:.4g} %" for ratio in ratios)


def sustained_gate(judged: Judged, found: Ringing, effect: Effect) -> Gate:
    """An oscillation that does not decay is forced, or cannot be told from one that is."""
    mode, length = judged.mode, found.ringdown.length
    kept = mode.kept(length)
    how = (
        f"keeps {100 * kept:.4g} % of its amplitude over {length:.4g} s"
        if kept <= 1.05
        else (f"grows to {kept:.3g} times its amplitude in {length:.4g} s")
    )
    return Gate(
        "condition_not_met",
        effect,
        False,
        kept,
        _KEPT,
        f"The oscillation at {mode.frequency:.4g} Hz {how}: forced, or too slow a decay to be told from that "
        f"({100 * _KEPT:g} % or less is needed). It is no free decay and says nothing of damping; judge it by a "
        f"forced_oscillation clause, or record a longer ringdown.",
    )
