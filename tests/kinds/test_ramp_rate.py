"""Kind ramp_rate: vectors RR1-RR5, every road to INCONCLUSIVE, what the interval holds, messages."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Accuracy, Verdict
from slacheck.kinds.ramp_rate import KIND
from tests.kinds.fakes import FakeMeasurements, evaluate, judge, power

SIGNAL = "pcc_power"


def keys(limit="60 MW/min", **more):
    return {"signal": SIGNAL, "window": "60 s", "limits": {"up": {"max": limit}}, **more}


def trapezoid(interval=0.1, noise=0.0):
    """20 to 80 MW in 12 s."""
    times = np.arange(0.0, 200.0, interval)
    samples = np.interp(times, [60.0, 72.0], [20e6, 80e6])
    return samples + np.random.default_rng(1).normal(0.0, noise, times.size)


def record(samples, interval=0.1, accuracy=None, **more):
    return FakeMeasurements({SIGNAL: samples}, interval, accuracies={SIGNAL: accuracy}, **more)


def result(samples, interval=0.1, rule="three_state", signal=None, accuracy=None, record_keys=None, **more):
    capture = record(samples, interval, accuracy, **(record_keys or {}))
    return judge(KIND, keys(**more), [signal or power()], capture, rule)["up"]


def reasons(check):
    return [reason.code for reason in check.reasons]


def test_ramp_at_the_limit_passes_by_difference_and_fails_by_least_squares_rr5():
    assert result(trapezoid()).verdict is Verdict.PASS
    assert result(trapezoid()).margin == 0.0
    failed = result(trapezoid(), estimator="least_squares")
    assert failed.verdict is Verdict.FAIL
    assert failed.measurement.measured.value == pytest.approx(1.4776e6, rel=1e-4)


def test_ramp_sampled_too_slowly_is_inconclusive_rr4():
    found = result(trapezoid(30.0), 30.0, window="1 s")
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["time_resolution"])


@pytest.mark.parametrize(("limit", "verdict"), [("6 MW/s", Verdict.PASS), ("4.9 MW/s", Verdict.FAIL)])
def test_ramp_clearly_inside_and_outside(limit, verdict):
    assert result(trapezoid(), window="5 s", limit=limit).verdict is verdict


def test_ramp_down_is_a_magnitude_and_up_is_zero_on_a_falling_record():
    both = keys(window="5 s", limits={"up": {"max": "0 MW/s"}, "down": {"max": "4 MW/s"}})
    found = judge(KIND, both, [power()], record(trapezoid()[::-1].copy()))
    assert found["up"].measurement.measured.value == 0.0
    assert found["up"].verdict is Verdict.PASS
    assert found["down"].measurement.measured.value == pytest.approx(5e6)
    assert found["down"].verdict is Verdict.FAIL


@pytest.mark.parametrize(("limit", "unit"), [("5 %/s", "1/s"), ("0.05 pu/s", "1/s"), ("5 MW/s", "W/s")])
def test_ramp_limit_in_any_unit_measures_in_that_unit(limit, unit):
    measured = result(trapezoid(), window="1 s", limit=limit).measurement.measured
    assert measured.unit == unit
    assert measured.value == pytest.approx(0.05 if unit == "1/s" else 5e6)


@pytest.mark.parametrize(
    ("allowed", "value", "low"),
    [("59 MW", 1e6, 1e6), ("60 MW", 0.0, 0.0), ("61 MW", 0.0, 0.0), ("60 %", 0.0, 0.0)],
)
def test_allowed_excursion_counts_windows_above_it_at_their_full_change(allowed, value, low):
    measured = result(trapezoid(), allowed_excursion=allowed).measurement.measured
    assert (measured.value, measured.interval.low) == (value, low)


def test_allowed_excursion_within_the_uncertainty_leaves_it_open_whether_the_window_counts():
    measured = result(trapezoid(), allowed_excursion="59.9 MW", accuracy=Accuracy(0.01, coverage_factor=2)).measurement
    assert (measured.measured.value, measured.measured.interval.low) == (1e6, 0.0)
    assert measured.measured.interval.high == pytest.approx(1.01e6)


def test_gain_enters_and_offset_cancels():
    accuracy = Accuracy(0.01, 0.02, 60e6, coverage_factor=2)
    measurement = result(trapezoid(), accuracy=accuracy).measurement
    assert measurement.measured.expanded_uncertainty == pytest.approx(1e4)
    assert [(term.name, term.standard_uncertainty) for term in measurement.budget] == [
        ("gain", 5e3),
        ("offset", 0.0),
        ("time stamps", 0.0),
        ("noise", 0.0),
    ]


def test_noise_widens_downwards_by_the_largest_of_all_windows():
    measured = result(trapezoid(noise=1e5), window="1 s", limit="5.2 MW/s").measurement.measured
    deviation = math.sqrt(2) * 1e5
    assert measured.value > 5e6
    assert measured.interval.low < 5e6 < measured.interval.high
    assert measured.interval.high - measured.value == pytest.approx(2 * deviation, rel=0.1)
    assert measured.value - measured.interval.low == pytest.approx(4.24 * deviation, rel=0.1)  # of 1990 windows


@pytest.mark.parametrize("estimator", ["difference", "least_squares", "block"])
@pytest.mark.parametrize("noise", [6e4, 6e5, 1.8e6], ids=["0.1 %", "1 %", "3 %"])
def test_true_rate_lies_in_the_interval_of_noisy_records(estimator, noise):
    clean = trapezoid()
    truth = evaluate(KIND, keys(estimator=estimator), [power()], record(clean)).measurements[0].measured.value
    random = np.random.default_rng(11)
    inside = 0
    for _ in range(60):
        noisy = record(clean + random.normal(0.0, noise, clean.size))
        interval = evaluate(KIND, keys(estimator=estimator), [power()], noisy).measurements[0].measured.interval
        inside += interval.low <= truth <= interval.high
    assert inside >= 54  # 95.4 % of 60 is 57, less two deviations of a count, 3.2


def test_record_shorter_than_the_window_says_what_is_missing():
    found = result(trapezoid()[:500])
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reasons[-1].sentence == (
        "The record of pcc_power lasts 50 s and no window of 60 s is complete; 60 s are needed: record 10 s more."
    )


def test_gap_in_a_record_still_fails_and_never_passes():
    samples = trapezoid()
    samples[400:480] = np.nan
    assert result(samples, window="5 s", limit="4 MW/s").verdict is Verdict.FAIL
    found = result(samples, window="5 s", limit="9 MW/s")
    assert (found.verdict, set(reasons(found))) == (Verdict.INCONCLUSIVE, {"coverage"})


def test_every_window_with_a_gap_is_inconclusive():
    samples = trapezoid()
    samples[np.arange(samples.size) % 500 < 70] = np.nan  # longer than a tenth of the window
    found = result(samples)
    assert found.measurement.measured is None
    assert found.verdict is Verdict.INCONCLUSIVE


def test_single_missing_samples_are_bridged_and_cost_no_window():
    samples = trapezoid()
    samples[np.arange(samples.size) % 200 == 7] = np.nan
    found, whole = result(samples), result(trapezoid())
    assert found.verdict is whole.verdict
    assert found.measurement.measured.value == pytest.approx(whole.measurement.measured.value, rel=1e-6)


def test_quantile_of_too_few_windows_never_passes():
    found = result(trapezoid(), window="5 s", statistic="p99", limit="9 MW/s")
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["n_too_small"])
    assert found.reasons[0].sentence == (
        "40 windows were measured; the statistic p99 needs 299; record more than 40 times the window, in which they "
        "do not overlap."
    )


def test_quantile_counts_windows_of_the_other_direction_as_zero():
    measured = result(trapezoid(), window="5 s", statistic="p95", limit="9 MW/s").measurement.measured
    # 195 s of windows, of which 7 s are at 5 MW/s and 5 s on either side between: 9.75 s from the top stand at the
    # quantile, 7 s full and 1.375 s into the flanks of 1 MW/s per second
    assert measured.value == pytest.approx(5e6 - 1.375e6, rel=0.02)
    assert measured.interval.low <= measured.value <= measured.interval.high


def test_uneven_record_is_wider_by_the_interpolation_error():
    times = np.arange(0.0, 200.0, 0.1) + np.random.default_rng(1).uniform(-0.03, 0.03, 2000)
    samples = np.interp(times, [60.0, 72.0], [20e6, 80e6])
    found = result(samples, window="5 s", limit="5.5 MW/s", record_keys={"times": times})
    interval = found.measurement.measured.interval
    assert interval.low < 5e6 < interval.high
    assert found.verdict is Verdict.PASS


def test_reading_does_not_depend_on_where_the_record_is_cut():
    samples = trapezoid(noise=1e5)
    whole, cut = (result(samples, record_keys={"cuts": cuts}).measurement for cuts in ((), (1, 7, 700, 1999)))
    assert whole == cut


def test_witness_marks_the_two_ends_of_the_worst_window():
    witness = result(trapezoid()).measurement.witness
    ends = [mark.values for mark in witness.marks if mark.shape == "point"]
    assert ends == [(pytest.approx(12.0), 20e6), (pytest.approx(72.0), 80e6)]
    assert (witness.start, witness.end) == (0.0, pytest.approx(132.0))


@pytest.mark.parametrize(
    ("more", "path", "message"),
    [
        (
            {"limits": {"up": {"max": "5 MW"}}},
            ("limits", "up", "max"),
            "'5 MW' does not fit the signal 'pcc_power', a active_power in MW",
        ),
        (
            {"limits": {"down": {"max": "-5 MW/s"}}},
            ("limits", "down", "max"),
            "'-5 MW/s' is negative; this is a magnitude",
        ),
        ({"pre_average": "-1 s"}, ("pre_average",), "'-1 s' is negative; write 0 s for none"),
        ({"allowed_excursion": "-1 MW"}, ("allowed_excursion",), "'-1 MW' is negative; this is a magnitude"),
    ],
)
def test_spec_that_cannot_be_meant_is_a_problem(more, path, message):
    requirement = KIND.model.model_validate({"id": "R", "kind": "ramp_rate", **keys(**more)})
    found = list(KIND.problems(requirement, {SIGNAL: power()}))
    assert [(problem.path, problem.message) for problem in found] == [(path, message)]


def test_sentence_spells_out_the_estimator_and_every_default():
    requirement = KIND.model.model_validate(
        {
            "id": "R",
            "kind": "ramp_rate",
            **keys(window="1 s", limit="5 MW/s", pre_average="100 ms", allowed_excursion="2 MW"),
        }
    )
    assert KIND.sentence(requirement, {SIGNAL: power()}) == (
        "The ramp rate of pcc_power shall be at most 5 MW/s upwards: the largest over all windows of "
        "(P(t) - P(t - 1 s)) / 1 s for every sample t, P being pcc_power after a trailing mean over 100 ms; only "
        "windows with |change| above 2 MW count, at their full change; windows that are not a whole number of sample "
        "intervals lie between the whole numbers below and above."
    )
