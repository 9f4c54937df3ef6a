"""One number for the content of the analysis table, the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

from lmm.clean.groups import blocks_of_rows
from lmm.clean.texts import lengths_and_bytes


def row_hash(table: pd.DataFrame) -> str:
    """Return the SHA-256 of lines, column names, values and levels, in order.

    Numbers go in as little-endian IEEE 754 doubles with -0 as 0, categories as their levels and int32 codes, texts as
    their count, then the length of each, then the bytes of UTF-8: neither platform nor library version changes it.
    """
    digest = hashlib.sha256()

    def add_texts(texts: Iterable[str]) -> None:
        lengths, content = lengths_and_bytes(texts)
        digest.update(np.append(len(lengths), lengths).astype("<i8"))
        digest.update(content)

    def add_numbers(numbers: np.ndarray, kind: str) -> None:
        for rows in blocks_of_rows(len(numbers)):
            digest.update((numbers[rows] + 0).astype(kind))

    if pd.api.types.is_integer_dtype(table.index.dtype):
        add_numbers(table.index.to_numpy(), "<i8")
    else:  # "file:line", where rows come from several files
        add_texts(map(str, table.index))
    for column in table.columns:
        values = table[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            add_texts([column, "categorical"])
            add_texts(values.cat.categories)
            add_numbers(values.cat.codes.to_numpy(), "<i4")
        else:
            add_texts([column, "numeric"])
            add_numbers(values.to_numpy(dtype="<f8"), "<f8")
    return digest.hexdigest()
