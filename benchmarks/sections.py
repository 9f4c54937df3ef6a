"""The sections of docs/benchmark.md on whole runs: a pipeline beside R's, many studies, growth."""

from statistics import median

from markdowntable import table

PIPELINE = """\
The three studies that come with the project, from their files to a page each, beside an R script
([studies.R](../benchmarks/pipeline/studies.R), [page.Rmd](../benchmarks/pipeline/page.Rmd)) that does the same work
as a user of R would: a data frame of the tidy rows, the same ladder of models with lme4, and an R Markdown page. Both
begin cold, in an empty folder, on {cores} cores. R works up the studies side by side and shares the folds of
cross-validation among its processes. {runs}; CPU time is that of all processes.

{machine}. {versions}.

    {command}
"""

PIPELINE_SCOPE = """\
Both do: reading and cleaning (wide to long, a join, codes for missing values, derived columns, decimal commas,
duplicates), every model of the ladder with its tests (exact for a single variance, else mixtures of χ²), AIC, AICc and
BIC, the climb, fixed effects by maximum likelihood, Kenward and Roger's standard errors, degrees of freedom and
tests, profile intervals of all parameters, R², intraclass correlations, conditional AIC, the mean over time with its
band, 250 data sets simulated from the model and scaled residuals, Cook's distances, refits without each level of a
factor of up to 100, cross-validation over new and known groups of every model and of the climb in the same number of
folds, some twenty figures, a page and tables as CSV.

R leaves out: the audit of the table, guessing of delimiters, encodings and types, checks that a level's name means one
thing, the log score and calibration of predictions, other routes of fitting where one fails, marginal means, intervals
of the intraclass correlations, simulated bands of every check, influence of the 1,721 children, the figures as SVG and
PDF, the tables as TeX, the sensitivity section, an index, an RO-Crate, and that a run can be taken up again.
"""

GROWTH = """\
One fit, log–log; a tool is followed until a fit takes it {most:g} s. CPU time of a second fit, peak memory of a process
that fits once; of that, its libraries and the table are there before the fit.
{note}

![CPU time and memory against rows, groups and factors](growth.svg)

{machine}. {software}. lmm {commit}.

    {command}
"""

MANY = """\
{studies} simulated studies of {rows:,} rows in one run, six models or more each, `split: {split}`, {cores} cores. What
the workflow adds is the CPU time of everything that was started, less that which its jobs spent themselves.

{machine}. lmm {commit}.

    {command}
"""


def pipeline(results: dict) -> str:
    """Return the section on the demonstration's run beside R's, as `pipeline.py` measured it."""
    rounds = max(map(len, results["measured"].values()))
    runs = "Each ran once" if rounds == 1 else f"Times are medians of {rounds} runs in turns"
    described = {key: results[key] for key in ("machine", "versions", "command", "cores")}
    introduction = PIPELINE.format(runs=runs, **described)
    return f"\n## The whole way\n\n{introduction}\n{pipeline_table(results)}\n{PIPELINE_SCOPE}"


def pipeline_table(results: dict) -> str:
    """Return time of either, their ratio and whether they chose the same models as a Markdown table."""
    measured = results["measured"]
    ours = {key: median(run[key] for run in measured["lmm"]) for key in ("seconds", "cpu_seconds")}
    rows = []
    for name, runs in measured.items():
        seconds, cpu = (median(run[key] for run in runs) for key in ("seconds", "cpu_seconds"))
        rows.append(
            [
                {"lmm": "snakemake", "R": "studies.R"}[name],
                f"{seconds:.0f} (×{seconds / ours['seconds']:.2f})",
                f"{cpu:.0f} (×{cpu / ours['cpu_seconds']:.2f})",
                "; ".join(f"{study}: {model}" for study, model in results["chosen"][name].items()),
            ]
        )
    return table(["what", "seconds", "CPU seconds", "final models"], rows)


def growth(results: dict) -> str:
    """Return the section on growth, as `growth.py` measured it."""
    described = {key: results[key] for key in ("machine", "software", "commit", "command", "most")}
    described["note"] = f"{results['note']}\n" if "note" in results else ""
    rows = [
        [
            name,
            f"{size:,}",
            *(at_size(series["tools"][tool], size) for tool in series["tools"]),
        ]
        for name, series in results["series"].items()
        for size in series["tools"]["lmm"]["sizes"]
    ]
    tools = list(next(iter(results["series"].values()))["tools"])
    header = ["grows", "to", *(f"{tool}: s, MB" for tool in tools)]
    return f"\n## Growth\n\n{GROWTH.format(**described)}\n{table(header, rows)}"


def at_size(found: dict, size: int) -> str:
    """Return a tool's time and memory at a size, a dash where it was not followed so far."""
    if size not in found["sizes"]:
        return "–"
    place = found["sizes"].index(size)
    return f"{found['seconds'][place]:.3g}, {found['megabytes'][place]:.0f}"


def many(results: dict) -> str:
    """Return the section on many studies in one run, as `many.py` measured it."""
    rows = [
        ["wall time, s", f"{results['wall']:.0f}"],
        ["wall time of a study, s", f"{results['wall'] / results['studies']:.2f}"],
        ["CPU of the jobs, s", f"{results['jobs']:.0f}"],
        ["CPU that the workflow adds, s", f"{results['added']:.0f}"],
        ["the same as a share of the jobs'", f"{results['added'] / results['jobs']:.0%}"],
    ]
    return f"\n## Many studies\n\n{MANY.format(**results)}\n{table(['what', ''], rows)}"
