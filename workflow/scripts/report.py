"""All results of a study → its page, and its entry in the index."""

import json
from pathlib import Path

from lmm.files import read_json, write_json, write_text
from lmm.job import job, study_of
from lmm.model import Fit
from lmm.provenance import assert_same_origin
from lmm.report import Case, index_entry, study_page

RESULTS = ("audit", "ladder", "decision", "inference", "crossvalidation", "sensitivity", "findings")

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    results = {name: read_json(snakemake.input[name]) for name in (*RESULTS, "final")}
    origins = {snakemake.input[name]: result for name, result in results.items()}
    family = next(map(read_json, snakemake.input.family), None)
    if family is not None:
        (origins[snakemake.input.family[0]],) = [one for one in family["members"] if one["study"] == study.name]
    assert_same_origin(study, origins)
    fit = Fit.from_json(json.dumps(results.pop("final")["fit"]))
    names = [figure["name"] for figure in results["findings"]["figures"]]
    figures = {name: Path(snakemake.input.figures, f"{name}.svg").read_text(encoding="utf-8") for name in names}
    case = Case(study=study, fit=fit, family=family, **results)
    page = study_page(case, figures)
    write_json(snakemake.output.entry, index_entry(case))
    write_text(snakemake.output.page, page)
    note(f"{len(page.encode()) // 1000} kB")
