"""Cells and lines as messages show them."""

from __future__ import annotations

from collections.abc import Sequence

from lmm.numbers import MINUS
from lmm.study import Study
from lmm.study.source import tables

_LONGEST = 40


def shortened(cell: str) -> str:
    """Return a cell in quotes, its end left out where it is long."""
    return repr(cell if len(cell) <= _LONGEST else cell[: _LONGEST - 3] + "...")


def line_in(study: Study, label: object) -> str:
    """Return how a message names a line of a study's rows, an entry of their index: "line 7 of data/t.csv"."""
    return line_of_files([table.file for table in tables(study.data)], label)


def line_of_files(files: Sequence[str], label: object) -> str:
    """Return the same where the rows come from these files; with several of them the label begins with its own."""
    if len(files) == 1:
        return f"line {label} of {files[0]}"
    for file in files:
        if str(label).startswith(f"{file}:"):
            return f"line {str(label).removeprefix(f'{file}:')} of {file}"
    return f"line {label}"


def number(value: float) -> str:
    """A number of the data in a sentence: "2001", "0.5", "−2.5" with a true minus sign."""
    return f"{value:g}".replace("-", MINUS)
