"""The requirement kinds, one file each; this table is the only place that lists them."""

from __future__ import annotations

from typing import Any

from slacheck.contract import Kind
from slacheck.kinds.band_ripple import KIND as BAND_RIPPLE
from slacheck.kinds.damping import KIND as DAMPING
from slacheck.kinds.dynamic_range import KIND as DYNAMIC_RANGE
from slacheck.kinds.flicker import KIND as FLICKER
from slacheck.kinds.forced_oscillation import KIND as FORCED_OSCILLATION
from slacheck.kinds.frequency_response import KIND as FREQUENCY_RESPONSE
from slacheck.kinds.harmonics import KIND as HARMONICS
from slacheck.kinds.ramp_rate import KIND as RAMP_RATE
from slacheck.kinds.regulation import KIND as REGULATION
from slacheck.kinds.rms_events import KIND as RMS_EVENTS
from slacheck.kinds.rocof import KIND as ROCOF
from slacheck.kinds.spectral_mask import KIND as SPECTRAL_MASK
from slacheck.kinds.step_response import KIND as STEP_RESPONSE
from slacheck.kinds.tolerance_envelope import KIND as TOLERANCE_ENVELOPE
from slacheck.kinds.tracking import KIND as TRACKING
from slacheck.kinds.transient_deviation import KIND as TRANSIENT_DEVIATION
from slacheck.kinds.unbalance import KIND as UNBALANCE

KINDS: tuple[Kind[Any], ...] = (
    STEP_RESPONSE,
    TRANSIENT_DEVIATION,
    RAMP_RATE,
    TRACKING,
    DYNAMIC_RANGE,
    BAND_RIPPLE,
    SPECTRAL_MASK,
    HARMONICS,
    FREQUENCY_RESPONSE,
    DAMPING,
    FORCED_OSCILLATION,
    TOLERANCE_ENVELOPE,
    RMS_EVENTS,
    REGULATION,
    FLICKER,
    UNBALANCE,
    ROCOF,
)
