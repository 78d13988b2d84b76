"""Packs side by side, clause by clause: suppliers of one contract, or runs of one plant.

Requirements are matched by id and checks by name, and what a pack says of a check is the worst of it over
captures and events. Packs may be of different specs, or versions of one: where the question is not the same, that is
said, and the numbers are not compared (`relation`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slacheck.contract import WORST_FIRST
from slacheck.errors import UsageError
from slacheck.evidence.verified import VerifiedPack, read_verified
from slacheck.evidence.verify import Promised
from slacheck.submission.relation import Document, Reading, Relation, relation


@dataclass(frozen=True, slots=True)
class Side:
    """One pack of a comparison.

    Parameters
    ----------
    letter : str
        A, B, ... in the order given.
    supplier : str
        Of the submission, else of the contract, else "".
    worst : Reading, optional
        The check of a mandatory requirement that decided the verdict; None if it has no check.
    """

    letter: str
    pack: VerifiedPack
    supplier: str
    worst: Reading | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sides, by their index, and how one check of theirs stands to the other."""

    first: int
    second: int
    relation: Relation


@dataclass(frozen=True, slots=True)
class Row:
    """A check: what each side measured, None where it has no such check, and every pair of sides."""

    check: str
    readings: tuple[Reading | None, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """A requirement.

    Parameters
    ----------
    shown : dict
        The finding that title, clause and severity are taken from: of the first side that has one.
    verdicts : tuple of str or None
        The worst of each side's findings; None where its spec has no such requirement.
    waived : tuple of bool
        Whether the side has a waiver for it, which changes no verdict.
    worst : tuple of int
        Sides with the worst verdict, if not all have it; of those, where one check decided, the one with the
        smallest margin, if it differs beyond uncertainty.
    """

    requirement: str
    shown: Document
    verdicts: tuple[str | None, ...]
    waived: tuple[bool, ...]
    worst: tuple[int, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Packs side by side.

    Parameters
    ----------
    worst : tuple of int
        Sides with the worst overall verdict, if not all have it.
    shared : tuple of (str, tuple of int)
        Data files that several packs rest on: digest, and the sides.
    """

    sides: tuple[Side, ...]
    clauses: tuple[Clause, ...]
    worst: tuple[int, ...]
    shared: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def one_spec(self) -> bool:
        """Whether all packs are of the same bytes of a spec, its bases included."""
        specs = [side.pack.results["spec"] for side in self.sides]
        return all((spec["sha256"], spec["extends"]) == (specs[0]["sha256"], specs[0]["extends"]) for spec in specs)


def compare(paths: Sequence[Path], promised: Promised | None = None) -> Comparison:
    """Compare packs, in the order given.

    Parameters
    ----------
    promised : callable, optional
        Reads the documents of the packs again (`submission.promised`).

    Raises
    ------
    UsageError
        If there are fewer than two.
    PackError
        If one cannot be opened, or does not verify.
    """
    if len(paths) < 2:
        raise UsageError("a comparison needs two packs or more")
    return compared([read_verified(path, promised) for path in paths])


def compared(packs: Sequence[VerifiedPack]) -> Comparison:
    """The comparison of packs that verify."""
    found = [_by_requirement(pack) for pack in packs]
    names = dict.fromkeys(name for one in found for name in one)
    verdicts = [str(pack.results["verdict"]) for pack in packs]
    return Comparison(
        sides=tuple(Side(_letter(i), pack, _supplier(pack.results), _decider(pack)) for i, pack in enumerate(packs)),
        clauses=tuple(_clause(name, [one.get(name, []) for one in found], packs) for name in names),
        worst=_worst_verdict(verdicts),
        shared=tuple(_shared(packs)),
    )


def _letter(index: int) -> str:
    """A to Z, AA, AB, ..."""
    letters = ""
    while index >= 0:
        index, place = divmod(index, 26)
        letters, index = chr(ord("A") + place) + letters, index - 1
    return letters


def _supplier(results: Document) -> str:
    submission = results["submission"] or {}
    return str(submission.get("supplier") or results["contract"].get("supplier") or "")


def _shared(packs: Sequence[VerifiedPack]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Recordings under more than one pack: copies, or the same run sent twice."""
    found: dict[str, list[int]] = {}
    for index, pack in enumerate(packs):
        files = (file for capture in pack.results["captures"] for file in capture["files"])
        for digest in dict.fromkeys(str(file["sha256"]) for file in files if file["role"] == "data"):
            found.setdefault(digest, []).append(index)
    return ((digest, tuple(sides)) for digest, sides in found.items() if len(sides) > 1)


# ---------------------------------------------------------------- clauses


def _by_requirement(pack: VerifiedPack) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for finding in pack.results["findings"]:
        found.setdefault(finding["requirement"], []).append(finding)
    return found


def _clause(name: str, findings: Sequence[list[Document]], packs: Sequence[VerifiedPack]) -> Clause:
    verdicts = tuple(worst_verdict(f["verdict"] for f in mine) if mine else None for mine in findings)
    readings = [readings_of(mine) for mine in findings]
    checks = dict.fromkeys(check for mine in readings for check in mine)
    rows = tuple(_row(check, [mine.get(check) for mine in readings]) for check in checks)
    return Clause(
        requirement=name,
        shown=next(mine[0] for mine in findings if mine),
        verdicts=verdicts,
        waived=tuple(any(w["requirement"] == name for w in pack.results["waivers"]) for pack in packs),
        worst=_worst_side(verdicts, readings, rows),
        rows=rows,
    )


def _row(check: str, readings: Sequence[Reading | None]) -> Row:
    pairs = itertools.combinations(range(len(readings)), 2)
    return Row(check, tuple(readings), tuple(Pair(i, j, relation(readings[i], readings[j])) for i, j in pairs))


def readings_of(findings: Sequence[Document]) -> dict[str, Reading]:
    """The worst check of each name, over all findings of a requirement."""
    found: dict[str, list[tuple[Document, Document]]] = {}
    for finding in findings:
        for check in finding["checks"]:
            found.setdefault(check["name"], []).append((finding, check))
    return {name: Reading(*min(mine, key=lambda one: _badness(one[1])), len(mine)) for name, mine in found.items()}


# ---------------------------------------------------------------- worst


def worst_verdict(verdicts: Iterable[str]) -> str:
    """The worst of some verdicts."""
    return min(verdicts, key=_rank)


def _rank(verdict: str) -> int:
    return [str(known) for known in WORST_FIRST].index(verdict)


def _badness(check: Document) -> tuple[int, float, float]:
    """Sorts the worst check first: by verdict, then by margin in % of the limit, then by margin."""
    percent, margin = check["margin_percent"], check["margin"]
    far = math.inf
    return _rank(check["verdict"]), far if percent is None else percent, far if margin is None else margin


def _worst_verdict(verdicts: Sequence[str | None]) -> tuple[int, ...]:
    """Who has the worst verdict; nobody, if all that have one have the same."""
    ranks = [None if verdict is None else _rank(verdict) for verdict in verdicts]
    there = [rank for rank in ranks if rank is not None]
    return () if len(set(there)) < 2 else tuple(i for i, rank in enumerate(ranks) if rank == min(there))


def _deciding(readings: Mapping[str, Reading]) -> str:
    """Name of the worst check."""
    return min(readings, key=lambda name: _badness(readings[name].check))


def _worst_side(
    verdicts: Sequence[str | None], readings: Sequence[Mapping[str, Reading]], rows: Sequence[Row]
) -> tuple[int, ...]:
    """By verdict; where several share the worst one, by the margin of the check that decided, beyond uncertainty."""
    by_verdict = _worst_verdict(verdicts)
    rivals = [i for i in by_verdict or range(len(verdicts)) if readings[i]]
    deciders = {i: _deciding(readings[i]) for i in rivals}
    if len(rivals) < max(2, len(by_verdict)) or len(set(deciders.values())) > 1:
        return by_verdict
    row = next(row for row in rows if row.check == deciders[rivals[0]])
    worst = min(rivals, key=lambda i: _badness(readings[i][row.check].check))
    mine = [pair for pair in row.pairs if worst in (pair.first, pair.second) and {pair.first, pair.second} <= {*rivals}]
    return (worst,) if all(pair.relation.outcome == "beyond" for pair in mine) else by_verdict


def _decider(pack: VerifiedPack) -> Reading | None:
    """The check that decided the overall verdict of a pack."""
    counted = [f for f in pack.results["findings"] if f["severity"] == "mandatory" or f["verdict"] == "ERROR"]
    checks = [Reading(finding, check) for finding in counted for check in finding["checks"]]
    return min(checks, key=lambda one: _badness(one.check), default=None)
