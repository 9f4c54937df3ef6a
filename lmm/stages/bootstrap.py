"""Decision → one part of the bootstrap draws of the final model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.clean.frozen import read_analysis_table
from lmm.files import write_json
from lmm.infer import bootstrapparts
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def bootstrap_part(study: Study, part: str, inputs: Files, outputs: Files, note: Note) -> None:
    """Draw the samples of a part, "2-of-4", and refit; reads table, audit and decision, writes part."""
    audit, decision = read_results(study, inputs, "audit", "decision")
    drawn = bootstrapparts.bootstrap_part(study, decision, read_analysis_table(inputs["table"], audit), part)
    write_json(outputs["part"], drawn)
    failures = drawn["draws"]["failures"] if drawn["draws"] else []
    note(f"{len(failures)} draws, of which {sum(map(bool, failures))} failed")
