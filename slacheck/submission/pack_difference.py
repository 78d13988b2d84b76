"""Two packs, an old and a new one: what was asked otherwise, recorded otherwise, and found otherwise.

Findings are matched by requirement and capture, checks by name and event. A requirement that was judged on one
capture in each pack is matched whatever the captures are called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from slacheck.document import parse_document
from slacheck.errors import Diagnostic, PackError, SpecError
from slacheck.evidence.verified import VerifiedPack
from slacheck.spec.difference import Difference, difference, means_the_same
from slacheck.spec.load import resolve
from slacheck.spec.model import Spec
from slacheck.spec.plugins import installed_kinds
from slacheck.submission.relation import Document, Reading, Relation, relation


@dataclass(frozen=True, slots=True)
class CaptureChange:
    """A capture that is not the same; `old` and `new` are its ids, `files` those whose digest changed."""

    old: str | None
    new: str | None
    files: tuple[str, ...] = ()

    @property
    def is_renamed(self) -> bool:
        """Whether it is in both packs, digest for digest, under two ids."""
        return self.old is not None and self.new is not None and self.old != self.new


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A check, or a finding without checks, whose verdict or numbers are not the same.

    Parameters
    ----------
    place : str
        Requirement, check, event and capture, as `DYN-1 dip, event 2, on step-1.csv`.
    verdicts : tuple of str or None
        Old and new; None where it is not in that pack.
    relation : Relation, optional
        How the numbers stand; None where there are none.
    """

    place: str
    verdicts: tuple[str | None, str | None]
    readings: tuple[Reading | None, Reading | None] = (None, None)
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class PackDifference:
    """Everything in which two packs differ."""

    old: VerifiedPack
    new: VerifiedPack
    spec: tuple[Difference, ...]
    captures: tuple[CaptureChange, ...]
    findings: tuple[FindingChange, ...]
    versions: tuple[tuple[str, str | None, str | None], ...]

    @property
    def is_same(self) -> bool:
        """Whether the same was asked, recorded and found; words, names of captures and versions do not count."""
        recorded = all(change.is_renamed for change in self.captures)
        return means_the_same(self.spec) and recorded and not self.findings


def pack_difference(old: VerifiedPack, new: VerifiedPack) -> PackDifference:
    """The difference of two packs that verify.

    Raises
    ------
    PackError
        If their specs are not the same, and one cannot be read by this version.
    """
    return PackDifference(
        old,
        new,
        spec=_specs(old, new),
        captures=tuple(_captures(_by_id(old), _by_id(new))),
        findings=tuple(_findings(old.results["findings"], new.results["findings"])),
        versions=tuple(_versions(old.manifest, new.manifest)),
    )


def _versions(old: Document, new: Document) -> Iterator[tuple[str, str | None, str | None]]:
    before, after = ({"slacheck": m["slacheck"]["version"]} | m["dependencies"] for m in (old, new))
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


# ---------------------------------------------------------------- spec


def _specs(old: VerifiedPack, new: VerifiedPack) -> tuple[Difference, ...]:
    if old.members["resolved-spec.yaml"] == new.members["resolved-spec.yaml"]:
        return ()
    return difference(_spec(old), _spec(new))


def _spec(pack: VerifiedPack) -> Spec:
    """The resolved spec of a pack; what it extends is already in it."""
    try:
        document = parse_document(pack.members["resolved-spec.yaml"], f"{pack.name}: resolved-spec.yaml")
        own = {key: value for key, value in document.data.items() if key != "extends"}
        return resolve(replace(document, data=own), installed_kinds())
    except SpecError as error:
        message = f"its spec cannot be read by this version of slacheck: {error.problems[0].message}"
        raise PackError(Diagnostic(pack.name, message, fix="use the version that made the pack")) from error


# ---------------------------------------------------------------- captures


def _by_id(pack: VerifiedPack) -> dict[str, dict[str, str]]:
    """The digest of each file of each capture."""
    return {c["id"]: {f["name"]: f["sha256"] for f in c["files"]} for c in pack.results["captures"]}


def _captures(old: Mapping[str, dict[str, str]], new: Mapping[str, dict[str, str]]) -> Iterator[CaptureChange]:
    moved: dict[str, str] = {}
    for name in (name for name in old if name not in new):
        digests = sorted(old[name].values())
        same = [n for n in new if n not in old and n not in moved.values() and sorted(new[n].values()) == digests]
        if same:
            moved[name] = same[0]
    for name in dict.fromkeys((*old, *new)):
        if name in old and name in new:
            files = dict.fromkeys((*old[name], *new[name]))
            changed = tuple(file for file in files if old[name].get(file) != new[name].get(file))
            if changed:
                yield CaptureChange(name, name, changed)
        elif name in old:
            yield CaptureChange(name, moved.get(name))
        elif name not in moved.values():
            yield CaptureChange(None, name)


# ---------------------------------------------------------------- findings


def _findings(old: list[Document], new: list[Document]) -> Iterator[FindingChange]:
    before, after = _grouped(old), _grouped(new)
    for requirement in dict.fromkeys((*before, *after)):
        for ours, theirs in _matched(before.get(requirement, {}), after.get(requirement, {})):
            yield from _changes(ours, theirs)


def _grouped(findings: list[Document]) -> dict[str, dict[str | None, Document]]:
    """Findings by requirement and capture."""
    found: dict[str, dict[str | None, Document]] = {}
    for finding in findings:
        found.setdefault(finding["requirement"], {})[finding["capture"]] = finding
    return found


def _matched(
    old: Mapping[str | None, Document], new: Mapping[str | None, Document]
) -> Iterator[tuple[Document | None, Document | None]]:
    only_old, only_new = [c for c in old if c not in new], [c for c in new if c not in old]
    for capture in (c for c in old if c in new):
        yield old[capture], new[capture]
    if len(only_old) == len(only_new) == 1:
        yield old[only_old[0]], new[only_new[0]]
    else:
        yield from ((old[capture], None) for capture in only_old)
        yield from ((None, new[capture]) for capture in only_new)


def _changes(old: Document | None, new: Document | None) -> Iterator[FindingChange]:
    """What differs in one finding: its checks or, where it has none, itself."""
    before, after = _checks(old), _checks(new)
    for key in dict.fromkeys((*before, *after)):
        pair = before.get(key), after.get(key)
        verdicts = tuple(None if one is None else str(one.check["verdict"]) for one in pair)
        if verdicts[0] != verdicts[1] or _numbers(pair[0]) != _numbers(pair[1]):
            place = _place(old or new or {}, *key, other=(new or {}).get("capture"))
            yield FindingChange(place, (verdicts[0], verdicts[1]), pair, relation(*pair))
    whole = (None if old is None else str(old["verdict"]), None if new is None else str(new["verdict"]))
    if not before and not after and whole[0] != whole[1]:
        yield FindingChange(_place(old or new or {}, None, None, other=(new or {}).get("capture")), whole)


def _checks(finding: Document | None) -> dict[tuple[str, int | None], Reading]:
    checks = [] if finding is None else finding["checks"]
    return {(check["name"], check["event"]): Reading(finding or {}, check) for check in checks}


def _numbers(reading: Reading | None) -> object:
    return None if reading is None else reading.check["measured"]


def _place(finding: Document, check: str | None, event: int | None, other: str | None) -> str:
    place = str(finding["requirement"]) + (f" {check}" if check else "") + ("" if event is None else f", event {event}")
    captures = [name for name in dict.fromkeys((finding["capture"], other)) if name is not None]
    return place + (f", on {' and '.join(captures)}" if captures else "")
