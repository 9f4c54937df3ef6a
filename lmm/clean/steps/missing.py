"""Codes that mean a missing value, column by column."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.columnwise import names_after, sources
from lmm.clean.steps.step import Applied, Place, listed, values

__all__ = ["apply", "names_after", "sources"]


def apply(settings: Mapping[str, list[str]], table: pd.DataFrame, place: Place) -> Applied:
    """Set the coded cells missing; a code that is a number stands for every way to write it."""
    told, changed, counts = [], {}, {}
    for column, codes in settings.items():
        coded = _coded(table[column], codes)
        changed[column] = table[column].mask(coded)
        counts[column] = int(coded.sum())
        told.append(f"{values(counts[column])} of {column} ({', '.join(codes)})")
    were = "was a code" if sum(counts.values()) == 1 else "were codes"
    return Applied(
        table.assign(**changed), f"{listed(told)} {were} for a missing value.", counts={"set_missing": counts}
    )


def _coded(column: pd.Series, codes: list[str]) -> np.ndarray:
    amounts = [cells.as_number(code) for code in codes]
    amounts = [amount for amount in amounts if amount == amount]
    coded = cells.parsed(column).isin(amounts).to_numpy()
    if not cells.is_numeric(column):
        coded = coded | cells.labels(column).str.strip().isin([code.strip() for code in codes]).to_numpy(dtype=bool)
    return coded
