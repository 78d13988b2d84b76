"""Signals derived from several others in one stream, and what they carry over from their channels."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.capture.capture import Capture
from slacheck.contract import Accuracy, Block, Derive, MeterPlan, Need, Signal
from slacheck.engine import stream
from slacheck.engine.derived import DerivedSignals
from slacheck.engine.source import Source
from slacheck.engine.stream import measure
from slacheck.quality.gates import admit, chain_gain

RATE = 1000.0


def power(name, **more):
    return Signal(name, "active_power", "W", "W", 10.0, **more)


SIGNALS = {
    "a": power("a"),
    "b": power("b"),
    "slow_a": power("slow_a", derive=Derive("mean", ("a",), 0.1)),
    "lagging": power("lagging", derive=Derive("sum", ("slow_a", "b"))),
    "net": power("net", derive=Derive("difference", ("a", "b"))),
    "total": power("total", derive=Derive("sum", ("a", "b"))),
    "turned": power("turned", derive=Derive("scale", ("a",), factor=-3.0)),
    "quiet": power("quiet", derive=Derive("lowpass", ("a",), 0.2, frequency=10.0, order=2)),
    "steep": power("steep", derive=Derive("lowpass", ("a",), 0.2, frequency=480.0, order=2)),
    "va": Signal("va", "voltage", "V", "V", 230.0, waveform="ac"),
    "ia": Signal("ia", "current", "A", "A", 10.0, waveform="ac"),
    "pa": power("pa", derive=Derive("power", ("va", "ia"), 0.02, 0.01, "active", 50.0)),
    "f": Signal("f", "frequency", "Hz", "Hz", derive=Derive("frequency", ("va",), 0.1, 0.02, frequency=50.0)),
}
UNITS = {"a": "W", "b": "W", "va": "V", "ia": "A"}


class Collected:
    """Keeps all that it is fed."""

    def __init__(self):
        self.blocks = []

    def update(self, block):
        self.blocks.append(block)

    def reading(self):
        return self.blocks


def source(accuracy=None, t=None, **channels):
    clock = {"sample_rate": RATE} if t is None else {"t": t}
    units = {name: UNITS[name] for name in channels}
    return Source(Capture.from_arrays(channels, units=units, accuracy=accuracy or {}, **clock), SIGNALS)


def collected(found, *names):
    plan = MeterPlan("all", names, lambda interval: Collected())
    blocks = measure(found, (plan,), ()).reading("all")
    return blocks, np.concatenate([block.samples for block in blocks], axis=1)


def test_sources_that_lag_are_lined_up_by_time():
    a, b = np.arange(1000.0), 1e6 * np.arange(1000.0)
    blocks, rows = collected(source(a=a, b=b), "lagging")
    assert blocks[0].start == 99  # the mean over 100 samples needs them all
    np.testing.assert_allclose(rows[0], [a[k - 99 : k + 1].mean() + b[k] for k in range(99, 1000)])


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 399), max_size=8), gap=st.integers(1, 398))
def test_rows_do_not_depend_on_where_blocks_are_cut(cuts, gap):
    rows = np.random.default_rng(gap).normal(size=(2, 400))

    def run(edges):
        derived = DerivedSignals(SIGNALS, ("lagging", "net"), 1 / RATE, 100.0)
        assert derived.recorded == ("a", "b")
        made = []
        for first, last in itertools.pairwise(edges):
            segment = int(first >= gap)
            for block in derived.push(Block(rows[:, first:last], segment, first, first / RATE, 1 / RATE)):
                made += [(block.segment, block.start + i, column) for i, column in enumerate(block.samples.T)]
        return [(segment, index, *column) for segment, index, column in made]

    whole = run([0, gap, 400])
    assert whole == run(sorted({0, gap, 400, *cuts}))
    assert {segment for segment, *_ in whole} <= {0, 1}


def test_missing_sample_of_any_source_is_missing_of_the_whole():
    a, b = np.ones(1000), np.ones(1000)
    a[10:20], b[15:30] = np.nan, np.nan
    found = source(a=a, b=b)
    blocks, _ = collected(found, "net")
    assert [(block.start, block.samples.shape[1]) for block in blocks] == [(0, 10), (30, 970)]
    facts = found.facts("net")
    assert (facts.channel, facts.missing, facts.longest_gap) == ("a, b", 20, pytest.approx(0.020))


def test_window_of_a_combined_signal_is_read_again_from_the_record():
    t = np.arange(2000) / RATE
    va, ia = 325 * np.sin(100 * math.pi * t), 14 * np.sin(100 * math.pi * t - 0.5)
    found = source(va=va, ia=ia)
    waveform = found.window("pa", 0.5, 0.6)
    assert waveform.times == pytest.approx(np.arange(0.5, 0.601, 0.01))
    assert waveform.samples == pytest.approx(325 * 14 / 2 * math.cos(0.5), rel=1e-9)
    _, rows = collected(found, "pa")
    np.testing.assert_allclose(rows[0], 325 * 14 / 2 * math.cos(0.5), rtol=1e-9)


@pytest.mark.parametrize("piece", [13, 1 << 17])
def test_shared_source_is_computed_once_and_the_same_for_every_piece(monkeypatch, piece):
    monkeypatch.setattr(stream, "PIECE", piece)
    a, b = np.random.default_rng(1).normal(size=(2, 700))
    _, rows = collected(source(a=a, b=b), "lagging", "slow_a")
    np.testing.assert_allclose(rows[0] - rows[1], b[99:], rtol=1e-9)


# ---------------------------------------------------------------- accuracy

GAIN = Accuracy(0.01, coverage_factor=2)
BOTH = {"a": GAIN, "b": Accuracy(0.02, 0.001, 100.0, 2)}


def accuracy(name, **channels):
    found = source(accuracy=BOTH, **channels)
    measure(found, (), (name,))
    return found.accuracy(name)


def test_gain_of_a_sum_of_one_sign_is_the_largest_and_offsets_add():
    made = accuracy("total", a=np.array([1.0, 2.0]), b=np.array([3.0, 4.0]))
    assert (made.gain, made.offset, made.source) == (0.01, pytest.approx(0.05), "capture")


def test_gain_of_a_difference_of_like_signs_is_not_bounded_by_any_share():
    assert accuracy("net", a=np.array([1.0, 2.0]), b=np.array([3.0, 4.0])) is None
    made = accuracy("net", a=np.array([1.0, 2.0]), b=np.array([-3.0, -4.0]))
    assert (made.gain, made.offset) == (0.01, pytest.approx(0.05))


def test_agreed_accuracy_stands_in_where_none_is_carried_over():
    agreed = Accuracy(0.005, source="spec")
    signals = {**SIGNALS, "net": power("net", accuracy=agreed, derive=SIGNALS["net"].derive)}
    units = {"a": "W", "b": "W"}
    capture = Capture.from_arrays({"a": [1.0, 2.0], "b": [3.0, 4.0]}, sample_rate=1.0, units=units, accuracy=BOTH)
    found = Source(capture, signals)
    measure(found, (), ("net",))
    assert found.accuracy("net") == agreed


def test_gains_of_voltage_and_current_add_in_squares():
    t = np.arange(1000) / RATE
    channels = {"va": 325 * np.sin(100 * math.pi * t), "ia": 14 * np.sin(100 * math.pi * t)}
    found = source({"va": Accuracy(0.003, coverage_factor=1), "ia": Accuracy(0.004, 0.01, 20.0, 1)}, **channels)
    measure(found, (), ("pa",))
    made = found.accuracy("pa")
    assert (made.gain, made.offset) == (pytest.approx(0.005), pytest.approx(0.2 * 325))


def test_source_without_accuracy_leaves_the_whole_without():
    found = source({"a": GAIN}, a=np.ones(3), b=np.ones(3))
    measure(found, (), ("total",))
    assert found.accuracy("total") is None


# ---------------------------------------------------------------- chain, gates


def test_lowpass_stands_in_the_chain_with_its_own_shape():
    found = source(a=np.ones(1000))
    measure(found, (), ("quiet",))
    facts = found.facts("quiet")
    assert (facts.filters, facts.averaging, facts.window) == (((10.0, 2),), (), 0.2)
    assert chain_gain(facts, 10.0) == pytest.approx(math.sqrt(0.5))
    (gate,) = [gate for gate in admit(Need("quiet", bandwidth=20.0), facts) if gate.code == "bandwidth"]
    assert not gate.passed
    assert gate.sentence == (
        "a low-pass of 10 Hz, order 2 pass 24.3 % of an amplitude at 20 Hz in a; 95 % is needed; "
        "record with a faster instrument or less averaging."
    )


def test_lowpass_above_what_the_record_can_shape_gives_no_verdict():
    found = source(a=np.ones(1000))
    measure(found, (), ("steep",))
    (gate,) = [gate for gate in admit(Need("steep"), found.facts("steep")) if gate.code == "sample_rate"]
    assert gate.sentence == (
        "steep is a through a low-pass of 480 Hz, which needs more than 1067 samples per second; the record has 1000."
    )


def test_power_of_too_few_samples_per_cycle_gives_no_verdict():
    channels, units = {"va": np.ones(100), "ia": np.ones(100)}, {"va": "V", "ia": "A"}
    found = Source(Capture.from_arrays(channels, sample_rate=300.0, units=units), SIGNALS)
    measure(found, (), ("pa",))
    assert [code for code, _ in found.facts("pa").unfit] == ["sample_rate"]


def test_frequency_of_uneven_samples_gives_no_verdict():
    t = np.cumsum(np.random.default_rng(1).uniform(0.7e-3, 1.3e-3, 1000))
    found = source(t=t, va=np.sin(100 * math.pi * t))
    measure(found, (), ("f",))
    assert [code for code, _ in found.facts("f").unfit] == ["clock"]


def test_interpolation_error_of_a_sum_is_the_sum_and_of_a_power_weighs_with_the_other():
    t = np.cumsum(np.random.default_rng(1).uniform(0.7e-3, 1.3e-3, 1000))
    a, b = np.sin(30 * t), 2 * np.sin(30 * t)
    found = source(t=t, a=a, b=b)
    measure(found, (), ("total", "a", "b"))
    errors = [found.facts(name).interpolation_error for name in ("a", "b", "total")]
    assert errors[2] == pytest.approx(errors[0] + errors[1])
    assert errors[0] > 0


def test_waveform_through_a_chain_slower_than_the_mains_gives_no_verdict():
    t = np.arange(2000) / RATE
    rows = {"va": 325 * np.sin(100 * math.pi * t), "ia": np.sin(100 * math.pi * t)}
    units = {"va": "V", "ia": "A"}
    capture = Capture.from_arrays(rows, sample_rate=RATE, units=units, bandwidth={"va": 100.0})
    found = Source(capture, SIGNALS)
    measure(found, (), ("pa",))
    (sentence,) = [sentence for code, sentence in found.facts("pa").unfit if code == "bandwidth"]
    assert sentence == (
        "pa is derived from va, whose averaging and bandwidth pass 89.4 % of an amplitude at 50 Hz; 95 % is needed. "
        "Record the waveform with a faster instrument."
    )


def test_derived_frequency_loses_what_has_no_fundamental_and_says_so():
    t = np.arange(20000) / RATE
    va = 325 * np.sin(100 * math.pi * t)
    va[8000:12000] = np.random.default_rng(1).normal(size=4000)
    found = source(va=va)
    blocks, rows = collected(found, "f")
    assert len({block.segment for block in blocks}) == 2
    assert np.max(np.abs(rows[0] - 50)) < 0.5  # where the noise begins and ends a window holds some of both
    facts = found.facts("f")
    assert facts.longest_gap == pytest.approx(4.0, abs=0.1)
    assert facts.ends[1] == pytest.approx(0.13, abs=0.02)  # half a window, and what tells whether it is disturbed
    assert facts.missing == pytest.approx(4000 + 1000 * sum(facts.ends), abs=100)


def test_window_of_a_derived_frequency_has_all_values_of_the_stream():
    """A value rests on cycles after its window too, which say that nothing disturbed it."""
    times = np.arange(3000) / RATE
    capture = Capture.from_arrays({"va": 325 * np.sin(2 * math.pi * 50.2 * times)}, sample_rate=RATE, units={"va": "V"})
    source = Source(capture, SIGNALS)
    found = source.window("f", 1.0, 1.5)
    assert found.times == pytest.approx(np.arange(1.0, 1.501, 0.02))
    assert source.window("f", 1.2, 1.2).times == pytest.approx([1.2])
