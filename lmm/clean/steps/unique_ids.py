"""Labels that start anew in each level of an outer factor become unique: cask a of batch B is B:a."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.columnwise import names_after as same_names
from lmm.clean.steps.step import Applied, Place, listed


def names_after(settings: Mapping[str, str], names: list[str], place: Place) -> list[str]:
    """Return the names after the step: the same."""
    for outer in settings.values():
        place.need(names, outer)
    return same_names(settings, names, place)


def sources(settings: Mapping[str, str], wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step; the cells of both factors are labels."""
    return dict(wanted) | dict.fromkeys([*settings, *settings.values()], True)


def apply(settings: Mapping[str, str], table: pd.DataFrame, place: Place) -> Applied:
    """Put the outer label before the inner one; missing where either is."""
    told = []
    for inner, outer in settings.items():
        before = cells.labels(table[inner])
        made = cells.categories(cells.labels(table[outer]) + ":" + before)
        table = table.assign(**{inner: made})
        told.append(
            f"the {before.nunique():,} labels of {inner} start anew in each {outer} and became {made.nunique():,}, "
            f"{outer}:{inner}"
        )
    return Applied(table, f"{_capital(listed(told))}.")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
