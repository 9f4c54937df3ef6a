"""All results of a study → its page, and its entry in the index."""

import json
from pathlib import Path

from lmm.files import read_json, write_json, write_text
from lmm.job import job, study_of
from lmm.model import Fit
from lmm.provenance import assert_same_origin
from lmm.report import index_entry, study_page

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    paths = [snakemake.input[name] for name in ("audit", "ladder", "decision", "inference", "findings", "final")]
    results = [read_json(path) for path in paths]
    assert_same_origin(study, dict(zip(paths, results, strict=True)))
    audit, ladder, decision, inference, findings, final = results
    fit = Fit.from_json(json.dumps(final["fit"]))
    names = [figure["name"] for figure in findings["figures"]]
    figures = {name: Path(snakemake.input.figures, f"{name}.svg").read_text(encoding="utf-8") for name in names}
    page = study_page(study, audit, ladder, decision, inference, fit, findings, figures)
    entry = index_entry(study, audit, ladder, decision, inference, fit, findings)
    write_json(snakemake.output.entry, entry)
    write_text(snakemake.output.page, page)
    note(f"{len(page.encode()) // 1000} kB")
