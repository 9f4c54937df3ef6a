"""Where a profile of the deviance reaches a given height.

With ψ one quantity, η the rest and P(ψ) = min D(ψ, η) over η, a limit of a profile interval is the ψ at which
P(ψ) − D̂ equals the quantile of χ². Venzon & Moolgavkar (1988, Applied Statistics 37: 87–94) solve
{D − D̂ = quantile, ∂D/∂η = 0} at once by Newton's method, which takes some four evaluations. Where a step of theirs
leads nowhere, the outer equation is solved by itself inside a bracket, with a minimisation over η at every ψ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite, prod, sqrt

import numpy as np

from lmm.engine.chart import Chart
from lmm.engine.trustregion import Derivatives, minimise
from lmm.engine.unprofiled import UnprofiledDeviance

# Left of the height, and of the decrease that η still promises, before the last step: its error is their square.
_CLOSE = 1e-5
_STEPS = 20
_STEPS_DOWN = 200
# So many points a polynomial is drawn through to find the next one.
_PASSED = 5
# With derivatives that only follow, a descent arrives soon or not at all.
_FOLLOWED = 25
_BRACKETING = 60
# ζ found within this; it is ψ in standard errors.
_HEIGHT = 1e-8
_LOWER_OPTIMUM = 1e-5
_OTHER_MINIMUM = 1e-4
# Rise of the parabola over that of the profile, or the inverse.
_BENT = 1.5


@dataclass(frozen=True)
class Footing:
    """Where steps may start from.

    Attributes:
        z: a point.
        in_x: D, gradient and Hessian in x there.
        derivatives: the same at the points that follow.
    """

    z: np.ndarray
    in_x: Derivatives
    derivatives: Callable[[np.ndarray], Derivatives]


@dataclass(frozen=True)
class ProfilePoint:
    """A point of a profile.

    Attributes:
        z: (ψ, η).
        rise: P(ψ) − D̂.
        status: "reached" the height asked for; "boundary" where the range of ψ ends below it; "falls" where the
            profile turns down again before it; "unbounded" where it stays below however far ψ goes; "lower optimum"
            where D fell below D̂; "lost" where no minimum over η was found.
        footing: the last evaluation on the way to it, one step away, if it was found by Newton's method.
        nearer: points between the optimum and this one, the nearest to this one last.
    """

    z: np.ndarray
    rise: float
    status: str
    footing: Footing | None = None
    nearer: tuple[ProfilePoint, ...] = ()


@dataclass(frozen=True)
class _Local:
    """The quadratic model of D at a point: as a profile, and as the path of η along it."""

    rise: float
    promise: float
    slope: float
    curvature: float
    newton: np.ndarray
    path: np.ndarray
    is_minimum: bool


class Profile:
    """The profile of one quantity."""

    def __init__(self, chart: Chart, deviance: UnprofiledDeviance, optimum: Derivatives):
        """Profile the quantity of a chart.

        Args:
            chart: coordinates z = (ψ, η).
            deviance: D, in x.
            optimum: D̂, gradient and Hessian in x at the start of the chart.
        """
        self.chart = chart
        self.floor = optimum[0]
        self._deviance = deviance
        self._optimum = optimum

    def _in_x(self, z: np.ndarray) -> Derivatives:
        return self._optimum if z is self.chart.start else self._deviance.derivatives(self.chart.x(z))

    def _pulled(self, z: np.ndarray, in_x: Derivatives) -> Derivatives:
        value, gradient, hessian = in_x
        if not isfinite(value):
            return np.inf, np.zeros(len(z)), np.eye(len(z))
        return value, *self.chart.pulled(z, gradient, hessian)

    def reach(self, rise: float, direction: int, start: ProfilePoint | None = None) -> ProfilePoint:
        """The point at which the profile has risen by `rise`, to the left (−1) or right (+1) of the optimum.

        Args:
            rise: of the deviance.
            direction: −1 or +1.
            start: a point of the profile on that side, nearer to the optimum; the optimum itself by default.
        """
        start = start or ProfilePoint(self.chart.start, 0.0, "reached")
        if start.z[0] == self._end(direction):
            return ProfilePoint(start.z, self._local(start.z, self._in_x(start.z)).rise, "boundary")
        found = self._solved(rise, direction, start)
        if found.status == "reached" and self._is_bent(found):
            # D may have several minima over η so far out: a second start, from η̂, and on from the lower one.
            other = self.minimum(np.concatenate([found.z[:1], self.chart.start[1:]]), self._footing(self.chart.start))
            if other.status == "reached" and other.rise < rise - _OTHER_MINIMUM:
                return self._solved(rise, direction, other)
        return replace(found, nearer=(*start.nearer, start)[-_PASSED:])

    def _end(self, direction: int) -> float:
        """Of the range of ψ."""
        return self.chart.lower if direction < 0 else self.chart.upper

    def _solved(self, rise: float, direction: int, start: ProfilePoint) -> ProfilePoint:
        for footing in self._footings(rise, direction, start):
            found = self._newton(rise, direction, footing)
            if found is not None:
                return found
        return self._bracketed(rise, direction, start.z)

    def _footings(self, rise: float, direction: int, start: ProfilePoint) -> Iterator[Footing]:
        """From the cheapest to the surest."""
        if start.footing is not None:
            z = self._ahead(rise, (*start.nearer, start))
            if 0.0 < direction * (z[0] - start.z[0]) and direction * (z[0] - self._end(direction)) < 0.0:
                derivatives = start.footing.derivatives
                yield Footing(z, derivatives(self.chart.x(z)), derivatives)
            yield start.footing
        exact = self._footing(start.z)
        yield exact
        if exact.derivatives != self._deviance.derivatives:
            yield replace(exact, derivatives=self._deviance.derivatives)

    def _ahead(self, rise: float, passed: tuple[ProfilePoint, ...]) -> np.ndarray:
        """Where the polynomial in ζ through some points is at a height; the profile is smooth in ζ."""
        zetas = [sqrt(one.rise) for one in passed]
        z = np.zeros(len(passed[0].z))
        for one, zeta in zip(passed, zetas, strict=True):
            z += prod((sqrt(rise) - other) / (zeta - other) for other in zetas if other != zeta) * one.z
        return z

    def _footing(self, z: np.ndarray) -> Footing:
        """At z, with exact derivatives there."""
        in_x = self._in_x(z)
        return Footing(z, in_x, self._deviance.following(self.chart.x(z), *in_x[1:]))

    def _is_bent(self, point: ProfilePoint) -> bool:
        """Whether the profile is far from the parabola that its curvature at the optimum promises."""
        distance = point.z[0] - self.chart.start[0]
        promised = 0.5 * self._curvature * distance**2
        return not 1.0 / _BENT < promised / point.rise < _BENT

    @cached_property
    def _curvature(self) -> float:
        """Of the profile at the optimum."""
        return self._local(self.chart.start, self._optimum).curvature

    def _local(self, z: np.ndarray, in_x: Derivatives) -> _Local:
        """The model of D at z, from its derivatives there."""
        value, gradient, hessian = self._pulled(z, in_x)
        flat = self.chart.without_rotations(z, hessian[1:, 1:])
        values, axes = np.linalg.eigh(flat)
        smallest = 1e-10 * max(1.0, values[-1])
        inverse = (axes / np.maximum(values, smallest)) @ axes.T
        newton, path = -inverse @ gradient[1:], -inverse @ hessian[1:, 0]
        promise = -0.5 * float(newton @ gradient[1:])
        return _Local(
            rise=value - self.floor,
            promise=promise,
            slope=float(gradient[0] + path @ gradient[1:]),
            curvature=float(hessian[0, 0] + path @ hessian[1:, 0]),
            newton=newton,
            path=path,
            is_minimum=bool(isfinite(value) and values[0] > -1e-6 * max(1.0, values[-1])),
        )

    def _newton(self, rise: float, direction: int, footing: Footing) -> ProfilePoint | None:
        """Venzon and Moolgavkar's steps; None where they do not arrive."""
        end = self._end(direction)
        z, in_x, derivatives = footing.z, footing.in_x, footing.derivatives
        missed, step = np.inf, np.zeros(len(z))
        for i in range(_STEPS):
            in_x = derivatives(self.chart.x(z)) if i else in_x
            here = self._local(z, in_x)
            miss = abs(here.rise - here.promise - rise) + here.promise
            if not isfinite(miss) or miss > 4.0 * max(missed, rise):
                step = 0.25 * step
                if np.abs(step).max() < 1e-6:
                    return None
                z = z - 3.0 * step
                continue
            change = _to_height(here, rise, direction)
            if not here.is_minimum or change is None:
                return None
            if direction * (z[0] + change - end) >= 0:
                at_end = self._at_end(end, Footing(z, in_x, derivatives), rise)
                if at_end is not None:
                    return at_end
                change = 0.5 * (end - z[0])
            step = np.concatenate([[change], here.newton + here.path * change])
            before, z, missed = Footing(z, in_x, derivatives), z + step, miss
            if miss < _CLOSE:
                forward = direction * (z[0] - self.chart.start[0]) > 0
                return ProfilePoint(z, rise, "reached", before) if forward and self.chart.is_inside(z) else None
        return None

    def _at_end(self, end: float, footing: Footing, rise: float) -> ProfilePoint | None:
        """The end of the range of ψ, if the profile does not reach the height there."""
        point = self.minimum(np.concatenate([[end], footing.z[1:]]), footing)
        return None if point.rise >= rise else point

    def minimum(self, z: np.ndarray, footing: Footing | None = None) -> ProfilePoint:
        """The profile at the ψ of z, from the η of z; "boundary" at an end of the range.

        For a correlation the rise is infinite where the descent leaves through a standard deviation of 0: whether
        that is below a height is for the profile of the standard deviation to say.

        Args:
            z: where to start.
            footing: a point whose derivatives lead on to z; by default they are exact.
        """
        if footing is not None:
            found = self._descended(z, footing.derivatives, _FOLLOWED)
            if found.status != "lost":
                return found
        return self._descended(z, self._deviance.derivatives, _STEPS_DOWN)

    def _descended(self, z: np.ndarray, derivatives: Callable[[np.ndarray], Derivatives], steps: int) -> ProfilePoint:
        psi = z[:1]

        def of_eta(eta: np.ndarray) -> Derivatives:
            here = np.concatenate([psi, eta])
            value, gradient, hessian = self._pulled(here, derivatives(self.chart.x(here)))
            return value, gradient[1:], hessian[1:, 1:]

        def without_rotations(eta: np.ndarray, curvature: np.ndarray) -> np.ndarray:
            return self.chart.without_rotations(np.concatenate([psi, eta]), curvature)

        found = minimise(of_eta, without_rotations, z[1:], 0.3, steps)
        rise = found.value - self.floor
        if not self.chart.is_inside(np.concatenate([psi, found.x])):
            return ProfilePoint(z, np.inf, "reached")
        status = "boundary" if z[0] in (self.chart.lower, self.chart.upper) else "reached"
        if not found.converged:
            status = "lost"
        elif rise < -_LOWER_OPTIMUM:
            status = "lower optimum"
        return ProfilePoint(np.concatenate([psi, found.x]), rise, status)

    def _bracketed(self, rise: float, direction: int, z: np.ndarray) -> ProfilePoint:
        """Solve √P(ψ) = √rise for ψ alone: march outwards to a bracket, then shrink it."""
        end = self._end(direction)
        inner, outer = self.minimum(z), None
        here = self._local(inner.z, self._in_x(inner.z))
        width = sqrt(0.25 * max(rise, 1e-3) / max(here.curvature, 1e-6))
        for _ in range(_BRACKETING):
            if inner.status in ("lost", "lower optimum"):
                return inner
            if outer is not None and direction * (outer.z[0] - inner.z[0]) < 1e-10 * max(1.0, abs(inner.z[0])):
                break
            psi = self._next(inner, outer, rise, direction, width)
            if direction * (psi - end) >= 0:
                at_end = self.minimum(np.concatenate([[end], inner.z[1:]]))
                if at_end.rise < rise:
                    return at_end
                outer = at_end
                continue
            point = self.minimum(np.concatenate([[psi], self._along(inner, psi)]))
            if point.status != "reached":
                return point
            if abs(sqrt(max(point.rise, 0.0)) - sqrt(rise)) < _HEIGHT:
                return point
            if point.rise > rise:
                outer = point
            elif outer is None and direction * self._local(point.z, self._in_x(point.z)).slope < -1e-6:
                return ProfilePoint(point.z, point.rise, "falls")
            else:
                inner, width = point, 1.6 * width
        if outer is not None and abs(inner.rise - outer.rise) < 1e-4:
            return inner
        return ProfilePoint(inner.z, inner.rise, "unbounded" if outer is None else "lost")

    def _along(self, point: ProfilePoint, psi: float) -> np.ndarray:
        """η as it would move with ψ, where that is a small step; else as it is."""
        local = self._local(point.z, self._in_x(point.z))
        moved = local.path * (psi - point.z[0])
        return point.z[1:] + (moved if np.abs(moved).max(initial=0.0) < 1.0 else 0.0)

    def _next(
        self, inner: ProfilePoint, outer: ProfilePoint | None, rise: float, direction: int, width: float
    ) -> float:
        """The next ψ to look at: a Newton step on √P from the inner end, kept inside what is known."""
        local = self._local(inner.z, self._in_x(inner.z))
        change = _to_height(local, rise, direction)
        if outer is None:
            return inner.z[0] + direction * min(width, abs(change) if change is not None else width)
        a, b = sqrt(max(inner.rise, 0.0)), sqrt(outer.rise)
        share = (sqrt(rise) - a) / (b - a) if a < b < np.inf else 0.5
        gap = outer.z[0] - inner.z[0]
        if change is not None and 0.0 < change / gap < 1.0:
            share = change / gap
        return inner.z[0] + min(max(share, 0.02), 0.98) * gap


def _to_height(local: _Local, rise: float, direction: int) -> float | None:
    """The change of ψ after which the quadratic model of the profile is `rise` high and rising; None if never."""
    height = local.rise - local.promise
    inside = local.slope**2 + 2.0 * local.curvature * (rise - height)
    if local.curvature > 0 and inside >= 0:
        return (direction * sqrt(inside) - local.slope) / local.curvature
    if height > 0 and direction * local.slope > 0:
        # √P is nearly linear where P itself bends down.
        return 2.0 * sqrt(height) * (sqrt(rise) - sqrt(height)) / local.slope
    return None
