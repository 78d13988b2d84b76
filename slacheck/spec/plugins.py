"""Every kind there is: those of slacheck, and those that other distributions declare.

A distribution adds a kind by an entry point of the group `slacheck.kinds` that names a
`contract.Kind`. It cannot replace one: a name in use is an error, whoever came first.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from slacheck import __version__
from slacheck.contract import Kind
from slacheck.errors import Diagnostic, PluginError
from slacheck.kinds import KINDS
from slacheck.language import Requirement

GROUP = "slacheck.kinds"


@cache
def all_kinds() -> tuple[Kind[Any], ...]:
    """The kinds of slacheck, then those of other distributions by name; each says who provides it.

    Raises
    ------
    PluginError
        If an entry point cannot be loaded, is no kind, or takes a name in use.
    """
    own = tuple(replace(kind, provider=f"slacheck {__version__}") for kind in KINDS)
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    return _distinct((*own, *(_load(entry) for entry in found)))


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


def _distinct(kinds: tuple[Kind[Any], ...]) -> tuple[Kind[Any], ...]:
    by_name: dict[str, Kind[Any]] = {}
    for kind in kinds:
        first = by_name.setdefault(kind.name, kind)
        if first is not kind:
            message = f"the kind {kind.name!r} is there already, from {first.provider}"
            raise PluginError(Diagnostic(kind.provider, message, fix="remove one of the two distributions"))
    return kinds
