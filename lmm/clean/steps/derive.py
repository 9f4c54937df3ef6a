"""New columns from expressions."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps import expression
from lmm.clean.steps.step import Applied, Place, listed


def names_after(settings: Mapping[str, str], names: list[str], place: Place) -> list[str]:
    """Return the names after the step."""
    after = list(names)
    for new, text in settings.items():
        expression.columns_of(text, after, place)
        if new not in after:
            after.append(new)
    return after


def sources(settings: Mapping[str, str], wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels."""
    needed = dict(wanted)
    for new, text in reversed(settings.items()):
        needed.pop(new, None)
        for name in expression.names_in(text):
            needed.setdefault(name, False)
    return {name: text for name, text in needed.items() if name in names}


def apply(settings: Mapping[str, str], table: pd.DataFrame, place: Place) -> Applied:
    """Add each column; a later one may use an earlier one."""
    told = []
    for new, text in settings.items():
        made = expression.column(text, table, place)
        lacking = int(made.isna().sum())
        told.append(f"{new} = {text}" + (f" (no value in {lacking:,} of {len(made):,} rows)" if lacking else ""))
        table = table.assign(**{new: made})
    return Applied(table, f"New columns were derived: {listed(told)}.")
