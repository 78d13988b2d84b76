"""A spec from a file or from Python data, with every fault at once.

In this order: the YAML; the keys of each part by itself; then, for parts whose keys are right,
what only several of them together show: names, units, limits that do not fit. Faults come out
in the order of the file.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from slacheck.contract import CheckPlan, DecisionRule, Kind, Problem, Signal, level_problem
from slacheck.document import MOST_PROBLEMS, Document, attempt, in_order, parse_document, read_document, refusal
from slacheck.errors import Diagnostic, SpecError
from slacheck.language import Requirement
from slacheck.spec.extends import ExtendedDocument, extended
from slacheck.spec.model import SignalModel, Spec, SpecDocument, Test, TestModel
from slacheck.spec.plugins import installed_kinds
from slacheck.spec.remedies import RemediesModel, Surroundings, remedies_problems
from slacheck.spec.resolved import resolved
from slacheck.spec.signals import signal_of, signal_problems
from slacheck.spec.strict import relied_on
from slacheck.units import Quantity
from slacheck.wording import choose, shorten

DataPath = tuple[str | int, ...]


def load_spec(source: Path | str | Mapping[str, Any], *, kinds: Iterable[Kind[Any]] | None = None) -> Spec:
    """Read a spec.

    Parameters
    ----------
    source : Path, str or mapping
        A file, or the document as Python data (then faults have a path, but no line).
    kinds : iterable of Kind, optional
        The kinds to know; default all that are installed.

    Raises
    ------
    SpecError
        With every fault, each at its line and column.
    """
    document = _document_of(source) if isinstance(source, Mapping) else read_document(Path(source))
    return resolve(document, installed_kinds() if kinds is None else kinds)


def resolve(document: Document, kinds: Mapping[str, Kind[Any]] | Iterable[Kind[Any]]) -> Spec:
    """The spec that a document describes.

    Raises
    ------
    SpecError
        With every fault, each at its line and column.
    """
    document = document if isinstance(document, ExtendedDocument) else extended(document)
    known = kinds if isinstance(kinds, Mapping) else {kind.name: kind for kind in kinds}
    return _Loading(document, known).spec()


def _document_of(data: Mapping[str, Any]) -> Document:
    """Python data by way of text, so that it means exactly what the same file would mean."""
    try:
        raw = json.dumps(data, indent=2, ensure_ascii=False, default=_text_of).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise SpecError(Diagnostic("spec", f"the data cannot be written as a document: {error}")) from None
    return replace(parse_document(raw, "spec"), positions=None)


def _text_of(value: object) -> object:
    if isinstance(value, Quantity):
        return value.text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has no place in a spec: {shorten(repr(value))}")


def _mapping(data: Any, key: str) -> dict[str, Any]:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


@dataclass
class _Loading:
    """A document on its way to a spec, and what was found wrong with it so far."""

    document: Document
    kinds: Mapping[str, Kind[Any]]
    problems: list[Diagnostic] = field(default_factory=list)

    def spec(self) -> Spec:
        """All parts, or every fault of all of them."""
        data = self.document.data
        head = self._attempt(SpecDocument, data, ())
        self._signal_models = self._parts(SignalModel, data, "signals")
        self._test_models = self._parts(TestModel, data, "tests")
        self._signal_names, self._test_names = _mapping(data, "signals"), _mapping(data, "tests")
        self._sections = data if isinstance(data, dict) else {}
        self._signals = dict(self._good_signals())
        entries = data.get("requirements") if isinstance(data, dict) else None
        entries = entries if isinstance(entries, list) else []
        self._refuse_duplicates(entries)
        requirements = [
            None if entry is None else self._requirement(index, entry) for index, entry in enumerate(entries)
        ]
        remedies = self._remedies(data, entries, requirements)
        if isinstance(data, dict) and str(data.get("strict")) == "true":
            self._refuse_defaults(requirements)
        if self.problems or head is None:
            raise refusal(in_order(dict.fromkeys(self.problems)))
        return self._assemble(head, tuple(r for r in requirements if r is not None), remedies)

    def _assemble(
        self, head: SpecDocument, requirements: tuple[Requirement, ...], remedies: RemediesModel | None
    ) -> Spec:
        tests = {
            name: Test(name, model.title, model.description, model.repeat.count)
            for name, model in self._test_models.items()
        }
        return Spec(
            id=head.id,
            title=head.title,
            version=head.version,
            description=head.description,
            contract=dict(head.contract),
            decision=DecisionRule(head.decision.rule, head.decision.coverage_factor),
            strict=head.strict,
            require=head.require,
            signals=self._signals,
            tests=tests,
            requirements=requirements,
            resolved=resolved(head, self._signal_models, self._test_models, requirements, remedies),
            remedies=remedies,
            kinds=self.kinds,
            document=self.document,
            place=self.document.place,
            raw=self.document.raw,
            sha256=hashlib.sha256(self.document.raw).hexdigest(),
            extends=self.document.bases if isinstance(self.document, ExtendedDocument) else (),
        )

    # ------------------------------------------------------------ keys

    def _attempt(self, model: Any, data: Any, path: DataPath) -> Any:
        result, found = attempt(self.document, model, data, path)
        self.problems += found
        return result

    def _problem(self, path: DataPath, message: str, fix: str | None = None, key: bool = False) -> None:
        self.problems.append(self.document.diagnostic(path, message, fix, key))

    def _within(self, path: DataPath, problems: Iterable[Problem]) -> None:
        """Note problems of a part; enough is enough, since looking for what was meant takes time."""
        for problem in islice(problems, max(0, MOST_PROBLEMS + 1 - len(self.problems))):
            self._problem((*path, *problem.path), problem.message, problem.fix)

    def _parts(self, model: Any, data: Any, section: str) -> dict[str, Any]:
        """The parts of a section whose keys are right."""
        given = {name: value for name, value in _mapping(data, section).items() if value is not None}
        models = {name: self._attempt(model, value, (section, name)) for name, value in given.items()}
        return {name: model for name, model in models.items() if model is not None}

    def _good_signals(self) -> Iterator[tuple[str, Signal]]:
        for name, model in self._signal_models.items():
            found = list(signal_problems(name, self._signal_models, self._signal_names))
            self._within(("signals", name), found)
            if not found:
                yield name, signal_of(name, model)

    def _refuse_duplicates(self, entries: list[Any]) -> None:
        first: dict[str, int] = {}
        for index, entry in enumerate(entries):
            name = entry.get("id") if isinstance(entry, dict) else None
            # ids name members of the pack, which must differ by more than case
            if isinstance(name, str) and first.setdefault(name.lower(), index) != index:
                where = self.document.where(("requirements", first[name.lower()], "id"))
                message = f"the requirement id {shorten(name)!r} stands here again; first at {where}"
                self._problem(("requirements", index, "id"), message, "give each clause its own id")

    # ------------------------------------------------------------ requirements

    def _requirement(self, index: int, entry: Any) -> Requirement | None:
        """A requirement whose keys are right; what does not fit is noted."""
        path = ("requirements", index)
        if len(self.problems) > MOST_PROBLEMS:
            return None
        kind = self._kind(entry, path)
        model: Requirement | None = None if kind is None else self._attempt(kind.model, entry, path)
        common = model
        if model is None:
            keys = {info.alias or name for name, info in Requirement.model_fields.items()}
            entry_keys = {k: v for k, v in entry.items() if k in keys} if isinstance(entry, dict) else entry
            common = self._attempt(Requirement, entry_keys, path)
            self._within(path, self._name_problems(entry))
        if common is not None:
            self._within(path, self._common_problems(common))
        if model is not None and kind is not None:
            self._within(path, self._kind_problems(kind, model, entry))
        return model

    def _kind(self, entry: Any, path: DataPath) -> Kind[Any] | None:
        name = entry.get("kind") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            return None
        if name not in self.kinds:
            self._problem((*path, "kind"), f"unknown kind {shorten(name)!r}", choose(name, self.kinds, "kinds"))
        return self.kinds.get(name)

    def _name_problems(self, entry: Any, path: DataPath = ()) -> Iterator[Problem]:
        """Signals that are not declared, of a requirement that its kind cannot be asked about."""
        if isinstance(entry, dict):
            for key, value in entry.items():
                if key == "signal" and isinstance(value, str):
                    yield from self._unknown_signal((*path, key), value)
                else:
                    yield from self._name_problems(value, (*path, key))
        elif isinstance(entry, list):
            for index, value in enumerate(entry):
                yield from self._name_problems(value, (*path, index))

    def _unknown_signal(self, path: DataPath, name: str) -> Iterator[Problem]:
        declared = isinstance(self._sections.get("signals"), dict)  # else that alone is the fault
        if declared and name not in self._signal_names:
            fix = choose(name, self._signal_names, "signals")
            yield Problem(path, f"there is no signal {shorten(name)!r}", fix)

    def _common_problems(self, requirement: Requirement) -> Iterator[Problem]:
        if requirement.tests == ():
            yield Problem(
                ("tests",), "no test is named", "name one, or remove the key: every capture that has the signals"
            )
        for index, name in enumerate(requirement.tests or ()):
            declared = isinstance(self._sections.get("tests", {}), dict)
            if declared and name not in self._test_names:
                fix = choose(name, self._test_names, "tests")
                yield Problem(("tests", index), f"there is no test {shorten(name)!r}", fix)
        for index, condition in enumerate(requirement.conditions):
            yield from self._unknown_signal(("conditions", index, "signal"), condition.signal)
            signal = self._signals.get(condition.signal)
            if condition.for_.value < 0:
                yield Problem(("conditions", index, "for"), f"{condition.for_.text!r} is negative")
            if signal is not None and signal.waveform == "ac":
                message = f"{signal.name!r} is an AC waveform, which holds no level"
                yield Problem(("conditions", index, "signal"), message, "name an rms signal that is derived from it")
            elif signal is not None:
                yield from level_problem(("conditions", index, "min"), condition.min, signal)
                yield from level_problem(("conditions", index, "max"), condition.max, signal)

    def _kind_problems(self, kind: Kind[Any], requirement: Requirement, entry: Any) -> Iterator[Problem]:
        """Faults that the kind sees; not asked where a signal it looks at is not there or not right."""
        names = kind.signals(requirement)
        unknown = [name for name in names if name not in self._signal_names]
        for name in unknown:
            yield from self._unknown_signal(_place_of(entry, name), name)
        if unknown or any(name not in self._signals for name in names):
            return
        found = list(kind.problems(requirement, self._signals))
        yield from found
        if not found:
            yield from self._check_problems(kind, requirement)

    def _check_problems(self, kind: Kind[Any], requirement: Requirement) -> Iterator[Problem]:
        try:
            names = [check.name for check in kind.checks(requirement, self._signals)]
        except ValueError as error:
            yield Problem((), str(error))
            return
        if not names:
            yield Problem((), "there is nothing to check in this requirement", "give it a limit")
        for name in (name for name, count in Counter(names).items() if count > 1):
            yield Problem((), f"two of its checks have the name {name!r}", "remove one of them")

    def _remedies(self, data: Any, entries: list[Any], requirements: list[Requirement | None]) -> RemediesModel | None:
        """The block of remedies, its faults noted; what it says of clauses that are not right is not looked at."""
        block = data.get("remedies") if isinstance(data, dict) else None
        if block is None:
            return None
        model: RemediesModel | None = self._attempt(RemediesModel, block, ("remedies",))
        if model is None:
            return None
        named = {
            str(entry["id"]): requirement if self._may_be_asked(requirement) else None
            for entry, requirement in zip(entries, requirements, strict=True)
            if isinstance(entry, dict) and "id" in entry
        }
        around = Surroundings(named, self._signals, self._signal_names, self._checks)
        self._within(("remedies",), remedies_problems(model, around))
        return model

    def _may_be_asked(self, requirement: Requirement | None) -> bool:
        """Whether the kind of a requirement can say what its checks are."""
        if requirement is None:
            return False
        kind = self.kinds[requirement.kind]
        if any(name not in self._signals for name in kind.signals(requirement)):
            return False
        return not list(kind.problems(requirement, self._signals))

    def _checks(self, requirement: Requirement) -> tuple[CheckPlan, ...]:
        try:
            return self.kinds[requirement.kind].checks(requirement, self._signals)
        except ValueError:  # noted where the requirement stands
            return ()

    def _refuse_defaults(self, requirements: Iterable[Requirement | None]) -> None:
        parts: list[tuple[DataPath, Any]] = [(("signals", name), m) for name, m in self._signal_models.items()]
        parts += [(("requirements", i), r) for i, r in enumerate(requirements) if r is not None]
        for path, model in parts:
            for key, default in relied_on(model):
                message = f"strict: {key!r} is part of the definition and is not written here"
                self._problem(path, message, f"write {key}: {default}")


_FREE_TEXT = frozenset({"id", "kind", "title", "clause", "note", "reason", "tests", "severity", "conditions"})


def _place_of(entry: Any, name: str, path: DataPath = ()) -> DataPath:
    """Where a requirement says `name`, or () if nowhere in so many words."""
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(entry, dict):
        items = ((key, value) for key, value in entry.items() if path or key not in _FREE_TEXT)
    elif isinstance(entry, list):
        items = enumerate(entry)
    for part, value in items:
        if value == name:
            return (*path, part)
        inside = _place_of(value, name, (*path, part))
        if inside:
            return inside
    return ()
