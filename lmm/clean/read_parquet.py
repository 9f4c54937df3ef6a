"""Parquet files, read by pyarrow."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

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
    for field in table.schema:
        if pa.types.is_nested(field.type):
            raise InputError(f"{where} holds {field.type} in column {field.name!r}; give it one value in each cell.")
    if not chosen:
        return pd.DataFrame(index=pd.RangeIndex(table.num_rows))
    return table.to_pandas(ignore_metadata=True, split_blocks=True, self_destruct=True)


def _unreadable(where: str, error: Exception) -> InputError:
    return InputError(f"{where} cannot be read as Parquet: {' '.join(str(error).split()).rstrip('.')}.")
