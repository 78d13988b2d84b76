"""What a buyer publishes: a spec with all it extends, what to record, and examples, as one deterministic zip.

Unpacked anywhere the spec stands beside what it extends, so a supplier lints, plans and checks
with the very files that the buyer will judge by. Names inside are those by which the documents
name one another; the digests of all files stand in `SHA256SUMS`, as `sha256sum -c` reads them.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from slacheck.capture.load import file_records
from slacheck.errors import CaptureError, Diagnostic, UsageError
from slacheck.evidence.archive import zipped
from slacheck.evidence.atomic import write_whole
from slacheck.spec.explain import explain
from slacheck.spec.model import Spec
from slacheck.spec.plan import plan

SPEC = "spec.yaml"
SUMS = "SHA256SUMS"


def write_bundle(spec: Spec, examples: Sequence[Path], output: Path) -> tuple[str, ...]:
    """Write the bundle of a spec; the names of what is inside.

    Parameters
    ----------
    examples : sequence of Path
        Recordings that show what is wanted; sidecars and data files beside them come along.

    Raises
    ------
    SlacheckError
        If an example cannot be read, two have one name, a base stands outside the spec's folder, or it cannot be
        written.
    """
    members = {SPEC: spec.raw, **dict(_bases(spec)), **_examples(examples)}
    members["plan.txt"] = plan(spec).encode()
    members["clauses.txt"] = explain(spec).encode()
    members["README.txt"] = _readme(spec, [path.name for path in examples]).encode()
    sums = (f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n" for name in sorted(members))
    members[SUMS] = "".join(sums).encode()
    try:
        write_whole(output, zipped(members))
    except (OSError, ValueError) as error:
        raise UsageError(Diagnostic(str(output), f"cannot be written: {error}")) from error
    return tuple(sorted(members))


def _bases(spec: Spec) -> Iterator[tuple[str, bytes]]:
    """What the spec extends, each where the one before names it."""
    folder = ""
    for base in spec.extends:
        name = posixpath.normpath(posixpath.join(folder, base.reference))
        name = name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"
        if name.startswith("../") or name in (SPEC, "README.txt", SUMS):
            message = f"the spec that is extended, {base.reference!r}, has no place beside spec.yaml"
            raise UsageError(Diagnostic(spec.place, message, fix="put it beside the spec or below it"))
        yield name, base.document.raw
        folder = posixpath.dirname(name)


def _examples(examples: Sequence[Path]) -> Mapping[str, bytes]:
    members: dict[str, bytes] = {}
    for path in examples:
        for record in file_records(path):
            name = f"examples/{record.name}"
            try:
                content = (path.parent / record.name).read_bytes()
            except OSError as error:
                raise CaptureError(Diagnostic(str(path), f"cannot be read: {error.strerror}")) from None
            if members.setdefault(name, content) != content:
                raise UsageError(
                    Diagnostic(str(path), f"another example has a file {record.name!r} too", fix="rename one")
                )
    return members


def _readme(spec: Spec, names: Sequence[str]) -> str:
    captures = " ".join(f"examples/{name}" for name in names)
    version = f" {spec.version}" if spec.version else ""
    lines = [
        f"{spec.id}{version}: {spec.title or 'spec'}",
        "",
        "Unpack this, install slacheck, and before you record:",
        "    sha256sum -c SHA256SUMS",
        "    slacheck lint spec.yaml",
        "    slacheck plan spec.yaml          (also in plan.txt; the clauses in words are in clauses.txt)",
    ]
    if captures:
        lines += ["The examples show what a recording looks like:", f"    slacheck check spec.yaml {captures}"]
    lines += [
        "Before you send, check your own submission (see docs of slacheck for submissions):",
        "    slacheck lint mine.sla.yaml && slacheck check mine.sla.yaml -o evidence.zip",
    ]
    return "\n".join(lines) + "\n"
