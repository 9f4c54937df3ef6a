"""Missing values over time: which variable lacks how many at each time and in each arm, and who drops out when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lmm.clean.missing import complete_rows
from lmm.clean.times import subjects

MOST_TIMES, MOST_ARMS = 50, 12
"""A table of more times or arms would tell nothing: continuous times and labels of units are no occasions or arms."""


def missing_by_time(
    table: pd.DataFrame, outcome: str, time: str, groups: list[str], predictors: list[str]
) -> dict[str, Any] | None:
    """Return missing values by variable × time × arm and the pattern of dropout; None where time has no occasions.

    table: the prepared rows, those with missing values among them. An arm is a level of a categorical predictor. A
    subject has an occasion when some row holds its outcome. It may come late, miss occasions in between (intermittent)
    and drop out, each counted whatever the others.
    Dropout is told for all subjects, and by arm where each subject is in one arm only.
    """
    complete = complete_rows(table[[time, *_columns(groups)]])
    known = table if complete.all() else table[complete]
    if known[time].iloc[:10_000].nunique() > MOST_TIMES:  # of continuous times the first rows tell it
        return None
    place, occasions = pd.factorize(known[time].to_numpy(), sort=True)
    if not 2 <= len(occasions) <= MOST_TIMES:
        return None
    arms = [name for name in predictors if _is_arm(known[name])]
    variables = [name for name in known if name not in (time, *_columns(groups)) and known[name].isna().any()]
    counts = [entry for variable in variables for entry in _counts(known, variable, place, occasions, arms)]
    name, code = subjects(known, groups)
    seen = np.zeros((int(code.max(initial=-1)) + 1, len(occasions)), dtype=bool)
    present = known[outcome].notna().to_numpy()
    seen[code[present], place[present]] = True
    by_arm = [
        {"arm": arm, "level": level} | _pattern(seen[chosen], name, occasions)
        for arm in arms
        for level, chosen in _subjects_of_arm(known[arm], code, len(seen))
    ]
    return {"counts": counts, "dropout": _pattern(seen, name, occasions), "dropout_by_arm": by_arm}


def _columns(groups: list[str]) -> list[str]:
    return list(dict.fromkeys(column for group in groups for column in group.split(":")))


def _is_arm(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.CategoricalDtype) and 2 <= values.nunique() <= MOST_ARMS


def _counts(
    table: pd.DataFrame, variable: str, place: np.ndarray, occasions: np.ndarray, arms: list[str]
) -> list[dict[str, Any]]:
    """Return rows and missing values at each time, over all rows (arm None) and for each level of each arm.

    place: the position in `occasions` of each row.
    """
    lacking = table[variable].isna().to_numpy()
    everyone = pd.Categorical.from_codes(np.zeros(len(table), dtype=np.int8), ["all"])
    found = []
    for arm in (None, *(arm for arm in arms if arm != variable)):
        groups = everyone if arm is None else table[arm].array
        count = len(groups.categories)
        known = groups.codes >= 0
        cell = place * count + groups.codes
        rows = np.bincount(cell if known.all() else cell[known], minlength=len(occasions) * count)
        missing = np.bincount(cell[lacking & known], minlength=len(rows))
        for at in np.flatnonzero(rows):
            time, level = occasions[at // count], groups.categories[at % count]
            found.append(
                {
                    "variable": variable,
                    "time": float(time),
                    "arm": arm,
                    "level": None if arm is None else str(level),
                    "rows": int(rows[at]),
                    "missing": int(missing[at]),
                }
            )
    return found


def _subjects_of_arm(arm: pd.Series, code: np.ndarray, subjects: int) -> list[tuple[str, np.ndarray]]:
    """Return the subjects of each level of an arm as a mask; none where subjects change between its levels."""
    own = arm.cat.codes.to_numpy()
    known = own >= 0
    level = np.full(subjects, -1, dtype=own.dtype)
    level[code[known]] = own[known]
    if (level[code[known]] != own[known]).any():
        return []
    return [(str(arm.cat.categories[place]), level == place) for place in np.unique(level[level >= 0])]


def _pattern(seen: np.ndarray, name: str, occasions: np.ndarray) -> dict[str, Any]:
    """Count the subjects with every occasion, and those who came late, missed some in between, left, or never came."""
    count = seen.sum(axis=1)
    first, last = np.argmax(seen, axis=1), len(occasions) - 1 - np.argmax(seen[:, ::-1], axis=1)
    complete, never = count == len(occasions), count == 0
    late, left, gaps = ~never & (first > 0), ~never & (last < len(occasions) - 1), ~never & (count < last - first + 1)
    lasts = np.bincount(last[~never], minlength=len(occasions))
    return {
        "subject": name,
        "subjects": len(seen),
        "complete": int(complete.sum()),
        "came_late": int(late.sum()),
        "intermittent": int(gaps.sum()),
        "dropped_out": int(left.sum()),
        "never": int(never.sum()),
        "last": [{"time": float(at), "subjects": int(n)} for at, n in zip(occasions, lasts, strict=True)],
    }
