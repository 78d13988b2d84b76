"""Derived signals in a spec: what each operation means, what does not fit, how it is explained and planned."""

import pytest

from slacheck.contract import Derive
from slacheck.spec.derive import settling_time
from slacheck.spec.explain import explain
from slacheck.spec.plan import plan

SPEC = """\
slacheck: 1
id: hall
signals:
  v_a: {quantity: voltage, unit: V, rated: 277 V, waveform: ac}
  v_b: {quantity: voltage, unit: V, rated: 277 V, waveform: ac}
  v_c: {quantity: voltage, unit: V, rated: 277 V, waveform: ac}
  i_a: {quantity: current, unit: A, rated: 100 A, waveform: ac}
  v_rms: {quantity: voltage, unit: V, derive: {rms: v_a, window: 1 cycle, frequency: 60 Hz}}
  p: {quantity: active_power, unit: MW, rated: 40 MW}
  x: {quantity: QUANTITY, unit: UNIT, derive: DERIVE}
requirements:
  - id: A-1
    kind: level
    signal: p
    window: {length: 1 s}
    limits: {high: {max: 5 MW}}
"""


def spec(derive, quantity="voltage", unit="V"):
    return SPEC.replace("QUANTITY", quantity).replace("UNIT", unit).replace("DERIVE", derive)


P3 = "voltages: [v_a], currents: [i_a]"


@pytest.mark.parametrize(
    ("derive", "quantity", "unit", "expected"),
    [
        (
            "{lowpass: p, cutoff: 10 Hz}",
            "active_power",
            "MW",
            Derive("lowpass", ("p",), settling_time(10.0, 2), frequency=10.0),
        ),
        ("{sum: [v_a, v_b, v_a]}", "voltage", "V", Derive("sum", ("v_a", "v_b", "v_a"))),
        ("{difference: [v_a, v_b]}", "voltage", "V", Derive("difference", ("v_a", "v_b"))),
        ("{scale: v_a, factor: -1}", "voltage", "V", Derive("scale", ("v_a",), factor=-1.0)),
        (f"{{power: active, {P3}}}", "active_power", "kW", Derive("power", ("v_a", "i_a"), part="active")),
        (
            f"{{power: reactive, {P3}, window: 3 cycles, refresh: cycle, frequency: 50 Hz}}",
            "reactive_power",
            "kvar",
            Derive("power", ("v_a", "i_a"), 0.06, 0.02, "reactive", 50.0),
        ),
        (
            f"{{power: apparent, {P3}, window: 100 ms, refresh: 50 ms}}",
            "apparent_power",
            "kVA",
            Derive("power", ("v_a", "i_a"), 0.1, 0.05, "apparent"),
        ),
        (
            "{sequence: negative, of: [v_a, v_b, v_c], window: 1 cycle, frequency: 50 Hz}",
            "voltage",
            "V",
            Derive("sequence", ("v_a", "v_b", "v_c"), 0.02, 0.01, "negative", 50.0),
        ),
        (
            "{frequency: v_a, nominal: 50 Hz, window: 5 cycles}",
            "frequency",
            "Hz",
            Derive("frequency", ("v_a",), 0.1, 0.02, frequency=50.0),
        ),
    ],
)
def test_operation_means_what_it_says_in_seconds(read, derive, quantity, unit, expected):
    assert read(spec(derive, quantity, unit)).signals["x"].derive == expected


@pytest.mark.parametrize(
    ("derive", "quantity", "unit", "expected"),
    [
        ("{lowpass: p, cutoff: 10 Hz, order: 9}", "active_power", "MW", ["expected 8 or less, got '9'"]),
        ("{scale: v_a, factor: 0}", "voltage", "V", ["expected a number that is not zero, got 0"]),
        ("{sum: [v_a]}", "voltage", "V", ["expected at least 2 entries, got 1"]),
        ("{difference: [v_a, v_b, v_c]}", "voltage", "V", ["expected at most 2 entries, got 3"]),
        ("{sum: [v_a, vv]}", "voltage", "V", ["there is no signal 'vv' | signals: v_a, v_b, v_c, i_a, v_rms, p, x"]),
        (
            "{sum: [v_a, i_a]}",
            "voltage",
            "V",
            ["'i_a' is current, so a signal derived from it cannot be voltage | write quantity: current"],
        ),
        (
            "{sum: [v_a, v_rms]}",
            "voltage",
            "V",
            ["'v_a' and 'v_rms' do not have a value at the same times | derive both with one `refresh`, or neither"],
        ),
        (
            f"{{power: active, {P3}}}",
            "voltage",
            "V",
            ["active power is derived, so the signal cannot be voltage | write quantity: active_power"],
        ),
        ("{power: active, voltages: [i_a], currents: [i_a]}", "active_power", "W", ["'i_a' is current, not voltage"]),
        (
            "{power: active, voltages: [v_a, v_b], currents: [i_a]}",
            "active_power",
            "W",
            [
                "2 voltages and 1 currents do not make pairs | name one current for each voltage, in the same order",
            ],
        ),
        (
            f"{{power: apparent, {P3}}}",
            "apparent_power",
            "VA",
            ["apparent power is defined over a window | write for example window: 1 cycle, refresh: half_cycle"],
        ),
        (
            f"{{power: active, {P3}, window: 20 ms}}",
            "active_power",
            "W",
            ["a window needs a refresh | write for example refresh: half_cycle"],
        ),
        (
            f"{{power: active, {P3}, refresh: 20 ms}}",
            "active_power",
            "W",
            ["refresh has no effect without a window | remove it, or add a window"],
        ),
        (
            f"{{power: reactive, {P3}, window: 20 ms, refresh: 10 ms}}",
            "reactive_power",
            "var",
            ["reactive power needs a frequency | write for example frequency: 60 Hz, or give times"],
        ),
        (
            "{sequence: zero, of: [v_a, v_b, v_c], window: 25 ms, frequency: 50 Hz}",
            "voltage",
            "V",
            [
                "'25 ms' is not a whole number of cycles at 50 Hz, which phasors need | write for example window: "
                "1 cycle"
            ],
        ),
        (
            "{sequence: zero, of: [v_a, v_b, v_rms], window: 1 cycle, frequency: 50 Hz}",
            "voltage",
            "V",
            [
                "'v_a' and 'v_rms' do not have a value at the same times | derive both with one `refresh`, or neither",
                "'v_rms' is no AC waveform | name one with `waveform: ac`",
            ],
        ),
        (
            "{frequency: p, nominal: 50 Hz, window: 1 cycle}",
            "voltage",
            "V",
            [
                "a frequency is derived, so the signal is one | write quantity: frequency",
                "'1 cycle' is 1 cycles; a frequency needs at least 5 | write for example window: 10 cycles",
                "'p' is no AC waveform | name one with `waveform: ac`",
            ],
        ),
        (
            "{sum: [v_a, x]}",
            "voltage",
            "V",
            ["the signal is computed from itself: x from x"],
        ),
        (
            "{sum: [v_a, v_b], scale: v_a, factor: 2}",
            "voltage",
            "V",
            [
                "expected exactly one operation: rms, mean, lowpass, power, sum, difference, scale, sequence or "
                "frequency"
            ],
        ),
    ],
)
def test_operation_that_does_not_fit_is_refused(faults, derive, quantity, unit, expected):
    found = [fault.partition(" ")[2] for fault in faults(spec(derive, quantity, unit))]
    assert sorted(found) == sorted(expected)


def test_signal_computed_in_ever_more_ways_is_refused(faults):
    rows = "\n".join(
        f"  s{k}: {{quantity: voltage, unit: V, derive: {{sum: [{', '.join([f's{k + 1}'] * 20)}]}}}}" for k in range(5)
    )
    text = spec("{scale: s0, factor: 2}").replace("  x:", f"{rows}\n  s5: {{quantity: voltage, unit: V}}\n  x:")
    assert any("'s0' is computed from recorded signals in more than 1000 ways" in fault for fault in faults(text))


@pytest.mark.parametrize(
    ("derive", "quantity", "unit", "phrase"),
    [
        (
            "{lowpass: p, cutoff: 10 Hz}",
            "active_power",
            "MW",
            "p through a Butterworth low-pass of order 2, -3 dB at 10 Hz",
        ),
        ("{difference: [v_a, v_b]}", "voltage", "V", "v_a - v_b"),
        ("{scale: v_a, factor: -1}", "voltage", "V", "-1 x v_a"),
        (
            "{power: active, voltages: [v_a, v_b], currents: [i_a, i_a], window: 100 ms, refresh: 50 ms}",
            "active_power",
            "kW",
            "active power, v_a x i_a + v_b x i_a, its mean over the 100 ms before it, a value each 50 ms",
        ),
        (
            "{frequency: v_a, nominal: 50 Hz, window: 5 cycles}",
            "frequency",
            "Hz",
            "frequency of the fundamental of v_a over the 100 ms before it, a value each 20 ms",
        ),
    ],
)
def test_explain_says_how_a_signal_is_computed(read, derive, quantity, unit, phrase):
    assert phrase in " ".join(explain(read(spec(derive, quantity, unit))).split())


def test_plan_asks_every_channel_behind_a_signal(read):
    text = spec(f"{{power: active, {P3}, window: 1 cycle, refresh: cycle, frequency: 50 Hz}}", "active_power", "MW")
    lines = plan(read(text.replace("signal: p\n", "signal: x\n")))
    assert "channel v_a (for x)" in lines
    assert "channel i_a (for x)" in lines
    assert "at least 1 kS/s (power window of 20 ms)" in lines
