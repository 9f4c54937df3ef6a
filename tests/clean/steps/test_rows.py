"""Steps that make or leave out rows: wide to long, stacking, elapsed time, duplicates, ranges, centring, outliers."""

import numpy as np
import pandas as pd
import pytest

from tests.clean.steps.running import prepared, raw, refused

WIDE = raw(id=["a", "b"], w10=[1.5, 2.5], w2=[3.5, None], h2=[7, 8], sex=["f", "m"])


def test_columns_of_occasions_become_rows_in_the_order_of_the_occasions():
    done = prepared(WIDE, {"wide": {"columns": "w{week}", "value": "weight"}}, groups=["id"])
    expected = pd.DataFrame(
        {
            "id": ["a", "a", "b", "b"],
            "h2": [7, 7, 8, 8],
            "sex": ["f", "f", "m", "m"],
            "week": [2.0, 10.0, 2.0, 10.0],
            "weight": [3.5, 1.5, np.nan, 2.5],
        },
        index=pd.Index([1, 1, 2, 2], name="line"),
    )
    pd.testing.assert_frame_equal(done.table, expected, check_dtype=False)
    assert (done.log[0]["rows_before"], done.log[0]["rows_after"], done.log[0]["levels_after"]) == (2, 4, {"id": 2})
    assert done.log[0]["sentence"] == (
        "2 columns were laid one below the other: each row became 2 rows, with week from 2 to 10 and the value weight."
    )


def test_several_patterns_share_the_occasions_and_an_absent_column_is_told():
    done = prepared(WIDE, {"wide": {"columns": ["w{week}", "h{week}"], "value": ["weight", "height"]}})
    assert done.table["height"].tolist()[::2] == [7.0, 8.0]
    assert done.table["height"].isna().tolist() == [False, True, False, True]
    assert done.log[0]["sentence"].endswith("there is no column of height at week 10.")


def test_occasions_may_have_names():
    done = prepared(raw(pre_x=["1"], post_x=["2"]), {"wide": {"columns": "{phase}_x", "value": "x"}}).table
    assert done["phase"].tolist() == ["post", "pre"]
    assert done["x"].tolist() == ["2", "1"]


@pytest.mark.parametrize(
    ("table", "columns", "value", "told"),
    [
        (WIDE, "z{t}", "z", "no column matches 'z{t}'; its columns are id, w10, w2, h2, sex."),
        (raw(d1=[1], d2=[1], dose=[1]), "d{t}", "d", "matches 'd1', where the part is a number, but also 'dose';"),
        (raw(d1=[1], d01=[1]), "d{t}", "d", "matches two columns with the same number;"),
        (raw(d1=[1], t=[1]), "d{t}", "d", "the table already has a column 't';"),
        (raw(ab1=[1]), ["a{t}", "ab{t}"], ["a", "b"], "the column 'ab1' matches the patterns of a and of b."),
    ],
)
def test_patterns_that_do_not_fit_are_told(table, columns, value, told):
    message = refused(table, {"wide": {"columns": columns, "value": value}})
    assert message.startswith("study trial, step 1 (wide): ")
    assert told in message


def test_outcomes_are_stacked():
    table = raw(id=["a", "b"], maths=[1, 2], reading=[3, None])
    done = prepared(table, {"stack": {"columns": ["reading", "maths"], "value": "score", "measure": "test"}}).table
    assert done["id"].tolist() == ["a", "a", "b", "b"]
    assert done["test"].tolist() == ["reading", "maths"] * 2
    assert list(done["test"].cat.categories) == ["reading", "maths"]
    assert done["score"].tolist()[:2] == [3.0, 1.0]
    assert done.index.tolist() == [1, 1, 2, 2]


def test_elapsed_time_since_the_first_visit_and_since_another_date():
    table = raw(
        id=["a", "a", "b", None],
        visit=["2024-03-01", "2024-02-23", "2024-02-01", "2024-02-01"],
        born=["2024-02-01"] * 4,
    )
    weeks = prepared(table, {"elapsed": {"date": "visit", "by": "id", "unit": "weeks", "name": "week"}}).table["week"]
    assert weeks.tolist()[:3] == [1.0, 0.0, 0.0]
    assert np.isnan(weeks.iloc[3])
    years = prepared(table, {"elapsed": {"date": "visit", "since": "born", "unit": "years", "name": "age"}}).table[
        "age"
    ]
    assert years.iloc[0] == 29 / 365.25


DUPLICATES = raw(id=["a", "b", "a", "a", None], day=[1, 1, 1, 2, 2], y=[1.0, 2.0, 4.0, 8.0, 16.0], sex=list("fmffm"))


@pytest.mark.parametrize(
    ("keep", "lines", "y", "dropped"),
    [
        ("first", [1, 2, 4, 5], [1.0, 2.0, 8.0, 16.0], {3: "same observation as line 1 (id, day)"}),
        ("last", [2, 3, 4, 5], [2.0, 4.0, 8.0, 16.0], {1: "same observation as line 3 (id, day)"}),
        ("mean", [1, 2, 4, 5], [2.5, 2.0, 8.0, 16.0], {3: "averaged into line 1 (id, day)"}),
    ],
)
def test_duplicates_become_one_row_by_the_declared_rule(keep, lines, y, dropped):
    done = prepared(DUPLICATES, {"deduplicate": {"by": ["id", "day"], "keep": keep}})
    assert done.table.index.tolist() == lines
    assert done.table["y"].tolist() == y
    assert done.dropped.to_dict() == dropped


def test_duplicates_are_an_error_unless_declared_and_labels_are_not_averaged():
    assert refused(DUPLICATES, {"deduplicate": {"by": ["id", "day"]}}) == (
        "study trial, step 1 (deduplicate): line 1 of t.csv and line 3 have the same id, day (a, 1); say with keep "
        "which one stays: first, last or mean."
    )
    differs = DUPLICATES.assign(sex=list("fmmfm"))
    assert "the column sex holds no numbers and differs" in refused(
        differs, {"deduplicate": {"by": ["id", "day"], "keep": "mean"}}
    )


def test_a_table_without_rows_or_keys_has_no_duplicates():
    nothing = DUPLICATES.assign(id=None)
    assert len(prepared(nothing, {"deduplicate": {"by": "id", "keep": "first"}}).table) == 5


def test_values_outside_are_an_error_missing_or_dropped():
    table = raw(age=[20.0, 200.0, np.nan, -1.0], sex=["f", "m", "F", None])
    assert refused(table, {"check": {"age": {"minimum": 0, "maximum": 120}}}) == (
        "study trial, step 1 (check): age is '200' in line 2 of t.csv, not from 0 to 120; mend that cell, or say "
        "otherwise: missing or drop."
    )
    assert "sex is 'F' in line 3 of t.csv, not among f, m (did you mean 'f'?);" in refused(
        table, {"check": {"sex": {"allowed": ["f", "m"]}}}
    )
    done = prepared(
        table,
        {"check": {"age": {"minimum": 0, "otherwise": "missing"}, "sex": {"allowed": ["f", "m"], "otherwise": "drop"}}},
    )
    assert done.table.index.tolist() == [1, 2, 4]
    assert done.table["age"].isna().tolist() == [False, False, True]
    assert done.dropped.to_dict() == {3: "sex is F, not among f, m"}
    assert done.log[0]["outside"] == {"age": 1, "sex": 1}


def test_bounds_themselves_are_inside():
    assert len(prepared(raw(x=[0.0, 1.0]), {"check": {"x": {"minimum": 0, "maximum": 1}}}).table) == 2


def test_centring_by_mean_by_number_and_by_standard_deviation():
    table = raw(x=[1.0, 2.0, 3.0, np.nan])
    done = prepared(table, {"centre": {"x": {"at": "mean", "scale": "sd"}}}).table
    assert done["x"].tolist()[:3] == [-1.0, 0.0, 1.0]
    assert prepared(table, {"centre": {"x": {"at": 11}}}).table["x"].tolist()[:3] == [-10.0, -9.0, -8.0]
    assert "does not vary" in refused(raw(x=[1, 1]), {"centre": {"x": {"scale": "sd"}}})


def test_within_and_between_add_up_and_the_within_part_sums_to_nothing():
    table = raw(x=[1.0, 3.0, 10.0, 20.0, np.nan], school=["a", "a", "b", "b", "b"])
    done = prepared(table, {"centre": {"x": {"within": "school"}}}).table
    assert done["x_between"].tolist() == [2.0, 2.0, 15.0, 15.0, 15.0]
    assert done["x_within"].tolist()[:4] == [-1.0, 1.0, -5.0, 5.0]
    assert (done["x_within"] + done["x_between"]).tolist()[:4] == done["x"].tolist()[:4]


def test_outliers_are_shown_and_left_out_only_when_declared():
    table = raw(y=[1.0, 2.0, 3.0, 4.0, 5.0, 100.0])
    shown = prepared(table, {"outliers": {"column": "y"}})
    assert len(shown.table) == 6
    # median 3.5, median absolute deviation 1.5
    assert shown.log[0]["flagged"] == [{"line": 6, "value": 100.0, "score": pytest.approx(96.5 / (1.4826 * 1.5))}]
    dropped = prepared(table, {"outliers": {"column": "y", "otherwise": "drop"}})
    assert dropped.table.index.tolist() == [1, 2, 3, 4, 5]
    assert dropped.dropped.index.tolist() == [6]
    assert prepared(raw(y=[1.0] * 5 + [9.0]), {"outliers": {"column": "y"}}).log[0]["flagged_count"] == 0


def test_steps_after_rows_were_multiplied_know_their_rows_apart():
    table = raw(id=["a", "b"], d1=[1.0, 2.0], d2=[3.0, 400.0], g=["p", "q"])
    done = prepared(
        table,
        {"wide": {"columns": "d{day}", "value": "y"}},
        {"check": {"y": {"maximum": 100, "otherwise": "drop"}}},
        {"centre": {"y": {"within": "id"}}},
        {"deduplicate": {"by": ["id", "day"]}},
        {"outliers": {"column": "y", "by": "id"}},
    )
    assert done.table["y"].tolist() == [1.0, 3.0, 2.0]
    assert done.table["y_between"].tolist() == [2.0, 2.0, 2.0]
    assert done.dropped.to_dict() == {2: "y is 400, not to 100"}
    assert [(step["rows_before"], step["rows_after"]) for step in done.log] == [(2, 4), (4, 3), (3, 3), (3, 3), (3, 3)]


def test_values_among_equal_ones_are_told_not_to_be_judged():
    done = prepared(raw(x=[1.0, 1.0, 1.0, 1.0, 100.0]), {"outliers": {"column": "x"}})
    assert done.log[0]["sentence"] == (
        "0 values of x lie more than 3.5 robust standard deviations from the median; 1 value could not be judged, "
        "because half of the others or more are equal."
    )
