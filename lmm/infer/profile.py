"""Profile likelihood intervals of every parameter, on the scale on which it is reported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from math import exp, expm1, isnan, sin, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import lambertw, ndtri

from lmm.engine import chart
from lmm.engine.optimum import Optimum, optimise
from lmm.engine.profile import Profile, ProfilePoint
from lmm.engine.trustregion import Derivatives
from lmm.engine.unprofiled import UnprofiledDeviance
from lmm.errors import InputError
from lmm.infer.aliases import dropped_reason
from lmm.infer.interval import Interval, check_level
from lmm.infer.live import design_of, optimum_of
from lmm.numbers import plain

if TYPE_CHECKING:
    from lmm.model import Fit, VarianceComponents

BY_MAXIMUM_LIKELIHOOD = "The deviance of maximum likelihood is profiled, although the fit is by REML."

# A standard deviation or an angle, of the order of one in the engine's units, that differs from an end of its range
# by rounding alone.
_AT_END = 1e-6


@dataclass(frozen=True)
class ZetaPoint:
    """A point of a profile.

    Attributes:
        value: of the parameter, in the units of the data.
        zeta: signed root of the rise of the deviance there.
        status: "reached", or why the profile ends here, see `lmm.engine.profile.ProfilePoint`.
        memory: where the next point further out may start from.
    """

    value: float
    zeta: float
    status: str
    memory: ProfilePoint | None = None


@dataclass(frozen=True)
class ProfiledParameter:
    """A parameter whose profile can be followed.

    Attributes:
        name: as lme4's profile names it.
        kind: "sd", "cor", "sigma" or "fixed".
        estimate: of the fit, REML or ML; None for a correlation with an effect that does not vary.
        maximum_likelihood: where the profile is lowest; likewise.
        ends: the range of the parameter, None where it has no end.
        needs: for a correlation the names of its two standard deviations, without which it does not exist.
        reach: zeta, a point nearer to the estimate or None → the point there, or where the profile ends before.
    """

    name: str
    kind: str
    estimate: float | None
    maximum_likelihood: float | None
    ends: tuple[float | None, float | None]
    needs: tuple[str, ...]
    reach: Callable[[float, ZetaPoint | None], ZetaPoint]


def profile_intervals(fit: Fit, level: float = 0.95, parameters: Collection[str] | None = None) -> tuple[Interval, ...]:
    """Profile likelihood intervals for standard deviations, correlations, sigma and fixed effects.

    A limit is where the deviance, all other parameters at their best, has risen by the quantile of χ²(1). As lme4's
    `confint(method = "profile")`, the deviance is that of maximum likelihood also where the fit is by REML, because
    REML deviances with different fixed effects cannot be compared; the interval lies around the ML estimate, and
    its note says so. Where the profile meets the boundary (a standard deviation of 0, a correlation of ±1) before it
    has risen so far, the boundary is the limit and the interval one-sided in effect. If a standard deviation may be
    0, every correlation with it is possible: the deviance at any correlation is at most the one at 0.

    Limits come from Venzon & Moolgavkar (1988), about four evaluations of the deviance with its derivatives each;
    sleepstudy's twelve take 15 ms. With several grouping factors the second derivatives are differences at the
    optimum, corrected step by step: the 73,421 ratings of InstEval, three crossed factors, take about as long as
    ten fits.

    Args:
        fit: a fit in memory.
        level: nominal coverage.
        parameters: names to take; None for all.

    Returns:
        The intervals in the order of lme4: the terms of `fit.random`, each by columns of its lower triangle, sigma,
        fixed effects; last the columns that were dropped from a rank-deficient fixed part, which have none.

    Raises:
        InputError: the fit was read from a file, the level is not between 0 and 1, or a name is unknown.
    """
    from lmm.model import one_thread

    zeta = critical_zeta(level)
    chosen = chosen_parameters(fit, parameters)
    with one_thread(), np.errstate(all="ignore"):
        profiled = profiled_parameters(fit, chosen)
        lower_points = {one.name: one.reach(-zeta, None) for one in profiled if one.kind == "sd"}
        may_be_zero = {name for name, point in lower_points.items() if point.status == "boundary"}
        found = [_interval(fit, one, level, zeta, lower_points.get(one.name), may_be_zero) for one in profiled]
    return (
        *(interval for interval in found if interval.name in chosen),
        *(
            Interval(name, None, None, None, level, "profile", dropped_reason(fit, name))
            for name in fit.dropped_columns
            if name in chosen
        ),
    )


def critical_zeta(level: float) -> float:
    """The quantile of |N(0, 1)|, whose square is that of χ²(1)."""
    check_level(level)
    return float(ndtri(0.5 + level / 2.0))


def parameter_names(fit: Fit) -> tuple[str, ...]:
    """The parameters in the order of lme4's profile; last the columns that were dropped."""
    of_terms = (name for term in fit.random for name, _, _ in elements(term))
    return (*of_terms, "sigma", *fit.coefficients, *fit.dropped_columns)


def profiled_parameters(fit: Fit, names: Collection[str]) -> list[ProfiledParameter]:
    """The parameters with these names, and the standard deviations that its correlations need."""
    if not fit.random:
        return [one for one in _least_squares(fit) if one.name in names]
    optimum = optimum_of(fit)
    if fit.reml:
        optimum = optimise(optimum.problem, reml=False)
    model = _Model.of(optimum)
    return [*_of_variances(fit, optimum, model, names), *_of_fixed_effects(fit, optimum, model, names)]


def chosen_parameters(fit: Fit, parameters: Collection[str] | None) -> set[str]:
    """The names asked for, or all; InputError where one is unknown."""
    known = parameter_names(fit)
    if parameters is None:
        return set(known)
    for name in parameters:
        if name not in known:
            raise InputError(f"'{fit.formula}' has no parameter '{name}': choose among {', '.join(known)}.")
    return set(parameters)


def elements(term: VarianceComponents) -> list[tuple[str, int, int]]:
    """Name, row and column of every covariance parameter of a term, in lme4's order: lower triangle, by columns."""
    out = []
    for column in range(len(term.names)):
        out.append((f"sd_{term.names[column]}|{term.group}", column, column))
        for row in range(column + 1, len(term.names)):
            out.append((f"cor_{term.names[row]}.{term.names[column]}|{term.group}", row, column))
    return out


def _of_variances(fit: Fit, optimum: Optimum, model: _Model, names: Collection[str]) -> list[ProfiledParameter]:
    """Standard deviations, correlations and sigma."""
    out = []
    for term, (places, effects) in zip(fit.random, _effects(fit, optimum, model), strict=True):
        correlations = [(row, column) for name, row, column in elements(term) if row != column and name in names]
        needed = {_sd(term, effect) for pair in correlations for effect in pair}
        for name, row, column in elements(term):
            if row == column and (name in names or name in needed):
                out.append(_standard_deviation(model, term, row, places, effects))
            elif name in names:
                out.append(_correlation(model, name, term, row, column, places, effects))
    if "sigma" in names:
        own = chart.coordinate(model.deviance.parameters, model.start, len(model.deviance.parameters))
        out.append(_unbounded(model, "sigma", "sigma", fit.sigma, own, _exponential(model.scale)))
    return out


@dataclass(frozen=True)
class _Model:
    """The deviance of maximum likelihood, its optimum x with the derivatives there, and the unit of the outcome."""

    deviance: UnprofiledDeviance
    start: np.ndarray
    at_start: Derivatives
    scale: float

    @staticmethod
    def of(optimum: Optimum) -> _Model:
        deviance = UnprofiledDeviance(optimum.problem, sqrt(optimum.at.sigma2))
        start = deviance.start(optimum.at.T, optimum.at.sigma2)
        return _Model(deviance, start, deviance.derivatives(start), optimum.problem.fixed.scale)

    def holding(self, optimum: Optimum, direction: np.ndarray) -> _Model:
        """The same with the combination of whitened coefficients along a unit vector (p,) as a parameter."""
        deviance = UnprofiledDeviance(optimum.problem, self.deviance.unit_sigma, direction)
        start = deviance.start(optimum.at.T, optimum.at.sigma2)
        return _Model(deviance, start, deviance.held_at_best(start, self.at_start), self.scale)

    def profile(self, own: chart.Chart) -> Profile:
        return Profile(own, self.deviance, self.at_start)


def _effects(fit: Fit, optimum: Optimum, model: _Model) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For every term of the fit the places of its block in x, and the matrix (q, q) from whitened effects in the
    units of x to its own effects."""
    problem = optimum.problem
    keys = [(k, part.start) for k, factor in enumerate(problem.factors) for part in factor.slices]
    places = dict(zip(keys, model.deviance.parameters.term_parameters, strict=True))
    transforms = dict(zip(keys, (one for of_factor in problem.transforms for one in of_factor), strict=True))
    groups, filled = list(fit.groups), dict.fromkeys(fit.groups, 0)
    for term in fit.random:
        k, begin = problem.order.index(groups.index(term.group)), filled[term.group]
        filled[term.group] = end = begin + len(term.names)
        units = problem.natural_units[k][begin:end] * model.deviance.unit_sigma
        yield places[k, begin], np.linalg.inv(transforms[k, begin]) * units


def _standard_deviation(
    model: _Model, term: VarianceComponents, effect: int, places: np.ndarray, effects: np.ndarray
) -> ProfiledParameter:
    own, length = chart.standard_deviation(model.deviance.parameters, model.start, places, effects[effect])
    own, natural = _snapped(own), _times(model.scale * length)
    return ProfiledParameter(
        name=_sd(term, effect),
        kind="sd",
        estimate=float(term.sd[effect]),
        maximum_likelihood=natural(own.start[0]),
        ends=(0.0, None),
        needs=(),
        reach=_reach(model.profile(own), natural),
    )


def _correlation(
    model: _Model,
    name: str,
    term: VarianceComponents,
    row: int,
    column: int,
    places: np.ndarray,
    effects: np.ndarray,
) -> ProfiledParameter:
    own = _snapped(chart.correlation(model.deviance.parameters, model.start, places, effects[column], effects[row]))
    estimate = float(term.correlation[row, column])
    exists = bool((own.start[1:3] > _AT_END).all())
    return ProfiledParameter(
        name=name,
        kind="cor",
        estimate=None if isnan(estimate) else estimate,
        maximum_likelihood=sin(own.start[0]) if exists else None,
        ends=(-1.0, 1.0),
        needs=(_sd(term, column), _sd(term, row)),
        reach=_reach(model.profile(own), sin),
    )


def _unbounded(
    model: _Model, name: str, kind: str, estimate: float, own: chart.Chart, natural: Callable[[float], float]
) -> ProfiledParameter:
    reach = _reach(model.profile(own), natural)
    return ProfiledParameter(name, kind, estimate, natural(own.start[0]), (None, None), (), reach)


def _of_fixed_effects(fit: Fit, optimum: Optimum, free: _Model, names: Collection[str]) -> list[ProfiledParameter]:
    """The fixed effects that were kept."""
    fixed = optimum.problem.fixed
    out = []
    for name, row, estimate in zip(fit.coefficients, np.linalg.inv(fixed.upper), fit.beta.tolist(), strict=True):
        if name in names:
            length = float(np.linalg.norm(row))
            model = free.holding(optimum, row / length)
            own = chart.coordinate(model.deviance.parameters, model.start, len(model.start) - 1)
            natural = _affine(float(row @ fixed.coefficients), fixed.scale * length)
            out.append(_unbounded(model, name, "fixed", estimate, own, natural))
    return out


def _sd(term: VarianceComponents, effect: int) -> str:
    return f"sd_{term.names[effect]}|{term.group}"


def _snapped(own: chart.Chart) -> chart.Chart:
    """The chart with a start that lies on the end of the range but for rounding put there."""
    for end in (own.lower, own.upper):
        if abs(own.start[0] - end) < _AT_END:
            return replace(own, start=np.concatenate([[end], own.start[1:]]))
    return own


def _reach(profile: Profile, natural: Callable[[float], float]) -> Callable[[float, ZetaPoint | None], ZetaPoint]:
    """Points of a profile in the units of the data."""

    def reach(zeta: float, nearer: ZetaPoint | None) -> ZetaPoint:
        direction = 1 if zeta > 0 else -1
        point = profile.reach(zeta * zeta, direction, None if nearer is None else nearer.memory)
        height = zeta if point.status == "reached" else direction * sqrt(max(point.rise, 0.0))
        return ZetaPoint(natural(float(point.z[0])), height, point.status, point)

    return reach


def _times(factor: float) -> Callable[[float], float]:
    return lambda psi: float(factor * psi)


def _exponential(factor: float) -> Callable[[float], float]:
    return lambda psi: factor * exp(psi)


def _affine(origin: float, factor: float) -> Callable[[float], float]:
    return lambda psi: float(origin + factor * psi)


def _least_squares(fit: Fit) -> list[ProfiledParameter]:
    """Sigma and fixed effects of a model without random effects, whose profiles have closed forms.

    The rise is n(2t + e⁻²ᵗ − 1) at σ = σ̂eᵗ, solved by Lambert's W, and n log(1 + (b − b̂)²/(n σ̂² c)) at b, with
    σ̂² = RSS/n and c the element of (X'X)⁻¹.
    """
    n = design_of(fit).y.size
    degrees = n - len(fit.beta) if fit.reml else n
    sigma = fit.sigma * sqrt(degrees / n)

    def reach_sigma(zeta: float, nearer: ZetaPoint | None) -> ZetaPoint:
        branch = lambertw(-exp(-1.0 - zeta * zeta / n), 0 if zeta > 0 else -1)
        return ZetaPoint(sigma / sqrt(-branch.real), zeta, "reached")

    def reach_fixed(estimate: float, unit: float) -> Callable[[float, ZetaPoint | None], ZetaPoint]:
        def reach(zeta: float, nearer: ZetaPoint | None) -> ZetaPoint:
            return ZetaPoint(estimate + np.sign(zeta) * unit * sqrt(n * expm1(zeta * zeta / n)), zeta, "reached")

        return reach

    out = [ProfiledParameter("sigma", "sigma", fit.sigma, sigma, (None, None), (), reach_sigma)]
    for name, estimate, se in zip(fit.coefficients, fit.beta.tolist(), fit.se.tolist(), strict=True):
        reach = reach_fixed(estimate, se * sigma / fit.sigma)
        out.append(ProfiledParameter(name, "fixed", estimate, estimate, (None, None), (), reach))
    return out


def _interval(
    fit: Fit, one: ProfiledParameter, level: float, zeta: float, lower: ZetaPoint | None, may_be_zero: set[str]
) -> Interval:
    notes = [BY_MAXIMUM_LIKELIHOOD] if fit.reml else []
    without = [sd for sd in one.needs if sd in may_be_zero]
    if without:
        notes.append(f"Nothing is excluded: {' and '.join(without)} may be 0 at this level, and then any value fits.")
        return Interval(one.name, one.estimate, *one.ends, level, "profile", " ".join(notes))
    points = (lower or one.reach(-zeta, None), one.reach(zeta, None))
    limits: list[float | None] = []
    for point, end, side in zip(points, one.ends, ("lower", "upper"), strict=True):
        limit, note = _limit(one, point, end, side, zeta)
        limits.append(limit)
        notes += [note] if note else []
    return Interval(one.name, one.estimate, *limits, level, "profile", " ".join(notes) or None)


def _limit(
    one: ProfiledParameter, point: ZetaPoint, end: float | None, side: str, zeta: float
) -> tuple[float | None, str | None]:
    """A limit and what has to be said of it."""
    rise, needed = point.zeta**2, zeta**2
    if point.status == "reached":
        return point.value, None
    if point.status == "boundary":
        if rise < 1e-8:
            return end, f"One-sided: the ML estimate lies on the boundary, {plain(end)}."
        return end, (
            f"One-sided: at the boundary, {plain(end)}, the deviance is {rise:.3f} above its minimum and {needed:.3f} "
            "would exclude it."
        )
    if point.status == "falls":
        return None, (
            f"No {side} limit: the profile is not monotone; it rises by {rise:.3f} of the {needed:.3f} needed and "
            f"falls again beyond {point.value:.6g}."
        )
    if point.status == "unbounded":
        return None, (
            f"No {side} limit: the deviance rises by no more than {rise:.3f} of the {needed:.3f} needed, as far as "
            f"{point.value:.6g}."
        )
    if point.status == "lower optimum":
        return None, (
            f"No {side} limit: near {point.value:.6g} the deviance is below that of the estimate, which is then a "
            "local optimum only."
        )
    return None, f"No {side} limit: the minimisation over the other parameters stalled near {point.value:.6g}."
