"""Missing values: one mask over all variables of all candidates, and what each variable costs in rows."""

from __future__ import annotations

import numpy as np
import pandas as pd


def complete_rows(table: pd.DataFrame) -> np.ndarray:
    """Return which rows have a value in every column, shape (rows,)."""
    complete = np.ones(len(table), dtype=bool)
    for column in table:
        complete &= table[column].notna().to_numpy()
    return complete


def cost(table: pd.DataFrame) -> list[dict[str, str | int]]:
    """Return for each variable its missing values and the rows that are lost by it alone.

    Rows lost alone have every other variable: leaving the variable out of all candidates would bring them back.
    """
    missing = table[~complete_rows(table)].isna().to_numpy()
    alone = missing & (missing.sum(axis=1, keepdims=True) == 1)
    return [
        {"variable": column, "missing": int(missing[:, place].sum()), "rows_lost_alone": int(alone[:, place].sum())}
        for place, column in enumerate(table.columns)
    ]


def reasons(table: pd.DataFrame) -> pd.Series:
    """Return for each row with a missing value which variables it lacks, as "no Days, no Subject"."""
    incomplete = table[~complete_rows(table)].isna()
    told = pd.Series("", index=incomplete.index, dtype=str)
    for column in incomplete:
        told += np.where(incomplete[column], f", no {column}", "")
    return told.str.removeprefix(", ")
