"""Decision → one part of the selections from resampled groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.clean.frozen import read_analysis_table
from lmm.files import write_json
from lmm.select import inclusionparts
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def inclusion_part(study: Study, part: str, inputs: Files, outputs: Files, note: Note) -> None:
    """Select from the samples of a part, "2-of-4"; reads table, audit and decision, writes part."""
    audit, decision = read_results(study, inputs, "audit", "decision")
    table = read_analysis_table(inputs["table"], audit)
    chosen = inclusionparts.inclusion_part(study, decision, table, part)
    write_json(outputs["part"], chosen)
    note(chosen["reason"] or f"{len(chosen['draws']['chosen'])} selections")
