"""Leverage: the derivative of each fitted value, random effects included, with respect to its own observation.

h_i = w_i c_i'(C'WC + penalty)⁻¹c_i with c_i the row of [Z X]. With factor 0 eliminated, h = |E_jz|² + a'Ña with
a = [z_r; x] − C_j'G_jz, and a'Ña is expanded so that only the entries of Ñ that a row touches are read.
"""

from __future__ import annotations

import numpy as np

from lmm.engine.border import DenseBorder
from lmm.engine.deviance import Deviance
from lmm.engine.optimum import Optimum


def leverage(optimum: Optimum) -> np.ndarray:
    """The diagonal of the hat matrix (n,), as lme4's `hatvalues`; its sum is the effective number of parameters."""
    problem, at = optimum.problem, optimum.at
    deviance = Deviance(problem, optimum.reml)
    inverse = deviance.congruence(deviance.trace_inverse(at.lower, len(at.solution) - 1), at.T)
    first = problem.factors[0]
    level = first.codes
    z = first.columns.T
    f = np.einsum("abi,bi->ai", at.gain[:, :, level], z)
    out = (z * f).sum(0)
    out += np.einsum("ai,abi,bi->i", f, problem.border.sandwich(inverse)[:, :, level], f)
    touched = _touched_entries(optimum)
    moved = _border_times(optimum, inverse)
    for column, value in touched:
        for other, other_value in touched:
            out += value * other_value * inverse[column, other]
        out -= 2.0 * value * (f * moved[:, level, column]).sum(0)
    return out


def _touched_entries(optimum: Optimum) -> list[tuple[np.ndarray, np.ndarray]]:
    """The entries of [z_r; x] of every row that are not zero: their column among the rest and their value."""
    problem = optimum.problem
    r = int(problem.offsets[-1])
    out = []
    for k, factor in enumerate(problem.factors[1:], 1):
        for b in range(factor.n_columns):
            column = problem.offsets[k - 1] + b * factor.n_levels + factor.codes
            out.append((column, factor.columns[:, b]))
    for c in range(problem.p):
        out.append((np.full(problem.n, r + c), problem.fixed.orthonormal[:, c]))
    return out


def _border_times(optimum: Optimum, matrix: np.ndarray) -> np.ndarray:
    """C_j N for every level of factor 0: (q, J, m)."""
    border, r = optimum.problem.border, int(optimum.problem.offsets[-1])
    if isinstance(border, DenseBorder):
        return np.tensordot(border.values, matrix, (0, 0))
    random = np.stack([border._matrix(data) @ matrix[:r] for data in border.data])
    return random + np.tensordot(border.fixed_and_outcome, matrix[r:], (0, 0))
