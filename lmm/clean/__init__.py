"""From a raw table to the analysis table: the same rows for every candidate, and an account of what was left out."""

from lmm.clean.analysistable import Cleaned, clean, read_analysis_table, write_cleaned
from lmm.clean.preflight import preflight

__all__ = ["Cleaned", "clean", "preflight", "read_analysis_table", "write_cleaned"]
