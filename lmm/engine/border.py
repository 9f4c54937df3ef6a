"""Cross-products C = Z₀'[Z_r X y] of the eliminated factor with everything else, dense or sparse.

Both kinds offer the same four operations on C_j, the rows of level j; `n_columns` is m.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sparse

from lmm.engine.blocks import product

_PAIRS_AT_ONCE = 100_000
_ROWS_AT_ONCE = 256
_PAIRS_REMEMBERED = 15_000_000


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

    def times(self, vector: np.ndarray) -> np.ndarray:
        """C_j v for a vector (m,): (q, J)."""
        return np.tensordot(vector, self.values, (0, 0))

    def transposed_times(self, per_level: np.ndarray) -> np.ndarray:
        """Σ_j C_j'h_j for h (q, J): (m,)."""
        return self.values.reshape(len(self.values), -1) @ per_level.ravel()

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
    level_of_entry: np.ndarray = field(init=False)
    _pairs: dict = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        counts = np.diff(self.pointers)
        object.__setattr__(self, "level_of_entry", np.repeat(np.arange(len(counts)), counts))

    @property
    def n_columns(self) -> int:
        """m, the number of columns of [Z_r X y]."""
        return self.n_random + len(self.fixed_and_outcome)

    def with_outcome(self, column: np.ndarray) -> SparseBorder:
        """The same border with Z₀'y (q, J) of another outcome; what is remembered of its pattern is shared."""
        other = replace(self, fixed_and_outcome=np.concatenate([self.fixed_and_outcome[:-1], column[None]]))
        object.__setattr__(other, "_pairs", self._pairs)
        return other

    def with_fixed_combined(self, combined: np.ndarray) -> SparseBorder:
        """The same border with Z₀'[X y] times a matrix (p + 1, s)."""
        return replace(self, fixed_and_outcome=np.tensordot(combined.T, self.fixed_and_outcome, 1))

    def _matrix(self, data: np.ndarray) -> sparse.csr_matrix:
        return sparse.csr_matrix((data, self.indices, self.pointers), shape=(len(self.pointers) - 1, self.n_random))

    def _stacked(self, data: np.ndarray) -> sparse.csr_matrix:
        """The q rows of every level, as one (qJ, m_r) matrix whose rows run over row, level."""
        q, nnz = data.shape
        pointers = np.concatenate([self.pointers[:-1] + a * nnz for a in range(q)] + [[q * nnz]])
        shape = (q * (len(self.pointers) - 1), self.n_random)
        return sparse.csr_matrix((data.ravel(), np.tile(self.indices, q), pointers), shape=shape)

    def subtract_gram(self, root: np.ndarray, out: np.ndarray) -> None:
        """Subtract Σ_j C_j'E_j'E_jC_j from `out` (m, m), for E = `root` (any number of rows, q, J)."""
        r = self.n_random
        reduced = self._stacked(product(root[:, :, self.level_of_entry], self.data))
        transposed = reduced.T.tocsr()
        border = np.stack([product(root, column) for column in self.fixed_and_outcome], axis=-1)
        border = border.reshape(-1, border.shape[-1])
        gram = transposed @ reduced
        if gram.nnz > 0.1 * r * r:
            for start in range(0, r, _ROWS_AT_ONCE):
                out[start : min(start + _ROWS_AT_ONCE, r), :r] -= gram[start : start + _ROWS_AT_ONCE].toarray()
        else:
            rows = np.repeat(np.arange(r), np.diff(gram.indptr))
            out[rows, gram.indices] -= gram.data
        cross = transposed @ border
        out[:r, r:] -= cross
        out[r:, :r] -= cross.T
        out[r:, r:] -= border.T @ border

    def times(self, vector: np.ndarray) -> np.ndarray:
        """C_j v for a vector (m,): (q, J)."""
        r = self.n_random
        random = np.stack([self._matrix(data) @ vector[:r] for data in self.data])
        return random + np.tensordot(vector[r:], self.fixed_and_outcome, (0, 0))

    def transposed_times(self, per_level: np.ndarray) -> np.ndarray:
        """Σ_j C_j'h_j for h (q, J): (m,)."""
        weights = (self.data * per_level[:, self.level_of_entry]).sum(0)
        random = np.bincount(self.indices, weights, self.n_random)
        fixed = self.fixed_and_outcome.reshape(len(self.fixed_and_outcome), -1) @ per_level.ravel()
        return np.concatenate([random, fixed])

    def sandwich(self, matrix: np.ndarray) -> np.ndarray:
        """C_j N C_j' for a symmetric N (m, m): (q, q, J)."""
        r, q = self.n_random, len(self.data)
        n_levels = len(self.pointers) - 1
        out = np.zeros((q, q, n_levels))
        flat = matrix.ravel(order="K")
        for start, stop, first, second, position, offsets in self._entry_pairs(len(matrix)):
            entries = flat[position]
            entries[first == second] *= 0.5
            for a in range(q):
                for b in range(a + 1):
                    terms = self.data[a][first] * self.data[b][second]
                    terms += self.data[b][first] * self.data[a][second] if a != b else terms
                    terms *= entries
                    sums = np.add.reduceat(terms, offsets)
                    out[a, b, start:stop] += sums
                    if a != b:
                        out[b, a, start:stop] += sums
        across = np.ascontiguousarray(matrix[:r, r:])
        fixed = self.fixed_and_outcome
        half = np.tensordot(0.5 * matrix[r:, r:], fixed, (1, 0)).transpose(1, 2, 0)
        half += np.stack([self._matrix(data) @ across for data in self.data])
        mixed = np.einsum("ajx,xbj->abj", half, fixed)
        return out + mixed + mixed.transpose(1, 0, 2)

    def rows(self, start: int, stop: int, matrix: np.ndarray) -> np.ndarray:
        """C_j N of the levels from `start` to `stop`: (q, levels, m)."""
        r = self.n_random
        random = np.stack([self._matrix(data)[start:stop] @ matrix[:r] for data in self.data])
        return random + np.tensordot(self.fixed_and_outcome[:, :, start:stop], matrix[r:], (0, 0))

    def _entry_pairs(self, m: int):
        """Pairs of entries of one level, in runs of levels, so that memory stays bounded."""
        counts = np.diff(self.pointers).astype(np.int64)
        cumulative = np.concatenate([[0], np.cumsum(counts * (counts + 1) // 2)])
        start = 0
        while start < len(counts):
            reach = np.searchsorted(cumulative, cumulative[start] + _PAIRS_AT_ONCE, side="right") - 1
            stop = min(len(counts), max(start + 1, int(reach)))
            if start not in self._pairs:
                pairs = self._pairs_of_levels(start, stop, counts, cumulative, m)
                if cumulative[-1] > _PAIRS_REMEMBERED:
                    yield pairs
                    start = stop
                    continue
                self._pairs[start] = pairs
            yield self._pairs[start]
            start = stop

    def _pairs_of_levels(self, start: int, stop: int, counts: np.ndarray, cumulative: np.ndarray, m: int):
        entries = np.arange(self.pointers[start], self.pointers[stop])
        partners = np.repeat(self.pointers[start + 1 : stop + 1], counts[start:stop]) - entries
        first = np.repeat(entries, partners)
        begins = np.repeat(np.cumsum(partners) - partners, partners)
        second = np.arange(len(first)) - begins + first
        position = self.indices[first].astype(np.int64) * m + self.indices[second]
        offsets = cumulative[start:stop] - cumulative[start]
        # Half the memory where the numbers are small enough, which they are unless the dense rest is very large.
        small = np.int32 if max(m * m, len(self.indices)) < 2**31 else np.int64
        return start, stop, first.astype(small), second.astype(small), position.astype(small), offsets
