"""One module per kind: records with known truth. A new kind is one module and one line here."""

from benchmarks.scenarios import (
    band_ripple,
    damping,
    dynamic_range,
    forced_oscillation,
    frequency_response,
    harmonics,
    ramp_rate,
    regulation,
    rms_events,
    rocof,
    spectral_mask,
    step_response,
    tolerance_envelope,
    tracking,
    transient_deviation,
    unbalance,
)
from benchmarks.scenarios.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    step_response.SCENARIO,
    transient_deviation.SCENARIO,
    ramp_rate.SCENARIO,
    tracking.SCENARIO,
    dynamic_range.SCENARIO,
    band_ripple.SCENARIO,
    spectral_mask.SCENARIO,
    harmonics.SCENARIO,
    frequency_response.SCENARIO,
    damping.SCENARIO,
    forced_oscillation.SCENARIO,
    tolerance_envelope.LEVEL,
    tolerance_envelope.WAVEFORM,
    rms_events.SCENARIO,
    regulation.SCENARIO,
    unbalance.SCENARIO,
    rocof.SCENARIO,
)
