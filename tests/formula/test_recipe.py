"""New rows laid out like the fitted ones, also after the recipe went through JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from lmm.errors import InputError
from lmm.formula import DesignRecipe, parse

rng = np.random.default_rng(2)
n = 30
DATA = pd.DataFrame(
    {
        "y": rng.normal(size=n),
        "x": rng.normal(size=n),
        "z": rng.exponential(size=n) + 0.1,
        "a": list("pqr") * 10,
        "g": np.repeat([7, 3, 20, 15, 4], 6),
        "h": ["u v", "w:x", "y"] * 10,
        "t": pd.Categorical(["lo", "hi", "mid"] * 10, ["lo", "mid", "hi"], ordered=True),
        "on": [True, False] * 15,
    }
)
FORMULAS = [
    "y ~ x * a + (x | g)",
    "y ~ poly(x, 3) + scale(z) + center(z):a + (poly(x, 2) | g/h)",
    "y ~ bs(x, df = 5) + ns(z, 3) + cr(x, df = 4) + (1 | h)",
    "y ~ cr(z, df = 3, constraints = 'center') + cc(x, df = 3)",
    "y ~ log(scale(z) + 2) + scale(log(z), scale = FALSE) + I(x - mean(x)) + I(x / sd(x)) + I(x - min(x))",
    "y ~ I(x < median(x)) + I(max(x) - x) + poly(x, 2, raw = TRUE)",
    "y ~ t * on + C(t, contr.sum):x + (0 + t || g)",
    "y ~ C(a, contr.treatment, base = 'r') + C(a, contr.poly, scores = c(1, 2, 4)):x + relevel(a, 'q')",
    "y ~ factor(g) + factor(a, labels = c('A', 'B', 'C')) + as.numeric(a) + ordered(g) + (on * x | h)",
    "y ~ I(a == 'q') + ifelse(on, x, z) + pmin(x, z, 0) + round(x, 1) + offset(log(z)) + (1 | factor(g):h)",
]


def through_json(recipe):
    return DesignRecipe.from_dict(json.loads(json.dumps(recipe.to_dict())))


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_fitted_rows_come_out_again(formula):
    design = parse(formula).design(DATA)
    recipe = through_json(design.recipe)
    assert recipe == design.recipe
    np.testing.assert_allclose(recipe.fixed(DATA), design.X, rtol=1e-13, atol=1e-13)
    random = recipe.random(DATA)
    assert len(random) == len(design.random)
    for (columns, labels), term in zip(random, design.random, strict=True):
        np.testing.assert_allclose(columns, term.columns, rtol=1e-13, atol=1e-13)
        assert list(labels) == [term.levels[code] for code in term.codes]
    if design.offset is not None:
        np.testing.assert_array_equal(recipe.offset(DATA), design.offset)


@pytest.mark.parametrize("formula", FORMULAS)
def test_each_row_is_laid_out_by_itself(formula):
    recipe = parse(formula).design(DATA).recipe
    for row in (0, 17):
        alone = DATA.iloc[[row]].assign(t=DATA.t.astype(str).iloc[[row]])
        np.testing.assert_allclose(recipe.fixed(alone), recipe.fixed(DATA)[[row]], rtol=1e-12, atol=1e-12)


def test_groups_are_matched_by_label_whatever_their_type():
    recipe = parse("y ~ (1 | g)").design(DATA).recipe
    new = [7, 99, None]
    for column in (pd.Series(new, dtype="Int64"), pd.Series(new, dtype=float), pd.Series(["7", "99", None])):
        ((_, labels),) = recipe.random(pd.DataFrame({"g": column}))
        assert list(labels) == ["7", "99", None]


def test_labels_of_an_interaction_are_missing_where_one_of_its_factors_is():
    recipe = parse("y ~ (1 | g:h)").design(DATA).recipe
    ((columns, labels),) = recipe.random(pd.DataFrame({"g": [3, 3, np.nan], "h": ["w:x", None, "y"]}))
    assert list(labels) == ["3:w:x", None, None]
    np.testing.assert_array_equal(columns, np.ones((3, 1)))


def test_missing_values_give_missing_columns():
    recipe = parse("y ~ x + a + poly(z, 2)").design(DATA).recipe
    new = pd.DataFrame({"x": [1, np.nan, 2], "a": [None, "q", "r"], "z": [1.0, 2.0, np.nan]})
    missing = np.isnan(recipe.fixed(new))
    assert missing.tolist() == [
        [False, False, True, True, False, False],
        [False, True, False, False, False, False],
        [False, False, False, False, True, True],
    ]
    assert np.isnan(recipe.fixed(new.assign(x=np.nan, a=None, z=np.nan))[:, 1:]).all()


def test_fixed_columns_need_no_groups_and_no_outcome():
    recipe = parse("y ~ x + (z | g)").design(DATA).recipe
    np.testing.assert_array_equal(recipe.fixed(pd.DataFrame({"x": [1.0]})), [[1, 1]])


def test_offsets():
    assert parse("y ~ x").design(DATA).recipe.offset(DATA) is None
    recipe = through_json(parse("y ~ x + offset(z)").design(DATA, offset="x").recipe)
    np.testing.assert_allclose(recipe.offset(DATA.iloc[:2]), (DATA.z + DATA.x).iloc[:2])


def test_an_unknown_level_of_a_predictor():
    recipe = parse("y ~ a").design(DATA).recipe
    with pytest.raises(InputError, match=r"new data have a = 'zz', which was not among the rows .* \('p', 'q', 'r'\)"):
        recipe.fixed(pd.DataFrame({"a": ["p", "zz"]}))


def test_rows_with_an_unknown_level_are_named_and_missing_or_grouping_ones_are_not():
    recipe = through_json(
        parse("y ~ x + factor(x) + (0 + a | g)").design(DATA.assign(x=[1.0, 2.0] * (len(DATA) // 2))).recipe
    )
    new = pd.DataFrame({"x": [1.0, 3.0, np.nan, 2.0, 1.0], "a": ["p", "q", "q", "zz", None], "g": ["new"] * 5})
    assert recipe.unknown_levels(new).tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("formula", "label"),
    [
        ("y ~ x", "x"),
        ("y ~ log(abs(x)) + (1 | g)", "log(abs(x))"),
        ("y ~ x:a", "x"),
        ("y ~ x:z", "x"),
        ("y ~ poly(x, 2)", "poly(x, 2)"),
        ("y ~ (x | g)", "x"),
        ("y ~ offset(x)", "offset(x)"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_an_infinite_value_is_refused_as_in_fitting_and_a_missing_one_is_not(formula, label):
    recipe = parse(formula).design(DATA).recipe
    new = DATA.iloc[:3].assign(x=[1, np.nan, 0 if "log" in formula else np.inf])

    def lay_out(rows):
        return [recipe.fixed(rows), *recipe.random(rows), recipe.offset(rows)]

    with pytest.raises(InputError) as caught:
        lay_out(new)
    assert str(caught.value).startswith(label if "poly" in formula else f"'{label}' is infinite in row 2")
    lay_out(new.iloc[:2])


@pytest.mark.filterwarnings("error")
def test_a_product_that_overflows_is_refused():
    recipe = parse("y ~ x:z").design(DATA).recipe
    with pytest.raises(InputError, match="'x:z' is infinite in row 1"):
        recipe.fixed(pd.DataFrame({"x": [1.0, 1e200], "z": [1.0, 1e200]}))


def test_text_where_numbers_were():
    recipe = parse("y ~ x").design(DATA).recipe
    with pytest.raises(InputError, match="'x' holds text"):
        recipe.fixed(pd.DataFrame({"x": ["high"]}))
