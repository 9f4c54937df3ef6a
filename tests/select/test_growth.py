"""Growth curves through the ladder: it ends at the highest order of a random slope that the data support."""

import pytest

from tests.reference.tables import reference_ladders
from tests.select.studies import decision, step, study, table


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


@pytest.mark.xfail(raises=IndexError, strict=True, reason="final_reason asks for the step of a slope never asked of")
def test_an_order_that_the_rows_cannot_show_is_said_and_the_rest_is_climbed():
    growth = {"time": "age", "shape": "polynomial", "degree": 3, "origin": 11, "by": "Sex"}
    made = growing("orthodont", "distance", ["Subject"], growth)
    assert made["final"]["formula"].endswith("* Sex + (1 | Subject)")
    cubic = next(entry for entry in made["table"] if "I((age - 11)^3) |" in entry["formula"])
    assert "108 random coefficients" in cubic["failure"]
