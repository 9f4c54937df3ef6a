"""Wald intervals: an estimate and so many standard errors to either side."""

from __future__ import annotations

from math import atanh, exp, log, sqrt, tanh
from typing import TYPE_CHECKING

import numpy as np

from lmm.infer.aliases import dropped_reason
from lmm.infer.interval import Interval
from lmm.infer.live import information_of
from lmm.infer.profile import critical_zeta, elements
from lmm.infer.satterthwaite import covariance_of_variances
from lmm.infer.smallsample import small_sample

if TYPE_CHECKING:
    from lmm.infer.hypothesis import SmallSample
    from lmm.model import Fit

ON_THE_BOUNDARY = "None by Wald: the covariance of {group} lies on the boundary, where the likelihood is no parabola."
UNINFORMED = "None by Wald: the data say nothing of some direction of the variances."
NEAR_THE_BOUNDARY = (
    "None by Wald: it is so small beside its standard error that zero is no further away than the likelihood is a "
    "parabola."
)
# Limits this many times smaller and larger than the estimate say no more than that it may be zero.
_WIDEST = 1e3


def wald_intervals(
    fit: Fit, level: float = 0.95, degrees: SmallSample | None = None, variances: bool = False
) -> tuple[Interval, ...]:
    """Wald intervals of the fixed effects and, if asked, of standard deviations, correlations and sigma.

    Args:
        fit: the model; in memory if `variances`.
        level: nominal coverage.
        degrees: covariance and degrees of freedom of the fixed effects (`lmm.infer.smallsample`); by default the
            normal distribution, as lme4's `confint(method = "Wald")`.
        variances: add the intervals of the variances, from the exact second derivatives of the fit's own
            (restricted) likelihood. They are symmetric in log σ and in Fisher's z of a correlation, where the
            likelihood is nearest to a parabola, so that no limit leaves its range.

    Returns:
        In the order of `profile_intervals`.

    Raises:
        InputError: the level is not between 0 and 1; the fit was read from a file where it has to be in memory.
    """
    critical = critical_zeta(level)
    degrees = degrees or small_sample(fit, "normal")
    of_variances = _of_variances(fit, level, critical) if variances else []
    of_fixed = []
    for name, contrast in zip(fit.coefficients, np.eye(len(fit.beta)), strict=True):
        lower, upper = degrees.interval(contrast, level)
        estimate = float(contrast @ degrees.beta)
        of_fixed.append(Interval(name, estimate, lower, upper, level, "wald", _note(degrees)))
    of_dropped = [
        Interval(name, None, None, None, level, "wald", dropped_reason(fit, name)) for name in fit.dropped_columns
    ]
    return (*of_variances, *of_fixed, *of_dropped)


def _note(degrees: SmallSample) -> str | None:
    if degrees.method == "normal":
        return degrees.note
    return " ".join(part for part in (f"Degrees of freedom: {degrees.method}.", degrees.note) if part)


def _of_variances(fit: Fit, level: float, critical: float) -> list[Interval]:
    """Intervals of standard deviations, correlations and sigma by the delta method on log σ and Fisher's z."""
    if not fit.random:
        # The information on log σ is that of a χ²(ν): 2ν.
        df = fit.n - len(fit.beta) if fit.reml else fit.n
        return [_on_log_scale("sigma", fit.sigma, 1.0 / sqrt(2.0 * df), level, critical)]
    information = information_of(fit)
    covariance, informed = covariance_of_variances(fit, information)
    covariance = information.to_data @ covariance @ information.to_data.T
    on_boundary = {(boundary.group, boundary.names) for boundary in fit.boundaries}
    out: list[Interval] = []
    start = 0
    for term in fit.random:
        q = len(term.names)
        place = {(row, column): i for i, (_, row, column) in enumerate(elements(term), start)}
        start += q * (q + 1) // 2
        for name, row, column in elements(term):
            estimate = float(term.sd[row] if row == column else term.correlation[row, column])
            reason = None if informed else UNINFORMED
            if (term.group, term.names) in on_boundary:
                reason = ON_THE_BOUNDARY.format(group=term.group)
            if reason:
                shown = None if np.isnan(estimate) else estimate
                out.append(Interval(name, shown, None, None, level, "wald", reason))
                continue
            gradient = np.zeros(len(covariance))
            if row == column:
                gradient[place[row, row]] = 0.5 / term.covariance[row, row]
                se = sqrt(gradient @ covariance @ gradient)
                out.append(_on_log_scale(name, estimate, se, level, critical))
                continue
            # Fisher's z = atanh ρ has ∂z/∂ρ = 1/(1 − ρ²).
            gradient[place[row, column]] = 1.0 / (term.sd[row] * term.sd[column])
            for one in (row, column):
                gradient[place[one, one]] = -0.5 * estimate / term.covariance[one, one]
            half = critical * sqrt(gradient @ covariance @ gradient) / (1.0 - estimate**2)
            centre = atanh(estimate)
            out.append(Interval(name, estimate, tanh(centre - half), tanh(centre + half), level, "wald"))
    if not informed:
        return [*out, Interval("sigma", fit.sigma, None, None, level, "wald", UNINFORMED)]
    se = 0.5 * sqrt(covariance[-1, -1]) / fit.sigma**2
    return [*out, _on_log_scale("sigma", fit.sigma, se, level, critical)]


def _on_log_scale(name: str, estimate: float, se: float, level: float, critical: float) -> Interval:
    if critical * se > log(_WIDEST):
        return Interval(name, estimate, None, None, level, "wald", NEAR_THE_BOUNDARY)
    ratio = exp(critical * se)
    return Interval(name, estimate, estimate / ratio, estimate * ratio, level, "wald")
