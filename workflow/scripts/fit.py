"""Analysis table → ladder: every model of the study."""

from lmm.job import job, study_of
from lmm.stages.fit import fit

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    fit(study, snakemake.input, snakemake.output, note)
