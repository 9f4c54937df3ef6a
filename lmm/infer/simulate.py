"""New outcomes from a fitted model: new random effects and new residuals in every draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmm.infer.live import design_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmm.model import Fit


def generator(seed: int, draw: int) -> np.random.Generator:
    """The random numbers of one draw, the child number `draw` that `SeedSequence(seed)` spawns.

    They depend on the seed and the draw alone, so that draws may be split over jobs in any way.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(draw,))))


def simulate(fit: Fit, draws: Sequence[int], seed: int) -> np.ndarray:
    """Outcomes from the fitted distribution: Xβ̂ + offset + Zb + e, b ~ N(0, Σ̂), e ~ N(0, σ̂²/weight).

    Both b and e are drawn anew; keeping the b̂ of the fit instead would halve the spread of what depends on them. A
    covariance on its boundary gives effects without variance in that direction.

    Args:
        fit: fitted in this process.
        draws: numbers of the draws.
        seed: where everything random starts.

    Returns:
        (n, B), a column per draw, on the scale of the formula's left side.

    Raises:
        InputError: the fit was read from a file.
    """
    design = design_of(fit)
    roots = relative_factors(fit)
    n, sizes = fit.n, [len(term.levels) * len(term.names) for term in design.random]
    numbers = np.array([generator(seed, draw).standard_normal(sum(sizes) + n) for draw in draws])
    numbers = numbers.reshape(len(draws), sum(sizes) + n).T
    residual_sd = fit.sigma if fit.weights is None else fit.sigma / np.sqrt(fit.weights)[:, None]
    out = fit.fitted_fixed[:, None] + residual_sd * numbers[sum(sizes) :]
    start = 0
    for term, root, size in zip(design.random, roots, sizes, strict=True):
        spherical = numbers[start : start + size].reshape(len(term.levels), len(term.names), len(draws))
        start += size
        for effect, column in enumerate(np.asarray(term.columns).T):
            of_levels = sum(fit.sigma * root[effect, other] * spherical[:, other] for other in range(effect + 1))
            out += column[:, None] * of_levels[term.codes]
    return out


def relative_factors(fit: Fit) -> list[np.ndarray]:
    """The lower triangular (q, q) relative factor of every random term, from `theta`: Var b = σ² TT'."""
    out, start = [], 0
    for term in fit.random:
        q = len(term.names)
        T = np.zeros((q, q))
        T.T[np.triu_indices(q)] = fit.theta[start : start + q * (q + 1) // 2]
        start += q * (q + 1) // 2
        out.append(T)
    return out
