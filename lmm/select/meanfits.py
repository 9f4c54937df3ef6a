"""Every mean of a scope fitted by maximum likelihood at one random part, from cross-products made once.

A smaller mean lies within the full one, so that its columns are combinations of the full mean's orthonormal columns
(`lmm.engine.smallermean`): no mean is laid out or summed over the rows again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lmm.engine import Factor, Problem, optimise
from lmm.engine.refits import Refits, of_optimum
from lmm.engine.smallermean import with_mean
from lmm.engine.whitening import NOTHING_LEFT
from lmm.errors import InputError
from lmm.formula import Design, parse
from lmm.formula.marginality import right_hand_side
from lmm.formula.model_matrix import Block, Key, blocks
from lmm.infer.criteria import akaike, corrected_akaike, independent_groups, schwarz
from lmm.infer.draws import NO_RESIDUAL, NOT_CONVERGED, NOT_IDENTIFIED
from lmm.infer.live import design_of, optimum_of
from lmm.infer.termhypotheses import unchecked
from lmm.model import LEAST_CURVATURE, LEAST_RESIDUAL_SHARE, Fit, grouping_factors
from lmm.select.scope import Mean, Scope

NO_OPTIMUM = "no optimum found"
# Root mean square of what is left of a column beside the full mean, relative to its own, that is no rounding.
_OUTSIDE = 1e-6


@dataclass(frozen=True)
class MeanFit:
    """A mean fitted by maximum likelihood, as comparisons need it.

    Attributes:
        deviance: −2 log-likelihood. parameters: all of them. rows; groups: as `lmm.infer.criteria` counts them.
        singular: whether some direction of a random effect has no variance.
        failure: why the fit cannot be used, or None.
        r2_marginal: share of the mean in the variance of the outcome (Johnson 2014); None in resampled data.
        r2_adjusted: the same corrected for the number p of fixed effects, 1 − (1 − R²)(n − 1)/(n − p), as R² of least
            squares is (Ezekiel 1930).
    """

    deviance: float
    parameters: int
    rows: int
    groups: int
    singular: bool = False
    failure: str | None = None
    r2_marginal: float | None = None
    r2_adjusted: float | None = None

    @property
    def aic(self) -> float:
        """AIC counting all parameters."""
        return akaike(self.deviance, self.parameters)

    @property
    def aicc(self) -> float:
        """AICc counting all parameters; infinite where the rows are too few for it."""
        value = corrected_akaike(self.deviance, self.parameters, self.rows)
        return np.inf if value is None else value

    @property
    def bic(self) -> float:
        """BIC over observations."""
        return schwarz(self.deviance, self.parameters, self.rows)

    @property
    def bic_groups(self) -> float:
        """BIC over groups."""
        return schwarz(self.deviance, self.parameters, self.groups)


def scope_of_fit(fit: Fit, protected: Collection[str] = ()) -> Scope:
    """The means within that of a fit.

    Without an intercept in the formula, the constant stays in every mean all the same if the columns make it, as
    those of 0 + factor do: the question is then whether the levels differ, not whether all their means are zero.

    Args:
        fit: of the full mean, in memory, with random effects.
        protected: labels of terms that never move.

    Raises:
        InputError: as `Scope.of` does, or the fit was read from a file, or has no random effects.
    """
    parsed, problem = parse(fit.recipe.formula), optimum_of(fit).problem
    if parsed.fixed.intercept or not _contains_constant(problem, design_of(fit).weights):
        return Scope.of(fit.recipe.formula, protected)
    mean = right_hand_side(replace(parsed.fixed, intercept=True), parsed.fixed.term_labels)
    return Scope.of(" + ".join([f"{parsed.outcome} ~ {mean}", *parsed.random_texts]), protected)


def _contains_constant(problem: Problem, weights: np.ndarray | None) -> bool:
    constant = np.ones(problem.n) if weights is None else np.sqrt(weights)
    Q = problem.fixed.orthonormal
    left = constant - Q @ (Q.T @ constant) / problem.n
    return bool(left @ left <= _OUTSIDE**2 * (constant @ constant))


class MeanColumns:
    """The columns of every mean of a scope over the rows of a design, each block laid out once."""

    def __init__(self, scope: Scope, design: Design):
        self.scope, self.design = scope, design
        self._made: dict[Key, Block] = {}
        self._keys: dict[Mean, tuple[Key, ...]] = {}

    def keys(self, mean: Mean) -> tuple[Key, ...]:
        """The blocks of a mean; a factor without an intercept may be coded differently from one mean to the next."""
        if mean not in self._keys:
            terms = parse(f"{self.scope.formula.outcome} ~ {self.scope.right_hand_side(mean)}").fixed
            laid_out = blocks(terms, self.design.values, len(self.design.y), unchecked, self._made)
            self._keys[mean] = tuple(block.key for block in laid_out)
        return self._keys[mean]

    def block(self, key: Key) -> np.ndarray:
        """(n, s) columns of a block that some mean has."""
        return np.column_stack(self._made[key].columns)


class MeanFits:
    """The means of a scope fitted to one set of rows; each is fitted once."""

    def __init__(
        self,
        columns: MeanColumns,
        problem: Problem,
        factors: Sequence[Factor],
        weights: np.ndarray | None,
        rows: np.ndarray | slice = slice(None),
    ):
        """`problem` is of the full mean, `factors` and `weights` (n,) are of its rows, and `rows` those of the design
        that they are."""
        self.columns, self.problem, self.rows = columns, problem, rows
        self.roots = None if weights is None else np.sqrt(weights)
        self.groups = independent_groups(factor.n_levels for factor in factors)
        self.covariance_parameters = 1 + sum(q * (q + 1) // 2 for factor in factors for q in factor.blocks)
        self._second_moments = [factor.columns.T @ factor.columns / problem.n for factor in factors]
        self._coordinates: dict[Key, np.ndarray] = {}
        self._fits: dict[Mean, MeanFit] = {}

    @staticmethod
    def of_fit(fit: Fit, scope: Scope) -> MeanFits:
        """The means within that of a fit, to its rows; only the cross-products of the fit are used.

        Raises:
            InputError: the fit was read from a file, or has no random effects.
        """
        design = design_of(fit)
        factors, _ = grouping_factors(design)
        return MeanFits(MeanColumns(scope, design), optimum_of(fit).problem, factors, design.weights)

    def __getitem__(self, mean: Mean) -> MeanFit:
        """The fit of a mean, which may have failed."""
        if mean not in self._fits:
            self._fits[mean] = self._fit(mean)
        return self._fits[mean]

    def coordinates(self, mean: Mean) -> np.ndarray:
        """(p, s) the columns of a mean in the orthonormal ones of the full mean.

        Raises:
            InputError: some column is outside them.
        """
        keys = self.columns.keys(mean)
        for key in keys:
            if key not in self._coordinates:
                self._coordinates[key] = self._within(key)
        return np.column_stack([np.empty((self.problem.p, 0)), *(self._coordinates[key] for key in keys)])

    def smaller(self, mean: Mean) -> Problem:
        """The problem with another mean of the scope.

        Raises:
            InputError: it is not within the full mean, or leaves nothing to vary.
        """
        found, fixed = with_mean(self.problem, self.coordinates(mean)), self.problem.fixed
        size = np.sqrt(fixed.coefficients @ fixed.coefficients + fixed.scale**2)
        if found.p >= found.n or found.fixed.scale <= NOTHING_LEFT * size:
            raise InputError("its columns explain the outcome exactly, so that nothing is left to vary.")
        return found

    def of_refit(self, refits: Refits, position: int, p: int, rows: int) -> MeanFit:
        """One of several refits of a mean with `p` columns, to data of so many rows."""
        return MeanFit(
            deviance=float(refits.deviance[position]),
            parameters=p + self.covariance_parameters,
            rows=rows,
            groups=self.groups,
            singular=bool(refits.singular[position]),
            failure=_failure(refits, position),
        )

    def _fit(self, mean: Mean) -> MeanFit:
        try:
            problem = self.smaller(mean)
            refits = of_optimum(optimise(problem, reml=False))
        except InputError as error:
            return self._failed(str(error))
        except np.linalg.LinAlgError:
            return self._failed(NO_OPTIMUM)
        marginal = self._r_squared(mean, problem, refits)
        adjusted = 1.0 - (1.0 - marginal) * (problem.n - 1) / (problem.n - problem.p)
        return replace(self.of_refit(refits, 0, problem.p, problem.n), r2_marginal=marginal, r2_adjusted=adjusted)

    def _r_squared(self, mean: Mean, problem: Problem, refits: Refits) -> float:
        b = self.coordinates(mean)[:, problem.fixed.kept] @ refits.beta[0]
        fixed, sigma2 = float(b @ self._covariance @ b), float(refits.sigma[0] ** 2)
        random = sigma2 * sum(
            float(np.einsum("ij,kj,ik->", T[0], T[0], moments))
            for T, moments in zip(refits.T, self._second_moments, strict=True)
        )
        return fixed / (fixed + random + sigma2)

    @cached_property
    def _covariance(self) -> np.ndarray:
        """(p, p) of the orthonormal columns over the rows, weights left out."""
        Q = self.problem.fixed.orthonormal
        centred = Q if self.roots is None else Q / self.roots[:, None]
        centred = centred - centred.mean(0)
        return centred.T @ centred / (self.problem.n - 1)

    def _failed(self, reason: str) -> MeanFit:
        return MeanFit(np.nan, 0, self.problem.n, self.groups, failure=reason)

    def _within(self, key: Key) -> np.ndarray:
        columns = self.columns.block(key)[self.rows]
        if self.roots is not None:
            columns = columns * self.roots[:, None]
        Q, n = self.problem.fixed.orthonormal, self.problem.n
        coordinates = Q.T @ columns / n
        left = columns - Q @ coordinates
        if ((left * left).sum(0) > _OUTSIDE**2 * (columns * columns).sum(0)).any():
            label = ":".join(variable for variable, _ in key) or "(Intercept)"
            raise InputError(f"the columns of {label} are not within those of the full mean.")
        return coordinates


def _failure(refits: Refits, position: int) -> str | None:
    with np.errstate(invalid="ignore"):
        causes = [
            (NO_RESIDUAL, refits.residual_share[position] < LEAST_RESIDUAL_SHARE),
            (NOT_IDENTIFIED, refits.smallest_curvature[position] < LEAST_CURVATURE),
            (NOT_CONVERGED, not refits.converged[position]),
            (NO_OPTIMUM, not np.isfinite(refits.deviance[position])),
        ]
    return next((cause for cause, of in causes if of), None)
