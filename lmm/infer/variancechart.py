"""Free coordinates for the variance parameters at an optimum that may lie on the boundary.

Inside its range a covariance is its own coordinate. On the boundary Σ = LL' with L of fewer columns than rows: its
entries, less those that a rotation of the columns makes zero, are coordinates in which the boundary is an open set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import qr

from lmm.engine.information import VarianceInformation

if TYPE_CHECKING:
    from lmm.model import Fit


def variance_chart(fit: Fit, information: VarianceInformation) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x of the variance parameters φ near the optimum, those on the boundary held there.

    Args:
        fit: the fit. information: in the order of `fit.random`, see `lmm.infer.live.information_of`.

    Returns:
        ∂φ/∂x (v, c), and Σ_i ∂d/∂φ_i ∂²φ_i/∂x² (c, c), what the bend of the coordinates adds to the Hessian of the
        deviance d.
    """
    rank_of = {(boundary.group, boundary.names): boundary.rank for boundary in fit.boundaries}
    v = len(information.values)
    columns: list[np.ndarray] = []
    bends: list[np.ndarray] = []
    start = 0
    for term in fit.random:
        q = len(term.names)
        pairs = [(row, column) for column in range(q) for row in range(column, q)]
        rank = rank_of.get((term.group, term.names), q)
        if rank == q:
            jacobian, bend = np.eye(len(pairs)), np.zeros((len(pairs), len(pairs)))
        else:
            mine = slice(start, start + len(pairs))
            covariance = np.zeros((q, q))
            for (row, column), value in zip(pairs, information.values[mine], strict=True):
                covariance[row, column] = covariance[column, row] = value
            jacobian, bend = _on_boundary(covariance, rank, pairs, information.gradient[mine])
        whole = np.zeros((v, jacobian.shape[1]))
        whole[start : start + len(pairs)] = jacobian
        columns.append(whole)
        bends.append(bend)
        start += len(pairs)
    residual = np.zeros((v, 1))
    residual[-1] = 1.0
    jacobian = np.hstack([*columns, residual])
    curvature = np.zeros((jacobian.shape[1], jacobian.shape[1]))
    place = 0
    for bend in bends:
        curvature[place : place + len(bend), place : place + len(bend)] = bend
        place += len(bend)
    return jacobian, curvature


def _on_boundary(
    covariance: np.ndarray, rank: int, pairs: list[tuple[int, int]], slope: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Jacobian and bend of Σ = LL' in the free entries of L (q, rank)."""
    L = _trapezoidal(covariance, rank)
    free = np.argwhere(~np.isnan(L)).tolist()
    L = np.nan_to_num(L)
    jacobian = np.zeros((len(pairs), len(free)))
    bend = np.zeros((len(free), len(free)))
    for i, (row, column) in enumerate(pairs):
        for a, (effect, direction) in enumerate(free):
            jacobian[i, a] = (effect == row) * L[column, direction] + (effect == column) * L[row, direction]
            for b, (other_effect, other_direction) in enumerate(free):
                if direction == other_direction:
                    crossing = (effect == row) * (other_effect == column) + (effect == column) * (other_effect == row)
                    bend[a, b] += slope[i] * crossing
    return jacobian, bend


def _trapezoidal(covariance: np.ndarray, rank: int) -> np.ndarray:
    """L (q, rank) with LL' the covariance, NaN where a rotation of its columns has made an entry zero for good."""
    sd = np.sqrt(np.diag(covariance))
    scale = np.where(sd > 0, sd, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    root = (
        scale[:, None] * vectors[:, -rank:] * np.sqrt(np.maximum(values[-rank:], 0.0))
        if rank
        else np.empty((len(sd), 0))
    )
    _, upper, order = qr((root / scale[:, None]).T, mode="economic", pivoting=True)
    out = np.empty_like(root)
    out[order] = upper.T * scale[order, None]
    for position, effect in enumerate(order):
        out[effect, position + 1 :] = np.nan
    return out
