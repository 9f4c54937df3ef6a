"""The scores of all folds → the models compared, target by target."""

from lmm.job import job, study_of
from lmm.stages.gather_cross_validation import gather_cross_validation

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    gather_cross_validation(study, snakemake.input, snakemake.output, note)
