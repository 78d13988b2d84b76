"""A spectrum against a mask: lines at edges, noise, what the bounds hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slacheck.contract import Block
from slacheck.measure.detectors import DetectorMeter, FrameSettings
from slacheck.measure.mask import Mask
from slacheck.measure.mask_reading import MaskSettings, averaged_noise, broadband_floor, read_against

DT = 1e-3
RESOLUTION = 2.0
FLAT = Mask((((20.0, 0.1), (300.0, 0.1)),), "linear")
EDGE = Mask((((20.0, 1.0), (100.0, 1.0), (100.0, 0.1), (300.0, 0.1)),), "linear")


def tones(*lines, seconds=8.0, sigma=0.0, seed=0):
    """Lines of (frequency, rms) in white noise."""
    times = np.arange(round(seconds / DT)) * DT
    total = 400.0 + np.random.default_rng(seed).normal(0, sigma, times.size)
    return total + sum(rms * math.sqrt(2) * np.sin(2 * math.pi * f * times + f) for f, rms in lines)


def spectrum_of(samples, taper="flattop", mask=None):
    meter = DetectorMeter(DT, FrameSettings(RESOLUTION, taper), mask)
    meter.update(Block(samples[np.newaxis], 0, 0, 0.0, DT))
    return meter.reading()


def read(samples, mask=FLAT, taper="flattop", quantity="rms", detector="max_hold", **more):
    found = spectrum_of(samples, taper, mask if detector == "p95" else None)
    return read_against(MaskSettings(mask, quantity, detector, **more), found)


@pytest.mark.parametrize(
    ("taper", "low", "high"), [("flattop", 0.9985, 1.0005), ("hann", 0.8485, 1.0005), ("blackmanharris", 0.909, 1.0005)]
)
@pytest.mark.parametrize("detector", ["max_hold", "mean", "p95"])
def test_line_reads_by_its_taper_and_lies_in_the_interval(taper, low, high, detector):
    for frequency in (100.0, 100.13, 100.4, 100.77):
        found = read(tones((frequency, 0.08)), taper=taper, detector=detector)
        slack = 0.01 if detector == "p95" else 0.0  # a class
        assert low - slack <= found.value / 0.8 <= high + slack
        assert found.low <= 0.8 <= found.high
        assert found.high - found.low < (0.03 if taper == "flattop" else 0.2)
        assert found.frequency == pytest.approx(frequency, abs=0.7)  # half a bin of Hann


def test_peak_is_root_two_times_rms_and_density_is_over_the_root_of_the_resolution():
    rms, peak, density = (read(tones((100.0, 0.08)), quantity=name).reading for name in ("rms", "peak", "density"))
    assert peak / rms == pytest.approx(math.sqrt(2.0))
    assert density * math.sqrt(RESOLUTION) == pytest.approx(rms, rel=1e-3)  # the frame is whole samples long


@pytest.mark.parametrize(
    ("frequency", "low", "high"), [(90.0, 0.9, 0.9), (99.5, 0.9, 9.0), (100.5, 0.9, 9.0), (103.0, 9.0, 9.0)]
)
def test_line_at_a_vertical_edge_may_belong_to_either_side(frequency, low, high):
    found = read(tones((frequency, 0.9)), EDGE)
    assert found.low == pytest.approx(low, rel=5e-3)
    assert found.high == pytest.approx(high, rel=0.2)


@pytest.mark.parametrize(("frequency", "low", "high"), [(15.0, 0.0, 0.1), (19.9, 0.0, 9.5), (20.1, 0.0, 9.5)])
def test_line_beside_a_segment_is_not_surely_charged_to_it(frequency, low, high):
    found = read(tones((frequency, 0.9), sigma=1e-5))
    assert (found.low, found.high < high) == (low, True)


def test_skirt_of_a_line_across_a_gap_is_not_read_as_a_line():
    mask = Mask((((20.0, 1.0), (100.0, 1.0)), ((102.0, 1e-3), (300.0, 1e-3))), "linear")
    found = read(tones((100.9, 1.0), (250.0, 2e-4), sigma=1e-6), mask, taper="hann")
    assert found.frequency == pytest.approx(250.0, abs=1.0)
    assert found.low < 0.21
    assert found.high > 1.0


def test_side_lobes_of_a_large_line_widen_the_interval_far_away():
    small = Mask((((100.0, 1e-3), (300.0, 1e-3)),), "linear")
    found = read(tones((50.3, 100.0)), small, taper="hann")
    assert found.low == found.value == 0.0
    assert found.high > 1.0


def test_noise_alone_is_never_surely_more_than_nothing():
    for seed in range(20):
        for seconds in (1.9, 6.0):
            found = read(tones(sigma=1.0, seconds=seconds, seed=seed))
            assert found.low < 0.5 * found.value
            assert found.floor > 0.3


def test_line_that_noise_hides_behind_counts_where_the_floor_is_too_high():
    settings = {"most_floor": 0.5}
    assert read(tones(sigma=2.0), **settings).value == 0.0
    found = read(tones((100.0, 1.0), sigma=2.0), **settings)
    assert (found.frequency, found.floor > 0.5) == (pytest.approx(100.0, abs=0.6), True)
    assert found.low <= 10.0 <= found.high


@pytest.mark.parametrize("detector", ["max_hold", "mean", "p95"])
def test_noise_on_a_line_stays_within_the_interval(detector):
    inside = 0
    for seed in range(40):
        found = read(tones((100.2, 0.1), (200.0, 0.06), sigma=0.05, seed=seed, seconds=4.0), detector=detector)
        inside += found.low <= 1.0 <= found.high
    assert inside >= 36  # 95 % of 40, less one and a half deviations of a count


def test_floor_is_the_power_of_the_noise_beside_lines():
    lines = [(25.0 * n, 1.0) for n in range(1, 12)]
    floor = broadband_floor(spectrum_of(tones(*lines, sigma=0.1, seconds=60.0)))
    true = 2.0 * DT * 0.01 * RESOLUTION
    assert np.all((floor[20:500] > 0.8 * true) & (floor[20:500] < 1.25 * true))


def test_floor_may_lie_higher_when_few_frames_tell():
    found = spectrum_of(tones(sigma=0.1, seconds=2.0))
    assert np.all(broadband_floor(found, 2.0) > 1.3 * broadband_floor(found))


@pytest.mark.parametrize("averages", [1.0, 4.0, 30.0])
@pytest.mark.parametrize("normal", [-0.6745, 0.0, 2.0, 4.0])
def test_averaged_noise_is_chi_square(averages, normal):
    scipy_stats = pytest.importorskip("scipy.stats")
    true = scipy_stats.chi2.ppf(scipy_stats.norm.cdf(normal), 2 * averages) / (2 * averages)
    assert averaged_noise(averages, normal) == pytest.approx(true, rel=0.06)


def test_mean_density_of_noise_lies_in_the_interval():
    mask, true = Mask((((20.0, 1.0), (300.0, 1.0)),), "linear"), 0.05 * math.sqrt(2.0 * DT)
    inside = 0
    for seed in range(40):
        found = read(
            tones(sigma=0.05, seed=seed, seconds=20.0), mask, quantity="density", detector="mean", taper="hann"
        )
        inside += found.low <= true <= found.high
        assert found.high - found.low < 0.8 * true
    assert inside >= 36


def test_interpolation_and_gain_reach_up():
    plain = read(tones((100.0, 0.08)))
    wide = read(tones((100.0, 0.08)), error=0.001, gain=lambda frequency: 0.96)
    assert wide.low == pytest.approx(plain.low - 0.01, rel=1e-9)
    assert wide.high == pytest.approx((plain.high + 0.01) / 0.96, rel=1e-9)


def test_mask_beyond_the_record_has_no_reading():
    assert read(tones((100.0, 0.08)), Mask((((900.0, 1.0), (950.0, 1.0)),), "linear")) is None


def test_time_is_the_start_of_the_frame_with_the_largest():
    samples = tones((100.0, 0.01))
    times = np.arange(samples.size) * DT
    burst = samples + 0.2 * np.sin(2 * math.pi * 60.0 * times) * ((times > 4.0) & (times < 5.0))
    found = read(burst)
    length = 3.7703 / RESOLUTION
    assert found.time < 4.5 < found.time + length
    assert found.frequency == pytest.approx(60.0, abs=0.6)
