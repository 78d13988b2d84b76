r"""One text for one JSON value, so that equal results have equal digests on every machine.

The form: UTF-8, keys sorted by code point, no blanks, only `"`, `\` and control characters
escaped, integers as digits, other numbers as the shortest decimal text that reads back to the
same float64 (Python's `repr`, so `1.0` and `1` stay apart, unlike RFC 8785), zero never negative,
NaN, infinity and integers that a float64 cannot hold refused. The reader takes this form alone, and no key twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

_LARGEST_INTEGER = 2**53


def canonical_json(value: Any) -> bytes:
    """The canonical text of a JSON value.

    Raises
    ------
    ValueError
        If a number is not finite or an integer beyond 2**53, a key is not text, or a text is not Unicode.
    """
    text = json.dumps(_normal(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def _normal(value: Any) -> Any:
    """Plain dicts, lists and numbers: subclasses lose their own text, -0.0 its sign."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float(value) + 0.0
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"a key must be text, got {key!r}")
        return {str.__str__(key): _normal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(inner) for inner in value]
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        raise ValueError(f"the integer {value} is beyond 2**53")
    return value


def parse_json(raw: bytes) -> Any:
    """Read canonical JSON.

    Raises
    ------
    ValueError
        If `raw` is not JSON, or is not the canonical text of what it says.
    """
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refused)
        again = canonical_json(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if again != raw:
        raise ValueError("not in canonical form (keys sorted, no blanks, shortest numbers)")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
