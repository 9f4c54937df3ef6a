"""Which rows stay, by a condition and for a reason."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps import expression
from lmm.clean.steps.step import Applied, Place, reasons_for, rows
from lmm.study.steps import Filter


def names_after(settings: Filter, names: list[str], place: Place) -> list[str]:
    """Return the names after the step: the same."""
    expression.columns_of(settings.keep, names, place)
    return names


def sources(settings: Filter, wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels."""
    used = [name for name in expression.names_in(settings.keep) if name in names]
    return {name: False for name in used} | dict(wanted)


def apply(settings: Filter, table: pd.DataFrame, place: Place) -> Applied:
    """Keep the rows where the condition is true; where it has no value, it is not."""
    kept = expression.truth(settings.keep, table, place)
    stay = (kept.fillna(0) != 0).to_numpy()
    unknown = kept.isna().to_numpy()
    because = settings.because.strip().rstrip(".")
    reasons = reasons_for(table.index, because)
    reasons[unknown] = f"{because} ({settings.keep} has no value)"
    sentence = (
        f"{rows(int((~stay).sum()))} {_were((~stay).sum())} left out ({because}); rows stay where {settings.keep}"
    )
    if unknown.any():
        sentence += f", which has no value in {int(unknown.sum())} of those left out"
    return Applied(table[stay], sentence + ".", reasons[~stay], {"without_value": int(unknown.sum())})


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
