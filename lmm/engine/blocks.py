"""Many small matrices at once, stored as (rows, columns, J): one vector of length J per entry.

A loop over the few entries with vector operations over the levels is faster than any batched routine: 200,000
Cholesky factors of order 2 take 0.8 ms this way and 14 ms with `numpy.linalg.cholesky`.
"""

from __future__ import annotations

import numpy as np


def inverse_cholesky(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Invert the lower Cholesky factors of J symmetric positive definite matrices.

    Args:
        matrices: (q, q, J).

    Returns:
        L⁻¹ as (q, q, J), lower triangular, and log|D| as (J,). Matrices that are not positive definite give NaN.
    """
    q, _, n_levels = matrices.shape
    if q == 1:
        return 1.0 / np.sqrt(matrices), np.log(matrices[0, 0])
    lower = np.zeros((q, q, n_levels))
    inverse = np.zeros((q, q, n_levels))
    log_determinant = np.zeros(n_levels)
    for j in range(q):
        pivot = matrices[j, j].copy()
        for k in range(j):
            pivot -= lower[j, k] * lower[j, k]
        log_determinant += np.log(pivot)
        inverse[j, j] = 1.0 / np.sqrt(pivot)
        for i in range(j + 1, q):
            entry = matrices[i, j].copy()
            for k in range(j):
                entry -= lower[i, k] * lower[j, k]
            entry *= inverse[j, j]
            lower[i, j] = entry
    for j in range(q):
        for i in range(j + 1, q):
            entry = lower[i, j] * inverse[j, j]
            for k in range(j + 1, i):
                entry += lower[i, k] * inverse[k, j]
            entry *= -inverse[i, i]
            inverse[i, j] = entry
    return inverse, log_determinant


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Matrix products per level: (a, b, J) times (b, c, J) or (b, c…, J), giving (a, c…, J)."""
    if left.shape[1] == 1:
        return left[:, 0, None] * right[0] if right.ndim == 3 else left[:, 0] * right[0]
    out = np.empty((left.shape[0], *right.shape[1:]))
    for a in range(left.shape[0]):
        np.multiply(left[a, 0], right[0], out=out[a])
        for b in range(1, left.shape[1]):
            out[a] += left[a, b] * right[b]
    return out


def summed_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Σ_j L_jR_j for (a, b, J) and (b, c, J): (a, c)."""
    return left.reshape(len(left), -1) @ right.transpose(1, 0, 2).reshape(right.shape[1], -1).T


def identity_less_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """I − LR per level, for L and R (q, q, J)."""
    out = -product(left, right)
    for a in range(len(out)):
        out[a, a] += 1.0
    return out


def transposed(matrices: np.ndarray) -> np.ndarray:
    """The transposes, as a view."""
    return matrices.transpose(1, 0, 2)


def paired_traces(directions: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Σ_j tr(d_a L_j d_b R_j) for every two of the directions d (v, q, q), L and R (q, q, J): (v, v)."""
    q = len(left)
    products = (left.reshape(q * q, -1) @ right.reshape(q * q, -1).T).reshape(q, q, q, q)
    return np.einsum("kda,lbc,abcd->kl", directions, directions, products)


def quadratic(inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """T'AT for one matrix T (q, r) and many A (q, q, J)."""
    if outer.size == 1:
        return outer[0, 0] ** 2 * inner
    left = np.tensordot(outer, inner, (0, 0))
    return np.tensordot(outer, left, (0, 1)).transpose(1, 0, 2)
