"""The first half of back-off at every fit: when a fit is in doubt, try again, then believe what attempts agree on.

A fit that converged by its curvature, in the interior, having met a single optimum, is believed at once unless it is
nearly flat. Any other is fitted anew:

1. rescaled: outcome and covariates in units of their spread, centred where an intercept varies too. The engine
   whitens all columns, so that in exact arithmetic this changes nothing: it can mend digits lost to a covariate far
   from zero, and it cannot lead away from a false optimum. Agreeing with it is therefore no evidence of an optimum.
   Later attempts keep the rescaled columns.
2. second start: from variances that are small where the best fit so far has large ones, and large where it has small
   ones or none, so that a boundary is approached from far inside.
3. second optimiser: Powell's, which knows no derivatives, from the best fit and from elsewhere; Newton's method then
   confirms the lower end.

It stops as soon as the best fit has converged and an attempt that began elsewhere agrees with it. What may be left
out of the model when it stays singular or unconverged is decided by the ladder, not here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.engine.optimum import LEAST_RESIDUAL_SHARE, descend, optimise
from lmm.engine.rescaling import rescaled_problem
from lmm.engine.secondoptimiser import minimise_without_derivatives
from lmm.model import fit, fit_of_optimum, grouping_factors, one_thread

if TYPE_CHECKING:
    import pandas

    from lmm.engine import Optimum, Problem
    from lmm.engine.secondoptimiser import Referee
    from lmm.model import Fit

FIRST_FIT, RESCALED, SECOND_START, SECOND_OPTIMISER = "first fit", "rescaled", "second start", "second optimiser"
# Two fits are the same optimum within this difference in −2 log-likelihood and in fixed effects, in standard errors.
SAME_DEVIANCE = 1e-3
SAME_FIXED_EFFECTS = 0.01
# In residual standard deviations; two ends of one optimum differ by much less.
SAME_STANDARD_DEVIATION = 0.01
# Smallest over largest curvature: of tables in textbooks none is below .001, of ends on a ridge none above .00001.
NEARLY_FLAT = 1e-4
# In natural units, in which a relative standard deviation of 1 is neither large nor small.
_SMALL, _LARGE = 0.1, 10.0


@dataclass(frozen=True)
class Attempt:
    """One fit of a model by one route.

    Attributes:
        what: "first fit", "rescaled", "second start" or "second optimiser".
        deviance: −2 log-likelihood where it ended (under REML the REML criterion); infinite where it has none.
        status: "converged", "not converged" or "not identified", as `Convergence.status`.
        singular: whether it ended on the boundary.
        agrees: whether −2 log-likelihood and fixed effects are those of the fit returned; None for that fit itself.
        sentence: how it ended, in words.
    """

    what: str
    deviance: float
    status: str
    singular: bool
    agrees: bool | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The attempt as JSON has it; a deviance that is not finite is null."""
        return {**vars(self), "deviance": self.deviance if isfinite(self.deviance) else None}


def fit_with_attempts(
    formula: str, table: pandas.DataFrame, *, reml: bool, weights: str | None
) -> tuple[Fit, tuple[Attempt, ...]]:
    """Fit a model, and again by other routes while its optimum is in doubt.

    Args:
        formula: as `lmm.fit` reads it. table: a row per observation.
        reml: restricted maximum likelihood, or maximum likelihood.
        weights: the column of prior weights, or None.

    Returns:
        The fit of the lowest deviance, a converged one before others that agree with it; its convergence lists the
        optima of all attempts and its message says what it took. And the attempts in the order they were made; a
        model without random effects takes one.

    Raises:
        InputError: the formula cannot be read, or the data cannot carry the model.
    """
    first = fit(formula, table, reml=reml, weights=weights)
    if _is_beyond_doubt(first):
        return first, (Attempt(FIRST_FIT, first.deviance, first.convergence.status, False, None, _clean(first)),)
    tried = _tried(first, len(table))
    best = _seen_from_its_ridge(_best(tried), tried)
    attempts = tuple(_attempt(one, best) for one in tried)
    return _with_what_it_took(best, tried, attempts), attempts


def _is_beyond_doubt(fitted: Fit) -> bool:
    one_optimum = fitted.converged and len(fitted.convergence.optima) == 1
    return one_optimum and not fitted.singular and not (fitted.random and _is_nearly_flat(fitted))


def _clean(fitted: Fit) -> str:
    if not fitted.random:
        return "Least squares has a closed form."
    return "It converged in the interior and met a single optimum."


@dataclass(frozen=True)
class _Tried:
    """A fit with the route that led to it, and what there is to say of the route."""

    what: str
    fit: Fit
    route: str


def _tried(first: Fit, n_data: int) -> list[_Tried]:
    """The first fit, and the attempts after it until two that began apart agree."""
    with one_thread():
        problem = _rescaled_problem_of(first)

        def tried_by(what: str, optimum: Optimum, route: str) -> _Tried:
            return _Tried(what, fit_of_optimum(first.formula, first.design, optimum, n_data), route)

        tried = [
            _Tried(FIRST_FIT, first, "From start values by MINQUE"),
            tried_by(RESCALED, optimise(problem, first.reml), "With outcome and covariates in units of their spread"),
        ]
        before = _best(tried).fit
        second = descend(problem, first.reml, _far_from(before.optimum))
        tried.append(
            tried_by(SECOND_START, second, "From large variances where they were small, and small where large")
        )
        best = _best(tried).fit
        if best.converged and agree(tried[-1].fit, before):
            return tried
        near = minimise_without_derivatives(problem, first.reml, best.optimum.at.T)
        far = minimise_without_derivatives(problem, first.reml, _far_from(best.optimum))
        lower = min(near, far, key=lambda end: end.deviance)
        tried.append(tried_by(SECOND_OPTIMISER, descend(problem, first.reml, lower.T), _route_of_second(near, far)))
        return tried


def _rescaled_problem_of(first: Fit) -> Problem:
    design = first.design
    y = design.y if design.offset is None else design.y - design.offset
    factors, _ = grouping_factors(design)
    return rescaled_problem(y, design.X, factors, design.weights, first.kept)


def _route_of_second(near: Referee, far: Referee) -> str:
    gap = far.deviance - near.deviance
    route = "By Powell's method, which needs no derivatives, then Newton's"
    if not isfinite(gap):
        return route
    if abs(gap) < SAME_DEVIANCE:
        return f"{route}, from the best fit and from afar alike"
    return (
        f"{route} (from afar Powell's stopped {abs(gap):.3f} {'higher' if gap > 0 else 'lower'} than from the best fit)"
    )


def _far_from(optimum: Optimum) -> list[np.ndarray]:
    """A T per factor whose singular values are small where those of the optimum are large, and large where small."""
    problem = optimum.problem
    out = [np.zeros((factor.n_columns, factor.n_columns)) for factor in problem.factors]
    decompositions = iter(optimum.singular_values)
    for k, factor in enumerate(problem.factors):
        for term in factor.slices:
            values, left = next(decompositions)
            out[k][term, term] = problem.natural_units[k][term, None] * left * np.where(values > 1.0, _SMALL, _LARGE)
    return out


def _best(tried: list[_Tried]) -> _Tried:
    """Of the lowest deviance; among those that share it the first that converged, or else the first."""
    deviances = [one.fit.deviance if _has_likelihood(one.fit) else inf for one in tried]
    lowest = [one for one, value in zip(tried, deviances, strict=True) if value <= min(deviances) + SAME_DEVIANCE]
    return next((one for one in lowest if one.fit.converged), lowest[0])


def _seen_from_its_ridge(best: _Tried, tried: list[_Tried]) -> _Tried:
    """The fit kept, which is not identified where it is so flat that an attempt ended in other variances as good."""
    if not _is_nearly_flat(best.fit) or not any(_has_other_variances(one.fit, best.fit) for one in tried):
        return best
    message = "The deviance is flat in some direction: another attempt ended in other variances that fit equally well."
    convergence = replace(best.fit.convergence, status="not identified", message=message)
    return replace(best, fit=replace(best.fit, convergence=convergence))


def _is_nearly_flat(fitted: Fit) -> bool:
    return fitted.convergence.smallest_curvature < NEARLY_FLAT


def _has_other_variances(one: Fit, other: Fit) -> bool:
    apart = max(abs(a - b) for a, b in zip(_standard_deviations(one), _standard_deviations(other), strict=True))
    return agree(one, other) and apart > SAME_STANDARD_DEVIATION * other.sigma


def _standard_deviations(fitted: Fit) -> list[float]:
    return [fitted.sigma, *(sd for term in fitted.random for sd in term.sd)]


def _has_likelihood(fitted: Fit) -> bool:
    """Whether the deviance is more than noise, which can be lower than any optimum."""
    return isfinite(fitted.deviance) and fitted.optimum.at.sigma2 >= LEAST_RESIDUAL_SHARE


def agree(one: Fit, other: Fit) -> bool:
    """Whether two fits of a model are the same optimum, by deviance and fixed effects."""
    if not abs(one.deviance - other.deviance) < SAME_DEVIANCE or one.coefficients != other.coefficients:
        return False
    return bool((np.abs(one.beta - other.beta) <= SAME_FIXED_EFFECTS * other.se).all())


def _attempt(one: _Tried, best: _Tried) -> Attempt:
    fitted = one.fit
    agrees = None if one.what == best.what else agree(fitted, best.fit)
    return Attempt(
        one.what,
        fitted.deviance,
        fitted.convergence.status,
        fitted.singular,
        agrees,
        f"{one.route}: {_ending(fitted, best.fit, agrees)}.",
    )


def _ending(fitted: Fit, best: Fit, agrees: bool | None) -> str:
    state = fitted.convergence.status + (" on the boundary" if fitted.singular else "")
    if agrees is None:
        return f"{state}; this fit is kept"
    if agrees:
        return f"{state}, at the optimum kept"
    if not _has_likelihood(fitted):
        return f"{state}, where the residual variance is lost in rounding"
    gap = fitted.deviance - best.deviance
    if abs(gap) < SAME_DEVIANCE:
        return f"{state}, at the deviance kept but with other fixed effects"
    return f"{state}, {gap:.3f} higher in deviance"


def _with_what_it_took(best: _Tried, tried: list[_Tried], attempts: tuple[Attempt, ...]) -> Fit:
    """The fit kept, its convergence telling of all attempts."""
    convergence = best.fit.convergence
    optima = _optima(best, tried)
    sentences = [convergence.message]
    if len(optima) > 1 and len(convergence.optima) == 1:
        sentences.append(f"Another attempt ended in another local optimum, {optima[1] - optima[0]:.3f} higher.")
    sentences.append(_verdict(best, tried, attempts))
    return replace(best.fit, convergence=replace(convergence, optima=optima, message=" ".join(sentences)))


def _optima(best: _Tried, tried: list[_Tried]) -> tuple[float, ...]:
    """Deviances of the distinct optima met by all attempts, that of the fit kept first."""
    met = []
    for one in tried:
        # Where a descent stopped on its way is no optimum.
        met += one.fit.convergence.optima[0 if one.fit.converged else 1 :]
    optima = [best.fit.convergence.optima[0]]
    for value in sorted(met):
        if value - optima[-1] > SAME_DEVIANCE:
            optima.append(value)
    return tuple(optima)


def _verdict(best: _Tried, tried: list[_Tried], attempts: tuple[Attempt, ...]) -> str:
    """What the attempts together say of the fit kept."""
    number = {3: "three", 4: "four"}[len(tried)]
    confirming = [attempt.what for attempt in attempts if attempt.agrees and not _same_path(attempt.what, best.what)]
    if not best.fit.converged:
        alike = ", though they end at the same likelihood and fixed effects" if len(confirming) > 1 else ""
        return f"None of {number} attempts mended this{alike}."
    if not confirming:
        return f"None other of {number} attempts ends there, so that a lower optimum may exist."
    found = "" if best.what == FIRST_FIT else f"The first fit missed it, which the attempt '{best.what}' found. "
    boundary = "The boundary is a maximum: a" if best.fit.singular else "A"
    return f"{found}{boundary} {confirming[-1]} ends there too."


def _same_path(one: str, other: str) -> bool:
    """Whether two attempts differ in rounding only."""
    return {one, other} <= {FIRST_FIT, RESCALED}
