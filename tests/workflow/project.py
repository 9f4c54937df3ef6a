"""A copy of the workflow with a config of its own, and Snakemake run in it as a user would."""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SNAKEMAKE = [sys.executable, "-m", "snakemake"]


def demonstration(*names: str) -> dict:
    """Return the demonstration config with the named studies alone."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return config | {"studies": [study for study in config["studies"] if study["name"] in names]}


def two_studies() -> dict:
    """Two short studies: one with draws of a bootstrap, one with folds, as the only member of a family."""
    config = demonstration("sleepstudy", "penicillin") | {"families": {"assays": {}}}
    sleepstudy, penicillin = config["studies"]
    sleepstudy["inference"] = {"intervals": "bootstrap", "bootstrap": {"draws": 20}}
    sleepstudy["cross_validation"] = {"targets": []}
    penicillin["family"] = "assays"
    return config


def new_project(folder: Path, config: dict) -> Path:
    """Lay out a working folder: Snakefile, workflow, profile, data, and the config."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "Snakefile", folder)
    for part in ("workflow", "profiles", "data"):
        shutil.copytree(ROOT / part, folder / part)
    return write_config(folder, config)


def write_config(folder: Path, config: dict) -> Path:
    """Write config.yaml and return the folder."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return folder


def copy_of(original: Path, folder: Path) -> Path:
    """Copy a project, times of modification included, with its results and Snakemake's own records."""
    shutil.copytree(original, folder, symlinks=True)
    return folder


def copy_of_package(folder: Path) -> Path:
    """Copy the package lmm into a folder that can stand on PYTHONPATH, compiled, so that not every job does it."""
    shutil.copytree(ROOT / "lmm", folder / "lmm", ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(folder / "lmm", quiet=2)
    return folder


def environment(**changes: str) -> dict[str, str]:
    """Return the environment for a run, without what a surrounding run of pytest or Snakemake may have set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "SNAKEMAKE"))}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"} | changes


def snakemake(folder: Path, *arguments: str, timeout: float = 300, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run snakemake in a folder."""
    return subprocess.run(
        [*SNAKEMAKE, *arguments],
        cwd=folder,
        env=environment(**environ),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run(folder: Path, *arguments: str, timeout: float = 300, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run snakemake on two cores and insist that it succeeds."""
    done = snakemake(folder, "--cores", "2", *arguments, timeout=timeout, **environ)
    assert done.returncode == 0, done.stderr
    return done


def messages(output: str) -> set[str]:
    """Return what the jobs of a run, or of a plan, say they do."""
    return set(re.findall(r"^Job \d+: (.*)$", output, flags=re.MULTILINE))


def planned(folder: Path, **environ: str) -> set[str]:
    """Return the jobs that a bare `snakemake -n` plans."""
    done = snakemake(folder, "-n", **environ)
    assert done.returncode == 0, done.stderr
    return messages(done.stdout + done.stderr)


def stages(name: str, table: str, models: int) -> list[str]:
    """Return the jobs of one study, in order."""
    return [
        f"{name}: cleaning {table}",
        f"{name}: fitting {models} models",
        f"{name}: choosing among the fitted models",
        f"{name}: cross-validation, part 1-of-1",
        f"{name}: comparing the models by cross-validation",
        f"{name}: other models and other criteria",
        f"{name}: inference from the final model",
        f"{name}: checking the chosen model",
        f"{name}: writing the report",
    ]


INDEX = "writing the index of all reports"
SLEEPSTUDY = stages("sleepstudy", "data/sleepstudy.csv", 5)
EGSINGLE = stages("egsingle", "data/egsingle-scores.csv.gz data/egsingle-schools.csv", 14)
PENICILLIN = stages("penicillin", "data/penicillin.csv", 3)


def outputs(folder: Path) -> dict[str, bytes]:
    """Return every file a run has left in results/ and reports/, with its content; but Snakemake's own marks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for part in ("results", "reports")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file() and path.name != ".snakemake_timestamp"
    }
