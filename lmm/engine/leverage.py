"""Leverage: the derivative of each fitted value, random effects included, with respect to its own observation.

h_i = w_i c_i'(C'WC + penalty)⁻¹c_i with c_i the row of [Z X]. With factor 0 eliminated, h = |E_jz|² + a'Ña with
a = [z_r; x] − C_j'G_jz, and a'Ña is expanded so that only the entries of Ñ that a row touches are read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmm.engine.deviance import Deviance
from lmm.engine.nested import NestedDeviance
from lmm.engine.optimum import Optimum

_LEVELS_AT_ONCE = 512


def leverage(optimum: Optimum) -> np.ndarray:
    """The diagonal of the hat matrix (n,), as lme4's `hatvalues`; its sum is the effective number of parameters."""
    problem = optimum.problem
    rows = [(factor.codes, factor.columns) for factor in problem.factors]
    return _quadratic_forms(optimum, rows, problem.fixed.orthonormal, len(optimum.at.solution) - 1)


def prediction_variance(optimum: Optimum, rows: Sequence[tuple[np.ndarray, np.ndarray]], X: np.ndarray) -> np.ndarray:
    """Variance (m,) of Xβ̂ + Σ Z b̂ less the true Xβ + Σ Zb at m rows, the relative variances taken as known.

    It is σ²c'(C'WC + penalty)⁻¹c (Henderson 1975), in the units of the data.

    Args:
        optimum: of the fit.
        rows: per factor, in the caller's order, the levels (m,), -1 for one that contributes nothing, and the columns
            (m, q) of its terms.
        X: (m, p) the kept fixed-effects columns.
    """
    problem = optimum.problem
    fixed = np.linalg.solve(problem.fixed.upper.T, X.T).T
    forms = _quadratic_forms(optimum, _whitened(optimum, rows), fixed, len(optimum.at.solution) - 1)
    return problem.fixed.scale**2 * optimum.at.sigma2 * forms


def conditional_variance(optimum: Optimum, rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Variance (m,) of Σ Zb at m rows given the data, θ and β: that of the conditional modes, all factors together.

    Arguments are those of `prediction_variance`, which lets β vary too.
    """
    problem, whitened = optimum.problem, _whitened(optimum, rows)
    nested = NestedDeviance.of(problem, optimum.reml)
    if nested is not None and nested.holds(*(codes for codes, _ in whitened)):
        forms = nested.conditional_forms(optimum.at.T, whitened)
    else:
        none = np.zeros((len(rows[0][0]), problem.p))
        forms = _quadratic_forms(optimum, whitened, none, int(problem.offsets[-1]))
    return problem.fixed.scale**2 * optimum.at.sigma2 * forms


def _whitened(optimum: Optimum, rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Levels and whitened columns of rows, factors in the problem's order."""
    problem, whitened = optimum.problem, []
    for k, factor, transforms in zip(problem.order, problem.factors, problem.transforms, strict=True):
        codes, columns = rows[k]
        known = np.where(codes[:, None] < 0, 0.0, columns)
        for term, upper in zip(factor.slices, transforms, strict=True):
            known[:, term] = np.linalg.solve(upper.T, known[:, term].T).T
        whitened.append((np.maximum(codes, 0), known))
    return whitened


def _quadratic_forms(
    optimum: Optimum, rows: Sequence[tuple[np.ndarray, np.ndarray]], fixed: np.ndarray, size: int
) -> np.ndarray:
    """c'(C'WC + penalty)⁻¹c (m,) of rows c = [z x] in whitened coordinates, factors in the problem's order.

    Of [Z_r X] the first `size` columns are unknown, the others known.
    """
    problem, at = optimum.problem, optimum.at
    deviance = Deviance(problem, optimum.reml)
    r = deviance.n_random
    inverse = deviance.congruence(deviance.trace_inverse(at.lower, size), at.T)
    level, columns = rows[0]
    gain, sandwich = at.gain, problem.border.sandwich(inverse)
    out = np.empty(len(level))
    # By runs of levels: C_jN of all levels at once would be as large as a dense border.
    by_level = np.argsort(level, kind="stable")
    ends = np.searchsorted(level[by_level], np.arange(0, problem.factors[0].n_levels, _LEVELS_AT_ONCE))
    for start, some in zip(
        range(0, problem.factors[0].n_levels, _LEVELS_AT_ONCE), np.split(by_level, ends[1:]), strict=True
    ):
        moved = problem.border.rows(start, start + _LEVELS_AT_ONCE, inverse)
        f = np.einsum("abi,ib->ai", gain[:, :, level[some]], columns[some])
        h = np.einsum("ia,ai->i", columns[some], f)
        h += np.einsum("ai,abi,bi->i", f, sandwich[:, :, level[some]], f)
        touched = _touched_entries(optimum, [(codes[some], z[some]) for codes, z in rows[1:]])
        x = fixed[some]
        h += ((x @ inverse[r:-1, r:-1]) * x).sum(1)
        for c in range(x.shape[1]):
            across = sum((value * inverse[column, r + c] for column, value in touched), np.zeros(len(x)))
            h += 2.0 * x[:, c] * (across - (f * moved[:, level[some] - start, r + c]).sum(0))
        for column, value in touched:
            for other, other_value in touched:
                h += value * other_value * inverse[column, other]
            h -= 2.0 * value * (f * moved[:, level[some] - start, column]).sum(0)
        out[some] = h
    return out


def _touched_entries(
    optimum: Optimum, rest: Sequence[tuple[np.ndarray, np.ndarray]]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The entries of z_r of the rows that are not zero: their column among the rest and their value."""
    problem = optimum.problem
    out = []
    for k, (codes, z) in enumerate(rest, 1):
        for b in range(z.shape[1]):
            column = problem.offsets[k - 1] + b * problem.factors[k].n_levels + codes
            out.append((column, z[:, b]))
    return out
