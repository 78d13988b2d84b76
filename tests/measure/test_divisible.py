"""Meters that look at pieces of a record: put together, the reading of the whole, to the bit."""

import copy
import dataclasses
import itertools
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Divisible, Place
from slacheck.measure import aggregates, frames, noise, windows
from slacheck.measure.aggregates import AggregateMeter
from slacheck.measure.detectors import DetectorMeter, FrameSettings
from slacheck.measure.mask import Mask
from slacheck.measure.noise import NoiseMeter
from slacheck.measure.ramp import RampMeter
from slacheck.measure.ripple import BandReader, RippleMeter, WindowSettings
from slacheck.measure.rolling import RangeMeter
from slacheck.measure.tree_sum import TreeSum
from tests.measure.streams import blocks, cuts, feed

DT, COUNT, ORIGIN, START = 0.01, 6000, 40.12, 4012
P95 = (95, 100)
BANDS = (BandReader("rms", 1.0, 5.0), BandReader("line", 3.0, 9.0), BandReader("fraction", 2.0, 4.0, (1.0, 20.0)))
MASK = Mask((((1.0, 2.0), (20.0, 0.5)),), "loglog")
METERS = {
    "noise": lambda: NoiseMeter(),
    **{
        f"ramp {estimator} {window} {pre_average} {share}": partial(
            RampMeter, DT, window, estimator, pre_average, share
        )
        for estimator in ("difference", "least_squares", "block")
        for window, pre_average, share in ((0.5, 0.0, None), (0.503, 0.071, P95), (3.0, 0.2, None))
    },
    **{
        f"range {window} {pre_average} {share}": partial(RangeMeter, DT, window, pre_average, share)
        for window, pre_average, share in ((0.5, 0.0, None), (0.503, 0.071, P95), (3.0, 0.2, None))
    },
    "ripple, all windows": partial(RippleMeter, DT, WindowSettings(2.0, 0.35), BANDS),
    "ripple, the worst": partial(RippleMeter, DT, WindowSettings(2.0, 0.35), BANDS, every=False),
    "spectrum": partial(DetectorMeter, DT, FrameSettings(1.0, "hann")),
    "spectrum in classes": partial(DetectorMeter, DT, FrameSettings(0.6, "flattop"), MASK),
    **{
        f"aggregates {length} {method}": partial(
            AggregateMeter, DT, length=length, method=method, bands=((-1.0, None), (None, 2.0), (-3.0, 3.0))
        )
        for length, method in ((None, "none"), (0.2, "rms"), (0.237, "mean"), (4.0, "mean"))
    },
}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """So that a short record holds many."""
    for module, name, value in (
        (windows, "BATCH", 128),
        (aggregates, "BATCH", 128),
        (frames, "BATCH", 512),
        (noise, "_WHOLE", 1000),
        (noise, "_PERIOD", 256),
        (noise, "_STRETCH", 32),
        (noise, "_GOLDEN", 158),
    ):
        monkeypatch.setattr(module, name, value)


def record(seed, quantised):
    numbers = np.random.default_rng(seed)
    samples = np.cumsum(numbers.normal(0, 0.05, COUNT)) + np.sin(np.arange(COUNT) * 0.3) + numbers.normal(0, 0.1, COUNT)
    return np.round(samples, 1) if quantised else samples


def stream(samples, first, stop, at):
    inside = [cut - first for cut in at]
    return blocks(samples[first:stop], DT, inside, start=START + first, first_time=ORIGIN + first * DT)


def in_pieces(build, samples, edges, at):
    """As the engine does it: each piece by a meter of its own, then all of them from the last to the first."""
    found = []
    for first, stop in zip([0, *edges], [*edges, samples.size], strict=True):
        meter = build()
        begin = max(0, first - meter.memory)
        if begin:
            meter.enter(Place(0, ORIGIN, START, begin))
        if first:
            for block in stream(samples, begin, first, at):
                meter.update(block)
            meter.forget()
        for block in stream(samples, first, stop, at):
            meter.update(block)
        found.append(meter)
    *earlier, last = found
    for before in reversed(earlier):
        last.merge(copy.deepcopy(before))
    return last.reading()


def same(one, other):
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def counted(reading):
    """Histograms are counted out before they are compared: how they hold what is not counted yet says nothing."""
    if isinstance(reading, aggregates.AggregateReading):
        for band in reading.bands:
            for distances in (band.low, band.high):
                for counts in () if distances is None else (distances._inside, distances._outside):
                    counts._count()
                    counts._times = 1
    return reading


@pytest.mark.parametrize("name", METERS)
@given(
    seed=st.integers(0, 9),
    quantised=st.booleans(),
    edges=st.lists(st.integers(1, COUNT - 1), min_size=1, max_size=4, unique=True).map(sorted),
    at=cuts(COUNT - 1),
)
@settings(max_examples=25, deadline=None)
def test_pieces_put_together_read_as_the_whole_to_the_bit(name, seed, quantised, edges, at):
    samples = record(seed, quantised)
    assert isinstance(METERS[name](), Divisible)
    whole = feed(METERS[name](), stream(samples, 0, COUNT, []))
    assert same(counted(whole), counted(in_pieces(METERS[name], samples, edges, at)))


@given(st.lists(st.integers(0, 40), max_size=6), st.integers(1, 40))
def test_tree_sum_of_runs_of_terms_is_that_of_all(edges, count):
    terms = np.random.default_rng(count).normal(0, 1, (count, 3)) * 1e6
    whole = TreeSum()
    for term in terms:
        whole.add(term)
    bounds = [0, *sorted({edge for edge in edges if 0 < edge < count}), count]
    runs = []
    for first, stop in itertools.pairwise(bounds):
        runs.append(TreeSum(first))
        for term in terms[first:stop]:
            runs[-1].add(term)
    *earlier, last = runs
    for before in reversed(earlier):
        last.merge(before)
    assert np.array_equal(last.total(), whole.total())
    assert np.allclose(whole.total(), np.sum(terms, axis=0), rtol=1e-12, atol=1e-6)


def test_tree_sum_of_nothing():
    assert TreeSum().total() is None
