"""What a record shows of itself: counts that do not depend on how it was cut, and held values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.quality.facts import ChannelQuality


def quality_of(samples, cuts=(), **kwargs):
    quality = ChannelQuality(**kwargs)
    for piece in np.split(np.asarray(samples, dtype=float), sorted(cuts)):
        quality.update(piece)
    return quality


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.5, np.nan]), min_size=1, max_size=60),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_quality_counts_do_not_depend_on_cuts(values, cuts):
    whole = quality_of(values, clip=(-1.0, 2.0), uneven=True)
    pieces = quality_of(values, [c for c in cuts if c <= len(values)], clip=(-1.0, 2.0), uneven=True)
    for name in (
        "samples",
        "missing",
        "clipped",
        "longest_missing_run",
        "interpolation_error",
        "interpolation_rms",
        "held_for",
        "frozen_for",
        "quantum",
        "hidden_noise",
    ):
        assert getattr(whole, name) == getattr(pieces, name)


def test_quality_counts_missing_and_longest_run():
    quality = quality_of([1, np.nan, np.nan, 2, np.nan, 3, np.nan, np.nan, np.nan], cuts=[2, 7])
    assert (quality.missing, quality.longest_missing_run) == (6, 3)


@pytest.mark.parametrize("cuts", [(), (101, 353, 354, 900)])
def test_held_values_polled_faster_than_the_sensor_refreshes_are_found(cuts):
    rng = np.random.default_rng(1)
    assert quality_of(np.repeat(rng.normal(100, 10, 200), 7), cuts).held_for == 7


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(np.tile(np.repeat([40.0, 132.0], 500), 40), id="ideal square wave"),
        pytest.param(np.round(1000 * np.sin(np.arange(20_000) / 3000)), id="slow sine of a coarse quantiser"),
        pytest.param(np.random.default_rng(1).normal(0, 1, 5000), id="noise"),
        pytest.param(np.full(5000, 3.0), id="constant"),
        pytest.param(np.repeat(np.arange(10.0), 50), id="ideal staircase"),
    ],
)
def test_held_values_honest_repetition_is_not_called_held(samples):
    assert quality_of(samples).held_for == 1


def test_interpolation_error_bounds_the_error_of_a_sine():
    step = 0.05
    t = np.arange(0, 20, step)
    fine = np.arange(0, t[-1], step / 10)
    error = np.max(np.abs(np.interp(fine, t, np.sin(t)) - np.sin(fine)))
    bound = quality_of(np.sin(t), uneven=True).interpolation_error
    assert error <= bound * (1 + step**2)
    assert bound < 1.2 * error


@pytest.mark.parametrize("cuts", [(), (101, 353, 354, 900)])
def test_frozen_channel_that_else_is_noisy_is_found(cuts):
    samples = np.random.default_rng(2).normal(0, 1, 5000)
    samples[1000:1400] = samples[1000]
    assert quality_of(samples, cuts).frozen_for == 400
    samples[3000:] = samples[3000]
    assert quality_of(samples, cuts).frozen_for == 2000


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(np.random.default_rng(1).normal(0, 1, 5000), id="noise"),
        pytest.param(np.round(np.random.default_rng(1).normal(0, 0.4, 5000)), id="noise below a code"),
        pytest.param(np.concatenate((np.ones(5000), 2 - np.exp(-np.arange(5000) / 500))), id="ideal step"),
        pytest.param(np.concatenate((np.ones(5000), np.sin(np.arange(5000) / 50))), id="ideal ringing"),
        pytest.param(np.full(5000, 3.0), id="constant"),
    ],
)
def test_frozen_channel_ideal_levels_are_not_called_frozen(samples):
    assert quality_of(samples).frozen_for == 0


# ---------------------------------------------------------------- steps of a converter


def rounded(samples, step):
    return np.rint(np.asarray(samples) / step) * step


SLOW = 40.0 * np.sin(np.arange(20_000) / 1500)
NOISE = np.random.default_rng(2).normal(0.0, 1.0, 20_000)


@pytest.mark.parametrize("cuts", [(), (1, 2, 777, 778, 12_000)])
@pytest.mark.parametrize("noise", [0.0, 0.2, 1.0, 5.0])
def test_step_of_a_converter_is_found_whatever_the_noise(noise, cuts):
    quality = quality_of(rounded(SLOW + noise * 0.25 * NOISE, 0.25), cuts)
    assert quality.quantum == pytest.approx(0.25)
    assert quality.hidden_noise == (pytest.approx(0.1) if noise else 0.0)


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(np.concatenate([np.zeros(500), np.arange(1.0, 300.0), np.full(500, 299.0)]), id="ideal ramp"),
        pytest.param(np.tile(np.repeat([40.0, 132.0], 500), 40), id="ideal square wave"),
        pytest.param(SLOW, id="smooth"),
        pytest.param(NOISE, id="noise"),
        pytest.param(np.full(5000, 3.0), id="constant"),
    ],
)
def test_exact_records_have_no_step(samples):
    quality = quality_of(samples)
    assert quality.quantum < 1e-9
    assert quality.hidden_noise < 1e-9


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 19_999), max_size=8), st.sampled_from([1, 2, 4]), st.sampled_from([0, 6, 64]))
def test_quality_of_a_long_record_does_not_depend_on_cuts(cuts, held, codes):
    """Growing noise that is polled faster than it is refreshed, by a converter or not; uneven, so bends are summed."""
    samples = np.random.default_rng(codes).normal(0, 1, 20_000)[np.arange(20_000) // held * held]
    samples *= np.linspace(1, 1000, 20_000)
    samples = np.round(samples * codes) / codes if codes else samples
    whole, pieces = quality_of(samples, uneven=True), quality_of(samples, cuts, uneven=True)
    for name in ("held_for", "frozen_for", "quantum", "hidden_noise", "interpolation_error", "interpolation_rms"):
        assert getattr(whole, name) == getattr(pieces, name)


def test_held_wave_whose_first_changes_are_few_is_found():
    """Changes of the first seconds repeat a few sizes; those of the rest do not."""
    few = np.tile([0.0, 1.0, 3.0, 20.0, 4.0], 300)
    many = np.random.default_rng(2).normal(0, 20, 1500)
    assert quality_of(np.repeat(np.concatenate((few, many)), 4)).held_for == 4
