"""What a buyer should know of how a submission was put together: nothing here changes a verdict.

Recordings handed in twice, recordings of the same minutes, more or fewer of them than a test asks
for, tests without one, recordings that nothing was judged on: each is a note with the names and the times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from slacheck.contract import CaptureRecord
from slacheck.spec.model import Spec
from slacheck.submission.load import Submission

_CHUNK = 1 << 20
_Span: TypeAlias = tuple[datetime, datetime, str]


@dataclass(frozen=True, slots=True)
class Note:
    """One thing worth asking about: a code, the captures, a sentence."""

    code: str
    captures: tuple[str, ...]
    sentence: str


def audit_documents(submission: Submission) -> list[Note]:
    """What the document and the bytes of the files tell, before anything is measured."""
    tests = {bound.id: bound.test for bound in submission.bindings}
    return [*_counts(submission.spec, tests), *_few(submission.spec, tests), *_same(_equal_files(submission), tests)]


def audit_captures(spec: Spec, captures: Sequence[CaptureRecord], judged: set[str]) -> list[Note]:
    """What the recordings themselves tell; `judged` are the captures that a requirement was judged on."""
    tests = {capture.id: capture.test for capture in captures}
    digests = {c.id: tuple(file.sha256 for file in c.files if file.role != "sidecar") or (c.id,) for c in captures}
    return [*_counts(spec, tests), *_same(digests, tests), *_overlaps(captures, digests), *_unused(tests, judged)]


def _counts(spec: Spec, tests: Mapping[str, str | None]) -> Iterator[Note]:
    for name, test in spec.tests.items():
        mine = tuple(capture for capture, under in tests.items() if under == name)
        wanted = test.repeat
        if not mine:
            yield Note("test_missing", (), f"No capture is bound to the test {name}, which asks for {wanted}.")
        elif len(mine) > wanted:
            asked = f"{wanted} repeat{'' if wanted == 1 else 's'}"
            sentence = f"The test {name} asks for {asked}; {len(mine)} captures are bound to it."
            yield Note("repeats", mine, sentence)


def _few(spec: Spec, tests: Mapping[str, str | None]) -> Iterator[Note]:
    """Tests with fewer captures than repeats; only measuring tells whether there are events enough in them."""
    for name, test in spec.tests.items():
        mine = tuple(capture for capture, under in tests.items() if under == name)
        if 0 < len(mine) < test.repeat:
            bound = f"{len(mine)} capture{'s are' if len(mine) > 1 else ' is'} bound to it"
            sentence = f"The test {name} asks for {test.repeat} repeats; {bound}, so the rest must be events in them."
            yield Note("repeats", mine, sentence)


def _same(digests: Mapping[str, tuple[str, ...]], tests: Mapping[str, str | None]) -> Iterator[Note]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for capture, digest in digests.items():
        groups.setdefault(digest, []).append(capture)
    for names in groups.values():
        under = list(dict.fromkeys(str(tests[name]) for name in names if tests[name] is not None))
        if len(names) < 2:
            continue
        sentence = f"{_listed(names)} are the same recording, byte for byte, under {len(names)} names"
        sentence += f", handed in for {len(under)} tests: {', '.join(under)}." if len(under) > 1 else "."
        yield Note("same_recording", tuple(names), sentence)


def _overlaps(captures: Sequence[CaptureRecord], digests: Mapping[str, tuple[str, ...]]) -> Iterator[Note]:
    """Runs of different recordings whose times overlap, one note for each; those without a start say nothing."""
    distinct = {digests[capture.id]: capture for capture in reversed(captures)}.values()
    spans = sorted((*span, capture.id) for capture in distinct if (span := _span(capture)) is not None)
    run: list[_Span] = []
    for timed in spans:
        if run and timed[0] >= max(end for _, end, _ in run):
            yield from _overlap(run)
            run = []
        run.append(timed)
    yield from _overlap(run)


def _overlap(run: Sequence[_Span]) -> Iterator[Note]:
    if len(run) > 1:
        listed = ", ".join(f"{name} ({_time(start)} to {_time(end)})" for start, end, name in run)
        yield Note(
            "overlap",
            tuple(name for _, _, name in run),
            f"These were recorded at the same time, or overlap, so that they are no independent repeats unless their "
            f"instruments stood in different places: {listed}.",
        )


def _span(capture: CaptureRecord) -> tuple[datetime, datetime] | None:
    if capture.start is None:
        return None
    start = datetime.fromisoformat(capture.start)
    return start, start + timedelta(seconds=capture.duration)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _unused(tests: Mapping[str, str | None], judged: set[str]) -> Iterator[Note]:
    for name in tests:
        if name not in judged:
            yield Note("not_judged", (name,), f"No requirement was judged on {name}.")


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _equal_files(submission: Submission) -> dict[str, tuple[str, ...]]:
    """Something equal for equal files: the digest where another one has the same size, else the name.

    A COMTRADE configuration (.cfg) may be the same for two recordings, whose samples stand elsewhere.
    """
    sizes = {bound.id: bound.path.stat().st_size for bound in submission.bindings}
    alone = list(sizes.values()).count
    return {
        bound.id: (bound.id,)
        if alone(sizes[bound.id]) == 1 or bound.path.suffix.lower() == ".cfg"
        else (_digest(bound.path),)
        for bound in submission.bindings
    }


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
