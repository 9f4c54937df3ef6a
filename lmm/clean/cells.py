"""Columns of any file format as text and numbers: labels as they are written, dates in ISO 8601, missing codes gone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


def text_and_numbers(table: pd.DataFrame, as_text: Collection[str], missing: Collection[str]) -> pd.DataFrame:
    """Return each column numeric, text, or a category in the order of its file; the index stays."""
    columns = {name: _column(table[name], name in as_text, missing) for name in table}
    return pd.DataFrame(columns, index=table.index, copy=False)


def written(value: Any) -> str:
    """Write one cell as a CSV file would have it: 7, 7.5, 2024-05-01, words."""
    if isinstance(value, float | np.floating) and float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time().isoformat() != "00:00:00" else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _column(values: pd.Series, as_text: bool, missing: Collection[str]) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        labels = [written(label) for label in values.cat.categories]
        if len(set(labels)) < len(labels):
            return values.map(written, na_action="ignore").astype(pd.CategoricalDtype(list(dict.fromkeys(labels))))
        values = values.cat.rename_categories(labels).cat.as_unordered()
        return values.cat.remove_categories([label for label in labels if label.strip() in missing])
    if values.dtype.kind in "iuf" and not as_text:
        values, codes = values.astype(np.float64), _numbers(missing)
        return values.mask(values.isin(codes)) if codes else values
    text = _written(values)
    return text.mask(text.isin(list(missing)))


def _written(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):
        return values.astype("str")
    if values.dtype.kind == "O":  # 1 and True are equal, but not written alike
        return values.map(written, na_action="ignore").astype("str")
    places, distinct = pd.factorize(values)
    if distinct.dtype.kind in "iu":
        labels = pd.array(pa.array(distinct).cast(pa.large_string()), dtype="str")
    else:
        labels = pd.array([written(value) for value in distinct.tolist()], dtype="str")
    return pd.Series(labels.take(places, allow_fill=True), index=values.index, name=values.name)


def _numbers(codes: Collection[str]) -> list[float]:
    found = []
    for code in codes:
        try:
            found.append(float(code))
        except ValueError:
            continue
    return [number for number in found if number == number]
