"""Single-term deletions against R's drop1, by likelihood and by F; marginality, and rows that do not change."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.formula import parse
from lmm.infer.drop1 import droppable_places, single_term_deletions, single_term_f_tests
from lmm.infer.smallsample import small_sample
from tests.infer.fixed_effects import assert_rows, fitted, from_r, model_of
from tests.reference.tables import read_table, reference_cases

CASES = [id for id, case in reference_cases().items() if "drop1_LRT" in case["r"]]
MODELS = [
    (name, how)
    for name, model in from_r()["models"].items()
    for how in model["tests"]
    if "drop1" in model["tests"][how]
]


@pytest.mark.parametrize("id", CASES)
def test_likelihood_ratio_tests_as_drop1(id):
    reference = reference_cases()[id]["r"]["drop1_LRT"]
    found = single_term_deletions(fitted(id))
    assert found.full.loglik == pytest.approx(reference["full_logLik_ML"], abs=1e-6)
    assert found.full.aic == pytest.approx(reference["full_AIC_ML"], abs=1e-5)
    assert [one.term for one in found.deletions] == list(reference["terms"])
    for one in found.deletions:
        expected = reference["terms"][one.term]
        assert one.fit.loglik == pytest.approx(expected["logLik"], abs=1e-6)
        assert one.fit.aic == pytest.approx(expected["AIC"], abs=1e-5)
        assert one.test.statistic == pytest.approx(expected["LRT"], abs=1e-5)
        assert one.test.naive_df == expected["df"]
        assert one.test.p == pytest.approx(expected["p"], rel=1e-5)


def test_all_cases_of_the_reference_are_compared():
    assert len(CASES) == 18


@pytest.mark.parametrize(("name", "how"), MODELS)
def test_f_tests_as_lmertests_drop1(name, how):
    reference = from_r()["models"][name]["tests"][how]["drop1"]
    rows = single_term_f_tests(model_of(name), how.lower())
    assert [row.term for row in rows] == reference["term"]
    assert_rows(rows, reference, df=1e-4, F=1e-5, p=1e-3)


@pytest.mark.parametrize(
    ("mean", "terms"),
    [
        ("a * b", ["a:b"]),
        ("a * b + c", ["c", "a:b"]),
        ("x + I(x^2)", ["x", "I(x^2)"]),
        ("a + a:b + x:a", ["a:b", "a:x"]),
        ("0 + a + b", ["a", "b"]),
        ("1", []),
    ],
)
def test_terms_that_others_contain_stay(mean, terms):
    found = parse(f"y ~ {mean}").fixed
    assert [found.term_labels[place] for place in droppable_places(found)] == terms


def test_the_smaller_model_is_the_one_fitted_from_the_table():
    # With a missing value in what is dropped: the rows stay those of the full model.
    table = read_table(reference_cases()["ratpup"])
    table.loc[3:9, "Lsize"] = np.nan
    fit = lmm.fit("weight ~ 0 + sex + Treatment + Lsize + (1 | Litter)", table, reml=False)
    complete = table.dropna()
    found = {one.term: one for one in single_term_deletions(fit).deletions}
    for term, formula in {
        "sex": "weight ~ 0 + Treatment + Lsize + (1 | Litter)",
        "Treatment": "weight ~ 0 + sex + Lsize + (1 | Litter)",
        "Lsize": "weight ~ 0 + sex + Treatment + (1 | Litter)",
    }.items():
        expected = lmm.fit(formula, complete, reml=False)
        assert found[term].fit.coefficients == expected.coefficients
        assert found[term].fit.loglik == pytest.approx(expected.loglik, abs=1e-8)
        assert found[term].fit.n == fit.n == len(complete)
        assert found[term].fit.formula == formula


def test_weights_and_offset_stay():
    data = read_table(reference_cases()["sleepstudy-weights"])
    fit = lmm.fit("Reaction ~ Days + I(Days^2) + offset(2 * Days) + (1 | Subject)", data, reml=False, weights="w")
    one = single_term_deletions(fit).deletions[1]
    expected = lmm.fit("Reaction ~ Days + offset(2 * Days) + (1 | Subject)", data, reml=False, weights="w")
    assert one.fit.loglik == pytest.approx(expected.loglik, abs=1e-8)
    assert one.test.statistic == pytest.approx(2 * (fit.loglik - expected.loglik), abs=1e-7)


def test_least_squares():
    data = read_table(reference_cases()["sleepstudy-corr"])
    fit = lmm.fit("Reaction ~ Days", data)
    (row,) = single_term_f_tests(fit)
    # F = (n − 2)(RSS₀/RSS − 1), LRT = n log(RSS₀/RSS)
    ratio = 1 + row.test.statistic / (fit.n - 2)
    (one,) = single_term_deletions(fit).deletions
    assert one.test.statistic == pytest.approx(fit.n * np.log(ratio), rel=1e-9)


def test_the_only_mean_may_go():
    one = single_term_deletions(fitted("machines-noint")).deletions[0]
    assert one.fit.formula == "score ~ 0 + (1 | Worker)"
    assert one.test.naive_df == 3
    (row,) = single_term_f_tests(fitted("machines-noint"))
    chosen = small_sample(fitted("machines-noint"))
    assert row.test.statistic == pytest.approx(chosen.f_test(np.eye(3)).statistic)


def test_a_lower_power_is_tested_with_a_warning():
    found = {one.term: one for one in single_term_deletions(fitted("oxboys-quad")).deletions}
    assert "I(age^2) stays without age" in found["age"].note
    assert found["I(age^2)"].note is None


def test_a_term_that_others_explain_has_no_test():
    data = read_table(reference_cases()["cake-rankdef"])
    fit = lmm.fit("angle ~ recipe + factor(temp) + temp + (1 | recipe:replicate)", data)
    one = {one.term: one for one in single_term_deletions(fit).deletions}["temp"]
    assert one.test is None and "nothing to test" in one.reason
    assert one.fit.loglik == pytest.approx(single_term_deletions(fit).full.loglik, abs=1e-7)
    row = {row.term: row for row in single_term_f_tests(fit)}["temp"]
    assert row.test is None and "nothing to test" in row.reason
    # Without the factor the line is left: four of the five degrees of freedom go.
    assert {row.term: row for row in single_term_f_tests(fit)}["factor(temp)"].test.numerator == 4


def test_contained_terms_are_listed():
    found = single_term_deletions(fitted("ratpup"))
    assert found.contained == ("sex", "Treatment")
    assert found.refitted


def test_json_has_no_nan():
    found = single_term_deletions(fitted("oxboys-quad")).to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_fit_read_from_a_file_is_refused():
    stored = lmm.Fit.from_json(fitted("ergostool").to_json())
    for test in (single_term_deletions, single_term_f_tests):
        with pytest.raises(InputError, match="fit it anew"):
            test(stored)
