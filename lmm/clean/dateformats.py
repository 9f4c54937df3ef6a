"""How dates are written: the formats that each cell of a column can have, by its shape alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

ISO = "%Y-%m-%d"

_NUMBERS = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})")
_DAY_FIRST = re.compile(r"(\d{1,2})([-/. ]|\. )([A-Za-zÀ-ÿ]{3,9})\.?([-/, ]|, )(\d{4}|\d{2})")
_MONTH_FIRST = re.compile(r"([A-Za-zÀ-ÿ]{3,9})\.? (\d{1,2})(,? )(\d{4})")
_TIME = re.compile(r"([T ]) *\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?Z|[+-]\d{2}:?\d{2})?$")
_MAY = "May"
"""The month whose name is as long as its abbreviation."""


def formats(cell: str) -> tuple[str, ...]:
    """Return the formats a cell may have, as in %d/%m/%Y; none where it is no date, two where day and month may swap.

    A time of day is part of the format, but not of 2026-11-22, where one may follow or not.
    """
    time = _TIME.search(cell.strip())
    found = _of_date(_TIME.sub("", cell.strip()))
    if time is None:
        return found
    clock = f"{time[1]}%H:%M" + ("" if time[2] is None else ":%S.%f" if time[3] else ":%S")
    return tuple(form if form == ISO else form + clock + ("%z" if time[4] else "") for form in found)


def _of_date(date: str) -> tuple[str, ...]:
    if re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", date):
        return ("%Y%m%d",)
    if match := _NUMBERS.fullmatch(date):
        first, mark, second, third = match[1], match[2], int(match[3]), match[4]
        if len(first) == 4:
            return (f"%Y{mark}%m{mark}%d",) if 1 <= second <= 12 and 1 <= int(third) <= 31 else ()
        if len(first) > 2 or len(third) not in (2, 4):
            return ()
        year = "%Y" if len(third) == 4 else "%y"
        day_first = 1 <= int(first) <= 31 and 1 <= second <= 12
        month_first = 1 <= int(first) <= 12 and 1 <= second <= 31
        orders = [("%d", "%m")] * day_first + [("%m", "%d")] * month_first
        return tuple(f"{one}{mark}{two}{mark}{year}" for one, two in orders)
    if match := _DAY_FIRST.fullmatch(date):
        year = "%Y" if len(match[5]) == 4 else "%y"
        return tuple(f"%d{match[2]}{month}{match[4]}{year}" for month in _month(match[3]))
    if match := _MONTH_FIRST.fullmatch(date):
        return tuple(f"{month} %d{match[3]}%Y" for month in _month(match[1]))
    return ()


def are_dates(labels: Iterable[str]) -> bool:
    """Say whether labels are all dates and there are some; days, months and years joined by points may be versions."""
    found = False
    for label in labels:
        found = True
        if not any(_has_year(form) for form in formats(label)):
            return False
    return found


def in_two_formats(cells: Iterable[str]) -> tuple[str, str] | None:
    """Return two cells that no one format fits, the first of the most common format and the first that lacks it."""
    cells = list(cells)
    every = [formats(cell) for cell in cells]
    counts: dict[str, int] = {}
    for possible in every:
        for form in possible:
            counts[form] = counts.get(form, 0) + 1
    if not counts or max(counts.values()) == sum(map(bool, every)):
        return None
    commonest = max(counts, key=lambda form: counts[form])
    usual = next(cell for cell, possible in zip(cells, every, strict=True) if commonest in possible)
    odd = next(cell for cell, possible in zip(cells, every, strict=True) if possible and commonest not in possible)
    return usual, odd


def told(cell: str) -> str:
    """Return a cell's formats in words: %d/%m/%Y or %m/%d/%Y."""
    return " or ".join(formats(cell))


def _month(word: str) -> tuple[str, ...]:
    return ("%b", "%B") if word.capitalize() == _MAY else ("%b",) if len(word) == 3 else ("%B",)


def _has_year(form: str) -> bool:
    return "%Y" in form and form != "%Y%m%d"
