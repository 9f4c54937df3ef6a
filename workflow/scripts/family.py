"""The inferences of a family's studies → their p-values, adjusted for their number."""

from lmm.job import job
from lmm.stages.family import family
from lmm.study import load
from lmm.study.family import families

with job(snakemake.log[0]) as note:
    members = families(load(snakemake.config), snakemake.config)[snakemake.wildcards.family]
    family(members, snakemake.input, snakemake.output, note)
