#!/usr/bin/env python3
"""Measure `lmm.fit` beside lme4 and the Python peers; prints tables, writes results.json and docs/benchmark.md.

    .venv/bin/python benchmarks/engine.py           # the cases that take seconds
    … --cases e2 h2         # some; the results of the others are kept
    … --cases all           # with those that take some tools minutes
    … --cases a --dry-run   # print only

Run `sh benchmarks/setup.sh` once before, and leave the machine alone while it measures.
"""

import argparse
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

from cases import CASES
from measure import measure
from page import page, tables
from tools import HERE, TOOLS, r

from lmm.files import read_json, write_json, write_text

RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "benchmark.md"


def main() -> None:
    """Measure the cases asked for and write what was found."""
    options = arguments()
    tools = [TOOLS[name] for name in options.tools if TOOLS[name].installed]
    for name in options.tools:
        if not TOOLS[name].installed:
            print(f"{name} is not installed and left out; sh benchmarks/setup.sh installs it.", file=sys.stderr)

    measured, measured_commit = {}, commit()
    for name in options.cases:
        print(f"{name}: {CASES[name].formula}", file=sys.stderr, flush=True)
        measured[name] = measure(CASES[name], tools, options.rounds, options.budget, options.patience)
        if "version" in measured[name]["tools"].get("lmm", {}):
            measured[name]["tools"]["lmm"]["version"] += f" ({measured_commit})"
    print(tables(measured))
    if not options.dry_run:
        write(measured)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = [name for name, case in CASES.items() if case.by_default]
    parser.add_argument("--cases", nargs="+", choices=[*CASES, "all"], default=default)
    parser.add_argument("--tools", nargs="+", choices=list(TOOLS), default=list(TOOLS))
    parser.add_argument("--rounds", type=int, default=9, help="turns of each tool (default 9)")
    parser.add_argument("--budget", type=float, default=30, help="CPU seconds per tool and case (default 30)")
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for a first fit (default 60)")
    parser.add_argument("--dry-run", action="store_true", help="print the tables, write nothing")
    options = parser.parse_args()
    if "all" in options.cases:
        options.cases = list(CASES)
    return options


def write(measured: dict[str, dict]) -> None:
    """Write results.json and the page, keeping other cases measured before on the same machine."""
    here = {"machine": machine(), "software": software()}
    before = read_json(RESULTS) if RESULTS.exists() else {"cases": {}}
    kept = before["cases"] if here.items() <= before.items() else {}
    cases = {name: {**kept, **measured}[name] for name in CASES if name in measured or name in kept}
    results = {**here, "command": command(cases), "cases": cases}
    write_json(RESULTS, results)
    write_text(PAGE, page(results))


def command(cases: dict[str, dict]) -> str:
    """Return the command that measures these cases."""
    default = [name for name, case in CASES.items() if case.by_default]
    extra = "" if list(cases) == default else " --cases " + shlex.join(cases)
    return f".venv/bin/python benchmarks/engine.py{extra}"


def machine(used: int = 1) -> str:
    """Name processor, cores and memory; `used` is how many cores were."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cores = f"{os.cpu_count()} cores ({'one' if used == 1 else used} used)"
    return f"{model}, {cores}, {gigabytes:.0f} GB, {platform.system()}"


def software() -> str:
    """Name the interpreters and numerical libraries."""
    import numpy
    import pandas
    import scipy

    blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    python = (
        f"Python {platform.python_version()}, numpy {numpy.__version__} ({blas['name']} {blas['version']}), "
        f"scipy {scipy.__version__}, pandas {pandas.__version__}"
    )
    with_r = r("cat(R.version.string, 'with BLAS', basename(extSoftVersion()['BLAS']))")
    return f"{python}; {with_r}" if with_r else python


def commit() -> str:
    """Return the commit measured."""
    done = subprocess.run(
        ["git", "-C", str(HERE), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "no commit"


if __name__ == "__main__":
    main()
