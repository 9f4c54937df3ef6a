"""The deviance of one-factor models with many outcomes at once, and its exact derivatives.

The algebra is that of `deviance` and `secondorder`. Draws share their columns, so that a step of all of them is a few
vector operations with the draws along the last axis, and sums over levels of C_X'(…)C_X are one matrix product with a
table made once: a step of 1,000 draws of sleepstudy costs what 20 steps of a single one do. Levels with equal A_j are
one pattern k, of which only Σ C_j ⊗ C_j over its levels is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log, pi

import numpy as np
import scipy.sparse as sparse

from lmm.engine import blocks
from lmm.engine.collapse import patterns
from lmm.engine.outcomes import Outcomes
from lmm.engine.parameters import Parameters
from lmm.engine.problem import Problem


@dataclass(frozen=True)
class ManyProducts:
    """Cross-products of B draws of a one-factor model; the trailing 1 or B means shared by all draws or not.

    Attributes:
        n: (B,) rows. gram: (q, q, K) A_k.
        levels: (K, 1 or B) number of levels of each pattern.
        repeats: (K, 1 or B) how often the sums in `fixed_squares` count.
        fixed_squares: (q²K, p²) Σ_j C_X ⊗ C_X, C_X = Z_j'X.
        cross: (q, q, p, K, B) Σ_j C_X ⊗ C_y as [a of C_X, b of C_y, x]. outcome_squares: (q, q, K, B) Σ_j C_yC_y'.
        rest_fixed: (p, p, 1 or B) X'X. rest_cross: (p, B) X'y. rest_outcome: (B,) y'y.
    """

    n: np.ndarray
    gram: np.ndarray
    levels: np.ndarray
    repeats: np.ndarray
    fixed_squares: np.ndarray
    cross: np.ndarray
    outcome_squares: np.ndarray
    rest_fixed: np.ndarray
    rest_cross: np.ndarray
    rest_outcome: np.ndarray

    def __len__(self) -> int:
        return len(self.n)

    def of_draws(self, chosen: np.ndarray) -> ManyProducts:
        """The products of some of the draws."""
        per_draw = {
            name: getattr(self, name)[..., chosen]
            for name in ("n", "cross", "outcome_squares", "rest_cross", "rest_outcome")
        }
        maybe_shared = {
            name: getattr(self, name)[..., chosen] if getattr(self, name).shape[-1] > 1 else getattr(self, name)
            for name in ("levels", "repeats", "rest_fixed")
        }
        return replace(self, **per_draw, **maybe_shared)

    @staticmethod
    def of_outcomes(problem: Problem, outcomes: Outcomes) -> ManyProducts:
        """New outcomes for the same rows."""
        first, pattern, counts = patterns(problem.gram)
        n_patterns, n_levels, n_draws = len(first), len(pattern), len(outcomes)
        per_pattern = sparse.csr_array(
            (np.ones(n_levels), (pattern, np.arange(n_levels))), shape=(n_patterns, n_levels)
        )

        def summed(products: np.ndarray) -> np.ndarray:
            """Sum the last axis but one, of levels, over the levels of each pattern."""
            if n_patterns == n_levels:
                return products[..., first, :]
            flat = np.moveaxis(products, -2, 0)
            return np.moveaxis((per_pattern @ flat.reshape(n_levels, -1)).reshape(n_patterns, *flat.shape[1:]), 0, -2)

        q, p = len(problem.gram), problem.p
        C_fixed = problem.border.fixed_and_outcome[:p]
        C_outcome = outcomes.per_factor[0]
        cross = np.array(
            [[[summed(C_fixed[x, a, :, None] * C_outcome[b]) for x in range(p)] for b in range(q)] for a in range(q)]
        )
        n = float(problem.n)
        return ManyProducts(
            n=np.full(n_draws, n),
            gram=problem.gram[:, :, first],
            levels=counts[:, None].astype(float),
            repeats=np.ones((n_patterns, 1)),
            fixed_squares=squares(C_fixed, summed),
            cross=cross.reshape(q, q, p, n_patterns, n_draws),
            outcome_squares=summed(C_outcome[:, None] * C_outcome[None]),
            rest_fixed=problem.rest.fixed[:p, :p, None],
            rest_cross=outcomes.on_fixed,
            rest_outcome=(outcomes.residuals * outcomes.residuals).sum(0),
        )


def squares(C_fixed: np.ndarray, summed: Callable[[np.ndarray], np.ndarray] = lambda products: products) -> np.ndarray:
    """C_X ⊗ C_X from C_X (p, q, J), `summed` over the last axis but one: (q²K, p²)."""
    p = len(C_fixed)
    products = summed((C_fixed[:, None, :, None] * C_fixed[None, :, None])[..., None])
    return products.reshape(p * p, -1).T.copy()


@dataclass(frozen=True)
class ManyFactorisations:
    """What is known of B draws at their T (q, q, B).

    Attributes:
        deviance, sigma2: (B,); a deviance that cannot be computed is infinite.
        beta: (B, p) coefficients on the whitened columns.
        fixed_inverse: (B, p, p) M_X⁻¹.
        gain: (q, q, K, B) G_k.
    """

    T: np.ndarray
    deviance: np.ndarray
    sigma2: np.ndarray
    beta: np.ndarray
    fixed_inverse: np.ndarray
    gain: np.ndarray


class ManyDeviances:
    """The deviances of many draws as functions of T, by REML or ML."""

    def __init__(self, products: ManyProducts, parameters: Parameters, reml: bool):
        self.products = products
        self.parameters = parameters
        self.reml = reml
        self.degrees = products.n - products.rest_cross.shape[0] if reml else products.n

    def of_draws(self, chosen: np.ndarray) -> ManyDeviances:
        """The deviances of some of the draws."""
        return ManyDeviances(self.products.of_draws(chosen), self.parameters, self.reml)

    def matrices(self, x: np.ndarray) -> np.ndarray:
        """T (q, q, B) from vectors (B, a) in natural units."""
        parameters = self.parameters
        T = np.zeros((parameters.sizes[0], parameters.sizes[0], len(x)))
        T[parameters.row, parameters.column] = (x * parameters.units).T
        return T

    def factorise(self, x: np.ndarray) -> ManyFactorisations:
        """Values of the deviances at (B, a)."""
        products, T = self.products, self.matrices(x)
        q, _, n_patterns = products.gram.shape
        p, n_draws = products.rest_cross.shape
        D = _product(_transposed(T)[:, :, None], np.einsum("abk,bcd->ackd", products.gram, T))
        for a in range(q):
            D[a, a] += 1.0
        inverse, log_determinant = blocks.inverse_cholesky(D.reshape(q, q, -1))
        root = _product(inverse.reshape(D.shape), _transposed(T)[:, :, None])
        gain = _product(_transposed(root), root)
        M_fixed = products.rest_fixed - self._fixed(gain)
        M_cross = products.rest_cross - np.einsum("abkd,abxkd->xd", gain, products.cross)
        M_outcome = products.rest_outcome - np.einsum("abkd,abkd->d", gain, products.outcome_squares)
        M_fixed = np.ascontiguousarray(np.moveaxis(M_fixed, 2, 0))
        sign, log_fixed = np.linalg.slogdet(M_fixed)
        defined = (sign > 0) & np.isfinite(log_fixed)
        M_fixed[~defined] = np.eye(p)
        fixed_inverse = np.linalg.inv(M_fixed)
        beta = np.einsum("dxy,yd->dx", fixed_inverse, M_cross)
        sigma2 = (M_outcome - np.einsum("xd,dx->d", M_cross, beta)) / self.degrees
        log_levels = (products.levels * log_determinant.reshape(n_patterns, n_draws)).sum(0)
        deviance = log_levels + self.degrees * (1.0 + log(2.0 * pi) + np.log(sigma2))
        if self.reml:
            deviance += log_fixed
        deviance = np.where(defined & np.isfinite(deviance), deviance, np.inf)
        return ManyFactorisations(T, deviance, sigma2, beta, fixed_inverse, gain)

    def value(self, x: np.ndarray) -> np.ndarray:
        """(B,) deviances at (B, a)."""
        return self.factorise(x).deviance

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values (B,), gradients (B, a) and exact Hessians (B, a, a) in natural units."""
        products, parameters, at = self.products, self.parameters, self.factorise(x)
        q, n_draws = len(products.gram), len(x)
        n_parameters = len(parameters)
        row, column, units = parameters.row, parameters.column, parameters.units
        gram = products.gram[..., None]
        P = -_product(gram, at.gain)
        for a in range(q):
            P[a, a] += 1.0
        B = _product(P, gram)
        gg = _congruence(P, self._squared_residuals(at.beta))
        gg_sum = gg.sum(2)
        S = (products.levels * B).sum(2) - gg_sum / at.sigma2
        explained = None
        if self.reml:
            inverse = np.ascontiguousarray(np.moveaxis(at.fixed_inverse, 0, 2))
            explained = _congruence(P, self._weighted(inverse))
            S -= explained.sum(2)
        S = 0.5 * (S + _transposed(S))
        gradient = 2.0 * np.einsum("abd,bcd->acd", S, at.T)[row, column].T * units

        dG = np.zeros((n_parameters, q, q, n_draws))
        every = np.arange(n_parameters)
        dG[every, row] = at.T[:, column].transpose(1, 0, 2)
        dG += dG.transpose(0, 2, 1, 3)
        by_draw = np.ascontiguousarray(dG.reshape(n_parameters, q * q, n_draws).transpose(2, 0, 1))

        def paired(right: np.ndarray) -> np.ndarray:
            """Σ_k tr(dG_a B dG_b Y) for the patterns' Y: (B, a, a)."""
            BY = np.einsum("abkd,efkd->dabef", B, right)
            # [d, fa, be]: dG_a[f, a] B[a, b] dG_b[b, e] Y[e, f]
            middle = BY.transpose(0, 4, 1, 2, 3).reshape(n_draws, q * q, q * q)
            return by_draw @ middle @ by_draw.transpose(0, 2, 1)

        moved = [_congruence(_transposed(P), one[:, :, None]) for one in dG]
        N = np.array([np.moveaxis(self._fixed(one), 2, 0) for one in moved]).transpose(1, 0, 2, 3)
        crossed = np.array([np.einsum("abkd,abxkd->dx", one, products.cross) for one in moved]).transpose(1, 0, 2)
        to_fixed = crossed - np.einsum("daxy,dy->dax", N, at.beta)
        trace = paired(products.levels * B)
        if self.reml:
            cross = paired(explained)
            MN = np.einsum("dxy,dayz->daxz", at.fixed_inverse, N)
            trace = trace - cross - cross.transpose(0, 2, 1) + np.einsum("daxy,dbyx->dab", MN, MN)
        observed = paired(gg) - to_fixed @ at.fixed_inverse @ to_fixed.transpose(0, 2, 1)
        s = np.einsum("aefd,efd->da", dG, gg_sum)
        sigma2 = at.sigma2[:, None, None]
        hessian = 2.0 * observed / sigma2 - trace
        hessian -= s[:, :, None] * s[:, None] / (sigma2**2 * self.degrees[:, None, None])
        same = column[:, None] == column[None]
        hessian += 2.0 * same * S.transpose(2, 0, 1)[:, row[:, None], row[None]]
        hessian *= np.outer(units, units)
        # One draw whose numbers overflow must not stop the others.
        defined = np.isfinite(at.deviance) & np.isfinite(gradient).all(1) & np.isfinite(hessian).all((1, 2))
        gradient[~defined], hessian[~defined] = 0.0, np.eye(n_parameters)
        return np.where(defined, at.deviance, np.inf), gradient, 0.5 * (hessian + hessian.transpose(0, 2, 1))

    def _fixed(self, weights: np.ndarray) -> np.ndarray:
        """Σ_j C_X'W_kC_X for W (q, q, K, B): (p, p, B)."""
        products = self.products
        p = products.rest_cross.shape[0]
        flat = (weights * products.repeats).reshape(-1, weights.shape[-1])
        return (products.fixed_squares.T @ flat).reshape(p, p, -1)

    def _weighted(self, matrices: np.ndarray) -> np.ndarray:
        """Σ_j C_X N C_X' of each pattern for N (p, p, B): (q, q, K, B)."""
        products = self.products
        flat = products.fixed_squares @ matrices.reshape(-1, matrices.shape[-1])
        return flat.reshape(products.outcome_squares.shape) * products.repeats

    def _squared_residuals(self, beta: np.ndarray) -> np.ndarray:
        """Σ_j (C_y − C_Xβ)(C_y − C_Xβ)' of each pattern: (q, q, K, B)."""
        products = self.products
        outer = np.ascontiguousarray(np.einsum("dx,dy->xyd", beta, beta))
        crossed = np.einsum("abxkd,dx->abkd", products.cross, beta)
        return self._weighted(outer) - crossed - _transposed(crossed) + products.outcome_squares


def _transposed(matrices: np.ndarray) -> np.ndarray:
    return matrices.swapaxes(0, 1)


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Matrix products over the two leading axes, (q, q, …)."""
    out = left[:, 0, None] * right[None, 0]
    for inner in range(1, left.shape[1]):
        out += left[:, inner, None] * right[None, inner]
    return out


def _congruence(P: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """P times matrices times P'."""
    return _product(_product(P, matrices), _transposed(P))
