"""Signals: from the keys of the document to `contract.Signal`, with every unit and source checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slacheck.contract import Accuracy, Derive, Problem, Signal
from slacheck.spec.model import AccuracyModel, MeanDerive, RmsDerive, SignalModel
from slacheck.units import QUANTITY_UNITS, Quantity, parse_unit
from slacheck.wording import choose

DEEPEST = 8
"""Longest chain of signals from a derived one to the recorded one behind it, both counted."""


def source_of(derive: RmsDerive | MeanDerive) -> str:
    """The signal that a derived one is computed from."""
    return derive.rms if isinstance(derive, RmsDerive) else derive.mean


def signal_of(name: str, model: SignalModel) -> Signal:
    """The signal, of a model without problems."""
    return Signal(
        name=name,
        quantity=model.quantity,
        unit=model.unit,
        base=parse_unit(model.unit).base,
        rated=None if model.rated is None else model.rated.value,
        channel=model.channel,
        accuracy=None if model.accuracy is None else _accuracy(model.accuracy),
        waveform=model.waveform,
        derive=None if model.derive is None else _derive(model.derive),
    )


def _accuracy(model: AccuracyModel) -> Accuracy:
    return Accuracy(
        reading=0.0 if model.reading is None else model.reading.value,
        range=0.0 if model.range is None else model.range.value,
        full_scale=None if model.full_scale is None else model.full_scale.value,
        coverage_factor=model.coverage_factor,
        source="spec",
    )


def _derive(model: RmsDerive | MeanDerive) -> Derive:
    window = _seconds(model.window, model.frequency)
    if isinstance(model, MeanDerive):
        return Derive("mean", model.mean, window)
    return Derive("rms", model.rms, window, _step(model))


def _step(model: RmsDerive) -> float:
    """How often a value is given. [s]"""
    if isinstance(model.refresh, Quantity):
        return model.refresh.value
    if model.frequency is None:
        raise ValueError("cycles need a frequency")
    return (0.5 if model.refresh == "half_cycle" else 1.0) / model.frequency.value


def _seconds(window: Quantity, frequency: Quantity | None) -> float:
    if window.base == "s":
        return window.value
    if frequency is None:
        raise ValueError("cycles need a frequency")
    return window.value / frequency.value


# ---------------------------------------------------------------- what does not fit


def signal_problems(name: str, models: Mapping[str, SignalModel], names: Mapping[str, object]) -> Iterator[Problem]:
    """What does not fit together in one signal; paths are relative to it.

    Parameters
    ----------
    models : mapping
        The signals whose keys are right.
    names : mapping
        Every name that the spec declares, right or not.
    """
    model = models[name]
    unit, units = parse_unit(model.unit), QUANTITY_UNITS[model.quantity]
    if unit.base not in units:
        yield Problem(("unit",), f"{model.unit!r} is no unit of {model.quantity}", f"write it in {' or '.join(units)}")
        return
    if model.rated is not None:
        yield from _in_unit(("rated",), model.rated, model)
        if not model.rated.value > 0:
            yield Problem(("rated",), f"expected more than zero, got {model.rated.text!r}")
    if model.accuracy is not None:
        yield from _accuracy_problems(model.accuracy, model)
    if model.derive is not None:
        yield from _derive_problems(name, model.derive, models, names)


def _in_unit(path: tuple[str, ...], quantity: Quantity, model: SignalModel) -> Iterator[Problem]:
    base = parse_unit(model.unit).base
    if quantity.base != base:
        message = f"{quantity.text!r} does not fit the signal, {model.quantity} in {model.unit}"
        yield Problem(path, message, f"write it in {model.unit}")


def _accuracy_problems(accuracy: AccuracyModel, model: SignalModel) -> Iterator[Problem]:
    if accuracy.reading is None and accuracy.range is None:
        yield Problem(("accuracy",), "accuracy needs reading, range or both", "write for example {reading: 0.5 %}")
    for key in ("reading", "range"):
        share: Quantity | None = getattr(accuracy, key)
        if share is not None and share.value < 0:
            yield Problem(("accuracy", key), f"{share.text!r} is negative; an accuracy is a magnitude")
    if accuracy.full_scale is not None:
        yield from _in_unit(("accuracy", "full_scale"), accuracy.full_scale, model)
        if not accuracy.full_scale.value > 0:
            yield Problem(("accuracy", "full_scale"), f"expected more than zero, got {accuracy.full_scale.text!r}")
        if accuracy.range is None:
            yield Problem(("accuracy", "full_scale"), "full_scale is the base of `range`, which is not given")
    elif accuracy.range is not None:
        fix = (
            f"write for example full_scale: {'60' if model.rated is None else model.rated.text.split()[0]} {model.unit}"
        )
        yield Problem(("accuracy", "range"), "`range` is a share of the full scale, which is not given", fix)


def _derive_problems(
    name: str, derive: RmsDerive | MeanDerive, models: Mapping[str, SignalModel], names: Mapping[str, object]
) -> Iterator[Problem]:
    model = models[name]
    if model.channel is not None:
        yield Problem(("channel",), "a derived signal is computed, not recorded; it has no channel", "remove `channel`")
    if isinstance(derive, RmsDerive) and model.waveform is not None:
        yield Problem(("waveform",), "an rms value is not a waveform", "remove `waveform`")
    yield from _source_problems(name, derive, models, names)
    yield from _window_problems(derive)


def _source_problems(
    name: str, derive: RmsDerive | MeanDerive, models: Mapping[str, SignalModel], names: Mapping[str, object]
) -> Iterator[Problem]:
    model, source = models[name], source_of(derive)
    path = ("derive", "rms" if isinstance(derive, RmsDerive) else "mean")
    if source not in names:
        yield Problem(path, f"there is no signal {source!r}", choose(source, names, "signals"))
        return
    chain = _chain(name, models)
    if name in chain[1:]:
        yield Problem(path, f"the signal is computed from itself: {' from '.join(chain)}")
        return
    if len(chain) > DEEPEST:
        yield Problem(path, f"the signal is derived through more than {DEEPEST - 1} others")
        return
    if source not in models:
        return
    of = models[source]
    if of.quantity != model.quantity:
        message = f"{source!r} is {of.quantity}, so a signal derived from it cannot be {model.quantity}"
        yield Problem(("quantity",), message, f"write quantity: {of.quantity}")
    elif parse_unit(of.unit).base != parse_unit(model.unit).base:
        message = f"{source!r} is in {of.unit}, so a signal derived from it cannot be in {model.unit}"
        yield Problem(("unit",), message, f"write unit: {of.unit}")


def _chain(name: str, models: Mapping[str, SignalModel]) -> list[str]:
    """`name`, its source, the source of that and so on, until one is recorded, or `name` again, or too deep."""
    chain = [name]
    while len(chain) <= DEEPEST and chain[-1] in models:
        derive = models[chain[-1]].derive
        if derive is None:
            break
        chain.append(source_of(derive))
        if chain[-1] == name:
            break
    return chain


def _window_problems(derive: RmsDerive | MeanDerive) -> Iterator[Problem]:
    refresh = derive.refresh if isinstance(derive, RmsDerive) else None
    in_cycles = [f"window: {derive.window.text}"] if derive.window.base == "cycle" else []
    if isinstance(refresh, str):
        in_cycles.append(f"refresh: {refresh}")
    if in_cycles and derive.frequency is None:
        message = (
            f"{' and '.join(in_cycles)} need a frequency" if len(in_cycles) > 1 else f"{in_cycles[0]} needs a frequency"
        )
        yield Problem(("derive",), message, "write for example frequency: 60 Hz, or give times")
    elif derive.frequency is not None and not in_cycles:
        yield Problem(("derive", "frequency"), "frequency has no effect where nothing is in cycles", "remove it")
    elif isinstance(derive, RmsDerive) and _step(derive) > _seconds(derive.window, derive.frequency) * (1 + 1e-9):
        message = f"a value each {derive.refresh} over {derive.window.text} would leave samples out"
        yield Problem(("derive",), message, "make refresh no longer than window")
