"""The audit: what was read, what was left out and why, and what is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from lmm import provenance
from lmm.clean import missing, near_labels
from lmm.clean.dropout import missing_by_time
from lmm.clean.groups import level_count, rows_per_level
from lmm.clean.read import column_count, source_hash
from lmm.clean.roles import GROUP, PREDICTOR, SLOPE, TIME
from lmm.clean.rowhash import row_hash
from lmm.clean.structure import structure, varies_within
from lmm.clean.times import describe_times
from lmm.study import Study


def audit(
    study: Study,
    folder: Path,
    roles: dict[str, tuple[str, ...]],
    rows_read: int,
    taken: list[dict[str, Any]],
    raw: pd.DataFrame,
    table: pd.DataFrame,
) -> dict[str, Any]:
    """Return the account of one cleaning: `raw` as prepared by the steps `taken`, `table` as it is analysed."""
    predictors = [name for name, played in roles.items() if {PREDICTOR, SLOPE, TIME} & set(played)]
    return {
        **provenance.stamp(study, row_hash(table)),
        "source": {
            "path": study.source,
            "sha256": source_hash(folder / study.files[0]),
            "files": [{"path": file, "sha256": source_hash(folder / file)} for file in study.files],
            "rows": rows_read,
            "columns": column_count(study, folder),
        },
        "rows": {"read": rows_read} | ({"prepared": len(raw)} if study.steps else {}) | {"analysed": len(table)},
        "steps": _steps(study, taken, raw),
        "missing": missing.cost(raw),
        "missing_by_time": missing_by_time(raw, study.outcome, study.time, study.groups, predictors)
        if study.time
        else None,
        "variables": [_variable(name, played, raw[name], table[name]) for name, played in roles.items()],
        "groups": [_group(table, group) for group in study.groups],
        "structure": structure(table, study.groups),
        "varies_within": varies_within(table, predictors, study.groups),
        "time": describe_times(table, study.time, study.groups) if study.time else None,
    }


def _steps(study: Study, taken: list[dict[str, Any]], raw: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the steps from the raw rows to the frozen ones: those taken, each variable that costs rows, freeze."""
    steps = list(taken)
    for column in raw.select_dtypes("category"):
        sentence = near_labels.warning(column, raw[column].cat.categories)
        if sentence:
            steps.append(_step(f"labels {column}", sentence, study, raw, raw))
    left = raw
    for variable in raw.columns:
        kept = left[left[variable].notna()]
        if len(kept) < len(left):
            lost = len(left) - len(kept)
            sentence = f"{_rows(lost)} without a value of {variable} {'was' if lost == 1 else 'were'} left out."
            steps.append(_step(f"missing {variable}", sentence, study, left, kept))
        left = kept
    sentence = f"Every candidate model is fitted to the same {_rows(len(left))}."
    return [*steps, _step("freeze", sentence, study, left, left)]


def _step(name: str, sentence: str, study: Study, before: pd.DataFrame, after: pd.DataFrame) -> dict[str, Any]:
    return {
        "step": name,
        "sentence": sentence,
        "rows_before": len(before),
        "rows_after": len(after),
        "levels_before": {group: level_count(before, group) for group in study.groups},
        "levels_after": {group: level_count(after, group) for group in study.groups},
    }


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _variable(name: str, played: tuple[str, ...], raw: pd.Series, values: pd.Series) -> dict[str, Any]:
    """Describe a variable over the analysed rows; the levels of a mere grouping factor are counted under groups."""
    described: dict[str, Any] = {"name": name, "roles": list(played), "missing": int(raw.isna().sum())}
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = [] if played == (GROUP,) else list(values.cat.categories)
        return described | {"type": "categorical", "levels": levels}
    spread = float(values.std()) if len(values) > 1 else 0.0
    summary = {
        "minimum": float(values.min()),
        "maximum": float(values.max()),
        "mean": float(values.mean()),
        "sd": spread,
    }
    return described | {"type": "numeric"} | summary


def _group(table: pd.DataFrame, group: str) -> dict[str, Any]:
    rows = pd.Series(rows_per_level(table, group))
    return {
        "group": group,
        "levels": len(rows),
        "rows_minimum": int(rows.min()),
        "rows_median": float(rows.median()),
        "rows_maximum": int(rows.max()),
    }
