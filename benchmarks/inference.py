#!/usr/bin/env python3
"""Measure inference beside R's packages; prints a table, writes inference.json and that section of docs/benchmark.md.

    .venv/bin/python benchmarks/inference.py            # all of it, some minutes, most of them R's
    … --questions profile bootstrap     # some; the results of the others are kept
    … --tools lmm --dry-run             # lmm alone, print only

Leave the machine alone while it measures.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cases import CASES
from engine import PAGE, RESULTS, commit, machine, software
from measure import NoFit, Worker, table_files
from page import INFERENCE, inference_table, page
from tools import WORKERS, Tool

from lmm.files import read_json, write_json, write_text


@dataclass(frozen=True)
class Question:
    """Something to ask of a fit.

    Attributes:
        action: what the workers call it.
        case: the model, one of `CASES`.
        what: in words.
        peer: the R function that answers it.
        target: what we hold ourselves to.
        agree: what the two answers compared are.
    """

    action: str
    case: str
    what: str
    peer: str
    target: str
    agree: str


QUESTIONS = {
    question.action: question
    for question in [
        Question(
            "kenward-roger",
            "d1",
            "Kenward–Roger: adjusted covariance, degrees of freedom of every coefficient",
            "pbkrtest: vcovAdj, Lb_ddf",
            "20 times as fast",
            "degrees of freedom of the last coefficient",
        ),
        Question(
            "satterthwaite",
            "e1",
            "Satterthwaite: degrees of freedom of every coefficient",
            "lmerTest: as_lmerModLmerTest, summary",
            "less than the fit takes",
            "degrees of freedom of the last coefficient",
        ),
        Question(
            "bootstrap",
            "a",
            "parametric bootstrap, 1,000 refits",
            "lme4: bootMer",
            "1.5 s",
            "bootstrap standard error of the last coefficient",
        ),
        Question(
            "profile",
            "a",
            "profile intervals of all parameters",
            'lme4: confint(method = "profile")',
            "50 ms",
            "lower limit of the first standard deviation",
        ),
    ]
}
OURS = Tool("lmm", (sys.executable, str(WORKERS / "infer_lmm.py")))
R = Tool("lme4", ("Rscript", str(WORKERS / "infer_r.R")), table=".rds")
TURN_SECONDS = 0.5


def main() -> None:
    """Ask the questions and write what was found."""
    options = arguments()
    tools = [tool for tool in (OURS, R) if tool.name in options.tools and tool.installed]
    measured = {}
    for name in options.questions:
        question = QUESTIONS[name]
        print(f"{name}: {CASES[question.case].formula}", file=sys.stderr, flush=True)
        measured[name] = ask(question, tools, options.rounds, options.budget, options.patience)
    print(inference_table(measured))
    if not options.dry_run:
        write(measured)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", nargs="+", choices=list(QUESTIONS), default=list(QUESTIONS))
    parser.add_argument("--tools", nargs="+", choices=["lmm", "lme4"], default=["lmm", "lme4"])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each tool (default 5)")
    parser.add_argument("--budget", type=float, default=60, help="CPU seconds per tool and question (default 60)")
    parser.add_argument("--patience", type=float, default=900, help="seconds to wait for an answer (default 900)")
    parser.add_argument("--dry-run", action="store_true", help="print the table, write nothing")
    return parser.parse_args()


def ask(question: Question, tools: list[Tool], rounds: int, budget: float, patience: float) -> dict:
    """Put a question to the tools in turns, each in a process of its own on the same core.

    Returns:
        The question's words, and per tool {"version", "answer", "cpu_seconds": mean of each turn, "fit_cpu_seconds":
        the same for the fit itself} or {"cannot": reason}. A turn is as many answers as take about half a second.
    """
    case = CASES[question.case]
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    results, workers, times, spent = {}, {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        files = table_files(case, tools, Path(folder))
        try:
            for tool in tools:
                try:
                    worker = Worker(tool, files[tool.table], case.formula, core, patience)
                    first = worker.ask(question.action, 1, patience)
                    workers[tool.name] = worker
                    times[tool.name] = max(1, round(TURN_SECONDS / max(first["cpu_seconds"], 1e-6)))
                    spent[tool.name] = first["cpu_seconds"]
                    results[tool.name] = {
                        "version": worker.version,
                        "answer": first["result"],
                        "cpu_seconds": [],
                        "fit_cpu_seconds": [],
                    }
                except NoFit as reason:
                    results[tool.name] = {"cannot": str(reason)}
            for turn in range(rounds):
                for name in list(workers)[:: -1 if turn % 2 else 1]:
                    if turn and spent[name] > budget:
                        continue
                    taken = workers[name].ask(question.action, times[name])["cpu_seconds"]
                    spent[name] += times[name] * taken
                    results[name]["cpu_seconds"].append(taken)
                    results[name]["fit_cpu_seconds"].append(workers[name].ask("fit", 1)["cpu_seconds"])
        finally:
            for worker in workers.values():
                worker.close()
    if "version" in results.get("lmm", {}):
        results["lmm"]["version"] += f" ({commit()})"
    return {
        "what": question.what,
        "case": question.case,
        "peer": question.peer,
        "target": question.target,
        "agree": question.agree,
        "tools": results,
    }


def write(measured: dict[str, dict]) -> None:
    """Write inference.json and the page, keeping other questions measured before on the same machine."""
    here = {"machine": machine(), "software": software()}
    before = read_json(INFERENCE) if INFERENCE.exists() else {"questions": {}}
    kept = before["questions"] if here.items() <= before.items() else {}
    questions = {name: {**kept, **measured}[name] for name in QUESTIONS if name in measured or name in kept}
    write_json(INFERENCE, {**here, "command": ".venv/bin/python benchmarks/inference.py", "questions": questions})
    write_text(PAGE, page(read_json(RESULTS)))


if __name__ == "__main__":
    main()
