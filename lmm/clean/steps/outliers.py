"""Values far from the others: shown in the audit, left out only by a declared rule."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.step import Applied, Place, reasons_for, values
from lmm.study.steps import Outliers

MOST_SHOWN = 50
CONSISTENT = 1.4826
"""Makes the median absolute deviation estimate the standard deviation of normal data (Hampel 1974)."""


def names_after(settings: Outliers, names: list[str], place: Place) -> list[str]:
    """Return the names after the step: the same."""
    for column in filter(None, (settings.column, settings.by)):
        place.need(names, column)
    return names


def sources(settings: Outliers, wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels: those of groups are."""
    return {settings.column: False} | dict(wanted) | ({settings.by: True} if settings.by else {})


def apply(settings: Outliers, table: pd.DataFrame, place: Place) -> Applied:
    """Flag by the robust z-score; where half of the values are equal the deviation is 0 and nothing is flagged."""
    x = cells.numbers(table[settings.column], place)
    deviation = (x - _median(x, table, settings)).abs()
    spread = CONSISTENT * _median(deviation, table, settings)
    with np.errstate(all="ignore"):
        score = (deviation / spread).where(spread > 0)
    far = (score > settings.beyond).to_numpy()
    beyond = f"more than {settings.beyond:g} robust standard deviations from the median"
    beyond += f" of their {settings.by}" if settings.by else ""
    flagged = [
        {"line": _plain(line), "value": float(value), "score": float(z)}
        for line, value, z in zip(table.index[far][:MOST_SHOWN], x[far], score[far], strict=False)
    ]
    drop = settings.otherwise == "drop"
    count = int(far.sum())
    done = ("left out" if drop else "kept") if count else ""
    sentence = (
        f"{values(count)} of {settings.column} lie{'s' if count == 1 else ''} {beyond}{f'; {done}' if done else ''}."
    )
    flat = int(((spread == 0) & (deviation > 0)).sum())
    if flat:
        sentence = f"{sentence[:-1]}; {values(flat)} could not be judged, because half of the others or more are equal."
    reasons = (
        [f"outlier: {settings.column} is {cells.number_label(value)}, {beyond}" for value in x[far]] if drop else []
    )
    return Applied(
        table[~far] if drop else table,
        sentence,
        reasons_for(table.index[far] if drop else pd.Index([]), reasons),
        {"flagged": flagged, "flagged_count": count},
    )


def _median(x: pd.Series, table: pd.DataFrame, settings: Outliers) -> pd.Series:
    if settings.by is None:
        return pd.Series(x.median(), index=x.index)
    return x.groupby(cells.labels(table[settings.by])).transform("median")


def _plain(line: object) -> object:
    return int(line) if isinstance(line, int | np.integer) else str(line)
