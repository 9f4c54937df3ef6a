"""Satterthwaite's degrees of freedom, from the exact second derivatives of the likelihood.

The variance l'Φ(φ)l of a contrast is estimated with error; matching its first two moments to a scaled χ² gives
df = 2(l'Φl)²/(g'Ag), with g the derivative in the variance parameters φ and A = 2H⁻¹ their covariance, H the
Hessian of the deviance (Giesbrecht & Burns 1985). Several contrasts are combined after Fai & Cornelius (1996), as
lmerTest does (Kuznetsova et al. 2017), which differentiates numerically where this is exact.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import numpy as np

from lmm.engine.information import VarianceInformation
from lmm.infer.hypothesis import UNINFORMED, FTest, SmallSample, f_tail, matched_degrees
from lmm.infer.live import information_of, no_optimum
from lmm.infer.variancechart import variance_chart

if TYPE_CHECKING:
    from lmm.model import Fit

_NO_CURVATURE = 1e-10
SINGULAR = (
    "The model is singular: degrees of freedom are those of the model without the directions that have no variance."
)
_SAME_DEGREES = 1e-8


class Satterthwaite(SmallSample):
    """The covariance as estimated, with degrees of freedom for each hypothesis.

    `covariance_of_variances` (v, v) is A, the asymptotic covariance of φ̂. On the boundary the directions without
    variance are held there: the degrees of freedom are those of the model without them, and `note` says so.
    """

    def __init__(self, fit: Fit, information: VarianceInformation | None = None):
        information = information or information_of(fit)
        self.information = information
        self.covariance_of_variances, informed = covariance_of_variances(fit, information)
        super().__init__("satterthwaite", fit.beta, fit.vcov_beta, fit.sigma, doubts(fit, informed))
        self._slopes = information.vcov_slopes

    def degrees_of_freedom(self, contrast: np.ndarray) -> float:
        """2(l'Φl)²/(g'Ag); infinite where the variances do not enter."""
        return matched_degrees(contrast, self.vcov, self._slopes, self.covariance_of_variances)

    def _f_test(self, L: np.ndarray, difference: np.ndarray) -> FTest:
        values, vectors = np.linalg.eigh(L @ self.vcov @ L.T)
        t_squared = (vectors.T @ difference) ** 2 / values
        degrees = np.array([self.degrees_of_freedom(contrast) for contrast in vectors.T @ L])
        r = len(L)
        statistic, denominator = float(t_squared.sum()) / r, _combined(degrees)
        return FTest(statistic, r, denominator, f_tail(statistic, r, denominator), self.method)


def covariance_of_variances(fit: Fit, information: VarianceInformation) -> tuple[np.ndarray, bool]:
    """A (v, v), the asymptotic covariance of the variance parameters, zero in directions that are on the boundary or
    of which the data say nothing; and whether there are none of the latter."""
    jacobian, curvature_of_chart = variance_chart(fit, information)
    hessian = jacobian.T @ information.hessian @ jacobian + curvature_of_chart
    # Curvature is judged by what it would be if the fixed effects were known: tr(V⁻¹GV⁻¹G), never zero.
    scale = 1.0 / np.sqrt(np.einsum("ia,ij,ja->a", jacobian, information.traces, jacobian))
    values, vectors = np.linalg.eigh(scale[:, None] * hessian * scale)
    firm = values > _NO_CURVATURE
    half = scale[:, None] * vectors[:, firm] / np.sqrt(values[firm])
    half = jacobian @ half
    return 2.0 * half @ half.T, bool(firm.all())


def doubts(fit: Fit, informed: bool) -> str | None:
    """What a reader of such degrees of freedom has to know."""
    notes = (no_optimum(fit), SINGULAR if fit.singular else None, None if informed else UNINFORMED)
    return " ".join(filter(None, notes)) or None


def _combined(degrees: np.ndarray) -> float:
    """Denominator degrees of freedom of F from those of its independent t statistics (Fai & Cornelius 1996)."""
    if np.isinf(degrees).any():
        degrees = np.where(np.isinf(degrees), 1e12, degrees)
    if np.ptp(degrees) < _SAME_DEGREES * degrees.max():
        return float(degrees.mean()) if degrees.max() < 1e12 else inf
    if (degrees <= 2).any():
        return 2.0
    expected = float((degrees / (degrees - 2)).sum())
    return 2.0 * expected / (expected - len(degrees))
