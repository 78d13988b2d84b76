"""YAML events to plain data with the position of every key and value.

Built on the *events* of PyYAML, not on its constructors, so that none of YAML 1.1's guesses
(`no` is False, `1:30` is 90, `010` is 8) can happen: a scalar stays its source text, a
`language.Scalar`, and the type of the key decides what it means. What two readers of a contract
could take differently (duplicate keys, anchors, aliases, merge keys, tags, a second document) is
an error. Budgets are checked while reading, before anything grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml
from yaml.resolver import Resolver

from slacheck.language import Scalar
from slacheck.wording import Path, shorten

MOST_NODES = 100_000
DEEPEST = 64

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
# Control characters, line ends that only some readers know, bidirectional overrides (text that shows
# differently from what it says), byte order marks inside, surrogates.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


class Position(NamedTuple):
    """One-based line and column of a key or value, and how many code points it has on that line."""

    line: int
    column: int
    length: int


@dataclass(frozen=True)
class Positions:
    """Where each key and each value stands, by its path from the root."""

    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)


class Problem(NamedTuple):
    """A fault of the YAML itself."""

    position: Position
    message: str
    fix: str | None


class Composed(NamedTuple):
    """What a text holds, and every fault that was found in it."""

    data: Any
    positions: Positions
    problems: list[Problem]


def compose(text: str) -> Composed:
    """Read one document: dicts, lists, `Scalar`, and None for plain `null`, `~` and nothing at all."""
    builder = _Builder()
    try:
        builder.read(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        builder.syntax(error)
    except _OverBudget:
        pass
    return Composed(
        builder.root[0] if builder.root else None, builder.positions, sorted(builder.problems, key=lambda p: p.position)
    )


class _OverBudget(Exception):
    """Stop reading: the problem is noted already."""


@dataclass
class _Open:
    """A collection that is being filled; `key` is the key of a mapping whose value comes next."""

    container: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None


class _Builder:
    """Turns events into data and positions, without recursion.

    What follows a bad key is read too, to find more faults in it, and then dropped.
    """

    def __init__(self) -> None:
        self.root: list[Any] = []
        self.positions = Positions()
        self.problems: list[Problem] = []
        self._open = [_Open(self.root, ())]
        self._nodes = 0
        self._documents = 0

    def read(self, events: Iterator[Any]) -> None:
        """Take all events of a stream."""
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._document(event)
            elif isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()

    def syntax(self, error: yaml.MarkedYAMLError) -> None:
        """Note an error of the YAML parser."""
        mark = error.problem_mark or error.context_mark
        position = Position(1, 1, 1) if mark is None else Position(mark.line + 1, mark.column + 1, 1)
        problem = error.problem or "it cannot be read"
        fix = next((fix for words, fix in _SYNTAX_FIXES.items() if words in problem), None)
        context = f" ({error.context})" if error.context else ""
        self.problems.append(Problem(position, f"not valid YAML: {problem}{context}", fix))

    def _problem(self, event: Any, message: str, fix: str | None = None) -> None:
        self.problems.append(Problem(_position(event), message, fix))

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            self._problem(event, "a second document starts here; one file holds one document", "use two files")
            raise _OverBudget
        if event.version is not None or event.tags:
            self._problem(event, "directives (%YAML, %TAG) are not part of the language", "remove the line")

    def _node(self, event: Any) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._problem(event, f"more than {MOST_NODES} values; a document holds no samples")
            raise _OverBudget
        self._refuse_indirection(event)
        parent = self._open[-1]
        if isinstance(parent.container, list):
            path = (*parent.path, len(parent.container)) if len(self._open) > 1 else ()
            parent.container.append(self._value(event, path))
        elif parent.key is None:
            parent.key = self._key(event, parent)
        else:
            value = self._value(event, (*parent.path, parent.key))
            if not parent.key.startswith(_DROPPED):
                parent.container[parent.key] = value
            parent.key = None

    def _refuse_indirection(self, event: Any) -> None:
        name, tag = shorten(event.anchor or ""), getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, f"aliases (*{name}) are not part of the language", "repeat the value")
        elif name:
            self._problem(event, f"anchors (&{name}) are not part of the language", "repeat the value")
        if tag is not None:
            self._problem(event, f"tags ({shorten(tag)}) are not part of the language", "remove the tag")

    def _key(self, event: Any, parent: _Open) -> str:
        """Note the key; for a bad one, give a name to drop its value under."""
        dropped = f"{_DROPPED}{self._nodes}"
        if not isinstance(event, yaml.ScalarEvent):
            if isinstance(event, yaml.CollectionStartEvent):
                self._problem(event, "a key must be text, not a mapping or a list")
                self._value(event, (*parent.path, dropped))
            return dropped
        key = event.value
        path = (*parent.path, key)
        if event.implicit[0] and (meaning := _meaning(key)) is not None:
            fix = "write the keys out" if key == "<<" else f'quote it: "{shorten(key)}"'
            self._problem(event, f"the key {shorten(key)!r} is {meaning} to a YAML reader; a key must be text", fix)
        elif FORBIDDEN.search(key):
            self._problem(event, "the key holds a character that is not allowed in a document")
        elif path in self.positions.keys:
            first = self.positions.keys[path]
            where = f"line {first.line}, column {first.column}"
            self._problem(event, f"the key {shorten(key)!r} stands here again; first at {where}", "remove one of them")
        else:
            self.positions.keys[path] = _position(event)
            return str(key)
        return dropped

    def _value(self, event: Any, path: Path) -> Any:
        """The value that an event starts, opened if it is a collection."""
        self.positions.values[path] = _position(event)
        if isinstance(event, yaml.ScalarEvent):
            if FORBIDDEN.search(event.value):
                self._problem(event, "the text holds a character that is not allowed in a document")
            plain = bool(event.implicit[0])
            return None if plain and event.value in _NULLS else Scalar(event.value, plain)
        if isinstance(event, yaml.AliasEvent):
            return None
        if len(self._open) > DEEPEST:
            self._problem(event, f"nested deeper than {DEEPEST} levels")
            raise _OverBudget
        container: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._open.append(_Open(container, path))
        return container


_DROPPED = "\0"
"""No key of a document holds it."""

_SYNTAX_FIXES = {
    "mapping values are not allowed": "put text that holds ': ' in quotes, or check the indentation",
    "cannot start any token": "indent with spaces, not tabs; put text that begins with @, ` or % in quotes",
    "found unexpected ':'": "write a value after the colon, or remove the key",
    "found unexpected end of stream": "close the quotes",
    "expected ',' or": "close the bracket, or put the text in quotes",
    "did not find expected key": "check the indentation of this line and the one before",
    "expected <block end>": "check the indentation of this line and the one before",
}

_MEANINGS = {"null": "nothing", "merge": "a merge key", "timestamp": "a date", "bool": "true or false"}
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", re.ASCII)


def _meaning(key: str) -> str | None:
    """What YAML 1.1 or 1.2 takes a plain key for, if not for text."""
    if _FLOAT.fullmatch(key):
        return "a number"
    resolvers: Any = Resolver.yaml_implicit_resolvers
    for tag, pattern in resolvers.get(key[:1], ()):
        if pattern.match(key):
            return _MEANINGS.get(tag.rpartition(":")[2], "a number")
    return None


def _position(event: Any) -> Position:
    start, end = event.start_mark, event.end_mark
    length = 1
    if start.line == end.line and not isinstance(event, yaml.CollectionStartEvent):
        length = max(1, end.column - start.column)
    return Position(start.line + 1, start.column + 1, length)
