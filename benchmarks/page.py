"""The results as Markdown tables: what the command prints and docs/benchmark.md holds."""

from pathlib import Path
from statistics import median

from lmm.files import read_json

INFERENCE = Path(__file__).parent / "inference.json"

INTRODUCTION = """\
# Benchmark

From a data frame to a fitted REML model, formula included, side by side on one core.

{machine}

This page is written by

    sh benchmarks/setup.sh            # once: an environment per Python peer, pinned; R with lme4 comes from the system
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
anew, as the others do.

Deviance is the REML criterion in R's convention, as each tool reports it. A tool that stops above the best one was
fast at something else.
"""

INFERENCE_METHODS = """\
What follows a fit, beside R's packages: both begin from a fit that is at hand (of the cases above) and do all the work
that the answer takes. Processes, core, turns and clock are as above; a turn is as many answers as take about half a
second. The bootstrap draws of the two differ, all other answers should be equal.

{machine}. {tools}.

    {command}
"""


def page(results: dict) -> str:
    """Return docs/benchmark.md."""
    introduction = INTRODUCTION.format(machine=machine_sentence(results), command=results["command"], methods=METHODS)
    return (
        introduction + "\n" + tables(results["cases"]) + (inference(read_json(INFERENCE)) if INFERENCE.exists() else "")
    )


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
    return text + not_fitted(cases)


def not_fitted(cases: dict[str, dict]) -> str:
    """Say which tool could not fit which cases, and why."""
    without = {}
    for name, case in cases.items():
        for tool, entry in case["tools"].items():
            if "cannot" in entry:
                without.setdefault((tool, entry["cannot"]), []).append(name)
    lines = [f"- {tool}, {', '.join(names)}: {reason}\n" for (tool, reason), names in without.items()]
    return "\n## Not fitted\n\n" + "".join(lines) if lines else ""


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


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds in three digits."""
    value = 1000 * seconds
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table with its columns lined up."""
    # A bar inside a cell would end it, even within code.
    lines = [[cell.replace("|", "\\|") for cell in line] for line in [header, *rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([padded[0], rule, *padded[1:]]) + "\n"
