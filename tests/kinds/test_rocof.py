"""Kind rocof: vectors RF1 and RF2, phase jumps and garbage, every road to INCONCLUSIVE, what the interval holds."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from slacheck.contract import Accuracy, Derive, Signal, Verdict
from slacheck.kinds.rocof import KIND
from tests.kinds.fakes import FakeMeasurements, evaluate, judge

IBERIA = Path(__file__).parents[3] / "shared" / "data" / "iberia-2025-04-28" / "toledo_data.csv"
WAVE = Signal("v_a", "voltage", "V", "V", 230.0, waveform="ac")
RECORD = Signal("f", "frequency", "Hz", "Hz", 50.0)
DERIVED = Signal("f_a", "frequency", "Hz", "Hz", derive=Derive("frequency", ("v_a",), 0.2, 0.02, frequency=50.0))
RATE = 1000.0


def of_wave(limit="1 Hz/s", side="rocof", **more):
    return {
        **{"signal": "v_a", "frequency": "50 Hz", "window": "500 ms", "frequency_window": "200 ms"},
        **{"exclude": {"phase_jump": "5 deg"}, "limits": {side: {"max": limit}}},
        **more,
    }


def of_record(limit="1 Hz/s", side="rocof", **more):
    return {
        **{"signal": "f", "window": "500 ms", "frequency_window": "200 ms", "limits": {side: {"max": limit}}},
        **more,
    }


def wave(rate=-0.8, jumps=(), seconds=20.0, noise=0.0005, seed=1):
    """50 Hz that changes by `rate` for 1.2 s from 8 s on."""
    t = np.arange(round(seconds * RATE)) / RATE
    s = np.clip(t - 8.0, 0.0, 1.2)
    turns = 50.0 * t + rate * s * s / 2.0 + rate * 1.2 * np.maximum(0.0, t - 9.2)
    turns = turns + sum((t >= at) * angle / 360.0 for at, angle in jumps)
    harmonics = 0.03 * np.sin(10.0 * math.pi * turns + 1.0)
    return 325.0 * (np.sin(2.0 * math.pi * turns) + harmonics + noise * np.random.default_rng(seed).normal(size=t.size))


def captured(samples, **more):
    facts = {"anti_alias": True, **more}
    return FakeMeasurements({"v_a": samples}, 1.0 / RATE, accuracies={"v_a": Accuracy(0.002)}, facts_of=facts)


def logged(values, interval=0.02, rows=None, **more):
    return FakeMeasurements({"f": values, **(rows or {})}, interval, accuracies={"f": Accuracy(0.0)}, **more)


def of(record, keys, signal=WAVE, others=()):
    (found,) = judge(KIND, keys, [signal, *others], record).values()
    return found


def reasons(check):
    return [reason.code for reason in check.reasons]


def problems(keys, *signals):
    requirement = KIND.model.model_validate({"id": "R-1", "kind": "rocof", **keys})
    return [
        (problem.path, problem.message) for problem in KIND.problems(requirement, {one.name: one for one in signals})
    ]


# ---------------------------------------------------------------- waveforms


@pytest.mark.parametrize(
    ("rate", "side", "verdict"),
    [
        (-0.8, "rocof", Verdict.PASS),
        (-1.2, "rocof", Verdict.FAIL),
        (1.2, "rise", Verdict.FAIL),
        (1.2, "fall", Verdict.PASS),
        (-1.2, "fall", Verdict.FAIL),
        (-1.0, "rocof", Verdict.INCONCLUSIVE),
    ],
)
def test_waveform_is_judged_by_its_rate_in_the_direction_that_is_limited(rate, side, verdict):
    found = of(captured(wave(rate)), of_wave(side=side))
    assert found.verdict is verdict
    if (side == "rise") != (rate < 0):
        assert found.measurement.measured.value == pytest.approx(abs(rate), abs=0.01)


def test_phase_jump_neither_fails_nor_passes_but_is_told_rf2():
    record = captured(wave(-0.3, [(4.0, 15.0)]))
    found = of(record, of_wave())
    assert found.verdict is Verdict.PASS
    assert found.measurement.measured.interval.high < 0.32
    (note,) = evaluate(KIND, of_wave(), [WAVE], record).notes
    assert note == (
        "Phase jumps and amplitude steps at 4.000 s (15 deg, amplitude 0.2 %); the 39 windows that hold one do not "
        "count, and across them the frequency is taken as a straight line for the upper bound."
    )


def test_violation_that_a_phase_jump_hides_never_passes():
    found = of(captured(wave(-1.5, [(8.6, 30.0)], seconds=60.0)), of_wave(exclude={"phase_jump": "5 deg"}))
    assert found.verdict is not Verdict.PASS
    assert found.measurement.measured.interval.high > 1.2


def test_many_phase_jumps_block_a_pass_and_no_violation():
    jumps = [(float(at), 20.0) for at in range(1, 20, 4)]
    found = of(captured(wave(-0.3, jumps)), of_wave())
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["coverage"])
    assert found.reasons[0].sentence == (
        "195 of 955 windows of 500 ms hold a phase jump or a step of the amplitude and do not count (20.4 %); allowed "
        "are 5 %; record longer, or on a quieter supply."
    )
    assert of(captured(wave(-1.5, jumps)), of_wave()).verdict is Verdict.FAIL
    allowed = of_wave(exclude={"phase_jump": "5 deg", "most": "25 %"})
    assert of(captured(wave(-0.3, jumps)), allowed).verdict is Verdict.PASS


def test_higher_threshold_counts_the_jump():
    found = of(captured(wave(0.0, [(4.0, 15.0)])), of_wave("0.5 Hz/s", exclude={"phase_jump": "30 deg"}))
    assert found.verdict is Verdict.FAIL
    assert found.measurement.measured.value == pytest.approx(15 / 360 / 0.12 / 0.5, rel=0.05)


@pytest.mark.parametrize("noise", [1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("taken", ["100 ms", "200 ms"])
def test_true_rate_lies_in_the_interval_and_clear_cases_are_decided(noise, taken):
    random, inside, undecided, clear = np.random.default_rng(5), 0, 0, 0
    for seed in range(25):
        rate = float(random.choice([-1, 1]) * random.uniform(0.2, 2.0))
        found = of(captured(wave(rate, noise=noise, seed=seed)), of_wave(frequency_window=taken))
        ends = found.measurement.measured.interval
        inside += ends.low <= abs(rate) <= ends.high
        away = abs(abs(rate) - 1.0) > 3.0 * (ends.high - ends.low) / 2.0
        clear, undecided = clear + away, undecided + (away and found.verdict is Verdict.INCONCLUSIVE)
        assert found.verdict is not (Verdict.FAIL if abs(rate) <= 1.0 else Verdict.PASS)
    assert inside >= 22  # 95.4 % of 25 is 23.9, less two deviations of a count, 2.1
    assert undecided <= max(1, clear // 10)


def test_gap_costs_a_pass_and_no_violation():
    for rate, verdict in ((-0.3, Verdict.INCONCLUSIVE), (-1.5, Verdict.FAIL)):
        samples = wave(rate)
        samples[15_000:15_900] = np.nan
        assert of(captured(samples), of_wave()).verdict is verdict


def test_dead_supply_is_no_pass():
    samples = wave(-0.3)
    samples[12_000:14_000] = 0.0
    found = of(captured(samples), of_wave())
    assert (found.verdict, set(reasons(found))) == (Verdict.INCONCLUSIVE, {"coverage"})


@pytest.mark.parametrize(
    ("seconds", "facts", "code"),
    [
        (0.6, {}, "record_too_short"),
        (20.0, {"anti_alias": False, "interval": 1 / 400, "grid": 1 / 400}, "sample_rate"),
        (20.0, {"interpolated": True}, "clock"),
        (20.0, {"bandwidth": 100.0}, "bandwidth"),
    ],
)
def test_record_that_cannot_carry_the_clause_is_inconclusive(seconds, facts, code):
    found = of(captured(wave(-0.3, seconds=seconds), **facts), of_wave())
    assert found.verdict is Verdict.INCONCLUSIVE
    assert code in reasons(found)


def test_derived_frequency_is_measured_on_its_waveform():
    record = captured(wave(-0.8, [(4.0, 15.0)]))
    keys = {"signal": "f_a", "window": "500 ms", "exclude": {"phase_jump": "5 deg"}}
    keys["limits"] = {"rocof": {"max": "1 Hz/s"}}
    named = {one.name: one for one in (WAVE, DERIVED)}
    requirement = KIND.model.model_validate({"id": "R-1", "kind": "rocof", **keys})
    assert list(KIND.problems(requirement, named)) == []
    (plan,) = KIND.meters(requirement, named)
    assert plan.signals == ("v_a",)
    record.feed(KIND, requirement, named)
    (direct,) = KIND.meters(KIND.model.model_validate({"id": "R-1", "kind": "rocof", **of_wave()}), named)
    record.feed(KIND, KIND.model.model_validate({"id": "R-1", "kind": "rocof", **of_wave()}), named)
    assert record.readings[plan.key] == record.readings[direct.key]


def test_duration_asks_for_a_rate_that_lasts():
    short = of(captured(wave(-1.5)), of_wave(duration="300 ms"))
    assert short.verdict is Verdict.FAIL  # 1.2 s hold windows of 0.5 s that end 0.5 s apart
    brief = of(captured(wave(-1.5)), of_wave("1.4 Hz/s", duration="800 ms"))
    assert brief.verdict is Verdict.PASS


# ---------------------------------------------------------------- records of frequency


def ramp(rate, interval=0.02, seconds=30.0):
    t = np.arange(round(seconds / interval)) * interval
    return 50.0 + rate * np.clip(t - 10.0, 0.0, 1.5)


@pytest.mark.parametrize(("rate", "verdict"), [(-0.5, Verdict.PASS), (-1.5, Verdict.FAIL), (1.5, Verdict.FAIL)])
def test_record_is_judged_by_its_rate_rf1(rate, verdict):
    found = of(logged(ramp(rate)), of_record(), RECORD)
    assert found.verdict is verdict
    assert found.measurement.measured.value == pytest.approx(abs(rate))


def test_swing_that_may_be_a_phase_jump_neither_fails_nor_passes():
    values = ramp(0.0)
    values[500:505] += 60.0 / 360.0 / 0.1
    record = logged(values)
    found = of(record, of_record(), RECORD)
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["within_uncertainty"])
    assert evaluate(KIND, of_record(), [RECORD], record).notes == tuple(
        f"Recorded were {name} of up to 3.333 Hz/s; 0 Hz/s remain without what may be phase jumps or no frequency of "
        f"the grid. Only the waveform can tell; record it."
        for name in ("rises", "falls")
    )


@pytest.mark.parametrize("step", [0.001, 0.01])
@pytest.mark.parametrize("noise", [0.0, 0.001, 0.005])
def test_true_rate_lies_in_the_interval_of_quantised_records(step, noise):
    random, inside = np.random.default_rng(9), 0
    for _ in range(40):
        rate = float(random.uniform(0.2, 2.0))
        values = ramp(rate) + random.uniform(-0.1, 0.1) + noise * random.normal(size=1500)
        found = of(logged(np.round(values / step) * step), of_record(), RECORD)
        ends = found.measurement.measured.interval
        inside += ends.low <= rate <= ends.high
        assert found.verdict is not (Verdict.FAIL if rate <= 1.0 else Verdict.PASS)
    assert inside >= 36  # 95.4 % of 40 is 38.2, less two deviations of a count, 2.6


@pytest.mark.parametrize("garbage", ["zero", "slide", "jump", "way back"])
def test_frequency_of_no_grid_neither_fails_nor_passes(garbage):
    t = np.arange(1500) * 0.02
    values = {
        "zero": np.where(t > 20.0, 0.0, 50.0),
        "slide": np.where(t > 20.0, 50.0 - 3.0 * (t - 20.0), 50.0),
        "jump": np.where(t > 20.0, 70.0, 50.0),
        "way back": np.where(t < 10.0, 40.0 + t, 50.0),
    }[garbage]
    found = of(logged(values), of_record("0.3 Hz/s"), RECORD)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "coverage" in reasons(found)


def test_supply_takes_out_what_a_dead_line_shows():
    t = np.arange(1500) * 0.02
    supply = Signal("v", "voltage", "V", "V", 230.0)
    values = np.where(t > 20.0, 50.0 - 0.4 * (t - 20.0), 50.0)
    record = logged(values, rows={"v": np.where(t > 20.0, 2.0, 230.0)})
    keys = of_record("0.3 Hz/s", supply={"signal": "v", "min": "50 %"})
    found = of(record, keys, RECORD, [supply])
    assert found.measurement.measured.value == 0.0
    assert (found.verdict, set(reasons(found))) == (Verdict.INCONCLUSIVE, {"coverage"})
    assert "or v below its least value" in evaluate(KIND, keys, [RECORD, supply], record).notes[0]


@pytest.mark.skipif(not IBERIA.is_file(), reason=f"MEASURED DATA ARE ABSENT: {IBERIA.name} is not beside the project")
@pytest.mark.parametrize("supplied", [True, False])
def test_iberian_collapse_gives_no_verdict_from_what_the_meter_showed_afterwards(supplied):
    columns = np.genfromtxt(IBERIA, delimiter=",", skip_header=1, usecols=(0, 3))
    voltage = Signal("v", "voltage", "V", "V", 27e3)
    record = logged(columns[:, 1], 2.0, {"v": columns[:, 0]})
    more = {"supply": {"signal": "v", "min": "50 %"}} if supplied else {}
    keys = of_record("0.02 Hz/s", window="40 s", frequency_window="2 s", **more)
    found = of(record, keys, RECORD, [voltage])
    measured = found.measurement.measured
    assert found.verdict is Verdict.INCONCLUSIVE
    # what counts are the oscillations before; the fall to 47.4 Hz in which the grid was lost is the bound
    assert measured.value < 0.01
    assert 0.06 < measured.interval.high < 0.1
    before = of(logged(columns[:2700, 1], 2.0), of_record("0.02 Hz/s", window="40 s", frequency_window="2 s"), RECORD)
    assert before.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("interval", "facts", "code"),
    [(0.1, {}, "time_resolution"), (0.02, {"averaging": (1.0,)}, "definition_missing")],
)
def test_slow_or_long_averaged_record_is_inconclusive(interval, facts, code):
    found = of(logged(ramp(-0.3, interval), interval, facts_of=facts), of_record(), RECORD)
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, [code])


def test_record_shorter_than_a_window_says_what_is_missing():
    found = of(logged(np.full(20, 50.0)), of_record(), RECORD)
    assert found.reasons[-1].sentence == (
        "The record of f lasts 0.4 s and no window of 500 ms is complete; 0.7 s are needed: record 0.3 s more."
    )


def test_record_in_which_nothing_counts_says_so():
    found = of(logged(np.linspace(49.0, 48.0, 40)), of_record(), RECORD)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reasons[-1].sentence == (
        "None of 15 windows of 500 ms counts: each holds a disturbance, or a frequency that is not sure to be the "
        "grid's; record longer."
    )


# ---------------------------------------------------------------- the spec alone


@pytest.mark.parametrize(
    ("keys", "signals", "path", "message"),
    [
        (
            of_wave(frequency=None),
            [WAVE],
            ("frequency",),
            "nothing says what the nominal frequency of 'v_a' is",
        ),
        (of_wave(frequency_window="80 ms"), [WAVE], ("frequency_window",), "'80 ms' is less than 5 cycles"),
        (
            of_wave(frequency_window=None),
            [WAVE],
            ("frequency_window",),
            "nothing says what one frequency of 'v_a' is taken over",
        ),
        (
            of_wave(exclude=None),
            [WAVE],
            ("exclude",),
            "a phase jump reads as a change of frequency, so the clause must say from where on one is left out",
        ),
        (
            of_record(exclude={"phase_jump": "5 deg"}),
            [RECORD],
            ("exclude",),
            "a recorded frequency shows no phase, so nothing can be left out by it",
        ),
        (
            of_wave(supply={"signal": "v_a", "min": "1 V"}),
            [WAVE],
            ("supply",),
            "a waveform shows by itself where the supply is off",
        ),
        (of_wave(window="100 ms"), [WAVE], ("window",), "'100 ms' is shorter than what one frequency is taken over"),
        (of_wave(duration="-1 s"), [WAVE], ("duration",), "'-1 s' is negative; write 0 s for single windows"),
        (of_wave("-1 Hz/s"), [WAVE], ("limits", "rocof", "max"), "'-1 Hz/s' is negative; this is a magnitude"),
        (
            of_wave(exclude={"phase_jump": "5 deg", "most": "120 %"}),
            [WAVE],
            ("exclude", "most"),
            "'120 %' is not between 0 % and 100 %",
        ),
        (
            {**of_wave(), "signal": "f_a", "frequency_window": None},
            [WAVE, DERIVED],
            ("frequency",),
            "'f_a' is derived, and its `derive:` says this",
        ),
        (
            of_record(signal="p"),
            [Signal("p", "active_power", "W", "W")],
            ("signal",),
            "'p' is neither a frequency nor an AC waveform",
        ),
    ],
)
def test_keys_that_do_not_fit_are_refused_with_a_reason(keys, signals, path, message):
    keys = {key: value for key, value in keys.items() if value is not None}
    assert (path, message) in problems(keys, *signals)


def test_sentence_says_every_choice():
    requirement = KIND.model.model_validate({"id": "R-1", "kind": "rocof", **of_wave(duration="300 ms")})
    assert KIND.sentence(requirement, {"v_a": WAVE}) == (
        "The rate of change of frequency of v_a shall be at most 1 Hz/s either way: the largest (f(t) - f(t - 500 ms)) "
        "/ 500 ms that all windows ending within 300 ms reach, f being the frequency of the fundamental of v_a over "
        "200 ms, every cycle, without the windows that hold a phase jump above 5 deg or an amplitude step above 10 % "
        "within four cycles. No more than 5 % of the windows may be left out."
    )


def test_definition_of_a_record_names_swings_and_supply():
    signals = {"f": RECORD, "v": Signal("v", "voltage", "V", "V", 230.0)}
    keys = of_record(supply={"signal": "v", "min": "50 %"})
    requirement = KIND.model.model_validate({"id": "R-1", "kind": "rocof", **keys})
    (plan,) = KIND.checks(requirement, signals)
    assert plan.definition.id == "rocof/frequency@1"
    assert plan.definition.text == (
        "the largest (f(t) - f(t - 500 ms)) / 500 ms, f being f; swings that are over within 200 ms may be phase jumps "
        "and count for the upper bound; only while v is at least 50 %, the larger of up and down as a magnitude"
    )
