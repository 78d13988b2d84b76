"""The evidence pack: the members of a run and a manifest of their digests, in one canonical zip.

`manifest.json` holds SHA-256 and size of every member but itself and the statement that may sign
it, the same of the captures that are referenced and not embedded, and the versions that made the
pack: no host, no user, no path, no time.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from slacheck import __version__
from slacheck.contract import FileRecord
from slacheck.errors import Diagnostic, PackError
from slacheck.evidence.archive import read_bytes, unzipped, zipped
from slacheck.evidence.atomic import write_whole
from slacheck.evidence.canonical import canonical_json

MANIFEST = "manifest.json"
STATEMENT = "statement.dsse.json"
SCHEMA = "slacheck/manifest/1"
_DEPENDENCIES = ("jinja2", "numpy", "pyarrow", "pydantic", "pyyaml", "scipy", "segno")
"""Those whose version can change a byte of a pack."""
Seal = Callable[[Mapping[str, bytes]], bytes]
"""Makes the signed statement from the members and their manifest."""


def write_pack(
    path: Path,
    members: Mapping[str, bytes],
    referenced: Sequence[FileRecord],
    seal: Seal | None = None,
) -> None:
    """Write the pack of `members` with their manifest; it exists whole or not at all.

    Parameters
    ----------
    referenced : sequence of FileRecord
        Files of the captures; those not among the members are listed in the manifest by digest.
    seal : callable, optional
        Makes the signed statement from the members and their manifest.

    Raises
    ------
    PackError
        If a member's name is not fit for a pack, the pack is too large, or it cannot be written.
    """
    try:
        write_whole(path, packed(members, referenced, seal))
    except ValueError as error:
        raise PackError(Diagnostic(str(path), str(error))) from error
    except OSError as error:
        raise PackError(Diagnostic(str(path), f"cannot be written: {error.strerror or error}")) from error


def packed(members: Mapping[str, bytes], referenced: Sequence[FileRecord], seal: Seal | None = None) -> Iterator[bytes]:
    """The bytes of the pack, piece by piece.

    Raises
    ------
    ValueError
        If a member's name is not fit for a pack, or the pack is too large.
    """
    whole = {**members, MANIFEST: canonical_json(manifest(members, referenced))}
    if seal is not None:
        whole[STATEMENT] = seal(whole)
    yield from zipped(whole)


def read_pack(path: Path) -> Mapping[str, bytes]:
    """Members of a pack, the manifest included.

    Raises
    ------
    PackError
        If it cannot be opened, or is not byte for byte the canonical zip of its members.
    """
    raw = read_bytes(path)
    try:
        return unzipped(raw)
    except ValueError as error:
        raise PackError(Diagnostic(str(path), f"not an evidence pack: {error}")) from error


def manifest(members: Mapping[str, bytes], referenced: Sequence[FileRecord]) -> dict[str, Any]:
    """Digests of the members and of the captures that are not among them; versions."""
    listed = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in members.items()
        if name not in (MANIFEST, STATEMENT)
    }
    embedded = {entry["sha256"] for name, entry in listed.items() if name.startswith("captures/")}
    outside = {(f.name, f.role, f.sha256, f.bytes) for f in referenced if f.sha256 not in embedded}
    return {
        "schema": SCHEMA,
        "slacheck": {"version": __version__},
        "dependencies": dependencies(),
        "members": listed,
        "captures": [dict(zip(("name", "role", "sha256", "bytes"), file, strict=True)) for file in sorted(outside)],
    }


def dependencies() -> dict[str, str]:
    """Versions of what can change a byte of a pack."""
    found = {"python": platform.python_version()}
    for name in _DEPENDENCIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # vendored or frozen: not told apart
            found[name] = "unknown"
    return found


__all__ = ["canonical_json", "dependencies", "manifest", "packed", "read_pack", "write_pack"]
