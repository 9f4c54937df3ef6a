"""Ladder → decision: the model that wins, step by step, with the reason."""

from lmm.clean import read_analysis_table
from lmm.files import read_json, write_json
from lmm.job import job, study_of
from lmm.provenance import assert_same_origin
from lmm.select import decide

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    audit, ladder = read_json(snakemake.input.audit), read_json(snakemake.input.ladder)
    assert_same_origin(study, {snakemake.input.audit: audit, snakemake.input.ladder: ladder})
    table = read_analysis_table(snakemake.input.table, audit)
    decision = decide(study, ladder, table, audit)
    write_json(snakemake.output.decision, decision)
    note(decision["final"]["reason"])
