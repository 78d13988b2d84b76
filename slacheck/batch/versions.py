"""What has to be the same on two machines for the results to be the same."""

from __future__ import annotations

import os
from collections.abc import Mapping

from slacheck import __version__
from slacheck.evidence.pack import dependencies

SAME_VERSIONS = "install the same versions on all workers"


def versions() -> dict[str, str]:
    """Of this machine: slacheck, what it computes with, and the date it is told to write."""
    return {"slacheck": __version__, **dependencies(), "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", "")}


def differ(theirs: Mapping[str, str]) -> str | None:
    """How this worker's versions differ from those of the machine that sent the task."""
    mine = versions()
    names = [name for name in theirs if mine.get(name) != theirs[name]]
    what = ", ".join(f"{name} {mine.get(name) or 'none'} instead of {theirs[name] or 'none'}" for name in names)
    return f"a worker of the cluster has {what}" if names else None
