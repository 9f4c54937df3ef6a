"""Numeric or categorical: what each column is, by its role and its cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute

from lmm.clean.dateformats import are_dates, in_two_formats, told
from lmm.clean.factorized import Factorized, factorized
from lmm.clean.groups import blocks_of_rows
from lmm.clean.roles import OUTCOME, TIME, WEIGHTS, declared_categories, read_as_text
from lmm.clean.shown import line_in, shortened
from lmm.clean.side_by_side import each
from lmm.errors import InputError
from lmm.study import Study, nearest

_MUST_BE_NUMBERS = {OUTCOME: "outcome", TIME: "time variable", WEIGHTS: "weights column"}


def typed(
    study: Study,
    table: pd.DataFrame,
    roles: dict[str, tuple[str, ...]],
    codes: Iterable[str],
    known: Mapping[str, Factorized] | None = None,
) -> pd.DataFrame:
    """Return the table with each column numeric (float64) or categorical.

    Grouping factors and declared columns are categories, and so is a predictor made of text. A predictor that looks
    like numbers stays numeric, also when it is a grouping factor too. Text among the numbers of a column is an
    error, because a misprint must not turn a covariate into a factor.

    known: columns of text that are factorized already.
    """
    known = known or {}
    columns = each(
        len(table), lambda column: _typed(study, table[column], roles[column], codes, known.get(column)), roles
    )
    return pd.DataFrame(dict(zip(roles, columns, strict=True)), index=table.index, copy=False)


def _typed(
    study: Study, values: pd.Series, played: tuple[str, ...], codes: Iterable[str], known: Factorized | None
) -> pd.Series:
    column = str(values.name)
    required = [_MUST_BE_NUMBERS[role] for role in played if role in _MUST_BE_NUMBERS]
    if required and column in declared_categories(study):
        raise InputError(
            f"study {study.name}: the {required[0]} {column} must be numeric, but the study lists it under "
            "categorical or levels; take it out there."
        )
    if required:
        return _numbers(study, values, codes, required[0])
    if read_as_text(study, column, played) or isinstance(values.dtype, pd.CategoricalDtype):
        return _categories(study, values, known or factorized(values))
    return _numbers_or_categories(study, values, codes)


def _numbers(study: Study, values: pd.Series, codes: Iterable[str], role: str) -> pd.Series:
    if _is_numeric(values):
        return values.astype(np.float64)
    rows, found = factorized(values)
    numbers, is_text = _parsed(found, codes)
    if is_text.any():
        text = _spread(is_text, rows, values, missing=False)
        raise InputError(
            f"study {study.name}: the {role} {values.name} must be numeric, but "
            f"{line_in(study, _first(text))} holds {_shown(values, text)}; {_mend(values, text)}."
        )
    return _spread(numbers, rows, values, missing=np.nan)


def _numbers_or_categories(study: Study, values: pd.Series, codes: Iterable[str]) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        raise InputError(
            f"study {study.name}: the column {values.name} holds dates, which are neither numbers nor categories; make "
            "a time of it with a step elapsed."
        )
    if _is_numeric(values):
        return values.astype(np.float64)
    rows, found = factorized(values)
    numbers, is_text = _parsed(found, codes)
    if not is_text.any():
        return _spread(numbers, rows, values, missing=np.nan)
    if not np.isnan(numbers).all():
        text = _spread(is_text, rows, values, missing=False)
        raise InputError(
            f"study {study.name}: the column {values.name} holds numbers, but "
            f"{line_in(study, _first(text))} holds "
            f"{_shown(values, text)}; mend that cell, list it under missing, or list {values.name} under categorical."
        )
    if are_dates(found):
        _refuse_two_formats(study, values, found)
        text = _spread(is_text, rows, values, missing=False)
        raise InputError(
            f"study {study.name}: the column {values.name} holds dates ({line_in(study, _first(text))} holds "
            f"{_shown(values, text)}), which are neither numbers nor categories; make a time of it with a step "
            "elapsed, or list it under categorical."
        )
    return _categories(study, values, (rows, found))


def _mend(values: pd.Series, text: pd.Series) -> str:
    cell = str(values[text.to_numpy(dtype=bool)].iloc[0])
    return "make a time of it with a step elapsed" if are_dates([cell]) else "mend that cell, or list it under missing"


def _refuse_two_formats(study: Study, values: pd.Series, found: pd.Index) -> None:
    """Refuse dates that no one format fits, which would count the same day twice."""
    two = in_two_formats(found) if are_dates(found) else None
    if two is not None:
        first, second = (line_in(study, _first(values == cell)) for cell in two)
        raise InputError(
            f"study {study.name}: the column {values.name} has dates in two formats: {first} holds {two[0]!r} "
            f"({told(two[0])}), {second} {two[1]!r} ({told(two[1])}); write all of them alike, best as 2026-11-22."
        )


def _is_numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and values.dtype != bool


def _spread(by_label: np.ndarray, rows: np.ndarray, values: pd.Series, missing: float) -> pd.Series:
    """Return for each row what belongs to its label."""
    return pd.Series(np.append(by_label, np.array(missing, by_label.dtype))[rows], values.index, name=values.name)


def _parsed(labels: pd.Index, codes: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels as float64, and which of them are text that is neither number nor missing."""
    cells = labels.astype("str").str.strip()
    coded = cells.isin(list(codes))
    numbers = np.where(coded, np.nan, pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64))
    return numbers, np.isnan(numbers) & ~coded


def _categories(study: Study, values: pd.Series, known: Factorized) -> pd.Series:
    """Return a category column: levels in the declared order, else by number or code point; blank cells are missing.

    Levels that the file itself orders, as SPSS and Parquet do, keep that order.
    """
    rows, found = known
    labels = found.astype("str")
    there = np.flatnonzero(labels.str.strip() != "")
    _refuse_two_formats(study, values, labels[there])
    declared = study.levels.get(values.name)
    if declared is not None:
        unknown = [label for label in labels[there] if label not in declared]
        if unknown:
            near = nearest(unknown[0], declared)
            hint = f"did you mean {near!r}?" if near else f"the levels are {', '.join(declared)}."
            raise InputError(
                f"study {study.name}: {line_in(study, _first(values == unknown[0]))} holds {unknown[0]!r} in column "
                f"{values.name}, which is not among the levels the study lists; {hint}"
            )
        order = np.argsort(pd.Index(declared).get_indexer(labels[there]))
    elif isinstance(found, pd.CategoricalIndex):
        order = np.argsort(found.codes[there])
    else:
        order = _order(labels[there])
    return _coded(values, rows, labels, there[order])


def _coded(values: pd.Series, rows: np.ndarray, labels: pd.Index, order: np.ndarray) -> pd.Series:
    """Return values as categories: rows holds the place in `labels` of each, order the places of the levels."""
    if np.array_equal(order, np.arange(len(labels))):
        codes = rows
    else:
        code = np.full(len(labels) + 1, -1, dtype=np.int32)  # the last is that of missing values
        code[order] = np.arange(len(order))
        codes = np.empty(len(rows), dtype=np.int32)
        for block in blocks_of_rows(len(rows)):
            codes[block] = code[rows[block]]
    # the constructor would hash millions of labels to see that they are distinct, as they are by now
    levels = pd.CategoricalDtype._from_fastpath(labels[order], ordered=False)
    categories = pd.Categorical.from_codes(codes, dtype=levels)
    return pd.Series(categories, index=values.index, name=values.name)


def ordered_levels(labels: Iterable[str]) -> list[str]:
    """Sort labels as numbers when all of them are numbers, else by code point, whatever the machine's language."""
    index = pd.Index(list(labels), dtype="str")
    return index[_order(index)].tolist()


def _order(labels: pd.Index) -> np.ndarray:
    """Return the places that sort distinct labels."""
    texts = pa.array(labels, pa.large_string())
    order = pa.compute.sort_indices(texts).to_numpy()  # by the bytes of UTF-8, and so by code point
    try:
        numbers = _numbers_of(texts)
    except ValueError:
        return order
    return order[np.argsort(numbers[order], kind="stable")]


def _numbers_of(texts: pa.LargeStringArray) -> np.ndarray:
    """Return what Python's float makes of each text, shape (texts,); raises ValueError where one is no number."""
    try:
        numbers = pa.compute.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
        if np.isfinite(numbers).all():
            return numbers
    except pa.ArrowInvalid:  # which knows fewer ways to write a number
        pass
    return np.array([float(text) for text in texts.to_pylist()])


def _first(chosen: pd.Series) -> int | str:
    return chosen.index[int(np.argmax(chosen.to_numpy(dtype=bool, na_value=False)))]


def _shown(values: pd.Series, chosen: pd.Series) -> str:
    # by position, because the lines of a wide table repeat
    return shortened(str(values.iloc[int(np.argmax(chosen.to_numpy(dtype=bool, na_value=False)))]))
