"""Cross-products C = Z₀'[Z_r X y] of the eliminated factor with everything else, dense or sparse.

Both kinds offer the same four operations on C_j, the rows of level j; `n_columns` is m.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sparse

from lmm.engine.blocks import product, transposed
from lmm.engine.entrypairs import EntryPairs


@dataclass(frozen=True)
class DenseBorder:
    """C held in full.

    Attributes:
        values: (m, q, J).
    """

    values: np.ndarray

    @property
    def n_columns(self) -> int:
        """m, the number of columns of [Z_r X y]."""
        return self.values.shape[0]

    @property
    def fixed_and_outcome(self) -> np.ndarray:
        """Z₀'[X y] when nothing else is random: (p + 1, q, J)."""
        return self.values

    def with_outcome(self, column: np.ndarray) -> DenseBorder:
        """The same border with Z₀'y (q, J) of another outcome."""
        return DenseBorder(np.concatenate([self.values[:-1], column[None]]))

    def with_fixed_combined(self, combined: np.ndarray) -> DenseBorder:
        """The same border with Z₀'[X y] times a matrix (p + 1, s)."""
        n_random = len(self.values) - len(combined)
        fixed = np.tensordot(combined.T, self.values[n_random:], 1)
        return DenseBorder(np.concatenate([self.values[:n_random], fixed]))

    def subtract_gram(self, root: np.ndarray, out: np.ndarray) -> None:
        """Subtract Σ_j C_j'E_j'E_jC_j from `out` (m, m), for E = `root` (any number of rows, q, J)."""
        m, q, n_levels = self.values.shape
        reduced = np.empty((m, len(root), n_levels))
        for row in range(len(root)):
            np.multiply(self.values[:, 0], root[row, 0], out=reduced[:, row])
            for column in range(1, q):
                reduced[:, row] += self.values[:, column] * root[row, column]
        flat = reduced.reshape(m, -1)
        out -= flat @ flat.T

    def times(self, columns: np.ndarray) -> np.ndarray:
        """C_j v for v (m,) or (m, c): (q, J) or (q, c, J)."""
        product = np.tensordot(columns, self.values, (0, 0))
        return product if columns.ndim == 1 else product.transpose(1, 0, 2)

    def transposed_times(self, per_level: np.ndarray) -> np.ndarray:
        """Σ_j C_j'h_j for h (q, J) or (q, c, J): (m,) or (m, c)."""
        return self.values.reshape(len(self.values), -1) @ _levels_in_rows(per_level)

    def sandwich(self, matrix: np.ndarray) -> np.ndarray:
        """C_j N C_j' for a symmetric N (m, m): (q, q, J)."""
        m, q, n_levels = self.values.shape
        product = (matrix @ self.values.reshape(m, -1)).reshape(m, q, n_levels)
        return np.einsum("maj,mbj->abj", self.values, product)

    def rows(self, start: int, stop: int, matrix: np.ndarray) -> np.ndarray:
        """C_j N of the levels from `start` to `stop`: (q, levels, m)."""
        return np.tensordot(self.values[:, :, start:stop], matrix, (0, 0))


@dataclass(frozen=True)
class SparseBorder:
    """C with a sparse part for the random columns and a dense one for [X y].

    Attributes:
        data: (q, nnz) values of Z₀'Z_r; the q rows of a level share their pattern.
        indices: (nnz,) columns, sorted within a level.
        pointers: (J + 1,) where each level starts; every level has an entry.
        fixed_and_outcome: (p + 1, q, J), Z₀'[X y].
        n_random: m_r.
    """

    data: np.ndarray
    indices: np.ndarray
    pointers: np.ndarray
    fixed_and_outcome: np.ndarray
    n_random: int
    _pairs: dict[int, EntryPairs] = field(default_factory=dict, init=False)

    @property
    def n_columns(self) -> int:
        """m, the number of columns of [Z_r X y]."""
        return self.n_random + len(self.fixed_and_outcome)

    @cached_property
    def level_of_entry(self) -> np.ndarray:
        """(nnz,) the level of each entry."""
        return np.repeat(np.arange(len(self.pointers) - 1), np.diff(self.pointers))

    @cached_property
    def random(self) -> sparse.csr_array:
        """Z₀'Z_r (qJ, m_r), its rows by row within the level, level."""
        q, nnz = self.data.shape
        pointers = np.concatenate([self.pointers[:-1] + a * nnz for a in range(q)] + [[q * nnz]])
        shape = (q * (len(self.pointers) - 1), self.n_random)
        return sparse.csr_array((self.data.ravel(), np.tile(self.indices, q), pointers), shape=shape)

    @cached_property
    def transposed_random(self) -> sparse.csr_array:
        """Z_r'Z₀ (m_r, qJ)."""
        return self.random.T.tocsr()

    @property
    def pairs(self) -> EntryPairs:
        """The pairs of entries of every level."""
        m = self.n_columns
        if m not in self._pairs:
            self._pairs[m] = EntryPairs(self.indices, self.pointers, m)
        return self._pairs[m]

    def with_outcome(self, column: np.ndarray) -> SparseBorder:
        """The same border with Z₀'y (q, J) of another outcome."""
        return self._with_fixed_and_outcome(np.concatenate([self.fixed_and_outcome[:-1], column[None]]))

    def with_fixed_combined(self, combined: np.ndarray) -> SparseBorder:
        """The same border with Z₀'[X y] times a matrix (p + 1, s)."""
        return self._with_fixed_and_outcome(np.tensordot(combined.T, self.fixed_and_outcome, 1))

    def _with_fixed_and_outcome(self, columns: np.ndarray) -> SparseBorder:
        """Another [X y]; what was found out about the rest is shared."""
        other = copy(self)
        object.__setattr__(other, "fixed_and_outcome", columns)
        return other

    def subtract_gram(self, root: np.ndarray, out: np.ndarray) -> None:
        """Subtract Σ_j C_j'E_j'E_jC_j from `out` (m, m), for E = `root` (any number of rows, q, J)."""
        r, pairs = self.n_random, self.pairs
        reduced = product(root.take(self.level_of_entry, axis=2), self.data)
        sums = np.zeros(len(pairs.cells))
        for run in pairs.runs():
            terms = run.products(reduced[0], reduced[0])
            for row in reduced[1:]:
                terms += run.products(row, row)
            np.add.at(sums, run.cell.astype(np.intp), terms)
        flat = out.reshape(-1)
        np.subtract(flat.take(pairs.cells), sums, out=sums)
        flat[pairs.cells] = sums
        flat[pairs.mirrored] = sums
        fixed = product(root, self.fixed_and_outcome.transpose(1, 0, 2))
        weighted = product(transposed(root), fixed).transpose(0, 2, 1).reshape(-1, len(out) - r)
        cross = self.transposed_random @ weighted
        out[:r, r:] -= cross
        out[r:, :r] -= cross.T
        for row in fixed:
            out[r:, r:] -= row @ row.T

    def times(self, columns: np.ndarray) -> np.ndarray:
        """C_j v for v (m,) or (m, c): (q, J) or (q, c, J)."""
        r, q = self.n_random, len(self.data)
        random = self.random @ columns[:r]
        fixed = np.tensordot(columns[r:], self.fixed_and_outcome, (0, 0))
        if columns.ndim == 1:
            return random.reshape(q, -1) + fixed
        return random.reshape(q, -1, columns.shape[1]).transpose(0, 2, 1) + fixed.transpose(1, 0, 2)

    def transposed_times(self, per_level: np.ndarray) -> np.ndarray:
        """Σ_j C_j'h_j for h (q, J) or (q, c, J): (m,) or (m, c)."""
        flat = _levels_in_rows(per_level)
        fixed = self.fixed_and_outcome.reshape(len(self.fixed_and_outcome), -1)
        return np.concatenate([self.transposed_random @ flat, fixed @ flat])

    def sandwich(self, matrix: np.ndarray) -> np.ndarray:
        """C_j N C_j' for a symmetric N (m, m): (q, q, J)."""
        r, (q, _) = self.n_random, self.data.shape
        n_levels = len(self.pointers) - 1
        out = np.empty((q, q, n_levels))
        cells = matrix.ravel(order="K").take(self.pairs.cells)
        for run in self.pairs.runs():
            entries = cells.take(run.cell)
            entries[run.same] *= 0.5
            for a in range(q):
                for b in range(a + 1):
                    terms = run.products(self.data[a], self.data[b])
                    terms += run.products(self.data[b], self.data[a]) if a != b else terms
                    terms *= entries
                    sums = np.add.reduceat(terms, run.offsets)
                    out[a, b, run.levels] = out[b, a, run.levels] = sums
        fixed = self.fixed_and_outcome
        across = (self.random @ np.ascontiguousarray(matrix[:r, r:])).reshape(q, n_levels, -1)
        half = np.tensordot(0.5 * matrix[r:, r:], fixed, (1, 0)).transpose(1, 0, 2) + across.transpose(0, 2, 1)
        mixed = product(half, fixed)
        return out + mixed + mixed.transpose(1, 0, 2)

    def rows(self, start: int, stop: int, matrix: np.ndarray) -> np.ndarray:
        """C_j N of the levels from `start` to `stop`: (q, levels, m)."""
        r, n_levels = self.n_random, len(self.pointers) - 1
        random = [
            self.random[a * n_levels + start : a * n_levels + min(stop, n_levels)] @ matrix[:r]
            for a in range(len(self.data))
        ]
        fixed = np.tensordot(self.fixed_and_outcome[:, :, start:stop], matrix[r:], (0, 0))
        return np.stack(random) + fixed


def _levels_in_rows(per_level: np.ndarray) -> np.ndarray:
    """(q, J) or (q, c, J) with a row for every row and level: (qJ,) or (qJ, c)."""
    rows = np.moveaxis(per_level, -1, 1)
    return rows.reshape(-1, *rows.shape[2:])
