"""What the stages exchange. No I/O, no numerics, no NumPy at run time.

Data runs spec, capture -> admit -> measure -> evaluate -> decide -> record -> render; every type
that crosses one of those arrows stands here, in that order, and nothing else does.

All numbers are in SI base units; `%` limits are ratios (0.05). Times are seconds from the
capture's first sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

from slacheck.units import Quantity
from slacheck.values import Measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from slacheck.language import LimitModel, Requirement

    Samples = NDArray[np.float64]


class Verdict(StrEnum):
    """Outcome of a check, a requirement or a run."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    ERROR = "ERROR"


WORST_FIRST = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.NOT_APPLICABLE)

REASON_CODES = frozenset(
    {
        "sample_rate",
        "bandwidth",
        "record_too_short",
        "coverage",
        "gap_in_event",
        "clipped",
        "skew_unknown",
        "clock",
        "unsettled",
        "no_event",
        "multiple_events",
        "step_too_small",
        "low_coherence",
        "within_uncertainty",
        "calibration",
        "metadata_missing",
        "unit_ambiguous",
        "condition_not_met",
        "definition_missing",
        "n_too_small",
        "no_capture",
        "channel_missing",
        "repeats_missing",
        "noise",
        "time_resolution",
        "incomplete",
    }
)
"""requirements.md 2.9 and design section 2. Every INCONCLUSIVE carries at least one."""


class Effect(StrEnum):
    """What a gate that is not passed does to its check."""

    NO_VERDICT = "no_verdict"
    """The reading may be fabricated: INCONCLUSIVE, and no number is shown."""
    NO_PASS = "no_pass"  # noqa: S105
    """The reading still bounds the truth: the check may FAIL but not PASS."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing the record had to carry, and whether it does.

    `measured` and `required` are numbers in the unit that `sentence` names. The sentence says
    what was missing, how much, and what to do.
    """

    code: str
    effect: Effect
    passed: bool
    measured: float | None
    required: float | None
    sentence: str

    def __post_init__(self) -> None:
        """Refuse codes outside the vocabulary and numbers that are not finite."""
        if self.code not in REASON_CODES:
            raise ValueError(f"unknown reason code {self.code!r}")
        for number in (self.measured, self.required):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"gate {self.code}: {number!r} is not finite")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a check is INCONCLUSIVE, in a code and a sentence a technician can act on."""

    code: str
    sentence: str


# ---------------------------------------------------------------- spec, resolved


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Instrument accuracy: a maximum permissible error, or an expanded uncertainty.

    Parameters
    ----------
    reading : float
        Part proportional to the reading (gain). [ratio]
    range : float
        Part proportional to the full scale (offset). [ratio]
    full_scale : float, optional
        Needed where `range` is not zero. [SI unit of the signal]
    coverage_factor : float, optional
        k of the statement; without it a is a maximum permissible error and u = a / sqrt(3).
    source : {"capture", "spec"}
        Who declared it.
    """

    reading: float
    range: float = 0.0
    full_scale: float | None = None
    coverage_factor: float | None = None
    source: Literal["capture", "spec"] = "capture"

    @property
    def gain(self) -> float:
        """Standard uncertainty of the gain, common to a record. [ratio]"""
        return self.reading / self._divisor

    @property
    def offset(self) -> float:
        """Standard uncertainty of the offset, common to a record. [SI unit of the signal]"""
        return self.range * (self.full_scale or 0.0) / self._divisor

    @property
    def _divisor(self) -> float:
        return math.sqrt(3.0) if self.coverage_factor is None else self.coverage_factor


@dataclass(frozen=True, slots=True)
class Derive:
    """How a derived signal is computed from others, before measuring.

    rms, power, sequence: over a trailing window, one value each `step` (stamped at the window's end, as
    IEC 61000-4-30 instruments do); power without a window, sum, difference, scale: sample by
    sample; mean: trailing mean at the input's rate; lowpass: Butterworth, at the input's rate;
    frequency: of the fundamental over a trailing window, one value each `step`.

    Parameters
    ----------
    sources : tuple of str
        Signals that it is computed from, in the order that the operation names them; power: all
        voltages, then all currents.
    window : float
        How far back a value depends on its sources; 0 for sample by sample. [s]
    step : float, optional
        None: a value for each value of the sources. [s]
    part : str, optional
        power: active, reactive or apparent; sequence: positive, negative or zero.
    frequency : float, optional
        Nominal frequency; of a lowpass the frequency where it passes 1/sqrt(2). [Hz]
    order : int
        Of a lowpass.
    factor : float
        Of a scale.
    """

    operation: Literal["rms", "mean", "lowpass", "power", "sum", "difference", "scale", "sequence", "frequency"]
    sources: tuple[str, ...]
    window: float = 0.0
    step: float | None = None
    part: Literal["active", "reactive", "apparent", "positive", "negative", "zero"] | None = None
    frequency: float | None = None
    order: int = 2
    factor: float = 1.0

    @property
    def source(self) -> str:
        """The only, or the first, of the sources."""
        return self.sources[0]


@dataclass(frozen=True, slots=True)
class Signal:
    """A quantity at a place in the contract.

    Parameters
    ----------
    base : str
        SI unit of its samples ("W"); `unit` is the spec's unit for display ("MW").
    rated : float, optional
        Base of `pu` and of `% of rated`; rms where `waveform` is "ac". [SI]
    """

    name: str
    quantity: str
    unit: str
    base: str
    rated: float | None = None
    channel: str | None = None
    accuracy: Accuracy | None = None
    waveform: Literal["ac"] | None = None
    derive: Derive | None = None


Signals = Mapping[str, Signal]


def leaves(signals: Signals, name: str) -> tuple[str, ...]:
    """The recorded signals that `name` is computed from, each once; `name` itself if it is recorded."""
    found, seen, waiting = list[str](), set[str](), [name]
    while waiting:
        one = waiting.pop()
        derive = signals[one].derive
        if one not in seen and derive is None:
            found.append(one)
        elif one not in seen and derive is not None:
            waiting += reversed(derive.sources)
        seen.add(one)
    return tuple(found)


def lead(signals: Signals, name: str) -> float:
    """How far back a value of `name` depends on the record, at most; 0 for a recorded signal. [s]"""
    known: dict[str, float] = {}

    def of(one: str) -> float:
        derive = signals[one].derive
        if one not in known:
            known[one] = 0.0 if derive is None else derive.window + max(of(source) for source in derive.sources)
        return known[one]

    return of(name)


def refresh(signals: Signals, name: str) -> float | None:
    """How often a derived signal has a value; None for as often as its channels are recorded. [s]"""
    derive = signals[name].derive
    if derive is None or derive.step is not None:
        return None if derive is None else derive.step
    return refresh(signals, derive.source)


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """How measurement uncertainty enters the verdict (requirements.md 2.3)."""

    rule: Literal["three_state", "simple", "guarded_acceptance", "guarded_rejection"] = "three_state"
    coverage_factor: float = 2.0


@dataclass(frozen=True, slots=True)
class Limit:
    """Inclusive bounds in the unit of the measured value; `resolution` rounds before comparing."""

    max: float | None = None
    min: float | None = None
    resolution: float | None = None

    def __post_init__(self) -> None:
        """A limit has at least one bound."""
        if self.max is None and self.min is None:
            raise ValueError("a limit needs max, min or both")


@dataclass(frozen=True, slots=True)
class Definition:
    """Frozen id and the sentence it stands for: `settling_time/last_exit@1`."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in a requirement that only several of its keys together show.

    `path` is relative to the requirement: ("limits", "dip", "max").
    """

    path: tuple[str | int, ...]
    message: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What one check needs of the record of one signal, from the spec alone.

    Each field that is set becomes one gate in `quality`, and one line of `slacheck plan`.

    Parameters
    ----------
    max_frequency : float, optional
        Highest frequency looked at; the sampler must not alias into it (G-FS: sample rate at least 2.56 times
        with a documented anti-alias filter, 10 times without). Gate sample_rate, effect `aliasing`. [Hz]
    bandwidth : float, optional
        The chain (declared bandwidth, averaging, derived windows) must pass at least 95 % of the amplitude here (G-BW).
        Gate bandwidth, effect `attenuation`. [Hz]
    time_limit : float, optional
        A time to be resolved: the sample interval must be at most a twentieth of it (G-DT). Gate time_resolution,
        effect NO_VERDICT. [s]
    sample_rate : float, optional
        Least samples per second that the definition asks for, whatever the content. Gate sample_rate, NO_PASS. [Hz]
    duration : float, optional
        The record must last at least this long (G-LEN). Gate record_too_short, effect NO_PASS. [s]
    longest_gap : float, optional
        No gap may be longer (G-GAP); together with `most_missing`. Gate coverage, NO_PASS. [s]
    most_missing : float
        Largest share of missing samples. [1]
    clipping : Effect
        What clipped samples do: NO_PASS where clipping can only lessen the reading.
    aliasing, attenuation : Effect
        See above. `attenuation` is NO_VERDICT for ratios.
    screened : bool
        The kind itself leaves out samples that no instrument can have measured; else they give no verdict.
    even : bool
        The measurement needs an even time grid; an uneven record is interpolated and the finding says so.
    """

    signal: str
    max_frequency: float | None = None
    bandwidth: float | None = None
    time_limit: float | None = None
    sample_rate: float | None = None
    duration: float | None = None
    longest_gap: float | None = None
    most_missing: float = 0.01
    clipping: Effect = Effect.NO_PASS
    aliasing: Effect = Effect.NO_VERDICT
    attenuation: Effect = Effect.NO_PASS
    even: bool = True
    screened: bool = False


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """One measured quantity against one limit, known from the spec alone.

    Parameters
    ----------
    name : str
        The limit's key, `bands[0]`, `low[0.7 pu]`, `mask`.
    limit : Limit
        In `unit`.
    unit : str
        SI unit of the measured value; "1" (or "1/s") where the limit is in % or pu.
    display_unit : str
        The unit the spec wrote.
    definition : Definition
        What is measured, with every choice spelled out and the base of every %.
    needs : tuple of Need
        What the record must carry for this check.
    """

    name: str
    limit: Limit
    unit: str
    display_unit: str
    definition: Definition
    needs: tuple[Need, ...] = ()


# ---------------------------------------------------------------- capture -> meters


@dataclass(frozen=True, slots=True)
class Block:
    """A contiguous run of samples of one or more signals on one even grid, all finite.

    Sample i is taken at `first_time + i * interval`. Blocks of one segment follow one another
    without a gap; a new `segment` number means that samples are missing in between.
    """

    samples: Samples
    """Shape (signals, n), float64, rows contiguous, in the order of MeterPlan.signals. [SI]"""
    segment: int
    start: int
    """Index of the first sample on the record's grid; `start` of the next block of the same segment is start + n."""
    first_time: float
    interval: float


class Meter(Protocol):
    """A measurement that is fed blocks. The reading does not depend on where blocks are cut."""

    def update(self, block: Block) -> None:
        """Take the next block."""

    def reading(self) -> Any:
        """What was measured; called once, after the last block."""


class Stage(Protocol):
    """Work that meters of one signal share: from blocks to what all of them take, done once."""

    @property
    def key(self) -> Hashable:
        """Stages with equal keys give the same."""

    def push(self, block: Block) -> Iterable[Any]:
        """What the next block completes."""

    def finish(self) -> Iterable[Any]:
        """What is left after the last block; nothing the second time."""


@runtime_checkable
class StagedMeter(Meter, Protocol):
    """A meter that takes what its stage gives. Its own `update` and `reading` drive the stage if nobody else has."""

    stage: Stage

    def take(self, given: Any) -> None:
        """Take the next of what the stage gives."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece of a record is entered: in which segment, behind how many samples of it that are not seen.

    Parameters
    ----------
    segment : int
        Number of the segment.
    origin : float
        Time of its first sample. [s]
    start : int
        Index of that sample on the record's grid; it is the record's first.
    unseen : int
        Samples of the segment before the place, more than zero.
    """

    segment: int
    origin: float
    start: int
    unseen: int


@runtime_checkable
class Divisible(Protocol):
    """A meter that finds in pieces of a record what it finds in the whole, to the bit, whoever looks at each of them.

    Of a piece, a fresh meter is told where it is entered, is fed `memory` samples or more that lie before the piece,
    forgets what it found in them, and is fed the piece. What the piece does not complete, the next one does. A meter
    whose state has no end to its memory (a recursive filter, an open event) is not divisible.
    """

    @property
    def memory(self) -> int:
        """Samples before a place from which on all that is found depends on nothing earlier."""

    def enter(self, place: Place) -> None:
        """Begin behind samples that are not seen; before anything else."""

    def forget(self) -> None:
        """What was found so far belongs to the piece before."""

    def merge(self, earlier: Any) -> None:
        """Take over what a meter like this one found in all that lies before."""


@dataclass(frozen=True, slots=True)
class MeterPlan:
    """A meter that a requirement wants fed.

    Parameters
    ----------
    key : hashable
        What is measured, signals included: requirements with equal keys share one meter.
    signals : tuple of str
        Signals of one clock. Samples missing in any of them split the segment.
    build : callable
        From the sample interval [s] to a fresh meter.
    bridge : float
        Gaps up to this long are bridged by linear interpolation before the meter sees them. [s]
    """

    key: Hashable
    signals: tuple[str, ...]
    build: Callable[[float], Meter]
    bridge: float = 0.0


@dataclass(frozen=True, slots=True)
class Waveform:
    """Samples of one signal round a moment, at their own times, gaps left out.

    Parameters
    ----------
    times : ndarray of float, shape (n,)
        Strictly increasing, not necessarily even. [s]
    samples : ndarray of float, shape (n,)
        Finite. [SI]
    interval : float
        Nominal sample interval. [s]
    gaps : tuple of (float, float)
        Stretches of the asked interval with no samples, record ends included. [s]
    """

    times: Samples
    samples: Samples
    interval: float
    gaps: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """What is known of the record of one signal, beside its samples.

    Parameters
    ----------
    interval : float
        Nominal interval of the samples behind the signal (of the source, for a derived one), or how often a held
        value is really refreshed, if that is longer. [s]
    grid : float
        Interval of the signal itself: equal to `interval`, or the refresh of a derived rms. [s]
    first, last : float
        Times of the first and last sample. [s]
    samples, missing : int
        Samples expected on the clock, and how many of them are missing or invalid.
    longest_gap : float
        [s]
    ends : (float, float)
        Start and end of the record that no value of a derived signal stands for; they count as missing. [s]
    jitter : float
        Largest distance of a time stamp from the even grid. [s]
    interpolated : bool
        Whether meters see the record through linear interpolation onto an even grid.
    interpolation_error : float
        Bound of the interpolation error at any one point, from the record's own second differences; or of what the
        derivation of a frequency adds. [SI]
    interpolation_rms : float
        The same as a root mean square over the record. [SI]
    clock_fault : str or None
        Duplicate or backward time stamps, in words.
    clipped : int
        Samples at or beyond the declared or detected clip levels.
    impossible : int
        Samples outside of what an instrument can measure of such a quantity.
    anti_alias : bool
        A documented filter stands before the sampler.
    bandwidth : float or None
        Declared -3 dB bandwidth of the chain. [Hz]
    averaging : tuple of float
        Lengths of moving averages in the chain, derived windows included. [s]
    filters : tuple of (float, int)
        Butterworth low-passes in the chain: -3 dB frequency [Hz] and order.
    unfit : tuple of (str, str)
        Why a derived signal cannot be computed from this record: reason code and sentence.
    window : float
        Length of the trailing window of a derived signal: a time read on it is late by 0 to `window`. [s]
    time_uncertainty : float
        Declared standard uncertainty of the time stamps. [s]
    held : bool
        The recorder repeats values: `interval` is the measured refresh, not the sample interval.
    frozen : float
        Longest time for which a channel that else changes with every sample repeats one value. [s]
    quantum : float
        Step of the converter of a recorded signal, where one shows; 0 for a derived one. [SI]
    hidden_noise : float
        Noise that those steps may hide, where the record trembles between them. [SI]
    clip : (float, float) or None
        Declared levels at and beyond which a recorded signal is clipped. [SI]
    """

    signal: str
    channel: str
    interval: float
    grid: float
    first: float
    last: float
    samples: int
    missing: int
    longest_gap: float
    ends: tuple[float, float] = (0.0, 0.0)
    jitter: float = 0.0
    interpolated: bool = False
    interpolation_error: float = 0.0
    interpolation_rms: float = 0.0
    clock_fault: str | None = None
    clipped: int = 0
    impossible: int = 0
    anti_alias: bool = False
    bandwidth: float | None = None
    averaging: tuple[float, ...] = ()
    filters: tuple[tuple[float, int], ...] = ()
    unfit: tuple[tuple[str, str], ...] = ()
    window: float = 0.0
    time_uncertainty: float = 0.0
    held: bool = False
    frozen: float = 0.0
    quantum: float = 0.0
    hidden_noise: float = 0.0
    clip: tuple[float, float] | None = None

    @property
    def duration(self) -> float:
        """From the first sample to the end of the last one. [s]"""
        return self.last - self.first + min(self.grid, self.interval)


class Measurements(Protocol):
    """What a kind may ask of one capture when it evaluates: readings, short windows, facts."""

    coverage_factor: float

    def reading(self, key: Hashable) -> Any:
        """Reading of the meter that was planned under this key."""

    def window(self, signal: str, start: float, end: float) -> Waveform:
        """Samples of a short interval at their own times (read again from the record)."""

    def facts(self, signal: str) -> SignalFacts:
        """What is known of the record of this signal."""

    def accuracy(self, signal: str) -> Accuracy | None:
        """Accuracy in force: the capture's, else the spec's, else None (then only noise and estimator count)."""


# ---------------------------------------------------------------- evaluate -> decide


@dataclass(frozen=True, slots=True)
class Term:
    """One line of an uncertainty budget, a standard uncertainty in the unit of the value.

    `treatment` says in words how it entered: "common to the record, cancels in the difference".
    `unit` is the SI unit of a term that has another one than the value: of a level that moves a time.
    """

    name: str
    standard_uncertainty: float
    treatment: str = ""
    unit: str | None = None

    def __post_init__(self) -> None:
        """Refuse an uncertainty that is not finite."""
        if not math.isfinite(self.standard_uncertainty):
            raise ValueError(f"uncertainty term {self.name!r}: {self.standard_uncertainty!r} is not finite")


def expanded(terms: Iterable[Term], coverage_factor: float) -> float:
    """U = k sqrt(sum u_i^2), independent terms (JCGM 100:2008 5.1.2, 6.2.1). [unit of the terms]"""
    return coverage_factor * math.sqrt(math.fsum(term.standard_uncertainty**2 for term in terms))


@dataclass(frozen=True, slots=True)
class Mark:
    """Something drawn over a witness: limits, levels, moments, bands.

    Parameters
    ----------
    shape : str
        "hline" (y,), "vline" (x,), "hband" (y0, y1), "vband" (x0, x1), "line" (x0, y0, x1, y1, ...), "point" (x, y).
    role : str
        "limit", "level", "event", "window" or "worst"; gives the colour and the legend.
    label : str
        Shown beside it.
    values : tuple of float
        Coordinates. [s or Hz, SI unit of `signal`]
    signal : str, optional
        Which of the witness's signals (panel) it belongs to; None: all.
    """

    shape: Literal["hline", "vline", "hband", "vband", "line", "point"]
    role: Literal["limit", "level", "event", "window", "worst"]
    label: str
    values: tuple[float, ...]
    signal: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """Where to look to see why: an interval of time on some signals, or a spectrum.

    For a time witness the samples are read from the record later and decimated by min and max;
    a spectrum carries its own points.
    """

    signals: tuple[str, ...]
    start: float
    end: float
    marks: tuple[Mark, ...] = ()
    axis: Literal["time", "frequency"] = "time"
    points: tuple[tuple[float, float], ...] = ()
    unit: str = ""
    """Unit of the points of a spectrum, SI."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured for one check: a number or nothing, and the gates that measuring showed.

    Parameters
    ----------
    check : str
        Name of a CheckPlan of the requirement.
    event : int, optional
        Number of the event, from 0, for kinds that measure each event.
    measured : Measured, optional
        None when nothing could be measured; then `gates` holds the reason.
    time, frequency : float, optional
        Where the deciding reading stands. [s], [Hz]
    gates : tuple of Gate
        Found while measuring: no_event, step_too_small, unsettled, noise, gap_in_event, ...
    budget : tuple of Term
        What the uncertainty is made of.
    notes : tuple of str
        Statements for the report: what was interpolated, treated as common, assumed.
    witness : Witness, optional
        What to draw if this measurement decides.
    """

    check: str
    event: int | None = None
    measured: Measured | None = None
    time: float | None = None
    frequency: float | None = None
    gates: tuple[Gate, ...] = ()
    budget: tuple[Term, ...] = ()
    notes: tuple[str, ...] = ()
    witness: Witness | None = None

    def __post_init__(self) -> None:
        """Refuse coordinates that are not finite."""
        for place in (self.time, self.frequency):
            if place is not None and not math.isfinite(place):
                raise ValueError(f"check {self.check}: {place!r} is no time or frequency")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All measurements of a requirement on one capture; every CheckPlan has at least one.

    `events` is how many events were found, for kinds that look for them; else None.
    """

    measurements: tuple[Measurement, ...]
    events: int | None = None
    notes: tuple[str, ...] = ()


# ---------------------------------------------------------------- a kind

R = TypeVar("R", bound="Requirement")


def _no_problems(requirement: Any, signals: Signals) -> Iterator[Problem]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """One requirement kind: data-only model and functions. Behaviour is never inherited.

    Parameters
    ----------
    name : str
        As written after `kind:`.
    model : type
        Keys of the requirement, derived from `language.Requirement`.
    signals : callable
        Names of the signals a requirement looks at.
    checks : callable
        Every check, from the spec alone.
    meters : callable
        Every meter, from the spec alone. Imports `slacheck.measure` inside.
    evaluate : callable
        Readings and windows to measurements. Never compares with a limit.
    sentence : callable
        The clause as one contract sentence, every default spelled out.
    problems : callable, optional
        Faults that several keys together show; only called when the keys alone are right and all signals exist.
    manual : str
        The manual page (the module docstring).
    provider : str
        Distribution and version that the kind comes from, written into the evidence.
    """

    name: str
    model: type[R]
    signals: Callable[[R], tuple[str, ...]]
    checks: Callable[[R, Signals], tuple[CheckPlan, ...]]
    meters: Callable[[R, Signals], tuple[MeterPlan, ...]]
    evaluate: Callable[[R, Signals, Measurements], Evaluation]
    sentence: Callable[[R, Signals], str]
    problems: Callable[[R, Signals], Iterator[Problem]] = _no_problems
    manual: str = ""
    provider: str = "slacheck"


# ---------------------------------------------------------------- decide -> record


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One decided check."""

    plan: CheckPlan
    measurement: Measurement
    gates: tuple[Gate, ...]
    verdict: Verdict
    reasons: tuple[Reason, ...]
    margin: float | None = None
    margin_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement's outcome on one capture."""

    requirement: Requirement
    capture: str | None
    test: str | None
    verdict: Verdict
    checks: tuple[CheckResult, ...] = ()
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    decider: CheckResult | None = None
    """The check with the worst verdict and, among those, the smallest margin."""
    error: str | None = None
    """Traceback of an ERROR."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of a capture: SHA-256 and size of its original bytes."""

    name: str
    role: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """What the evidence says of one channel that a requirement used."""

    name: str
    unit: str | None
    sample_rate: float
    samples: int
    missing: int


@dataclass(frozen=True, slots=True)
class CaptureRecord:
    """What the evidence says of one capture."""

    id: str
    test: str | None
    start: str | None
    duration: float
    files: tuple[FileRecord, ...]
    channels: tuple[ChannelRecord, ...]
    signals: Mapping[str, str] = field(default_factory=dict)
    """Signal to channel."""
    instrument: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """How the clock is, what was skipped, what the reader found."""


@dataclass(frozen=True, slots=True)
class WaiverRecord:
    """A waiver: a label beside a verdict, which it never changes."""

    requirement: str
    reason: str
    by: str
    expires: str
    expired: bool


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything that a run found, ready to be written down (design section 6)."""

    version: str
    spec_id: str
    spec_title: str | None
    spec_version: str | None
    spec_sha256: str
    extends: tuple[Mapping[str, str | None], ...]
    """Specs that it was laid over, the nearest first: reference, id, version, sha256."""
    contract: Mapping[str, str]
    decision: DecisionRule
    captures: tuple[CaptureRecord, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    submission: Mapping[str, Any] | None = None
    """id, supplier and sha256 of the submission document, and notes on how it was put together."""
    waivers: tuple[WaiverRecord, ...] = ()
    claims: tuple[Mapping[str, Any], ...] = ()
    """Each as written, and how it stands against what was measured."""
    traces: Mapping[int, str] = field(default_factory=dict)
    """Index of a finding to the name of its trace member, `traces/DYN-1-0.parquet`."""
    providers: Mapping[str, str] = field(default_factory=dict)
    """Kind to the distribution and version it comes from."""


# ---------------------------------------------------------------- small conversions kinds share


def level(quantity: Quantity, signal: Signal, base: float | None = None) -> float:
    """A level of a signal in SI: in its unit, in pu of rated, or in % of `base` (default rated).

    Raises
    ------
    ValueError
        If the unit does not fit the signal, or `pu` or `%` is used and there is no base.
    """
    if quantity.base == signal.base:
        return quantity.value
    if quantity.base in ("pu", "%"):
        reference = base if base is not None and quantity.base == "%" else signal.rated
        if reference is None:
            raise ValueError(f"{quantity.text!r} needs the signal {signal.name!r} to have a rated value")
        return quantity.value * reference
    raise ValueError(
        f"{quantity.text!r} does not fit the signal {signal.name!r}, which is a {signal.quantity} in {signal.unit}; "
        f"write it in {signal.unit}, pu or %"
    )


def level_problem(
    path: tuple[str | int, ...], quantity: Quantity | None, signal: Signal, per: str = "", signed: bool = True
) -> Iterator[Problem]:
    """Problem, if any, of writing `quantity` for `signal` (`per="/s"` for a rate).

    With `signed` False a negative quantity is a problem too.
    """
    if quantity is None:
        return
    allowed = (signal.base + per, "pu" + per, "%" + per)
    if quantity.base not in allowed:
        yield Problem(
            path,
            f"{quantity.text!r} does not fit the signal {signal.name!r}, a {signal.quantity} in {signal.unit}",
            f"write it in {signal.unit}{per}, pu{per} or %{per}",
        )
    elif quantity.base != signal.base + per and signal.rated is None:
        yield Problem(
            path,
            f"{quantity.text!r} is relative, but the signal {signal.name!r} has no rated value",
            f"give the signal `rated:`, or write the quantity in {signal.unit}{per}",
        )
    elif not signed and quantity.value < 0:
        yield Problem(path, f"{quantity.text!r} is negative; this is a magnitude")


def limit_of(model: LimitModel) -> tuple[Limit, str, str]:
    """The limit in base units, the unit of its measured value, and its display unit.

    `%` and `pu` become ratios: `15 %` gives Limit(max=0.15), "1", "%"; `20 %/s` gives "1/s".
    """
    first = model.max if model.max is not None else model.min
    if first is None:
        raise ValueError("a limit needs max, min or both")
    head, _, per = first.base.partition("/")
    unit = ("1" if head in ("%", "pu") else head) + (f"/{per}" if per else "")
    limit = Limit(
        max=None if model.max is None else model.max.value,
        min=None if model.min is None else model.min.value,
        resolution=None if model.resolution is None else model.resolution.value,
    )
    return limit, unit, first.unit


def is_relative(model: LimitModel) -> bool:
    """Whether the limit is written in % or pu, so that the measured value is a ratio."""
    first = model.max if model.max is not None else model.min
    return first is not None and first.base.partition("/")[0] in ("%", "pu")
