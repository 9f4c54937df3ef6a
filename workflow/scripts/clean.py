"""Raw table → analysis table, audit, and the rows left out."""

from lmm.job import job, study_of
from lmm.stages.clean import clean

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    clean(study, snakemake.output, note)
