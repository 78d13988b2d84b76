"""Kind spectral_mask: vectors, units, detectors, every road to INCONCLUSIVE, what is said of a mask."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Accuracy, Signal, Verdict
from slacheck.kinds.spectral_mask import KIND
from tests.kinds.fakes import EXACT, FakeMeasurements, judge

BUS = Signal("bus", "voltage", "V", "V", 400.0)
DT = 1e-3
TIMES = np.arange(16000) * DT
NOISE = np.random.default_rng(11).normal(0.0, 0.002, TIMES.size)
SLOPE = [["10 Hz", "0.1 V"], ["1 kHz", "1 V"]]
FLAT = [["20 Hz", "0.1 V"], ["300 Hz", "0.1 V"]]
FILTERED = {"anti_alias": True}


def line(rms, frequency=100.0):
    return rms * math.sqrt(2) * np.sin(2 * math.pi * frequency * TIMES)


def keys(mask=FLAT, resolution="2 Hz", **more):
    return {"signal": "bus", "resolution": resolution, "mask": mask, **more}


def result(samples, accuracy=EXACT, facts=FILTERED, rule="three_state", record=None, interval=DT, **more):
    capture = FakeMeasurements(
        {"bus": samples}, interval, accuracies={"bus": accuracy}, facts_of=facts, **(record or {})
    )
    return judge(KIND, keys(**more), [BUS], capture, rule)["mask"]


def model(**more):
    return KIND.model.model_validate({"id": "R", "kind": "spectral_mask", **keys(**more)})


def problems(**more):
    return list(KIND.problems(model(**more), {"bus": BUS}))


def reasons(check):
    return [reason.code for reason in check.reasons]


FAST = 1 / 2560.0
WAVE = 400 + 0.3 * math.sqrt(2) * np.sin(2 * math.pi * 100.0 * np.arange(20000) * FAST)


@pytest.mark.parametrize(
    ("uncertainty_db", "limit", "verdict"),
    [(0.0, "1 V", Verdict.PASS), (0.6, "1 V", Verdict.INCONCLUSIVE), (0.6, "0.5 V", Verdict.FAIL)],
)
def test_line_on_a_slope_sm2(uncertainty_db, limit, verdict):
    accuracy = Accuracy(10 ** (uncertainty_db / 20) - 1, coverage_factor=2)
    found = result(WAVE, accuracy, interval=FAST, mask=[["10 Hz", "0.1 V"], ["1 kHz", limit]], resolution="1 Hz")
    assert (found.verdict, reasons(found)) == (verdict, ["within_uncertainty"] * (verdict is Verdict.INCONCLUSIVE))


def test_line_on_a_slope_is_said_in_decibels_sm2():
    found = result(WAVE, interval=FAST, mask=SLOPE, resolution="1 Hz").measurement
    assert found.measured.value == pytest.approx(0.3 / 0.316228, rel=1.3e-3)  # scalloping of the flat top, and a bin
    assert found.frequency == pytest.approx(100.0, abs=0.14)
    assert found.notes[0].endswith(
        "Hz the reading is 0.3 V rms, the limit 0.3162 V: 0.46 dB below it (5 frames of 9652 samples)."
    )


@pytest.mark.parametrize(
    ("mask", "verdict"),
    [
        ([["20 Hz", "0.1 V"], ["300 Hz", "100 mV"]], Verdict.PASS),
        ([["20 Hz", "0.02 %"], ["300 Hz", "0.02 %"]], Verdict.FAIL),
        ([["20 Hz", "0.0003 pu"], ["300 Hz", "0.0003 pu"]], Verdict.PASS),
        ([["20 Hz", "0.1 V"], ["300 Hz", "0.02 %"]], Verdict.INCONCLUSIVE),
    ],
)
def test_limits_in_any_unit(mask, verdict):
    rms = 0.09 if verdict is not Verdict.INCONCLUSIVE else 0.0943  # the limit at 100 Hz, on a slope from 0.1 to 0.08 V
    assert result(400 + line(rms), mask=mask, interpolation="linear").verdict is verdict


def test_amplitude_is_judged_as_peak():
    assert result(400 + line(0.09), quantity="rms").verdict is Verdict.PASS
    assert result(400 + line(0.09), quantity="peak").verdict is Verdict.FAIL


@pytest.mark.parametrize(("level", "verdict"), [(0.5, Verdict.PASS), (0.9, Verdict.INCONCLUSIVE), (2.0, Verdict.FAIL)])
def test_density_of_noise_is_the_quantity_itself(level, verdict):
    noise = level * 0.01 * math.sqrt(500.0) * np.random.default_rng(5).normal(size=TIMES.size)
    mask = [["20 Hz", "10 mV/sqrt(Hz)"], ["300 Hz", "0.0025 %/sqrt(Hz)"]]
    found = result(400 + noise, mask=mask, quantity="density", detector="mean", resolution="5 Hz")
    assert found.verdict is verdict
    low, high = found.measurement.measured.interval.low, found.measurement.measured.interval.high
    assert low <= level <= high
    assert found.measurement.witness.unit == "V/sqrt(Hz)"


def test_noise_near_the_limit_may_not_pass_and_never_fails():
    noise = np.random.default_rng(5).normal(size=TIMES.size)
    for sigma, verdict in ((0.05, Verdict.PASS), (0.6, Verdict.INCONCLUSIVE), (5.0, Verdict.INCONCLUSIVE)):
        for rule in ("three_state", "simple"):
            assert result(400 + sigma * noise, rule=rule).verdict is verdict
    found = result(400 + 5.0 * noise)
    assert reasons(found) == ["noise"]
    assert found.reasons[0].sentence.endswith(
        "above the limit; 6 dB below it are asked for; measure with less noise or a finer resolution, or limit the "
        "density."
    )
    assert result(400 + 5.0 * noise + line(5.0)).verdict is Verdict.FAIL


def test_noise_floor_margin_is_what_is_asked_for():
    noise = 0.25 * np.random.default_rng(5).normal(size=TIMES.size)
    sentences = []
    for margin in ("6 dB", "20 dB"):
        found = result(400 + noise, detector="mean", noise_floor_margin=margin)
        sentences += [gate.sentence for gate in found.gates if gate.code == "noise"]
        assert found.verdict is (Verdict.PASS if margin == "6 dB" else Verdict.INCONCLUSIVE)
    assert sentences[0].endswith("dB below the limit; 6 dB below it are asked for.")


@pytest.mark.parametrize(
    ("detector", "verdict"), [("max_hold", Verdict.FAIL), ("p95", Verdict.PASS), ("mean", Verdict.PASS)]
)
def test_short_burst_by_detector(detector, verdict):
    burst = line(0.3) * ((TIMES > 8.0) & (TIMES < 8.1))
    found = result(400 + NOISE + line(0.03) + burst, detector=detector, resolution="5 Hz")
    assert found.verdict is verdict
    assert (found.measurement.time is None) is (detector != "max_hold")
    if detector == "max_hold":
        assert 7.3 < found.measurement.time < 8.05


@pytest.mark.parametrize(("detector", "fewest"), [("mean", 8), ("p95", 59)])
def test_few_frames_never_pass_but_fail(detector, fewest):
    short = slice(0, 3500)
    found = result((400 + NOISE + line(0.05))[short], detector=detector)
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["record_too_short", "n_too_small"])
    assert (
        found.reasons[1].sentence == f"4 frames were measured; the detector {detector} needs {fewest}; record longer."
    )
    assert result((400 + NOISE + line(0.2))[short], detector=detector).verdict is Verdict.FAIL


def test_record_shorter_than_a_frame():
    found = result(WAVE[:1500])
    assert found.reasons[-1].sentence == (
        "The record of bus lasts 1.5 s and no window of 1.885 s is complete; 1.885 s are needed: record 0.385 s more."
    )


def test_slow_record_is_inconclusive():
    found = result(400 + NOISE + line(0.2), facts={})
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["sample_rate"])
    beyond = result(400 + NOISE, mask=[["900 Hz", "1 V"], ["950 Hz", "1 V"]])
    assert (
        beyond.reasons[-1].sentence == "bus has 1000 samples a second, so that no bin lies on the mask; record faster."
    )


def test_gap_costs_frames_and_the_pass_but_not_the_fail():
    for rms, verdict in ((0.05, Verdict.INCONCLUSIVE), (0.2, Verdict.FAIL)):
        samples = 400 + NOISE + line(rms)
        samples[8000:8100] = np.nan
        assert result(samples).verdict is verdict
    samples = 400 + NOISE + line(0.05)
    samples[8000] = np.nan  # bridged
    assert result(samples, interval=DT).verdict is Verdict.INCONCLUSIVE  # a bridge of 2 ms is longer than 1/(4 f)
    assert result(samples, mask=[["20 Hz", "0.1 V"], ["120 Hz", "0.1 V"]]).verdict is Verdict.PASS


def test_constant_record_proves_nothing():
    found = result(np.full(TIMES.size, 400.0))
    assert (found.verdict, reasons(found)) == (Verdict.INCONCLUSIVE, ["incomplete"])
    assert found.reasons[0].sentence == (
        "bus has one value throughout: it is dead, or recorded in steps that are too coarse to show anything; mend the "
        "channel or use a smaller measuring range."
    )


def test_step_of_a_coarse_recorder_widens_the_interval():
    for step, verdict in ((0.5, Verdict.INCONCLUSIVE), (0.001, Verdict.PASS)):
        assert result(np.rint((400 + line(0.09)) / step) * step).verdict is verdict


def test_gain_chain_and_interpolation_enter():
    plain = result(400 + line(0.08)).measurement.measured
    for accuracy, facts, low, high in (
        (Accuracy(0.02, coverage_factor=2), {}, 0.98, 1.02),
        (EXACT, {"bandwidth": 950.0}, 1.0, math.hypot(1.0, 0.11)),
    ):
        found = result(400 + line(0.08), accuracy, {**FILTERED, **facts}).measurement.measured
        assert found.interval.low == pytest.approx(low * plain.interval.low)
        assert found.interval.high == pytest.approx(high * plain.interval.high, rel=2e-3)
    random = np.random.default_rng(1)
    times = TIMES + random.uniform(-1e-4, 1e-4, TIMES.size)
    samples = 400 + 0.08 * math.sqrt(2) * np.sin(2 * math.pi * 60.0 * times)
    uneven = result(samples, record={"times": times}).measurement
    assert uneven.measured.interval.low <= 0.8 <= uneven.measured.interval.high
    assert uneven.notes[-1] == (
        "The interval is wider by the rms error of the interpolation, and by its attenuation sinc^2 at each frequency."
    )


def test_segments_leave_a_gap():
    mask = [[["20 Hz", "0.1 V"], ["80 Hz", "0.1 V"]], [["120 Hz", "0.2 V"], ["300 Hz", "0.2 V"]]]
    assert result(400 + NOISE + line(5.0) + line(0.15, 150.0), mask=mask).verdict is Verdict.PASS
    found = result(400 + NOISE + line(5.0) + line(0.25, 150.0), mask=mask)
    assert (found.verdict, round(found.measurement.frequency)) == (Verdict.FAIL, 150)
    assert [mark.label for mark in found.measurement.witness.marks] == ["mask", "", "closest to the mask"]


def test_witness_is_the_spectrum_with_the_mask_drawn():
    witness = result(400 + NOISE + line(0.08), detector="p95").measurement.witness
    assert (witness.axis, witness.unit) == ("frequency", "V")
    top = max(witness.points, key=lambda point: point[1])
    assert top == (pytest.approx(100.0, abs=0.3), pytest.approx(0.08, rel=0.01))
    assert witness.marks[0].values == (20.0, 0.1, 300.0, 0.1)
    assert witness.marks[1].values == top
    assert len(witness.points) <= 1500


def test_masks_on_the_same_frames_share_a_meter_and_counts_do_not():
    def key(**more):
        (plan,) = KIND.meters(model(**more), {"bus": BUS})
        return plan.key

    other = [["20 Hz", "0.3 V"], ["300 Hz", "0.1 V"]]
    assert key() == key(mask=other) == key(detector="mean") == key(quantity="density", mask=DENSE)
    assert key(detector="p95") != key(detector="p95", mask=other)
    assert key() != key(resolution="3 Hz") != key(resolution="3 Hz", taper="hann")


DENSE = [["20 Hz", "1 V/sqrt(Hz)"], ["300 Hz", "1 V/sqrt(Hz)"]]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"mask": [["20 Hz", "-20 dB"], ["300 Hz", "1 V"]]}, ("mask", 0, 1)),
        ({"mask": [["20 Hz", "0 V"], ["300 Hz", "1 V"]]}, ("mask", 0, 1)),
        ({"mask": [["20 Hz", "1 V"], ["300 Hz", "-1 V"]]}, ("mask", 1, 1)),
        ({"mask": [["300 Hz", "1 V"], ["20 Hz", "1 V"]]}, ("mask", 1, 0)),
        ({"mask": [["20 Hz", "1 V"]]}, ("mask",)),
        ({"mask": [[["20 Hz", "1 V"], ["40 Hz", "1 V"]], [["50 Hz", "1 V"]]]}, ("mask", 1)),
        ({"mask": [[["20 Hz", "1 V"], ["80 Hz", "1 V"]], [["50 Hz", "1 V"], ["90 Hz", "1 V"]]]}, ("mask", 1, 0, 0)),
        ({"mask": [["20 Hz", "1 V"], ["50 Hz", "1 V"], ["50 Hz", "2 V"]]}, ("mask", 2, 0)),
        ({"mask": [["20 Hz", "1 V"], ["50 Hz", "2 V"]], "interpolation": "step"}, ("mask", 1, 1)),
        ({"mask": DENSE}, ("mask", 0, 1)),
        ({"quantity": "density"}, ("mask", 0, 1)),
        ({"resolution": "5.1 Hz"}, ("resolution",)),
        ({"mask": [*FLAT, ["305 Hz", "1 V"]]}, ("resolution",)),
        ({"resolution": "10 mHz", "detector": "p95"}, ("resolution",)),
        ({"noise_floor_margin": "-6 dB"}, ("noise_floor_margin",)),
        ({"noise_floor_margin": "9 dB", "quantity": "density", "mask": DENSE}, ("noise_floor_margin",)),
    ],
)
def test_spec_that_cannot_be_meant_is_a_problem(more, path):
    assert problems(**more)[0].path == path


def test_resolution_too_coarse_says_what_to_write():
    (problem,) = problems(resolution="10 Hz")
    assert problem.message == "'10 Hz' is more than a quarter of the 20 Hz from 0 Hz to 20 Hz"
    assert problem.fix == "write 5 Hz or less, or move the points apart"


def test_vertical_edge_and_steps_are_fine():
    edge = [["20 Hz", "1 V"], ["50 Hz", "1 V"], ["50 Hz", "2 V"], ["90 Hz", "2 V"]]
    assert problems(mask=edge) == []
    assert problems(mask=[["20 Hz", "1 V"], ["50 Hz", "2 V"], ["90 Hz", "2 V"]], interpolation="step") == []
    assert problems(quantity="density", mask=DENSE) == []
    assert problems(mask=[["10 Hz", "0.1 V"], ["1 kHz", "1 V"], ["5 kHz", "1 V"]], resolution="1 Hz") == []


def test_need_is_the_top_of_the_mask_and_the_frames():
    for detector, lengths in (("max_hold", 1.0), ("mean", 2.75), ("p95", 15.5)):
        (plan,) = KIND.checks(model(detector=detector), {"bus": BUS})
        (need,) = plan.needs
        assert (need.max_frequency, need.bandwidth) == (300.0, 300.0)
        assert need.duration == pytest.approx(lengths * 3.7703 / 2.0)
        assert (plan.name, plan.limit.max, plan.unit) == ("mask", 1.0, "1")
        assert plan.definition.id == f"spectral_mask/rms_{detector}@1"


def test_sentence_spells_out_the_mask():
    mask = [["10 Hz", "0.1 V"], ["1 kHz", "0.25 %"]]
    assert KIND.sentence(model(mask=mask, resolution="1 Hz"), {"bus": BUS}) == (
        "The spectrum of bus shall not exceed the mask of 0.1 V at 10 Hz, 0.25 % at 1 kHz, with the broadband floor at "
        "least 6 dB below it: the largest ratio of the rms value of a line of bus to its limit (straight in log limit "
        "over log frequency between points; the smaller where two meet, % and pu of the rated value of bus) over all "
        "bins of the mask: the largest of all frames in each bin, by flattop periodograms of a resolution (equivalent "
        "noise bandwidth) of 1 Hz, frames of 3.7703 s less their least-squares line overlapping by 75 %, shall be at "
        "most 1."
    )
