"""Steps on the way from the file to the analysis table: the audit, dropped.csv, and the same table as a clean one."""

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import yaml

from lmm import InputError, study
from lmm.clean import clean, read_analysis_table, write_cleaned
from lmm.clean.preflight import preflight
from lmm.files import read_json
from tests.clean.tables import a_study, cleaned, csv, raw_table

ROOT = Path(__file__).parents[3]
CLEAN = ROOT / "tests/reference/data"
"""The tables as R's packages have them: long, with unique labels, in plain CSV."""


def block_of(name):
    """Return a study of config.yaml as it would be for the clean table: its variables, without file and steps."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return next(each for each in config["studies"] if each["name"] == name)


def of_clean_table(name, file):
    """Return the analysis table that the clean table of a demonstration study gives."""
    block = {key: value for key, value in block_of(name).items() if key not in ("join", "steps")}
    return clean(study.load({"studies": [block | {"data": file}]})[0], CLEAN).table


def of_messy_table(name, folder, **changes):
    """Return what a messy rendition in a folder gives, of the same study."""
    block = {key: value for key, value in block_of(name).items() if key not in ("join", "steps")}
    return clean(study.load({"studies": [block | changes]})[0], folder)


def same(one, other):
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True), check_exact=True)


def test_the_demonstration_sleepstudy_is_its_source_and_its_wide_row_became_ten():
    result = clean(study.load({"studies": [block_of("sleepstudy")]})[0], ROOT)
    same(result.table, of_clean_table("sleepstudy", "sleepstudy.csv"))
    assert result.dropped.empty


def test_the_demonstration_penicillin_is_its_source_without_the_rows_that_its_steps_leave_out():
    result = clean(study.load({"studies": [block_of("penicillin")]})[0], ROOT)
    same(result.table, of_clean_table("penicillin", "penicillin.csv"))
    assert result.dropped["plate"].tolist() == ["test"] + ["m"] * 6
    assert result.dropped.index.tolist() == [2, *range(147, 153)]
    reasons = result.dropped["reason"].tolist()
    assert reasons == ["typed in to try the form"] + [
        f"same observation as line {75 + k} (plate, sample)" for k in range(6)
    ]


def test_the_demonstration_egsingle_is_its_source_with_pupils_numbered_in_their_schools():
    result = clean(study.load({"studies": [block_of("egsingle")]})[0], ROOT)
    expected = of_clean_table("egsingle", "egsingle.csv.gz")
    same(result.table.drop(columns="childid"), expected.drop(columns="childid"))
    # the same pupils under other labels: each old one has one new one, and the other way round
    labels = pd.DataFrame({"old": expected["childid"].to_numpy(), "new": result.table["childid"].to_numpy()})
    pairs = labels.drop_duplicates()
    assert len(pairs) == 1721 and pairs["old"].is_unique and pairs["new"].is_unique
    assert pairs["new"].iloc[0] == "2020:01"
    assert result.dropped["reason"].tolist() == ["no math"] * 944
    assert result.dropped["math"].value_counts().to_dict() == {"n/a": 926, "-99": 18}


def test_a_wide_and_recoded_sleepstudy_gives_the_same_analysis_table(tmp_path):
    long = pd.read_csv(CLEAN / "sleepstudy.csv", dtype={"Subject": str})
    wide = long.pivot(index="Subject", columns="Days", values="Reaction").reset_index()
    wide.columns = ["id no.", *(f"day {day} (s)" for day in range(10))]
    wide["id no."] = wide["id no."].replace({"308": "A", "309": "B"})
    wide.to_csv(tmp_path / "wide.csv", index=False)
    steps = [
        {"rename": {"id no.": "Subject"}},
        {"recode": {"Subject": {"A": 308, "B": 309}}},
        {"wide": {"columns": "day {Days} (s)", "value": "Reaction"}},
    ]
    result = of_messy_table("sleepstudy", tmp_path, data="wide.csv", steps=steps)
    same(result.table, of_clean_table("sleepstudy", "sleepstudy.csv"))
    assert result.audit["rows"] == {"read": 18, "prepared": 180, "analysed": 180}
    names = [step["step"] for step in result.audit["steps"]]
    assert names[-4:] == ["rename", "recode", "wide", "freeze"]
    for before, after in pairwise(result.audit["steps"]):
        assert before["rows_after"] == after["rows_before"]


def test_a_messy_table_gives_the_same_analysis_table(tmp_path):
    table = raw_table(x=[10.0 * (i % 3) for i in range(12)])
    expected = cleaned(tmp_path, csv(table)).table
    messy = pd.DataFrame(
        {
            "Y (mm)": ["n/a", *table["y"].astype(str), "3"],
            "x": ["1", *(table["x"] / 10).astype(str), "2"],
            "site": ["1", *table["g"].map({"a": "1", "b": "2", "c": "3", "d": "4"}), "9"],
        }
    )
    steps = [
        {"rename": {"Y (mm)": "y", "site": "g"}},
        {"missing": {"y": ["n/a"]}},
        {"convert": {"x": {"multiply": 10}}},
        {"filter": {"keep": "g != '9'", "because": "site 9 was closed"}},
        {"recode": {"g": {1: "a", 2: "b", 3: "c", 4: "d"}}},
    ]
    result = cleaned(tmp_path, csv(messy), steps=steps)
    same(result.table, expected)
    assert result.table.index.tolist() == list(range(3, 15))
    assert result.dropped["reason"].to_dict() == {2: "no y", 15: "site 9 was closed"}
    assert result.dropped.loc[15, "site"] == "9"


def test_labels_keep_their_zeros_through_steps(tmp_path):
    table = raw_table(id=[f"0{i // 3}" for i in range(12)]).drop(columns="g")
    result = cleaned(tmp_path, csv(table), steps=[{"rename": {"id": "g"}}])
    assert list(result.table["g"].cat.categories) == ["00", "01", "02", "03"]


def test_a_missing_occasion_of_a_wide_row_is_dropped_by_its_own_name(tmp_path):
    wide = pd.DataFrame({"g": list("abcd"), "y0": [1, 2, 3, 5], "y1": [2, None, 4, 1], "y2": [3, None, 1, 2]})
    steps = [{"wide": {"columns": "y{x}", "value": "y"}}]
    result = cleaned(tmp_path, csv(wide), steps=steps)
    assert len(result.table) == 10
    assert result.dropped["reason"].tolist() == ["no y (x 1)", "no y (x 2)"]
    assert result.dropped.index.tolist() == [3, 3]
    write_cleaned(result, *(tmp_path / name for name in ("t.parquet", "a.json", "d.csv")))
    same(read_analysis_table(tmp_path / "t.parquet", read_json(tmp_path / "a.json")), result.table)


def test_levels_made_by_a_type_are_ordered_as_numbers(tmp_path):
    table = raw_table(x=[10, 9, 2] * 4)
    result = cleaned(tmp_path, csv(table), steps=[{"types": {"x": "categorical"}}])
    assert list(result.table["x"].cat.categories) == ["2", "9", "10"]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([{"rename": {"y": "z"}}], "t.csv, after the steps, has no column 'y' (outcome)"),
        ([{"rename": {"yy": "z"}}], "step 1 (rename): the table has no column 'yy' here; did you mean 'y'?"),
        ([{"derive": {"z": "lgo(x)"}}], "step 1 (derive): An expression cannot call lgo()"),
        ([{"filter": {"keep": "q > 1", "because": "?"}}], "step 1 (filter): the table has no column 'q' here"),
    ],
)
def test_mistaken_steps_are_told_before_the_table_is_read(tmp_path, steps, told):
    (tmp_path / "t.csv").write_text(csv(raw_table()))
    with pytest.raises(InputError) as caught:
        preflight([a_study(steps=steps)], tmp_path)
    assert told in str(caught.value)
    with pytest.raises(InputError):
        clean(a_study(steps=steps), tmp_path)


def test_dates_are_no_predictors_and_steps_may_not_leave_nothing(tmp_path):
    table = raw_table(x=["2024-01-01", "2024-01-02", "2024-01-03"] * 4)
    with pytest.raises(InputError, match=r"the column x holds dates, .* make a time of it with a step elapsed"):
        cleaned(tmp_path, csv(table), steps=[{"types": {"x": "date"}}])
    with pytest.raises(InputError, match=r"the steps leave no row of t.csv"):
        cleaned(tmp_path, csv(raw_table()), steps=[{"filter": {"keep": "x > 9", "because": "all"}}])


def test_egsingle_in_two_tables_and_encodings_gives_the_same_analysis_table(tmp_path):
    whole = pd.read_csv(CLEAN / "egsingle.csv.gz", dtype=str)
    pupils = whole.drop_duplicates("childid")[["childid", "schoolid", "lowinc"]]
    pupils.to_csv(tmp_path / "pupils.csv", index=False, encoding="utf-16", sep="\t")
    scores = whole[["childid", "year", "math"]].assign(year=pd.to_numeric(whole["year"]) * 12)
    scores.loc[len(scores)] = ["273026452", -30.0, "-99"]
    scores.rename(columns={"year": "months"}).to_csv(tmp_path / "scores.csv", index=False, sep=";")
    result = of_messy_table(
        "egsingle",
        tmp_path,
        data="scores.csv",
        join=[{"data": "pupils.csv", "on": ["childid"]}],
        steps=[
            {"missing": {"math": [-99]}},
            {"derive": {"year": "months / 12"}},
            {"deduplicate": {"by": ["childid", "year"], "keep": "error"}},
        ],
    )
    same(result.table, of_clean_table("egsingle", "egsingle.csv.gz"))
    assert result.audit["rows"] == {"read": 7231, "prepared": 7231, "analysed": 7230}


def test_a_wide_penicillin_with_samples_in_columns_gives_the_same_analysis_table(tmp_path):
    whole = pd.read_csv(CLEAN / "penicillin.csv")
    wide = whole.pivot(index="plate", columns="sample", values="diameter").reset_index()
    wide.columns = ["Plåte", *(f"Probe {sample}" for sample in wide.columns[1:])]
    wide.to_csv(tmp_path / "wide.csv", index=False, encoding="cp1252", sep=";")
    steps = [{"rename": {"Plåte": "plate"}}, {"wide": {"columns": "Probe {sample}", "value": "diameter"}}]
    result = of_messy_table("penicillin", tmp_path, data="wide.csv", steps=steps)
    same(result.table, of_clean_table("penicillin", "penicillin.csv"))


def test_casks_labelled_anew_in_each_batch_give_the_groups_of_unique_labels(tmp_path):
    table = raw_table(h=list("ppqqppqqpqpq"))
    nested = cleaned(tmp_path, csv(table), groups=["g/h"]).audit
    unique = cleaned(tmp_path, csv(table), groups=["g", "h"], steps=[{"unique_ids": {"h": "g"}}]).audit
    assert [each["levels"] for each in unique["groups"]] == [each["levels"] for each in nested["groups"]]
    assert unique["structure"][0]["relation"] == "nested"
