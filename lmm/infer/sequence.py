"""A sequence of models, each tested against the one before: R's `anova` of several fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lmm.errors import InputError
from lmm.infer.likelihoodratio import LikelihoodRatioTest, likelihood_ratio_test
from lmm.infer.live import design_of

if TYPE_CHECKING:
    from lmm.model import Fit


@dataclass(frozen=True, eq=False)
class AnovaSequence:
    """Fits by ML in the order of their numbers of parameters, and the test of each but the first against the former.

    `refitted` are the formulas of those that had been fitted by REML.
    """

    fits: tuple[Fit, ...]
    tests: tuple[LikelihoodRatioTest, ...]
    refitted: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """A row per model with its test, which the first has not."""
        rows = [
            {
                "formula": fit.formula,
                "npar": fit.npar,
                "aic": fit.aic,
                "bic": fit.bic,
                "loglik": fit.loglik,
                "deviance": fit.deviance,
                "converged": fit.converged,
                "singular": fit.singular,
                "test": None if test is None else test.to_dict(),
            }
            for fit, test in zip(self.fits, (None, *self.tests), strict=True)
        ]
        return {"estimator": "ML", "models": rows, "refitted": list(self.refitted)}


def anova_sequence(fits: Sequence[Fit]) -> AnovaSequence:
    """Test fits one after the other by maximum likelihood, those by REML being refitted, as R's `anova` does.

    Args:
        fits: two or more of the same rows and outcome, in any order; neighbours that are not nested get no p-value.

    Raises:
        InputError: fewer than two fits, a REML fit was read from a file, or two are not comparable.
    """
    if len(fits) < 2:
        raise InputError("A sequence of tests needs two fits or more.")
    by_ml = sorted((fitted_by_ml(fit) for fit in fits), key=lambda fit: fit.npar)
    tests = [likelihood_ratio_test(*pair) for pair in pairwise(by_ml)]
    return AnovaSequence(tuple(by_ml), tuple(tests), tuple(fit.formula for fit in fits if fit.reml))


def fitted_by_ml(fit: Fit) -> Fit:
    """The same model of the same rows by maximum likelihood.

    Raises:
        InputError: the fit is by REML and was read from a file.
    """
    from lmm.model import fit_design

    if not fit.reml:
        return fit
    refitted = fit_design(fit.formula, design_of(fit), reml=False, n_data=fit.n + fit.n_dropped)
    return replace(refitted, offset_by_array=fit.offset_by_array)
