"""The verdicts of the literature and of R, from the raw CSV through snakemake to decision.json."""

import json
import shutil

import pytest

from tests.workflow.project import ROOT, new_project, run

STUDIES = {
    "sleepstudy": {"outcome": "Reaction", "groups": ["Subject"], "fixed": "Days", "slopes": {"Subject": "Days"}},
    "orthodont": {"outcome": "distance", "groups": ["Subject"], "fixed": "age * Sex", "slopes": {"Subject": "age"}},
    "hsb82": {"outcome": "mAch", "groups": ["school"], "fixed": "cses", "slopes": {"school": "cses"}},
    "exam": {"outcome": "normexam", "groups": ["school"], "fixed": "standLRT", "slopes": {"school": "standLRT"}},
    "early": {"outcome": "cog", "groups": ["id"], "fixed": "tos * trt", "slopes": {"id": "tos"}},
    "machines": {"outcome": "score", "groups": ["Worker/Machine"], "fixed": "Machine"},
}


def raw(name):
    (path,) = (ROOT / "tests/reference/data").glob(f"{name}.csv*")
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The project, and what its run said."""
    config = {
        "seed": 1,
        "studies": [{"name": name, "data": f"raw/{raw(name).name}", **block} for name, block in STUDIES.items()],
    }
    project = new_project(tmp_path_factory.mktemp("verdicts"), config)
    (project / "raw").mkdir()
    for name in STUDIES:
        shutil.copy(raw(name), project / "raw")
    return project, run(project, "--until", "select", "--verbose").stderr


@pytest.fixture(scope="module")
def decisions(finished):
    project, _ = finished
    return {name: json.loads((project / f"results/{name}/select/decision.json").read_text()) for name in STUDIES}


def test_jobs_are_weighed_when_one_ends_and_not_every_second_for_each_that_has_ended(finished):
    _, said = finished
    assert 0 < said.count("Ready jobs: ") <= 2 + 3 * len(STUDIES)


@pytest.mark.parametrize(
    ("name", "at", "statistic", "p", "final"),
    [
        ("sleepstudy", "Subject: slope", 42.837, 2.8e-10, "Subject.slope"),
        ("orthodont", "Subject: slope", 1.176, 0.417, "Subject.intercept"),
        ("machines", "Worker:Machine: intercept", 71.19, 1.6e-17, "Worker.intercept+Worker-Machine.intercept"),
        ("hsb82", "school: slope", 9.762, 0.0047, "school.slope"),
        ("exam", "school: slope", 41.165, 6.5e-10, "school.slope"),
        ("early", "id: slope", 5.354, 0.045, "id.intercept"),
    ],
)
def test_the_verdict_is_that_of_r(decisions, name, at, statistic, p, final):
    step = next(step for step in decisions[name]["steps"] if step["step"] == at)
    assert step["statistic"] == pytest.approx(statistic, abs=6e-3)
    assert step["mixture_p"] == pytest.approx(p, rel=0.02)
    assert decisions[name]["final"]["rung"] == final


def test_the_correlation_of_sleepstudy_adds_nothing(decisions):
    by_ml = {entry["id"]: entry["deviance"] for entry in decisions["sleepstudy"]["table"]}
    assert by_ml["Subject.uncorrelated"] - by_ml["Subject.slope"] == pytest.approx(0.0639, abs=5e-5)
    steps = {step["step"]: step for step in decisions["sleepstudy"]["steps"]}
    assert steps["Subject: correlation"]["p"] == pytest.approx(0.839496190163896, rel=1e-4)


def test_where_the_criteria_of_hsb82_disagree_is_said(decisions):
    by_ml = {entry["id"]: entry for entry in decisions["hsb82"]["table"]}
    intercept, slope = by_ml["school.intercept"], by_ml["school.slope"]
    differences = [slope[criterion] - intercept[criterion] for criterion in ("aic", "bic")]
    assert differences == pytest.approx([-5.4, 8.3], abs=0.05)
    (told,) = [one["sentence"] for one in decisions["hsb82"]["disagreements"] if one["kind"] == "slope"]
    assert "school.slope is chosen, but AIC (by 2.0), BIC over observations (by 8.9)" in told  # by REML


def test_early_is_singular_with_a_correlation_of_minus_one_and_backs_off(decisions):
    correlation = next(step for step in decisions["early"]["steps"] if step["step"] == "id: correlation")
    assert "the correlation of (Intercept) and tos is −1" in correlation["reason"]
    assert correlation["decision"] == "drop"
