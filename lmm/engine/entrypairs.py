"""Pairs of the entries that a level has in a sparse border, and the cells of a dense matrix that they belong to.

C_j'G_jC_j adds to a few cells of a matrix (m, m), C_jNC_j' reads the same ones: which these are depends on the pattern
of C alone and is found once. A general sparse product would look for them at every evaluation of the deviance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# Runs of pairs that fit the cache, and as many as are worth the memory.
_AT_ONCE = 100_000
_REMEMBERED = 15_000_000


@dataclass(frozen=True)
class Run:
    """The pairs of a run of levels: every entry with itself and with those after it in its level.

    Attributes:
        levels, entries: the run.
        partners: (entries,) how many pairs each entry is the first of.
        second: (n,) the other entry, counted from the first of the run.
        cell: (n,) of `EntryPairs.cells`, that of the column of the second entry in the row of the first.
        same: (entries,) the pairs of an entry with itself.
        offsets: (levels,) where the pairs of each level start.
    """

    levels: slice
    entries: slice
    partners: np.ndarray
    second: np.ndarray
    cell: np.ndarray
    same: np.ndarray
    offsets: np.ndarray

    def products(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Of a value (nnz,) of the first entry of each pair and one of the second; `take` is faster than an index."""
        out = np.repeat(left[self.entries], self.partners)
        out *= right[self.entries].take(self.second)
        return out


class EntryPairs:
    """All pairs, in runs of levels.

    Attributes:
        cells: (c,) places in a flat matrix (m, m), on its diagonal or above, that some pair belongs to.
        mirrored: (c,) the same below the diagonal.
    """

    def __init__(self, indices: np.ndarray, pointers: np.ndarray, m: int):
        """Find the cells.

        Args:
            indices: (nnz,) columns of the entries, rising within a level.
            pointers: (J + 1,) where each level starts.
            m: order of the matrix.
        """
        self._indices, self._pointers, self._m = indices, pointers, m
        counts = np.diff(pointers).astype(np.int64)
        self._counts = counts
        self._cumulative = np.concatenate([[0], np.cumsum(counts * (counts + 1) // 2)])
        used = np.zeros(m * m, dtype=bool)
        for start, stop in self._stretches():
            used[self._position(*self._entries(start, stop)[:2])] = True
        place = np.min_scalar_type(m * m)
        self.cells = np.flatnonzero(used).astype(place)
        del used
        row, column = np.divmod(self.cells, m)
        self.mirrored = (column * m + row).astype(place)
        self._cell_at = np.empty(m * m, dtype=np.int32)
        self._cell_at[self.cells] = np.arange(len(self.cells))
        self._remembered: list[Run] = []
        if self._cumulative[-1] <= _REMEMBERED:
            self._remembered = [self._run(start, stop) for start, stop in self._stretches()]
            del self._cell_at

    def runs(self) -> Iterator[Run]:
        """One after the other, so that memory stays bounded."""
        if self._remembered:
            yield from self._remembered
        else:
            for start, stop in self._stretches():
                yield self._run(start, stop)

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """First level of every run and the one after its last."""
        start, n_levels = 0, len(self._counts)
        while start < n_levels:
            reach = np.searchsorted(self._cumulative, self._cumulative[start] + _AT_ONCE, side="right") - 1
            stop = min(n_levels, max(start + 1, int(reach)))
            yield start, stop
            start = stop

    def _entries(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """First and second entry of every pair, and the pairs of an entry with itself."""
        entries = np.arange(self._pointers[start], self._pointers[stop])
        partners = np.repeat(self._pointers[start + 1 : stop + 1], self._counts[start:stop]) - entries
        first, same = np.repeat(entries, partners), np.cumsum(partners) - partners
        return first, np.arange(len(first)) - np.repeat(same, partners) + first, same

    def _position(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return self._indices[first].astype(np.int64) * self._m + self._indices[second]

    def _run(self, start: int, stop: int) -> Run:
        first, second, same = self._entries(start, stop)
        entries = slice(int(self._pointers[start]), int(self._pointers[stop]))
        return Run(
            levels=slice(start, stop),
            entries=entries,
            partners=np.diff(same, append=len(first)),
            second=(second - entries.start).astype(np.min_scalar_type(entries.stop - entries.start)),
            cell=self._cell_at[self._position(first, second)],
            same=same,
            offsets=self._cumulative[start:stop] - self._cumulative[start],
        )
