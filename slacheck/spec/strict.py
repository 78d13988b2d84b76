"""`strict: true`: which keys of the definition a document leaves to their defaults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from slacheck.spec.resolved import plain

_PLAIN = re.compile(r"(-(?=[\d.])|[^-?:,\[\]{}#&*!|>'\"%@`\s])([^,\[\]{}\n]*[^,\[\]{}\s:])?")
"""Text that YAML takes for nothing else, in flow collections too."""


def relied_on(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every definition key that is not written, as `window.taper`, and its default as it would be written.

    A key whose absence is itself the meaning (no default to write) is not one.
    """
    for name, info in type(model).model_fields.items():
        key, value = prefix + (info.alias or name), getattr(model, name)
        if name not in model.model_fields_set:
            if value is not None and (_is_definition(info) or _holds_definitions(value)):
                yield key, in_words(value)
        else:
            yield from _inside(value, key)


def _inside(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        yield from relied_on(value, f"{key}.")
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from _inside(item, f"{key}[{index}]")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _inside(item, f"{key}.{name}")


def _is_definition(info: FieldInfo) -> bool:
    extra = info.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("x-definition"))


def _holds_definitions(value: Any) -> bool:
    """Whether a default is a model that relies on definition keys in turn."""
    if not isinstance(value, BaseModel):
        return False
    fields = type(value).model_fields
    return any(_is_definition(info) or _holds_definitions(getattr(value, name)) for name, info in fields.items())


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return plain(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, bool | int | float) else str(value)


def in_words(value: Any) -> str:
    """A value of a model as one line of YAML: `{half_width: 2 %, of: step}`."""
    return _written(_plain(value))


def _written(value: Any) -> str:
    """Plain data as one line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    if isinstance(value, str):
        return value if _needs_no_quotes(value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _needs_no_quotes(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and ": " not in text and " #" not in text
