"""A capture as signals: channels, facts, windows and traces, with known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.capture.capture import Capture
from slacheck.contract import Accuracy, Derive, Effect, MeterPlan, Need, Signal
from slacheck.engine import stream
from slacheck.engine.source import Source
from slacheck.engine.stream import MeterFailed, measure
from slacheck.errors import CaptureError
from slacheck.measure.condition import LongestRun
from slacheck.quality.gates import admit

RATE = 1000.0
SIGNALS = {
    "p": Signal("p", "active_power", "MW", "W", 10e6),
    "mean": Signal("mean", "active_power", "MW", "W", 10e6, derive=Derive("mean", ("p",), 0.1)),
    "v": Signal("v", "voltage", "V", "V", 230.0, waveform="ac"),
    "rms": Signal("rms", "voltage", "V", "V", 230.0, derive=Derive("rms", ("v",), 0.02, 0.01)),
}


def source(**channels):
    units = {name: "V" if name == "v" else "MW" for name in channels}
    capture = Capture.from_arrays(channels, sample_rate=RATE, units=units)
    return Source(capture, SIGNALS)


def measured(found, *names):
    """Facts are complete once the record has streamed past."""
    measure(found, (), names)
    return found


def test_window_returns_the_samples_in_si_at_their_own_times():
    found = source(p=np.arange(100) / 10)
    waveform = found.window("p", 0.0305, 0.0345)
    assert waveform.times == pytest.approx([0.031, 0.032, 0.033, 0.034])
    assert waveform.samples == pytest.approx([3.1e6, 3.2e6, 3.3e6, 3.4e6])
    assert waveform.gaps == ()


def test_window_beyond_the_record_and_over_missing_samples_names_its_gaps():
    p = np.ones(100)
    p[50:60] = np.nan
    waveform = source(p=p).window("p", -0.01, 0.2)
    assert np.array(waveform.gaps) == pytest.approx(np.array([(-0.01, 0.0), (0.049, 0.06), (0.099, 0.2)]))
    assert np.isfinite(waveform.samples).all()


def test_window_of_a_derived_signal_is_the_same_wherever_it_begins():
    found = source(v=np.sin(2 * math.pi * 50 * np.arange(2000) / RATE) * np.linspace(1, 2, 2000))
    whole = found.window("rms", 0.0, 2.0)
    part = found.window("rms", 0.995, 1.205)
    inside = (whole.times >= 0.995) & (whole.times <= 1.205)
    assert np.array_equal(part.times, whole.times[inside])
    assert np.array_equal(part.samples, whole.samples[inside])
    assert whole.samples[0] == pytest.approx(1 / math.sqrt(2), rel=0.01)


def test_facts_carry_the_window_of_a_derived_signal_into_the_chain():
    facts = measured(source(v=np.ones(1000)), "rms").facts("rms")
    assert (facts.interval, facts.grid, facts.window, facts.averaging) == (0.001, 0.01, 0.02, (0.02,))


def test_facts_count_missing_samples_and_gaps_in_time():
    times = np.arange(1000) / RATE
    keep = np.r_[0:400, 450:1000]
    p = np.ones(keep.size)
    p[10:13] = np.nan
    capture = Capture.from_arrays({"p": p}, t=times[keep], units={"p": "MW"})
    facts = measured(Source(capture, SIGNALS), "p").facts("p")
    assert (facts.samples, facts.missing) == (1000, 53)
    assert facts.longest_gap == pytest.approx(0.050)


def test_channel_without_a_unit_is_an_error_that_says_where_to_write_it():
    capture = Capture.from_arrays({"p": [1.0, 2.0]}, sample_rate=1.0)
    with pytest.raises(CaptureError) as caught:
        Source(capture, SIGNALS).channel("p")
    assert str(caught.value) == (
        "arrays: error: channel 'p' has no unit, and the signal 'p' needs one\n"
        "  fix: name it in the sidecar arrays.meta.yaml: `channels: {p: {unit: MW}}`"
    )


def test_channel_of_another_quantity_is_an_error():
    capture = Capture.from_arrays({"p": [1.0, 2.0]}, sample_rate=1.0, units={"p": "V"})
    with pytest.raises(CaptureError, match="channel 'p' is in V, but the signal 'p' is a active_power in MW"):
        Source(capture, SIGNALS).channel("p")


def test_override_to_a_channel_that_is_not_there_suggests_the_nearest():
    capture = Capture.from_arrays({"P_pcc": [1.0, 2.0]}, sample_rate=1.0, units={"P_pcc": "W"})
    with pytest.raises(CaptureError, match="did you mean 'P_pcc'"):
        Source(capture, SIGNALS, {"p": "P_pc"}).has("p")


def test_accuracy_of_the_capture_comes_before_that_of_the_spec():
    spec, own = Accuracy(0.01, source="spec"), Accuracy(0.002)
    signals = {"p": Signal("p", "active_power", "W", "W", accuracy=spec)}
    bare = Capture.from_arrays({"p": [1.0, 2.0]}, sample_rate=1.0, units={"p": "W"})
    declared = Capture.from_arrays({"p": [1.0, 2.0]}, sample_rate=1.0, units={"p": "W"}, accuracy={"p": own})
    assert Source(bare, signals).accuracy("p") == spec
    assert Source(declared, signals).accuracy("p") == own


def test_envelope_keeps_a_single_extreme_sample():
    p = np.zeros(300_000)
    p[123_456] = 7.0
    centres, low, high = source(p=p).envelope("p", 0.0, 300.0, 100)
    assert high.max() == 7e6
    assert centres[int(high.argmax())] == pytest.approx(123.456, abs=1.5)
    assert (low == 0).all()


@pytest.mark.parametrize("piece", [7, 100, 1 << 17])
def test_readings_do_not_depend_on_the_piece_that_is_read_at_a_time(monkeypatch, piece):
    monkeypatch.setattr(stream, "PIECE", piece)
    p = np.ones(1000)
    p[300] = np.nan
    p[700:] = 0.0
    plan = MeterPlan("run", ("mean",), lambda interval: LongestRun(0.5e6, None))
    longest, start = measure(source(p=p), (plan, plan), ()).reading("run")
    # the mean needs its window full: 99 samples after the gap; it is half full 50 samples after the step
    assert start == pytest.approx(0.400)
    assert longest == pytest.approx(0.350)


def test_meter_that_fails_takes_no_other_with_it():
    class Broken:
        def update(self, block):
            raise ZeroDivisionError("broken")

    plans = (
        MeterPlan("broken", ("p",), lambda interval: Broken()),
        MeterPlan("run", ("p",), lambda interval: LongestRun(None, None)),
    )
    readings = measure(source(p=np.ones(10)), plans, ())
    assert readings.reading("run") == (pytest.approx(0.010), 0.0)
    with pytest.raises(MeterFailed, match="ZeroDivisionError: broken"):
        readings.reading("broken")


def test_frequency_that_no_instrument_measures_is_no_measurement():
    signals = {"f": Signal("f", "frequency", "Hz", "Hz", 50.0)}
    f = np.full(1000, 50.01)
    f[700:] = np.linspace(50, 40, 300)  # after the collapse the column slides on
    found = Source(Capture.from_arrays({"f": f}, sample_rate=1.0, units={"f": "Hz"}), signals)
    facts = measured(found, "f").facts("f")
    assert facts.impossible == 75
    (gate,) = [gate for gate in admit(Need("f"), facts) if gate.effect is Effect.NO_VERDICT]
    assert gate.sentence == (
        "75 samples of f are further than 15 % from the rated frequency, where instruments measure none: what stands "
        "there is no measurement. Mark it as `invalid` in the sidecar, or submit the record without it."
    )
