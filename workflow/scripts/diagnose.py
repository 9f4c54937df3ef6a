"""Decision → the chosen model refitted by REML, its figures, and what they show."""

import json
from pathlib import Path

from lmm.clean import read_analysis_table
from lmm.diagnose import diagnose
from lmm.files import read_json, write_bytes, write_json, write_text
from lmm.job import job, study_of
from lmm.provenance import assert_same_origin, stamp

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    audit, decision = read_json(snakemake.input.audit), read_json(snakemake.input.decision)
    inference = read_json(snakemake.input.inference)
    results = {snakemake.input.audit: audit, snakemake.input.decision: decision, snakemake.input.inference: inference}
    assert_same_origin(study, results)
    diagnosis = diagnose(study, decision, read_analysis_table(snakemake.input.table, audit), audit, inference)
    for name, drawing in diagnosis.figures.items():
        write_text(Path(snakemake.output.figures) / f"{name}.svg", drawing)
        write_bytes(Path(snakemake.output.figures) / f"{name}.pdf", diagnosis.printed[name])
    write_json(snakemake.output.findings, diagnosis.findings)
    head = stamp(study, audit["row_hash"])
    write_json(snakemake.output.final, {**head, "fit": json.loads(diagnosis.fit.to_json())})
