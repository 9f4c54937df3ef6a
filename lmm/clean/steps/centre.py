"""Where predictors have their zero and what their unit is; within and between groups apart (Mundlak 1978)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.step import Applied, Place
from lmm.study.steps import Centre


def names_after(settings: Mapping[str, Centre], names: list[str], place: Place) -> list[str]:
    """Return the names after the step: x_within and x_between come in where x is centred within groups."""
    after = list(names)
    for column, centre in settings.items():
        place.need(names, column)
        if centre.within is not None:
            place.need(names, centre.within)
            for new in _parts(column):
                place.refuse_taken(after, new)
                after.append(new)
    return after


def sources(settings: Mapping[str, Centre], wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels: those of groups are."""
    needed = dict.fromkeys(settings, False) | {name: text for name, text in wanted.items() if name in names}
    return needed | {centre.within: True for centre in settings.values() if centre.within is not None}


def apply(settings: Mapping[str, Centre], table: pd.DataFrame, place: Place) -> Applied:
    """Centre and scale over the rows the table has at this step that hold a value."""
    changed, told = {}, []
    for column, centre in settings.items():
        x = cells.numbers(table[column], place)
        if centre.within is not None:
            between = x.groupby(cells.labels(table[centre.within])).transform("mean")
            changed |= dict(zip(_parts(column), (x - between, between), strict=True))
            told.append(f"{column} was split into its mean in each {centre.within} and the difference from it")
            continue
        if centre.at is not None:
            zero = float(x.mean()) if centre.at == "mean" else centre.at
            x = x - zero
            told.append(f"{column} has its zero at {'the mean ' if centre.at == 'mean' else ''}{zero:.6g}")
        if centre.scale is not None:
            unit = float(x.std()) if centre.scale == "sd" else centre.scale
            if not unit > 0:
                raise place.mistake(f"{column} does not vary, so that it has no standard deviation to scale by.")
            x = x / unit
            told.append(
                f"{column} was divided by {'its standard deviation ' if centre.scale == 'sd' else ''}{unit:.6g}"
            )
        changed[column] = x
    sentence = "; ".join(told)
    return Applied(table.assign(**changed), f"{sentence}.")


def _parts(column: str) -> tuple[str, str]:
    return f"{column}_within", f"{column}_between"
