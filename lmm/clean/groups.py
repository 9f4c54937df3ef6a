"""Grouping factors as codes: the levels of a factor a or an interaction a:b that occur in the table."""

from __future__ import annotations

import numpy as np
import pandas as pd


def group_codes(table: pd.DataFrame, group: str) -> np.ndarray:
    """Return the level of each row, shape (rows,), as 0 … levels-1 without gaps; -1 where a part is missing."""
    codes = np.zeros(len(table), dtype=np.int64)
    missing = np.zeros(len(table), dtype=bool)
    for column in group.split(":"):
        part, labels = pd.factorize(table[column], sort=True)
        missing |= part < 0
        codes = pd.factorize(codes * (len(labels) + 1) + part, sort=True)[0]
    codes[~missing] = pd.factorize(codes[~missing], sort=True)[0]
    codes[missing] = -1
    return codes


def level_count(table: pd.DataFrame, group: str) -> int:
    """Return how many levels of a grouping factor occur."""
    return int(group_codes(table, group).max(initial=-1)) + 1


def rows_per_level(table: pd.DataFrame, group: str) -> np.ndarray:
    """Return the number of rows of each level, shape (levels,)."""
    codes = group_codes(table, group)
    return np.bincount(codes[codes >= 0])
