"""The report: one self-contained page per study, and an index of the studies."""

from lmm.report.case import Case
from lmm.report.index import index_entry, index_page
from lmm.report.pages import Report, study_report

__all__ = ["Case", "Report", "index_entry", "index_page", "study_report"]
