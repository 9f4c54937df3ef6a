"""Analysis table → one rung of the ladder."""

from lmm.job import job, study_of
from lmm.stages.fit import fit_one

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    fit_one(study, snakemake.wildcards.rung, snakemake.input, snakemake.output, note)
