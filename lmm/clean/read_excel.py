"""Excel workbooks (.xlsx), read by openpyxl: the values that a sheet shows, never a formula that is run."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from lmm.errors import InputError
from lmm.study import nearest


def read_excel(path: Path, sheet: str | None, where: str) -> pd.DataFrame:
    """Read a sheet (None: the first), its first row as column names; rows without any value are left out.

    Refuses cells with an error such as #DIV/0!, and formulas whose value the file does not hold.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
            names = [one.title for one in workbook.worksheets]
    except Exception as error:  # whatever openpyxl trips over, the file is not a workbook
        raise InputError(f"{where} cannot be read as an Excel file (.xlsx): {_told(error)}.") from error
    if not names or sheet not in (None, *names):
        near = nearest(sheet or "", names)
        hint = f"did you mean {near!r}?" if near else f"its sheets are {', '.join(names)}."
        raise InputError(f"{where} has no sheet {sheet!r}; {hint}")
    chosen = sheet or names[0]
    try:
        rows = [[(cell.value, cell.data_type) for cell in row] for row in workbook[chosen].iter_rows()]
    except Exception as error:  # as above: a damaged sheet within a sound archive
        raise InputError(f"{where}, sheet {chosen!r}, cannot be read: {_told(error)}.") from error
    finally:
        workbook.close()
    return _table(path, rows, chosen, f"{where}, sheet {chosen!r},")


def _table(path: Path, rows: list[list[tuple[Any, str]]], sheet: str, where: str) -> pd.DataFrame:
    if not any(value is not None for row in rows for value, _ in row):
        raise InputError(f"{where} is empty; its first row must hold the column names.")
    if not any(value is not None for value, _ in rows[0]):
        raise InputError(f"{where} has an empty line 1, which must hold the column names; delete the lines above them.")
    names = ["" if value is None else str(value) for value, _ in rows[0]]
    while names and not names[-1].strip():
        names.pop()
    lines, records = [], []
    for line, row in enumerate(rows[1:], start=2):
        for place, (value, kind) in enumerate(row):
            if kind == "e":
                name = names[place] if place < len(names) else ""
                raise InputError(
                    f"{where} holds the error {value} in line {line}, column {name!r} (cell "
                    f"{_address(place, line)}); mend or empty that cell."
                )
            if value is not None and place >= len(names):
                raise InputError(
                    f"{where} has a cell without a column name in {_address(place, line)}; name its column."
                )
        if any(value is not None for value, _ in row):
            lines.append(line)
            records.append([value for value, _ in row[: len(names)]] + [None] * (len(names) - len(row)))
    if any(value is None for record in records for value in record):
        _refuse_formulas_without_value(path, sheet, rows, names, where)
    columns = {place: [record[place] for record in records] for place in range(len(names))}
    table = pd.DataFrame({place: pd.Series(values).infer_objects() for place, values in columns.items()})
    return table.set_axis(names, axis=1).set_axis(pd.Index(lines, name="line", dtype="int64"))


def _refuse_formulas_without_value(
    path: Path, sheet: str, rows: list[list[tuple[Any, str]]], names: list[str], where: str
) -> None:
    """A program other than Excel may write a formula alone; the cell would seem empty."""
    import openpyxl

    workbook = openpyxl.load_workbook(path, read_only=True)
    try:
        for line, row in enumerate(workbook[sheet].iter_rows(), start=1):
            for place, cell in enumerate(row):
                if cell.data_type == "f" and rows[line - 1][place][0] is None:
                    raise InputError(
                        f"{where} holds a formula without its value in line {line}, column {names[place]!r} (cell "
                        f"{_address(place, line)}); open the file in Excel and save it."
                    )
    finally:
        workbook.close()


def _address(place: int, line: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(place + 1)}{line}"


def _told(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
