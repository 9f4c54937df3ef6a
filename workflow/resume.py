"""Run Snakemake in this folder and take up where a killed run ended: `python workflow/resume.py --cores 4`.

A run that was killed leaves a lock. It is taken away only when no run is alive in this folder. Jobs that outlived their
run are waited for a while and then ended, or cancelled where Slurm runs them: nobody would take note of what they make.
What they left unfinished is made anew, as profiles/default tells Snakemake.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from lmm.errors import InputError
from lmm.folder import assert_room, assert_writable

SNAKEMAKE = [sys.executable, "-m", "snakemake"]
LOCKS = Path(".snakemake/locks")
HOST = Path(".snakemake/host")
"""Names the machine where the last run was started: on a cluster, another one sees the folder but not the process."""
SLURM_LOGS = Path(".snakemake/slurm_logs")
SLURM_RUN = re.compile(r"(?:\S+_)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""How Snakemake's executor for Slurm names the jobs of a run."""
PATIENCE = 60
"""Seconds to wait for jobs of a killed run: most end at once, having lost the run they worked for. Snakemake itself, in
a job of Slurm, may wait for itself for ever once it is told to end (see profiles/default)."""


def main(arguments: list[str]) -> int:
    """Unlock the folder if a killed run has left it locked, then become Snakemake with these arguments."""
    try:
        assert_room()
        assert_writable()
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    if LOCKS.is_dir() and any(LOCKS.iterdir()):
        if refusal := why_not_to_unlock():
            print(refusal, file=sys.stderr)
            return 1
        subprocess.run([*SNAKEMAKE, "--unlock", "--quiet", "all"], check=True)
    HOST.parent.mkdir(exist_ok=True)
    HOST.write_text(socket.gethostname(), encoding="utf-8")
    os.execv(sys.executable, [*SNAKEMAKE, *arguments])


def why_not_to_unlock() -> str | None:
    """Return a sentence saying who is still at work in this folder; None once nobody is."""
    host = HOST.read_text(encoding="utf-8") if HOST.exists() else socket.gethostname()
    if host != socket.gethostname():
        return f"The last run in this folder was started on {host}: go on there. If {host} is no more, delete {HOST}."
    if run := next(processes_here(is_run), None):
        return f"A run is under way in this folder (process {run.pid}): wait for it, or end it."
    try:
        cancel_slurm_runs()
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return f"Slurm does not say whether jobs of a killed run are at work in this folder: try again. ({error})"
    if not comes_true(nothing_at_work):
        for job in processes_here(is_job):  # its run is dead, and what it makes would be made anew
            what = f"Ending a job of a killed run that is still at work in this folder (process {job.pid})."
            print(what, file=sys.stderr)
            with suppress(psutil.Error):  # it has ended meanwhile, or is somebody else's
                job.kill()
        if not comes_true(nothing_at_work):
            return "A job of a killed run is still at work in this folder: wait for it, or end it."
    return None


def nothing_at_work() -> bool:
    """Say whether no job of a run of this folder is left, on this machine or in Slurm."""
    return not any(processes_here(is_job)) and not slurm_runs()


def comes_true(condition: Callable[[], bool]) -> bool:
    """Wait for a condition; say whether it has come true in time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def cancel_slurm_runs() -> None:
    """Cancel what Slurm still runs, or has queued, for runs of this folder."""
    for run in slurm_runs():
        subprocess.run(["scancel", f"--name={run}"], check=True, capture_output=True, text=True, timeout=60)


def slurm_runs() -> set[str]:
    """Return the names of runs of this folder that have jobs in Slurm, in the queue or at work."""
    if not SLURM_LOGS.is_dir() or shutil.which("squeue") is None:
        return set()
    # %j is a job's name, %Z the folder it works in
    command = ["squeue", "--noheader", f"--user={os.geteuid()}", "--format=%j %Z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    jobs = (line.split(" ", 1) for line in listed.splitlines())
    return {name for name, folder in jobs if SLURM_RUN.fullmatch(name) and Path(folder).resolve() == Path.cwd()}


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
    return is_snakemake(command) and not {"--mode", "--unlock"} & set(command)


def is_job(command: list[str]) -> bool:
    """Say whether a command line is a job's: `python .snakemake/scripts/….py`, or a shell or Snakemake around it.

    Snakemake taking a lock away counts as one: it outlives a run that is killed at that moment.
    """
    around = is_snakemake(command) and {"--mode", "--unlock"} & set(command)
    return bool(around) or any(".snakemake/scripts" in word for word in command)


def is_snakemake(command: list[str]) -> bool:
    """Say whether a command line runs Snakemake: as a user does, or with `--mode` as one around a job."""
    return any(Path(word).name == "snakemake" for word in command[:3])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
