"""The entries of all studies → the index of their pages."""

from lmm.job import job
from lmm.stages.index import index
from lmm.study import load

with job(snakemake.log[0]):
    index(load(snakemake.config), snakemake.input, snakemake.output)
