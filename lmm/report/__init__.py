"""The report: one self-contained page per study, and an index of the studies."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmm.report.case import Case
    from lmm.report.index import index_page
    from lmm.report.indexentry import index_entry
    from lmm.report.pages import Report, study_report

# The index is made after every run and must not pay for what draws and writes a study's page.
_MODULES = {
    "Case": "case",
    "Report": "pages",
    "index_entry": "indexentry",
    "index_page": "index",
    "study_report": "pages",
}
__all__ = ["Case", "Report", "index_entry", "index_page", "study_report"]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"lmm.report.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'lmm.report' has no attribute '{name}'")
