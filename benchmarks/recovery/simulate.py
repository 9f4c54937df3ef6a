"""Scenario and procedure → what the procedure ends with on one part of the data sets."""

from parts import numbers
from recovery import outcomes, scenario_of

from lmm.files import write_json
from lmm.job import job

with job(snakemake.log[0]) as note:
    params, wildcards = snakemake.params, snakemake.wildcards
    scenario = scenario_of(wildcards.scenario, params.scenario)
    found = list(outcomes(scenario, wildcards.procedure, params.ladder, params.seed, numbers(wildcards.part)))
    head = {"scenario": wildcards.scenario, "procedure": wildcards.procedure}
    write_json(snakemake.output.part, {**head, "outcomes": found})
    note(f"{len(found)} data sets, of which {sum(one['failure'] is not None for one in found)} failed")
