# ruff: noqa: E501
"""What to record: the hardest demand on each channel, through derived signals to their source."""

from pathlib import Path

import pytest

from slacheck.spec.load import load_spec
from slacheck.spec.phrases import at_least, at_most
from slacheck.spec.plan import plan

MORE = """\
  - {id: A-3, kind: level, signal: v_rms, limits: {high: {max: 300 V}}, decision: {rule: simple}, note: Why., severity: advisory}
  - {id: A-4, kind: level, signal: p, limits: {high: {max: 1 MW}}, applies: false, reason: Phase 2}
"""

PLANNED = """\
What to record for Hall A (hall, version 1.0)
=============================================

Test step: Full step
--------------------
  repeats           3, as captures or as events within captures
  channel p (for p, p_mean)
    sample rate     at least 12.8 S/s with a documented anti-alias filter,
                    50 S/s without (A-1 high)
    bandwidth       95 % of an amplitude at 1 Hz: a -3 dB corner of at least
                    3.043 Hz (A-1 high)
    duration        at least 60 s (A-1 condition)
    gaps            at most 1 % of the samples missing, no gap above 250 ms
                    (A-1 high)
  condition         A-1: p_mean at least 90 % of rated (18 MW) for 60 s without
                    a break
  accuracy for a test uncertainty ratio of 4
    A-1 high                        U <= 1.25 % (half the range/4, k = 2)
    A-1 low                         U <= 0.25 MW (limit/4, k = 2)

Every capture that has the signals
----------------------------------
  channel p (for p_mean, p)
    sample rate     at least 1 kS/s (A-2 delay)
    gaps            at most 1 % of the samples missing
  channel v (for v_rms)
    sample rate     at least 1.2 kS/s (rms window of 16.67 ms)
    bandwidth       95 % of an amplitude at 60 Hz: a -3 dB corner of at least
                    182.6 Hz (rms of a waveform)
    duration        at least 10 s (A-3 high)
    gaps            at most 1 % of the samples missing, no gap above 250 ms
                    (A-3 high)
  accuracy for a test uncertainty ratio of 4
    A-3 high                        U <= 75 V (limit/4, k = 2)
"""


@pytest.fixture
def spec(base, read):
    text = base.replace(
        "id: hall", "id: hall\ntitle: Hall A\nversion: 1.0\nrequire: [calibration]\ncontract: {reference: MSA-1}"
    )
    text = text.replace("high: {max: 5 MW}", "high: {max: 5 %, min: -5 %, resolution: 0.1 %}")
    text = text.replace(
        "p_mean: {quantity: active_power, unit: MW,", "p_mean: {quantity: active_power, unit: MW, rated: 20 MW,"
    )
    return read(text.replace("min: 10 MW", "min: 90 %") + MORE)


def test_plan_says_what_each_channel_must_carry(spec):
    assert plan(spec) == PLANNED


def test_plan_derived_signal_that_cannot_carry_the_need_is_named(base, read):
    text = base.replace("    signal: p\n", "    signal: v_rms\n").replace("refresh: half_cycle", "refresh: cycle")
    text = text.replace("window: 1 cycle", "window: 30 cycles").replace(
        "{high: {max: 5 MW}, low: {min: 1 MW}}", "{high: {max: 5 V}}"
    )
    words = " ".join(plan(read(text)).split())
    assert (
        "CANNOT A-1 high cannot be judged as the spec stands: v_rms passes 63.7 % of an amplitude at 1 Hz, not 95 %"
        in words
    )
    slow = (
        text.replace("window: 30 cycles", "window: 1 s")
        .replace("refresh: cycle", "refresh: 100 ms")
        .replace(", frequency: 60 Hz", "")
    )
    words = " ".join(plan(read(slow)).split())
    assert "A-1 high cannot be judged as the spec stands: v_rms gives a value each 100 ms, too slow for 5 Hz" in words


def test_plan_test_that_nobody_names_says_so(base, read):
    text = plan(read(base.replace("    tests: [step]\n", "")))
    assert "No requirement that applies names this test." in text


def test_plan_channel_of_the_spec_is_named(base, read):
    text = plan(read(base.replace("rated: 40 MW,", "rated: 40 MW, channel: P_pcc,")))
    assert "  channel P_pcc (for p, p_mean)\n" in text


def test_plan_limit_of_zero_asks_for_no_accuracy(base, read):
    text = plan(read(base.replace("max: 5 MW", "max: 0 MW")))
    assert "A-1 high    " not in text.partition("accuracy for")[2]


@pytest.mark.parametrize(
    ("value", "unit", "up", "down"),
    [
        (0.0, "s", "0 s", "0 s"),
        (1 / 3, "s", "333.4 ms", "333.3 ms"),
        (200.0, "s", "200 s", "200 s"),
        (100000.0, "s", "100000 s", "100000 s"),
        (20 / 0.1, "S/s", "200 S/s", "200 S/s"),
        (256.00001, "S/s", "256.1 S/s", "256 S/s"),
        (2.56e6, "S/s", "2.56 MS/s", "2.56 MS/s"),
        (1e-9, "s", "1 ns", "1 ns"),
        (1e-12, "s", "0.001 ns", "0.001 ns"),
        (9999.9, "Hz", "10 kHz", "9.999 kHz"),
        (123456.0, "s", "123500 s", "123400 s"),
    ],
)
def test_numbers_are_rounded_to_the_safe_side(value, unit, up, down):
    assert at_least(value, unit) == up
    assert at_most(value, unit) == down


def documents():
    return sorted(Path(__file__).parents[2].glob("specs/*/*.yaml"))


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.stem)
def test_plan_committed_specs_fit_80_columns(path):
    text = plan(load_spec(path))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert not any(line != line.rstrip() for line in text.splitlines())
