"""Raw table → report: all stages of a study in one process."""

import sys

from lmm.job import study_of
from lmm.stages.whole import whole

study = study_of(snakemake.config, snakemake.wildcards.study)
whole(
    study,
    snakemake.config,
    lambda stage: print(f"{study.name}: {stage}", file=sys.stderr),
    until=snakemake.params.until,
)
