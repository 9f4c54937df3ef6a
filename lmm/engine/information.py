"""Derivatives of the likelihood in the variances themselves, V = Σ φ_i G_i, from the cross-products.

The parameters φ are the distinct elements of every term's covariance and the residual variance, the columns of each
term being orthonormal: with those of the data, a covariate far from zero (a calendar year) would leave no digits of
the inverse of the information. Kenward & Roger (1997) and Fai & Cornelius (1996) need tr(V⁻¹G_iV⁻¹G_j), X'V⁻¹G_iV⁻¹X
and X'V⁻¹G_iV⁻¹G_jV⁻¹X, which packages build from matrices of order n. Here, with R_j = (I − A_jG_j)C_j and
B_j = (I − A_jG_j)A_j of factor 0, M = [Z_r X y]'V₀⁻¹[Z_r X y] (V₀ without the other factors), N = B S_rr⁻¹B' and
W = I − NM,

    [Z_r X y]'V⁻¹[Z_r X y] = K = MW,   Z₀'V⁻¹[Z_r X y] = RW,   Z₀'V⁻¹Z₀ = blkdiag(B_j) − R N R',

so that nothing is larger than M; products with W are avoided, see `marginalprecision`. The residual variance, whose G
is the identity, follows from the others because V is linear: V⁻¹ = V⁻¹VV⁻¹ = Σ φ_i V⁻¹G_iV⁻¹.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import block_diag

from lmm.engine import blocks
from lmm.engine.border import DenseBorder, SparseBorder
from lmm.engine.collapse import collapse
from lmm.engine.deviance import Deviance
from lmm.engine.marginalprecision import MarginalPrecision
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
        to_beta: (p, p) C with β = Cγ, γ being the coefficients of the orthonormal columns XC. From here on X is XC.
        vcov: (p, p) Φ = (X'V⁻¹X)⁻¹, of γ̂.
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
    to_beta: np.ndarray
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
    def vcov_slopes(self) -> np.ndarray:
        """(v, p, p) derivatives of the covariance of β̂ in φ: CΦX'V⁻¹G_iV⁻¹XΦC'."""
        return self.to_beta @ self.vcov @ self.first @ self.vcov @ self.to_beta.T

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
    """The derivatives at an optimum; about as much work as two evaluations of the gradient."""
    problem, at = collapse(optimum.problem), optimum.at
    deviance = Deviance(problem, optimum.reml)
    if problem is not optimum.problem:
        at = deviance.factorise(at.T)
    parameters, directions, relative = _parameters(optimum)
    of_first = [i for i, (k, _) in enumerate(directions) if k == 0]
    of_others = [i for i, (k, _) in enumerate(directions) if k > 0]
    v, size = len(directions), problem.p + 1
    trace, traces = np.empty(v), np.empty((v, v))
    first, second = np.empty((v, size, size)), np.empty((v, v, size, size))

    others = MarginalPrecision(deviance, at)
    P = blocks.identity_less_product(problem.gram, at.gain)
    B = blocks.product(P, problem.gram)
    H = _explained(deviance, P, others)
    K_fixed = blocks.product(P, problem.border.rows(0, P.shape[2], others.weights).transpose(0, 2, 1))
    dG = np.array([directions[i][1] for i in of_first])
    crossed = blocks.paired_traces(dG, B, H)
    both = np.ix_(of_first, of_first)
    trace[of_first] = np.einsum("iab,ba->i", dG, B @ problem.multiplicity - H.sum(2))
    traces[both] = blocks.paired_traces(dG, B, B * problem.multiplicity) - crossed - crossed.T
    first[of_first] = np.einsum("iab,axby->ixy", dG, _summed(K_fixed, K_fixed))
    for i in of_first:
        left = blocks.product(B, np.tensordot(directions[i][1], K_fixed, (1, 0)))
        second[i, of_first] = np.einsum("jab,axby->jxy", dG, _summed(left, K_fixed))

    if of_others:
        through = [others.through_first(gram) for gram in _grams_of_first_factor(problem.border, P, dG)]
        traces[both] += [[one.trace(two) for two in through] for one in through]
        second[both] -= [[one.moved.T @ two.solved for two in through] for one in through]
    own = {j: others.direction(*directions[j]) for j in of_others}
    changed = {j: others.changed(directions[j][0], own[j]) for j in of_others}
    across = {}
    for j in of_others:
        k = directions[j][0]
        trace[j] = np.einsum("ab,ba->", own[j], others.traces(k))
        first[j] = others.to_fixed.T @ changed[j]
        for i, one in zip(of_first, through, strict=True):
            traces[i, j] = traces[j, i] = np.einsum("ab,ab->", own[j], one.traces[k])
            second[i, j] = one.to_fixed.T @ changed[j]
            second[j, i] = second[i, j].T
        forth = others.within @ changed[j]
        for i in of_others:
            pair = directions[i][0], k
            if pair not in across:
                across[pair] = others.traces_across(*pair)
            traces[i, j] = np.einsum("ab,cd,bcad->", own[i], own[j], across[pair])
            second[i, j] = changed[i].T @ forth

    whole = others.of_fixed
    trace, traces, first, second = _with_residual(relative, problem.n, whole, trace, traces, first, second)
    return _in_units_of_data(optimum, parameters, relative, whole, trace, traces, first, second)


def _explained(deviance: Deviance, P: np.ndarray, others: MarginalPrecision) -> np.ndarray:
    """What the other factors take from Z₀'V₀⁻¹Z₀ of every level: (q, q, J)."""
    if not deviance.n_random:
        return np.zeros_like(P)
    inner = deviance.problem.border.sandwich(others.shrinkage)
    return blocks.product(blocks.product(P, inner), blocks.transposed(P))


def _summed(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Σ_j of the products of the entries of (q, c, J) and (q, d, J): (q, c, q, d)."""
    flat = left.reshape(-1, left.shape[2]) @ right.reshape(-1, right.shape[2]).T
    return flat.reshape(*left.shape[:2], *right.shape[:2])


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


def _grams_of_first_factor(
    border: DenseBorder | SparseBorder, P: np.ndarray, directions: np.ndarray
) -> Iterator[np.ndarray]:
    """Σ_j R_j'dG R_j (m, m) of one direction after the other: squares, with the signs of the eigenvalues of dG."""
    for dG in directions:
        values, vectors = np.linalg.eigh(dG)
        firm = np.abs(values) > 1e-14 * np.abs(values).max()
        halves = np.einsum("x,ax,abj->xbj", np.sqrt(np.abs(values)), vectors, P)
        total = np.zeros((border.n_columns, border.n_columns))
        for chosen in (firm & (values > 0), firm & (values < 0)):
            if chosen.any():
                border.subtract_gram(halves[chosen], total)
            np.negative(total, out=total)
        yield np.negative(total, out=total)


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
    c = optimum.at.solution[-p - 1 :]
    Phi = np.linalg.inv(whole[:p, :p])
    to_fixed = (first @ c)[:, :p]
    score = np.einsum("x,ixy,y->i", c, first, c)
    observed = np.einsum("x,ijxy,y->ij", c, second, c) - to_fixed @ Phi @ to_fixed.T
    return VarianceInformation(
        parameters=tuple(parameters),
        values=sigma2 * np.append(relative, 1.0),
        to_data=_to_data(optimum),
        reml=optimum.reml,
        to_beta=np.linalg.inv(fixed.upper),
        vcov=sigma2 * Phi,
        trace=trace / sigma2,
        traces=traces / sigma2**2,
        first=first[:, :p, :p] / sigma2**2,
        second=second[:, :, :p, :p] / sigma2**3,
        score=score * fixed.scale**2 / sigma2**2,
        observed=0.5 * (observed + observed.T) * fixed.scale**2 / sigma2**3,
    )
