"""Decision → one part of the bootstrap draws of the final model."""

from lmm.job import job, study_of
from lmm.stages.bootstrap import bootstrap_part

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    bootstrap_part(study, snakemake.wildcards.part, snakemake.input, snakemake.output, note)
