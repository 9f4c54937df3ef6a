"""`fit(formula, data)`: a linear mixed model, and everything that is known of it.

Example:
    >>> import lmm, pandas
    >>> sleep = pandas.read_parquet("results/sleepstudy/clean/table.parquet")
    >>> print(lmm.fit("Reaction ~ Days + (Days | Subject)", sleep).summary())
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from math import log, pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from lmm.engine import Factor, Optimum, Problem, optimise
from lmm.engine.estimates import estimates, mode_covariances
from lmm.engine.leverage import leverage
from lmm.engine.optimum import LEAST_RESIDUAL_SHARE, SINGULAR
from lmm.engine.whitening import NOTHING_LEFT, WhitenedFixed, whiten_fixed
from lmm.errors import InputError
from lmm.formula import Design, DesignRecipe, parse
from lmm.numbers import bounded

if TYPE_CHECKING:
    from collections.abc import Sequence

# A dense matrix of this order takes 3.2 GB, and a fit holds up to five of them.
MOST_BESIDE_THE_LARGEST = 20_000
# Smallest over largest curvature of the deviance, below which a direction is flat.
LEAST_CURVATURE = 1e-9


@dataclass(frozen=True, eq=False)
class VarianceComponents:
    """The covariance of the random effects of one term.

    Attributes:
        group: the grouping factor, "Subject" or "batch:cask".
        names: the q effects that vary over its levels.
        covariance: (q, q), in the units of the outcome and the columns.
    """

    group: str
    names: tuple[str, ...]
    covariance: np.ndarray

    @property
    def sd(self) -> np.ndarray:
        """(q,) standard deviations."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> np.ndarray:
        """(q, q) correlations; NaN beside an effect without variance."""
        sd = np.where(self.sd > 0, self.sd, np.nan)
        out = self.covariance / np.outer(sd, sd)
        np.fill_diagonal(out, 1.0)
        return out


@dataclass(frozen=True)
class Boundary:
    """A random term whose estimate lies on the boundary: some direction of its effects has no variance.

    Attributes:
        group, names: of the term.
        zero: the effects whose variance is zero.
        rank: number of directions with variance, less than the number of effects.
        sentence: what collapsed, in words.
    """

    group: str
    names: tuple[str, ...]
    zero: tuple[str, ...]
    rank: int
    sentence: str


@dataclass(frozen=True)
class Convergence:
    """How the optimum was found and why it may be trusted.

    Attributes:
        status: "converged", "not converged", or "not identified" where different variances fit equally well.
        message: one sentence that says why.
        iterations, evaluations: Newton steps; evaluations of the deviance.
        gradient: largest derivative of the deviance, in units in which a parameter of 1 is neither large nor small.
        smallest_curvature: smallest over largest eigenvalue of the Hessian; not positive means no minimum.
        optima: deviances of the distinct local optima met, best first; more than one is worth a sentence.
    """

    status: str
    message: str
    iterations: int
    evaluations: int
    gradient: float
    smallest_curvature: float
    optima: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ConditionalModes:
    """The predicted random effects of one grouping factor.

    Attributes:
        levels: J labels. names: q effects, those of all its terms.
        values: (J, q) conditional modes.
    """

    levels: tuple[str, ...]
    names: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted linear mixed model. Arrays of length n follow the rows used, in the order of the data.

    Attributes:
        formula: as given. outcome: label of the response. reml: REML or ML.
        n: rows used; rows: their positions in the data; n_dropped: rows left out for a missing value.
        coefficients: names of the p fixed effects, as R names them; kept: their places among the columns of the
            fixed part; dropped_columns: names of those that earlier ones explain.
        beta: (p,); vcov_beta: (p, p) covariance at the estimated variances.
        random: one `VarianceComponents` per random term.
        groups: number of levels per grouping factor. sigma: residual standard deviation.
        theta: the relative Cholesky factors of the terms, lower triangles by column, as lme4 lists them.
        loglik: log-likelihood, restricted if `reml`, with all constants, as R's `logLik`.
        convergence: how the optimum was found. boundaries: the terms in which some direction has no variance.
        offset_by_array: whether an offset was given as an array, which is not known for new rows.
        modes: the predicted random effects of every grouping factor; `conditional_modes` shows them as tables.
        fitted, fitted_fixed: with and without random effects. residuals: outcome less `fitted`.
        weights: (n,) prior weights, or None. offset: (n,) what was added to the mean, or None.
    """

    formula: str
    outcome: str
    reml: bool
    n: int
    n_dropped: int
    rows: np.ndarray
    coefficients: tuple[str, ...]
    kept: np.ndarray
    dropped_columns: tuple[str, ...]
    beta: np.ndarray
    vcov_beta: np.ndarray
    random: tuple[VarianceComponents, ...]
    groups: dict[str, int]
    sigma: float
    theta: np.ndarray
    loglik: float
    convergence: Convergence
    boundaries: tuple[Boundary, ...]
    modes: dict[str, ConditionalModes]
    fitted: np.ndarray
    fitted_fixed: np.ndarray
    residuals: np.ndarray
    weights: np.ndarray | None
    offset: np.ndarray | None
    offset_by_array: bool
    recipe: DesignRecipe
    design: Design | None = field(default=None, repr=False)
    optimum: Optimum | None = field(default=None, repr=False)

    @property
    def se(self) -> np.ndarray:
        """(p,) standard errors of the fixed effects at the estimated variances."""
        return np.sqrt(np.diag(self.vcov_beta))

    @property
    def deviance(self) -> float:
        """−2 log-likelihood (under REML the REML criterion)."""
        return -2.0 * self.loglik

    @property
    def npar(self) -> int:
        """Number of parameters: fixed effects, covariances of the random effects, residual variance."""
        return len(self.beta) + sum(len(term.names) * (len(term.names) + 1) // 2 for term in self.random) + 1

    @property
    def aic(self) -> float:
        """Marginal AIC counting all parameters, as lme4 does under ML and REML alike."""
        return self.deviance + 2.0 * self.npar

    @property
    def bic(self) -> float:
        """BIC counting all parameters, with n the number of observations, as lme4 does."""
        return self.deviance + log(self.n) * self.npar

    @property
    def converged(self) -> bool:
        """Whether the optimum may be trusted."""
        return self.convergence.status == "converged"

    @property
    def singular(self) -> bool:
        """Whether the estimate lies on the boundary: some direction of a random effect has no variance."""
        return bool(self.boundaries)

    @property
    def collapsed(self) -> tuple[str, ...]:
        """A sentence for every term in which some direction has no variance."""
        return tuple(boundary.sentence for boundary in self.boundaries)

    @cached_property
    def conditional_modes(self) -> dict[str, pd.DataFrame]:
        """Per grouping factor the conditional modes, levels × effects."""
        return {
            group: pd.DataFrame(modes.values, index=list(modes.levels), columns=list(modes.names))
            for group, modes in self.modes.items()
        }

    @cached_property
    def conditional_sds(self) -> dict[str, pd.DataFrame]:
        """Per grouping factor the standard deviations of the conditional modes given θ and β, levels × effects."""
        return {
            group: pd.DataFrame(self.mode_sds[group], index=list(modes.levels), columns=list(modes.names))
            for group, modes in self.modes.items()
        }

    @cached_property
    def mode_sds(self) -> dict[str, np.ndarray]:
        """Per grouping factor the (J, q) standard deviations of the conditional modes given θ and β."""
        if self.optimum is None:
            return {}
        with one_thread():
            covariances = mode_covariances(self.optimum)
        variances = [np.einsum("aaj->ja", covariance) for covariance in covariances]
        return {group: np.sqrt(np.maximum(values, 0.0)) for group, values in zip(self.modes, variances, strict=True)}

    @cached_property
    def leverage(self) -> np.ndarray:
        """(n,) diagonal of the hat matrix, random effects included."""
        with one_thread():
            if self.optimum is not None:
                return leverage(self.optimum)
            roots = np.ones(self.n) if self.weights is None else np.sqrt(self.weights)
            fixed = whiten_fixed(self.design.y * roots, self.design.X * roots[:, None])
            return (fixed.orthonormal**2).sum(1) / self.n

    def predict(self, newdata: pd.DataFrame | None = None, *, random: bool = True) -> np.ndarray:
        """Predicted outcomes, on the scale of the formula's left side.

        Args:
            newdata: rows to predict, with every variable of the formula's right side; None for the rows used.
            random: add the conditional modes; a level the model has not seen, or a missing one, adds zero, its
                expectation.

        Returns:
            (m,) predictions; NaN where a covariate is missing.

        Raises:
            InputError: a column is missing, or the offset was an array and is not known for new rows.
        """
        if newdata is None:
            return self.fitted if random else self.fitted_fixed
        if self.offset_by_array:
            raise InputError(
                "The model was fitted with an offset given as an array, which is not known for new rows: fit it with "
                "the name of a column as offset."
            )
        columns = self.recipe.fixed(newdata)
        out = columns[:, self.kept] @ self.beta
        offset = self.recipe.offset(newdata)
        if offset is not None:
            out = out + offset
        if random:
            for term, (Z, labels) in zip(self.random, self.recipe.random(newdata), strict=True):
                modes = self.conditional_modes[term.group]
                # A name that varies in two terms of one factor has a column for each; R numbers them, we go by place.
                effects = modes.iloc[:, self._places(term)]
                out = out + (Z * effects.reindex(pd.Index(labels)).fillna(0.0).to_numpy()).sum(1)
        return out

    def _places(self, term: VarianceComponents) -> list[int]:
        start = 0
        for other in self.random:
            if other is term:
                break
            if other.group == term.group:
                start += len(other.names)
        return list(range(start, start + len(term.names)))

    def summary(self) -> str:
        """A table to read, laid out as lme4's."""
        from lmm.summary import summary

        return summary(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the data, as JSON has it."""
        return {**self._estimates(), "leverage": self.leverage.tolist()}

    def _estimates(self) -> dict[str, Any]:
        return {
            "formula": self.formula,
            "outcome": self.outcome,
            "reml": self.reml,
            "n": self.n,
            "n_dropped": self.n_dropped,
            "rows": self.rows.tolist(),
            "coefficients": list(self.coefficients),
            "kept": self.kept.tolist(),
            "dropped_columns": list(self.dropped_columns),
            "beta": self.beta.tolist(),
            "vcov_beta": self.vcov_beta.tolist(),
            "random": [
                {"group": term.group, "names": list(term.names), "covariance": term.covariance.tolist()}
                for term in self.random
            ],
            "groups": self.groups,
            "sigma": self.sigma,
            "theta": self.theta.tolist(),
            "loglik": self.loglik,
            "convergence": {**vars(self.convergence), "optima": list(self.convergence.optima)},
            "boundaries": [
                {**vars(boundary), "names": list(boundary.names), "zero": list(boundary.zero)}
                for boundary in self.boundaries
            ],
            "modes": {
                group: {
                    "levels": list(modes.levels),
                    "names": list(modes.names),
                    "values": modes.values.tolist(),
                    "sds": self.mode_sds[group].tolist(),
                }
                for group, modes in self.modes.items()
            },
            "fitted": self.fitted.tolist(),
            "fitted_fixed": self.fitted_fixed.tolist(),
            "residuals": self.residuals.tolist(),
            "weights": None if self.weights is None else self.weights.tolist(),
            "offset": None if self.offset is None else self.offset.tolist(),
            "offset_by_array": self.offset_by_array,
            "recipe": self.recipe.to_dict(),
        }

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Fit:
        """The inverse of `to_dict`."""
        values = dict(values)
        stored_leverage = np.array(values.pop("leverage"), dtype=float)
        for name in ("beta", "theta", "fitted", "fitted_fixed", "residuals"):
            values[name] = np.array(values[name], dtype=float)
        size = len(values["beta"])
        values["vcov_beta"] = np.array(values["vcov_beta"], dtype=float).reshape(size, size)
        for name in ("rows", "kept"):
            values[name] = np.array(values[name], dtype=np.intp)
        for name in ("weights", "offset"):
            values[name] = None if values[name] is None else np.array(values[name], dtype=float)
        for name in ("coefficients", "dropped_columns"):
            values[name] = tuple(values[name])
        values["random"] = tuple(
            VarianceComponents(term["group"], tuple(term["names"]), np.array(term["covariance"], dtype=float))
            for term in values["random"]
        )
        values["boundaries"] = tuple(
            Boundary(**{**stored, "names": tuple(stored["names"]), "zero": tuple(stored["zero"])})
            for stored in values["boundaries"]
        )
        convergence = values["convergence"]
        values["convergence"] = Convergence(**{**convergence, "optima": tuple(convergence["optima"])})
        stored_sds = {group: _by_level(stored, "sds") for group, stored in values["modes"].items()}
        values["modes"] = {
            group: ConditionalModes(tuple(stored["levels"]), tuple(stored["names"]), _by_level(stored, "values"))
            for group, stored in values["modes"].items()
        }
        values["recipe"] = DesignRecipe.from_dict(values["recipe"])
        fitted = Fit(**values)
        fitted.__dict__.update(leverage=stored_leverage, mode_sds=stored_sds)
        return fitted

    def to_json(self) -> str:
        """The fit as JSON, floats in full."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    @staticmethod
    def from_json(text: str) -> Fit:
        """The inverse of `to_json`.

        Raises:
            InputError: the text is not what `to_json` wrote.
        """
        try:
            return Fit.from_dict(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError("The text is no stored fit: give what `Fit.to_json` returned.") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fit) and self._estimates() == other._estimates()

    __hash__ = None


def _by_level(stored: dict[str, Any], name: str) -> np.ndarray:
    return np.array(stored[name], dtype=float).reshape(len(stored["levels"]), len(stored["names"]))


@lru_cache(maxsize=1)
def _linear_algebra() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> AbstractContextManager:
    """BLAS on one thread: results must not depend on the number of cores, and these matrices gain little from more."""
    return _linear_algebra().limit(limits=1, user_api="blas")


def fit(
    formula: str,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    weights: str | np.ndarray | None = None,
    offset: str | np.ndarray | None = None,
) -> Fit:
    """Fit a linear mixed model by REML or ML.

    Args:
        formula: as lme4 reads it, e.g. "Reaction ~ Days + (Days | Subject)". Without a `( | )` term the model is
            ordinary least squares.
        data: a row per observation. Rows with a missing value in any variable used are left out.
        reml: restricted maximum likelihood, for variances and final models; False for maximum likelihood, to
            compare fixed effects.
        weights: prior weights (the residual variance of a row is σ²/weight): a column's name, an array, or a Series
            with the index of the data.
        offset: a known addition to the mean, likewise.

    Returns:
        The fit. A singular or unconverged model is a result that says so, not an error.

    Raises:
        InputError: the formula cannot be read, or the data cannot carry the model.
    """
    design = parse(formula).design(data, weights=weights, offset=offset)
    found = fit_design(formula, design, reml, len(data))
    return replace(found, offset_by_array=offset is not None and not isinstance(offset, str))


def fit_design(formula: str, design: Design, reml: bool, n_data: int) -> Fit:
    """Fit a model whose columns are laid out already, as for a refit by the other criterion.

    Args:
        formula: what the design was laid out from. design: its columns. reml: criterion.
        n_data: rows of the table, those left out included.
    """
    y = design.y if design.offset is None else design.y - design.offset
    with one_thread():
        if design.random:
            return _mixed_model(formula, design, y, reml, n_data)
        return _least_squares(formula, design, y, reml, n_data)


def _mixed_model(formula: str, design: Design, y: np.ndarray, reml: bool, n_data: int) -> Fit:
    factors, places = grouping_factors(design)
    _refuse_more_effects_than_rows(design)
    _refuse_too_many_beside_the_largest(design, factors)
    _refuse_the_same_twice(design, factors)
    problem = Problem.of(y, design.X, factors, design.weights)
    _refuse_nothing_left(design, y, problem.fixed)
    _refuse_unidentified_columns(design, problem, places)
    return _mixed(formula, design, optimise(problem, reml), factors, places, n_data)


def fit_of_optimum(formula: str, design: Design, optimum: Optimum, n_data: int) -> Fit:
    """The fit that an optimum makes which was found in another way than `fit` goes, as from another start.

    Args:
        formula: what the design was laid out from. design: its columns, random ones among them.
        optimum: of a problem laid out from this design. n_data: rows of the table, those left out included.
    """
    factors, places = grouping_factors(design)
    with one_thread():
        return _mixed(formula, design, optimum, factors, places, n_data)


def grouping_factors(design: Design) -> tuple[list[Factor], list[tuple[int, slice]]]:
    """The grouping factors, terms of one factor put together, and where each term of the formula stands in them."""
    groups = list(dict.fromkeys(term.group for term in design.random))
    factors, place_of = [], {}
    for k, group in enumerate(groups):
        mine = [i for i, term in enumerate(design.random) if term.group == group]
        terms = [design.random[i] for i in mine]
        columns = terms[0].columns if len(terms) == 1 else np.column_stack([term.columns for term in terms])
        factor = Factor(terms[0].codes, len(terms[0].levels), columns, tuple(term.columns.shape[1] for term in terms))
        factors.append(factor)
        place_of.update(zip(mine, ((k, part) for part in factor.slices), strict=True))
    return factors, [place_of[i] for i in range(len(design.random))]


def _refuse_more_effects_than_rows(design: Design) -> None:
    n = len(design.y)
    for term in design.random:
        effects = len(term.levels) * len(term.names)
        if effects >= n:
            raise InputError(
                f"The term ({term.expression} | {term.group}) has {effects} random coefficients "
                f"({len(term.levels)} levels × {len(term.names)}) for {n} rows, so they cannot be told from the "
                f"residuals; give it fewer columns or use a coarser grouping factor."
            )


def _refuse_too_many_beside_the_largest(design: Design, factors: Sequence[Factor]) -> None:
    sizes = sorted(factor.n_levels * factor.n_columns for factor in factors)
    beside = sum(sizes[:-1])
    if beside > MOST_BESIDE_THE_LARGEST:
        raise InputError(
            f"Beside the largest grouping factor the model of {design.outcome} has {beside:,} random coefficients, "
            f"and the engine holds a dense matrix of that order: at most {MOST_BESIDE_THE_LARGEST:,} are possible; "
            f"leave out a term or aggregate a factor."
        )


def _refuse_the_same_twice(design: Design, factors: Sequence[Factor]) -> None:
    seen: set[tuple[str, str]] = set()
    for term in design.random:
        for name in term.names:
            if (term.group, name) in seen:
                raise InputError(
                    f"{name} varies over {term.group} in two random terms, and their variances cannot be told apart: "
                    f"leave one out."
                )
            seen.add((term.group, name))
    groups = list(dict.fromkeys(term.group for term in design.random))
    for k, factor in enumerate(factors):
        for other in range(k):
            if factors[other].n_levels == factor.n_levels and _same_partition(factors[other].codes, factor.codes):
                raise InputError(
                    f"The grouping factors {groups[other]} and {groups[k]} put the same rows together, so their "
                    f"variances cannot be told apart: leave one out."
                )


def _same_partition(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two factors with equally many levels group the rows alike, whatever the levels are called."""
    match = np.full(first.max() + 1, -1)
    match[first] = second
    return np.array_equal(match[first], second)


def _refuse_unidentified_columns(design: Design, problem: Problem, places: list[tuple[int, slice]]) -> None:
    for term, (k, part) in zip(design.random, places, strict=True):
        for factor, column in problem.unidentified:
            if factor == k and part.start <= column < part.stop:
                name = term.names[column - part.start]
                raise InputError(
                    f"In the random term ({term.expression} | {term.group}) the column {name} is zero or, to "
                    f"seven digits, a combination of the columns before it, so that its variance cannot be told from "
                    f"theirs: leave it out, or centre a covariate that is far from zero."
                )


def _refuse_nothing_left(design: Design, y: np.ndarray, fixed: WhitenedFixed) -> None:
    if len(fixed.kept) >= len(y):
        raise InputError(
            f"The fixed part has {len(fixed.kept)} independent columns for {len(y)} rows, so no row is left to "
            f"estimate a variance; leave out predictors or add rows."
        )
    weights = 1.0 if design.weights is None else design.weights
    if fixed.scale <= NOTHING_LEFT * float(np.sqrt(np.mean(weights * y * y))):
        raise InputError(
            f"The outcome {design.outcome} is an exact linear function of the fixed effects, so nothing is left to "
            f"vary; check whether a predictor is the outcome under another name."
        )


def _mixed(formula: str, design: Design, optimum: Optimum, factors: Sequence[Factor], places: list, n_data: int) -> Fit:
    found = estimates(optimum)
    kept = optimum.problem.fixed.kept
    random, theta = [], []
    for term, (k, part) in zip(design.random, places, strict=True):
        T = found.T[k][part, part]
        random.append(VarianceComponents(term.group, term.names, found.sigma**2 * (T @ T.T)))
        theta.extend(T[i, j] for j in range(len(T)) for i in range(j, len(T)))
    modes, groups = {}, {}
    fitted_fixed = design.X[:, kept] @ found.beta + (0.0 if design.offset is None else design.offset)
    fitted = fitted_fixed.copy()
    for k, factor in enumerate(factors):
        terms = [term for term, (place, _) in zip(design.random, places, strict=True) if place == k]
        names = tuple(name for term in terms for name in term.names)
        modes[terms[0].group] = ConditionalModes(tuple(terms[0].levels), names, found.modes[k])
        groups[terms[0].group] = factor.n_levels
        for column, mode in zip(factor.columns.T, found.modes[k].T, strict=True):
            fitted += column * mode.take(factor.codes)
    return Fit(
        formula=formula,
        outcome=design.outcome,
        reml=optimum.reml,
        n=len(design.y),
        n_dropped=n_data - len(design.y),
        rows=np.asarray(design.rows),
        coefficients=tuple(design.names[i] for i in kept),
        kept=kept,
        dropped_columns=_dropped(design, kept),
        beta=found.beta,
        vcov_beta=found.vcov_beta,
        random=tuple(random),
        groups=groups,
        sigma=found.sigma,
        theta=np.array(theta),
        loglik=-0.5 * optimum.deviance,
        convergence=_convergence(optimum),
        boundaries=boundaries_of(optimum, random, places, factors),
        modes=modes,
        fitted=fitted,
        fitted_fixed=fitted_fixed,
        residuals=design.y - fitted,
        weights=design.weights,
        offset=design.offset,
        offset_by_array=False,
        recipe=design.recipe,
        design=design,
        optimum=optimum,
    )


def _dropped(design: Design, kept: np.ndarray) -> tuple[str, ...]:
    kept_names = {int(i) for i in kept}
    return tuple(name for i, name in enumerate(design.names) if i not in kept_names)


def _convergence(optimum: Optimum) -> Convergence:
    status, message = "not converged", ""
    if not np.isfinite(optimum.deviance) or optimum.at.sigma2 < LEAST_RESIDUAL_SHARE:
        message = (
            "The grouping factors explain the outcome all but exactly, so that the residual variance is lost in "
            "rounding and the likelihood has no maximum to speak of."
        )
    elif optimum.smallest_curvature < LEAST_CURVATURE:
        status = "not identified"
        message = (
            "The deviance is flat in some direction: other variances fit equally well, as where a grouping factor is "
            "among the fixed effects too."
        )
    elif not optimum.converged:
        message = f"After {optimum.iterations} steps the deviance could still fall; the estimates may be off."
    else:
        status = "converged"
        message = "No step lowers the deviance by more than 1e-9, and the deviance curves upward in every direction."
        if len(optimum.optima) > 1:
            gap = optimum.optima[1] - optimum.optima[0]
            message += f" A second start ended in another local optimum, {gap:.3f} higher in deviance."
    return Convergence(
        status,
        message,
        optimum.iterations,
        optimum.evaluations,
        optimum.gradient,
        optimum.smallest_curvature,
        optimum.optima,
    )


def boundaries_of(
    optimum: Optimum, random: Sequence[VarianceComponents], places: list, factors: Sequence[Factor]
) -> tuple[Boundary, ...]:
    """The terms in which some direction has no variance.

    Args:
        optimum: of the model. random: its terms. places, factors: as `grouping_factors` has them.
    """
    found = iter(optimum.singular_values)
    values = {
        (k, part.start): next(found)[0]
        for k, whitened in zip(optimum.problem.order, optimum.problem.factors, strict=True)
        for part in whitened.slices
    }
    out = []
    for term, (k, part) in zip(random, places, strict=True):
        rank = int((values[k, part.start] >= SINGULAR).sum())
        if rank < len(term.names):
            columns = factors[k].columns[:, part]
            # Effects of covariates in different units are comparable by what they add to the outcome.
            size = term.sd * np.sqrt((columns * columns).mean(0))
            zero = tuple(
                name for name, one in zip(term.names, size, strict=True) if rank == 0 or one <= SINGULAR * max(size)
            )
            sentence = _boundary_sentence(term, zero, rank)
            out.append(Boundary(term.group, term.names, zero, rank, sentence))
    return tuple(out)


def _boundary_sentence(term: VarianceComponents, zero: tuple[str, ...], rank: int) -> str:
    size = len(term.names)
    if len(zero) == size - rank:
        plural = len(zero) > 1
        return f"{term.group}: the variance{'s' * plural} of {_listed(zero)} {'are' if plural else 'is'} zero."
    if size == 2:
        sign = "+1" if term.covariance[0, 1] > 0 else "−1"
        return f"{term.group}: the correlation of {term.names[0]} and {term.names[1]} is {sign}."
    return (
        f"{term.group}: the {size} effects {_listed(term.names)} vary in {rank} "
        f"direction{'s' if rank > 1 else ''} only; {_worst_pair(term)}."
    )


def _worst_pair(term: VarianceComponents) -> str:
    correlation = np.where(np.isnan(term.correlation), 0.0, term.correlation)
    np.fill_diagonal(correlation, 0.0)
    i, j = np.unravel_index(np.argmax(np.abs(correlation)), correlation.shape)
    return f"their largest correlation is {bounded(correlation[i, j])}, of {term.names[i]} and {term.names[j]}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _least_squares(formula: str, design: Design, y: np.ndarray, reml: bool, n_data: int) -> Fit:
    """The model without random effects, with the same conventions for the likelihood."""
    roots = np.ones(len(y)) if design.weights is None else np.sqrt(design.weights)
    fixed = whiten_fixed(y * roots, design.X * roots[:, None])
    kept = fixed.kept
    X = design.X[:, kept]
    _refuse_nothing_left(design, y, fixed)
    n, p = X.shape
    degrees = n - p if reml else n
    sigma2 = n * fixed.scale**2 / degrees
    deviance = degrees * (1.0 + log(2.0 * pi * sigma2)) - 2.0 * float(np.log(roots).sum())
    if reml:
        deviance += fixed.log_determinant + p * log(n)
    upper_inverse = np.linalg.inv(fixed.upper)
    beta = upper_inverse @ fixed.coefficients
    fitted = X @ beta + (0.0 if design.offset is None else design.offset)
    return Fit(
        formula=formula,
        outcome=design.outcome,
        reml=reml,
        n=n,
        n_dropped=n_data - n,
        rows=np.asarray(design.rows),
        coefficients=tuple(design.names[i] for i in kept),
        kept=kept,
        dropped_columns=_dropped(design, kept),
        beta=beta,
        vcov_beta=sigma2 / n * upper_inverse @ upper_inverse.T,
        random=(),
        groups={},
        sigma=sqrt(sigma2),
        theta=np.empty(0),
        loglik=-0.5 * deviance,
        convergence=Convergence("converged", "Least squares has a closed form.", 0, 1, 0.0, 1.0, (deviance,)),
        boundaries=(),
        modes={},
        fitted=fitted,
        fitted_fixed=fitted,
        residuals=design.y - fitted,
        weights=design.weights,
        offset=design.offset,
        offset_by_array=False,
        recipe=design.recipe,
        design=design,
    )
