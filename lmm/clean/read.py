"""The raw rows of a study: its files read, appended and joined, text and numbers as they stand there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lmm.clean.cells import text_and_numbers
from lmm.clean.factorized import Factorized, factorized
from lmm.clean.groups import level_count
from lmm.clean.header import EXCEL, PARQUET, Header, check_file, position, read_header
from lmm.clean.join import joined
from lmm.clean.numerals import plain_numbers
from lmm.clean.read_excel import read_excel
from lmm.clean.read_parquet import read_parquet, read_parquet_rows
from lmm.clean.read_statistics import PROGRAMS, read_statistics
from lmm.clean.read_text import read_text, read_text_lines
from lmm.clean.roles import grouping_columns, read_as_text, roles
from lmm.clean.side_by_side import each
from lmm.errors import InputError
from lmm.study import Study
from lmm.study.source import Data, Join, Table, tables

MISSING_CODES = ("", "NA", "NaN", "nan")
"""What always means a missing value: the empty cell, R's NA and the NaN of numerical software."""

_FIRST_LINE = 2
"""The line of the first row of data, that of the names being 1."""


@dataclass(frozen=True)
class Reading:
    """The raw rows, and the audit's step for each file read or joined, with rows and levels before and after.

    factorized: the columns of grouping factors that are text.
    """

    table: pd.DataFrame
    steps: list[dict[str, Any]]
    factorized: dict[str, Factorized]


def read(
    study: Study, folder: Path, columns: Collection[str] | None = None, as_text: Collection[str] | None = None
) -> Reading:
    """Read the columns (None: all; or the roles by column) of all files of a study, appended and joined.

    Numbers are floats, labels text or, where the file itself has levels, categories; missing codes are missing.
    Columns in `as_text` stay as they are written: 007 and 7 are two subjects; when left out, those whose role in the
    study makes them labels. The index, named "line", is the line of the file on which the row begins, the
    column names being line 1, in files of any format; with several files "file:line".
    """
    labels = set(as_text if as_text is not None else _labels(study))
    joins = [(join, _joined_columns(study, join, folder)) for join in study.join]
    keys = {key for join in study.join for key in join.on}
    own = _shared_columns(study, study.data, folder)
    brought = [name for _, names in joins for name in names]
    _refuse_lacking_keys(study, own)
    if columns is None:
        wanted = {*own, *brought}
    else:
        wanted = set(columns)
        for column in columns:
            role = columns[column][0] if isinstance(columns, Mapping) else "needed"
            position(Header((*own, *brought)), column, role, _where(study, study.source))
    codes = (*MISSING_CODES, *study.missing)
    table, steps, known = _appended(study, study.data, folder, (wanted | keys) & set(own), labels | keys, codes)
    for join, names in joins:
        added = {*join.on, *(wanted & set(names)), *(keys & set(names))}
        other, told, _ = _appended(study, join.data, folder, added, labels | set(join.on), codes)
        name = ", ".join(one.file for one in tables(join.data))
        table, sentence, counts = joined(table, other, join.on, join.rows == "many", _where(study, name), name)
        sentences = " ".join([*(step["sentence"] for step in told), sentence])
        known = _factorized(study, table)
        steps.append(_step(study, f"join {name}", sentences, steps[-1], table, known) | counts)
    order = [column for column in (*own, *brought) if column in wanted] if columns is None else list(columns)
    return Reading(table[order], steps, known)


def read_lines(study: Study, folder: Path, lines: pd.Index) -> pd.DataFrame:
    """Return the given lines of the raw table, all its own columns, as the text that stands in the file."""
    if pd.api.types.is_integer_dtype(lines.dtype):
        (table,) = tables(study.data)
        return _lines_of_file(study, folder, table, lines).loc[lines].rename_axis(lines.name)
    found = []
    for table, mark in _marked(study.data):
        wanted = _lines_of(lines, mark)
        if not wanted:
            continue
        part = _lines_of_file(study, folder, table, set(wanted))
        repeats = [(label, line) for line in part.index for label in wanted[line]]
        found.append(part.loc[[line for _, line in repeats]].set_axis([label for label, _ in repeats]))
    return pd.concat(found).loc[lines].rename_axis(lines.name)


def _lines_of_file(study: Study, folder: Path, table: Table, lines: Collection[int]) -> pd.DataFrame:
    path, where = folder / table.file, _where(study, table.file)
    if _is_text(path):
        return read_text_lines(path, table, where, lines)
    wanted = np.array(sorted(lines))
    if path.suffix.lower() in PARQUET:
        cells = read_parquet_rows(path, where, wanted - _FIRST_LINE).set_axis(wanted)
    else:
        cells = _numbered(path, _binary(path, table, where, None))
        cells = cells[cells.index.isin(wanted)]
    return text_and_numbers(cells, set(cells), ())


def read_file(
    path: Path,
    table: Table,
    where: str,
    columns: Collection[str] | None,
    as_text: Collection[str] = (),
    missing: Collection[str] = MISSING_CODES,
) -> tuple[pd.DataFrame, str]:
    """Read some columns (None: all) of one file of any format, and say what was found out of its layout."""
    header = read_header(path, where, table)
    for column in header.columns if columns is None else columns:
        position(header, column, "needed", where)
    if _is_text(path):
        cells, layout = read_text(path, table, where, columns, as_text, missing)
        decimal, certain, told = layout.decimal, layout.decimal_is_certain, layout.sentence
    else:
        cells = text_and_numbers(_numbered(path, _binary(path, table, where, columns)), as_text, missing)
        decimal, certain, told = table.decimal or ".", table.decimal is not None, ""
    marks = set()
    for column in cells:
        if column not in as_text and cells[column].dtype.kind == "O":
            cells[column], mark = plain_numbers(cells[column], decimal, certain, table.thousands, where)
            marks.add(mark)
    grouped = [mark for mark in sorted(marks - {None})]
    if grouped:
        told = f"{told} Numbers have {' and '.join(map(repr, grouped))} between thousands.".strip()
    return cells, told


def raw_columns(study: Study, folder: Path) -> tuple[str, ...]:
    """Return the columns that a study's rows have once its files are appended and joined, repeated names repeated."""
    joined_columns = [name for join in study.join for name in _joined_columns(study, join, folder)]
    own = _shared_columns(study, study.data, folder)
    _refuse_lacking_keys(study, own)
    return (*own, *joined_columns)


def column_count(study: Study, folder: Path) -> int:
    """Return how many columns the raw table has."""
    return len(raw_columns(study, folder))


def source_hashes(study: Study, folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the bytes of each file."""

    def sha256(file: str) -> str:
        with (folder / file).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    return {file: sha256(file) for file in study.files}


def _where(study: Study, file: str) -> str:
    return f"study {study.name}: {file}"


def _labels(study: Study) -> list[str]:
    return [column for column, played in roles(study).items() if read_as_text(study, column, played)]


def _is_text(path: Path) -> bool:
    return path.suffix.lower() not in (*EXCEL, *PARQUET, *PROGRAMS)


def _numbered(path: Path, cells: pd.DataFrame) -> pd.DataFrame:
    """Number the rows as if the names were line 1; those of Excel have their numbers, as blank rows are left out."""
    if path.suffix.lower() in EXCEL:
        return cells
    return cells.set_axis(pd.RangeIndex(_FIRST_LINE, _FIRST_LINE + len(cells), name="line"))


def _binary(path: Path, table: Table, where: str, columns: Collection[str] | None) -> pd.DataFrame:
    ending = path.suffix.lower()
    readers: dict[bool, Callable[[], pd.DataFrame]] = {
        ending in EXCEL: partial(read_excel, path, table.sheet, where),
        ending in PARQUET: partial(read_parquet, path, where, columns),
        ending in PROGRAMS: partial(read_statistics, path, table.catalogue, where, columns),
    }
    cells = readers[True]()
    return cells if columns is None else cells[[name for name in cells if name in columns]]


def _marked(data: Data) -> list[tuple[Table, str]]:
    """Return the files with what precedes the line in the index: nothing for one file, "file:" for several."""
    listed = tables(data)
    return [(table, f"{table.file}:" if len(listed) > 1 else "") for table in listed]


def _lines_of(lines: pd.Index, mark: str) -> dict[int, list[object]]:
    """Return the lines of one file that index entries stand for; several may stand for one, after a join."""
    found: dict[int, list[object]] = {}
    for label in lines:
        text = str(label)
        if text.startswith(mark):
            found.setdefault(int(text[len(mark) :].split("+")[0]), []).append(label)
    return found


def _shared_columns(study: Study, data: Data, folder: Path) -> tuple[str, ...]:
    """Return the columns of files to be appended, which must all have the same."""
    first: tuple[str, ...] | None = None
    for table in tables(data):
        found = read_header(folder / table.file, _where(study, table.file), table).columns
        if first is None:
            first = found
            continue
        opening = tables(data)[0].file
        for lacking, here, there in ((first, found, table.file), (found, first, opening)):
            absent = [column for column in lacking if column not in here]
            if absent:
                raise InputError(
                    f"{_where(study, there)} has no column {absent[0]!r}, which "
                    f"{opening if there != opening else table.file} has; files that are appended need the same columns."
                )
    return first or ()


def _joined_columns(study: Study, join: Join, folder: Path) -> tuple[str, ...]:
    """Return the columns that a join brings."""
    names = _shared_columns(study, join.data, folder)
    where = _where(study, ", ".join(table.file for table in tables(join.data)))
    for key in join.on:
        position(Header(names), key, "key of the join", where)
    for column in join.columns or ():
        position(Header(names), column, "columns of the join", where)
    return tuple(name for name in names if name not in join.on and (join.columns is None or name in join.columns))


def _refuse_lacking_keys(study: Study, own: tuple[str, ...]) -> None:
    known = [*own]
    for join in study.join:
        for key in join.on:
            if key not in known:
                position(Header(own), key, "key of the join", _where(study, study.source))


def _appended(
    study: Study, data: Data, folder: Path, columns: Collection[str], as_text: Collection[str], codes: tuple[str, ...]
) -> tuple[pd.DataFrame, list[dict[str, Any]], dict[str, Factorized]]:
    """Read the files and append their rows, the columns in the order of the first file."""
    so_far, steps, known = None, [], {}
    for table, mark in _marked(data):
        where = _where(study, table.file)
        check_file(folder / table.file, where)
        cells, told = read_file(folder / table.file, table, where, columns, as_text, codes)
        if mark:
            cells = cells.set_axis(pd.Index([f"{mark}{line}" for line in cells.index], name="line", dtype=object))
        count = f"{len(cells)} row" if len(cells) == 1 else f"{len(cells):,} rows"
        sentence = f"{count} {'was' if len(cells) == 1 else 'were'} read from {table.file}. {told}".strip()
        so_far = cells if so_far is None else _stacked([so_far, cells])
        known = _factorized(study, so_far)
        name = f"read {table.file}" if mark else "read"
        steps.append(_step(study, name, sentence, steps[-1] if steps else None, so_far, known))
    assert so_far is not None
    return so_far, steps, known


def _factorized(study: Study, table: pd.DataFrame) -> dict[str, Factorized]:
    """Return the columns of grouping factors that are text, factorized."""
    text = [name for name in grouping_columns(study) if name in table and isinstance(table[name].dtype, pd.StringDtype)]
    return dict(zip(text, each(len(table), factorized, (table[name] for name in text)), strict=True))


def _step(
    study: Study,
    name: str,
    sentence: str,
    before: dict[str, Any] | None,
    table: pd.DataFrame,
    known: dict[str, Factorized],
) -> dict[str, Any]:
    """Return an audit step, with the levels of the grouping factors whose columns are there already.

    before: the step that led to the rows before this one, if any; known: columns that are factorized already.
    """
    groups = [group for group in study.groups if all(column in table for column in group.split(":"))]
    levels = {group: level_count(table, group, known) for group in groups}
    return {
        "step": name,
        "sentence": sentence,
        "rows_before": before["rows_after"] if before else len(table),
        "rows_after": len(table),
        "levels_before": before["levels_after"] if before else levels,
        "levels_after": levels,
    }


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Append rows; levels that files do not share are put after those of the first, numbers meet text as text."""
    if len(parts) == 1:
        return parts[0]
    order = list(parts[0])
    for column in order:
        kinds = [part[column].dtype for part in parts]
        if all(isinstance(kind, pd.CategoricalDtype) for kind in kinds):
            levels = list(dict.fromkeys(label for kind in kinds for label in kind.categories))
            parts = [part.assign(**{column: part[column].cat.set_categories(levels)}) for part in parts]
        elif any(kind.kind not in "iuf" for kind in kinds):
            parts = [
                text_and_numbers(part[order], {column}, ()) if part[column].dtype.kind in "iuf" else part
                for part in parts
            ]
    return pd.concat([part[order] for part in parts])
