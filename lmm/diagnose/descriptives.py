"""The outcome in numbers before any model: over time and by arm, or by the levels of what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

    from lmm.study import Study

MOST_LEVELS = 12
_MOST_ROWS = 40


def descriptives(study: Study, table: pandas.DataFrame, audit: dict) -> dict[str, Any]:
    """Count, mean, standard deviation, minimum and maximum of the outcome in the rows analysed.

    Returns {"by": columns, "rows": [{"levels", "n", "mean", "sd", "minimum", "maximum"}], "all": the same of all rows}.
    The columns are the time and the first factor of the fixed part, as far as they have few values; without either,
    the first grouping factor that has few levels.
    """
    by = _columns(study, table, audit)
    outcome = table[study.outcome].to_numpy(dtype=float)
    rows = []
    if by:
        for levels, lines in table.groupby(by, observed=True, sort=True).indices.items():
            each = levels if isinstance(levels, tuple) else (levels,)
            labels = [level if isinstance(level, str) else _plain(level) for level in each]
            rows.append({"levels": labels, **_of(outcome[lines])})
    return {"by": by, "rows": rows, "all": _of(outcome)}


def _columns(study: Study, table: pandas.DataFrame, audit: dict) -> list[str]:
    arms = [one["name"] for one in audit["variables"] if one["type"] == "categorical" and "fixed" in one["roles"]]
    wanted = [study.time] if study.time in table else []
    wanted = [one for one in [*wanted, *arms[:1]] if 1 < table[one].nunique() <= MOST_LEVELS]
    if len(wanted) == 2 and table[wanted[0]].nunique() * table[wanted[1]].nunique() > _MOST_ROWS:
        wanted = wanted[:1]
    groups = [group for group in study.groups if group in table and table[group].nunique() <= MOST_LEVELS]
    return wanted or groups[:1]


def _plain(level: object) -> float | str:
    return float(level) if isinstance(level, (int, float, np.number)) else str(level)


def _of(values: np.ndarray) -> dict[str, float | int | None]:
    return {
        "n": len(values),
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)) if len(values) > 1 else None,
        "minimum": float(values.min()),
        "maximum": float(values.max()),
    }
