"""Identities that hold for every formula and table, and arbitrary text, by hypothesis."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from lmm.errors import InputError
from lmm.formula import parse

rng = np.random.default_rng(3)
n = 40
DATA = pd.DataFrame(
    {
        "y": rng.normal(size=n),
        "x": rng.normal(size=n),
        "z": rng.exponential(size=n) + 0.5,
        "a": rng.permutation(list("pqrs") * 10),
        "b": rng.permutation(["u", "v"] * 20),
        "on": rng.random(n) < 0.5,
        "g": rng.permutation(np.repeat([3, 1, 12, 7], 10)),
        "h": rng.permutation(list("klmno") * 8),
    }
)
variables = st.sampled_from(["x", "z", "a", "b", "on", "I(x^2)", "log(z)", "poly(x, 2)", "scale(z)", "factor(g)"])
expressions = st.recursive(
    variables,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "+", "*", ":", "/", "-", "%in%"]), inner),
    max_leaves=4,
)
right_sides = st.builds("{}{}".format, st.sampled_from(["", "0 + ", "1 + "]), expressions)
groups = st.sampled_from(["g", "h", "h/b", "b:on"])
random_terms = st.builds("({} {} {})".format, right_sides, st.sampled_from(["|", "||"]), groups)
formulas = st.builds(
    lambda right, random: " + ".join(["y ~ " + right, *random]), right_sides, st.lists(random_terms, max_size=2)
)
few = settings(max_examples=60, deadline=None)


@given(formulas, st.randoms(use_true_random=False))
@few
def test_rows_in_another_order_give_the_same_rows(formula, random):
    order = list(range(n))
    random.shuffle(order)
    try:
        design = parse(formula).design(DATA)
    except InputError as error:
        assert "no effect in it" in str(error)  # a random term that removed itself
        return
    shuffled = parse(formula).design(DATA.iloc[order])
    assert shuffled.names == design.names
    np.testing.assert_allclose(shuffled.X, design.X[order], rtol=1e-9, atol=1e-12)
    for mine, other in zip(design.random, shuffled.random, strict=True):
        assert (mine.group, mine.names, mine.levels) == (other.group, other.names, other.levels)
        np.testing.assert_allclose(other.columns, mine.columns[order], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(other.codes, mine.codes[order])


@given(formulas, st.permutations(["α", "Zulu", " b", "10"]))
@few
def test_relabelled_levels_change_nothing_but_names(formula, labels):
    relabelled = DATA.assign(a=pd.Categorical(DATA.a).rename_categories(dict(zip("pqrs", labels, strict=True))))
    try:
        before, after = (parse(formula).design(data) for data in (DATA, relabelled))
    except InputError as error:
        assert "no effect in it" in str(error)
        return
    np.testing.assert_array_equal(before.X, after.X)
    for mine, other in zip(before.random, after.random, strict=True):
        np.testing.assert_array_equal(mine.columns, other.columns)


@given(expressions, expressions)
@few
def test_algebra_of_terms(one, two):
    def terms(text):
        formula = parse("y ~ " + text).fixed
        return {frozenset(formula.labels[v] for v in term) for term in formula.terms}

    assert terms(f"{one} * {two}") == terms(f"{one} + {two} + {one}:{two}")
    assert terms(f"({one} + {two})^2") == terms(f"({one} + {two}) * ({one} + {two})")
    assert terms(f"{one} + {two}") == terms(one) | terms(two)
    assert terms(f"{one} + {two} - {two}") == terms(one) - terms(two)
    assert terms(f"{one} - {one}") == set()


def column_space(X):
    left, singular, _ = np.linalg.svd(X, full_matrices=False)
    return left[:, singular > 1e-9 * singular.max()]


@given(expressions)
@few
def test_leaving_out_the_intercept_keeps_the_column_space_where_a_factor_can_take_its_place(right):
    with_intercept, without = (parse(f"y ~ {start} + a + {right}").design(DATA).X for start in "10")
    one, two = column_space(with_intercept), column_space(without)
    assert one.shape == two.shape
    np.testing.assert_allclose(one @ (one.T @ two), two, atol=1e-8)


@given(formulas)
@few
def test_a_formulas_text_is_the_same_formula(formula):
    try:
        parsed = parse(formula)
    except InputError as error:
        assert "no effect in it" in str(error)
        return
    again = parse(str(parsed))
    assert again == parsed and str(again) == str(parsed)
    assert str(again.fixed) == str(parsed.fixed)
    assert [str(part.terms) for part in again.random] == [str(part.terms) for part in parsed.random]


pieces = st.sampled_from(
    "y x a g on ~ + - * / : ^ ** | || ( ) , = == < ! & %in% 0 1 2.5 3L 1e999 'p' TRUE I( log( poly( bs( scale( factor( "
    "C( offset( c( contr.sum df= `a ` . \\ [ # @ é 日本 \t \n ::".split(" ")
)
soup = st.lists(pieces, max_size=15).map(" ".join)


@given(st.one_of(st.text(max_size=40), soup, soup.map("y ~ ".__add__), st.text(max_size=20).map("y ~ x + ".__add__)))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_formula_or_an_input_error(text):
    try:
        parse(text).design(DATA)
    except InputError:
        pass


@given(st.text(min_size=1, max_size=8).filter(lambda name: name not in DATA and name != "."))  # as in R, `.` is .
@few
def test_any_name_of_a_column_works_in_backticks(name):
    quoted = "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
    design = parse(f"y ~ {quoted} + ({quoted} | g)").design(DATA.assign(**{name: DATA.x}))
    np.testing.assert_array_equal(design.X[:, 1], DATA.x)
    assert design.random[0].names == design.names
    assert parse(str(parse(f"y ~ {quoted}"))).variables == ("y", name)
