"""Noise of a waveform beside its harmonics."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from slacheck.measure.cyclic_noise import CyclicNoiseMeter, repeat
from tests.measure.streams import blocks, cuts, feed, segments


def waveform(rate, frequency, sigma, seed=1, seconds=5.0):
    times = np.arange(round(rate * seconds)) / rate
    orders = ((1, 1.0), (3, 0.04), (5, 0.05), (7, 0.04), (11, 0.035), (13, 0.03), (25, 0.01))
    wave = sum(a * np.sin(2.0 * math.pi * frequency * h * times + h) for h, a in orders)
    return wave + sigma * np.random.default_rng(seed).standard_normal(times.size)


@pytest.mark.parametrize("rate", [3200, 3840, 6400, 10000, 10240, 12800])
@pytest.mark.parametrize("nominal", [50.0, 60.0])
@pytest.mark.parametrize("sigma", [0.001, 0.01])
def test_noise_beside_harmonics_is_found_to_a_tenth_or_what_the_harmonics_leave(rate, nominal, sigma):
    found = feed(CyclicNoiseMeter(1.0 / rate, nominal), blocks(waveform(rate, nominal * 1.0004, sigma), 1.0 / rate))
    assert 0.9 * sigma < found < 1.1 * sigma + 2e-4


@pytest.mark.parametrize(
    ("rate", "frequency", "samples"),
    [(3200, 50, 64), (10240, 50, 205), (3840, 50, 384), (10000, 60, 500), (12800, 60, 640)],
)
def test_waveform_repeats_after_whole_cycles(rate, frequency, samples):
    assert repeat(1.0 / rate, frequency) == samples


@settings(max_examples=20, deadline=None)
@given(cuts(3200))
def test_noise_does_not_depend_on_where_blocks_are_cut(places):
    samples, interval = waveform(3200, 50.0, 0.01, seconds=1.0), 1.0 / 3200.0
    whole = feed(CyclicNoiseMeter(interval, 50.0), blocks(samples, interval))
    assert feed(CyclicNoiseMeter(interval, 50.0), blocks(samples, interval, places)) == whole


def test_gap_is_not_noise():
    samples, interval = waveform(3200, 50.0, 0.001, seconds=2.0), 1.0 / 3200.0
    stream = segments(samples, interval, [(1000, 1013), (3000, 3071)])
    assert feed(CyclicNoiseMeter(interval, 50.0), stream) == pytest.approx(0.001, rel=0.1)


def test_record_shorter_than_the_cycles_has_no_noise():
    assert feed(CyclicNoiseMeter(1.0 / 3200.0, 50.0), blocks(np.ones(100), 1.0 / 3200.0)) == 0.0
