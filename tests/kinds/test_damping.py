"""Kind damping: vectors, forced against free, every road to INCONCLUSIVE, what the interval holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Accuracy, Signal, Verdict
from slacheck.kinds.damping import KIND
from tests.capture.helpers import DATA, needs_data
from tests.kinds.fakes import FakeMeasurements, evaluate, judge, power

SIGNAL, LOAD = "pcc_power", "it_load"
RATE = 30.0
TIMES = np.arange(0.0, 40.0, 1 / RATE)
PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def noise(sigma=0.02, seed=1):
    """White noise of `sigma` MW."""
    return np.random.default_rng(seed).normal(0.0, sigma * 1e6, TIMES.size)


NOISE = 40e6 + noise()


def ring(sigma, frequency, amplitude=1.0, *, start=10.0, phase=0.3, times=TIMES):
    """A decay of `amplitude` MW from `start` on."""
    after = np.maximum(0.0, times - start)
    wave = np.exp(sigma * after) * np.cos(2 * math.pi * frequency * after + phase)
    return np.where(times >= start, 1e6 * amplitude * wave, 0.0)


def ratio(sigma, frequency):
    return -sigma / math.hypot(sigma, 2 * math.pi * frequency)


def keys(limit="3 %", **more):
    return {
        "signal": SIGNAL,
        "event": {"at": ["10 s"]},
        "ringdown": {"length": "20 s"},
        "band": {"from": "0.1 Hz", "to": "2 Hz"},
        "limits": {"damping_ratio": {"min": limit}},
    } | more


def result(samples, *, interval=1 / RATE, times=None, facts=None, load=None, **more):
    records = {SIGNAL: samples} | ({} if load is None else {LOAD: load})
    record = FakeMeasurements(
        records,
        interval,
        times=times,
        accuracies=dict.fromkeys(records, Accuracy(0.005)),
        facts_of={"anti_alias": True} | (facts or {}),
    )
    return judge(KIND, keys(**more), [power(), power(LOAD)], record)["damping_ratio"]


def reasons(check):
    return [reason.code for reason in check.reasons]


def gate_sentences(check):
    return [reason.sentence for reason in check.reasons]


@pytest.mark.parametrize(
    ("sigma", "frequency", "truth", "verdict"),
    [(-0.125, 0.4, 0.0496745, PASS), (-0.05, 0.7, 0.0113675, FAIL), (-0.3, 1.0, 0.0476922, PASS)],
    ids=["DA1", "DA2", "DA3"],
)
def test_decay_reads_its_damping_ratio_da1_da2_da3(sigma, frequency, truth, verdict):
    clean = result(40e6 + ring(sigma, frequency))
    assert clean.measurement.measured.value == pytest.approx(truth, abs=1e-6)
    assert clean.measurement.frequency == pytest.approx(frequency, abs=1e-6)
    noisy = result(NOISE + ring(sigma, frequency))
    ends = noisy.measurement.measured.interval
    assert ends.low <= truth <= ends.high
    assert (clean.verdict, noisy.verdict) == (verdict, verdict)


def test_sustained_oscillation_is_forced_and_no_failure_of_damping_da4():
    found = result(NOISE + ring(0.0, 0.4))
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["condition_not_met"])
    assert found.measurement.measured is None
    (sentence,) = gate_sentences(found)
    assert sentence.startswith("The oscillation at 0.4 Hz keeps ")
    assert sentence.endswith(
        "% of its amplitude over 20 s: forced, or too slow a decay to be told from that (50 % or less is needed). It "
        "is no free decay and says nothing of damping; judge it by a forced_oscillation clause, or record a longer "
        "ringdown."
    )


def test_growing_oscillation_is_no_free_decay():
    found = result(NOISE + ring(0.1, 0.4, 0.2))
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["condition_not_met"])
    assert "grows to" in gate_sentences(found)[0]


def test_least_damped_mode_decides():
    samples = NOISE + ring(-0.125, 0.4) + ring(-0.05, 0.7, 0.5)
    found = result(samples)
    assert found.verdict is FAIL
    assert found.measurement.frequency == pytest.approx(0.7, abs=0.002)
    assert len(found.measurement.notes) == 2


def test_mode_of_little_energy_does_not_count():
    samples = NOISE + ring(-0.125, 0.4) + ring(-0.05, 0.7, 0.08)
    assert result(samples).verdict is PASS
    assert result(samples, min_energy_share="0.5 %").verdict is FAIL


def test_mode_that_may_count_reaches_into_the_interval():
    samples = NOISE + ring(-0.125, 0.4) + ring(-0.05, 0.7, 0.15)
    share = next(
        float(note.split()[-5])
        for note in result(samples, min_energy_share="0 %").measurement.notes
        if note.startswith("Mode at 0.7")
    )
    found = result(samples, min_energy_share=f"{share + 0.05:.4g} %")
    assert found.verdict is INCONCLUSIVE
    assert found.measurement.measured.interval.low < 0.015 < 0.045 < found.measurement.measured.value


def test_mode_outside_the_band_is_fitted_but_does_not_count():
    samples = NOISE + ring(-0.125, 0.4) + ring(-0.02, 3.0)
    assert result(samples).verdict is PASS
    assert result(samples, band={"from": "0.1 Hz", "to": "4 Hz"}).verdict is not PASS


def test_forced_line_beside_a_decay_blocks_the_pass_but_not_the_fail():
    line = ring(0.0, 0.7, 0.4)
    found = result(NOISE + ring(-0.125, 0.4) + line)
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["condition_not_met"])
    assert found.measurement.measured.value == pytest.approx(0.0497, abs=0.003)
    assert result(NOISE + ring(-0.05, 0.4) + line).verdict is FAIL


def test_forcing_that_ends_within_the_ringdown_gives_no_verdict():
    samples = NOISE + np.where(TIMES < 18, ring(0.0, 1.0), ring(-0.3, 1.0, start=18.0))
    assert result(samples, limit="6 %").verdict is INCONCLUSIVE
    assert result(samples).verdict is INCONCLUSIVE


def test_dry_friction_is_no_damping_ratio():
    decay = np.clip(1 - (TIMES - 10) / 15, 0, 1) * ring(0.0, 0.8)
    found = result(NOISE + decay)
    assert found.verdict is INCONCLUSIVE
    assert "unsettled" in reasons(found)


def test_quiet_record_says_that_nothing_rings():
    found = result(NOISE)
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["step_too_small"])
    assert "no oscillation from 0.1 Hz to 2 Hz stands out of" in gate_sentences(found)[0]


def test_noise_at_the_start_needs_twenty_decibels():
    found = result(40e6 + noise(0.12) + ring(-0.125, 0.4))
    assert (found.verdict, set(reasons(found))) == (INCONCLUSIVE, {"noise"})
    assert "ten times the noise (20 dB) is needed" in gate_sentences(found)[0]


def test_fewer_than_three_cycles_give_no_verdict():
    found = result(NOISE + ring(-0.1, 0.12))
    assert found.verdict is INCONCLUSIVE
    assert "record_too_short" in reasons(found)


def test_record_that_ends_early_may_fail_but_not_pass():
    cut = int(26 * RATE)
    found = result((NOISE + ring(-0.125, 0.4))[:cut])
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["record_too_short"])
    assert result((NOISE + ring(-0.08, 0.7))[:cut]).verdict is FAIL
    nothing = result((NOISE + ring(-0.125, 0.4))[: int(10.1 * RATE)])
    assert reasons(nothing) == ["record_too_short"]
    assert nothing.measurement.measured is None


def test_gap_ends_the_ringdown():
    samples = NOISE + ring(-0.125, 0.4)
    samples[780:784] = np.nan
    found = result(samples)
    assert (found.verdict, reasons(found)) == (INCONCLUSIVE, ["gap_in_event"])
    assert found.measurement.measured.interval.low <= 0.0496745 <= found.measurement.measured.interval.high
    failing = NOISE + ring(-0.08, 0.7)
    failing[780:784] = np.nan
    assert result(failing).verdict is FAIL


def test_second_disturbance_in_the_ringdown_gives_no_verdict():
    samples = NOISE + ring(-0.3, 1.0) + ring(-0.3, 1.0, start=20.0)
    assert result(samples).verdict is INCONCLUSIVE
    record = FakeMeasurements({SIGNAL: samples}, 1 / RATE)
    first, second = evaluate(KIND, keys(event={"at": ["10 s", "20 s"]}), [power()], record).measurements
    assert [gate.passed for gate in first.gates if gate.code == "multiple_events"] == [False]
    assert second.measured.value == pytest.approx(0.0477, abs=0.003)  # what rings before it is not its noise


@pytest.mark.parametrize("facts", [{"clipped": 2}, {"anti_alias": False, "interval": 0.2}], ids=["clipped", "slow"])
def test_record_that_cannot_carry_it_gives_no_verdict(facts):
    found = result(NOISE + ring(-0.05, 0.7), facts=facts)
    assert found.verdict is INCONCLUSIVE
    assert reasons(found)[0] in ("clipped", "sample_rate")


def test_event_is_found_on_the_load():
    load = np.where(TIMES > 12.0, 36e6, 16e6)
    event = {"signal": LOAD, "edge": "rising", "min_step": "10 MW"}
    found = result(NOISE + ring(-0.125, 0.4, start=12.0), load=load, event=event)
    assert found.verdict is PASS
    assert found.measurement.event == 0
    assert found.measurement.time == pytest.approx(12.0 + 2.5, abs=0.2)
    none = result(NOISE, load=np.full(TIMES.size, 16e6), event=event)
    assert reasons(none) == ["no_event"]


def test_event_is_found_on_the_signal_itself():
    samples = NOISE + 20e6 * (TIMES > 12.0) + ring(-0.125, 0.4, 3.0, start=12.0)
    assert result(samples, event={"min_step": "10 MW"}).measurement.measured.value == pytest.approx(0.0497, abs=1e-3)


@pytest.mark.parametrize("skip", ["0 s", "3 s", "2 cycles"])
def test_skipped_time_does_not_change_the_ratio(skip):
    found = result(NOISE + ring(-0.125, 0.4), ringdown={"skip": skip, "length": "15 s"})
    ends = found.measurement.measured.interval
    assert ends.low <= 0.0496745 <= ends.high
    start = {"0 s": 10.0, "3 s": 13.0, "2 cycles": 15.0}[skip]
    assert found.measurement.time == pytest.approx(start, abs=0.3)


def test_averages_of_the_chain_are_waited_for():
    found = result(NOISE + ring(-0.125, 0.4), ringdown={"skip": "0 s", "length": "20 s"}, facts={"averaging": (0.2,)})
    assert found.measurement.time == pytest.approx(10.2, abs=0.04)


def test_slow_background_and_offset_do_not_change_the_ratio():
    after = np.maximum(0.0, TIMES - 10)
    slow = 0.5e6 * (TIMES >= 10) * np.exp(-after / 4) + 2e4 * TIMES
    ends = result(NOISE + ring(-0.125, 0.4) + slow).measurement.measured.interval
    assert ends.low <= 0.0496745 <= ends.high


def _slow(samples):
    """First-order low-pass of white noise, of the same deviation."""
    out, last = np.empty_like(samples), 0.0
    for i, value in enumerate(samples):
        out[i] = last = 0.9 * last + math.sqrt(1 - 0.81) * value
    return out


CELLS = {
    "white": (0.02, lambda x: x, None),
    "slow noise": (0.02, _slow, None),
    "coarse steps": (0.0, lambda x: x, 1e5),
}


@pytest.mark.parametrize("cell", CELLS, ids=list(CELLS))
def test_truth_lies_in_the_interval_of_noisy_records(cell):
    sigma, colour, step = CELLS[cell]
    inside = decided = 0
    for seed in range(8):
        samples = 40e6 + colour(noise(sigma, seed)) + ring(-0.125, 0.4, phase=seed)
        samples = samples if step is None else np.round(samples / step) * step
        found = result(samples, limit="3 %")
        decided += found.verdict is PASS
        measured = found.measurement.measured
        inside += measured is None or measured.interval.low <= 0.0496745 <= measured.interval.high
    assert inside >= 7  # 95.4 % of 8 is 7.6
    assert decided >= 7


def test_jittered_clock_holds_the_truth():
    times = TIMES + np.random.default_rng(4).uniform(-0.1, 0.1, TIMES.size) / RATE
    found = result(40e6 + noise() + ring(-0.125, 0.4, times=times), times=times)
    ends = found.measurement.measured.interval
    assert ends.low <= 0.0496745 <= ends.high
    assert found.verdict is PASS


def test_fast_record_is_thinned_out():
    times = np.arange(0.0, 40.0, 1e-3)
    wave = 40e6 + ring(-0.125, 0.4, times=times) + 1e5 * np.sin(2 * math.pi * 120 * times)
    wave += np.random.default_rng(2).normal(0, 1e5, times.size)
    found = result(wave, interval=1e-3)
    ends = found.measurement.measured.interval
    assert ends.low <= 0.0496745 <= ends.high
    assert found.verdict is PASS


def test_witness_shows_the_envelope_and_the_one_of_the_limit():
    witness = result(NOISE + ring(-0.125, 0.4)).measurement.witness
    drawn = [(mark.shape, mark.role) for mark in witness.marks]
    assert drawn == [("vline", "event"), ("vband", "window")] + [("line", "level")] * 2 + [("line", "limit")] * 2
    upper = witness.marks[2].values
    assert upper[1] == pytest.approx(40e6 + 1e6 * math.exp(-0.125 * (upper[0] - 10)), rel=2e-3)


def test_evaluation_does_not_need_an_accuracy():
    record = FakeMeasurements({SIGNAL: NOISE + ring(-0.125, 0.4)}, 1 / RATE)
    assert evaluate(KIND, keys(), [power()], record).events == 1


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"band": {"from": "2 Hz", "to": "1 Hz"}}, ("band", "to")),
        ({"ringdown": {"length": "1 s"}}, ("ringdown", "length")),
        ({"ringdown": {"length": "300 s"}}, ("ringdown", "length")),
        ({"min_energy_share": "60 %"}, ("min_energy_share",)),
        ({"event": {"min_step": "3 V"}}, ("event", "min_step")),
    ],
    ids=["upside down", "short", "long", "share", "unit"],
)
def test_spec_that_cannot_be_meant_is_a_problem(more, path):
    requirement = KIND.model.model_validate({"id": "R", "kind": "damping", **keys(**more)})
    assert [problem.path for problem in KIND.problems(requirement, {SIGNAL: power()})] == [path]


def test_skip_must_not_be_negative():
    with pytest.raises(ValueError, match="skip must not be negative"):
        KIND.model.model_validate({"id": "R", "kind": "damping", **keys(ringdown={"skip": "-1 s", "length": "20 s"})})


def test_sentence_spells_out_every_default():
    requirement = KIND.model.model_validate({"id": "R", "kind": "damping", **keys()})
    assert KIND.sentence(requirement, {SIGNAL: power()}) == (
        "After the event at 10 s from the capture's first sample, oscillations of pcc_power shall die away with a "
        "damping ratio of at least 3 % (the smallest damping ratio, -sigma / sqrt(sigma^2 + omega^2), of the modes "
        "from 0.1 Hz to 2 Hz with at least 5 % of the energy of all modes there, fitted by least squares to 20 s of "
        "pcc_power that begin 1 cycle of the strongest line in the band after the event)."
    )


@needs_data
@pytest.mark.parametrize("moment", ["3780 s", "5590 s", "5610 s", "6000 s"])
@pytest.mark.parametrize("column", [0, 3], ids=["voltage", "frequency"])
def test_iberian_collapse_and_what_follows_is_no_ringdown(column, moment):
    path = DATA / "iberia-2025-04-28" / "toledo_data.csv"
    samples = np.genfromtxt(path, delimiter=",", skip_header=1, usecols=column)
    signal = Signal("x", "ratio", "1", "1")
    record = FakeMeasurements({"x": samples}, 2.0, accuracies={"x": Accuracy(0.0)}, facts_of={"anti_alias": True})
    asked = keys(signal="x", event={"at": [moment]}, ringdown={"length": "150 s"})
    found = judge(KIND, asked | {"band": {"from": "0.02 Hz", "to": "0.15 Hz"}}, [signal], record)["damping_ratio"]
    assert found.verdict is INCONCLUSIVE
