"""`extends:`, a spec built on another: what it says is laid over the base, part by part.

* `signals` and `tests` are merged by name, requirements by `id`, mappings inside them key by key;
  anything else (text, a quantity, a list, a `derive` block) is replaced whole;
* requirements of the base keep their order, new ones come after them; a clause that must not
  apply is given `applies: false` and a `reason`;
* `slacheck`, `id`, `version`, `title` and `description` are a document's own and are not inherited.

The base is a file relative to the spec, or one of the profiles that are installed with slacheck;
`.yaml` may be left out. It may itself extend another. Its bytes and digest go into the evidence.
A base of another version of the language is refused: its defaults may mean something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slacheck.document import Document, read_document
from slacheck.errors import Diagnostic, SpecError
from slacheck.wording import Path as DataPath
from slacheck.wording import choose, shorten

DEEPEST = 4
"""Longest chain of specs that extend one another."""
_LANGUAGE = "1"
_OWN = frozenset({"slacheck", "id", "version", "title", "description", "extends"})
_WHOLE = frozenset({"derive"})
_PACKAGE = Path(__file__).resolve().parents[1]
_SHIPPED = (_PACKAGE, _PACKAGE.parent / "specs")
"""Where `profiles/` stands in an installed package, and in a checkout."""


@dataclass(frozen=True, slots=True)
class Override:
    """One thing that a spec changes in its base, or adds to it (`old` is None), in the words of the documents."""

    what: str
    old: str | None
    new: str


@dataclass(frozen=True, slots=True)
class Base:
    """A spec that another one extends: as it was named, and as it was read."""

    reference: str
    document: Document
    overrides: tuple[Override, ...]

    @property
    def id(self) -> str:
        """The base's own id."""
        return str(self.document.data.get("id", ""))

    @property
    def version(self) -> str | None:
        """The base's own version."""
        version = self.document.data.get("version")
        return None if version is None else str(version)

    @property
    def sha256(self) -> str:
        """Digest of the bytes that were read."""
        return hashlib.sha256(self.document.raw).hexdigest()


@dataclass(frozen=True)
class ExtendedDocument(Document):
    """A document laid over its base; faults are placed in the file that says what is wrong."""

    bases: tuple[Base, ...] = ()
    origins: Mapping[DataPath, tuple[Document, DataPath]] = field(default_factory=dict)

    def diagnostic(self, path: DataPath, message: str, fix: str | None = None, key: bool = False) -> Diagnostic:
        """`message` at the value of `path` in the document that it comes from."""
        document, place = self._origin(path)
        return document.diagnostic(place, message, fix, key)

    def where(self, path: DataPath) -> str:
        """`file:line:column` of the value at `path` in the document that it comes from."""
        document, place = self._origin(path)
        return document.where(place)

    def _origin(self, path: DataPath) -> tuple[Document, DataPath]:
        for end in range(len(path), -1, -1):
            if path[:end] in self.origins:
                document, place = self.origins[path[:end]]
                return document, (*place, *path[end:])
        raise LookupError("the whole document has an origin")


def extended(document: Document) -> Document:
    """The document laid over the base that it names, if it names one.

    Raises
    ------
    SpecError
        If the base is not there, cannot be read, extends itself, or stands too deep.
    """
    return _extended(document, () if document.positions is None else (Path(document.place).resolve(),))


def rebuilt(document: Document, bases: Sequence[Document]) -> Document:
    """The document laid over bases that were kept, the nearest first, as `extended` had read them.

    Raises
    ------
    SpecError
        If it names no base where there is one, or the other way round.
    """
    named = isinstance(document.data, dict) and document.data.get("extends") is not None
    if named != bool(bases):
        says = "names a spec that it extends, which is not there" if named else "extends nothing, but there is a base"
        raise SpecError(document.diagnostic(("extends",), f"the document {says}"))
    if not bases:
        return document
    base = rebuilt(bases[0], bases[1:])
    if not isinstance(base.data, dict):
        raise SpecError(base.diagnostic((), "expected a mapping (`key: value`)"))
    return _laid_over(document, base, str(document.data["extends"]))


def _extended(document: Document, chain: tuple[Path, ...]) -> Document:
    """As `extended`; `chain` has the files of the specs down to this one, which names are relative to."""
    reference = document.data.get("extends") if isinstance(document.data, dict) else None
    if reference is None:
        return document
    if not isinstance(reference, str):
        raise SpecError(document.diagnostic(("extends",), "expected the name of one spec, such as profiles/itic-2000"))
    path, place = _find(document, str(reference), chain)
    if path in chain:
        raise SpecError(document.diagnostic(("extends",), f"{shorten(str(reference))!r} comes back to this spec"))
    if len(chain) >= DEEPEST:
        raise SpecError(document.diagnostic(("extends",), f"more than {DEEPEST} specs extend one another"))
    base = _extended(read_document(path, place), (*chain, path))
    if not isinstance(base.data, dict):
        raise SpecError(base.diagnostic((), "expected a mapping (`key: value`)"))
    if str(base.data.get("slacheck")) != _LANGUAGE:
        written = (
            "no version" if base.data.get("slacheck") is None else f"version {shorten(_text(base.data['slacheck']))}"
        )
        message = f"the spec that {document.place} extends states {written} of the language; this slacheck reads 1"
        raise SpecError(base.diagnostic(("slacheck",), message, "write `slacheck: 1` if it is written in it"))
    return _laid_over(document, base, str(reference))


def _find(document: Document, reference: str, chain: tuple[Path, ...]) -> tuple[Path, str]:
    """The file that a reference names, beside the spec or else installed, and what to call it in messages."""
    if Path(reference).is_absolute():
        message = "the name is an absolute path, which nobody else can follow"
        raise SpecError(document.diagnostic(("extends",), message, "name the spec relative to this one"))
    beside = [chain[-1].parent] if chain else []
    for folder in beside + list(_SHIPPED):
        for name in (reference, f"{reference}.yaml"):
            if _is_file(folder / name):
                near = folder in beside and Path(document.place).resolve() == chain[-1]
                return (folder / name).resolve(), str(Path(document.place).parent / name) if near else reference
    known = sorted({f"profiles/{path.stem}" for path in shipped()})
    message = f"there is no spec {shorten(reference)!r} beside this one, nor one that is installed"
    raise SpecError(document.diagnostic(("extends",), message, choose(reference, known, "installed")))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file system would have
        return False


def shipped() -> Iterator[Path]:
    """The profiles that are installed with slacheck."""
    for folder in _SHIPPED:
        yield from sorted((folder / "profiles").glob("*.yaml"))


# ---------------------------------------------------------------- laying one over the other


def _laid_over(document: Document, base: Document, reference: str) -> ExtendedDocument:
    merge = _Merge(document, base)
    own = {key: value for key, value in document.data.items() if key in _OWN and key != "extends"}
    under = {key: value for key, value in base.data.items() if key not in _OWN}
    over = {key: value for key, value in document.data.items() if key not in _OWN}
    merge.origins[()] = (document, ())
    data = own | merge.mappings(under, over, ())
    merge.origins.update({(key,): (document, (key,)) for key in own})
    bases = (Base(reference, base, tuple(merge.overrides)), *(base.bases if isinstance(base, ExtendedDocument) else ()))
    return ExtendedDocument(document.place, document.raw, document.text, data, document.positions, bases, merge.origins)


@dataclass
class _Merge:
    """Two documents on their way to one, where each part came from, and what was changed."""

    document: Document
    base: Document
    origins: dict[DataPath, tuple[Document, DataPath]] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)
    _clause: str = ""
    """Id of the requirement that is being laid over."""

    def mappings(
        self,
        under: Mapping[str, Any],
        over: Mapping[str, Any],
        path: DataPath,
        places: tuple[DataPath, DataPath] = ((), ()),
    ) -> dict[str, Any]:
        """Key by key; `places` are the paths of the two mappings in their own documents."""
        merged = {}
        for key in (*under, *(key for key in over if key not in under)):
            there = (*places[0], key), (*places[1], key)
            if key not in over:
                merged[key] = under[key]
                self.origins[(*path, key)] = (self.base, there[0])
            elif (*path, key) == ("requirements",) and isinstance(under.get(key), list) and isinstance(over[key], list):
                merged[key] = self._requirements(under[key], over[key])
            else:
                merged[key] = self._value(under.get(key), over[key], (*path, key), there)
        return merged

    def _value(self, under: Any, over: Any, path: DataPath, places: tuple[DataPath, DataPath]) -> Any:
        if isinstance(under, dict) and isinstance(over, dict) and path[-1] not in _WHOLE:
            self.origins[path] = (self.document, places[1])
            return self.mappings(under, over, path, places)
        self.origins[path] = (self.document, places[1])
        if under != over:
            self.overrides.append(Override(self._name(path), None if under is None else _text(under), _text(over)))
        return over

    def _requirements(self, under: list[Any], over: list[Any]) -> list[Any]:
        """Those of the base in their order, each with what is laid over it, then the new ones."""
        merged: list[Any] = []
        above: dict[str | None, int] = {}
        for index, entry in enumerate(over):
            if _id(entry) is not None and above.setdefault(_id(entry), index) != index:
                self._refuse_twice(index, above[_id(entry)])
        for index, entry in enumerate(under):
            path, number = ("requirements", len(merged)), above.pop(_id(entry), None)
            if number is None:
                self.origins[path] = (self.base, ("requirements", index))
                merged.append(entry)
            else:
                places = ("requirements", index), ("requirements", number)
                self.origins[path] = (self.document, places[1])
                self._clause = str(_id(entry))
                self._refuse_kind(entry, over[number], number)
                merged.append(self.mappings(entry, over[number], path, places))
        known = {_id(entry) for entry in under} - {None}
        for number, entry in enumerate(over):
            if _id(entry) is None or _id(entry) not in known:
                self.origins["requirements", len(merged)] = (self.document, ("requirements", number))
                self.overrides.append(Override(f"requirement {_id(entry) or number}", None, "added here"))
                merged.append(entry)
        return merged

    def _refuse_twice(self, index: int, first: int) -> None:
        where = self.document.where(("requirements", first, "id"))
        name = shorten(str(_id(self.document.data["requirements"][index])))
        message = f"the requirement id {name!r} stands here again; first at {where}"
        raise SpecError(self.document.diagnostic(("requirements", index, "id"), message, "give each clause its own id"))

    def _refuse_kind(self, entry: Any, over: Any, number: int) -> None:
        kind = over.get("kind", entry.get("kind"))
        if kind != entry.get("kind"):
            message = f"the clause is a {entry.get('kind')} in the spec that this one extends"
            fix = "write a clause of another id, and give this one `applies: false` and a reason"
            raise SpecError(self.document.diagnostic(("requirements", number, "kind"), message, fix))

    def _name(self, path: DataPath) -> str:
        """`signal v_a: rated`, `DYN-1: limits.dip.max`."""
        if path[0] == "requirements":
            head, rest = self._clause, path[2:]
        elif path[0] in ("signals", "tests") and len(path) > 1:
            head, rest = f"{str(path[0])[:-1]} {path[1]}", path[2:]
        else:
            head, rest = "", path
        return ": ".join(part for part in (head, ".".join(str(part) for part in rest)) if part)


def _id(entry: Any) -> str | None:
    name = entry.get("id") if isinstance(entry, dict) else None
    return str(name) if isinstance(name, str) else None


def _text(value: Any) -> str:
    """A value on one line, as a document would write it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_text(one) for one in value) + "]"
    return shorten(str(value))
