"""Where two values of one model differ in meaning: unit of writing, defaults and order of keys do not count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from pydantic import BaseModel

from slacheck.language import Event, LimitModel
from slacheck.spec.strict import in_words
from slacheck.units import Quantity, parse_quantity

Effect = Literal["tightened", "loosened"]

_ABSENT: dict[tuple[type[BaseModel], str], Quantity] = {(Event, "min_step"): parse_quantity("10 %")}
"""What the absence of a key means, where the model leaves it absent."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs.

    Parameters
    ----------
    key : str
        `band.half_width`, `bands[0].max`.
    old, new : str, optional
        As the documents write them; None where the key is absent.
    is_limit : bool
        Whether it is a bound of a limit, or a whole limit.
    effect : {"tightened", "loosened"}, optional
        What the change of a limit does; None where the two cannot be ordered.
    percent : float, optional
        By how much, in % of the old bound's size.
    """

    key: str
    old: str | None
    new: str | None
    is_limit: bool = False
    effect: Effect | None = None
    percent: float | None = None


def changes_of(old: BaseModel, new: BaseModel, skipped: frozenset[str] = frozenset()) -> Iterator[Change]:
    """Each value in which two models of one type differ, but for the keys that are `skipped`."""
    for name, info in type(old).model_fields.items():
        if name not in skipped:
            key = info.alias or name
            yield from _changes(key, _meant(old, name), _meant(new, name), _is_bound(old, name, key))


def normal(value: Any) -> Any:
    """A value without the way in which it was written: equal where the meaning is."""
    if isinstance(value, Quantity):
        return (value.value, value.base)
    if isinstance(value, BaseModel):
        return tuple((name, normal(_meant(value, name))) for name in type(value).model_fields)
    if isinstance(value, Mapping):
        return frozenset((key, normal(inner)) for key, inner in value.items())
    if isinstance(value, tuple | list):
        return tuple(normal(inner) for inner in value)
    return value


def _meant(model: BaseModel, name: str) -> Any:
    """The value of a key, or what its absence means."""
    value = getattr(model, name)
    if value is None and not (isinstance(model, Event) and model.at is not None):
        return _ABSENT.get((type(model), name))
    return value


def _is_bound(model: BaseModel, name: str, key: str) -> bool:
    return name in ("max", "min") and (isinstance(model, LimitModel) or key.startswith("limits."))


def _changes(key: str, old: Any, new: Any, bound: bool = False) -> Iterator[Change]:
    if type(old) is type(new) and isinstance(old, BaseModel):
        for name, info in type(old).model_fields.items():
            inner = f"{key}.{info.alias or name}"
            yield from _changes(inner, _meant(old, name), _meant(new, name), _is_bound(old, name, inner))
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys((*old, *new)):
            yield from _changes(f"{key}.{name}", old.get(name), new.get(name))
    elif _is_list(old) and _is_list(new) and (len(old) == len(new) or _holds_models((*old, *new))):
        for index, (before, after) in enumerate(zip_longest(old, new)):
            yield from _changes(f"{key}[{index}]", before, after)
    elif normal(old) != normal(new):
        yield _change(key, old, new, bound)


def _is_list(value: Any) -> bool:
    """Whether a value is a list whose entries are looked at one by one: bands, points of a curve."""
    return isinstance(value, tuple | list) and any(isinstance(inner, tuple | list | BaseModel) for inner in value)


def _holds_models(values: tuple[Any, ...]) -> bool:
    return all(isinstance(value, BaseModel) for value in values)


def _change(key: str, old: Any, new: Any, bound: bool) -> Change:
    texts = (None if old is None else in_words(old), None if new is None else in_words(new))
    whole = isinstance(old, LimitModel) or isinstance(new, LimitModel)
    if not (bound or whole):
        return Change(key, *texts)
    if old is None or new is None:
        return Change(key, *texts, is_limit=True, effect="tightened" if old is None else "loosened")
    return Change(key, *texts, True, *_effect(old, new, key.endswith("max")))


def _effect(old: Any, new: Any, is_max: bool) -> tuple[Effect | None, float | None]:
    """What moving a bound does; nothing can be said of bounds in different units."""
    (before, unit), (after, other) = (normal(v) if isinstance(v, Quantity) else (v, "") for v in (old, new))
    if unit != other:
        return None, None
    effect: Effect = "tightened" if (after < before) == is_max else "loosened"
    return effect, None if before == 0 else 100.0 * abs(after - before) / abs(before)
