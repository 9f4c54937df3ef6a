"""A column's cells as numbers, as labels or as dates, whichever a step needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from lmm.clean import dateformats
from lmm.clean.shown import shortened
from lmm.clean.steps.step import Place
from lmm.clean.types import ordered_levels


def is_numeric(column: pd.Series) -> bool:
    """Say whether a column holds numbers; true and false are labels."""
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def labels(column: pd.Series) -> pd.Series:
    """Return the cells as text, missing where empty or blank; numbers as short as they can be written: 1, not 1.0."""
    if is_numeric(column):
        distinct = {value: number_label(value) for value in column.dropna().unique().tolist()}
        return column.astype(object).map(distinct).astype("str")
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.map({True: "TRUE", False: "FALSE"}).astype("str")
    text = column.astype("str")
    return text.mask(text.str.strip() == "")


def number_label(value: float) -> str:
    """Return the shortest text that means the number."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))


def as_number(label: str) -> float:
    """Return the number a label means, or NaN."""
    try:
        return float(label)
    except ValueError:
        return np.nan


def parsed(column: pd.Series) -> pd.Series:
    """Return the cells as float64, NaN where they are no numbers."""
    if is_numeric(column):
        return column.astype(np.float64)
    text = labels(column).str.strip()
    distinct = {label: as_number(label) for label in text.dropna().unique().tolist()}
    return text.astype(object).map(distinct).astype(np.float64)


def numbers(column: pd.Series, place: Place) -> pd.Series:
    """Return the cells as float64, or say which one is no number."""
    found = parsed(column)
    if not is_numeric(column):
        text = (found.isna() & labels(column).notna()).to_numpy() & ~_means_nan(column)
        if text.any():
            raise place.mistake(
                f"the column {column.name} must hold numbers, but {place.line(text, column)} holds "
                f"{shown(column, text)}; mend that cell, or list it in a step missing before."
            )
    return found


def _means_nan(column: pd.Series) -> np.ndarray:
    return labels(column).str.strip().str.lower().eq("nan").fillna(False).to_numpy(dtype=bool)


def dates(column: pd.Series, place: Place, written: str | None = None) -> pd.Series:
    """Return the cells as dates, written as 2026-11-22 (a time of day may follow) or as `written` says.

    No other format is guessed, not even where the cells allow one only: a misprint would turn days into months.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column.dt.tz_localize(None) if column.dt.tz is not None else column
    text = labels(column).str.strip()
    if written is None or written == dateformats.ISO:
        whole = text.isin([cell for cell in text.dropna().unique() if dateformats.ISO in dateformats.formats(cell)])
        text, form = text.where(whole), "ISO8601"
    else:
        form = written
    try:
        found = pd.to_datetime(text, format=form, errors="coerce")
    except (ValueError, TypeError) as error:
        if "timezone" in str(error):
            raise place.mistake(
                f"the dates of {column.name} are of different time zones, or have one in some rows only; write all of "
                "them in one."
            ) from error
        raise place.mistake(
            f"cannot read the dates of {column.name} as {written or '2026-11-22'} ({str(error).rstrip('.')}); say how "
            "they are written, as in %d.%m.%Y."
        ) from error
    if found.dt.tz is not None:
        found = found.dt.tz_localize(None)
    unreadable = (found.isna() & labels(column).notna()).to_numpy()
    if unreadable.any():
        raise place.mistake(_unreadable_dates(column, place, written, unreadable))
    return found.astype("datetime64[us]")


def _unreadable_dates(column: pd.Series, place: Place, written: str | None, unreadable: np.ndarray) -> str:
    """Say which cell is no date of the format, which formats the cells have, and what to write."""
    text = labels(column).str.strip()
    distinct = text.dropna().unique().tolist()
    there = f"{place.line(unreadable, column)} holds {shown(column, unreadable)}"
    odd = text.iloc[int(np.argmax(unreadable))]
    ways = " or ".join(
        f'format: "{form}"' if place.kind == "elapsed" else f"date {form}" for form in dateformats.formats(odd)
    )
    if (written or dateformats.ISO) in dateformats.formats(odd):
        return f"the column {column.name} must hold dates, but {there}, which is no day; mend that cell."
    two = dateformats.in_two_formats(distinct)
    if two is not None:
        first, second = (place.line((text == cell).to_numpy(), column) for cell in two)
        return (
            f"the column {column.name} has dates in two formats: {first} holds {two[0]!r} "
            f"({dateformats.told(two[0])}), {second} {two[1]!r} ({dateformats.told(two[1])}); write all of them "
            "alike, best as 2026-11-22."
        )
    shared = set.intersection(*({*dateformats.formats(cell)} for cell in distinct))
    if written is None and len(shared) > 1:
        return (
            f"the dates of {column.name} may have the day or the month first: {there}, and no other cell tells which; "
            f"write {ways}."
        )
    if written is None and shared:
        one = f'format: "{min(shared)}"' if place.kind == "elapsed" else f"date {min(shared)}"
        return f"the dates of {column.name} are not written as 2026-11-22: {there}; write {one}."
    return (
        f"the column {column.name} must hold dates written as {written or '2026-11-22'}, but {there}; mend that cell"
        + (f", or write {ways}." if ways else ", or say how dates are written, as in date %d.%m.%Y.")
    )


def shown(column: pd.Series, chosen: np.ndarray) -> str:
    """Return the first chosen cell in quotes, shortened."""
    value = column.iloc[int(np.argmax(chosen))]
    return shortened(number_label(value) if is_numeric(column) else str(value))


def categories(column: pd.Series, order: Iterable[str] | None = None) -> pd.Series:
    """Return the labels as a category column, which stays one to the end, whatever its labels look like.

    The levels are in the given order, else in their own where the column has one, else by number or code point.
    """
    text = labels(column)
    if order is None and isinstance(column.dtype, pd.CategoricalDtype):
        order = column.cat.categories
    found = set(text.dropna().unique().tolist())
    levels = ordered_levels(found) if order is None else [level for level in dict.fromkeys(order) if level in found]
    return text.astype(pd.CategoricalDtype(levels))


def relabelled(column: pd.Series, new: Mapping[str, str | None]) -> pd.Series:
    """Return a category column with other labels, the levels in the order of the old ones."""
    text = labels(column).astype(object).map(lambda label: new.get(label, label)).astype("str")
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return categories(text)
    order = [new.get(level, level) for level in column.cat.categories]
    return categories(text, [level for level in order if level is not None])
