"""Kenward and Roger's covariance and F test (Kenward & Roger 1997), as pbkrtest computes them.

With Φ = (X'V⁻¹X)⁻¹, P_i = −X'V⁻¹G_iV⁻¹X, Q_ij = X'V⁻¹G_iV⁻¹G_jV⁻¹X and W the inverse of the expected information on
the variances φ, the covariance is Φ_A = Φ + 2Φ{Σ W_ij (Q_ij − P_iΦP_j)}Φ: V is linear in φ, so that the term in its
second derivatives is zero. The F statistic is scaled, and its denominator chosen, so that its first two moments are
those of an F distribution; both are exact for Hotelling's T² and for balanced analysis of variance.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import numpy as np

from lmm.engine.information import VarianceInformation
from lmm.errors import InputError
from lmm.infer.hypothesis import UNINFORMED, FTest, SmallSample, f_tail, matched_degrees, wald_statistic
from lmm.infer.live import information_of, no_optimum

if TYPE_CHECKING:
    from lmm.model import Fit

_NO_INFORMATION = 1e-10
UNMATCHED = (
    "Too little is known of the variances for Kenward and Roger's moments to be those of an F distribution: the test "
    "has the fewest degrees of freedom of its uncorrelated contrasts, and no scale."
)
SINGULAR = (
    "The model is singular: the method takes the variances to be inside their range, so that degrees of freedom are "
    "approximate."
)


class KenwardRoger(SmallSample):
    """The adjusted covariance of the fixed effects, with a scaled F test for each hypothesis."""

    def __init__(self, fit: Fit, information: VarianceInformation | None = None, note: str | None = None):
        if not fit.reml:
            raise InputError(
                f"Kenward and Roger's method needs a REML fit, and '{fit.formula}' was fitted by ML: fit it with "
                f"reml=True."
            )
        information = information or information_of(fit)
        self.information = information
        W, doubt = inverse_information(information)
        half = information.vcov @ information.first
        bias = np.einsum("ij,ijab->ab", W, information.second) - np.einsum(
            "ij,iab,jbc->ac", W, information.first, half, optimize=True
        )
        to_beta = information.to_beta @ information.vcov
        adjusted = fit.vcov_beta + 2.0 * to_beta @ bias @ to_beta.T
        singular = SINGULAR if fit.singular else None
        notes = " ".join(filter(None, (note, no_optimum(fit), doubt, singular))) or None
        super().__init__("kenward-roger", fit.beta, 0.5 * (adjusted + adjusted.T), fit.sigma, notes)
        self.unadjusted = fit.vcov_beta
        self._W = W
        self._slopes = information.vcov_slopes

    def degrees_of_freedom(self, contrast: np.ndarray) -> float:
        """2/A, A = Σ W_ij (l'ΦP_iΦl)(l'ΦP_jΦl)/(l'Φl)²: those of the F test, which one contrast leaves unscaled."""
        return matched_degrees(contrast, self.unadjusted, self._slopes, self._W)

    def _f_test(self, L: np.ndarray, difference: np.ndarray) -> FTest:
        r = len(L)
        A1, A2 = self._moments(L)
        denominator, scale = _matched(r, A1, A2)
        note = None
        if not (denominator > 0 and scale > 0):
            _, vectors = np.linalg.eigh(L @ self.unadjusted @ L.T)
            denominator, scale = min(self.degrees_of_freedom(contrast) for contrast in vectors.T @ L), 1.0
            note = UNMATCHED
        unscaled = wald_statistic(L, difference, self.vcov) / r
        p = f_tail(scale * unscaled, r, denominator)
        return FTest(unscaled, r, denominator, p, self.method, scale, note)

    def _moments(self, L: np.ndarray) -> tuple[float, float]:
        """A₁ and A₂ of the paper, Θ = L'(LΦL')⁻¹L."""
        inverse = np.linalg.inv(L @ self.unadjusted @ L.T)
        each = inverse @ L @ self._slopes @ L.T
        traces = np.einsum("iaa->i", each)
        A1 = float(traces @ self._W @ traces)
        A2 = float(np.einsum("ij,iab,jba->", self._W, each, each, optimize=True))
        return A1, A2


def inverse_information(information: VarianceInformation) -> tuple[np.ndarray, str | None]:
    """Inverse (v, v) of the expected information, and a doubt where some direction of the variances has none."""
    # What X leaves of a variance's information is judged by what there was: ½ tr(V⁻¹GV⁻¹G), never zero.
    scale = 1.0 / np.sqrt(0.5 * np.diag(information.traces))
    values, vectors = np.linalg.eigh(scale[:, None] * information.expected * scale)
    firm = values > _NO_INFORMATION
    half = scale[:, None] * vectors[:, firm] / np.sqrt(values[firm])
    return half @ half.T, None if firm.all() else UNINFORMED


def _matched(r: int, A1: float, A2: float) -> tuple[float, float]:
    """Denominator degrees of freedom and scale of the F test of r > 1 contrasts (the paper's section 3.2)."""
    if A2 <= 0:
        return inf, 1.0
    B = (A1 + 6.0 * A2) / (2.0 * r)
    g = ((r + 1) * A1 - (r + 4) * A2) / ((r + 2) * A2)
    divisor = 3.0 * r + 2.0 * (1.0 - g)
    c1, c2, c3 = g / divisor, (r - g) / divisor, (r + 2 - g) / divisor
    V0, V1, V2 = 1.0 + c1 * B, 1.0 - c2 * B, 1.0 - c3 * B
    if abs(V0) < 1e-10:
        V0 = 0.0
    # With few levels 1 − A₂/r and V₁ vanish together; their ratio tends to 1, as pbkrtest takes it.
    shrunk = 1.0 - A2 / r
    ratio = 1.0 if abs(shrunk) < 1e-10 and abs(V1) < 1e-10 else shrunk / V1
    excess = ratio**2 * V0 / V2 - 1.0
    if excess == 0.0:
        return inf, 1.0
    denominator = 4.0 + (r + 2) / excess
    # At 2 degrees of freedom F has no mean to match.
    scale = 1.0 if abs(denominator - 2.0) < 1e-2 else denominator * shrunk / (denominator - 2.0)
    return denominator, scale
