"""The evidence pack: the members of a run and a manifest of their digests, in one canonical zip.

`manifest.json` holds SHA-256 and size of every member but itself and the statement that may sign
it, the same of the captures that are referenced and not embedded, and the versions that made the
pack: no host, no user, no path, no time.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping, Sequence
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


def write_pack(
    path: Path,
    members: Mapping[str, bytes],
    referenced: Sequence[FileRecord],
    seal: Callable[[Mapping[str, bytes]], bytes] | None = None,
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
    whole = {**members, MANIFEST: canonical_json(manifest(members, referenced))}
    try:
        if seal is not None:
            whole[STATEMENT] = seal(whole)
        write_whole(path, zipped(whole))
    except ValueError as error:
        raise PackError(Diagnostic(str(path), str(error))) from error
    except OSError as error:
        raise PackError(Diagnostic(str(path), f"cannot be written: {error.strerror or error}")) from error


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
        "dependencies": {"python": platform.python_version()} | _versions(),
        "members": listed,
        "captures": [dict(zip(("name", "role", "sha256", "bytes"), file, strict=True)) for file in sorted(outside)],
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _DEPENDENCIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # vendored or frozen: not told apart
            found[name] = "unknown"
    return found


__all__ = ["canonical_json", "manifest", "read_pack", "write_pack"]
