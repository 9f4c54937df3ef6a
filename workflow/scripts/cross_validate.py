"""Decision → every model scored on one part of the folds."""

from lmm.clean import read_analysis_table
from lmm.files import read_json, write_json
from lmm.job import job, study_of
from lmm.provenance import assert_same_origin
from lmm.select.crossvalidation.parts import cross_validation_part, progress

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    audit, decision = read_json(snakemake.input.audit), read_json(snakemake.input.decision)
    assert_same_origin(study, {snakemake.input.audit: audit, snakemake.input.decision: decision})
    table = read_analysis_table(snakemake.input.table, audit)
    part = cross_validation_part(study, decision, audit, table, snakemake.wildcards.part)
    write_json(snakemake.output.part, part)
    for line in progress(part):
        note(line)
