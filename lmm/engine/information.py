"""Derivatives of the likelihood in the variances themselves, V = Σ φ_i G_i, from the cross-products.

The parameters φ are the distinct elements of every term's covariance and the residual variance, the columns of each
term being orthonormal: with those of the data, a covariate far from zero (a calendar year) would leave no digits of
the inverse of the information. Kenward & Roger (1997) and Fai & Cornelius (1996) need tr(V⁻¹G_iV⁻¹G_j), X'V⁻¹G_iV⁻¹X
and X'V⁻¹G_iV⁻¹G_jV⁻¹X, which packages build from matrices of order n. Here, with R_j = (I − A_jG_j)C_j and
B_j = (I − A_jG_j)A_j of factor 0, M = [Z_r X y]'V₀⁻¹[Z_r X y] (V₀ without the other factors), N = B S_rr⁻¹B' and
W = I − NM,

    [Z_r X y]'V⁻¹[Z_r X y] = K = MW,   Z₀'V⁻¹[Z_r X y] = RW,   Z₀'V⁻¹Z₀ = blkdiag(B_j) − R N R',

so that nothing is larger than M. The residual variance, whose G is the identity, follows from the others because V is
linear: V⁻¹ = V⁻¹VV⁻¹ = Σ φ_i V⁻¹G_iV⁻¹.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import block_diag

from lmm.engine import blocks
from lmm.engine.deviance import Deviance
from lmm.engine.optimum import Optimum


@dataclass(frozen=True)
class VarianceInformation:
    """What the likelihood says of the v variance parameters φ at the optimum, in units of the outcome.

    Attributes:
        parameters: (factor, row, column) of each but the last, row ≥ column: an element of the covariance of the
            effects of that factor's whitened columns, factors in the caller's order; the last parameter is the
            residual variance.
        values: (v,) φ.
        to_data: (v, v) from φ to the same elements for the columns of the data: what is linear in those with weights
            w is linear in φ with weights w'to_data.
        reml: criterion.
        vcov: (p, p) Φ = (X'V⁻¹X)⁻¹ of the kept columns.
        trace: (v,) tr(V⁻¹G_i).
        traces: (v, v) tr(V⁻¹G_iV⁻¹G_j).
        first: (v, p, p) X'V⁻¹G_iV⁻¹X.
        second: (v, v, p, p) X'V⁻¹G_iV⁻¹G_jV⁻¹X.
        score: (v,) y'PG_iPy, with P = V⁻¹ − V⁻¹XΦX'V⁻¹.
        observed: (v, v) y'PG_iPG_jPy.
    """

    parameters: tuple[tuple[int, int, int], ...]
    values: np.ndarray
    to_data: np.ndarray
    reml: bool
    vcov: np.ndarray
    trace: np.ndarray
    traces: np.ndarray
    first: np.ndarray
    second: np.ndarray
    score: np.ndarray
    observed: np.ndarray

    def reordered(self, order: np.ndarray) -> VarianceInformation:
        """The same with its parameters in another order; the residual variance stays the last."""
        square = np.ix_(order, order)
        return replace(
            self,
            parameters=tuple(self.parameters[i] for i in order[:-1]),
            values=self.values[order],
            to_data=self.to_data[square],
            trace=self.trace[order],
            traces=self.traces[square],
            first=self.first[order],
            second=self.second[square],
            score=self.score[order],
            observed=self.observed[square],
        )

    @property
    def restricted_traces(self) -> np.ndarray:
        """(v, v) tr(PG_iPG_j)."""
        explained = self.vcov @ self.first
        once = np.einsum("ab,ijba->ij", self.vcov, self.second)
        return self.traces - 2.0 * once + np.einsum("iab,jba->ij", explained, explained)

    @property
    def expected(self) -> np.ndarray:
        """(v, v) expected information on φ: ½ tr(PG_iPG_j) by REML, ½ tr(V⁻¹G_iV⁻¹G_j) by ML."""
        return 0.5 * (self.restricted_traces if self.reml else self.traces)

    @property
    def gradient(self) -> np.ndarray:
        """(v,) first derivatives of the deviance; zero at an optimum inside the range of φ."""
        if not self.reml:
            return self.trace - self.score
        return self.trace - np.einsum("ab,iba->i", self.vcov, self.first) - self.score

    @property
    def hessian(self) -> np.ndarray:
        """(v, v) exact second derivatives of the deviance, V being linear in φ."""
        return 2.0 * (self.observed - self.expected)


def variance_information(optimum: Optimum) -> VarianceInformation:
    """The derivatives at an optimum; about as much work as a few evaluations of the gradient."""
    problem, at = optimum.problem, optimum.at
    deviance = Deviance(problem, optimum.reml)
    r, p = deviance.n_random, problem.p
    parameters, directions, relative = _parameters(optimum)
    first_factor = [i for i, (k, _) in enumerate(directions) if k == 0]
    others = [i for i, (k, _) in enumerate(directions) if k > 0]
    size = len(directions)

    random_inverse = deviance.congruence(deviance.trace_inverse(at.lower, r), at.T)
    W = np.eye(len(at.reduced)) - random_inverse @ at.reduced
    K = at.reduced @ W
    K = 0.5 * (K + K.T)
    N = random_inverse[:r, :r]

    P = -blocks.product(problem.gram, at.gain)
    for a in range(len(P)):
        P[a, a] += 1.0
    B = blocks.product(P, problem.gram)
    H = blocks.product(blocks.product(P, problem.border.sandwich(random_inverse)), blocks.transposed(P))
    of_fixed = np.stack([problem.border.times(column) for column in W[:, r:].T], axis=-1)
    K_fixed = np.stack([np.einsum("abj,bj->aj", P, part) for part in np.moveaxis(of_fixed, -1, 0)], axis=-1)

    trace = np.empty(size)
    traces = np.empty((size, size))
    first = np.empty((size, p + 1, p + 1))
    second = np.empty((size, size, p + 1, p + 1))

    grams = _grams_of_first_factor(problem.border, P, [directions[i][1] for i in first_factor])
    projected = [W.T @ F @ W for F in grams] if r else grams
    reduced = [N @ F[:r, :r] for F in grams]
    marginal, conditional = B, B - H
    for i, F, at_fixed in zip(first_factor, grams, projected, strict=True):
        dG = directions[i][1]
        trace[i] = np.einsum("ab,baj->", dG, conditional)
        first[i] = at_fixed[r:, r:]
        left = np.einsum("ajx,ab->bjx", K_fixed, dG)
        left = np.stack([np.einsum("bcj,bj->cj", marginal, part) for part in np.moveaxis(left, -1, 0)], axis=-1)
        to_rest = F[:r] @ W[:, r:]
        for j, F_other, reduced_other in zip(first_factor, grams, reduced, strict=True):
            dG_other = directions[j][1]
            traces[i, j] = (
                _paired_traces(dG, B, dG_other, B)
                - _paired_traces(dG, B, dG_other, H)
                - _paired_traces(dG, H, dG_other, B)
                + np.einsum("ab,ba->", reduced[first_factor.index(i)], reduced_other)
            )
            right = np.einsum("ab,bjx->ajx", dG_other, K_fixed)
            second[i, j] = np.einsum("ajx,ajy->xy", left, right) - to_rest.T @ N @ (F_other[:r] @ W[:, r:])

    changed = {}
    for j in others:
        k, dG = directions[j]
        parts = _parts(optimum, k)
        trace[j] = _traced(dG, K, parts)
        block = np.zeros((r, p + 1))
        for a, part in enumerate(parts):
            for b, other in enumerate(parts):
                if dG[a, b]:
                    block[part] += dG[a, b] * K[other, r:]
        changed[j] = block
        first[j] = K[r:, :r] @ block
        for i, at_fixed in zip(first_factor, projected, strict=True):
            traces[i, j] = traces[j, i] = _traced(dG, at_fixed, parts)
            second[i, j] = at_fixed[r:, :r] @ block
            second[j, i] = second[i, j].T
    for i in others:
        forth = K[:r, :r] @ changed[i]
        for j in others:
            traces[i, j] = _traces_across(*directions[i], *directions[j], K, optimum)
            second[i, j] = forth.T @ changed[j]

    trace, traces, first, second = _with_residual(relative, problem.n, K[r:, r:], trace, traces, first, second)
    return _in_units_of_data(optimum, parameters, relative, K[r:, r:], trace, traces, first, second)


def _parameters(optimum: Optimum) -> tuple[list[tuple[int, int, int]], list[tuple[int, np.ndarray]], np.ndarray]:
    """Place in the caller's order, direction dG, and value over σ² of every parameter."""
    problem = optimum.problem
    parameters, directions, values = [], [], []
    for k in np.argsort(problem.order):
        factor = problem.factors[k]
        for term in factor.slices:
            root = optimum.at.T[k][term, term]
            covariance = root @ root.T
            for column in range(len(root)):
                for row in range(column, len(root)):
                    dG = np.zeros((factor.n_columns, factor.n_columns))
                    dG[term.start + row, term.start + column] = dG[term.start + column, term.start + row] = 1.0
                    parameters.append((int(problem.order[k]), term.start + row, term.start + column))
                    directions.append((int(k), dG))
                    values.append(covariance[row, column])
    return parameters, directions, np.array(values)


def _to_data(optimum: Optimum) -> np.ndarray:
    """Elements of Σ = U⁻¹ΩU⁻ᵀ, for columns ZU⁻¹ with covariance Ω, in those of Ω; 1 for the residual variance."""
    problem, parts = optimum.problem, []
    for k in np.argsort(problem.order):
        for upper in problem.transforms[k]:
            back = np.linalg.inv(upper)
            column, row = np.triu_indices(len(upper))
            straight = back[np.ix_(row, row)] * back[np.ix_(column, column)]
            crossed = back[np.ix_(row, column)] * back[np.ix_(column, row)]
            parts.append(straight + np.where(row == column, 0.0, crossed))
    return block_diag(*parts, 1.0)


def _grams_of_first_factor(border, P: np.ndarray, directions: list[np.ndarray]) -> list[np.ndarray]:
    """Σ_j R_j' dG R_j (m, m) of every direction, a sum of squares with signs as its eigenvalues have them."""
    out = []
    for dG in directions:
        values, vectors = np.linalg.eigh(dG)
        total = np.zeros((border.n_columns, border.n_columns))
        largest = np.abs(values).max()
        for sign in (1.0, -1.0):
            chosen = sign * values > 1e-14 * largest
            if chosen.any():
                half = np.sqrt(np.abs(values[chosen]))[:, None] * vectors[:, chosen].T
                part = np.zeros_like(total)
                border.subtract_gram(np.einsum("xa,abj->xbj", half, P), part)
                total -= sign * part
        out.append(total)
    return out


def _paired_traces(first: np.ndarray, X: np.ndarray, second: np.ndarray, Y: np.ndarray) -> float:
    """Σ_j tr(first X_j second Y_j)."""
    left = np.einsum("ab,bcj->acj", first, X)
    right = np.einsum("ab,bcj->acj", second, Y)
    return float(np.einsum("acj,caj->", left, right))


def _parts(optimum: Optimum, k: int) -> list[slice]:
    """Where each column of factor k stands among the random columns of the rest."""
    factor, start = optimum.problem.factors[k], int(optimum.problem.offsets[k - 1])
    J = factor.n_levels
    return [slice(start + a * J, start + (a + 1) * J) for a in range(factor.n_columns)]


def _traced(dG: np.ndarray, matrix: np.ndarray, parts: list[slice]) -> float:
    """tr((dG ⊗ I) matrix) over the columns of one factor."""
    return float(
        sum(
            dG[a, b] * matrix[other, part].trace()
            for a, part in enumerate(parts)
            for b, other in enumerate(parts)
            if dG[a, b]
        )
    )


def _traces_across(
    k: int, dG: np.ndarray, other_k: int, other_dG: np.ndarray, K: np.ndarray, optimum: Optimum
) -> float:
    """tr(D_i K_kl D_j K_lk) for two factors of the rest."""
    parts, others = _parts(optimum, k), _parts(optimum, other_k)
    total = 0.0
    for a, b in zip(*np.nonzero(dG), strict=True):
        for c, d in zip(*np.nonzero(other_dG), strict=True):
            total += dG[a, b] * other_dG[c, d] * np.einsum("ij,ij->", K[parts[b], others[c]], K[parts[a], others[d]])
    return float(total)


def _with_residual(values, n, whole, trace, traces, first, second):
    """Add the residual variance (1 in these units) by the linearity of V."""
    v = len(values)
    to_residual = trace - traces @ values
    trace = np.append(trace, n - trace @ values)
    grown = np.empty((v + 1, v + 1))
    grown[:v, :v] = traces
    grown[v, :v] = grown[:v, v] = to_residual
    grown[v, v] = trace[v] - to_residual @ values
    residual_first = whole - np.tensordot(values, first, 1)
    grown_second = np.empty((v + 1, v + 1, *whole.shape))
    grown_second[:v, :v] = second
    grown_second[:v, v] = first - np.einsum("ijxy,j->ixy", second, values)
    grown_second[v, :v] = grown_second[:v, v].transpose(0, 2, 1)
    grown_second[v, v] = residual_first - np.einsum("jxy,j->xy", grown_second[v, :v], values)
    return trace, grown, np.concatenate([first, residual_first[None]]), grown_second


def _in_units_of_data(optimum, parameters, relative, whole, trace, traces, first, second) -> VarianceInformation:
    fixed, p = optimum.problem.fixed, optimum.problem.p
    sigma2 = fixed.scale**2 * optimum.at.sigma2
    upper = fixed.upper
    c = optimum.at.solution[-p - 1 :]
    Phi = np.linalg.inv(whole[:p, :p])
    to_fixed = (first @ c)[:, :p]
    score = np.einsum("x,ixy,y->i", c, first, c)
    observed = np.einsum("x,ijxy,y->ij", c, second, c) - to_fixed @ Phi @ to_fixed.T
    root = np.linalg.inv(upper)
    return VarianceInformation(
        parameters=tuple(parameters),
        values=sigma2 * np.append(relative, 1.0),
        to_data=_to_data(optimum),
        reml=optimum.reml,
        vcov=sigma2 * root @ Phi @ root.T,
        trace=trace / sigma2,
        traces=traces / sigma2**2,
        first=upper.T @ first[:, :p, :p] @ upper / sigma2**2,
        second=upper.T @ second[:, :, :p, :p] @ upper / sigma2**3,
        score=score * fixed.scale**2 / sigma2**2,
        observed=0.5 * (observed + observed.T) * fixed.scale**2 / sigma2**3,
    )
