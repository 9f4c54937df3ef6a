"""One number for the content of the analysis table, the same on every machine."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd


def row_hash(table: pd.DataFrame) -> str:
    """Return the SHA-256 of lines, column names, values and levels, in order.

    Numbers go in as little-endian IEEE 754 doubles with -0 as 0, categories as their levels and int32 codes, texts as
    their count, their lengths and their UTF-8 bytes: neither platform nor library version changes it.
    """
    digest = hashlib.sha256()

    def add_texts(texts: list[str]) -> None:
        digest.update(np.array([len(texts), *map(len, texts)], dtype="<i8"))
        digest.update("".join(texts).encode())

    if pd.api.types.is_integer_dtype(table.index.dtype):
        digest.update(np.ascontiguousarray(table.index, dtype="<i8"))
    else:  # "file:line", where rows come from several files
        add_texts([str(line) for line in table.index])
    for column in table.columns:
        values = table[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            add_texts([column, "categorical"])
            add_texts(values.cat.categories.tolist())
            digest.update(values.cat.codes.to_numpy().astype("<i4"))
        else:
            add_texts([column, "numeric"])
            digest.update(values.to_numpy(dtype="<f8") + 0.0)
    return digest.hexdigest()
