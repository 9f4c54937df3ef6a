"""Many small studies in one run: wall time, the jobs' own CPU time, and what the workflow adds to it.

    .venv/bin/python benchmarks/many.py                     # 200 studies of 2,000 rows, six models each, on two cores
    .venv/bin/python benchmarks/many.py --studies 20 --split study --dry-run

Every study is simulated: 100 groups of 20 rows, an intercept and two slopes that differ between groups, so that the
ladder has six models or more. The jobs' CPU time is what each of them says of itself at its end (Snakemake's benchmark
files look twice a second, and miss the last look of a job of seconds); the workflow's is that of everything that was
started, less the jobs'.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas
import yaml
from engine import PAGE, RESULTS, commit, machine
from page import MANY, page

from lmm.files import read_json, write_json, write_text

ROOT = Path(__file__).parents[1]
GROUPS, ROWS = 100, 20
OWN_WORD = """\
import atexit, os, resource, sys

def say():
    if os.sep + "scripts" + os.sep in sys.argv[0]:
        mine, started = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        seconds = sum(used.ru_utime + used.ru_stime for used in (mine, started))
        with open(os.path.join(os.path.dirname(__file__), f"{os.getpid()}.txt"), "w") as file:
            file.write(str(seconds))

atexit.register(say)
"""
"""Python reads it at the start of every process that finds it on its path as sitecustomize.py."""


def main() -> None:
    """Run the studies once and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--split", choices=("none", "study", "rung"), default="none")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--dry-run", action="store_true", help="print only, write nothing")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="many-") as name:
        folder = laid_out(Path(name, "studies"), asked.studies, asked.split)
        own_words = Path(name, "own-words")
        own_words.mkdir()
        (own_words / "sitecustomize.py").write_text(OWN_WORD, encoding="utf-8")
        path = os.pathsep.join([str(own_words), str(ROOT), os.environ.get("PYTHONPATH", "")])
        before, began = children(), time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", str(asked.cores), "--quiet", "all"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": path},
            check=False,
        )
        wall, everything = time.monotonic() - began, children() - before
        if done.returncode:
            sys.exit("The run failed.")
        said = [float(file.read_text(encoding="utf-8")) for file in own_words.glob("*.txt")]
        jobs = sum(said)
    print(f"{len(said)} jobs")
    found = {
        "machine": machine(used=asked.cores),
        "commit": commit(),
        "command": shlex.join([".venv/bin/python", "benchmarks/many.py", *sys.argv[1:]]),
        "studies": asked.studies,
        "rows": GROUPS * ROWS,
        "split": asked.split,
        "cores": asked.cores,
        "wall": wall,
        "jobs": jobs,
        "added": everything - jobs,
    }
    print(f"{asked.studies} studies of {GROUPS * ROWS:,} rows, split: {asked.split}, {asked.cores} cores")
    print(f"wall time {wall:.0f} s, {wall / asked.studies:.2f} s a study")
    print(f"CPU of the jobs {jobs:.0f} s, {jobs / asked.studies:.2f} s a study")
    print(f"the workflow adds {everything - jobs:.0f} s of CPU, {100 * (everything / jobs - 1):.0f} % of the jobs'")
    if not asked.dry_run:
        write_json(MANY, found)
        write_text(PAGE, page(read_json(RESULTS)))


def laid_out(folder: Path, studies: int, split: str) -> Path:
    """Lay out the workflow, a table for each study, and the config."""
    folder.mkdir()
    shutil.copy(ROOT / "Snakefile", folder)
    for part in ("workflow", "profiles"):
        shutil.copytree(ROOT / part, folder / part)
    blocks = []
    for number in range(studies):
        simulated(number).to_csv(folder / f"t{number}.csv", index=False)
        blocks.append({"name": f"s{number:03}", "data": f"t{number}.csv"})
    shared = {"outcome": "y", "fixed": "x * z", "groups": ["g"], "slopes": {"g": "x + z"}, "split": split}
    config = {"seed": 1, "defaults": shared, "studies": blocks}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def simulated(number: int) -> pandas.DataFrame:
    """The table of one study."""
    draw = np.random.default_rng([7, number])
    g = np.repeat(np.arange(GROUPS), ROWS)
    x, z = draw.normal(size=(2, len(g)))
    own = draw.normal(size=(3, GROUPS)) * np.array([[1.0], [0.4], [0.2]])
    y = 1 + own[0, g] + (0.5 + own[1, g]) * x + (0.2 + own[2, g]) * z + draw.normal(size=len(g))
    return pandas.DataFrame({"y": y, "x": x, "z": z, "g": g})


def children() -> float:
    """CPU seconds of all that this process has started and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
