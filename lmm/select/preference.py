"""Which of several means a criterion prefers, all fitted by maximum likelihood to the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, lgamma, log
from typing import Any

from lmm.errors import InputError
from lmm.infer.likelihoodratio import OPTIMUM_TOLERANCE, ROUNDING
from lmm.infer.nulldistribution import chi_squared_tail
from lmm.numbers import listing
from lmm.select.criteria import AIC, BIC, BIC_GROUPS, TIE
from lmm.select.meanfits import MeanFit
from lmm.select.scope import Mean
from lmm.select.step import LRT

AICC = "AICc"
VALUES = {
    AIC: lambda fit: fit.aic,
    AICC: lambda fit: fit.aicc,
    BIC: lambda fit: fit.bic,
    BIC_GROUPS: lambda fit: fit.bic_groups,
}
CRITERIA = (LRT, *VALUES)
# p-values whose logarithms differ by less are the same but for rounding, as of two predictors that are one.
_TIE_OF_LOG_P = 1e-6

Fits = Mapping[Mean, MeanFit]


@dataclass(frozen=True)
class Preference:
    """A criterion and, for likelihood ratio tests, the level α at which a term is supported.

    Raises:
        InputError: there is no such criterion, or α is no probability.
    """

    criterion: str
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if self.criterion not in CRITERIA:
            raise InputError(
                f"There is no criterion {self.criterion} to select fixed effects by: choose {listing(CRITERIA, 'or')}."
            )
        if not 0 < self.alpha < 1:
            raise InputError(f"α is {self.alpha:g}, but a level lies between 0 and 1: give one such as 0.05.")

    def among(self, fits: Fits, current: Mean, options: Sequence[Mean]) -> Mean:
        """The preferred of the current mean and options that each lack or each have one term more.

        A mean that could not be fitted is not preferred. Of equals the one with fewer parameters is, then that with
        fewer terms, then that whose terms come first in the formula, so that the order of rows and names of levels do
        not matter.
        """
        if self.criterion != LRT:
            return lowest([current, *options], fits, self.criterion)
        smaller = [mean for mean in options if len(mean) < len(current)]
        larger = [mean for mean in options if len(mean) > len(current)]
        weakest = self._weakest(fits, current, smaller)
        return weakest if weakest is not None else self._strongest(fits, current, larger)

    def _weakest(self, fits: Fits, current: Mean, options: Sequence[Mean]) -> Mean | None:
        tests = {mean: term_test(fits[mean], fits[current]) for mean in in_order(options, fits)}
        log_p = {mean: test.log_p for mean, test in tests.items() if test.log_p is not None}
        if not log_p or max(log_p.values()) < log(self.alpha):
            return None
        return next(mean for mean, one in log_p.items() if one >= max(log_p.values()) - _TIE_OF_LOG_P)

    def _strongest(self, fits: Fits, current: Mean, options: Sequence[Mean]) -> Mean:
        tests = {mean: term_test(fits[current], fits[mean]) for mean in in_order(options, fits)}
        log_p = {mean: test.log_p for mean, test in tests.items() if test.log_p is not None}
        if not log_p or min(log_p.values()) >= log(self.alpha):
            return current
        return next(mean for mean, one in log_p.items() if one <= min(log_p.values()) + _TIE_OF_LOG_P)


def lowest(means: Sequence[Mean], fits: Fits, criterion: str) -> Mean:
    """The mean with the lowest value of a criterion, of those that could be fitted; one of them was."""
    ordered = in_order(means, fits)
    values = {mean: VALUES[criterion](fits[mean]) for mean in ordered}
    return next(mean for mean, value in values.items() if value <= min(values.values()) + TIE)


def in_order(means: Sequence[Mean], fits: Fits) -> list[Mean]:
    """The means that could be fitted: those of fewer parameters, of fewer terms, of earlier terms first."""
    fitted = [mean for mean in means if fits[mean].failure is None]
    return sorted(fitted, key=lambda mean: (fits[mean].parameters, len(mean), mean))


@dataclass(frozen=True)
class TermTest:
    """Likelihood ratio test of a term by maximum likelihood.

    Attributes:
        statistic, df: 2 (loglik of the larger − of the smaller mean); the columns that the term adds.
        p: by χ² on df, None where `reason` says why there is none; 1 where the term adds no column.
        log_p: its logarithm, known where p itself is too small for a number.
    """

    statistic: float
    df: int
    p: float | None
    log_p: float | None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: getattr(self, name) for name in ("statistic", "df", "p", "reason")}


def term_test(smaller: MeanFit, larger: MeanFit) -> TermTest:
    """Test two nested means that could be fitted."""
    statistic, df = smaller.deviance - larger.deviance, larger.parameters - smaller.parameters
    if statistic < -OPTIMUM_TOLERANCE:
        reason = "the larger model fits worse than the smaller one, so that its optimum was missed"
        return TermTest(statistic, df, None, None, reason)
    if df == 0:
        return TermTest(0.0, 0, 1.0, 0.0, "the term adds no column that other terms do not explain")
    statistic = 0.0 if statistic < ROUNDING else statistic
    p = chi_squared_tail(statistic, df)
    return TermTest(statistic, df, p, log(p) if p > 0 else _log_tail(statistic, df))


def _log_tail(statistic: float, df: int) -> float:
    """Logarithm of a χ² tail too small for a number: the first term of its expansion at infinity."""
    return -statistic / 2 + (df / 2 - 1) * log(statistic / 2) - lgamma(df / 2) if isfinite(statistic) else -inf
