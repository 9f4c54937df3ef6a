"""All results of a study → its page with the files beside it, and its entry in the index."""

import json
from pathlib import Path

import yaml

from lmm.files import read_json, write_bytes, write_json, write_text
from lmm.job import job, study_of
from lmm.model import Fit
from lmm.provenance import assert_same_origin
from lmm.report import Case, index_entry, study_report
from lmm.study import block_of

RESULTS = ("audit", "ladder", "decision", "inference", "crossvalidation", "sensitivity", "findings")
OFFERED = ("decision", "inference", "crossvalidation", "sensitivity")

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    results = {name: read_json(snakemake.input[name]) for name in (*RESULTS, "final")}
    origins = {snakemake.input[name]: result for name, result in results.items()}
    family = next(map(read_json, snakemake.input.family), None)
    if family is not None:
        (origins[snakemake.input.family[0]],) = [one for one in family["members"] if one["study"] == study.name]
    assert_same_origin(study, origins)
    fit = json.dumps(results.pop("final")["fit"], ensure_ascii=False)
    names = [figure["name"] for figure in results["findings"]["figures"]]
    figures = {name: Path(snakemake.input.figures, f"{name}.svg").read_text(encoding="utf-8") for name in names}
    printed = {name: Path(snakemake.input.figures, f"{name}.pdf").read_bytes() for name in names}
    block = yaml.safe_dump(block_of(snakemake.config, study), sort_keys=False, allow_unicode=True)
    offered = {f"{name}.json": Path(snakemake.input[name]).read_text(encoding="utf-8") for name in OFFERED}
    case = Case(study=study, fit=Fit.from_json(fit), family=family, **results)
    report = study_report(case, figures, printed, {**offered, "fit.json": fit, "config.yaml": block})
    write_json(snakemake.output.entry, index_entry(case))
    for file in report.files:
        write_bytes(Path(snakemake.output.downloads, file.path), file.content)
    write_text(snakemake.output.page, report.page)
    note(f"{len(report.page.encode()) // 1000} kB, and {len(report.files)} files beside it")
