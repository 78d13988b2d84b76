"""Signals: from the keys of the document to `contract.Signal`, with every unit and source checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slacheck.contract import Accuracy, Problem, Signal
from slacheck.spec.derive import contract_of
from slacheck.spec.derived import derive_problems
from slacheck.spec.model import AccuracyModel, SignalModel
from slacheck.units import QUANTITY_UNITS, Quantity, parse_unit


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
        derive=None if model.derive is None else contract_of(model.derive),
    )


def _accuracy(model: AccuracyModel) -> Accuracy:
    return Accuracy(
        reading=0.0 if model.reading is None else model.reading.value,
        range=0.0 if model.range is None else model.range.value,
        full_scale=None if model.full_scale is None else model.full_scale.value,
        coverage_factor=model.coverage_factor,
        source="spec",
    )


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
        yield from derive_problems(name, model.derive, models, names)


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
