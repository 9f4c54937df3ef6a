"""One job for a study, for each of its stages or for each rung: the same results, byte for byte."""

import json
import re

from tests.workflow.project import demonstration, new_project, outputs, run


def test_a_ladder_fitted_rung_by_rung_is_the_ladder_fitted_in_one_job(tmp_path):
    results = {}
    for split in ("study", "rung"):
        config = demonstration("sleepstudy")
        config["studies"][0]["split"] = split
        project = new_project(tmp_path / split, config)
        run(project, "results/sleepstudy/select/decision.json")
        results[split] = outputs(project)
    rungs = {name for name in results["rung"] if "/fit/rungs/" in name}
    assert len(rungs) == 5
    assert {name: content for name, content in results["rung"].items() if name not in rungs} == results["study"]


def test_one_job_for_a_study_leaves_what_a_job_for_each_stage_leaves(tmp_path):
    """Of a study alone, and of one of a family, whose report waits for the others."""
    results = {}
    for split in ("study", "none"):
        config = demonstration("sleepstudy", "penicillin") | {"families": {"assays": {}}}
        config["studies"][0] |= {"split": split, "inference": {"intervals": "bootstrap", "bootstrap": {"draws": 20}}}
        config["studies"][1] |= {"split": split, "family": "assays"}
        project = new_project(tmp_path / split, config)
        done = run(project)
        results[split] = {name: content for name, content in outputs(project).items() if "config" not in name}
    assert "whole_but_report" in done.stderr and "rule fit" not in done.stderr
    assert set(results["none"]) == set(results["study"])
    different = {name for name, content in results["none"].items() if content != results["study"][name]}
    assert {name.rsplit("/", 1)[-1] for name in different} <= {"index.html", "ro-crate-metadata.json"}  # of the config
    pages = [results[split]["reports/penicillin/index.html"].decode() for split in ("none", "study")]
    said = [re.sub(r"\d+ bytes", "", page) for page in pages]  # the size of the config's file
    assert said[0] == said[1]


def test_a_bootstrap_in_three_jobs_is_the_bootstrap_in_one(tmp_path):
    results = {}
    for jobs in (1, 3):
        config = demonstration("sleepstudy")
        bootstrap = {"draws": 60, "jobs": jobs}
        config["studies"][0]["inference"] = {"intervals": "bootstrap", "bootstrap": bootstrap}
        project = new_project(tmp_path / str(jobs), config)
        run(project, "results/sleepstudy/infer/inference.json")
        results[jobs] = outputs(project)
    parts = {jobs: {name for name in found if "/infer/bootstrap/" in name} for jobs, found in results.items()}
    assert [len(parts[jobs]) for jobs in (1, 3)] == [1, 3]
    assert {name: content for name, content in results[3].items() if name not in parts[3]} == {
        name: content for name, content in results[1].items() if name not in parts[1]
    }


def test_a_cross_validation_in_three_jobs_is_the_cross_validation_in_one(tmp_path):
    results = {}
    for jobs in (1, 3):
        config = demonstration("penicillin")
        config["studies"][0]["cross_validation"] = {"jobs": jobs, "new_groups": {"folds": 5}}
        project = new_project(tmp_path / str(jobs), config)
        run(project, "results/penicillin/select/crossvalidation.json")
        results[jobs] = outputs(project)
    parts = {jobs: {name for name in found if "/select/crossvalidation/" in name} for jobs, found in results.items()}
    assert [len(parts[jobs]) for jobs in (1, 3)] == [1, 3]
    assert {name: content for name, content in results[3].items() if name not in parts[3]} == {
        name: content for name, content in results[1].items() if name not in parts[1]
    }


def test_a_study_without_targets_has_a_cross_validation_that_says_so(tmp_path):
    config = demonstration("penicillin")
    config["studies"][0]["cross_validation"] = {"targets": []}
    project = new_project(tmp_path / "p", config)
    run(project, "results/penicillin/select/crossvalidation.json")
    found = json.loads((project / "results/penicillin/select/crossvalidation.json").read_text())
    assert set(found["reasons"]) == {"new groups", "known groups"} and found["targets"]["new groups"] == []
    assert not (project / "results/penicillin/select/crossvalidation").exists()
