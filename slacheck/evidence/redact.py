"""A pack without the load profile: verdicts, digests and signatures stay, samples and plots go.

Manifest and statement are kept byte for byte, so everything that was signed is still signed, and
every member that remains is still checked against its digest. `redaction.json`, which nobody has
signed, names each member that is withheld with the digest and size that the manifest gives it.
What remains holds the spec, the submission and the results: levels and moments that decided,
names of captures and their digests, but no samples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slacheck import __version__
from slacheck.errors import Diagnostic, PackError, UsageError
from slacheck.evidence.archive import zipped
from slacheck.evidence.atomic import write_whole
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.pack import MANIFEST
from slacheck.evidence.verified import read_verified
from slacheck.evidence.withheld import REDACTION, is_withholdable

SCHEMA = "slacheck/redaction/1"
LONGEST_REASON = 2000
"""Characters."""


def redact(pack: Path, output: Path, reason: str | None = None) -> dict[str, int]:
    """Write `pack` without its samples and plots.

    Parameters
    ----------
    reason : str, optional
        Who withholds, and why; stands in `redaction.json` after the reasons of earlier redactions.

    Returns
    -------
    dict of str to int
        Members that the new pack withholds, those of an earlier redaction included, and their sizes. [bytes]

    Raises
    ------
    PackError
        If the pack cannot be opened or does not verify, or the new one cannot be written.
    UsageError
        If the reason is too long.
    """
    if reason is not None and len(reason) > LONGEST_REASON:
        raise UsageError(Diagnostic("--reason", f"longer than {LONGEST_REASON} characters", fix="shorten it"))
    kept, withheld = redacted(read_verified(pack).members, reason)
    try:
        write_whole(output, zipped(kept))
    except (OSError, ValueError) as error:
        raise PackError(Diagnostic(str(output), f"cannot be written: {error}")) from error
    return {name: entry["bytes"] for name, entry in withheld.items()}


def redacted(members: Mapping[str, bytes], reason: str | None) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Members of the redacted pack, and what is withheld with its digests; redacting twice changes no more."""
    listed = json.loads(members[MANIFEST])["members"]
    withheld = {name: listed[name] for name in sorted(listed) if is_withholdable(name)}
    kept = {name: content for name, content in members.items() if name not in withheld}
    reasons = json.loads(members[REDACTION])["reasons"] if REDACTION in members else []
    said = (reason or "").strip().encode("utf-8", "backslashreplace").decode("utf-8")
    document = {
        "schema": SCHEMA,
        "slacheck": {"version": __version__},
        "reasons": reasons if not said or said in reasons else [*reasons, said],
        "withheld": withheld,
    }
    return kept | {REDACTION: canonical_json(document)}, withheld
