"""slacheck: dynamic electrical requirements as a clause two companies can sign and check.

The public names are resolved when they are first used, so that importing the package costs
nothing; nothing inside the package imports them from here. `__init__.pyi` lists them for type
checkers.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC: dict[str, str] = {
    "Capture": "slacheck.capture.capture",
    "CaptureError": "slacheck.errors",
    "PackError": "slacheck.errors",
    "Results": "slacheck.api",
    "SlacheckError": "slacheck.errors",
    "Spec": "slacheck.spec.model",
    "SpecError": "slacheck.errors",
    "Submission": "slacheck.submission.load",
    "UsageError": "slacheck.errors",
    "Verdict": "slacheck.contract",
    "check": "slacheck.api",
    "load_spec": "slacheck.spec.load",
    "load_submission": "slacheck.submission.load",
    "open_capture": "slacheck.api",
    "verify": "slacheck.evidence.verify",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'slacheck' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
