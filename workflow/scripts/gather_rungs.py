"""The rungs fitted one by one → the ladder that one job would have written."""

from lmm.files import read_json, write_json
from lmm.job import job, study_of
from lmm.provenance import assert_same_origin, stamp

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    audit = read_json(snakemake.input.audit)
    rungs = {path: read_json(path) for path in snakemake.input.rungs}
    assert_same_origin(study, {snakemake.input.audit: audit, **rungs})
    ladder = [fitted["rung"] for fitted in rungs.values()]
    write_json(snakemake.output.ladder, {**stamp(study, audit["row_hash"]), "rungs": ladder})
    note(f"{len(ladder)} models gathered")
