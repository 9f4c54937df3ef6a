"""One number for the content of the analysis table, the same on every machine."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd


def row_hash(table: pd.DataFrame) -> str:
    """Return the SHA-256 of lines, column names, values and levels, in order.

    Numbers go in as little-endian IEEE 754 doubles with -0 as 0, categories as their levels and int32 codes, text
    as length and UTF-8 bytes: neither platform nor library version changes it.
    """
    digest = hashlib.sha256()

    def add_text(text: str) -> None:
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "little") + encoded)

    if pd.api.types.is_integer_dtype(table.index.dtype):
        digest.update(np.ascontiguousarray(table.index, dtype="<i8").tobytes())
    else:  # "file:line", where rows come from several files
        for line in table.index:
            add_text(str(line))
    for column in table.columns:
        values = table[column]
        add_text(column)
        if isinstance(values.dtype, pd.CategoricalDtype):
            add_text("categorical")
            digest.update(len(values.cat.categories).to_bytes(8, "little"))
            for label in values.cat.categories:
                add_text(label)
            digest.update(values.cat.codes.to_numpy().astype("<i4").tobytes())
        else:
            add_text("numeric")
            digest.update((values.to_numpy(dtype="<f8") + 0.0).tobytes())
    return digest.hexdigest()
