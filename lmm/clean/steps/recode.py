"""New values of columns: each listed value becomes another, the rest stay or become one."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.columnwise import names_after, sources
from lmm.clean.steps.step import Applied, Place, listed, values

__all__ = ["apply", "names_after", "sources"]

OTHERS = "others"


def apply(settings: Mapping[str, Mapping[str, str | None]], table: pd.DataFrame, place: Place) -> Applied:
    """Recode each column."""
    told, changed, counts = [], {}, {}
    for column, mapping in settings.items():
        changed[column], counts[column] = _recoded(table[column], mapping)
        told.append(f"{values(counts[column])} of {column}{_unmet(cells.labels(table[column]), mapping)}")
    return Applied(table.assign(**changed), f"{listed(told)} were recoded.", counts={"recoded": counts})


def _unmet(text: pd.Series, mapping: Mapping[str, str | None]) -> str:
    """Say which listed values do not occur: one of them may be a misprint."""
    found = text.dropna().str.strip().unique().tolist()
    amounts = {amount for label in found if (amount := cells.as_number(label)) == amount}
    absent = [key for key in mapping if key != OTHERS and key.strip() not in found]
    absent = [key for key in absent if cells.as_number(key) not in amounts]
    return f" (none is {' or '.join(map(repr, absent))})" if absent else ""


def _recoded(column: pd.Series, mapping: Mapping[str, str | None]) -> tuple[pd.Series, int]:
    """Return the new column, and how many values the mapping or others changed."""
    text = cells.labels(column)
    found = text.dropna().unique().tolist()
    given = {label: label for label in mapping if label != OTHERS}
    # 1, 1.0 and 01 in a column of numbers are the same number
    same = {cells.as_number(label): label for label in given if cells.is_numeric(column)}
    new = {}
    for label in found:
        key = given.get(label) or given.get(label.strip()) or same.get(cells.as_number(label))
        new[label] = mapping[key] if key is not None else mapping.get(OTHERS, label)
    recoded = text.astype(object).map(new)
    count = int((text.notna() & (recoded.isna() | (recoded.astype("str") != text))).sum())
    if cells.is_numeric(column) and all(cells.as_number(label) == cells.as_number(label) for label in recoded.dropna()):
        return cells.parsed(recoded.astype("str")), count
    if isinstance(column.dtype, pd.CategoricalDtype):
        return cells.relabelled(column, new), count
    return recoded.astype("str"), count
