"""Grouping factors as codes: the levels of a factor a or an interaction a:b that occur in the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from lmm.clean.factorized import Factorized


def group_codes(table: pd.DataFrame, group: str, factorized: Mapping[str, Factorized] | None = None) -> np.ndarray:
    """Return the level of each row, shape (rows,), as 0 … levels-1 without gaps; -1 where a part is missing.

    Codes are integers of any size: make them int64 before reckoning with them. factorized: columns of the table that
    are factorized already, in whatever order; then the levels are in no order.
    """
    first, *others = group.split(":")
    known = factorized or {}
    codes, levels = _column_codes(table[first], known.get(first))
    for column in others:
        part, width = _column_codes(table[column], known.get(column))
        both = np.where((codes < 0) | (part < 0), -1, codes.astype(np.int64) * width + part)
        codes, levels = without_gaps(both, levels * width)
    return codes


def level_count(table: pd.DataFrame, group: str, factorized: Mapping[str, Factorized] | None = None) -> int:
    """Return how many levels of a grouping factor occur; factorized: columns that are factorized already."""
    if factorized and group in factorized:
        return len(factorized[group][1])
    return int(group_codes(table, group, factorized).max(initial=-1)) + 1


def rows_per_level(table: pd.DataFrame, group: str) -> np.ndarray:
    """Return the number of rows of each level, shape (levels,)."""
    return rows_of_codes(group_codes(table, group))


def rows_of_codes(codes: np.ndarray) -> np.ndarray:
    """Return the number of rows of each code from 0, shape (codes,); -1 is left out."""
    return np.bincount(codes[codes >= 0] if codes.min(initial=0) < 0 else codes)


def without_gaps(codes: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    """Return codes below `size` as 0 … levels-1 in the same order, -1 staying, and the number of levels."""
    if size <= few(len(codes)):
        occurs = occurring(codes, size)
        levels = int(np.count_nonzero(occurs))
        if levels == size:
            return codes, levels
        new = np.append(np.cumsum(occurs) - 1, -1)
        return new[codes], levels
    known = codes >= 0
    part, found = pd.factorize(codes[known], sort=True)
    new = np.full(len(codes), -1, dtype=np.int64)
    new[known] = part
    return new, len(found)


def occurring(codes: np.ndarray, size: int) -> np.ndarray:
    """Say of each code below `size` whether some row has it, shape (size,); -1 stands for none."""
    occurs = np.zeros(size + 1, dtype=bool)
    for rows in blocks_of_rows(len(codes)):
        occurs[codes[rows]] = True
    return occurs[:size]


def few(rows: int) -> int:
    """Return up to how many cells a table over all of them is faster than hashing the rows, as measured."""
    return 4 * rows + 1000


def blocks_of_rows(rows: int) -> Iterator[slice]:
    """Yield slices that cover the rows, so short that what is made of one stays in a processor's cache."""
    return (slice(start, start + (1 << 16)) for start in range(0, rows, 1 << 16))


def _column_codes(values: pd.Series, factorized: Factorized | None) -> tuple[np.ndarray, int]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return without_gaps(values.cat.codes.to_numpy(), len(values.cat.categories))
    codes, labels = factorized or pd.factorize(values, sort=True)
    return codes, len(labels)
