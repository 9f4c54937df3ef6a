"""Decision, cross-validation and resampled selections → whether the conclusions hang on the model that was chosen."""

from lmm.clean import read_analysis_table
from lmm.files import read_json, write_json
from lmm.job import job, study_of
from lmm.provenance import assert_same_origin
from lmm.select.inclusionparts import inclusion_of_parts
from lmm.select.sensitivity import sensitivity

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    read = {name: read_json(snakemake.input[name]) for name in ("audit", "decision", "crossvalidation")}
    parts = {path: read_json(path) for path in snakemake.input.parts}
    assert_same_origin(study, {**{snakemake.input[name]: found for name, found in read.items()}, **parts})
    table = read_analysis_table(snakemake.input.table, read["audit"])
    inclusion = inclusion_of_parts(study, read["decision"], list(parts.values()))
    found = sensitivity(study, read["decision"], table, read["crossvalidation"], inclusion)
    write_json(snakemake.output.sensitivity, found)
    note(found["hypotheses"]["sentence"])
