"""What `verify` is handed to look at documents and renderings of a pack, which it does not read again itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from slacheck import __version__
from slacheck.render import junit
from slacheck.submission.promised import promised

_CERTIFICATE = re.compile(rb'<header class="certificate ([A-Z_]+)">')


def retold(members: Mapping[str, bytes], results: dict[str, Any]) -> tuple[list[str], list[str]]:
    """As `submission.promised`, and whether the renderings in the pack say what its results say.

    `junit.xml` is made again. A page is only asked for the verdict on its certificate: making it again takes
    the plots' data, which is left to `--recompute`.
    """
    told, faults = promised(members, results)
    return told, [*faults, *_renderings(members, results)]


def _renderings(members: Mapping[str, bytes], results: dict[str, Any]) -> Iterator[str]:
    if results["slacheck"]["version"] == __version__ and junit.render(results) != members["junit.xml"]:
        yield "junit.xml is not what the results give"
    shown = _CERTIFICATE.findall(members.get("report.html", b""))
    if "report.html" in members and shown != [results["verdict"].encode()]:
        found = ", ".join(verdict.decode() for verdict in shown) or "no verdict"
        yield f"report.html is certified {found}, the results are {results['verdict']}"
