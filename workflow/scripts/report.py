"""All results of a study → its page."""

import json
from pathlib import Path

from lmm.files import read_json, write_text
from lmm.job import job, study_of
from lmm.model import Fit
from lmm.provenance import assert_same_origin
from lmm.report import study_page

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    names = ("audit", "ladder", "decision", "final", "findings")
    audit, ladder, decision, final, findings = results = [read_json(snakemake.input[name]) for name in names]
    assert_same_origin(study, dict(zip((snakemake.input[name] for name in names), results, strict=True)))
    fit = Fit.from_json(json.dumps(final["fit"]))
    figures = {
        figure["name"]: Path(snakemake.input.figures, f"{figure['name']}.svg").read_text(encoding="utf-8")
        for figure in findings["figures"]
    }
    page = study_page(study, audit, ladder, decision, fit, findings, figures)
    write_text(snakemake.output.page, page)
    note(f"{len(page.encode()) // 1000} kB")
