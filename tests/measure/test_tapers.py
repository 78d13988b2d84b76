"""Numbers of the tapers against sums over the tapers themselves."""

import math

import numpy as np
import pytest

from slacheck.measure.spectrum import taper
from slacheck.measure.tapers import COSINES, independent_windows, lobe_variance


@pytest.mark.parametrize("name", ["hann", "blackmanharris", "flattop"])
def test_lobe_variance_is_that_of_the_squared_transform(name):
    weights = taper(name, 4096)
    power = np.abs(np.fft.fft(weights)) ** 2
    bins = np.fft.fftfreq(4096, 1 / 4096)
    assert lobe_variance(name) == pytest.approx(float(np.sum(bins**2 * power) / np.sum(power)), rel=1e-4)


@pytest.mark.parametrize("name", list(COSINES))
@pytest.mark.parametrize(("count", "overlap"), [(1, 0.5), (2, 0.5), (20, 0.0), (20, 0.5), (40, 0.75), (30, 0.66)])
def test_independent_windows_are_those_of_the_sampled_taper(name, count, overlap):
    size = 6000
    weights, step, total = taper(name, size), round(size * (1 - overlap)), 1.0
    for lag in range(1, count):
        shift = lag * step
        if shift >= size:
            break
        rho = float(np.sum(weights[shift:] * weights[:-shift]) / np.sum(weights**2))
        total += 2 * (1 - lag / count) * rho**2
    assert independent_windows(count, overlap, name) == pytest.approx(count / total, rel=1e-3)


def test_overlap_of_half_a_hann_window_costs_a_twentieth():
    assert independent_windows(10_000, 0.5, "hann") / 10_000 == pytest.approx(1 / (1 + 2 / 36), rel=1e-3)  # rho = 1/6
    assert math.isclose(independent_windows(7, 0.0, "hann"), 7.0)
