"""Measure the tools side by side: one worker per tool, taking turns."""

import json
import os
import select
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from cases import Case, write_arrays
from tools import WORKERS, Tool

from lmm.engine.deviance import Deviance
from lmm.engine.problem import Problem
from lmm.formula import parse
from lmm.model import grouping_factors, one_thread

ONE_THREAD = dict.fromkeys(
    (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "RAYON_NUM_THREADS",
        "POLARS_MAX_THREADS",
        "PYTHONDONTWRITEBYTECODE",
    ),
    "1",
)
TURN_SECONDS = 0.2
MOST_FITS_A_TURN = 200


class NoFit(Exception):
    """A worker ended, complained or took too long."""


class Worker:
    """A tool's process, pinned to one core, with the table read and the first fit still to come."""

    def __init__(self, tool: Tool, table_file: Path, formula: str, core: int, patience: float) -> None:
        """Start the process and wait until it has its table; no first fit may take longer than `patience` seconds."""

        def pin() -> None:
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, {core})

        self.process = subprocess.Popen(
            [*tool.command, str(table_file), formula],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
            preexec_fn=pin,
        )
        ready = self.read(patience)
        self.version, self.memory_ready = ready["ready"], ready["memory_megabytes"]

    def ask(self, action: str, times: int, patience: float | None = None) -> dict:
        """Have an action done `times` times; returns mean CPU seconds, result and peak memory."""
        self.process.stdin.write(json.dumps({"action": action, "times": times}) + "\n")
        self.process.stdin.flush()
        return self.read(patience)

    def read(self, patience: float | None) -> dict:
        """Read an answer, or give up and end the process after `patience` seconds."""
        if not select.select([self.process.stdout], [], [], patience)[0]:
            self.close()
            raise NoFit(f"given up after {patience:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise NoFit(" ".join(self.process.stderr.read().split()[-30:]) or "no message")
        answer = json.loads(line)
        if "error" in answer:
            self.close()
            raise NoFit(answer["error"])
        return answer

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def measure(case: Case, tools: list[Tool], rounds: int, budget: float, patience: float) -> dict:
    """Fit a case with every tool, in turns, so that whatever slows the machine slows them alike.

    Args:
        case: what to fit.
        tools: who fits it.
        rounds: turns of each tool. A turn is as many fits as take about TURN_SECONDS.
        budget: CPU seconds a tool may spend on the case; past it, it takes no further turn (but always one).
        patience: seconds after which a tool whose first fit is not done is given up.

    Returns:
        {"what", "formula", "tools": {name: {"version", "cpu_seconds": mean of each turn, "fits_per_turn",
        "first_fit_seconds", "memory_ready_megabytes", "memory_peak_megabytes", "deviance"} or {"cannot": reason}}}.
    """
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    results, workers = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        files = table_files(case, tools, Path(folder))
        try:
            for tool in tools:
                reason = tool.cannot(case)
                if reason:
                    results[tool.name] = {"cannot": reason}
                    continue
                try:
                    worker = Worker(tool, files[tool.table], case.formula, core, patience)
                    results[tool.name] = first_fits(worker, budget, patience)
                    workers[tool.name] = worker
                except NoFit as reason:
                    results[tool.name] = {"cannot": str(reason)}
            take_turns(workers, results, rounds, budget)
        finally:
            for worker in workers.values():
                worker.close()
    for result in results.values():
        if isinstance(result.get("deviance"), list):
            result["deviance"] = reml_deviance(case, result["deviance"])
    return {"what": case.what, "formula": case.formula, "tools": results}


def first_fits(worker: Worker, budget: float, patience: float) -> dict:
    """Fit once cold, which also shows the peak memory of a single fit, and once more to learn how long a turn is.

    A first fit that has used up the budget is the only one.
    """
    cold = worker.ask("fit", 1, patience)
    taken, fits = [cold["cpu_seconds"]], 1
    if cold["cpu_seconds"] < budget:
        warm = worker.ask("fit", 1)
        taken, fits = [], max(1, min(MOST_FITS_A_TURN, round(TURN_SECONDS / max(warm["cpu_seconds"], 1e-6))))
    return {
        "version": worker.version,
        "deviance": cold["result"],
        "first_fit_seconds": cold["cpu_seconds"],
        "memory_ready_megabytes": worker.memory_ready,
        "memory_peak_megabytes": cold["memory_megabytes"],
        "fits_per_turn": fits,
        "cpu_seconds": taken,
    }


def take_turns(workers: dict[str, Worker], results: dict[str, dict], rounds: int, budget: float) -> None:
    """Let the workers fit in turns, another one first in each round, and add what they took to `results`."""
    names = list(workers)
    spent = {name: 2 * results[name]["first_fit_seconds"] for name in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            taken, fits = results[name]["cpu_seconds"], results[name]["fits_per_turn"]
            if taken and spent[name] > budget:
                continue
            taken.append(workers[name].ask("fit", fits)["cpu_seconds"])
            spent[name] += fits * taken[-1]
            if name == "lmm":
                design = workers[name].ask("design", fits)["cpu_seconds"]
                results[name].setdefault("design_cpu_seconds", []).append(design)


def reml_deviance(case: Case, variances: list[float]) -> float:
    """Return the REML criterion of random intercepts with these variances, the residual one first, for a tool without.

    Only their ratios count: the residual variance that suits them best is taken.
    """
    design = parse(case.formula).design(case.table())
    factors, _ = grouping_factors(design)
    with one_thread():
        problem = Problem.of(design.y, design.X, factors)
        deviance = Deviance(problem, reml=True)
        ratios = [variances[1 + k] / variances[0] for k in problem.order]
        at = deviance.factorise([np.full((1, 1), np.sqrt(ratio)) for ratio in ratios])
    return at.deviance + deviance.constant


def table_files(case: Case, tools: list[Tool], folder: Path) -> dict[str, Path]:
    """Write the case's table in the forms the tools read."""
    table = case.table()
    files = {suffix: folder / f"table{suffix}" for suffix in {tool.table for tool in tools}}
    if ".npz" in files:
        write_arrays(table, files[".npz"])
    if ".rds" in files:
        text = folder / "table.csv"
        table.to_csv(text, index=False)
        types = ",".join("factor" if table[name].dtype == "category" else "numeric" for name in table)
        script = str(WORKERS / "table_for_r.R")
        subprocess.run(["Rscript", script, str(text), str(files[".rds"]), types], check=True)
    return files
