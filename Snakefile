# Mixed-model studies, each from a raw table to a report: clean → fit → select → infer → diagnose → report.
# The studies are described in config.yaml; what a job does stands in lmm/, one package per stage.
from snakemake.utils import min_version

min_version("9.0")


report: "workflow/report/workflow.rst"


# A config named on the command line stands alone: Snakemake would merge this one into it, key by key.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/clean.smk"
include: "workflow/rules/fit.smk"
include: "workflow/rules/select.smk"
include: "workflow/rules/inclusion.smk"
include: "workflow/rules/crossvalidation.smk"
include: "workflow/rules/sensitivity.smk"
include: "workflow/rules/infer.smk"
include: "workflow/rules/family.smk"
include: "workflow/rules/diagnose.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/whole.smk"


# `all` stands here and not in an included file, because `include` discards the default target.
rule all:
    default_target: True
    input:
        index=rules.index.output.page,
        pages=expand(rules.report.output.page, study=STUDIES),


onstart:
    to_run = list(workflow.dag.needrun_jobs())
    if workflow.executor_plugin.name == "local":
        # A limit on jobs a second is for clusters; here it has each job that ends start one more clock by which all
        # ready jobs are weighed again every second until the run is over (Snakemake 9.27).
        workflow.scheduler.job_rate_limiter = None
    try:
        assert_writable()
        if workflow.executor_plugin.name == "slurm":
            assert_accepted((queued_with(job), job.resources) for job in to_run if not job.is_local)
        bring_to_now()
        assert_none_later_than_now(str(path) for job in to_run for path in job.input)
        forget_unfinished()
        forget_failures("logs")
        bring_back()
        keep(str(path) for job in to_run for path in job.output)
    except InputError as error:
        sys.exit(str(error))


onsuccess:
    bring_back()
    print(closing_lines(STUDIES.values()), file=sys.stderr)


onerror:
    from lmm.report.failure import waiting_lines, write_failures  # here, as a run that succeeds has no need of it
    from snakemake.io import IOFile

    tell_of_killed(
        [
            (job.rule.name, job.wildcards_dict.get("study", ""), str(job.log[0]))
            for job in getattr(failed, "jobs", [failed])
        ]
        for failed in workflow.scheduler.failed
    )
    brought = bring_back()
    told = write_failures(STUDIES.values(), Path("logs"), Path("results"), Path("reports"))
    for path in [*brought, *map(str, told)]:
        # it noted what each was made from, of the failed job too, and would not run a job again for the same inputs
        workflow.persistence.cleanup_metadata(IOFile(path))
    lines = [failure_lines("logs"), *waiting_lines(STUDIES.values(), Path("logs"), Path("results"))]
    if told:
        lines.append("what was made, and what failed: reports/index.html")
    print(*lines, sep="\n", file=sys.stderr)
