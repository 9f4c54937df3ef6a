"""Decision → every model scored on one part of the folds."""

from lmm.job import job, study_of
from lmm.stages.cross_validate import cross_validate

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    cross_validate(study, snakemake.wildcards.part, snakemake.input, snakemake.output, note)
