"""What can be seen of each column of a table without knowing what it is for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmm.clean.structure import incidence


@dataclass(frozen=True, eq=False)
class Column:
    """A column: its cells, and each row's level as a code 0 … levels-1, shape (rows,), -1 where missing."""

    name: str
    cells: pd.Series
    codes: np.ndarray
    labels: tuple[object, ...]

    @property
    def levels(self) -> int:
        """How many different values occur."""
        return len(self.labels)

    @property
    def numeric(self) -> bool:
        """Whether all cells are numbers."""
        return self.cells.dtype.kind in "iuf"

    @property
    def whole(self) -> bool:
        """Whether all cells are whole numbers."""
        values = self.cells.dropna()
        return self.numeric and bool((values == np.floor(values)).all())

    @property
    def mixed(self) -> bool:
        """Whether labels of text look like numbers."""
        return not self.numeric and bool(
            pd.to_numeric(pd.Series(list(map(str, self.labels))), errors="coerce").notna().any()
        )

    @property
    def missing(self) -> int:
        """How many cells are missing."""
        return int((self.codes < 0).sum())

    @property
    def counts(self) -> np.ndarray:
        """Rows of each level, shape (levels,)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=self.levels)

    @property
    def numbered(self) -> bool:
        """Whether the labels are running numbers from 0 or 1, or single letters."""
        if self.whole:
            numbers = np.array(self.labels, dtype=float)
            return numbers.min() in (0, 1) and numbers.max() - numbers.min() + 1 == self.levels
        return all(len(str(label).strip()) == 1 for label in self.labels)


def look(cells: pd.DataFrame) -> list[Column]:
    """Return the columns of a table, those left out that hold nothing."""
    return [column for column in (_column(str(name), cells[name]) for name in cells) if column.levels > 0]


def _column(name: str, cells: pd.Series) -> Column:
    codes, labels = pd.factorize(cells, sort=True)
    return Column(name, cells, codes.astype(np.int64), tuple(labels))


def constant_within(column: Column, group: Column) -> bool:
    """Whether each level of the group has one value of the column, where both are there."""
    both = (column.codes >= 0) & (group.codes >= 0)
    pairs = pd.unique(group.codes[both] * column.levels + column.codes[both])
    return len(pairs) == len(pd.unique(group.codes[both]))


def same_rows(first: Column, second: Column) -> bool:
    """Whether two columns divide the rows alike."""
    return constant_within(first, second) and constant_within(second, first)


def crossed_everywhere(column: Column, group: Column) -> bool:
    """Whether every value of the column occurs in every level of the group."""
    both = (column.codes >= 0) & (group.codes >= 0)
    return incidence(group.codes[both], column.codes[both]).complete


def alike_within(column: Column, group: Column) -> bool:
    """Whether each level of the group has two rows or more of each value of the column, and equally many of each.

    So it is by design: every dog is seen equally often on its left and on its right side. A tenth may depart from it.
    """
    both = (column.codes >= 0) & (group.codes >= 0)
    cells = np.zeros((group.levels, column.levels), dtype=np.int64)
    np.add.at(cells, (group.codes[both], column.codes[both]), 1)
    alike = (cells.min(axis=1) == cells.max(axis=1)) & (cells.min(axis=1) > 1)
    return bool(alike.mean() >= 0.9)


def straight_line(first: Column, second: Column) -> bool:
    """Whether two numeric columns are the same but for unit and origin."""
    both = first.cells.notna().to_numpy() & second.cells.notna().to_numpy()
    x, y = (column.cells.to_numpy(dtype=float)[both] for column in (first, second))
    if both.sum() < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return False
    x, y = (x - x.mean()) / np.ptp(x), (y - y.mean()) / np.ptp(y)
    return bool(abs(x @ y) >= (1 - 1e-9) * np.sqrt((x @ x) * (y @ y)))


def centred_within(column: Column, group: Column) -> bool:
    """Whether a numeric column has mean zero in each level of the group: it was centred there."""
    values = column.cells.groupby(group.codes).mean()
    return bool(np.abs(values).max() <= 1e-6 * column.cells.std())
