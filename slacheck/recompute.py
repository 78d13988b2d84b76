"""A pack measured again from its captures, and compared with what it says.

The captures are those embedded in the pack, or files that are named; each is known by its digest,
whatever its name. They are laid out in a private temporary folder under the names that the results
give them, and go through `run` as they did.

With the same versions of slacheck and its dependencies the same bytes of `results.json` must come
out. With others every check is compared: a verdict that changed, or intervals that do not touch,
are faults; smaller differences are told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from slacheck import __version__, run
from slacheck.capture.load import open_capture
from slacheck.document import parse_document
from slacheck.engine.binding import Binding
from slacheck.errors import Diagnostic, UsageError
from slacheck.evidence.canonical import parse_json
from slacheck.evidence.pack import dependencies, read_pack
from slacheck.submission.load import Submission, claims_of
from slacheck.submission.promised import spec_of, submission_of

Document = dict[str, Any]
_AT_ONCE = 1 << 20
"""Bytes read at a time for a digest."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One check, then and now.

    Parameters
    ----------
    where : str
        Requirement, capture, check and event, in words.
    then, now : dict or None
        The check of the results document; None where there is none.
    explained : bool
        Verdicts are equal and the intervals touch.
    """

    where: str
    then: Document | None
    now: Document | None
    explained: bool


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What measuring again gave.

    Parameters
    ----------
    identical : bool
        The same bytes of `results.json`.
    versions : tuple of str
        What is another version here than when the pack was made, in words.
    differences : tuple of Difference
        Checks that are not the same to the last digit, in the order of the results.
    members : tuple of str
        Other members of the pack (report, traces ...) that come out otherwise; not looked at with other versions.
    """

    identical: bool
    versions: tuple[str, ...]
    differences: tuple[Difference, ...]
    members: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the pack is confirmed: to the byte by the same versions, within the uncertainty by others."""
        if self.versions:
            return self.identical or all(one.explained for one in self.differences)
        return self.identical and not self.members


def recompute(path: Path, captures: Sequence[Path] = ()) -> Recomputed:
    """Measure a pack again.

    Parameters
    ----------
    path : Path
        A pack that verifies.
    captures : sequence of Path
        Files of its captures, where the pack does not hold them; those beside them (sidecar, data file) are found.

    Raises
    ------
    SlacheckError
        If the pack or a file cannot be read, a file is none of its captures, or one of them is missing.
    """
    members = read_pack(path)
    then = parse_json(members["results.json"])
    with TemporaryDirectory(prefix="slacheck-") as folder, ExitStack() as opened:
        found = _found(then["captures"], members, captures)
        now = _measured_again(members, then, _laid_out(then["captures"], found, Path(folder)), opened)
    versions = tuple(_versions(parse_json(members["manifest.json"])))
    return Recomputed(
        now.members["results.json"] == members["results.json"],
        versions,
        tuple(_differences(then, now.results)),
        ()
        if versions
        else tuple(name for name in now.members if members.get(name, b"") not in (b"", now.members[name])),
    )


# ---------------------------------------------------------------- the captures


def _found(
    captures: Iterable[Document], members: Mapping[str, bytes], given: Sequence[Path]
) -> dict[str, bytes | Path]:
    """Content or place of every file of the captures, by digest."""
    needed = {file["sha256"]: file["name"] for capture in captures for file in capture["files"]}
    found: dict[str, bytes | Path] = {}
    for name, content in members.items():
        if name.startswith("captures/"):
            found[hashlib.sha256(content).hexdigest()] = content
    for path in given:
        digest = _digest(path)
        if digest not in needed:
            message = f"this is no file of a capture of the pack: its SHA-256 is {digest}"
            raise UsageError(Diagnostic(str(path), message, fix="name the very files that were measured"))
        beside = {path.parent / name for name in needed.values()}
        found |= {_digest(one): one for one in sorted(beside) if one.is_file()} | {digest: path}
    lacking = sorted(f"{name} (SHA-256 {digest})" for digest, name in needed.items() if digest not in found)
    if lacking:
        raise UsageError(
            Diagnostic(
                "--recompute",
                f"these files of the captures are not in the pack and were not named: {', '.join(lacking)}",
                fix="name them after --recompute, or ask for a pack that embeds them (`check --embed`)",
            )
        )
    return found


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_AT_ONCE):
                digest.update(piece)
    except OSError as error:
        raise UsageError(Diagnostic(str(path), f"cannot be read: {error.strerror}")) from None
    return digest.hexdigest()


def _laid_out(captures: Sequence[Document], found: Mapping[str, bytes | Path], folder: Path) -> list[Path]:
    """The file to open of each capture, in a folder of its own with those beside it under their own names."""
    paths = []
    for index, capture in enumerate(captures):
        own = folder / str(index)
        own.mkdir()
        for file in capture["files"]:
            name, source = PurePosixPath(file["name"]).name, found[file["sha256"]]
            if name in ("", ".."):
                raise UsageError(Diagnostic("results.json", f"{file['name']!r} is no name of a file"))
            if isinstance(source, bytes):
                (own / name).write_bytes(source)
            else:
                (own / name).symlink_to(source.resolve())
        paths.append(own / PurePosixPath(capture["id"]).name)
    return paths


# ---------------------------------------------------------------- measured again


def _measured_again(members: Mapping[str, bytes], then: Document, paths: list[Path], opened: ExitStack) -> run.Run:
    spec = spec_of(members)
    bindings = []
    for capture, path in zip(then["captures"], paths, strict=True):
        recording = open_capture(path, id=capture["id"])
        opened.callback(recording.close)
        recorded = {name for name, signal in spec.signals.items() if signal.derive is None}
        signals = {name: channel for name, channel in capture["signals"].items() if name in recorded}
        bindings.append(Binding(recording, capture["test"], signals))
    model, submission = submission_of(members), None
    if model is not None:
        raw = members["submission.yaml"]
        submission = Submission(
            id=model.submission,
            supplier=model.supplier,
            spec=spec,
            bindings=(),
            claims=claims_of(model),
            waivers=model.waivers,
            document=parse_document(raw, "submission.yaml"),
            raw=raw,
            sha256=hashlib.sha256(raw).hexdigest(),
        )
    return run.check(spec, bindings, submission=submission)


def _versions(manifest: Document) -> Iterator[str]:
    """What is another version here than in the manifest."""
    here = {"slacheck": __version__} | dependencies()
    there = {"slacheck": manifest["slacheck"]["version"]} | manifest["dependencies"]
    for name in sorted(here.keys() | there.keys()):
        if here.get(name) != there.get(name):
            yield f"{name} {there.get(name, 'unknown')} then, {here.get(name, 'none')} now"


def _differences(then: Document, now: Document) -> Iterator[Difference]:
    before, after = dict(_checks(then)), dict(_checks(now))
    for where in dict.fromkeys((*before, *after)):
        old, new = before.get(where), after.get(where)
        if old != new:
            explained = old is not None and new is not None and old["verdict"] == new["verdict"]
            yield Difference(where, old, new, explained and _touch(old, new))


def _checks(results: Document) -> Iterator[tuple[str, Document]]:
    for finding in results["findings"]:
        where = f"{finding['requirement']} on {finding['capture'] or 'no capture'}"
        if finding["verdict"] == "ERROR":
            yield where, {"verdict": "ERROR", "measured": {"value": None, "interval": [None, None]}}
        for check in finding["checks"]:
            event = "" if check["event"] is None else f", event {check['event']}"
            yield f"{where}, {check['name']}{event}", check


def _touch(old: Document | None, new: Document | None) -> bool:
    """Whether two intervals have a point in common; an unknown end reaches everywhere."""
    if old is None or new is None:
        return False
    ends = [(check["measured"]["interval"], check["measured"]["value"]) for check in (old, new)]
    if (ends[0][1] is None) != (ends[1][1] is None):
        return False
    (low, high), (other_low, other_high) = ends[0][0], ends[1][0]
    return (high is None or other_low is None or other_low <= high) and (
        low is None or other_high is None or low <= other_high
    )


def told(found: Recomputed) -> list[str]:
    """What measuring again gave, in lines for people."""
    lines = [f"recomputed with other versions: {version}" for version in found.versions]
    if found.identical:
        lines.append("recomputed: results.json is the same, byte for byte")
        lines += [f"wrong: {name} is not what measuring again gives" for name in found.members]
        return lines
    for one in found.differences:
        state = "within the uncertainty" if one.explained else "NOT explained by the uncertainty"
        lines.append(f"recomputed: {one.where}: {_shown(one.then)} then, {_shown(one.now)} now, {state}")
    if not found.versions:
        lines.append("wrong: the same versions of slacheck and its dependencies give other bytes of results.json")
    return lines


def _shown(check: Document | None) -> str:
    if check is None:
        return "no such check"
    measured = check["measured"]
    if measured["value"] is None:
        return f"{check['verdict']}, nothing measured"
    low, high = ("unbounded" if end is None else f"{end:.9g}" for end in measured["interval"])
    return f"{check['verdict']} {measured['value']:.9g} [{low}, {high}] {measured['unit']}"
