"""What is left of a study whose run failed: a notice on the page of an earlier run, and in the index."""

import html
import json

from lmm.job import FAILURE
from lmm.report.failure import Failure, failure_page, failure_said, marked, write_failures
from lmm.report.index import index_page
from lmm.study import load
from tests.report import builders

HOSTILE = f"column {builders.HOSTILE_LEVEL} --><!-- end of the last run --> {builders.HOSTILE} is \\1 empty"


def failure(sentence):
    return Failure("cleaning the table", "logs/trial/clean.log", sentence)


def test_a_notice_stands_on_the_page_once_whatever_its_sentence_holds():
    page = builders.penicillin().page()
    once = marked(page, [failure(HOSTILE)])
    assert failure_said(page) == ""
    assert failure_said(once) == HOSTILE
    assert "<img" not in once and once.count("<script") == page.count("<script")
    twice = marked(once, [failure("Another one.")])
    assert failure_said(twice) == "Another one."
    assert twice.count("The last run of this study failed") == 1
    assert marked(twice, [failure(HOSTILE)]) == once


def test_a_page_without_a_report_says_its_sentence_as_one_with_a_notice_does():
    (study,) = load({"studies": [{"name": "trial", "data": "t.csv", "outcome": "y", "groups": ["g"]}]})
    assert failure_said(failure_page(study, [failure(HOSTILE), failure("And.")])) == f"{HOSTILE} And."


def test_a_study_that_was_not_reached_again_keeps_its_notice(tmp_path):
    block = {"data": "t.csv", "outcome": "y", "groups": ["g"]}
    studies = load({"studies": [{"name": name, **block} for name in ("first", "second", "third")]})
    logs, results, reports = (tmp_path / name for name in ("logs", "results", "reports"))
    page, entry = builders.penicillin().page(), builders.penicillin().entry()
    entries = {study.name: entry | {"study": study.name} for study in studies}
    for study in studies:
        for folder in (logs / study.name, results / study.name / "report", reports / study.name):
            folder.mkdir(parents=True)
        (reports / study.name / "index.html").write_text(page, encoding="utf-8")
        (results / study.name / "report/entry.json").write_text(json.dumps(entries[study.name]), encoding="utf-8")

    def fails(name, sentence):
        for log in logs.rglob("*.log"):
            log.unlink()
        (logs / name / "clean.log").write_text(f"{FAILURE}{sentence}\n", encoding="utf-8")
        return write_failures(studies, logs, results, reports)

    fails("first", "The first one failed.")
    written = fails("second", "The second one failed.")
    assert written == [reports / "second/index.html", reports / "index.html"]
    index = html.unescape((reports / "index.html").read_text(encoding="utf-8"))
    assert "The first one failed." in index and "The second one failed." in index
    assert (reports / "third/index.html").read_text(encoding="utf-8") == page
    # A file that says so is older than all others, so that it will be made anew.
    assert all(path.stat().st_mtime < (reports / "third/index.html").stat().st_mtime for path in written)
    said = {"first": "The first one failed.", "second": "The second one failed."}
    assert (reports / "index.html").read_text(encoding="utf-8") == index_page(studies, entries, [], said)


def test_studies_of_a_family_say_for_which_of_them_they_wait(tmp_path):
    block = {"data": "t.csv", "outcome": "y", "groups": ["g"], "family": "memory"}
    named = [{"name": name, **block} for name in ("good", "bad")] + [{"name": "alone", **block, "family": "other"}]
    studies = load({"studies": named, "families": {"other": {}}})
    logs, results, reports = (tmp_path / name for name in ("logs", "results", "reports"))
    (logs / "bad").mkdir(parents=True)
    (logs / "bad/clean.log").write_text(f"{FAILURE}study bad: no rows.\n", encoding="utf-8")
    written = write_failures(studies, logs, results, reports)
    assert written == [reports / "good/index.html", reports / "bad/index.html", reports / "index.html"]
    said = "its report waits for bad of family memory, as p-values are adjusted across all studies of a family."
    assert said in (reports / "good/index.html").read_text(encoding="utf-8")
    assert said in (reports / "index.html").read_text(encoding="utf-8")


def test_nothing_is_written_where_no_job_left_a_sentence(tmp_path):
    studies = load({"studies": [{"name": "trial", "data": "t.csv", "outcome": "y", "groups": ["g"]}]})
    (tmp_path / "logs/trial").mkdir(parents=True)
    (tmp_path / "logs/trial/clean.log").write_text("Traceback", encoding="utf-8")
    assert write_failures(studies, tmp_path / "logs", tmp_path / "results", tmp_path / "reports") == []
    assert not (tmp_path / "reports").exists()
