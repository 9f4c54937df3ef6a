"""Growth curves through the ladder: it ends at the highest order of a random slope that the data support."""

import re
from pathlib import Path

import pytest
import yaml

from lmm.clean import clean
from lmm.select import decide
from lmm.study import load
from tests.reference.tables import reference_ladders
from tests.select.studies import decision, fitted, step, study, table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "growth.md").read_text(encoding="utf-8")


def studies_of_the_page():
    """The study of each section of docs/growth.md, by its name, with the section's text on one line per paragraph."""
    found = {}
    for section in PAGE.split("\n## ")[1:]:
        (block,) = yaml.safe_load(section.split("```yaml")[1].split("```")[0])
        found[block["name"]] = (block, section)
    return found


PAGE_STUDIES = studies_of_the_page()


def growing(name, outcome, groups, growth):
    declared = study(outcome, groups, growth=growth)
    return decision(declared, table(name))


def test_oxboys_end_with_the_quadratic_random_slope():
    made = growing("oxboys", "height", ["Subject"], {"time": "age", "shape": "polynomial", "degree": 2})
    assert made["final"]["formula"] == "height ~ age + I(age^2) + (age + I(age^2) | Subject)"
    linear, quadratic = step(made, "Subject: slope of age"), step(made, "Subject: slope of I(age^2)")
    there = {(entry["from"], entry["to"]): entry["REML"] for entry in reference_ladders()["oxboys"]["comparisons"]}
    for found, expected in ((linear, there[1, 3]), (quadratic, there[3, 4])):
        assert found["statistic"] == pytest.approx(expected["chisq"], abs=1e-4)
        assert found["p"] == pytest.approx(expected["p_boundary"], rel=1e-3)


def test_orthodont_end_with_the_intercept_whatever_the_origin():
    for origin, line in ((0, "age"), (11, "I(age - 11)")):
        made = growing("orthodont", "distance", ["Subject"], {"time": "age", "origin": origin, "by": "Sex"})
        assert made["final"]["formula"] == f"distance ~ {line} * Sex + (1 | Subject)"
        slope = step(made, "Subject: slope")
        assert slope["statistic"] == pytest.approx(1.176, abs=1e-3)
        assert slope["p"] == pytest.approx(0.417, abs=1e-3)


def test_a_spline_is_climbed_by_its_line_and_then_as_a_block():
    made = growing("oxboys", "height", ["Subject"], {"time": "age", "shape": "spline"})
    assert made["final"]["formula"] == "height ~ ns(age, df = 3) + (ns(age, df = 3) | Subject)"
    bend = step(made, "Subject: slope of ns(age, df = 3)")
    assert bend["smaller_formula"] == "height ~ ns(age, df = 3) + (age | Subject)"
    # lme4: logLik -307.5414 and -336.6069 by REML, see growth_fixtures.json
    assert bend["statistic"] == pytest.approx(58.131, abs=1e-3)
    assert (bend["null"], bend["naive_df"]) == ("½χ²₆ + ½χ²₇", 7)


def test_segments_are_climbed_one_by_one():
    made = growing("bodyweight", "weight", ["Rat"], {"time": "Time", "shape": "piecewise", "knots": [36], "by": "Diet"})
    asked = [
        (one["terms"], one["smaller_formula"].partition(" + (")[2]) for one in made["steps"] if one["kind"] == "slope"
    ]
    assert asked == [(["Time"], "1 | Rat)"), (["pmax(Time - 36, 0)"], "Time | Rat)")]


def test_an_order_that_the_rows_cannot_show_is_said_and_the_rest_is_climbed():
    growth = {"time": "age", "shape": "polynomial", "degree": 3, "origin": 11, "by": "Sex"}
    made = growing("orthodont", "distance", ["Subject"], growth)
    assert made["final"]["formula"].endswith("* Sex + (1 | Subject)")
    cubic = next(entry for entry in made["table"] if "I((age - 11)^3) |" in entry["formula"])
    assert "108 random coefficients" in cubic["failure"]


@pytest.mark.parametrize("name", PAGE_STUDIES)
def test_the_page_on_growth_curves_says_what_is_written_out_and_decided(name):
    block, text = PAGE_STUDIES[name]
    (declared,) = load({"studies": [block]})
    assert f"`fixed: {declared.fixed}`" in text
    assert f"`slopes: {{ {declared.groups[0]}: {declared.slopes[declared.groups[0]]} }}`" in text
    cleaned = clean(declared, ROOT)
    recorded = fitted(declared, cleaned.table) | {"row_hash": cleaned.audit["row_hash"]}
    made = decide(declared, recorded, cleaned.table, cleaned.audit)
    assert f"Final: `{made['final']['formula']}`" in text
    (quoted,) = re.findall(r"(?m)(?:^> .*\n)+", text)
    assert " ".join(quoted.replace("> ", "").split()) in [one["reason"] for one in made["steps"]]
