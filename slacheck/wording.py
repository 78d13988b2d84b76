"""What is wrong with a document, in the words of the document: pydantic's errors, translated.

A pydantic error says where by a `loc` that mixes keys and indices with things that are not in
the document (tags of union members, names of validators), and says what in the jargon of a
library. Here `loc` is walked along the raw data, so that what is not a key or an index there
drops out, and each message names the offending value and what was expected.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag

Path = tuple[str | int, ...]

_LONGEST_VALUE = 60
_MOST_CHOICES = 300
"""Among more, only those that differ in case and separators are looked for; the rest takes too long."""
_MOST_LISTED = 30


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the data at `path`, at its key if `key`."""

    path: Path
    message: str
    fix: str | None = None
    key: bool = False


def shorten(text: str) -> str:
    """At most 60 code points of `text`."""
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def describe(value: Any) -> str:
    """A value of a document as it is named in a message."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return repr(shorten(str(value))) if isinstance(value, str) else str(value)


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that was most likely meant, if one is near."""
    known = sorted(choices)
    word = shorten(word)
    folded = {choice.lower().replace("-", "_").replace(" ", "_"): choice for choice in reversed(known)}
    plain = word.lower().replace("-", "_").replace(" ", "_")
    if plain in folded:
        return folded[plain]
    if len(known) > _MOST_CHOICES:
        return None
    near = difflib.get_close_matches(plain, folded, n=1, cutoff=0.6)
    if near:
        return folded[near[0]]
    holding = [choice for choice in known if len(plain) > 2 and (plain in choice or choice in plain)]
    return holding[0] if holding else None


def choose(word: str, choices: Iterable[str], what: str) -> str:
    """A fix: the nearest choice, or all of them."""
    known = list(choices)
    near = nearest(word, known)
    if near is not None:
        return f"did you mean {near!r}?"
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    return f"{what}: {', '.join(known[:_MOST_LISTED])}{more}" if known else f"there are no {what}"


def faults_of(model: type[BaseModel], data: Any, errors: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """Every fault of `data` as `model`: values that are left empty, and the errors pydantic found."""
    empty = [Fault(path, *_EMPTY) for path in _empty(data)]
    blank = {fault.path for fault in empty}
    placed = [_Placed.of(data, error) for error in errors]
    faults = [
        _fault(model, group)
        for group in _groups(one for one in placed if one.path not in blank or one.error["type"] == "extra_forbidden")
    ]
    return list(dict.fromkeys([*empty, *faults]))


_EMPTY = ("nothing is written here", "write a value, or remove the key")


def _empty(data: Any, path: Path = ()) -> Iterator[Path]:
    if data is None:
        yield path
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    for part, value in items:
        yield from _empty(value, (*path, part))


Fork = tuple[Path, str | int]
"""A union at a path, and the tag of the member of it that an error belongs to."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A pydantic error and where it stands in the data, through which unions."""

    error: Mapping[str, Any]
    path: Path
    node: Any
    missing: str | int | None
    forks: tuple[Fork, ...]

    @classmethod
    def of(cls, data: Any, error: Mapping[str, Any]) -> _Placed:
        loc: Sequence[str | int] = error["loc"]
        missing = None
        if error["type"] == "missing" and loc:
            loc, missing = loc[:-1], loc[-1]
        path: Path = ()
        forks: tuple[Fork, ...] = ()
        for part in loc:
            inside = part in data if isinstance(data, dict) else _is_index(part, data)
            if inside:
                data, path = data[part], (*path, part)
            elif part != "[key]":
                forks = (*forks, (path, part))
        return cls(error, path, data, missing, forks)

    @property
    def member(self) -> str | int | None:
        """Tag of the innermost union member."""
        return self.forks[-1][1] if self.forks else None

    def beyond(self, path: Path) -> bool:
        """Whether the error is about something inside the value at `path`."""
        return len(self.path) > len(path) or self.missing is not None


def _is_index(part: str | int, data: Any) -> bool:
    return isinstance(data, list) and isinstance(part, int) and 0 <= part < len(data)


def _groups(placed: Iterable[_Placed], depth: int = 0) -> Iterator[list[_Placed]]:
    """Errors that make one fault each.

    Of a value that fits no member of a union, only the errors of the member that was meant: the
    one whose errors all lie inside the value. If there is none, all belong together.
    """
    unions: dict[Path, dict[str | int, list[_Placed]]] = {}
    for one in placed:
        if len(one.forks) <= depth:
            yield [one]
        else:
            path, member = one.forks[depth]
            unions.setdefault(path, {}).setdefault(member, []).append(one)
    for path, members in unions.items():
        inside = [found for found in members.values() if all(one.beyond(path) for one in found)]
        if inside:
            meant = min(inside, key=len)
            yield from _groups(meant, depth + 1)
        else:
            yield [one for found in members.values() for one in found]


def _fault(model: type[BaseModel], group: Sequence[_Placed]) -> Fault:
    faults = [_worded(model, one) for one in group]
    first = faults[0]
    if len(faults) == 1:
        return first
    return Fault(first.path, "; or ".join(dict.fromkeys(fault.message for fault in faults)), first.fix, first.key)


def _worded(model: type[BaseModel], one: _Placed) -> Fault:
    """One pydantic error as a fault."""
    kind, context = one.error["type"], one.error.get("ctx", {})
    got = describe(one.node)
    if kind == "missing":
        return _missing(model, one)
    if kind == "extra_forbidden":
        key = str(one.path[-1])
        known = _keys(model, one.path[:-1], one.member)
        return Fault(one.path, f"unknown key {shorten(key)!r}", choose(key, known, "known keys"), key=True)
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'", context["expected"])
        word = str(one.node) if isinstance(one.node, str) else ""
        near = nearest(word, choices) if word else None
        fix = None if near is None else f"did you mean {near!r}?"
        return Fault(one.path, f"expected {_or(choices)}, got {got}", fix)
    at_key = one.error["loc"][-1:] == ("[key]",)
    if at_key and one.path:
        got = repr(shorten(str(one.path[-1])))
    return Fault(one.path, _sentence(one, context, got), key=at_key)


_EXPECTED = {
    "model_type": "a mapping (`key: value`)",
    "model_attributes_type": "a mapping (`key: value`)",
    "dict_type": "a mapping (`key: value`)",
    "mapping_type": "a mapping (`key: value`)",
    "tuple_type": "a list such as `[a, b]`",
    "list_type": "a list such as `[a, b]`",
    "set_type": "a list such as `[a, b]`",
    "frozen_set_type": "a list such as `[a, b]`",
    "string_type": "text",
    "string_pattern_mismatch": "a name of letters, digits, '_', '.' and '-' that begins with none of the last two",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "less than {lt:g}",
    "less_than_equal": "{le:g} or less",
    "too_short": "at least {min_length} {what}",
    "too_long": "at most {max_length} {what}",
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
}
"""What was expected, by pydantic's name of the error; the language's own types word their errors themselves."""


def _sentence(one: _Placed, context: Mapping[str, Any], got: str) -> str:
    kind = one.error["type"]
    if kind in _EXPECTED:
        what = "characters" if isinstance(one.node, str) else "entries"
        if kind in ("too_short", "too_long"):
            got = str(context["actual_length"])
            what = "entry" if context.get("min_length") == 1 else what
        return f"expected {_EXPECTED[kind].format(what=what, **context)}, got {got}"
    message: str = one.error["msg"]
    if kind in ("value_error", "assertion_error"):
        message = str(context["error"])
    return _clip(message)


def _clip(message: str) -> str:
    """Keep both ends of a message that repeats a very long value."""
    return message if len(message) <= 400 else f"{message[:250]} … {message[-100:]}"


def _missing(model: type[BaseModel], one: _Placed) -> Fault:
    if isinstance(one.missing, int):
        given = len(one.node) if isinstance(one.node, list) else 0
        return Fault(one.path, f"expected {one.missing + 1} entries, got {given}")
    key = str(one.missing)
    field = _keys(model, one.path, one.member).get(key)
    what = f": {field.description}" if field is not None and field.description else ""
    return Fault(one.path, f"the key {key!r} is missing{what}".rstrip("."))


def _or(choices: Sequence[str]) -> str:
    quoted = [repr(choice) for choice in choices]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _keys(model: type[BaseModel], path: Path, member: str | int | None) -> dict[str, Any]:
    """The keys that the mapping at `path` may have, each with its field, in the order of the model."""
    annotations: list[Any] = [model]
    for part in path:
        annotations = [inner for annotation in annotations for inner in _step(annotation, part, member)]
    models = [leaf for annotation in annotations for leaf in _leaves(annotation, member) if _is_model(leaf)]
    meant = [leaf for leaf in models if leaf.__name__ == member] or models
    return {info.alias or name: info for leaf in meant for name, info in leaf.model_fields.items()}


def _step(annotation: Any, part: str | int, member: str | int | None) -> Iterator[Any]:
    """Annotations of what stands under `part` in a value of this annotation."""
    for leaf in _leaves(annotation, member):
        if _is_model(leaf):
            yield from (info.annotation for name, info in leaf.model_fields.items() if (info.alias or name) == part)
        elif isinstance(part, int):
            yield from (inner for inner in get_args(leaf) if inner is not ...)
        else:
            yield from get_args(leaf)[1:]


def _leaves(annotation: Any, member: str | int | None) -> Iterator[Any]:
    """The members of a union, however nested; of tagged ones only that with the tag of `member`, if one has it."""
    if get_origin(annotation) is Annotated:
        yield from _leaves(get_args(annotation)[0], member)
    elif get_origin(annotation) in (Union, types.UnionType):
        members = get_args(annotation)
        meant = [inner for inner in members if member is not None and _tag(inner) == member]
        for inner in meant or members:
            yield from _leaves(inner, member)
    else:
        yield annotation


def _tag(annotation: Any) -> str | None:
    tags = [extra.tag for extra in getattr(annotation, "__metadata__", ()) if isinstance(extra, Tag)]
    return tags[0] if tags else None


def _is_model(leaf: Any) -> bool:
    return isinstance(leaf, type) and issubclass(leaf, BaseModel)
