"""Decision → one part of the bootstrap draws of the final model."""

from lmm.clean import read_analysis_table
from lmm.files import read_json, write_json
from lmm.infer.bootstrapparts import bootstrap_part
from lmm.job import job, study_of
from lmm.provenance import assert_same_origin

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    audit, decision = read_json(snakemake.input.audit), read_json(snakemake.input.decision)
    assert_same_origin(study, {snakemake.input.audit: audit, snakemake.input.decision: decision})
    table = read_analysis_table(snakemake.input.table, audit)
    part = bootstrap_part(study, decision, table, snakemake.wildcards.part)
    write_json(snakemake.output.part, part)
    failures = part["draws"]["failures"] if part["draws"] else []
    note(f"{len(failures)} draws, of which {sum(map(bool, failures))} failed")
