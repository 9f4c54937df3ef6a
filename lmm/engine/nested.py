"""The deviance of one factor nested in another, with exact first and second derivatives.

Every level j of the inner factor lies in one level u of the outer, so that V is block-diagonal and both factors are
eliminated level by level, as `deviance` eliminates the first: no matrix is larger than what one level holds. With
Γ = TT', A = Z'Z and C = Z'[…] of a level (… being what comes after it), G = Γ(I + AΓ)⁻¹, P = I − AG, Q = PA and R = PC,
a level takes C'GC out of the cross-products of the rest:

    of u:  [A_u C_u] = Z₁'[Z₁ X y] − Σ_{j in u} C_j[Z₁]'G_jC_j,    W = [X y]'[X y] − Σ_j C_j'G_jC_j − Σ_u C_u'G_uC_u,

and d = Σ_j log|I + A_jΓ₀| + Σ_u log|I + A_uΓ₁| (+ log|W_XX| under REML) + ν(1 + log 2πr²/ν), r² what X leaves of W_yy.
The derivatives are those of any V with V_a = Z dΓ_a Z' (Harville 1977, Journal of the American Statistical Association
72: 320–338, section 4), for which Z₀'V⁻¹[X y] = Y_j = R_j[X y] − R_j[Z₁]G_uC_u and Z₁'V⁻¹[X y] = R_u.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, pi

import numpy as np
from scipy.linalg import lapack

from lmm.engine import blocks
from lmm.engine.border import DenseBorder
from lmm.engine.problem import Problem


@dataclass(frozen=True)
class Derivatives:
    """What is known of the deviance at one value of T.

    Attributes:
        deviance: its value; where that is infinite, nothing else is known.
        S: of every factor a symmetric (q, q) matrix with ∂d/∂T = 2ST.
        through_V: (a, a) second derivatives as `secondorder` has them.
    """

    deviance: float
    S: list[np.ndarray]
    through_V: np.ndarray


@dataclass(frozen=True)
class _Level:
    """One factor at one value of T.

    Attributes:
        gram: (q, q, J) A. border: (m, q, J) C. root, gain: (q, q, J) E and G = E'E. log_determinant: Σ log|I + AΓ|.
    """

    gram: np.ndarray
    border: np.ndarray
    root: np.ndarray
    gain: np.ndarray
    log_determinant: float

    @staticmethod
    def of(gram: np.ndarray, border: np.ndarray, T: np.ndarray) -> _Level:
        D = blocks.quadratic(gram, T)
        for a in range(len(D)):
            D[a, a] += 1.0
        inverse, log_determinant = blocks.inverse_cholesky(D)
        root = blocks.product(inverse, np.broadcast_to(T.T[:, :, None], D.shape))
        gain = blocks.product(blocks.transposed(root), root)
        return _Level(gram, border, root, gain, float(log_determinant.sum()))

    def taken(self) -> np.ndarray:
        """EC (m, q, J), whose squares are C'GC."""
        return _times(self.root, self.border)

    def marginal(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """P and Q (q, q, J), R (m, q, J)."""
        P = blocks.identity_less_product(self.gram, self.gain)
        return P, blocks.product(P, self.gram), _times(P, self.border)


@dataclass(frozen=True)
class _Eliminated:
    """Both factors eliminated: the deviance, and unless that is infinite what its derivatives need.

    Attributes:
        sigma2: r²/ν. fixed_inverse: (p, p) W_XX⁻¹. contrast: (p + 1,) [−β; 1].
    """

    deviance: float
    sigma2: float = inf
    inner: _Level | None = None
    outer: _Level | None = None
    fixed_inverse: np.ndarray | None = None
    contrast: np.ndarray | None = None


class NestedDeviance:
    """The deviance of a problem whose first factor is nested in its second, as a function of T.

    Args:
        problem: of two factors. parent: (J,) the outer level that each inner one lies in. reml: criterion.
    """

    def __init__(self, problem: Problem, parent: np.ndarray, reml: bool):
        self.reml = reml
        self.degrees = problem.n - problem.p if reml else problem.n
        outer = problem.factors[1]
        # The levels of one outer level side by side, so that sums over them are sums over runs.
        order = np.argsort(parent, kind="stable")
        self.place = np.empty_like(order)
        self.place[order] = np.arange(len(order))
        self.parent = parent[order]
        self.starts = np.searchsorted(self.parent, np.arange(outer.n_levels))
        self.gram = np.take(problem.gram, order, axis=2)
        self.border = np.take(_own_columns(problem, parent), order, axis=2)
        self.outer_gram = problem.rest.grams[0]
        on_fixed = problem.rest.with_fixed[: int(problem.offsets[-1])]
        self.outer_border = on_fixed.T.reshape(-1, outer.n_columns, outer.n_levels)
        self.fixed = problem.rest.fixed

    @staticmethod
    def of(problem: Problem, reml: bool) -> NestedDeviance | None:
        """The deviance of nested factors; None for a problem of others."""
        if len(problem.factors) != 2:
            return None
        inner, outer = problem.factors
        parent = np.zeros(inner.n_levels, dtype=np.intp)
        parent[inner.codes] = outer.codes
        return NestedDeviance(problem, parent, reml) if np.array_equal(parent[inner.codes], outer.codes) else None

    def value(self, T: list[np.ndarray]) -> float:
        """The deviance at T."""
        return self._eliminated(T).deviance

    def derivatives(self, T: list[np.ndarray], directions: list[tuple[int, np.ndarray]]) -> Derivatives:
        """Value and derivatives at T, the second ones along (factor, dΓ), those of the inner factor first."""
        at = self._eliminated(T)
        if not at.deviance < inf:
            return Derivatives(inf, [], np.empty(0))
        inner, outer, k = at.inner, at.outer, len(T[1])
        dG = [np.array([d for factor, d in directions if factor == one]) for one in (0, 1)]
        p = len(at.fixed_inverse)
        N = np.outer(at.contrast, at.contrast) / at.sigma2
        if self.reml:
            N[:p, :p] += at.fixed_inverse

        P_outer, Q_outer, R_outer = outer.marginal()
        NR = np.tensordot(N, R_outer, 1)
        H_outer = _paired(R_outer, NR)
        _, Q, R = inner.marginal()
        across, Y = R[:k], R[k:]
        explained = np.take(_times(outer.gain, outer.border), self.parent, axis=2)
        for b in range(k):
            Y -= explained[:, b, None] * across[b]
        NY = (N @ Y.reshape(p + 1, -1)).reshape(Y.shape)
        G_across = blocks.product(np.take(outer.gain, self.parent, axis=2), across)
        H = _paired(R, np.concatenate([G_across, NY]))

        # Along the inner directions what each outer level sees, [dA dD] = Σ_j R_j[Z₁]'dΓ[R_j[Z₁] Y_j], and dW of both.
        seen = np.einsum("dab,xaybu->dxyu", dG[0], self._products_by_outer(across, R))
        dA, dD = seen[:, :, :k], seen[:, :, k:]
        dW = np.concatenate(
            [np.einsum("dab,xayb->dxy", d, _squares(one)) for d, one in zip(dG, (Y, R_outer), strict=True)]
        )
        GA = np.einsum("abu,dbcu->dacu", outer.gain, dA)
        GD = np.einsum("abu,dbxu->daxu", outer.gain, dD)
        ND = np.tensordot(dD, N, (2, 0))
        PA = np.einsum("abu,dbcu->dacu", P_outer, dA)
        PD = np.einsum("abu,dbxu->daxu", P_outer, dD)
        same_inner = blocks.paired_traces(dG[0], Q, 2.0 * H - Q)
        same_inner -= np.einsum("dabu,ebau->de", GA, GA) + 2.0 * np.einsum("daxu,eaux->de", GD, ND)
        same_outer = blocks.paired_traces(dG[1], Q_outer, 2.0 * H_outer - Q_outer)
        between = 2.0 * np.einsum("daxu,xbu->dab", PD, NR) - np.einsum("dacu,bcu->dab", PA, P_outer)
        mixed = np.einsum("dab,eab->de", between, dG[1])
        through_V = np.block([[same_inner, mixed], [mixed.T, same_outer]])

        to_fixed = (dW @ at.contrast)[:, :p]
        s = (dW @ at.contrast) @ at.contrast
        through_V -= 2.0 * to_fixed @ at.fixed_inverse @ to_fixed.T / at.sigma2
        through_V -= np.outer(s, s) / (at.sigma2**2 * self.degrees)
        if self.reml:
            MW = at.fixed_inverse @ dW[:, :p, :p]
            through_V -= np.einsum("dxy,eyx->de", MW, MW)
        S = [(Q - H).sum(2), (Q_outer - H_outer).sum(2)]
        return Derivatives(at.deviance, [0.5 * (one + one.T) for one in S], through_V)

    def holds(self, inner: np.ndarray, outer: np.ndarray) -> bool:
        """Whether at some rows every inner level (m,) lies in its own outer level (m,)."""
        return np.array_equal(self.parent[self.place[inner]], outer)

    def conditional_forms(self, T: list[np.ndarray], rows: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """z'Var(b | y)z / σ² (m,) of rows with levels that `holds`, per factor the levels (m,) and columns (m, q).

        Given the effects of its outer level, those of an inner one have variance G_j and mean G_j(… − C_j[Z₁]b_u).
        """
        at = self._eliminated(T)
        (inner, z), (outer, z_outer) = rows
        inner = self.place[inner]
        gained = np.einsum("abi,ib->ia", at.inner.gain[:, :, inner], z)
        left = z_outer - np.einsum("xai,ia->ix", self.border[: len(T[1]), :, inner], gained)
        return (z * gained).sum(1) + np.einsum("ix,xyi,iy->i", left, at.outer.gain[:, :, outer], left)

    def _eliminated(self, T: list[np.ndarray]) -> _Eliminated:
        inner = _Level.of(self.gram, self.border, T[0])
        k = len(T[1])
        taken = inner.taken()
        by_outer = self._by_outer(np.stack([(taken[a] * taken).sum(1) for a in range(k)]))
        outer = _Level.of(
            self.outer_gram - by_outer[:, :k], self.outer_border - by_outer[:, k:].transpose(1, 0, 2), T[1]
        )
        W = self.fixed.copy()
        for part in (taken[k:], outer.taken()):
            flat = part.reshape(len(W), -1)
            W -= flat @ flat.T
        lower, failed = lapack.dpotrf(W, lower=1, clean=1)
        if failed:
            return _Eliminated(inf)
        diagonal, p = np.diag(lower), len(W) - 1
        sigma2 = diagonal[p] ** 2 / self.degrees
        deviance = inner.log_determinant + outer.log_determinant + self.degrees * (1.0 + log(2.0 * pi * sigma2))
        if self.reml:
            deviance += 2.0 * float(np.log(diagonal[:p]).sum())
        root = np.linalg.inv(lower[:p, :p])
        contrast = np.append(-(root.T @ lower[p, :p]), 1.0)
        return _Eliminated(deviance, sigma2, inner, outer, root.T @ root, contrast)

    def _by_outer(self, values: np.ndarray) -> np.ndarray:
        """Sums over the inner levels of each outer one: (…, J) to (…, U)."""
        return np.add.reduceat(values, self.starts, axis=-1)

    def _products_by_outer(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Σ_j l r' of each outer level, for l (k, q, J) and r (m, q, J): (k, q, m, q, U)."""
        rows = left.reshape(-1, left.shape[-1])
        return np.stack([self._by_outer(row * right) for row in rows]).reshape(*left.shape[:2], *right.shape[:2], -1)


def _own_columns(problem: Problem, parent: np.ndarray) -> np.ndarray:
    """Z₀'[Z₁ X y] of every inner level, Z₁ the columns of its own outer level: (m, q, J)."""
    border, outer = problem.border, problem.factors[1]
    n_inner = len(parent)
    if isinstance(border, DenseBorder):
        places = [border.values[a * outer.n_levels + parent, :, np.arange(n_inner)].T for a in range(outer.n_columns)]
        return np.concatenate([places, border.values[int(problem.offsets[-1]) :]])
    own = border.data.reshape(len(border.data), n_inner, outer.n_columns).transpose(2, 0, 1)
    return np.concatenate([own, border.fixed_and_outcome])


def _times(matrices: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Matrices (r, q, J) times each of the columns (m, q, J): (m, r, J)."""
    out = np.empty((len(columns), len(matrices), columns.shape[2]))
    for a in range(len(matrices)):
        np.multiply(columns[:, 0], matrices[a, 0], out=out[:, a])
        for b in range(1, matrices.shape[1]):
            out[:, a] += columns[:, b] * matrices[a, b]
    return out


def _paired(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Σ_x l_x r_x' per level, of (m, q, J): (q, q, J)."""
    return np.einsum("xaj,xbj->abj", left, right)


def _squares(columns: np.ndarray) -> np.ndarray:
    """Σ_j of the products of all columns (m, q, J): (m, q, m, q)."""
    m, q, n_levels = columns.shape
    flat = columns.reshape(m * q, n_levels)
    return (flat @ flat.T).reshape(m, q, m, q)
