"""The entries of all studies → the index of their pages."""

from lmm.files import read_json, write_text
from lmm.job import job
from lmm.report import index_page
from lmm.study import load

with job(snakemake.log[0]):
    entries = {entry["study"]: entry for entry in map(read_json, snakemake.input.entries)}
    families = list(map(read_json, snakemake.input.families))
    write_text(snakemake.output.page, index_page(load(snakemake.config), entries, families))
