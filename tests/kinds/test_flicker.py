"""The kind flicker: verdicts, gates and intervals (R15)."""

import math
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from slacheck.contract import Accuracy, Signal, Verdict
from slacheck.kinds import flicker
from slacheck.kinds.flicker import KIND
from tests.kinds.fakes import FakeMeasurements, judge

VOLTAGE = Signal("v_a", "voltage", "V", "V", 230.0, waveform="ac")
KEYS = {"signal": "v_a", "lamp": "230 V", "frequency": "50 Hz", "limits": {"pst": {"max": 0.9}}}
FILTERED = {"anti_alias": True}


@cache
def times(seconds, rate):
    return np.arange(round(seconds * rate)) / rate


def voltage(severity, seconds=720.0, rate=6400, frequency=50.0):
    """230 V whose changes, 1620 a minute, make this Pst by table 5."""
    t = times(seconds, rate)
    level = 1.0 + severity * 0.407e-2 / 2.0 * np.where(np.floor(27.0 * t + 1e-9) % 2 == 0, 1.0, -1.0)
    return 230.0 * math.sqrt(2.0) * np.sin(2.0 * math.pi * frequency * t) * level


def verdict(samples, rate=6400, name="pst", rule="three_state", **more):
    keys = KEYS | more.pop("keys", {})
    more.setdefault("facts_of", FILTERED)
    record = FakeMeasurements({"v_a": samples}, 1.0 / rate, **more)
    return judge(KIND, keys, [VOLTAGE], record, rule)[name]


@pytest.fixture
def short(monkeypatch):
    """Periods of one minute, so that a record of three has a Pst."""
    monkeypatch.setattr(flicker, "_PERIOD", 60.0)


def codes(result):
    return {reason.code for reason in result.reasons}


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("severity", "expected"),
    [(0.5, Verdict.PASS), (0.88, Verdict.PASS), (0.9, Verdict.INCONCLUSIVE), (0.92, Verdict.FAIL), (3.0, Verdict.FAIL)],
)
def test_severity_against_its_limit_is_decided_within_two_percent(severity, expected):
    result = verdict(voltage(severity, 180.0))
    assert result.verdict is expected, result
    measured = result.measurement.measured
    assert measured.interval.low <= severity <= measured.interval.high
    assert (measured.interval.high - measured.interval.low) / severity < 0.02
    assert result.measurement.time == 120.0


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("severity", [0.2, 0.85, 1.2])
def test_interval_of_a_noisy_voltage_holds_the_truth(severity, noise):
    samples = voltage(severity, 180.0) + noise * np.random.default_rng(7).standard_normal(180 * 6400)
    measured = verdict(samples).measurement.measured
    assert measured.interval.low <= severity <= measured.interval.high


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("step", [0.02, 0.1, 0.64, 1.6, 6.4])
@pytest.mark.parametrize("frequency", [50.0, 50.02])
def test_interval_of_a_quantised_voltage_holds_the_truth(step, frequency):
    # at 50 Hz each cycle is sampled at the same phases, and the steps take from Pst as often as they add
    for severity, wrong in ((0.8, Verdict.FAIL), (1.0, Verdict.PASS)):
        samples = np.rint(voltage(severity, 180.0, frequency=frequency) / step) * step
        result = verdict(samples, facts_of=FILTERED | {"quantum": step})
        measured = result.measurement.measured
        assert measured.interval.low <= severity <= measured.interval.high
        assert result.verdict is not wrong


@pytest.mark.usefixtures("short")
def test_steps_of_a_recorder_of_14_bits_leave_the_verdict_as_it_is():
    samples = np.rint(voltage(0.8, 180.0) / 0.05) * 0.05
    result = verdict(samples, facts_of=FILTERED | {"quantum": 0.05})
    assert result.verdict is Verdict.PASS
    assert result.measurement.measured.interval.high < 0.83


@pytest.mark.usefixtures("short")
def test_noise_that_steps_hide_lowers_the_lower_end():
    samples = voltage(0.92, 180.0)
    plain = verdict(samples).measurement.measured
    hidden = verdict(samples, facts_of=FILTERED | {"hidden_noise": 0.5}).measurement.measured
    assert hidden.interval.low < plain.interval.low
    assert hidden.interval.high == plain.interval.high


@pytest.mark.usefixtures("short")
def test_noise_alone_is_never_a_fail():
    samples = voltage(0.0, 180.0, 3200) + 5.0 * np.random.default_rng(8).standard_normal(180 * 3200)
    result = verdict(samples, 3200)
    assert result.measurement.measured.value > 0.9
    assert result.measurement.measured.interval.low == 0.0
    assert result.verdict is Verdict.INCONCLUSIVE


@pytest.mark.usefixtures("short")
def test_offset_of_the_accuracy_lowers_the_lower_end_and_gain_does_nothing():
    plain = verdict(voltage(0.92, 180.0)).measurement.measured
    gain = verdict(voltage(0.92, 180.0), accuracies={"v_a": Accuracy(0.01)}).measurement.measured
    offset = verdict(voltage(0.92, 180.0), accuracies={"v_a": Accuracy(0.0, 0.01, 400.0)}).measurement.measured
    assert gain == plain
    assert offset.interval.low < plain.interval.low
    assert offset.interval.high == plain.interval.high


@pytest.mark.usefixtures("short")
def test_harmonics_and_an_off_nominal_frequency_do_not_move_the_severity():
    t = times(180.0, 6400)
    base = voltage(0.85, 180.0, frequency=49.9)
    level = base + 230.0 * math.sqrt(2.0) * sum(
        a * np.sin(2.0 * math.pi * 49.9 * order * t) for order, a in ((3, 0.03), (5, 0.04), (7, 0.03), (11, 0.02))
    )
    measured = verdict(level).measurement.measured
    assert measured.interval.low <= 0.85 <= measured.interval.high
    assert measured.interval.high - measured.interval.low < 0.05


# ---------------------------------------------------------------- what the record lacks


def test_record_shorter_than_settling_and_a_period_says_how_much_is_missing():
    result = verdict(voltage(0.1, 700.0, 1600), 1600)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.measurement.measured is None
    assert (
        "The record of v_a lasts 700 s; a Pst needs 720 s (120 s to settle, and 1 times 600 s): record 20 s more."
        in [reason.sentence for reason in result.reasons]
    )


def test_plt_of_a_record_of_one_pst_is_too_short_while_pst_is_decided():
    # the real settling and period, at the rate that a PASS needs
    both = {"limits": {"pst": {"max": 0.9}, "plt": {"max": 0.7}}}
    record = voltage(0.5)
    assert verdict(record, keys=both).verdict is Verdict.PASS
    result = verdict(record, keys=both, name="plt")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert codes(result) == {"record_too_short"}


@pytest.mark.usefixtures("short")
def test_plt_of_twelve_periods_is_their_cubic_mean():
    samples = voltage(0.65, 840.0, 1600)
    both = {"limits": {"plt": {"max": 0.7}}}
    result = verdict(samples, 1600, "plt", keys=both)
    assert result.measurement.measured.value == pytest.approx(0.65, rel=0.006)
    assert codes(result) == {"sample_rate"}  # 32 samples a cycle are measured, and are no PASS


def test_dip_flags_the_only_period_and_nothing_passes():
    samples = voltage(0.5, rate=1600)
    samples[1600 * 300 : 1600 * 300 + 160] *= 0.5
    result = verdict(samples, 1600)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert codes(result) >= {"coverage"}
    assert "No Pst of v_a is whole and unflagged: 1 periods of 10 min hold or follow a dip, swell or interruption" in (
        result.reasons[0].sentence
    )


@pytest.mark.usefixtures("short")
def test_dip_while_settling_leaves_the_last_of_three_periods_which_can_fail_but_not_pass():
    for severity, expected in ((0.5, Verdict.INCONCLUSIVE), (1.2, Verdict.FAIL)):
        samples = voltage(severity, 300.0)
        samples[6400 * 119 : 6400 * 119 + 640] *= 0.5
        result = verdict(samples)
        assert result.verdict is expected
        assert result.measurement.time == 240.0
    assert any("1 of 3 Pst are valid (33.33 %), 2 are flagged and 0 missing" in gate.sentence for gate in result.gates)


@pytest.mark.usefixtures("short")
def test_gap_takes_the_only_period():
    samples = voltage(0.5, 180.0)
    samples[6400 * 100 : 6400 * 100 + 6400] = np.nan
    result = verdict(samples)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert codes(result) == {"incomplete"}


@pytest.mark.usefixtures("short")
def test_percentile_of_a_single_value_has_too_few():
    result = verdict(voltage(0.5, 180.0), keys={"statistic": "p95"})
    assert result.verdict is Verdict.INCONCLUSIVE
    assert codes(result) >= {"n_too_small"}


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("rate", "facts", "measures"),
    [(6000, {}, False), (6000, FILTERED, True), (1600, FILTERED, True), (1500, FILTERED, False)],
)
def test_record_sampled_too_slowly_does_not_pass(rate, facts, measures):
    result = verdict(voltage(0.5, 180.0, rate), rate, facts_of=facts)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert codes(result) >= {"sample_rate"}
    assert verdict(voltage(1.5, 180.0, rate), rate, facts_of=facts).verdict is (
        Verdict.FAIL if measures else Verdict.INCONCLUSIVE
    )


@pytest.mark.usefixtures("short")
def test_record_without_a_filter_says_what_rate_it_needs():
    result = verdict(voltage(0.5, 180.0, 5000), 5000, facts_of={})
    assert (
        "v_a has 5000 samples a second; a flickermeter needs 6400 without a documented anti-alias filter: record "
        "faster." in [reason.sentence for reason in result.reasons]
    )


@pytest.mark.usefixtures("short")
def test_what_folds_onto_the_mains_without_a_filter_is_no_fail():
    # the 99th harmonic, 0.5 % of a voltage that does not flicker, read 100 times a cycle
    samples = voltage(0.0, 180.0, 5000, 50.05) + voltage(0.0, 180.0, 5000, 99 * 50.05) * 0.005
    result = verdict(samples, 5000, facts_of={})
    assert result.verdict is Verdict.INCONCLUSIVE
    assert codes(result) == {"sample_rate"}


@pytest.mark.usefixtures("short")
def test_witness_shows_the_period_and_the_moment_of_the_strongest_sensation():
    samples = voltage(0.2, 240.0)
    samples[round(200.0 * 6400) :] *= 0.98
    witness = verdict(samples).measurement.witness
    assert (witness.start, witness.end) == (180.0, pytest.approx(240.0, abs=0.001))
    assert [mark.label.split()[0] for mark in witness.marks] == ["Pst", "P_inst"]
    assert witness.marks[1].values[0] == pytest.approx(200.0, abs=1.0)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("frequency", [60.0, 40.0])
def test_other_mains_than_declared_give_no_verdict(frequency):
    result = verdict(voltage(2.0, 180.0, frequency=frequency))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert codes(result) >= {"condition_not_met"}


@pytest.mark.usefixtures("short")
def test_dead_channel_gives_no_verdict():
    result = verdict(np.zeros(180 * 6400))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert codes(result) >= {"condition_not_met"}


# ---------------------------------------------------------------- the spec alone


@pytest.mark.parametrize(
    "keys",
    [
        {"lamp": "100 V"},
        {"frequency": "400 Hz"},
        {"edition": "ed1"},
        {"limits": {}},
        {"limits": {"pst": {"max": "90 %"}}},
        {"limits": {"pst": {"max": 0}}},
        {"limits": {"pst": {"min": 1}}},
        {"statistic": "mean"},
    ],
)
def test_keys_that_the_standard_does_not_know_are_refused(keys):
    with pytest.raises(ValidationError):
        KIND.model.model_validate({"id": "R-1", "kind": "flicker", **KEYS, **keys})


@pytest.mark.parametrize("missing", ["lamp", "frequency", "limits", "signal"])
def test_keys_that_change_the_result_have_no_default(missing):
    with pytest.raises(ValidationError):
        KIND.model.model_validate({"id": "R-1", "kind": "flicker", **{k: v for k, v in KEYS.items() if k != missing}})


def test_definition_names_the_edition():
    requirement = KIND.model.model_validate({"id": "R-1", "kind": "flicker", **KEYS, "edition": "ed2"})
    assert [plan.definition.id for plan in KIND.checks(requirement, {"v_a": VOLTAGE})] == ["pst/iec_61000_4_15_ed2@1"]


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (Signal("v_a", "voltage", "V", "V", 230.0), "'v_a' is not the AC waveform of a voltage"),
        (Signal("v_a", "current", "A", "A", 16.0, waveform="ac"), "'v_a' is not the AC waveform of a voltage"),
        (
            Signal("v_a", "voltage", "V", "V", waveform="ac"),
            "'v_a' has no rated value, from which dips are told",
        ),
    ],
)
def test_signal_that_cannot_flicker_is_a_problem(signal, message):
    requirement = KIND.model.model_validate({"id": "R-1", "kind": "flicker", **KEYS})
    assert [problem.message for problem in KIND.problems(requirement, {"v_a": signal})] == [message]


def test_sentence_spells_out_every_choice():
    requirement = KIND.model.model_validate({"id": "R-1", "kind": "flicker", **KEYS})
    assert KIND.sentence(requirement, {"v_a": VOLTAGE}) == (
        "Flicker of v_a is limited: the largest of the values of flicker severity Pst of v_a, IEC 61000-4-15 edition 2 "
        "with the 230 V lamp on 50 Hz mains, in periods of 10 min without gap or overlap that begin 120 s after the "
        "first sample and after each gap; periods that hold a cycle outside 90 to 110 % of the rated rms, or begin "
        "less than 120 s after one, are left out, shall be at most 0.9. At least 95 % of the values shall be complete "
        "and free of dips, swells and interruptions."
    )
