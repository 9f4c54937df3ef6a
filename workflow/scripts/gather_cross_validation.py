"""The scores of all folds → the models compared, target by target."""

from lmm.files import read_json, write_json
from lmm.job import job, study_of
from lmm.provenance import assert_same_origin
from lmm.select.crossvalidation.parts import cross_validation

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    audit, decision = read_json(snakemake.input.audit), read_json(snakemake.input.decision)
    parts = {path: read_json(path) for path in snakemake.input.parts}
    assert_same_origin(study, {snakemake.input.audit: audit, snakemake.input.decision: decision, **parts})
    compared = cross_validation(study, decision, audit, list(parts.values()))
    write_json(snakemake.output.crossvalidation, compared)
    for target, reason in compared["reasons"].items():
        note(f"{target}: {reason}")
