"""Butterworth low-pass against SciPy's design and closed forms."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt, sosfreqz

from slacheck.contract import Block, Derive
from slacheck.measure.derive import make_transform
from slacheck.measure.lowpass import resting, sections
from slacheck.spec.derive import settling_time

RATE = 1000.0


def lowpass(cutoff, order):
    return Derive("lowpass", ("x",), settling_time(cutoff, order), frequency=cutoff, order=order)


def run(derive, samples, cuts=()):
    transform = make_transform(derive, 1 / RATE)
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < samples.size}), samples.size]
    blocks = [
        transform.push(Block(samples[np.newaxis, a:b], 0, a, a / RATE, 1 / RATE)) for a, b in itertools.pairwise(edges)
    ]
    return [block for block in blocks if block is not None]


@pytest.mark.parametrize("order", range(1, 9))
@pytest.mark.parametrize("cutoff", [0.5, 10.0, 240.0])
def test_response_is_that_of_scipy_and_minus_3_db_at_the_cutoff(order, cutoff):
    frequencies = np.linspace(0, 450, 40)
    own = sosfreqz(sections(cutoff, order, 1 / RATE), frequencies, fs=RATE)[1]
    theirs = sosfreqz(butter(order, cutoff, fs=RATE, output="sos"), frequencies, fs=RATE)[1]
    np.testing.assert_allclose(own, theirs, atol=1e-7)
    (at_cutoff,) = np.abs(sosfreqz(sections(cutoff, order, 1 / RATE), [cutoff], fs=RATE)[1])
    assert at_cutoff == pytest.approx(math.sqrt(0.5), rel=1e-7)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_rest_state_holds_a_constant(order):
    rows = sections(20.0, order, 1 / RATE)
    filtered, _ = sosfilt(rows, np.full((1, 300), 7.0), axis=1, zi=resting(rows, np.array([7.0])))
    np.testing.assert_allclose(filtered, 7.0, rtol=1e-11)


@pytest.mark.parametrize("order", [1, 2, 4, 8])
def test_start_is_left_out_until_it_is_forgotten_to_a_millionth(order):
    rng = np.random.default_rng(1)
    samples = rng.normal(size=6000)
    (late,) = run(lowpass(10.0, order), samples[3000:])
    (whole,) = run(lowpass(10.0, order), samples)
    kept = late.samples[0]
    assert late.start == math.ceil(settling_time(10.0, order) * RATE)
    # two pasts differ by a few at the filter's input; the slowest poles shrink that by 1e-6, n of them add up
    assert np.max(np.abs(kept - whole.samples[0, -kept.size :])) <= 1e-5


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 1999), max_size=10), order=st.integers(1, 8))
def test_bits_ignore_cuts(cuts, order):
    samples = np.random.default_rng(2).normal(size=2000)
    (whole,) = run(lowpass(30.0, order), samples)
    pieces = run(lowpass(30.0, order), samples, cuts)
    np.testing.assert_array_equal(np.concatenate([piece.samples[0] for piece in pieces]), whole.samples[0])
    assert pieces[0].start == whole.start


def test_cutoff_near_half_the_sample_rate_filters_nothing():
    samples = np.arange(10.0)
    (block,) = run(lowpass(460.0, 2), samples)
    np.testing.assert_array_equal(block.samples[0], samples)
