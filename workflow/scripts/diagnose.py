"""Decision → the chosen model refitted by REML, its figures, and what they show."""

from lmm.job import job, study_of
from lmm.stages.diagnose import diagnose

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    diagnose(study, snakemake.input, snakemake.output, note)
