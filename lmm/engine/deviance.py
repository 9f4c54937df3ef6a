"""The profiled deviance, its gradient and the matrices from which second derivatives are built.

Per level j of factor 0: D_j = I + T₀'A_jT₀ = L_jL_j', E_j = L_j⁻¹T₀', G_j = E_j'E_j. With B = blkdiag(I ⊗ Tₖ, I),
M = [Z_r X y]'[Z_r X y] − Σ C_j'G_jC_j and S = B'MB + blkdiag(I, 0) = LL', the residual sum of squares is r² = L_yy²
and d = Σ log|D_j| + 2Σ_r log L_ii (+ 2Σ_X log L_ii under REML) + ν(1 + log 2πr²/ν) (Bates et al. 2015, eq. 30–42,
rearranged so that one factor leaves before the Cholesky factorisation).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, pi

import numpy as np
from scipy.linalg import blas, lapack

from lmm.engine import blocks
from lmm.engine.problem import Problem

# Below this relative singular value of Tₖ its inverse would cost the gradient too many digits.
_WELL_CONDITIONED = 1e-4
_BLOCK = 128
_AT_ONCE = 16_384


@dataclass(frozen=True)
class Factorisation:
    """Everything known at one value of T, in whitened coordinates.

    Attributes:
        T: one (q, q) matrix per factor.
        deviance: −2 log-likelihood (REML: restricted) of the whitened problem.
        sigma2: r²/ν.
        root: (q, q, J) E_j; gain: (q, q, J) G_j.
        reduced_fixed: (p + 1, p + 1) M between the columns [X y].
        lower: (m, m) L in Fortran order.
        solution: (m,) v = [−û_r; −β̂; 1], û in the spherical coordinates of T.
    """

    T: list[np.ndarray]
    deviance: float
    sigma2: float
    root: np.ndarray
    gain: np.ndarray
    reduced_fixed: np.ndarray
    lower: np.ndarray
    solution: np.ndarray

    @property
    def is_finite(self) -> bool:
        """Whether the deviance could be computed."""
        return self.deviance < inf


@dataclass(frozen=True)
class Gradient:
    """First derivatives: ∂d/∂Tₖ = 2 Sₖ Tₖ.

    Attributes:
        S: one symmetric (q, q) matrix per factor.
        inverse: (m, m) Ñ = B (zero-padded inverse of S_tt + vv'/σ²) B'.
    """

    S: list[np.ndarray]
    inverse: np.ndarray


class Deviance:
    """The deviance of a problem as a function of T, by REML or ML."""

    def __init__(self, problem: Problem, reml: bool):
        self.problem = problem
        self.reml = reml
        self.degrees = problem.n - problem.p if reml else problem.n
        self.n_random = int(problem.offsets[-1])

    @property
    def constant(self) -> float:
        """What the deviance of the original data has more than that of the whitened data."""
        fixed = self.problem.fixed
        constant = self.degrees * 2.0 * log(fixed.scale) - self.problem.sum_log_weights
        return constant + fixed.log_determinant if self.reml else constant

    def factorise(self, T: list[np.ndarray]) -> Factorisation:
        """Value of the deviance at T, with what derivatives and estimates need."""
        problem, r = self.problem, self.n_random
        D = blocks.quadratic(problem.gram, T[0])
        for a in range(len(D)):
            D[a, a] += 1.0
        inverse, log_determinant = blocks.inverse_cholesky(D)
        root = blocks.product(inverse, np.broadcast_to(T[0].T[:, :, None], D.shape))
        gain = blocks.product(blocks.transposed(root), root)
        lower = problem.rest.dense()
        problem.border.subtract_gram(root, lower)
        reduced_fixed = lower[r:, r:].copy()
        lower = self.congruence(lower, [t.T for t in T])
        m = len(lower)
        lower.ravel()[: r * (m + 1) : m + 1] += 1.0
        lower, failed = lapack.dpotrf(lower.T, lower=1, clean=1, overwrite_a=1)
        if failed:
            return Factorisation(T, inf, inf, root, gain, reduced_fixed, lower, np.empty(0))
        diagonal = np.diag(lower)
        sigma2 = diagonal[-1] ** 2 / self.degrees
        deviance = float(
            log_determinant @ problem.multiplicity
            + 2.0 * np.log(diagonal[: m - 1 if self.reml else r]).sum()
            + self.degrees * (1.0 + log(2.0 * pi * sigma2))
        )
        solution = np.ones(m)
        if m > 1:
            right = np.concatenate([lower[-1, :-1], [0.0]])
            solution[:-1] = -lapack.dtrtrs(lower, right, lower=1, trans=1)[0][:-1]
        return Factorisation(T, deviance, float(sigma2), root, gain, reduced_fixed, lower, solution)

    def reduced(self, at: Factorisation) -> np.ndarray:
        """M (m, m). It is made anew: beside L it would be the largest matrix held, and few ask for it."""
        out = self.problem.rest.dense()
        self.problem.border.subtract_gram(at.root, out)
        return out

    def gradient(self, at: Factorisation, overwrite: bool = False) -> Gradient:
        """Derivatives with respect to T at a factorised point; with `overwrite` they use up the memory of its L."""
        problem, r = self.problem, self.n_random
        spherical = self.trace_inverse(at.lower, r if not self.reml else len(at.lower) - 1, overwrite)
        spherical = blas.dger(1.0 / at.sigma2, at.solution, at.solution, a=spherical, overwrite_a=1)
        traces = [self.traces(spherical, k) for k in range(1, len(at.T))]
        inverse = self.congruence(spherical, at.T)
        S = [np.empty(0)] + [self._curvature_of_rest(k, at, traces[k - 1], inverse) for k in range(1, len(at.T))]
        P = blocks.identity_less_product(problem.gram, at.gain)
        H = problem.border.sandwich(inverse)
        S[0] = blocks.summed_product(P * problem.multiplicity, problem.gram)
        S[0] -= blocks.summed_product(blocks.product(P, H), blocks.transposed(P))
        return Gradient([0.5 * (s + s.T) for s in S], inverse)

    def trace_inverse(self, lower: np.ndarray, size: int, overwrite: bool = False) -> np.ndarray:
        """(S_tt)⁻¹ zero-padded to (m, m), for the leading `size` rows t; in Fortran order, if asked in L's place."""
        out = lower if overwrite else lower.copy(order="F")
        out[size:] = 0.0
        beyond = np.arange(size, len(out))
        out[beyond, beyond] = 1.0
        out, _ = lapack.dpotri(out, lower=1, overwrite_c=1)
        out[beyond, beyond] = 0.0
        _mirror_lower(out)
        return out

    def parts(self, k: int) -> list[slice]:
        """Where each column of factor k stands among the random columns of the rest."""
        factor, start = self.problem.factors[k], int(self.problem.offsets[k - 1])
        J = factor.n_levels
        return [slice(start + a * J, start + (a + 1) * J) for a in range(factor.n_columns)]

    def traces(self, matrix: np.ndarray, k: int) -> np.ndarray:
        """Σ over levels of the (q, q) diagonal blocks of factor k."""
        parts = self.parts(k)
        return np.array([[matrix[a, b].trace() for b in parts] for a in parts])

    def _curvature_of_rest(
        self, k: int, at: Factorisation, spherical_traces: np.ndarray, inverse: np.ndarray
    ) -> np.ndarray:
        """Sₖ for a factor of the dense rest."""
        T = at.T[k]
        natural = T / self.problem.natural_units[k][:, None]
        smallest = abs(natural[0, 0]) if len(T) == 1 else np.linalg.svd(natural, compute_uv=False)[-1]
        if smallest > _WELL_CONDITIONED:
            inverse_T = np.linalg.inv(T)
            return inverse_T.T @ (self.problem.factors[k].n_levels * np.eye(len(T)) - spherical_traces) @ inverse_T
        reduced = self.reduced(at)
        out = self.traces(reduced, k)
        parts = self.parts(k)
        for a, part in enumerate(parts):
            product = reduced[part] @ inverse
            for b, other in enumerate(parts):
                out[a, b] -= np.einsum("ij,ij->", product, reduced[other])
        return out

    def congruence(self, matrix: np.ndarray, T: list[np.ndarray]) -> np.ndarray:
        """blkdiag(I ⊗ Tₖ, I) times a symmetric matrix times its transpose; the matrix itself may be overwritten."""
        problem = self.problem
        if len(T) == 1:
            return matrix
        if all(len(t) == 1 for t in T[1:]):
            scale = np.ones(len(matrix))
            for k, t in enumerate(T[1:], 1):
                scale[problem.offsets[k - 1] : problem.offsets[k]] = t[0, 0]
            matrix *= scale
            matrix *= scale[:, None]
            return matrix
        by_row = matrix.T if matrix.flags.f_contiguous else np.ascontiguousarray(matrix)
        for k, t in enumerate(T[1:], 1):
            part = slice(problem.offsets[k - 1], problem.offsets[k])
            _combine(by_row[part].reshape(len(t), -1), t)
            for start in range(0, len(by_row), _BLOCK):
                rows = by_row[start : start + _BLOCK, part].reshape(-1, len(t), problem.factors[k].n_levels)
                rows[:] = t @ rows
        return by_row

    def scaled(self, vector: np.ndarray, T: list[np.ndarray]) -> np.ndarray:
        """B times (m,) or (m, c): spherical coordinates to effects."""
        out = np.array(vector)
        for k, t in enumerate(T[1:], 1):
            rows = slice(self.problem.offsets[k - 1], self.problem.offsets[k])
            out[rows] = (t @ vector[rows].reshape(len(t), -1)).reshape(vector[rows].shape)
        return out


def _combine(rows: np.ndarray, weights: np.ndarray) -> None:
    """Replace rows (q, c) by `weights` (q, q) times them, in place and by blocks that fit the cache."""
    for start in range(0, rows.shape[1], _AT_ONCE):
        block = rows[:, start : start + _AT_ONCE]
        block[:] = weights @ block


def _mirror_lower(matrix: np.ndarray) -> None:
    """Copy a lower triangular matrix onto its upper part, in place and by blocks: large new arrays cost page faults."""
    for start in range(0, len(matrix), _BLOCK):
        stop = start + _BLOCK
        matrix[start:stop, stop:] = matrix[stop:, start:stop].T
        corner = matrix[start:stop, start:stop]
        mirrored = corner + corner.T
        mirrored.ravel(order="K")[:: len(corner) + 1] *= 0.5
        corner[:] = mirrored
