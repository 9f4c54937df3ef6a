"""Missing values over time, and who drops out when."""

import numpy as np
import pandas as pd

from lmm.clean.dropout import missing_by_time
from tests.clean.tables import cleaned, csv, raw_table


def trial() -> pd.DataFrame:
    """Five subjects at times 0, 1, 2: complete, left after 1, left after 0 (no rows), with a gap, and never seen."""
    rows = [("a", 0, 1), ("a", 1, 1), ("a", 2, 1), ("b", 0, 1), ("b", 1, 1), ("b", 2, np.nan), ("c", 0, 1)]
    rows += [("d", 0, 1), ("d", 1, np.nan), ("d", 2, 1), ("e", 0, np.nan)]
    table = pd.DataFrame(rows, columns=["id", "t", "y"]).astype({"t": float})
    arm = table["id"].map(dict(zip("abcde", "ppqqq", strict=True)))
    return table.assign(arm=arm.astype("category"), id=table["id"].astype("category"))


def test_subjects_are_counted_by_their_pattern():
    found = missing_by_time(trial(), "y", "t", ["id"], ["t", "arm"])["dropout"]
    assert found == {
        "subject": "id",
        "subjects": 5,
        "complete": 1,
        "came_late": 0,
        "intermittent": 1,
        "dropped_out": 2,
        "never": 1,
        "last": [{"time": 0.0, "subjects": 1}, {"time": 1.0, "subjects": 1}, {"time": 2.0, "subjects": 2}],
    }


def test_a_late_start_is_no_gap():
    table = trial()
    late = table[~((table["id"] == "a") & (table["t"] == 0)) & ~((table["id"] == "b") & (table["t"] == 0))]
    found = missing_by_time(late, "y", "t", ["id"], ["t"])["dropout"]
    # a comes at 1 and stays; b comes at 1 and leaves: late and left; c leaves; d has the gap.
    assert (found["came_late"], found["intermittent"], found["dropped_out"]) == (2, 1, 2)


def test_dropout_is_counted_in_each_arm_that_subjects_stay_in():
    by_arm = missing_by_time(trial(), "y", "t", ["id"], ["t", "arm"])["dropout_by_arm"]
    keys = ("level", "subjects", "complete", "dropped_out", "intermittent", "never")
    assert [tuple(each[key] for key in keys) for each in by_arm] == [("p", 2, 1, 1, 0, 0), ("q", 3, 0, 1, 1, 1)]
    assert [each["subjects"] for each in by_arm[1]["last"]] == [1, 0, 1]
    changing = trial().assign(arm=lambda table: table["t"].map({0: "p", 1: "q", 2: "q"}).astype("category"))
    assert missing_by_time(changing, "y", "t", ["id"], ["arm"])["dropout_by_arm"] == []


def test_missing_values_are_counted_at_each_time_and_in_each_arm():
    counts = missing_by_time(trial(), "y", "t", ["id"], ["t", "arm"])["counts"]
    overall = [(each["time"], each["rows"], each["missing"]) for each in counts if each["arm"] is None]
    assert overall == [(0.0, 5, 1), (1.0, 3, 1), (2.0, 3, 1)]
    in_q = [(each["time"], each["rows"], each["missing"]) for each in counts if each["level"] == "q"]
    assert in_q == [(0.0, 3, 1), (1.0, 1, 1), (2.0, 1, 0)]


def test_continuous_times_have_no_occasions():
    table = trial()
    many = pd.concat([table.assign(t=table["t"] + i / 7) for i in range(30)])
    assert missing_by_time(many, "y", "t", ["id"], []) is None


def test_the_audit_holds_them_where_the_study_has_a_time(tmp_path):
    table = raw_table()
    table.loc[11, "y"] = np.nan
    audit = cleaned(tmp_path, csv(table), time="x").audit
    assert audit["missing_by_time"]["dropout"]["intermittent"] == 0
    assert audit["missing_by_time"]["dropout"]["dropped_out"] == 1
    assert cleaned(tmp_path, csv(table)).audit["missing_by_time"] is None
