"""The outcome in numbers, by time and arm where these have few values."""

from types import SimpleNamespace

import pandas
import pytest

from lmm.diagnose.descriptives import descriptives
from tests.report.builders import DATA


def described(table, outcome, time=None, groups=(), arm=None):
    variables = [{"name": arm, "type": "categorical", "roles": ["fixed"]}] if arm else []
    return descriptives(SimpleNamespace(outcome=outcome, time=time, groups=groups), table, {"variables": variables})


def test_by_time_and_arm():
    table = pandas.read_csv(DATA / "orthodont.csv")
    found = described(table, "distance", "age", ["Subject"], "Sex")
    assert found["by"] == ["age", "Sex"]
    first = next(row for row in found["rows"] if row["levels"] == [8.0, "Female"])
    # Potthoff & Roy 1964: eleven girls, 21.182 (2.1245) at age 8.
    assert (first["n"], first["minimum"], first["maximum"]) == (11, 16.5, 24.5)
    assert (first["mean"], first["sd"]) == (pytest.approx(21.182, abs=1e-3), pytest.approx(2.1245, abs=1e-4))
    assert sum(row["n"] for row in found["rows"]) == found["all"]["n"] == 108


def test_by_a_small_grouping_factor_where_there_is_neither():
    found = described(pandas.read_csv(DATA / "penicillin.csv"), "diameter", groups=["plate", "sample"])
    assert found["by"] == ["sample"] and len(found["rows"]) == 6


def test_by_nothing_where_all_have_many_levels():
    table = pandas.DataFrame({"y": range(20), "g": [f"g{k}" for k in range(20)]})
    assert described(table, "y", groups=["g"]) == {
        "by": [],
        "rows": [],
        "all": {"n": 20, "mean": 9.5, "sd": pytest.approx(5.9161, abs=1e-4), "minimum": 0.0, "maximum": 19.0},
    }
