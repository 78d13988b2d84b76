"""Range in a sliding window: closed forms (DY1, DY2), pandas as oracle, cuts and gaps."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure import windows
from slacheck.measure.rolling import RangeMeter
from tests.measure.streams import blocks, cuts, feed, segments


@pytest.mark.parametrize(("window", "expected"), [(0.2, 0.61803), (0.5, 1.41421), (1.0, 2.0), (2.0, 2.0)])
def test_range_of_a_sine_is_the_closed_form_dy1(window, expected):
    times = np.arange(0.0, 20.0, 1e-3)
    found = feed(RangeMeter(1e-3, window), blocks(np.sin(math.pi * times), 1e-3))
    # the window need not start at a sample: the sine moves at most pi dt / 2 of its swing, squared
    assert found.value == pytest.approx(expected, abs=1e-5)
    assert found.low == found.high == found.value


def test_range_of_a_square_is_its_step_dy2():
    times = np.arange(0.0, 20.0, 0.01)
    found = feed(RangeMeter(0.01, 1.1), blocks(np.where(times % 2 < 1, 40e3, 132e3), 0.01))
    assert found.value == 92e3


@pytest.mark.parametrize("window", [3, 10, 64, 333])
def test_range_equals_pandas_rolling(window, monkeypatch):
    monkeypatch.setattr(windows, "BATCH", 128)
    samples = np.random.default_rng(1).normal(size=2000).cumsum()
    rolling = pd.Series(samples).rolling(window + 1)
    expected = (rolling.max() - rolling.min()).to_numpy()
    found = feed(RangeMeter(1.0, float(window)), blocks(samples, 1.0))
    assert found.value == np.nanmax(expected)
    assert found.time == int(np.nanargmax(expected))
    assert found.windows == found.possible == 2000 - window


def test_range_window_of_a_million_samples_works():
    samples = np.zeros(2_500_000)
    samples[100], samples[1_000_100], samples[2_000_101] = 1.0, -1.0, 5.0
    found = feed(RangeMeter(1.0, 1e6), blocks(samples, 1.0, range(131072, samples.size, 131072)))
    assert found.value == 5.0  # -1 and 5 are 1 000 001 samples apart
    samples[2_000_100] = 5.0
    assert feed(RangeMeter(1.0, 1e6), blocks(samples, 1.0)).value == 6.0


def test_range_between_whole_windows_holds_both_in_its_bracket():
    samples = np.concatenate([np.zeros(10), np.arange(1.0, 31.0)])
    found = feed(RangeMeter(1.0, 4.25), blocks(samples, 1.0))
    assert (found.low, found.value, found.high) == (4.0, 4.25, 5.0)


def test_range_does_not_span_a_gap():
    samples = np.concatenate([np.zeros(50), np.full(50, 9.0)])
    found = feed(RangeMeter(1.0, 5.0), segments(samples, 1.0, [(49, 50)]))
    assert found.value == 0.0
    assert (found.windows, found.possible) == (44 + 45, 95)


@pytest.mark.parametrize("samples", [1, 5])
def test_range_without_a_complete_window_is_none(samples):
    assert feed(RangeMeter(1.0, 5.0), blocks(np.zeros(samples), 1.0)) is None


def test_range_without_any_block_is_none():
    assert RangeMeter(1.0, 5.0).reading() is None


@given(
    at=cuts(399),
    window=st.floats(0.5, 450.0),
    averaged=st.sampled_from([0.0, 1.0, 2.5, 30.0]),
    share=st.sampled_from([None, (99, 100), (95, 100)]),
)
@settings(max_examples=50, deadline=None)
def test_range_is_the_same_to_the_bit_wherever_the_record_is_cut(at, window, averaged, share):
    samples = np.random.default_rng(2).normal(40e6, 1e6, 400)
    gaps = [(100, 103), (250, 251)]
    readings = [
        feed(RangeMeter(1.0, window, averaged, share), segments(samples, 1.0, gaps, where)) for where in ((), at)
    ]
    assert readings[0] == readings[1]


@given(shift=st.integers(-(10**9), 10**9), scale=st.sampled_from([0.5, 2.0, 1024.0]), flip=st.booleans())
@settings(max_examples=30, deadline=None)
def test_range_ignores_offset_and_polarity_and_scales(shift, scale, flip):
    samples = np.random.default_rng(4).integers(-1000, 1000, 300).astype(float)
    before = feed(RangeMeter(1.0, 20.0), blocks(samples, 1.0))
    after = feed(RangeMeter(1.0, 20.0), blocks((-1.0 if flip else 1.0) * scale * samples + shift, 1.0))
    assert after.value == scale * before.value
    assert after.time == before.time


def test_quantile_of_ranges_brackets_the_exact_one():
    samples = np.random.default_rng(6).normal(size=5000).cumsum()
    rolling = pd.Series(samples).rolling(51)
    exact = np.sort((rolling.max() - rolling.min()).dropna())
    found = feed(RangeMeter(1.0, 50.0, share=(99, 100)), blocks(samples, 1.0))
    truth = exact[-(-len(exact) * 99 // 100) - 1]
    assert found.low <= truth <= found.high
    assert found.high - found.low <= found.value / 4096 * 1.001


def test_quantile_with_missing_windows_is_open_where_they_could_decide():
    samples = np.arange(1000.0)
    found = feed(RangeMeter(1.0, 10.0, share=(95, 100)), segments(samples, 1.0, [(400, 500)]))
    assert found.high is None  # 110 of 990 windows are missing: more than the 5 % above the quantile
    assert found.low <= 10.0
