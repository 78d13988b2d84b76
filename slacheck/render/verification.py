"""What `verify` found, as data: for pipelines that take a pack only from known signers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from slacheck.errors import printable

if TYPE_CHECKING:
    from slacheck.evidence.verify import VerifyReport

SCHEMA = "slacheck/verification/1"
_DIGESTED = ("manifest.json", "results.json")


def render(report: VerifyReport, members: Mapping[str, bytes] | None, again: dict[str, Any] | None = None) -> str:
    """A verification as a JSON document.

    Parameters
    ----------
    members : mapping of str to bytes, optional
        Of a pack that is right; nothing is said of the numbers of any other.
    again : dict, optional
        What measuring again gave.
    """
    is_confirmed = again is None or bool(again["confirmed"])
    document = {
        "schema": SCHEMA,
        "verified": report.ok and is_confirmed,
        "verdict": None if members is None else json.loads(members["results.json"])["verdict"],
        "sha256": {} if members is None else {n: hashlib.sha256(members[n]).hexdigest() for n in _DIGESTED},
        "signatures": [
            {"key": one.keyid, "state": one.state, "file": None if one.name is None else printable(one.name)}
            for one in report.signatures
        ],
        "timestamps": [{"time": one.time, "authority": one.authority} for one in report.stamps],
        "withheld": list(report.withheld),
        "recomputed": again,
        "lines": list(report.lines),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
