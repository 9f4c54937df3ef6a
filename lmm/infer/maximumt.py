"""The distribution of the largest of several t statistics that share one estimate of variance.

Both classical laws are integrals over the common divisor s = √(χ²_df / df) and, given s, over one normal variable z:

- the studentised range of k means (Tukey): P(range > w) = k ∫ φ(z) {Φ(z)^(k−1) − [Φ(z) − Φ(z − w)]^(k−1)} dz;
- the largest |t| where corr(tᵢ, tⱼ) = λᵢλⱼ, as for comparisons of independent means with a control (Dunnett 1955):
  P(max > c) = ∫ φ(z) {1 − Πᵢ [Φ((c − λᵢz)/√(1−λᵢ²)) − Φ((−c − λᵢz)/√(1−λᵢ²))]} dz.

The trapezoidal rule converges faster than any power of the step for such integrands (Trefethen & Weideman 2014), and
complements are summed, not subtracted, so that small probabilities keep their digits. For any other correlations the
probability of the union is the sum of the single ones, each divided by how many occur with it on average (Naiman &
Priebe 2001), averaged over a fixed quasi-random lattice: an error relative to the probability, however small that is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
from scipy.special import gammaincinv, ndtr, ndtri, stdtrit

from lmm.infer.hypothesis import t_tail

# A divisor estimated with more degrees of freedom than this is a constant.
MANY_DEGREES = 1e8
_DIVISOR_NODES = 121
_DIVISOR_STEP = 0.14
_NORMAL_REACH = 9.0
_NORMAL_STEP = 0.09
# Loadings nearer to 1 than this would need a finer step than is worth taking.
_LARGEST_LOADING = 0.999
_SAME_CORRELATION = 1e-6
LATTICE_POINTS = 32749
FEW_LATTICE_POINTS = 8191  # for critical values, which take some ten evaluations and need fewer digits


def studentised_range_tail(range_: float, means: int, df: float) -> float:
    """P(Q ≥ range_) of the studentised range of `means` independent means, df degrees of freedom."""
    if range_ <= 0:
        return 1.0
    return _over_divisor(lambda widths: _range_tail(widths, means), range_, df)


def largest_t_tail(statistic: float, correlation: np.ndarray, df: float, lattice_points: int = LATTICE_POINTS) -> float:
    """P(maxᵢ |tᵢ| ≥ statistic) of m t variables with this correlation (m, m) and a common divisor."""
    if statistic <= 0:
        return 1.0
    if len(correlation) == 1:
        return t_tail(statistic, df)
    loadings = one_factor(correlation)
    if loadings is None:
        return _union_on_lattice(statistic, correlation, df, lattice_points)
    return _over_divisor(lambda bounds: _one_factor_tail(bounds, loadings), statistic, df)


def critical_value(tail: Callable[[float], float], alpha: float, start: float) -> float:
    """Where a decreasing tail probability is `alpha`, to six digits; `start` lies below, as that of a single t does."""
    from scipy.optimize import brentq  # which imports half of scipy, and a page of results asks for no critical value

    high = 1.3 * start + 0.3
    while tail(high) > alpha:
        high *= 1.5
    low = 0.98 * start  # a lattice may put the tail a little low
    return float(brentq(lambda c: tail(c) - alpha, low, high, xtol=1e-6, rtol=1e-6))


def one_factor(correlation: np.ndarray) -> np.ndarray | None:
    """Loadings λ with corr(i, j) = λᵢλⱼ for all i ≠ j, or None where there are none inside (−1, 1)."""
    m = len(correlation)
    off = np.abs(correlation - np.diag(np.diag(correlation)))
    if off.max() <= _SAME_CORRELATION:
        return np.zeros(m)
    first, second = np.unravel_index(np.argmax(off), off.shape)
    if m == 2:
        size = sqrt(off[first, second])
        loadings = np.array([size, size * np.sign(correlation[0, 1])])
    else:
        rest = [i for i in range(m) if i not in (first, second)]
        third = max(rest, key=lambda i: abs(correlation[first, i] * correlation[second, i]))
        if correlation[second, third] == 0.0:
            return None
        square = correlation[first, second] * correlation[first, third] / correlation[second, third]
        if not 0.0 < square < 1.0:
            return None
        loadings = correlation[first] / sqrt(square)
        loadings[first] = sqrt(square)
    rebuilt = np.outer(loadings, loadings)
    np.fill_diagonal(rebuilt, 1.0)
    fits = np.abs(rebuilt - correlation).max() <= _SAME_CORRELATION and np.abs(loadings).max() <= _LARGEST_LOADING
    return loadings if fits else None


def _over_divisor(given: Callable[[np.ndarray], np.ndarray], bound: float, df: float) -> float:
    """∫ given(bound · s) dF(s), by the trapezoidal rule in log s."""
    if df > MANY_DEGREES:
        return float(given(np.array([bound]))[0])
    half = 0.5 * df
    low, high = np.log(np.maximum(gammaincinv(half, [1e-22, 1.0 - 1e-15]), 1e-280)) - np.log(half)
    reach = 0.525 * (high - low)
    nodes = max(_DIVISOR_NODES, int(reach / _DIVISOR_STEP))
    x = np.linspace(0.5 * low, 0.5 * low + reach, nodes)
    density = np.exp(df * x - half * np.expm1(2.0 * x))
    return float(min(1.0, density @ given(bound * np.exp(x)) / density.sum()))


def _normal_nodes(step: float) -> tuple[np.ndarray, np.ndarray]:
    z = np.arange(-_NORMAL_REACH, _NORMAL_REACH + step, step)
    return z, np.exp(-0.5 * z * z) * step / sqrt(2.0 * np.pi)


def _range_tail(widths: np.ndarray, means: int) -> np.ndarray:
    z, weights = _normal_nodes(_NORMAL_STEP)
    below = ndtr(z)
    share = np.minimum(ndtr(z - widths[:, None]) / below, 1.0 - 1e-16)
    beyond = below ** (means - 1) * -np.expm1((means - 1) * np.log1p(-share))
    return means * (beyond @ weights)


def _one_factor_tail(bounds: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    own = np.sqrt(1.0 - loadings**2)
    z, weights = _normal_nodes(min(_NORMAL_STEP, 0.3 * float((own / np.maximum(np.abs(loadings), 0.1)).min())))
    log_inside = np.zeros((len(bounds), len(z)))
    for loading, rest in zip(loadings, own, strict=True):
        outside = ndtr((loading * z - bounds[:, None]) / rest) + ndtr((-loading * z - bounds[:, None]) / rest)
        log_inside += np.log1p(-np.minimum(outside, 1.0 - 1e-16))
    return -np.expm1(log_inside) @ weights


def _union_on_lattice(
    statistic: float, correlation: np.ndarray, df: float, lattice_points: int = LATTICE_POINTS
) -> float:
    m = len(correlation)
    single = t_tail(statistic, df)
    points = _lattice(lattice_points, m + 2)
    # By symmetry the event tᵢ > c alone is enough; given tᵢ = t the others are t again, with one more degree.
    own = -ndtri(points[:, 0] * single / 2) if df > MANY_DEGREES else -stdtrit(df, points[:, 0] * single / 2)
    if df > MANY_DEGREES:
        spread = np.ones(len(points))
    else:
        spread = np.sqrt((df + own**2) / (2.0 * gammaincinv(0.5 * (df + 1.0), points[:, 1])))
    normal = ndtri(points[:, 2:])
    total = 0.0
    for i in range(m):
        values, vectors = np.linalg.eigh(correlation - np.outer(correlation[i], correlation[i]))
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        others = own[:, None] * correlation[i] + spread[:, None] * (normal @ root.T)
        beyond = np.abs(others) > statistic
        beyond[:, i] = True
        total += single * float((1.0 / beyond.sum(1)).mean())
    return min(1.0, total)


def _lattice(count: int, dimensions: int) -> np.ndarray:
    """Richtmyer's points (count, dimensions): multiples of the roots of primes, folded to make ends meet."""
    primes: list[int] = []
    candidate = 2
    while len(primes) < dimensions:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    fractions = np.mod(np.outer(np.arange(1, count + 1), np.sqrt(primes)), 1.0)
    return np.clip(np.abs(2.0 * fractions - 1.0), 1e-12, 1.0 - 1e-12)
