"""Kind band_ripple: vectors, edges, statistics, every road to INCONCLUSIVE, what the interval holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Accuracy, Verdict
from slacheck.kinds.band_ripple import KIND
from tests.kinds.fakes import FakeMeasurements, evaluate, judge, power

SIGNAL = "pcc_power"
DT = 0.01
TIMES = np.arange(0.0, 300.0, DT)
SINE = 40e6 + 1e6 * np.sin(math.pi * TIMES)


def band(metric="rms", limit="0.8 MW", start="0.1 Hz", end="2 Hz", **more):
    return {"from": start, "to": end, "metric": metric, "max": limit, **more}


FRACTION = band("energy_fraction", "20 %", reference={"from": "0.1 Hz", "to": "9 Hz"})


def keys(*bands, length="100 s", step="10 s", taper="hann", **more):
    window = {"length": length, "step": step, "taper": taper}
    return {"signal": SIGNAL, "window": window, "bands": list(bands or [band()]), **more}


def results(samples, *bands, interval=DT, accuracy=None, record_keys=None, **more):
    capture = FakeMeasurements({SIGNAL: samples}, interval, accuracies={SIGNAL: accuracy}, **(record_keys or {}))
    return list(judge(KIND, keys(*bands, **more), [power()], capture).values())


def result(samples, *bands, **more):
    return results(samples, *bands, **more)[0]


def reasons(check):
    return [reason.code for reason in check.reasons]


@pytest.mark.parametrize(
    ("metric", "value"), [("rms", math.sqrt(0.5) * 1e6), ("line_rms", math.sqrt(0.5) * 1e6), ("line_peak", 1e6)]
)
def test_sine_reads_by_metric_br1(metric, value):
    measured = result(SINE, band(metric, "2 MW")).measurement.measured
    assert measured.value == pytest.approx(value, rel=1e-6)
    assert measured.interval.low <= value <= measured.interval.high


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [("0.71 MW", Verdict.PASS), ("0.70 MW", Verdict.FAIL), ("0.71 %", Verdict.PASS), ("0.007 pu", Verdict.FAIL)],
)
def test_sine_against_limits_in_any_unit(limit, verdict):
    assert result(SINE, band(limit=limit)).verdict is verdict


def test_checks_are_named_by_their_place_in_the_spec():
    found = results(SINE, band(), band("line_peak", "1.1 MW"), FRACTION)
    assert [check.plan.name for check in found] == ["bands[0]", "bands[1]", "bands[2]"]
    assert [check.verdict for check in found] == [Verdict.PASS, Verdict.PASS, Verdict.FAIL]
    assert [check.plan.unit for check in found] == ["W", "W", "1"]


def test_one_meter_serves_all_bands():
    requirement = KIND.model.model_validate(
        {"id": "R", "kind": "band_ripple", **keys(band(), band("line_peak"), FRACTION)}
    )
    (plan,) = KIND.meters(requirement, {SIGNAL: power()})
    assert plan.bridge == pytest.approx(1 / 36)


def test_square_reads_its_energy_fraction_br10():
    square = np.where((TIMES + DT / 2) % 2 < 1, 10e6, 0.0)
    reference = {"from": "0.1 Hz", "to": "20 Hz"}
    measured = result(square, band("energy_fraction", "95 %", reference=reference)).measurement.measured
    inside, whole = (sum(1 / math.sin(math.pi * n / 200) ** 2 for n in range(1, last, 2)) for last in (4, 40))
    assert measured.value == pytest.approx(inside / whole, rel=1e-6)  # lines of a square of 200 samples a period
    assert measured.interval.low <= measured.value <= measured.interval.high


def test_slow_record_is_inconclusive_br9():
    found = result(SINE[::10], band(end="20 Hz"), interval=0.1)
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["sample_rate"])


def test_slow_filtered_record_still_fails_by_what_it_shows_br9():
    facts = {"facts_of": {"anti_alias": True}}
    assert (
        result(SINE[::10], band(end="20 Hz", limit="0.5 MW"), interval=0.1, record_keys=facts).verdict is Verdict.FAIL
    )
    found = result(SINE[::10], band(end="20 Hz", limit="5 MW"), interval=0.1, record_keys=facts)
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["sample_rate"])


@pytest.mark.parametrize(
    ("frequency", "limit", "verdict"),
    [
        (2.0, "0.1 MW", Verdict.INCONCLUSIVE),
        (1.95, "0.1 MW", Verdict.FAIL),
        (2.05, "0.1 MW", Verdict.PASS),
        (2.0, "0.8 MW", Verdict.PASS),
    ],
)
def test_tone_at_the_edge_is_neither_inside_nor_outside(frequency, limit, verdict):
    assert result(1e6 * np.sin(2 * math.pi * frequency * TIMES), band(limit=limit)).verdict is verdict


def test_burst_is_found_in_its_own_window():
    burst = np.where((TIMES >= 150) & (TIMES < 250), SINE, 40e6)
    found = result(burst).measurement
    assert found.measured.value == pytest.approx(math.sqrt(0.5) * 1e6, rel=1e-3)
    assert found.time == 150.0


@pytest.mark.parametrize(("statistic", "expected"), [("max", 1.0), ("median", 0.5), ("mean", 0.5)])
def test_statistic_is_taken_over_the_windows(statistic, expected):
    steps = np.repeat([0.0, 0.25, 0.5, 0.75, 1.0], 6000)  # 60 s each
    samples = 1e6 * math.sqrt(2) * steps * np.sin(math.pi * TIMES)
    found = result(samples, length="60 s", step="60 s", statistic=statistic, *[band(start="0.2 Hz")])  # noqa: B026
    assert found.measurement.measured.value == pytest.approx(expected * 1e6, rel=1e-3)


def test_quantile_of_too_few_windows_never_passes():
    found = result(SINE, statistic="p95")
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["n_too_small"])
    assert found.reasons[0].sentence == (
        "21 windows were measured; the statistic p95 needs 59; record longer, a window every 10 s."
    )


def test_gap_costs_windows_and_the_pass_but_not_the_fail():
    samples = SINE.copy()
    samples[15000:15200] = np.nan
    found = result(samples)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert set(reasons(found)) == {"coverage"}
    assert result(samples, band(limit="0.5 MW")).verdict is Verdict.FAIL


def test_short_gap_is_bridged():
    samples = SINE.copy()
    samples[15000] = np.nan
    assert result(samples).verdict is Verdict.PASS


def test_record_shorter_than_a_window_says_what_is_missing():
    found = result(SINE[:6000])
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reasons[-1].sentence == (
        "The record of pcc_power lasts 60 s and no window of 100 s is complete; 100 s are needed: record 40 s more."
    )


def test_gain_enters_but_cancels_in_a_fraction():
    accuracy = Accuracy(0.01, 0.1, 60e6, coverage_factor=2)
    rms, fraction = (check.measurement for check in results(SINE, band(), FRACTION, accuracy=accuracy))
    assert rms.measured.interval.high == pytest.approx(math.sqrt(0.5) * 1.01e6, rel=1e-4)
    assert fraction.measured.interval.low == pytest.approx(1.0, abs=1e-6)


def test_attenuation_of_the_chain_reaches_up():
    measured = result(SINE, record_keys={"facts_of": {"averaging": (0.05,)}}).measurement.measured
    x = math.pi * 2 * 0.05
    assert measured.interval.high == pytest.approx(math.sqrt(0.5) * 1e6 / (math.sin(x) / x), rel=1e-4)


def test_uneven_record_holds_the_truth():
    times = TIMES + np.random.default_rng(1).uniform(-0.003, 0.003, TIMES.size)
    samples = 1e6 * np.sin(2 * math.pi * 1.3 * times)
    found = results(samples, band(), band("line_peak", "1.1 MW"), FRACTION, record_keys={"times": times})
    for check, truth in zip(found, (math.sqrt(0.5) * 1e6, 1e6, 1.0), strict=True):
        interval = check.measurement.measured.interval
        assert interval.low <= truth <= interval.high
        assert interval.high - interval.low < 0.1 * truth


@pytest.mark.parametrize("share", [0.001, 0.01, 0.03])
def test_true_contents_lie_in_the_interval_of_noisy_records(share):
    times = TIMES[:12000]
    clean = np.where(times % 2 < 1, 0.0, 1e6)
    bands = (band(), band("line_rms", "1 MW"), FRACTION)

    def measured(samples):
        capture = FakeMeasurements({SIGNAL: samples}, DT)
        return [found.measured for found in evaluate(KIND, keys(*bands), [power()], capture).measurements]

    truth, random, inside = measured(clean), np.random.default_rng(3), np.zeros(3)
    for _ in range(40):
        noisy = measured(clean + random.normal(0.0, share * 1e6, times.size))
        inside += [n.interval.low <= t.value <= n.interval.high for n, t in zip(noisy, truth, strict=True)]
        assert noisy[0].interval.high - noisy[0].interval.low < share * truth[0].value
    assert np.all(inside >= 35)  # 95.4 % of 40 is 38, less two deviations of a count, 2.6


def test_reading_does_not_depend_on_where_the_record_is_cut():
    samples = SINE + np.random.default_rng(1).normal(0, 1e4, SINE.size)
    whole, cut = (results(samples, band(), FRACTION, record_keys={"cuts": at}) for at in ((), (1, 7, 12345, 29999)))
    assert [check.measurement for check in whole] == [check.measurement for check in cut]


def test_witness_of_a_line_is_its_spectrum_with_the_limit():
    measurement = result(SINE, band("line_peak", "1.1 MW")).measurement
    witness = measurement.witness
    assert (witness.axis, witness.unit, measurement.frequency) == ("frequency", "W", pytest.approx(0.5))
    assert max(witness.points, key=lambda point: point[1]) == (pytest.approx(0.5), pytest.approx(1e6, rel=1e-6))
    assert [mark.values for mark in witness.marks if mark.role == "limit"] == [(0.1, 1.1e6, 2.0, 1.1e6)]
    assert len(witness.points) <= 1500


@pytest.mark.parametrize(
    ("bands", "more", "path"),
    [
        ([band(start="0.01 Hz")], {}, ("bands", 0, "from")),
        ([band(), band(start="2 Hz", end="2.05 Hz")], {}, ("bands", 1, "from")),
        ([band(start="2 Hz", end="1 Hz")], {}, ("bands", 0, "to")),
        ([band("energy_fraction", "9 %", reference={"from": "0.2 Hz", "to": "9 Hz"})], {}, ("bands", 0, "reference")),
        ([band("energy_fraction", "9 MW", reference={"from": "0.1 Hz", "to": "9 Hz"})], {}, ("bands", 0, "max")),
        ([band(limit="9 MW/s")], {}, ("bands", 0, "max")),
        ([band()], {"step": "101 s"}, ("window", "step")),
        ([band()], {"step": "1 ms"}, ("window", "step")),
    ],
    ids=["too low", "too narrow", "upside down", "reference", "not a share", "unit", "step", "tiny step"],
)
def test_spec_that_cannot_be_meant_is_a_problem(bands, more, path):
    requirement = KIND.model.model_validate({"id": "R", "kind": "band_ripple", **keys(*bands, **more)})
    assert [problem.path for problem in KIND.problems(requirement, {SIGNAL: power()})] == [path]


def test_band_that_windows_cannot_resolve_says_how_long_they_must_be():
    requirement = KIND.model.model_validate({"id": "R", "kind": "band_ripple", **keys(band(start="0.01 Hz"))})
    (problem,) = KIND.problems(requirement, {SIGNAL: power()})
    assert problem.message == (
        "windows of 100 s with the hann taper cannot resolve the band 0.01 Hz to 2 Hz, which needs 150 s (a resolution "
        "of at most the lower edge and a quarter of the width of the band)"
    )
    assert problem.fix == "write `window: {length: 150 s, ...}`, or a band that is higher or wider"


def test_record_shorter_than_ten_periods_of_the_lowest_frequency_needs_more():
    requirement = KIND.model.model_validate({"id": "R", "kind": "band_ripple", **keys(band(start="0.05 Hz"))})
    (plan,) = KIND.checks(requirement, {SIGNAL: power()})
    assert plan.needs[0].duration == 200.0


def test_example_of_the_design_is_resolved():
    example = keys(
        band(limit="2 MW"),
        band("line_peak", "0.5 MW", "3 Hz", "30 Hz"),
        band("energy_fraction", "20 %", "0.1 Hz", "20 Hz", reference={"from": "0.05 Hz", "to": "100 Hz"}),
        length="200 s",
        step="20 s",
    )
    requirement = KIND.model.model_validate({"id": "R", "kind": "band_ripple", **example})
    assert list(KIND.problems(requirement, {SIGNAL: power()})) == []


@pytest.mark.parametrize("wrong", [band("energy_fraction", "9 %"), band(reference={"from": "1 Hz", "to": "2 Hz"})])
def test_reference_belongs_to_energy_fraction_alone(wrong):
    with pytest.raises(ValueError, match="energy_fraction needs `reference"):
        KIND.model.model_validate({"id": "R", "kind": "band_ripple", **keys(wrong)})


def test_sentence_spells_out_every_band():
    requirement = KIND.model.model_validate({"id": "R", "kind": "band_ripple", **keys()})
    assert KIND.sentence(requirement, {SIGNAL: power()}) == (
        "The ripple of pcc_power is limited: the rms value of pcc_power from 0.1 Hz to 2 Hz, by one hann periodogram "
        "of each window of 100 s (the whole samples that fit in) less its least-squares line, a window every 10 s from "
        "the first sample; the largest over all windows, shall be at most 0.8 MW."
    )
