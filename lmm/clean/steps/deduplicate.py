"""Rows that are the same observation become one, by a declared rule."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lmm.clean.shown import line_of_files
from lmm.clean.steps import cells
from lmm.clean.steps.step import Applied, Place, listed, reasons_for, rows
from lmm.study.steps import Deduplicate


def names_after(settings: Deduplicate, names: list[str], place: Place) -> list[str]:
    """Return the names after the step: the same."""
    for column in settings.by:
        place.need(names, column)
    return names


def sources(settings: Deduplicate, wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels."""
    return dict.fromkeys(settings.by, False) | dict(wanted)


def apply(settings: Deduplicate, table: pd.DataFrame, place: Place) -> Applied:
    """Keep one row of each observation; a row that lacks one of the columns is no duplicate of any."""
    by = listed(settings.by)
    whole = np.flatnonzero(table[settings.by].notna().all(axis=1).to_numpy())
    observation = table[settings.by].iloc[whole].groupby(settings.by, observed=True, sort=False).ngroup().to_numpy()
    repeated = np.bincount(observation, minlength=1)[observation] > 1
    if settings.keep == "error" and repeated.any():
        again = whole[repeated][observation[repeated] == observation[repeated][0]]
        raise place.mistake(
            f"{line_of_files(place.files, table.index[again[0]])} and line {table.index[again[1]]} have the same {by} "
            f"({_shown(table[settings.by].iloc[again[0]])}); say with keep which one stays: first, last or mean."
        )
    order = slice(None, None, -1) if settings.keep == "last" else slice(None)
    place_of_kept = np.empty(observation.max(initial=-1) + 1, dtype=np.intp)
    # the last assignment wins, so that walking backwards leaves the first row of each observation
    place_of_kept[observation[order][::-1]] = whole[order][::-1]
    stays = np.ones(len(table), dtype=bool)
    stays[whole] = place_of_kept[observation] == whole
    left = table
    if settings.keep == "mean":
        left = _averaged(table, whole, observation, place_of_kept, settings.by, place)
    dropped = whole[~stays[whole]]
    kept = table.index[place_of_kept[observation[~stays[whole]]]]
    verb = "averaged into" if settings.keep == "mean" else "same observation as"
    reasons = reasons_for(table.index[dropped], [f"{verb} line {line} ({by})" for line in kept])
    how = "their numbers were averaged" if settings.keep == "mean" else f"the {settings.keep} of each stayed"
    sentence = f"{rows(len(dropped))} repeated the {by} of another row; {how}."
    return Applied(left[stays], sentence if len(dropped) else f"No two rows have the same {by}.", reasons)


def _averaged(
    table: pd.DataFrame, whole: np.ndarray, observation: np.ndarray, kept: np.ndarray, by: list[str], place: Place
) -> pd.DataFrame:
    """Return the table with the mean of each observation's numbers in the row that stays; labels must agree."""
    changed = {}
    for name in table.columns.difference(by, sort=False):
        column = table[name]
        cell = column.iloc[whole]
        if not cells.is_numeric(column):
            codes = pd.factorize(cell)[0]
            differs = codes != codes[np.searchsorted(whole, kept[observation])]
            if differs.any():
                raise place.mistake(
                    f"the column {name} holds no numbers and differs between rows of the same {listed(by)}, first in "
                    f"{place.line(differs, cell)}; keep the first or the last, or make {name} numeric before."
                )
            continue
        means = cell.astype(np.float64).groupby(observation).mean()
        values = column.astype(np.float64).to_numpy(copy=True)
        values[kept] = means.to_numpy()
        changed[name] = pd.Series(values, index=table.index)
    return table.assign(**changed)


def _shown(row: pd.Series) -> str:
    return ", ".join(cells.number_label(value) if isinstance(value, float) else str(value) for value in row)
