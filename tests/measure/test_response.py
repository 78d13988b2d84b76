"""Cross spectra, H1, H2 and coherence against closed forms and SciPy; the vectors of frequency response."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import coherence, csd, lfilter

from slacheck.contract import Block
from slacheck.measure.response import (
    CrossMeter,
    CrossSpectra,
    ResponseSettings,
    bins_of,
    independent_windows,
    local_floor,
)
from slacheck.measure.spectrum import taper

RATE = 50.0


def spectra(x, y, length=20.0, overlap=0.5, name="hann", rate=RATE, cuts=()):
    meter = CrossMeter(1 / rate, ResponseSettings(length, length * (1 - overlap), name))
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
    bins = bins_of(spectra(multisine(t, lines), y, 100.0), 0.1, 20.0, "hann")
    found = [at(bins, bins.first, f) for f in lines]
    # the vector's last digit, and what the linear detrending takes of ten cycles: 1 / (pi 10)^2 of a tenth of a line
    assert found == pytest.approx(expected, rel=1e-4, abs=5e-6)
    assert [f for f in lines if at(bins, bins.excited, f)] == lines


def test_boxcar_of_200_ms_fr2():
    t = times(400)
    lines = [1.0, 2.5, 3.0, 5.0]
    y = multisine(t, lines, lambda f: (abs(np.sinc(0.2 * f)), -math.pi * 0.2 * f))
    bins = bins_of(spectra(multisine(t, lines), y), 0.5, 6.0, "hann")
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
    bins = bins_of(skewed, 19.0, 21.0, "hann")
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
    one = np.ones(11)
    cross = np.full(11, math.sqrt(squared))
    found = CrossSpectra(np.arange(11.0), one, one, cross, np.zeros(11), count, count, float(count), 20)
    assert bins_of(found, 5.0, 9.0, "hann").error == pytest.approx(np.full(5, expected), abs=5e-5)


def test_impedance_fr6():
    t = times(2.0, 20_000.0)
    current = 10 * np.cos(2 * np.pi * 1000 * t)
    voltage = 1e-3 * current - 10e-6 * 10 * 2 * np.pi * 1000 * np.sin(2 * np.pi * 1000 * t)
    bins = bins_of(spectra(current, voltage, 0.05, rate=20_000.0), 900.0, 1100.0, "hann")
    assert at(bins, bins.first, 1000.0) == pytest.approx(62.840e-3, abs=5e-7)


def test_noise_on_the_output_fr7():
    rng = np.random.default_rng(1)
    x = rng.normal(size=200_000)
    y = 0.5 * x + 0.5 * rng.normal(size=x.size)
    bins = bins_of(spectra(x, y, 4.0), 1.0, 20.0, "hann")
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
    bins = bins_of(found, 0.3, 24.0, "hann")
    inside = (f >= 0.3) & (f <= 24.0)
    np.testing.assert_allclose(found.frequencies, f)
    np.testing.assert_allclose(bins.coherence, gamma[inside], rtol=1e-9)
    np.testing.assert_allclose(
        np.hypot(found.real, found.imaginary)[inside] / found.input_power[inside],
        np.abs(cross)[inside] / csd(x, x, **kwargs)[1].real[inside],
        rtol=1e-9,
    )


@pytest.mark.parametrize(("overlap", "least", "most"), [(0.0, 1.0, 1.0), (0.5, 0.93, 0.96), (0.75, 0.50, 0.54)])
def test_overlapping_hann_windows_count_for_less(overlap, least, most):
    weights = taper("hann", 1000)
    # Welch 1967: 50 % of Hann costs 5 % of the windows, 75 % nearly half
    assert least <= independent_windows(1000, weights, 1000 * (1 - overlap)) / 1000 <= most


def test_independent_windows_scatter_as_stated():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 8_000))
    y = x + rng.normal(size=x.shape)
    found = [bins_of(spectra(a, b, 4.0), 1.0, 20.0, "hann") for a, b in zip(x, y, strict=True)]
    scatter = np.std([bins.first for bins in found])
    stated = float(np.mean([np.mean(bins.error * bins.first) for bins in found]))
    assert stated == pytest.approx(scatter, rel=0.1)


def test_local_floor_of_noise_is_hardly_moved_by_lines():
    power = np.random.default_rng(4).exponential(size=4001)
    power[::40] = 1e4
    assert np.median(local_floor(power)) == pytest.approx(math.log(2), rel=0.1)


def test_input_of_noise_alone_is_not_excited():
    rng = np.random.default_rng(5)
    bins = bins_of(spectra(rng.normal(size=50_000), rng.normal(size=50_000)), 0.5, 20.0, "hann")
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
    scaled = bins_of(spectra(x, scale * y), 1.0, 20.0, "hann")
    np.testing.assert_allclose(scaled.first, scale * bins_of(whole, 1.0, 20.0, "hann").first, rtol=1e-9)
