"""Trust-region Newton minimisation of many functions at once, each with a region and an end of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lmm.engine.trustregion import PREDICTED_DECREASE, SMALLEST_RADIUS

# Of the functions numbered (c,), at points (c, a): values (c,), gradients (c, a) and Hessians (c, a, a).
Derivatives = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Minima:
    """Where each of B minimisations stopped, as `trustregion.Minimum` has it for one.

    Attributes:
        x: (B, a). value: (B,). hessian: (B, a, a) without rotations.
        iterations: (B,) steps tried. converged: (B,).
    """

    x: np.ndarray
    value: np.ndarray
    hessian: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray

    def better(self, other: Minima, of: np.ndarray) -> Minima:
        """These minima, with those of `other`, for the functions `of`, where they are lower."""
        lower = other.value < self.value[of]
        out = Minima(*(np.array(values) for values in vars(self).values()))
        for mine, theirs in zip(vars(out).values(), vars(other).values(), strict=True):
            mine[of[lower]] = theirs[lower]
        return out


def minimise_many(
    derivatives: Derivatives,
    without_rotations: Callable[[np.ndarray, np.ndarray], np.ndarray],
    start: np.ndarray,
    radius: np.ndarray,
    max_iterations: int = 60,
) -> Minima:
    """Minimise B functions from (B, a) starts; the rules are those of `trustregion.minimise`.

    Functions leave as they arrive, so that a slow one costs only its own steps; what has not arrived after
    `max_iterations` is left as not converged.
    """
    B = len(start)
    x, radius = start.copy(), radius.copy()
    value, gradient, hessian = derivatives(np.arange(B), x)
    iterations, converged = np.zeros(B, dtype=int), np.zeros(B, dtype=bool)
    active = np.flatnonzero(np.isfinite(value))
    for iteration in range(max_iterations + 1):
        curvatures, axes = np.linalg.eigh(without_rotations(x[active], hessian[active]))
        along = np.einsum("dij,di->dj", axes, gradient[active])
        step, predicted = _model_minima(curvatures, along, radius[active])
        bent = curvatures[:, 0] < -1e-4 * np.maximum(1.0, np.abs(curvatures[:, -1]))
        arrived = (predicted < PREDICTED_DECREASE) & ~bent
        converged[active[arrived]] = True
        active, axes, step, predicted = active[~arrived], axes[~arrived], step[~arrived], predicted[~arrived]
        if iteration == max_iterations or not len(active):
            break
        iterations[active] += 1
        step = np.einsum("dij,dj->di", axes, step)
        trial = x[active] + step
        trial_value, trial_gradient, trial_hessian = derivatives(active, trial)
        length = np.sqrt((step * step).sum(1))
        gained = value[active] - trial_value
        poor = ~np.isfinite(trial_value) | (gained < 0.25 * predicted)
        good = (gained > 0.75 * predicted) & (length > 0.8 * radius[active])
        radius[active] = np.where(poor, 0.25 * length, np.where(good, 2.5 * radius[active], radius[active]))
        down = gained > 0
        moved = active[down]
        x[moved], value[moved] = trial[down], trial_value[down]
        gradient[moved], hessian[moved] = trial_gradient[down], trial_hessian[down]
        # The promise is below what rounding lets the value show.
        stuck = ~down & ((radius[active] < SMALLEST_RADIUS) | (predicted < 1e-12 * np.abs(value[active])))
        converged[active[stuck]] = predicted[stuck] < 1e-6
        active = active[~stuck]
        if not len(active):
            break
    return Minima(x, value, without_rotations(x, hessian), iterations, converged)


def _model_minima(curvatures: np.ndarray, along: np.ndarray, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minima of the quadratic models within their radii, on the axes of the Hessians, and what they promise."""
    smallest, largest = curvatures[:, 0], np.maximum(1.0, np.abs(curvatures).max(1))
    below = np.maximum(0.0, -smallest)
    shift = np.where(smallest > 1e-10 * largest, 0.0, below + 1e-8 * largest)
    step = -along / (curvatures + shift[:, None])
    too_long = np.sqrt((step * step).sum(1)) > radius
    if too_long.any():
        of = np.flatnonzero(too_long)
        shift = _shifts_to_radius(curvatures[of], along[of], radius[of], below[of])
        step[of] = -along[of] / (curvatures[of] + shift[:, None])
    # The hard case: nothing of the gradient lies along the downward direction; follow it to the boundary.
    hard = np.flatnonzero(~too_long & (smallest < -1e-6 * largest))
    if len(hard):
        step[hard, 0] = 0.0
        left = np.sqrt(np.maximum(radius[hard] ** 2 - (step[hard] * step[hard]).sum(1), 0.0))
        step[hard, 0] = np.copysign(left, np.where(along[hard, 0] == 0.0, 1.0, -along[hard, 0]))
    return step, -((along + 0.5 * curvatures * step) * step).sum(1)


def _shifts_to_radius(curvatures: np.ndarray, along: np.ndarray, radius: np.ndarray, low: np.ndarray) -> np.ndarray:
    """The shifts of the curvatures that make the steps as long as the radii."""

    def length(shift: np.ndarray) -> np.ndarray:
        steps = along / (curvatures + shift[:, None])
        return np.sqrt((steps * steps).sum(1))

    high = low + np.sqrt((along * along).sum(1)) / radius + 1e-300
    for _ in range(60):
        short = length(high) <= radius
        if short.all():
            break
        high = np.where(short, high, low + 2.0 * (high - low))
    for _ in range(60):
        middle = 0.5 * (low + high)
        longer = length(middle) > radius
        low, high = np.where(longer, middle, low), np.where(longer, high, middle)
        if (high - low < 1e-3 * high).all():
            break
    return high
