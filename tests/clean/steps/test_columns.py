"""Steps that change columns in place: rename, recode, missing codes, types, units, levels, ids."""

import numpy as np
import pandas as pd
import pytest

from lmm.clean import steps, types
from tests.clean.steps.running import prepared, raw, refused
from tests.clean.tables import a_study


def test_columns_exchange_their_names():
    done = prepared(raw(a=[1, 2], b=[3, 4]), {"rename": {"a": "b", "b": "a"}})
    assert done.table.to_dict("list") == {"b": [1, 2], "a": [3, 4]}
    assert done.log[0]["sentence"] == "Columns were renamed: a to b, b to a."
    assert (done.log[0]["rows_before"], done.log[0]["rows_after"]) == (2, 2)


def test_two_columns_cannot_have_one_name():
    assert refused(raw(a=[1], b=[2]), {"rename": {"a": "b"}}) == (
        "study trial, step 1 (rename): two columns would be named 'b'; give each a name of its own."
    )


def test_a_missing_column_is_named_with_its_step_and_the_nearest():
    assert refused(raw(weight=[1]), {"rename": {"weight": "mass"}}, {"convert": {"weigt": {"multiply": 2}}}) == (
        "study trial, step 2 (convert): the table has no column 'weigt' here; its columns are mass."
    )
    assert "did you mean 'weight'?" in refused(raw(weight=[1]), {"missing": {"weigt": [9]}})


def test_values_are_recoded_and_the_rest_stay_or_become_one():
    table = raw(sex=[1.0, 2.0, np.nan, 9.0], town=["a", "b", "c", None])
    done = prepared(table, {"recode": {"sex": {1: "f", 2: "m", 9: None}, "town": {"a": "A", "others": "rest"}}}).table
    assert done["sex"].tolist()[:2] == ["f", "m"]
    assert done["sex"].isna().tolist() == [False, False, True, True]
    assert done["town"].tolist()[:3] == ["A", "rest", "rest"]
    assert done["town"].isna().tolist() == [False, False, False, True]


def test_numbers_recoded_to_numbers_stay_numbers():
    done = prepared(raw(x=[1, 2, 3]), {"recode": {"x": {"1.0": 10, 3: None}}}).table
    assert done["x"].dtype == np.float64
    assert done["x"].tolist()[:2] == [10.0, 2.0]
    assert done["x"].isna().tolist() == [False, False, True]


def test_recoding_to_the_empty_text_and_to_itself_counts_what_changed():
    log = prepared(raw(x=["a", "b"]), {"recode": {"x": {"a": "a", "b": "c"}}}).log
    assert log[0]["sentence"] == "1 value of x were recoded."


def test_missing_codes_are_missing_in_their_column_alone():
    table = raw(x=["-99", "-99.0", "n/a", " n/a ", "5"], y=["-99"] * 5)
    done = prepared(table, {"missing": {"x": [-99, "n/a"]}})
    assert done.table["x"].isna().tolist() == [True, True, True, True, False]
    assert done.table["y"].notna().all()
    assert done.log[0]["set_missing"] == {"x": 4}


def test_types_are_given_or_the_cell_is_named():
    table = raw(x=["1", " 2.5", ""], ward=[1, 2, 1], day=["3.1.2020", "04.01.2020", None])
    done = prepared(table, {"types": {"x": "numeric", "ward": "categorical", "day": "date %d.%m.%Y"}}).table
    assert done["x"].tolist()[:2] == [1.0, 2.5]
    assert list(done["ward"].cat.categories) == ["1", "2"]
    assert done["day"].iloc[1] == pd.Timestamp(2020, 1, 4)
    assert refused(raw(x=["1", "two"]), {"types": {"x": "numeric"}}) == (
        "study trial, step 1 (types): the column x must hold numbers, but line 2 of t.csv holds 'two'; mend that cell, "
        "or list it in a step missing before."
    )


def test_numbers_are_the_ones_of_the_text_to_the_last_digit():
    x = np.random.default_rng(4).normal(size=200) * 10.0 ** np.random.default_rng(5).integers(-9, 9, 200)
    done = prepared(raw(x=[repr(float(value)) for value in x]), {"types": {"x": "numeric"}}).table
    assert done["x"].tolist() == x.tolist()


def test_units_change_by_factor_and_offset():
    done = prepared(raw(t=[32, 212]), {"convert": {"t": {"multiply": 1 / 1.8, "offset": -32 / 1.8}}}).table
    assert done["t"].tolist() == pytest.approx([0, 100], abs=1e-12)


def test_levels_are_merged_and_a_misprint_is_told():
    table = raw(dose=["no", "low", "high", None])
    done = prepared(table, {"merge_levels": {"dose": {"some": ["low", "high"]}}}).table
    assert done["dose"].tolist()[:3] == ["no", "some", "some"]
    assert done["dose"].isna().tolist() == [False, False, False, True]
    assert refused(table, {"merge_levels": {"dose": {"some": ["lo"]}}}).endswith(
        "dose has no level 'lo'; did you mean 'low'?"
    )


def test_labels_that_start_anew_become_unique():
    table = raw(batch=["A", "A", "B", "B"], cask=[1, 2, 1, 2])
    done = prepared(table, {"unique_ids": {"cask": "batch"}}, groups=["cask"])
    assert done.table["cask"].tolist() == ["A:1", "A:2", "B:1", "B:2"]
    assert (done.log[0]["levels_before"], done.log[0]["levels_after"]) == ({"cask": 2}, {"cask": 4})


def test_the_raw_columns_needed_are_traced_back_and_labels_stay_labels():
    chosen = a_study(
        groups=["g"],
        steps=[
            {"rename": {"id": "g", "out": "raw y"}},
            {"derive": {"y": "`raw y` * 2", "unused": "a + b"}},
            {"filter": {"keep": "age > 18", "because": "under age"}},
        ],
    )
    names = ["id", "out", "x", "age", "a", "b", "comment"]
    needed = steps.sources(chosen, {"y": False, "x": False, "g": True}, names)
    # a step runs whether a candidate uses its columns or not, so that its mistakes are told
    assert needed == {"id": True, "out": False, "x": False, "age": False, "a": False, "b": False}
    assert steps.names_after(chosen, names) == ["g", "raw y", "x", "age", "a", "b", "comment", "y", "unused"]


def test_a_factor_may_have_very_many_levels():
    table = raw(g=[f"{i:06}" for i in range(50_000)], h="a")
    done = prepared(
        table, {"types": {"g": "categorical"}}, {"unique_ids": {"g": "h"}}, {"recode": {"g": {"a:000001": "z"}}}
    )
    typed = types.typed(a_study(), done.table, {"g": ("group",)}, ())
    assert len(typed["g"].cat.categories) == 50_000
