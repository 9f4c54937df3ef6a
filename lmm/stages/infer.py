"""Decision, and the parts of the bootstrap → what may be said about the final model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.clean.frozen import read_analysis_table
from lmm.files import write_json
from lmm.infer.bootstrapparts import draws_of_parts
from lmm.infer.inference import inference
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def infer(study: Study, inputs: Files, outputs: Files, note: Note) -> None:
    """Infer from the final model; reads table, audit, decision and parts, writes inference."""
    audit, decision, parts = read_results(study, inputs, "audit", "decision", "parts")
    found = inference(study, decision, read_analysis_table(inputs["table"], audit), draws_of_parts(parts))
    write_json(outputs["inference"], found)
    for part, reason in found["reasons"].items():
        note(f"{part}: {reason}")
