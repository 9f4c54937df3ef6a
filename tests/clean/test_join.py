"""Joined tables: matched on keys that mean the same, with unmatched rows counted and named."""

import pandas as pd
import pytest

from lmm import InputError, study
from lmm.clean import clean
from lmm.clean.preflight import preflight
from tests.clean.tables import BLOCK, a_study, csv, raw_table

WARDS = pd.DataFrame({"g": list("abde"), "size": [10, 20, 40, 50], "town": ["A", "B", "B", "C"]})


def joined(folder, wards=WARDS, table=None, **join):
    (folder / "t.csv").write_text(csv(raw_table() if table is None else table))
    (folder / "wards.csv").write_text(csv(wards))
    return clean(a_study(join=[{"data": "wards.csv", "on": ["g"]} | join], fixed="x + size"), folder)


def test_columns_come_by_key_and_unmatched_rows_of_both_sides_are_told(tmp_path):
    found = joined(tmp_path)
    assert found.table["size"].tolist() == [10.0] * 3 + [20.0] * 3 + [40.0] * 3
    step = found.audit["steps"][1]
    assert step["sentence"] == (
        "4 rows were read from wards.csv. wards.csv was joined on g: 3 rows had no match (g c); "
        "1 of its own rows was not used (g e)."
    )
    assert (step["unmatched"], step["unused"]) == (3, 1)
    assert (step["rows_before"], step["rows_after"], step["levels_after"]) == (12, 12, {"g": 4})
    assert found.dropped["reason"].tolist() == ["no size"] * 3
    assert found.audit["rows"] == {"read": 12, "analysed": 9}


def test_a_repeated_key_is_an_error_unless_many_rows_are_declared(tmp_path):
    twice = pd.DataFrame({"g": list("abcda"), "size": [1, 2, 3, 4, 5]})
    with pytest.raises(InputError, match=r"study trial: wards\.csv has g a more than once, again in line 6;"):
        joined(tmp_path, twice)
    found = joined(tmp_path, twice, rows="many")
    assert len(found.table) == 15
    assert found.table.index[:3].tolist() == ["2+2", "2+6", "3+2"]
    assert found.table["size"].tolist()[:4] == [1.0, 5.0, 1.0, 5.0]


@pytest.mark.parametrize("keys", [[1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0]])
def test_numbers_and_text_that_mean_the_same_match(tmp_path, keys):
    pd.DataFrame({"g": keys, "size": [1, 2, 3, 5]}).to_parquet(tmp_path / "wards.parquet")
    (tmp_path / "t.csv").write_text(csv(raw_table(g=["1", "2", "3", "4"] * 3)))
    found = clean(a_study(join=[{"data": "wards.parquet", "on": ["g"]}], fixed="size"), tmp_path)
    assert found.table["size"].tolist() == [1.0, 2.0, 3.0, 5.0] * 3


def test_missing_keys_match_nothing(tmp_path):
    rows = raw_table()
    rows.loc[0, "g"] = None
    found = joined(tmp_path, pd.concat([WARDS, pd.DataFrame({"g": [None], "size": [9], "town": ["X"]})]), rows)
    assert (
        "4 rows had no match (g missing, g c); 2 of its own rows were not used" in found.audit["steps"][1]["sentence"]
    )


def test_two_keys_match_together(tmp_path):
    (tmp_path / "t.csv").write_text(csv(raw_table(week=[1, 2, 3] * 4)))
    visits = pd.DataFrame({"g": ["a", "a", "b"], "week": [2, 1, 1], "z": [5, 6, 7]})
    visits.to_csv(tmp_path / "visits.csv", index=False, sep=";")
    found = clean(a_study(join=[{"data": "visits.csv", "on": ["g", "week"]}], fixed="1", time="z"), tmp_path)
    assert found.table["z"].to_dict() == {2: 6.0, 3: 5.0, 5: 7.0}


def test_columns_with_the_same_name_and_missing_keys_are_refused(tmp_path):
    both = WARDS.assign(x=1)
    with pytest.raises(InputError, match="has 2 columns named 'x'"):
        joined(tmp_path, both)
    assert len(joined(tmp_path, both, columns=["size"]).table) == 9
    with pytest.raises(InputError, match=r"wards.csv has no column 'gg' \(key of the join\); did you mean 'g'"):
        joined(tmp_path, on=["gg"])
    with pytest.raises(InputError, match=r"wards.csv has no column 'sze' \(columns of the join\); did you mean 'size'"):
        preflight([a_study(join=[{"data": "wards.csv", "on": ["g"], "columns": ["sze"]}])], tmp_path)


def test_the_bare_word_on_is_a_key_though_yaml_takes_it_for_true():
    (one,) = study.load({"studies": [BLOCK | {"join": [{"data": "w.csv", True: ["g"]}]}]})
    assert (one.join[0].on, one.files) == (["g"], ["t.csv", "w.csv"])
