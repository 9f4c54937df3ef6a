"""Contrasts and their families: emmeans' numbers, tables of orthogonal polynomials, what cannot be asked."""

import numpy as np
import pytest

from lmm.errors import InputError
from lmm.infer.contrasts import consecutive, contrasts, custom, pairwise, polynomial, versus_control
from lmm.infer.margins import marginal_means
from lmm.infer.smallsample import small_sample
from tests.infer.effects import assert_agree, fitted, numbers_of_r, table_of

METHODS = ("satterthwaite", "kenward-roger")
RATPUP = "weight ~ sex * Treatment + Lsize + (1 | Litter)"
ASKED = {
    "tukey": (pairwise(), "tukey"),
    "holm": (pairwise(), "holm"),
    "bonferroni": (pairwise(), "bonferroni"),
    "none": (versus_control("Low"), "none"),
    "consecutive": (consecutive(), "none"),
    "custom": (custom({"dose": [-1, 0.5, 0.5]}), None),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ASKED)
def test_families_and_adjustments_are_those_of_emmeans(name, method):
    fit = fitted(RATPUP, "ratpup")
    family, adjustment = ASKED[name]
    means = marginal_means(fit, table_of("ratpup"), "Treatment")
    found = contrasts(means, family, small_sample(fit, method), adjustment=adjustment)
    expected = numbers_of_r()["ratpup"][method][name]
    assert [one.name for one in found] == np.atleast_1d(expected["labels"]).tolist()
    assert_agree(found, {key: np.atleast_1d(values).tolist() for key, values in expected.items()}, estimate="estimate")


@pytest.mark.parametrize("method", METHODS)
def test_all_differences_of_six_cells(method):
    fit = fitted(RATPUP, "ratpup")
    means = marginal_means(fit, table_of("ratpup"), ("sex", "Treatment"))
    found = contrasts(means, pairwise(), small_sample(fit, method))
    expected = numbers_of_r()["ratpup"][method]["cells_tukey"]
    assert [one.name.replace(",", "") for one in found] == expected["labels"]
    assert_agree(found, expected, estimate="estimate")


@pytest.mark.parametrize(
    "formula, case, over", [(RATPUP, "ratpup", "Treatment"), (RATPUP, "ratpup", ("sex", "Treatment")),
                            ("effort ~ Type + (1 | Subject)", "ergostool", "Type")],
)  # fmt: skip
def test_dunnett_takes_the_contrasts_own_correlations(formula, case, over):
    # mvtnorm's probabilities at the contrasts' own degrees of freedom, see effects_fixtures.R
    fit = fitted(formula, case)
    found = contrasts(marginal_means(fit, table_of(case), over), versus_control(), small_sample(fit))
    expected = numbers_of_r()["dunnett"]["cells" if isinstance(over, tuple) else case]["p.value"]
    assert [one.p for one in found] == pytest.approx(expected, rel=1e-3, abs=2e-6)


def test_dunnett_is_nearer_the_truth_than_emmeans_approximation():
    expected, approximate = (numbers_of_r()["dunnett"][name]["p.value"] for name in ("cells", "dunnettx"))
    fit = fitted(RATPUP, "ratpup")
    found = contrasts(
        marginal_means(fit, table_of("ratpup"), ("sex", "Treatment")), versus_control(), small_sample(fit)
    )
    for one, exact, dunnettx in zip(found, expected, approximate, strict=True):
        if exact > 1e-5:  # below, mvtnorm's own error is larger than the difference
            assert abs(one.p - exact) < 0.1 * abs(dunnettx - exact)


def test_polynomial_contrasts_of_an_ordered_factor():
    fit, table = (
        fitted("angle ~ recipe * temperature + (1 | recipe:replicate)", "cake-ordered"),
        table_of("cake-ordered"),
    )
    small = small_sample(fit)
    found = contrasts(marginal_means(fit, table, "temperature"), polynomial(), small)
    assert_agree(found, numbers_of_r()["cake"]["polynomial"], estimate="estimate")
    found = contrasts(marginal_means(fit, table, "temperature", by="recipe"), polynomial(2), small)
    assert_agree(found, numbers_of_r()["cake"]["by"], estimate="estimate")
    assert [one.by["recipe"] for one in found] == ["A", "A", "B", "B", "C", "C"]


def test_polynomials_are_those_of_the_tables():
    # Fisher & Yates, table XXIII
    assert polynomial()(list("abc")).weights.tolist() == [[-1, 0, 1], [1, -2, 1]]
    assert polynomial()(list("abcd")).weights.tolist() == [[-3, -1, 1, 3], [1, -1, -1, 1], [-1, 3, -3, 1]]
    unequal = polynomial(scores=[0, 0.1, 0.4])(list("abc")).weights
    assert unequal.sum(1).tolist() == [0, 0] and unequal[0] @ unequal[1] == 0
    assert unequal[1] @ np.array([0, 0.1, 0.4]) == pytest.approx(0)


def test_families_lie_within_the_by_variables():
    fit = fitted(RATPUP, "ratpup")
    found = contrasts(marginal_means(fit, table_of("ratpup"), "Treatment", by="sex"), pairwise(), small_sample(fit))
    assert [one.by["sex"] for one in found] == ["Male"] * 3 + ["Female"] * 3
    assert {one.family for one in found} == {3}


def test_intervals_and_p_values_agree_with_each_other():
    fit = fitted(RATPUP, "ratpup")
    small = small_sample(fit)
    means = marginal_means(fit, table_of("ratpup"), ("sex", "Treatment"))
    for family, adjustment in ((pairwise(), "tukey"), (versus_control(), "dunnett"), (consecutive(), "bonferroni")):
        for one in contrasts(means, family, small, adjustment=adjustment, level=0.9):
            assert (one.p < 0.1) == (one.lower > 0 or one.upper < 0)
            assert one.p >= one.p_single


@pytest.mark.parametrize(
    "family, adjustment, sentence",
    [
        (versus_control("Huge"), None, "control 'Huge' is not among the levels 'Control', 'Low', 'High'"),
        (custom({"half": [1, -1]}), None, "'half' has 2 weights for the 3 levels"),
        (polynomial(3), None, "3 levels carry polynomial contrasts of degree 1 to 2"),
        (polynomial(scores=[1, 2, 2]), None, "give as many different scores"),
        (versus_control(), "tukey", "Tukey's adjustment is for all pairwise differences only"),
        (pairwise(), "scheffe", "no adjustment 'scheffe'"),
    ],
)
def test_mistakes_are_named(family, adjustment, sentence):
    fit = fitted(RATPUP, "ratpup")
    with pytest.raises(InputError, match=sentence):
        contrasts(
            marginal_means(fit, table_of("ratpup"), "Treatment"), family, small_sample(fit), adjustment=adjustment
        )


def test_one_level_has_no_contrast():
    fit = fitted(RATPUP, "ratpup")
    with pytest.raises(InputError, match="needs two levels"):
        contrasts(marginal_means(fit, table_of("ratpup"), "sex", at={"sex": "Male"}), pairwise(), small_sample(fit))


def test_a_difference_the_model_does_not_have_is_no_test():
    fit = fitted("weight ~ sex + Treatment + (1 | Litter)", "ratpup")
    means = marginal_means(fit, table_of("ratpup"), "sex", at={"sex": ["Male", "Male"]})
    (one,) = contrasts(means, pairwise(), small_sample(fit))
    assert one.p is None and "no such difference" in one.reason
