"""How much of the variance the fixed effects explain, and how much the grouping: R² and ICC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmm.infer.referencegrid import rows_used

if TYPE_CHECKING:
    import pandas

    from lmm.infer.hypothesis import FTest
    from lmm.model import Fit


@dataclass(frozen=True)
class TermVariance:
    """What one random term adds to the variance of the outcome: the mean over rows of z'Σz (Johnson 2014)."""

    group: str
    names: tuple[str, ...]
    variance: float


@dataclass(frozen=True)
class VarianceShares:
    """The variance of the outcome in parts, in squared units of the outcome, and the shares made of them.

    `fixed` is the sample variance (divisor n − 1) of Xβ over the rows, offsets left out. `terms` are the random
    terms, each the mean over rows of z'Σz (Johnson 2014, Methods in Ecology and Evolution 5: 944–946, equation 11),
    so that random slopes count with the values their covariates take. `residual` is σ², the residual variance of a
    row of weight 1.
    """

    fixed: float
    terms: tuple[TermVariance, ...]
    residual: float

    @property
    def random(self) -> float:
        """Variance of all random terms together."""
        return float(sum(term.variance for term in self.terms))

    @property
    def total(self) -> float:
        """Fixed, random and residual variance together."""
        return self.fixed + self.random + self.residual

    @property
    def r2_marginal(self) -> float:
        """Share of the fixed effects."""
        return self.fixed / self.total

    @property
    def r2_conditional(self) -> float:
        """Share of the fixed and random effects together."""
        return (self.fixed + self.random) / self.total

    @property
    def icc(self) -> float:
        """Intraclass correlation: share of the random effects in what the fixed effects leave ("adjusted")."""
        return self.random / (self.random + self.residual)

    @property
    def icc_unadjusted(self) -> float:
        """Share of the random effects in the whole variance."""
        return self.random / self.total

    @property
    def of_factors(self) -> dict[str, float]:
        """Variance per grouping factor, all its terms together."""
        found: dict[str, float] = {}
        for term in self.terms:
            found[term.group] = found.get(term.group, 0.0) + term.variance
        return found

    @property
    def r2_of_factors(self) -> dict[str, float]:
        """Share of each grouping factor in the whole variance; with the marginal R² they sum to the conditional."""
        return {group: variance / self.total for group, variance in self.of_factors.items()}


def variance_shares(fit: Fit, data: pandas.DataFrame) -> VarianceShares:
    """Variance of fixed effects, random effects and residuals of a fit.

    `data` is the table the model was fitted to; the rows the fit used are taken from it, and InputError is raised
    where it has another length.
    """
    rows = rows_used(fit, data)
    mean = fit.recipe.fixed(rows)[:, fit.kept] @ fit.beta
    terms = tuple(
        TermVariance(term.group, term.names, float(np.einsum("ni,ij,nj->", columns, term.covariance, columns)) / fit.n)
        for term, (columns, _) in zip(fit.random, fit.recipe.random(rows), strict=True)
    )
    return VarianceShares(float(np.var(mean, ddof=1)), terms, fit.sigma**2)


def partial_r2(test: FTest) -> float | None:
    """What a fixed effect explains of the variance that the others leave, from its F test.

    R² = νF / (νF + d) for F on ν and d degrees of freedom, which in least squares is the partial coefficient of
    determination; with Kenward and Roger's F it is that of Edwards et al. (2008, Statistics in Medicine 27:
    6137–6157). None where d is infinite.
    """
    explained = test.numerator * test.statistic
    return explained / (explained + test.denominator) if np.isfinite(test.denominator) else None
