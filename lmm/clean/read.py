"""The raw table as a data frame: the needed columns, typed by their role, indexed by the line of data."""

from __future__ import annotations

import hashlib
import lzma
import re
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from lmm.clean import types
from lmm.clean.header import ENCODING, Header, position, read_header
from lmm.clean.roles import read_as_text
from lmm.errors import InputError
from lmm.study import Study

MISSING_CODES = ("", "NA", "NaN", "nan")
"""What always means a missing value: the empty cell, R's NA and the NaN of numerical software."""

_ROWS_AT_A_TIME = 100_000


def read(study: Study, folder: Path, roles: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Read the columns in `roles`; numbers become float64, categories pandas categories, missing codes missing.

    The index, named "line", is the number of the row of data, from 1, blank lines not counted.
    """
    path = folder / study.data
    header = read_header(path, _where(study))
    places = {column: position(header, column, played[0], _where(study)) for column, played in roles.items()}
    codes = (*MISSING_CODES, *study.missing)
    as_text = {column for column, played in roles.items() if read_as_text(study, column, played)}
    table = _cells(study, path, header, places, as_text, codes)
    logical = [column for column in table if table[column].dtype == bool]
    if logical:  # pandas folds TRUE, True and true into one; labels stay as they are written
        texts = _cells(study, path, header, {column: places[column] for column in logical}, set(logical), codes)
        table = table.assign(**texts)
    return types.typed(study, table, roles, codes)


def read_lines(study: Study, folder: Path, lines: pd.Index) -> pd.DataFrame:
    """Return the given lines of the raw table, all columns, as the text that stands in the file."""
    path = folder / study.data
    header = read_header(path, _where(study))
    found = []
    with _one_sentence_errors(study, header):
        how = {"dtype": str, "na_filter": False, "chunksize": _ROWS_AT_A_TIME}
        with pd.read_csv(path, **_layout(header), **how) as parts:
            for part in parts:
                part.index += 1
                found.append(part[part.index.isin(lines)])
    return pd.concat(found).set_axis(header.columns, axis=1).rename_axis(lines.name)


def column_count(study: Study, folder: Path) -> int:
    """Return how many columns the raw table has."""
    return len(read_header(folder / study.data, _where(study)).columns)


def source_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _where(study: Study) -> str:
    return f"study {study.name}: {study.data}"


def _cells(
    study: Study, path: Path, header: Header, places: dict[str, int], as_text: set[str], codes: tuple[str, ...]
) -> pd.DataFrame:
    """Read the columns at `places`, of the type their cells suggest unless they are to be read as text.

    All columns are read before some are kept: told to use some, pandas cuts rows that are too long without a word.
    """
    with _one_sentence_errors(study, header):
        table = pd.read_csv(
            path,
            **_layout(header),
            dtype={places[column]: str for column in as_text},
            keep_default_na=False,
            na_values=list(codes),
            low_memory=False,
        )
    table.index = pd.RangeIndex(1, len(table) + 1, name="line")
    return table[list(places.values())].set_axis(list(places), axis=1)


def _layout(header: Header) -> dict[str, Any]:
    """Return how pandas is to lay out the file: columns by position, because names may repeat."""
    return {
        "sep": header.delimiter,
        "encoding": ENCODING,
        "header": 0,
        "names": range(len(header.columns)),
        "index_col": False,
    }


@contextmanager
def _one_sentence_errors(study: Study, header: Header) -> Iterator[None]:
    where = _where(study)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield
    except pd.errors.ParserError as error:
        raise InputError(f"{where} {_unreadable(str(error), header)}") from error
    except pd.errors.ParserWarning as error:
        raise InputError(
            f"{where} has more cells in its rows than its header has names ({len(header.columns)}); name every column."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not UTF-8 text; save it as UTF-8.") from error
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"{where} cannot be read to its end: {error}.") from error


def _unreadable(message: str, header: Header) -> str:
    ragged = re.search(r"line (\d+), saw (\d+)", message)
    if ragged is None:
        return f"cannot be read as CSV: {message.strip()}."
    return (
        f"has {ragged[2]} cells in line {ragged[1]} of the file, where its header has names for {len(header.columns)}; "
        "mend that line, or name every column."
    )
