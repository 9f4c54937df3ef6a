"""Files of SPSS, Stata and SAS, read by pyreadstat; value labels become levels in the order of their codes."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from lmm.errors import InputError

PROGRAMS = {".sav": "SPSS", ".zsav": "SPSS", ".dta": "Stata", ".sas7bdat": "SAS"}


def statistics_columns(path: Path, where: str) -> tuple[str, ...]:
    """Return the names of the variables of an SPSS, Stata or SAS file."""
    return tuple(_read(path, where, metadataonly=True)[1].column_names)


def read_statistics(path: Path, catalogue: str | None, where: str, columns: Collection[str] | None) -> pd.DataFrame:
    """Read some variables (None: all); what the file declares missing is missing.

    SAS keeps value labels in a file of their own, the catalogue in the same folder. A variable becomes a category
    where each of its values has a label. One with a label for some values only, such as an age with -99 "refused",
    stays a number.
    """
    names = statistics_columns(path, where)
    chosen = [name for name in names if columns is None or name in columns]
    if not chosen:  # pyreadstat takes no columns for all columns; one is enough to count the rows
        table, _ = _read(path, where, usecols=list(names[:1]))
        return table[[]]
    table, told = _read(path, where, usecols=chosen)
    value_labels = told.variable_value_labels if catalogue is None else _value_labels(path, catalogue, where)
    for name, labels in value_labels.items():
        if name in table and labels and table[name].dropna().isin(list(labels)).all():
            order = list(
                dict.fromkeys(labels[code] for code in sorted(labels, key=lambda code: (str(type(code)), code)))
            )
            table[name] = table[name].map(labels).astype(pd.CategoricalDtype(order))
    return table[chosen]


def _value_labels(path: Path, catalogue: str, where: str) -> dict[str, dict[Any, str]]:
    """Return the label of each value of each variable of a SAS file, from its catalogue."""
    beside = path.with_name(catalogue)
    if not beside.is_file():
        raise InputError(f"{where}: its catalogue {catalogue} does not exist in the same folder; mend catalogue.")
    return _read(path, where, metadataonly=True, catalog_file=str(beside))[1].variable_value_labels


def _read(path: Path, where: str, **options: Any) -> tuple[pd.DataFrame, Any]:
    import pyreadstat

    program = PROGRAMS[path.suffix.lower()]
    reader = {"SPSS": pyreadstat.read_sav, "Stata": pyreadstat.read_dta, "SAS": pyreadstat.read_sas7bdat}[program]
    try:
        return reader(str(path), **options)
    except Exception as error:  # whatever pyreadstat trips over, the file is not one of that program
        raise InputError(f"{where} cannot be read as a file of {program}: {' '.join(str(error).split())}.") from error
