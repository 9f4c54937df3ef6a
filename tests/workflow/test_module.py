"""The workflow in other people's hands: as a module of another workflow, and out of a checkout nobody may write to."""

import json
import os
import shutil
import subprocess

import numpy as np
import pandas
import pytest
import yaml

from tests.workflow.project import ROOT, run, snakemake

STUDY = {"name": "own", "data": "own.csv", "outcome": "y", "fixed": "x", "groups": ["g"]}
CONFIG = {"seed": 3, "studies": [STUDY | {"cross_validation": {"targets": []}}]}
OTHER = """
module mixed_models:
    snakefile:
        {snakefile!r}
    config:
        {config!r}


use rule * from mixed_models as mixed_*


rule verdict:
    default_target: True
    input:
        rules.mixed_select.output.decision.format(study="own"),
    output:
        "verdict.txt",
    shell:
        "grep -c reason {{input}} > {{output}}"
"""


def write_table(folder):
    draw = np.random.default_rng(5)
    x = draw.normal(size=40)
    y = x + np.repeat(draw.normal(size=10), 4) + draw.normal(size=40)
    pandas.DataFrame({"y": y, "x": x, "g": np.repeat(list("abcdefghij"), 4)}).to_csv(folder / "own.csv", index=False)


def other_workflow(folder, config):
    folder.mkdir()
    text = OTHER.format(snakefile=str(ROOT / "Snakefile"), config=config)
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    write_table(folder)
    return folder


def test_another_workflow_uses_the_rules_on_its_own_data(tmp_path):
    folder = other_workflow(tmp_path / "other", CONFIG)
    run(folder)
    decision = json.loads((folder / "results/own/select/decision.json").read_text(encoding="utf-8"))
    assert decision["final"]["formula"] == "y ~ x + (1 | g)"
    assert int((folder / "verdict.txt").read_text()) > 3
    assert {path.name for path in (folder / "results").iterdir()} == {"own"}


def test_a_mistake_in_the_config_of_another_workflow_is_a_sentence(tmp_path):
    mistaken = {"studies": [CONFIG["studies"][0] | {"outcome": "z"}]}
    done = snakemake(other_workflow(tmp_path / "other", mistaken), "--cores", "1")
    assert done.returncode != 0
    assert "own.csv has no column 'z' (outcome)" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def checkout(tmp_path):
    """A copy of the workflow that cannot be written to: mounted so for root, whom no permission keeps from writing."""
    folder, seen = tmp_path / "checkout", tmp_path / "seen"
    for part in ("workflow", "profiles", "data"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "Snakefile", folder)
    if os.getuid() == 0:
        seen.mkdir()
        subprocess.run(["mount", "--bind", folder, seen], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", seen], check=True)
        yield seen
        subprocess.run(["umount", seen], check=True)
    else:
        subprocess.run(["chmod", "-R", "a-w", folder], check=True)
        yield folder
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


def test_a_checkout_that_is_read_only_serves_a_folder_elsewhere(checkout, tmp_path):
    with pytest.raises(OSError, match=r"Read-only|Permission"):
        (checkout / "touched").write_text("")
    mine = tmp_path / "mine"
    mine.mkdir()
    write_table(mine)
    (mine / "c.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    asked = "results/own/select/decision.json"
    run(tmp_path, asked, "--snakefile", f"{checkout}/Snakefile", "--configfile", "mine/c.yaml", "--directory", "mine")
    assert (mine / asked).exists()
    assert {path.name for path in mine.iterdir()} == {".snakemake", "c.yaml", "logs", "own.csv", "results"}
