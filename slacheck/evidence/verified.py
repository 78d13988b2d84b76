"""A pack whose numbers may be used: nothing is taken from one that does not verify."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slacheck.errors import Diagnostic, PackError
from slacheck.evidence.archive import read_bytes, unzipped
from slacheck.evidence.verify import Promised, verify_bytes

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VerifiedPack:
    """What is in a pack that is intact.

    Parameters
    ----------
    name : str
        Of the file, without its folder.
    results, manifest : dict
        The documents of those names.
    results_sha256 : str
        Digest of `results.json`.
    withheld : tuple of str
        Members that a redaction left out.
    members : mapping of str to bytes
        All that is there.
    """

    name: str
    results: Document
    manifest: Document
    results_sha256: str
    withheld: tuple[str, ...]
    members: Mapping[str, bytes] = field(repr=False)


def read_verified(path: Path, promised: Promised | None = None) -> VerifiedPack:
    """Read a pack.

    Parameters
    ----------
    promised : callable, optional
        Reads its documents again (`submission.promised`).

    Raises
    ------
    PackError
        If it cannot be opened, or does not verify; with what is wrong.
    """
    raw = read_bytes(path)
    report = verify_bytes(raw, promised=promised)
    if not report.ok:
        wrong = "; ".join(line for line in report.lines if line.startswith(("wrong:", "and ", "NOT INTACT")))
        message = f"this pack does not verify, so nothing in it is used: {wrong}"
        raise PackError(Diagnostic(str(path), message, fix="ask for the pack as it was written"))
    members = unzipped(raw)
    return VerifiedPack(
        name=path.name.encode("utf-8", "backslashreplace").decode("utf-8"),
        results=json.loads(members["results.json"]),
        manifest=json.loads(members["manifest.json"]),
        results_sha256=hashlib.sha256(members["results.json"]).hexdigest(),
        withheld=report.withheld,
        members=members,
    )
