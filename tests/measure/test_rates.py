"""Largest rates: brute force, doubts, disturbances, what strays, durations; readings ignore how values arrive."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure.rates import Frequencies, RateExtremes
from slacheck.measure.swings import CLEAR, DISTURBED, DOUBTFUL

STEP = 0.1
LAG = 5


def stretch(values, doubt=None, upper=None):
    values = np.asarray(values, dtype=float)
    doubt = np.full(values.size, CLEAR) if doubt is None else np.asarray(doubt)
    return Frequencies(values, values if upper is None else np.asarray(upper, dtype=float), doubt, 0.0, 0)


def extremes(duration=0.0):
    return RateExtremes(LAG, LAG * STEP, STEP, 50.0, duration)


def pushed(values, cuts=(), duration=0.0):
    found = extremes(duration)
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < values.counted.size}), values.counted.size]
    for first, last in itertools.pairwise(edges):
        found.push(values.part(first, last))
    return found


def brute(values, held=1):
    """Largest rate up and down that `held` windows in a row reach."""
    rates = (values[LAG:] - values[:-LAG]) / (LAG * STEP)
    rows = np.lib.stride_tricks.sliding_window_view(rates, held)
    return max(0.0, float(np.max(np.min(rows, axis=1)))), max(0.0, float(np.max(np.min(-rows, axis=1))))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 79), max_size=8), st.sampled_from([0.0, 0.1, 0.35]), st.integers(0, 5))
def test_rates_are_those_of_brute_force_wherever_the_values_were_cut(cuts, duration, seed):
    random = np.random.default_rng(seed)
    values = stretch(np.cumsum(random.normal(0, 0.05, 80)), np.where(random.random(80) < 0.03, DOUBTFUL, CLEAR))
    whole, cut = pushed(values, duration=duration), pushed(values, cuts, duration)
    assert cut.rates() == whole.rates()
    assert (cut.windows, cut.excluded) == (whole.windows, whole.excluded)
    up, down = pushed(stretch(values.counted), duration=duration).rates()
    held = {0.0: 1, 0.1: 2, 0.35: 5}[duration]
    assert (up.value, down.value) == pytest.approx(brute(values.counted, held), abs=1e-12)


def test_time_is_the_end_of_the_first_window_with_the_largest_rate():
    up, down = pushed(stretch(np.interp(np.arange(60), [20, 25, 40, 45], [0, 0.5, 0.5, 1.0]))).rates()
    assert (up.value, up.time) == (pytest.approx(1.0), pytest.approx(2.5))
    assert down.value == 0.0


def test_window_that_begins_or_ends_in_doubt_counts_for_the_bound_only():
    values, doubt = np.zeros(60), np.full(60, CLEAR)
    values[30], doubt[30] = 1.0, DOUBTFUL
    found = pushed(stretch(values, doubt))
    up, _ = found.rates()
    assert (up.value, up.high) == (0.0, pytest.approx(2.0))
    assert found.excluded == 0


def test_window_round_a_doubt_counts():
    doubt = np.full(60, CLEAR)
    doubt[30:33] = DOUBTFUL
    up, _ = pushed(stretch(np.where(np.arange(60) < 31, 0.0, 1.0), doubt)).rates()
    assert up.value == pytest.approx(2.0)


def test_window_that_holds_a_disturbance_anywhere_does_not_count():
    doubt = np.full(60, CLEAR)
    doubt[30] = DISTURBED
    found = pushed(stretch(np.where(np.arange(60) < 30, 0.0, 1.0), doubt))
    up, _ = found.rates()
    assert (up.value, up.high) == (0.0, pytest.approx(2.0))
    assert found.excluded == LAG + 1


@pytest.mark.parametrize(("strayed", "value"), [(True, 0.0), (False, 2.0)])
def test_excursion_counts_unless_it_leads_to_what_is_not_plausible(strayed, value):
    found = pushed(stretch(np.concatenate((np.zeros(30), np.linspace(0.2, 6.0, 30)))))
    found.end(strayed)
    found.push(stretch(np.zeros(30)))
    up, _ = found.rates()
    assert up.value == pytest.approx(value, abs=0.1)
    assert up.high == pytest.approx(2.0, abs=0.1)


def test_way_back_from_what_is_not_plausible_counts_only_from_nominal_on():
    found = extremes()
    found.end(strayed=True)
    found.push(stretch(np.concatenate((np.linspace(6.0, 0.2, 30), np.zeros(30), np.full(20, -0.5)))))
    _, down = found.rates()
    assert (down.value, down.high) == (pytest.approx(1.0), pytest.approx(2.0))


def test_excursion_that_comes_back_counts_even_if_a_later_one_strays():
    there_and_back = np.interp(np.arange(60), [10, 30, 50], [0, -2, 0])
    found = pushed(stretch(np.concatenate((there_and_back, np.linspace(0, -6, 10)))))
    found.end(strayed=True)
    _, down = found.rates()
    assert down.value == pytest.approx(1.0)
    assert down.high > 5


def test_no_window_spans_two_runs():
    found = extremes()
    for level in (0.0, 3.0):
        found.push(stretch(np.full(20, level)))
        found.end(strayed=False)
    up, _ = found.rates()
    assert (up.value, found.windows) == (0.0, 2 * (20 - LAG))


def test_too_few_values_have_no_rate():
    assert pushed(stretch(np.zeros(LAG))).rates() is None
    assert pushed(stretch(np.zeros(30), np.full(30, DOUBTFUL))).rates() is None


def test_rate_that_does_not_last_is_not_reached():
    values = np.interp(np.arange(80), [20, 27], [0.0, 1.4])  # 2 Hz/s for 0.7 s: three full windows, ends 0.2 s apart
    assert pushed(stretch(values), duration=0.2).rates()[0].value == pytest.approx(2.0)
    assert pushed(stretch(values), duration=0.5).rates()[0].value == pytest.approx(
        1.2
    )  # the six best end in one that holds 0.3 s of it
