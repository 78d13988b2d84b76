"""Kind frequency_response: verdicts, every road to INCONCLUSIVE, coverage of the interval, what is said of a mask."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import bilinear, freqz, lfilter

from slacheck.contract import Accuracy, Derive, Signal, Verdict
from slacheck.kinds._frequency_gates import decades
from slacheck.kinds.frequency_response import KIND
from tests.kinds.fakes import EXACT, FakeMeasurements, judge

RACK = Signal("rack", "active_power", "MW", "W", 20e6)
PCC = Signal("pcc", "active_power", "MW", "W", 20e6)
RATE = 40.0
TIMES = np.arange(round(400 * RATE)) / RATE
LINES = (0.3, 0.7, 1.1, 1.9, 3.1, 5.3)
FLAT = [["0.25 Hz", "-12 dB"], ["6 Hz", "-12 dB"]]
FILTERED = {"anti_alias": True}


def swings(ratio=lambda f: 1.0, lines=LINES):
    return sum(1e6 * ratio(f) * np.cos(2 * math.pi * f * TIMES + 7 * f) for f in lines)


def noise(seed, sigma=1e3):
    return np.random.default_rng(seed).normal(0.0, sigma, TIMES.size)


def keys(**more):
    return {"input": "rack", "output": "pcc", "window": {"length": "20 s"}, "magnitude_max": FLAT, **more}


def results(x, y, accuracy=EXACT, facts=FILTERED, **more):
    accuracies = {"rack": accuracy, "pcc": accuracy}
    record = FakeMeasurements({"rack": x, "pcc": y}, 1 / RATE, accuracies=accuracies, facts_of=facts)
    return judge(KIND, keys(**more), [RACK, PCC], record)


def result(x, y, **more):
    (found,) = results(x, y, **more).values()
    return found


def reasons(found):
    return [reason.code for reason in found.reasons]


def problems(**more):
    requirement = KIND.model.model_validate({"id": "R", "kind": "frequency_response", **keys(**more)})
    return [(problem.path, problem.message) for problem in KIND.problems(requirement, {"rack": RACK, "pcc": PCC})]


@pytest.mark.parametrize(("ratio", "verdict"), [(0.24, Verdict.PASS), (0.27, Verdict.FAIL)])
def test_flat_response_against_a_flat_mask(ratio, verdict):
    found = result(swings() + noise(1), ratio * swings() + noise(2))
    assert found.verdict is verdict
    assert found.measurement.measured.value == pytest.approx(ratio / 10 ** (-12 / 20), rel=2e-3)


def test_worst_line_decides_and_is_named():
    found = result(swings() + noise(1), swings(lambda f: 0.4 if f == 1.9 else 0.1) + noise(2))
    assert found.verdict is Verdict.FAIL
    assert found.measurement.frequency == pytest.approx(1.9, abs=0.03)
    assert found.measurement.notes[0].startswith("At 1.9 Hz the magnitude is 0.4")
    assert "(-7.96 dB), the limit -12.00 dB; 6 bins were judged; 39 windows count as" in found.measurement.notes[0]


def test_least_and_most_are_two_checks():
    found = results(
        swings() + noise(1), 0.2 * swings() + noise(2), magnitude_min=[["0.25 Hz", "-20 dB"], ["6 Hz", "-20 dB"]]
    )
    assert {name: check.verdict for name, check in found.items()} == dict.fromkeys(
        ("magnitude_max", "magnitude_min"), Verdict.PASS
    )
    assert found["magnitude_min"].measurement.measured.value == pytest.approx(2.0, rel=5e-3)


@pytest.mark.parametrize(("estimator", "noisy"), [("H1", "output"), ("H2", "input")])
def test_estimator_that_fits_the_noise_is_unbiased_and_its_interval_holds_the_truth(estimator, noisy):
    inside = 0
    for seed in range(40):
        x, y = swings() + noise(seed, 3e5 * (noisy == "input")), 0.24 * swings()
        y = y + noise(900 + seed, 1e5 * (noisy == "output"))
        measured = result(x, y, estimator=estimator).measurement.measured
        inside += measured.interval.low <= 0.24 / 10 ** (-12 / 20) <= measured.interval.high
    assert inside >= 38


def test_broadband_input_is_judged_in_every_bin_only_if_asked():
    x = noise(3, 1e6)
    y = 0.2 * x + noise(4, 1e4)
    lines = result(x, y)
    assert (lines.verdict, lines.measurement.measured) == (Verdict.INCONCLUSIVE, None)
    assert lines.reasons[-1].sentence == (
        "rack has no line 10 dB above its local noise floor within the mask. Excite it with a periodic load; if its "
        "swings are broadband, write `bins: all`."
    )
    assert result(x, y, bins="all").verdict is Verdict.PASS


def test_output_that_has_nothing_to_do_with_the_input_is_inconclusive():
    found = result(swings() + noise(1), noise(2, 1e6))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "low_coherence" in reasons(found)


def test_part_of_the_mask_without_excitation_blocks_a_pass_and_is_named():
    low = (0.3, 0.5, 0.7, 0.9)
    found = result(swings(lines=low) + noise(1), 0.2 * swings(lines=low) + noise(2))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert [reason.sentence for reason in found.reasons] == [
        "0 lines of the input could be judged from 1.225 Hz to 6 Hz; at least one is needed: excite the input there."
    ]
    louder = result(swings(lines=low) + noise(1), 0.5 * swings(lines=low) + noise(2))
    assert louder.verdict is Verdict.FAIL


def test_too_few_windows_give_no_verdict():
    found = result(swings() + noise(1), 0.5 * swings() + noise(2), window={"length": "100 s"})
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["n_too_small"])
    assert found.measurement.measured is None
    assert found.reasons[0].sentence == (
        "7 windows count as 6.68 independent ones; 16 are needed; record longer, or cut shorter windows."
    )


def test_gains_of_both_channels_widen_the_interval():
    exact, rough = (
        result(swings() + noise(1), 0.24 * swings() + noise(2), accuracy=a).measurement.measured
        for a in (EXACT, Accuracy(0.01, coverage_factor=2))
    )
    widened = (rough.interval.high - exact.interval.high) / exact.value
    assert widened == pytest.approx(2 * math.hypot(0.005, 0.005), rel=0.02)


def test_slow_record_gives_no_verdict():
    found = result(swings() + noise(1), 0.5 * swings() + noise(2), facts={})
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["sample_rate", "sample_rate"])


def test_record_with_holes_uses_the_windows_between():
    x, y = swings() + noise(1), 0.5 * swings() + noise(2)
    y[5000:5050] = np.nan
    assert result(x, y).verdict is Verdict.FAIL
    y = 0.2 * swings() + noise(2)
    y[5000:5050] = np.nan
    found = result(x, y)
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["coverage"])


def test_record_just_long_enough_has_the_windows_that_its_plan_asks_for():
    (plan,) = KIND.checks(KIND.model.model_validate({"id": "R", "kind": "frequency_response", **keys()}), {})
    seconds = plan.needs[0].duration
    assert seconds == 180.0  # 17 windows of 20 s that overlap by half count as 16.1
    samples = round(seconds * RATE) + 1
    x, y = swings() + noise(1), 0.2 * swings() + noise(2)
    assert result(x[:samples], y[:samples]).verdict is Verdict.PASS
    assert result(x[: samples - 500], y[: samples - 500]).verdict is Verdict.INCONCLUSIVE


# ---------------------------------------------------------------- a wrong verdict, looked for


def broadband(seed, deviation=0.3, seconds=95):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=round(seconds * RATE))
    return 1e6 * x, 1e6 * (x + deviation * rng.normal(size=x.size))


@pytest.mark.parametrize("side", ["magnitude_max", "magnitude_min"])
@pytest.mark.parametrize("noisy", ["input", "output"])
def test_many_noisy_bins_and_few_windows_hold_the_truth(side, noisy):
    missed = 0
    for seed in range(40):
        pair = broadband(seed)
        mask = [["0.6 Hz", "0 dB"], ["15 Hz", "0 dB"]]
        more = {"magnitude_max": None, side: mask, "bins": "all", "window": {"length": "10 s"}}
        measured = result(*(pair if noisy == "output" else pair[::-1]), **more).measurement.measured
        missed += not measured.interval.low <= 1.0 <= measured.interval.high
    assert missed <= 2  # 5 % of 40


@pytest.mark.parametrize("offset", [0.0, 0.01, 0.025, 0.04])
def test_lines_between_bins_are_charged_with_the_limit_where_they_stand(offset):
    lines = [line + offset for line in LINES]
    mask = [["0.29 Hz", "0 dB"], ["6 Hz", "-60 dB"]]
    slope = -60.0 / math.log10(6.0 / 0.29)

    def ratio(frequency):
        return 10 ** (slope * math.log10(frequency / 0.29) / 20)

    for side in ("magnitude_max", "magnitude_min"):
        more = {"magnitude_max": None, side: mask}
        measured = result(swings(lines=lines) + noise(1, 10), swings(ratio, lines) + noise(2, 10), **more)
        interval = measured.measurement.measured.interval
        assert interval.low <= 1.0 <= interval.high


@pytest.mark.parametrize("bins", ["excited", "all"])
def test_skirts_of_lines_are_charged_with_the_limit_at_the_line(bins):
    mask = [["0.25 Hz", "0 dB"], ["6 Hz", f"{20 * math.log10(0.25 / 6):.4f} dB"]]
    for seed in range(5):
        lines = [line + 0.01 * seed for line in LINES]
        x = swings(lines=lines) + noise(seed, 1e4)
        y = swings(lambda f: 0.25 / f, lines) + noise(seed + 50, 1e3)
        interval = result(x, y, magnitude_max=mask, bins=bins).measurement.measured.interval
        assert interval.low <= 1.0 <= (interval.high or math.inf)


def test_red_input_holds_the_truth_at_the_end_of_the_mask():
    missed = 0
    for seed in range(20):
        x = lfilter([1], [1, -0.999], np.random.default_rng(seed).normal(size=30_000))
        b, a = [1 - math.exp(-0.6 * math.pi / RATE)], [1, -math.exp(-0.6 * math.pi / RATE)]
        truth = abs(freqz(b, a, [0.6], fs=RATE)[1][0])
        record = x[15_000:], lfilter(b, a, x)[15_000:]
        mask = [["0.6 Hz", "0 dB"], ["6 Hz", "0 dB"]]
        interval = result(*record, magnitude_max=mask, bins="all").measurement.measured.interval
        missed += not interval.low <= truth <= interval.high
    assert missed <= 1  # 5 % of 20


def test_line_at_the_end_of_the_mask_may_not_fail_but_blocks_a_pass():
    x = swings() + noise(1)
    y = swings(lambda f: 0.5 if f == 5.3 else 0.1) + noise(2)
    ends = {"5.29 Hz": "PASS", "5.2998 Hz": "INCONCLUSIVE", "5.3002 Hz": "INCONCLUSIVE", "5.31 Hz": "FAIL"}
    for end, verdict in ends.items():
        found = result(x, y, magnitude_max=[["0.25 Hz", "-12 dB"], [end, "-12 dB"]])
        assert found.verdict == verdict, end


@pytest.mark.parametrize("bins", [0.5, 1.2, 2.0, 4.0])
def test_resonance_does_not_pass_below_its_top_however_narrow(bins):
    rate, f0 = 100.0, 3.0
    w = 2 * rate * math.tan(math.pi * f0 / rate)
    b, a = bilinear([w * w], [1, bins / 10 / f0 * w, w * w], rate)
    top = np.max(np.abs(freqz(b, a, np.linspace(2.8, 3.2, 4001), fs=rate)[1]))
    mask = [["0.6 Hz", f"{20 * math.log10(0.97 * top):.4f} dB"], ["15 Hz", f"{20 * math.log10(0.97 * top):.4f} dB"]]
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=26_000)
        record = FakeMeasurements(
            {"rack": x[6000:], "pcc": lfilter(b, a, x)[6000:]},
            1 / rate,
            accuracies={"rack": EXACT, "pcc": EXACT},
            facts_of=FILTERED,
        )
        found = judge(KIND, keys(magnitude_max=mask, bins="all", window={"length": "10 s"}), [RACK, PCC], record)
        assert found["magnitude_max"].verdict is Verdict.INCONCLUSIVE


def test_resonance_too_narrow_for_the_windows_is_said():
    x = np.random.default_rng(1).normal(size=TIMES.size)
    b, a = bilinear([1.0], [1, 0.004, 1.0], RATE / (2 * math.pi * 3))
    found = result(x, lfilter(b, a, x), magnitude_max=[["0.6 Hz", "30 dB"], ["6 Hz", "30 dB"]], bins="all")
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["low_coherence"])
    assert found.reasons[0].sentence.endswith(
        "times the limit: noise, or a resonance too narrow for windows of 20 s. Cut longer windows, or measure with "
        "less noise."
    )


@pytest.mark.parametrize("step", [0.01, 0.03])
@pytest.mark.parametrize("deviation", [0.0, 0.3])
def test_coarse_recorder_holds_the_truth(step, deviation):
    x, y = swings(), 0.05 * swings()
    y = y + noise(3, 1.0) * deviation * step * 5e4
    y = np.rint(y / (step * 1e6)) * step * 1e6
    measured = result(
        x, y, facts={**FILTERED, "quantum": step * 1e6}, magnitude_max=[["0.25 Hz", "0 dB"], ["6 Hz", "0 dB"]]
    )
    interval = measured.measurement.measured.interval
    assert interval.low <= 0.05
    assert interval.high is None or interval.high >= 0.05


def test_lines_as_small_as_a_step_of_the_recorder_have_no_reading():
    y = np.rint(swings() / 20e6) * 1e6
    found = result(swings(), y, facts={**FILTERED, "quantum": 1e6})
    assert (found.verdict, found.measurement.measured) == (Verdict.INCONCLUSIVE, None)
    assert found.reasons[-1].sentence == (
        "No bin has a coherence of 0.8 and an amplitude of its own: what reaches pcc has little to do with rack, or "
        "drowns in noise, in steps of the recorder or in side lobes of other lines. Excite the input harder, or use a "
        "smaller measuring range."
    )


def test_output_that_is_held_between_refreshes_holds_the_truth():
    x, y = swings(), swings()
    held = np.repeat(y[::4], 4)
    facts = {**FILTERED, "held": True, "interval": 0.1}
    flat = [["0.25 Hz", "0 dB"], ["3.5 Hz", "0 dB"]]
    measured = result(x, held, facts=facts, magnitude_max=None, magnitude_min=flat).measurement.measured
    assert measured.value < 0.95
    assert measured.interval.low <= 1.0 <= measured.interval.high


def test_unrelated_signals_have_no_reading_even_with_few_windows():
    read = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(2, round(40 * RATE)))
        mask = [["0.6 Hz", "-40 dB"], ["15 Hz", "-40 dB"]]
        found = result(x, y, magnitude_max=mask, bins="all", averages={"min": 4}, window={"length": "10 s"})
        assert found.verdict is Verdict.INCONCLUSIVE
        read += found.measurement.measured is not None
    assert read <= 6  # 5 % of 40, and two deviations of that


def test_clear_cases_are_decided():
    passed, failed = 0, 0
    for seed in range(20):
        x = swings() + noise(seed, 1e5)
        passed += result(x, 0.2 * swings() + noise(seed + 50, 2e4)).verdict is Verdict.PASS
        failed += result(x, 0.32 * swings() + noise(seed + 50, 3e4)).verdict is Verdict.FAIL
    assert (passed, failed) == (20, 20)


def test_gain_of_a_chain_widens_the_interval_on_its_side():
    plain, slow = (
        result(swings() + noise(1), 0.2 * swings() + noise(2), facts={**FILTERED, **more}).measurement.measured.interval
        for more in ({}, {"bandwidth": 60.0})
    )
    least = 1 / math.hypot(1.0, 0.3 / 60.0), 1 / math.hypot(1.0, 5.3 / 60.0)
    assert slow.low / plain.low == pytest.approx(least[0], rel=5e-3)
    assert plain.high / slow.high == pytest.approx(least[1], rel=5e-3)


# ---------------------------------------------------------------- what is shown


def test_lines_that_could_not_be_judged_are_named():
    x = swings() + noise(1)
    y = swings(lambda f: 0.0 if f == 0.3 else 0.2) + noise(2, 1e4)
    note = result(x, y).measurement.notes[-1]
    assert note == "Not judged, for too little coherence or an amplitude in doubt: 0.3 Hz."


def test_witness_is_the_response_in_decibels_with_its_limit():
    witness = result(swings() + noise(1), 0.2 * swings() + noise(2)).measurement.witness
    assert (witness.axis, witness.unit, len(witness.points)) == ("frequency", "dB", len(LINES))
    assert [level for _, level in witness.points] == pytest.approx([-13.98] * 6, abs=0.02)
    assert [mark.role for mark in witness.marks] == ["limit", "worst"]
    assert witness.marks[0].values[:2] == (0.25, -12.0)
    assert witness.marks[0].values[-2:] == (6.0, -12.0)


def test_many_bins_are_drawn_by_their_extremes():
    x, y = broadband(1, 0.1, 2000)
    mask = [["0.1 Hz", "6 dB"], ["15 Hz", "6 dB"]]
    found = result(x, y, magnitude_max=mask, bins="all", window={"length": "100 s"}).measurement
    assert len(found.witness.points) <= 1500
    assert max(found.witness.points, key=lambda point: point[1])[0] == pytest.approx(found.frequency)


def test_sentence_says_all_of_it():
    requirement = KIND.model.model_validate({"id": "R", "kind": "frequency_response", **keys()})
    assert KIND.sentence(requirement, {"rack": RACK, "pcc": PCC}) == (
        "Of the swings of rack, pcc shall show at most -12 dB at 0.25 Hz, -12 dB at 6 Hz (the largest ratio of the "
        "magnitude |Sxy| / Sxx of pcc over rack to its limit (straight in dB over log frequency between points) over "
        "lines of the input 10 dB above its local noise floor from 0.25 Hz to 6 Hz with a coherence of at least 0.8, "
        "spectra averaged over hann windows of 20 s less their least-squares lines, overlapping by 50 %)."
    )


def test_decades_of_a_mask():
    assert list(decades(1.0, 10.0)) == [(1.0, 10.0)]
    assert [low for low, _ in decades(0.1, 20.0)] == pytest.approx([0.1, 0.1 * 200 ** (1 / 3), 0.1 * 200 ** (2 / 3)])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"output": "rack"}, (("output",), "'rack' is the input itself")),
        ({"magnitude_max": None}, ((), "there is no magnitude to keep")),
        (
            {"magnitude_max": [["2 Hz", "0 dB"], ["1 Hz", "0 dB"]]},
            (("magnitude_max", 1, 0), "1 Hz does not come after 2 Hz; lowest frequency first"),
        ),
        (
            {"window": {"length": "5 s"}},
            (("window", "length"), "windows of 5 s hold 1.25 periods of 0.25 Hz; with the hann taper 3 are needed"),
        ),
        (
            {"magnitude_min": [["0.25 Hz", "-20 dB"], ["1 Hz", "-10 dB"]]},
            (
                ("magnitude_min",),
                "at 1 Hz magnitude_min is -10 dB and magnitude_max -12 dB, so nothing can conform",
            ),
        ),
        (
            {"window": {"length": "20 s", "overlap": "95 %"}},
            (("window", "overlap"), "'95 %' is not from 0 % to less than 95 %"),
        ),
        ({"coverage": {"min": "0 %"}}, (("coverage", "min"), "'0 %' is not above 0 % and at most 100 %")),
    ],
)
def test_keys_that_do_not_fit_are_refused(change, expected):
    assert problems(**change) == [expected]


def test_signals_on_different_grids_are_refused():
    slow = Signal("slow", "voltage", "V", "V", derive=Derive("rms", ("v",), 0.02, 0.02))
    signals = {"rack": RACK, "slow": slow, "v": Signal("v", "voltage", "V", "V", waveform="ac")}
    requirement = KIND.model.model_validate({"id": "R", "kind": "frequency_response", **keys(output="slow")})
    assert [problem.message for problem in KIND.problems(requirement, signals)] == [
        "'rack' and 'slow' do not have a value at the same times"
    ]
