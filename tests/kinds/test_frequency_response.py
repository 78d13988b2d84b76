"""Kind frequency_response: verdicts, every road to INCONCLUSIVE, coverage of the interval, what is said of a mask."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Accuracy, Derive, Signal, Verdict
from slacheck.kinds.frequency_response import KIND, decades, limits_at
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
    assert (found.verdict, reasons(found)[0]) == (Verdict.INCONCLUSIVE, "n_too_small")
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


@pytest.mark.parametrize(
    ("interpolation", "expected"), [("loglog", -20.0), ("linear", -10 - 20 * 9 / 99), ("step", -10.0)]
)
def test_limit_between_points(interpolation, expected):
    points = KIND.model.model_validate(
        {"id": "R", "kind": "frequency_response", **keys(magnitude_max=[["1 Hz", "-10 dB"], ["100 Hz", "-30 dB"]])}
    ).magnitude_max
    (limit,) = limits_at(np.array([10.0]), points, interpolation)
    assert 20 * math.log10(limit) == pytest.approx(expected)


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
            (("window", "length"), "windows of 5 s with the hann taper do not resolve 0.25 Hz"),
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
