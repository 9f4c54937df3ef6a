"""Confidence intervals from bootstrap draws: percentile, basic, and bias-corrected and accelerated (BCa).

Davison & Hinkley (1997), chapter 5; Efron (1987), Journal of the American Statistical Association 82: 171–185. Limits
are quantiles at (B + 1)α of the ordered draws, interpolated (their eq. 5.6 with linear interpolation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from lmm.errors import InputError
from lmm.infer.aliases import dropped_reason
from lmm.infer.draws import natural_parameters
from lmm.infer.interval import Interval, check_level
from lmm.infer.simulate import relative_factors
from lmm.numbers import plain, significant

if TYPE_CHECKING:
    from lmm.infer.draws import Draws
    from lmm.model import Fit

PERCENTILE, BASIC, BCA = "bootstrap percentile", "bootstrap basic", "bootstrap BCa"
METHODS = (PERCENTILE, BASIC, BCA)
# An estimate this near an end of its range lies there but for rounding: a part of sigma, or a difference of cosines.
_AT_END = 1e-6


@dataclass(frozen=True)
class Refit:
    """Estimates of one draw, or of the fit, as a function of them takes them.

    Attributes:
        beta: (p,) fixed effects. sigma: residual standard deviation.
        covariances: (q, q) of every random term, in the order of `fit.random`.
        loglik: log-likelihood.
    """

    beta: np.ndarray
    sigma: float
    covariances: tuple[np.ndarray, ...]
    loglik: float


@dataclass(frozen=True)
class _Range:
    """Where the values of a parameter can lie, and how near an end counts as being there."""

    lowest: float = -inf
    highest: float = inf
    near: float = 0.0

    def end_of(self, estimate: float) -> float | None:
        """The end at which an estimate lies, or None."""
        return next((end for end in (self.lowest, self.highest) if abs(estimate - end) <= self.near), None)


def bootstrap_intervals(
    fit: Fit, draws: Draws, method: str = PERCENTILE, level: float = 0.95, deletions: Draws | None = None
) -> tuple[Interval, ...]:
    """Intervals of standard deviations, correlations, sigma and fixed effects, in the order of lme4's profile.

    Args:
        fit: the model.
        draws: of its parametric or case bootstrap.
        method: one of METHODS.
        level: nominal coverage.
        deletions: for BCa, the refits without each group (`casebootstrap.group_deletions`).

    Raises:
        InputError: the draws are of another model, the method or level is none, or BCa lacks its deletions.
    """
    refuse_unsuitable(fit, draws, method, level, deletions)
    estimates = natural_parameters(fit, fit.beta[None], np.array([fit.sigma]), fit.theta[None])
    values = _used(fit, draws)
    jackknife = _used(fit, deletions) if deletions is not None else {}
    out = [
        _interval(
            name,
            float(estimate[0]),
            values[name],
            jackknife.get(name),
            _range(name, fit),
            method,
            level,
            draws,
        )
        for name, estimate in estimates.items()
    ]
    out += [Interval(name, None, None, None, level, method, dropped_reason(fit, name)) for name in fit.dropped_columns]
    return tuple(out)


def bootstrap_interval(
    name: str,
    statistic: Callable[[Refit], float],
    fit: Fit,
    draws: Draws,
    method: str = PERCENTILE,
    level: float = 0.95,
    deletions: Draws | None = None,
) -> Interval:
    """The interval of any function of the estimates, such as an intraclass correlation.

    Args:
        name: what the interval is called.
        statistic: the function; NaN where it has no value.
        fit, draws, method, level, deletions: as `bootstrap_intervals` takes them.

    Raises:
        InputError: as `bootstrap_intervals`.
    """
    refuse_unsuitable(fit, draws, method, level, deletions)
    own = Refit(fit.beta, fit.sigma, tuple(term.covariance for term in fit.random), fit.loglik)
    values = np.array([statistic(refit) for refit in refits_of(fit, draws)])
    jackknife = None if deletions is None else np.array([statistic(refit) for refit in refits_of(fit, deletions)])
    return _interval(name, float(statistic(own)), values, jackknife, _Range(), method, level, draws)


def refits_of(fit: Fit, draws: Draws) -> list[Refit]:
    """The estimates of every draw that has some."""
    sizes = [len(T) * (len(T) + 1) // 2 for T in relative_factors(fit)]
    out = []
    for i in np.flatnonzero(draws.used):
        covariances = []
        parts = np.split(draws.theta[i], np.cumsum(sizes)[:-1]) if sizes else []
        for term, theta in zip(fit.random, parts, strict=True):
            q = len(term.names)
            T = np.zeros((q, q))
            T.T[np.triu_indices(q)] = theta
            covariances.append(draws.sigma[i] ** 2 * (T @ T.T))
        out.append(Refit(draws.beta[i], float(draws.sigma[i]), tuple(covariances), float(draws.loglik[i])))
    return out


def refuse_unsuitable(fit: Fit, draws: Draws, method: str, level: float, deletions: Draws | None) -> None:
    """Raise InputError where intervals cannot be made of these draws in this way."""
    if method not in METHODS:
        raise InputError(f"There is no method '{method}' of bootstrap intervals: take one of {', '.join(METHODS)}.")
    check_level(level)
    for one in (draws, deletions):
        if one is not None and (one.formula, one.reml) != (fit.formula, fit.reml):
            raise InputError(f"The draws are of '{one.formula}', not of '{fit.formula}': give those of the same fit.")
    if method == BCA and deletions is None:
        raise InputError(
            "BCa intervals take their acceleration from the fits without each group: give the result of "
            "lmm.infer.casebootstrap.group_deletions as deletions."
        )


def percentile_limits(values: np.ndarray, level: float) -> tuple[float, float]:
    """The quantiles of the draws (B,) that leave (1 − level)/2 on either side."""
    return tuple(_quantiles(values, [0.5 * (1.0 - level), 0.5 * (1.0 + level)]))


def basic_limits(estimate: float, values: np.ndarray, level: float) -> tuple[float, float]:
    """The percentile limits mirrored at the estimate: the draws' errors stand for the estimate's own."""
    lower, upper = percentile_limits(values, level)
    return 2.0 * estimate - upper, 2.0 * estimate - lower


def bca_limits(estimate: float, values: np.ndarray, jackknife: np.ndarray, level: float) -> tuple[float, float] | None:
    """Percentile limits corrected for median bias and for a standard error that changes with the parameter.

    Args:
        estimate: of the fit. values: (B,) draws. jackknife: (J,) estimates without each group.
        level: nominal coverage.

    Returns:
        The limits, or None where the estimate is outside the draws or the correction leaves its range.
    """
    share = float((values < estimate).mean() + 0.5 * (values == estimate).mean())
    if not 0.0 < share < 1.0:
        return None
    bias = ndtri(share)
    acceleration = acceleration_of(jackknife)
    probabilities = []
    for normal in (ndtri(0.5 * (1.0 - level)), ndtri(0.5 * (1.0 + level))):
        denominator = 1.0 - acceleration * (bias + normal)
        if denominator <= 0.0:
            return None
        probabilities.append(float(ndtr(bias + (bias + normal) / denominator)))
    return tuple(_quantiles(values, probabilities))


def acceleration_of(jackknife: np.ndarray) -> float:
    """A sixth of the skewness of what groups do to the estimate, from estimates (J,) without each (Efron 1987)."""
    influence = jackknife.mean() - jackknife
    squares = float((influence**2).sum())
    return float((influence**3).sum()) / (6.0 * squares**1.5) if squares > 0.0 else 0.0


def _quantiles(values: np.ndarray, probabilities: list[float]) -> list[float]:
    return [float(limit) for limit in np.quantile(values, probabilities, method="weibull")]


def _used(fit: Fit, draws: Draws) -> dict[str, np.ndarray]:
    used = draws.used
    return natural_parameters(fit, draws.beta[used], draws.sigma[used], draws.theta[used])


def _range(name: str, fit: Fit) -> _Range:
    if name in fit.coefficients:
        return _Range()
    if name.startswith("cor_"):
        return _Range(-1.0, 1.0, _AT_END)
    return _Range(lowest=0.0, near=_AT_END * fit.sigma)


def _interval(
    name: str,
    estimate: float,
    values: np.ndarray,
    jackknife: np.ndarray | None,
    possible: _Range,
    method: str,
    level: float,
    draws: Draws,
) -> Interval:
    notes = []
    if draws.failed:
        causes = ", ".join(f"{cause}: {count}" for cause, count in draws.failed.items())
        notes.append(f"{sum(draws.failed.values())} of {len(draws)} draws failed ({causes}) and are left out.")
    undefined = int((~np.isfinite(values)).sum())
    if undefined:
        notes.append(f"It has no value in {undefined} draws, which are left out.")
    values = values[np.isfinite(values)]

    def without(reason: str) -> Interval:
        own = estimate if np.isfinite(estimate) else None
        return Interval(name, own, None, None, level, method, " ".join([*notes, reason]))

    if not np.isfinite(estimate):
        return without("It has no value at the estimate: an effect without variance has no correlation.")
    end = possible.end_of(estimate)
    fewest = ceil((1.0 if end is not None else 2.0) / (1.0 - level) - 1e-9) - 1
    if len(values) < fewest:
        return without(f"An interval at {level:g} takes at least {fewest} draws, and there are {len(values)}.")
    if end is not None:
        notes.append(
            f"One-sided: the estimate lies on the boundary, {plain(end)}, where the bootstrap is approximate "
            "(Andrews 2000)."
        )
        limits = (end, *_quantiles(values, [level])) if end <= 0.0 else (*_quantiles(values, [1.0 - level]), end)
    elif method == PERCENTILE:
        limits = percentile_limits(values, level)
    elif method == BASIC:
        limits = basic_limits(estimate, values, level)
    else:
        jackknife = jackknife[np.isfinite(jackknife)]
        if len(jackknife) < 2:
            return without("There are fewer than two estimates without a group, and so no acceleration.")
        limits = bca_limits(estimate, values, jackknife, level)
        if limits is None:
            return without(
                "The estimate is beyond the draws or their correction for bias has no end: take percentiles."
            )
    inside = [min(max(limit, possible.lowest), possible.highest) for limit in limits]
    for limit, kept in zip(limits, inside, strict=True):
        if limit != kept:
            notes.append(f"A limit of {significant(limit, 6)} is cut to the end of the range, {plain(kept)}.")
    return Interval(name, estimate, *inside, level, method, " ".join(notes) or None)
