"""Plausible ranges and allowed values; pandera finds what lies outside."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lmm.clean.shown import number
from lmm.clean.steps import cells
from lmm.clean.steps.columnwise import names_after, sources
from lmm.clean.steps.step import Applied, Place, listed, reasons_for, rows, values
from lmm.study import nearest
from lmm.study.steps import Check

__all__ = ["apply", "names_after", "sources"]


def apply(settings: Mapping[str, Check], table: pd.DataFrame, place: Place) -> Applied:
    """Refuse values outside, set them missing, or leave out their rows; all are found before any is changed."""
    told, counts, changed = [], {}, {}
    reasons = np.full(len(table), "", dtype=object)
    leave = np.zeros(len(table), dtype=bool)
    for column, check in settings.items():
        looked_at = cells.labels(table[column]) if check.allowed else cells.numbers(table[column], place)
        outside = _outside(looked_at, check)
        counts[column] = int(outside.sum())
        if check.otherwise == "error" and outside.any():
            raise place.mistake(
                f"{column} is {cells.shown(looked_at, outside)} in {place.line(outside, table)}, {_not(check)}"
                f"{_hint(looked_at, outside, check)}; mend that cell, or say otherwise: missing or drop."
            )
        if check.otherwise == "missing":
            changed[column] = table[column].mask(outside)
        if check.otherwise == "drop":
            leave |= outside
            shown = [cells.number_label(v) if isinstance(v, float) else v for v in looked_at[outside]]
            reasons[outside] += np.array([f"; {column} is {value}, {_not(check)}" for value in shown], dtype=object)
        done = {"error": "", "missing": " and set missing", "drop": " and their rows left out"}[check.otherwise]
        told.append(f"{column} ({_range(check)}): {values(counts[column])} outside{done if counts[column] else ''}")
    sentence = f"Values were checked; {'; '.join(told)}."
    if leave.any():
        sentence = sentence[:-1] + f"; {rows(int(leave.sum()))} left out."
    return Applied(
        table.assign(**changed)[~leave],
        sentence,
        reasons_for(table.index[leave], [reason.removeprefix("; ") for reason in reasons[leave]]),
        {"outside": counts},
    )


def _outside(column: pd.Series, check: Check) -> np.ndarray:
    """Return where a value is present and not plausible, shape (rows,)."""
    import pandera.pandas as pandera

    if check.allowed is not None:
        checks = [pandera.Check.isin(check.allowed)]
    else:
        checks = [pandera.Check.ge(check.minimum)] if check.minimum is not None else []
        checks += [pandera.Check.le(check.maximum)] if check.maximum is not None else []
    # by position, because lines repeat once rows were multiplied
    plain = pd.Series(column.astype(object).to_numpy() if check.allowed else column.to_numpy(), dtype=None).dropna()
    outside = np.zeros(len(column), dtype=bool)
    if plain.empty:
        return outside
    try:
        pandera.SeriesSchema(checks=checks).validate(plain, lazy=True)
    except pandera.errors.SchemaErrors as error:
        outside[error.failure_cases["index"].astype(int).to_numpy()] = True
    return outside


def _range(check: Check) -> str:
    if check.allowed is not None:
        return listed(check.allowed)
    low = f"from {number(check.minimum)}" if check.minimum is not None else ""
    high = f"to {number(check.maximum)}" if check.maximum is not None else ""
    return f"{low} {high}".strip()


def _not(check: Check) -> str:
    return f"not among {_range(check)}" if check.allowed is not None else f"not {_range(check)}"


def _hint(column: pd.Series, outside: np.ndarray, check: Check) -> str:
    near = nearest(str(column[outside].iloc[0]), check.allowed) if check.allowed else None
    return f" (did you mean {near!r}?)" if near else ""
