"""The pins: complete, free of host names, and the same wherever they are written."""

import re
import tomllib

import yaml

from tests.workflow.project import ROOT

CONDA_NAMES = {"matplotlib-base": "matplotlib"}
NOT_IMPORTED_BY_JOBS = {"snakemake", "psutil"}


def pins():
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"], *project["optional-dependencies"].values()


def test_every_dependency_is_pinned_and_no_index_is_named():
    names = {re.match(r"[\w-]+", line)[0] for lines in required() for line in lines}
    assert names <= set(pins())
    assert "/" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_the_conda_environment_has_the_pinned_versions_of_what_jobs_import():
    environment = yaml.safe_load((ROOT / "workflow/envs/lmm.yaml").read_text(encoding="utf-8"))
    found = dict(entry.split(" =") for entry in environment["dependencies"] if not entry.startswith("python "))
    found = {CONDA_NAMES.get(name, name): version for name, version in found.items()}
    names = {re.match(r"[\w-]+", line)[0] for line in required()[0]} - NOT_IMPORTED_BY_JOBS
    assert found == {name: pins()[name] for name in names}
