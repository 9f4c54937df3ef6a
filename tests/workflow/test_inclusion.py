"""Selection of fixed effects and its inclusion frequencies through the workflow, however many jobs share the draws."""

import json

from tests.workflow.project import demonstration, new_project, outputs, planned, run


def selecting(**more) -> dict:
    """The demonstration's sleepstudy with a quadratic day to select from."""
    config = demonstration("sleepstudy")
    (study,) = config["studies"]
    study["fixed"] = "Days + I(Days^2) + I(Days^3)"
    study["ladder"] = {"fixed_selection": {"procedure": "backward", "criterion": "BIC", "draws": 60, **more}}
    study["cross_validation"] = {"targets": []}
    return config


def test_samples_in_two_jobs_are_those_in_one(tmp_path):
    results = {}
    for jobs in (1, 2):
        project = new_project(tmp_path / str(jobs), selecting(jobs=jobs))
        run(project, "results/sleepstudy/select/sensitivity.json")
        results[jobs] = outputs(project)
    parts = {jobs: {name for name in found if "/select/inclusion/" in name} for jobs, found in results.items()}
    assert [len(parts[jobs]) for jobs in (1, 2)] == [1, 2]
    assert {name: content for name, content in results[2].items() if name not in parts[2]} == {
        name: content for name, content in results[1].items() if name not in parts[1]
    }
    decision, sensitivity = (
        json.loads(results[1][f"results/sleepstudy/select/{name}.json"]) for name in ("decision", "sensitivity")
    )
    # lme4: without I(Days^3), then I(Days^2), BIC falls by 5.18 and 3.54
    assert decision["fixed_selection"]["removed"] == ["I(Days^2)", "I(Days^3)"]
    assert decision["final"]["formula"] == "Reaction ~ Days + (Days | Subject)"
    inclusion = sensitivity["inclusion"]
    assert (inclusion["draws"], inclusion["group"]) == (60, "Subject")
    shares = {row["term"]: row["share"] for row in inclusion["terms"]}
    assert shares["Days"] == 1.0 and 0 < shares["I(Days^3)"] <= shares["I(Days^2)"] < 1


def test_jobs_are_planned_only_where_something_can_be_selected(tmp_path):
    project = new_project(tmp_path / "p", selecting(jobs=2))
    samples = {f"sleepstudy: selection from resampled groups, part {part}" for part in ("1-of-2", "2-of-2")}
    assert {job for job in planned(project) if "resampled" in job} == samples
    held = new_project(tmp_path / "held", selecting(jobs=2, protected=["I(Days^3)"]))
    assert not {job for job in planned(held) if "resampled" in job}
