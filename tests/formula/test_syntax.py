"""How formulas are read: structure, texts, and the place of a mistake."""

import pytest

from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.deparse import deparse, number_text
from lmm.formula.syntax import parse_expression


def random_terms(text):
    return [(str(part.terms), part.group_label, part.independent) for part in parse(text).random]


def test_parts_of_a_formula():
    formula = parse("log1p(TICKS)~YEAR+cHEIGHT+(1|BROOD)+( 1|LOCATION )")
    assert formula.outcome == "log1p(TICKS)"
    assert formula.fixed_text == "YEAR + cHEIGHT"
    assert formula.random_texts == ("(1 | BROOD)", "(1 | LOCATION)")
    assert formula.variables == ("TICKS", "YEAR", "cHEIGHT", "BROOD", "LOCATION")
    assert str(formula) == "log1p(TICKS) ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION)"
    assert parse(str(formula)) == formula


def test_the_same_text_is_parsed_once():
    assert parse("y ~ x + (x | g)") is parse("y ~ x + (x | g)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y ~ (x | g)", [("1 + x", "g", False)]),
        ("y ~ ((x | g))", [("1 + x", "g", False)]),
        ("y ~ (1 + x + z || g)", [("1 + x + z", "g", True)]),
        ("y ~ (0 + x | g)", [("0 + x", "g", False)]),
        ("y ~ (x - 1 | g)", [("0 + x", "g", False)]),
        ("y ~ (1 | a/b)", [("1", "a", False), ("1", "a:b", False)]),
        ("y ~ (1 | a/b/c)", [("1", "a", False), ("1", "a:b", False), ("1", "a:b:c", False)]),
        ("y ~ (1 | a/(b:c))", [("1", "a", False), ("1", "a:b:c", False)]),
        ("y ~ (1 | (a:b))", [("1", "a:b", False)]),
        ("y ~ (x*z | g)", [("1 + x + z + x:z", "g", False)]),
        ("y ~ (a + (1 | g)) + (x | h)", [("1", "g", False), ("1 + x", "h", False)]),
        ("y ~ (1 | `my group`)", [("1", "my group", False)]),
    ],
)
def test_random_terms(text, expected):
    assert random_terms(text) == expected


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("y ~ (1 | g)", "1"),
        ("y ~ (1 | g) - 1", "0"),
        ("y ~ (1 | g) + 0", "0"),
        ("y ~ 0 + (x | g) + a", "0 + a"),
        ("y ~ a*b*c - a:b:c", "1 + a + b + c + a:b + a:c + b:c"),
        ("y ~ (a + b + c)^2", "1 + a + b + c + a:b + a:c + b:c"),
        ("y ~ (a + b + c)**9", "1 + a + b + c + a:b + a:c + b:c + a:b:c"),
        ("y ~ a/b/c", "1 + a + a:b + a:b:c"),
        ("y ~ (a + b)/c", "1 + a + b + a:b:c"),
        ("y ~ a:b + b", "1 + b + a:b"),
        ("y ~ b + a:b", "1 + b + b:a"),
        ("y ~ a %in% (b + c)", "1 + a:b:c"),
        ("y ~ a - a", "1"),
        ("y ~ x + offset(log(n))", "1 + x + offset(log(n))"),
    ],
)
def test_terms_of_the_fixed_part(text, fixed):
    assert str(parse(text).fixed) == fixed


@pytest.mark.parametrize(
    ("text", "as_r_prints_it"),
    [
        ("I( x ^ 2 )", "I(x^2)"),
        ("I(x**2)", "I(x^2)"),
        ("a/b", "a/b"),
        ("a*b-c", "a * b - c"),
        ("-x", "-x"),
        ("!l", "!l"),
        ("(x>0)&(z<=1)", "(x > 0) & (z <= 1)"),
        ("poly(x,2,raw=TRUE)", "poly(x, 2, raw = TRUE)"),
        ("relevel(a,'q')", 'relevel(a, "q")'),
        ("`my col`+`ok`", "`my col` + ok"),
        ("f(2L, 0.50, 1e5, 1e-5, 123456, 100000, 0.0001)", "f(2L, 0.5, 1e+05, 1e-05, 123456, 1e+05, 1e-04)"),
        ("f(0.1234567890123456, 1e15, 1234567890123, 3.0)", "f(0.123456789012346, 1e+15, 1234567890123, 3)"),
        ("splines::bs(x,df=3)", "splines::bs(x, df = 3)"),
        ("2^-1", "2^-1"),
    ],
)
def test_spelling_of_expressions(text, as_r_prints_it):
    assert deparse(parse_expression(text)) == as_r_prints_it


def test_numbers_survive_their_text():
    for number in (0.1, 1 / 3, 12345.678, 1e-300, 1e300, 5e-324):
        assert float(number_text(number)) == pytest.approx(number, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "marked", "sentence"),
    [
        ("y ~ x + )", ")", "has ')' where a column, a number or a function"),
        ("y ~ x x", "x", "has 'x' where an operator or the end"),
        ("y ~ x + (1 | g", "", "ends where a closing parenthesis"),
        ("y ~ poly(x 2)", "2)", "has '2' where a comma or a closing parenthesis"),
        ("y ~ x + `a", "`a", "opens a quote ` that is never closed"),
        ('y ~ f("a', '"a', 'opens a quote " that is never closed'),
        ("y ~ x[1]", "[1]", "no use for '['"),
        ("y ~ x @ z", "@ z", "cannot use the character '@'"),
        ("y ~ x ~ z", "~ z", "has '~' where"),
        ("y + x", "", "no '~'"),
        ("~ x", "~ x", "no outcome left of '~'"),
        ("y ~ x | g", "| g", "needs parentheses around it"),
        ("y ~ x - (1 | g)", "(1 | g)", "cannot be removed with '-'"),
        ("y ~ x * (1 | g)", "| g)", "must be added with '+'"),
        ("y ~ (x | g | h)", "| h)", "takes one bar"),
        ("y ~ (0 | g)", "0 | g)", "no effect in it"),
        ("y ~ (1 | g + h)", "+ h)", "takes one grouping factor"),
        ("y ~ (1 | 1)", "1)", "must be a grouping factor"),
        ("y ~ (1 | log(g))", "log(g))", "must be a grouping factor"),
        ("y ~ (offset(x) | g)", "offset(x) | g)", "belongs to the fixed part"),
        ("y ~ .", ".", "'.' for all other columns is not supported"),
        ("y ~ 3 + x", "3 + x", "3 is no term"),
        ("y ~ 'a'", "'a'", "is no term"),
        ("y ~ x^z", "z", "power of a term"),
        ("y ~ x^0", "0", "power of a term"),
        ("y ~ x:offset(z)", "offset(z)", "can only be added"),
        ("y ~ x + foo(z)", "foo(z)", "cannot call foo() (the nearest is floor())"),
        ("y ~ np.log(z)", "np.log(z)", "cannot call np.log() (the nearest is log())"),
        ("y ~ log()", "log()", "does not take these arguments"),
        ("y ~ log(z, bass = 2)", "log(z, bass = 2)", "does not take these arguments"),
        ("y ~ poly(x, degree = 2, degree = 3)", "poly(x, degree = 2, degree = 3)", "does not take these arguments"),
        ("y ~ I(x:z)", ":z)", "':' cannot be used in an expression"),
        ("y ~ y + x", "y + x", "stands on both sides"),
        ("y ~ x + (y | g)", "y | g)", "The outcome 'y' stands on both sides"),
        ("y ~ x + (1 | y)", "y)", "The outcome 'y' stands on both sides"),
        ("y ~ x + (1 | g/y)", "y)", "The outcome 'y' stands on both sides"),
        ("y ~ x + (1 | factor(y))", "y))", "The outcome 'y' stands on both sides"),
        ("y ~ x:I(`y` > 0)", "`y` > 0)", "The outcome 'y' stands on both sides"),
        ("y ~ x + offset(y)", "y)", "The outcome 'y' stands on both sides"),
        ("log(y) ~ x + (log(y) | g)", "log(y) | g)", "The outcome 'log(y)' stands on both sides"),
        ("y ~ a" + "".join(f" * a{i}" for i in range(20)), None, "more than 10000 terms"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_place_marked(text, marked, sentence):
    with pytest.raises(InputError) as caught:
        parse(text)
    message, shown, caret = str(caught.value).split("\n")
    assert sentence in message and message.endswith(".")
    assert shown == "  " + text and caret.strip() == "^"
    if marked is not None:
        assert len(caret) - 1 == 2 + len(text) - len(marked)


def test_a_part_of_the_outcome_may_stand_on_the_right():
    assert parse("I(after - before) ~ before + (1 | g)").variables == ("after", "before", "g")


def test_the_caret_stands_under_wide_and_combining_characters():
    with pytest.raises(InputError) as caught:
        parse("日本 ~ e\u0301 +")
    assert str(caught.value).split("\n")[2] == "  " + " " * 10 + "^"
    with pytest.raises(InputError) as caught:
        parse("y\t~\nx x")
    assert str(caught.value).split("\n")[1:] == ["  y ~ x x", "        ^"]


@pytest.mark.parametrize("text", ["", "  \n", None, 3])
def test_no_formula_at_all(text):
    with pytest.raises(InputError):
        parse(text)


@pytest.mark.parametrize("deep", ["(" * 5000 + "x" + ")" * 5000, "-" * 5000 + "x", "log(" * 5000 + "x" + ")" * 5000])
def test_too_deep(deep):
    with pytest.raises(InputError, match="nested too deeply"):
        parse("y ~ " + deep)


def test_a_thousand_predictors():
    names = [f"x{i}" for i in range(1000)]
    assert parse("y ~ " + " + ".join(names) + " + (1 | g)").fixed.term_labels == tuple(names)
