"""The column names of a raw table, and where a column stands among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lmm.clean.read_excel import read_excel
from lmm.clean.read_parquet import parquet_columns
from lmm.clean.read_statistics import PROGRAMS, statistics_columns
from lmm.clean.read_text import layout
from lmm.errors import InputError
from lmm.study import nearest
from lmm.study.source import Table

EXCEL = (".xlsx", ".xlsm")
PARQUET = (".parquet", ".pq")
_NOT_READ = {".xls": "save it as .xlsx", ".ods": "save it as .xlsx or CSV", ".rds": "save it as CSV or Parquet"}


@dataclass(frozen=True)
class Header:
    """Column names of a raw table as they stand in the file."""

    columns: tuple[str, ...]


def read_header(path: Path, where: str, table: Table | None = None) -> Header:
    """Read the column names of a file of any format.

    `where` names the file in messages: "study sleepstudy: data/sleepstudy.csv".
    """
    check_file(path, where)
    table = table or Table(file=path.name)
    ending = path.suffix.lower()
    if ending in EXCEL:
        return Header(tuple(read_excel(path, table.sheet, where)))
    if ending in PARQUET:
        return Header(parquet_columns(path, where))
    if ending in PROGRAMS:
        return Header(statistics_columns(path, where))
    return Header(layout(path, table, where).columns)


def check_file(path: Path, where: str) -> None:
    """Refuse a file that is not there, is a folder, is empty, or of a format that is not read."""
    try:
        is_there, is_folder, size = path.exists(), path.is_dir(), path.stat().st_size if path.is_file() else 1
    except (OSError, ValueError) as error:
        raise InputError(f"{where} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if not is_there:
        raise InputError(f"{where} does not exist; {_nearest_file(path)}")
    if is_folder:
        raise InputError(f"{where} is a folder; name a CSV file.")
    if size == 0:
        raise InputError(f"{where} is empty; it needs a line of column names and rows below it.")
    if path.suffix.lower() in _NOT_READ:
        raise InputError(f"{where} is of a format that is not read; {_NOT_READ[path.suffix.lower()]}.")


def position(header: Header, column: str, role: str, where: str) -> int:
    """Return where a column stands in the table, or say that it is missing or there twice."""
    found = [place for place, name in enumerate(header.columns) if name == column]
    if not found:
        near = nearest(column, header.columns)
        hint = f"did you mean {near!r}?" if near else f"its columns are {', '.join(header.columns[:20])}."
        raise InputError(f"{where} has no column {column!r} ({role}); {hint}")
    if len(found) > 1:
        raise InputError(f"{where} has {len(found)} columns named {column!r} ({role}); rename all but one.")
    return found[0]


def _nearest_file(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r}."
    near = nearest(path.name, (other.name for other in path.parent.iterdir() if other.is_file()))
    return f"did you mean {near!r}?" if near else "give the path of a CSV file."
