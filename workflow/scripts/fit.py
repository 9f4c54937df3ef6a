"""Analysis table → ladder: every model of the study."""

from lmm.clean import read_analysis_table
from lmm.files import read_json, write_json
from lmm.job import job, study_of
from lmm.provenance import stamp
from lmm.select.rungs import fit_rung, ladder

with job(snakemake.log[0]) as note:
    study = study_of(snakemake.config, snakemake.wildcards.study)
    audit = read_json(snakemake.input.audit)
    table = read_analysis_table(snakemake.input.table, audit)
    rungs = []
    for rung in ladder(study):
        rungs.append(fit_rung(rung, table, study, audit))
        note(f"{rung.id}: {rungs[-1]['failure'] or 'fitted'}")
    write_json(snakemake.output.ladder, {**stamp(study, audit["row_hash"]), "rungs": rungs})
