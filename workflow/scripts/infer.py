"""Decision, and the parts of the bootstrap → what may be said about the final model."""

from lmm.clean import read_analysis_table
from lmm.files import read_json, write_json
from lmm.infer.bootstrapparts import draws_of_parts
from lmm.infer.inference import inference
from lmm.job import job, study_of
from lmm.provenance import assert_same_origin

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    audit, decision = read_json(snakemake.input.audit), read_json(snakemake.input.decision)
    parts = {path: read_json(path) for path in snakemake.input.parts}
    assert_same_origin(study, {snakemake.input.audit: audit, snakemake.input.decision: decision, **parts})
    table = read_analysis_table(snakemake.input.table, audit)
    found = inference(study, decision, table, draws_of_parts(list(parts.values())))
    write_json(snakemake.output.inference, found)
    for part, reason in found["reasons"].items():
        note(f"{part}: {reason}")
