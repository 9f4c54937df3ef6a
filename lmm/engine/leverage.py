"""Leverage: the derivative of each fitted value, random effects included, with respect to its own observation.

h_i = w_i c_i'(C'WC + penalty)⁻¹c_i with c_i the row of [Z X]. With factor 0 eliminated, h = |E_jz|² + a'Ña with
a = [z_r; x] − C_j'G_jz, and a'Ña is expanded so that only the entries of Ñ that a row touches are read.
"""

from __future__ import annotations

import numpy as np

from lmm.engine.deviance import Deviance
from lmm.engine.optimum import Optimum

_LEVELS_AT_ONCE = 512


def leverage(optimum: Optimum) -> np.ndarray:
    """The diagonal of the hat matrix (n,), as lme4's `hatvalues`; its sum is the effective number of parameters."""
    problem, at = optimum.problem, optimum.at
    deviance = Deviance(problem, optimum.reml)
    inverse = deviance.congruence(deviance.trace_inverse(at.lower, len(at.solution) - 1), at.T)
    level = problem.factors[0].codes
    gain, sandwich = at.gain, problem.border.sandwich(inverse)
    out = np.empty(problem.n)
    # By runs of levels: C_jN of all levels at once would be as large as a dense border.
    by_level = np.argsort(level, kind="stable")
    ends = np.searchsorted(level[by_level], np.arange(0, problem.factors[0].n_levels, _LEVELS_AT_ONCE))
    for start, rows in zip(
        range(0, problem.factors[0].n_levels, _LEVELS_AT_ONCE), np.split(by_level, ends[1:]), strict=True
    ):
        moved = problem.border.rows(start, start + _LEVELS_AT_ONCE, inverse)
        f = np.einsum("abi,ib->ai", gain[:, :, level[rows]], problem.factors[0].columns[rows])
        h = np.einsum("ia,ai->i", problem.factors[0].columns[rows], f)
        h += np.einsum("ai,abi,bi->i", f, sandwich[:, :, level[rows]], f)
        touched = _touched_entries(optimum, rows)
        for column, value in touched:
            for other, other_value in touched:
                h += value * other_value * inverse[column, other]
            h -= 2.0 * value * (f * moved[:, level[rows] - start, column]).sum(0)
        out[rows] = h
    return out


def _touched_entries(optimum: Optimum, rows: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The entries of [z_r; x] of the rows that are not zero: their column among the rest and their value."""
    problem = optimum.problem
    r = int(problem.offsets[-1])
    out = []
    for k, factor in enumerate(problem.factors[1:], 1):
        for b in range(factor.n_columns):
            column = problem.offsets[k - 1] + b * factor.n_levels + factor.codes[rows]
            out.append((column, factor.columns[rows, b]))
    for c in range(problem.p):
        out.append((np.full(len(rows), r + c), problem.fixed.orthonormal[rows, c]))
    return out
