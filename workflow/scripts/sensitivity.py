"""Decision, cross-validation and resampled selections → whether the conclusions hang on the model that was chosen."""

from lmm.job import job, study_of
from lmm.stages.sensitivity import sensitivity

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    sensitivity(study, snakemake.input, snakemake.output, note)
