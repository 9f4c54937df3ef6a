"""Intervals of a model without random effects, which are exact: the rows are independent and the errors normal.

(n − p) s² / σ² is χ² with n − p degrees of freedom, and independent of the coefficients (Searle 1971, Linear Models,
section 3.5).
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from scipy.special import chdtri

from lmm.infer.interval import Interval, check_level
from lmm.infer.smallsample import small_sample
from lmm.infer.wald import wald_intervals

if TYPE_CHECKING:
    from lmm.infer.hypothesis import SmallSample
    from lmm.model import Fit

METHOD = "least squares"


def least_squares_intervals(fit: Fit, level: float = 0.95, degrees: SmallSample | None = None) -> tuple[Interval, ...]:
    """Intervals of the residual standard deviation, by χ², and of the fixed effects, by t.

    Args:
        fit: a model without random effects. level: nominal coverage.
        degrees: covariance and degrees of freedom of the fixed effects; by default n − p.

    Returns:
        In the order of `profile_intervals`: sigma, then the fixed effects.
    """
    check_level(level)
    df = fit.n - len(fit.beta)
    degrees = degrees or small_sample(fit, "residual")
    sigma = small_sample(fit, "residual").sigma
    lower, upper = (sigma * sqrt(df / chdtri(df, tail)) for tail in (0.5 - level / 2, 0.5 + level / 2))
    return (Interval("sigma", sigma, lower, upper, level, METHOD), *wald_intervals(fit, level, degrees))
