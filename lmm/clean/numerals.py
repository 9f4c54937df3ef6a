"""Numbers written by people: decimal commas, and marks between groups of three digits."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from lmm.errors import InputError

SPACES = " \u00a0\u202f"
"""The plain space, the one that does not break, and the narrow one, as languages and programs differ."""

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d*,(\d{1,2}|\d{4,})|0*,\d{3}|\d{4,},\d{3}|\d{1,3}(\.\d{3})+,\d+)([eE][+-]?\d+)?")
_DECIMAL_POINT = re.compile(
    r"[+-]?(\d*\.(\d{1,2}|\d{4,})|0*\.\d{3}|\d{4,}\.\d{3}|\d{1,3}(,\d{3})+\.\d+)([eE][+-]?\d+)?"
)
_GROUPED_BY_COMMA = re.compile(r"[+-]?\d{1,3}(,\d{3}){2,}")
_GROUPED_BY_POINT = re.compile(r"[+-]?\d{1,3}(\.\d{3}){2,}")


def is_number(cell: str) -> bool:
    """Say whether a cell reads as a number, with a point or a comma as decimal mark."""
    cell = cell.strip()
    return bool(_PLAIN.fullmatch(cell) or re.fullmatch(r"[+-]?[\d.,]*\d[\d.,]*", cell))


def decimal_mark(cells: Iterable[str]) -> tuple[str, bool]:
    """Return the decimal mark of some cells, and whether they prove it: "1,5" does, "1,500" alone does not.

    Where some cells prove the comma and others the point, it is the point.
    """
    marked = [cell.strip() for cell in cells if "," in cell or "." in cell]
    with_comma = (cell for cell in marked if "," in cell or cell.count(".") > 1)
    comma = any(_DECIMAL_COMMA.fullmatch(cell) or _GROUPED_BY_POINT.fullmatch(cell) for cell in with_comma)
    point = any(_DECIMAL_POINT.fullmatch(cell) or _GROUPED_BY_COMMA.fullmatch(cell) for cell in marked)
    return ("," if comma and not point else "."), comma or point


def plain_numbers(
    cells: pd.Series, decimal: str, certain: bool, thousands: str | None, where: str
) -> tuple[pd.Series, str | None]:
    """Return a column of text with its numbers in plain digits and a point, and the mark between groups it had.

    Only cells that are whole numbers in groups of three change, or that have the decimal mark; all others stay.
    Without `thousands` the mark is taken that all grouped cells share. "1,500" is refused where nothing tells
    whether it is 1500 or 1.5.
    """
    labels = pd.Series(cells.dropna().unique(), dtype=object)
    found = thousands
    for marks in [thousands] if thousands else [("," if decimal == "." else "."), SPACES, "'’"]:
        mark = SPACES if marks == " " else marks
        grouped = re.compile(rf"[+-]?\d{{1,3}}([{re.escape(mark)}]\d{{3}})+({re.escape(decimal)}\d+)?")
        hits = [label for label in labels if grouped.fullmatch(label.strip())]
        if not hits:
            continue
        unlike = [one for one in labels if any(c in mark for c in one.strip()) and not grouped.fullmatch(one.strip())]
        if unlike and not thousands:
            continue
        if mark in ",." and not certain and not thousands and all(len(re.split(r"[,.]", hit)) == 2 for hit in hits):
            line = cells.index[cells == hits[0]][0]
            raise InputError(
                f"{where} holds {hits[0]!r} in line {line}, column {cells.name!r}, which may have a mark of thousands "
                f"or of decimals; give thousands: '{mark}' or decimal: '{mark}' in the block of data."
            )
        found = mark[0]
        plain = {hit: re.sub(f"[{re.escape(mark)}]", "", hit).replace(decimal, ".") for hit in hits}
        cells = cells.map(lambda cell, plain=plain: plain.get(cell, cell), na_action="ignore")
        labels = pd.Series(cells.dropna().unique(), dtype=object)
        break
    if decimal == ",":
        commas = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
        plain = {label: label.replace(",", ".") for label in labels if commas.fullmatch(label.strip())}
        cells = cells.map(lambda cell: plain.get(cell, cell), na_action="ignore")
    return cells, found
