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
from scipy.linalg import lapack

from lmm.engine import blocks
from lmm.engine.problem import Problem

# Below this relative singular value of Tₖ its inverse would cost the gradient too many digits.
_WELL_CONDITIONED = 1e-4


@dataclass(frozen=True)
class Factorisation:
    """Everything known at one value of T, in whitened coordinates.

    Attributes:
        T: one (q, q) matrix per factor.
        deviance: −2 log-likelihood (REML: restricted) of the whitened problem.
        sigma2: r²/ν.
        root: (q, q, J) E_j; gain: (q, q, J) G_j.
        reduced: (m, m) M.
        lower: (m, m) L in Fortran order; only its lower triangle counts.
        solution: (m,) v = [−û_r; −β̂; 1], û in the spherical coordinates of T.
    """

    T: list[np.ndarray]
    deviance: float
    sigma2: float
    root: np.ndarray
    gain: np.ndarray
    reduced: np.ndarray
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
        reduced = problem.rest.copy()
        problem.border.subtract_gram(root, reduced)
        lower = self._congruence(reduced, [t.T for t in T])
        m = len(lower)
        lower.ravel()[: r * (m + 1) : m + 1] += 1.0
        lower, failed = lapack.dpotrf(lower.T, lower=1, clean=0, overwrite_a=1)
        if failed:
            return Factorisation(T, inf, inf, root, gain, reduced, lower, np.empty(0))
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
        return Factorisation(T, deviance, float(sigma2), root, gain, reduced, lower, solution)

    def gradient(self, at: Factorisation) -> Gradient:
        """Derivatives with respect to T at a factorised point."""
        problem, r = self.problem, self.n_random
        spherical = self.trace_inverse(at.lower, r if not self.reml else len(at.lower) - 1)
        spherical += np.outer(at.solution, at.solution / at.sigma2)
        inverse = self._congruence(spherical, at.T)
        S = [np.empty(0)] * len(at.T)
        for k in range(1, len(at.T)):
            S[k] = self._curvature_of_rest(k, at, spherical, inverse)
        P = -blocks.product(problem.gram, at.gain)
        for a in range(len(P)):
            P[a, a] += 1.0
        H = problem.border.sandwich(inverse)
        marginal = blocks.product(P, problem.gram)
        explained = blocks.product(blocks.product(P, H), blocks.transposed(P))
        S[0] = marginal @ problem.multiplicity - explained.sum(2)
        return Gradient([0.5 * (s + s.T) for s in S], inverse)

    def trace_inverse(self, lower: np.ndarray, size: int) -> np.ndarray:
        """(S_tt)⁻¹ zero-padded to (m, m), for the leading `size` rows t."""
        out = np.zeros(lower.shape)
        if size:
            inverse, _ = lapack.dpotri(lower[:size, :size], lower=1)
            inverse = np.tril(inverse)
            np.add(inverse, inverse.T, out=out[:size, :size])
            out.ravel()[: size * len(out) : len(out) + 1] *= 0.5
        return out

    def _curvature_of_rest(self, k: int, at: Factorisation, spherical: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        """Sₖ for a factor of the dense rest."""
        factor, start = self.problem.factors[k], int(self.problem.offsets[k - 1])
        J, q = factor.n_levels, factor.n_columns
        part = [slice(start + a * J, start + (a + 1) * J) for a in range(q)]
        T = at.T[k]
        natural = T / self.problem.natural_units[k][:, None]
        if np.linalg.svd(natural, compute_uv=False)[-1] > _WELL_CONDITIONED:
            traces = np.array([[spherical[part[a], part[b]].trace() for b in range(q)] for a in range(q)])
            half = np.linalg.solve(T.T, J * np.eye(q) - traces)
            return np.linalg.solve(T.T, half.T).T
        rows = at.reduced[start : start + q * J]
        product = rows @ inverse
        out = np.empty((q, q))
        for a in range(q):
            for b in range(q):
                out[a, b] = at.reduced[part[a], part[b]].trace()
                out[a, b] -= np.einsum("ij,ij->", product[a * J : (a + 1) * J], rows[b * J : (b + 1) * J])
        return out

    def _congruence(self, matrix: np.ndarray, T: list[np.ndarray]) -> np.ndarray:
        """blkdiag(I ⊗ Tₖ, I) times a symmetric matrix times its transpose, in new memory."""
        problem = self.problem
        if len(T) == 1:
            return matrix.copy()
        if all(len(t) == 1 for t in T[1:]):
            scale = np.ones(len(matrix))
            for k, t in enumerate(T[1:], 1):
                scale[problem.offsets[k - 1] : problem.offsets[k]] = t[0, 0]
            out = matrix * scale
            out *= scale[:, None]
            return out
        out = matrix
        for _ in range(2):
            out = np.ascontiguousarray(out.T)
            for k, t in enumerate(T[1:], 1):
                rows = out[problem.offsets[k - 1] : problem.offsets[k]]
                rows[:] = (t @ rows.reshape(len(t), -1)).reshape(rows.shape)
        return out

    def scaled(self, vector: np.ndarray, T: list[np.ndarray]) -> np.ndarray:
        """B times (m,) or (m, c): spherical coordinates to effects."""
        out = np.array(vector)
        for k, t in enumerate(T[1:], 1):
            rows = slice(self.problem.offsets[k - 1], self.problem.offsets[k])
            out[rows] = (t @ vector[rows].reshape(len(t), -1)).reshape(vector[rows].shape)
        return out
