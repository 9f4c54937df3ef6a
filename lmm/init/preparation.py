"""What a table needs before roles can be guessed: codes set missing, dates made a time, a wide table made long."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lmm.clean.dateformats import ISO, are_dates, formats
from lmm.init.names import names_time, names_unit, words

_CODES = (-9, -77, -88, -99, -777, -888, -999, -9999, -99999, 999, 9999, 99999)
_MOSTLY = 0.8
"""A column is one of numbers when this share of its cells is."""
_MOST_WORDS = 3
_FEWEST_NUMBERS = 5
_FEWEST_OCCASIONS = 3


@dataclass
class Preparation:
    """The table as it will be, the steps that make it so, and what each rests on.

    dates: for a column of days that stands for a column of dates, that column and the format of its dates.
    """

    table: pd.DataFrame
    steps: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    dates: dict[str, tuple[str, str]] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)


def prepared(cells: pd.DataFrame) -> Preparation:
    """Return the table with codes missing and dates as days; its raw columns keep their names otherwise."""
    found = Preparation(cells.copy())
    _set_codes_missing(found)
    _read_dates(found)
    return found


def _set_codes_missing(found: Preparation) -> None:
    codes = {}
    for name in found.table:
        column = found.table[name]
        listed = _number_codes(column) if column.dtype.kind in "iuf" else _word_codes(column)
        if not listed:
            continue
        codes[name] = listed
        numbers = pd.to_numeric(column.astype(object), errors="coerce").astype(np.float64)
        found.table[name] = numbers.mask(numbers.isin([code for code in listed if not isinstance(code, str)]))
        found.evidence.append(
            f"{name}: {' and '.join(map(str, listed))} stand{'s' if len(listed) == 1 else ''} apart from the other "
            "values, like a code for a missing one."
        )
    if codes:
        found.steps.append({"missing": codes})


def _number_codes(column: pd.Series) -> list[int]:
    """Return the usual codes that lie beyond all other values, on the side where no other value comes near."""
    values = column.dropna()
    there = [code for code in _CODES if (values == code).any()]
    rest = values[~values.isin(there)]
    if not there or rest.nunique() < 2:
        return []
    low = [code for code in there if code < 0 and rest.min() >= 0]
    return low + [code for code in there if code > 0 and 9 * rest.max() < code and rest.min() > -code]


def _word_codes(column: pd.Series) -> list[str]:
    """Return the few labels among cells that are numbers else."""
    text = column.dropna().astype("str")
    numbers = pd.to_numeric(text.astype(object), errors="coerce")
    if text.empty or numbers.notna().mean() < _MOSTLY or numbers.nunique() < _FEWEST_NUMBERS:
        return []
    odd = text[numbers.isna()].str.strip().unique().tolist()
    alone = all(not re.search(r"\d", label) for label in odd)
    return odd if alone and 0 < len(odd) <= _MOST_WORDS and not names_unit(str(column.name)) else []


def _read_dates(found: Preparation) -> None:
    """Put days in the place of dates whose format is certain; say of the others what is not."""
    for name in list(found.table):
        column = found.table[name]
        labels = column.dropna().astype("str").unique().tolist() if column.dtype.kind not in "iufM" else []
        if not are_dates(labels):
            continue
        shared = set.intersection(*({*formats(label)} for label in labels))
        days = f"{name}_days"
        if len(shared) != 1 or days in found.table:
            why = "with day and month in doubt" if shared else "in more than one format"
            found.unused[name] = f"it holds dates {why}; make them alike, then a time of them with a step elapsed"
            found.table = found.table.drop(columns=name)
            continue
        (form,) = shared
        dates = pd.to_datetime(column.astype("str"), format="ISO8601" if form == ISO else form, errors="coerce")
        if dates.dt.tz is not None:
            dates = dates.dt.tz_localize(None)
        since_first = (dates - dates.min()).dt.total_seconds() / 86400.0
        found.dates[days] = (name, form)
        place = list(found.table).index(name)
        found.table = found.table.drop(columns=name)
        found.table.insert(place, days, since_first)


def long(found: Preparation) -> Preparation | None:
    """Return a wide table as a long one, with the step that does it; None where no columns are named by occasions.

    A wide table has a row for each unit: a column of labels that never repeat, and columns such as score_1, score_2.
    """
    table = found.table
    patterns = _patterns([str(name) for name in table if table[name].dtype.kind in "iuf"])
    unit = next((name for name in table if _names_rows(table[name], patterns.values())), None)
    if not patterns or unit is None:
        return None
    part, values = _part_and_values(list(patterns), [str(name) for name in table])
    wide = {name for columns in patterns.values() for name in columns.values()}
    occasions = sorted({occasion for columns in patterns.values() for occasion in columns}, key=float)
    kept = table[[name for name in table if name not in wide]]
    tall = kept.iloc[np.repeat(np.arange(len(table)), len(occasions))].reset_index(drop=True)
    tall[part] = np.tile([float(occasion) for occasion in occasions], len(table))
    for value, columns in zip(values, patterns.values(), strict=True):
        blank = pd.Series(np.nan, index=table.index)
        parts = [table[columns[occasion]] if occasion in columns else blank for occasion in occasions]
        tall[value] = np.column_stack(parts).ravel()
    texts = [before + "{" + part + "}" + after for before, after in patterns]
    step = {
        "wide": {"columns": texts if len(texts) > 1 else texts[0], "value": values if len(texts) > 1 else values[0]}
    }
    told = f"{', '.join(sorted(wide, key=list(table).index))} are one column for each {part} of {unit}: a row for each."
    return Preparation(tall, [*found.steps, step], [*found.evidence, told], found.dates, found.unused)


def _patterns(names: list[str]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the columns of numbers that are named alike but for a number, by that number."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name in names:
        if match := re.fullmatch(r"(.*\D)(\d+)(\D*)", name, re.DOTALL):
            found.setdefault((match[1], match[3]), {})[match[2]] = name
    return {
        ends: columns
        for ends, columns in found.items()
        if len(columns) >= _FEWEST_OCCASIONS and not {"{", "}"} & set(ends[0] + ends[1])
    }


def _names_rows(column: pd.Series, patterns: Collection[dict[str, str]]) -> bool:
    values = column.dropna()
    label = column.dtype.kind not in "iuf" or (names_unit(str(column.name)) and bool((values % 1 == 0).all()))
    inside = any(column.name in columns.values() for columns in patterns)
    return label and not inside and len(values) == len(column) == values.nunique()


def _part_and_values(ends: list[tuple[str, str]], taken: list[str]) -> tuple[str, list[str]]:
    """Return a name for the occasions and one for each column of values: day and rt for rt_day1, rt_day2."""
    part = next((last for before, _ in ends if (last := (words(before) or [""])[-1]) and names_time(last)), "occasion")
    values = []
    for before, after in ends:
        parted = [word for word in re.split(r"[\W_]+", before) if word]
        if len(parted) > 1 and (names_time(parted[-1]) or len(parted[-1]) == 1):
            parted = parted[:-1]
        plain = "_".join(parted) + re.sub(r"\W+", "", after)
        values.append("value" if not plain or plain.lower() == part else plain)
    used = set(taken)
    named = []
    for name in (part, *values):
        while name in used:
            name += "_value"
        used.add(name)
        named.append(name)
    return named[0], named[1:]
