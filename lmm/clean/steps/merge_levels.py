"""Levels put together under one name."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.columnwise import names_after
from lmm.clean.steps.step import Applied, Place, listed, values
from lmm.study import nearest

__all__ = ["apply", "names_after", "sources"]


def sources(settings: Mapping[str, object], wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step; the cells of those with levels are labels."""
    return dict(wanted) | dict.fromkeys(settings, True)


def apply(settings: Mapping[str, Mapping[str, list[str]]], table: pd.DataFrame, place: Place) -> Applied:
    """Replace each listed level by the name it goes under; a level that does not occur is a misprint."""
    told, changed = [], {}
    for column, merged in settings.items():
        labels = cells.labels(table[column])
        found = labels.dropna().unique().tolist()
        new: dict[str, str] = {}
        for name, levels in merged.items():
            for level in levels:
                if level not in found:
                    near = nearest(level, found)
                    hint = f"did you mean {near!r}?" if near else f"its levels are {listed(found, 20)}."
                    raise place.mistake(f"{column} has no level {level!r}; {hint}")
                if level in new:
                    raise place.mistake(f"the level {level!r} of {column} is named twice; name it once.")
                new[level] = name
        changed[column] = cells.relabelled(table[column], new)
        told += [f"{listed(levels)} of {column} as {name}" for name, levels in merged.items()]
        told[-1] += f" ({values(int(labels.isin(list(new)).sum()))})"
    return Applied(table.assign(**changed), f"Levels were put together: {listed(told)}.")
