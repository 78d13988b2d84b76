"""slacheck: dynamic electrical requirements as a clause two companies can sign and check.

The public names are resolved when they are first used, so that importing the package costs
nothing; nothing inside the package imports from here.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC: dict[str, str] = {}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'slacheck' has no attribute {name!r}")
