"""Changes of units: a factor and an offset."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.columnwise import names_after, sources
from lmm.clean.steps.step import Applied, Place, listed
from lmm.study.steps import Convert

__all__ = ["apply", "names_after", "sources"]


def apply(settings: Mapping[str, Convert], table: pd.DataFrame, place: Place) -> Applied:
    """Multiply, then add."""
    changed, told = {}, []
    for column, convert in settings.items():
        changed[column] = cells.numbers(table[column], place) * convert.multiply + convert.offset
        offset = f" {'+' if convert.offset > 0 else '-'} {abs(convert.offset):g}" if convert.offset else ""
        told.append(f"{column} × {convert.multiply:g}{offset}")
    return Applied(table.assign(**changed), f"Units were changed: {listed(told)}.")
