"""Which means selection may reach: marginality, blocks, terms that are held, and how many means there are."""

import itertools

import pytest

from lmm.errors import InputError
from lmm.select.scope import Scope
from tests.select.selections import STUDIES


def smaller(formula, *protected):
    """Labels of the terms that may go first."""
    scope = Scope.of(formula, protected)
    return [scope.terms[place] for mean in scope.without_one(scope.full) for place in scope.full if place not in mean]


def larger(formula, *protected):
    """Labels of the terms that may come in first."""
    scope = Scope.of(formula, protected)
    return [
        scope.terms[place] for mean in scope.with_one(scope.smallest) for place in mean if place not in scope.smallest
    ]


@pytest.mark.parametrize(
    ("mean", "may_go", "may_come"),
    [
        ("a * b + c", ["c", "a:b"], ["a", "b", "c"]),
        ("poly(x, 2) * a", ["poly(x, 2):a"], ["poly(x, 2)", "a"]),
        ("ns(x, df = 3) + bs(z) + ns(x, df = 3):a + a", ["bs(z)", "ns(x, df = 3):a"], ["ns(x, df = 3)", "bs(z)", "a"]),
        ("x + I(x^2) + I(x^3)", ["I(x^3)"], ["x"]),
        ("x + I(x^2) + x:a + a + I(x^2):a", ["I(x^2):a"], ["x", "a"]),
        ("x + I((x - 4)^2)", ["I((x - 4)^2)"], ["x"]),
        ("poly(x, 2) + a + x:a", ["a:x"], ["poly(x, 2)", "a"]),
        ("x + ns(x, df = 3) + x:a", ["ns(x, df = 3)", "x:a"], ["x", "ns(x, df = 3)"]),
        ("factor(a) + log(x) + x", ["factor(a)", "log(x)", "x"], ["factor(a)", "log(x)", "x"]),
        ("a / b", ["a:b"], ["a"]),
        ("1", [], []),
    ],
)
def test_marginality_and_blocks(mean, may_go, may_come):
    assert smaller(f"y ~ {mean} + (1 | g)") == may_go
    assert larger(f"y ~ {mean} + (1 | g)") == may_come


def test_a_protected_term_never_moves_nor_what_it_contains():
    scope = Scope.of("y ~ a * b * c + poly(x, 2) + (1 | g)", ["b:a", "poly(x,2)"])
    assert {scope.terms[place]: reason for place, reason in scope.held.items()} == {
        "a": "contained in a:b",
        "b": "contained in a:b",
        "poly(x, 2)": "protected",
        "a:b": "protected",
    }
    assert scope.labels(scope.movable) == ("c", "a:c", "b:c", "a:b:c")
    for mean in scope.means():
        assert set(scope.smallest) <= set(mean)
    with pytest.raises(InputError, match=r"The fixed part 'a \+ b' has no term d that could stay: name a or b\."):
        Scope.of("y ~ a + b + (1 | g)", ["d"])
    with pytest.raises(InputError, match=r"has no term 1 that could stay"):
        Scope.of("y ~ a + b + (1 | g)", ["1"])


@pytest.mark.parametrize(
    ("mean", "random", "held"),
    [
        ("poly(x, 2) + z", "(x | g)", ["poly(x, 2)"]),
        ("ns(x, df = 3) * a + z", "(x | g)", ["ns(x, df = 3)"]),
        ("a / x", "(x | g)", ["a", "a:x"]),
        ("x + a:x + I(x^2)", "(x | g)", ["x"]),
        ("I(x - 4) + I((x - 4)^2)", "(x || g)", ["I(x - 4)"]),
        ("x + I((x - 4)^2)", "(0 + I(x^2) | g)", ["x", "I((x - 4)^2)"]),
        ("a:b + x", "(0 + a | g)", ["a:b"]),
        ("a + b", "(x | g)", []),
        ("a + b", "(1 | g)", []),
    ],
)
def test_a_random_slope_holds_the_terms_about_which_it_varies(mean, random, held):
    scope = Scope.of(f"y ~ {mean} + {random}")
    assert list(scope.labels(scope.smallest)) == held


def test_a_term_with_a_random_slope_stays_in_the_mean():
    scope = Scope.of("y ~ x + z + x:z + I(x^2) + (x | g) + (0 + x:z | h)")
    assert {scope.terms[place]: reason for place, reason in scope.held.items()} == {
        "x": "varies over g",
        "z": "contained in x:z",
        "x:z": "varies over h",
    }
    assert scope.labels(scope.movable) == ("I(x^2)",)


@pytest.mark.parametrize(
    ("mean", "number"),
    [
        # Sets of k factors' terms that contain their margins: the Dedekind numbers less one, for the intercept stays.
        ("a * b", 5),
        ("a * b * c", 19),
        ("a * b * c * d", 167),
        ("a * b * c * d * e", 7580),
        ("a + b + c + d + e + f + h + i + j + k", 1024),
        ("a * b + c * d + e", 50),
        ("x + I(x^2) + I(x^3)", 4),
        ("1", 1),
    ],
)
def test_the_number_of_means_is_known_before_they_are_listed(mean, number):
    scope = Scope.of(f"y ~ {mean} + (1 | g)")
    assert scope.number_of_means() == number
    if number < 2000:
        means = list(scope.means())
        assert len(set(means)) == len(means) == number


def test_forty_terms_are_counted_without_being_listed():
    terms = " + ".join(f"x{i}" for i in range(40))
    assert Scope.of(f"y ~ {terms} + (1 | g)", ["x0"]).number_of_means() == 2**39


def test_where_too_many_are_to_be_counted_it_is_known_how_many_they_are_at_least():
    scope = Scope.of("y ~ a * b * c * d * e * f * h + (1 | g)")
    assert scope.number_of_means() is None
    assert scope.least_number_of_means() == 2**35  # the sets of interactions of three factors
    assert scope.number_in_words == "more than 34,359,738,368 means"
    for mean in ("a * b * c", "a + b + x * z", "x + I(x^2) + I(x^3)", "1"):
        scope = Scope.of(f"y ~ {mean} + (1 | g)", [])
        assert scope.least_number_of_means() <= scope.number_of_means()


@pytest.mark.parametrize("protected", [[], ["b"], ["a:c"]])
def test_the_means_are_those_that_have_all_margins(protected):
    scope = Scope.of("y ~ a * b * c + x + I(x^2) + x:b + (1 | g)", protected)
    brute = {
        mean
        for size in range(len(scope.full) + 1)
        for mean in itertools.combinations(scope.full, size)
        if set(scope.smallest) <= set(mean) and all(scope.margins[place] <= set(mean) for place in mean)
    }
    assert set(scope.means()) == brute
    assert scope.number_of_means() == len(brute)


@pytest.mark.parametrize("name", STUDIES)
def test_the_means_are_those_of_r(name):
    scope = Scope.of(STUDIES[name]["formula"])
    assert {scope.labels(mean) for mean in scope.means()} == {tuple(mean["terms"]) for mean in STUDIES[name]["means"]}


def test_formulas_keep_intercept_offset_and_random_part():
    scope = Scope.of("log(y) ~ 0 + a + x + offset(z) + (x || g) + (1 | h)")
    assert scope.formula_of(scope.smallest) == "log(y) ~ 0 + x + offset(z) + (x || g) + (1 | h)"
