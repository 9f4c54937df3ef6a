"""Influence of single observations on the fixed effects: leverage, DFBETA, DFBETAS and Cook's distance.

The variances stay at their estimates, at which leaving a row out has a closed form: β̂ − β̂₍ᵢ₎ = D_i eᵢ/(1 − hᵢ), with
D = ∂β̂/∂y', e the conditional residuals and h the leverage, random effects included (Christensen, Pearson & Johnson
1992; Demidenko & Stukel 2005). For a model without random effects these are the familiar ones of least squares, except
that DFBETAS divides by the standard error of all rows.

Example:
    >>> row_influence(fit).cooks.argmax()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmm.engine.fixedinfluence import fixed_effects_derivative
from lmm.engine.whitening import whiten_fixed
from lmm.infer.live import design_of
from lmm.model import one_thread

if TYPE_CHECKING:
    from lmm.model import Fit

# 1 − h below this: the row fits itself, and without it some fixed or random effect cannot be estimated.
_FITS_ITSELF = 1e-9


@dataclass(frozen=True, eq=False)
class RowInfluence:
    """What leaving each of n rows out would do to p fixed effects at the estimated variances.

    Attributes:
        leverage: (n,) derivative of each fitted value with respect to its own observation.
        dfbeta: (n, p) β̂₍ᵢ₎ − β̂, the change of each fixed effect; NaN for a row that fits itself.
        dfbetas: (n, p) the change in standard errors of all rows.
        cooks: (n,) Cook's distance: the changes' squared length in the metric of their covariance, over p.
    """

    leverage: np.ndarray
    dfbeta: np.ndarray
    dfbetas: np.ndarray
    cooks: np.ndarray


def row_influence(fit: Fit) -> RowInfluence:
    """The influence of every row used.

    Raises:
        InputError: the fit was read from a file.
    """
    derivative, residuals = derivative_and_residuals(fit)
    left = 1.0 - fit.leverage
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(left > _FITS_ITSELF, residuals / left, np.nan)
    dfbeta = -derivative * shift[:, None]
    return RowInfluence(fit.leverage, dfbeta, dfbeta / fit.se, cooks_distance(fit, dfbeta))


def derivative_and_residuals(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """∂β̂/∂y' (n, p) and the conditional residuals (n,), both of rows multiplied by the root of their weights."""
    design = design_of(fit)
    roots = np.ones(fit.n) if fit.weights is None else np.sqrt(fit.weights)
    with one_thread():
        if fit.random:
            derivative = fixed_effects_derivative(fit.optimum)
        else:
            fixed = whiten_fixed(design.y * roots, design.X * roots[:, None])
            derivative = np.linalg.solve(fixed.upper, fixed.orthonormal.T).T / fit.n
    return derivative, fit.residuals * roots


def cooks_distance(fit: Fit, dfbeta: np.ndarray) -> np.ndarray:
    """δ'Φ⁻¹δ/p (m,) of changes δ (m, p) of the fixed effects, Φ their estimated covariance (Cook 1977)."""
    p = dfbeta.shape[1]
    if p == 0:
        return np.zeros(len(dfbeta))
    scaled = dfbeta / fit.se
    correlation = fit.vcov_beta / np.outer(fit.se, fit.se)
    return np.einsum("ia,ia->i", scaled, np.linalg.solve(correlation, scaled.T).T) / p
