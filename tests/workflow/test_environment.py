"""The pins: complete, free of host names, and the same wherever they are written."""

import re
import tomllib

import pytest
import yaml

from tests.workflow.project import ROOT

CONDA_NAMES = {"matplotlib-base": "matplotlib"}
NOT_IMPORTED_BY_JOBS = {"snakemake", "psutil", "setuptools"}


LOCKS = {"requirements.lock": (), "requirements-test.lock": ("test",), "requirements-slurm.lock": ("slurm",)}
"""The pins of the package with these of its extras."""
PIN = re.compile(r"([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")


def pins(lock="requirements.lock"):
    text = re.sub(r"^#.*\n|^\n", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert "".join(match.group() for match in PIN.finditer(text)) == text, (
        "something stands there beside pins with hashes"
    )
    return {name: version for name, version, _ in PIN.findall(text)}


def required(extras=()):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    return listed + [line for extra in extras for line in project["project"]["optional-dependencies"][extra]]


def names_of(lines):
    return {re.match(r"[\w-]+", line)[0] for line in lines}


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items())
def test_every_dependency_is_pinned_with_hashes_and_no_index_is_named(lock, extras):
    assert names_of(required(extras)) <= set(pins(lock))
    assert "/" not in (ROOT / lock).read_text(encoding="utf-8")


def test_a_version_is_the_same_with_and_without_extras_and_only_tests_install_their_tools():
    alone = pins()
    assert not names_of(required(("test", "slurm"))) - names_of(required()) & set(alone)
    for lock in LOCKS:
        assert alone.items() <= pins(lock).items()


def conda_pins(path):
    entries = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["dependencies"]
    found = dict(entry.split(" =") for entry in entries if entry != "pip" and not entry.startswith("python "))
    return {CONDA_NAMES.get(name, name): version for name, version in found.items()}


@pytest.mark.parametrize(
    ("path", "left_out"), [("workflow/envs/lmm.yaml", NOT_IMPORTED_BY_JOBS), ("environment.yml", set())]
)
def test_the_conda_environments_have_the_pinned_versions(path, left_out):
    """Of what jobs import, and of what the workflow needs."""
    names = names_of(required()) - left_out
    assert conda_pins(path) == {name: pins()[name] for name in names}
