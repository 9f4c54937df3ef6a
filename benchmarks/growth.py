#!/usr/bin/env python3
"""Measure how time and memory of a fit grow with rows, groups and factors; writes growth.json and docs/growth.svg.

    .venv/bin/python benchmarks/growth.py               # some minutes, most of them lme4's
    .venv/bin/python benchmarks/growth.py --most 30     # follow each tool until a fit takes it 30 s
    .venv/bin/python benchmarks/growth.py --draw        # only draw again what was measured

Every fit has a process of its own, pinned to a core; the second fit is timed, the peak is that of the first. Leave the
machine alone while it measures.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from cases import Case, labelled
from engine import PAGE, RESULTS, commit, machine, software
from measure import NoFit, Worker, table_files
from page import GROWTH, page
from tools import TOOLS, Tool

from lmm.files import read_json, write_json, write_text

FIGURE = PAGE.with_name("growth.svg")
COLOURS = {"lmm": "#1b6ca8", "lme4": "#c1440e", "mixedlm": "#6b8e23"}


def sloped(rows: int, groups: int) -> Callable[[], pd.DataFrame]:
    """Return a maker of rows in groups that each have an intercept and a slope of their own."""

    def simulate() -> pd.DataFrame:
        random = np.random.default_rng(20261122)
        g = np.arange(rows) % groups
        x = random.normal(0.0, 1.0, rows)
        y = 1.0 + random.normal(0.0, 0.7, groups)[g] + (0.5 + random.normal(0.0, 0.3, groups)[g]) * x
        return pd.DataFrame({"y": y + random.normal(0.0, 1.0, rows), "x": x, "g": labelled(g, "g")})

    return simulate


def crossed(rows: int, levels: int, factors: int) -> Callable[[], pd.DataFrame]:
    """Return a maker of rows that draw a level of each of some factors at random."""

    def simulate() -> pd.DataFrame:
        random = np.random.default_rng(20261122)
        x = random.normal(0.0, 1.0, rows)
        y = 1.0 + 0.3 * x + random.normal(0.0, 1.0, rows)
        table = pd.DataFrame({"y": y, "x": x})
        for factor in range(factors):
            level = random.integers(0, levels, rows)
            table["y"] += random.normal(0.0, 0.5, levels)[level]
            table[f"f{factor}"] = labelled(level, "l")
        return table

    return simulate


SLOPED = "y ~ x + (x | g)"
SERIES = {
    "rows": (
        "1,000 groups, y ~ x + (x | g)",
        {n: Case(f"{n:,} rows", "", SLOPED, sloped(n, 1_000)) for n in (10_000, 30_000, 100_000, 300_000, 1_000_000)},
    ),
    "groups": (
        "200,000 rows, y ~ x + (x | g)",
        {n: Case(f"{n:,} groups", "", SLOPED, sloped(200_000, n)) for n in (100, 1_000, 10_000, 50_000)},
    ),
    "factors": (
        "50,000 rows, crossed factors of 300 levels",
        {
            n: Case(
                f"{n} factors", "", "y ~ x + " + " + ".join(f"(1 | f{k})" for k in range(n)), crossed(50_000, 300, n)
            )
            for n in (1, 2, 3, 4)
        },
    ),
}


def main() -> None:
    """Follow each tool along each series, then draw."""
    options = arguments()
    if options.draw:
        results = read_json(GROWTH)
    else:
        tools = [TOOLS[name] for name in options.tools if TOOLS[name].installed]
        series = {name: measured(name, tools, options.most) for name in SERIES}
        results = {
            "machine": machine(),
            "software": software(),
            "commit": commit(),
            "command": shlex.join([".venv/bin/python", "benchmarks/growth.py", *sys.argv[1:]]),
            "most": options.most,
            "series": series,
        }
        write_json(GROWTH, results)
    draw(results, FIGURE)
    write_text(PAGE, page(read_json(RESULTS)))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", nargs="+", choices=list(COLOURS), default=list(COLOURS))
    parser.add_argument("--most", type=float, default=10, help="seconds of a fit after which a tool stops (default 10)")
    parser.add_argument("--draw", action="store_true", help="draw again, measure nothing")
    return parser.parse_args()


def measured(name: str, tools: list[Tool], most: float) -> dict:
    """Fit the cases of one series with every tool until it has become slow.

    Returns:
        {"what", "tools": {name: {"sizes", "seconds": CPU of a fit, "megabytes": peak of the process}}}.
    """
    what, cases = SERIES[name]
    found = {tool.name: {"sizes": [], "seconds": [], "megabytes": []} for tool in tools}
    left = list(tools)
    for size, case in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            files = table_files(case, left, Path(folder))
            for tool in list(left):
                try:
                    seconds, megabytes = fitted(tool, files[tool.table], case.formula, patience=12 * most)
                except NoFit as reason:
                    print(f"{case.name}, {tool.name}: {reason}", file=sys.stderr, flush=True)
                    left.remove(tool)
                    continue
                print(f"{case.name}, {tool.name}: {seconds:.3f} s, {megabytes:.0f} MB", file=sys.stderr, flush=True)
                for key, value in (("sizes", size), ("seconds", seconds), ("megabytes", megabytes)):
                    found[tool.name][key].append(value)
                if seconds > most:
                    left.remove(tool)
    return {"what": what, "tools": found}


def fitted(tool: Tool, table: Path, formula: str, patience: float) -> tuple[float, float]:
    """CPU seconds of a second fit, peak megabytes of the first."""
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    worker = Worker(tool, table, formula, core, patience)
    try:
        first = worker.ask("fit", 1, patience)
        return worker.ask("fit", 1, patience)["cpu_seconds"], first["memory_megabytes"]
    finally:
        worker.close()


def draw(results: dict, path: Path) -> None:
    """Draw time above and memory below, log–log, a column for each series."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot, ticker

    with pyplot.rc_context({"svg.hashsalt": "growth", "font.size": 8, "svg.fonttype": "none"}):
        figure, axes = pyplot.subplots(2, len(results["series"]), figsize=(8.4, 4.6), sharex="col", sharey="row")
        for column, (name, series) in zip(axes.T, results["series"].items(), strict=True):
            for axis, key in zip(column, ("seconds", "megabytes"), strict=True):
                for tool, found in series["tools"].items():
                    axis.loglog(found["sizes"], found[key], "o-", color=COLOURS[tool], label=tool, markersize=3)
                axis.grid(alpha=0.25)
                axis.spines[["top", "right"]].set_visible(False)
            column[0].set_title(series["what"], fontsize=8)
            column[1].set_xlabel(name)
            if name == "factors":
                column[1].set_xticks(sizes := series["tools"]["lmm"]["sizes"], [str(size) for size in sizes])
                column[1].minorticks_off()
        axes[1, 0].yaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        axes[1, 0].yaxis.set_major_formatter("{x:,.0f}")
        axes[1, 0].yaxis.set_minor_locator(ticker.NullLocator())
        axes[0, 0].set_ylabel("CPU seconds of a fit")
        axes[1, 0].set_ylabel("peak memory, MB")
        axes[0, 0].legend(frameon=False)
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


if __name__ == "__main__":
    main()
