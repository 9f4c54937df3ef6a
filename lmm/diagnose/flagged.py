"""The rows that an outlier step flagged before any model, for marks in the figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas

from lmm.diagnose.steps_taken import steps_taken

if TYPE_CHECKING:
    from lmm.study import Study


@dataclass(frozen=True)
class Flagged:
    """A value that lies far out: its line in the raw table, how far, and the rule; `kept` unless the rule drops it."""

    line: int | str
    column: str
    value: float
    score: float
    beyond: float
    by: str | None
    kept: bool


def flagged_values(study: Study, audit: dict) -> list[Flagged]:
    """The flagged values that the audit lists, step by step."""
    return [
        Flagged(
            line=found["line"],
            column=step.settings.column,
            value=found["value"],
            score=found["score"],
            beyond=step.settings.beyond,
            by=step.settings.by,
            kept=step.settings.otherwise == "show",
        )
        for step in steps_taken(study, audit)
        if step.kind == "outliers"
        for found in step.entry["flagged"]
    ]


def flagged_rows(study: Study, audit: dict, table: pandas.DataFrame) -> np.ndarray:
    """Which rows of the analysis table hold a flagged value, shape (rows,).

    Where one line became several rows, the row is known by its value, as long as the column still holds it.
    """
    marked = np.zeros(len(table), dtype=bool)
    kept = [found for found in flagged_values(study, audit) if found.kept]
    near = np.flatnonzero(table.index.isin([found.line for found in kept]))
    for found in kept:
        rows = near[table.index[near] == found.line]
        if len(rows) > 1 and found.column in table:
            rows = rows[table[found.column].to_numpy()[rows] == found.value]
        if len(rows) == 1:
            marked[rows] = True
    return marked
