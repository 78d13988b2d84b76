"""Power, sums and symmetrical components against closed forms; bits do not depend on block cuts."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Block, Derive
from slacheck.measure.derive import make_transform

RATE, F = 6000.0, 60.0
CYCLE = 1 / F


def wave(rms, degrees, seconds=0.5, frequency=F):
    t = np.arange(round(seconds * RATE)) / RATE
    return math.sqrt(2) * rms * np.cos(2 * math.pi * frequency * t + math.radians(degrees))


def run(derive, *rows, cuts=()):
    """All that comes out of one segment cut at `cuts`."""
    transform, samples = make_transform(derive, 1 / RATE), np.stack(rows)
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < samples.shape[1]}), samples.shape[1]]
    blocks = [
        transform.push(Block(np.ascontiguousarray(samples[:, a:b]), 0, a, a / RATE, 1 / RATE))
        for a, b in itertools.pairwise(edges)
    ]
    return np.concatenate([block.samples[0] for block in blocks if block is not None])


def power(part, pairs=3, window=CYCLE):
    names = tuple(f"{kind}{phase}" for kind in "vi" for phase in range(pairs))
    return Derive("power", names, window, window / 2, part, F)


VOLTAGES = [wave(277, 0), wave(277, -120), wave(277, 120)]
CURRENTS = [wave(100, -30), wave(100, -150), wave(100, 90)]


def test_power_of_balanced_phases_is_three_u_i_times_cosine_sine_and_one():
    total = 3 * 277 * 100
    assert run(power("active"), *VOLTAGES, *CURRENTS) == pytest.approx(total * math.cos(math.radians(30)), rel=1e-12)
    assert run(power("reactive"), *VOLTAGES, *CURRENTS) == pytest.approx(total * 0.5, rel=1e-12)
    assert run(power("apparent"), *VOLTAGES, *CURRENTS) == pytest.approx(total, rel=1e-12)


def test_reactive_power_of_a_leading_current_is_negative():
    assert run(power("reactive", 1), VOLTAGES[0], wave(10, 90)) == pytest.approx(-2770, rel=1e-12)


def test_instantaneous_power_of_balanced_phases_is_constant_and_of_one_phase_pulsates():
    names = ("va", "vb", "vc", "ia", "ib", "ic")
    three = run(Derive("power", names, part="active"), *VOLTAGES, *CURRENTS)
    assert three == pytest.approx(3 * 277 * 100 * math.cos(math.radians(30)), rel=1e-12)
    one = run(Derive("power", ("va", "ia"), part="active"), VOLTAGES[0], wave(100, 0))
    assert (one.min(), one.max()) == pytest.approx((0.0, 2 * 277 * 100), abs=1e-6)


def test_two_wattmeters_give_the_power_of_three_wires():
    ab, cb = VOLTAGES[0] - VOLTAGES[1], VOLTAGES[2] - VOLTAGES[1]
    found = run(power("active", 2), ab, cb, CURRENTS[0], CURRENTS[2])
    assert found == pytest.approx(3 * 277 * 100 * math.cos(math.radians(30)), rel=1e-12)


def test_harmonic_currents_add_to_apparent_power_but_not_to_fundamental_reactive_power():
    current = wave(100, 0) + wave(50, 20, frequency=5 * F)
    assert run(power("reactive", 1), VOLTAGES[0], current) == pytest.approx(0.0, abs=1e-8)
    assert run(power("apparent", 1), VOLTAGES[0], current) == pytest.approx(277 * math.hypot(100, 50), rel=1e-12)


@pytest.mark.parametrize(("part", "expected"), [("positive", 0.966667), ("negative", 0.0333333), ("zero", 0.0333333)])
def test_sequence_components_of_vector_ub1(part, expected):
    derive = Derive("sequence", ("a", "b", "c"), CYCLE, CYCLE / 2, part, F)
    found = run(derive, wave(1, 0), wave(0.9, -120), wave(1, 120))
    assert found == pytest.approx(expected, abs=5e-7)


def test_negative_sequence_of_swapped_phases_is_their_positive_sequence():
    negative = Derive("sequence", ("a", "c", "b"), CYCLE, CYCLE / 2, "negative", F)
    positive = Derive("sequence", ("a", "b", "c"), CYCLE, CYCLE / 2, "positive", F)
    a, b, c = wave(1, 0), wave(0.7, -110), wave(1.1, 125)
    assert run(negative, a, c, b) == pytest.approx(run(positive, a, b, c), rel=1e-12)


@pytest.mark.parametrize("off", [-0.01, 0.001, 0.01])
def test_sequence_off_nominal_ripples_by_no_more_than_the_offset(off):
    derive = Derive("sequence", ("a", "b", "c"), CYCLE, CYCLE / 2, "positive", F)
    phases = [wave(1, shift, frequency=F * (1 + off)) for shift in (0, -120, 120)]
    assert np.max(np.abs(run(derive, *phases) - 1)) <= abs(off)


@pytest.mark.parametrize(
    ("derive", "expected"),
    [
        (Derive("sum", ("a", "b")), [11.0, 22.0]),
        (Derive("difference", ("a", "b")), [-9.0, -18.0]),
        (Derive("scale", ("a",), factor=-2.0), [-2.0, -4.0]),
    ],
)
def test_linear_operations_are_exact(derive, expected):
    rows = (np.array([1.0, 2.0]), np.array([10.0, 20.0]))
    assert run(derive, *rows[: len(derive.sources)]).tolist() == expected


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 1199), max_size=10), part=st.sampled_from(["active", "reactive", "apparent"]))
def test_power_bits_ignore_cuts(cuts, part):
    rng = np.random.default_rng(3)
    rows = [row[:1200] + rng.normal(size=1200) for row in (*VOLTAGES, *CURRENTS)]
    np.testing.assert_array_equal(run(power(part), *rows), run(power(part), *rows, cuts=cuts))
