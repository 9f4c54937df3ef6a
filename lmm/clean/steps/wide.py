"""From wide to long: columns named by a pattern become a row for each occasion."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.step import Applied, Place, listed, rows
from lmm.study.steps import Wide


def names_after(settings: Wide, names: list[str], place: Place) -> list[str]:
    """Return the names after the step: the other columns, the occasion, and the values."""
    taken = {name for found in _occasions(settings, names, place).values() for name in found.values()}
    after = [name for name in names if name not in taken]
    for new in (settings.part, *settings.value):
        place.refuse_taken(after, new)
    return [*after, settings.part, *settings.value]


def sources(settings: Wide, wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels."""
    needed = {name: text for name, text in wanted.items() if name in names}
    for pattern, value in zip(settings.columns, settings.value, strict=True):
        needed |= {name: wanted.get(value, False) for name in _matches(pattern, names).values()}
    return needed


def apply(settings: Wide, table: pd.DataFrame, place: Place) -> Applied:
    """Give each row one row for each occasion, in the order of the occasions; the lines repeat."""
    found = _occasions(settings, list(table.columns), place)
    occasions = ordered({occasion for columns in found.values() for occasion in columns})
    taken = {name for columns in found.values() for name in columns.values()}
    times = np.array([cells.as_number(occasion) for occasion in occasions])
    kept = table[[name for name in table.columns if name not in taken]]
    long = kept.iloc[np.repeat(np.arange(len(table)), len(occasions))].copy()
    part = settings.part
    long[part] = np.tile(times if not np.isnan(times).any() else np.array(occasions, dtype=object), len(table))
    absent = []
    for value, columns in found.items():
        long[value] = interleaved([table.get(columns.get(occasion)) for occasion in occasions], table, long.index)
        absent += [f"{value} at {part} {occasion}" for occasion in occasions if occasion not in columns]
    sentence = (
        f"{len(taken)} columns were laid one below the other: each row became {rows(len(occasions))}, with {part} from "
        f"{occasions[0]} to {occasions[-1]} and the value{'s' if len(found) > 1 else ''} {listed(found)}"
    )
    return Applied(long, sentence + (f"; there is no column of {listed(absent)}." if absent else "."))


def interleaved(columns: list[pd.Series | None], table: pd.DataFrame, lines: pd.Index) -> pd.Series:
    """Return the columns row by row in one, shape (rows × columns,); a column that is not there is missing."""
    there = [column for column in columns if column is not None]
    if all(cells.is_numeric(column) for column in there):
        blank = pd.Series(np.nan, index=table.index)
        parts = [(blank if column is None else column).to_numpy(np.float64, na_value=np.nan) for column in columns]
        return pd.Series(np.column_stack(parts).ravel(), index=lines)
    if all(pd.api.types.is_datetime64_any_dtype(column.dtype) for column in there) and len(there) == len(columns):
        return pd.Series(
            np.column_stack([column.to_numpy("datetime64[us]") for column in columns]).ravel(), index=lines
        )
    parts = [
        np.full(len(table), None) if column is None else cells.labels(column).astype(object).to_numpy()
        for column in columns
    ]
    return pd.Series(np.column_stack(parts).ravel(), index=lines, dtype="str")


def ordered(occasions: set[str]) -> list[str]:
    """Return the occasions by number where all are numbers, else by code point."""
    if all(cells.as_number(occasion) == cells.as_number(occasion) for occasion in occasions):
        return sorted(occasions, key=lambda occasion: (cells.as_number(occasion), occasion))
    return sorted(occasions)


def _matches(pattern: str, names: list[str]) -> dict[str, str]:
    """Return the columns a pattern matches, by the occasion in their names."""
    before, _, rest = pattern.partition("{")
    after = rest.partition("}")[2]
    shape = re.compile(re.escape(before) + "(.+)" + re.escape(after), re.DOTALL)
    return {match[1]: name for name in names if (match := shape.fullmatch(name))}


def _occasions(settings: Wide, names: list[str], place: Place) -> dict[str, dict[str, str]]:
    """Return for each value its columns by occasion; refuse patterns that match nothing, too much or ambiguously."""
    found = {}
    for pattern, value in zip(settings.columns, settings.value, strict=True):
        columns = _matches(pattern, names)
        if not columns:
            raise place.mistake(f"no column matches {pattern!r}; its columns are {listed(names, 20)}.")
        amounts = {occasion: cells.as_number(occasion) for occasion in columns}
        plain = [occasion for occasion, amount in amounts.items() if amount == amount]
        if plain and len(plain) < len(columns):
            odd = next(columns[occasion] for occasion in columns if occasion not in plain)
            raise place.mistake(
                f"the pattern {pattern!r} matches {columns[plain[0]]!r}, where the part is a number, but also {odd!r}; "
                "rename that column in a step before."
            )
        if len(set(amounts.values())) < len(plain):
            raise place.mistake(
                f"the pattern {pattern!r} matches two columns with the same number; rename one of them."
            )
        found[value] = columns
    owners: dict[str, str] = {}
    for value, columns in found.items():
        for name in columns.values():
            if owners.setdefault(name, value) != value:
                raise place.mistake(f"the column {name!r} matches the patterns of {owners[name]} and of {value}.")
    return found
