"""The same model fitted to many outcomes: columns, factors and their cross-products are those of a fit at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmm.engine.collapse import patterns
from lmm.engine.manydeviances import ManyDeviances, ManyProducts
from lmm.engine.manyoptima import minima, relative_curvature, singular
from lmm.engine.optimum import Optimum, optimise
from lmm.engine.outcomes import Outcomes
from lmm.engine.parameters import Parameters
from lmm.engine.problem import Problem
from lmm.engine.whitening import NOTHING_LEFT, WhitenedFixed, to_original

# Start values have no smaller singular value, in natural units: from exactly zero no gradient leads away.
_SMALLEST_START = 0.2
# Entries of the largest array of draws side by side: beyond it, draws leave the cache and gain nothing (measured).
_ENTRIES = 1_000_000
_MOST_AT_ONCE = 256
# Entries of the table of C_X ⊗ C_X that draws side by side share (320 MB, and twice that while it is made).
_TABLE = 40_000_000
# With fewer draws side by side than this, the levels of one draw keep the processor busy.
_FEWEST_AT_ONCE = 4


@dataclass(frozen=True)
class Refits:
    """Estimates of B refits in the units of the data; T follows the caller's order of the factors.

    Attributes:
        beta: (B, p) fixed effects of the kept columns.
        sigma: (B,) residual standard deviations.
        T: of every factor (B, q, q), lower triangular; Var b = σ² TT'.
        deviance: (B,) −2 log-likelihood of the original data.
        converged: (B,) whether the descent met its tolerance at a point that curves upward.
        smallest_curvature: (B,) as `Optimum` has it.
        residual_share: (B,) residual variance over that of least squares.
        singular: (B,) whether some direction of some random effect has no variance.
    """

    beta: np.ndarray
    sigma: np.ndarray
    T: tuple[np.ndarray, ...]
    deviance: np.ndarray
    converged: np.ndarray
    smallest_curvature: np.ndarray
    residual_share: np.ndarray
    singular: np.ndarray

    def __len__(self) -> int:
        return len(self.sigma)

    @staticmethod
    def joined(parts: list[Refits]) -> Refits:
        """Parts one after the other."""
        values = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in (
                "beta", "sigma", "deviance", "converged", "smallest_curvature", "residual_share", "singular",
            )
        }  # fmt: skip
        T = tuple(np.concatenate(matrices) for matrices in zip(*(part.T for part in parts), strict=True))
        return Refits(**values, T=T)

    def part(self, of: slice) -> Refits:
        """Some of the refits."""
        values = {name: values[of] for name, values in vars(self).items() if name != "T"}
        return Refits(**values, T=tuple(matrices[of] for matrices in self.T))

    @staticmethod
    def failed(optimum: Optimum, count: int, residual_share: float = np.nan) -> Refits:
        """Refits without estimates, and what is known of their residual variance."""
        none = np.full(count, np.nan)
        never = np.zeros(count, dtype=bool)
        T = tuple(np.full((count, *np.shape(matrix)), np.nan) for matrix in _in_callers_order(optimum.at.T, optimum))
        beta = np.full((count, optimum.problem.p), np.nan)
        return Refits(beta, none, T, none, never, none, np.full(count, residual_share), never)

    def replaced(self, of: np.ndarray, other: Refits) -> Refits:
        """These refits with those numbered `of` replaced."""
        out = {name: np.array(values) for name, values in vars(self).items() if name != "T"}
        for name, values in out.items():
            values[of] = getattr(other, name)
        T = tuple(np.array(values) for values in self.T)
        for values, theirs in zip(T, other.T, strict=True):
            values[of] = theirs
        return Refits(**out, T=T)


def refit(optimum: Optimum, outcomes: np.ndarray) -> Refits:
    """Fit the model of `optimum`, by its criterion, to other outcomes for the same rows.

    Args:
        optimum: of the model; its T is where the descents start.
        outcomes: (n, B), less any offset and multiplied by the root of the weights.
    """
    problem = optimum.problem
    parts, at_once = [], draws_at_once(optimum.problem)
    for start in range(0, outcomes.shape[1], at_once):
        reduced = Outcomes.of(problem, outcomes[:, start : start + at_once])
        part = Refits.failed(optimum, len(reduced), residual_share=0.0)
        able = np.flatnonzero(np.isfinite(reduced.scale))
        if len(able):
            method = one_by_one if at_once == 1 else _side_by_side
            part = part.replaced(able, method(optimum, reduced.of_draws(able)))
        parts.append(part)
    return Refits.joined(parts)


def draws_at_once(problem: Problem) -> int:
    """How many draws are computed side by side; it depends on the model alone. 1: none are."""
    n_patterns = len(patterns(problem.gram)[0])
    if not can_be_side_by_side(problem, n_patterns):
        return 1
    at_once = draws_of_size(max(problem.n, len(problem.gram) ** 2 * problem.p * n_patterns))
    return at_once if at_once >= _FEWEST_AT_ONCE else 1


def can_be_side_by_side(problem: Problem, n_patterns: int) -> bool:
    """Whether draws of a model can share cross-products: one factor, and few enough fixed effects for their table."""
    table = len(problem.gram) ** 2 * n_patterns * problem.p**2
    return len(problem.factors) == 1 and 0 < table <= _TABLE


def draws_of_size(entries: int) -> int:
    """How many draws, of so many numbers each, are computed together."""
    return max(1, min(_ENTRIES // entries, _MOST_AT_ONCE))


def one_by_one(optimum: Optimum, outcomes: Outcomes) -> Refits:
    """Every outcome by a descent of its own: for several factors, and the yardstick for one."""
    start = start_values(optimum.problem, optimum.at.T)
    return Refits.joined([fitted_or_failed(problem, optimum, start) for problem in outcomes.problems(optimum.problem)])


def fitted_or_failed(problem: Problem, optimum: Optimum, start: list[np.ndarray]) -> Refits:
    """The refit of one problem of the model of `optimum`; one without estimates where its numbers overflow."""
    try:
        return of_optimum(optimise(problem, optimum.reml, start))
    except np.linalg.LinAlgError:
        return Refits.failed(optimum, 1)


def of_optimum(found: Optimum) -> Refits:
    """What a refit keeps of a whole optimum."""
    problem = found.problem
    T = [
        to_original(matrix, factor, transforms)
        for matrix, factor, transforms in zip(found.at.T, problem.factors, problem.transforms, strict=True)
    ]
    return Refits(
        beta=_coefficients(found)[None],
        sigma=problem.fixed.scale * np.sqrt([found.at.sigma2]),
        T=tuple(matrix[None] for matrix in _in_callers_order(T, found)),
        deviance=np.array([found.deviance]),
        converged=np.array([found.converged]),
        smallest_curvature=np.array([found.smallest_curvature]),
        residual_share=np.array([found.at.sigma2]),
        singular=np.array([found.singular]),
    )


def _coefficients(optimum: Optimum) -> np.ndarray:
    problem, solution = optimum.problem, optimum.at.solution
    if not len(solution):
        return np.full(problem.p, np.nan)
    r = int(problem.offsets[-1])
    whitened = problem.fixed.coefficients - problem.fixed.scale * solution[r : r + problem.p]
    return np.linalg.solve(problem.fixed.upper, whitened)


def _in_callers_order(per_factor: list, optimum: Optimum) -> list:
    return [one for _, one in sorted(zip(optimum.problem.order, per_factor, strict=True), key=lambda pair: pair[0])]


def start_values(problem: Problem, T: Sequence[np.ndarray]) -> list[np.ndarray]:
    """T of every factor, in whitened coordinates, with directions without variance lifted off zero."""
    out = []
    for k, (matrix, factor) in enumerate(zip(T, problem.factors, strict=True)):
        units = problem.natural_units[k]
        lifted = np.zeros_like(matrix)
        for term in factor.slices:
            left, values, right = np.linalg.svd(matrix[term, term] / units[term, None])
            lifted[term, term] = units[term, None] * ((left * np.maximum(values, _SMALLEST_START)) @ right)
        out.append(lifted)
    return out


def _side_by_side(optimum: Optimum, outcomes: Outcomes) -> Refits:
    problem = optimum.problem
    with np.errstate(all="ignore"):
        products = ManyProducts.of_outcomes(problem, outcomes)
    found = of_products(optimum, products, outcomes.coefficients, outcomes.scale, problem.sum_log_weights)
    failed = np.flatnonzero(~found.converged)
    if len(failed):
        found = found.replaced(failed, one_by_one(optimum, outcomes.of_draws(failed)))
    return found


def of_products(
    optimum: Optimum,
    products: ManyProducts,
    coefficients: np.ndarray,
    scale: np.ndarray,
    sum_log_weights: np.ndarray | float,
) -> Refits:
    """One-factor refits from cross-products.

    Args:
        optimum: of the model.
        products: of the draws.
        coefficients: (p, B) least-squares coefficients that the outcomes were reduced by.
        scale: (B,) what their residuals were divided by.
        sum_log_weights: Σ log w of the rows, (B,) or the same for all.
    """
    problem = optimum.problem
    (factor,) = problem.factors
    parameters = Parameters.of(problem)
    deviances = ManyDeviances(products, parameters, optimum.reml)
    found = minima(deviances, parameters.vector(start_values(problem, optimum.at.T)))
    with np.errstate(all="ignore"):
        at = deviances.factorise(found.x)
        curvature = relative_curvature(found)
    beta = (coefficients.T + scale[:, None] * at.beta) @ np.linalg.inv(problem.fixed.upper).T
    constant = deviances.degrees * 2.0 * np.log(scale) - sum_log_weights
    if optimum.reml:
        constant = constant + problem.fixed.log_determinant
    return Refits(
        beta=beta,
        sigma=scale * np.sqrt(at.sigma2),
        T=(np.array([to_original(T, factor, problem.transforms[0]) for T in at.T.transpose(2, 0, 1)]),),
        deviance=at.deviance + constant,
        converged=found.converged & np.isfinite(at.deviance),
        smallest_curvature=curvature,
        residual_share=at.sigma2,
        singular=singular(deviances, found.x),
    )


def refit_least_squares(fixed: WhitenedFixed, sum_log_weights: float, reml: bool, outcomes: np.ndarray) -> Refits:
    """The model without random effects fitted to outcomes (n, B), less any offset and times the root of the weights."""
    Q, (n, p) = fixed.orthonormal, fixed.orthonormal.shape
    coefficients = Q.T @ outcomes / n
    residuals = outcomes - Q @ coefficients
    degrees = n - p if reml else n
    sigma2 = (residuals * residuals).sum(0) / degrees
    able = sigma2 * degrees > NOTHING_LEFT**2 * (outcomes * outcomes).sum(0)
    deviance = degrees * (1.0 + np.log(2.0 * np.pi * np.where(able, sigma2, 1.0))) - sum_log_weights
    if reml:
        deviance = deviance + fixed.log_determinant + p * np.log(n)
    count = outcomes.shape[1]
    return Refits(
        beta=coefficients.T @ np.linalg.inv(fixed.upper).T,
        sigma=np.sqrt(sigma2),
        T=(),
        deviance=np.where(able, deviance, np.nan),
        converged=able,
        smallest_curvature=np.ones(count),
        residual_share=np.where(able, 1.0, 0.0),
        singular=np.zeros(count, dtype=bool),
    )
