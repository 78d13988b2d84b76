"""What a redaction left out of a pack, as `verify` sees it: only samples and plots, each named with its digest.

`redaction.json` is signed by nobody, so nothing is believed of it: what it says of a member must be what the manifest
says, and a member is either there, or withheld, or missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

REDACTION = "redaction.json"
_MEMBERS = ("report.html",)
_FOLDERS = ("captures/", "traces/")
Document = dict[str, Any]


def is_withholdable(name: str) -> bool:
    """Whether a redaction may leave a member out: what it shows is not needed to decide again."""
    return name in _MEMBERS or name.startswith(_FOLDERS)


def withheld_faults(withheld: Document, members: Mapping[str, bytes], manifest: Document) -> Iterator[str]:
    """What is wrong with the members that a redaction names, and nothing of those that are missing without it."""
    listed = manifest["members"]
    for name in sorted(withheld):
        if not is_withholdable(name):
            yield f"{name} is withheld; a redaction leaves out only captures, traces and the report"
        elif name in members:
            yield f"{name} is in the pack, but redaction.json says that it is withheld"
        elif name not in listed:
            yield f"{name} is withheld, but the manifest does not know it"
        elif withheld[name] != listed[name]:
            yield f"{name} is withheld with another SHA-256 or size than the manifest gives it"


def withheld_lines(redaction: Document) -> Iterator[str]:
    """The redaction in lines for people."""
    for reason in redaction["reasons"]:
        yield f"redaction: unsigned, says: {' '.join(reason.split())}"
    for name, entry in sorted(redaction["withheld"].items()):
        yield f"withheld: {name}, {entry['bytes']} bytes, SHA-256 {entry['sha256']}"
