"""Which terms may be dropped alone."""

import pytest

from lmm.formula import parse
from lmm.formula.marginality import droppable, mean_without, null_mean


@pytest.mark.parametrize(
    ("mean", "terms"),
    [
        ("age * Sex", ["age:Sex"]),
        ("age + Sex", ["age", "Sex"]),
        ("a * b * c", ["a:b:c"]),
        ("a * b + c", ["c", "a:b"]),
        ("age + I(age^2)", ["I(age^2)"]),
        ("age + I(age^2) + I(age**3)", ["I(age^3)"]),
        ("age + I(age^2) + sex + I(age^2):sex", ["I(age^2):sex"]),
        ("x + I(x - 2)", ["x", "I(x - 2)"]),
        ("I(age - 11) + I((age - 11)^2)", ["I((age - 11)^2)"]),
        ("age + I((age - 11)^2)", ["I((age - 11)^2)"]),
        ("I(age + 2) + I(age + 2):sex + I((age + 2)^3)", ["I((age + 2)^3)", "I(age + 2):sex"]),
        ("I(log(x) - 1) + I((log(x) - 1)^2) + x", ["I((log(x) - 1)^2)", "x"]),
        ("age + pmax(age - 10, 0) + pmax(age - 12, 0)", ["pmax(age - 10, 0)", "pmax(age - 12, 0)"]),
        ("I(age - 8) + pmax(age - 10, 0) + pmax(z, 0)", ["pmax(age - 10, 0)", "pmax(z, 0)"]),
        ("age * sex + pmax(age - 10, 0) * sex", ["sex:pmax(age - 10, 0)"]),
        ("poly(x, 2) + z", ["poly(x, 2)", "z"]),
        ("1", []),
    ],
)
def test_a_term_contained_in_another_stays(mean, terms):
    assert droppable(parse(f"y ~ {mean}").fixed) == terms


def test_the_smaller_mean_keeps_intercept_and_offsets():
    terms = parse("y ~ a * b + offset(n)").fixed
    assert mean_without(terms, "a:b") == "a + b + offset(n)"
    assert null_mean(terms) == "1 + offset(n)"
    assert mean_without(parse("y ~ 0 + f + x").fixed, "f") == "0 + x"
    assert mean_without(parse("y ~ x").fixed, "x") == "1"
