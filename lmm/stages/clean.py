"""Raw table → analysis table, audit, and the rows left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lmm import clean as cleaning

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def clean(study: Study, outputs: Files, note: Note) -> None:
    """Clean the study's tables; writes table, audit and dropped."""
    cleaned = cleaning.clean(study, Path())
    cleaning.write_cleaned(cleaned, outputs["table"], outputs["audit"], outputs["dropped"])
    for step in cleaned.audit["steps"]:
        note(step["sentence"])
