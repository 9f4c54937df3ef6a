"""Marginal means: emmeans' numbers, the algebra of balanced designs, and what the rows do not determine."""

import json

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.contrasts import contrasts, pairwise
from lmm.infer.margins import marginal_means
from lmm.infer.smallsample import small_sample
from tests.infer.effects import assert_agree, fitted, numbers_of_r, table_of
from tests.reference.tables import fitting_arguments, read_table, reference_cases

METHODS = ("satterthwaite", "kenward-roger")
PUBLISHED = [
    (case, number, method)
    for case, published in reference_cases().items()
    for number, means in enumerate(published["r"].get("emmeans") or [])
    for method in METHODS
    # For ML fits emmeans took Kenward and Roger's method without refitting by REML; see the test after this one.
    if method in means and (case, method) != ("orthodont-ri", "kenward-roger")
]
RATPUP = "weight ~ sex * Treatment + Lsize + (1 | Litter)"


@pytest.mark.parametrize("case, number, method", PUBLISHED)
def test_means_and_pairwise_differences_are_those_of_emmeans(case, number, method):
    published = reference_cases()[case]
    arguments = fitting_arguments(published, read_table(published))
    expected = published["r"]["emmeans"][number]
    over, *by = expected["specs"].removeprefix("~ ").split(" | ")
    fit = lmm.fit(**arguments)
    small = small_sample(fit, method)
    means = marginal_means(fit, arguments["data"], over, by=by)
    assert_agree(means.estimates(small), expected[method]["emmeans"], emmean="estimate")
    assert_agree(contrasts(means, pairwise(), small), expected[method]["pairs_tukey"], estimate="estimate")


def test_kenward_roger_on_an_ml_fit_is_that_of_the_reml_fit():
    # Balanced: between-subject means have exactly 25 degrees of freedom, and ML's SE is √(25/27) of REML's.
    published = reference_cases()["orthodont-ri"]
    expected = published["r"]["emmeans"][0]["satterthwaite"]["emmeans"]
    arguments = fitting_arguments(published, read_table(published))
    fit = lmm.fit(**arguments)
    small = small_sample(fit)
    found = marginal_means(fit, arguments["data"], "Sex").estimates(small)
    assert [one.se for one in found] == pytest.approx(np.array(expected["SE"]) * np.sqrt(27 / 25), rel=1e-6)
    assert [one.df for one in found] == pytest.approx([25, 25], rel=1e-6)
    assert "REML" in small.note


@pytest.mark.parametrize("method", METHODS)
def test_proportional_weights_and_given_values(method):
    expected = numbers_of_r()["ratpup"][method]
    fit, table = fitted(RATPUP, "ratpup"), table_of("ratpup")
    small = small_sample(fit, method)
    means = marginal_means(fit, table, "Treatment", weights="proportional")
    assert_agree(means.estimates(small), expected["proportional"], emmean="estimate")
    means = marginal_means(fit, table, "Treatment", by="sex", at={"Lsize": [8, 14]})
    assert_agree(means.estimates(small), expected["at"], emmean="estimate")


@pytest.mark.parametrize("method", METHODS)
def test_logarithms_take_the_mean_of_the_covariate(method):
    expected = numbers_of_r()["co2"][method]
    fit, table = fitted("uptake ~ log(conc) * Type * Treatment + (1 | Plant)", "co2-log"), table_of("co2-log")
    small = small_sample(fit, method)
    means = marginal_means(fit, table, "Type", by="Treatment")
    assert_agree(means.estimates(small), expected["means"], emmean="estimate")
    means = marginal_means(fit, table, "Treatment", by="conc", at={"conc": [100, 800]})
    assert_agree(means.estimates(small), expected["at"], emmean="estimate")


@pytest.mark.parametrize("formula, name", [("ns(age, 3)", "spline"), ("poly(age, 3)", "poly")])
def test_splines_and_polynomials_go_through_the_recipe(formula, name):
    fit, table = fitted(f"height ~ {formula} + (1 | Subject)", "oxboys-quad"), table_of("oxboys-quad")
    means = marginal_means(fit, table, "age", at={"age": [-0.5, 0, 0.75]})
    assert_agree(means.estimates(small_sample(fit)), numbers_of_r()[name]["means"], emmean="estimate")
    from_file = marginal_means(lmm.Fit.from_json(fit.to_json()), table, "age", at={"age": [-0.5, 0, 0.75]})
    np.testing.assert_allclose(from_file.coefficients, means.coefficients, rtol=0, atol=0)


def test_a_number_made_a_factor_is_one():
    fit, table = (
        fitted("angle ~ recipe + factor(temp) + (1 | recipe:replicate)", "cake-ordered"),
        table_of("cake-ordered"),
    )
    means = marginal_means(fit, table, "temp")
    assert [levels["temp"] for levels in means.levels] == [175, 185, 195, 205, 215, 225]
    assert_agree(means.estimates(small_sample(fit)), numbers_of_r()["coerced"], emmean="estimate")


def test_offsets_enter_at_the_mean_of_their_variable():
    fit = fitted("Reaction ~ Days + offset(0.1 * w) + (1 | Subject)", "sleepstudy-corr")
    means = marginal_means(fit, table_of("sleepstudy-corr"), "Days", at={"Days": [0, 9]})
    assert_agree(means.estimates(small_sample(fit)), numbers_of_r()["offset"], emmean="estimate")
    table = table_of("sleepstudy-corr")
    by_array = lmm.fit("Reaction ~ Days + (1 | Subject)", table, offset=0.1 * table["w"].to_numpy())
    again = marginal_means(by_array, table, "Days", at={"Days": [0, 9]})
    expected = [one.estimate for one in means.estimates(small_sample(fit))]
    assert [one.estimate for one in again.estimates(small_sample(by_array))] == pytest.approx(expected, rel=1e-9)


def test_an_empty_cell_is_named_and_nothing_else_is_lost():
    expected = numbers_of_r()["holed"]
    table = table_of("ratpup")
    table = table[~((table["sex"] == "Female") & (table["Treatment"] == "High"))].reset_index(drop=True)
    fit = lmm.fit("weight ~ sex * Treatment + (1 | Litter)", table)
    small = small_sample(fit)
    cells = marginal_means(fit, table, ("sex", "Treatment")).estimates(small)
    assert [one.estimate is None for one in cells] == [value is None for value in expected["cells"]["emmean"]]
    filled = {column: values[:5] for column, values in expected["cells"].items()}
    assert_agree(cells[:5], filled, emmean="estimate")
    means = marginal_means(fit, table, "Treatment")
    control, low, high = means.estimates(small)
    assert_agree(
        [control, low], {column: values[:2] for column, values in expected["means"].items()}, emmean="estimate"
    )
    assert high.estimate is None and "sex = Female, Treatment = High" in high.reason
    made = {one.name: one for one in contrasts(means, pairwise(), small)}
    assert made["Control - Low"].estimate == pytest.approx(control.estimate - low.estimate)
    assert made["Control - Low"].family == 1
    assert made["Low - High"].p is None and "sex = Female" in made["Low - High"].reason
    json.dumps([one.to_dict() for one in (*cells, *made.values())], allow_nan=False)


def test_a_difference_may_be_estimable_where_the_means_are_not():
    # Rooms lie within sites, two in one and four in the other: means over all combinations are lost, differences not.
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {"site": np.repeat(["p", "q"], 24), "arm": np.tile(["a", "b"], 24), "unit": np.arange(48) // 4}
    )
    table["room"] = table["site"] + (table["unit"] % np.where(table["site"] == "p", 2, 4)).astype(str)
    table["y"] = rng.normal(size=48) + (table["arm"] == "b")
    fit = lmm.fit("y ~ site + room + arm + (1 | unit)", table)
    assert fit.dropped_columns
    means = marginal_means(fit, table, "arm")
    small = small_sample(fit, "satterthwaite")
    assert all(one.estimate is None for one in means.estimates(small))
    (difference,) = contrasts(means, pairwise(), small)
    arm = fit.coefficients.index("armb")
    assert difference.estimate == pytest.approx(-fit.beta[arm]) and difference.se == pytest.approx(fit.se[arm])


def test_contrasts_of_the_coding_do_not_matter():
    table = table_of("ratpup")
    means = [
        marginal_means(fit, table, "Treatment").estimates(small_sample(fit))
        for fit in (
            lmm.fit(f"weight ~ C(sex, {kind}) * C(Treatment, {kind}) + scale(Lsize) + (1 | Litter)", table)
            for kind in ("treatment", "sum", "helmert")
        )
    ]
    for other in means[1:]:
        assert [one.estimate for one in other] == pytest.approx([one.estimate for one in means[0]], rel=1e-8)
        assert [one.se for one in other] == pytest.approx([one.se for one in means[0]], rel=1e-5)
        assert [one.df for one in other] == pytest.approx([one.df for one in means[0]], rel=1e-4)


def test_a_balanced_design_has_the_means_of_its_cells():
    table = table_of("cake-ordered")
    fit = fitted("angle ~ recipe * temperature + (1 | recipe:replicate)", "cake-ordered")
    found = marginal_means(fit, table, "recipe", by="temperature").estimates(small_sample(fit, "satterthwaite"))
    observed = table.groupby(["recipe", "temperature"], observed=True)["angle"].mean()
    for one in found:
        assert one.estimate == pytest.approx(observed[one.levels["recipe"], one.levels["temperature"]])


def test_logical_predictors_and_least_squares():
    table = table_of("sleepstudy-corr").assign(late=lambda t: t["Days"] > 4)
    fit = lmm.fit("Reaction ~ late", table)
    found = marginal_means(fit, table, "late").estimates(small_sample(fit))
    assert [one.levels["late"] for one in found] == [False, True] and found[0].df == 178
    assert [one.estimate for one in found] == pytest.approx(table.groupby("late")["Reaction"].mean().tolist())


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            {"over": "Litter"},
            "'Litter' is not among the fixed part's predictors, which are 'sex', 'Treatment', 'Lsize'",
        ),
        ({"over": "sex", "by": "sex"}, "'sex' is named twice"),
        ({"over": "sex", "at": {"dose": 1}}, "'dose' is not among the fixed part's predictors"),
        ({"over": "sex", "at": {"Treatment": ["Low", "Huge"]}}, "'Treatment' has no level 'Huge'"),
        ({"over": "sex", "at": {"Lsize": "ten"}}, "'Lsize' is a covariate"),
        ({"over": "sex", "at": {"Lsize": []}}, "gives no value for 'Lsize'"),
        ({"over": "sex", "at": {"Lsize": list(range(20000))}}, "reference grid would have 120,000 cells"),
        ({"over": "sex", "weights": "cells"}, "no weights 'cells'"),
    ],
)
def test_mistakes_are_named(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        marginal_means(fitted(RATPUP, "ratpup"), table_of("ratpup"), **arguments)


def test_another_table_is_refused():
    with pytest.raises(InputError, match="fitted to one of 322"):
        marginal_means(fitted(RATPUP, "ratpup"), table_of("ratpup").head(100), "sex")


def test_no_value_of_the_fixed_part_is_no_mean():
    fit = fitted("uptake ~ log(conc) + (1 | Plant)", "co2-log")
    with pytest.raises(InputError, match="no value at some point"):
        marginal_means(fit, table_of("co2-log"), "conc", at={"conc": -1.0})
