#!/usr/bin/env python3
"""Time the demonstration's studies, from their files to a page each, beside an R script that does the same work.

    .venv/bin/python benchmarks/pipeline.py                 # twice each, in turns
    .venv/bin/python benchmarks/pipeline.py --rounds 1 --dry-run

Both begin cold, in an empty folder, on two cores: `snakemake --cores 2`, and benchmarks/pipeline/studies.R, which
works up the studies side by side and shares the folds of cross-validation among its processes. R needs lme4, pbkrtest,
RLRsim, performance, ggplot2 and rmarkdown (Debian: r-cran-…) and pandoc. Leave the machine alone while it measures.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine import PAGE, RESULTS, commit, machine, software
from page import PIPELINE, page
from sections import pipeline_table
from tools import r

from lmm.files import read_json, write_json, write_text

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).parent / "pipeline" / "studies.R"
PACKAGES = ("lme4", "pbkrtest", "RLRsim", "performance", "ggplot2", "rmarkdown")
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")


def main() -> None:
    """Run both in turns and write what it took."""
    options = arguments()
    versions = r(
        f"for (p in c({', '.join(map(repr, PACKAGES))})) cat(p, ' ', format(packageVersion(p)), ', ', sep = '')"
    )
    if versions is None:
        sys.exit(f"R has not all of {', '.join(PACKAGES)}.")
    measured = {"lmm": [], "R": []}
    chosen = {}
    for turn in range(options.rounds):
        order = [("lmm", ours), ("R", theirs)]
        for name, run in order[:: -1 if turn % 2 else 1]:
            with tempfile.TemporaryDirectory(prefix="pipeline-") as folder:
                found, chosen[name] = timed(run, Path(folder), options.cores)
            print(f"{name}: {found['seconds']:.0f} s, {found['cpu_seconds']:.0f} s of CPU", file=sys.stderr, flush=True)
            measured[name].append(found)
    results = {
        "machine": machine(used=options.cores),
        "software": software(),
        "versions": f"lmm {commit()}; {versions.rstrip(', ')}",
        "command": ".venv/bin/python benchmarks/pipeline.py",
        "cores": options.cores,
        "measured": measured,
        "chosen": chosen,
    }
    print(pipeline_table(results))
    if not options.dry_run:
        write_json(PIPELINE, results)
        write_text(PAGE, page(read_json(RESULTS)))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="runs of each (default 2)")
    parser.add_argument("--cores", type=int, default=2, help="for either (default 2)")
    parser.add_argument("--dry-run", action="store_true", help="print the table, write nothing")
    return parser.parse_args()


def timed(run, folder: Path, cores: int) -> tuple[dict[str, float], dict[str, str]]:
    """Run in this folder; returns {"seconds", "cpu_seconds"} and the model that each study ended with."""
    before, began = children(), time.monotonic()
    chosen = run(folder, cores)
    return {"seconds": time.monotonic() - began, "cpu_seconds": children() - before}, chosen


def ours(folder: Path, cores: int) -> dict[str, str]:
    """Run the workflow in a copy of what it needs."""
    for file in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / file, folder)
    for part in ("workflow", "profiles", "data"):
        shutil.copytree(ROOT / part, folder / part)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    run([sys.executable, "-m", "snakemake", "--cores", str(cores)], folder, {"PYTHONPATH": path})
    decisions = sorted(folder.glob("results/*/select/decision.json"))
    return {path.parts[-3]: json.loads(path.read_text(encoding="utf-8"))["final"]["rung"] for path in decisions}


def theirs(folder: Path, cores: int) -> dict[str, str]:
    """Run the R script."""
    said = run(["Rscript", str(SCRIPT), str(ROOT / "data"), str(folder), str(cores)], folder, ONE_THREAD)
    return dict(sorted(line.split(": ", 1) for line in said.splitlines() if ": " in line))


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run a command to its end; returns what it printed, or ends with what it complained of."""
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def children() -> float:
    """CPU seconds of all that this process has started and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
