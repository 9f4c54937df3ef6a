"""However many jobs do the work of a study, its results are the same, byte for byte."""

import json
import re

import pytest

from tests.workflow.project import demonstration, new_project, outputs, run, two_studies

CLIMBED = "results/sleepstudy/select/crossvalidation.json", "results/sleepstudy/infer/inference.json"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What the jobs of a study leave, by the number of jobs that share its rungs, its draws and its folds."""
    found = {}
    for jobs in (1, 2):
        config = demonstration("sleepstudy")
        config["studies"][0] |= {
            "split": "study" if jobs == 1 else "rung",
            "inference": {"intervals": "bootstrap", "bootstrap": {"draws": 60, "jobs": jobs}},
            "cross_validation": {"jobs": jobs, "new_groups": {"folds": 5}},
        }
        project = new_project(tmp_path_factory.mktemp("split") / str(jobs), config)
        run(project, *CLIMBED)
        found[jobs] = outputs(project)
    return found


@pytest.mark.parametrize(
    ("place", "numbers"),
    [("fit/rungs", [0, 5]), ("infer/bootstrap", [1, 2]), ("select/crossvalidation", [1, 2])],
)
def test_each_job_leaves_its_part(results, place, numbers):
    assert [sum(f"/{place}/" in name for name in results[jobs]) for jobs in (1, 2)] == numbers


def test_however_many_jobs_share_a_study_its_results_are_the_same(results):
    parts = re.compile(r"/(fit/rungs|infer/bootstrap|select/crossvalidation)/")
    gathered = [{name: content for name, content in results[jobs].items() if not parts.search(name)} for jobs in (1, 2)]
    assert gathered[0] == gathered[1]
    stages = ("fit/ladder", "select/decision", "select/crossvalidation", "infer/inference")
    assert gathered[0].keys() >= {f"results/sleepstudy/{stage}.json" for stage in stages}


def test_one_job_for_a_study_leaves_what_a_job_for_each_stage_leaves(finished, tmp_path):
    """Of a study alone, and of one of a family, whose report waits for the others."""
    config = two_studies() | {"defaults": {"split": "none"}}
    project = new_project(tmp_path / "none", config)
    done = run(project)
    assert "whole_but_report" in done.stderr and "rule fit" not in done.stderr
    whole, staged = (
        {name: content for name, content in outputs(one).items() if "config" not in name} for one in (project, finished)
    )
    assert set(whole) == set(staged)
    different = {name for name, content in whole.items() if content != staged[name]}
    assert {name.rsplit("/", 1)[-1] for name in different} <= {"index.html", "ro-crate-metadata.json"}  # of the config
    pages = [left["reports/penicillin/index.html"].decode() for left in (whole, staged)]
    said = [re.sub(r"\d+ bytes", "", page) for page in pages]  # the size of the config's file
    assert said[0] == said[1]


def test_a_study_without_targets_has_a_cross_validation_that_says_so(finished):
    found = json.loads((finished / "results/sleepstudy/select/crossvalidation.json").read_text())
    assert set(found["reasons"]) == {"new groups", "known groups"} and found["targets"]["new groups"] == []
    assert not (finished / "results/sleepstudy/select/crossvalidation").exists()
