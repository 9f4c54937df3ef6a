"""The scores of all folds → the models compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.files import write_json
from lmm.select.crossvalidation.gathered import cross_validation
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def gather_cross_validation(study: Study, inputs: Files, outputs: Files, note: Note) -> None:
    """Compare the models, target by target; reads audit, decision and parts, writes crossvalidation."""
    audit, decision, parts = read_results(study, inputs, "audit", "decision", "parts")
    compared = cross_validation(study, decision, audit, parts)
    write_json(outputs["crossvalidation"], compared)
    for target, reason in compared["reasons"].items():
        note(f"{target}: {reason}")
