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
    texts = pa.chunked_array(values.astype("str").array.__arrow_array__())
    runs = [pa.compute.run_end_encode(chunk) for chunk in texts.chunks]
    if sum(len(run.values) for run in runs) > len(texts) // 2 or not len(texts):
        return pd.factorize(values.astype("str"))
    coded = pa.chunked_array([run.values for run in runs]).dictionary_encode().combine_chunks()
    codes = pa.compute.fill_null(coded.indices, -1).to_numpy()
    lengths = np.concatenate([np.diff(run.run_ends.to_numpy(), prepend=0) for run in runs])
    return np.repeat(codes, lengths), pd.Index(pd.array(coded.dictionary, dtype="str"))
