"""Recordings that are computed where they are read."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.errors import CaptureError
from slacheck.testing.computed import Computed, computed_capture, noise_between


def test_computed_samples_are_those_of_their_indexes_whatever_is_read():
    squares = Computed(10, lambda first, last: np.arange(first, last) ** 2.0)
    assert len(squares) == 10
    assert squares[2:4].tolist() == [4.0, 9.0]
    assert squares[8:20].tolist() == [64.0, 81.0]
    assert squares[5:3].size == 0


def test_computed_capture_of_a_million_hours_is_read_at_its_end():
    count = 3_600_000_000 * 20_000
    capture = computed_capture(
        {"p": lambda first, last: np.arange(first, last) % 7.0}, count, sample_rate=20e3, units={"p": "kW"}
    )
    assert capture.clock.count == count
    assert capture.channels["p"].read(count - 1, count).tolist() == [1000.0 * ((count - 1) % 7)]


def test_computed_capture_with_an_unknown_unit_is_refused():
    with pytest.raises(CaptureError, match="channel 'p'"):
        computed_capture({"p": lambda first, last: np.zeros(last - first)}, 9, sample_rate=1.0, units={"p": "blip"})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 70_000), min_size=2, max_size=6))
def test_noise_is_the_same_however_it_is_read(cuts):
    cuts = sorted(cuts)
    whole = noise_between(cuts[0], cuts[-1], sigma=2.0, seed=3)
    parts = [noise_between(a, b, sigma=2.0, seed=3) for a, b in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), whole)
    assert not np.array_equal(noise_between(0, 50, sigma=2.0, seed=4), noise_between(0, 50, sigma=2.0, seed=3))


def test_noise_has_its_deviation():
    assert np.std(noise_between(1000, 101_000, sigma=2.0, seed=3)) == pytest.approx(2.0, rel=0.02)
