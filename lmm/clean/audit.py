"""The audit: what was read, what was left out and why, and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lmm import provenance
from lmm.clean import missing, near_labels
from lmm.clean.dropout import missing_by_time
from lmm.clean.groups import group_codes, rows_of_codes, rows_per_level
from lmm.clean.read import column_count
from lmm.clean.roles import GROUP, PREDICTOR, SLOPE, TIME
from lmm.clean.structure import structure, varies_within
from lmm.study import Study


def audit(
    study: Study,
    folder: Path,
    hashes: dict[str, str],
    row_hash: str,
    rows: dict[str, int],
    findings: dict[str, Any],
    time: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the account of one cleaning.

    hashes: SHA-256 by file; rows: how many were read, prepared and analysed; findings: see `findings`; time: what is
    told of the time variable of the analysed rows, where there is one.
    """
    return {
        **provenance.stamp(study, row_hash),
        "source": {
            "path": study.source,
            "sha256": hashes[study.files[0]],
            "files": [{"path": file, "sha256": hashes[file]} for file in study.files],
            "rows": rows["read"],
            "columns": column_count(study, folder),
        },
        "rows": {stage: count for stage, count in rows.items() if stage != "prepared" or study.steps},
        **findings,
        "time": time,
    }


def findings(
    study: Study,
    roles: dict[str, tuple[str, ...]],
    taken: list[dict[str, Any]],
    raw: pd.DataFrame,
    table: pd.DataFrame,
) -> dict[str, Any]:
    """Return what is told of rows, variables and groups; raw: as prepared by the steps `taken`, table: as analysed."""
    predictors = [name for name, played in roles.items() if {PREDICTOR, SLOPE, TIME} & set(played)]
    return {
        "steps": _steps(study, taken, raw),
        "missing": missing.cost(raw),
        "missing_by_time": missing_by_time(raw, study.outcome, study.time, study.groups, predictors)
        if study.time
        else None,
        "variables": [_variable(name, played, raw[name], table[name]) for name, played in roles.items()],
        "groups": [_group(table, group) for group in study.groups],
        "structure": structure(table, study.groups),
        "varies_within": varies_within(table, predictors, study.groups),
    }


def _steps(study: Study, taken: list[dict[str, Any]], raw: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the steps from the raw rows to the frozen ones: those taken, each variable that costs rows, freeze."""
    steps = list(taken)
    codes = {group: group_codes(raw, group) for group in study.groups}
    rows_of = {group: rows_of_codes(own) for group, own in codes.items()}
    levels = {group: int(np.count_nonzero(rows)) for group, rows in rows_of.items()}
    left = np.ones(len(raw), dtype=bool)
    count = len(raw)
    for column in raw.select_dtypes("category"):
        sentence = near_labels.warning(column, raw[column].cat.categories)
        if sentence:
            steps.append(_step(f"labels {column}", sentence, (count, count), (levels, levels)))
    for variable in raw.columns:
        lost = left & raw[variable].isna().to_numpy()
        if not lost.any():
            continue
        left &= ~lost
        before, count = count, int(left.sum())
        for group, own in codes.items():
            rows_of[group] -= np.bincount(own[lost & (own >= 0)], minlength=len(rows_of[group]))
        levels_before, levels = levels, {group: int(np.count_nonzero(rows)) for group, rows in rows_of.items()}
        were = "was" if before - count == 1 else "were"
        sentence = f"{_rows(before - count)} without a value of {variable} {were} left out."
        steps.append(_step(f"missing {variable}", sentence, (before, count), (levels_before, levels)))
    sentence = f"Every candidate model is fitted to the same {_rows(count)}."
    return [*steps, _step("freeze", sentence, (count, count), (levels, levels))]


def _step(
    name: str, sentence: str, rows: tuple[int, int], levels: tuple[Mapping[str, int], Mapping[str, int]]
) -> dict[str, Any]:
    """Return one step, with rows and levels of the grouping factors before and after it."""
    return {
        "step": name,
        "sentence": sentence,
        "rows_before": rows[0],
        "rows_after": rows[1],
        "levels_before": dict(levels[0]),
        "levels_after": dict(levels[1]),
    }


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count:,} rows"


def _variable(name: str, played: tuple[str, ...], raw: pd.Series, values: pd.Series) -> dict[str, Any]:
    """Describe a variable over the analysed rows; the levels of a mere grouping factor are counted under groups."""
    described: dict[str, Any] = {"name": name, "roles": list(played), "missing": int(raw.isna().sum())}
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = [] if played == (GROUP,) else list(values.cat.categories)
        return described | {"type": "categorical", "levels": levels}
    numbers = values.to_numpy()
    summary = {
        "minimum": float(numbers.min()),
        "maximum": float(numbers.max()),
        "mean": float(numbers.mean()),
        "sd": float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0,
    }
    return described | {"type": "numeric"} | summary


def _group(table: pd.DataFrame, group: str) -> dict[str, Any]:
    rows = rows_per_level(table, group)
    return {
        "group": group,
        "levels": len(rows),
        "rows_minimum": int(rows.min()),
        "rows_median": float(np.median(rows)),
        "rows_maximum": int(rows.max()),
    }
