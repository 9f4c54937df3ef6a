"""The results as Markdown tables: what the command prints and docs/benchmark.md holds."""

from pathlib import Path
from statistics import median

from markdowntable import milliseconds, table
from sections import growth, many, pipeline

from lmm.files import read_json

HERE = Path(__file__).parent
INFERENCE, CLEAN = HERE / "inference.json", HERE / "clean.json"
PIPELINE, GROWTH, MANY = HERE / "pipeline.json", HERE / "growth.json", HERE / "many.json"

INTRODUCTION = """\
# Benchmark

From a data frame to a fitted REML model, formula included, side by side on one core.

{machine}

This page is written by

    sh benchmarks/setup.sh            # once: an environment per Python peer, pinned; R with lme4 comes from the system
    .venv/bin/python benchmarks/all.py

which runs one command for each part; that of the tables of fits is

    {command}

{methods}
"""

METHODS = """\
Every tool has a process of its own, pinned to the same core and limited to one thread, which reads the table before
the clock starts, in a form that suits the tool: R factors for lme4, pandas categories for lmm and mixedlm, integer
group codes for mixedlm-rs (four times as fast as labels there), polars strings for lme-python. After a first fit (shown
as such) and a second, the tools take turns: a turn is as many fits as take about 0.2 s, another tool begins each
round, so whatever slows the machine slows them alike. Times are CPU seconds (user + system, all threads) per fit: the
median over turns, of which slow tools take fewer. lme4 runs nloptwrap with `calc.derivs = FALSE`. All Python tools but
lme-python run on the same numpy, scipy, pandas and pyarrow. lmm remembers formulas it has read; here it reads each
anew, as the others do. A tool whose first fit takes longer than the time given to a case has that one turn. The cases
that take some tools minutes (h2, e2, g2, i) are measured apart, by `all.py large`.

Deviance is the REML criterion in R's convention, as each tool reports it. gpboost has no REML, and where factors cross
its likelihood is approximate and carries some noise: shown is the criterion at its variances. A tool that stops above
the best one was fast at something else.
"""

INFERENCE_METHODS = """\
What follows a fit, beside R's packages: both begin from a fit that is at hand (of the cases above) and do all the work
that the answer takes. Processes, core, turns and clock are as above; a turn is as many answers as take about half a
second. The bootstrap draws of the two differ, all other answers should be equal.

{machine}. {tools}.

    {command}
"""

CLEANING_METHODS = """\
From a file to the analysis table and its audit, beside pandas' own reader on the CSV file, on both cores: {rows} rows
of 12 columns, of which the model needs eight: three of labels, one of them with a level for every four rows, and five
of numbers, one of them missing in one row of a hundred. Each measurement has a process of its own, and they take turns;
times are medians of {rounds} rounds, peaks the highest, the mapped file included. Load at the start: {load:.1f}.

{machine}. {software}.

    {command}
"""

CLEANING_REMARKS = """\
The bounds set for this table are 4 GB and three times pandas' seconds; where a figure above is beyond them, they are
missed. pandas 3 reads a plain UTF-8 file in threads when it is given the path, all columns and `low_memory`; `usecols`,
a stream and `chunksize` turn the threads off, and `dtype=str` makes a Python object of each cell where an Arrow type
does not. lmm reads in that way too, so that a quarter of its CPU time is the same work as pandas'. The rest is spread
thin, over some tens of passes of 10 to 50 ms for ten million rows each: the bytes read again (SHA-256, encoding and
lines, the dropped lines as they stand in the file), the labels (factorized once, sorted), the analysis table (complete
rows copied, hashed, laid out as the formulas would) and the audit (levels, nesting, repeats, dropout, moments). What
can runs side by side, but pandas' reading fills both cores while it lasts, and some of the rest holds Python's lock.
Beside other work, where pandas has no second core either, the ratio of seconds was 3.0 (14.7 s against 4.9 s).

A third to a half of the CPU time is the system's, which hands out memory. With `MALLOC_ARENA_MAX=1` in the environment
glibc gives the memory of the reading threads to what follows: 5.0 s instead of 7 s, 2.5 GB instead of 3.0 GB, as
measured when the machine was quiet. lmm does not set it, since it is the user's process.

Tried and left: Arrow's own reader, with eight columns instead of twelve and labels as dictionaries, takes twice pandas'
CPU time at ten million rows; columns made categories by `read_csv` five times the time; BLAKE2b 1.8 times that of
SHA-256, which the processor helps with.
"""


def page(results: dict) -> str:
    """Return docs/benchmark.md."""
    introduction = INTRODUCTION.format(machine=machine_sentence(results), command=results["command"], methods=METHODS)
    text = introduction + "\n" + tables(results["cases"])
    parts = {INFERENCE: inference, PIPELINE: pipeline, MANY: many, GROWTH: growth, CLEAN: cleaning}
    return text + "".join(section(read_json(file)) for file, section in parts.items() if file.exists())


def cleaning(results: dict) -> str:
    """Return the section on cleaning, as `clean.py` measured it."""
    rounds = max(len(found["seconds"]) for found in results["figures"].values())
    described = {key: results[key] for key in ("machine", "software", "command", "load")}
    introduction = CLEANING_METHODS.format(rows=f"{results['rows']:,}", rounds=rounds, **described)
    return f"\n## Cleaning\n\n{introduction}\n{cleaning_table(results)}\n{CLEANING_REMARKS}"


def cleaning_table(results: dict) -> str:
    """Return time and memory of reading and cleaning as a Markdown table."""
    figures = results["figures"]
    reference = next(iter(figures.values()))
    rows = []
    for name, found in figures.items():
        seconds, cpu = median(found["seconds"]), median(found["cpu_seconds"])
        rows.append(
            [
                name,
                f"{found['file_megabytes']:,.0f}",
                f"{seconds:.2f} (×{seconds / median(reference['seconds']):.2f})",
                f"{cpu:.2f} (×{cpu / median(reference['cpu_seconds']):.2f})",
                f"{min(found['seconds']):.2f}",
                f"{max(found['gigabytes']):.2f}",
                f"{found['rows'][0]:,}",
            ]
        )
    header = ["what", "file, MB", "seconds (× pandas)", "CPU seconds (× pandas)", "fastest", "peak, GB", "rows kept"]
    return table(header, rows)


def inference(results: dict) -> str:
    """Return the section on inference, as `inference.py` measured it."""
    versions = {}
    for question in results["questions"].values():
        for name, tool in question["tools"].items():
            if "version" in tool:
                versions.setdefault(name, []).append(tool["version"])
    ours, theirs = (" and ".join(dict.fromkeys(versions.get(name, []))) for name in ("lmm", "lme4"))
    introduction = INFERENCE_METHODS.format(
        machine=results["machine"], tools=f"lmm {ours}; {theirs}", command=results["command"]
    )
    return f"\n## Inference\n\n{introduction}\n{inference_table(results['questions'])}"


def inference_table(questions: dict[str, dict]) -> str:
    """Return times, ratios and answers of the questions as a Markdown table."""
    header = ["what", "case", "with", "lmm, ms", "R, ms", "R / lmm", "lmm / its own fit", "target", "answers compared"]
    return table(header, [inference_row(question) for question in questions.values()])


def inference_row(question: dict) -> list[str]:
    """Return the cells of one question."""
    ours, theirs = (question["tools"].get(name, {"cannot": "–"}) for name in ("lmm", "lme4"))
    own, other = (median(tool["cpu_seconds"]) if tool.get("cpu_seconds") else None for tool in (ours, theirs))
    fit = median(ours["fit_cpu_seconds"]) if ours.get("fit_cpu_seconds") else None
    answers = ", ".join(f"{tool['answer']:.6g}" for tool in (ours, theirs) if "answer" in tool)
    return [
        question["what"],
        question["case"],
        question["peer"],
        ours.get("cannot", "") if own is None else milliseconds(own),
        theirs.get("cannot", "") if other is None else milliseconds(other),
        "–" if own is None or other is None else f"×{other / own:.3g}",
        "–" if own is None or fit is None else f"×{own / fit:.3g}",
        question["target"],
        f"{question['agree']}: {answers}",
    ]


def machine_sentence(results: dict) -> str:
    """Say what the numbers were measured on and with."""
    versions = {}
    for case in results["cases"].values():
        for name, tool in case["tools"].items():
            if "version" in tool:
                versions.setdefault(name, []).append(tool["version"])
    listed = [f"{name} {' and '.join(dict.fromkeys(measured))}" for name, measured in versions.items()]
    return f"{results['machine']}.\n{', '.join(listed)};\n{results['software']}."


def tables(cases: dict[str, dict]) -> str:
    """Return the models, times, memory and deviances as Markdown tables."""
    tools = list(dict.fromkeys(name for case in cases.values() for name in case["tools"]))
    models = [[name, f"`{case['formula']}`", case["what"]] for name, case in cases.items()]
    sections = [
        ("Models", table(["case", "model", "table"], models)),
        (
            "Milliseconds per fit (and times as long as lmm)",
            table(
                ["case", *tools, "lmm: share of formula and design"],
                [[name, *each(case, tools, duration), design_share(case)] for name, case in cases.items()],
            ),
        ),
        ("Fastest turn, milliseconds per fit", per_tool(cases, tools, fastest_turn)),
        ("First fit of a fresh process, milliseconds", per_tool(cases, tools, first_fit)),
        ("Peak memory of a process that fits once, MB (of which the fit)", per_tool(cases, tools, memory)),
        ("Deviance above the lowest reached", per_tool(cases, tools, excess)),
    ]
    text = "\n".join(f"## {title}\n\n{body}" for title, body in sections)
    return text + not_fitted(cases) + remarks(cases)


def not_fitted(cases: dict[str, dict]) -> str:
    """Say which tool could not fit which cases, and why."""
    without = {}
    for name, case in cases.items():
        for tool, entry in case["tools"].items():
            if "cannot" in entry:
                without.setdefault((tool, entry["cannot"]), []).append(name)
    lines = [f"- {tool}, {', '.join(names)}: {reason}\n" for (tool, reason), names in without.items()]
    return "\n## Not fitted\n\n" + "".join(lines) if lines else ""


def remarks(cases: dict[str, dict]) -> str:
    """Say what is noted of cases."""
    of = {}
    for name, case in cases.items():
        if "note" in case:
            of.setdefault(case["note"], []).append(name)
    return "".join(f"\n{', '.join(names)}: {note}\n" for note, names in of.items())


def per_tool(cases: dict[str, dict], tools: list[str], cell) -> str:
    """Return a table of cases × tools."""
    return table(["case", *tools], [[name, *each(case, tools, cell)] for name, case in cases.items()])


def each(case: dict, tools: list[str], cell) -> list[str]:
    """Return a cell for every tool, a dash for one that has no result."""
    return [
        cell(case["tools"][tool], case["tools"]) if "cpu_seconds" in case["tools"].get(tool, {}) else "–"
        for tool in tools
    ]


def duration(tool: dict, tools: dict) -> str:
    """Return the median time of a fit and its ratio to lmm's."""
    seconds = median(tool["cpu_seconds"])
    ours = tools.get("lmm", {})
    if tool is ours or "cpu_seconds" not in ours:
        return milliseconds(seconds)
    return f"{milliseconds(seconds)} (×{seconds / median(ours['cpu_seconds']):.3g})"


def fastest_turn(tool: dict, tools: dict) -> str:
    """Return the least mean time of a turn."""
    return milliseconds(min(tool["cpu_seconds"]))


def first_fit(tool: dict, tools: dict) -> str:
    """Return the time of the first fit."""
    return milliseconds(tool["first_fit_seconds"])


def design_share(case: dict) -> str:
    """Return how much of lmm's time goes to reading the formula and building the matrices."""
    ours = case["tools"].get("lmm", {})
    if "design_cpu_seconds" not in ours:
        return "–"
    return f"{median(ours['design_cpu_seconds']) / median(ours['cpu_seconds']):.0%}"


def memory(tool: dict, tools: dict) -> str:
    """Return peak memory, and how much of it came after the table had been read."""
    peak = tool["memory_peak_megabytes"]
    return f"{peak:.0f} ({peak - tool['memory_ready_megabytes']:.0f})"


def excess(tool: dict, tools: dict) -> str:
    """Return how far above the best deviance a tool ended."""
    best = min(entry["deviance"] for entry in tools.values() if "deviance" in entry)
    return f"{tool['deviance'] - best:.2g}" if tool["deviance"] - best >= 1e-6 else "0"
