"""Cross-products of the columns that stay once the first factor has left, held without the zeros between levels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Rest:
    """[Z_r X y]'[Z_r X y] of order m.

    A factor's own levels never meet in a row, so that of Z_k'Z_k only the blocks of the levels are held: with one
    factor in Z_r, thousands of numbers instead of millions.

    Attributes:
        grams: of every factor k ≥ 1 (q, q, J), Z_k'Z_k of each level.
        across: of every two factors l > k ≥ 1 (q_l J_l, q_k J_k), Z_l'Z_k.
        with_fixed: (m, p + 1) [Z_r X y]'[X y].
    """

    grams: tuple[np.ndarray, ...]
    across: dict[tuple[int, int], np.ndarray]
    with_fixed: np.ndarray

    @property
    def outcome_square(self) -> float:
        """y'y."""
        return float(self.with_fixed[-1, -1])

    @property
    def fixed(self) -> np.ndarray:
        """[X y]'[X y]: (p + 1, p + 1)."""
        return self.with_fixed[len(self.with_fixed) - self.with_fixed.shape[1] :]

    def rows(self, k: int) -> slice:
        """Where factor k ≥ 1 stands."""
        sizes = [gram.shape[1] * gram.shape[2] for gram in self.grams[:k]]
        return slice(sum(sizes[:-1]), sum(sizes))

    def dense(self) -> np.ndarray:
        """All of it, in an array (m, m) of the caller's own."""
        m, c = self.with_fixed.shape
        r = m - c
        out = np.zeros((m, m))
        out[:, r:] = self.with_fixed
        if not r:
            return out
        out[r:, :r] = self.with_fixed[:r].T
        start = 0
        for gram in self.grams:
            q, _, n_levels = gram.shape
            stop = start + q * n_levels
            own = out[start:stop, start:stop].reshape(q, n_levels, q, n_levels)
            np.einsum("ajbj->abj", own)[:] = gram
            start = stop
        for (later, earlier), block in self.across.items():
            out[self.rows(later), self.rows(earlier)] = block
            out[self.rows(earlier), self.rows(later)] = block.T
        return out

    def times(self, columns: np.ndarray) -> np.ndarray:
        """The product with (m,) or (m, c)."""
        r = len(self.with_fixed) - self.with_fixed.shape[1]
        out = self.with_fixed @ columns[r:]
        out[r:] += self.with_fixed[:r].T @ columns[:r]
        for k, gram in enumerate(self.grams, 1):
            own = columns[self.rows(k)]
            levels = own.reshape(gram.shape[0], gram.shape[2], -1)
            out[self.rows(k)] += np.einsum("abj,bjc->ajc", gram, levels).reshape(own.shape)
        for (later, earlier), block in self.across.items():
            out[self.rows(later)] += block @ columns[self.rows(earlier)]
            out[self.rows(earlier)] += block.T @ columns[self.rows(later)]
        return out

    def with_outcome(self, column: np.ndarray) -> Rest:
        """The same with [Z_r X y]'y (m,) of another outcome."""
        changed = self.with_fixed.copy()
        changed[:, -1] = column
        changed[-1] = column[len(column) - changed.shape[1] :]
        return replace(self, with_fixed=changed)

    def with_fixed_combined(self, combined: np.ndarray) -> Rest:
        """The same with [X y] times a matrix (p + 1, s)."""
        r = len(self.with_fixed) - len(combined)
        changed = self.with_fixed @ combined
        return replace(self, with_fixed=np.concatenate([changed[:r], combined.T @ changed[r:]]))
