"""Parametric bootstrap of a likelihood ratio test: its null distribution from data that the smaller model made.

For random effects (fits of the same fixed part by REML, or both by ML) and for fixed effects (ML); it assumes nothing
of boundaries, numbers of groups or degrees of freedom (Davison & Hinkley 1997, section 4.4; Halekoh & Højsgaard 2014).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.infer.bootstrap import refits_of_draws
from lmm.infer.candidate import candidate_of_fit
from lmm.infer.draws import draws_of_refits
from lmm.infer.likelihoodratio import OPTIMUM_TOLERANCE, ROUNDING, likelihood_ratio, refuse_incomparable
from lmm.infer.live import design_of
from lmm.infer.partsinorder import in_order

if TYPE_CHECKING:
    from lmm.model import Fit

MISSED = "the larger model fitted worse than the smaller one"


@dataclass(frozen=True, eq=False)
class StatisticDraws:
    """Likelihood ratio statistics of the data sets numbered start, start + 1, … of the smaller model.

    Attributes:
        smaller, larger: formulas. reml: criterion. seed: where the random numbers start. start: number of the first.
        statistics: (B,), NaN where there is none.
        failures: for every draw why there is none, or None.
    """

    smaller: str
    larger: str
    reml: bool
    seed: int
    start: int
    statistics: np.ndarray
    failures: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.statistics)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; the statistic of a failed draw is None."""
        pairs = zip(self.statistics.tolist(), self.failures, strict=True)
        statistics = [None if failure else statistic for statistic, failure in pairs]
        return {**vars(self), "statistics": statistics, "failures": list(self.failures)}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> StatisticDraws:
        """The inverse of `to_dict`."""
        statistics = np.array(values["statistics"], dtype=float)
        return StatisticDraws(**{**values, "statistics": statistics, "failures": tuple(values["failures"])})


@dataclass(frozen=True)
class BootstrapTest:
    """A likelihood ratio test by parametric bootstrap.

    Attributes:
        smaller, larger: formulas. estimator: "REML" or "ML".
        statistic: 2 (loglik of the larger − loglik of the smaller).
        p: (1 + #{draws at least as large}) / (1 + B), which keeps the level for any B (Davison & Hinkley 1997,
            eq. 4.11); None where no draw gave a statistic or the larger model's optimum was missed.
        standard_error: Monte Carlo standard error of p, √(p(1 − p)/(B + 1)).
        used: B, the draws with a statistic.
        failed: number of draws without, by reason.
        at_zero: share of the draws used with a statistic of zero.
        seed: where the random numbers start.
        reason: why there is no p, or None.
    """

    smaller: str
    larger: str
    estimator: str
    statistic: float
    p: float | None
    standard_error: float | None
    used: int
    failed: dict[str, int]
    at_zero: float | None
    seed: int
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def statistic_draws(smaller: Fit, larger: Fit, start: int, stop: int, seed: int) -> StatisticDraws:
    """The draws [start, stop) of the null distribution: both models fitted to data drawn from the smaller.

    Raises:
        InputError: the likelihoods cannot be compared, the smaller model has not fewer parameters, or a fit was read
            from a file.
    """
    refuse_untestable(smaller, larger)
    design_of(larger)  # refused now rather than after all refits of the smaller
    of_smaller, of_larger = (
        draws_of_refits(fit, refits_of_draws(fit, smaller, start, stop, seed), "null", seed, start)
        for fit in (smaller, larger)
    )
    values = 2.0 * (of_larger.loglik - of_smaller.loglik)
    failures = tuple(
        ours or theirs or (MISSED if value < -OPTIMUM_TOLERANCE else None)
        for ours, theirs, value in zip(of_smaller.failures, of_larger.failures, values, strict=True)
    )
    failed = np.array([cause is not None for cause in failures])
    statistics = np.where(failed, np.nan, np.where(values < ROUNDING, 0.0, values))
    return StatisticDraws(smaller.formula, larger.formula, larger.reml, seed, start, statistics, failures)


def bootstrap_test(smaller: Fit, larger: Fit, parts: Sequence[StatisticDraws]) -> BootstrapTest:
    """The test of `smaller` in `larger` from all parts of its null distribution.

    Raises:
        InputError: the parts are no whole, or not of these models.
    """
    refuse_untestable(smaller, larger)
    ordered = in_order(parts, ("smaller", "larger", "reml", "seed"))
    if (ordered[0].smaller, ordered[0].larger, ordered[0].reml) != (smaller.formula, larger.formula, larger.reml):
        raise InputError(
            f"The draws are of '{ordered[0].smaller}' in '{ordered[0].larger}', not of '{smaller.formula}' in "
            f"'{larger.formula}': compute draws of the models to be tested."
        )
    statistic = likelihood_ratio(smaller, larger)
    failures = [failure for part in ordered for failure in part.failures]
    null = np.concatenate([part.statistics for part in ordered])
    null = null[np.isfinite(null)]
    B = len(null)
    p = standard_error = reason = None
    if statistic < 0:
        reason = f"The larger model fits worse than the smaller one by {-statistic:.3g}, so its optimum was missed."
    elif not B:
        reason = f"None of the {len(failures)} draws gave a statistic."
    else:
        p = (1 + int((null >= statistic - ROUNDING).sum())) / (1 + B)
        standard_error = float(np.sqrt(p * (1.0 - p) / (B + 1)))
    return BootstrapTest(
        smaller=smaller.formula,
        larger=larger.formula,
        estimator="REML" if larger.reml else "ML",
        statistic=statistic,
        p=p,
        standard_error=standard_error,
        used=B,
        failed=dict(sorted(Counter(failure for failure in failures if failure).items())),
        at_zero=float((null == 0.0).mean()) if B else None,
        seed=ordered[0].seed,
        reason=reason,
    )


def bootstrap_likelihood_ratio_test(smaller: Fit, larger: Fit, seed: int, draws: int = 999) -> BootstrapTest:
    """`statistic_draws` and `bootstrap_test` in one call.

    Raises:
        InputError: as they do.
    """
    return bootstrap_test(smaller, larger, [statistic_draws(smaller, larger, 0, draws, seed)])


def refuse_untestable(smaller: Fit, larger: Fit) -> None:
    """Raise InputError where a likelihood ratio of these fits, in this order, has no meaning."""
    refuse_incomparable(candidate_of_fit(smaller), candidate_of_fit(larger))
    if smaller.npar >= larger.npar:
        raise InputError(
            f"'{smaller.formula}' has {smaller.npar} parameters and '{larger.formula}' {larger.npar}: name the model "
            "with fewer first."
        )
