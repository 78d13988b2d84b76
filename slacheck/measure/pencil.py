"""Poles of a sum of damped oscillations by the matrix pencil, in arithmetic whose bits are the same everywhere.

y_n = sum_i c_i z_i^n. Windows of L neighbouring samples span the vectors (1, z_i, z_i^2, ...), found
as the eigenvectors of the windows' Gram matrix with the largest eigenvalues; shifted by one sample
the same vectors are multiplied by z_i, which gives z_i as eigenvalues of a matrix of the order p
(Y. Hua and T. K. Sarkar, 1990, in the subspace form of ESPRIT). The problems are small, so they are
solved by rotations here and not by LAPACK, whose last bits depend on the machine.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from slacheck.contract import Samples

_SWEEPS = 30
_ITERATIONS = 300
_SMALL = 1e-15


@dataclass(frozen=True, slots=True)
class Pencil:
    """Principal directions of a record's windows; poles of any order come from the same ones.

    Parameters
    ----------
    vectors : ndarray, shape (lags, lags)
        Columns orthonormal, by falling eigenvalue.
    """

    vectors: Samples

    @property
    def largest_order(self) -> int:
        """Most poles that can be asked for."""
        return int(self.vectors.shape[0]) - 1

    def poles(self, order: int) -> list[complex]:
        """The `order` poles z_i per sample; pairs of conjugates, and real ones."""
        basis = self.vectors[:, :order]
        last, upper, lower = basis[-1], basis[:-1], basis[1:]
        # The basis less its last row has the Gram matrix I - u u^T, whose inverse is I + u u^T / (1 - u^T u).
        shifted = np.stack([np.sum(upper[:, i : i + 1] * lower, axis=0) for i in range(order)])
        along = np.sum(last[:, np.newaxis] * shifted, axis=0) / max(1e-12, 1.0 - float(np.sum(last * last)))
        shifted += last[:, np.newaxis] * along
        return eigenvalues([[complex(value) for value in row] for row in shifted.tolist()])


def pencil_of(samples: Samples, lags: int, stride: int = 1) -> Pencil:
    """Principal directions of all windows of `lags` samples that are `stride` apart; poles are then per stride.

    Parameters
    ----------
    samples : ndarray, shape (n,), n > lags * stride
    """
    rows = sliding_window_view(samples, samples.size - (lags - 1) * stride)[::stride]
    gram = np.stack([np.sum(rows[i] * rows, axis=1) for i in range(lags)])
    values, vectors = symmetric_eigen(gram)
    return Pencil(vectors[:, np.argsort(-values, kind="stable")])


def symmetric_eigen(matrix: Samples) -> tuple[Samples, Samples]:
    """Eigenvalues and orthonormal eigenvectors (columns) of a symmetric matrix, by cyclic Jacobi rotations.

    Examples
    --------
    >>> values, _ = symmetric_eigen(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> sorted(round(value, 12) for value in values.tolist())
    [1.0, 3.0]
    """
    a = matrix.astype(np.float64, copy=True)
    size = a.shape[0]
    turned = np.eye(size)  # rows are the eigenvectors, so that rotations work on contiguous memory
    for _ in range(_SWEEPS):
        rotated = False
        for p in range(size - 1):
            for q in range(p + 1, size):
                off = float(a[p, q])
                if abs(off) <= _SMALL * math.sqrt(abs(float(a[p, p]) * float(a[q, q]))) or off == 0.0:
                    continue
                rotated = True
                ratio = (float(a[q, q]) - float(a[p, p])) / (2.0 * off)
                tangent = math.copysign(1.0, ratio) / (abs(ratio) + math.hypot(1.0, ratio))
                cosine = 1.0 / math.hypot(1.0, tangent)
                for rows in (a, a.T, turned):
                    first, second = rows[p].copy(), rows[q].copy()
                    rows[p] = cosine * first - cosine * tangent * second
                    rows[q] = cosine * tangent * first + cosine * second
        if not rotated:
            break
    return np.diagonal(a).copy(), np.ascontiguousarray(turned.T)


# ---------------------------------------------------------------- a small general matrix


def eigenvalues(matrix: list[list[complex]]) -> list[complex]:
    """Eigenvalues of a small square matrix, by QR steps on its Hessenberg form (G. H. Golub, C. F. Van Loan, ch. 7).

    Examples
    --------
    >>> sorted(round(z.imag, 12) for z in eigenvalues([[0j, -1 + 0j], [1 + 0j, 0j]]))
    [-1.0, 1.0]
    """
    h = _hessenberg([row[:] for row in matrix])
    found: list[complex] = []
    for size in range(len(h), 0, -1):
        for iteration in range(_ITERATIONS if size > 1 else 0):
            corner = abs(h[size - 1][size - 1]) + abs(h[size - 2][size - 2])
            if abs(h[size - 1][size - 2]) <= _SMALL * corner:
                break
            stuck = iteration % 10 == 9
            _qr_step(h, size, _shift(h, size) + (abs(h[size - 1][size - 2]) if stuck else 0.0))
        found.append(h[size - 1][size - 1])
    return found


def _hessenberg(a: list[list[complex]]) -> list[list[complex]]:
    """A similar matrix with zeros below the first subdiagonal, by rotations."""
    size = len(a)
    for column in range(size - 2):
        for row in range(size - 1, column + 1, -1):
            c, s = _rotation(a[row - 1][column], a[row][column])
            _turn_rows(a, row - 1, c, s, range(size))
            _turn_columns(a, row - 1, c, s, range(size))
    return a


def _qr_step(h: list[list[complex]], size: int, shift: complex) -> None:
    """One step: Q R is the leading block less the shift, and R Q plus the shift takes its place."""
    for k in range(size):
        h[k][k] -= shift
    turns = []
    for k in range(size - 1):
        c, s = _rotation(h[k][k], h[k + 1][k])
        _turn_rows(h, k, c, s, range(k, size))
        turns.append((c, s))
    for k, (c, s) in enumerate(turns):
        _turn_columns(h, k, c, s, range(min(k + 2, size)))
    for k in range(size):
        h[k][k] += shift


def _rotation(first: complex, second: complex) -> tuple[complex, complex]:
    """c, s of the rotation that takes (first, second) to (r, 0)."""
    length = math.hypot(abs(first), abs(second))
    return (1.0 + 0j, 0j) if length == 0.0 else (first / length, second / length)


def _turn_rows(a: list[list[complex]], row: int, c: complex, s: complex, columns: range) -> None:
    upper, lower = a[row], a[row + 1]
    for j in columns:
        x, y = upper[j], lower[j]
        upper[j] = c.conjugate() * x + s.conjugate() * y
        lower[j] = c * y - s * x


def _turn_columns(a: list[list[complex]], column: int, c: complex, s: complex, rows: range) -> None:
    for i in rows:
        x, y = a[i][column], a[i][column + 1]
        a[i][column] = c * x + s * y
        a[i][column + 1] = c.conjugate() * y - s.conjugate() * x


def _shift(h: list[list[complex]], size: int) -> complex:
    """Eigenvalue of the last two by two block that is nearer its corner."""
    a, b = h[size - 2][size - 2], h[size - 2][size - 1]
    c, d = h[size - 1][size - 2], h[size - 1][size - 1]
    middle, spread = (a + d) / 2.0, cmath.sqrt((a - d) ** 2 / 4.0 + b * c)
    return min(middle + spread, middle - spread, key=lambda value: abs(value - d))
