"""Decision → one part of the selections from resampled groups."""

from lmm.job import job, study_of
from lmm.stages.inclusion import inclusion_part

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    inclusion_part(study, snakemake.wildcards.part, snakemake.input, snakemake.output, note)
