"""A study run without Snakemake: whole, and stage by stage."""

import shutil

import numpy as np
import pandas
import pytest
import yaml

from lmm.__main__ import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    draw = np.random.default_rng(2)
    groups = np.repeat(list("abcdefgh"), 5)
    table = pandas.DataFrame({"y": draw.normal(size=40) + np.repeat(draw.normal(size=8), 5), "g": groups})
    table.to_csv(tmp_path / "t.csv", index=False)
    study = {"name": "trial", "data": "t.csv", "outcome": "y", "groups": ["g"], "cross_validation": {"targets": []}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"seed": 1, "studies": [study]}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_stage_alone_writes_what_it_wrote_among_the_others(folder, capsys):
    assert main(["run", "c.yaml", "trial"]) == 0
    said = capsys.readouterr()
    assert said.out == "trial: reports/trial/index.html\n"
    assert said.err.splitlines()[:3] == ["trial: clean", "trial: fit", "trial: select"]
    decision = (folder / "results/trial/select/decision.json").read_bytes()
    shutil.rmtree(folder / "results/trial/select")
    assert main(["run", "c.yaml", "trial", "--stage", "select"]) == 0
    assert (folder / "results/trial/select/decision.json").read_bytes() == decision
    assert not (folder / "results/trial/select/sensitivity.json").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tria"], "c.yaml has no study 'tria'; did you mean 'trial'?"),
        (["trial", "--stage", "selct"], "study trial has no stage 'selct'; did you mean 'select'?"),
    ],
)
def test_what_is_not_there_is_a_sentence(folder, capsys, arguments, sentence):
    assert main(["run", "c.yaml", *arguments]) == 2
    assert capsys.readouterr().err == f"{sentence}\n"


def test_a_stage_that_cannot_be_run_ends_with_its_sentence(folder, capsys):
    (folder / "t.csv").write_text("y,g\n1,a\n1,a\n1,b\n1,b\n")
    with pytest.raises(SystemExit) as ended:
        main(["run", "c.yaml", "trial"])
    assert ended.value.code == 1
    assert "the outcome y is 1 in all 4 rows" in capsys.readouterr().err
