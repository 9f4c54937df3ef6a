"""All results of a study → its page with the files beside it, and its entry in the index."""

from lmm.job import job, study_of
from lmm.stages.report import report

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    report(study, snakemake.config, snakemake.input, snakemake.output, note)
