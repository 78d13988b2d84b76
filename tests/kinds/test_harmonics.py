"""Kind harmonics: vectors, bases, statistics, every road to INCONCLUSIVE, what the interval holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Accuracy, Effect, Signal, Verdict
from slacheck.kinds.harmonics import KIND
from tests.kinds.fakes import EXACT, FakeMeasurements, evaluate, judge

RATE = 6410.0
VOLTAGE = Signal("v", "voltage", "V", "V", 230.0, waveform="ac")
CURRENT = Signal("i", "current", "A", "A", 1000.0, waveform="ac")
THD = {"thd": {"max": "8 %"}}
FIFTH = [{"order": 5, "max": "5 %"}]


def wave(orders=((5, 10.0),), *, frequency=50.03, duration=1.3, rms=230.0, sigma=0.0, seed=1, rate=RATE):
    times = np.arange(round(duration * rate)) / rate
    angle = 2.0 * math.pi * frequency * times + seed
    samples = math.sqrt(2.0) * rms * np.cos(angle)
    for order, size in orders:
        samples += math.sqrt(2.0) * size * np.cos(order * angle + order)
    return samples + np.random.default_rng(seed).normal(0.0, 1.0, times.size) * sigma


def keys(**more):
    same = {"signal": "v", "frequency": "50 Hz", "aggregate": {"method": "none"}, "limits": THD, "max_order": 25}
    return same | more


def record(samples, *, accuracy=EXACT, rate=RATE, **facts):
    records = samples if isinstance(samples, dict) else {"v": samples}
    known = dict.fromkeys(records, accuracy)
    return FakeMeasurements(records, 1.0 / rate, accuracies=known, facts_of={"anti_alias": True, **facts})


def results(samples, *, signals=(VOLTAGE,), of=None, **more):
    return judge(KIND, keys(**more), signals, record(samples, **(of or {})))


def reasons(check):
    return [reason.code for reason in check.reasons]


def model(**more):
    return KIND.model.model_validate({"id": "R", "kind": "harmonics", **keys(**more)})


# ---------------------------------------------------------------- values and verdicts


@pytest.mark.parametrize(
    ("limit", "verdict"), [("4.4 %", Verdict.PASS), ("4.3 %", Verdict.FAIL), ("4.348 %", Verdict.INCONCLUSIVE)]
)
def test_distortion_against_its_limit_ha1(limit, verdict):
    found = results(wave(), limits={"thd": {"max": limit}})["thd"]
    assert found.verdict is verdict
    assert found.measurement.measured.value == pytest.approx(10.0 / 230.0, rel=1e-4)


@pytest.mark.parametrize("frequency", [49.9, 49.5])
def test_off_nominal_frequency_reads_the_truth_ha7_ha8(frequency):
    found = results(wave(frequency=frequency))["thd"].measurement.measured
    assert found.value == pytest.approx(10.0 / 230.0, rel=1e-4)
    assert found.interval.low <= 10.0 / 230.0 <= found.interval.high


def test_demand_distortion_ha9():
    samples = wave(((5, 10.0), (7, 6.0)), rms=80.0)
    limits = {"tdd": {"max": "6 %"}, "thd": {"max": "15 %"}}
    found = judge(KIND, keys(signal="i", base={"demand": "200 A"}, limits=limits), [CURRENT], record({"i": samples}))
    assert found["tdd"].measurement.measured.value == pytest.approx(0.058310, rel=1e-4)
    assert found["thd"].measurement.measured.value == pytest.approx(0.145774, rel=1e-4)
    assert {check.verdict for check in found.values()} == {Verdict.PASS}


@pytest.mark.parametrize(
    ("limit", "base", "expected", "unit"),
    [
        ("5 %", "fundamental", 10.0 / 220.0, "1"),
        ("5 %", "rated", 10.0 / 230.0, "1"),
        ("0.05 pu", "fundamental", 10.0 / 230.0, "1"),
        ("11 V", "fundamental", 10.0, "V"),
        ("5 %", {"demand": "250 V"}, 0.04, "1"),
    ],
)
def test_order_by_base(limit, base, expected, unit):
    found = results(wave(rms=220.0), limits={}, orders=[{"order": 5, "max": limit}], base=base)["orders[0]"]
    assert found.measurement.measured.value == pytest.approx(expected, rel=1e-4)
    assert (found.measurement.measured.unit, found.verdict) == (unit, Verdict.PASS)
    assert found.measurement.frequency == 250.0


def test_range_takes_its_largest_order_by_parity():
    samples = wave(((11, 1.0), (13, 2.0), (14, 4.0)))
    ranges = [{"from": 11, "to": 16, "max": "3 %", "parity": parity} for parity in ("odd", "even", "any")]
    found = list(results(samples, limits={}, orders=ranges).values())
    assert [check.plan.name for check in found] == ["orders[0]", "orders[1]", "orders[2]"]
    assert [check.measurement.frequency for check in found] == [650.0, 700.0, 700.0]
    values = [check.measurement.measured.value for check in found]
    assert values == pytest.approx([2 / 230, 4 / 230, 4 / 230], rel=1e-4)


@pytest.mark.parametrize(("method", "expected"), [("subgroup", 10.0), ("group", math.sqrt(109.0)), ("line", 10.0)])
def test_method_decides_what_an_order_is_ha3(method, expected):
    samples = wave(((5, 10.0), (5.3, 3.0)), frequency=50.0)
    found = results(samples, limits={}, orders=[{"order": 5, "max": "20 V"}], method=method)
    assert found["orders[0]"].measurement.measured.value == pytest.approx(expected, rel=2e-4)


def test_interharmonics_lie_above_their_order():
    samples = wave(((5, 10.0), (5.3, 3.0)), frequency=50.0)
    found = results(samples, limits={}, interharmonics=[{"from": 4, "to": 6, "max": "1 %"}])["interharmonics[0]"]
    assert found.measurement.measured.value == pytest.approx(3.0 / 230.0, rel=1e-3)
    assert (found.verdict, found.measurement.frequency) == (Verdict.FAIL, 275.0)


# ---------------------------------------------------------------- aggregates, statistics, periods


def test_three_seconds_are_the_root_mean_square_of_their_windows():
    times = np.arange(round(7.0 * RATE)) / RATE
    samples = wave((), duration=7.0, frequency=50.0)
    samples += (times < 3.0) * math.sqrt(2.0) * 10.0 * np.cos(2 * math.pi * 250.0 * times)
    found = results(samples, aggregate={"length": "3 s"}, orders=FIFTH)["orders[0]"]
    assert found.measurement.measured.value == pytest.approx(10.0 / 230.0, rel=0.01)
    assert found.measurement.time < 0.05


@pytest.mark.parametrize(("statistic", "expected"), [("max", 30.0), ("p95", 10.0)])
def test_statistic_over_the_windows(statistic, expected):
    times = np.arange(round(14.0 * RATE)) / RATE
    samples = wave(((5, 10.0),), duration=14.0, frequency=50.0)
    angle = 5 * (2 * math.pi * 50.0 * times + 1) + 5  # in phase with the tone that is there
    samples += ((times > 5.0) & (times < 5.3)) * math.sqrt(2.0) * 20.0 * np.cos(angle)
    found = results(samples, statistic=statistic, limits={}, orders=[{"order": 5, "max": "20 %"}])["orders[0]"]
    assert found.measurement.measured.value == pytest.approx(expected / 230.0, rel=1e-3)
    assert found.verdict is Verdict.PASS


def test_percentile_of_too_few_values_never_passes():
    found = results(wave(), statistic="p95")["thd"]
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["record_too_short", "n_too_small"])
    assert found.reasons[1].sentence == (
        "6 10-cycle values were measured; the statistic p95 needs 59; record for longer."
    )


def periods_of(bad, total=28.0):
    """Two minutes' worth of distortion in seconds: the fifth is 30 V where `bad` says so, else 5 V."""
    times = np.arange(round(total * RATE)) / RATE
    size = np.where(bad(times), 30.0, 5.0)
    return wave((), duration=total, frequency=50.0) + size * math.sqrt(2.0) * np.cos(2 * math.pi * 250.0 * times)


def test_worst_period_decides():
    samples = periods_of(lambda t: (t > 14.0) & (t < 15.0))  # 1 of 14 s in the second period, 1 of 28 s in all
    limits = {"limits": {"thd": {"max": "8 %"}}, "statistic": "p95"}
    assert results(samples, **limits)["thd"].verdict is Verdict.PASS
    worst = results(samples, period="14 s", **limits)["thd"]
    assert worst.verdict is Verdict.FAIL
    assert worst.measurement.time >= 14.0 - 0.2


def test_last_period_that_is_not_whole_can_fail_and_not_pass():
    samples = periods_of(lambda t: t > 26.0)
    limits = {"limits": {"thd": {"max": "8 %"}}, "statistic": "p95", "period": "20 s"}
    assert results(samples, **limits)["thd"].verdict is Verdict.FAIL
    assert results(periods_of(lambda t: t > 27.6), **limits)["thd"].verdict is Verdict.PASS


def test_record_shorter_than_its_period_does_not_pass():
    found = results(wave(duration=16.0), period="1 d", statistic="p95")["thd"]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "record_too_short" in reasons(found)


# ---------------------------------------------------------------- what is flagged and missing


def dipped(seconds, depth=0.7, duration=20.0):
    samples = wave(duration=duration)
    first = round(5.0 * RATE)
    samples[first : first + round(seconds * RATE)] *= depth
    return samples


def test_dip_is_left_out_and_told():
    samples = dipped(0.1)
    named = {signal.name: signal for signal in (VOLTAGE,)}
    found = evaluate(KIND, keys(), [VOLTAGE], record(samples))
    assert named
    assert found.measurements[0].measured.value == pytest.approx(10.0 / 230.0, rel=1e-3)
    assert "are flagged and left out" in " ".join(found.notes)
    assert results(samples)["thd"].verdict is Verdict.PASS


def test_dips_cannot_make_a_pass_without_coverage():
    found = results(dipped(2.0))["thd"]
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["coverage"])
    assert results(dipped(2.0), limits={"thd": {"max": "4 %"}})["thd"].verdict is Verdict.FAIL
    assert results(dipped(2.0), valid={"min": "50 %"})["thd"].verdict is Verdict.PASS


def test_current_is_flagged_by_the_voltage_that_it_is_synchronised_to():
    current = wave(((5, 10.0),), rms=80.0, duration=20.0)
    records = {"i": current, "v": dipped(2.0)}
    found = judge(
        KIND,
        keys(signal="i", synchronised_to="v", limits={"thd": {"max": "20 %"}}),
        [CURRENT, VOLTAGE],
        record(records),
    )["thd"]
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["coverage"])


def test_gap_costs_windows_and_with_many_of_them_the_pass():
    samples = wave(duration=20.0)
    samples[50000] = np.nan
    assert results(samples)["thd"].verdict is Verdict.PASS
    samples[10000:110000:3000] = np.nan
    found = results(samples)["thd"]
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["coverage"])


def test_missing_values_count_against_a_percentile():
    samples = wave(((5, 10.0),), duration=20.0)
    same = {"statistic": "p95", "valid": {"min": "90 %"}}
    samples[60000:64000] = np.nan  # 4 of 98 windows: p95 has room for 4
    assert results(samples, **same)["thd"].verdict is Verdict.PASS
    samples[60000:69000] = np.nan
    for rule in ("three_state", "simple"):
        found = judge(KIND, keys(**same), [VOLTAGE], record(samples), rule)["thd"]
        assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["coverage"])
        assert found.reasons[0].sentence == (
            "7 of 99 10-cycle values are missing; p95 leaves 4 out of account, so the missing ones could decide: "
            "record without gaps."
        )
    assert results(samples, limits={"thd": {"max": "4 %"}}, **same)["thd"].verdict is Verdict.FAIL


# ---------------------------------------------------------------- gates


def test_slow_record_is_inconclusive():
    found = results(wave(rate=2400.0), of={"rate": 2400.0})["thd"]
    assert (found.verdict, reasons(found)[0]) == (Verdict.INCONCLUSIVE, "sample_rate")


def test_record_of_just_the_needed_rate_may_run_two_percent_fast_and_no_more():
    rate = 2.56 * 25 * 50.0
    assert results(wave(rate=rate, frequency=50.9), of={"rate": rate})["thd"].verdict is Verdict.PASS
    found = results(wave(rate=rate, frequency=52.5), of={"rate": rate})["thd"]
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["sample_rate"])


def test_undocumented_filter_needs_ten_times():
    found = results(wave(), of={"anti_alias": False})["thd"]
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["sample_rate"])


def test_clipped_record_has_no_verdict():
    assert reasons(results(wave(), limits={"thd": {"max": "1 %"}}, of={"clipped": 3})["thd"]) == ["clipped"]


def test_short_record_says_what_is_missing():
    found = results(wave(duration=0.1))["thd"]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reasons[-1].sentence == (
        "The record of v lasts 0.1 s, too short for one of the 10-cycle values; record 0.4 s or more."
    )


def test_direct_voltage_has_nothing_to_follow():
    found = results(np.full(8000, 325.0))["thd"]
    assert found.reasons[-1].sentence == (
        "v has nowhere a steady fundamental near 50 Hz for 10 cycles without a gap; check `frequency` and which "
        "channel it is."
    )
    assert reasons(found)[-1] == "condition_not_met"


def test_wrong_nominal_frequency_is_told():
    assert "condition_not_met" in reasons(results(wave(frequency=60.0))["thd"])


def test_idle_current_is_no_base():
    random = np.random.default_rng(1)
    records = {"i": random.normal(0.0, 0.1, 8333), "v": wave()}
    signals = [CURRENT, VOLTAGE]
    relative = judge(KIND, keys(signal="i", synchronised_to="v"), signals, record(records))["thd"]
    assert (relative.verdict, reasons(relative)) == (Verdict.INCONCLUSIVE, ["noise"])
    absolute = keys(signal="i", synchronised_to="v", base={"demand": "100 A"}, limits={"tdd": {"max": "5 %"}})
    assert judge(KIND, absolute, signals, record(records))["tdd"].verdict is Verdict.PASS


def test_dead_channel_is_no_base():
    records = {"i": np.zeros(8333), "v": wave()}
    found = judge(KIND, keys(signal="i", synchronised_to="v"), [CURRENT, VOLTAGE], record(records))["thd"]
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["noise"])


# ---------------------------------------------------------------- uncertainty


def test_gain_cancels_in_a_ratio_to_the_fundamental_and_nowhere_else():
    accuracy = Accuracy(0.02, coverage_factor=2)
    orders = [{"order": 5, "max": "11 V"}]
    found = results(wave(), orders=orders, of={"accuracy": accuracy})
    relative, absolute = (found[name].measurement for name in ("thd", "orders[0]"))
    assert relative.measured.interval.high - relative.measured.interval.low < 1e-4
    assert absolute.measured.interval.high == pytest.approx(10.0 * 1.02, rel=2e-3)
    assert relative.budget[0].treatment == ("cancels in the ratio to the fundamental of the same channel")


def test_attenuation_of_the_chain_reaches_up():
    measured = results(wave(), of={"bandwidth": 5000.0})["thd"].measurement.measured
    gain = 1.0 / math.hypot(1.0, 1250.0 / 5000.0)
    assert measured.interval.high == pytest.approx(10.0 / 230.0 / gain, rel=1e-3)
    assert measured.interval.low == pytest.approx(10.0 / 230.0, rel=1e-3)


def test_uneven_record_holds_the_truth():
    rate = 20000.0
    samples = wave(rate=rate)
    times = np.arange(samples.size) / rate + np.random.default_rng(1).uniform(-1e-5, 1e-5, samples.size)
    angle = 2.0 * math.pi * 50.03 * times + 1
    uneven = math.sqrt(2.0) * (230.0 * np.cos(angle) + 10.0 * np.cos(5 * angle + 5))
    capture = FakeMeasurements({"v": uneven}, 1 / rate, times=times, facts_of={"anti_alias": True})
    interval = judge(KIND, keys(), [VOLTAGE], capture)["thd"].measurement.measured.interval
    assert interval.low <= 10.0 / 230.0 <= interval.high
    assert interval.high - interval.low < 0.01


TRUTH = {"thd": math.hypot(10.0, 1.0) / 230.0, "orders[0]": 10.0 / 230.0, "orders[1]": 1.0 / 230.0, "orders[2]": 0.0}


@pytest.mark.parametrize(
    ("sigma", "step"), [(0.23, 0.0), (2.3, 0.0), (0.0, 1.0), (0.5, 2.0)], ids=["0.1 %", "1 %", "quantised", "both"]
)
def test_interval_holds_the_truth_of_noisy_records(sigma, step):
    limits = [{"order": order, "max": "5 %"} for order in (5, 11, 4)]
    inside, wide = dict.fromkeys(TRUTH, 0), []
    for seed in range(30):
        samples = wave(((5, 10.0), (11, 1.0)), sigma=sigma, seed=seed, duration=1.1)
        samples = samples if step == 0.0 else np.round(samples / step) * step
        for name, check in results(samples, orders=limits).items():
            measured = check.measurement.measured
            inside[name] += measured.interval.low <= TRUTH[name] <= measured.interval.high
            wide.append(measured.interval.high - measured.interval.low)
    assert min(inside.values()) >= 26  # 95.4 % of 30 is 28.6, less two deviations of a count, 2.3
    assert max(wide) < 0.005


def test_limit_three_uncertainties_away_is_decided():
    decided = 0
    for seed in range(20):
        samples = wave(sigma=2.3, seed=seed)
        interval = results(samples)["thd"].measurement.measured.interval
        reach = 3.0 * (interval.high - interval.low) / 2.0
        for limit, verdict in ((10.0 / 230.0 + reach, Verdict.PASS), (10.0 / 230.0 - reach, Verdict.FAIL)):
            decided += results(samples, limits={"thd": {"max": f"{100.0 * limit:.6f} %"}})["thd"].verdict is verdict
    assert decided >= 38


def test_reading_does_not_depend_on_where_the_record_is_cut():
    samples = wave(sigma=1.0, duration=3.0)
    whole, cut = (
        evaluate(KIND, keys(orders=FIFTH), [VOLTAGE], FakeMeasurements({"v": samples}, 1 / RATE, cuts=at)).measurements
        for at in ((), (1, 7, 5000, 12345))
    )
    assert whole == cut


# ---------------------------------------------------------------- the spec alone, and what is shown


def test_clauses_on_three_seconds_and_ten_minutes_share_one_meter():
    signals = {"v": VOLTAGE}
    limits = ({"thd": {"max": "8 %"}}, {"thd": {"max": "5 %"}})
    first = model(aggregate={"length": "3 s"}, statistic="p99", period="1 d", limits=limits[0], max_order=40)
    second = model(aggregate={"length": "10 min"}, statistic="p95", period="7 d", limits=limits[1], orders=FIFTH)
    assert KIND.meters(first, signals)[0].key == KIND.meters(second, signals)[0].key


def test_length_of_record_follows_from_statistic_and_period():
    needs = [
        KIND.checks(model(aggregate={"length": "10 min"}, statistic="p95", **more), {"v": VOLTAGE})[0].needs[0].duration
        for more in ({}, {"period": "7 d"})
    ]
    assert needs == [pytest.approx(59 * 600 + 0.4), 7 * 86400.0]


def test_witness_draws_orders_with_the_limit_over_them():
    found = results(wave(), limits={}, orders=FIFTH)["orders[0]"].measurement.witness
    assert (found.axis, found.unit) == ("frequency", "V")
    assert max(found.points, key=lambda point: point[1]) == (250.0, pytest.approx(10.0, rel=1e-4))
    marks = {mark.role: mark.values for mark in found.marks}
    assert marks["limit"] == pytest.approx((230.0, 11.5, 270.0, 11.5), rel=1e-4)


def test_sentence_says_it_all():
    said = KIND.sentence(model(orders=FIFTH), {"v": VOLTAGE})
    assert said == (
        "The harmonics of v are limited, by the harmonic subgroups of IEC 61000-4-7 in one value for each window of 10 "
        "cycles of the fundamental, without gap or overlap, windows synchronised to v, the largest of the 10-cycle "
        "values counting: the root of the sum of squares of orders 2 to 25, relative to the fundamental in the same "
        "value, shall be at most 8 %; order 5, relative to the fundamental in the same value, shall be at most 5 %. At "
        "least 95 % of the values shall be complete and free of dips, swells and interruptions."
    )


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"limits": {"tdd": {"max": "5 %"}}}, ("limits", "tdd")),
        ({"base": {"demand": "200 A"}}, ("base", "demand")),
        ({"base": {"demand": "0 V"}}, ("base", "demand")),
        ({"orders": [{"order": 1, "max": "5 %"}]}, ("orders", 0)),
        ({"orders": [{"order": 5, "max": "5 A"}]}, ("orders", 0, "max")),
        ({"orders": [{"order": 5, "min": "5 %"}]}, ("orders", 0, "min")),
        ({"interharmonics": FIFTH, "method": "line"}, ("interharmonics",)),
        ({"period": "100 ms"}, ("period",)),
    ],
    ids=["no demand", "unit", "zero", "first order", "unit of order", "lower limit", "line", "period"],
)
def test_spec_that_cannot_be_meant_is_a_problem(more, path):
    assert [problem.path for problem in KIND.problems(model(**more), {"v": VOLTAGE})] == [path]


def test_missing_demand_current_is_a_missing_definition():
    (problem,) = KIND.problems(model(limits={"tdd": {"max": "5 %"}}), {"v": VOLTAGE})
    assert (problem.message, problem.fix) == (
        "tdd is in % of the demand current, which nothing defines (definition_missing)",
        "give it: `base: {demand: 2000 A}`",
    )


@pytest.mark.parametrize(
    "signal",
    [Signal("v", "voltage", "V", "V", 230.0), Signal("v", "active_power", "W", "W", 1.0, waveform="ac")],
    ids=["no waveform", "power"],
)
def test_signal_that_is_no_waveform_is_a_problem(signal):
    assert [problem.path for problem in KIND.problems(model(), {"v": signal})] == [("signal",)]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"limits": {}}, "nothing is limited"),
        ({"frequency": "16.7 Hz"}, "nominal frequency 50 Hz or 60 Hz"),
        ({"aggregate": {"length": "5 s"}}, "3 s, 10 min or 2 h"),
        ({"aggregate": {}}, "needs a length"),
        ({"orders": [{"order": 5, "from": 3, "to": 7, "max": "5 %"}]}, "or a range"),
        ({"orders": [{"from": 4, "to": 4, "parity": "odd", "max": "5 %"}]}, "no order"),
        ({"valid": {"min": "101 %"}}, "between 0 % and 100 %"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(more, message):
    with pytest.raises(ValueError, match=message):
        model(**more)


def test_clipping_may_fabricate_harmonics():
    (need,) = KIND.checks(model(), {"v": VOLTAGE})[0].needs
    assert (need.clipping, need.max_frequency, need.most_missing) == (Effect.NO_VERDICT, 1250.0, pytest.approx(0.05))
