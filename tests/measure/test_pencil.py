"""Small eigenvalue problems against numpy.linalg, and the matrix pencil against exact poles."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

from slacheck.measure.pencil import eigenvalues, pencil_of, symmetric_eigen


def rows(matrix):
    return [[complex(value) for value in row] for row in matrix.tolist()]


def apart(found, expected):
    """Largest distance of an expected value from the nearest one found."""
    return max(min(abs(one - other) for other in found) for one in expected)


@pytest.mark.parametrize("size", [1, 2, 3, 6, 14])
def test_eigenvalues_of_a_general_matrix_are_those_of_lapack(size):
    matrix = np.random.default_rng(size).normal(size=(size, size))
    assert apart(eigenvalues(rows(matrix)), np.linalg.eigvals(matrix)) < 1e-12 * size


@pytest.mark.parametrize(
    "matrix",
    [np.eye(3), np.zeros((3, 3)), np.roll(np.eye(4), 1, axis=0), np.diag([1.0, 1.0, 2.0])],
    ids=["identity", "zero", "cyclic", "repeated"],
)
def test_eigenvalues_of_special_matrices(matrix):
    assert apart(eigenvalues(rows(matrix)), np.linalg.eigvals(matrix)) < 1e-7


@pytest.mark.parametrize("size", [1, 2, 5, 48])
def test_eigenvectors_of_a_symmetric_matrix(size):
    square = np.random.default_rng(size).normal(size=(size, size))
    matrix = square + square.T
    values, vectors = symmetric_eigen(matrix)
    np.testing.assert_allclose(np.sort(values), np.linalg.eigvalsh(matrix), atol=1e-12 * size)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(size), atol=1e-13 * size)
    np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-12 * size)


def linalg_poles(samples, lags, order):
    """The same pencil with LAPACK."""
    hankel = np.lib.stride_tricks.sliding_window_view(samples, lags)
    basis = np.linalg.svd(hankel.T, full_matrices=False)[0][:, :order]
    return np.linalg.eigvals(np.linalg.lstsq(basis[:-1], basis[1:], rcond=None)[0])


def test_poles_of_two_modes_are_exact():
    poles = [complex(-0.01, 0.2), complex(-0.03, 0.5)]
    n = np.arange(200)
    samples = sum((np.exp(pole * n) * (1 + 0.5j)).real for pole in poles)
    found = [cmath.log(z) for z in pencil_of(samples, 40).poles(4)]
    assert apart(found, poles) < 1e-9
    strided = [cmath.log(z) / 3 for z in pencil_of(samples, 40, 3).poles(4)]
    assert apart(strided, poles) < 1e-9


def test_poles_of_a_noisy_record_are_those_of_lapack():
    n = np.arange(300)
    samples = np.exp(-0.005 * n) * np.cos(0.17 * n) + np.random.default_rng(1).normal(0, 0.05, 300)
    assert apart(pencil_of(samples, 48).poles(4), linalg_poles(samples, 48, 4)) < 1e-8


def test_damping_of_vector_da1():
    t = np.arange(600) / 30
    samples = np.exp(-0.125 * t) * np.cos(2 * math.pi * 0.4 * t)
    pole = max((cmath.log(z) * 30 for z in pencil_of(samples, 48).poles(2)), key=lambda s: s.imag)
    assert pole.imag / (2 * math.pi) == pytest.approx(0.4, abs=1e-6)
    assert -pole.real / abs(pole) == pytest.approx(0.0496745, abs=1e-6)
