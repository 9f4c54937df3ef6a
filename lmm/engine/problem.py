"""One pass over the rows: whitened cross-products, from which every deviance is computed.

They are sums over rows, so that the cost of a deviance does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sparse

from lmm.engine.border import DenseBorder, SparseBorder
from lmm.engine.factor import Factor
from lmm.engine.rest import Rest
from lmm.engine.whitening import WhitenedFixed, whiten_factor, whiten_fixed

# Above this share of non-zero entries a dense product is faster than a sparse one (measured).
_DENSE_SHARE = 0.08
_DENSE_ENTRIES = 40_000_000
# Pairs of levels so few that laying them out densely costs less than finding out which occur.
_FEW_PAIRS = 500


@dataclass(frozen=True)
class Problem:
    """The data of a mixed model, reduced to cross-products of whitened columns.

    Attributes:
        n: number of rows.
        factors: whitened factors; the first is the one eliminated level by level.
        order: position in the caller's sequence of each of `factors`.
        transforms: U of every term of each factor, see `whitening`.
        unidentified: (position of the factor in the caller's sequence, column) of random columns that are zero or
            explained by earlier columns of their term.
        fixed: the whitened fixed part.
        sum_log_weights: Σ log w.
        gram: (q, q, J) A_j = Z₀'Z₀ of each level of factor 0.
        border: Z₀'[Z_r X y].
        rest: [Z_r X y]'[Z_r X y].
        multiplicity: (J,) how many levels each level stands for; ones unless collapsed.
    """

    n: int
    factors: tuple[Factor, ...]
    order: tuple[int, ...]
    transforms: tuple[list[np.ndarray], ...]
    unidentified: tuple[tuple[int, int], ...]
    fixed: WhitenedFixed
    sum_log_weights: float
    gram: np.ndarray
    border: DenseBorder | SparseBorder
    rest: Rest
    multiplicity: np.ndarray

    @property
    def p(self) -> int:
        """Number of fixed effects kept."""
        return len(self.fixed.kept)

    @cached_property
    def offsets(self) -> np.ndarray:
        """Where the columns of factors 1, 2, … start among the random columns of the rest, and where they end."""
        return np.cumsum([0] + [factor.n_columns * factor.n_levels for factor in self.factors[1:]])

    @cached_property
    def natural_units(self) -> list[np.ndarray]:
        """Per factor 1 / sqrt(mean of Z'Z per level) of its columns: a T of this size is neither small nor large."""
        out = []
        for factor in self.factors:
            mean_square = np.einsum("ij,ij->j", factor.columns, factor.columns) / factor.n_levels
            out.append(1.0 / np.sqrt(np.where(mean_square > 0, mean_square, 1.0)))
        return out

    @staticmethod
    def of(y: np.ndarray, X: np.ndarray, factors: Sequence[Factor], weights: np.ndarray | None = None) -> Problem:
        """Accumulate the cross-products.

        Args:
            y: (n,) outcome, less any offset.
            X: (n, p) fixed-effect columns; a column that earlier ones explain is dropped, as R does.
            factors: one or more grouping factors, each named once.
            weights: (n,) prior weights, all positive, or None for ones.
        """
        roots = None if weights is None else np.sqrt(weights)
        if roots is not None:
            X, y = X * roots[:, None], y * roots
        fixed = whiten_fixed(y, X)
        X = X[:, fixed.kept]
        order = tuple(sorted(range(len(factors)), key=lambda k: -factors[k].n_columns * factors[k].n_levels))
        whitened = [
            whiten_factor(
                factors[k],
                factors[k].columns if roots is None else factors[k].columns * roots[:, None],
                X,
                fixed,
            )
            for k in order
        ]
        products = _Columns([factor for factor, _, _ in whitened], fixed)
        gram = products.gram(0)
        return Problem(
            n=len(y),
            factors=tuple(factor for factor, _, _ in whitened),
            order=order,
            transforms=tuple(transform for _, transform, _ in whitened),
            unidentified=tuple(
                (k, column) for k, (_, _, columns) in zip(order, whitened, strict=True) for column in columns
            ),
            fixed=fixed,
            sum_log_weights=0.0 if weights is None else float(np.log(weights).sum()),
            gram=gram,
            border=products.border(gram),
            rest=products.rest(),
            multiplicity=np.ones(whitened[0][0].n_levels),
        )


class _Columns:
    """Products of whitened columns, summed by level."""

    def __init__(self, factors: list[Factor], fixed: WhitenedFixed):
        self.factors = factors
        self.fixed = np.empty((len(fixed.residual), fixed.orthonormal.shape[1] + 1), order="F")
        self.fixed[:, :-1], self.fixed[:, -1] = fixed.orthonormal, fixed.residual
        self.offsets = np.cumsum([0] + [factor.n_columns * factor.n_levels for factor in factors[1:]])

    def _times(self, k: int, a: int, other: np.ndarray) -> np.ndarray:
        return self.factors[k].columns[:, a] * other

    def gram(self, k: int) -> np.ndarray:
        """Z_k'Z_k of every level: (q, q, J)."""
        factor = self.factors[k]
        q = factor.n_columns
        out = np.empty((q, q, factor.n_levels))
        for a in range(q):
            for b in range(a + 1):
                out[a, b] = np.bincount(factor.codes, self._times(k, a, factor.columns[:, b]), factor.n_levels)
                out[b, a] = out[a, b]
        return out

    def with_fixed(self, k: int, gram: np.ndarray) -> np.ndarray:
        """Z_k'[X y] of every level: (p + 1, q, J). Columns that X shares with Z_k are read from `gram`."""
        factor = self.factors[k]
        out = np.empty((self.fixed.shape[1], factor.n_columns, factor.n_levels))
        for c, column in enumerate(self.fixed.T):
            shared = next((b for b in range(factor.n_columns) if _equal(factor.columns[:, b], column)), None)
            if shared is not None:
                out[c] = gram[:, shared]
                continue
            for a in range(factor.n_columns):
                out[c, a] = np.bincount(factor.codes, self._times(k, a, column), factor.n_levels)
        return out

    def border(self, gram: np.ndarray) -> DenseBorder | SparseBorder:
        """Z₀'[Z_r X y], sparse where few of its entries differ from zero."""
        fixed = self.with_fixed(0, gram)
        if len(self.factors) == 1:
            return DenseBorder(fixed)
        first = self.factors[0]
        r = int(self.offsets[-1])
        if first.n_levels * r <= _FEW_PAIRS:
            crossed = [self._crossed(0, later) for later in range(1, len(self.factors))]
            return DenseBorder(np.concatenate([*crossed, fixed]))
        rows, columns = [], []
        for k, factor in enumerate(self.factors[1:], 1):
            for b in range(factor.n_columns):
                rows.append(first.codes)
                columns.append(factor.codes + (self.offsets[k - 1] + b * factor.n_levels))
        rows, columns = np.concatenate(rows), np.concatenate(columns)
        data = []
        for a in range(first.n_columns):
            values = np.concatenate(
                [
                    self._times(0, a, factor.columns[:, b])
                    for factor in self.factors[1:]
                    for b in range(factor.n_columns)
                ]
            )
            matrix = sparse.csr_matrix((values, (rows, columns)), shape=(first.n_levels, r))
            matrix.sum_duplicates()
            data.append(matrix.data)
        entries = first.n_columns * first.n_levels * r
        if matrix.nnz > _DENSE_SHARE * first.n_levels * r and entries < _DENSE_ENTRIES:
            values = np.zeros((r + len(fixed), first.n_columns, first.n_levels))
            level = np.repeat(np.arange(first.n_levels), np.diff(matrix.indptr))
            for a in range(first.n_columns):
                values[matrix.indices, a, level] = data[a]
            values[r:] = fixed
            return DenseBorder(values)
        return SparseBorder(np.array(data), matrix.indices, matrix.indptr, fixed, r)

    def rest(self) -> Rest:
        """[Z_r X y]'[Z_r X y]."""
        later = range(1, len(self.factors))
        grams = [self.gram(k) for k in later]
        width = self.fixed.shape[1]
        with_fixed = [self.with_fixed(k, gram).reshape(width, -1).T for k, gram in zip(later, grams, strict=True)]
        across = {}
        for k in later:
            for other in later[k:]:
                block = self._crossed(k, other)
                across[other, k] = block.reshape(len(block), -1)
        return Rest(tuple(grams), across, np.concatenate([*with_fixed, self.fixed.T @ self.fixed]))

    def _crossed(self, k: int, later: int) -> np.ndarray:
        """Z_l'Z_k of a later factor l, for all pairs of levels: (q_l J_l, q, J)."""
        factor, other = self.factors[k], self.factors[later]
        q, n_levels = factor.n_columns, factor.n_levels
        pair = other.codes * n_levels + factor.codes
        out = np.empty((other.n_columns, other.n_levels, q, n_levels))
        for b, column in enumerate(other.columns.T):
            for a in range(q):
                sums = np.bincount(pair, self._times(k, a, column), other.n_levels * n_levels)
                out[b, :, a] = sums.reshape(-1, n_levels)
        return out.reshape(-1, q, n_levels)


def _equal(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two columns are the same; most that are not differ at once."""
    return np.array_equal(first[:8], second[:8]) and np.array_equal(first, second)
