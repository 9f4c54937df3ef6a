"""Small simulated data sets, one per structure of grouping factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmm.engine import Factor


@dataclass(frozen=True)
class Data:
    y: np.ndarray
    X: np.ndarray
    factors: list[Factor]
    weights: np.ndarray


def _codes(labels):
    return np.unique(labels, return_inverse=True)[1]


def _factor(labels, columns, blocks=None):
    codes = _codes(labels)
    return Factor(codes, int(codes.max()) + 1, columns, blocks or (columns.shape[1],))


def simulate(structure: str, seed: int = 1) -> Data:
    rng = np.random.default_rng(seed)
    n = 120
    x, z = rng.normal(2.0, 1.0, n), rng.normal(size=n)
    one = np.ones(n)
    X = np.column_stack([one, x, z])
    a, b = rng.integers(0, 12, n), rng.integers(0, 7, n)
    slope, only = np.column_stack([one, x]), one[:, None]
    factors = {
        "one factor": [_factor(a, slope)],
        "one factor, three correlated": [_factor(a, X)],
        "one factor, independent": [_factor(a, X, (1, 2))],
        "nested": [_factor(b, only), _factor(12 * b + a % 3, slope)],
        "nested, slopes in both": [_factor(b, slope), _factor(12 * b + a % 4, slope, (1, 1))],
        "nested, sparse": [_factor(np.arange(n) % 20, slope), _factor(np.arange(n) % 60, only)],
        "crossed": [_factor(a, slope), _factor(b, np.column_stack([one, z]))],
        "crossed, sparse": [_factor(rng.integers(0, 40, n), slope), _factor(np.arange(n) % 45, only)],
        "partly crossed, three factors": [
            _factor(a, only),
            _factor((a + rng.integers(0, 2, n)) % 12, slope, (1, 1)),
            _factor(b, only),
        ],
    }[structure]
    y = 3.0 + 0.5 * x + rng.normal(size=n)
    for factor in factors:
        effects = rng.normal(size=(factor.n_levels, factor.n_columns))
        y += (factor.columns * effects[factor.codes]).sum(1)
    return Data(y, X, factors, rng.uniform(0.5, 2.0, n))


STRUCTURES = (
    "one factor",
    "one factor, three correlated",
    "one factor, independent",
    "nested",
    "nested, slopes in both",
    "nested, sparse",
    "crossed",
    "crossed, sparse",
    "partly crossed, three factors",
)
