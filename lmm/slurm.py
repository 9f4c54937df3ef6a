"""Whether Slurm would take the jobs of a run, asked before the first is submitted.

Where Slurm refuses a chain of jobs that goes to the queue as one, Snakemake's executor loses the refusal and waits for
the chain without end (snakemake-executor-plugin-slurm 2.8: it asks a group for its rule). So the most that a run asks
for is put to Slurm first.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

from lmm.errors import InputError

_SECONDS = 60
_BEFORE_THE_REASON = re.compile(r"^(sbatch: error: |allocation failure: )+")


def assert_accepted(asked: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Refuse a run whose jobs Slurm would refuse, in its own words.

    Args:
        asked: for each job the name of the chain that it goes to the queue with, and its resources: mem_mb, runtime
            (minutes), and slurm_account and slurm_partition where they are given.

    Raises:
        InputError: Slurm takes no job of the largest memory and the longest time asked of a partition for an account.
    """
    for (account, partition), (megabytes, minutes) in most(asked).items():
        command = ["sbatch", "--test-only", f"--mem={megabytes}", f"--time={minutes}", "--wrap=true"]
        command += [f"--account={account}"] if account else []
        command += [f"--partition={partition}"] if partition else []
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return  # Slurm is out of reach, which the executor says
        if done.returncode:
            lines = done.stderr.splitlines() or ["it does not say why"]
            why = _BEFORE_THE_REASON.sub("", lines[-1])
            raise InputError(
                f"Slurm takes no job of this run ({megabytes} MB, {minutes} minutes, account {account or 'not named'}, "
                f"partition {partition or 'not named'}): {why}. Name what the cluster wants, --default-resources "
                "slurm_account=NAME slurm_partition=NAME (`sacctmgr show associations user=$USER` lists accounts, "
                "`sinfo` partitions), or ask for less, --set-resources RULE:mem_mb=MB RULE:runtime=MINUTES."
            )


def most(asked: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[tuple[str, str], tuple[int, int]]:
    """The largest memory (MB) and the longest time (minutes) by account and partition.

    The jobs of a chain have the memory of the largest and the time of all.
    """
    memory: dict[tuple[str, str], int] = {}
    minutes: dict[tuple[str, str], dict[str, int]] = {}
    for chain, resources in asked:
        where = str(resources.get("slurm_account") or ""), str(resources.get("slurm_partition") or "")
        memory[where] = max(memory.get(where, 1), int(resources.get("mem_mb") or 1))
        chains = minutes.setdefault(where, {})
        chains[chain] = chains.get(chain, 0) + int(resources.get("runtime") or 1)
    return {where: (memory[where], max(chains.values())) for where, chains in minutes.items()}
