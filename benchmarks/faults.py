"""Kill a run at a random moment, take it up again, compare every file with an undisturbed run; many times.

    .venv/bin/python benchmarks/faults.py                           # 50 times, on this machine
    .venv/bin/python benchmarks/faults.py --rounds 5 --seed 7
    .venv/bin/python benchmarks/faults.py -- --workflow-profile workflow/profiles/slurm     # through Slurm

What stands behind `--` goes to Snakemake. Every round starts in an empty folder, kills what it has started with
SIGKILL (Snakemake alone, as when a terminal dies, or its jobs too, as when a machine does) or asks it to end with
SIGTERM, then runs workflow/resume.py until the run succeeds. The exit status is the number of rounds whose files
differ.
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
PATIENCE = 1800
"""Seconds that a run may take."""


def main() -> int:
    """Run the rounds; return how many ended in other files than an undisturbed run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the moments and the ways of killing")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("snakemake", nargs="*", help="further arguments of Snakemake, behind --")
    asked = parser.parse_args()
    arguments = ["--cores", str(asked.cores), *asked.snakemake]
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="faults-", dir=Path.cwd()) as folder:
        began = time.monotonic()
        undisturbed = outcome(project(Path(folder, "undisturbed")), arguments)
        lasted = time.monotonic() - began
        print(f"undisturbed: {len(undisturbed)} files in {lasted:.0f} s", flush=True)
        equal = 0
        for number in range(1, asked.rounds + 1):
            where = project(Path(folder, f"round-{number}"))
            how, moment = chance.choice(HOW), chance.uniform(0, lasted)
            alive = killed(where, arguments, how, moment)
            found = outcome(where, arguments)
            different = sorted(name for name in {*found, *undisturbed} if found.get(name) != undisturbed.get(name))
            equal += not different
            told = f"{how} after {moment:.1f} s" if alive else f"ended before {moment:.1f} s"
            print(f"round {number}: {told}: {'equal' if not different else different}", flush=True)
            shutil.rmtree(where)
    print(f"{equal} of {asked.rounds} equal")
    return asked.rounds - equal


def project(folder: Path) -> Path:
    """Lay out a working folder with two small studies, one of them in one job."""
    folder.mkdir()
    shutil.copy(ROOT / "Snakefile", folder)
    for part in ("workflow", "profiles"):
        shutil.copytree(ROOT / part, folder / part)
    draw = np.random.default_rng(3)
    subject = np.repeat(np.arange(12), 6)
    day = np.tile(np.arange(6.0), 12)
    y = 20 + draw.normal(0, 3, 12)[subject] + (2 + draw.normal(0, 1, 12)[subject]) * day + draw.normal(0, 2, 72)
    pandas.DataFrame({"y": y, "day": day, "subject": subject}).to_csv(folder / "t.csv", index=False)
    study = {"data": "t.csv", "outcome": "y", "fixed": "day", "groups": ["subject"], "slopes": {"subject": "day"}}
    study |= {"cross_validation": {"new_groups": {"folds": 4}, "jobs": 2}}
    staged = study | {"name": "staged", "inference": {"intervals": "bootstrap", "bootstrap": {"draws": 40, "jobs": 2}}}
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
        stderr=(folder / "said.txt").open("wb"),
        start_new_session=True,
    )


def killed(folder: Path, arguments: list[str], how: str, moment: float) -> bool:
    """Start a run and kill it at that moment (seconds from its start); say whether it was still alive then."""
    run = started(folder, arguments)
    try:
        run.wait(timeout=moment)
        return False
    except subprocess.TimeoutExpired:
        if how == "SIGKILL to Snakemake and its jobs":
            os.killpg(run.pid, signal.SIGKILL)
        else:
            run.send_signal(signal.SIGKILL if how.startswith("SIGKILL") else signal.SIGTERM)
        run.wait(timeout=PATIENCE)
        return True


def outcome(folder: Path, arguments: list[str]) -> dict[str, bytes]:
    """Run to the end; return every file of results/ and reports/, but Snakemake's own marks."""
    run = started(folder, arguments)
    if run.wait(timeout=PATIENCE) != 0:
        sys.exit(f"The run in {folder} failed:\n{(folder / 'said.txt').read_text(errors='replace')}")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for part in ("results", "reports")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file() and path.name != ".snakemake_timestamp"
    }


if __name__ == "__main__":
    sys.exit(main())
