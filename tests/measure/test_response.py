"""Cross spectra, H1, H2 and coherence against closed forms and SciPy; the vectors of frequency response."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import bilinear, coherence, csd, freqz, lfilter

from slacheck.contract import Block
from slacheck.measure.response import (
    CrossMeter,
    RecorderErrors,
    ResponseSettings,
    bins_of,
    chance_coherence,
    confidence_radius,
    local_floor,
    random_error,
    undithered,
)

RATE = 50.0


def spectra(x, y, length=20.0, overlap=0.5, name="hann", rate=RATE, cuts=()):
    meter = CrossMeter(1 / rate, ResponseSettings(length, overlap, name))
    pair = np.stack([x, y])
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < x.size}), x.size]
    for a, b in itertools.pairwise(edges):
        meter.update(Block(np.ascontiguousarray(pair[:, a:b]), 0, a, a / rate, 1 / rate))
    return meter.reading()


def times(seconds, rate=RATE):
    return np.arange(round(seconds * rate)) / rate


def multisine(t, frequencies, response=lambda f: (1.0, 0.0)):
    """Sines of unit amplitude through a response that is given as (magnitude, phase)."""
    total = np.zeros(t.size)
    for number, f in enumerate(frequencies):
        magnitude, phase = response(f)
        total += magnitude * np.cos(2 * np.pi * f * t + number * number + phase)
    return total


def at(bins, values, frequency):
    return float(values[int(np.argmin(np.abs(bins.frequencies - frequency)))])


def test_first_order_low_pass_fr1():
    lines = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0]
    expected = [0.707107, 0.196116, 0.099504, 0.049938, 0.019996, 0.0100, 0.0050]
    t = times(400)
    y = multisine(t, lines, lambda f: (1 / math.hypot(1, f / 0.1), -math.atan(f / 0.1)))
    bins = bins_of(spectra(multisine(t, lines), y, 100.0), 0.1, 20.0)
    found = [at(bins, bins.first, f) for f in lines]
    # the vector's last digit, and what the linear detrending takes of ten cycles: 1 / (pi 10)^2 of a tenth of a line
    assert found == pytest.approx(expected, rel=1e-4, abs=5e-6)
    assert [f for f in lines if at(bins, bins.excited, f)] == lines


def test_boxcar_of_200_ms_fr2():
    t = times(400)
    lines = [1.0, 2.5, 3.0, 5.0]
    y = multisine(t, lines, lambda f: (abs(np.sinc(0.2 * f)), -math.pi * 0.2 * f))
    bins = bins_of(spectra(multisine(t, lines), y), 0.5, 6.0)
    assert [at(bins, bins.first, f) for f in lines[:3]] == pytest.approx([0.9355, 0.6366, 0.5046], abs=5e-5)
    # the line at 5 Hz does not come out at all, so there is no bin for it
    assert not np.any(np.abs(bins.frequencies - 5.0) < 0.02) or at(bins, bins.first, 5.0) < 1e-6


def test_skew_turns_the_phase_alone_fr3():
    t = times(200)
    plain = spectra(multisine(t, [20.0]), multisine(t, [20.0]))
    skewed = spectra(multisine(t, [20.0]), multisine(t, [20.0], lambda f: (1.0, -2 * math.pi * f * 1e-3)))
    place = int(np.argmax(plain.input_power))
    phase = math.degrees(math.atan2(skewed.imaginary[place], skewed.real[place]))
    assert phase == pytest.approx(-7.2, abs=1e-6)
    bins = bins_of(skewed, 19.0, 21.0)
    assert at(bins, bins.first, 20.0) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("squared", "count", "expected"),
    [
        (0.9, 16, 0.0589),
        (0.9, 32, 0.0417),
        (0.9, 100, 0.0236),
        (0.6, 16, 0.1443),
        (0.6, 32, 0.1021),
        (0.6, 100, 0.0577),
    ],
)
def test_random_error_fr5(squared, count, expected):
    assert random_error(squared, count) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("count", "expected"), [(4, 0.6316), (8, 0.3482), (10, 0.2831), (16, 0.1810), (32, 0.0921), (64, 0.0464)]
)
def test_coherence_of_unrelated_signals_fr4(count, expected):
    assert chance_coherence(count, 0.05) == pytest.approx(expected, abs=5e-5)


def test_impedance_fr6():
    t = times(2.0, 20_000.0)
    current = 10 * np.cos(2 * np.pi * 1000 * t)
    voltage = 1e-3 * current - 10e-6 * 10 * 2 * np.pi * 1000 * np.sin(2 * np.pi * 1000 * t)
    bins = bins_of(spectra(current, voltage, 0.05, rate=20_000.0), 900.0, 1100.0)
    assert at(bins, bins.first, 1000.0) == pytest.approx(62.840e-3, abs=5e-7)


def test_noise_on_the_output_fr7():
    rng = np.random.default_rng(1)
    x = rng.normal(size=200_000)
    y = 0.5 * x + 0.5 * rng.normal(size=x.size)
    bins = bins_of(spectra(x, y, 4.0), 1.0, 20.0)
    assert np.mean(bins.coherence) == pytest.approx(0.5, abs=0.01)
    assert np.mean(bins.first) == pytest.approx(0.5, abs=0.005)
    assert np.mean(bins.second) == pytest.approx(1.0, abs=0.02)


def test_averages_are_those_of_scipy():
    rng = np.random.default_rng(2)
    x = rng.normal(size=20_000)
    y = lfilter([0.2], [1, -0.8], x) + 0.3 * rng.normal(size=x.size)
    found = spectra(x, y, 10.0)
    kwargs = {"fs": RATE, "window": "hann", "nperseg": 500, "noverlap": 250, "detrend": "linear"}
    f, cross = csd(x, y, **kwargs)
    _, gamma = coherence(x, y, **kwargs)
    bins = bins_of(found, 0.3, 24.0)
    inside = (f >= 0.3) & (f <= 24.0)
    np.testing.assert_allclose(found.frequencies, f)
    np.testing.assert_allclose(bins.coherence, gamma[inside], rtol=1e-9)
    np.testing.assert_allclose(
        np.hypot(found.real, found.imaginary)[inside] / found.input_power[inside],
        np.abs(cross)[inside] / csd(x, x, **kwargs)[1].real[inside],
        rtol=1e-9,
    )


def test_independent_windows_scatter_as_stated():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 8_000))
    y = x + rng.normal(size=x.shape)
    found = [bins_of(spectra(a, b, 4.0), 1.0, 20.0) for a, b in zip(x, y, strict=True)]
    scatter = np.std([bins.first for bins in found])
    stated = np.mean(
        [random_error(c, b.independent) * h for b in found for c, h in zip(b.coherence, b.first, strict=True)]
    )
    assert float(stated) == pytest.approx(scatter, rel=0.1)


def test_local_floor_of_noise_is_hardly_moved_by_lines():
    power = np.random.default_rng(4).exponential(size=4001)
    power[::40] = 1e4
    assert np.median(local_floor(power)) == pytest.approx(math.log(2), rel=0.1)


def test_input_of_noise_alone_is_not_excited():
    rng = np.random.default_rng(5)
    bins = bins_of(spectra(rng.normal(size=50_000), rng.normal(size=50_000)), 0.5, 20.0)
    assert not bins.excited.any()


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 9_999), max_size=8), scale=st.floats(1e-3, 1e3))
def test_response_ignores_cuts_and_scales(cuts, scale):
    rng = np.random.default_rng(6)
    x = rng.normal(size=10_000)
    y = 0.3 * x + 0.1 * rng.normal(size=x.size)
    whole, cut = spectra(x, y), spectra(x, y, cuts=cuts)
    np.testing.assert_array_equal(whole.real, cut.real)
    np.testing.assert_array_equal(whole.output_power, cut.output_power)
    scaled = bins_of(spectra(x, scale * y), 1.0, 20.0)
    np.testing.assert_allclose(scaled.first, scale * bins_of(whole, 1.0, 20.0).first, rtol=1e-9)


@pytest.mark.parametrize("count", [5, 16])
def test_circle_misses_the_truth_as_often_as_stated(count):
    rng = np.random.default_rng(7)
    shape = (40_000, count)
    x, noise = (rng.normal(size=shape) + 1j * rng.normal(size=shape) for _ in range(2))
    y = x + noise
    sxx, syy = np.sum(np.abs(x) ** 2, axis=1), np.sum(np.abs(y) ** 2, axis=1)
    sxy = np.sum(np.conj(x) * y, axis=1)
    radius = np.abs(sxy) / sxx * confidence_radius(np.abs(sxy) ** 2 / (sxx * syy), count, 0.01)
    missed = np.mean(np.abs(sxy / sxx - 1.0) > radius)
    assert missed == pytest.approx(0.01, abs=4 * math.sqrt(0.01 / 40_000))  # four deviations of the count


@pytest.mark.parametrize("width", [3.0, 6.0, 12.0])
def test_smoothing_bounds_the_bias_at_the_top_of_a_resonance(width):
    rate, length, f0 = 100.0, 10.0, 3.0
    w = 2 * rate * math.tan(math.pi * f0 / rate)
    b, a = bilinear([w * w], [1, width / (length * f0) * w, w * w], rate)  # `width` bins at half power
    x = np.random.default_rng(8).normal(size=400_000)
    bins = bins_of(spectra(x, lfilter(b, a, x), length, rate=rate), 2.0, 4.0)
    place = int(np.argmin(np.abs(bins.frequencies - f0)))
    truth = abs(freqz(b, a, [bins.frequencies[place]], fs=rate)[1][0])
    bias = truth - bins.first[place]
    scatter = 3 * random_error(bins.coherence[place], bins.independent) * truth
    assert bias - scatter < bins.smoothing[place] < 2.0 * (bias + scatter)


def test_side_lobes_of_a_large_line_are_charged_to_a_small_one():
    t = times(400)
    large = 2.0 + 0.37 / 20  # between two bins, 11 from the small one
    x = 1e3 * np.cos(2 * np.pi * large * t) + np.cos(2 * np.pi * 2.6 * t)
    y = -3e3 * np.cos(2 * np.pi * large * t) + np.cos(2 * np.pi * 2.6 * t + 0.4)
    bins = bins_of(spectra(x, y), 2.4, 2.8)
    place = int(np.argmin(np.abs(bins.frequencies - 2.6)))
    charged = bins.input_error[place] + bins.output_error[place]
    assert abs(bins.first[place] - 1.0) < charged
    alone = bins_of(spectra(np.cos(2 * np.pi * 2.6 * t), np.cos(2 * np.pi * 2.6 * t)), 2.4, 2.8)
    assert np.max(alone.input_error[np.argmax(alone.excited)]) < 1e-4


@pytest.mark.parametrize(("noise", "expected"), [(0.0, 0.5), (1 / 12, 0.5), (1 / 12 + 0.09, 0.085), (1 / 12 + 1, 0.0)])
def test_noise_blurs_the_steps_of_a_recorder(noise, expected):
    assert undithered(2.0, 4.0 * noise) == pytest.approx(2.0 * expected, abs=1e-3)


def test_mean_of_a_blurred_step_is_off_by_less_than_stated():
    rng = np.random.default_rng(9)
    level = 0.27
    for deviation in (0.2, 0.3, 0.5):
        read = np.rint(level + deviation * rng.normal(size=400_000))
        assert abs(np.mean(read) - level) <= undithered(1.0, deviation**2 + 1 / 12) + 4 * deviation / 600


def test_steps_and_interpolation_are_charged_to_the_amplitude():
    t = times(400)
    x = np.cos(2 * np.pi * 2.0 * t)
    found = spectra(x, x)
    plain, rough = (
        bins_of(found, 1.9, 2.1, (RecorderErrors(), recorder)) for recorder in (RecorderErrors(), RecorderErrors(0.1))
    )
    place = int(np.argmax(plain.excited))
    assert rough.output_error[place] - plain.output_error[place] == pytest.approx(0.05 * math.sqrt(2), rel=1e-3)
    smooth = bins_of(found, 1.9, 2.1, (RecorderErrors(interpolation=0.1), RecorderErrors()))
    white = 0.1 * math.sqrt(2) * math.sqrt(3 / found.samples)
    assert smooth.input_error[place] - plain.input_error[place] == pytest.approx(white, rel=1e-3)


def test_dead_output_has_no_coherence_and_no_upper_bound():
    t = times(400)
    bins = bins_of(spectra(np.cos(2 * np.pi * 2.0 * t), np.zeros(t.size)), 1.9, 2.1)
    assert not bins.coherence.any()
    assert np.isinf(bins.second).all()
    assert not bins.through.any()


@pytest.mark.parametrize("offset", [-0.5, -0.3, 0.0, 0.11, 0.4, 0.5])
@pytest.mark.parametrize("deviation", [0.0, 0.3, 3.0])
def test_line_is_placed_between_bins(offset, deviation):
    t, rng = times(400), np.random.default_rng(10)
    line = (40 + offset) / 20.0
    x = np.cos(2 * np.pi * line * t) + deviation * rng.normal(size=t.size)
    bins = bins_of(spectra(x, x), 1.8, 2.2)
    place = int(np.flatnonzero(bins.excited)[np.argmin(np.abs(bins.places[bins.excited] - line))])
    assert abs(bins.places[place] - line) <= bins.doubts[place]
    assert bins.doubts[place] < (0.02 + 0.2 * deviation) / 20.0  # 2 sqrt(noise / line) and 0.01 bins
