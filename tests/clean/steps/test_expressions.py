"""Derived columns and filters: the language of formulas, which runs no code."""

import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lmm import InputError
from tests.clean.steps.running import prepared, raw, refused

TABLE = raw(x=[1.0, 2.0, np.nan, 4.0], code=["1", "2", "3", "4"], sex=["f", "m", "f", None])


def derived(text, table=TABLE):
    return prepared(table, {"derive": {"new": text}}).table["new"]


def test_arithmetic_and_functions():
    assert derived("x^2 + log(code)").tolist()[:2] == [1.0, 4.0 + np.log(2.0)]
    assert derived("ifelse(x > 1, 10, -x)").tolist()[:2] == [-1.0, 10.0]
    assert np.isnan(derived("ifelse(x > 1, 10, -x)").iloc[2])
    assert derived("7").tolist() == [7.0] * 4


def test_comparisons_give_labels_and_keep_missing():
    made = derived("sex == 'f'")
    assert made.tolist()[:3] == ["TRUE", "FALSE", "TRUE"]
    assert made.isna().tolist() == [False, False, False, True]


def test_cells_compared_with_text_are_labels_whatever_they_look_like():
    assert derived("code == '2'").tolist() == ["FALSE", "TRUE", "FALSE", "FALSE"]
    assert derived("x == '2'").tolist()[:2] == ["FALSE", "TRUE"]


def test_a_condition_is_known_where_one_side_decides_it():
    """R: TRUE | NA is TRUE, FALSE & NA is FALSE, TRUE & NA and FALSE | NA are NA."""
    table = raw(a=[1.0, 1.0, 0.0, 0.0, np.nan, np.nan, np.nan], b=[np.nan, 1.0, np.nan, 0.0, 1.0, 0.0, np.nan])
    both, either = (derived(f"a == 1 {operator} b == 1", table) for operator in "&|")
    assert both.fillna("NA").tolist() == ["NA", "TRUE", "FALSE", "FALSE", "NA", "FALSE", "NA"]
    assert either.fillna("NA").tolist() == ["TRUE", "TRUE", "NA", "FALSE", "TRUE", "NA", "NA"]
    kept = prepared(table, {"filter": {"keep": "a == 1 | b == 1", "because": "neither"}}).table
    assert kept.index.tolist() == [1, 2, 5]


def test_numbers_are_rounded_to_any_digits():
    table = raw(x=[1.26, -1e300, np.nan])
    assert derived("round(x, 1)", table).tolist()[:2] == [1.3, -1e300]
    for digits in ("20", "400", "1e300"):
        assert derived(f"round(x, {digits})", table).tolist()[:2] == [1.26, -1e300]
    assert derived("round(x, -400)", table).tolist()[:2] == [0.0, 0.0]
    assert derived("round(x, -400)", table).isna().tolist() == [False, False, True]


def test_a_later_column_may_use_an_earlier_one():
    done = prepared(TABLE, {"derive": {"a": "x + 1", "b": "a * 2"}})
    assert done.table["b"].tolist()[:2] == [4.0, 6.0]
    assert done.log[0]["sentence"] == (
        "New columns were derived: a = x + 1 (no value in 1 of 4 rows), b = a * 2 (no value in 1 of 4 rows)."
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("y + 1", "the table has no column 'y' here"),
        ("lgo(x)", "An expression cannot call lgo() (the nearest is log())"),
        ("x +", "The expression"),
        ("__import__('os')", "cannot"),
        ("sex + 1", "'sex' holds text ('f', 'm') where numbers are needed"),
        ("poly(x, 2)", "several columns"),
        ("a ~ b", "cannot be used in an expression"),
        ("'text'", "is no column"),
        ("x" + " + x" * 5000, "the expression has 20001 characters, and may have 10000"),
    ],
)
def test_a_mistaken_expression_is_told_with_study_and_step(text, told):
    message = refused(TABLE, {"derive": {"new": text}})
    assert message.startswith("study trial, step 1 (derive): ")
    assert told in message


def test_rows_that_do_not_meet_the_condition_are_dropped_with_the_reason():
    done = prepared(TABLE, {"filter": {"keep": "x >= 2 & sex != 'q'", "because": "too small."}})
    assert done.table.index.tolist() == [2]
    assert done.dropped.to_dict() == {
        1: "too small",
        3: "too small (x >= 2 & sex != 'q' has no value)",
        4: "too small (x >= 2 & sex != 'q' has no value)",
    }
    assert done.log[0]["sentence"] == (
        "3 rows were left out (too small); rows stay where x >= 2 & sex != 'q', which has no value in 2 of those left "
        "out."
    )
    assert (done.log[0]["rows_before"], done.log[0]["rows_after"]) == (4, 1)


def test_labels_are_no_condition():
    assert "gives labels, not true or false" in refused(TABLE, {"filter": {"keep": "sex", "because": "?"}})


FORBIDDEN = {"exec", "compile", "open", "import", "os.system", "subprocess.Popen", "socket.connect"}
_watching: list[list[str]] = []


def _hook(event, arguments):
    if _watching and event in FORBIDDEN:
        _watching[-1].append(event)


sys.addaudithook(_hook)

_atoms = st.sampled_from(["x", "code", "sex", "`x`", "1", "0", "1e308", "'f'", '"', "pi", "TRUE", "y", "__class__"])
_calls = st.sampled_from(
    ["log", "ifelse", "scale", "poly", "factor", "I", "eval", "exec", "open", "__import__", "c", "pmin", "round", "lag"]
)
_expressions = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+ - * / ^ == != < > <= >= & | %% %/% : ~ %in% . ; =".split()), inner).map(
            " ".join
        ),
        st.tuples(_calls, st.lists(inner, max_size=3)).map(lambda call: f"{call[0]}({', '.join(call[1])})"),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"!{text}"),
        inner.map(lambda text: f"-{text}"),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(_expressions, st.text(min_size=1, max_size=30)), st.sampled_from(["derive", "filter"]))
@example("__import__('os').system('true')", "derive")
@example("(" * 300 + "x" + ")" * 300, "derive")
@example("open('/etc/passwd')", "filter")
@example("x" + " + x" * 3000, "derive")
@example("-" * 3000 + "x", "filter")
@example("round(x, 1e300)", "derive")
@example("10**10**10", "derive")
def test_any_text_is_a_column_or_one_mistake_and_runs_nothing(text, kind):
    declared = {"derive": {"new": text}} if kind == "derive" else {"filter": {"keep": text, "because": "fuzz"}}
    prepared(TABLE, {"derive": {"warm": "scale(x) + log(x)"}})  # what is imported lazily is imported here
    seen: list[str] = []
    _watching.append(seen)
    try:
        done = prepared(TABLE, declared)
        assert kind == "filter" or len(done.table["new"]) == len(TABLE)
        assert len(done.table) + len(done.dropped) == len(TABLE)
    except InputError as error:
        assert str(error).startswith("study trial, step 1 (")
    finally:
        _watching.pop()
    assert seen == []
