"""Gates: each threshold from both sides, with the sentence a technician reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from slacheck.contract import Accuracy, Effect, Need, SignalFacts
from slacheck.quality.gates import accuracy_gate, admit, calibration_gate, chain_gain, half_gain_frequency, passed_gain

FACTS = SignalFacts(
    "p", "P", interval=1e-3, grid=1e-3, first=0.0, last=99.999, samples=100_000, missing=0, longest_gap=0.0
)


def gates(need, **facts):
    return {gate.code: gate for gate in admit(need, replace(FACTS, **facts))}


@pytest.mark.parametrize(
    ("anti_alias", "frequency", "passed"),
    [(False, 100.0, True), (False, 101.0, False), (True, 390.0, True), (True, 391.0, False)],
)
def test_sample_rate_gate_needs_ten_times_or_2_56_times_with_a_filter(anti_alias, frequency, passed):
    gate = gates(Need("p", max_frequency=frequency), anti_alias=anti_alias)["sample_rate"]
    assert gate.passed is passed
    assert gate.effect is (Effect.NO_PASS if anti_alias else Effect.NO_VERDICT)


def test_sample_rate_gate_of_an_aliasing_record_reads_as_a_sentence():
    gate = gates(Need("p", max_frequency=20.0), interval=0.1, grid=0.1)["sample_rate"]
    assert gate.sentence == (
        "P has 10 S/s; looking up to 20 Hz needs 200 S/s (10 times, since no anti-alias filter is documented "
        "(`anti_alias: true` in the sidecar)); record faster, or document the filter."
    )


@pytest.mark.parametrize(
    ("window", "frequency", "expected"),
    [(0.2, 3.0, 0.5046), (0.2, 5.0, 0.0), (1.0, 0.5, 0.6366), (1 / 60, 20.0, 0.8270), (0.1, 14.75, 0.2151)],
)
def test_gain_of_of_a_moving_average_matches_the_published_table(window, frequency, expected):
    assert chain_gain(replace(FACTS, averaging=(window,)), frequency) == pytest.approx(expected, abs=5e-5)


def test_bandwidth_gate_blocks_a_pass_but_not_a_fail_unless_the_kind_says_so():
    need = Need("p", bandwidth=3.0)
    assert gates(need, averaging=(0.2,))["bandwidth"].effect is Effect.NO_PASS
    assert not gates(need, averaging=(0.2,))["bandwidth"].passed
    assert gates(need, averaging=(0.02,))["bandwidth"].passed
    ratio = Need("p", bandwidth=3.0, attenuation=Effect.NO_VERDICT)
    assert gates(ratio, averaging=(0.2,))["bandwidth"].effect is Effect.NO_VERDICT


def test_time_resolution_gate_needs_twenty_samples_per_limit():
    assert gates(Need("p", time_limit=0.02))["time_resolution"].passed
    gate = gates(Need("p", time_limit=0.0199))["time_resolution"]
    assert (gate.passed, gate.effect) == (False, Effect.NO_VERDICT)


def test_coverage_gate_counts_missing_samples_and_the_longest_gap():
    assert gates(Need("p"), missing=1000)["coverage"].passed
    assert not gates(Need("p"), missing=1001)["coverage"].passed
    assert not gates(Need("p", longest_gap=0.1), longest_gap=0.2)["coverage"].passed


def test_duration_gate_names_the_seconds_missing():
    gate = gates(Need("p", duration=150.0))["record_too_short"]
    assert gate.effect is Effect.NO_PASS
    assert gate.sentence == "The record of P lasts 100 s; 150 s are needed; record 50 s more."
    assert gates(Need("p", duration=100.0))["record_too_short"].passed


def test_clock_fault_and_clipping_are_gates():
    assert not gates(Need("p"), clock_fault="3 stamps repeat")["clock"].passed
    assert not gates(Need("p"), clipped=1)["clipped"].passed


def test_accuracy_gate_only_the_simple_rule_decides_without_accuracy():
    assert accuracy_gate("p", "P", None, "simple") is None
    assert accuracy_gate("p", "P", Accuracy(0.01), "three_state") is None
    gate = accuracy_gate("p", "P", None, "three_state")
    assert gate is not None
    assert gate.code == "metadata_missing"


@pytest.mark.parametrize(
    ("due", "recorded", "required", "blocked"),
    [
        (date(2026, 1, 1), date(2026, 2, 1), False, True),
        (date(2026, 3, 1), date(2026, 2, 1), True, False),
        (None, date(2026, 2, 1), False, False),
        (None, date(2026, 2, 1), True, True),
        (date(2026, 1, 1), None, False, False),
        (date(2026, 1, 1), None, True, True),
    ],
)
def test_calibration_gate_blocks_a_pass_only_when_out_of_date_or_required(due, recorded, required, blocked):
    assert (calibration_gate(due, recorded, required) is not None) is blocked


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ({"averaging": (0.1,)}, 6.0335),  # sinc(x) = 1/2 at x = 0.60335
        ({"bandwidth": 10.0}, 10.0 * 3**0.5),  # 1 / sqrt(1 + (f/B)^2) = 1/2
    ],
)
def test_half_gain_frequency_matches_its_closed_form(chain, expected):
    assert half_gain_frequency(replace(FACTS, **chain)) == pytest.approx(expected, rel=1e-4)


def test_passed_gain_is_that_of_the_chain_and_the_interpolation():
    assert passed_gain(FACTS, 20.0) == 1.0
    assert passed_gain(replace(FACTS, bandwidth=100.0), 20.0) == pytest.approx(1 / 1.04**0.5)
    assert passed_gain(replace(FACTS, bandwidth=10.0), 20.0) == 0.95  # the gate has said so already
    assert passed_gain(replace(FACTS, interpolated=True), 100.0) == pytest.approx(0.983632**2, abs=1e-6)
