"""How much of the variance the fixed effects explain, and how much the grouping: R² and ICC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas

    from lmm.model import Fit


@dataclass(frozen=True)
class VarianceShares:
    """The variance of the outcome in three parts, in squared units of the outcome, and the shares made of them.

    `fixed` is the sample variance (divisor n − 1) of Xβ over the rows, offsets left out. `random` is the mean over
    rows of z'Σz, summed over the random terms (Johnson 2014, Methods in Ecology and Evolution 5: 944–946, equation
    11), so that random slopes count with the values their covariates take. `residual` is σ², the residual variance
    of a row of weight 1.
    """

    fixed: float
    random: float
    residual: float

    @property
    def r2_marginal(self) -> float:
        """Share of the fixed effects."""
        return self.fixed / (self.fixed + self.random + self.residual)

    @property
    def r2_conditional(self) -> float:
        """Share of the fixed and random effects together."""
        return (self.fixed + self.random) / (self.fixed + self.random + self.residual)

    @property
    def icc(self) -> float:
        """Intraclass correlation: share of the random effects in what the fixed effects leave ("adjusted")."""
        return self.random / (self.random + self.residual)

    @property
    def icc_unadjusted(self) -> float:
        """Share of the random effects in the whole variance."""
        return self.random / (self.fixed + self.random + self.residual)


def variance_shares(fit: Fit, data: pandas.DataFrame) -> VarianceShares:
    """Variance of fixed effects, random effects and residuals of a fit.

    `data` is the table the model was fitted to; the rows the fit used are taken from it.
    """
    rows = data.iloc[fit.rows]
    mean = fit.recipe.fixed(rows)[:, fit.kept] @ fit.beta
    random = sum(
        float(np.einsum("ni,ij,nj->", columns, term.covariance, columns)) / fit.n
        for term, (columns, _) in zip(fit.random, fit.recipe.random(rows), strict=True)
    )
    return VarianceShares(float(np.var(mean, ddof=1)), float(random), fit.sigma**2)
