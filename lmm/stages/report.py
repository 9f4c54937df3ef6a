"""All results of a study → its page with the files beside it, and its entry in the index."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lmm.errors import InputError
from lmm.files import read_json, write_bytes, write_json, write_text
from lmm.model import Fit
from lmm.provenance import assert_same_origin
from lmm.report import Case, index_entry, study_report
from lmm.stages.files import read_results
from lmm.study import block_of

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study import Study

RESULTS = ("audit", "ladder", "decision", "inference", "crossvalidation", "sensitivity", "findings", "final")
OFFERED = ("decision", "inference", "crossvalidation", "sensitivity")


def report(study: Study, config: Mapping[str, Any], inputs: Files, outputs: Files, note: Note) -> None:
    """Write the report; reads all results with figures and family, writes page, downloads and entry."""
    results = dict(zip(RESULTS, read_results(study, inputs, *RESULTS), strict=True))
    fit = json.dumps(results.pop("final")["fit"], ensure_ascii=False)
    family = _family(study, inputs)
    case = Case(study=study, fit=Fit.from_json(fit), family=family, **results)
    names = [figure["name"] for figure in case.findings["figures"]]
    figures = {name: _drawing(Path(inputs["figures"], f"{name}.svg"), b"</svg>").decode() for name in names}
    printed = {name: _drawing(Path(inputs["figures"], f"{name}.pdf"), b"%%EOF") for name in names}
    offered = {f"{name}.json": Path(inputs[name]).read_text(encoding="utf-8") for name in OFFERED}
    block = yaml.safe_dump(block_of(config, study), sort_keys=False, allow_unicode=True)
    written = study_report(case, figures, printed, {**offered, "fit.json": fit, "config.yaml": block})
    write_json(outputs["entry"], index_entry(case))
    for file in written.files:
        write_bytes(Path(outputs["downloads"], file.path), file.content)
    write_text(outputs["page"], written.page)
    note(f"{len(written.page.encode()) // 1000} kB, and {len(written.files)} files beside it")


def _drawing(path: Path, end: bytes) -> bytes:
    """What a figure's file holds; refused where it does not come to the end of its format."""
    content = path.read_bytes() if path.exists() else b""
    if not content.rstrip().endswith(end):
        raise InputError(f"{path} is missing, cut off or damaged; delete the folder {path.parent} and run again.")
    return content


def _family(study: Study, inputs: Files) -> Mapping[str, Any] | None:
    """The adjusted p-values of the study's family, if it has one, made from this very study."""
    for path in inputs["family"]:
        family = read_json(path)
        (member,) = [one for one in family["members"] if one["study"] == study.name]
        assert_same_origin(study, {inputs["audit"]: read_json(inputs["audit"]), path: member})
        return family
    return None
