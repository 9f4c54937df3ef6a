"""From a raw table to frozen rows: what is kept, what is dropped, and what is said of it."""

import gzip
import hashlib
import json
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lmm import InputError, study
from lmm.clean import clean, read_analysis_table, write_cleaned
from lmm.clean.rowhash import row_hash
from tests.clean.tables import a_study, cleaned, csv, raw_table

DATA = Path(__file__).parents[2] / "data"


def test_types_follow_roles(tmp_path):
    table = raw_table(ward=[1, 2] * 6, sex=["f", "m", "m"] * 4, x=range(12), g=["07", "7", "10", "9"] * 3)
    result = cleaned(tmp_path, csv(table), fixed="x * ward + sex", categorical=["ward"]).table
    assert {name: str(kind) for name, kind in result.dtypes.items()} == {
        "y": "float64",
        "x": "float64",
        "ward": "category",
        "sex": "category",
        "g": "category",
    }
    # labels stay as they are written and are ordered as numbers, as R orders them
    assert list(result["g"].cat.categories) == ["07", "7", "9", "10"]
    assert list(result["ward"].cat.categories) == ["1", "2"]


def test_logical_columns_are_categories_with_the_labels_of_the_file(tmp_path):
    result = cleaned(tmp_path, csv(raw_table(x=["TRUE", "FALSE", "TRUE"] * 4)))
    assert list(result.table["x"].cat.categories) == ["FALSE", "TRUE"]


def test_a_grouping_factor_that_is_a_covariate_too_stays_numeric(tmp_path):
    table = raw_table(g=[1, 2, 3] * 4)
    assert cleaned(tmp_path, csv(table), fixed="g").table["g"].dtype == np.float64


def test_declared_levels_set_the_reference(tmp_path):
    result = cleaned(tmp_path, csv(raw_table(x=["lo", "no", "hi"] * 4)), levels={"x": ["no", "lo", "hi", "max"]})
    assert list(result.table["x"].cat.categories) == ["no", "lo", "hi"]


def test_missing_cells_and_codes_are_missing_in_numbers_and_in_labels(tmp_path):
    text = "y,x,g\n1,1,a\n2,-99,a\n3,2,b\n,1,b\nNA,3,a\n5,-99.0,b\n6,1,NA\n7,1,\n8,1, \n9,1,refused\n4,2,b\n2,1,a\n"
    result = cleaned(tmp_path, text, missing=["-99", "refused"])
    assert result.table.index.tolist() == [2, 4, 12, 13]
    assert list(result.table["g"].cat.categories) == ["a", "b"]
    assert result.dropped["reason"].to_dict() == {
        3: "no x",
        5: "no y",
        6: "no y",
        7: "no x",
        8: "no g",
        9: "no g",
        10: "no g",
        11: "no g",
    }
    assert result.dropped.loc[11, ["y", "x", "g"]].tolist() == ["9", "1", "refused"]
    assert result.audit["missing"] == [
        {"variable": "y", "missing": 2, "rows_lost_alone": 2},
        {"variable": "x", "missing": 2, "rows_lost_alone": 2},
        {"variable": "g", "missing": 4, "rows_lost_alone": 4},
    ]


def test_rows_are_frozen_over_every_variable_of_every_candidate(tmp_path):
    table = raw_table(z=[np.nan, *range(11)], t=[0, np.nan, *range(10)], w=[1, 1, np.nan] + [2] * 9, unused=np.nan)
    result = cleaned(tmp_path, csv(table), slopes={"g": "z"}, time="t", weights="w")
    assert result.table.index.tolist() == list(range(5, 14))
    assert list(result.table.columns) == ["y", "x", "z", "g", "t", "w"]


def test_a_row_that_lacks_two_variables_is_lost_by_neither_alone(tmp_path):
    table = raw_table()
    table.loc[0, ["y", "x"]] = np.nan
    table.loc[1, "x"] = np.nan
    result = cleaned(tmp_path, csv(table))
    costs = {entry["variable"]: (entry["missing"], entry["rows_lost_alone"]) for entry in result.audit["missing"]}
    assert costs == {"y": (1, 0), "x": (2, 1), "g": (0, 0)}
    assert result.dropped["reason"].tolist() == ["no y, no x", "no x"]


def test_steps_carry_rows_and_levels_from_one_to_the_next(tmp_path):
    table = raw_table()
    table.loc[table["g"] == "d", "y"] = np.nan
    table.loc[0, "x"] = np.nan
    steps = cleaned(tmp_path, csv(table)).audit["steps"]
    assert [step["step"] for step in steps] == ["read", "missing y", "missing x", "freeze"]
    assert [(step["rows_before"], step["rows_after"]) for step in steps] == [(12, 12), (12, 9), (9, 8), (8, 8)]
    assert [step["levels_after"]["g"] for step in steps] == [4, 3, 3, 3]
    for before, after in pairwise(steps):
        assert before["levels_after"] == after["levels_before"]
    assert steps[2]["sentence"] == "1 row without a value of x was left out."


def test_variables_and_groups_are_described_over_the_analysed_rows(tmp_path):
    table = raw_table(x=[100, *[0, 1, 2] * 3, 0, 1])
    table.loc[0, "y"] = np.nan
    audit = cleaned(tmp_path, csv(table)).audit
    x = next(entry for entry in audit["variables"] if entry["name"] == "x")
    assert (x["minimum"], x["maximum"], x["roles"]) == (0.0, 2.0, ["fixed"])
    assert x["sd"] == pytest.approx(np.std([0, 1, 2] * 3 + [0, 1], ddof=1))
    assert audit["groups"] == [{"group": "g", "levels": 4, "rows_minimum": 2, "rows_median": 3.0, "rows_maximum": 3}]
    assert audit["rows"] == {"read": 12, "analysed": 11}


def test_what_is_written_reads_back_and_is_the_same_twice(tmp_path):
    result = cleaned(tmp_path, csv(raw_table()))
    for name in ("one", "two"):
        write_cleaned(result, *(tmp_path / name / file for file in ("t.parquet", "a.json", "d.csv")))
    for file in ("t.parquet", "a.json", "d.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    audit = json.loads((tmp_path / "one/a.json").read_text())
    pd.testing.assert_frame_equal(read_analysis_table(tmp_path / "one/t.parquet", audit), result.table)
    assert (tmp_path / "one/d.csv").read_text() == "line,reason\n"


def test_a_table_that_is_not_its_audits_is_refused(tmp_path):
    result = cleaned(tmp_path, csv(raw_table()))
    other = result.table.assign(y=result.table["y"] + 1e-12)
    other.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"study trial: .*t.parquet does not hold the rows that its audit names"):
        read_analysis_table(tmp_path / "t.parquet", result.audit)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\n\n").encode(),
    ],
    ids=["comma", "semicolon", "tab", "byte-order mark", "Windows lines", "blank lines"],
)
def test_dialects_of_csv_give_the_same_table(tmp_path, encode):
    text = csv(raw_table())
    expected = cleaned(tmp_path, text).table
    (tmp_path / "t.csv").write_bytes(encode(text))
    found = clean(a_study(), tmp_path).table
    blank = b"\n\n" in encode(text)
    assert found.index.tolist() == [3 + 2 * row if blank else 2 + row for row in range(12)]
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected.reset_index(drop=True))


def test_compressed_tables_and_odd_column_names_are_read(tmp_path):
    table = raw_table().rename(columns={"y": "reaction time (ms)", "x": "my x", "g": 'the "group"'})
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(csv(table).encode()))
    odd = a_study(data="t.csv.gz", outcome="reaction time (ms)", fixed="`my x`", groups=['the "group"'])
    assert list(clean(odd, tmp_path).table.columns) == list(table.columns)


def test_numbers_are_read_to_the_last_digit(tmp_path):
    values = np.random.default_rng(5).normal(size=12) * 10.0 ** np.arange(-6, 6)
    result = cleaned(tmp_path, csv(raw_table(y=values)))
    assert result.table["y"].tolist() == values.tolist()


def test_the_row_hash_is_the_same_on_every_machine():
    table = pd.DataFrame(
        {"y": [1.5, -0.0], "g": pd.Categorical(["ä", "b"], categories=["b", "ä"])}, index=pd.Index([1, 3], name="line")
    )

    # the bytes spelled out: lines; name and kind; levels, codes, values, all little-endian
    def texts(*values):
        encoded = [value.encode() for value in values]
        return struct.pack(f"<{1 + len(values)}q", len(values), *map(len, encoded)) + b"".join(encoded)

    content = struct.pack("<2q", 1, 3)
    content += texts("y", "numeric") + struct.pack("<2d", 1.5, 0.0)
    content += texts("g", "categorical") + texts("b", "ä") + struct.pack("<2i", 1, 0)
    assert row_hash(table) == hashlib.sha256(content).hexdigest()


def test_the_row_hash_sees_lines_values_levels_and_names():
    table = pd.DataFrame({"y": [1.0, 2.0], "g": pd.Categorical(["a", "b"])}, index=pd.Index([1, 2], name="line"))
    others = [
        table.set_axis([1, 3]),
        table.assign(y=[1.0, 2.0000000000000004]),
        table.assign(g=table["g"].cat.reorder_categories(["b", "a"])),
        table.assign(g=table["g"].cat.rename_categories(["a", "c"])),
        table.rename(columns={"y": "z"}),
        table.iloc[::-1],
    ]
    assert len({row_hash(each) for each in [table, *others]}) == 7


@pytest.mark.parametrize(
    ("name", "rows", "groups"),
    [
        ("sleepstudy", {"read": 18, "prepared": 180, "analysed": 180}, {"Subject": 18}),
        ("egsingle", {"read": 8174, "prepared": 8174, "analysed": 7230}, {"childid": 1721, "schoolid": 60}),
        ("penicillin", {"read": 151, "prepared": 144, "analysed": 144}, {"plate": 24, "sample": 6}),
    ],
)
def test_the_demonstration_tables_have_the_rows_and_levels_that_their_notes_say(name, rows, groups):
    config = yaml.safe_load((DATA.parent / "config.yaml").read_text(encoding="utf-8"))
    chosen = next(each for each in study.load(config) if each.name == name)
    audit = clean(chosen, DATA.parent).audit
    assert audit["rows"] == rows
    assert {entry["group"]: entry["levels"] for entry in audit["groups"]} == groups
    assert f"{rows['read']} rows" in (DATA / f"{name}.md").read_text(encoding="utf-8")
