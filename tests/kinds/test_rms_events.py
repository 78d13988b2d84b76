"""rms_events: published vectors, every gate, intervals that hold the truth, recordings."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import slacheck
from slacheck.contract import Accuracy, Effect, Signal
from slacheck.kinds.rms_events import KIND
from slacheck.quality.gates import admit
from slacheck.run import Binding, check
from tests.kinds.fakes import EXACT, FakeMeasurements, evaluate
from tests.kinds.fakes import judge as judge_kind

V = Signal("v", "voltage", "V", "V", 230.0, waveform="ac")
A, B, C = (replace(V, name=name) for name in ("a", "b", "c"))
RMS = Signal("u", "voltage", "V", "V", 230.0)
LIMITS = {
    "dips": {"max": 1},
    "swells": {"max": 0},
    "interruptions": {"max": 0},
    "residual_voltage": {"min": "40 %"},
    "swell_voltage": {"max": "120 %"},
    "dip_duration": {"max": "200 ms"},
    "swell_duration": {"max": "200 ms"},
    "interruption_duration": {"max": "200 ms"},
}
KEYS = {"signal": "v", "frequency": "50 Hz", "limits": LIMITS}


def times_of(cycles, frequency=50.0, per_cycle=256):
    return np.arange(round(cycles * per_cycle)) / (frequency * per_cycle)


def wave(times, *events, frequency=50.0, phase=0.0):
    """A sine of 230 V with events (start, duration, pu)."""
    level = np.ones(times.size)
    for start, duration, pu in events:
        level[(times > start - 1e-9) & (times < start + duration - 1e-9)] = pu
    return 230.0 * math.sqrt(2.0) * level * np.sin(2.0 * np.pi * frequency * times + phase)


def record(samples, interval=1 / 12800.0, accuracy=EXACT, **facts):
    rows = samples if isinstance(samples, dict) else {"v": samples}
    return FakeMeasurements(rows, interval, accuracies=dict.fromkeys(rows, accuracy), facts_of=facts)


def judge(samples, keys=KEYS, signals=(V,), rule="three_state", **more):
    return judge_kind(KIND, keys, signals, record(samples, **more), rule)


def verdicts(results):
    return {name: str(result.verdict) for name, result in results.items()}


def measured(results, name):
    return results[name].measurement.measured


# ---------------------------------------------------------------- published vectors


@pytest.mark.parametrize(
    ("frequency", "pu", "half_cycles", "duration", "residual"),
    [
        (50.0, 0.50, 12, 0.130, 0.50),
        (50.0, 0.85, 12, 0.110, 0.85),
        (50.0, 0.83, 12, 0.120, 0.83),
        (50.0, 0.0, 2, 0.030, 0.0),
        (50.0, 0.0, 1, 0.020, 0.7071),
        (60.0, 0.50, 12, 0.10833, 0.50),
        (60.0, 0.70, 50, 0.425, 0.70),
    ],
    ids=["SG1", "SG2", "SG3", "SG4", "SG5", "SG6", "SG7"],
)
def test_published_vector(frequency, pu, half_cycles, duration, residual):
    times, true = times_of(70, frequency), half_cycles / 2.0 / frequency
    samples = wave(times, (20.0 / frequency, true, pu), frequency=frequency)
    keys = KEYS | {"frequency": f"{frequency:g} Hz"}
    results = judge(samples, keys, interval=1.0 / (256 * frequency))
    found, lowest = measured(results, "dip_duration"), measured(results, "residual_voltage")
    # the followed phase is 3 mrad off at most, at either end: 2e-3 half cycles, and 2e-3 of the voltage in an edge
    assert found.value == pytest.approx(duration, abs=0.01 * 0.5 / frequency)
    assert lowest.value == pytest.approx(residual, abs=2e-3)
    assert found.interval.low <= true <= found.interval.high
    # one cycle either way; at 83 % a mixed window stands at 91.9 %, where a moved release level ends the dip earlier
    width = 2.5 / frequency if pu == 0.83 else 2.0 / frequency
    assert found.interval.high - found.interval.low == pytest.approx(width, rel=0.02)
    assert measured(results, "dips").value == 1.0


def test_sg8_91_percent_is_no_event():
    results = judge(wave(times_of(70), (0.4, 0.3, 0.91)), KEYS | {"limits": LIMITS | {"dips": {"max": 0}}})
    assert set(verdicts(results).values()) == {"PASS"}
    assert measured(results, "dips").interval.high == 0.0
    assert results["residual_voltage"].measurement.notes == (
        "There was no dip; the lowest rms of the record stands for it.",
    )


# ---------------------------------------------------------------- verdicts


def test_quiet_record_passes_every_limit_with_zero_where_nothing_was():
    results = judge(wave(times_of(70)))
    assert set(verdicts(results).values()) == {"PASS"}
    assert [measured(results, name).value for name in ("dips", "swells", "interruptions", "dip_duration")] == [0.0] * 4


def test_two_dips_where_one_is_allowed_fail():
    results = judge(wave(times_of(100), (0.4, 0.1, 0.5), (1.0, 0.1, 0.7)))
    assert verdicts(results)["dips"] == "FAIL"
    assert measured(results, "dips").value == 2.0
    assert verdicts(results)["dip_duration"] == "PASS"


def test_one_dip_where_one_is_allowed_passes():
    assert verdicts(judge(wave(times_of(100), (0.4, 0.1, 0.5))))["dips"] == "PASS"


def test_dip_within_the_uncertainty_of_the_threshold_may_or_may_not_exist():
    limits = KEYS | {"limits": {"dips": {"max": 0}, "dip_duration": {"max": "100 ms"}}}
    results = judge(wave(times_of(100), (0.4, 0.5, 0.898)), limits, accuracy=Accuracy(0.005, coverage_factor=2))
    assert verdicts(results) == {"dips": "INCONCLUSIVE", "dip_duration": "INCONCLUSIVE"}
    assert (measured(results, "dips").interval.low, measured(results, "dips").interval.high) == (0.0, 1.0)
    assert measured(results, "dip_duration").interval.low == 0.0
    clear = judge(wave(times_of(100), (0.4, 0.5, 0.885)), limits, accuracy=Accuracy(0.005, coverage_factor=2))
    assert verdicts(clear) == {"dips": "FAIL", "dip_duration": "FAIL"}


def test_dip_that_another_threshold_splits_has_a_count_of_both():
    samples = wave(times_of(120), (0.4, 0.3, 0.7), (0.7, 0.2, 0.917), (0.9, 0.3, 0.7))
    found = measured(judge(samples, accuracy=Accuracy(0.005, coverage_factor=2)), "dips")
    assert (found.value, found.interval.low, found.interval.high) == (1.0, 1.0, 2.0)


def test_swell_counts_and_its_voltage_is_the_highest():
    results = judge(wave(times_of(100), (0.4, 0.1, 1.25)))
    assert verdicts(results)["swells"] == verdicts(results)["swell_voltage"] == "FAIL"
    assert measured(results, "swell_voltage").value == pytest.approx(1.25, abs=2e-3)
    assert measured(results, "swell_duration").value == pytest.approx(0.11, abs=1e-3)
    assert verdicts(results)["swell_duration"] == "PASS"


def test_interruption_is_counted_as_a_dip_too_unless_it_is_classified():
    samples = wave(times_of(100), (0.4, 0.5, 0.0))
    assert verdicts(judge(samples))["interruptions"] == "FAIL"
    assert measured(judge(samples), "dips").value == 1.0
    keys = KEYS | {"classification": "ieee1159", "thresholds": {"interruption": "10 %"}}
    results = judge(samples, keys)
    assert measured(results, "dips").value == 0.0
    assert results["dips"].measurement.notes == ("1 found; not counted: 1 (an interruption).",)
    assert measured(results, "dip_duration").value == pytest.approx(0.51, abs=1e-3)


def test_polyphase_interruption_needs_all_phases():
    times = times_of(100)
    rows = {
        name: wave(times, (0.4, 0.3, 0.0), phase=-k * 2 * np.pi / 3) if name != "c" else wave(times, phase=2.0)
        for k, name in enumerate("abc")
    }
    keys = {"signals": ["a", "b", "c"], "frequency": "50 Hz", "limits": LIMITS}
    results = judge(rows, keys, (A, B, C))
    assert measured(results, "interruptions").interval.high == 0.0
    assert measured(results, "dips").value == 1.0
    rows["c"] = wave(times, (0.45, 0.2, 0.0), phase=2.0)
    results = judge(rows, keys, (A, B, C))
    assert measured(results, "interruptions").value == 1.0
    # all phases are below 5 % only while the window of the last one is full
    assert measured(results, "interruption_duration").value == pytest.approx(0.2 - 0.02, abs=0.011)


@pytest.mark.parametrize(
    ("span", "verdict"), [((0.0, 0.25), "FAIL"), ((1.85, 0.15), "INCONCLUSIVE"), ((1.7, 0.3), "FAIL")]
)
def test_dip_that_the_record_cuts_off_lasted_longer(span, verdict):
    results = judge(wave(times_of(100), (*span, 0.5)))
    assert verdicts(results)["dip_duration"] == verdict
    assert measured(results, "dip_duration").censored == "above"


def test_sliding_reference_forgives_a_voltage_that_is_low_for_long():
    times = times_of(90 * 50, per_cycle=128)
    level = np.interp(times, [0.0, 80.0], [1.0, 0.89])
    limits = {"signal": "v", "frequency": "50 Hz", "limits": {"dips": {"max": 0}, "residual_voltage": {"min": "85 %"}}}
    same = {"interval": 1 / 6400.0}
    assert verdicts(judge(level * wave(times), limits, **same))["dips"] == "FAIL"
    slides = judge(level * wave(times), limits | {"reference": "sliding"}, **same)
    assert set(verdicts(slides).values()) == {"PASS"}
    assert measured(slides, "residual_voltage").value > 0.92


# ---------------------------------------------------------------- counts per period


def test_period_longer_than_the_record_may_fail_but_not_pass():
    keys = KEYS | {"period": "30 d"}
    quiet = judge(wave(times_of(100)), keys)
    assert verdicts(quiet)["dips"] == "INCONCLUSIVE"
    assert [reason.code for reason in quiet["dips"].reasons] == ["record_too_short"]
    assert verdicts(quiet)["dip_duration"] == "PASS"
    assert verdicts(judge(wave(times_of(100), (0.4, 0.1, 0.5), (1.0, 0.1, 0.7)), keys))["dips"] == "FAIL"


def test_period_counts_the_most_within_any():
    samples = wave(times_of(150), (0.4, 0.1, 0.5), (1.0, 0.1, 0.7), (2.5, 0.1, 0.7))
    assert measured(judge(samples, KEYS | {"period": "1 s"}), "dips").value == 2.0
    assert measured(judge(samples), "dips").value == 3.0


# ---------------------------------------------------------------- gates


def test_gap_lets_a_violation_fail_and_nothing_pass():
    samples = wave(times_of(100), (0.4, 0.1, 0.5))
    samples[12800:12900] = np.nan
    results = judge(samples, KEYS | {"limits": {"dips": {"max": 0}, "swells": {"max": 0}}})
    assert verdicts(results) == {"dips": "FAIL", "swells": "INCONCLUSIVE"}
    assert [reason.code for reason in results["swells"].reasons] == ["coverage"]


def test_few_missing_samples_are_bridged():
    samples = wave(times_of(100))
    samples[[3000, 3001, 9000, 15000]] = np.nan
    assert set(verdicts(judge(samples)).values()) == {"PASS"}


def test_dip_through_a_gap_is_proven_for_its_longest_part():
    samples = wave(times_of(100), (0.4, 0.5, 0.5))
    samples[7680:8320] = np.nan
    found = measured(judge(samples), "dip_duration")
    assert found.interval.low == pytest.approx(0.22, abs=0.02)
    assert found.value == pytest.approx(0.51, abs=1e-3)
    assert found.censored is None


@pytest.mark.parametrize(
    ("per_cycle", "quiet", "dip"),
    [(128, "PASS", "FAIL"), (96, "INCONCLUSIVE", "FAIL"), (20, "INCONCLUSIVE", "FAIL"), (12, *["INCONCLUSIVE"] * 2)],
)
def test_samples_per_cycle_decide_what_can_be_said(per_cycle, quiet, dip):
    keys = KEYS | {"limits": {"dips": {"max": 0}}}
    times, same = times_of(100, per_cycle=per_cycle), {"interval": 1 / (50.0 * per_cycle)}
    results = judge(wave(times, phase=0.3), keys, **same)
    assert verdicts(results) == {"dips": quiet}
    assert {reason.code for reason in results["dips"].reasons} <= {"sample_rate", "noise"}
    assert quiet == "PASS" or "sample_rate" in {reason.code for reason in results["dips"].reasons}
    assert verdicts(judge(wave(times, (0.4, 0.3, 0.5), phase=0.3), keys, **same)) == {"dips": dip}


def test_sentences_of_the_sample_rate():
    keys = KEYS | {"limits": {"dips": {"max": 0}}}
    (slow,) = judge(wave(times_of(100, per_cycle=96)), keys, interval=1 / 4800.0).values()
    assert slow.reasons[0].sentence == (
        "v has 4.8 kS/s; 6.336 kS/s are asked for; a violation still counts, but a PASS needs a faster record."
    )
    (slower,) = judge(wave(times_of(100, per_cycle=12)), keys, interval=1 / 600.0).values()
    assert "v has 12 samples a cycle; its fundamental can be told from what aliases onto it from 16 on." in {
        reason.sentence for reason in slower.reasons
    }


def test_clipped_samples_may_make_a_dip_and_hide_a_swell():
    samples = np.clip(wave(times_of(100)), -200.0, 200.0)
    results = judge(samples, clipped=5000)
    assert set(verdicts(results).values()) == {"INCONCLUSIVE"}
    effects = {
        name: {gate.effect for gate in result.gates if gate.code == "clipped"} for name, result in results.items()
    }
    assert effects["dips"] == effects["residual_voltage"] == {Effect.NO_VERDICT}
    assert effects["swells"] == effects["interruptions"] == {Effect.NO_PASS}
    assert verdicts(judge(wave(times_of(100), (0.4, 0.1, 1.3)), clipped=20))["swells"] == "FAIL"


def test_chain_that_attenuates_the_fundamental_gives_no_verdict():
    results = judge(0.8 * wave(times_of(100)), averaging=(0.01,))
    assert set(verdicts(results).values()) == {"INCONCLUSIVE"}
    assert all("bandwidth" in {reason.code for reason in result.reasons} for result in results.values())


def test_voltage_of_another_frequency_is_inconclusive():
    results = judge(wave(times_of(100), frequency=60.0))
    assert results["dips"].reasons[0].sentence == (
        "Nowhere have all of v a steady fundamental near 50 Hz and no gap; check `frequency` and the channels."
    )
    assert set(verdicts(results).values()) == {"INCONCLUSIVE"}


def test_dead_line_is_an_interruption():
    results = judge(np.random.default_rng(1).normal(0.0, 0.2, 25600))
    assert verdicts(results)["interruptions"] == verdicts(results)["interruption_duration"] == "FAIL"
    assert verdicts(results)["residual_voltage"] == "FAIL"


@pytest.mark.parametrize(("cycles", "code"), [(3, "record_too_short"), (7, "record_too_short")])
def test_short_record_does_not_pass(cycles, code):
    results = judge(wave(times_of(cycles)))
    assert set(verdicts(results).values()) == {"INCONCLUSIVE"}
    assert all(code in [reason.code for reason in result.reasons] for result in results.values())


def test_instrument_worse_than_the_ladder_gives_no_verdict():
    results = judge(wave(times_of(100)), accuracy=Accuracy(0.1, coverage_factor=2))
    assert results["dips"].reasons[0].code == "noise"
    assert results["dips"].reasons[0].sentence.startswith("The rms values are uncertain by 9.")


# ---------------------------------------------------------------- signals that are an rms already


def rms_record(*pieces, refresh=0.01, accuracy=EXACT, **facts):
    values = np.concatenate([np.full(round(length / refresh), 230.0 * pu) for pu, length in pieces])
    return FakeMeasurements({"u": values}, refresh, accuracies={"u": accuracy}, facts_of=facts)


def test_recorded_half_cycle_values_are_used_as_they_are():
    keys = KEYS | {"signal": "u"}
    found = judge_kind(KIND, keys, [RMS], rms_record((1.0, 1.0), (0.5, 0.13), (1.0, 1.0), averaging=(0.02,)))
    assert verdicts(found)["dips"] == "PASS"
    assert measured(found, "dip_duration").value == pytest.approx(0.13)
    ends = measured(found, "dip_duration").interval
    assert (ends.low, ends.high) == (pytest.approx(0.11), pytest.approx(0.15))


def test_slow_values_can_fail_but_pass_only_where_no_event_fits_in():
    keys = KEYS | {"signal": "u", "limits": {"dips": {"max": 0}, "swells": {"max": 0}}}
    slow = {"refresh": 0.2}
    quiet = judge_kind(KIND, keys, [RMS], rms_record((1.0, 5.0), (0.999, 5.0), **slow))
    assert verdicts(quiet) == {"dips": "PASS", "swells": "PASS"}
    restless = judge_kind(KIND, keys, [RMS], rms_record((1.0, 5.0), (0.96, 5.0), **slow))
    assert verdicts(restless) == {"dips": "INCONCLUSIVE", "swells": "INCONCLUSIVE"}
    assert restless["dips"].reasons[0].sentence == (
        "Each value is the rms over 0.2 s, every 0.2 s; U_rms(1/2) is over 0.02 s, every 0.01 s: a short dip may not "
        "show, or not as deep; record the waveform."
    )
    assert restless["dips"].measurement.measured.interval.high is None


def test_slow_values_bound_a_depth_and_a_number_from_one_side():
    """Eight short interruptions may read as one dip: its duration proves nothing, its depth and number do."""
    keys = KEYS | {"signal": "u"}
    found = judge_kind(KIND, keys, [RMS], rms_record((1.0, 5.0), (0.6, 1.6), (1.0, 5.0), refresh=0.2))
    ends = {name: measured(found, name).interval for name in ("dips", "residual_voltage", "dip_duration")}
    assert (ends["dips"].low, ends["dips"].high) == (1.0, None)
    assert (ends["residual_voltage"].low, ends["residual_voltage"].high) == (0.0, pytest.approx(0.6, abs=1e-3))
    assert ends["dip_duration"].low == 0.0
    assert ends["dip_duration"].high == pytest.approx(1.8 + 0.2)  # from the start of the window before to the one after
    strict = keys | {"limits": {"dips": {"max": 0}, "residual_voltage": {"min": "70 %"}}}
    assert set(verdicts(judge_kind(KIND, strict, [RMS], rms_record((1.0, 5.0), (0.6, 1.6), refresh=0.2))).values()) == {
        "FAIL"
    }


def test_slow_values_that_pass_cannot_have_hidden_a_dip():
    """Any cycle of mean square below 0.81 inside windows of W leaves a value that the gate would have seen."""
    random = np.random.default_rng(7)
    for _ in range(200):
        per_window, level = int(random.integers(1, 12)), random.uniform(0.93, 1.08)
        squares = np.full(40 * per_window * 8, level**2)
        first = int(random.integers(100, squares.size - 100))
        squares[first : first + 8] = 0.8  # eight parts are a cycle
        values = np.sqrt(
            squares[: squares.size // (8 * per_window) * 8 * per_window].reshape(-1, 8 * per_window).mean(1)
        )
        found = rms_record((1.0, 0.02), refresh=0.02 * per_window)
        found = FakeMeasurements({"u": 230.0 * values}, 0.02 * per_window, accuracies={"u": EXACT})
        keys = KEYS | {"signal": "u", "limits": {"dips": {"max": 0}}}
        assert verdicts(judge_kind(KIND, keys, [RMS], found))["dips"] != "PASS"


# ---------------------------------------------------------------- intervals hold the truth


def book(rows, times, frequency, rated=230.0):
    """Dips, interruptions, residual and longest durations by IEC 61000-4-30, from callables of time."""
    period, grid = 1.0 / frequency, (np.arange(1000) + 0.5) / 1000.0
    updates = []
    for phase, row in enumerate(rows):
        first = math.ceil(2.0 * (frequency * (times[0] + period)) - 2.0 * phase / 3.0)
        last = math.floor(2.0 * frequency * times[-1] - 2.0 * phase / 3.0)
        for zero in (np.arange(first, last + 1) + 2.0 * phase / 3.0) / (2.0 * frequency):
            value = math.sqrt(np.mean(row(zero - period + grid * period) ** 2)) / rated
            updates += [(zero, phase, value)]
    latest, dips, stops, began, stopped, lowest = {}, [], [], None, None, math.inf
    for time, phase, value in sorted(updates):
        latest[phase], lowest = value, min(lowest, value)
        if len(latest) < len(rows):
            continue
        low, high = min(latest.values()), max(latest.values())
        if began is None and low < 0.9:
            began = time
        elif began is not None and low >= 0.92:
            dips.append(time - began)
            began = None
        if stopped is None and high < 0.05:
            stopped = time
        elif stopped is not None and high >= 0.07:
            stops.append(time - stopped)
            stopped = None
    return {
        "dips": len(dips),
        "interruptions": len(stops),
        "residual_voltage": lowest,
        "dip_duration": max(dips, default=0.0),
        "interruption_duration": max(stops, default=0.0),
    }


def random_case(random):
    """Two seconds of three phases with events at random; jumps of phase in them every other time."""
    nominal = float(random.choice([50.0, 60.0]))
    frequency, rate = nominal * random.uniform(0.98, 1.02), nominal * 128 * random.uniform(1.0, 2.0)
    spans, at, jump = [], 0.4, random.uniform(-0.5, 0.5, 3) * random.integers(0, 2)
    while at < 1.6:
        length = random.uniform(0.6, 12.0) / frequency
        pu = random.uniform(0.0, 0.06, 3) if random.random() < 0.25 else random.uniform(0.3, 0.99, 3)
        spans.append((at, length, pu))
        at += length + random.uniform(1.0, 20.0) / frequency

    def row(phase):
        def samples(times):
            level, angle = np.ones(times.shape), 2.0 * np.pi * frequency * times - phase * 2.0 * np.pi / 3.0
            for start, length, pu in spans:
                inside = (times >= start) & (times < start + length)
                level, angle = np.where(inside, pu[phase], level), angle + inside * jump[phase]
            return 230.0 * math.sqrt(2.0) * level * (np.sin(angle) + 0.03 * np.sin(5.0 * angle))

        return samples

    return nominal, frequency, float(rate), [row(phase) for phase in range(3)]


def test_intervals_hold_the_truth_in_19_of_20_records():
    random, missed, wide, count = np.random.default_rng(20), dict.fromkeys(LIMITS, 0), 0, 40
    names = ("dips", "interruptions", "residual_voltage", "dip_duration", "interruption_duration")
    keys = {"signals": ["a", "b", "c"], "limits": {name: LIMITS[name] for name in names}}
    for _ in range(count):
        nominal, frequency, rate, rows = random_case(random)
        times, gain, sigma = np.arange(round(2.0 * rate)) / rate, random.uniform(-1, 1) * 0.003, random.choice([0, 2.0])
        taken = {
            name: np.round(((1.0 + gain) * row(times) + random.normal(0.0, sigma, times.size)) / 0.05) * 0.05
            for name, row in zip("abc", rows, strict=True)
        }
        asked = keys | {"frequency": f"{nominal:g} Hz"}
        results = judge(taken, asked, (A, B, C), interval=1.0 / rate, accuracy=Accuracy(0.003))
        truth = book(rows, times, frequency)
        for name in names:
            ends = measured(results, name).interval
            low, high = -math.inf if ends.low is None else ends.low, math.inf if ends.high is None else ends.high
            missed[name] += not low - 1e-9 <= truth[name] <= high + 1e-9
        wide += measured(results, "dips").interval.low != measured(results, "dips").interval.high
    assert max(missed.values()) <= count // 20, missed
    assert wide <= count // 4


def test_more_uncertainty_never_turns_inconclusive_into_pass_nor_pass_into_fail():
    rank = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 1}
    samples = wave(times_of(100), (0.4, 0.3, 0.893))
    last = None
    for part in (0.0, 0.002, 0.005, 0.01, 0.02):
        found = verdicts(judge(samples, KEYS | {"limits": {"dips": {"max": 0}}}, accuracy=Accuracy(part)))["dips"]
        assert last is None or rank[found] >= rank[last]
        assert found != "PASS"
        last = found


# ---------------------------------------------------------------- the spec alone


def problems(keys, *signals):
    named = {signal.name: signal for signal in signals}
    requirement = KIND.model.model_validate({"id": "R-1", "kind": KIND.name, **keys})
    return [
        (".".join(map(str, problem.path)), problem.message, problem.fix)
        for problem in KIND.problems(requirement, named)
    ]


@pytest.mark.parametrize(
    ("changed", "signals", "message"),
    [
        ({"signals": ["a", "a"]}, (A,), "the phases must be one or more different signals"),
        (
            {"signal": "v"},
            (replace(V, rated=None),),
            "the signal 'v' has no rated value, of which the thresholds are made",
        ),
        ({"signal": "v"}, (replace(V, quantity="current", base="A", unit="A"),), "'v' is no voltage"),
        ({"signals": ["a", "b"]}, (A, replace(B, rated=400.0)), "'a' and 'b' have different rated values"),
        ({"signals": ["a", "u"]}, (A, RMS), "'a' and 'u' are not of one sort"),
        (
            {"signal": "u", "reference": "sliding"},
            (RMS,),
            "the sliding reference is made of 10/12-cycle values, which need AC waveforms",
        ),
        (
            {"signal": "v", "classification": "ieee1159"},
            (V,),
            "ieee1159 has its interruption threshold at 10 %, not 5 %",
        ),
        (
            {"signal": "v", "limits": {"residual_voltage": {"min": "95 %"}}},
            (V,),
            "'95 %' is not below 90 %, where a dip begins",
        ),
        (
            {"signal": "v", "limits": {"swell_voltage": {"max": "240 V"}}},
            (V,),
            "'240 V' is not above 110 %, where a swell begins",
        ),
        (
            {"signal": "v", "limits": {"residual_voltage": {"max": "50 %"}}},
            (V,),
            "residual_voltage is limited by min only",
        ),
        ({"signal": "v", "limits": {"dip_duration": {"min": "1 s"}}}, (V,), "dip_duration is limited by max only"),
        (
            {"signal": "v", "reference": "sliding", "limits": {"residual_voltage": {"min": "0.5 pu"}}},
            (V,),
            "'0.5 pu' does not say what it is of; the reference slides",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(changed, signals, message):
    keys = {"frequency": "50 Hz", "limits": {"dips": {"max": 1}}} | changed
    assert [found for _, found, _ in problems(keys, *signals) if found.startswith(message)]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"limits": {"dips": {"max": "2 %"}}}, "expected a whole number"),
        ({"limits": {"dips": {"max": -1}}}, "greater than or equal to 0"),
        ({"limits": {}}, "limits needs one or more of dips, swells"),
        ({"signals": ["v"]}, "give either signal, or signals"),
        ({"thresholds": {"dip": "120 %"}}, "interruption, dip and swell must rise"),
    ],
)
def test_keys_that_are_wrong_alone_are_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        KIND.model.model_validate({"id": "R", "kind": KIND.name, **KEYS, **keys})


def test_clause_and_definition_spell_everything_out():
    keys = {"signals": ["a", "b"], "frequency": "60 Hz", "period": "30 d", "limits": {"dips": {"max": 2}}}
    requirement = KIND.model.model_validate({"id": "R", "kind": KIND.name, **keys})
    named = {"a": A, "b": B}
    (plan,) = KIND.checks(requirement, named)
    assert plan.definition.id == "dip_count/half_cycle_rms@1"
    assert plan.definition.text == (
        "number of dips of the rms over one cycle, refreshed each half cycle, of a and b; % is of rated; a dip begins "
        "when a phase is below 90 % and ends when all are 2 % back inside; what is an interruption (below 5 %) counts "
        "as both (IEC 61000-4-30); the most that begin within any 30 d"
    )
    assert (plan.limit.max, plan.unit, plan.needs[0].duration) == (2.0, "1", 30 * 86400.0)
    assert KIND.sentence(requirement, named).startswith(
        "Of the rms over one cycle, refreshed each half cycle, of a and b, there shall be at most 2 dips within any "
        "30 d. % is of rated;"
    )


# ---------------------------------------------------------------- what is shown


def test_events_are_named_and_the_worst_is_drawn_with_its_rms():
    keys = KEYS | {"classification": "ieee1159", "thresholds": {"interruption": "10 %"}}
    found = evaluate(KIND, keys, [V], record(wave(times_of(100), (0.4, 0.1, 0.5), (1.0, 0.7, 0.7), (1.9, 0.2, 0.8))))
    assert found.notes == (
        "Dip at 0.410023 s: 110.05 ms, lowest 49.99 % of the reference, instantaneous sag.",
        "Dip at 1.01001 s: 709.96 ms, lowest 69.99 % of the reference, momentary sag.",
        "Dip at 1.92001 s: more than 69.989 ms, lowest 79.99 % of the reference, instantaneous sag, or longer.",
        "Events are named after IEEE 1159; the borders of its classes are not checked against the standard's text.",
        "The fundamental was followed from 49.9765 Hz to 50.0195 Hz.",
    )
    by_name = {one.check: one for one in found.measurements}
    lowest, longest = by_name["residual_voltage"].witness, by_name["dip_duration"].witness
    assert lowest.start < 0.4 < 0.5 < lowest.end < 1.0 < longest.start + 0.5
    drawn = {mark.shape: mark for mark in lowest.marks}
    assert min(drawn["line"].values[1::2]) == pytest.approx(115.0, abs=0.5)
    assert drawn["vband"].values == (pytest.approx(0.41, abs=1e-3), pytest.approx(0.52, abs=1e-3))
    assert {mark.label for mark in lowest.marks} >= {"dip 90 %", "over at 92 %", "limit"}


def test_every_requirement_of_the_record_becomes_a_gate():
    requirement = KIND.model.model_validate({"id": "R", "kind": KIND.name, **KEYS})
    for plan in KIND.checks(requirement, {"v": V}):
        codes = [gate.code for gate in admit(plan.needs[0], record(wave(times_of(20))).facts("v"))]
        assert codes == ["bandwidth", "sample_rate", "record_too_short", "coverage", "clipped"]


# ---------------------------------------------------------------- recordings

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def findings(signals, requirement, path, sidecar=None):
    if not (DATA / path).is_file():
        pytest.skip(f"the shared recording {path} is not here: {DATA / path}")
    spec = slacheck.load_spec(
        {
            "slacheck": 1,
            "id": "s",
            "signals": signals,
            "requirements": [{"id": "R", "kind": "rms_events", **requirement}],
        }
    )
    with slacheck.open_capture(DATA / path) as capture:
        (finding,) = check(spec, [Binding(capture)]).results["findings"]
    return finding, {one["name"]: one for one in finding["checks"]}


def ac(channel, rated):
    return {
        "quantity": "voltage",
        "unit": "V",
        "rated": rated,
        "waveform": "ac",
        "channel": channel,
        "accuracy": {"reading": "0.2 %"},
    }


@pytest.mark.parametrize("path", ["epri-comtrade/1999-ascii-pq.cfg", "epri-derived-encodings/1999-pq-as-binary.cfg"])
def test_epri_sag_is_one_dip_that_the_record_does_not_see_the_end_of(path):
    signals = {name: ac(channel, "7.2 kV") for name, channel in (("a", "Va"), ("b", "Vb"), ("c", "Vc"))}
    limits = {"dips": {"max": 0}, "interruptions": {"max": 0}, "residual_voltage": {"min": "70 %"}}
    limits["dip_duration"] = {"max": "300 ms"}
    asked = {"signals": ["a", "b", "c"], "frequency": "60 Hz", "limits": limits}
    _, checks = findings(signals, asked, path)
    assert {name: one["verdict"] for name, one in checks.items()} == {
        "dips": "FAIL",
        "interruptions": "PASS",
        "residual_voltage": "FAIL",
        "dip_duration": "FAIL",
    }
    assert checks["dips"]["measured"]["value"] == 1.0
    assert checks["residual_voltage"]["measured"]["value"] == pytest.approx(0.6706, abs=0.003)
    assert checks["dip_duration"]["measured"]["censored"] == "above"
    assert checks["dip_duration"]["at"]["time"] == pytest.approx(0.0727, abs=0.01)


def test_schneider_record_is_quiet_but_too_short_to_pass():
    asked = {"signal": "v", "frequency": "60 Hz", "limits": {"dips": {"max": 0}, "swells": {"max": 0}}}
    _, checks = findings({"v": ac("U1", "347 V")}, asked, "keating-comtrade/keating_1999.cfg")
    for one in checks.values():
        assert (one["verdict"], one["measured"]["interval"]) == ("INCONCLUSIVE", [0.0, 0.0])
        assert [reason["code"] for reason in one["reasons"]] == ["record_too_short"]


def test_pqopen_interruption_is_found_in_values_of_a_cycle(tmp_path):
    source = DATA / "pqopen-dip" / "event_data_level_low.csv"
    if not source.is_file():
        pytest.skip(f"the shared recording is not here: {source}")
    (tmp_path / "dip.csv").write_bytes(source.read_bytes())
    (tmp_path / "dip.csv.meta.yaml").write_text(
        "slacheck: 1\nchannels: {U1_1p_rms: {unit: V, quantity: voltage}}\ntime: {channel: Time, unit: ms}\n"
    )
    spec = slacheck.load_spec(
        {
            "slacheck": 1,
            "id": "s",
            "signals": {"v": {k: v for k, v in ac("U1_1p_rms", "230 V").items() if k != "waveform"}},
            "requirements": [{"id": "R", "kind": "rms_events", **KEYS, "frequency": "50 Hz"}],
        }
    )
    with slacheck.open_capture(tmp_path / "dip.csv") as capture:
        (finding,) = check(spec, [Binding(capture)]).results["findings"]
    checks = {one["name"]: one for one in finding["checks"]}
    assert checks["interruptions"]["verdict"] == checks["interruption_duration"]["verdict"] == "FAIL"
    assert checks["swells"]["verdict"] == "INCONCLUSIVE"
    low, high = checks["interruption_duration"]["measured"]["interval"]
    assert low <= 0.78 <= high


def test_plan_names_the_least_sample_rate_of_a_waveform():
    from slacheck.spec.plan import plan

    spec = slacheck.load_spec(
        {
            "slacheck": 1,
            "id": "s",
            "signals": {"v": ac("v", "230 V")},
            "requirements": [{"id": "R", "kind": "rms_events", **KEYS}],
        }
    )
    assert "sample rate     at least 6.336 kS/s (R dips)" in plan(spec)
