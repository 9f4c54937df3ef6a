"""One fitting job for a study, or one for each rung: the same results, byte for byte."""

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
