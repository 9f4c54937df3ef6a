"""What surrounds a job: its log, its one-sentence failure, and the lines at the end of a run."""

import shutil
import warnings

import pytest

from lmm import InputError, files, study
from lmm.job import bring_back, closing_lines, failure_lines, forget_failures, job, keep, study_of

BLOCK = {"data": "t.csv", "outcome": "y", "groups": ["g"]}


def test_notes_and_warnings_go_to_the_log(tmp_path, capsys):
    with job(tmp_path / "a.log") as note:
        note("one")
        warnings.warn("beware", stacklevel=1)
        note("two")
    assert (tmp_path / "a.log").read_text() == "one\ntwo\nwarning: beware\n"
    assert capsys.readouterr().err == ""


def test_a_mistake_of_the_user_ends_the_job_with_its_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, job(tmp_path / "s" / "a.log"):
        raise InputError("study s: mend it.")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "study s: mend it.\n"
    assert failure_lines(tmp_path) == "study s: mend it."
    forget_failures(tmp_path)
    assert failure_lines(tmp_path) == ""


def test_a_bug_is_a_traceback(tmp_path):
    with pytest.raises(ZeroDivisionError), job(tmp_path / "a.log"):
        _ = 1 / 0
    assert "ZeroDivisionError" in (tmp_path / "a.log").read_text()
    assert failure_lines(tmp_path) == ""


def test_closing_lines_name_the_reports_there_are_and_their_warnings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    studies = study.load({"studies": [BLOCK | {"name": "done"}, BLOCK | {"name": "waiting"}]})
    assert closing_lines(studies) == ""
    files.write_text("reports/done/index.html", "")
    files.write_json(
        "results/done/select/decision.json",
        {"final": {"warnings": [{"subject": "few levels", "sentence": "few groups."}]}},
    )
    assert closing_lines(studies).splitlines() == ["done: reports/done/index.html", "  warning: few groups."]


def test_a_study_is_found_by_name():
    config = {"studies": [BLOCK | {"name": "a"}, BLOCK | {"name": "b", "seed": 3}]}
    assert study_of(config, "b").seed == 3


def test_what_is_gone_comes_back_and_counts_as_outdated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = ["results/s/gone", "results/s/made anew", "results/s/never there"]
    for path in paths[:2]:
        files.write_text(path, "old")
    keep(paths)
    for path in paths[:2]:
        (tmp_path / path).unlink()
    files.write_text(paths[1], "new")
    assert bring_back(paths) == paths[:1]
    assert [(tmp_path / path).read_text() for path in paths[:2]] == ["old", "new"]
    assert (tmp_path / paths[0]).stat().st_mtime < (tmp_path / paths[1]).stat().st_mtime - 1e6
    assert not [path for path in (tmp_path / ".snakemake").rglob("*") if path.is_file()]
    assert bring_back(paths) == []


def test_a_folder_comes_back_where_no_job_filled_it_to_the_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("half", "full"):
        files.write_text(f"results/{name}/a.svg", "old")
        files.write_text(f"results/{name}/.snakemake_timestamp", "")
    keep(["results/half", "results/full"])
    for name in ("half", "full"):
        shutil.rmtree(f"results/{name}")
        files.write_text(f"results/{name}/b.svg", "new")
    files.write_text("results/full/.snakemake_timestamp", "")
    assert bring_back(["results/half", "results/full"]) == ["results/half"]
    assert sorted(path.name for path in (tmp_path / "results").rglob("*.svg")) == ["a.svg", "b.svg"]
    assert (tmp_path / "results/half/.snakemake_timestamp").stat().st_mtime == 1
    assert not (tmp_path / ".snakemake/kept/results/full").exists()
