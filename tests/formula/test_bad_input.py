"""Sentences for mistakes in the data: they name the column and the row or level, and nothing is ever executed."""

import sys

import numpy as np
import pandas as pd
import pytest

from lmm.errors import InputError
from lmm.formula import parse

n = 12
GOOD = pd.DataFrame(
    {
        "score": np.arange(n) ** 1.5,
        "age": np.linspace(-1, 1, n),
        "sex": ["F", "M"] * 6,
        "school": np.repeat(["a", "b", "c"], 4),
        "when": pd.date_range("2024-01-01", periods=n),
    },
    index=pd.Index(range(2, n + 2), name="line"),
)


def with_value(column, position, value):
    data = GOOD.copy()
    data.iloc[position, data.columns.get_loc(column)] = value
    return data


def with_digits(column, zeros, last=0):
    return GOOD.assign(**{column: pd.Series([10**zeros + k for k in range(n - 1)] + [last], GOOD.index, dtype=object)})


DURATIONS = GOOD.assign(when=GOOD.when - GOOD.when.iloc[0])


@pytest.mark.parametrize(
    ("formula", "data", "sentence"),
    [
        ("score ~ agee + (1 | school)", GOOD, "column 'agee', which the data do not have: the nearest is 'age'"),
        ("score ~ age + (1 | schol)", GOOD, "the nearest is 'school'"),
        ("score ~ xyz", GOOD, "'xyz', which the data do not have: they have 'score', 'age', 'sex', 'school', 'when'"),
        ("score ~ pi", GOOD, "column 'pi'"),
        ("score ~ age.__class__", GOOD, "column 'age.__class__'"),
        ("sex ~ age", GOOD, "The outcome 'sex' holds text ('F', 'M')"),
        ("when ~ age", GOOD, "The outcome 'when' holds dates"),
        ("poly(age, 2) ~ score", GOOD, "poly(age, 2) gives several columns where one is needed"),
        ("score ~ age", GOOD.assign(score=3.5), "The outcome 'score' is 3.5 in all 12 rows used"),
        ("I(score > -1) ~ age", GOOD, "The outcome 'I(score > -1)' is 1 in all 12 rows"),
        ("score ~ age", GOOD.assign(score=np.nan), "The outcome 'score' is missing in all 12 rows"),
        ("score ~ age", GOOD.assign(score=None), "The outcome 'score' is missing in all 12 rows"),
        ("log(-score - 1) ~ age", GOOD, "The outcome 'log(-score - 1)' is missing in all 12 rows"),
        ("score ~ age", GOOD.assign(age=pd.Series([None] * n, dtype="str").array), "'age' is missing in all 12 rows"),
        ("score ~ (1 | school)", GOOD.assign(school=None), "The grouping factor 'school' is missing in all 12 rows"),
        ("score ~ age", with_value("age", 3, np.inf), "'age' is infinite in line 5"),
        ("score ~ age", with_value("score", 3, -np.inf), "'score' is infinite in line 5"),
        ("score ~ (age | school)", with_value("age", 11, np.inf), "'age' is infinite in line 13"),
        ("score ~ log(age + 1)", GOOD, "'log(age + 1)' is infinite in line 2"),
        ("score ~ poly(age, 2)", with_value("age", 0, np.inf), "infinite in line 2"),
        ("score ~ exp(age * 1e6)", GOOD, "'exp(age * 1e+06)' is infinite in line 8"),
        ("score ~ offset(1/(age + 1))", GOOD, "'offset(1/(age + 1))' is infinite in line 2"),
        ("score ~ when", GOOD, "The column 'when' holds dates"),
        ("score ~ when", DURATIONS, "The column 'when' holds durations"),
        ("score ~ log(when)", DURATIONS, "'when' holds durations where numbers are needed"),
        ("when ~ age", DURATIONS, "The outcome 'when' holds durations"),
        ("score ~ age", GOOD[[]], "the column 'score', which the data do not have: they have no columns"),
        ("score ~ age", pd.concat({"wave 1": GOOD}, axis=1), "The columns of the data are a MultiIndex"),
        ("score ~ age", with_digits("age", 309), "The column 'age' holds a whole number of more than 308 digits"),
        ("score ~ age", with_digits("score", 309), "The column 'score' holds a whole number of more than 308 digits"),
        ("score ~ I(age > 0)", with_digits("age", 309, None), "The column 'age' holds a whole number of more than 308"),
        ("score ~ age", with_digits("age", 100), "'age' reaches 1e+100 in line 2, beyond 1e+75"),
        ("score ~ age", GOOD.assign(score=GOOD.score * 1e155), "'score' reaches 1e+155 in line 3, beyond 1e+75"),
        ("score ~ (age | school)", with_value("age", 3, -1e160), "'age' reaches 1e+160 in line 5, beyond 1e+75"),
        ("score ~ exp(age * 300)", GOOD, "'exp(age * 300)' reaches 8.14263e+82 in line 11, beyond 1e+75"),
        ("score ~ poly(age, 2, raw = TRUE)", with_value("age", 3, 1e40), "reaches 1e+80 in line 5"),
        ("score ~ a:b", GOOD.assign(a=1e40, b=GOOD.score * 1e40), "'a:b' reaches 1e+80 in line 3"),
        ("score ~ a:b", GOOD.assign(a=1e70, b=1e70), "'a:b' reaches 1e+140 in line 2"),
        ("score ~ (0 + a:sex | school)", GOOD.assign(a=1e80), "'a' reaches 1e+80 in line 2"),
        ("score ~ (0 + a:b | school)", GOOD.assign(a=1e70, b=1e70), "'a:b' reaches 1e+140 in line 2"),
        ("score ~ offset(a)", GOOD.assign(a=-1e160), "'offset(a)' reaches 1e+160 in line 2"),
        ("score ~ age", GOOD.assign(score=GOOD.score * 1e-160), "'score' is nowhere larger than 3.6"),
        ("score ~ log(sex)", GOOD, "'sex' holds text ('F', 'M') where numbers are needed"),
        ("score ~ I(sex + 1)", GOOD, "'sex' holds text"),
        ("score ~ offset(sex)", GOOD, "'offset(sex)' holds text"),
        ("score ~ sex", GOOD.assign(sex="F"), "The factor 'sex' has a single level ('F')"),
        ("score ~ age", GOOD.iloc[:0], "The data have no rows"),
        ("score ~ (1 | school)", GOOD.assign(school="s1"), "grouping factor 'school' has a single level ('s1')"),
        ("score ~ (1 | id)", GOOD.assign(id=range(n)), "grouping factor 'id' has 12 levels in 12 rows"),
        ("score ~ (1 | school:age)", GOOD, "grouping factor 'school:age' has 12 levels in 12 rows"),
        ("score ~ (1 | a:b)", GOOD.assign(a=["p", "p:q"] * 6, b=["q:r", "r"] * 6), "both called 'p:q:r'"),
        ("score ~ poly(age, 12)", GOOD, "poly() of degree 12 needs more than 12 distinct values"),
        ("score ~ poly(age, 1.5)", GOOD, "the degree of poly() must be a whole number"),
        ("score ~ bs(age, df = 1)", GOOD, "bs(age, df = 1) cannot be computed"),
        ("score ~ scale(age, age)", GOOD, "a column as its first argument only"),
        ("score ~ relevel(sex, 'X')", GOOD, "relevel() wants 'X' first, but the levels are 'F', 'M'"),
        (
            "score ~ C(sex, contr.treatment, base = 'X')",
            GOOD,
            "takes 'X' as its reference, but the levels are 'F', 'M'",
        ),
        ("score ~ C(sex, contr.foo)", GOOD, "C() knows no contrast 'contr.foo'"),
        ("score ~ factor(sex, labels = c('a', 'b', 'c'))", GOOD, "3 labels for 2 levels"),
        ("score ~ I('a')", GOOD, "is no column"),
        ("score ~ I(sex > 'F')", GOOD, "only == and != can"),
        ("score ~ age", pd.concat([GOOD, GOOD[["age"]]], axis=1), "2 columns named 'age'"),
        ("score ~ age", GOOD.assign(age=1j), "'age' holds complex numbers"),
        ("score ~ age", GOOD.assign(age=[[1]] * n), "neither numbers nor text"),
        ("score ~ age", GOOD.to_dict(), "must be a pandas DataFrame, not dict"),
    ],
)
def test_one_sentence(formula, data, sentence):
    with pytest.raises(InputError) as caught:
        parse(formula).design(data)
    message = str(caught.value)
    assert sentence in message and message.endswith(".") and "\n" not in message


def test_no_complete_row():
    data = GOOD.assign(age=GOOD.age.where(GOOD.sex == "F"), score=GOOD.score.where(GOOD.sex == "M"))
    with pytest.raises(InputError, match=r"No row of the 12 is complete: missing are 'score' in 6, 'age' in 6"):
        parse("score ~ age").design(data)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (np.r_[np.ones(7), 0, np.ones(4)], "The weight in line 9 is 0"),
        (np.r_[np.ones(7), -2, np.ones(4)], "The weight in line 9 is -2"),
        (np.r_[np.ones(7), np.inf, np.ones(4)], "'weights' is infinite in line 9"),
        (np.r_[np.ones(7), 1e200, np.ones(4)], "'weights' reaches 1e+200 in line 9"),
        (np.full(n, 1e-200), "'weights' is nowhere larger than 1e-200"),
        (np.full(n, np.nan), "'weights' is missing in all 12 rows"),
        (
            np.ones(3),
            "a column's name or an array of 12 numbers, one for each row of the data, not an array of shape (3,)",
        ),
        (np.ones((n, 1)), "not an array of shape (12, 1)"),
        (2.0, "a column's name or an array of 12 numbers, one for each row of the data, not a float"),
        ([[1], [1, 2]], "not a list"),
        (["a"] * n, "'weights' holds text ('a')"),
        ([10**309] * n, "'weights' holds a whole number of more than 308 digits"),
        (pd.Series(np.ones(n)), "The weights are a pandas Series whose index is not that of the data"),
        (GOOD.age[::-1], "weights.reindex(data.index) to match rows by label, or weights.to_numpy()"),
        ("wt", "column 'wt'"),
        ("sex", "'sex' holds text"),
        ("age +", "ends where"),
        ("foo(age)", "cannot call foo()"),
    ],
)
def test_weights(weights, sentence):
    with pytest.raises(InputError) as caught:
        parse("score ~ age").design(GOOD, weights=weights)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("argument", ["weights", "offset"])
def test_a_column_of_weights_or_offsets_is_named(argument):
    data = GOOD.assign(w=np.r_[np.ones(7), 1e100, np.ones(4)])
    with pytest.raises(InputError, match=r"^'w' reaches 1e\+100 in line 9, "):
        parse("score ~ age").design(data, **{argument: "w"})


@pytest.mark.parametrize(
    ("index", "place"),
    [
        (["p", "q"] * 6, "row q (number 4 of 12)"),
        (pd.MultiIndex.from_arrays([range(n), ["t"] * n]), "row 3, t"),
    ],
)
def test_rows_are_found_whatever_the_index(index, place):
    with pytest.raises(InputError) as caught:
        parse("score ~ age").design(with_value("age", 3, np.inf).set_axis(index))
    assert f"'age' is infinite in {place}: " in str(caught.value)


def test_an_infinite_value_in_a_dropped_row_does_no_harm():
    data = with_value("age", 3, np.inf)
    data.iloc[3, data.columns.get_loc("score")] = np.nan
    assert len(parse("score ~ age").design(data).y) == 11


def test_a_constant_predictor_is_left_to_the_engine():
    assert parse("score ~ one").design(GOOD.assign(one=1)).names == ("(Intercept)", "one")


HOSTILE = [
    '__import__("os").system("true")',
    '__import__("os")',
    "os.system('true')",
    "eval('1')",
    "exec('1')",
    "open('/etc/passwd')",
    "().__class__.__bases__[0].__subclasses__()",
    "age.__class__",
    "[x for x in (1,)]",
    "lambda: 0",
    "print(age)",
    "I(__builtins__)",
    "log.__globals__",
    "np.load('x')",
    "C(age, __import__('os'))",
    "poly(age, exec('1'))",
    "`__import__('os')`",
    "f'{1}'",
    "age if True else age",
    "(a := 1)",
    "@age",
    "globals()",
]
seen = []


def watch(event, arguments):
    if seen and event in ("exec", "compile", "import", "os.system", "subprocess.Popen", "open"):
        seen.append(event)


@pytest.mark.parametrize("where", ["score ~ {}", "{} ~ age", "score ~ ({} | school)", "score ~ (1 | {})"])
def test_no_input_runs_code(where):
    # An audit hook sees whatever Python compiles, executes, imports or opens.
    import formulaic  # noqa: F401
    import scipy.interpolate  # noqa: F401

    sys.addaudithook(watch)
    for text in HOSTILE:
        seen[:] = ["watching"]
        try:
            with pytest.raises(InputError):
                parse(where.format(text)).design(GOOD)
            events = seen[1:]
        finally:
            seen.clear()
        assert events == [], text
