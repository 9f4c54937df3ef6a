"""Raw table → analysis table, audit, and the rows left out."""

from pathlib import Path

from lmm.clean import clean, write_cleaned
from lmm.job import job, study_of

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    cleaned = clean(study, Path())
    write_cleaned(cleaned, snakemake.output.table, snakemake.output.audit, snakemake.output.dropped)
    for step in cleaned.audit["steps"]:
        note(step["sentence"])
