"""The requirement kinds, one file each; this table is the only place that lists them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from slacheck.contract import Kind

NAMES = (
    "step_response",
    "transient_deviation",
    "ramp_rate",
    "tracking",
    "dynamic_range",
    "band_ripple",
    "spectral_mask",
    "harmonics",
    "frequency_response",
    "damping",
    "forced_oscillation",
    "tolerance_envelope",
    "rms_events",
    "regulation",
    "flicker",
    "unbalance",
    "rocof",
)
"""Names of all kinds, each that of its file."""


@cache
def own_kind(name: str) -> Kind[Any]:
    """A kind of slacheck; its file is loaded when it is first asked for."""
    kind: Kind[Any] = import_module(f"slacheck.kinds.{name}").KIND
    return kind
