"""Likelihood ratio tests: p-values published for R's fits, refusals, and missed optima."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.candidate import Candidate
from lmm.infer.likelihoodratio import compare, compare_fixed_parts, likelihood_ratio_test
from lmm.infer.randomstructure import INTERCEPT, Block
from tests.reference.tables import read_table, reference_cases

# sleepstudy, REML and ML, from R (lme4 1.1-31, tight optima)
intercept = Candidate(
    formula="Reaction ~ Days + (1 | Subject)",
    outcome="Reaction",
    estimator="REML",
    loglik=-893.23254269746,
    npar=4,
    n=180,
    aic=1794.46508539492,
    bic=1807.23691279848,
    coefficients=(INTERCEPT, "Days"),
    random=(Block("Subject", frozenset({INTERCEPT})),),
    singular=False,
)
slope = replace(
    intercept,
    formula="Reaction ~ Days + (Days | Subject)",
    loglik=-871.814135979245,
    npar=6,
    aic=1755.62827195849,
    bic=1774.78601306383,
    random=(Block("Subject", frozenset({INTERCEPT, "Days"})),),
)
slope_ml = replace(slope, estimator="ML", loglik=-875.969672231599, aic=1763.9393444632, bic=1783.09708556854)
no_days_ml = replace(
    slope_ml,
    formula="Reaction ~ 1 + (Days | Subject)",
    loglik=-887.737940980538,
    npar=5,
    aic=1785.47588196108,
    bic=1801.44066640262,
    coefficients=(INTERCEPT,),
)


def test_sleepstudy_slope():
    test = compare(intercept, slope)
    assert test.statistic == pytest.approx(42.8368134364302, abs=1e-9)
    assert (str(test.null), test.naive_df, test.estimator) == ("½χ²₁ + ½χ²₂", 2, "REML")
    assert test.p == pytest.approx(2.79252981506993e-10, rel=1e-9)
    assert test.naive_p == pytest.approx(4.99004142696187e-10, rel=1e-9)
    assert test.delta_aic == pytest.approx(-38.8, abs=0.05)
    assert test.delta_bic == pytest.approx(-32.5, abs=0.05)
    assert test.reason is None and test.approximation is None


def test_order_of_the_two_models_does_not_matter():
    assert compare(slope, intercept) == compare(intercept, slope)


def test_fixed_effect_by_maximum_likelihood():
    # R: drop1(…, test = "Chisq"): LRT 23.5365374978774, p 1.22563995718966e-06
    for test in (compare(no_days_ml, slope_ml), compare_fixed_parts(no_days_ml, slope_ml)):
        assert str(test.null) == "χ²₁"
        assert test.p == test.naive_p == pytest.approx(1.22563995718966e-06, rel=1e-8)


def test_fixed_effect_and_variance_together_shift_the_mixture():
    smaller = replace(no_days_ml, npar=3, random=intercept.random)
    assert str(compare(smaller, slope_ml).null) == "½χ²₂ + ½χ²₃"


def test_reml_fits_with_different_fixed_effects_are_refused():
    with pytest.raises(InputError, match=r"REML fits with different fixed effects.*reml=False"):
        compare(replace(no_days_ml, estimator="REML"), slope)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 179}, "different rows \\(179 and 180"),
        ({"rows": (0, 1)}, "different rows"),
        ({"outcome": "log(Reaction)"}, "different outcomes \\(log\\(Reaction\\) and Reaction\\)"),
        ({"weights": (1.0,)}, "different weights"),
        ({"offset": (1.0,)}, "different offsets"),
        ({"estimator": "ML"}, "by ML and REML"),
    ],
)
def test_incomparable_likelihoods_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        compare(replace(intercept, **change), slope)


def test_models_that_are_not_nested_get_criteria_and_no_p_value():
    other = replace(slope, formula="Reaction ~ Days + (1 | Day)", random=(Block("Day", frozenset({INTERCEPT})),))
    test = compare(intercept, other)
    assert test.p is None and test.null is None and not test.optimum_missed
    assert "not nested" in test.reason
    assert test.delta_aic == slope.aic - intercept.aic
    renamed = replace(no_days_ml, coefficients=("I(Days > 3)",))
    assert "alone has the coefficient I(Days > 3)" in compare(renamed, slope_ml).reason
    assert "same parameters" in compare(slope, replace(slope, formula="again")).reason


def test_statistic_below_zero_by_rounding_is_zero():
    test = compare(intercept, replace(slope, loglik=intercept.loglik - 1e-6))
    assert (test.statistic, test.p, test.naive_p) == (0.0, 1.0, 1.0)


def test_statistic_clearly_below_zero_is_a_missed_optimum():
    test = compare(intercept, replace(slope, loglik=intercept.loglik - 0.4))
    assert test.optimum_missed and test.p is None
    assert test.statistic == pytest.approx(-0.8)
    assert "its optimum was missed" in test.reason


def test_singular_smaller_model_makes_the_mixture_approximate():
    assert "approximate" in compare(replace(intercept, singular=True), slope).approximation


@pytest.fixture(scope="module")
def sleep():
    return read_table(reference_cases()["sleepstudy-corr"])


def test_fits_are_compared_as_their_recorded_numbers_are(sleep):
    small = lmm.fit("Reaction ~ Days + (1 | Subject)", sleep)
    large = lmm.fit("Reaction ~ Days + (Days | Subject)", sleep)
    test = likelihood_ratio_test(large, small)
    assert test.statistic == pytest.approx(42.8368134364302, abs=1e-5)
    assert test.p == pytest.approx(2.79252981506993e-10, rel=1e-4)
    assert (test.smaller, test.larger) == (small.formula, large.formula)


def test_the_verdict_does_not_depend_on_the_units_of_outcome_or_slope(sleep):
    rescaled = sleep.assign(Reaction=1e6 * sleep["Reaction"], Days=1e-6 * sleep["Days"] + 3)
    statistics = []
    for table in (sleep, rescaled):
        fits = [lmm.fit(f"Reaction ~ Days + ({x} | Subject)", table) for x in ("1", "Days")]
        statistics.append(likelihood_ratio_test(*fits).statistic)
    assert statistics[0] == pytest.approx(statistics[1], abs=1e-5)


def test_fits_to_other_values_or_rows_are_refused(sleep):
    small = lmm.fit("Reaction ~ Days + (1 | Subject)", sleep)
    with pytest.raises(InputError, match="different outcome values"):
        likelihood_ratio_test(
            small, lmm.fit("Reaction ~ Days + (Days | Subject)", sleep.assign(Reaction=sleep["Reaction"] + 1))
        )
    with pytest.raises(InputError, match="different rows"):
        likelihood_ratio_test(small, lmm.fit("Reaction ~ Days + (Days | Subject)", sleep.iloc[:-1]))
    with pytest.raises(InputError, match="different fixed effects"):
        likelihood_ratio_test(small, lmm.fit("Reaction ~ 1 + (Days | Subject)", sleep))
    with pytest.raises(InputError, match="different weights"):
        likelihood_ratio_test(small, lmm.fit("Reaction ~ Days + (Days | Subject)", sleep, weights="w"))


@pytest.mark.parametrize("place", ["column", "array", "formula"])
def test_fits_with_different_offsets_are_refused(sleep, place):
    known = sleep.assign(known=20.0 * sleep["Days"] ** 2)
    small = lmm.fit("Reaction ~ Days + (1 | Subject)", known)
    large = {
        "column": lambda: lmm.fit("Reaction ~ Days + (Days | Subject)", known, offset="known"),
        "array": lambda: lmm.fit("Reaction ~ Days + (Days | Subject)", known, offset=known["known"].to_numpy()),
        "formula": lambda: lmm.fit("Reaction ~ Days + offset(known) + (Days | Subject)", known),
    }[place]()
    for fit in (large, lmm.Fit.from_json(large.to_json())):
        with pytest.raises(InputError, match="different offsets: give both the same"):
            likelihood_ratio_test(small, fit)
    same = lmm.fit("Reaction ~ Days + (1 | Subject)", known, offset="known")
    assert likelihood_ratio_test(same, large).p is not None


def test_reml_of_other_fixed_effects_is_refused_because_it_depends_on_units(sleep):
    # method, rule 2: the REML "LRT" of Days is 117.86 in days and 111.51 in hours; by ML it is 116.46 in both
    hours = sleep.assign(Days=24 * sleep["Days"])
    ml, reml = [], []
    for table in (sleep, hours):
        for reml_fit, found in ((False, ml), (True, reml)):
            without, with_days = (
                lmm.fit(f"Reaction ~ {mean} + (1 | Subject)", table, reml=reml_fit) for mean in ("1", "Days")
            )
            found.append(2 * (with_days.loglik - without.loglik))
    assert [round(x, 2) for x in reml] == [117.86, 111.51]
    assert [round(x, 2) for x in ml] == [116.46, 116.46]


def test_two_scales_of_one_outcome_are_refused_with_the_jacobian_offered(sleep):
    plain, logged = (lmm.fit(f"{y} ~ Days + (1 | Subject)", sleep, reml=False) for y in ("Reaction", "log(Reaction)"))
    with pytest.raises(InputError, match=r"model Reaction on different scales.*criteria_on_outcome_scale"):
        likelihood_ratio_test(plain, logged)
    other = lmm.fit("Days ~ Reaction + (1 | Subject)", sleep, reml=False)
    with pytest.raises(InputError, match=r"different outcomes \(Reaction and Days\)"):
        likelihood_ratio_test(plain, other)


def test_reml_fits_of_a_rescaled_covariate_are_refused(sleep):
    small = lmm.fit("Reaction ~ Days + (1 | Subject)", sleep)
    hours = lmm.fit("Reaction ~ Days + (Days | Subject)", sleep.assign(Days=24 * sleep["Days"]))
    with pytest.raises(InputError, match="same names but have other values"):
        likelihood_ratio_test(small, hours)


def test_nesting_is_seen_in_the_columns_not_in_their_names():
    cake = read_table(reference_cases()["cake-ordered"])
    fixed = ["poly(temp, 1)", "poly(temp, 2)", "temperature", "0 + temperature"]
    line, curve, levels, means = (lmm.fit(f"angle ~ {one} + (1 | recipe:replicate)", cake, reml=False) for one in fixed)
    assert str(likelihood_ratio_test(line, curve).null) == "χ²₁"
    assert str(likelihood_ratio_test(curve, levels).null) == str(likelihood_ratio_test(curve, means).null) == "χ²₃"
    assert "the same parameters" in likelihood_ratio_test(levels, means).reason
    recipe = lmm.fit("angle ~ recipe + (1 | recipe:replicate)", cake, reml=False)
    assert "alone has the coefficient recipe" in likelihood_ratio_test(recipe, curve).reason


def test_a_coefficient_per_level_contains_the_intercept_and_groups_have_no_order():
    machines = read_table(reference_cases()["machines-fslope"])
    small, swapped, large = (
        lmm.fit(f"score ~ Machine + {random}", machines)
        for random in ["(1 | Worker)", "(1 | Machine:Worker)", "(0 + Machine | Worker)"]
    )
    test = likelihood_ratio_test(small, large)
    # R: ranova's LRT 78.5669836612998 on 5 df; two correlated coefficients join one
    assert test.statistic == pytest.approx(78.5669836612998, abs=1e-4)
    assert (str(test.null), test.naive_df) == ("½χ²₄ + ½χ²₅", 5)
    nested = lmm.fit("score ~ Machine + (1 | Worker/Machine)", machines)
    assert str(likelihood_ratio_test(swapped, nested).null) == "½χ²₀ + ½χ²₁"


def test_a_test_as_json_has_it(sleep):
    fits = [lmm.fit(f"Reaction ~ Days + ({x} | Subject)", sleep) for x in ("1", "Days")]
    stored = likelihood_ratio_test(*fits).to_dict()
    assert stored["null"] == {"text": "½χ²₁ + ½χ²₂", "weights": [0.5, 0.5], "df": [1, 2]}
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored


def test_a_test_of_a_fit_without_an_optimum_says_so():
    rng = np.random.default_rng(14)
    g, x = np.repeat(np.arange(6), 6), np.tile(np.arange(6.0), 6)
    y = x + 5 * rng.standard_normal(6)[g] + 1e-9 * rng.standard_normal(36)
    table = pd.DataFrame({"y": y, "x": x, "g": g.astype(str)})
    test = likelihood_ratio_test(lmm.fit("y ~ x", table), lmm.fit("y ~ x + (1 | g)", table))
    assert "no optimum" in test.approximation


def test_equally_many_but_other_rows_are_called_other_rows():
    table = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0, np.nan, 7.0], "x": [np.nan, 1.0, 1.0, 2.0, 0.0, 3.0]})
    first, second = (
        lmm.fit("y ~ x", table.assign(y=table.y.fillna(1.0)), reml=False),
        lmm.fit("y ~ 1", table, reml=False),
    )
    assert first.n == second.n
    with pytest.raises(InputError, match="different rows"):
        likelihood_ratio_test(first, second)
