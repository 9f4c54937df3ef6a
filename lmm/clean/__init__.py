"""From a raw table to the analysis table: the same rows for every candidate, and an account of what was left out."""

from __future__ import annotations

from typing import Any

__all__ = ["Cleaned", "clean", "read_analysis_table", "write_cleaned"]


def __getattr__(name: str) -> Any:
    # Each job reads the analysis table back, and must not pay for all of cleaning.
    if name == "read_analysis_table":
        from lmm.clean.frozen import read_analysis_table

        return read_analysis_table
    if name in __all__:
        from lmm.clean import analysistable

        return getattr(analysistable, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
