"""The analysis table: the rows that every candidate is fitted to, frozen and hashed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lmm import files
from lmm.clean import checks, missing, steps, types
from lmm.clean.audit import audit, findings
from lmm.clean.groups import occurring
from lmm.clean.growth import check_growth
from lmm.clean.header import Header, position
from lmm.clean.read import MISSING_CODES, raw_columns, read, read_lines, source_hashes
from lmm.clean.roles import read_as_text, roles, source_after_steps
from lmm.clean.rowhash import row_hash
from lmm.clean.side_by_side import each, side_by_side
from lmm.clean.structure import check_declared
from lmm.clean.times import check_times, describe_times
from lmm.study import Study


@dataclass(frozen=True)
class Cleaned:
    """The analysis table, the audit of how it came about, and the rows that were left out."""

    table: pd.DataFrame
    audit: dict[str, Any]
    dropped: pd.DataFrame


def clean(study: Study, folder: Path) -> Cleaned:
    """Clean one study's raw table, whose path is relative to `folder`.

    The rows are frozen over all variables of all candidates, so that every model of the ladder sees the same ones.
    Raises InputError, one sentence, where no model could be fitted.
    """
    played = roles(study)
    needed = _needed(study, folder, played)
    before, hashes = side_by_side(
        _rows_about(study, folder),
        partial(_prepared, study, folder, played, needed),
        partial(source_hashes, study, folder),
    )
    raw = before.table
    checks.check_outcome(study, raw[study.outcome])
    checks.check_values(study, raw)
    complete = missing.complete_rows(raw)
    checks.check_rows_left(study, raw, complete)
    table = _without_absent_levels(_rows(raw, complete))
    time, found, hashed, dropped = side_by_side(
        len(table),
        partial(_checked, study, table),
        partial(findings, study, played, before.log, raw, table),
        partial(row_hash, table),
        partial(_dropped, study, folder, before.lines, before.dropped, raw),
    )
    rows = {"read": len(before.lines), "prepared": len(raw), "analysed": len(table)}
    return Cleaned(table, audit(study, folder, hashes, hashed, rows, found, time), dropped)


def _checked(study: Study, table: pd.DataFrame) -> dict[str, Any] | None:
    """Refuse rows that no model could be fitted to; return what is told of the time variable, where there is one."""
    checks.check_outcome(study, table[study.outcome])
    checks.check_groups(study, table)
    check_declared(study, table)
    time = describe_times(table, study.time, study.groups) if study.time else None
    if time:
        check_times(study, table, time)
    check_growth(study, table)
    checks.check_formulas(study, table)
    return time


def _rows_about(study: Study, folder: Path) -> int:
    """Return about how many rows the files have: fifty bytes are a short row."""
    return sum((folder / file).stat().st_size for file in study.files) // 50


@dataclass(frozen=True)
class _Prepared:
    """The typed rows, those with missing values among them; the lines read, the steps taken and what they left out."""

    table: pd.DataFrame
    lines: pd.Index
    log: list[dict[str, Any]]
    dropped: pd.Series


def _prepared(study: Study, folder: Path, played: dict[str, tuple[str, ...]], needed: dict[str, bool]) -> _Prepared:
    """Read, prepare and type; on return the text that was read is forgotten, which frees its memory for the rest."""
    reading = read(study, folder, list(needed), [column for column, text in needed.items() if text])
    checks.check_rows_read(study, reading.table)
    prepared = steps.run(study, reading.table)
    checks.check_rows_prepared(study, prepared.table)
    known = reading.factorized if prepared.table is reading.table else {}
    raw = types.typed(study, prepared.table, played, (*MISSING_CODES, *study.missing), known)
    return _Prepared(raw, reading.table.index, [*reading.steps, *prepared.log], prepared.dropped)


def write_cleaned(cleaned: Cleaned, table: str | Path, audit: str | Path, dropped: str | Path) -> None:
    """Write the analysis table (Parquet), the audit (JSON) and the rows left out (CSV)."""
    files.write_table(table, cleaned.table)
    files.write_json(audit, cleaned.audit)
    files.write_text(dropped, cleaned.dropped.to_csv(lineterminator="\n"))


def _rows(table: pd.DataFrame, chosen: np.ndarray) -> pd.DataFrame:
    """Return the chosen rows."""
    if chosen.all():
        return table
    places = np.flatnonzero(chosen)
    columns = each(len(table), lambda name: table[name].array.take(places), table)
    return pd.DataFrame(dict(zip(table, columns, strict=True)), index=table.index[places], copy=False)


def _without_absent_levels(table: pd.DataFrame) -> pd.DataFrame:
    used = {}
    for column, values in table.select_dtypes("category").items():
        if not occurring(values.cat.codes.to_numpy(), len(values.cat.categories)).all():
            used[column] = values.cat.remove_unused_categories()
    return table.assign(**used)


def _needed(study: Study, folder: Path, played: dict[str, tuple[str, ...]]) -> dict[str, bool]:
    """Return the raw columns that the candidates and the steps need, and whether their cells are labels."""
    there = raw_columns(study, folder)
    after = Header(tuple(steps.names_after(study, there)))
    for column, role in played.items():
        position(after, column, role[0], f"study {study.name}: {source_after_steps(study)}")
    wanted = {column: read_as_text(study, column, role) for column, role in played.items()}
    return steps.sources(study, wanted, there)


def _dropped(study: Study, folder: Path, lines: pd.Index, by_steps: pd.Series, raw: pd.DataFrame) -> pd.DataFrame:
    """Return the rows left out, as they stand in the file, with the reason; the index is the line.

    A line that the steps made into several rows stands there once for each of them that was left out.
    """
    reasons = pd.concat([by_steps, steps.with_occasion(study, missing.reasons(raw), raw)])
    if reasons.empty:
        return pd.DataFrame({"reason": []}, index=pd.Index([], name="line"), dtype=str)
    reasons = reasons.iloc[np.argsort(lines.get_indexer(reasons.index), kind="stable")].rename_axis(lines.name)
    rows = read_lines(study, folder, reasons.index.unique()).loc[reasons.index]
    rows.insert(0, "reason", reasons.to_numpy(), allow_duplicates=True)
    return rows
