"""F tests of types I, II and III against lmerTest and pbkrtest, and what no coding may change."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.anovatable import anova
from lmm.infer.smallsample import small_sample
from tests.infer.fixed_effects import assert_rows, fitted, from_r, model_of, small_sample_of, table_of
from tests.reference.tables import read_table, reference_cases

TYPES = ("I", "II", "III")
WITH_TERMS = [id for id, case in reference_cases().items() if "anova_satt_III" in case["r"]]
MODELS = [(name, how) for name, model in from_r()["models"].items() for how in model["tests"]]
# lmerTest stops with an error at type III where the fixed part is rank deficient in this way.
FAILS_IN_LMERTEST = {"three factors"}


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("id", WITH_TERMS)
def test_satterthwaite_as_lmertest(id, type):
    reference = reference_cases()[id]["r"][f"anova_satt_{type}"]
    found = anova(fitted(id), type, small_sample_of(id, "satterthwaite"))
    assert [row.term for row in found.rows] == reference["term"]
    assert_rows(found.rows, reference, df=3e-5, F=1e-5, p=5e-4)


def test_all_tables_of_the_reference_are_compared():
    assert len(WITH_TERMS) == 35


@pytest.mark.parametrize(("name", "how"), MODELS)
def test_unbalanced_designs_as_lmertest_and_pbkrtest(name, how):
    reference = from_r()["models"][name]
    assert model_of(name).loglik == pytest.approx(reference["loglik"], abs=1e-7)
    chosen = small_sample(model_of(name), how.lower())
    for type in TYPES:
        if reference["tests"][how][type]:
            found = anova(model_of(name), type, chosen)
            assert_rows(found.rows, reference["tests"][how][type], df=2e-4, F=2e-4, p=2e-3)
        else:
            assert name in FAILS_IN_LMERTEST and type == "III"


@pytest.mark.parametrize(
    ("name", "how"), [pair for pair in MODELS if from_r()["models"][pair[0]]["tests"][pair[1]]["joint"]]
)
def test_joint_hypotheses_as_lmertest_and_pbkrtest(name, how):
    chosen = small_sample(model_of(name), how.lower())
    for reference in from_r()["models"][name]["tests"][how]["joint"]:
        value = np.ravel(reference["rhs"])
        test = chosen.f_test(np.array(reference["L"]), value if len(value) > 1 else value[0])
        assert test.numerator == reference["numdf"]
        assert test.denominator == pytest.approx(reference["dendf"], rel=1e-4)
        assert test.statistic == pytest.approx(reference["F"], rel=1e-4)
        assert test.p == pytest.approx(reference["p"], rel=1e-3)


CODED = ["{}", "C({}, contr.sum)", "C({}, contr.helmert)", "C({}, contr.SAS)", "C({}, contr.poly)"]


def coded(formula: str, coding: str, *factors: str) -> str:
    fixed, random = formula.split(" + (1")
    for factor in factors:
        fixed = fixed.replace(factor, coding.format(factor))
    return f"{fixed} + (1{random}"


@pytest.mark.parametrize("coding", CODED[1:])
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite"])
def test_the_coding_of_factors_changes_nothing(coding, type, method):
    formula = from_r()["models"]["unbalanced interaction"]["formula"]
    table = table_of("unbalanced interaction")
    plain = anova(lmm.fit(formula, table), type, method)
    other = anova(lmm.fit(coded(formula, coding, "sex", "Treatment"), table), type, method)
    for row, same in zip(plain.rows, other.rows, strict=True):
        assert same.test.statistic == pytest.approx(row.test.statistic, rel=1e-6)
        assert same.test.denominator == pytest.approx(row.test.denominator, rel=1e-5)
        assert same.sum_of_squares == pytest.approx(row.sum_of_squares, rel=1e-6)


@pytest.mark.parametrize("name", ["unbalanced interaction", "unbalanced split plot", "factor with covariate"])
def test_type_III_is_the_test_of_each_terms_coefficients_under_sum_contrasts(name):
    model = from_r()["models"][name]
    formula = model["formula"]
    for factor in {"unbalanced interaction": ("sex", "Treatment"), "factor with covariate": ("Sex",)}.get(
        name, ("Variety", "factor(nitro)")
    ):
        fixed, random = formula.split(" + (", 1)
        inner = factor.removeprefix("factor(").removesuffix(")")
        replaced = f"C({'factor(' + inner + ')' if factor != inner else inner}, contr.sum)"
        formula = f"{fixed.replace(factor, replaced)} + ({random}"
    by_sums = lmm.fit(formula, table_of(name))
    chosen = small_sample(by_sums)
    found = anova(model_of(name))
    for position, row in enumerate(found.rows):
        own = np.asarray(by_sums.design.term_of_column) == position
        test = chosen.f_test(np.eye(len(by_sums.beta))[own])
        assert row.test.statistic == pytest.approx(test.statistic, rel=1e-6)
        assert row.test.denominator == pytest.approx(test.denominator, rel=1e-6)
    assert "sum contrasts" in found.hypotheses


def test_the_units_of_a_covariate_change_nothing():
    # lmerTest sets entries below 1e-6 of its hypotheses to zero, whatever the units.
    table = read_table(reference_cases()["orthodont-corr"])
    formula = "distance ~ Sex * age + (1 | Subject)"
    for type in TYPES:
        plain = anova(lmm.fit(formula, table), type)
        tiny = anova(lmm.fit(formula, table.assign(age=table["age"] * 1e9)), type)
        for row, same in zip(plain.rows, tiny.rows, strict=True):
            assert same.test.statistic == pytest.approx(row.test.statistic, rel=1e-6)
            assert same.test.denominator == pytest.approx(row.test.denominator, rel=1e-6)


def test_type_I_adds_up_and_depends_on_the_order_where_type_II_does_not():
    table = table_of("unbalanced interaction")
    first = lmm.fit("weight ~ sex + Treatment + (1 | Litter)", table)
    second = lmm.fit("weight ~ Treatment + sex + (1 | Litter)", table)
    assert anova(first, "I")["sex"].test.statistic != pytest.approx(anova(second, "I")["sex"].test.statistic, rel=1e-3)
    for type in ("II", "III"):
        assert anova(first, type)["sex"].test.statistic == pytest.approx(anova(second, type)["sex"].test.statistic)
    last = anova(first, "I")["Treatment"].test
    assert last.statistic == pytest.approx(anova(first, "II")["Treatment"].test.statistic)


def test_a_balanced_layout_has_the_classical_sums_of_squares():
    # Oats (Yates 1935): mean squares of nitrogen and of the interaction over that of the sub-plots, 177.083.
    for type in TYPES:
        found = anova(fitted("oats-factor"), type, "kenward-roger")
        assert found["factor(nitro)"].sum_of_squares == pytest.approx(20020.5, rel=1e-5)
        assert found["Variety:factor(nitro)"].sum_of_squares == pytest.approx(321.75, rel=1e-5)
        assert found["factor(nitro)"].test.denominator == pytest.approx(45.0, rel=1e-6)
        assert found["Variety"].test.denominator == pytest.approx(10.0, rel=1e-6)


def test_kenward_roger_with_weights_as_pbkrtest_has_them_of_transformed_columns():
    reference = from_r()["weighted"]
    case = reference_cases()["sleepstudy-weights"]
    fit = lmm.fit("Reaction ~ Days + I(Days^2) + (Days | Subject)", read_table(case), weights=case["weights"])
    for how, expected in reference.items():
        chosen = small_sample(fit, how.lower())
        test = chosen.f_test(np.eye(3)[1:])
        assert test.numerator == expected["numdf"]
        assert test.denominator == pytest.approx(expected["dendf"], rel=1e-4)
        assert test.statistic == pytest.approx(expected["F"], rel=1e-5)
        np.testing.assert_allclose([chosen.t_test(row).se for row in np.eye(3)], expected["se"], rtol=1e-5)
        np.testing.assert_allclose([chosen.t_test(row).df for row in np.eye(3)], expected["df"], rtol=1e-4)


def test_a_term_that_others_explain_has_no_test_and_says_why():
    for type in TYPES:
        row = anova(model_of("three factors"), type)["log(conc)"]
        assert (row.test, row.sum_of_squares) == (None, None)
        assert "nothing to test" in row.reason
        assert row.to_dict()["test"] is None


def test_empty_cells_are_named():
    (note,) = anova(model_of("empty cell"), "III").notes
    assert "factor(nitro)0.6" in note and "care" in note
    assert anova(model_of("empty cell"), "II").notes == ()


def test_wald_chi_squared_is_the_limit_of_many_degrees_of_freedom():
    found = anova(fitted("ratpup"), "II", "normal")
    row = found["sex:Treatment"]
    assert row.test.to_dict()["denominator"] is None
    chi_squared = row.test.statistic * row.test.numerator
    assert row.test.p == pytest.approx(np.exp(-chi_squared / 2), rel=1e-9)  # the tail of χ² with 2 df


def test_notes_tell_of_refits_and_singular_models():
    assert "refitted by REML" in anova(model_of("by ML")).notes[0]
    assert any("singular" in note for note in anova(model_of("singular")).notes)


def test_a_table_of_nothing():
    assert anova(fitted("dyestuff")).rows == ()


def test_json_has_every_number_and_no_nan():
    found = anova(model_of("rank deficient"), "III").to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_refusals():
    with pytest.raises(InputError, match="type 'IV'"):
        anova(fitted("ratpup"), "IV")
    with pytest.raises(InputError, match="fit it anew"):
        anova(lmm.Fit.from_json(fitted("dyestuff").to_json()))
