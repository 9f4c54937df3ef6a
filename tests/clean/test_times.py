"""The time variable: balance, spacing, and rows that share subject and time."""

import numpy as np
import pandas as pd
import pytest

from lmm import InputError
from lmm.clean.times import describe_times, subjects
from tests.clean.tables import cleaned, csv

SUBJECT = np.repeat(list("abcd"), 3)
DAY = np.tile([0.0, 1.0, 2.0], 4)


def panel(**changes):
    return pd.DataFrame({"y": [float(3 * i % 7) for i in range(12)], "x": DAY, "g": SUBJECT, "day": DAY} | changes)


def test_balanced_and_equally_spaced():
    told = describe_times(panel(), "day", ["g"])
    assert (told["balanced"], told["equally_spaced"], told["duplicates"], told["times"]) == (True, True, 0, 3)
    assert told["sentence"] == (
        "day takes 3 values from 0 to 2, equally spaced by 1; every one of the 4 levels of g is seen at each of them "
        "(balanced)."
    )


def test_a_missed_visit_is_not_balanced():
    told = describe_times(panel().drop(index=4), "day", ["g"])
    assert not told["balanced"]
    assert "the 4 levels of g are seen at 2 to 3 of them each (not balanced)" in told["sentence"]


def test_decimal_steps_are_equal_and_unequal_ones_are_told():
    assert describe_times(panel(day=DAY / 10), "day", ["g"])["equally_spaced"]
    told = describe_times(panel(day=DAY**2), "day", ["g"])
    assert not told["equally_spaced"]
    assert "not equally spaced" in told["sentence"]


def test_the_subject_is_the_finest_unit_told_apart():
    table = pd.DataFrame({"dog": list("aabb"), "side": list("lrlr"), "site": list("xxxx")})
    assert subjects(table, ["dog", "dog:side"])[0] == "dog:side"
    assert subjects(table, ["dog", "site"])[0] == "dog"
    assert subjects(table, ["dog", "side"])[0] == "dog:side"


def test_repeated_subject_and_time_is_refused_with_both_rows(tmp_path):
    table = panel()
    table.loc[[7, 8], "day"] = 0.0
    with pytest.raises(InputError) as caught:
        cleaned(tmp_path, csv(table), time="day")
    assert str(caught.value) == (
        "study trial: 2 of 12 rows repeat a time of their g; the first is line 9 of t.csv, where day is 0 and g is 'c' "
        "as in line 8; take out the repeated rows, or write duplicates: allow if they are meant."
    )


def test_repeated_times_are_counted_where_the_study_allows_them(tmp_path):
    table = panel()
    table.loc[[7, 8], "day"] = 0.0
    audit = cleaned(tmp_path, csv(table), time="day", duplicates="allow").audit
    assert audit["time"]["duplicates"] == 2
    assert audit["time"]["sentence"].endswith("2 of 12 rows repeat a time of their g.")


def test_a_study_without_time_has_none(tmp_path):
    assert cleaned(tmp_path, csv(panel())).audit["time"] is None
