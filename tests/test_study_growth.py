"""Growth curves: the terms they are written out as, and that these are the models R fits."""

import json
from pathlib import Path

import numpy as np
import pytest

from lmm import InputError, fit, study
from lmm.check import check
from lmm.formula.deparse import name_text
from lmm.formula.marginality import droppable
from lmm.formula.syntax import parse_expression
from lmm.formula.terms import expand
from lmm.select.slopeterms import slope_terms
from lmm.select.structure import SLOPE, structure
from tests.reference.tables import read_table, reference_cases, reference_ladders

BLOCK = {"name": "growing", "data": "t.csv", "outcome": "height", "groups": ["Subject"]}
DATA = Path(__file__).parent / "reference" / "data"
R = json.loads((Path(__file__).parent / "data" / "growth_fixtures.json").read_text(encoding="utf-8"))


def growing(growth, **changes):
    return study.load({"studies": [BLOCK | {"growth": growth} | changes]})[0]


@pytest.mark.parametrize(
    ("growth", "fixed", "slopes"),
    [
        ({"time": "age"}, "age", "age"),
        ({"time": "age", "by": "Sex"}, "age * Sex", "age"),
        ({"time": "age", "by": ["Sex", "arm"]}, "age * (Sex + arm)", "age"),
        ({"time": "age", "shape": "polynomial"}, "age + I(age^2)", "age + I(age^2)"),
        (
            {"time": "age", "shape": "polynomial", "degree": 3, "by": "Sex"},
            "(age + I(age^2) + I(age^3)) * Sex",
            "age + I(age^2) + I(age^3)",
        ),
        (
            {"time": "age", "shape": "polynomial", "origin": 11},
            "I(age - 11) + I((age - 11)^2)",
            "I(age - 11) + I((age - 11)^2)",
        ),
        ({"time": "age", "origin": -1.5}, "I(age + 1.5)", "I(age + 1.5)"),
        ({"time": "age", "shape": "spline"}, "ns(age, df = 3)", "age + ns(age, df = 3)"),
        (
            {"time": "age", "shape": "spline", "df": 4, "by": "Sex"},
            "ns(age, df = 4) * Sex",
            "age + ns(age, df = 4)",
        ),
        ({"time": "age", "shape": "spline", "knots": [10]}, "ns(age, knots = 10)", "age + ns(age, knots = 10)"),
        (
            {"time": "age", "shape": "spline", "knots": [10, 12.5]},
            "ns(age, knots = c(10, 12.5))",
            "age + ns(age, knots = c(10, 12.5))",
        ),
        (
            {"time": "age", "shape": "piecewise", "knots": [0, 10.5], "by": "Sex"},
            "(age + pmax(age, 0) + pmax(age - 10.5, 0)) * Sex",
            "age + pmax(age, 0) + pmax(age - 10.5, 0)",
        ),
        (
            {"time": "age", "shape": "piecewise", "knots": [-2, 10, 12], "origin": 11},
            "I(age - 11) + pmin(age + 2, 0) + pmin(age - 10, 0) + pmax(age - 12, 0)",
            "I(age - 11) + pmin(age + 2, 0) + pmin(age - 10, 0) + pmax(age - 12, 0)",
        ),
        (
            {"time": "age (years)", "shape": "polynomial", "by": "the sex"},
            "(`age (years)` + I(`age (years)`^2)) * `the sex`",
            "`age (years)` + I(`age (years)`^2)",
        ),
    ],
)
def test_a_curve_is_written_out_in_increasing_order(growth, fixed, slopes):
    written = growing(growth)
    assert (written.fixed, written.slopes, written.time) == (fixed, {"Subject": slopes}, growth["time"])


@pytest.mark.parametrize(
    ("fixed", "written"),
    [
        (1, "age * Sex"),
        ("Sex", "age * Sex"),
        ("ses + Sex", "ses + age * Sex"),
        ("Sex * ses + log(dose)", "ses + log(dose) + Sex:ses + age * Sex"),
        ("0 + Sex", "0 + age * Sex"),
        ("offset(log(n))", "1 + offset(log(n)) + age * Sex"),
    ],
)
def test_a_curve_stands_behind_the_other_fixed_effects(fixed, written):
    study_of = growing({"time": "age", "by": "Sex"}, fixed=fixed)
    assert study_of.fixed == written
    assert terms(written) == terms(f"{fixed} + age * Sex")


def terms(text):
    """The terms of a right-hand side, whatever the order of their variables."""
    found = expand(parse_expression(text), text)
    return {frozenset(label.split(":")) for label in found.term_labels}, found.intercept, found.offsets


def test_curves_differ_between_the_levels_of_all_groups_or_of_those_named():
    groups = {"groups": ["school/child"], "fixed": "ses"}
    age = {"time": "age"}
    assert growing(age, **groups).slopes == {"school": "age", "school:child": "age"}
    assert growing(age | {"groups": ["school:child"]}, **groups).slopes == {"school:child": "age"}
    assert growing(age | {"groups": []}, **groups).slopes == {}
    chosen = growing(age | {"groups": ["school:child"]}, **groups, slopes={"school": "ses"})
    assert chosen.slopes == {"school": "ses", "school:child": "age"}


def test_a_time_of_its_own_stays_that_of_the_figures():
    assert growing({"time": "year"}, time="wave").time == "wave"


def test_a_study_with_a_curve_is_the_one_written_by_hand_and_its_fingerprint_follows_the_curve():
    curve = {"time": "age", "shape": "polynomial"}
    by_hand = study.load(
        {
            "studies": [
                BLOCK | {"fixed": "age + I(age^2)", "slopes": {"Subject": "age + I(age^2)"}, "time": "age"},
            ]
        }
    )[0]
    assert growing(curve).model_dump(exclude={"growth"}) == by_hand.model_dump(exclude={"growth"})
    assert growing(curve).fingerprint() != growing(curve | {"degree": 3}).fingerprint()


@pytest.mark.parametrize(
    ("growth", "changes", "sentence"),
    [
        (
            {},
            {"fixed": "ses * age"},
            "key fixed: 'ses * age' holds age, whose terms the key growth adds; take it out of fixed, or leave growth "
            "out.",
        ),
        ({}, {"fixed": "log(age)"}, "key fixed: 'log(age)' holds age, whose terms the key growth adds"),
        ({}, {"fixed": "offset(age)"}, "key fixed: 'offset(age)' holds age, whose terms the key growth adds"),
        (
            {},
            {"slopes": {"Subject": "ses"}},
            "key slopes: Subject has the slopes 'ses' and those of growth; take it out of slopes, or name the other "
            "factors in growth.groups.",
        ),
        ({"groups": ["Subj"]}, {}, "key growth.groups: 'Subj' is not one of the groups Subject; name one of them."),
        ({"degree": 2}, {}, "key growth: degree is for the shape polynomial, not linear; leave it out."),
        ({"knots": [1]}, {}, "key growth: knots is for the shape spline or piecewise, not linear; leave it out."),
        ({"shape": "spline", "df": 3, "knots": [1]}, {}, "key growth: a spline takes df or knots, not both"),
        ({"shape": "piecewise"}, {}, "key growth: the shape piecewise needs knots; name the times"),
        ({"shape": "piecewise", "knots": [3, 3]}, {}, "key growth: knots must ascend, without repeats, not 3, 3."),
        ({"shape": "spline", "origin": 4}, {}, "key growth: the intercept of a spline is at the first time, so origin"),
        ({"shape": "polynomial", "degree": 1}, {}, "key growth.degree: must be greater than or equal to 2, not 1."),
        ({"shape": "cubic"}, {}, "key growth.shape: must be 'linear', 'polynomial', 'spline' or 'piecewise'"),
        ({"by": "age"}, {}, "key growth: by names the time age itself; name a column that tells groups apart."),
        ({"by": ["a", "a"]}, {}, "key growth: by names 'a' twice; name it once."),
        ({"knos": [1]}, {}, "unknown key 'growth.knos'; did you mean 'knots'?"),
    ],
)
def test_a_mistaken_curve_is_told_in_a_sentence(growth, changes, sentence):
    with pytest.raises(InputError) as caught:
        growing({"time": "age"} | growth, **changes)
    told = str(caught.value)
    assert sentence in told
    assert told.count("\n") == 0


def table(name):
    return read_table(reference_cases().get(name) or reference_ladders()[name])


CURVES = {
    "linear": ("orthodont", "distance", {"time": "age", "by": "Sex"}, ("age",)),
    "origin": (
        "orthodont",
        "distance",
        {"time": "age", "shape": "polynomial", "origin": 11, "by": "Sex"},
        ("I(age - 11)",),
    ),
    "spline": ("oxboys", "height", {"time": "age", "shape": "spline"}, ("age", "ns(age, df = 3)")),
    "spline_line": ("oxboys", "height", {"time": "age", "shape": "spline", "df": 3}, ("age",)),
    "knots": ("oxboys", "height", {"time": "age", "shape": "spline", "knots": [-0.5, 0.5]}, ("age",)),
    "piecewise": (
        "bodyweight",
        "weight",
        {"time": "Time", "shape": "piecewise", "knots": [36], "by": "Diet"},
        ("Time", "pmax(Time - 36, 0)"),
    ),
}


def formula(declared, chosen):
    """The model of a study with the slopes chosen, correlated."""
    random = structure(declared, declared.groups[0], SLOPE, chosen).term
    return f"{name_text(declared.outcome)} ~ {declared.fixed} + {random}"


@pytest.mark.parametrize("estimator", ["ML", "REML"])
@pytest.mark.parametrize("name", CURVES)
def test_curves_are_those_of_r(name, estimator):
    data, outcome, growth, chosen = CURVES[name]
    groups = ["Rat" if data == "bodyweight" else "Subject"]
    written = formula(growing(growth, outcome=outcome, groups=groups), chosen)
    fitted, there = fit(written, table(data), reml=estimator == "REML"), R[name][estimator]
    assert fitted.loglik == pytest.approx(there["loglik"], abs=2e-5)
    assert fitted.npar == there["npar"]
    assert dict(zip(fitted.coefficients, fitted.beta, strict=True)) == pytest.approx(there["coefficients"], rel=2e-4)


def test_the_quadratic_of_oxboys_is_the_last_rung_of_its_reference_ladder():
    declared = growing({"time": "age", "shape": "polynomial", "degree": 2})
    written = formula(declared, ["age", "I(age^2)"])
    assert written == "height ~ age + I(age^2) + (age + I(age^2) | Subject)"
    assert fit(written, table("oxboys"), reml=False).loglik == pytest.approx(-317.215, abs=5e-4)


def test_segments_have_the_slopes_of_columns_made_by_hand():
    """R fitted the days before and after the knot as columns; the bend is the difference of their slopes."""
    _, outcome, growth, chosen = CURVES["piecewise"]
    fitted = fit(formula(growing(growth, outcome=outcome, groups=["Rat"]), chosen), table("bodyweight"))
    by_hand, found = R["segments"]["REML"], dict(zip(fitted.coefficients, fitted.beta, strict=True))
    assert fitted.loglik == pytest.approx(by_hand["loglik"], abs=2e-5)
    assert found["Time"] == pytest.approx(by_hand["coefficients"]["before"], rel=1e-5)
    assert found["Time"] + found["pmax(Time - 36, 0)"] == pytest.approx(by_hand["coefficients"]["after"], rel=1e-5)


@pytest.mark.parametrize("shape", [{"shape": "polynomial", "degree": 2}, {"shape": "piecewise", "knots": [9, 11.5]}])
def test_the_origin_is_where_the_intercept_and_the_slope_are_and_does_not_move_the_curve(shape):
    data = table("orthodont")
    early, late = (
        fit(formula(growing({"time": "age", "origin": origin} | shape, outcome="distance"), ["age"]), data)
        for origin in (8, 12)
    )
    assert late.loglik == pytest.approx(early.loglik, abs=1e-7)
    np.testing.assert_allclose(late.fitted_fixed, early.fitted_fixed, rtol=1e-8)
    for fitted, origin in ((early, 8.0), (late, 12.0)):
        near = data.iloc[:3].assign(age=[origin, origin - 1e-5, origin + 1e-5])
        at, before, after = fitted.predict(near, random=False)
        assert fitted.beta[0] == pytest.approx(at, rel=1e-9)
        assert fitted.beta[1] == pytest.approx((after - before) / 2e-5, rel=1e-4)


@pytest.mark.parametrize(
    ("growth", "enters_after"),
    [
        (
            {"shape": "polynomial", "degree": 3, "origin": 11},
            {
                "I(age - 11)": set(),
                "I((age - 11)^2)": {"I(age - 11)"},
                "I((age - 11)^3)": {"I(age - 11)", "I((age - 11)^2)"},
            },
        ),
        ({"shape": "spline"}, {"age": set(), "ns(age, df = 3)": {"age"}}),
        (
            {"shape": "piecewise", "knots": [10, 12]},
            {"age": set(), "pmax(age - 10, 0)": {"age"}, "pmax(age - 12, 0)": {"age"}},
        ),
    ],
)
def test_slopes_of_a_lower_order_enter_first(growth, enters_after):
    terms = slope_terms(growing({"time": "age"} | growth), "Subject")
    assert [term.label for term in terms] == list(enters_after)
    assert {term.label: set(term.margins) for term in terms} == enters_after


def test_the_highest_order_alone_may_be_dropped_from_the_mean():
    for growth, terms in (
        ({"shape": "polynomial", "origin": 11}, ["I((age - 11)^2)"]),
        ({"shape": "polynomial", "by": "Sex"}, ["I(age^2):Sex"]),
        ({"shape": "spline", "by": "Sex"}, ["ns(age, df = 3):Sex"]),
        ({"shape": "piecewise", "knots": [10]}, ["pmax(age - 10, 0)"]),
    ):
        fixed = growing({"time": "age"} | growth).fixed
        assert droppable(expand(parse_expression(fixed), fixed)) == terms


def test_check_shows_the_whole_ladder_of_a_curve(tmp_path):
    config = {"studies": [BLOCK | {"data": "oxboys.csv", "growth": {"time": "age", "shape": "polynomial"}}]}
    (tmp_path / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "oxboys.csv").write_bytes((DATA / "oxboys.csv").read_bytes())
    plan = check(tmp_path / "config.yaml", tmp_path)
    assert "age takes 16 values from −1 to 1.0055" in plan
    for rung in (
        "null: height ~ 1",
        "Subject.intercept: height ~ age + I(age^2) + (1 | Subject)",
        "Subject.slope.age: height ~ age + I(age^2) + (age | Subject)",
        "Subject.slope: height ~ age + I(age^2) + (age + I(age^2) | Subject)",
    ):
        assert f"    {rung}\n" in plan
