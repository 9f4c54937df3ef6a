"""Kill a run at random moments, many times in a row, and compare what it ends in with an undisturbed run.

    .venv/bin/python benchmarks/faults.py                           # 50 kills, on this machine
    .venv/bin/python benchmarks/faults.py --kills 10 --seed 7
    .venv/bin/python benchmarks/faults.py -- --profile workflow/profiles/slurm     # through Slurm

What stands behind `--` goes to Snakemake. The run that takes up after a kill is killed itself, and so on, until one
comes to its end before its moment: then every file of results/ and reports/ is compared, and the next run begins in an
empty folder. A kill is SIGKILL (to Snakemake alone, as when a terminal dies, or to its jobs too, as when a machine
does) or SIGTERM, which asks to end. All is done by workflow/resume.py, as `make report` does it. The exit status is the
number of kills from which no equal end was reached; the folder of a run that failed or differs is kept.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas
import yaml

ROOT = Path(__file__).parents[1]
HOW = ("SIGKILL to Snakemake", "SIGKILL to Snakemake and its jobs", "SIGTERM to Snakemake")
PATIENCE = 1200
"""Seconds that a run may take."""
GRACE = 120
"""Seconds that a run may take to end when SIGTERM asks for it: jobs at work are waited for or cancelled."""


def main() -> int:
    """Kill until all kills are done; return how many led to no equal end."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the moments and the ways of killing")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--within", type=float, help="seconds; moments lie within; two thirds of a run when left out")
    parser.add_argument("snakemake", nargs="*", help="further arguments of Snakemake, behind --")
    asked = parser.parse_args()
    arguments = ["--cores", str(asked.cores), *asked.snakemake]
    chance = random.Random(asked.seed)
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir=Path.cwd()))
    began = time.monotonic()
    undisturbed = project(folder / "undisturbed")
    _, trouble = killed_until_it_ends(undisturbed, arguments, chance, within=0, most=0)
    if trouble:
        sys.exit(trouble)
    expected = outcome(undisturbed)
    within = asked.within or (time.monotonic() - began) * 2 / 3
    print(f"undisturbed: {len(expected)} files in {time.monotonic() - began:.0f} s", flush=True)

    done = equal = runs = 0
    while done < asked.kills:
        runs += 1
        where = project(folder / f"run-{runs}")
        kills, trouble = killed_until_it_ends(where, arguments, chance, within, asked.kills - done)
        found = outcome(where)
        different = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        if different and not trouble:
            trouble = f"{len(different)} files differ: {', '.join(different[:5])}"
        done += kills
        equal += 0 if trouble else kills
        print(f"run {runs}, killed {kills} times: {trouble or 'equal'}; {done} kills so far", flush=True)
        if not trouble:
            shutil.rmtree(where)
    print(f"{equal} of {done} kills led to an end equal to the undisturbed one; {time.monotonic() - began:.0f} s")
    if equal == done:
        shutil.rmtree(folder)
    return done - equal


def project(folder: Path) -> Path:
    """Lay out a working folder with two small studies: one in stages, some of them in parts, and one in one job."""
    folder.mkdir()
    shutil.copy(ROOT / "Snakefile", folder)
    for part in ("workflow", "profiles"):
        shutil.copytree(ROOT / part, folder / part)
    draw = np.random.default_rng(3)
    subject = np.repeat(np.arange(10), 4)
    day = np.tile(np.arange(4.0), 10)
    y = 20 + draw.normal(0, 3, 10)[subject] + 2 * day + draw.normal(0, 2, 40)
    pandas.DataFrame({"y": y, "day": day, "subject": subject}).to_csv(folder / "t.csv", index=False)
    study = {"data": "t.csv", "outcome": "y", "fixed": "day", "groups": ["subject"]}
    study |= {"cross_validation": {"new_groups": {"folds": 2}}}
    staged = study | {"name": "staged", "inference": {"intervals": "bootstrap", "bootstrap": {"draws": 20, "jobs": 2}}}
    whole = study | {"name": "whole", "split": "none"}
    (folder / "config.yaml").write_text(yaml.safe_dump({"seed": 1, "studies": [staged, whole]}), encoding="utf-8")
    return folder


def started(folder: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start a run in a session of its own, so that it can be killed with all that it has started."""
    return subprocess.Popen(
        [sys.executable, "workflow/resume.py", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "said.txt").open("ab"),
        start_new_session=True,
    )


def killed_until_it_ends(
    folder: Path, arguments: list[str], chance: random.Random, within: float, most: int
) -> tuple[int, str | None]:
    """Start a run and kill it, again and again, until one ends before its moment or `most` kills are done.

    Returns the number of kills, and what went wrong with the last run or None.
    """
    for kills in range(most + 1):
        (folder / "said.txt").unlink(missing_ok=True)
        run = started(folder, arguments)
        how, moment = chance.choice(HOW), chance.uniform(0, within)
        try:
            status = run.wait(timeout=moment if kills < most else PATIENCE)
            said = (folder / "said.txt").read_text(errors="replace")
            return kills, f"failed with status {status}: {said[-2000:]}" if status else None
        except subprocess.TimeoutExpired:
            print(f"  after {moment:.1f} s {kill(run, how)}", flush=True)
    return most, f"not at its end after {PATIENCE} s"


def kill(run: subprocess.Popen[bytes], how: str) -> str:
    """Kill a run that way; say how it ended."""
    if how == "SIGKILL to Snakemake and its jobs":
        os.killpg(run.pid, signal.SIGKILL)
    else:
        run.send_signal(signal.SIGKILL if how.startswith("SIGKILL") else signal.SIGTERM)
    try:
        run.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return f"{how}, and SIGKILL to all as it had not ended {GRACE} s later"
    return how


def outcome(folder: Path) -> dict[str, bytes]:
    """Every file of results/ and reports/ with its content, but Snakemake's own marks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for part in ("results", "reports")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file() and path.name != ".snakemake_timestamp"
    }


if __name__ == "__main__":
    sys.exit(main())
