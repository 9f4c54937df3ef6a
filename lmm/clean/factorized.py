"""Columns of labels as codes: the place of each row among the distinct labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute

Factorized = tuple[np.ndarray, pd.Index]
"""The place of each row among the distinct labels, -1 where missing, shape (rows,); the labels as they first appear."""


def factorized(values: pd.Series) -> Factorized:
    """Return a column of text or of categories factorized; where equal labels stand in runs, only runs are hashed."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return pd.factorize(values)
    texts = pa.chunked_array(values.astype("str").array.__arrow_array__()).combine_chunks()
    if isinstance(texts, pa.ChunkedArray):  # more than an array can hold
        return pd.factorize(values)
    runs = pa.compute.run_end_encode(texts)
    if len(runs.values) > len(texts) // 2:
        return pd.factorize(values.astype("str"))
    coded = runs.values.dictionary_encode()
    codes = pa.compute.fill_null(coded.indices, -1).to_numpy()
    labels = pd.Index(pd.array(coded.dictionary, dtype="str"))
    return np.repeat(codes, np.diff(runs.run_ends.to_numpy(), prepend=0)), labels
