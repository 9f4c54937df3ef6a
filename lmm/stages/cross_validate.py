"""Decision → every model scored on one part of the folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.clean.frozen import read_analysis_table
from lmm.files import write_json
from lmm.select.crossvalidation.parts import cross_validation_part, progress
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def cross_validate(study: Study, part: str, inputs: Files, outputs: Files, note: Note) -> None:
    """Score all models on the folds of a part, "2-of-4"; reads table, audit and decision, writes part."""
    audit, decision = read_results(study, inputs, "audit", "decision")
    table = read_analysis_table(inputs["table"], audit)
    scored = cross_validation_part(study, decision, audit, table, part)
    write_json(outputs["part"], scored)
    for line in progress(scored):
        note(line)
