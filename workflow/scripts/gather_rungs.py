"""The rungs fitted one by one → the ladder that one job would have written."""

from lmm.job import job, study_of
from lmm.stages.gather_rungs import gather_rungs

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    gather_rungs(study, snakemake.input, snakemake.output, note)
