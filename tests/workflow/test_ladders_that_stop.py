"""Studies whose ladder cannot be climbed, through Snakemake: each ends in a page that says what stopped and why."""

import html
import json
import re

import numpy as np
import pandas
import pytest

from tests.workflow.project import new_project, snakemake

COMMON = {"outcome": "y", "fixed": "x", "groups": ["g"]}
UNVALIDATED = {"cross_validation": {"targets": []}}
BOOTSTRAP = {"inference": {"intervals": "bootstrap", "bootstrap": {"draws": 20}}}
STUDIES = {
    "onerow": {"slopes": {"g": "x"}, "weights": "w"},
    "onegroup": UNVALIDATED | BOOTSTRAP,
    "singles": {"groups": ["g", "h"], "slopes": {"g": "x"}} | UNVALIDATED,
    "dropped": {"ladder": {"optional": ["g"], "draws": 0}} | UNVALIDATED,
    "exact": UNVALIDATED,
}


def tables():
    """The data of each study, in which some step of the ladder has nothing to stand on."""
    draw = np.random.default_rng(4)

    def rows(groups, **more):
        x = draw.normal(size=len(groups))
        return pandas.DataFrame({"y": draw.normal(size=len(groups)) + x, "x": x, "g": groups} | more)

    levels = np.repeat([f"s{k}" for k in range(12)], 4)
    exact = rows(levels)
    return {
        "onerow": rows([f"s{k}" for k in range(30)], w=draw.uniform(0.5, 2, 30)),
        "onegroup": rows(["only"] * 20),
        "singles": rows(levels, x=np.repeat(draw.normal(size=12), 4), h=[f"h{k}" for k in range(48)]),
        "dropped": rows(levels, y=np.tile([-1.0, 1.0, -0.5, 0.5], 12)),
        "exact": exact.assign(y=1 + 2 * exact["x"]),
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    whole = {"split": "none"}  # the one that fails in stages
    studies = [
        COMMON | {"name": name, "data": f"{name}.csv"} | more | (whole if name != "exact" else {})
        for name, more in STUDIES.items()
    ]
    project = new_project(tmp_path_factory.mktemp("stops") / "project", {"studies": studies})
    for name, table in tables().items():
        table.to_csv(project / f"{name}.csv", index=False)
    return project, snakemake(project, "--cores", "2", "--keep-going")


def words(project, name):
    """The text of a page, without its drawings."""
    page = (project / f"reports/{name}/index.html").read_text(encoding="utf-8")
    text = re.sub(r"<(svg|style|script)\b.*?</\1>", " ", page, flags=re.DOTALL)
    said = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())
    return said[: said.index(" References ")]


def result(project, name, stage):
    return json.loads((project / f"results/{name}/{stage}.json").read_text(encoding="utf-8"))


def light(project, name):
    """The light that the answer shows."""
    return re.search(r"1 Answer (Green|Amber|Red): ", words(project, name))[1]


def test_an_outcome_that_the_mean_explains_is_a_sentence_and_stops_no_other(finished):
    project, done = finished
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "study exact, model 'y ~ x': The outcome y is an exact linear function of the fixed effects" in done.stderr
    assert {path.parent.name for path in project.glob("reports/*/index.html")} == set(STUDIES)
    assert {path.parents[1].name for path in project.glob("results/*/report/entry.json")} == set(STUDIES) - {"exact"}
    page = html.unescape((project / "reports/exact/index.html").read_text(encoding="utf-8"))
    assert "While choosing the model" in page and "is an exact linear function of the fixed effects" in page


@pytest.mark.parametrize(
    ("name", "final", "colour", "said"),
    [
        (
            "onerow",
            "y ~ x",
            "Amber",
            "The ladder stops at g, which is left out: Each of the 30 levels of g has one row, so that their variance "
            "cannot be told from the residual one; no two rows share a level of g, so that nothing is ignored",
        ),
        (
            "onegroup",
            "y ~ x",
            "Red",
            "g has a single level, so that no variance between levels can be estimated; all rows are of that level and "
            "taken as independent, and the results say nothing of others.",
        ),
        ("singles", "y ~ x + (1 | g)", "Amber", "The ladder stops at h, which is left out: Each of the 48 levels"),
        ("dropped", "y ~ x", "Amber", "the rows of one level of g are taken as independent, as the data do not"),
    ],
)
def test_the_page_says_what_stopped_and_what_the_model_ignores(finished, name, final, colour, said):
    project, _ = finished
    decision = result(project, name, "select/decision")
    text = words(project, name)
    assert decision["final"]["formula"] == final
    assert said in text
    assert light(project, name) == colour
    assert not re.search(r"\b(nan|inf|NaN)\b", text)
    stopped = [step["group"] for step in decision["steps"] if step["kind"] == "stop"]
    assert stopped == {"onerow": ["g"], "onegroup": ["g"], "singles": ["h"], "dropped": []}[name]
    for entry in decision["table"]:
        if entry["failure"]:
            assert entry["decision"] == "failed"
            assert entry["reason"].startswith("Could not be fitted: ")


@pytest.mark.parametrize("name", ["onerow", "onegroup", "dropped"])
def test_a_model_without_random_effects_is_told_as_one(finished, name):
    project, _ = finished
    text, inference = words(project, name), result(project, name, "infer/inference")
    assert inference["degrees_of_freedom"] == "residual"
    assert inference["intervals"]["method"] == "least squares"
    assert {row["df"] for row in inference["coefficients"]["rows"]} == {len(tables()[name]) - 2}
    assert "it is a linear regression by ordinary least squares" in text
    assert "The interval of the residual is exact, by χ²." in text
    for denied in ("There is no intraclass correlation", "Random effects, and which were left out and why"):
        text = text.replace(denied, "")
    for other in (
        "Kenward",
        "Satterthwaite",
        "conditional modes",
        "intraclass",
        "lmer(",
        "Random effects",
        "Marginal R",
    ):
        assert other not in text, other


def test_slopes_that_are_constant_within_levels_are_told_and_their_candidates_failed(finished):
    project, _ = finished
    text = words(project, "singles")
    assert "x does not vary within levels of g, so the data cannot show a slope that differs between them." in text
    failed = [one["id"] for one in result(project, "singles", "select/decision")["table"] if one["failure"]]
    assert "g.slope" in failed and "g.intercept" not in failed
