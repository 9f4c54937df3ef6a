"""The ladder of a study: all its candidates, known before any is fitted."""

import pytest

from lmm.errors import InputError
from lmm.formula import parse
from lmm.select.rungs import fit_rung, ladder
from lmm.select.structure import Structure
from tests.select.studies import study, table

KINDS = ("intercept", "uncorrelated", "slope")


def formulas(declared):
    return {rung.id: rung.formula for rung in ladder(declared)}


def test_one_grouping_factor_with_a_slope():
    assert formulas(study("Reaction", ["Subject"], "Days", {"Subject": "Days"})) == {
        "null": "Reaction ~ 1",
        "fixed": "Reaction ~ Days",
        "Subject.intercept": "Reaction ~ Days + (1 | Subject)",
        "Subject.uncorrelated": "Reaction ~ Days + (Days || Subject)",
        "Subject.slope": "Reaction ~ Days + (Days | Subject)",
    }


def test_later_factors_stand_on_every_structure_the_earlier_might_end_with():
    ids = list(formulas(study("math", ["childid", "schoolid"], "year", {"childid": "year", "schoolid": "year"})))
    assert len(ids) == 2 + 3 + 3 * 3
    assert "childid.slope+schoolid.intercept" in ids
    ends = [f"childid.{a}+schoolid.{b}" for a in KINDS for b in KINDS]
    assert ids[5:] == ends


def test_nested_factor_without_slopes():
    assert formulas(study("strength", ["batch/cask"])) == {
        "null": "strength ~ 1",
        "batch.intercept": "strength ~ 1 + (1 | batch)",
        "batch.intercept+batch-cask.intercept": "strength ~ 1 + (1 | batch) + (1 | batch:cask)",
    }


def test_without_correlations_the_correlated_candidates_are_left_out():
    ids = formulas(study("y", ["g"], "x", {"g": "x"}, ladder={"correlations": "drop"}))
    assert list(ids) == ["null", "fixed", "g.intercept", "g.uncorrelated"]


def test_offsets_stay_in_the_null_mean_and_a_mean_without_intercept_is_a_mean():
    assert formulas(study("y", ["g"], "x + offset(log(n))"))["null"] == "y ~ 1 + offset(log(n))"
    assert formulas(study("y", ["g"], "0 + recipe"))["fixed"] == "y ~ 0 + recipe"
    assert list(formulas(study("y", ["g"], "offset(n)"))) == ["null", "g.intercept"]


def test_awkward_column_names_are_quoted_and_names_of_rungs_are_safe_for_files():
    found = formulas(study("body weight", ["pupil no", "école"], "`mean age`", {"école": "`mean age`"}))
    assert found["pupil-no.intercept+école.slope"] == (
        "`body weight` ~ `mean age` + (1 | `pupil no`) + (`mean age` | école)"
    )
    for formula in found.values():
        parse(formula)


def test_every_rung_has_the_studys_weights():
    assert {rung.weights for rung in ladder(study("y", ["g"], "x", weights="w"))} == {"w"}


def test_each_rung_says_what_it_adds():
    rungs = {rung.id: rung for rung in ladder(study("y", ["g", "h"], "x", {"g": "x"}))}
    assert rungs["g.slope"].label == "Intercept and slope of x by g"
    assert rungs["g.slope"].why == (
        "Lets the effect of x differ between levels of g, correlated with their intercepts."
    )
    assert rungs["g.uncorrelated+h.intercept"].why == (
        "Lets the mean differ between levels of h (beside: intercept and uncorrelated slope of x by g)."
    )


def test_a_ladder_too_long_to_be_fitted_at_once_stands_on_intercepts():
    groups = ["a", "b", "c", "d"]
    every = ladder(study("y", groups, "x", dict.fromkeys(groups, "x"), ladder={"most": 120}))
    assert len(every) == 2 + 3 + 9 + 27 + 81
    few = ladder(study("y", groups, "x", dict.fromkeys(groups, "x")))
    assert [rung.random[:-1] for rung in few[5:8]] == [(Structure("a", "intercept"),)] * 3
    assert len(few) == 2 + 4 * 3
    assert len(ladder(study("y", groups, "x", dict.fromkeys(groups[1:3], "x")))) == 2 + 1 + 3 + 9 + 9


def test_factors_whose_candidates_would_bear_one_name_are_refused():
    # either may be left out, after which "a-b.intercept" would be the name of two models
    with pytest.raises(InputError, match="key groups: 'a:b' and 'a-b' differ in punctuation only"):
        ladder(study("y", ["a:b", "a-b"]))


@pytest.mark.parametrize("slopes", ["x + z + x_z", "a + selected", "`%` + x", "`a b` + a:b + a + b", "a * b * c"])
def test_names_of_candidates_are_unique_whatever_the_terms_are_called(slopes):
    ids = [rung.id for rung in ladder(study("y", ["g"], slopes={"g": slopes}))]
    assert len({one.lower() for one in ids}) == len(ids)
    assert not any(one.endswith((".selected", ".")) for one in ids)


def test_long_names_of_terms_give_way_to_their_places():
    terms = [f"score_of_the_{number}th_questionnaire_at_school" for number in range(1, 5)]
    ids = [rung.id for rung in ladder(study("y", ["g"], slopes={"g": " + ".join(terms)}))]
    assert "g.slope.1_3" in ids


def test_a_slope_alone_without_intercept_has_nothing_to_correlate_with():
    found = formulas(study("y", ["g"], "x", {"g": "0 + x"}))
    assert list(found.values())[2:] == ["y ~ x + (1 | g)", "y ~ x + (0 + x | g)"]
    labels = [rung.label for rung in ladder(study("y", ["g"], "x", {"g": "0 + x"}))]
    assert labels[-1] == "Slope of x by g"


def test_many_slopes_are_enumerated_no_further_than_they_are_fitted():
    declared = study("y", ["g", "h"], slopes={g: " + ".join(f"x{i}" for i in range(60)) for g in "gh"})
    assert len(ladder(declared)) == 1 + 60  # by all subsets 2⁶⁰


def test_a_fitted_rung_records_both_estimators_as_r_has_them():
    rungs = {rung.id: rung for rung in ladder(study("Reaction", ["Subject"], "Days", {"Subject": "Days"}))}
    entry = fit_rung(rungs["Subject.slope"], table("sleepstudy"))
    assert entry["failure"] is None
    assert entry["fits"]["ML"]["loglik"] == pytest.approx(-875.969672231599, abs=1e-5)
    reml = entry["fits"]["REML"]
    assert reml["loglik"] == pytest.approx(-871.814135979245, abs=1e-5)
    assert (reml["npar"], reml["n"], reml["groups"]) == (6, 180, {"Subject": 18})
    assert reml["random"][0]["sd"] == pytest.approx([24.741, 5.922], abs=1e-3)
    assert reml["random"][0]["correlation"][0][1] == pytest.approx(0.066, abs=1e-3)
    assert reml["r2_conditional"] == pytest.approx(0.79921890069452, abs=1e-5)
    assert [effect["name"] for effect in reml["fixed"]] == ["(Intercept)", "Days"]


def test_a_rung_that_cannot_be_fitted_is_recorded_with_its_reason():
    two_days = table("sleepstudy").query("Days < 2")
    rungs = {rung.id: rung for rung in ladder(study("Reaction", ["Subject"], "Days", {"Subject": "Days"}))}
    entry = fit_rung(rungs["Subject.slope"], two_days)
    assert entry["fits"] == {"ML": None, "REML": None}
    assert "36 random coefficients" in entry["failure"]
    assert fit_rung(rungs["Subject.intercept"], two_days)["failure"] is None


def test_a_rung_that_would_lose_rows_is_not_comparable_and_says_so():
    rung = ladder(study("Reaction", ["Subject"], "log(Days)"))[1]
    with_negative = table("sleepstudy").assign(Days=lambda t: t["Days"] - 0.5)
    assert "no value in 18 of the 180 rows" in fit_rung(rung, with_negative)["failure"]
