"""The inferences of a family's studies → their p-values, adjusted for their number."""

from lmm.files import read_json, write_json
from lmm.infer.family import family
from lmm.job import job
from lmm.study import load
from lmm.study.family import families

with job(snakemake.log[0]) as note:
    members = families(load(snakemake.config), snakemake.config)[snakemake.wildcards.family]
    inferences = {one["study"]: one for one in map(read_json, snakemake.input.inferences)}
    found = family(members.name, members.adjustment, members.studies, inferences)
    write_json(snakemake.output.family, found)
    note(f"{len(found['tests'])} tests of {len(found['members'])} studies")
