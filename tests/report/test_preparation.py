"""The paragraph on how rows were prepared: what it must and must not say for each kind of step."""

import re
from pathlib import Path

import numpy as np
import pandas
import pytest

from lmm.clean import clean
from lmm.report.case import Case
from lmm.report.cautions import AMBER, GREEN, cautions
from lmm.report.methods import citations, methods
from lmm.report.preparation import preparation
from lmm.report.tables import cost_rows, dropout_rows, flagged_rows, flow_rows, missing_grid
from lmm.study import load
from tests.report import builders


def table(**columns):
    """Twelve rows in four groups."""
    rows = range(12)
    plain = {"y": [float(3 * k % 7) for k in rows], "x": [float(k % 3) for k in rows], "g": list("aaabbbcccddd")}
    return pandas.DataFrame(plain | columns)


@pytest.fixture
def told(tmp_path):
    """What is said of a table after steps; further files by name."""

    def told(raw, *steps, others=(), **block):
        for file, content in {"t.csv": raw, **dict(others)}.items():
            Path(tmp_path / file).write_text(content.to_csv(index=False))
        plain = {"name": "trial", "data": "t.csv", "outcome": "y", "fixed": "x", "groups": ["g"]}
        study = load({"studies": [plain | {"steps": list(steps)} | block]})[0]
        audit = clean(study, tmp_path).audit
        return preparation(Case(study, audit, {}, {}, {}, None, {}, {}, {})).striptags()

    return told


def test_a_file_analysed_as_it_was_needs_no_word(told):
    assert told(table()) == ""


def test_names_and_types_are_no_matter_for_a_paper(told):
    assert told(table().rename(columns={"x": "X"}), {"rename": {"X": "x"}}, {"types": {"x": "numeric"}}) == ""


def test_several_files_are_counted(told):
    text = told(table()[:5], others={"u.csv": table()[5:]}, data=["t.csv", "u.csv"])
    assert text == "The data came in 2 files of 12 rows in all: t.csv (5) and u.csv (7)."


def test_a_join_tells_its_keys_and_what_found_no_match(told):
    wards = pandas.DataFrame({"g": list("abce"), "size": [1, 2, 3, 4]})
    text = told(table(), others={"w.csv": wards}, join=[{"data": "w.csv", "on": ["g"]}])
    assert text == (
        "We joined the variables of w.csv to the rows by g; 3 rows had no match there, and 1 row of that table was "
        "not used."
    )
    whole = pandas.DataFrame({"g": list("abcd"), "size": [1, 2, 3, 4]})
    text = told(table(), others={"w.csv": whole}, join=[{"data": "w.csv", "on": ["g"]}])
    assert text == "We joined the variables of w.csv to the rows by g; every row found its match."


def test_a_wide_table_tells_its_shape(told):
    wide = pandas.DataFrame({"g": list("abcd"), "y1": [1.0, 2, 4, 3], "y2": [2.0, 3, 3, 5], "y3": [2.0, 4, 5, 6]})
    text = told(wide, {"wide": {"columns": "y{x}", "value": "y"}})
    assert text == (
        "We brought the table from wide to long format: 4 rows became 12, one for each of the 3 values of x, with "
        "the values in y."
    )


def test_stacked_outcomes(told):
    raw = table(a=np.arange(12.0), b=np.arange(12.0) ** 2).drop(columns="y")
    text = told(raw, {"stack": {"columns": ["a", "b"], "value": "y", "measure": "m"}})
    assert text == "We stacked a and b as one variable, y, with m naming the measure."


CODED = table(x=["0", "1", "-9", "2", "n/a", "1", "0", "1", "2", "0", "-9", "2"])


@pytest.mark.parametrize(
    ("raw", "step", "said"),
    [
        (
            table(x=list("mfmfmfmfmfmd")),
            {"recode": {"x": {"m": "male", "f": "female", "others": None}}},
            "We recoded x (“m” to “male”, “f” to “female” and all others to missing; 12 values).",
        ),
        (table(), {"recode": {"g": {"q": "a"}}}, ""),
        (CODED, {"missing": {"x": ["-9", "n/a"]}}, "We treated codes as missing: −9 or “n/a” in x (3 values)."),
        (table(), {"missing": {"x": ["-9"]}}, ""),
        (table(), {"derive": {"z": "x^2"}}, "We computed z as x^2."),
        (
            table(),
            {"filter": {"keep": "x > 0", "because": "baseline."}},
            "We excluded 4 rows (baseline; rows stayed where x > 0).",
        ),
        (
            table(z=[1, 1, 1, 0, 0, 0, 1, 1, np.nan, 1, 1, 1]),
            {"filter": {"keep": "z == 1", "because": "not treated"}},
            "We excluded 4 rows (not treated; rows stayed where z == 1; 1 of those excluded had no value to judge by), "
            "and with them 1 of 4 levels of g.",
        ),
        (
            table(),
            {"filter": {"keep": "x >= 0", "because": "before baseline"}},
            "No row had to be excluded by the criterion x >= 0 (before baseline).",
        ),
        (table(), {"deduplicate": {"by": ["g", "x"]}}, "No two rows shared g and x."),
        (
            pandas.concat([table(), table()[:2]]),
            {"deduplicate": {"by": ["g", "x"], "keep": "last"}},
            "We left out 2 rows that repeated the g and x of another, keeping the last of each.",
        ),
        (
            pandas.concat([table(), table()[:1]]),
            {"deduplicate": {"by": ["g", "x"], "keep": "mean"}},
            "We averaged rows that shared g and x, which left 1 row fewer.",
        ),
        (table(), {"check": {"x": {"minimum": 0, "maximum": 2}}}, "All values of x lay between 0 and 2."),
        (
            table(),
            {"check": {"x": {"maximum": 1, "otherwise": "missing"}}},
            "We set 4 values of x above 1 to missing.",
        ),
        (
            table(),
            {"check": {"g": {"allowed": ["a", "b", "c"], "otherwise": "drop"}}},
            "We excluded 3 rows with a value of g other than “a”, “b” and “c”.",
        ),
        (
            table(),
            {"merge_levels": {"g": {"ab": ["a", "b"]}}},
            "We merged levels: “a” and “b” of g as “ab”.",
        ),
        (table(), {"convert": {"x": {"multiply": 0.4536}}}, "x was multiplied by 0.4536 to change its unit."),
        (
            table(),
            {"convert": {"x": {"multiply": 1.8, "offset": -32}}},
            "x was multiplied by 1.8 and reduced by 32 to change its unit.",
        ),
        (table(), {"centre": {"x": {"at": "mean"}}}, "x was centred at its mean over all rows."),
        (
            table(),
            {"centre": {"x": {"at": 1, "scale": "sd"}}},
            "x was centred at 1 and divided by its standard deviation.",
        ),
        (
            table(),
            {"centre": {"x": {"within": "g"}}},
            "x was split into the mean of each g (x_between) and the deviation from it (x_within).",
        ),
        (
            table(d=["2026-01-01", "2026-01-02", "2026-01-04"] * 4),
            {"elapsed": {"date": "d", "name": "t", "by": "g"}},
            "Time (t) was counted in days from the first d of each g to d.",
        ),
        (
            table(h=list("uuuuuuvvvvvv")),
            {"unique_ids": {"g": "h"}},
            "We made the labels of g, which start anew in each h, unique.",
        ),
        (
            table(y=[1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 90]),
            {"outliers": {"column": "y"}},
            "We flagged, and kept, 1 value of y more than 3.5 robust standard deviations (1.4826 × median absolute "
            "deviation; Hampel, 1974) from the median.",
        ),
        (
            table(y=[1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 90]),
            {"outliers": {"column": "y", "otherwise": "drop"}},
            "We excluded 1 row with a value of y more than 3.5 robust standard deviations (1.4826 × median absolute "
            "deviation; Hampel, 1974) from the median.",
        ),
        (
            table(),
            {"outliers": {"column": "y", "by": "g", "beyond": 9}},
            "No value of y lay more than 9 robust standard deviations (1.4826 × median absolute deviation; Hampel, "
            "1974) from the median of their g.",
        ),
    ],
)
def test_each_step_is_told_as_it_went(told, raw, step, said):
    assert told(raw, step) == said


def test_codes_of_all_columns(told):
    assert told(table(), missing=["-99"]) == "The code −99 stood for a missing value in every column."
    both = "The codes −99 and “refused” stood for a missing value in every column."
    assert told(table(), missing=["-99", "refused"]) == both


def test_labels_of_users_stay_text():
    case = builders.messy().case
    study = case.study.model_copy(
        update={"missing": ["<b>x</b>"]},
    )
    said = str(preparation(Case(study, case.audit, {}, {}, {}, None, {}, {}, {})))
    assert "&lt;b&gt;x&lt;/b&gt;" in said and "<b>x" not in said


def plain(paragraphs):
    return " ".join(paragraph.striptags() for paragraph in paragraphs)


def test_the_methods_of_a_messy_trial_retell_its_steps_in_order():
    text = plain(methods(builders.messy().case))
    said = ["came in 2 files", "joined the variables of wards.csv", "left out 2 rows", "recoded arm", "−99 in age"]
    said += ["minors were not eligible", "wide to long", "−99 in sbp", "flagged, and kept", "outside 40 to 250"]
    said += ["We analysed sbp (mmHg)", "rows that remained", "missing at random", "had an outcome at all 5 times"]
    places = [text.index(part) for part in said]
    assert places == sorted(places)
    assert "rows read," not in text and "No row was left out" not in text
    assert "renamed" not in text
    assert not re.search(r"\.\.| [.,](?!\d)|  |None|nan|\(\)|\[\]|:\.", text)
    assert "hampel" in citations(builders.messy().case)
    assert "hampel" not in citations(builders.sleepstudy().case)


def test_dropout_is_told_by_arm_and_only_where_there_is_any():
    case = builders.messy().case
    text = plain(methods(case))
    found = case.audit["missing_by_time"]
    pattern = found["dropout"]
    assert f"Of {pattern['subjects']} levels of patient, {pattern['complete']} (" in text
    assert f"{pattern['dropped_out']} were last seen before week 12" in text
    placebo = next(entry for entry in found["dropout_by_arm"] if entry["level"] == "placebo")
    assert f"{placebo['dropped_out']} of {placebo['subjects']} for placebo" in text
    assert "had an outcome at all" not in plain(methods(builders.sleepstudy().case))


def test_levels_that_went_with_incomplete_rows_are_told():
    raw = builders.sleep_table()
    raw.loc[raw.Subject == 308, "Reaction"] = np.nan
    text = plain(methods(builders.finish_undrawn(raw, outcome="Reaction", fixed="Days", groups=["Subject"]).case))
    assert "Of 180 rows read, 10 (6%) were left out" in text
    assert "missing: Reaction (10). With them went 1 of 18 levels of Subject. All candidate models" in text


def test_rows_remain_only_where_a_step_took_some():
    raw = builders.sleep_table()
    raw.loc[3, "Days"] = np.nan
    block = {"outcome": "Reaction", "fixed": "Days", "groups": ["Subject"]}
    centred = builders.finish_undrawn(raw, **block, steps=[{"convert": {"Reaction": {"multiply": 0.001}}}]).case
    assert "Of 180 rows, 1 (1%) was left out" in plain(methods(centred))
    filtered = builders.finish_undrawn(
        raw, **block, steps=[{"filter": {"keep": "Reaction > 200", "because": "too fast"}}]
    ).case
    assert re.search(r"Of the 1\d\d rows that remained, 1 \(1%\) was left out", plain(methods(filtered)))


def test_cautions_of_the_preparation():
    found = {caution.subject: caution for caution in cautions(builders.messy().case)}
    assert found["labels alike"].weight == AMBER
    assert "'Medical' and 'medical'" in found["labels alike"].sentence.striptags()
    assert found["rows without a match"].weight == found["outliers kept"].weight == GREEN
    subjects = {caution.subject for caution in cautions(builders.sleepstudy().case)}
    assert not subjects & {"labels alike", "rows without a match", "outliers kept", "outliers left out"}


def test_outliers_that_were_left_out_must_be_reported():
    raw = builders.sleep_table()
    raw.loc[20, "Reaction"] = 4000
    step = {"outliers": {"column": "Reaction", "otherwise": "drop"}}
    case = builders.finish_undrawn(raw, outcome="Reaction", fixed="Days", groups=["Subject"], steps=[step]).case
    found = {caution.subject: caution for caution in cautions(case)}
    assert found["outliers left out"].weight == AMBER
    assert "1 value of Reaction was left out as an outlier:" in found["outliers left out"].sentence.striptags()
    (row,) = flagged_rows(case)
    assert (row["line"], row["value"], row["outcome"]) == ("22", "4,000", "left out")


def test_tables_of_the_data_section():
    case = builders.messy().case
    changes = [row["change"] for row in flow_rows(case)]
    assert changes.count("") > 5 and "+42" in changes and "−2" in changes
    levels = [row["levels"] for row in flow_rows(case)]
    # before the columns are renamed there are no patients to count; the minors go as rows and as patients
    assert levels[0] == ["–", "–"]
    minors = next(step for step in case.audit["steps"] if step["step"] == "filter")
    assert any(row[1] == f"90 → {minors['rows_after']}" for row in levels)
    costs = {row["variable"]: row for row in cost_rows(case)}
    assert set(costs) == {"sbp", "kind"}
    by_name = {entry["variable"]: entry for entry in case.audit["missing"]}
    assert costs["kind"]["alone"] == str(by_name["kind"]["rows_lost_alone"])
    assert [row["who"] for row in dropout_rows(case)][:3] == ["all", "arm: placebo", "arm: drug"]
    grid = missing_grid(case)
    assert grid["times"] == ["0", "2", "4", "8", "12"]
    assert all(len(row["cells"]) == 5 for row in grid["rows"])


def test_tables_have_nothing_to_show_where_nothing_is_missing():
    case = builders.sleepstudy().case
    assert cost_rows(case) == dropout_rows(case) == flagged_rows(case) == []
    assert missing_grid(case) is None
