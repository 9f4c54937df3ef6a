"""Several outcomes below each other: one column of values, and one that says which outcome it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lmm.clean.steps.step import Applied, Place, listed, rows
from lmm.clean.steps.wide import interleaved
from lmm.study.steps import Stack


def names_after(settings: Stack, names: list[str], place: Place) -> list[str]:
    """Return the names after the step: the other columns, the measure and the value."""
    for column in settings.columns:
        place.need(names, column)
    after = [name for name in names if name not in settings.columns]
    for new in (settings.measure, settings.value):
        place.refuse_taken(after, new)
        after.append(new)
    return after


def sources(settings: Stack, wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels."""
    stacked = {name: wanted.get(settings.value, False) for name in settings.columns}
    return {name: text for name, text in wanted.items() if name in names} | stacked


def apply(settings: Stack, table: pd.DataFrame, place: Place) -> Applied:
    """Give each row one row for each outcome, in the order in which they are listed; the lines repeat."""
    count = len(settings.columns)
    kept = table[[name for name in table.columns if name not in settings.columns]]
    long = kept.iloc[np.repeat(np.arange(len(table)), count)].copy()
    measures = pd.Series(settings.columns * len(table), index=long.index, dtype="str")
    long[settings.measure] = measures.astype(pd.CategoricalDtype(settings.columns))
    long[settings.value] = interleaved([table[name] for name in settings.columns], table, long.index)
    return Applied(
        long,
        f"The columns {listed(settings.columns)} became {rows(count)} for each row, with the value in "
        f"{settings.value} and its column in {settings.measure}.",
    )
