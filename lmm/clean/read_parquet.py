"""Parquet files, read by pyarrow."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lmm.errors import InputError


def parquet_columns(path: Path, where: str) -> tuple[str, ...]:
    """Return the column names of a Parquet file."""
    try:
        return tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(where, error) from error


def read_parquet(path: Path, where: str, columns: Collection[str] | None) -> pd.DataFrame:
    """Read some columns (None: all); dictionaries become categories."""
    names = parquet_columns(path, where)
    chosen = [name for name in names if columns is None or name in columns]
    try:
        table = pq.read_table(path, columns=chosen)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(where, error) from error
    return _cells(table, where)


def read_parquet_rows(path: Path, where: str, rows: np.ndarray) -> pd.DataFrame:
    """Read all columns of some rows, numbered from 0 in ascending order, one row group at a time."""
    found, before = [], 0
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                here = rows[(rows >= before) & (rows < before + count)] - before
                if len(here):
                    found.append(file.read_row_group(group).take(pa.array(here)))
                before += count
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(where, error) from error
    return _cells(pa.concat_tables(found), where)


def _cells(table: pa.Table, where: str) -> pd.DataFrame:
    for field in table.schema:
        if pa.types.is_nested(field.type):
            raise InputError(f"{where} holds {field.type} in column {field.name!r}; give it one value in each cell.")
    if not table.num_columns:
        return pd.DataFrame(index=pd.RangeIndex(table.num_rows))
    return table.to_pandas(ignore_metadata=True, split_blocks=True, self_destruct=True)


def _unreadable(where: str, error: Exception) -> InputError:
    return InputError(f"{where} cannot be read as Parquet: {' '.join(str(error).split()).rstrip('.')}.")
