"""Optima of many one-factor deviances: the rules of `optimum`, with the draws side by side.

Start at a common T, descend, probe directions without variance, start a second time where in doubt, and set to zero
what is zero but for rounding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmm.engine.manydeviances import ManyDeviances
from lmm.engine.manytrustregions import Minima, minimise_many
from lmm.engine.optimum import FLAT, MANY_ITERATIONS, NO_CURVATURE, PROBE, SINGULAR


def minima(deviances: ManyDeviances, start: np.ndarray) -> Minima:
    """The best minimum met for every draw, from the parameter vector `start` (a,)."""
    parameters = deviances.parameters
    n_draws = len(deviances.products)
    with np.errstate(all="ignore"):
        best = _descend(deviances, np.tile(start, (n_draws, 1)))
        doubtful = np.flatnonzero(_in_doubt(deviances, best))
        if len(doubtful):
            moderate = np.where(parameters.row == parameters.column, 1.0, 0.0)
            again = _descend(deviances.of_draws(doubtful), np.tile(moderate, (len(doubtful), 1)))
            best = best.better(again, doubtful)
        return replace(best, x=_settled_on_boundary(deviances, best))


def _descend(deviances: ManyDeviances, start: np.ndarray) -> Minima:
    """Descend, then leave saddles where a collapsed direction would rather have some variance."""
    radius = np.maximum(1.0, 0.5 * np.sqrt((start * start).sum(1)))
    found = _minimise(deviances, start, radius)
    left_to_probe = np.arange(len(start))
    for _ in range(3):
        probed = deviances.of_draws(left_to_probe)
        x, value = found.x[left_to_probe], found.value[left_to_probe]
        probe, escaped = x.copy(), np.zeros(len(x), dtype=bool)
        for position, (left, values, right) in _decompositions(deviances, x):
            null = values < SINGULAR
            some = np.flatnonzero(null.any(1))
            if not len(some):
                continue
            lifted = probe[some]
            lift = PROBE * (left[some] * null[some, None]) @ right[some]
            lifted[:, position] += lift.reshape(len(some), -1)
            lower = probed.of_draws(some).value(lifted) < value[some] - 1e-7
            probe[some[lower]] = lifted[lower]
            escaped[some[lower]] = True
        if not escaped.any():
            break
        left_to_probe = left_to_probe[escaped]
        again = _minimise(deviances.of_draws(left_to_probe), probe[escaped], np.full(len(left_to_probe), 0.3))
        iterations = found.iterations.copy()
        iterations[left_to_probe] += again.iterations
        found = replace(found.better(again, left_to_probe), iterations=iterations)
    return found


def _minimise(deviances: ManyDeviances, start: np.ndarray, radius: np.ndarray) -> Minima:
    everyone = len(start)

    def derivatives(of: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return (deviances if len(of) == everyone else deviances.of_draws(of)).derivatives(x)

    return minimise_many(derivatives, lambda x, hessian: _without_rotations(deviances, x, hessian), start, radius)


def _without_rotations(deviances: ManyDeviances, x: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    """The Hessians with a large curvature in place of that of the rotations, which change nothing."""
    directions = []
    for position in deviances.parameters.term_parameters:
        size = round(len(position) ** 0.5)
        T = x[:, position].reshape(-1, size, size)
        for i in range(size):
            for j in range(i):
                turned = np.zeros_like(T)
                turned[:, :, j], turned[:, :, i] = T[:, :, i], -T[:, :, j]
                direction = np.zeros_like(x)
                direction[:, position] = turned.reshape(len(x), -1)
                directions.append(direction)
    if not directions:
        return hessian
    basis, lengths, _ = np.linalg.svd(np.stack(directions, axis=2), full_matrices=False)
    basis = basis * (lengths > 1e-7 * np.maximum(lengths[:, :1], 1e-300))[:, None]
    onto = basis @ basis.transpose(0, 2, 1)
    beside = np.eye(x.shape[1]) - onto
    out = beside @ hessian @ beside
    out += np.abs(np.einsum("daa->da", out)).max(1)[:, None, None] * onto
    return 0.5 * (out + out.transpose(0, 2, 1))


def _decompositions(deviances: ManyDeviances, x: np.ndarray):
    """Singular value decompositions of the T of every term, in natural units."""
    for position in deviances.parameters.term_parameters:
        size = round(len(position) ** 0.5)
        yield position, np.linalg.svd(x[:, position].reshape(-1, size, size))


def _in_doubt(deviances: ManyDeviances, found: Minima) -> np.ndarray:
    doubt = ~found.converged | (found.iterations > MANY_ITERATIONS) | (relative_curvature(found) < FLAT)
    return doubt | singular(deviances, found.x)


def singular(deviances: ManyDeviances, x: np.ndarray) -> np.ndarray:
    """(B,) whether some direction of some term has no variance."""
    return np.any([values[:, -1] < SINGULAR for _, (_, values, _) in _decompositions(deviances, x)], axis=0)


def relative_curvature(found: Minima) -> np.ndarray:
    """(B,) smallest over largest eigenvalue of the Hessians, zero where the deviance is flat everywhere."""
    curvatures = np.linalg.eigvalsh(found.hessian)
    largest = curvatures[:, -1]
    return np.where(largest > NO_CURVATURE, curvatures[:, 0] / np.where(largest > 0, largest, 1.0), 0.0)


def _settled_on_boundary(deviances: ManyDeviances, found: Minima) -> np.ndarray:
    """The points with singular values that are zero but for rounding set to exactly zero."""
    x = found.x.copy()
    for position, (left, values, right) in _decompositions(deviances, found.x):
        small = values < 10 * SINGULAR
        some = np.flatnonzero(small.any(1) & values.any(1))
        if not len(some):
            continue
        settled = x[some]
        kept = (left[some] * np.where(small, 0.0, values)[some, None]) @ right[some]
        settled[:, position] = kept.reshape(len(some), -1)
        flat = deviances.of_draws(some).value(settled) <= found.value[some] + 1e-9
        x[some[flat]] = settled[flat]
    return x
