"""A capture measured in pieces of time: the same pack as in one pass."""

import itertools
import pickle  # noqa: TID251 - as Dask does with what its own workers send
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import slacheck
from slacheck.capture.load import open_capture
from slacheck.engine.binding import Binding
from slacheck.engine.pieces import bounds_of, is_even, merged
from slacheck.portion import Dissected, measure_portion
from slacheck.quality.facts import ChannelQuality

SPEC, RATE = "benchmarks/speed.yaml", 10_000
SIDECAR = """\
slacheck: 1
channels: {x: {unit: V, accuracy: {reading: 0.2 %}}}
time: {sample_rate: 10 kHz}
anti_alias: true
"""


def sent(thing):
    return pickle.loads(pickle.dumps(thing))


def in_pieces(spec, requests, bounds, ways=2):
    """Each piece and each lot of meters that need the whole by itself, sent over a wire; merged two by two."""
    for request in requests:
        found, others = [], []
        with open_capture(request.path, id=request.id) as capture:
            binding = Binding(capture, request.test, request.signals)
            found += [sent(Dissected(spec, binding).piece(piece)) for piece in bounds]
            count = len(Dissected(spec, binding).ordered)
            lots = [range(way, count, ways) for way in range(min(ways, count))]
            others += [sent(Dissected(spec, binding).in_order(lot)) for lot in lots]
            while len(found) > 1:
                found = [sent(merged(found[first : first + 2])) for first in range(0, len(found), 2)]
            yield sent(Dissected(spec, binding).portion(found[0], others))


def bounds(edges, count):
    edges = [0, *sorted({edge for edge in edges if 0 < edge < count}), count]
    return list(itertools.pairwise(edges))


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A minute with a dip, a step, noise and a stuck value."""
    count = 60 * RATE
    turn = np.arange(count) * (2 * np.pi * 50 / RATE)
    x = 325 * np.sin(turn) + 5 * np.sin(2 * turn) + np.random.default_rng(1).normal(0, 1, count)
    x[250_000:252_000] *= 0.4
    x[400_000:] *= 1.01
    x[131_072:131_092] = x[131_072]
    path = tmp_path_factory.mktemp("long") / "x.npy"
    np.save(path, x.astype(np.float32))
    path.with_name("x.npy.meta.yaml").write_text(SIDECAR)
    return path, slacheck.check(SPEC, path).run.members


@pytest.mark.parametrize(
    "edges",
    [[300_000], [1], [599_999], [131_072, 131_080, 262_144], [250_000, 251_000, 251_001], [10, 20, 30, 40, 590_000]],
)
def test_pieces_of_a_capture_make_the_same_pack(recording, edges):
    path, members = recording
    there = slacheck.check(SPEC, path, elsewhere=lambda *asked: in_pieces(*asked, bounds(edges, 60 * RATE)))
    assert there.run.members == members


@given(st.lists(st.integers(1, 60 * RATE - 1), min_size=1, max_size=7), st.integers(1, 4))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_anywhere_make_the_same_pack(recording, edges, ways):
    path, members = recording
    there = slacheck.check(SPEC, path, elsewhere=lambda *asked: in_pieces(*asked, bounds(edges, 60 * RATE), ways))
    assert there.run.members == members


def test_pieces_of_every_shipped_profile_that_can_be_cut(tmp_path):
    profile, capture = "specs/profiles/ai-training-hall.yaml", "fixtures/compliant/training_run.npy"
    whole = slacheck.check(profile, capture, test="training_run")
    count = np.load(capture, mmap_mode="r").shape[0]
    cut = slacheck.check(
        profile, capture, test="training_run", elsewhere=lambda *asked: in_pieces(*asked, bounds_of(count, 99))
    )
    assert cut.run.members == whole.run.members


def dissected(path):
    return Dissected(slacheck.load_spec(SPEC), Binding(open_capture(path)))


def test_meters_without_end_to_their_memory_go_in_order(recording):
    whole = dissected(recording[0])
    found = {plan.build(1e-4).__class__.__name__ for plan in whole.divisible}
    assert found == {"NoiseMeter", "RippleMeter", "DetectorMeter", "RampMeter", "RangeMeter", "AggregateMeter"}
    assert whole.ordered
    assert all(plan.signals == ("envelope",) for plan in whole.ordered)


def test_piece_with_a_missing_sample_is_not_one(tmp_path, recording):
    samples = np.load(recording[0])[: 5 * RATE]
    samples[3 * RATE] = np.nan
    np.save(tmp_path / "x.npy", samples)
    (tmp_path / "x.npy.meta.yaml").write_text(SIDECAR)
    whole = dissected(tmp_path / "x.npy")
    assert whole.piece((0, 2 * RATE)) is not None
    assert whole.piece((2 * RATE, 5 * RATE)) is None


def test_cuts_are_refused_where_there_is_nothing_to_gain(recording, tmp_path):
    whole = dissected(recording[0])
    assert whole.cuts(8, 400_000) is None
    assert whole.cuts(8, 200_000).pieces == ((0, 200_000), (200_000, 400_000), (400_000, 600_000))
    rows = "".join(f"{0.1 * i + 0.01 * (i % 3)},{i}\n" for i in range(300))
    (tmp_path / "x.csv").write_text("t [s],x [V]\n" + rows)
    assert dissected(tmp_path / "x.csv").cuts(8, 2) is None


# ---------------------------------------------------------------- what a record shows of itself

SHAPES = st.sampled_from(["noise", "held", "codes", "flat", "levels", "frozen"])


def shaped(shape, seed):
    numbers = np.random.default_rng(seed)
    walk = np.cumsum(numbers.normal(0, 1, 900))
    if shape == "held":
        return np.repeat(walk, numbers.integers(2, 5, walk.size))[:900]
    if shape == "codes":
        return np.round(walk, 0) * 0.25
    if shape == "flat":
        return np.full(900, 3.0)
    if shape == "levels":
        return np.repeat([1.0, 5.0] * 45, 10)
    if shape == "frozen":
        walk[300:420] = walk[300]
    return walk


def facts(quality):
    holds = quality._holds
    return [
        *(quality.samples, quality.clipped, quality.impossible, quality.lowest, quality.highest),
        *(quality.held_for, quality.frozen_for, quality.quantum, quality.hidden_noise),
        *(holds._runs.tolist(), holds._longest, holds._length, holds._turns, holds._total, holds._smallest),
        *(holds._sizes.count, len(holds._changes) >= 8, quality._codes._kept),
    ]


@given(SHAPES, st.integers(0, 20), st.lists(st.integers(1, 899), max_size=6), st.lists(st.integers(1, 899), max_size=3))
@settings(max_examples=150, deadline=None)
def test_quality_of_pieces_put_together_is_that_of_the_whole(shape, seed, edges, cuts):
    samples = shaped(shape, seed)
    fresh = ChannelQuality(clip=(-20.0, 20.0), extremes=True, possible=(-30.0, 30.0))
    whole = replace(fresh, _holds=type(fresh._holds)(), _codes=type(fresh._codes)())
    whole.update(samples)
    pieces = []
    for first, stop in bounds(edges, samples.size):
        piece = ChannelQuality(clip=(-20.0, 20.0), extremes=True, possible=(-30.0, 30.0))
        if first:
            piece.enter(samples[max(0, first - 2) : first])
        for a, b in bounds([cut - first for cut in cuts], stop - first):
            piece.update(samples[first + a : first + b])
        pieces.append(piece)
    while len(pieces) > 1:  # in a tree
        for earlier, later in zip(pieces[::2], pieces[1::2], strict=False):
            later.merge(earlier)
        pieces = [*pieces[1::2], *(pieces[-1:] if len(pieces) % 2 else [])]
    assert facts(pieces[0]) == facts(whole)


def test_quality_of_pieces_with_gaps_is_refused():
    one, other = ChannelQuality(), ChannelQuality()
    one.update(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="gaps"):
        other.merge(one)


@pytest.mark.parametrize("start", [-3.0, 0.0, 12.34, 1e6 + 0.00003])
def test_pieces_of_a_record_that_does_not_begin_at_time_zero(start):
    times = start + np.arange(400_000) / 1000.0
    x = np.round(np.random.default_rng(3).normal(0, 1, times.size), 2) + 5 * np.sin(times)
    capture = slacheck.Capture.from_arrays({"x": x}, t=times, units={"x": "V"})
    spec = slacheck.load_spec(SPEC)
    cut = Dissected(spec, Binding(capture))
    assert is_even(capture.clock)
    found = [cut.piece(piece) for piece in bounds([100_000, 250_001], times.size)]
    parts = cut.portion(merged(found), [cut.in_order(range(len(cut.ordered)))]).parts
    assert parts == measure_portion(spec, Binding(capture), frozenset(one.id for one in spec.requirements)).parts
    assert all(part.error is None for part in parts.values())
