"""What surrounds a job: its log, its one-sentence failure, and the lines at the end of a run."""

import warnings

import pytest

from lmm import InputError, files, study
from lmm.job import closing_lines, failure_lines, forget_failures, job, study_of, tell_of_killed

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


def test_a_job_that_failed_without_a_word_is_told_by_its_rule_and_study(tmp_path):
    logs = [str(tmp_path / name) for name in ("silent.log", "said.log", "none.log")]
    files.write_text(logs[0], "")
    files.write_text(logs[1], "Traceback ...")
    tell_of_killed([[("fit", "s", logs[0])], [("select", "s", logs[1])], [("index", "", logs[2])]])
    said = failure_lines(tmp_path).splitlines()
    assert [line.partition(" ended without a word")[0] for line in said] == [
        "the job of rule index",
        "study s: the job of rule fit",
    ]
    assert "--set-resources fit:mem_mb=16000" in said[1]


def test_of_jobs_that_went_together_the_one_that_had_begun_is_told(tmp_path):
    for name, text in (("done", "3 rows"), ("begun", ""), ("bad", "error: study s: mend it.")):
        files.write_text(tmp_path / name / "a.log", text)
    done, begun, bad, waiting = (
        (name, "s", str(tmp_path / name / "a.log")) for name in ("done", "begun", "bad", "waiting")
    )
    tell_of_killed([[waiting, done, begun], [bad, waiting]])
    said = failure_lines(tmp_path).splitlines()
    assert [line.partition(" ended without a word")[0] for line in said] == [
        "study s: mend it.",
        "study s: the job of rule begun",
    ]
    assert not (tmp_path / "waiting").exists()


def test_a_sentence_is_said_where_its_log_cannot_be_written(tmp_path, capsys):
    (tmp_path / "logs").write_text("a file where a folder belongs")
    with pytest.raises(SystemExit), job(tmp_path / "logs/a.log"):
        raise InputError("study s: mend it.")
    assert capsys.readouterr().err == "study s: mend it.\n"
