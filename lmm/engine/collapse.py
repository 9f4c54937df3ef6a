"""Levels that share their A_j are replaced by a few pseudo-levels with the same sums.

The deviance of a one-factor model sees the levels of one pattern only through Σ vec(C_j)vec(C_j)' and their number,
and q(p + 1) pseudo-levels — scaled eigenvectors of that sum — reproduce it: a balanced study of 200,000 subjects then
costs as much as one of a dozen.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmm.engine.border import DenseBorder
from lmm.engine.problem import Problem

_ROUNDING = 1e-11
# Levels so few that finding the equal ones costs more than it saves.
_FEW_LEVELS = 30


def collapse(problem: Problem) -> Problem:
    """The same deviance from fewer levels, or the problem itself where that would not halve them."""
    if len(problem.factors) > 1:
        return problem
    q, _, n_levels = problem.gram.shape
    C = problem.border.values.reshape(-1, n_levels)
    size = len(C)
    if n_levels <= max(2 * size, _FEW_LEVELS):
        return problem
    first, pattern, counts = patterns(problem.gram)
    if 2 * np.minimum(counts, size).sum() > n_levels:
        return problem
    members = np.split(np.argsort(pattern, kind="stable"), np.cumsum(counts)[:-1])
    grams, borders, multiplicity = [], [], []
    for representative, levels in zip(first, members, strict=True):
        rows = C[:, levels]
        if len(levels) > size:
            squares, vectors = np.linalg.eigh(rows @ rows.T)
            rows = vectors * np.sqrt(np.maximum(squares, 0.0))
        grams.append(np.repeat(problem.gram[:, :, representative, None], rows.shape[1], axis=2))
        borders.append(rows)
        multiplicity.append(np.full(rows.shape[1], len(levels) / rows.shape[1]))
    border = np.concatenate(borders, axis=1).reshape(-1, q, sum(map(len, multiplicity)))
    return replace(
        problem,
        gram=np.concatenate(grams, axis=2),
        border=DenseBorder(border),
        multiplicity=np.concatenate(multiplicity),
    )


def patterns(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels with equal A_j (q, q, J), all entries within rounding.

    Returns:
        (K,) a level of each pattern, (J,) the pattern of every level, (K,) how many levels each pattern has.
    """
    n_levels = gram.shape[2]
    entries = gram[np.tril_indices(len(gram))]
    # Whitening leaves equal levels equal only but for rounding.
    tolerance = _ROUNDING * np.abs(entries).max()
    key = np.round(np.random.default_rng(0).uniform(1.0, 2.0, len(entries)) @ entries / tolerance)
    _, first, pattern, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    if np.abs(entries[:, first][:, pattern] - entries).max() > 2 * tolerance:
        return np.arange(n_levels), np.arange(n_levels), np.ones(n_levels, dtype=int)
    return first, pattern, counts
