"""Columns of one table added to the rows of another, matched on keys, with the match checked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lmm.clean.cells import written
from lmm.errors import InputError

_SHOWN = 5


def joined(
    rows: pd.DataFrame, table: pd.DataFrame, on: list[str], many: bool, where: str, name: str
) -> tuple[pd.DataFrame, str, dict[str, int]]:
    """Return the rows with the columns of `table` beside them, a sentence on what found no match, and its counts.

    All rows stay, in order; those without a match have missing values. Without `many` each key occurs in `table` once
    at most; with it a row is repeated for each match, and its line becomes "line+line of the joined table".
    """
    shared = [column for column in table if column in rows and column not in on]
    if shared:
        raise InputError(
            f"{where} has a column {shared[0]!r}, which the rows have too; rename it, or list the columns to take."
        )
    left, right = _comparable(rows[on], table[on])
    keyed = right.dropna()
    repeated = keyed[keyed.duplicated()]
    if len(repeated) and not many:
        line = repeated.index[0]
        raise InputError(
            f"{where} has {_shown(table.loc[[line], on])} more than once, again in line {line}; keep one row, or "
            "declare rows: many."
        )
    places = keyed.assign(**{"\0right": np.flatnonzero(right.notna().all(axis=1).to_numpy())})
    found = left.assign(**{"\0left": np.arange(len(left))}).merge(places, how="left", on=on, sort=False)
    first = found["\0left"].to_numpy()
    second = found["\0right"].fillna(-1).to_numpy(dtype=np.int64)
    added = table.drop(columns=on).reset_index(drop=True).reindex(second)
    result = rows.iloc[first]
    if many:
        lines = [
            f"{line}+{table.index[place]}" if place >= 0 else f"{line}"
            for line, place in zip(result.index, second, strict=True)
        ]
        result = result.set_axis(pd.Index(lines, name=rows.index.name, dtype=object))
    result = pd.concat([result, added.set_axis(result.index)], axis=1)
    unmatched = rows.iloc[first[second < 0]][on]
    unused = table.loc[~np.isin(np.arange(len(table)), second), on]
    counts = {"unmatched": len(unmatched), "unused": len(unused)}
    return result, f"{name} was joined on {', '.join(on)}: {_told(unmatched, unused)}.", counts


def _comparable(left: pd.DataFrame, right: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the keys of both tables as text that agrees where they mean the same: 1, 1.0 and "1"."""
    keys: tuple[dict[str, pd.Series], dict[str, pd.Series]] = ({}, {})
    for column in left:
        pair = [left[column], right[column]]
        if any(values.dtype.kind in "iuf" for values in pair):
            pair = [_as_number(values) for values in pair]
        for side, values in zip(keys, pair, strict=True):
            text = values.astype(object).map(written, na_action="ignore").astype("str").str.strip()
            side[column] = text.mask(text == "")
    return pd.DataFrame(keys[0], index=left.index), pd.DataFrame(keys[1], index=right.index)


def _as_number(values: pd.Series) -> pd.Series:
    """Return text that is a number as that number; other text stays, and matches nothing that is a number."""
    if values.dtype.kind in "iuf":
        return values.astype(np.float64)
    text = values.astype(object)
    numbers = pd.to_numeric(text, errors="coerce")
    return numbers.astype(object).where(numbers.notna(), text)


def _told(unmatched: pd.DataFrame, unused: pd.DataFrame) -> str:
    if unmatched.empty and unused.empty:
        return "every row found its match, and every key was used"
    told = []
    for rows, singular, plural in (
        (unmatched, "row had no match", "rows had no match"),
        (unused, "of its own rows was not used", "of its own rows were not used"),
    ):
        if len(rows):
            keys = rows.drop_duplicates()
            listed = ", ".join(_shown(keys.iloc[[place]]) for place in range(min(_SHOWN, len(keys))))
            more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
            told.append(f"{len(rows):,} {singular if len(rows) == 1 else plural} ({listed}{more})")
    return "; ".join(told)


def _shown(key: pd.DataFrame) -> str:
    values = key.iloc[0]
    return " and ".join(
        f"{column} {'missing' if pd.isna(values[column]) else written(values[column])}" for column in key
    )
