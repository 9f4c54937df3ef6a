"""The rungs fitted one by one → the ladder that one job would have written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.files import write_json
from lmm.provenance import stamp
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def gather_rungs(study: Study, inputs: Files, outputs: Files, note: Note) -> None:
    """Gather the rungs; reads audit and rungs, writes ladder."""
    audit, rungs = read_results(study, inputs, "audit", "rungs")
    ladder = [fitted["rung"] for fitted in rungs]
    write_json(outputs["ladder"], {**stamp(study, audit["row_hash"]), "rungs": ladder})
    note(f"{len(ladder)} models gathered")
