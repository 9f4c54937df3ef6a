"""Missing values over time: which variable lacks how many at each time and in each arm, and who drops out when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lmm.clean.times import subjects

MOST_TIMES, MOST_ARMS = 50, 12
"""A table of more times or arms would tell nothing: continuous times and labels of units are no occasions or arms."""


def missing_by_time(
    table: pd.DataFrame, outcome: str, time: str, groups: list[str], predictors: list[str]
) -> dict[str, Any] | None:
    """Return missing values by variable × time × arm and the pattern of dropout; None where time has no occasions.

    table: the prepared rows, those with missing values among them. An arm is a level of a categorical predictor. A
    subject has an occasion when some row holds its outcome; before its last one it may lack others (intermittent).
    """
    known = table[table[[time, *_columns(groups)]].notna().all(axis=1)]
    occasions = np.unique(known[time])
    if not 2 <= len(occasions) <= MOST_TIMES:
        return None
    arms = [name for name in predictors if _is_arm(known[name])]
    variables = [name for name in known if name not in (time, *_columns(groups)) and known[name].isna().any()]
    counts = [entry for variable in variables for entry in _counts(known, variable, time, arms)]
    return {"counts": counts, "dropout": _dropout(known, outcome, time, groups, occasions)}


def _columns(groups: list[str]) -> list[str]:
    return list(dict.fromkeys(column for group in groups for column in group.split(":")))


def _is_arm(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.CategoricalDtype) and 2 <= values.nunique() <= MOST_ARMS


def _counts(table: pd.DataFrame, variable: str, time: str, arms: list[str]) -> list[dict[str, Any]]:
    """Return rows and missing values at each time, over all rows (arm None) and for each level of each arm."""
    lacking = table[variable].isna()
    found = [
        {
            "variable": variable,
            "time": float(at),
            "arm": None,
            "level": None,
            "rows": len(part),
            "missing": int(part.sum()),
        }
        for at, part in lacking.groupby(table[time])
    ]
    for arm in arms:
        if arm == variable:
            continue
        for (at, level), part in lacking.groupby([table[time], table[arm]], observed=True):
            told = {"variable": variable, "time": float(at), "arm": arm, "level": str(level)}
            found.append(told | {"rows": len(part), "missing": int(part.sum())})
    return found


def _dropout(table: pd.DataFrame, outcome: str, time: str, groups: list[str], occasions: np.ndarray) -> dict[str, Any]:
    """Count the subjects with every occasion, those who left after their last one, and those with gaps before it."""
    name, code = subjects(table, groups)
    seen = np.zeros((code.max(initial=-1) + 1, len(occasions)), dtype=bool)
    present = table[outcome].notna().to_numpy()
    seen[code[present], np.searchsorted(occasions, table[time].to_numpy()[present])] = True
    count = seen.sum(axis=1)
    last = len(occasions) - 1 - np.argmax(seen[:, ::-1], axis=1)
    complete, never = count == len(occasions), count == 0
    left = ~complete & ~never & (count == last + 1)
    gaps = ~complete & ~never & ~left
    lasts = np.bincount(last[~never], minlength=len(occasions))
    return {
        "subject": name,
        "subjects": len(seen),
        "complete": int(complete.sum()),
        "dropped_out": int(left.sum()),
        "intermittent": int(gaps.sum()),
        "never": int(never.sum()),
        "last": [{"time": float(at), "subjects": int(n)} for at, n in zip(occasions, lasts, strict=True)],
    }
