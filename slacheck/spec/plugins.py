"""Every kind there is: those of slacheck, and those that other distributions declare.

A distribution adds a kind by an entry point of the group `slacheck.kinds` that names a
`contract.Kind`. It cannot replace one: a name in use is an error, whoever came first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from itertools import chain
from typing import Any

from slacheck import __version__
from slacheck.contract import Kind
from slacheck.errors import Diagnostic, PluginError
from slacheck.kinds import NAMES, own_kind
from slacheck.language import Requirement

GROUP = "slacheck.kinds"
_OWN = f"slacheck {__version__}"


class Kinds(Mapping[str, Kind[Any]]):
    """Kinds by name, those of slacheck first; each of them is loaded when it is looked up."""

    def __init__(self, others: Mapping[str, Kind[Any]]) -> None:
        self._others = others

    def __getitem__(self, name: str) -> Kind[Any]:
        return _own(name) if name in NAMES else self._others[name]

    def __contains__(self, name: object) -> bool:
        return name in NAMES or name in self._others

    def __iter__(self) -> Iterator[str]:
        return chain(NAMES, self._others)

    def __len__(self) -> int:
        return len(NAMES) + len(self._others)

    def __reduce__(self) -> tuple[Any, ...]:
        return installed_kinds, ()


@cache
def _own(name: str) -> Kind[Any]:
    return replace(own_kind(name), provider=_OWN)


@cache
def installed_kinds() -> Kinds:
    """The kinds of slacheck, then those of other distributions by name; each says who provides it.

    Raises
    ------
    PluginError
        If an entry point cannot be loaded, is no kind, or takes a name in use.
    """
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    others: dict[str, Kind[Any]] = {}
    for kind in map(_load, found):
        first = _OWN if kind.name in NAMES else others[kind.name].provider if kind.name in others else None
        if first is not None:
            message = f"the kind {kind.name!r} is there already, from {first}"
            raise PluginError(Diagnostic(kind.provider, message, fix="remove one of the two distributions"))
        others[kind.name] = kind
    return Kinds(others)


def all_kinds() -> tuple[Kind[Any], ...]:
    """All of `installed_kinds`, loaded."""
    return tuple(installed_kinds().values())


def _load(entry: EntryPoint) -> Kind[Any]:
    provider = "unknown" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
    place = f"entry point {entry.name} of {provider}"
    try:
        kind = entry.load()
    except Exception as error:
        raise PluginError(Diagnostic(place, f"{entry.value} cannot be loaded: {error!r}")) from error
    if not isinstance(kind, Kind) or not issubclass(kind.model, Requirement):
        message = f"{entry.value} is not a `slacheck.contract.Kind` whose model derives from `language.Requirement`"
        raise PluginError(Diagnostic(place, message))
    return replace(kind, provider=provider)
