"""Trust-region Newton minimisation with second derivatives supplied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Stop when the quadratic model promises less than this, in units of deviance.
PREDICTED_DECREASE = 1e-9
SMALLEST_RADIUS = 1e-10

Derivatives = tuple[float, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Minimum:
    """Where the minimisation stopped.

    Attributes:
        x: the point.
        value: the function there.
        gradient, hessian: derivatives there.
        predicted_decrease: what the quadratic model still promised.
        iterations: steps tried; every one costs an evaluation of the derivatives.
        converged: whether the promise fell below the tolerance at a point of no negative curvature, or no step
            changes the value beyond rounding.
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    hessian: np.ndarray
    predicted_decrease: float
    iterations: int
    converged: bool


def minimise(
    derivatives: Callable[[np.ndarray], Derivatives],
    without_rotations: Callable[[np.ndarray, np.ndarray], np.ndarray],
    start: np.ndarray,
    radius: float,
    max_iterations: int = 200,
) -> Minimum:
    """Minimise a function from its value, gradient and Hessian (Nocedal & Wright 2006, ch. 4).

    Args:
        derivatives: x → (value, gradient, Hessian); a value that is not finite is a step too far.
        without_rotations: x, Hessian → Hessian with large curvature where the function is constant.
        start: where to begin.
        radius: of the first trust region.
        max_iterations: give up after so many steps.
    """
    x = start
    value, gradient, hessian = derivatives(x)
    predicted, iteration, converged = np.inf, 0, False
    if not np.isfinite(value):
        return Minimum(x, value, gradient, hessian, np.inf, 0, False)
    for iteration in range(max_iterations + 1):
        model = without_rotations(x, hessian)
        curvatures, axes = np.linalg.eigh(model)
        step, predicted = _model_minimum(curvatures, axes.T @ gradient, radius)
        bent = curvatures[0] < -1e-4 * max(1.0, abs(curvatures[-1]))
        if predicted < PREDICTED_DECREASE and not bent:
            converged = True
            break
        if iteration == max_iterations:
            break
        step = axes @ step
        trial_value, trial_gradient, trial_hessian = derivatives(x + step)
        length = float(np.linalg.norm(step))
        gained = value - trial_value
        if not np.isfinite(trial_value) or gained < 0.25 * predicted:
            radius = 0.25 * length
        elif gained > 0.75 * predicted and length > 0.8 * radius:
            radius *= 2.5
        if gained > 0:
            x, value, gradient, hessian = x + step, trial_value, trial_gradient, trial_hessian
        elif radius < SMALLEST_RADIUS or predicted < 1e-12 * abs(value):
            # The promise is below what rounding lets the value show.
            converged = predicted < 1e-6
            break
    model = without_rotations(x, hessian)
    return Minimum(x, value, gradient, model, float(predicted), iteration, converged)


def stiffened(hessian: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """A Hessian (a, a) with a large curvature in place of that along orthonormal directions (a, g)."""
    if directions.shape[1]:
        hessian = hessian - directions @ (directions.T @ hessian)
        hessian = hessian - (hessian @ directions) @ directions.T
        hessian = hessian + np.abs(np.diag(hessian)).max() * (directions @ directions.T)
    return 0.5 * (hessian + hessian.T)


def _model_minimum(curvatures: np.ndarray, along: np.ndarray, radius: float) -> tuple[np.ndarray, float]:
    """Minimum of the quadratic model within the radius, on the axes of the Hessian, and the decrease it promises."""
    # Of both ends: a shift beside a far larger downward curvature would be lost in its rounding.
    smallest, largest = curvatures[0], max(1.0, float(np.abs(curvatures).max()))
    shift = 0.0 if smallest > 1e-10 * largest else max(0.0, -smallest) + 1e-8 * largest
    step = -along / (curvatures + shift)
    if np.linalg.norm(step) > radius:
        step = -along / (curvatures + _shift_to_radius(curvatures, along, radius, max(0.0, -smallest)))
    elif smallest < -1e-6 * largest:
        # The hard case: nothing of the gradient lies along the downward direction; follow it to the boundary.
        step[0] = 0.0
        step[0] = np.copysign(np.sqrt(max(radius**2 - step @ step, 0.0)), -along[0] if along[0] else 1.0)
    return step, -float(along @ step + 0.5 * (curvatures * step) @ step)


def _shift_to_radius(curvatures: np.ndarray, along: np.ndarray, radius: float, low: float) -> float:
    """The shift of the curvatures that makes the step as long as the radius."""

    def length(shift: float) -> float:
        return float(np.linalg.norm(along / (curvatures + shift)))

    high = low + np.linalg.norm(along) / radius + 1e-300
    for _ in range(60):
        if length(high) <= radius:
            break
        high = low + 2.0 * (high - low)
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if length(middle) > radius else (low, middle)
        if high - low < 1e-3 * high:
            break
    return high
