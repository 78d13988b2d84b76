"""Spectra: tapers and periodograms against scipy.signal, bands, lines and their edges."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from slacheck.measure.spectrum import (
    BandEdges,
    as_lines,
    detrended,
    noise_density,
    periodograms,
    power_spectra,
    side_lobes,
    taper,
)
from slacheck.measure.tapers import BANDWIDTH_BINS, FLATTOP_RIPPLE, HALF_LOBE, SCALLOPED

NAMES = {"hann": "hann", "rectangular": "boxcar", "blackmanharris": "blackmanharris", "flattop": "flattop"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [64, 1001])
def test_taper_equals_scipy(name, length):
    np.testing.assert_allclose(taper(name, length), scipy.signal.get_window(NAMES[name], length), atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_taper_numbers_follow_from_the_taper(name):
    weights = taper(name, 4096)
    assert 4096 * np.sum(weights**2) / np.sum(weights) ** 2 == pytest.approx(BANDWIDTH_BINS[name], abs=2e-4)
    transform = np.abs(np.fft.rfft(weights, 16 * 4096)) / np.sum(weights)
    assert transform[16 * HALF_LOBE[name]] < 1e-4


def test_flattop_ripple_is_the_gain_within_half_a_bin():
    weights = taper("flattop", 4096)
    gain = np.abs(np.fft.rfft(weights, 256 * 4096))[:129] / np.sum(weights) - 1.0
    low, high = FLATTOP_RIPPLE
    assert low <= float(np.min(gain)) < 0.8 * low
    assert 0.8 * high < float(np.max(gain)) <= high


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [500, 501])
@pytest.mark.parametrize("remove", ["mean", "linear"])
def test_periodogram_equals_scipy(name, length, remove):
    samples = np.random.default_rng(1).normal(size=(3, length)) + np.arange(length)
    how = "constant" if remove == "mean" else "linear"
    _, expected = scipy.signal.periodogram(samples, 10.0, NAMES[name], detrend=how, scaling="density")
    found = power_spectra(detrended(samples, remove), taper(name, length)) / (10.0 / length)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)
    _, lines = scipy.signal.periodogram(samples, 10.0, NAMES[name], detrend=how, scaling="spectrum")
    np.testing.assert_allclose(
        as_lines(periodograms(samples, taper(name, length), remove), taper(name, length)), lines, rtol=1e-9, atol=1e-15
    )


def test_power_of_the_whole_spectrum_is_the_mean_square():
    samples = detrended(np.random.default_rng(2).normal(size=(2, 300)), "mean")
    spectra = power_spectra(samples, taper("rectangular", 300))
    np.testing.assert_allclose(BandEdges(0.5, 150.5, 151).power(spectra), np.mean(samples**2, axis=1), rtol=1e-12)


def test_detrending_a_line_leaves_nothing():
    line = 40e6 + 3.0 * np.arange(1000.0)[np.newaxis]
    assert np.max(np.abs(detrended(line, "linear"))) < 40e6 * 1e-14


def test_band_counts_edge_bins_by_the_part_inside():
    spectra = np.ones((1, 11))
    assert BandEdges(2.25, 4.0, 11).power(spectra) == pytest.approx(1.75)
    assert BandEdges(2.1, 2.3, 11).power(spectra) == pytest.approx(0.2)
    assert BandEdges(9.0, 40.0, 11).power(spectra) == pytest.approx(1.5)  # the spectrum ends at bin 10, 10.5
    assert BandEdges(20.0, 40.0, 11).power(spectra) == 0.0
    assert BandEdges(1.0, 4.0, 11).moved(5.0).power(spectra) == pytest.approx(8.5)  # DC, below 0.5, never counts


@pytest.mark.parametrize("name", ["hann", "rectangular", "blackmanharris"])
@pytest.mark.parametrize("distance", [1.0, 2.5, 5.5, 20.5, 100.5])
def test_leakage_bounds_what_a_tone_outside_brings_in(name, distance):
    length, low = 4000, 300.0
    tone = np.sin(2 * np.pi * (low - distance) * np.arange(length) / length + 1)[np.newaxis]
    spectra = power_spectra(tone, taper(name, length))
    band = BandEdges(low, 1500.0, length // 2 + 1)
    brought = band.moved(-HALF_LOBE[name]).power(spectra)
    assert brought[0] <= band.leakage(spectra, name)[0] + 1e-15


def lines_of(frequency, length=1000):
    tone = np.sin(2 * np.pi * frequency * np.arange(length) / length + 0.3)[np.newaxis]
    return as_lines(power_spectra(tone, taper("flattop", length)), taper("flattop", length))


@pytest.mark.parametrize("frequency", [100.0, 100.25, 100.5])
def test_largest_line_of_a_tone_is_its_rms(frequency):
    found = np.sqrt(BandEdges(80.0, 120.0, 501).largest_line(lines_of(frequency)))[0]
    assert np.sqrt(0.5) * (1 + FLATTOP_RIPPLE[0]) <= found <= np.sqrt(0.5) * (1 + FLATTOP_RIPPLE[1])


def test_largest_line_ignores_the_skirt_of_a_tone_outside():
    assert BandEdges(102.0, 200.0, 501).largest_line(lines_of(100.0))[0] < 1e-8


def test_largest_line_outside_the_spectrum_is_none():
    assert BandEdges(900.0, 950.0, 501).largest_line(lines_of(100.0)).tolist() == [0.0]


def test_noise_density_is_that_of_white_noise_in_spite_of_lines():
    samples = np.random.default_rng(4).normal(size=(1, 50_000))
    samples += np.sin(2 * np.pi * 0.4 * np.arange(50_000))
    spectra = power_spectra(samples, taper("hann", 50_000))
    # 10 000 bins looked at every second one: the median scatters by 1 / sqrt(5000) / ln 2 = 2 %
    assert noise_density(spectra, 1000.0)[0] == pytest.approx(2.0 / 50_000, rel=0.08)


def test_noise_density_without_room_above_is_zero():
    assert noise_density(np.ones((1, 101)), 85.0).tolist() == [0.0]


@pytest.mark.parametrize("name", NAMES)
def test_lines_between_bins_and_far_away_read_no_more_than_stated(name):
    length, parts = 4096, 16
    weights = taper(name, length)
    transform = np.abs(np.fft.rfft(weights, length * parts)) / np.sum(weights)
    distance = np.arange(transform.size) / parts
    assert transform[parts // 2] == pytest.approx(SCALLOPED[name], abs=1e-4)
    beyond = (distance > HALF_LOBE[name]) & (distance < 200.0)
    assert np.all(transform[beyond] <= 1.01 * side_lobes(distance[beyond], name))
