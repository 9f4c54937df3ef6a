"""Decision, and the parts of the bootstrap → what may be said about the final model."""

from lmm.job import job, study_of
from lmm.stages.infer import infer

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    infer(study, snakemake.input, snakemake.output, note)
