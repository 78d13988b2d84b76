"""The `derive:` block of a signal: its keys by operation, and what they mean as a `contract.Derive`."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from slacheck.contract import Derive
from slacheck.language import Duration, Frequency, Integer, Model, Number, QuantityOf, Text, definition
from slacheck.units import Quantity

Window = Annotated[Quantity, QuantityOf("s", "cycle", examples=("1 cycle", "100 ms"), positive=True)]
Sources = tuple[Text, ...]


def _refresh(value: object) -> object:
    return str(value) if str(value) in ("half_cycle", "cycle") else value


def _factor(value: float) -> float:
    if value == 0.0 or not math.isfinite(value):
        raise PydanticCustomError("factor", "expected a number that is not zero, got {got}", {"got": f"{value:g}"})
    return value


Factor = Annotated[Number, AfterValidator(_factor)]
Refresh = Annotated[Literal["half_cycle", "cycle"] | Duration, BeforeValidator(_refresh)]
_WINDOW = "Length of the trailing window: a time, or cycles of `frequency`."
_REFRESH = "How often a value is given: half_cycle, cycle, or a time."
_REFRESH_EXAMPLES = ["half_cycle", "10 ms"]
_NOMINAL = "Nominal frequency, for `cycle`."


class RmsDerive(Model):
    """Root mean square over a trailing window, one value each `refresh`."""

    rms: Text = Field(description="Signal that it is computed from.", examples=["v_a"])
    window: Window = Field(description=_WINDOW)
    refresh: Refresh = definition("half_cycle", _REFRESH, examples=_REFRESH_EXAMPLES)
    frequency: Frequency | None = Field(None, description=_NOMINAL, examples=["60 Hz"])


class MeanDerive(Model):
    """Mean over a trailing window, at the rate of its source."""

    mean: Text = Field(description="Signal that it is computed from.", examples=["it_load"])
    window: Window = Field(description=_WINDOW)
    frequency: Frequency | None = Field(None, description=_NOMINAL, examples=["60 Hz"])


class LowpassDerive(Model):
    """Butterworth low-pass, at the rate of its source."""

    lowpass: Text = Field(description="Signal that it is computed from.", examples=["pcc_power"])
    cutoff: Frequency = Field(description="Where it passes 1/sqrt(2) of an amplitude (-3 dB).", examples=["10 Hz"])
    order: Integer = definition(2, "Order of the filter, 1 to 8.", ge=1, le=8)


class PowerDerive(Model):
    """Power from voltages and currents, phase by phase: active, reactive (fundamental) or apparent (arithmetic)."""

    power: Literal["active", "reactive", "apparent"] = Field(description="Which power (IEEE 1459).")
    voltages: Sources = Field(min_length=1, description="Voltage of each phase.", examples=[["v_a", "v_b", "v_c"]])
    currents: Sources = Field(min_length=1, description="Current of each phase, in the same order.")
    window: Window | None = Field(
        None, description=f"{_WINDOW} Absent, for active power only: sample by sample.", examples=["1 cycle"]
    )
    refresh: Refresh | None = Field(None, description=f"{_REFRESH} Needed with `window`.", examples=_REFRESH_EXAMPLES)
    frequency: Frequency | None = Field(None, description="Nominal frequency, for `cycle` and reactive power.")


class SumDerive(Model):
    """Sum of signals, sample by sample."""

    sum: Sources = Field(min_length=2, description="Signals that are added.", examples=[["hall_a", "hall_b"]])


class DifferenceDerive(Model):
    """First signal less the second, sample by sample."""

    difference: tuple[Text, Text] = Field(description="What the second is taken from, and the second.")


class ScaleDerive(Model):
    """A signal times a number, sample by sample."""

    scale: Text = Field(description="Signal that it is computed from.")
    factor: Factor = Field(description="What it is multiplied by; -1 turns the sign.", examples=[-1])


class SequenceDerive(Model):
    """Rms magnitude of a symmetrical component of three AC waveforms."""

    sequence: Literal["positive", "negative", "zero"] = Field(description="Which component (Fortescue).")
    of: tuple[Text, Text, Text] = Field(description="Waveforms of the phases, in the order of positive sequence.")
    window: Window = Field(description="Length of the trailing window: whole cycles of `frequency`.")
    refresh: Refresh = definition("half_cycle", _REFRESH, examples=_REFRESH_EXAMPLES)
    frequency: Frequency = Field(description="Nominal frequency.", examples=["60 Hz"])


class FrequencyDerive(Model):
    """Frequency of the fundamental of an AC waveform over a trailing window."""

    frequency: Text = Field(description="Waveform that it is computed from.", examples=["v_a"])
    nominal: Frequency = Field(description="Nominal frequency.", examples=["60 Hz"])
    window: Window = Field(description="Length of the trailing window: a time, or cycles of `nominal`.")
    refresh: Refresh = definition("cycle", _REFRESH, examples=_REFRESH_EXAMPLES)


AnyDerive = (
    RmsDerive
    | MeanDerive
    | LowpassDerive
    | PowerDerive
    | SumDerive
    | DifferenceDerive
    | ScaleDerive
    | SequenceDerive
    | FrequencyDerive
)
OPERATIONS: dict[str, type[Model]] = {next(iter(model.model_fields)): model for model in get_args(AnyDerive)}
"""Operation key to the model of its other keys. `frequency` is also a key of others, so it is looked for last."""


def operation_of(derive: AnyDerive) -> str:
    """The operation's key."""
    return next(iter(type(derive).model_fields))


def _tag(value: Any) -> str | None:
    """Tag of the derivation; not the name of a key, so that it cannot be taken for one."""
    if isinstance(value, get_args(AnyDerive)):
        return f"derive by {operation_of(value)}"
    keys = [key for key in OPERATIONS if isinstance(value, dict) and key in value]
    keys = keys if keys == ["frequency"] else [key for key in keys if key != "frequency"]
    return f"derive by {keys[0]}" if len(keys) == 1 else None


DeriveModel = Annotated[
    Annotated[RmsDerive, Tag("derive by rms")]
    | Annotated[MeanDerive, Tag("derive by mean")]
    | Annotated[LowpassDerive, Tag("derive by lowpass")]
    | Annotated[PowerDerive, Tag("derive by power")]
    | Annotated[SumDerive, Tag("derive by sum")]
    | Annotated[DifferenceDerive, Tag("derive by difference")]
    | Annotated[ScaleDerive, Tag("derive by scale")]
    | Annotated[SequenceDerive, Tag("derive by sequence")]
    | Annotated[FrequencyDerive, Tag("derive by frequency")],
    Discriminator(
        _tag,
        custom_error_type="operation",
        custom_error_message="expected exactly one operation: rms, mean, lowpass, power, sum, difference, scale, "
        "sequence or frequency",
    ),
]


# ---------------------------------------------------------------- what it means


def sources_of(derive: AnyDerive) -> dict[tuple[str | int, ...], str]:
    """The signals that a derived one is computed from, by where they are named."""
    keys: tuple[str, ...]
    if isinstance(derive, PowerDerive):
        keys = ("voltages", "currents")
    else:
        keys = ("of" if isinstance(derive, SequenceDerive) else operation_of(derive),)
    found: dict[tuple[str | int, ...], str] = {}
    for key in keys:
        named: str | tuple[str, ...] = getattr(derive, key)
        if isinstance(named, str):
            found[(key,)] = named
        else:
            found |= {(key, number): name for number, name in enumerate(named)}
    return found


def contract_of(derive: AnyDerive) -> Derive:
    """What a derivation without problems means, every time in seconds."""
    sources = tuple(sources_of(derive).values())
    match derive:
        case MeanDerive():
            return Derive("mean", sources, seconds(derive.window, derive.frequency))
        case LowpassDerive():
            settling = settling_time(derive.cutoff.value, derive.order)
            return Derive("lowpass", sources, settling, frequency=derive.cutoff.value, order=derive.order)
        case SumDerive():
            return Derive("sum", sources)
        case DifferenceDerive():
            return Derive("difference", sources)
        case ScaleDerive():
            return Derive("scale", sources, factor=derive.factor)
        case PowerDerive(window=None):
            return Derive("power", sources, part=derive.power)
        case FrequencyDerive():
            window, step = seconds(derive.window, derive.nominal), step_of(derive.refresh, derive.nominal)
            return Derive("frequency", sources, window, step, frequency=derive.nominal.value)
    return _stepped(derive, sources)


def _stepped(derive: RmsDerive | PowerDerive | SequenceDerive, sources: tuple[str, ...]) -> Derive:
    if derive.window is None or derive.refresh is None:
        raise ValueError("window and refresh belong together")
    window, step = seconds(derive.window, derive.frequency), step_of(derive.refresh, derive.frequency)
    nominal = None if derive.frequency is None else derive.frequency.value
    if isinstance(derive, RmsDerive):
        return Derive("rms", sources, window, step, frequency=nominal)
    if isinstance(derive, PowerDerive):
        return Derive("power", sources, window, step, derive.power, nominal)
    return Derive("sequence", sources, window, step, derive.sequence, nominal)


def settling_time(cutoff: float, order: int, share: float = 1e-6) -> float:
    """Time after which a Butterworth low-pass has forgotten all but `share` of the past. [s]

    Its slowest poles decay as ``exp(-2 pi f_c sin(pi / 2n) t)``.
    """
    return -math.log(share) / (2.0 * math.pi * cutoff * math.sin(math.pi / (2.0 * order)))


def step_of(refresh: str | Quantity, frequency: Quantity | None) -> float:
    """How often a value is given. [s]"""
    if isinstance(refresh, Quantity):
        return refresh.value
    if frequency is None:
        raise ValueError("cycles need a frequency")
    return (0.5 if refresh == "half_cycle" else 1.0) / frequency.value


def seconds(window: Quantity, frequency: Quantity | None) -> float:
    """A window that may be in cycles. [s]"""
    if window.base == "s":
        return window.value
    if frequency is None:
        raise ValueError("cycles need a frequency")
    return window.value / frequency.value
