"""Severities from sensations, against closed forms (R15)."""

import numpy as np
import pytest

from slacheck.measure.flicker_statistics import long_term, severity


def test_constant_sensation_gives_the_closed_form():
    assert severity(np.ones(5000)) == pytest.approx(0.713863, abs=5e-7)


def test_severity_takes_the_smoothed_levels_exceeded():
    sensations = np.arange(1.0, 100001.0)[::-1]
    level = {share: 1e5 * (1.0 - share / 100.0) for share in (0.1, 1, 3, 10, 50)}
    p1, p3 = (level[1] * 3 - 0.2 * 1e3) / 3, (3 * 1e5 - 1e3 * (2.2 + 3 + 4)) / 3
    p10, p50 = (5 * 1e5 - 1e3 * (6 + 8 + 10 + 13 + 17)) / 5, (3 * 1e5 - 1e3 * (30 + 50 + 80)) / 3
    expected = 0.0314 * level[0.1] + 0.0525 * p1 + 0.0657 * p3 + 0.28 * p10 + 0.08 * p50
    assert severity(sensations) ** 2 == pytest.approx(expected, rel=1e-4)


def test_long_term_of_eleven_ones_and_a_two_is_the_vector():
    assert long_term(np.array([1.0] * 11 + [2.0])) == pytest.approx(1.16553, abs=5e-6)
