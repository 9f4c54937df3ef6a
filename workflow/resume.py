"""Run Snakemake in this folder and take up where a killed run ended: `python workflow/resume.py --cores 4`.

A run that was killed leaves a lock. It is taken away only when no run is alive in this folder, and jobs that outlived
their run are waited for. What they left unfinished is made anew, as profiles/default tells Snakemake.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

SNAKEMAKE = [sys.executable, "-m", "snakemake"]
LOCKS = Path(".snakemake/locks")
PATIENCE = 120
"""Seconds to wait for jobs of a killed run: most end at once, having lost the run they worked for."""


def main(arguments: list[str]) -> int:
    """Unlock the folder if a killed run has left it locked, then become Snakemake with these arguments."""
    if LOCKS.is_dir() and any(LOCKS.iterdir()):
        if run := next(processes_here(is_run), None):
            print(f"A run is under way in this folder (process {run.pid}): wait for it, or end it.", file=sys.stderr)
            return 1
        if not jobs_have_ended():
            print("A job of a killed run is still at work in this folder: wait for it, or end it.", file=sys.stderr)
            return 1
        subprocess.run([*SNAKEMAKE, "--unlock", "--quiet", "all"], check=True)
    os.execv(sys.executable, [*SNAKEMAKE, *arguments])


def jobs_have_ended() -> bool:
    """Wait for the jobs of a killed run; say whether all of them have ended."""
    deadline = time.monotonic() + PATIENCE
    while any(processes_here(is_job)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def processes_here(chosen: Callable[[list[str]], bool]) -> Iterator[psutil.Process]:
    """Yield the living processes with this working folder whose command line is chosen."""
    for process in psutil.process_iter():
        try:
            if process.pid != psutil.Process().pid and Path(process.cwd()) == Path.cwd() and chosen(process.cmdline()):
                yield process
        except psutil.Error:  # ended meanwhile, or somebody else's
            continue


def is_run(command: list[str]) -> bool:
    """Say whether a command line is Snakemake's own: `snakemake …` or `python -m snakemake …`."""
    return any(Path(word).name == "snakemake" for word in command[:3])


def is_job(command: list[str]) -> bool:
    """Say whether a command line is a job's: `python .snakemake/scripts/….py`, or the shell around it."""
    return any(".snakemake/scripts" in word for word in command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
