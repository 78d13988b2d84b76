"""Sliding rms and mean against direct sums and closed forms; bits do not depend on block cuts."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block, Derive
from slacheck.measure.derive import make_transform

EPS = np.finfo(float).eps


def rms(window, step):
    return Derive("rms", ("x",), window, step)


def mean(window):
    return Derive("mean", ("x",), window)


def run(derive, samples, interval, *, cuts=(), first_time=0.0, start=0, segment=0, transform=None):
    """Feed one segment cut at `cuts`; the blocks that come out."""
    samples = np.atleast_2d(np.asarray(samples, dtype=float))
    transform = transform or make_transform(derive, interval)
    edges = [0, *sorted({c for c in cuts if 0 < c < samples.shape[1]}), samples.shape[1]]
    out = []
    for a, b in itertools.pairwise(edges):
        piece = np.ascontiguousarray(samples[:, a:b])
        block = transform.push(Block(piece, segment, start + a, first_time + a * interval, interval))
        if block is not None:
            out.append(block)
    return out


def joined(blocks):
    """Times and rows of blocks of one segment, which must follow one another."""
    times, rows, after = [], [], None
    for block in blocks:
        n = block.samples.shape[1]
        assert n > 0
        assert block.samples.flags.c_contiguous
        assert after is None or block.start == after
        after = block.start + n
        times.append(block.first_time + np.arange(n) * block.interval)
        rows.append(block.samples)
    return np.concatenate(times), np.concatenate(rows, axis=1)


def direct_rms(samples, interval, window, t, first_time):
    """Weighted sum over cells, one window at a time."""
    ends = first_time + np.arange(samples.size) * interval
    weight = np.clip(np.minimum(ends, t) - np.maximum(ends - interval, t - window), 0.0, None)
    return math.sqrt(math.fsum(weight * samples**2) / window)


def test_rms_without_a_step_is_refused():
    with pytest.raises(ValueError, match="the operation rms lacks its step or frequency"):
        make_transform(Derive("rms", ("x",), 0.02, None), 1e-4)


@pytest.mark.parametrize("rate", [10_000.0, 7678.48, 960.0])
@pytest.mark.parametrize("frequency", [50.0, 60.0])
def test_rms_of_a_sine_over_its_period_is_its_rms(rate, frequency):
    t = np.arange(int(rate)) / rate
    x = math.sqrt(2.0) * 230.0 * np.sin(2 * np.pi * frequency * t + 0.3)
    (block,) = run(rms(1 / frequency, 0.5 / frequency), x, 1 / rate)
    per_cycle = rate / frequency
    assert block.first_time == pytest.approx(math.ceil((1 / frequency - 1 / rate) * 2 * frequency) / (2 * frequency))
    assert np.max(np.abs(block.samples / 230.0 - 1)) <= math.pi / (4 * per_cycle**2) * 1.05 + 1e-12


def test_rms_is_stamped_on_the_grid_of_the_record_whatever_the_segment_starts_at():
    (block,) = run(rms(0.02, 0.01), np.ones(1000), 1e-3, first_time=5.0037, start=5004, segment=3)
    assert (block.segment, block.interval) == (3, 0.01)
    assert block.start == 503  # the first window that lies in the cells from 5.0027 s on ends at 5.03 s
    assert block.first_time == pytest.approx(5.03, abs=1e-12)
    assert block.start + block.samples.shape[1] - 1 == 600
    np.testing.assert_allclose(block.samples, 1.0, rtol=4 * EPS)


def test_rms_of_the_first_whole_window_counts_the_cell_before_the_first_sample():
    (block,) = run(rms(0.004, 0.001), [1.0, 2.0, 3.0, 4.0, 5.0], 0.001)
    assert block.start == 3
    np.testing.assert_allclose(block.samples[0] ** 2, [30 / 4, 54 / 4])


def test_rms_new_segment_starts_anew():
    transform = make_transform(rms(0.02, 0.01), 1e-3)
    run(None, np.full(25, 100.0), 1e-3, transform=transform)
    (block,) = run(None, np.ones(60), 1e-3, first_time=0.1, start=100, segment=1, transform=transform)
    assert (block.segment, block.start) == (1, 12)
    np.testing.assert_allclose(block.samples, 1.0, rtol=4 * EPS)


def test_rms_segment_shorter_than_the_window_gives_nothing():
    assert run(rms(0.02, 0.01), np.ones(19), 1e-3) == []


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 1000),
    window=st.floats(0.3, 40.0),
    step=st.floats(0.4, 60.0),
    cuts=st.lists(st.integers(1, 399), max_size=12),
    first_time=st.floats(0.0, 7.0),
)
def test_rms_random_windows_equal_direct_sums_and_bits_ignore_cuts(seed, window, step, cuts, first_time):
    interval = 1e-3
    x = np.random.default_rng(seed).normal(size=(2, 400))
    derive = rms(window * interval, step * interval)
    whole = run(derive, x, interval, first_time=first_time)
    pieces = run(derive, x, interval, first_time=first_time, cuts=cuts)
    times, rows = joined(whole)
    cut_times, cut_rows = joined(pieces)
    np.testing.assert_array_equal(rows, cut_rows)
    np.testing.assert_allclose(times, cut_times, rtol=1e-14)
    assert times[0] - window * interval >= first_time - interval - 1e-6
    assert times[-1] <= first_time + 399 * interval + 1e-6
    for i in {0, times.size // 2, times.size - 1}:
        for row, source in zip(rows, x, strict=True):
            expected = direct_rms(source, interval, derive.window, times[i], first_time)
            # a window end is moved by at most 1e-4 of a cell
            assert row[i] == pytest.approx(expected, abs=2e-4 * np.max(np.abs(source)) / min(1, window))


@settings(max_examples=25, deadline=None)
@given(off=st.floats(-0.02, 0.02), phase=st.floats(0, 6.28))
def test_rms_off_nominal_frequency_ripples_within_its_closed_form(off, phase):
    t = np.arange(20_000) / 10_000.0
    x = math.sqrt(2.0) * np.sin(2 * np.pi * 50.0 * (1 + off) * t + phase)
    (block,) = run(rms(0.02, 0.01), x, 1e-4)
    ripple = abs(math.sin(2 * math.pi * off)) / (4 * math.pi * (1 + off))
    assert np.max(np.abs(block.samples - 1)) <= ripple * (1 + 2 * ripple) + math.pi / (4 * 200**2) * 2


def test_rms_late_in_a_long_record_is_as_exact_as_at_its_start():
    rate, late = 20_000.0, 7 * 86_400.0
    t = np.arange(20_000) / rate
    x = np.sin(2 * np.pi * 50 * t)
    (block,) = run(rms(0.02, 0.01), x, 1 / rate, first_time=late, start=round(late * rate))
    np.testing.assert_allclose(block.samples, math.sqrt(0.5), rtol=1e-9)


@pytest.mark.parametrize("window", [1, 2, 7, 50])
def test_mean_equals_direct_means(window):
    x = np.random.default_rng(1).normal(1e6, 1.0, 200)
    (block,) = run(mean(window * 1e-3), x, 1e-3, first_time=2.0, start=2000, segment=4)
    expected = [math.fsum(x[i - window + 1 : i + 1]) / window for i in range(window - 1, 200)]
    assert (block.segment, block.start, block.interval) == (4, 2000 + window - 1, 1e-3)
    assert block.first_time == pytest.approx(2.0 + (window - 1) * 1e-3)
    np.testing.assert_allclose(block.samples[0], expected, rtol=(window + 2) * EPS)


def test_mean_of_a_fractional_window_weighs_the_oldest_sample():
    (block,) = run(mean(2.5e-3), [4.0, 1.0, 2.0, 3.0, 7.0], 1e-3)
    np.testing.assert_allclose(
        block.samples[0], [(2 + 3 / 1 * 0 + 1 + 2.0) / 2.5, (3 + 2 + 0.5) / 2.5, (7 + 3 + 1) / 2.5]
    )


def test_mean_window_up_to_one_sample_changes_nothing():
    x = np.random.default_rng(2).normal(size=30)
    (block,) = run(mean(0.4e-3), x, 1e-3)
    np.testing.assert_array_equal(block.samples[0], x)


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 1000),
    window=st.floats(0.5, 70.0),
    cuts=st.lists(st.integers(1, 299), max_size=12),
)
def test_mean_bits_ignore_cuts(seed, window, cuts):
    x = np.random.default_rng(seed).normal(size=(2, 300))
    times, rows = joined(run(mean(window * 1e-3), x, 1e-3))
    cut_times, cut_rows = joined(run(mean(window * 1e-3), x, 1e-3, cuts=cuts))
    np.testing.assert_array_equal(rows, cut_rows)
    np.testing.assert_allclose(times, cut_times, rtol=1e-14)


def test_mean_does_not_drift_after_a_huge_value_has_left_the_window():
    transform = make_transform(mean(0.1), 1e-3)
    x = np.ones(50_000)
    x[500:900] = 1e18
    (block,) = run(None, x, 1e-3, transform=transform)
    np.testing.assert_array_equal(block.samples[0, 2000:], 1.0)


def test_mean_holds_no_more_than_two_windows():
    transform = make_transform(mean(0.1), 1e-3)
    for i in range(50):
        transform.push(Block(np.ones((1, 1000)), 0, i * 1000, i * 1.0, 1e-3))
    assert transform._rows[0]._line.size == transform._rows[0]._before.size == 100


def test_rms_holds_no_more_than_a_window_between_blocks():
    transform = make_transform(rms(0.1, 0.05), 1e-3)
    for i in range(50):
        transform.push(Block(np.ones((1, 1000)), 0, i * 1000, i * 1.0, 1e-3))
        assert transform.mean._held.shape[1] <= 152


def test_rms_of_a_derived_mean_runs_through_two_transforms():
    first, second = make_transform(mean(2e-3), 1e-3), make_transform(rms(4e-3, 2e-3), 1e-3)
    middle = first.push(Block(np.arange(12.0)[np.newaxis], 0, 0, 0.0, 1e-3))
    last = second.push(middle)
    assert middle.start == 1
    assert last.start == 2
    np.testing.assert_allclose(last.samples[0, 0] ** 2, (0.5**2 + 1.5**2 + 2.5**2 + 3.5**2) / 4)
