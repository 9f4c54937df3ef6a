"""A grouping factor with the columns whose effects vary over its levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np


@dataclass(frozen=True)
class Factor:
    """All random terms of one grouping factor.

    Attributes:
        codes: (n,) integers 0…J−1, the level of every row.
        n_levels: J.
        columns: (n, q) values of the random-effect columns Z.
        blocks: sizes of the terms, summing to q. Effects of one term are correlated; effects of different terms
            are independent, so that T is block diagonal: `(x || g)` is two blocks of size one.
    """

    codes: np.ndarray
    n_levels: int
    columns: np.ndarray
    blocks: tuple[int, ...]

    @property
    def n_columns(self) -> int:
        """q, the number of random effects per level."""
        return sum(self.blocks)

    @cached_property
    def slices(self) -> list[slice]:
        """The columns of each term."""
        return [slice(end - size, end) for end, size in zip(accumulate(self.blocks), self.blocks, strict=True)]


def is_nested(inner: np.ndarray, outer: np.ndarray) -> bool:
    """Whether every level of `inner` occurs within one level of `outer`, by the codes (n,) of both."""
    within = np.empty(inner.max() + 1, dtype=outer.dtype)
    within[inner] = outer
    return bool((within[inner] == outer).all())
