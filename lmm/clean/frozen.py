"""The analysis table read back: the very rows that were frozen when it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from lmm import files
from lmm.clean.rowhash import row_hash
from lmm.errors import InputError


def read_analysis_table(table: str | Path, audit: dict[str, Any]) -> pd.DataFrame:
    """Read an analysis table and assert that it holds the very rows its audit names."""
    rows = files.read_table(table)
    if row_hash(rows) != audit["row_hash"]:
        raise InputError(
            f"study {audit['study']}: {table} does not hold the rows that its audit names; delete it and run again."
        )
    return rows
