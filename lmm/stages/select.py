"""Ladder → decision: the model that wins, step by step, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.clean.frozen import read_analysis_table
from lmm.files import write_json
from lmm.select import decide
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def select(study: Study, inputs: Files, outputs: Files, note: Note) -> None:
    """Climb the ladder; reads table, audit and ladder, writes decision."""
    audit, ladder = read_results(study, inputs, "audit", "ladder")
    decision = decide(study, ladder, read_analysis_table(inputs["table"], audit), audit)
    write_json(outputs["decision"], decision)
    note(decision["final"]["reason"])
