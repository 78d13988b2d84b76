"""Steps found in a stream: which there are, where they begin and end, wherever it is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block
from slacheck.measure.events import StepMeter

INTERVAL = 1e-3
TIMES = np.arange(12_000) * INTERVAL


def found(samples, min_step=0.5, cuts=(), interval=INTERVAL, segments=((0, None),)):
    meter = StepMeter(interval, min_step, before=0.2, after=1.0)
    for number, (first, last) in enumerate(segments):
        piece = samples[first:last]
        inside = [cut - first for cut in cuts if first < cut < first + piece.size]
        for begin, end in zip([0, *inside], [*inside, piece.size], strict=True):
            start = first + begin
            meter.update(Block(piece[np.newaxis, begin:end], number, start, start * interval, interval))
    return meter.reading()


def noise(sigma, seed=0, size=TIMES.size):
    return sigma * np.random.default_rng(seed).standard_normal(size)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("sigma", [0.0, 0.05])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_step_is_found_with_its_levels(sign, sigma, offset):
    y = offset + sign * (TIMES >= 4.0) + noise(sigma)
    (step,) = found(y)
    assert step.start <= 4.0 <= step.end
    assert step.end - step.start < 0.02
    assert step.after - step.before == pytest.approx(sign, abs=0.1)
    assert step.held


@pytest.mark.parametrize("duration", [0.01, 0.1, 0.3, 0.5, 0.8, 1.0])
def test_ramp_as_long_as_the_window_is_one_step(duration):
    y = np.interp(TIMES, [4.0, 4.0 + duration], [0.0, 1.0]) + noise(0.02)
    (step,) = found(y, min_step=0.3)
    assert 4.0 < (step.start + step.end) / 2.0 < 4.0 + duration
    assert step.after - step.before == pytest.approx(1.0, abs=0.05)


def test_change_slower_than_the_window_is_drift():
    assert found(np.interp(TIMES, [2.0, 10.0], [0.0, 1.0])) == ()


@pytest.mark.parametrize("length", [1, 5, 50, 100])
def test_spike_that_returns_is_no_step(length):
    y = np.zeros(TIMES.size)
    y[4000 : 4000 + length] = 5.0
    assert found(y) == ()


def test_pulse_that_holds_is_two_steps():
    y = np.where((TIMES >= 4.0) & (TIMES < 4.2), 1.0, 0.0)
    assert [round(step.after - step.before) for step in found(y)] == [1, -1]


def test_staircase_with_held_levels_is_its_steps():
    y = sum((2.0 + 0.5 * k <= TIMES).astype(float) for k in range(4))
    assert [(step.before, step.after) for step in found(y)] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_quantised_step_is_found():
    (step,) = found(np.round(((TIMES >= 4.0) + noise(0.01)) / 0.25) * 0.25)
    assert (step.before, step.after) == (0.0, 1.0)


@pytest.mark.parametrize("ratio", [3.0, 5.0, 10.0])
@pytest.mark.parametrize("interval", [1e-4, 1e-2])
def test_noise_alone_is_no_step(ratio, interval):
    assert found(noise(1.0, size=100_000), min_step=ratio, interval=interval) == ()


def test_record_that_ends_in_the_edge_gives_a_step_that_is_not_held():
    y = np.interp(TIMES, [4.0, 4.2], [0.0, 1.0])[:4150]
    (step,) = found(y)
    assert not step.held
    assert step.before == 0.0
    assert step.after > 0.5


def test_step_inside_a_gap_is_not_seen():
    y = (TIMES >= 4.0).astype(float)
    assert found(y, segments=((0, 3900), (4100, None))) == ()


def test_too_short_a_record_is_no_step():
    assert found(np.array([0.0, 1.0, 1.0])) == ()
    assert found(np.empty(0)) == ()


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    cuts=st.lists(st.integers(1, TIMES.size - 1), max_size=30, unique=True).map(sorted),
    gap=st.integers(3000, 9000),
)
def test_property_cuts_change_no_bit(seed, cuts, gap):
    random = np.random.default_rng(seed)
    edges = np.sort(random.uniform(0.0, 12.0, 6))
    y = sum(random.normal() * np.interp(TIMES, [edge, edge + random.uniform(0, 0.5)], [0, 1]) for edge in edges)
    y = y + noise(random.choice([0.0, 0.02, 0.2]), seed)
    y[random.integers(0, TIMES.size, 5)] += 3.0
    segments = ((0, gap), (gap + 50, None))
    whole = found(y, segments=segments)
    assert found(y, cuts=cuts, segments=segments) == whole
    assert found(y, cuts=range(1, TIMES.size, 97), segments=segments) == whole


@pytest.mark.property
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([-1.0, 0.5, -8.0]))
def test_property_scale_and_polarity_scale_the_steps(seed, scale):
    random = np.random.default_rng(seed)
    y = np.repeat(random.normal(size=12), 1000) + noise(0.02, seed)
    scaled = found(scale * y, min_step=0.5 * abs(scale))
    assert [(one.start, one.end, scale * one.before, scale * one.after) for one in found(y)] == [
        (one.start, one.end, one.before, one.after) for one in scaled
    ]


def test_state_is_bounded_by_the_window():
    meter = StepMeter(INTERVAL, 0.5, before=0.2, after=1.0)
    for start in range(0, 600_000, 1000):
        y = noise(0.02, start, 1000) + (start // 7000) % 2
        meter.update(Block(y[np.newaxis], 0, start, start * INTERVAL, INTERVAL))
    assert meter._levels.size < 4 * meter._reach
    assert len(meter.reading()) == 85
