"""Likelihood ratio tests of nested mixed models, each with the null distribution its comparison calls for."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.infer.candidate import Candidate, candidate_of_fit, is_spanned
from lmm.infer.live import no_optimum
from lmm.infer.nulldistribution import NullDistribution, chi_squared
from lmm.infer.outcomescale import outcome_column
from lmm.infer.randomstructure import RandomComparison, compare_random_parts

if TYPE_CHECKING:
    from lmm.model import Fit

# Two optimisations of one deviance agree within this much (method: "converged if Δ(−2LL) < 1e-3"), so a
# statistic below zero by less is rounding and one below zero by more is a missed optimum.
OPTIMUM_TOLERANCE = 1e-3
# A variance estimated at zero gives a statistic of zero up to rounding; its p is 1, not the ½ of a positive one.
ROUNDING = 1e-6


@dataclass(frozen=True)
class LikelihoodRatioTest:
    """Outcome of comparing two nested models.

    `statistic` is 2 (loglik of the larger − loglik of the smaller). `null` is its distribution under the
    smaller model, `p` the tail of that mixture; `naive_df` and `naive_p` belong to the plain χ² that ignores
    the boundary. `delta_aic` and `delta_bic` (over observations) are larger minus smaller: negative favours
    the larger. Where no p-value can be given, `p` is None and `reason` says why; `approximation` says what
    the mixture stands for, and where one of the fits is no optimum.
    """

    smaller: str
    larger: str
    estimator: str
    statistic: float
    null: NullDistribution | None
    naive_df: int
    p: float | None
    naive_p: float | None
    delta_aic: float
    delta_bic: float
    reason: str | None = None
    approximation: str | None = None

    @property
    def optimum_missed(self) -> bool:
        """Whether the larger model fitted clearly worse than the smaller one, which no true optimum can."""
        return self.null is not None and self.p is None

    def to_dict(self) -> dict[str, Any]:
        """The test as JSON has it; `null` as a text and as its weights and degrees of freedom."""
        null = self.null and {"text": str(self.null), "weights": list(self.null.weights), "df": list(self.null.df)}
        return {**{field.name: getattr(self, field.name) for field in fields(self)}, "null": null}


def likelihood_ratio_test(first: Fit, second: Fit) -> LikelihoodRatioTest:
    """Test the smaller of two nested fits against the larger; their order does not matter.

    Random parts are compared by REML (same fixed effects) or ML, fixed effects by ML only. Models that are
    not nested give no p-value: the result carries ΔAIC and ΔBIC and says so.

    Raises InputError where the two likelihoods cannot be compared at all: ML with REML, REML fits with
    different fixed effects, different rows, weights, offsets or outcomes.
    """
    refuse_other_outcome(first, second)
    if np.array_equal(first.rows, second.rows) and not same_values(first, second):
        raise InputError(
            f"'{first.formula}' and '{second.formula}' were fitted to different outcome values, so their "
            "likelihoods cannot be compared: fit both to the same table."
        )
    test = compare(candidate_of_fit(first), candidate_of_fit(second))
    doubts = [f"'{fit.formula}': {doubt}" for fit in (first, second) if (doubt := no_optimum(fit))]
    if doubts:
        test = replace(test, approximation=" ".join(filter(None, (*doubts, test.approximation))))
    return test


def refuse_other_outcome(first: Fit, second: Fit) -> None:
    """Raise InputError where two fits have different outcomes, offering the Jacobian for two scales of one column."""
    if first.outcome == second.outcome:
        return
    column = outcome_column(first)
    if column is not None and column == outcome_column(second):
        raise InputError(
            f"'{first.formula}' and '{second.formula}' model {column} on different scales ({first.outcome} and "
            f"{second.outcome}), so their likelihoods cannot be compared as they are: fit both by ML and compare what "
            "lmm.infer.outcomescale.criteria_on_outcome_scale gives, which adds the Jacobian of the transformation."
        )
    raise InputError(
        f"'{first.formula}' and '{second.formula}' have different outcomes ({first.outcome} and {second.outcome}), so "
        "their likelihoods cannot be compared: use one outcome."
    )


def same_values(first: Fit, second: Fit) -> bool:
    """Whether two fits were made of the same outcome values, up to the rounding of fitted + residual."""
    differences = (first.fitted + first.residuals) - (second.fitted + second.residuals)
    scale = max(abs(first.fitted).max(), abs(first.residuals).max())
    return bool(abs(differences).max() <= 1e-8 * scale)


def compare(first: Candidate, second: Candidate) -> LikelihoodRatioTest:
    """Likelihood ratio test of two candidates, the one with fewer parameters as the null hypothesis."""
    smaller, larger = sorted((first, second), key=lambda candidate: candidate.npar)
    refuse_incomparable(smaller, larger)
    random = compare_random_parts(smaller.random, larger.random)
    added_effects = larger.npar - smaller.npar - random.parameters
    reason = why_not_nested(smaller, larger, random)
    null = random.null + chi_squared(added_effects) if reason is None else None
    return verdict(smaller, larger, null, reason, approximation(smaller, random) if null else None)


def compare_fixed_parts(smaller: Candidate, larger: Candidate) -> LikelihoodRatioTest:
    """Test of fixed effects between two ML fits known to be nested, whatever their columns are called.

    For whoever removed a term from the larger model: a factor without an intercept is coded anew then, so the
    names of the columns do not show that the models are nested.
    """
    refuse_incomparable(smaller, larger)
    return verdict(smaller, larger, chi_squared(larger.npar - smaller.npar), None, None)


def verdict(
    smaller: Candidate,
    larger: Candidate,
    null: NullDistribution | None,
    reason: str | None,
    approximation: str | None,
) -> LikelihoodRatioTest:
    """Statistic, p-values and criteria of a comparison whose null distribution is known."""
    statistic = likelihood_ratio(smaller, larger) if null else 2.0 * (larger.loglik - smaller.loglik)
    if null is not None and statistic < 0:
        reason = (
            f"The larger model '{larger.formula}' fits worse than the smaller one it contains "
            f"(2 × log-likelihood lower by {-statistic:.3g}), so its optimum was missed and no test "
            "is possible."
        )
    naive_df = larger.npar - smaller.npar
    testable = null is not None and statistic >= 0
    return LikelihoodRatioTest(
        smaller=smaller.formula,
        larger=larger.formula,
        estimator=larger.estimator,
        statistic=statistic,
        null=null,
        naive_df=naive_df,
        p=null.tail(statistic) if testable else None,
        naive_p=chi_squared(naive_df).tail(statistic) if testable else None,
        delta_aic=larger.aic - smaller.aic,
        delta_bic=larger.bic - smaller.bic,
        reason=reason,
        approximation=approximation,
    )


def likelihood_ratio(smaller: Candidate | Fit, larger: Candidate | Fit) -> float:
    """2 (loglik of the larger − loglik of the smaller) of nested models: zero where it is so but for rounding, and
    negative where an optimum was missed."""
    statistic = 2.0 * (larger.loglik - smaller.loglik)
    return 0.0 if -OPTIMUM_TOLERANCE <= statistic < ROUNDING else statistic


def refuse_incomparable(smaller: Candidate, larger: Candidate) -> None:
    """Raise InputError where the two log-likelihoods are not of the same data or not of the same kind."""
    pair = f"'{smaller.formula}' and '{larger.formula}'"
    if smaller.outcome != larger.outcome:
        raise InputError(
            f"{pair} have different outcomes ({smaller.outcome} and {larger.outcome}), so their likelihoods "
            "cannot be compared: use one outcome."
        )
    if smaller.n != larger.n or smaller.rows != larger.rows:
        raise InputError(
            f"{pair} were fitted to different rows ({smaller.n} and {larger.n} of them), so their "
            "likelihoods cannot be compared: leave out the rows with a missing value in any variable of "
            "either model, then fit both."
        )
    if smaller.weights != larger.weights:
        raise InputError(f"{pair} were fitted with different weights: give both the same.")
    if smaller.offset != larger.offset:
        raise InputError(f"{pair} were fitted with different offsets: give both the same.")
    if smaller.estimator != larger.estimator:
        raise InputError(
            f"{pair} were fitted by {smaller.estimator} and {larger.estimator}: fit both by one estimator."
        )
    if smaller.estimator == "REML" and set(smaller.coefficients) != set(larger.coefficients):
        raise InputError(
            f"{pair} are REML fits with different fixed effects, whose likelihoods are of different data: "
            "fit both with reml=False to compare them."
        )
    if smaller.estimator == "REML" and not same_columns(smaller, larger):
        raise InputError(
            f"{pair} are REML fits whose fixed effects bear the same names but have other values, as of a covariate "
            "that was rescaled or a factor coded otherwise: fit both to the same table."
        )


def same_columns(first: Candidate, second: Candidate) -> bool:
    """Whether coefficients of the same name have the same column; taken for granted where the columns are unknown."""
    if first.columns is None or second.columns is None:
        return True
    order = [second.coefficients.index(name) for name in first.coefficients]
    scale = np.abs(first.columns).max(0)
    return bool((np.abs(first.columns - second.columns[:, order]).max(0) <= 1e-8 * scale).all())


def fixed_part_is_within(smaller: Candidate, larger: Candidate) -> bool:
    """Whether the larger model's columns span the smaller one's; by their names where the columns are unknown."""
    if smaller.columns is None or larger.columns is None:
        return set(smaller.coefficients) <= set(larger.coefficients)
    return is_spanned(smaller.columns, larger.columns)


def why_not_nested(smaller: Candidate, larger: Candidate, random: RandomComparison) -> str | None:
    """Why the smaller model is not a special case of the larger one, or None if it is."""
    pair = f"'{smaller.formula}' is not nested in '{larger.formula}'"
    if random.null is None:
        return f"{pair}, their random parts compared column by column, so only AIC and BIC compare them."
    if not fixed_part_is_within(smaller, larger):
        missing = [name for name in smaller.coefficients if name not in larger.coefficients]
        if missing:
            return f"{pair}: the smaller alone has the coefficient {missing[0]}, so only AIC and BIC compare them."
        return f"{pair}: coefficients of the same name have other columns, so only AIC and BIC compare them."
    if larger.npar == smaller.npar:
        return f"{pair}: they have the same parameters, so there is nothing to test."
    return None


def approximation(smaller: Candidate, random: RandomComparison) -> str | None:
    """What the mixture stands for; it also assumes the smaller model to be inside its range."""
    if smaller.singular and random.parameters:
        return "The smaller model is itself singular, and the mixture assumes that it is not: p is approximate."
    return random.approximation
