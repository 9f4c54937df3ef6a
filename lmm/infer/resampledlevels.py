"""Whole levels of a grouping factor drawn with replacement, each copy a new level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from lmm.engine.factor import Factor, is_nested
from lmm.infer.simulate import generator
from lmm.model import grouping_factors

if TYPE_CHECKING:
    from lmm.formula import Design


def levels_drawn(n_levels: int, seed: int, draws: Iterable[int]) -> np.ndarray:
    """(J, B) how often each of J levels is drawn; a draw depends on the seed and its number alone."""
    chosen = [generator(seed, draw).integers(0, n_levels, n_levels) for draw in draws]
    return np.array([np.bincount(levels, minlength=n_levels) for levels in chosen]).T


class ResampledRows:
    """The rows of a design, with its grouping factors, when levels of one of them are drawn so many times.

    Levels of factors nested in it are copied with it; those of factors crossed with it keep their identity.
    """

    def __init__(self, design: Design, group: str):
        self.factors, _ = grouping_factors(design)
        names = list(dict.fromkeys(term.group for term in design.random))
        codes = self.factors[names.index(group)].codes
        self.copied = [is_nested(factor.codes, codes) for factor in self.factors]
        self.rows_of = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])

    def __call__(self, repeats: np.ndarray) -> tuple[np.ndarray, list[Factor]]:
        """Rows (m,) and factors over them, from how often (J,) each level is drawn."""
        chosen = np.repeat(np.arange(len(repeats)), repeats)
        rows = np.concatenate([self.rows_of[level] for level in chosen])
        copy = np.repeat(np.arange(len(chosen)), [len(self.rows_of[level]) for level in chosen])
        factors = []
        for factor, copied in zip(self.factors, self.copied, strict=True):
            labels = factor.codes[rows] + (copy * factor.n_levels if copied else 0)
            levels, codes = np.unique(labels, return_inverse=True)
            factors.append(Factor(codes, len(levels), np.asarray(factor.columns)[rows], factor.blocks))
        return rows, factors
