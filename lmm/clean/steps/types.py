"""What the cells of a column are: numbers, categories or dates."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.columnwise import names_after
from lmm.clean.steps.step import Applied, Place, listed

__all__ = ["apply", "names_after", "sources"]


def sources(settings: Mapping[str, str], wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step; 007 is a label where the type says so, and dates are read as text."""
    return dict(wanted) | {name: kind != "numeric" for name, kind in settings.items()}


def apply(settings: Mapping[str, str], table: pd.DataFrame, place: Place) -> Applied:
    """Give each column its type, or say which cell does not have it."""
    changed = {}
    for column, kind in settings.items():
        if kind == "numeric":
            changed[column] = cells.numbers(table[column], place)
        elif kind == "categorical":
            changed[column] = cells.categories(table[column])
        else:
            changed[column] = cells.dates(table[column], place, kind.removeprefix("date").strip() or None)
    told = listed(f"{column} as {kind}" for column, kind in settings.items())
    return Applied(table.assign(**changed), f"Columns were read by type: {told}.")
