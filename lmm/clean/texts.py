"""Many texts at once, as the bytes of UTF-8 and their lengths."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa


def lengths_and_bytes(texts: pd.Index | Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the lengths in bytes, int64 of shape (texts,), and all bytes end to end, uint8; no text is missing."""
    array = texts if isinstance(texts, pd.Index) else list(texts)
    array = pa.array(array, pa.large_string())
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    _, offsets, content = array.buffers()
    ends = np.frombuffer(offsets, dtype="<i8")[array.offset : array.offset + len(array) + 1] if offsets else np.zeros(1)
    every = np.frombuffer(content, dtype=np.uint8) if content else np.zeros(0, dtype=np.uint8)
    return np.diff(ends), every[int(ends[0]) : int(ends[-1])]
