"""Decision and inference → the chosen model refitted by REML, its figures, and what they show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lmm import diagnose as diagnosing
from lmm.clean.frozen import read_analysis_table
from lmm.files import write_bytes, write_json, write_text
from lmm.provenance import stamp
from lmm.stages.files import read_results

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study


def diagnose(study: Study, inputs: Files, outputs: Files, note: Note) -> None:
    """Check the final model; reads table, audit, decision and inference, writes final, findings and figures."""
    audit, decision, inference = read_results(study, inputs, "audit", "decision", "inference")
    table = read_analysis_table(inputs["table"], audit)
    diagnosis = diagnosing.diagnose(study, decision, table, audit, inference)
    figures = Path(outputs["figures"])
    for name, drawing in diagnosis.figures.items():
        write_text(figures / f"{name}.svg", drawing)
        write_bytes(figures / f"{name}.pdf", diagnosis.printed[name])
    write_json(outputs["findings"], diagnosis.findings)
    write_json(outputs["final"], {**stamp(study, audit["row_hash"]), "fit": json.loads(diagnosis.fit.to_json())})
    note(f"{len(diagnosis.figures)} figures")
