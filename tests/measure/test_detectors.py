"""Detected spectra: against SciPy, any cut of the record, quantiles in classes, memory."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block
from slacheck.measure.detectors import FINE, Classes, DetectorMeter, FrameSettings, class_edges
from slacheck.measure.mask import Mask
from slacheck.measure.spectrum import taper

DT = 1e-3
MASK = Mask((((20.0, 0.1), (300.0, 1.0)),), "loglog")
RANDOM = np.random.default_rng(7)
RECORD = 5.0 + np.sin(2 * math.pi * 50.3 * DT * np.arange(8000)) + RANDOM.normal(0, 0.1, 8000)


def measured(samples, frames, mask=None, cuts=(), segments=None):
    meter = DetectorMeter(DT, frames, mask)
    edges = (0, *cuts, samples.size)
    for number, (first, last) in enumerate(itertools.pairwise(edges)):
        segment = 0 if segments is None else segments[number]
        meter.update(Block(samples[np.newaxis, first:last], segment, first, first * DT, DT))
    return meter.reading()


@pytest.mark.parametrize("name", ["flattop", "hann", "blackmanharris"])
def test_mean_and_largest_are_those_of_scipy(name):
    frames = FrameSettings(2.0, name)
    found = measured(RECORD, frames)
    n, step = found.samples, found.samples // (4 if name == "flattop" else 2)
    assert n == round(frames.length / DT)
    weights = taper(name, n)
    how = {"fs": 1000.0, "window": weights, "detrend": "linear", "scaling": "spectrum"}
    _, mean = scipy.signal.welch(RECORD, nperseg=n, noverlap=n - step, **how)
    np.testing.assert_allclose(found.mean[1:-1], mean[1:-1], rtol=1e-9, atol=1e-18)
    each = [scipy.signal.periodogram(RECORD[k : k + n], **how)[1] for k in range(0, RECORD.size - n + 1, step)]
    assert found.frames == found.possible == len(each)
    np.testing.assert_allclose(found.largest[1:-1], np.max(each, axis=0)[1:-1], rtol=1e-9, atol=1e-18)
    assert found.when[30] == pytest.approx(np.argmax([one[30] for one in each]) * step * DT)


def test_white_noise_reads_by_the_root_of_the_resolution_sm4():
    noise = np.random.default_rng(1).normal(0, 1, 200_000)
    fine, coarse = (np.mean(measured(noise, FrameSettings(width, "hann")).mean[20:-20]) for width in (1.0, 10.0))
    assert 10 * math.log10(coarse / fine) == pytest.approx(10.0, abs=0.06)  # 1/sqrt(200 s * 500 Hz), 4 deviations
    assert fine == pytest.approx(2.0 * DT * 1.0, rel=0.013)  # resolution times density


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, RECORD.size - 1), unique=True, max_size=6).map(sorted))
def test_reading_does_not_depend_on_where_the_record_is_cut(cuts):
    whole, cut = (measured(RECORD, FrameSettings(4.0, "flattop"), MASK, at) for at in ((), tuple(cuts)))
    for name in ("largest", "mean", "when"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name))
    assert np.array_equal(whole.classes.counts, cut.classes.counts)
    assert (whole.frames, whole.possible, whole.independent) == (cut.frames, cut.possible, cut.independent)


def test_gap_costs_the_frames_that_it_touches():
    samples = np.concatenate([RECORD[:3000], RECORD[3100:]])
    meter = DetectorMeter(DT, FrameSettings(3.0, "hann"))
    meter.update(Block(samples[np.newaxis, :3000], 0, 0, 0.0, DT))
    meter.update(Block(samples[np.newaxis, 3000:], 1, 3100, 3.1, DT))
    found = meter.reading()
    assert (found.samples, found.possible, found.frames) == (500, 31, 29)


def test_record_shorter_than_a_frame_has_none():
    found = measured(RECORD[:100], FrameSettings(2.0, "hann"))
    assert (found.frames, found.possible, float(np.max(found.largest))) == (0, 0, 0.0)


def test_quantile_lies_in_its_class():
    levels = np.linspace(0.2, 0.8, 100)  # amplitude in each of 100 stretches of two frames
    rate, resolution = 1 / DT, 7.5
    n = round(1.5 / resolution * rate)
    t = np.arange(2 * n * levels.size) * DT
    samples = math.sqrt(2) * np.repeat(levels, 2 * n) * np.sin(2 * math.pi * 100.0 * t)
    found = measured(samples, FrameSettings(resolution, "hann"), Mask((((50.0, 0.5), (150.0, 0.5)),), "linear"))
    low, high = found.classes.bracket(0)
    place = round(100.0 / found.spacing) - found.classes.first
    assert found.frames == 399
    true = levels[94]  # rank 380 of 399, four frames a level; the frames between two levels read between them
    assert low[place] <= true * 1.01
    assert high[place] >= true * 0.99
    assert high[place] / low[place] == pytest.approx(FINE)


def test_missing_frames_open_a_quantile():
    counts = np.zeros((1, class_edges().size + 1), dtype=np.int32)
    half = int(np.searchsorted(class_edges(), 0.5 - 1e-9))
    counts[0, half], counts[0, half + 40] = 96, 4
    classes = Classes(0, np.array([2.0]), counts)
    low, high = classes.bracket(0)
    assert low[0] <= 1.0 <= high[0]
    assert high[0] / low[0] < 1.15
    assert classes.bracket(3)[1][0] > high[0]  # rank 98 of 103
    assert math.isinf(classes.bracket(10)[1][0])
    assert classes.bracket(10)[0][0] == low[0]
    assert classes.bracket(3000)[0][0] == 0.0


def test_classes_are_fine_round_the_limit():
    edges = class_edges()
    ratios = edges[1:] / edges[:-1]
    fine = (edges[:-1] >= 0.5) & (edges[1:] <= 2.0)
    assert np.all(ratios[fine] < FINE + 1e-9)
    assert edges[0] <= 1e-3
    assert edges[-1] >= 1e3
    assert np.all(ratios < 1.1221)
    assert 1.0 in edges


@pytest.mark.parametrize(("name", "steps"), [("flattop", 4), ("hann", 2)])
def test_overlapping_frames_are_worth_almost_as_many_independent_ones(name, steps):
    found = measured(RECORD, FrameSettings(4.0, name))
    assert FrameSettings(4.0, name).steps == steps
    assert 0.94 * found.frames < found.independent < found.frames
