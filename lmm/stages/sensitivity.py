"""Decision, cross-validation and resampled selections → whether the conclusions hang on the model that was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.clean.frozen import read_analysis_table
from lmm.files import write_json
from lmm.select import sensitivity as other_models
from lmm.select.inclusionparts import inclusion_of_parts
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def sensitivity(study: Study, inputs: Files, outputs: Files, note: Note) -> None:
    """Look at other models; reads table, audit, decision, crossvalidation and parts, writes sensitivity."""
    audit, decision, validation, parts = read_results(study, inputs, "audit", "decision", "crossvalidation", "parts")
    table = read_analysis_table(inputs["table"], audit)
    inclusion = inclusion_of_parts(study, decision, parts)
    found = other_models.sensitivity(study, decision, table, validation, inclusion)
    write_json(outputs["sensitivity"], found)
    note(found["hypotheses"]["sentence"])
