"""Analysis table → ladder: every model of the study that is known before the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.clean.frozen import read_analysis_table
from lmm.files import write_json
from lmm.progress import Progress
from lmm.provenance import stamp
from lmm.select.rungs import fit_rung, ladder
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def fit(study: Study, inputs: Files, outputs: Files, note: Note) -> None:
    """Fit all rungs; reads table and audit, writes ladder."""
    (audit,) = read_results(study, inputs, "audit")
    table = read_analysis_table(inputs["table"], audit)
    known, rungs = ladder(study), []
    progress = Progress(len(known), "models")
    for rung in known:
        rungs.append(fit_rung(rung, table, study, audit))
        progress.add()
        note(f"{rung.id}: {rungs[-1]['failure'] or 'fitted'}")
    write_json(outputs["ladder"], {**stamp(study, audit["row_hash"]), "rungs": rungs})


def fit_one(study: Study, name: str, inputs: Files, outputs: Files, note: Note) -> None:
    """Fit the rung of that name; reads table and audit, writes rung."""
    (audit,) = read_results(study, inputs, "audit")
    table = read_analysis_table(inputs["table"], audit)
    rung = next(rung for rung in ladder(study) if rung.id == name)
    fitted = fit_rung(rung, table, study, audit)
    note(f"{rung.id}: {fitted['failure'] or 'fitted'}")
    write_json(outputs["rung"], {**stamp(study, audit["row_hash"]), "rung": fitted})
