"""Grouping factors as codes: the levels of a factor a or an interaction a:b that occur in the table."""

from __future__ import annotations

import numpy as np
import pandas as pd


def group_codes(table: pd.DataFrame, group: str) -> np.ndarray:
    """Return the level of each row, shape (rows,), as 0 … levels-1 without gaps; -1 where a part is missing."""
    first, *others = group.split(":")
    codes, levels = _column_codes(table[first])
    for column in others:
        part, width = _column_codes(table[column])
        both = np.where((codes < 0) | (part < 0), -1, codes * width + part)
        codes, levels = without_gaps(both, levels * width)
    return codes


def level_count(table: pd.DataFrame, group: str) -> int:
    """Return how many levels of a grouping factor occur."""
    if ":" not in group and not isinstance(table[group].dtype, pd.CategoricalDtype):
        return int(table[group].nunique())
    return int(group_codes(table, group).max(initial=-1)) + 1


def rows_per_level(table: pd.DataFrame, group: str) -> np.ndarray:
    """Return the number of rows of each level, shape (levels,)."""
    return np.bincount(group_codes(table, group) + 1, minlength=1)[1:]


def without_gaps(codes: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    """Return codes below `size` as 0 … levels-1 in the same order, -1 staying, and the number of levels."""
    if size <= few(len(codes)):
        occurs = np.zeros(size + 1, dtype=bool)
        occurs[codes] = True  # -1 is the last
        levels = np.count_nonzero(occurs[:size])
        if levels == size:
            return codes, levels
        new = np.cumsum(occurs) - 1
        new[size] = -1
        return new[codes], levels
    known = codes >= 0
    part, found = pd.factorize(codes[known], sort=True)
    new = np.full(len(codes), -1, dtype=np.int64)
    new[known] = part
    return new, len(found)


def few(rows: int) -> int:
    """Return up to how many cells a table over all of them is faster than hashing the rows, as measured."""
    return 4 * rows + 1000


def _column_codes(values: pd.Series) -> tuple[np.ndarray, int]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return without_gaps(values.cat.codes.to_numpy(dtype=np.int64), len(values.cat.categories))
    codes, labels = pd.factorize(values, sort=True)
    return codes, len(labels)
