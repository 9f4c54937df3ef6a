"""Ladder → decision: the model that wins, step by step, with the reason."""

from lmm.job import job, study_of
from lmm.stages.select import select

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    select(study, snakemake.input, snakemake.output, note)
