"""The report: one self-contained page per study, and an index of the studies."""

from lmm.report.case import Case
from lmm.report.index import index_entry, index_page
from lmm.report.pages import study_page

__all__ = ["Case", "index_entry", "index_page", "study_page"]
