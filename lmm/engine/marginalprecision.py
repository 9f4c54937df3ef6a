"""V⁻¹ between the columns of all factors but the first, X and y: what traces of V⁻¹∂V are made of.

With M = [Z_r X y]'V₀⁻¹[Z_r X y], V₀ without these factors, and S = I + B'M_rrB,

    (Z_rB)'V⁻¹(Z_rB) = I − S⁻¹,   (Z_rB)'V⁻¹[X y] = S⁻¹B'M_rX,

so that in the columns Z_rB all is there as soon as S is inverted. Only a factor whose T cannot be inverted keeps its
columns Z_s, and Z_r'V⁻¹Z_s = M_rr(I_s − BS⁻¹B'M_rs) has to be multiplied out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse

from lmm.engine.deviance import Deviance, Factorisation

# A singular value t of T, in natural units, costs its inverse here the digits of t²; below this more than six.
_INVERTIBLE = 1e-3
# Below this share of non-zero entries a sparse product is faster than a dense one (measured).
_SPARSE_SHARE = 0.02


@dataclass(frozen=True)
class ThroughFirst:
    """[Z_r X y]'V⁻¹GV⁻¹[Z_r X y] for a change G of V by the first factor, as far as traces need it.

    Attributes:
        product: (r, r) B'FBS⁻¹, F = [Z_r X y]'V₀⁻¹GV₀⁻¹[Z_r X y].
        moved: (r, p + 1) B'F_r· W_X, W_X the `weights` of V⁻¹[X y]; solved: S⁻¹ times it.
        to_fixed: (r, p + 1) Z'V⁻¹GV⁻¹[X y].
        traces: of every factor k ≥ 1 (q, q) traces over levels of Z_k'V⁻¹GV⁻¹Z_k.
    """

    product: np.ndarray
    moved: np.ndarray
    solved: np.ndarray
    to_fixed: np.ndarray
    traces: dict[int, np.ndarray]

    def trace(self, other: ThroughFirst) -> float:
        """tr(S⁻¹B'FB S⁻¹B'F₂B)."""
        return float(np.einsum("ij,ji->", self.product, other.product))


class MarginalPrecision:
    """V⁻¹ between the r random columns of factors 1, 2, … and [X y], V in units of σ².

    Attributes:
        within: (r, r) Z'V⁻¹Z; to_fixed: (r, p + 1) Z'V⁻¹[X y]; of_fixed: (p + 1, p + 1) [X y]'V⁻¹[X y], where the
            columns Z of factor k stand for Z_kT_k if T_k can be inverted.
        weights: (m, p + 1) of the columns V₀⁻¹[Z_r X y] in V⁻¹[X y].
    """

    def __init__(self, deviance: Deviance, at: Factorisation):
        self._deviance, self._at = deviance, at
        r, M = deviance.n_random, deviance.reduced(at)
        self._inverse = deviance.trace_inverse(at.lower, r)
        spherical = self._spherical
        self.to_fixed = spherical @ self._times_roots(M[:r, r:])
        self.weights = np.vstack([-deviance.scaled(self.to_fixed, at.T), np.eye(len(M) - r)])
        of_fixed = M[r:] @ self.weights
        self.of_fixed = 0.5 * (of_fixed + of_fixed.T)
        self.within = -spherical
        self.within.ravel()[:: r + 1] += 1.0
        # I_s − BS⁻¹B'M_rs of the factors whose T cannot be inverted.
        self._moved: dict[int, np.ndarray] = {}
        for k in range(1, len(at.T)):
            if not self._can_be_inverted(k):
                own = self._rows(k)
                solved = spherical @ self._times_roots(M[:r, own])
                moved = -deviance.scaled(solved, at.T)
                moved[np.arange(own.start, own.stop), np.arange(own.stop - own.start)] += 1.0
                self._moved[k] = moved
                self.to_fixed[own] = M[own] @ self.weights
                for other in self._moved:
                    solved[self._rows(other)] = M[self._rows(other), :r] @ moved
                self.within[:, own], self.within[own] = solved, solved.T

    @property
    def shrinkage(self) -> np.ndarray:
        """(m, m) BS⁻¹B', zero-padded."""
        return self._deviance.congruence(self._inverse.copy(order="F"), self._at.T)

    def direction(self, k: int, dG: np.ndarray) -> np.ndarray:
        """A change dG (q, q) of T_kT_k' for the columns that stand for factor k ≥ 1 here."""
        if k in self._moved:
            return dG
        T = self._at.T[k]
        return np.linalg.solve(T, np.linalg.solve(T, dG).T)

    def changed(self, k: int, direction: np.ndarray) -> np.ndarray:
        """(direction ⊗ I)Z_k'V⁻¹[X y] in the rows of factor k, zero in the others: (r, p + 1)."""
        out, rows = np.zeros_like(self.to_fixed), self._rows(k)
        own = self.to_fixed[rows]
        out[rows] = (direction @ own.reshape(len(direction), -1)).reshape(own.shape)
        return out

    def traces(self, k: int) -> np.ndarray:
        """tr Z_ka'V⁻¹Z_kb of the columns a, b of factor k: (q, q)."""
        return self._deviance.traces(self.within, k)

    def traces_across(self, k: int, other: int) -> np.ndarray:
        """tr Z_kb'V⁻¹Z_lc Z_ld'V⁻¹Z_ka, l = `other`: [b, c, a, d], (q_k, q_l, q_k, q_l)."""
        parts, others = self._deviance.parts(k), self._deviance.parts(other)
        blocks = np.array([self.within[b, c].ravel() for b in parts for c in others])
        return (blocks @ blocks.T).reshape(len(parts), len(others), len(parts), len(others))

    def through_first(self, gram: np.ndarray) -> ThroughFirst:
        """What F = `gram` (m, m), which is overwritten, becomes between the columns here."""
        deviance, at, r = self._deviance, self._at, self._deviance.n_random
        with_fixed = gram[:r] @ self.weights
        moved = self._times_roots(with_fixed)
        solved = self._spherical @ moved
        to_fixed, traces = solved.copy(), {}
        for k, own in self._moved.items():
            to_fixed[self._rows(k)] = own.T @ with_fixed
            traces[k] = _by_columns(own, gram[:r, :r] @ own, len(at.T[k]))
        turned = deviance.congruence(gram[:r, :r], [T.T for T in at.T])
        if np.count_nonzero(turned) < _SPARSE_SHARE * turned.size:
            turned = sparse.csr_array(turned)
        product = turned @ self._spherical
        for k in range(1, len(at.T)):
            if k not in self._moved:
                rows = self._rows(k)
                traces[k] = _by_columns(self._spherical[:, rows], product[:, rows], len(at.T[k]))
        return ThroughFirst(product, moved, solved, to_fixed, traces)

    @property
    def _spherical(self) -> np.ndarray:
        """S⁻¹ (r, r), row by row in memory."""
        r = self._deviance.n_random
        return self._inverse[:r, :r].T

    def _rows(self, k: int) -> slice:
        """Where factor k stands."""
        offsets = self._deviance.problem.offsets
        return slice(int(offsets[k - 1]), int(offsets[k]))

    def _can_be_inverted(self, k: int) -> bool:
        natural = self._at.T[k] / self._deviance.problem.natural_units[k][:, None]
        return bool(np.linalg.svd(natural, compute_uv=False)[-1] > _INVERTIBLE)

    def _times_roots(self, columns: np.ndarray) -> np.ndarray:
        """B' times (r, c)."""
        return self._deviance.scaled(columns, [T.T for T in self._at.T])


def _by_columns(left: np.ndarray, right: np.ndarray, q: int) -> np.ndarray:
    """tr L_a'R_b for the q sets of columns of two (r, qJ) matrices: (q, q)."""
    r = len(left)
    return np.einsum("iaj,ibj->ab", left.reshape(r, q, -1), right.reshape(r, q, -1))
